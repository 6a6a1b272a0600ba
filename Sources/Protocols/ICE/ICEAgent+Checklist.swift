// Forming the checklist and sending its checks, ordinary and triggered (RFC 8445 §6.1.2 to §6.1.4, §7.2.4).
import SimulationKernel
import Trace
import Wire

extension ICEAgent {
  mutating func start(
    _ local: [CandidateDescription], _ bases: [Endpoint], _ remote: CandidateList, at now: SimTime, into effects: inout [Effect]
  ) {
    switch state {
    case .idle: break
    // The peer's list may come after the race is decided.
    case .cancelled: return
    case .checking, .nominating, .selected, .failed: preconditionFailure("agent started twice in \(state)")
    }
    state = .checking
    paceAt = now
    self.bases = bases
    localCandidates = local
    peerFragment = remote.fragment
    peerPassword = remote.password
    for candidate in remote.candidates.sorted(by: { $0.priority > $1.priority }).prefix(settings.maximumRemoteCandidates)
    where !remoteCandidates.contains(where: { $0.endpoint == candidate.endpoint }) {
      remoteCandidates.append(candidate)
    }
    formChecklist(into: &effects)
    // RFC 8445 §7.3: "Once the answer is received, it MUST proceed with the remaining steps required".
    let overtaking = early
    early = []
    for request in overtaking where request.message.username?.sender == peerFragment {
      proceed(with: request, answering: !settings.peerReflexiveLearning, at: now, into: &effects)
    }
    if pairs.isEmpty { fail(.noPairs, into: &effects) }
  }

  /// Pairs, orders, prunes, limits, and unfreezes the first pair of each foundation (RFC 8445 §6.1.2.2 to §6.1.2.6).
  private mutating func formChecklist(into effects: inout [Effect]) {
    var formed: [(base: Int, local: CandidateDescription, remote: CandidateDescription, priority: UInt64)] = []
    for candidate in localCandidates {
      guard let base = bases.firstIndex(of: candidate.base) else { continue }
      for remote in remoteCandidates where CandidatePair.canPair(candidate.base.address, remote.endpoint.address) {
        let priority = pairPriority(candidate.priority, remote.priority)
        formed.append((base, sendable(candidate), remote, priority))
      }
    }
    let order = formed.indices.sorted { a, b in
      formed[a].priority != formed[b].priority ? formed[a].priority > formed[b].priority : a < b
    }
    for index in order where pairs.count < settings.maximumPairs {
      let (base, local, remote, priority) = formed[index]
      guard pairIndex(base: base, remote: remote.endpoint) == nil else { continue }
      let added = appendPair(base: base, local: local, remote: remote, priority: priority, into: &effects)
      let isFirst = !pairs[..<added].contains { $0.foundation == pairs[added].foundation }
      if isFirst { pairs[added].state = .waiting }
    }
  }

  /// RFC 8445 §6.1.2.4: "For each pair where the local candidate is reflexive, the candidate MUST be replaced by its base."
  private func sendable(_ candidate: CandidateDescription) -> CandidateDescription {
    guard candidate.endpoint != candidate.base else { return candidate }
    if let host = localCandidates.first(where: { $0.endpoint == candidate.base && $0.base == candidate.base }) { return host }
    var base = candidate
    base.type = .host
    base.endpoint = candidate.base
    return base
  }

  func pairPriority(_ local: UInt32, _ remote: UInt32) -> UInt64 {
    role == .controlling
      ? CandidatePriority.pair(controlling: local, controlled: remote)
      : CandidatePriority.pair(controlling: remote, controlled: local)
  }

  func pairIndex(base: Int, remote: Endpoint) -> Int? {
    pairs.firstIndex { $0.base == base && $0.remote.endpoint == remote }
  }

  /// Adds a frozen pair and returns its index.
  mutating func appendPair(
    base: Int, local: CandidateDescription, remote: CandidateDescription, priority: UInt64, into effects: inout [Effect]
  ) -> Int {
    let foundation = mix(local.foundation, remote.foundation)
    let twins = pairs.count { $0.foundation == foundation }
    pairs.append(
      CandidatePair(
        row: pairs.count + 1, base: base, local: local, remote: remote, priority: priority, foundation: foundation,
        conversationKey: twins == 0 ? foundation : mix(foundation, UInt64(twins))))
    tell(.formed, pairs.count - 1, into: &effects)
    return pairs.count - 1
  }

  /// RFC 8445 §6.1.2.3; after a change of role (§7.3.1.1) the priorities change places.
  mutating func recomputePriorities() {
    for index in pairs.indices { pairs[index].priority = pairPriority(pairs[index].local.priority, pairs[index].remote.priority) }
  }

  // MARK: Checks

  /// Whether the next firing of Ta would perform a check (RFC 8445 §6.1.4.2).
  var hasCheckToPerform: Bool {
    !triggered.isEmpty || pairs.contains { $0.state == .waiting }
      || pairs.contains { $0.state == .frozen && !isActive($0.foundation) }
  }

  private func isActive(_ foundation: UInt64) -> Bool {
    pairs.contains { $0.foundation == foundation && ($0.state == .waiting || $0.state == .inProgress) }
  }

  /// RFC 8445 §6.1.4.2, steps 1 to 3. The spacing of Ta is kept between any two checks; after a pause the next one goes at once.
  mutating func performNextCheck(at now: SimTime, into effects: inout [Effect]) {
    guard isRunning, now >= paceAt, hasCheckToPerform else { return }
    paceAt = now + settings.pace
    if !triggered.isEmpty {
      let index = triggered.removeFirst() - 1
      guard case .nominating = state else {
        return sendCheck(index, pairs[index].state == .succeeded ? .measurement : .ordinary, at: now, into: &effects)
      }
      return sendCheck(index, .nomination, at: now, into: &effects)
    }
    if !pairs.contains(where: { $0.state == .waiting }) {
      for index in byPriority where pairs[index].state == .frozen && !isActive(pairs[index].foundation) {
        pairs[index].state = .waiting
      }
    }
    guard let index = byPriority.first(where: { pairs[$0].state == .waiting }) else { return }
    sendCheck(index, .ordinary, at: now, into: &effects)
  }

  private var byPriority: [Int] {
    pairs.indices.sorted { pairs[$0].priority != pairs[$1].priority ? pairs[$0].priority > pairs[$1].priority : $0 < $1 }
  }

  /// RFC 8445 §7.2.4 with the attributes of §7.1 and the credentials of §7.2.2.
  private mutating func sendCheck(_ index: Int, _ purpose: Purpose, at now: SimTime, into effects: inout [Effect]) {
    if purpose == .ordinary { pairs[index].state = .inProgress }
    pairs[index].checksStarted += 1
    let pair = pairs[index]
    var request = STUNMessage(kind: .request, transaction: TransactionID(seed: transactionSeed, ordinal: transactions))
    transactions += 1
    request.username = ICEUsername(receiver: peerFragment, sender: fragment)
    request.integrity = peerPassword
    request.priority = CandidatePriority.peerReflexive(of: pair.local.priority)
    request.useCandidate = purpose == .nomination
    request.role = role == .controlling ? .controlling(tieBreaker: tieBreaker) : .controlled(tieBreaker: tieBreaker)
    request.fingerprint = true
    var schedule = settings.schedule
    schedule.rto = retransmissionTimeout
    // A retransmitted request measures nothing.
    if purpose == .measurement { schedule.requests = 1 }
    let transaction = BindingTransaction(id: request.transaction, asked: pair.remote.endpoint, settings: schedule)
    checks.append(Check(pair: pair.row, purpose: purpose, request: request, transaction: transaction))
    run(checks.count - 1, .start, at: now, into: &effects)
  }

  /// RFC 8445 §14.3: RTO = MAX (500ms, Ta * N * (Num-Waiting + Num-In-Progress)).
  private var retransmissionTimeout: SimDuration {
    let open = pairs.count { $0.state == .waiting || $0.state == .inProgress }
    return max(settings.schedule.rto, settings.pace * Int64(pairs.count * open))
  }

  mutating func runDueTransactions(at now: SimTime, into effects: inout [Effect]) {
    var position = 0
    while isRunning, position < checks.count {
      guard let deadline = checks[position].transaction.nextDeadline, now >= deadline else {
        position += 1
        continue
      }
      run(position, .timer, at: now, into: &effects)
    }
  }

  /// Gives a transaction an input and acts on what comes of it. An ended transaction leaves the table.
  mutating func run(_ position: Int, _ input: BindingTransaction.Input, at now: SimTime, into effects: inout [Effect]) {
    var outcome: [BindingTransaction.Effect] = []
    checks[position].transaction.handle(input, at: now, into: &outcome)
    let check = checks[position]
    if check.transaction.nextDeadline == nil { checks.remove(at: position) }
    for effect in outcome {
      switch effect {
      case .send(let number):
        effects.append(
          .send(
            base: pairs[check.pair - 1].base, to: check.transaction.asked, check.request, pair: check.pair,
            retransmission: number - 1))
      case .succeeded(let mapped): succeeded(check, mapped: mapped, at: now, into: &effects)
      case .failed: failed(check, into: &effects)
      }
    }
  }

  /// Puts a pair on the triggered-check queue (RFC 8445 §7.3.1.4), unless it has been checked too often.
  mutating func trigger(_ index: Int) {
    guard pairs[index].checksStarted < settings.maximumChecksPerPair else { return }
    cancelTransactions(ofPair: index)
    pairs[index].state = .waiting
    if !triggered.contains(pairs[index].row) { triggered.append(pairs[index].row) }
  }

  /// RFC 8445 §7.3.1.4: a cancelled transaction is not retransmitted, its silence is no failure, and its answer still counts.
  private mutating func cancelTransactions(ofPair index: Int) {
    for position in checks.indices where checks[position].pair == pairs[index].row {
      var nothing: [BindingTransaction.Effect] = []
      checks[position].transaction.handle(.cancel, at: checks[position].transaction.firstSent ?? .zero, into: &nothing)
    }
  }
}
