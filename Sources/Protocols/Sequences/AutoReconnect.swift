// The client's automatic reconnection: after a session with a desktop was lost it connects again, with growing pauses, for a while.
public import SimulationKernel
public import Trace

/// When a client tries again, and when it gives up (Microsoft, Azure Virtual Desktop, "fast reconnect": exponential back-off with
/// jitter from about 1 s, doubling, capped; about 30 s in all, then the user is asked).
public struct AutoReconnect: Equatable, Sendable {
  /// The back-off's constants.
  public struct Settings: Equatable, Sendable {
    /// From the loss to the first try.
    public var firstPause = SimDuration.seconds(1)
    /// The pauses double up to this (*assumed*).
    public var longestPause = SimDuration.seconds(8)
    /// A pause is lengthened by up to this part of itself, in thousandths (*assumed*).
    public var jitter: UInt64 = 250
    /// Nothing is tried longer than this after a loss.
    public var window = SimDuration.seconds(30)
    /// Off: a lost session stays lost.
    public var isOn = true
    /// A machine at its start.
    public init() {}
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The first connection is on its way: its failure is the session's. Next: `connected`, `failed`.
    case connecting
    /// There is a desktop. Next: `pausing`, or `failed` when it does not reconnect.
    case connected
    /// `tries` were in vain since the loss. Next: `trying`, `failed`.
    case pausing(tries: Int, until: SimTime, lost: SimTime)
    /// The try of this number is on its way. Next: `connected`, `pausing`, `failed`.
    case trying(Int, lost: SimTime)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The desktop shows.
    case connected
    /// The connection was lost, or the try failed.
    case lost(Reason)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// The session is without a transport now.
    case interrupted
    /// Connect anew, from the choice of a gateway on.
    case connect
    /// End the try on its way.
    case giveUp
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    /// The first connection, or one that is not to be renewed.
    case connection(Reason)
    /// The window closed.
    case windowOver

    /// The reason of the session.
    public var reason: Reason {
      switch self {
      case .connection(let reason): reason
      case .windowOver: .reconnectFailed
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .connecting
  /// What the jitter is drawn from.
  private let seed: UInt64
  private var pauses: UInt64 = 0

  /// A machine at its start; `seed` is all its chance.
  public init(settings: Settings, seed: UInt64) {
    self.settings = settings
    self.seed = seed
  }

  /// When `timer` is due.
  public var nextDeadline: SimTime? {
    switch state {
    case .connecting, .connected, .failed: nil
    case .pausing(_, let until, let lost): min(until, lost + settings.window)
    case .trying(_, let lost): lost + settings.window
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .connecting:
      switch input {
      case .connected: state = .connected
      case .lost(let reason): fail(.connection(reason), into: &effects)
      case .timer: break
      }
    case .connected:
      switch input {
      case .lost(let reason):
        guard settings.isOn else { return fail(.connection(reason), into: &effects) }
        effects.append(.interrupted)
        pause(after: 0, lost: now, at: now)
      case .connected, .timer: break
      }
    case .pausing(let tries, let until, let lost):
      switch input {
      case .timer:
        if now >= lost + settings.window {
          fail(.windowOver, into: &effects)
        } else if now >= until {
          state = .trying(tries + 1, lost: lost)
          effects.append(.connect)
        }
      // Nothing is on its way.
      case .connected, .lost: break
      }
    case .trying(let number, let lost):
      switch input {
      case .connected: state = .connected
      case .lost: pause(after: number, lost: lost, at: now)
      case .timer:
        guard now >= lost + settings.window else { return }
        effects.append(.giveUp)
        fail(.windowOver, into: &effects)
      }
    case .failed:
      switch input {
      case .connected, .lost, .timer: break
      }
    }
  }

  private mutating func pause(after tries: Int, lost: SimTime, at now: SimTime) {
    var pause = settings.firstPause
    for _ in 0..<min(tries, 16) { pause = min(pause * 2, settings.longestPause) }
    let parts = mix(seed, pauses) % (settings.jitter + 1)
    pauses += 1
    pause = pause + SimDuration(nanoseconds: pause.nanoseconds / 1_000 * Int64(parts))
    state = .pausing(tries: tries, until: now + pause, lost: lost)
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
