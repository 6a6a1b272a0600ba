// A client's end of HTTP CONNECT: asks a proxy for a tunnel, and learns from its answer what stands in the way (RFC 9110 §9.3.6).
public import SimulationKernel
public import Wire

/// One request for a tunnel, on a connection of its own to the proxy.
public struct ProxyRequest: Equatable, Sendable {
  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The connection to the proxy is coming up. Next: `asking`, `failed`.
    case idle
    /// Next: `open`, `failed`.
    case asking(since: SimTime)
    /// What follows on the connection is the destination's. Final.
    case open(roundTrip: SimDuration)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The connection to the proxy is up.
    case connected
    case received(Message)
    /// The connection did not come up, or went away.
    case closed
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(ProxyMessage)
    /// The connection belongs to the layer above now.
    case opened
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable, CaseIterable {
    /// The proxy itself did not answer, or refused the connection.
    case proxyUnreachable
    /// The proxy lets nobody go there.
    case forbidden
    /// The proxy wants credentials, which the agent does not give (Microsoft, "Proxy server guidelines": not supported).
    case authenticationRequired
    /// The proxy could not reach the destination.
    case destinationUnreachable
    /// The proxy left without an answer, or was waited for long enough.
    case closed
    /// It answered what is no answer.
    case violation

    /// What it means to a sequence that needed the channel.
    public var loss: ChannelLoss {
      switch self {
      case .proxyUnreachable: .proxyUnreachable
      case .forbidden, .violation: .proxyRefused
      case .authenticationRequired: .proxyAuthentication
      case .destinationUnreachable, .closed: .unreachable
      }
    }
  }

  /// Where the tunnel is to lead.
  public let authority: HTTPAuthority
  /// Where it stands now.
  public private(set) var state: State = .idle

  /// A machine at its start.
  public init(for authority: HTTPAuthority) { self.authority = authority }

  /// It waits as long as the channel above does.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .connected:
        state = .asking(since: now)
        effects.append(.send(.connect(authority)))
      case .closed: fail(.proxyUnreachable, into: &effects)
      case .received: fail(.violation, into: &effects)
      }
    case .asking(let since):
      switch input {
      case .received(.proxy(.answer(let status))): answered(status, since, at: now, into: &effects)
      case .received: fail(.violation, into: &effects)
      case .closed: fail(.closed, into: &effects)
      case .connected: break
      }
    case .open, .failed:
      switch input {
      // The connection is the layer above's, or given up.
      case .connected, .received, .closed: break
      }
    }
  }

  private mutating func answered(_ status: ProxyStatus, _ since: SimTime, at now: SimTime, into effects: inout [Effect]) {
    switch status {
    case .established:
      state = .open(roundTrip: now - since)
      effects.append(.opened)
    case .forbidden: fail(.forbidden, into: &effects)
    case .authenticationRequired: fail(.authenticationRequired, into: &effects)
    case .badGateway, .gatewayTimeout: fail(.destinationUnreachable, into: &effects)
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
