// The session's registry of the outstanding multitransport request: the first matching tunnel wins, by whatever transport.
public import SimulationKernel
public import Trace
public import Wire

/// Judges every tunnel request of one session on its host (MS-RDPEMT §3.2.5.1: request id and cookie must both match).
public struct FirstFound: Equatable, Sendable {
  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// No request is outstanding. Next: `outstanding`, `closed`.
    case idle
    /// Offered over the main connection. Next: `established`, `closed`.
    case outstanding(requestID: UInt32, cookie: Secret, authenticated: Bool)
    /// The race is over. Next: `closed`.
    case established(Transport, requestID: UInt32, cookie: Secret)
    /// The session ended, or gave up Shortpath. Final.
    case closed
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The main connection sent, or is about to send, the multitransport request.
    case offered(requestID: UInt32, cookie: Secret, authenticated: Bool)
    /// The session's user is authenticated.
    case authenticated
    case tunnelRequested(Transport, requestID: UInt32, cookie: Secret)
    case closed
  }

  /// What becomes of a tunnel request.
  public enum Verdict: Equatable, Sendable {
    case accept
    /// The request was good and came too late.
    case refuse(Failure)
    case drop(DropReason)
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case verdict(Transport, Verdict)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable, CaseIterable {
    case lostRace

    /// The reason of the attempt.
    public var reason: Reason {
      switch self {
      case .lostRace: .lostRace
      }
    }
  }

  /// Where it stands now.
  public private(set) var state: State = .idle

  /// A machine at its start.
  public init() {}

  /// The registry waits for nothing.
  public var nextDeadline: SimTime? { nil }

  /// The transport that won; nil before.
  public var winner: Transport? {
    switch state {
    case .idle, .outstanding, .closed: nil
    case .established(let transport, _, _): transport
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .offered(let requestID, let cookie, let authenticated):
        state = .outstanding(requestID: requestID, cookie: cookie, authenticated: authenticated)
      case .tunnelRequested(let transport, _, _): effects.append(.verdict(transport, .drop(.cookieMismatch)))
      case .closed: state = .closed
      case .authenticated: break
      }
    case .outstanding(let requestID, let cookie, let authenticated):
      switch input {
      case .tunnelRequested(let transport, requestID, cookie):
        guard authenticated else { return effects.append(.verdict(transport, .drop(.notAuthenticated))) }
        state = .established(transport, requestID: requestID, cookie: cookie)
        effects.append(.verdict(transport, .accept))
      case .tunnelRequested(let transport, _, _): effects.append(.verdict(transport, .drop(.cookieMismatch)))
      case .authenticated: state = .outstanding(requestID: requestID, cookie: cookie, authenticated: true)
      case .closed: state = .closed
      // At most one reliable request is outstanding (MS-RDPBCGR §2.2.15.1).
      case .offered: break
      }
    case .established(_, let requestID, let cookie):
      switch input {
      case .tunnelRequested(let transport, requestID, cookie): effects.append(.verdict(transport, .refuse(.lostRace)))
      case .tunnelRequested(let transport, _, _): effects.append(.verdict(transport, .drop(.cookieMismatch)))
      case .closed: state = .closed
      case .offered, .authenticated: break
      }
    case .closed:
      switch input {
      case .tunnelRequested(let transport, _, _): effects.append(.verdict(transport, .drop(.attemptClosed)))
      case .offered, .authenticated, .closed: break
      }
    }
  }
}
