// Flows as stateful firewalls know them: who opened one, how far it has come, and how long it is remembered without packets.
public import SimulationKernel
import Wire

/// Whether a rule list remembers flows, and its times for them (the axes of RFC 4787 and 5382, which firewalls share with translators).
public struct FlowTracking: Hashable, Sendable, BitwiseCopyable {
  public enum Mode: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Every packet is judged by itself.
    case off
    /// Packets of accepted flows pass unjudged; a TCP segment that belongs to no connection and opens none is dropped.
    case on
    /// Nothing passes unjudged: rules look at the state, as in Linux (iptables-extensions(8), conntrack `--ctstate`).
    case rules
  }

  public var mode: Mode
  /// How long a UDP flow is remembered once it was answered: 4 min, as in Azure's network security groups (Microsoft, NSG overview).
  public var udp: SimDuration = .seconds(240)
  /// The same before anybody has answered; `nil`: the same.
  public var udpUnanswered: SimDuration?
  /// Whether inbound datagrams prolong a flow too.
  public var inboundRefresh = true
  /// An established TCP connection: 2 h 4 min (RFC 5382 REQ-5).
  public var tcp: SimDuration = .seconds(7440)
  /// From the SYN to the end of the handshake: 4 min (RFC 5382 REQ-5).
  public var tcpOpening: SimDuration = .seconds(240)
  /// From the second FIN on: 4 min (RFC 5382 REQ-5).
  public var tcpClosing: SimDuration = .seconds(240)
  /// From a reset on: 10 s (Linux, nf_conntrack_tcp_timeout_close).
  public var tcpReset: SimDuration = .seconds(10)
  /// An ICMP query: 60 s (RFC 5508 REQ-2).
  public var icmp: SimDuration = .seconds(60)
  /// Whether a TCP segment other than a SYN may begin a connection, as Linux does (nf_conntrack_tcp_loose = 1). Off as in appliances
  /// (Palo Alto, "Reject Non-SYN TCP" is on; Cisco ASA, message 106015).
  public var midStream = false

  public init(_ mode: Mode) { self.mode = mode }
  public static var off: FlowTracking { FlowTracking(.off) }
  public static var on: FlowTracking { FlowTracking(.on) }

  /// Linux's connection tracking with its default times (Linux, nf_conntrack-sysctl): rules judge by state.
  public static var linux: FlowTracking {
    var tracking = FlowTracking(.rules)
    (tracking.udpUnanswered, tracking.udp) = (.seconds(30), .seconds(120))
    (tracking.tcpOpening, tracking.tcp, tracking.tcpClosing) = (.seconds(120), .seconds(432_000), .seconds(120))
    tracking.icmp = .seconds(30)
    tracking.midStream = true
    return tracking
  }

  @inline(__always) func idle(_ proto: TransportProtocol, _ stage: Flow.Stage) -> SimDuration {
    switch proto {
    case .udp: stage == .opening ? udpUnanswered ?? udp : udp
    case .icmp: icmp
    case .tcp:
      switch stage {
      case .opening, .answered: tcpOpening
      case .established: tcp
      case .closing: tcpClosing
      case .reset: tcpReset
      }
    }
  }
}

/// How a packet stands with the flows a firewall remembers, as rules may ask.
public struct FlowStates: OptionSet, Hashable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// It opens a flow, or belongs to one that nobody has answered yet.
  @inlinable public static var new: FlowStates { FlowStates(rawValue: 1) }
  /// It belongs to a flow that was answered, or answers it.
  @inlinable public static var established: FlowStates { FlowStates(rawValue: 2) }
  /// An ICMP error about a packet of a flow.
  @inlinable public static var related: FlowStates { FlowStates(rawValue: 4) }
  /// It belongs to no flow and opens none.
  @inlinable public static var invalid: FlowStates { FlowStates(rawValue: 8) }
  @inlinable public static var any: FlowStates { FlowStates(rawValue: 15) }
}

/// A packet's standing with one list, finer than rules see it.
enum FlowStanding: UInt8, BitwiseCopyable {
  case opens
  /// Of an opener whom nobody has answered.
  case waits
  case belongs
  case related
  case strays

  @inline(__always) var state: FlowStates {
    switch self {
    case .opens, .waits: .new
    case .belongs: .established
    case .related: .related
    case .strays: .invalid
    }
  }
  /// Whether the flow is to learn of the packet.
  @inline(__always) var isTracked: Bool { self.rawValue <= FlowStanding.belongs.rawValue }
  /// Whether it is of a flow that was accepted before.
  @inline(__always) var isKnown: Bool { self == .belongs || self == .waits || self == .related }
}

/// A flow at one node, the same from both ends. An ICMP query's identifier stands where others have the asking end's port, so it is
/// part of the key (RFC 5508 §3.1).
struct FlowKey: FlatKey, BitwiseCopyable {
  var node: Int32
  var proto: TransportProtocol
  var low: Endpoint
  var high: Endpoint

  @inline(__always) init(node: NodeID, packet: Packet) {
    self.node = node.index
    self.proto = packet.proto
    let swapped = packet.destination < packet.source
    self.low = swapped ? packet.destination : packet.source
    self.high = swapped ? packet.source : packet.destination
  }

  @inline(__always) var flatHash: UInt64 {
    low.hash &* 31 &+ high.hash ^ UInt64(UInt32(bitPattern: node)) << 8 ^ UInt64(proto.rawValue)
  }
}

/// What is remembered of a flow.
struct Flow: BitwiseCopyable {
  enum Stage: UInt8, BitwiseCopyable {
    /// Nobody has answered. Next: `answered`, for datagrams `established`; `reset`.
    case opening
    /// A TCP SYN was answered by one. Next: `established`, `reset`.
    case answered
    /// Next: `closing`, `reset`.
    case established
    /// Both ends have sent their FIN. Next: `reset`, or a new flow.
    case closing
    /// Next: a new flow.
    case reset
  }

  var expires = SimTime.zero
  private var openedByLow: Bool
  private(set) var stage = Stage.opening
  private var finOfOpener = false
  private var finOfOther = false

  /// The flow that `packet` opens.
  @inline(__always) init(openedBy packet: Packet, _ key: FlowKey) {
    openedByLow = key.low == packet.source
    // A connection found in its middle is an established one.
    if packet.proto == .tcp, !packet.tcp.flags.opens { stage = .established }
  }

  @inline(__always) private func isFromOpener(_ packet: Packet, _ key: FlowKey) -> Bool {
    (key.low == packet.source) == openedByLow
  }

  @inline(__always) func standing(of packet: Packet, _ key: FlowKey) -> FlowStanding {
    let isUnanswered = stage == .opening && isFromOpener(packet, key)
    guard packet.proto == .tcp else { return isUnanswered ? .waits : .belongs }
    if packet.tcp.flags.opens {
      // The ports of a connection that is over serve a new one.
      return stage == .closing || stage == .reset ? .opens : isUnanswered ? .waits : .belongs
    }
    // Whoever has heard no SYN has nothing to say but that it gives up.
    return isUnanswered && !packet.tcp.flags.contains(.rst) ? .strays : .belongs
  }

  /// Moves on with a packet that passed.
  @inline(__always) mutating func note(_ packet: Packet, _ key: FlowKey) {
    let isFromOpener = isFromOpener(packet, key)
    guard packet.proto == .tcp else {
      if !isFromOpener { stage = .established }
      return
    }
    let flags = packet.tcp.flags
    if flags.contains(.rst) { return stage = .reset }
    if stage == .opening, !isFromOpener, flags.contains(.syn) { stage = .answered }
    if stage == .answered, isFromOpener, flags.contains(.ack) { stage = .established }
    guard flags.contains(.fin) else { return }
    if isFromOpener { finOfOpener = true } else { finOfOther = true }
    if finOfOpener, finOfOther { stage = .closing }
  }
}
