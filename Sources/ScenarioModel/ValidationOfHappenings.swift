// The second half of a scenario's check: the service, what happens, and what is expected of it.
import NetworkModel
import SimulationKernel
import Trace
import VirtualDesktop
import Wire

extension ScenarioCheck {
  mutating func services() {
    let service = scenario.service
    for region in service.regions {
      networkReference(region.at, "\(region.path).at")
      bursts(region.link, region.path)
    }
    serviceSecurity()
    for (name, key) in [
      (service.directory, "directory"), (service.feed, "feed"), (service.broker, "broker"), (service.stun, "stun"),
    ] {
      if let name { refer(name, "service.\(key)", "region", in: "service.regions", regionIDs) }
    }
    if !unread.contains("service.token-lifetime"), service.tokenLifetime <= .zero {
      report("service.token-lifetime", "a token is valid for longer than no time at all")
    }
    let needed = !scenario.sessions.isEmpty || scenario.probes.contains { $0.to == "stun" }
    if needed, service.regions.isEmpty, scenario.defaultServiceNetwork == nil, unread.isEmpty {
      report("service", "the service needs a place: write service.regions, or have exactly one network without nat and uplink")
    }
  }

  mutating func timings() {
    let timing = scenario.timing
    if timing.udpKeepAlive <= .zero { report("timing.udp-keep-alive", "a keep-alive is sent after more than no time at all") }
    if timing.udpSilence <= timing.udpKeepAlive {
      report("timing.udp-silence", "a connection is dead after more than one keep-alive, \(timing.udpKeepAlive.written)")
    }
  }

  /// The regions by their ids; one stands by default.
  private var regionIDs: [String] { scenario.regionIDs }

  mutating func happenings() {
    for (row, session) in scenario.sessions.enumerated() {
      let path = "sessions.\(row + 1)"
      hostReference(session.client, "\(path).client")
      role(session.client, .client, "\(path).client", "a session's client")
      hostReference(session.host, "\(path).host")
      role(session.host, .sessionHost, "\(path).host", "a session's host")
    }
    for (row, probe) in scenario.probes.enumerated() { self.probe(probe, "probes.\(row + 1)") }
    for (row, rogue) in scenario.rogues.enumerated() { self.rogue(rogue, "rogues.\(row + 1)") }
    for (row, traffic) in scenario.traffic.enumerated() {
      let path = "traffic.\(row + 1)"
      hostReference(traffic.from, "\(path).from")
      hostReference(traffic.to, "\(path).to")
      if !unread.contains("\(path).until"), !unread.contains("\(path).at"), traffic.end <= traffic.start {
        report("\(path).until", "traffic ends after it begins, at \(traffic.start.written)")
      }
    }
    for (row, event) in scenario.events.enumerated() { change(event.change, "events.\(row + 1)") }
  }

  private mutating func probe(_ probe: ProbeSpec, _ path: String) {
    hostReference(probe.from, "\(path).from")
    let pings = probe.kind == .ping
    if probe.to != "stun", roles[probe.to] == nil, !(pings && networks.contains(probe.to)) {
      let known = hostIDs + ["stun"] + (pings ? networkIDs : [])
      refer(probe.to, "\(path).to", pings ? "host or network" : "host", in: "hosts", known)
    }
    if !unread.contains("\(path).to"), !unread.contains("\(path).kind"), probe.to != "stun", pings != (probe.port == 0) {
      report(
        "\(path).to",
        pings ? "a ping knows no ports; write the id alone" : "a \(probe.kind.rawValue) probe needs a port; write HOST:PORT")
    }
    guard let via = probe.via else { return }
    refer(via, "\(path).via", "tunnel", in: "tunnels", tunnelIDs)
    if let tunnel = tunnels[via], !tunnel.from.isEmpty, tunnel.from != probe.from, tunnel.to != probe.from {
      report("\(path).via", "'\(probe.from)' is no end of the tunnel '\(via)'")
    }
  }

  private mutating func rogue(_ rogue: RogueSpec, _ path: String) {
    hostReference(rogue.from, "\(path).from")
    hostReference(rogue.to, "\(path).to")
    let kind = rogue.kind.rawValue
    if rogue.kind.sendsSYNs { role(rogue.to, .sessionHost, "\(path).to", "the target of a rogue of the kind \(kind)") }
    if !rogue.from.isEmpty, rogue.from == rogue.to { report("\(path).to", "a rogue is after another host than its own") }
    if let hears = rogue.hears { networkReference(hears, "\(path).hears") }
    if rogue.hears == nil, rogue.kind.mustHear, !unread.contains("\(path).hears"), !unread.contains("\(path).kind") {
      report(path, "a rogue of the kind \(kind) knows only what it overhears; say the network in 'hears'")
    } else if rogue.hears != nil, !rogue.kind.mayHear {
      report("\(path).hears", "a rogue of the kind \(kind) makes up what it sends and hears nothing")
    }
  }

  /// A timed change works on a running world (DESIGN §3): each kind of element has its own verbs.
  private mutating func change(_ change: Change, _ path: String) {
    let target: String
    switch change {
    case .set(let path, _): target = path
    case .act(let element, _): target = element
    }
    guard !unread.contains(String(target.prefix { $0 != "." })) else { return }
    do throws(ChangeError) {
      switch change {
      case .set(let target, let value) where Scenario.roamer(target) != nil:
        try scenario.checkRoaming(Scenario.roamer(target) ?? "", to: value, target)
      case .set(let target, _):
        let first = target.prefix { $0 != "." }
        try translatorChange(target)
        guard first == "links" || first == "tunnels" || target.contains(".uplink.") || isTranslatorAxis(target)
        else {
          throw ChangeError(
            "'\(target)' cannot be set while the world runs; allowed: links, uplinks, tunnels, hosts.NAME.network and axes of a nat"
          )
        }
        _ = try scenario.applying(change)
      case .act(let element, let verb):
        if scenario.mishaps.contains(where: { $0.path == element }) {
          throw ChangeError("'\(element)' is one packet's mishap, which cannot be lifted while the world runs")
        }
        if let objection = scenario.objection(to: verb, at: element) { throw ChangeError(objection) }
      }
    } catch { report(path, error.description) }
  }

  private func isTranslatorAxis(_ target: String) -> Bool {
    let parts = target.split(separator: ".")
    return parts.count == 4 && parts[0] == "networks" && parts[2] == "nat"
  }

  /// A running translator's tables rest on most of its axes.
  private func translatorChange(_ target: String) throws(ChangeError) {
    let name = target.split(separator: ".").last.map(String.init) ?? ""
    guard isTranslatorAxis(target), let axis = TranslationAxis.named(name), !axis.isLive else { return }
    let live = TranslationAxis.all.filter(\.isLive).map(\.name).joined(separator: ", ")
    throw ChangeError("'\(target)' cannot be set while the world runs, for the nat's tables rest on it; allowed: \(live)")
  }

  mutating func expectation(_ expectation: Expectation, _ path: String) {
    switch expectation.subject {
    case .session(let number): exists(number, scenario.sessions.count, "session", path, in: "sessions")
    case .probe(let number): exists(number, scenario.probes.count, "probe", path, in: "probes")
    case .rogue(let number): exists(number, scenario.rogues.count, "rogue", path, in: "rogues")
    }
    self.drop(expectation.drop, path)
    if case .session = expectation.subject, expectation == Expectation(expectation.subject), unread.isEmpty {
      report(path, "this expects nothing; say transport, route, reason, cause, within, attempts, settings or blocked-by")
    }
    if let route = expectation.route {
      let routes = ["internet", "lan"] + tunnelIDs + scenario.links.filter(isLine).map(\.id)
      refer(route, "\(path).route", "route", in: "tunnels", routes)
    }
    if let reason = expectation.reason { refer(reason, "\(path).reason", "reason", in: "", Reason.allCases.map(\.code)) }
    for wanted in expectation.settings {
      for name in wanted.setting.split(separator: ",") {
        let name = String(name.drop { $0 == " " })
        refer(name, "\(path).settings.\(wanted.transport.name)", "setting", in: "", ShortpathPolicy.forbiddingSettings)
      }
    }
    if let cause = expectation.cause { self.cause(cause, "\(path).cause") }
    if let transport = expectation.transport, expectation.cause.map({ $0.reason != Reason.none.code }) ?? false {
      report("\(path).cause", "only a session that fails has a cause; this one is expected on \(transport.name)")
    }
    for (row, loss) in expectation.blockedBy.enumerated() {
      let path = "\(path).blocked-by.\(row + 1)"
      if loss == Expectation.DropExpectation(), unread.isEmpty {
        report(path, "this expects nothing; say dropped, at or by")
      }
      drop(loss, path)
    }
  }

  /// How a packet must have been lost.
  private mutating func drop(_ expectation: Expectation.DropExpectation, _ path: String) {
    if let reason = expectation.reason {
      let codes = DropReason.allCases.dropFirst().map(\.code)
      refer(reason, "\(path).dropped", "drop reason", in: "", codes)
    }
    if let node = expectation.node {
      refer(node, "\(path).at", "network, host or service", in: "hosts", networkIDs + hostIDs + serviceIDs)
    }
    guard let rule = expectation.rule else { return }
    let firewalls = scenario.networks.compactMap(\.firewall) + scenario.hosts.compactMap(\.firewall)
    let isWhole = expectation == Expectation.DropExpectation(rule: rule) && path.contains("blocked-by")
    let names = firewalls.flatMap { $0.rules.map(\.id) } + (firewalls.isEmpty ? [] : ["policy"])
    refer(rule, isWhole ? path : "\(path).by", "rule", in: "rules", names + (scenario.mishaps.isEmpty ? [] : [MishapSpec.name]))
  }

  private mutating func cause(_ cause: Expectation.CauseExpectation, _ path: String) {
    if cause == Expectation.CauseExpectation(), unread.isEmpty {
      report(path, "this expects nothing; say node, reason, step or missing")
    }
    if let node = cause.node { refer(node, "\(path).node", "host or service", in: "hosts", hostIDs + serviceIDs) }
    if let reason = cause.reason { refer(reason, "\(path).reason", "reason", in: "", Reason.allCases.map(\.code)) }
    if let missing = cause.missing { refer(missing, "\(path).missing", "milestone", in: "", Milestone.allCases.map(\.code)) }
  }

  private var serviceIDs: [String] { ["directory", "feed", "broker", "stun"] + regionIDs.map { "gateway-\($0)" } }

  /// A private link is a route of its own; one that ends at a host always is private.
  private func isLine(_ link: LinkSpec) -> Bool { link.isPrivate || roles[link.from] != nil || roles[link.to] != nil }

  private mutating func exists(_ number: Int, _ count: Int, _ kind: String, _ path: String, in section: String) {
    guard !unread.contains(section), number != 0, !(1...max(count, 1)).contains(number) || count == 0 else { return }
    let known = count == 0 ? "there is none" : count == 1 ? "there is 1" : "there are 1 to \(count)"
    report("\(path).\(kind)", "there is no \(kind) \(number); \(known)")
  }
}
