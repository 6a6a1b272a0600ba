// The client's steps 7 to 11: over a TLS 1.2 channel to the gateway it asks for its resource and waits for the base transport.
public import SimulationKernel
public import Trace
public import Wire

/// The client's request to the chosen gateway.
public struct GatewayClientConnect: Equatable, Sendable {
  /// What is asked, and how long the answer may take.
  public struct Settings: Equatable, Sendable {
    /// What the gateway is asked.
    public var request: ConnectionRequest
    /// From the request to the base transport (*assumed*): longer than the gateway's own limit, whose refusal says more.
    public var limit: SimDuration
    /// All that has no default.
    public init(request: ConnectionRequest, limit: SimDuration = .seconds(35)) {
      self.request = request
      self.limit = limit
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The channel is coming up. Next: `requesting` on `start`, `failed`.
    case idle
    /// The request is out. Next: `relayed`, `failed`.
    case requesting(until: SimTime)
    /// The base transport is up; the host's certificate is to be pinned in the nested TLS. Final.
    case relayed(hostCertificate: Secret)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The TLS 1.2 channel is up.
    case start
    case received(ServiceMessage)
    /// The channel did not come up, or went away.
    case channelLost(ChannelLoss)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(ServiceMessage)
    case milestone(Milestone)
    /// From here on the channel is a WebSocket to the session host.
    case baseTransport(hostCertificate: Secret)
    case close
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case channel(ChannelLoss)
    case refused(ServiceRefusal)
    case noAnswer
    case protocolViolation

    /// The reason of the session.
    public var reason: Reason {
      switch self {
      case .channel(let loss): loss.reason(unreachable: .gatewayUnreachable)
      case .refused(let refusal): refusal.reason
      // It had been reached: it fell silent.
      case .noAnswer: .connectionLost
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .idle

  /// A machine at its start.
  public init(settings: Settings) { self.settings = settings }

  /// When `timer` is due.
  public var nextDeadline: SimTime? {
    switch state {
    case .idle, .relayed, .failed: nil
    case .requesting(let until): until
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .start:
        state = .requesting(until: now + settings.limit)
        effects += [.milestone(.gatewayConnected), .send(.connect(settings.request))]
      case .channelLost(let loss): fail(.channel(loss), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .timer: break
      }
    case .requesting(let until):
      switch input {
      case .received(.switchingProtocols(let hostCertificate)):
        state = .relayed(hostCertificate: hostCertificate)
        effects.append(.baseTransport(hostCertificate: hostCertificate))
      case .received(.refused(let refusal, _)): fail(.refused(refusal), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .channelLost(let loss): fail(.channel(loss), into: &effects)
      case .timer: if now >= until { fail(.noAnswer, into: &effects) }
      case .start: break
      }
    case .relayed, .failed:
      switch input {
      // The channel is the base transport's, or closed.
      case .start, .received, .channelLost, .timer: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.close, .failed(failure)]
  }
}
