// What settings leave of Shortpath: on a session host, and on a client that has read its connection configuration.
public import Trace
public import Wire

/// Why a kind of Shortpath is not tried: the setting's real name, and the reason it stands for.
public struct Forbidden: Sendable, Equatable {
  public var setting: String
  public var reason: Reason
  public init(_ setting: String, _ reason: Reason) {
    self.setting = setting
    self.reason = reason
  }
}

/// What a session host's settings leave of Shortpath: for each kind the setting that forbids it, or nothing.
public struct ShortpathPolicy: Sendable, Equatable {
  /// The listener.
  public var managed: Forbidden?
  /// ICE with the addresses of interfaces: local networks, VPNs, private lines.
  public var direct: Forbidden?
  /// ICE with addresses seen from outside.
  public var reflexive: Forbidden?
  /// TURN.
  public var relayed: Forbidden?
  /// The listener's port, when it is allowed.
  public var listenerPort: UInt16
  /// The range clients draw their ICE ports from; `nil` when it is not limited.
  public var clientPorts: ClosedRange<UInt16>?

  public init(
    managed: Forbidden? = nil, direct: Forbidden? = nil, reflexive: Forbidden? = nil, relayed: Forbidden? = nil,
    listenerPort: UInt16 = 3390, clientPorts: ClosedRange<UInt16>? = nil
  ) {
    self.managed = managed
    self.direct = direct
    self.reflexive = reflexive
    self.relayed = relayed
    self.listenerPort = listenerPort
    self.clientPorts = clientPorts
  }

  /// The port the listener is open on; `nil` when it is forbidden.
  public var openPort: UInt16? { managed == nil ? listenerPort : nil }

  /// ICE without a relay is not tried when both its kinds of candidate are forbidden; then it takes both settings to allow it, and
  /// both are told. The reason is that of the stronger one, a policy before a host-pool property before Private Link.
  public var ice: Forbidden? {
    guard let direct, let reflexive else { return nil }
    let names = direct.setting == reflexive.setting ? direct.setting : "\(direct.setting), \(reflexive.setting)"
    let order: [Reason] = [.hostPolicy, .hostPoolSetting, .privateLink]
    return Forbidden(names, order.first { $0 == direct.reason || $0 == reflexive.reason } ?? direct.reason)
  }

  /// The setting that takes one kind of candidate out of ICE and leaves the other.
  public var narrowing: String? { ice == nil ? (direct ?? reflexive)?.setting : nil }

  /// Whether multitransport is offered at all. A relay alone is no reason yet.
  public var offers: Bool { managed == nil || ice == nil }

  /// What the client is told of it.
  public var terms: ShortpathTerms {
    var terms = ShortpathTerms()
    terms.allowsHost = direct == nil
    terms.allowsReflexive = reflexive == nil
    terms.clientPorts = clientPorts
    return terms
  }
}

extension ClientSettings {
  /// Why a session under this configuration uses no UDP: what the client cannot or may not do comes before what the file says.
  public func udpForbidden(under configuration: ConnectionConfiguration) -> Forbidden? {
    udpForbidden ?? (configuration.usesUDP == false ? Forbidden("use udp", .clientSetting) : nil)
  }
}
