// The client's choice of the closest gateway, from probes that travelled through the network.
public import SimulationKernel
public import Trace
public import Wire

/// Probes every gateway of a connection configuration at once and chooses one.
public struct GatewaySelection: Equatable, Sendable {
  /// The rule's constants.
  public struct Settings: Equatable, Sendable {
    /// Round trips are compared in buckets of 10 ms (Microsoft: Azure Virtual Desktop, "network connectivity").
    public var bucket = SimDuration.milliseconds(10)
    /// After this, the best of the answers so far is taken (*assumed*).
    public var window = SimDuration.seconds(1)
    /// After this nobody is waited for: a SYN and its two retransmissions at 3 and 9 s, given up at 21 s (*assumed*).
    public var limit = SimDuration.seconds(21)
    /// A machine at its start.
    public init() {}
  }

  /// What became of the probe of one candidate.
  public enum Probe: Equatable, Sendable {
    case outstanding
    case answered(roundTrip: SimDuration, connections: UInt32)
    case failed(ChannelLoss)
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// No probe is out. Next: `probing`, or `failed` without candidates.
    case idle
    /// Next: `chosen`, `failed`.
    case probing(since: SimTime)
    /// The row of the chosen candidate. Final.
    case chosen(row: Int)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case start
    case probeAnswered(row: Int, roundTrip: SimDuration, connections: UInt32)
    case probeFailed(row: Int, ChannelLoss)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case probe(row: Int)
    case chosen(row: Int)
    case milestone(Milestone)
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    /// The configuration names no gateway.
    case noCandidates
    /// With what was learned of the first that failed otherwise than by silence.
    case noneAnswered(ChannelLoss)

    /// The reason of the session that needed a gateway.
    public var reason: Reason {
      switch self {
      case .noCandidates: .gatewayUnreachable
      // A probe that broke off told nothing of its gateway.
      case .noneAnswered(.closed): .gatewayUnreachable
      case .noneAnswered(let loss): loss.reason(unreachable: .gatewayUnreachable)
      }
    }
  }

  /// The gateways of the connection configuration, by rows.
  public let candidates: [GatewayReference]
  /// As given at creation.
  public let settings: Settings
  /// One entry a candidate.
  public private(set) var probes: [Probe]
  /// Where it stands now.
  public private(set) var state: State = .idle

  /// A selection at its start, among `candidates`.
  public init(candidates: [GatewayReference], settings: Settings = Settings()) {
    self.candidates = candidates
    self.settings = settings
    self.probes = Array(repeating: .outstanding, count: candidates.count)
  }

  /// When `timer` is due.
  public var nextDeadline: SimTime? {
    switch state {
    case .idle, .chosen, .failed: nil
    case .probing(let since): since + (best == nil ? settings.limit : settings.window)
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .start:
        state = .probing(since: now)
        effects += candidates.indices.map { .probe(row: $0) }
        if candidates.isEmpty { fail(.noCandidates, into: &effects) }
      case .probeAnswered, .probeFailed, .timer: break
      }
    case .probing(let since):
      switch input {
      case .probeAnswered(let row, let roundTrip, let connections):
        if probes[row] == .outstanding { probes[row] = .answered(roundTrip: roundTrip, connections: connections) }
      case .probeFailed(let row, let loss):
        if probes[row] == .outstanding { probes[row] = .failed(loss) }
      case .start, .timer: break
      }
      closeIfDue(since: since, at: now, into: &effects)
    case .chosen, .failed:
      switch input {
      // The choice is made: what still comes is too late.
      case .start, .probeAnswered, .probeFailed, .timer: break
      }
    }
  }

  private mutating func closeIfDue(since: SimTime, at now: SimTime, into effects: inout [Effect]) {
    let allEnded = !probes.contains(.outstanding)
    if let best {
      guard allEnded || now >= since + settings.window else { return }
      state = .chosen(row: best)
      effects += [.milestone(.gatewayChosen), .chosen(row: best)]
    } else if allEnded || now >= since + settings.limit {
      fail(.noneAnswered(loss), into: &effects)
    }
  }

  /// Lowest bucket of latency, then fewest connections, then lower round trip, then the gateway's key.
  private var best: Int? {
    var best: (row: Int, rank: (Int64, UInt32, SimDuration, ComponentKey))?
    for (row, probe) in probes.enumerated() {
      guard case .answered(let roundTrip, let connections) = probe else { continue }
      let bucket = roundTrip.nanoseconds / settings.bucket.nanoseconds
      let rank = (bucket, connections, roundTrip, candidates[row].name)
      if best.map({ rank < $0.rank }) ?? true { best = (row, rank) }
    }
    return best?.row
  }

  private var loss: ChannelLoss {
    for case .failed(let loss) in probes where loss != .unreachable { return loss }
    return .unreachable
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
