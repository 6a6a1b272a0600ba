// Why a channel that the shell opened for a sequence did not come up or went away, and what a refusal means for a session.
import SimulationKernel
public import Trace
public import Wire

/// How a channel (TCP, TLS, perhaps WebSocket) ended against a sequence's will.
public enum ChannelLoss: Equatable, Sendable, CaseIterable {
  /// TCP got no answer, or a reset instead of one.
  case unreachable
  /// TLS failed for another cause than the certificate.
  case tlsFailed
  /// The peer's certificate was not trusted.
  case certificateRejected
  /// The channel had been up.
  case closed

  /// The reason of a session's end, given the one for "nobody answered".
  public func reason(unreachable: Reason) -> Reason {
    switch self {
    case .unreachable: unreachable
    case .tlsFailed: .tlsFailed
    case .certificateRejected: .certificateRejected
    case .closed: .connectionLost
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
