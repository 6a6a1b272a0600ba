// The lift of every drop, refusal and setting: the smallest changes under which it would not have happened.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

/// Finds lifts for what one run met.
struct Lifts {
  let scenario: Scenario
  let blueprint: Blueprint
  let run: RunResult
  let session: SessionResult

  // MARK: Settings

  /// The lifts of settings, by the real names an attempt bears, one or two of them.
  func lifts(ofSetting names: String) -> [Change] {
    names.split(separator: ",").map { String($0.drop { $0 == " " }) }.compactMap { name in
      func set(_ path: String, _ value: String) -> Change { .set(path: "\(path).\(name)", value: .word(value)) }
      let (policy, client) = ("hosts.\(session.host).policy", "hosts.\(session.client).client")
      return switch name {
      case "kind web": .set(path: client + ".kind", value: .word("windows"))
      case "fClientDisableUDP": set(client, "0")
      case "use udp": set("host-pool.rdp-properties", "1")
      case "SelectTransport": set(policy, "2")
      case "fUseUdpPortRedirector", "directUDP", "publicUDP", "relayUDP": set(policy, "1")
      case "ManagedPrivateUdp", "DirectUdp", "PublicUdp", "RelayUdp", "AllowRDPShortPathWithPrivateLink":
        set("host-pool", "Enabled")
      default: nil
      }
    }
  }

  // MARK: Drops

  func lifts(of blocker: Blocker) -> [Change] {
    let record = run.record(blocker.firstRecord)
    switch blocker.reason {
    case .rule, .inspected: return blocker.rulePath.map { lifts(ofRule: $0, blocker, record) } ?? []
    case .notInConnection: return firewall(at: blocker.node).map { [set("\($0).tcp-idle", .duration(.seconds(86_400)))] } ?? []
    case .natFiltered, .natNoMapping: return record.map { translations(at: blocker.node, of: $0) } ?? []
    case .natPortsExhausted: return ports(of: blocker.node)
    case .natHairpinOff: return [set("networks.\(blocker.node).nat.hairpinning", .word("external-source"))]
    case .noRoute: return blocker.topic == .listener ? ways() : []
    case .linkLoss, .queueFull, .mtuExceeded:
      guard let path = record.flatMap({ exit(of: blocker.node, toward: $0) }) else { return [] }
      if let rule = blocker.rulePath { return [.act(element: rule, verb: .lift)] }
      return lifts(ofLine: path, blocker.reason)
    case .linkDown, .tunnelDown, .carrierLost, .detached, .nodeDown: return events(at: blocker, record)
    default: return []
    }
  }

  private func set(_ path: String, _ value: ChangeValue) -> Change { .set(path: path, value: value) }

  // MARK: Rules

  /// The path of a node's firewall.
  private func firewall(at node: String) -> String? {
    if let network = scenario.network(node) { return network.firewall == nil ? nil : "\(network.path).firewall" }
    return scenario.host(node).flatMap { $0.firewall == nil ? nil : "\($0.path).firewall" }
  }

  /// A named rule is lifted. What defaults deny (a policy, or a rule behind every place a user's rule can have) is allowed by a rule.
  private func lifts(ofRule path: String, _ blocker: Blocker, _ record: Record?) -> [Change] {
    guard let firewall = firewall(at: blocker.node), path.hasPrefix(firewall + "."), let record else {
      return [.act(element: path, verb: .lift)]
    }
    let spec = (scenario.network(blocker.node)?.firewall ?? scenario.host(blocker.node)?.firewall)!
    let rule = spec.rules.first { "\(firewall).rules.\($0.id)" == path }
    let isDefault = rule.map { $0.priority.map { $0 > RuleSpec.priorities.upperBound } ?? false } ?? true
    guard isDefault else { return [.act(element: path, verb: .lift)] }
    var lifts: [Change] = []
    // What nobody asked for may be what was asked for too long ago: two minutes are the least (RFC 4787 REQ-5).
    if record.proto == TransportProtocol.udp.rawValue, spec.tracking.mode != .off, spec.tracking.udp < .seconds(30) {
      lifts.append(set("\(firewall).udp-idle", .duration(.seconds(120))))
    }
    lifts += [allowance(in: firewall, at: blocker.node, blocker.topic, record)].compactMap { $0 }
    // A rule that allows on another profile than the host's is there already.
    if let profile = spec.profile {
      for other in FirewallProfile.allCases where other != profile {
        let helps = spec.rules.contains {
          !$0.applies(to: profile) && $0.applies(to: other) && $0.isEnabled && $0.action == .accept
        }
        if helps { lifts.append(set("\(firewall).profile", .word(other.rawValue))) }
      }
    }
    return lifts
  }

  /// The rule that allows packets like this one: to a known port, or to all where ports are drawn.
  private func allowance(in firewall: String, at node: String, _ topic: ConversationTopic, _ record: Record) -> Change? {
    guard let proto = TransportProtocol(rawValue: record.proto), proto != .icmp else { return nil }
    let known: Set<UInt16> = Set(
      [53, 443, 3478, scenario.host(session.host)?.policy.listenerPort ?? 3390] + scenario.tunnels.map(\.port)
        + scenario.hosts.filter { $0.role == .proxy }.map(\.forwardProxy.port))
    let port = topic != .candidatePair && known.contains(record.to.port) ? "\(record.to.port)" : nil
    let words = [direction(at: node, of: record), "\(proto)", port].compactMap { $0 }
    return set(
      "\(firewall).rules.\((["allow"] + words).joined(separator: "-"))", .word((["accept"] + words).joined(separator: " ")))
  }

  /// Which way the packet went as the node's firewall sees it; `nil` where it sees one way only.
  private func direction(at id: String, of record: Record) -> String? {
    guard let node = blueprint.nodeOf[id] else { return nil }
    if let host = scenario.host(id) {
      if host.role == .tunnelGateway { return nil }
      return owns(node, record.to.address) ? "inbound" : "outbound"
    }
    return interface(of: node, toward: record.from.address).map { $0.side == .lan ? "outbound" : "inbound" }
  }

  private func owns(_ node: NodeID, _ address: IPAddress) -> Bool {
    blueprint.plan.interfaces.contains { $0.node == node && ($0.v4 == address || $0.v6 == address) }
  }

  // MARK: Ways

  private func row(of node: NodeID, toward address: IPAddress) -> Int? {
    let fitting = blueprint.plan.routes[Int(node.index)].filter { $0.prefix.contains(address) }
    let best = fitting.max { ($0.prefix.length, $1.metric) < ($1.prefix.length, $0.metric) }
    return best.map { Int($0.interface.index) }
  }

  private func interface(of node: NodeID, toward address: IPAddress) -> Interface? {
    row(of: node, toward: address).map { blueprint.plan.interfaces[$0] }
  }

  /// The path of the line or tunnel by which a node sends toward a record's destination.
  private func exit(of id: String, toward record: Record) -> String? {
    guard let node = blueprint.nodeOf[id], let row = row(of: node, toward: record.to.address) else { return nil }
    if let tunnel = blueprint.tunnels.first(where: {
      [Int($0.clientInterface.index), Int($0.gatewayInterface.index)].contains(row)
    }) {
      return "tunnels.\(tunnel.id)"
    }
    let link = Int(blueprint.plan.interfaces[row].link)
    return blueprint.linksAt.keys.sorted().first { blueprint.linksAt[$0]!.contains(link) }
  }

  private func lifts(ofLine path: String, _ reason: DropReason) -> [Change] {
    switch reason {
    // 1400 B: what tunnels carry unless said otherwise, and more than RDP-UDP's largest datagram ([MS-RDPEUDP], the SYN).
    case .mtuExceeded: [set("\(path).mtu", .number(1400))]
    case .linkLoss where path.hasPrefix("links.") || path.hasSuffix(".uplink"): [set("\(path).loss", .probability(.never))]
    // 1 Gbps: more than one session can fill (*assumed*).
    case .queueFull where path.hasPrefix("links.") || path.hasSuffix(".uplink"):
      [set("\(path).rate", .rate(BitRate(bitsPerSecond: 1_000_000_000)))]
    default: []
    }
  }

  /// Ways to the host's own address: into a tunnel that the client has, or by a private line.
  private func ways() -> [Change] {
    guard let host = scenario.host(session.host), let node = blueprint.nodeOf[session.host],
      let own = blueprint.hostInterfaces[node]?.first
    else { return [] }
    let address = blueprint.plan.interfaces[Int(own.id.index)].v4
    let tunnels = scenario.tunnels.filter { tunnel in
      tunnel.from == session.client && !tunnel.routes.contains { $0.contains(address) }
    }
    let network = own.onLink.first { $0.contains(address) } ?? IPPrefix(address, length: 128)
    let routes = tunnels.map { tunnel -> Change in
      set("\(tunnel.path).routes", .word((tunnel.routes + [network]).map(\.description).joined(separator: " ")))
    }
    let name = "private-line"
    guard !scenario.links.contains(where: { $0.id == name }) else { return routes }
    return routes + [set("links.\(name)", .word("\(session.client) to \(host.network)"))]
  }

  // MARK: Translators

  /// What would let the packet in at a translator: its own filter and mapping, or the port that the sender's translator shows.
  private func translations(at id: String, of record: Record) -> [Change] {
    guard let own = scenario.network(id)?.translation else { return [] }
    var lifts = steadiness(of: id, record.proto)
    if own.filtering != .endpointIndependent, !own.oneToOne {
      lifts.append(set("networks.\(id).nat.filtering", .word("endpoint-independent")))
    }
    if let other = translator(showing: record.from.address), other != id { lifts += steadiness(of: other, record.proto) }
    return lifts
  }

  /// What makes a translator keep showing one port for what is behind it.
  private func steadiness(of id: String, _ proto: UInt8) -> [Change] {
    guard let behaviour = scenario.network(id)?.translation, !behaviour.oneToOne else { return [] }
    let path = "networks.\(id).nat"
    var lifts: [Change] = []
    if behaviour.mapping != .endpointIndependent { lifts.append(set("\(path).mapping", .word("endpoint-independent"))) }
    if behaviour.pooling == .arbitrary, behaviour.addresses > 1 || scenario.network(id)!.outsideAddresses.count > 1 {
      lifts.append(set("\(path).pooling", .word("paired")))
    }
    if behaviour.unsolicited != .drop { lifts.append(set("\(path).unsolicited", .word("drop"))) }
    // RFC 4787 REQ-5: two minutes at least, five recommended. RFC 5382 REQ-5: 2 h 4 min.
    if proto == TransportProtocol.udp.rawValue {
      if behaviour.udpLifetime < .seconds(120) { lifts.append(set("\(path).udp-lifetime", .duration(.seconds(300)))) }
      if let unanswered = behaviour.udpUnansweredLifetime, unanswered < .seconds(120) {
        lifts.append(set("\(path).udp-unanswered-lifetime", .duration(.seconds(300))))
      }
    } else if behaviour.tcpLifetime < .seconds(7_440) {
      lifts.append(set("\(path).tcp-lifetime", .duration(.seconds(7_440))))
    }
    return lifts
  }

  private func ports(of id: String) -> [Change] {
    guard let behaviour = scenario.network(id)?.translation else { return [] }
    let path = "networks.\(id).nat"
    var lifts: [Change] = []
    if behaviour.portsPerHost > 0 { lifts.append(set("\(path).ports-per-host", .word("unlimited"))) }
    if behaviour.portBlock > 0 { lifts.append(set("\(path).port-block", .word("none"))) }
    if behaviour.portHold > .zero { lifts.append(set("\(path).port-hold", .duration(.zero))) }
    if behaviour.portRange.high - behaviour.portRange.low < 60_000 {
      lifts.append(set("\(path).port-range", .word("1024-65535")))
    }
    return lifts
  }

  /// The network whose translator has this address outside.
  private func translator(showing address: IPAddress) -> String? {
    let plans = blueprint.plan.translators
    let found = plans.first { $0.outside.contains(address) || $0.pairs.contains { $0.outside == address } }
    return found.map { blueprint.nodes[Int($0.node.index)].id }
  }

  // MARK: Events

  /// The events before a drop that took down what it needed.
  private func events(at blocker: Blocker, _ record: Record?) -> [Change] {
    let exit = record.flatMap { self.exit(of: blocker.node, toward: $0) }
    return scenario.events.enumerated().compactMap { row, event in
      guard event.isEnabled, event.at <= blocker.firstTime else { return nil }
      let meant: Bool
      switch event.change {
      case .act(let path, .down), .act(let path, .restart):
        switch scenario.element(path) {
        case .line?, .tunnel?: meant = path == exit || blocker.reason == .carrierLost
        case .machine(let id)?: meant = id == blocker.node || exit.map { isEnd(id, of: $0) } ?? false
        default: meant = false
        }
      case .act: meant = false
      case .set(let path, _): meant = Scenario.roamer(path) != nil && blocker.reason == .detached
      }
      return meant ? .act(element: "events.\(row + 1)", verb: .lift) : nil
    }
  }

  private func isEnd(_ host: String, of path: String) -> Bool {
    scenario.tunnels.contains { $0.path == path && ($0.to == host || $0.from == host) }
  }
}
