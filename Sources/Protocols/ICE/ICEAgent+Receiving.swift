// What comes in: the peer's requests (RFC 8445 §7.3), answers to our own (§7.2.5), and word that a request went nowhere.
import SimulationKernel
import Wire

extension ICEAgent {
  mutating func receive(_ message: STUNMessage, from source: Endpoint, base: Int, at now: SimTime, into effects: inout [Effect]) {
    switch message.kind {
    case .request: receiveRequest(message, from: source, base: base, at: now, into: &effects)
    case .success, .error: receiveResponse(message, from: source, base: base, at: now, into: &effects)
    // A keepalive (RFC 8445 §11) asks for nothing.
    case .indication: break
    }
  }

  // MARK: Requests

  private mutating func receiveRequest(
    _ message: STUNMessage, from source: Endpoint, base: Int, at now: SimTime, into effects: inout [Effect]
  ) {
    if let rejection = rejection(of: message) { return effects.append(.reject(rejection)) }
    switch state {
    case .failed, .cancelled: return effects.append(.reject(.closed))
    case .idle, .checking, .nominating, .selected: break
    }
    let request = EarlyRequest(message: message, source: source, base: base)
    if refusesRole(of: message) {
      return refuse(request, code: 487, into: &effects)
    }
    switch state {
    case .idle:
      // RFC 8445 §7.3: "If this happens, the agent MUST immediately generate a response"; without learning the source must first
      // be known from the list.
      if settings.peerReflexiveLearning { answer(request, pair: 0, into: &effects) }
      remember(request)
    case .checking, .nominating: proceed(with: request, answering: true, at: now, into: &effects)
    case .selected(let row): respondAfterSelection(to: request, selected: row, into: &effects)
    case .failed, .cancelled: break
    }
  }

  /// RFC 8445 §7.3: the first half of USERNAME must be our fragment, MESSAGE-INTEGRITY made with our password. A check of our own
  /// that a hairpin brings back names the peer first, and is refused here.
  private func rejection(of message: STUNMessage) -> Rejection? {
    guard let username = message.username, message.integrity != .none else { return .noCredentials }
    guard username.receiver == fragment, peerFragment == .none || username.sender == peerFragment else { return .wrongFragment }
    return message.integrity == password ? nil : .wrongPassword
  }

  private mutating func remember(_ request: EarlyRequest) {
    if let known = early.firstIndex(where: { $0.source == request.source && $0.base == request.base }) {
      early[known].message.useCandidate = early[known].message.useCandidate || request.message.useCandidate
    } else if early.count < settings.maximumRemoteCandidates {
      early.append(request)
    }
  }

  /// RFC 8445 §7.3.1.1: whether to answer 487; if not, and the roles conflict, ours has changed.
  private mutating func refusesRole(of message: STUNMessage) -> Bool {
    switch (role, message.role) {
    case (.controlling, .controlling(let theirs)):
      if tieBreaker >= theirs { return true }
      switchRole(to: .controlled)
    case (.controlled, .controlled(let theirs)):
      if tieBreaker < theirs { return true }
      switchRole(to: .controlling)
    case (.controlling, .controlled), (.controlled, .controlling), (_, nil): break
    }
    return false
  }

  /// A change of role recomputes priorities and voids a nomination under way (RFC 8445 §7.3.1.1).
  private mutating func switchRole(to new: ICERole) {
    role = new
    recomputePriorities()
    patienceEnds = nil
    guard case .nominating = state else { return }
    state = .checking
    triggered = []
    checks.removeAll { $0.purpose == .nomination }
    for index in pairs.indices where pairs[index].state == .unfinished { pairs[index].state = .waiting }
  }

  private func answer(_ request: EarlyRequest, pair: Int, into effects: inout [Effect]) {
    var response = STUNMessage(kind: .success, transaction: request.message.transaction)
    response.mapped = request.source
    response.integrity = password
    response.fingerprint = true
    effects.append(.send(base: request.base, to: request.source, response, pair: pair, retransmission: 0))
  }

  private func refuse(_ request: EarlyRequest, code: UInt16, into effects: inout [Effect]) {
    var refusal = STUNMessage(kind: .error, transaction: request.message.transaction)
    refusal.errorCode = code
    refusal.integrity = password
    refusal.fingerprint = true
    let row = pairIndex(base: request.base, remote: request.source).map { pairs[$0].row } ?? 0
    effects.append(.send(base: request.base, to: request.source, refusal, pair: row, retransmission: 0))
  }

  /// RFC 8445 §8.1.2: "an agent MUST continue to respond to any Binding request". A controlling peer whose nomination's answers
  /// were all lost nominates its next best pair: we follow to a valid one, and refuse any other (§7.3.1.5).
  private mutating func respondAfterSelection(to request: EarlyRequest, selected row: Int, into effects: inout [Effect]) {
    let index = pairIndex(base: request.base, remote: request.source)
    let nominatesAnother = role == .controlled && request.message.useCandidate && index != row - 1
    guard nominatesAnother else { return answer(request, pair: index.map { pairs[$0].row } ?? 0, into: &effects) }
    guard let index, pairs[index].state == .succeeded else { return refuse(request, code: 400, into: &effects) }
    answer(request, pair: pairs[index].row, into: &effects)
    pairs[row - 1].isNominated = false
    select(index, into: &effects)
  }

  /// RFC 8445 §7.3.1.3 to §7.3.1.5: learn the source, answer, trigger a check, note a nomination.
  mutating func proceed(with request: EarlyRequest, answering: Bool, at now: SimTime, into effects: inout [Effect]) {
    let message = request.message
    if !settings.peerReflexiveLearning, !remoteCandidates.contains(where: { $0.endpoint == request.source }) {
      return effects.append(.reject(.unknownSource))
    }
    let found = pairIndex(base: request.base, remote: request.source) ?? learnPair(request, into: &effects)
    if answering { answer(request, pair: found.map { pairs[$0].row } ?? 0, into: &effects) }
    guard let index = found, state == .checking else { return }
    if role == .controlled, message.useCandidate { pairs[index].nominationRequested = true }
    switch pairs[index].state {
    case .succeeded: if pairs[index].nominationRequested { select(index, into: &effects) }
    case .frozen, .waiting, .inProgress, .failed: trigger(index)
    case .unfinished, .cancelled: break
    }
  }

  /// Makes the pair a request came over, with a peer-reflexive remote candidate when the source is unknown; `nil` past a bound.
  private mutating func learnPair(_ request: EarlyRequest, into effects: inout [Effect]) -> Int? {
    guard state == .checking, bases.indices.contains(request.base), pairs.count < settings.maximumPairs else { return nil }
    guard
      let local = localCandidates.first(where: { $0.endpoint == bases[request.base] })
        ?? pairs.first(where: { $0.base == request.base })?.local
    else { return nil }
    var remote = remoteCandidates.first { $0.endpoint == request.source }
    if remote == nil, remoteCandidates.count < settings.maximumRemoteCandidates {
      let learned = peerReflexive(request, local: local)
      remoteCandidates.append(learned)
      remote = learned
    }
    guard let remote else { return nil }
    return appendPair(
      base: request.base, local: local, remote: remote, priority: pairPriority(local.priority, remote.priority), into: &effects)
  }

  /// RFC 8445 §7.3.1.3: "The foundation is an arbitrary value, different from the foundations of all other remote candidates":
  /// made of the base and the peer's PRIORITY, which name interfaces and not ports, so that it is the same in every run.
  private func peerReflexive(_ request: EarlyRequest, local: CandidateDescription) -> CandidateDescription {
    let priority = max(1, min(request.message.priority ?? 1, CandidatePriority.greatest))
    var foundation = mix(UInt64(CandidateType.peerReflexive.rawValue), local.foundation, UInt64(priority))
    while remoteCandidates.contains(where: { $0.foundation == foundation }) { foundation = mix(foundation, 1) }
    return CandidateDescription(
      type: .peerReflexive, endpoint: request.source, base: request.source, priority: priority, foundation: foundation)
  }

  // MARK: Responses

  private mutating func receiveResponse(
    _ message: STUNMessage, from source: Endpoint, base: Int, at now: SimTime, into effects: inout [Effect]
  ) {
    // The answer to a transaction that has ended, or to none of ours.
    guard let position = checks.firstIndex(where: { $0.transaction.id == message.transaction }) else { return }
    let check = checks[position]
    // RFC 8445 §7.2.2: "The responses utilize the same usernames and passwords as the requests".
    guard message.integrity == peerPassword else { return effects.append(.reject(.wrongPassword)) }
    // RFC 8445 §7.2.5.2.1: "If the addresses are not symmetric, the agent MUST set the candidate pair state to Failed."
    guard check.transaction.answers(message, from: source), base == pairs[check.pair - 1].base else {
      checks.remove(at: position)
      effects.append(.reject(.asymmetricAnswer))
      return failed(check, into: &effects)
    }
    guard message.kind == .error, message.errorCode == 487 else {
      return run(position, .response(message), at: now, into: &effects)
    }
    checks.remove(at: position)
    yieldRole(check, into: &effects)
  }

  /// RFC 8445 §7.2.5.1: switch the role the request was sent in, change the tie-breaker, and check the pair again.
  private mutating func yieldRole(_ check: Check, into effects: inout [Effect]) {
    let sentAs: ICERole = if case .controlling = check.request.role { .controlling } else { .controlled }
    if role == sentAs {
      switchRole(to: sentAs.opposite)
      // Its own seed goes in, so that two equal tie-breakers part.
      tieBreaker = mix(tieBreaker, transactionSeed)
    }
    let index = check.pair - 1
    guard state == .checking, pairs[index].state != .unfinished else { return }
    if pairs[index].checksStarted < settings.maximumChecksPerPair { trigger(index) } else { failed(check, into: &effects) }
  }

  // MARK: Requests of our own that went nowhere

  mutating func sendFailed(_ id: TransactionID, at now: SimTime, into effects: inout [Effect]) {
    guard let position = checks.firstIndex(where: { $0.transaction.id == id }) else { return }
    run(position, .sendFailed, at: now, into: &effects)
  }

  /// RFC 8445 §7.2.5.2.2: "if a Binding request generates a hard ICMP error, the agent SHOULD set the state of the candidate
  /// pair to Failed".
  mutating func unreachable(base: Int, remote: Endpoint, at now: SimTime, into effects: inout [Effect]) {
    guard settings.hardErrorsFailPairs, let index = pairIndex(base: base, remote: remote) else { return }
    let current = checks.firstIndex { check in
      if case .cancelled = check.transaction.state { return false }
      return check.pair == pairs[index].row
    }
    if let current { run(current, .icmp(.portUnreachable), at: now, into: &effects) }
  }
}
