// The session host's agent: keeps a persistent TLS channel to the broker, and is told there which gateway to join (steps 9, 10).
public import SimulationKernel
public import Trace
public import Wire

/// The agent's end of the broker's persistent channel.
public struct HostAgent: Equatable, Sendable {
  /// Who registers, and how patiently.
  public struct Settings: Equatable, Sendable {
    /// Who registers.
    public var host: ComponentKey
    /// The certificate clients are told to pin in the nested TLS.
    public var certificate: Secret
    /// From the loss of the channel to the next try (*assumed*).
    public var backoff = SimDuration.seconds(5)
    /// How long the broker may take to answer a registration (*assumed*).
    public var answerLimit = SimDuration.seconds(30)
    /// All that has no default.
    public init(host: ComponentKey, certificate: Secret) {
      self.host = host
      self.certificate = certificate
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The host has not started. Next: `opening`.
    case idle
    /// The channel is coming up. Next: `registering`, `waiting`.
    case opening
    /// Registration is asked. Next: `registered`, `waiting`, `failed`.
    case registering(until: SimTime)
    /// The broker can reach the host. Next: `waiting`.
    case registered
    /// The channel was lost. Next: `opening`.
    case waiting(until: SimTime)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case start
    case channelUp
    /// The channel did not come up, or went away.
    case channelDown
    case received(ServiceMessage)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// Open TCP and TLS to the broker.
    case openChannel
    case closeChannel
    case send(ServiceMessage)
    /// Open TCP and TLS 1.2 to this gateway and join the connection there.
    case connectToGateway(GatewayReference, connection: UInt64, correlation: Correlation)
    /// Of the session with this correlation; of none when 0.
    case milestone(Milestone, correlation: Correlation)
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case refused(ServiceRefusal)
    case protocolViolation

    /// The reason of a session that needs this host.
    public var reason: Reason {
      switch self {
      case .refused: .noHealthyHost
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
    case .idle, .opening, .registered, .failed: nil
    case .registering(let until), .waiting(let until): until
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .start: open(into: &effects)
      case .channelUp, .channelDown, .received, .timer: break
      }
    case .opening:
      switch input {
      case .channelUp:
        state = .registering(until: now + settings.answerLimit)
        effects.append(.send(.register(host: settings.host, certificate: settings.certificate)))
      case .channelDown: state = .waiting(until: now + settings.backoff)
      case .received: fail(.protocolViolation, into: &effects)
      case .start, .timer: break
      }
    case .registering(let until):
      switch input {
      case .received(.registered):
        state = .registered
        effects.append(.milestone(.hostRegistered, correlation: 0))
      case .received(.refused(let refusal, _)): fail(.refused(refusal), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .channelDown: state = .waiting(until: now + settings.backoff)
      case .timer:
        guard now >= until else { return }
        state = .waiting(until: now + settings.backoff)
        effects.append(.closeChannel)
      case .start, .channelUp: break
      }
    case .registered:
      switch input {
      case .received(.initialize(let connection, let correlation, let gateway)):
        effects += [
          .milestone(.hostInitialized, correlation: correlation),
          .connectToGateway(gateway, connection: connection, correlation: correlation),
        ]
      // A bus for many messages: one that means nothing to the agent ends nothing.
      case .received: break
      case .channelDown:
        state = .waiting(until: now + settings.backoff)
        effects.append(.milestone(.hostChannelLost, correlation: 0))
      case .start, .channelUp, .timer: break
      }
    case .waiting(let until):
      switch input {
      case .timer: if now >= until { open(into: &effects) }
      // The old channel's end, or what was still on its way in it.
      case .start, .channelUp, .channelDown, .received: break
      }
    case .failed:
      switch input {
      case .start, .channelUp, .channelDown, .received, .timer: break
      }
    }
  }

  private mutating func open(into effects: inout [Effect]) {
    state = .opening
    effects.append(.openChannel)
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.closeChannel, .failed(failure)]
  }
}
