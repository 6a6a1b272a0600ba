// Address translation as data on the axes of RFC 4787, 5382, 7857 and 6888; a preset is one value of it.
public import SimulationKernel

/// RFC 4787 §4.1: what a mapping depends on.
public enum MappingBehaviour: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case endpointIndependent, addressDependent, addressAndPortDependent
  /// The letters RFC 4787 tables use.
  public var letters: String {
    switch self {
    case .endpointIndependent: "EIM"
    case .addressDependent: "ADM"
    case .addressAndPortDependent: "APDM"
    }
  }
}

/// RFC 4787 §5: from whom a mapping lets packets in.
public enum FilteringBehaviour: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case endpointIndependent, addressDependent, addressAndPortDependent
  /// The letters RFC 4787 tables use.
  public var letters: String {
    switch self {
    case .endpointIndependent: "EIF"
    case .addressDependent: "ADF"
    case .addressAndPortDependent: "APDF"
    }
  }
}

/// What a filter's permission hangs on, which shows where one inside endpoint has several mappings.
public enum PermissionScope: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The mapping, so its external port: only that port admits whom it has written to.
  case externalPort
  /// The inside endpoint: whom it has written to by any of its mappings may come in by each.
  case insideEndpoint
}

/// By which external port an inside host answers a packet that was let in by a mapping made for another remote.
public enum AnswerPath: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// By the one its mapping for this remote says, a new one if need be.
  case mapping
  /// By the port the packet came in by: the flow is remembered (connection tracking).
  case session
}

/// RFC 4787 §4.2: how an external port is chosen.
public enum PortAssignment: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The internal port if it is free, else what `PortCollision` says.
  case preserving
  /// One after the other.
  case sequential
  case random
}

/// What a preserving translator takes where the internal port is not to be had.
public enum PortCollision: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The next free port.
  case next
  /// A free port at random.
  case random
}

/// RFC 4787 §4.1, REQ-2: which of several external addresses a mapping gets.
public enum AddressPooling: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// All mappings of an inside address get the same one.
  case paired
  /// Each mapping gets one by chance.
  case arbitrary
}

/// RFC 4787 §6: what becomes of a packet from inside to an external endpoint.
public enum Hairpinning: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case off
  /// It arrives from its sender's external endpoint (REQ-9a).
  case externalSource
  /// It arrives from its sender's inside endpoint, so the answer goes past the translator.
  case internalSource
}

/// What becomes of a packet from outside that no mapping or no filter lets in.
public enum Unsolicited: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// Silently gone.
  case drop
  /// Its sender is told: ICMP port unreachable, or a TCP reset.
  case reject
  /// The gateway takes it for its own. It then holds that remote and port, and a mapping that wants both must take another port:
  /// the clash of early inbound packets on Linux gateways whose input chain accepts.
  case accept
}

/// What becomes of a packet from inside for which no external port is left.
public enum Exhausted: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// Silently gone.
  case drop
  /// Its sender is told: ICMP administratively prohibited (RFC 5508 REQ-8: "SHOULD"; RFC 6888 REQ-11B would say host unreachable).
  case reject
}

/// How a translator behaves. Each field decides something, and a test flips an outcome with it.
public struct TranslationBehaviour: Hashable, Sendable, BitwiseCopyable {
  public var mapping: MappingBehaviour
  public var filtering: FilteringBehaviour
  public var permissionScope = PermissionScope.externalPort
  public var answers = AnswerPath.mapping

  public var ports: PortAssignment
  public var collision = PortCollision.next
  /// Whether mappings toward different remotes may share one external port, told apart by the remote (RFC 4787 REQ-3 forbids it, RFC 7857
  /// §3 allows it). Only where mappings depend on the remote, and then the remote they depend on is also the only one let in.
  public var overloading = false
  /// Even ports stay even and odd ones odd (RFC 4787 REQ-4).
  public var parity = false
  /// Ports below 1024 stay there, and those above stay above, as far as the range has both (RFC 4787 REQ-3a).
  public var portClasses = false
  public var portRange: PortRange
  /// An inside host's ports come from blocks of this size that are its own (RFC 6888 §4, RFC 7422); 0 for no blocks.
  public var portBlock: UInt16 = 0
  /// How many ports of a protocol an inside host may have at a time (RFC 6888 REQ-4); 0 for no limit.
  public var portsPerHost: UInt16 = 0
  /// How long a port whose mapping has ended is kept from other inside endpoints (RFC 6888 REQ-8: 120 s).
  public var portHold = SimDuration.zero

  /// How many external addresses it has unless the network lists its own.
  public var addresses: UInt8 = 1
  public var pooling = AddressPooling.paired

  /// How long a UDP mapping lives without an outbound packet (RFC 4787 REQ-5: at least 2 min).
  public var udpLifetime: SimDuration
  /// The same before anything has come in by it; `nil` where that makes no difference.
  public var udpUnansweredLifetime: SimDuration?
  /// How old an answered UDP mapping must be for its full lifetime (Linux: 2 s).
  public var udpStreamAge = SimDuration.zero
  /// How long a TCP mapping lives without an outbound packet (RFC 5382 REQ-5: at least 2 h 4 min).
  public var tcpLifetime: SimDuration
  /// The same until both sides have sent a SYN (RFC 7857 §2.1: at least 4 min).
  public var tcpOpeningLifetime = SimDuration.seconds(240)
  /// The same after both sides' FIN or a RST (RFC 7857 §2.1: at least 4 min).
  public var tcpClosingLifetime = SimDuration.seconds(240)
  /// How long an ICMP query's mapping lives (RFC 5508 REQ-2: at least 60 s).
  public var icmpLifetime = SimDuration.seconds(60)
  /// Whether accepted inbound packets refresh too (RFC 4787 REQ-6 allows it).
  public var inboundRefresh: Bool

  public var hairpinning: Hairpinning
  public var unsolicited = Unsolicited.drop
  /// Where unsolicited packets are rejected: how long nothing is said of a SYN. If one goes out for the same connection meanwhile, it is
  /// silently gone, else its sender is told by ICMP port unreachable (RFC 5382 REQ-4: at least 6 s). Zero resets at once.
  public var synSilence = SimDuration.zero
  public var exhausted = Exhausted.drop
  /// Addresses are exchanged one for one, ports kept, nothing remembered, anybody let in.
  public var oneToOne: Bool

  public init(
    mapping: MappingBehaviour, filtering: FilteringBehaviour, ports: PortAssignment = .random,
    portRange: PortRange = PortRange(1024, 65_535), udpLifetime: SimDuration = .seconds(300),
    tcpLifetime: SimDuration = .seconds(7440),
    inboundRefresh: Bool = false, hairpinning: Hairpinning = .off, oneToOne: Bool = false
  ) {
    self.mapping = mapping
    self.filtering = filtering
    self.ports = ports
    self.portRange = portRange
    self.udpLifetime = udpLifetime
    self.tcpLifetime = tcpLifetime
    self.inboundRefresh = inboundRefresh
    self.hairpinning = hairpinning
    self.oneToOne = oneToOne
  }

  /// A copy in which some axes are different.
  package func with(_ edit: (inout TranslationBehaviour) -> Void) -> TranslationBehaviour {
    var copy = self
    edit(&copy)
    return copy
  }
}
