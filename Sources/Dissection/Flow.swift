// UDP and TCP conversations as they are told: who with whom, how much each way, and what was recognised in them.
public import SimulationKernel
public import Wire

/// A conversation between two endpoints.
public struct Flow: Equatable, Sendable {
  public var proto: TransportProtocol
  /// The endpoint of this side, and of the other.
  public var near: Endpoint
  public var far: Endpoint
  /// The TURN server whose messages carried it.
  public var relay: Endpoint?
  /// What was recognised, in the order it came.
  public var protocols: [String] = []
  public var sent = Traffic()
  public var received = Traffic()
  public var first: SimTime
  public var last: SimTime
  public var tcp: TCPFacts?
  public var tls: TLSFacts?
  public var web: WebFacts?
  /// ICMP errors about packets of it.
  public var refusals: [Refusal] = []
}

/// Packets and their bytes, IP headers included.
public struct Traffic: Equatable, Sendable {
  public var packets = 0
  public var bytes = 0
  mutating func add(_ length: Int) {
    packets += 1
    bytes += length
  }
}

/// An ICMP error and the router or host it came from.
public struct Refusal: Equatable, Sendable {
  public var kind: ICMPError.Kind
  public var by: IPAddress
  /// "port unreachable, said by 192.0.2.1".
  public var sentence: String {
    let words =
      switch kind {
      case .networkUnreachable: "network unreachable"
      case .hostUnreachable: "host unreachable"
      case .portUnreachable: "port unreachable"
      case .fragmentationNeeded: "too big for the next link"
      case .administrativelyProhibited: "administratively prohibited"
      case .timeExceeded: "hop limit exceeded"
      }
    return "\(words), said by \(by)"
  }
}

/// What a TCP conversation's segments tell.
public struct TCPFacts: Equatable, Sendable {
  /// Whether this side asked for the connection; `nil` when that was before the capture.
  public var openedByNear: Bool?
  /// SYNs sent again.
  public var repeatedSyns = 0
  public var isEstablished = false
  /// From the first SYN to the acknowledgement of its answer: the whole round trip, wherever it was seen.
  public var handshake: SimDuration?
  public var resetsSent = 0
  public var resetsReceived = 0
  public var retransmissionsSent = 0
  public var retransmissionsReceived = 0
  public var outOfOrder = 0
}

/// What TLS shows without its keys.
public struct TLSFacts: Equatable, Sendable {
  public var serverName: String?
  public var offered: TLSVersion?
  public var version: TLSVersion?
  /// From a certificate that was plain, which in TLS 1.3 none is.
  public var certificate: String?
  public var issuer: String?
  public var isExpired = false
  /// Alerts that were plain.
  public var alerts: [TLSAlert] = []
}

/// A plain HTTP exchange at the start of a stream.
public struct WebFacts: Equatable, Sendable {
  public var method: String
  public var target: String
  public var host: String?
  public var status: Int?
  public var isWebSocket = false
}
