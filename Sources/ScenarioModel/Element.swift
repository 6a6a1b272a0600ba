// What the path of an event names: a rule, a line, or something that keeps state.
import NetworkModel

/// Something that an event can do to: each kind knows its own verbs.
public enum Element: Equatable, Sendable {
  /// A named rule of a firewall.
  case rule
  /// A link, an uplink, a region's line or a host's cable.
  case line
  /// A tunnel, by its id.
  case tunnel(String)
  /// A host or a part of the service, by the id of its node.
  case machine(String)
  /// A network's address translator, by the network's id.
  case translator(String)
  /// A firewall, by the id of its network or host.
  case firewall(String)

  /// What can be done to it while the world runs.
  public var verbs: [Change.Verb] {
    switch self {
    case .rule: [.lift, .restore]
    case .line, .tunnel: [.down, .up]
    case .machine: [.down, .up, .restart]
    case .translator: [.restart, .rebind, .failover]
    case .firewall: [.restart]
    }
  }

  /// One of its kind, as messages say it.
  var kind: String {
    switch self {
    case .rule: "a rule"
    case .line: "a line"
    case .tunnel: "a tunnel"
    case .machine: "a machine"
    case .translator: "an address translator"
    case .firewall: "a firewall"
    }
  }
}

extension Scenario {
  /// Whether there is a place for the service to stand.
  var hasService: Bool { !service.regions.isEmpty || defaultServiceNetwork != nil }

  /// The ids of the service's regions; one stands by default.
  var regionIDs: [String] { service.regions.isEmpty ? ["service"] : service.regions.map(\.id) }

  /// What a path names; `nil` when there is no such thing.
  public func element(_ path: String) -> Element? {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    switch (parts.first, parts.count) {
    case ("links", 2): return links.contains { $0.id == parts[1] } ? .line : nil
    case ("tunnels", 2): return tunnels.contains { $0.id == parts[1] } ? .tunnel(parts[1]) : nil
    case ("hosts", 2...): return host(parts[1]).flatMap { element(of: $0, parts) }
    case ("networks", 3...): return network(parts[1]).flatMap { element(of: $0, parts) }
    case ("service", _) where !hasService: return nil
    case ("service", 2): return ["directory", "feed", "broker", "stun"].contains(parts[1]) ? .machine(parts[1]) : nil
    case ("service", 3): return parts[1] == "regions" && regionIDs.contains(parts[2]) ? .line : nil
    case ("service", 4):
      guard parts[1] == "regions", regionIDs.contains(parts[2]), parts[3] == "gateway" else { return nil }
      return .machine("gateway-\(parts[2])")
    default: return nil
    }
  }

  /// Every path that names something, in the order of the file; what events may take down or restart, lift or restore.
  private var elementPaths: [String] {
    func inside(_ path: String, _ firewall: FirewallSpec?) -> [String] {
      ["\(path).firewall"] + (firewall?.rules.map { "\(path).firewall.rules.\($0.id)" } ?? [])
    }
    let service = ["broker", "feed", "directory", "stun"] + regionIDs.flatMap { ["regions.\($0)", "regions.\($0).gateway"] }
    return links.map(\.path) + tunnels.map(\.path)
      + networks.flatMap { ["\($0.path).uplink", "\($0.path).nat"] + inside($0.path, $0.firewall ?? $0.defaultFirewall) }
      + hosts.flatMap { [$0.path, "\($0.path).lan"] + inside($0.path, $0.firewall) } + service.map { "service.\($0)" }
  }

  /// Names for a message, of many the first ones.
  static func listed(_ names: [String]) -> String {
    // 12: what a line or two hold (*assumed*).
    guard !names.isEmpty else { return "nothing here" }
    return names.prefix(12).joined(separator: ", ") + (names.count > 12 ? " and \(names.count - 12) more" : "")
  }

  private func element(of host: HostSpec, _ parts: [String]) -> Element? {
    switch parts.count {
    case 2: .machine(host.id)
    case 3 where parts[2] == "lan": .line
    case 4 where parts[2] == "lan" && visits(of: host.id).contains(parts[3]): .line
    case 3 where parts[2] == "firewall" && host.firewall != nil: .firewall(host.id)
    default: isRule(host.firewall, parts) ? .rule : nil
    }
  }

  private func element(of network: NetworkSpec, _ parts: [String]) -> Element? {
    let firewall = network.firewall ?? network.defaultFirewall
    return switch parts.count {
    case 3 where parts[2] == "uplink" && network.uplink != nil: .line
    case 3 where parts[2] == "nat" && network.translation != nil: .translator(network.id)
    case 3 where parts[2] == "firewall" && firewall != nil: .firewall(network.id)
    default: isRule(firewall, parts) ? .rule : nil
    }
  }

  private func isRule(_ firewall: FirewallSpec?, _ parts: [String]) -> Bool {
    guard parts.count == 5, parts[2] == "firewall", parts[3] == "rules", let firewall else { return false }
    return firewall.rules.contains { $0.id == parts[4] }
  }

  /// Why a verb does not fit what a path names while the world runs; `nil` when it does.
  public func objection(to verb: Change.Verb, at path: String) -> String? {
    guard let element = element(path) else {
      let known = elementPaths.filter { self.element($0)?.verbs.contains(verb) ?? false }
      let what =
        path.contains(".firewall.rules.")
        ? "there is no rule '\(path)'"
        : verb == .lift || verb == .restore
          ? "'\(verb.rawValue)' takes a rule's path, such as networks.home.firewall.rules.NAME; found '\(path)'"
          : "there is no link, uplink, tunnel, host, service, nat or firewall '\(path)'"
      return "\(what)\(NearestName.hint(path, among: known)); '\(verb.rawValue)' fits \(Self.listed(known))"
    }
    guard element.verbs.contains(verb) else {
      let allowed = element.verbs.map(\.rawValue).joined(separator: ", ")
      return "'\(verb.rawValue)' does not fit '\(path)', which is \(element.kind); allowed: \(allowed)"
    }
    guard case .translator(let id) = element, network(id)?.translation?.oneToOne == true, verb != .rebind else { return nil }
    return "'\(path)' translates one to one and remembers nothing that '\(verb.rawValue)' could lose; allowed: rebind"
  }
}
