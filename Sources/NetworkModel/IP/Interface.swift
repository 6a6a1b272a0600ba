// Interfaces: where a node meets a link, or an application that acts as one.
public import SimulationKernel
public import Trace
public import Wire

/// Which side of its node an interface is on.
public enum InterfaceSide: UInt8, Sendable, BitwiseCopyable {
  /// Toward a host of the node's own network.
  case lan
  /// A private line or tunnel to another private network.
  case privateLine
  /// Toward other networks; address translation stands between this side and the others.
  case outside
}

public struct Interface: Sendable, BitwiseCopyable {
  public let node: NodeID
  public var side: InterfaceSide
  /// `.unspecified` where the interface has no address of that family.
  public var v4: IPAddress
  public var v6: IPAddress
  /// The outgoing link direction's row; −1 for a virtual interface, whose packets go to an application.
  public var link: Int32
  /// The interface at the other end of the link; `.none` for a virtual one.
  public var peer: InterfaceID
  public var mtu: Int32
  /// A physical interface is down when its host is not in the network, a virtual one when its tunnel is down.
  public var up: Bool
  /// An embedder takes what leaves here (`Network.outlet`).
  public var isOutlet = false

  public init(
    node: NodeID, side: InterfaceSide, v4: IPAddress = .unspecified, v6: IPAddress = .unspecified, link: Int = -1,
    peer: InterfaceID = .none, mtu: Int = 1500, up: Bool = true
  ) {
    self.node = node
    self.side = side
    self.v4 = v4
    self.v6 = v6
    self.link = Int32(link)
    self.peer = peer
    self.mtu = Int32(mtu)
    self.up = up
  }

  /// What a packet meets here while the interface is down.
  public var whenDown: DropReason { link < 0 ? .tunnelDown : .detached }

  /// The interface's address of the same family as `other`; `nil` without one.
  @inline(__always) public func address(like other: IPAddress) -> IPAddress? {
    let own = other.isV4 ? v4 : v6
    return own == .unspecified ? nil : own
  }
}

/// Which of several routes to the same prefix is taken: the lowest. A longer prefix comes before all of them (RFC 1812 §5.2.4.3). The
/// order is Azure's: "If multiple routes contain the same address prefix", private connections come before the system's own routes
/// (Microsoft, "Virtual network traffic routing"), and a line of one's own before a VPN (Microsoft, "Using S2S VPN as a backup for
/// ExpressRoute private peering"). Windows' own on-link routes come first.
public enum RouteMetric {
  /// To a neighbour on the interface's own network.
  public static let onLink: UInt32 = 0
  /// Over private lines.
  public static let privateLine: UInt32 = 1
  /// Into a tunnel.
  public static let tunnel: UInt32 = 2
  /// Over the internet, by a router that knows its prefixes.
  public static let internet: UInt32 = 10
  /// To a provider who knows more.
  public static let provider: UInt32 = 100
}

/// A route: packets to `prefix` leave by `interface`.
public struct Route: Hashable, Sendable, BitwiseCopyable {
  public var prefix: IPPrefix
  public var interface: InterfaceID
  /// Lower wins among equal prefixes.
  public var metric: UInt32
  public init(prefix: IPPrefix, interface: InterfaceID, metric: UInt32 = 0) {
    self.prefix = prefix
    self.interface = interface
    self.metric = metric
  }
}

/// A route as it is looked up: its prefix with the mask made once and not at every packet.
struct RouteRow: BitwiseCopyable {
  private let high: UInt64
  private let low: UInt64
  private let highMask: UInt64
  private let lowMask: UInt64
  let interface: InterfaceID

  init(_ route: Route) {
    let mask = IPPrefix(IPAddress(high: .max, low: .max), length: Int(route.prefix.length)).address
    (high, low, highMask, lowMask) = (route.prefix.address.high, route.prefix.address.low, mask.high, mask.low)
    interface = route.interface
  }

  /// A route that leads nowhere: it contains no address.
  static let withdrawn = RouteRow()
  private init() { (high, low, highMask, lowMask, interface) = (1, 1, 0, 0, .none) }

  /// Whether it is the route of this one address.
  func isRoute(to address: IPAddress) -> Bool { highMask & lowMask == .max && contains(address) }

  @inline(__always) func contains(_ address: IPAddress) -> Bool {
    address.high & highMask == high && address.low & lowMask == low
  }
}

/// A node as the IP layer sees it.
public struct Node: Sendable, BitwiseCopyable {
  public var forwards: Bool
  /// Rows of its rule lists by hook; −1 for none.
  public var ingress: Int32 = -1
  public var input: Int32 = -1
  public var forward: Int32 = -1
  public var egress: Int32 = -1
  /// Whether a forward rule may divert connections to an application here.
  public var diverts = false
  /// How long it works on each packet that its forward rules judge.
  public var delay = SimDuration.zero
  /// Row of its address translator; −1 for none.
  public var translator: Int32 = -1
  public var routeStart: Int32 = 0
  public var routeEnd: Int32 = 0
  /// Down nodes neither send nor receive.
  public var up = true
  public init(forwards: Bool) { self.forwards = forwards }
}
