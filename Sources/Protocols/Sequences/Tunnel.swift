// The multitransport tunnel (MS-RDPEMT): one create request and its answer, after TLS on the RDP-UDP connection.
public import SimulationKernel
public import Trace
public import Wire

/// The client's end of one tunnel attempt.
public struct TunnelClient: Equatable, Sendable {
  /// What the server offered over the main connection.
  public struct Settings: Equatable, Sendable {
    /// Matched together with the cookie.
    public var requestID: UInt32
    /// The 16-byte security cookie (MS-RDPBCGR §2.2.15.1).
    public var cookie: Secret
    /// All that has no default.
    public init(requestID: UInt32, cookie: Secret) {
      self.requestID = requestID
      self.cookie = cookie
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// TLS is not up. Next: `requested` on `secured`, `failed`.
    case idle
    /// Nothing else is sent before the answer (MS-RDPEMT §1.3). Next: `established`, `failed`.
    case requested
    /// Next: `closed`.
    case established
    /// The tunnel ended after its use. Final.
    case closed
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// TLS on the RDP-UDP connection is up.
    case secured
    case received(RDPMessage)
    /// The RDP-UDP connection or its TLS ended.
    case closed
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(RDPMessage)
    case established
    /// Data on the established tunnel.
    case deliver(RDPMessage)
    case closed
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable, CaseIterable {
    case refused
    /// No answer but the end: what Windows gives instead of a refusal (MS-RDPEMT §3.2.5.1).
    case closedUnanswered
    /// The connection below did not last until the request.
    case notConnected
    case protocolViolation

    /// The reason of the attempt.
    public var reason: Reason {
      switch self {
      case .refused, .closedUnanswered: .tunnelRefused
      case .notConnected: .udpConnectionFailed
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

  /// MS-RDPEMT defines no timer: the RDP-UDP connection's tell of a silent server.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .secured:
        state = .requested
        effects.append(.send(.tunnelCreateRequest(requestID: settings.requestID, cookie: settings.cookie)))
      case .received: fail(.protocolViolation, into: &effects)
      case .closed: fail(.notConnected, into: &effects)
      }
    case .requested:
      switch input {
      case .received(.tunnelCreateResponse(success: true)):
        state = .established
        effects.append(.established)
      case .received(.tunnelCreateResponse(success: false)): fail(.refused, into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .closed: fail(.closedUnanswered, into: &effects)
      case .secured: break
      }
    case .established:
      switch input {
      case .received(.tunnelCreateRequest), .received(.tunnelCreateResponse): fail(.protocolViolation, into: &effects)
      case .received(let message): effects.append(.deliver(message))
      case .closed:
        state = .closed
        effects.append(.closed)
      case .secured: break
      }
    case .closed, .failed:
      switch input {
      case .secured, .received, .closed: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}

/// The session host's end of one RDP-UDP connection.
public struct TunnelServer: Equatable, Sendable {
  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// TLS is up, nothing is sent before a request (MS-RDPEMT §1.3). Next: `judging`, `failed`.
    case awaitingRequest
    /// The session's registry decides. Next: `established`, `failed`.
    case judging
    /// Next: `closed`.
    case established
    /// The tunnel ended after its use. Final.
    case closed
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case received(RDPMessage)
    case accepted
    case refused
    /// The RDP-UDP connection or its TLS ended.
    case closed
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// Is this request outstanding, and is it the first?
    case judge(requestID: UInt32, cookie: Secret)
    case send(RDPMessage)
    case milestone(Milestone)
    case established
    /// Data on the established tunnel.
    case deliver(RDPMessage)
    /// Close the RDP-UDP connection without a word.
    case close
    case closed
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable, CaseIterable {
    case refused
    /// The client's end came before an answer.
    case closedUnanswered
    case protocolViolation

    /// The reason of the attempt.
    public var reason: Reason {
      switch self {
      case .refused: .tunnelRefused
      case .closedUnanswered: .udpConnectionFailed
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// Where it stands now.
  public private(set) var state: State = .awaitingRequest

  /// A machine at its start.
  public init() {}

  /// MS-RDPEMT defines no timer.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .awaitingRequest:
      switch input {
      case .received(.tunnelCreateRequest(let requestID, let cookie)):
        state = .judging
        effects.append(.judge(requestID: requestID, cookie: cookie))
      case .received: fail(.protocolViolation, into: &effects)
      case .closed: fail(.closedUnanswered, into: &effects)
      // No request has been put to the registry.
      case .accepted, .refused: break
      }
    case .judging:
      switch input {
      case .accepted:
        state = .established
        effects += [.send(.tunnelCreateResponse(success: true)), .milestone(.established), .established]
      case .refused: fail(.refused, into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .closed: fail(.closedUnanswered, into: &effects)
      }
    case .established:
      switch input {
      case .received(.tunnelCreateRequest), .received(.tunnelCreateResponse): fail(.protocolViolation, into: &effects)
      case .received(let message): effects.append(.deliver(message))
      case .closed:
        state = .closed
        effects.append(.closed)
      case .accepted, .refused: break
      }
    case .closed, .failed:
      switch input {
      case .received, .accepted, .refused, .closed: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.close, .failed(failure)]
  }
}
