// What a scenario becomes once, for every seed: tables of the network, names, and what the roles are configured with.
public import NetworkModel
public import ScenarioModel
public import SimulationKernel
public import Trace
public import VirtualDesktop
public import Wire

/// A host's interface with the name of the way it leads: `internet`, a tunnel's or a private line's id.
public struct HostInterface: Sendable, Equatable {
  public var id: InterfaceID
  public var route: String
  /// Stable whatever the interface's row.
  public var key: ComponentKey
  /// The prefixes of the network that it stands in; none of a tunnel or a private line, which are named.
  public var onLink: [IPPrefix] = []

  /// As the host's own roles know it.
  public var way: WayOut { WayOut(interface: id, route: route, key: key, onLink: onLink) }
}

/// A tunnel's two ends in the network's rows.
public struct TunnelBlueprint: Sendable {
  public var id: String
  public var client: NodeID
  public var clientInterface: InterfaceID
  public var gateway: NodeID
  public var gatewayInterface: InterfaceID
  public var gatewayEndpoint: Endpoint
  public var inner: IPAddress
  public var processing: SimDuration
  /// Switched off by an event.
  var isOff = false
}

/// A service node.
public struct ServiceNode: Sendable, Equatable {
  public var id: String
  public var node: NodeID
  public var address: IPAddress
}

public struct Blueprint: Sendable {
  public internal(set) var scenario: Scenario
  public internal(set) var plan = NetworkPlan()
  public internal(set) var nodes: [ComponentName] = []
  public internal(set) var rules: [ComponentName] = []
  public internal(set) var nodeOf: [String: NodeID] = [:]
  /// Interfaces of each host, the primary one first.
  public internal(set) var hostInterfaces: [NodeID: [HostInterface]] = [:]
  /// Places of each host in networks, the one it begins in first.
  public internal(set) var attachments: [NodeID: [Attachment]] = [:]
  public internal(set) var tunnels: [TunnelBlueprint] = []
  public internal(set) var directory = ServiceNode(id: "", node: .none, address: .unspecified)
  public internal(set) var feed = ServiceNode(id: "", node: .none, address: .unspecified)
  public internal(set) var broker = ServiceNode(id: "", node: .none, address: .unspecified)
  public internal(set) var stun = ServiceNode(id: "", node: .none, address: .unspecified)
  public internal(set) var gateways: [ServiceNode] = []
  /// Link rows by scenario path, upstream (or `there`) first.
  public internal(set) var linksAt: [String: [Int]] = [:]
  /// Every direction of every link by its path, in the order of the paths, with its row.
  public private(set) var directions: [(path: String, row: Int)] = []
  /// Rule rows of the network's table by scenario path.
  public internal(set) var rulesAt: [String: [Int]] = [:]
  public internal(set) var interfaceNames: [String] = []
  /// What is left of each provider's addresses, by its network, and of those that nobody's network has.
  var addressesOf: [String: SubnetAddresses] = [:]
  var freeAddresses = AddressPlan().outside

  /// - Precondition: the scenario has no `problems()`.
  public init(_ scenario: Scenario) {
    var scenario = scenario
    scenario.normalise()
    self.scenario = scenario
    var builder = BlueprintBuilder(scenario)
    builder.build()
    builder.finish(into: &self)
    meet(scenario.mishaps)
    directions = scenario.directions.sorted().map { ($0, row(ofDirection: $0)) }
  }

  /// The same with these mishaps and no others: what was built is not built again.
  public func meeting(_ mishaps: [MishapSpec]) -> Blueprint {
    var copy = self
    let named = scenario.mishaps.count
    copy.rules.removeLast(named)
    copy.scenario.mishaps = mishaps
    copy.meet(mishaps)
    return copy
  }

  /// Each mishap has a name among the rules', so that a loss says which it was.
  private mutating func meet(_ mishaps: [MishapSpec]) {
    plan.mishaps = mishaps.map { mishap in
      let name = Int32(rules.count)
      rules.append(ComponentName(key: ComponentKey(mishap.path), id: MishapSpec.name, path: mishap.path))
      let fate: Mishap.Fate =
        switch mishap.fate {
        case .lost: .lost
        case .doubled: .doubled
        case .delayed(let delay): .delayed(delay)
        }
      return Mishap(link: row(ofDirection: mishap.link), packet: UInt64(mishap.packet), fate: fate, name: name)
    }
  }

  /// The row of a link's direction by its path.
  public func row(ofDirection direction: String) -> Int {
    let parts = direction.split(separator: ".")
    guard let way = parts.last, let rows = linksAt[parts.dropLast().joined(separator: ".")] else {
      preconditionFailure("no direction '\(direction)': the scenario was not checked")
    }
    return rows[way == "there" || way == "up" ? 0 : 1]
  }
}
