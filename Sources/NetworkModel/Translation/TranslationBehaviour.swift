// Address translation as data on the axes of RFC 4787, with presets that are single values.
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
  public var letters: String {
    switch self {
    case .endpointIndependent: "EIF"
    case .addressDependent: "ADF"
    case .addressAndPortDependent: "APDF"
    }
  }
}

/// RFC 4787 §4.2: how an external port is chosen.
public enum PortAssignment: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The internal port if it is free, else the next free one.
  case preserving
  /// One after the other.
  case sequential
  case random
}

/// How a translator behaves. Each field decides something, and a test flips an outcome with it.
public struct TranslationBehaviour: Hashable, Sendable, BitwiseCopyable {
  public var mapping: MappingBehaviour
  public var filtering: FilteringBehaviour
  public var ports: PortAssignment
  public var portRange: PortRange
  /// How long a UDP mapping lives without an outbound packet (RFC 4787 REQ-5: at least 2 min).
  public var udpLifetime: SimDuration
  /// How long a TCP mapping lives without an outbound packet (RFC 5382 REQ-5: at least 2 h 4 min).
  public var tcpLifetime: SimDuration
  /// Whether accepted inbound packets refresh too (RFC 4787 REQ-6 allows it).
  public var inboundRefresh: Bool
  /// Whether an inside host reaches another by its external endpoint, seen from its own external one (RFC 4787 REQ-9).
  public var hairpinning: Bool
  /// Addresses are exchanged one for one, ports kept, nothing remembered, anybody let in.
  public var oneToOne: Bool

  public init(
    mapping: MappingBehaviour, filtering: FilteringBehaviour, ports: PortAssignment = .random,
    portRange: PortRange = PortRange(1024, 65_535), udpLifetime: SimDuration = .seconds(300),
    tcpLifetime: SimDuration = .seconds(7440),
    inboundRefresh: Bool = false, hairpinning: Bool = false, oneToOne: Bool = false
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

  /// RFC 3489 §5 full cone.
  public static let fullCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent)
  /// RFC 3489 §5 restricted cone.
  public static let restrictedCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressDependent)
  /// RFC 3489 §5 port restricted cone.
  public static let portRestrictedCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
  /// RFC 3489 §5 symmetric.
  public static let symmetric = TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
  /// A home router: port restricted, port preserving; 120 s once a flow is answered (Linux conntrack's stream timeout, nat-and-ice.md §6.1).
  public static let homeRouter = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .addressAndPortDependent, ports: .preserving, udpLifetime: .seconds(120),
    inboundRefresh: true)
  /// Azure instance-level public IP: stateless one-to-one, all ports (Microsoft, load-balancer-outbound-connections).
  public static let azurePublicIP = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .preserving, oneToOne: true)

  /// The presets by the names scenarios use.
  public static let presets: [(name: String, value: TranslationBehaviour)] = [
    ("full-cone", .fullCone), ("restricted-cone", .restrictedCone), ("port-restricted-cone", .portRestrictedCone),
    ("symmetric", .symmetric), ("home-router", .homeRouter), ("azure-public-ip", .azurePublicIP),
  ]
}
