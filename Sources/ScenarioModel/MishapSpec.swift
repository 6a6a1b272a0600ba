// What befalls chosen packets: a case that a sweep found, or that teaches something, kept as part of a scenario.
public import SimulationKernel

/// A mishap of one packet of one link.
public struct MishapSpec: Sendable, Hashable {
  public enum Fate: Sendable, Hashable {
    case lost
    /// A copy follows it.
    case doubled
    /// It arrives this much later than it would; what comes behind it may overtake it.
    case delayed(SimDuration)
  }
  /// A link's direction by its path, such as `links.transit.back`; the links of hosts and of the service have one too.
  public var link: String
  /// The packet's ordinal among those that the link is given in that direction, those before 0 s included, from 1.
  public var packet: Int
  public var fate: Fate
  public init(link: String, packet: Int, fate: Fate = .lost) {
    self.link = link
    self.packet = packet
    self.fate = fate
  }
  /// Its own path, which stays the same whatever other mishaps there are.
  public var path: String { "\(link).packets.\(packet)" }
  /// What a packet lost by it is said to have been dropped by.
  public static let name = "injected"
}

extension Scenario {
  /// Every direction of every link by its path: `there` and `back`, or `up` from a host, network or region and `down` to it.
  public var directions: [String] {
    var paths = links.flatMap { ["\($0.path).there", "\($0.path).back"] }
    func add(_ path: String) { paths += ["\(path).up", "\(path).down"] }
    for network in networks where network.uplink != nil { add("\(network.path).uplink") }
    for host in hosts { add("\(host.path).lan") }
    let regions = hasService ? regionIDs : []
    for region in regions {
      add("service.regions.\(region)")
      add("service.gateway-\(region)")
    }
    if !regions.isEmpty { for node in ["directory", "feed", "broker", "stun"] { add("service.\(node)") } }
    return paths
  }
}

extension ScenarioCheck {
  mutating func mishaps() {
    let known = scenario.mishaps.isEmpty ? [] : scenario.directions
    var seen: Set<String> = []
    for (row, mishap) in scenario.mishaps.enumerated() {
      let path = "mishaps.\(row + 1)"
      if unread.isEmpty { refer(mishap.link, "\(path).link", "direction of a link", in: "links", known) }
      if !mishap.link.isEmpty, !seen.insert(mishap.path).inserted {
        report(path, "packet \(mishap.packet) of \(mishap.link) meets another mishap already")
      }
    }
  }
}
