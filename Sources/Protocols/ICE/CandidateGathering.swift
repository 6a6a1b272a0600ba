// Gathering of one side's candidates (RFC 8445 §5.1.1): a host candidate per base, a reflexive one per base and STUN server.
public import SimulationKernel
public import Wire

/// Gathers host and server-reflexive candidates from a list of bases.
public struct CandidateGathering: Equatable, Sendable {
  /// A socket on one interface.
  public struct Base: Hashable, Sendable, BitwiseCopyable {
    /// The shell's row of the socket.
    public var row: Int
    public var local: Endpoint
    /// The stable key of the interface, from which foundations are made.
    public var foundationKey: UInt64
    public init(row: Int, local: Endpoint, foundationKey: UInt64) {
      self.row = row
      self.local = local
      self.foundationKey = foundationKey
    }
  }

  /// The constants of gathering.
  public struct Settings: Equatable, Sendable {
    /// STUN servers; each base asks each one of its address family.
    public var servers: [Endpoint]
    /// Ta, the least time between two new transactions: 50 ms (RFC 8445 §14.2).
    public var pace: SimDuration = .milliseconds(50)
    /// Rc and Rm, and the floor of RTO: 500 ms (RFC 8445 §14.3).
    public var schedule = BindingTransaction.Settings()
    /// When gathering ends with what it has, counted from its start: the schedule's own 39.5 s (RFC 8489 §6.2.1).
    public var limit: SimDuration = BindingTransaction.Settings().lifetime
    public var allowsHost = true
    public var allowsReflexive = true
    public init(servers: [Endpoint]) { self.servers = servers }
  }

  /// Gathering cannot fail: it may end with an empty list.
  public enum Failure: Equatable, Sendable {}

  /// Where gathering stands.
  public enum State: Equatable, Sendable {
    /// Next: `gathering` on `start`, or `finished` when there is nobody to ask.
    case idle
    /// Next: `finished` when every transaction has ended, or at `until`.
    case gathering(until: SimTime)
    case finished
  }

  /// What gathering is told.
  public enum Input: Equatable, Sendable {
    case start(bases: [Base])
    case received(STUNMessage, from: Endpoint, base: Int)
    /// The base has no route to the server.
    case sendFailed(base: Int, server: Endpoint)
    case unreachable(base: Int, server: Endpoint, ICMPError.Kind)
    case timer
  }

  /// What gathering asks of its shell.
  public enum Effect: Equatable, Sendable {
    /// `number` counts the requests of one transaction, from 1.
    case send(base: Int, to: Endpoint, STUNMessage, number: Int)
    case candidate(CandidateDescription)
    case finished([CandidateDescription])
  }

  /// A base asking a server.
  struct Query: Equatable, Sendable {
    var base: Base
    var priority: UInt32
    var foundation: UInt64
    var transaction: BindingTransaction
  }

  public let settings: Settings
  public private(set) var state: State = .idle
  /// What has been found so far, redundant ones pruned.
  public private(set) var candidates: [CandidateDescription] = []
  private let transactionSeed: UInt64
  private var queries: [Query] = []
  /// Queries before this one have been started; a new one may start at `paceAt`.
  private var started = 0
  private var paceAt: SimTime = .zero

  public init(settings: Settings, transactionSeed: UInt64) {
    self.settings = settings
    self.transactionSeed = transactionSeed
  }

  /// When `timer` is due; `nil` when nothing is awaited.
  public var nextDeadline: SimTime? {
    guard case .gathering(let until) = state else { return nil }
    var next = started < queries.count ? min(until, paceAt) : until
    for query in queries { if let deadline = query.transaction.nextDeadline { next = min(next, deadline) } }
    return next
  }

  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch input {
    case .start(let bases):
      precondition(state == .idle, "gathering started twice in \(state)")
      start(bases, at: now, into: &effects)
    case .received(let message, let source, let row):
      tell(.response(message), at: now, into: &effects) { $0.base.row == row && $0.transaction.answers(message, from: source) }
    case .sendFailed(let row, let server):
      tell(.sendFailed, at: now, into: &effects) { $0.base.row == row && $0.transaction.asked == server }
    case .unreachable(let row, let server, let kind):
      tell(.icmp(kind), at: now, into: &effects) { $0.base.row == row && $0.transaction.asked == server }
    case .timer:
      tell(.timer, at: now, into: &effects) { $0.transaction.nextDeadline.map { now >= $0 } ?? false }
    }
    advance(at: now, into: &effects)
  }

  private mutating func start(_ bases: [Base], at now: SimTime, into effects: inout [Effect]) {
    state = .gathering(until: now + settings.limit)
    paceAt = now
    let servers = settings.allowsReflexive ? settings.servers : []
    let asked = bases.reduce(0) { sum, base in sum + servers.count { $0.address.isV4 == base.local.address.isV4 } }
    // RFC 8445 §14.3: RTO = MAX (500ms, Ta * (Num-Of-Cands)), the number of server-reflexive and relay candidates.
    var schedule = settings.schedule
    schedule.rto = max(schedule.rto, settings.pace * Int64(asked))
    for (index, base) in bases.enumerated() where settings.allowsHost {
      // RFC 8445 §5.1.2.1: among candidates of one type "the local preference MUST be unique for each one".
      add(
        CandidateDescription(
          type: .host, endpoint: base.local, base: base.local,
          priority: CandidatePriority.candidate(.host, localPreference: UInt16(65_535 - index)),
          foundation: mix(UInt64(CandidateType.host.rawValue), base.foundationKey)), into: &effects)
    }
    for (rank, server) in servers.enumerated() {
      for (index, base) in bases.enumerated() where server.address.isV4 == base.local.address.isV4 {
        let preference = UInt16(65_535 - (rank * bases.count + index))
        queries.append(
          Query(
            base: base, priority: CandidatePriority.candidate(.serverReflexive, localPreference: preference),
            foundation: mix(
              UInt64(CandidateType.serverReflexive.rawValue), base.foundationKey, server.address.high, server.address.low),
            transaction: BindingTransaction(
              id: TransactionID(seed: transactionSeed, ordinal: UInt64(queries.count)), asked: server, settings: schedule)))
      }
    }
  }

  /// Gives `input` to the started transactions that `matches` selects.
  private mutating func tell(
    _ input: BindingTransaction.Input, at now: SimTime, into effects: inout [Effect], where matches: (Query) -> Bool
  ) {
    guard case .gathering = state else { return }
    for index in queries.indices.prefix(started) where matches(queries[index]) {
      run(index, input, at: now, into: &effects)
    }
  }

  private mutating func run(_ index: Int, _ input: BindingTransaction.Input, at now: SimTime, into effects: inout [Effect]) {
    var outcome: [BindingTransaction.Effect] = []
    queries[index].transaction.handle(input, at: now, into: &outcome)
    let query = queries[index]
    for effect in outcome {
      switch effect {
      case .send(let number):
        let request = STUNMessage(kind: .request, transaction: query.transaction.id)
        effects.append(.send(base: query.base.row, to: query.transaction.asked, request, number: number))
      case .succeeded(let reflexive):
        add(
          CandidateDescription(
            type: .serverReflexive, endpoint: reflexive, base: query.base.local, priority: query.priority,
            foundation: query.foundation), into: &effects)
      case .failed: break
      }
    }
  }

  private mutating func advance(at now: SimTime, into effects: inout [Effect]) {
    guard case .gathering(let until) = state else { return }
    if started < queries.count, now >= paceAt, now < until {
      started += 1
      paceAt = now + settings.pace
      run(started - 1, .start, at: now, into: &effects)
    }
    let allEnded = started == queries.count && queries.allSatisfy { $0.transaction.nextDeadline == nil }
    guard allEnded || now >= until else { return }
    state = .finished
    queries = []
    effects.append(.finished(candidates))
  }

  /// RFC 8445 §5.1.3: "A candidate is redundant if and only if its transport address and base equal those of another candidate";
  /// what comes later never has the higher priority.
  private mutating func add(_ candidate: CandidateDescription, into effects: inout [Effect]) {
    let isRedundant = candidates.contains { $0.endpoint == candidate.endpoint && $0.base == candidate.base }
    guard !isRedundant else { return }
    candidates.append(candidate)
    effects.append(.candidate(candidate))
  }
}
