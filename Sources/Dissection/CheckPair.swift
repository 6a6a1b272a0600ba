// ICE connectivity checks by pair: what was sent, what came, what was answered, and what follows.
public import SimulationKernel
public import Wire
import WireCodec

/// A local and a remote endpoint between which checks went.
public struct CheckPair: Equatable, Sendable {
  public enum Role: String, Equatable, Sendable { case controlling, controlled }

  /// Checks of one direction.
  public struct Checks: Equatable, Sendable {
    /// Transactions; a retransmission is not another one.
    public var requests = 0
    public var transmissions = 0
    public var answers = 0
    /// Error answers by code.
    public var errors: [Tally] = []
    public var useCandidate = 0
    public var first: SimTime?
    public var last: SimTime?
    public var role: Role?
    /// The role changed on the way, as after a conflict.
    public var changedRole = false
    public var priority: UInt32?
    /// Integrity that fits a known password, and that fits none of them.
    public var rightIntegrity = 0
    public var wrongIntegrity = 0

    public var retransmissions: Int { transmissions - requests }
  }

  public var local: Endpoint
  public var remote: Endpoint
  public var relay: Endpoint?
  public var sent = Checks()
  public var received = Checks()
  /// Round trips of own checks: the first that was answered, the shortest, the last.
  public var firstRoundTrip: SimDuration?
  public var shortestRoundTrip: SimDuration?
  public var lastRoundTrip: SimDuration?
  /// From the first own request to the first answer to any.
  public var firstAnswer: SimDuration?
  /// When a check with USE-CANDIDATE was first answered well, in either direction.
  public var nominated: SimTime?
  public var refusals: [Refusal] = []

  public var isValid: Bool { sent.answers > 0 }

  static func all(
    _ transactions: [STUNTransaction], _ orientation: Orientation, _ flows: [FlowRecord]
  ) -> [CheckPair] {
    struct Key: Hashable {
      var local: Endpoint
      var remote: Endpoint
      var relay: Relayed?
    }
    var found: [CheckPair] = []
    var rows: [Key: Int] = [:]
    for transaction in transactions where transaction.isCheck {
      let isOwn =
        transaction.relay.map { $0.client == transaction.client }
        ?? orientation.isNear(transaction.client.address, facing: transaction.server.address)
      let (local, remote) = isOwn ? (transaction.client, transaction.server) : (transaction.server, transaction.client)
      let key = Key(local: local, remote: remote, relay: transaction.relay)
      let row = rows[key] ?? found.count
      if row == found.count {
        rows[key] = row
        var pair = CheckPair(local: local, remote: remote, relay: transaction.relay?.server)
        pair.refusals = flows.first { $0.key == FlowKey(.udp, local, remote, relay: transaction.relay) }?.refusals ?? []
        found.append(pair)
      }
      found[row].take(transaction, isOwn: isOwn)
    }
    return found
  }

  private mutating func take(_ transaction: STUNTransaction, isOwn: Bool) {
    if isOwn { sent.take(transaction) } else { received.take(transaction) }
    guard let answer = transaction.answer, answer.error == nil else { return }
    if transaction.useCandidate { nominated = nominated ?? answer.time }
    guard isOwn else { return }
    if firstAnswer == nil, let first = sent.first { firstAnswer = answer.time - first }
    guard let trip = transaction.roundTrip else { return }
    firstRoundTrip = firstRoundTrip ?? trip
    shortestRoundTrip = min(shortestRoundTrip ?? trip, trip)
    lastRoundTrip = trip
  }

  // MARK: Words

  /// What became of the pair.
  public var sentence: String {
    let nominated = self.nominated.map { ", nominated at \($0)" } ?? ""
    let errors = sent.errors.isEmpty ? "" : "; \(sent.errorWords) came first or between"
    if sent.answers > 0 {
      let repeats = sent.retransmissions == 0 ? "" : " and \(counted(sent.retransmissions, "retransmission"))"
      let isFirst = firstAnswer == firstRoundTrip
      let when = isFirst || firstRoundTrip == nil ? "" : " (round trip \(firstRoundTrip ?? .zero))"
      return "answered after \(firstAnswer ?? .zero)\(when)\(repeats)\(nominated)\(errors)"
    }
    if received.wrongIntegrity > 0, received.answers == 0 {
      return "\(counted(received.wrongIntegrity, "request")) came from there with another password than the one given"
    }
    if sent.requests == 0 {
      let answers = received.answers == 0 ? "were not answered" : "\(received.answers) answered\(nominated)"
      return "\(counted(received.transmissions, "request")) came from there, \(answers); this side sent none"
    }
    if !sent.errors.isEmpty { return "refused: \(sent.errorWords)" }
    let silence =
      "\(counted(sent.transmissions, "request")) to \(remote) \(sent.transmissions == 1 ? "was" : "were") never answered"
    if let refusal = refusals.first { return "\(silence): \(refusal.sentence)" }
    if received.transmissions == 0 {
      return "\(silence) and none came from there: nothing came back through the filter on either side"
    }
    let came = "\(counted(received.transmissions, "request")) came from there"
    if received.answers == 0 { return "\(silence), though \(came), which this side did not answer either" }
    return
      "\(silence), though \(came) and \(received.answers) \(received.answers == 1 ? "was" : "were") answered: packets get in, and what leaves here is lost or its answers are"
  }
}

extension CheckPair.Checks {
  mutating func take(_ transaction: STUNTransaction) {
    requests += 1
    transmissions += transaction.sent.count
    if transaction.useCandidate { useCandidate += 1 }
    first = first ?? transaction.sent.first
    last = transaction.sent.last ?? last
    if let role = transaction.role {
      if let old = self.role, old != role { changedRole = true }
      self.role = role
    }
    priority = priority ?? transaction.priority
    if transaction.integrity == .right { rightIntegrity += 1 }
    if transaction.integrity == .wrong { wrongIntegrity += 1 }
    guard let answer = transaction.answer else { return }
    if let code = answer.error { errors.count("\(code)") } else { answers += 1 }
  }

  /// "487 Role Conflict (1)".
  public var errorWords: String {
    listed(
      errors.map { error in
        let reason = STUNMessage.reason(of: UInt16(error.name) ?? 0)
        return reason.isEmpty ? "\(error.name) (\(error.count))" : "\(error.name) \(reason) (\(error.count))"
      })
  }
}
