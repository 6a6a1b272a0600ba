// Why a channel that the shell opened for a sequence did not come up or went away, and what a refusal means for a session.
import SimulationKernel
public import Trace
public import Wire

/// How a channel (TCP, TLS, perhaps WebSocket) ended against a sequence's will.
public enum ChannelLoss: Equatable, Sendable, CaseIterable {
  /// TCP got no answer, or a reset instead of one.
  case unreachable
  /// The proxy on the way did not answer.
  case proxyUnreachable
  /// The proxy on the way opens no tunnel to the peer.
  case proxyRefused
  /// The proxy on the way wants credentials.
  case proxyAuthentication
  /// The peer's certificate names somebody else.
  case certificateWrongName
  /// The peer's certificate has expired.
  case certificateExpired
  /// Nobody this side trusts signed the peer's certificate, or its key is not the pinned one.
  case certificateUntrusted
  /// The two have no TLS version in common; either side may have found it.
  case tlsVersionMismatch
  /// TLS failed for another cause.
  case tlsFailed
  /// The address it stood on is gone: this host has left its network.
  case addressLost
  /// The channel had been up, or the peer refused this side's certificate and left.
  case closed

  /// The reason of a session's end, given the one for "nobody answered".
  public func reason(unreachable: Reason) -> Reason {
    switch self {
    case .unreachable: unreachable
    case .proxyUnreachable: .proxyUnreachable
    case .proxyRefused: .proxyRefused
    case .proxyAuthentication: .proxyAuthenticationRequired
    case .certificateWrongName: .certificateWrongName
    case .certificateExpired: .certificateExpired
    case .certificateUntrusted: .certificateUntrusted
    case .tlsVersionMismatch: .tlsVersionMismatch
    case .tlsFailed: .tlsFailed
    case .addressLost: .addressLost
    case .closed: .connectionLost
    }
  }

  /// What a failed handshake means: what this side found, or what the peer's alert (RFC 8446 §6.2) says that it found.
  public init(_ failure: TLSHandshake.Failure) {
    switch failure {
    case .certificateWrongName: self = .certificateWrongName
    case .certificateExpired: self = .certificateExpired
    case .certificateUntrusted: self = .certificateUntrusted
    case .versionMismatch, .alert(.protocolVersion): self = .tlsVersionMismatch
    // To a server, a client that refuses its certificate is a client that left.
    case .alert(.badCertificate), .alert(.certificateExpired), .alert(.unknownCA), .alert(.closeNotify): self = .closed
    case .unexpectedMessage: self = .tlsFailed
    }
  }
}

extension ServiceRefusal {
  /// The reason of a session that ends with this refusal.
  public var reason: Reason {
    switch self {
    case .badToken: .tokenRefused
    case .expiredToken: .tokenExpired
    case .unknownResource: .resourceUnknown
    case .noHealthyHost: .noHealthyHost
    case .brokerUnavailable: .brokerUnavailable
    case .hostUnreachable: .hostUnreachable
    }
  }
}

extension AccessToken {
  /// Why a service that trusts `directoryKey` refuses this token at `now`; nil when it is valid.
  func refusal(trusting directoryKey: Secret, at now: SimTime) -> ServiceRefusal? {
    if signature != directoryKey { return .badToken }
    return now >= expires ? .expiredToken : nil
  }
}
