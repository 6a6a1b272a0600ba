// The ICE agent (RFC 8445, full, one component): what it is told, what it asks for, and when it wants to be woken.
public import SimulationKernel
public import Trace
public import Wire

/// Which side decides (RFC 8445 §6.1.1).
public enum ICERole: UInt8, Hashable, Sendable, BitwiseCopyable {
  case controlling, controlled
  var opposite: ICERole { self == .controlling ? .controlled : .controlling }
}

/// One side's checklist: a table of candidate pairs and Binding transactions, from start to the selected pair.
///
/// Three departures from RFC 8445, each noted where it happens: the choice goes by measured round trip; a failed nomination moves
/// to the next best pair instead of failing the checklist; a valid pair is kept on the pair whose check produced it.
public struct ICEAgent: Equatable, Sendable {
  /// The constants of the checks.
  public struct Settings: Hashable, Sendable {
    /// Ta, the least time between two new checks: 50 ms (RFC 8445 §14.2).
    public var pace: SimDuration = .milliseconds(50)
    /// The floor of RTO, 500 ms (RFC 8445 §14.3), with Rc 7 and Rm 16 (RFC 8489 §6.2.1).
    public var schedule = BindingTransaction.Settings()
    /// From the first valid pair to the choice: 1 s (*assumed*).
    public var selectionWindow: SimDuration = .seconds(1)
    /// Candidate pairs of the checklist: 100 (RFC 8445 §6.1.2.5).
    public var maximumPairs = 100
    /// Remote candidates, signalled and learned, and requests remembered before the peer's list: 32 (*assumed*).
    public var maximumRemoteCandidates = 32
    /// Checks begun for one pair, so that two agents cannot trigger each other for ever: 64 (*assumed*).
    public var maximumChecksPerPair = 64
    /// Whether addresses nobody signalled are accepted (RFC 8445 §7.3.1.3, §7.2.5.3.1); off is naive hole punching.
    public var peerReflexiveLearning = true
    /// Whether a hard ICMP error fails a pair (RFC 8445 §7.2.5.2.2: MAY).
    public var hardErrorsFailPairs = true
    /// Controlled, all pairs failed: how long a late request of the peer may still revive one: 8 s, the schedule's Rm × RTO
    /// (*assumed*; the last request of a peer that started up to 16 s later has come by then).
    public var patience: SimDuration = .seconds(8)
    /// Controlled, with a valid pair: how long to wait for a nomination: 39.5 s, one full schedule (*assumed*).
    public var nominationPatience: SimDuration = BindingTransaction.Settings().lifetime
    public init() {}
  }

  /// Why the agent found no pair.
  public enum Failure: Hashable, Sendable {
    /// No local candidate can be paired with a remote one.
    case noPairs
    /// Every check failed, or every nomination.
    case allPairsFailed
    /// Controlled: a pair was valid, but the peer nominated none.
    case notNominated
  }

  /// Where the agent stands.
  public enum State: Equatable, Sendable {
    /// The peer's list has not come; its checks are answered and remembered. Next: `checking`, `failed(.noPairs)`, `cancelled`.
    case idle
    /// Next: `nominating` (controlling), `selected` (controlled), `failed`, `cancelled`.
    case checking
    /// The choice has closed. Next: `selected`, `nominating` the next best, `checking` (role lost), `failed`, `cancelled`.
    case nominating(pair: Int)
    /// Checks of the peer are still answered. Next: `selected` another pair (controlled), `cancelled`.
    case selected(pair: Int)
    case failed(Failure)
    case cancelled
  }

  /// What the agent is told. A base is the shell's row of a socket: its index in `bases`.
  public enum Input: Equatable, Sendable {
    case start(local: [CandidateDescription], bases: [Endpoint], remote: CandidateList)
    case received(STUNMessage, from: Endpoint, base: Int)
    /// The socket could not send the request of this transaction (strong host, no route).
    case sendFailed(TransactionID)
    /// An ICMP error for what the base sent to `remote`; `BindingTransaction.isHard` tells which are hard.
    case unreachable(base: Int, remote: Endpoint, hard: Bool)
    case timer
    /// Another transport has won.
    case cancel
  }

  /// Why a message was not accepted.
  public enum Rejection: Hashable, Sendable {
    case noCredentials, wrongFragment, wrongPassword
    /// The source was not signalled, and learning is off.
    case unknownSource
    /// An answer that came from elsewhere than the address asked, or to elsewhere than the base that asked.
    case asymmetricAnswer
    /// The agent has failed or was cancelled.
    case closed
    public var dropReason: DropReason {
      switch self {
      case .noCredentials, .wrongFragment, .wrongPassword: .badCredentials
      case .unknownSource, .asymmetricAnswer: .wrongSource
      case .closed: .attemptClosed
      }
    }
  }

  /// What the agent asks of its shell.
  public enum Effect: Equatable, Sendable {
    /// `pair` is 0 for the answer to a request that belongs to none; `retransmission` counts from 1, 0 for a first sending.
    case send(base: Int, to: Endpoint, STUNMessage, pair: Int, retransmission: Int)
    /// What became of a pair, for the story. `valid` comes again when the round trip of a valid pair is measured later.
    case pair(row: Int, PairEvent, local: Endpoint, remote: Endpoint, roundTrip: SimDuration?)
    /// The pair to use. On the controlled side it may come again with another: the peer's first nomination had failed there.
    case selected(base: Int, remote: Endpoint, pair: Int, roundTrip: SimDuration?)
    case failed(Failure)
    /// The message just received was not accepted.
    case reject(Rejection)
  }

  /// What a check is for.
  enum Purpose: Equatable, Sendable { case ordinary, measurement, nomination }

  /// A Binding transaction of a pair.
  struct Check: Equatable, Sendable {
    var pair: Int
    var purpose: Purpose
    var request: STUNMessage
    var transaction: BindingTransaction
  }

  /// A request that overtook the peer's list.
  struct EarlyRequest: Equatable, Sendable {
    var message: STUNMessage
    var source: Endpoint
    var base: Int
  }

  public let settings: Settings
  public internal(set) var state: State = .idle
  public internal(set) var role: ICERole
  public internal(set) var tieBreaker: UInt64
  /// Every pair there has been, by row: row `n` stands at index `n - 1`.
  public internal(set) var pairs: [CandidatePair] = []
  /// The local and remote candidates, with those learned.
  public internal(set) var localCandidates: [CandidateDescription] = []
  public internal(set) var remoteCandidates: [CandidateDescription] = []

  let fragment: Secret
  let password: Secret
  let transactionSeed: UInt64
  var peerFragment: Secret = .none
  var peerPassword: Secret = .none
  var bases: [Endpoint] = []
  var early: [EarlyRequest] = []
  var checks: [Check] = []
  /// Rows of the triggered-check queue (RFC 8445 §6.1.4.1).
  var triggered: [Int] = []
  var transactions: UInt64 = 0
  /// When the next new check may go out.
  var paceAt: SimTime = .zero
  /// When the choice closes; set by the first valid pair.
  var windowEnds: SimTime?
  /// Controlled: when waiting for the peer ends; set while all pairs have ended.
  var patienceEnds: SimTime?

  public init(
    role: ICERole, tieBreaker: UInt64, fragment: Secret, password: Secret, settings: Settings = Settings(),
    transactionSeed: UInt64
  ) {
    self.role = role
    self.tieBreaker = tieBreaker
    self.fragment = fragment
    self.password = password
    self.settings = settings
    self.transactionSeed = transactionSeed
  }

  /// When `timer` is due; `nil` when nothing is awaited.
  public var nextDeadline: SimTime? {
    guard isRunning else { return nil }
    var next = SimTime.never
    for check in checks { if let deadline = check.transaction.nextDeadline { next = min(next, deadline) } }
    if hasCheckToPerform { next = min(next, paceAt) }
    if state == .checking {
      let limit = role == .controlling ? (hasValid ? windowEnds : nil) : patienceEnds
      if let limit { next = min(next, limit) }
    }
    return next == .never ? nil : next
  }

  var isRunning: Bool {
    switch state {
    case .checking, .nominating: true
    case .idle, .selected, .failed, .cancelled: false
    }
  }

  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch input {
    case .start(let local, let bases, let remote): start(local, bases, remote, at: now, into: &effects)
    case .received(let message, let source, let base): receive(message, from: source, base: base, at: now, into: &effects)
    case .sendFailed(let id): sendFailed(id, at: now, into: &effects)
    case .unreachable(let base, let remote, let hard):
      if hard { unreachable(base: base, remote: remote, at: now, into: &effects) }
    case .timer: break
    case .cancel: cancel(into: &effects)
    }
    // Whatever happened may have made a check due, ended the last pair, or closed the choice.
    runDueTransactions(at: now, into: &effects)
    conclude(at: now, into: &effects)
    performNextCheck(at: now, into: &effects)
  }

  private mutating func cancel(into effects: inout [Effect]) {
    endOpenPairs(as: .cancelled, telling: .cancelled, into: &effects)
    state = .cancelled
    early = []
  }

  /// Ends every pair that waits for something, and with them all checks.
  mutating func endOpenPairs(as end: CandidatePair.State, telling event: PairEvent, into effects: inout [Effect]) {
    checks = []
    triggered = []
    for index in pairs.indices where !pairs[index].state.hasEnded {
      pairs[index].state = end
      tell(event, index, into: &effects)
    }
  }

  func tell(_ event: PairEvent, _ index: Int, into effects: inout [Effect]) {
    let pair = pairs[index]
    effects.append(
      .pair(
        row: pair.row, event, local: pair.local.endpoint, remote: pair.remote.endpoint, roundTrip: pair.roundTrip))
  }
}
