// What cannot matter, over every scenario file: the order of the file, labels, idle company, and a router in the middle of a link.
import Foundation
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@testable import ScenarioFormat

@Suite struct MetamorphicTests {
  // MARK: The order of a file

  /// A tree as YAML again, its maps reversed, and those of its lists that are sets.
  private func reversed(_ node: SourceNode, key: String = "") -> String {
    switch node.content {
    case .scalar(let text):
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      return "\"\(escaped)\""
    case .list(let items):
      let sets: Set<String> = ["routes", "trusts"]
      let isSet = sets.contains(key) || key == "events" && areAtTimesOfTheirOwn(items)
      let texts = items.map { reversed($0) }
      return "[" + (isSet ? texts.reversed() : texts).joined(separator: ", ") + "]"
    case .map(let entries):
      return "{" + entries.reversed().map { "\"\($0.key)\": " + reversed($0.value, key: $0.key) }.joined(separator: ", ") + "}"
    }
  }

  private func areAtTimesOfTheirOwn(_ items: [SourceNode]) -> Bool {
    let times = items.compactMap { item -> String? in
      guard case .map(let entries) = item.content else { return nil }
      return entries.first { $0.key == "at" }?.value.found
    }
    return times.count == items.count && Set(times).count == times.count
  }

  @Test("a file with its maps the other way round gives the same records, one by one", arguments: Files.all)
  func reordered(name: String) throws {
    let text = try String(contentsOf: Files.scenarios.appending(path: name + ".yaml"), encoding: .utf8)
    let root = try #require(SourceTree(text).root)
    let (usual, other) = (try Files.scenario(name), try ScenarioReader.read(text: reversed(root), name: name + ".yaml"))
    try expectSame(usual.run(), other.run())
  }

  // MARK: Labels and company

  @Test("labels are shown and decide nothing", arguments: Files.all)
  func labels(name: String) throws {
    let usual = try Files.scenario(name)
    var labelled = usual
    for row in labelled.networks.indices { labelled.networks[row].label = "site \(row)" }
    for row in labelled.hosts.indices { labelled.hosts[row].label = "machine \(row)" }
    for row in labelled.links.indices { labelled.links[row].label = "line \(row)" }
    for row in labelled.tunnels.indices { labelled.tunnels[row].label = "tunnel \(row)" }
    for row in labelled.service.regions.indices { labelled.service.regions[row].label = "region \(row)" }
    try expectSame(usual.run(), labelled.run())
  }

  @Test("idle hosts everywhere and an idle network behind a translator leave no mark", arguments: Files.all)
  func company(name: String) throws {
    let usual = try Files.scenario(name)
    var peopled = usual
    for network in usual.networks {
      peopled.hosts.append(HostSpec(id: "idle-in-\(network.id)", role: .idle, network: network.id))
    }
    if let provider = usual.networks.first(where: { $0.translation == nil }) {
      var home = NetworkSpec(id: "idle-home")
      (home.translation, home.translationName) = (.homeRouter, "home-router")
      home.uplink = UplinkSpec(to: provider.id, settings: PathSpec(LinkSettings(delay: .milliseconds(1))))
      peopled.networks.append(home)
      peopled.hosts.append(HostSpec(id: "idle-at-home", role: .idle, network: home.id))
    }
    peopled.normalise()
    #expect(peopled.problems().isEmpty)
    let (before, after) = (try usual.run(), try peopled.run())
    #expect(before.fingerprints == after.fingerprints && before.events == after.events)
  }

  // MARK: A router in the middle

  /// The scenario with every link and way up split in two by a network that adds nothing: it keeps rate, losses and jitter on its first
  /// part, and gives a third of its delay to the second. Left whole: lines that are routes of their own, what events and mishaps name,
  /// bursts (they are in time, and a packet comes to the first part at another), and what a provider's own firewall or subnet sees.
  private func split(_ scenario: Scenario) -> (Scenario, count: Int) {
    var split = scenario
    var count = 0
    let named =
      scenario.mishaps.map(\.link)
      + scenario.events.map {
        switch $0.change {
        case .set(let path, _): path
        case .act(let element, _): element
        }
      }
    func isFree(_ path: String, _ settings: PathSpec) -> Bool {
      !named.contains { $0 == path || $0.hasPrefix(path + ".") } && settings.there.burst == .zero && settings.back.burst == .zero
        && settings.there.delay >= SimDuration(nanoseconds: 3) && settings.back.delay >= SimDuration(nanoseconds: 3)
    }
    /// Takes a third of the delay away; returns the rest as a link of its own.
    func take(_ settings: inout PathSpec) -> PathSpec {
      let rest = PathSpec(
        there: LinkSettings(delay: settings.there.delay / 3), back: LinkSettings(delay: settings.back.delay / 3))
      settings.there.delay = settings.there.delay - rest.there.delay
      settings.back.delay = settings.back.delay - rest.back.delay
      return rest
    }
    let networks = Set(scenario.networks.map(\.id))
    for row in scenario.links.indices {
      let link = scenario.links[row]
      guard !link.isPrivate, networks.contains(link.from), networks.contains(link.to), isFree(link.path, link.settings) else {
        continue
      }
      let middle = NetworkSpec(id: "middle-of-\(link.id)")
      let rest = take(&split.links[row].settings)
      split.links[row].to = middle.id
      split.links.append(LinkSpec(id: "rest-of-\(link.id)", from: middle.id, to: link.to, settings: rest))
      split.networks.append(middle)
      count += 1
    }
    for row in scenario.networks.indices {
      let network = scenario.networks[row]
      guard let uplink = network.uplink, isFree("\(network.path).uplink", uplink.settings), network.outsideAddresses.isEmpty,
        let provider = scenario.network(uplink.to), provider.firewall == nil, provider.subnet == nil
      else { continue }
      var middle = NetworkSpec(id: "middle-of-\(network.id)")
      let rest = take(&split.networks[row].uplink!.settings)
      split.networks[row].uplink!.to = middle.id
      middle.uplink = UplinkSpec(to: uplink.to, settings: rest)
      split.networks.append(middle)
      count += 1
    }
    if scenario.service.regions.isEmpty, let place = scenario.defaultServiceNetwork {
      split.service.regions = [RegionSpec(id: "service", at: place)]
    }
    split.normalise()
    return (split, count)
  }

  @Test("a router in the middle of a link that adds nothing changes no outcome and no time", arguments: Files.all)
  func splitting(name: String) throws {
    let usual = try Files.scenario(name)
    let (split, count) = split(usual)
    guard count > 0 else { return }
    #expect(split.problems().isEmpty, "\(split.problems().map(\.message))")
    let (before, after) = (try usual.run(), try split.run())
    #expect(before.fingerprints.outcome == after.fingerprints.outcome)
    #expect(before.fingerprints.protocolStory == after.fingerprints.protocolStory)
    #expect(before.endTime == after.endTime)
    #expect(before.expectations.map(\.verdict) == after.expectations.map(\.verdict))
    for (one, two) in zip(before.sessions, after.sessions) {
      #expect(
        [one.connected, one.switched, one.roundTrip, one.roundTripBefore] == [
          two.connected, two.switched, two.roundTrip, two.roundTripBefore,
        ])
      #expect(
        one.milestones.map { "\($0.milestone) \($0.node) \($0.time)" }
          == two.milestones.map { "\($0.milestone) \($0.node) \($0.time)" })
      #expect(
        one.attempts.map { "\($0.transport) \($0.outcome) \($0.reason)" }
          == two.attempts.map { "\($0.transport) \($0.outcome) \($0.reason)" })
      #expect(one.attempts.map(\.ended) == two.attempts.map(\.ended) && one.reconnects.map(\.lost) == two.reconnects.map(\.lost))
    }
    for (one, two) in zip(before.probes, after.probes) {
      #expect(one.outcome == two.outcome && one.roundTrip == two.roundTrip && one.answered == two.answered)
    }
    for (one, two) in zip(before.rogues, after.rogues) { #expect(one.accepted == two.accepted && one.answered == two.answered) }
  }

  @Test("the files really have links to split: all but those without a way between two networks")
  func splitsMany() throws {
    let counts = try Files.all.map { split(try Files.scenario($0)).count }
    #expect(counts.count { $0 > 0 } * 10 > counts.count * 9)
    #expect(counts.reduce(0, +) > counts.count)
  }

  private func expectSame(_ one: RunResult, _ two: RunResult) {
    #expect(one.fingerprints == two.fingerprints && one.events == two.events && one.hops == two.hops)
    #expect(one.story == two.story)
    #expect(one.endTime == two.endTime && one.end == two.end)
    #expect(one.sessions == two.sessions && one.probes == two.probes && one.rogues == two.rogues && one.drops == two.drops)
    #expect(one.expectations == two.expectations)
  }
}
