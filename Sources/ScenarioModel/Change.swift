// One vocabulary of changes, for timed events, `--set`, lifts, fixes, sweeps and fuzzing.
public import NetworkModel
public import SimulationKernel

/// A change of one thing in a scenario or a running world.
public enum Change: Sendable, Equatable, Hashable {
  case set(path: String, value: ChangeValue)
  case act(element: String, verb: Verb)

  public enum Verb: String, Sendable, CaseIterable {
    /// A rule decides no more, or again.
    case lift, restore
    /// A link or tunnel stops working, or works again. A machine stops and loses all it knew, and is started anew.
    case down, up
    /// A machine goes down and comes up at once; an address translator or a firewall forgets what it had seen.
    case restart
    /// An address translator's provider gives it other outside addresses.
    case rebind
    /// An address translator's exit in use fails, and nobody has a copy of its state.
    case failover
  }

  /// As people write it.
  public var text: String {
    switch self {
    case .set(let path, let value): "\(path)=\(value.text)"
    case .act(let element, let verb): "\(verb.rawValue) \(element)"
    }
  }
}

/// The new value of a setting, by kind.
public enum ChangeValue: Sendable, Equatable, Hashable {
  case duration(SimDuration)
  case rate(BitRate)
  case probability(Probability)
  case flag(Bool)
  case number(Int)
  case word(String)

  /// As scenarios and `--set` write it.
  public var text: String {
    switch self {
    case .duration(let d): d.written
    case .rate(let r): r.written
    case .probability(let p): p.written
    case .flag(let f): f ? "on" : "off"
    case .number(let n): "\(n)"
    case .word(let w): w
    }
  }
}

/// A change that does not fit the scenario.
public struct ChangeError: Error, Equatable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

extension Scenario {
  /// The scenario with a change made to it. The same paths work on a running world for links, rules and tunnels.
  public func applying(_ change: Change) throws(ChangeError) -> Scenario {
    var copy = self
    switch change {
    case .set(let path, let value):
      try copy.set(path, value)
      if !origins.isEmpty { copy.origins = origins.filter { !$0.key.hasPrefix(path + ".") } }
      copy.origins[path] = .change
    case .act(let element, let verb):
      try copy.act(element, verb)
      if !origins.isEmpty { copy.origins["\(element).enabled"] = .change }
    }
    return copy
  }

  private mutating func act(_ element: String, _ verb: Change.Verb) throws(ChangeError) {
    if verb == .lift, let row = mishaps.firstIndex(where: { $0.path == element }) {
      mishaps.remove(at: row)
      return
    }
    if verb == .lift, let row = Self.event(element) { return try liftEvent(row, element) }
    let parts = element.split(separator: ".").map(String.init)
    if verb != .lift, verb != .restore, self.element(element)?.verbs.contains(verb) == true {
      throw ChangeError(
        "'\(verb.rawValue)' happens at a time: write it under events, as { at: 10 s, \(verb.rawValue): \(element) }; before a run rules "
          + "can be lifted or restored")
    }
    guard parts.count == 5, parts[2] == "firewall", parts[3] == "rules" else {
      throw ChangeError("'\(verb.rawValue)' takes a rule's path, such as networks.home.firewall.rules.NAME; found '\(element)'")
    }
    guard verb == .lift || verb == .restore else {
      throw ChangeError("a rule can be lifted or restored; found '\(verb.rawValue)'")
    }
    let owner = parts[1], id = parts[4]
    func turn(_ firewall: inout FirewallSpec?) -> Bool {
      guard let row = firewall?.rules.firstIndex(where: { $0.id == id }) else { return false }
      firewall?.rules[row].isEnabled = verb == .restore
      return true
    }
    if parts[0] == "networks", let row = networks.firstIndex(where: { $0.id == owner }), turn(&networks[row].firewall) { return }
    if parts[0] == "hosts", let row = hosts.firstIndex(where: { $0.id == owner }), turn(&hosts[row].firewall) { return }
    throw ChangeError(objection(to: verb, at: element) ?? "there is no rule '\(element)'")
  }

  private mutating func set(_ path: String, _ value: ChangeValue) throws(ChangeError) {
    let parts = path.split(separator: ".").map(String.init)
    if try setTerm(parts, value, path) { return }
    switch (parts.first, parts.count) {
    case ("links", 2): try addLine(parts[1], value, path)
    case ("links", 3) where parts[2] == "mtu", ("tunnels", 3) where parts[2] == "mtu", ("networks", 4) where parts[3] == "mtu":
      try setMTU(parts, value, path)
    case ("links", 3):
      guard let row = links.firstIndex(where: { $0.id == parts[1] }) else {
        throw ChangeError("there is no link '\(parts[1])'\(NearestName.hint(parts[1], among: links.map(\.id)))")
      }
      try Self.set(&links[row].settings.there, parts[2], value, path)
      try Self.set(&links[row].settings.back, parts[2], value, path)
    case ("networks", 4) where parts[2] == "uplink":
      guard let row = networks.firstIndex(where: { $0.id == parts[1] }), networks[row].uplink != nil else {
        throw ChangeError("there is no uplink '\(path)'")
      }
      try Self.set(&networks[row].uplink!.settings.there, parts[3], value, path)
      try Self.set(&networks[row].uplink!.settings.back, parts[3], value, path)
    case ("networks", 3) where parts[2] == "nat", ("networks", 4) where parts[2] == "nat":
      try setTranslation(parts, value, path)
    case ("networks", 5) where parts[2] == "firewall" && parts[3] == "rules",
      ("hosts", 5) where parts[2] == "firewall" && parts[3] == "rules":
      try addRule(parts, value, path)
    case ("networks", 4) where parts[2] == "firewall":
      guard let row = networks.firstIndex(where: { $0.id == parts[1] }) else {
        throw ChangeError("there is no network '\(parts[1])'")
      }
      try Self.set(&networks[row].firewall, parts[3], value, path)
    case ("hosts", 4) where parts[2] == "firewall":
      guard let row = hosts.firstIndex(where: { $0.id == parts[1] }) else { throw ChangeError("there is no host '\(parts[1])'") }
      try Self.set(&hosts[row].firewall, parts[3], value, path)
    case ("tunnels", 3) where parts[2] == "delay":
      guard let row = tunnels.firstIndex(where: { $0.id == parts[1] }), case .duration(let delay) = value else {
        throw ChangeError("'\(path)' takes a duration")
      }
      tunnels[row].processing = delay
    case ("tunnels", 3) where parts[2] == "routes": try setRoutes(of: parts[1], value, path)
    case ("hosts", 3) where parts[2] == "network": try move(parts[1], to: value, path)
    case ("host-pool", 2), ("host-pool", 3): try setSetting(parts, value, path)
    case ("hosts", 4) where ["shortpath", "policy", "client"].contains(parts[2]): try setSetting(parts, value, path)
    default: throw ChangeError("'\(path)' cannot be set")
    }
  }

  /// Sets one field of a link direction by the name scenarios use.
  public static func set(_ link: inout LinkSettings, _ field: String, _ value: ChangeValue, _ path: String) throws(ChangeError) {
    switch (field, value) {
    case ("delay", .duration(let d)) where d >= .zero: link.delay = d
    case ("jitter", .duration(let d)) where d >= .zero: link.jitter = d
    case ("rate", .rate(let r)): link.rate = r
    case ("loss", .probability(let p)): link.loss = p
    case ("burst", .duration(let d)) where d >= .zero: link.burst = d
    case ("duplicate", .probability(let p)): link.duplicate = p
    case ("reorders", .flag(let on)): link.reorders = on
    default:
      throw ChangeError(
        "'\(path)' takes delay, jitter, burst (durations), rate, loss, duplicate (probabilities) or reorders; found \(value.text)"
      )
    }
  }

  /// Sets a firewall's delay or one of its idle times.
  private static func set(
    _ firewall: inout FirewallSpec?, _ field: String, _ value: ChangeValue, _ path: String
  ) throws(ChangeError) {
    if field == "profile", firewall?.profile != nil {
      guard let profile = FirewallProfile(rawValue: value.text) else {
        throw ChangeError(
          "'\(path)' takes \(FirewallProfile.allCases.map(\.rawValue).joined(separator: ", ")); found \(value.text)")
      }
      firewall?.profile = profile
      return
    }
    let fields = [("delay", \FirewallSpec.delay)] + FirewallSpec.idleTimes.map { ($0.name, $0.field) }
    guard firewall != nil, let field = fields.first(where: { $0.0 == field })?.1, case .duration(let time) = value else {
      throw ChangeError("'\(path)' takes a duration of a firewall that is there: \(fields.map(\.0).joined(separator: ", "))")
    }
    firewall?[keyPath: field] = time
  }
}
