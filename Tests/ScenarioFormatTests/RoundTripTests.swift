// Written and read again; reordered; damaged: properties over many scenarios and texts, each from a fixed list of draws.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Wire

/// Numbers that are the same in every run.
struct Draws {
  private var state: UInt64
  init(_ seed: UInt64) { state = mix(seed, 0x5CEA) }
  mutating func next(_ bound: Int) -> Int {
    state = mix(state, 1)
    return Int(state % UInt64(bound))
  }
  mutating func pick<T>(_ values: [T]) -> T { values[next(values.count)] }
}

@Suite("Reading and writing are each other's inverse")
struct RoundTripTests {
  private func expectRoundTrip(_ scenario: Scenario) throws {
    let text = ScenarioWriter.resolved(scenario)
    var again = try ScenarioReader.read(text: text, name: scenario.id + ".yaml")
    again.origins = [:]
    #expect(again == scenario)
    #expect(ScenarioWriter.resolved(again) == text)
  }

  @Test("The design's example and the one with every key read back equal")
  func examples() throws {
    try expectRoundTrip(try scenario(designExample))
    try expectRoundTrip(try scenario(fullExample))
  }

  private func draw(_ nat: inout TranslationBehaviour, _ draws: inout Draws) {
    nat.permissionScope = draws.pick([.externalPort, .insideEndpoint])
    nat.answers = draws.pick([.mapping, .session])
    nat.collision = draws.pick([.next, .random])
    nat.overloading = nat.mapping != .endpointIndependent && draws.next(2) == 0
    nat.parity = draws.next(2) == 0
    nat.portClasses = draws.next(2) == 0
    nat.portsPerHost = UInt16(draws.next(3))
    nat.portHold = .seconds(Int64(draws.next(130)))
    nat.udpUnansweredLifetime = draws.next(2) == 0 ? nil : .seconds(Int64(1 + draws.next(60)))
    nat.udpStreamAge = .seconds(Int64(draws.next(3)))
    nat.tcpOpeningLifetime = .seconds(Int64(1 + draws.next(300)))
    nat.tcpClosingLifetime = .seconds(Int64(1 + draws.next(300)))
    nat.icmpLifetime = .seconds(Int64(1 + draws.next(60)))
    nat.unsolicited = draws.pick([.drop, .reject, .accept])
    nat.pooling = draws.pick([.paired, .arbitrary])
    nat.portBlock = nat.pooling == .paired ? UInt16(draws.next(2)) : 0
  }

  @Test("Scenarios with drawn values read back equal", arguments: 0..<60)
  func drawn(_ seed: Int) throws {
    var draws = Draws(UInt64(seed))
    var scenario = try scenario(fullExample)
    let texts = [
      "on", "a: b", "#x", "- y", "'q'", "tab\t", "new\nline", "ümlaut", " lead", "\"", "\\", "null", "1", "{", "*a", "&a",
      "🙂\u{200B}",
    ]
    scenario.title = draws.pick(texts)
    scenario.seed = UInt64(draws.next(1_000_000))
    for row in scenario.networks.indices {
      scenario.networks[row].label = draws.pick(texts)
      draw(&scenario.networks[row].lan.there, &draws)
      if draws.next(2) == 0 { scenario.networks[row].lan.back = scenario.networks[row].lan.there }
      guard draws.next(2) == 0 else { continue }
      let isOneToOne = draws.next(2) == 0
      var translation = TranslationBehaviour(
        mapping: isOneToOne ? .endpointIndependent : draws.pick(MappingBehaviour.allCases),
        filtering: isOneToOne ? .endpointIndependent : draws.pick(FilteringBehaviour.allCases),
        ports: draws.pick(PortAssignment.allCases), portRange: PortRange(1, UInt16(1 + draws.next(65_535))),
        udpLifetime: .seconds(Int64(1 + draws.next(500))), inboundRefresh: draws.next(2) == 0,
        hairpinning: draws.pick([.off, .externalSource, .internalSource]), oneToOne: isOneToOne)
      if !isOneToOne { draw(&translation, &draws) }
      if isOneToOne || draws.next(2) == 0 {
        (scenario.networks[row].outsideAddresses, scenario.networks[row].forwards) = ([], [])
      }
      translation.addresses = UInt8(max(scenario.networks[row].outsideAddresses.count, 1))
      scenario.networks[row].translation = translation
      if scenario.networks[row].id != "azure", scenario.networks[row].id != "open" {
        scenario.networks[row].translationName = draws.next(2) == 0 ? nil : "symmetric"
      }
    }
    for row in scenario.links.indices { draw(&scenario.links[row].settings.back, &draws) }
    for row in scenario.networks.indices where draws.next(2) == 0 {
      scenario.networks[row].firewall = firewall(&draws, of: scenario.networks[row].firewall)
    }
    scenario.timing.duration = draws.next(2) == 0 ? nil : SimDuration(nanoseconds: Int64(draws.next(1 << 50)))
    scenario.timing.linger = SimDuration(nanoseconds: Int64(draws.next(1 << 40)))
    scenario.hostPool.publicUDP = draws.pick(PoolSwitch.allCases)
    scenario.hostPool.publicNetworkAccess = draws.pick(PublicNetworkAccess.allCases)
    scenario.hostPool.usesUDP = draws.pick([nil, false, true])
    let host = scenario.hosts.firstIndex { $0.id == "sh-2" }!
    scenario.hosts[host].policy.directUDP = draws.pick([nil, .enabled, .disabled])
    scenario.hosts[host].policy.selectTransport = draws.pick([nil, .onlyTCP, .either])
    scenario.hosts[host].policy.clientPortCount = UInt16(100 + draws.next(9_000))
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "bob" }!].client.kind = draws.pick(ClientKind.allCases)
    scenario.normalise()
    scenario.origins = [:]
    try expectRoundTrip(scenario)
  }

  private func firewall(_ draws: inout Draws, of old: FirewallSpec?) -> FirewallSpec {
    var spec = draws.pick(FirewallSpec.presets).value
    if spec.tracking.mode == .on { spec.tracking.mode = draws.pick([.on, .rules]) }
    for (_, field) in FirewallSpec.idleTimes { spec[keyPath: field] = .seconds(Int64(1 + draws.next(5000))) }
    spec.tracking.udpUnanswered = draws.pick([nil, .seconds(3)])
    spec.tracking.inboundRefresh = draws.next(2) == 0
    spec.tracking.midStream = draws.next(2) == 0
    spec.delay = .microseconds(Int64(draws.next(5000)))
    spec.policy = draws.pick([.accept, .drop, .reject, .reset])
    spec.profile = draws.pick([.domain, .private, .public])
    for id in ["one", "two", "three"] {
      var rule = RuleSpec(id: id, action: draws.pick([.accept, .drop, .reject, .reset]))
      rule.direction = draws.pick(RuleDirection.allCases)
      if spec.order == .priority { rule.priority = draws.pick([nil, 100 + draws.next(3000)]) }
      rule.profiles = draws.pick([[], [.domain], [.private, .public]])
      rule.states = draws.pick([.any, .new, [.new, .invalid]])
      rule.isEnabled = draws.next(2) == 0
      if !spec.rules.contains(where: { $0.priority != nil && $0.priority == rule.priority }) { spec.rules.insert(rule, at: 0) }
    }
    // What events and expectations of the example name stays.
    for rule in old?.rules ?? [] where !spec.rules.contains(where: { $0.id == rule.id }) {
      var rule = rule
      rule.priority = nil
      if spec.tracking.mode == .on, rule.states.isDisjoint(with: [.new, .invalid]) { rule.states = .any }
      spec.rules.insert(rule, at: 0)
    }
    spec.inspection = old?.inspection ?? spec.inspection
    return spec
  }

  private func draw(_ link: inout LinkSettings, _ draws: inout Draws) {
    link.delay = SimDuration(nanoseconds: Int64(draws.next(1 << 40)))
    link.rate = draws.next(4) == 0 ? nil : BitRate(bitsPerSecond: Int64(1 + draws.next(1_000_000_000)))
    link.queue = ByteCount(Int64(draws.next(1 << 30)))
    link.loss = Probability(partsPerBillion: UInt32(draws.next(1_000_000_001)))
    link.burst = draws.next(2) == 0 ? .zero : .microseconds(Int64(draws.next(1_000_000)))
    if link.burst > .zero { link.loss = min(link.loss, LinkSettings.mostBursting) }
    link.duplicate = Probability(partsPerBillion: UInt32(draws.next(1_000_000_001)))
    link.jitter = .microseconds(Int64(draws.next(1_000)))
    link.reorders = draws.next(2) == 0
    link.mtu = Int32(576 + draws.next(60_000))
  }

  @Test("The order of a map's keys decides nothing")
  func reordered() throws {
    let text = ScenarioWriter.resolved(try scenario(fullExample))
    let reversed = reverseMaps(text.split(separator: "\n").map(String.init), indent: 0).joined(separator: "\n")
    #expect(reversed != text && reversed.hasPrefix("timing:"))
    #expect(try scenario(reversed) == scenario(text))
  }

  /// The blocks of a map at `indent` in reverse, with the maps inside them; lists keep their order.
  private func reverseMaps(_ lines: [String], indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var blocks: [[String]] = []
    for line in lines {
      if line.hasPrefix(margin), !line.hasPrefix(margin + " ") {
        blocks.append([line])
      } else {
        blocks[blocks.count - 1].append(line)
      }
    }
    if lines.first?.hasPrefix(margin + "-") == true { return lines }
    return blocks.reversed().flatMap { block -> [String] in
      block.count == 1 ? block : [block[0]] + reverseMaps(Array(block.dropFirst()), indent: indent + 2)
    }
  }
}

@Suite("A damaged file is refused or read, and never ends the program")
struct DamageTests {
  @Test("Bytes changed, cut out, doubled", arguments: 0..<8)
  func bytes(_ seed: Int) {
    let good = Array(fullExample.utf8)
    let spice = Array("&*!|>%@`{}[],:?-#\"'\\ \t\n0\u{0}~<".utf8)
    for round in 0..<60 {
      var draws = Draws(UInt64(seed * 1_000 + round))
      var bytes = good
      for _ in 0...draws.next(4) {
        let at = draws.next(bytes.count)
        switch draws.next(4) {
        case 0: bytes[at] = draws.pick(spice)
        case 1: bytes.insert(draws.pick(spice), at: at)
        case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + draws.next(20)))
        default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + draws.next(60))], at: draws.next(bytes.count))
        }
      }
      tryOut(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test("Lines moved, doubled, dropped, indented", arguments: 0..<8)
  func lines(_ seed: Int) {
    let good = fullExample.split(separator: "\n").map(String.init)
    for round in 0..<60 {
      var draws = Draws(UInt64(77_000 + seed * 1_000 + round))
      var lines = good
      for _ in 0...draws.next(3) {
        let at = draws.next(lines.count)
        switch draws.next(4) {
        case 0: lines.remove(at: at)
        case 1: lines.insert(lines[at], at: draws.next(lines.count))
        case 2: lines[at] = String(repeating: " ", count: draws.next(9)) + lines[at]
        default: lines.swapAt(at, draws.next(lines.count))
        }
      }
      tryOut(lines.joined(separator: "\n"))
    }
  }

  /// Reads the text; one that is accepted can be written and read again.
  private func tryOut(_ text: String) {
    do throws(ScenarioFileError) {
      let read = try ScenarioReader.read(text: text, name: "damaged.yaml")
      var again = try ScenarioReader.read(text: ScenarioWriter.resolved(read), name: "damaged.yaml")
      again.origins = read.origins
      #expect(again == read, "\(text)")
    } catch {
      #expect(error.kind == .invalid)
      #expect(error.problems.allSatisfy { $0.line >= 1 && $0.column >= 1 }, "\(error)")
      #expect(!error.description.contains("~2~"), "\(error)")
    }
  }
}
