// What is to be simulated: typed values with every default filled in. It knows nothing of YAML.
public import NetworkModel
public import SimulationKernel
public import Wire

/// Raised by every commit that moves a baseline; stored with every run.
public enum ModelVersion {
  public static let current = 4
}

/// A whole scenario. Maps are kept sorted by id, so that the order of a file decides nothing.
public struct Scenario: Sendable, Equatable {
  /// The file's name without its ending, or what the embedder calls it.
  public var id: String
  public var title: String
  public var seed: UInt64 = 1
  public var networks: [NetworkSpec] = []
  public var links: [LinkSpec] = []
  public var tunnels: [TunnelSpec] = []
  public var hosts: [HostSpec] = []
  public var service = ServiceSpec()
  public var hostPool = HostPoolSpec()
  public var sessions: [SessionSpec] = []
  public var probes: [ProbeSpec] = []
  public var rogues: [RogueSpec] = []
  public var traffic: [TrafficSpec] = []
  public var events: [EventSpec] = []
  public var mishaps: [MishapSpec] = []
  public var expectations: [Expectation] = []
  public var timing = TimingSpec()
  /// Where values came from, by path; a path that is missing has its documented default.
  public var origins: [String: Origin] = [:]

  public init(id: String, title: String) {
    self.id = id
    self.title = title
  }

  public func network(_ id: String) -> NetworkSpec? { networks.first { $0.id == id } }
  public func host(_ id: String) -> HostSpec? { hosts.first { $0.id == id } }
  public func tunnel(_ id: String) -> TunnelSpec? { tunnels.first { $0.id == id } }

  /// Puts the maps into the order of their ids and the defaults that depend on other values in place. The format calls it; whoever
  /// builds a scenario by hand calls it too.
  public mutating func normalise() {
    for row in networks.indices where networks[row].firewall == nil {
      guard let firewall = networks[row].defaultFirewall else { continue }
      networks[row].firewall = firewall
      origins["\(networks[row].path).firewall"] = .preset(firewall.preset ?? networks[row].translationName ?? "none")
    }
    for row in networks.indices { networks[row].firewall?.normalise() }
    for row in hosts.indices { hosts[row].firewall?.normalise() }
    networks.sort { $0.id < $1.id }
    links.sort { $0.id < $1.id }
    tunnels.sort { $0.id < $1.id }
    hosts.sort { $0.id < $1.id }
    service.regions.sort { $0.id < $1.id }
    service.certificates.sort { $0.id < $1.id }
  }
}

/// Where a value came from.
public enum Origin: Sendable, Equatable {
  case file(line: Int, column: Int)
  case preset(String)
  case change
}

/// How long things may take and when a run ends.
public struct TimingSpec: Sendable, Equatable {
  /// The run ends at this time at the latest; `nil` for no limit but the one on events.
  public var duration: SimDuration?
  /// How long the run goes on after everything has settled (DESIGN §2).
  public var linger: SimDuration = .seconds(2)
  /// A run that needs more events than this is `undecided`.
  public var maximumEvents: UInt64 = 50_000_000
  /// ICE: how long after the first valid pair the choice stays open (*assumed*).
  public var selectionWindow: SimDuration = .seconds(1)
  /// STUN gathering ends after this (RFC 8489 §6.2.1: the schedule's own 39.5 s).
  public var gatheringLimit: SimDuration = .milliseconds(39_500)
  /// ICE: whether an address that nobody signalled becomes a candidate when a check comes from it or an answer tells it (RFC 8445
  /// §7.3.1.3, §7.2.5.3.1). Off is hole punching that takes packets from signalled addresses only.
  public var peerReflexive = true
  /// RDP-UDP: sent after this long without sending (MS-RDPEUDP2 §3.1.1.3, notes 1 and 2: 4 s in Windows).
  public var udpKeepAlive: SimDuration = .seconds(4)
  /// RDP-UDP: dead after this long without hearing: 16 s by MS-RDPEUDP2 §3.1.1.3; Microsoft, "Troubleshoot RDP Shortpath", says 17 s.
  public var udpSilence: SimDuration = .seconds(16)
  /// How long a run goes on after a timed event, so that the ends of a path it cut can notice: RDP-UDP by silence, TCP after its last
  /// retransmission (*assumed*: five of them take 19 s).
  public var watch: SimDuration { max(.seconds(25), udpSilence + .seconds(5)) }
  public init() {}
}

/// One direction or both of a link, as a scenario writes it.
public struct PathSpec: Sendable, Equatable {
  public var there: LinkSettings
  public var back: LinkSettings
  public init(_ both: LinkSettings) {
    there = both
    back = both
  }
  public init(there: LinkSettings, back: LinkSettings) {
    self.there = there
    self.back = back
  }
}

/// A network: a router with a subnet, its hosts, and its ways to other networks.
public struct NetworkSpec: Sendable, Equatable {
  public var id: String
  public var label: String
  /// `nil`: one is chosen (public without translation, private behind it).
  public var subnet: IPPrefix?
  /// An IPv6 subnet; `nil` for none.
  public var subnet6: IPPrefix?
  public var translation: TranslationBehaviour?
  /// The preset `translation` came from, for reports.
  public var translationName: String?
  /// The translator's external addresses; empty: as many as its behaviour says are chosen.
  public var outsideAddresses: [IPAddress] = []
  public var forwards: [ForwardSpec] = []
  public var uplink: UplinkSpec?
  public var firewall: FirewallSpec?
  /// The link between each host and the router: 0.1 ms, serialising in no time (*assumed*: a switched LAN beside any path).
  public var lan = PathSpec(LinkSettings(delay: .microseconds(100)))

  public init(id: String) {
    self.id = id
    self.label = id
  }
  public var path: String { "networks.\(id)" }
}

/// A static mapping of a network's translator: a port forward, whoever made it (an administrator, UPnP, PCP).
public struct ForwardSpec: Sendable, Equatable {
  public var proto: TransportProtocol
  /// On the translator's first external address.
  public var port: UInt16
  /// A host of the network.
  public var to: String
  public var insidePort: UInt16
  /// Whether what that host sends from the inside port leaves by the external one.
  public var outbound = true
  public init(proto: TransportProtocol, port: UInt16, to: String, insidePort: UInt16) {
    self.proto = proto
    self.port = port
    self.to = to
    self.insidePort = insidePort
  }
}

/// A network's way up to its provider's network. `there` is upstream.
public struct UplinkSpec: Sendable, Equatable {
  public var to: String
  public var settings: PathSpec
  public init(to: String, settings: PathSpec) {
    self.to = to
    self.settings = settings
  }
}

/// A link between two networks, or a host and a network (then a private line).
public struct LinkSpec: Sendable, Equatable {
  public var id: String
  public var label: String
  public var from: String
  public var to: String
  /// Whether private prefixes are routed over it. Always so when one end is a host.
  public var isPrivate: Bool
  public var settings: PathSpec
  public init(id: String, from: String, to: String, isPrivate: Bool = false, settings: PathSpec) {
    self.id = id
    self.label = id
    self.from = from
    self.to = to
    self.isPrivate = isPrivate
    self.settings = settings
  }
  public var path: String { "links.\(id)" }
}

/// A VPN tunnel over the simulated underlay.
public struct TunnelSpec: Sendable, Equatable {
  public var id: String
  public var label: String
  /// The client host and the gateway host.
  public var from: String
  public var to: String
  /// The gateway's UDP port (RFC 3948 §2: 4500).
  public var port: UInt16 = 4500
  /// Prefixes the client sends through it.
  public var routes: [IPPrefix]
  /// Processing per packet, spent at the end that takes it out, so once a direction; the path's delay is the underlay's.
  public var processing: SimDuration = .zero
  /// The client's address inside; `nil`: one is chosen from `pool`.
  public var address: IPAddress?
  /// Addresses given to clients of this gateway (*assumed*: 172.27.0.0/16, out of the way of common LANs).
  public var pool = IPPrefix(v4: 0xAC1B_0000, 16)
  /// 1400 bytes (*assumed*: 1500 less IPsec and PPPoE headers, the usual VPN setting).
  public var mtu = 1400
  public init(id: String, from: String, to: String, routes: [IPPrefix]) {
    self.id = id
    self.label = id
    self.from = from
    self.to = to
    self.routes = routes
  }
  public var path: String { "tunnels.\(id)" }
  /// Whether everything goes into it.
  public var isFull: Bool { routes.contains { $0.writtenLength == 0 } }
}

extension Scenario {
  /// Where the service's default region hangs: the only network without translation and uplink; `nil` when there is none or several.
  public var defaultServiceNetwork: String? {
    let cores = networks.filter { $0.translation == nil && $0.uplink == nil }
    return cores.count == 1 ? cores[0].id : nil
  }
}
