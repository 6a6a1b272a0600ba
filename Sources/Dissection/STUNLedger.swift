// STUN and TURN transactions: each request with its retransmissions and its answer.
import SimulationKernel
import Wire
import WireCodec

/// A request, how often it was sent, and what came back.
struct STUNTransaction {
  var method: UInt16
  var client: Endpoint
  var server: Endpoint
  var relay: Relayed?
  /// When the request was seen; empty when that was before the capture.
  var sent: [SimTime]
  var answer: Answer?
  var username: String?
  var priority: UInt32?
  var useCandidate = false
  /// What the asker says it is.
  var role: CheckPair.Role?
  var peers: [Endpoint] = []
  var channel: UInt16?
  /// LIFETIME as it was asked for.
  var lifetime: UInt64?
  var isAuthenticated = false
  /// The password or key that made its integrity.
  var key: [UInt8]?
  var integrity = STUNVerdict.absent

  struct Answer {
    var time: SimTime
    var from: Endpoint
    /// `nil` for a success.
    var error: UInt16?
    var mapped: Endpoint?
    var relayed: Endpoint?
    var lifetime: UInt64?
    var otherAddress: Endpoint?
    var responseOrigin: Endpoint?
    var software: String?
  }

  /// Whether it is an ICE connectivity check, and not a question to a server (RFC 8445 §7.1).
  var isCheck: Bool { method == STUNFrame.binding && (priority != nil || role != nil || username?.contains(":") == true) }

  /// From the latest request before the answer; after a retransmission it may be an earlier one's answer.
  var roundTrip: SimDuration? {
    guard let answer, let asked = sent.last(where: { $0 <= answer.time }) else { return nil }
    return answer.time - asked
  }
}

struct STUNLedger {
  private struct Key: Hashable {
    var id: TransactionID
    var client: Endpoint
    var server: Endpoint
    var relay: Relayed?
  }
  private var all: [STUNTransaction] = []
  private var rows: [Key: Int] = [:]
  /// For answers that come from elsewhere than they were asked at.
  private var latest: [TransactionID: Int] = [:]

  /// A message's header and attributes; of one that was cut, those that are whole.
  static func decoded(_ bytes: ArraySlice<UInt8>, isCut: Bool) -> DecodedSTUN? {
    if let message = try? DecodedSTUN(bytes) { return message }
    guard isCut, bytes.count >= STUNFrame.headerLength else { return nil }
    var end = STUNFrame.headerLength
    let whole = Array(bytes)
    while end + 4 <= whole.count {
      let length = Int(whole[end + 2]) << 8 | Int(whole[end + 3])
      let next = end + 4 + (length + 3) / 4 * 4
      if next > whole.count { break }
      end = next
    }
    var part = Array(whole[..<end])
    (part[2], part[3]) = (UInt8((end - STUNFrame.headerLength) >> 8), UInt8((end - STUNFrame.headerLength) & 0xFF))
    return try? DecodedSTUN(part[...])
  }

  mutating func take(
    _ message: DecodedSTUN, from: Endpoint, to: Endpoint, relay: Relayed?, _ sighting: Sighting, _ passwords: Passwords,
    _ trouble: inout Trouble
  ) {
    let isWhole = sighting.missing == 0
    if isWhole, message.fingerprint == .wrong { trouble.wrongFingerprints += 1 }
    switch message.frame.kind {
    case .request:
      let key = Key(id: message.frame.transaction, client: from, server: to, relay: relay)
      if let row = rows[key] {
        all[row].sent.append(sighting.time)
        return
      }
      var transaction = Self.opened(message.frame, from, to, relay)
      transaction.sent = [sighting.time]
      if isWhole { Self.judge(message, &transaction, passwords, &trouble) }
      latest[key.id] = all.count
      rows[key] = all.count
      all.append(transaction)
    case .success, .error: answered(message, from, to, relay, sighting.time, &trouble)
    case .indication: break
    }
  }

  private mutating func answered(
    _ message: DecodedSTUN, _ from: Endpoint, _ to: Endpoint, _ relay: Relayed?, _ time: SimTime, _ trouble: inout Trouble
  ) {
    let frame = message.frame
    let key = Key(id: frame.transaction, client: to, server: from, relay: relay)
    let row: Int
    if let known = rows[key] {
      row = known
    } else if let known = latest[frame.transaction], all[known].client == to, all[known].relay == relay {
      row = known
    } else {
      row = all.count
      rows[key] = row
      all.append(STUNTransaction(method: frame.method, client: to, server: from, relay: relay, sent: []))
    }
    guard all[row].answer == nil else { return }
    var answer = STUNTransaction.Answer(time: time, from: from)
    if frame.kind == .error {
      answer.error = 0
      if case .error(let code, _) = frame.first(STUNAttribute.errorCode) { answer.error = code }
    }
    answer.mapped = frame.address(STUNAttribute.xorMappedAddress) ?? frame.address(STUNAttribute.mappedAddress)
    answer.relayed = frame.address(STUNAttribute.xorRelayedAddress)
    answer.otherAddress = frame.address(STUNAttribute.otherAddress)
    answer.responseOrigin = frame.address(STUNAttribute.responseOrigin)
    answer.lifetime = frame.number(STUNAttribute.lifetime)
    answer.software = frame.text(STUNAttribute.software)
    all[row].answer = answer
    if let key = all[row].key {
      switch message.integrity(key: key) {
      case .right: trouble.rightIntegrity += 1
      case .wrong: trouble.wrongIntegrity += 1
      case .absent: break
      }
    }
  }

  private static func opened(_ frame: STUNFrame, _ from: Endpoint, _ to: Endpoint, _ relay: Relayed?) -> STUNTransaction {
    var found = STUNTransaction(method: frame.method, client: from, server: to, relay: relay, sent: [])
    found.username = frame.text(STUNAttribute.username)
    found.priority = frame.number(STUNAttribute.priority).map { UInt32(truncatingIfNeeded: $0) }
    found.useCandidate = frame.first(STUNAttribute.useCandidate) != nil
    if frame.number(STUNAttribute.iceControlling) != nil { found.role = .controlling }
    if frame.number(STUNAttribute.iceControlled) != nil { found.role = .controlled }
    found.peers = frame.addresses(STUNAttribute.xorPeerAddress)
    found.channel = frame.number(STUNAttribute.channelNumber).map { UInt16(truncatingIfNeeded: $0) }
    found.lifetime = frame.number(STUNAttribute.lifetime)
    found.isAuthenticated = frame.first(STUNAttribute.realm) != nil
    return found
  }

  /// Tries the passwords that are known: short-term ones as they are (RFC 8489 §9.1.1), long-term ones with user and realm (§9.2.2).
  private static func judge(
    _ message: DecodedSTUN, _ transaction: inout STUNTransaction, _ passwords: Passwords, _ trouble: inout Trouble
  ) {
    var tried = passwords.anyone
    if let receiver = transaction.username?.split(separator: ":").first, let own = passwords.byFragment[String(receiver)] {
      tried.insert(own, at: 0)
    }
    var keys = tried.map { Array($0.utf8) }
    if let realm = message.frame.text(STUNAttribute.realm), let user = transaction.username {
      keys = tried.flatMap {
        [
          STUNKey.longTerm(user: user, realm: realm, password: $0),
          STUNKey.longTermSHA256(user: user, realm: realm, password: $0),
        ]
      }
    }
    for key in keys {
      transaction.integrity = message.integrity(key: key)
      if transaction.integrity == .right { transaction.key = key }
      if transaction.integrity != .wrong { break }
    }
    if transaction.integrity == .right { trouble.rightIntegrity += 1 }
    if transaction.integrity == .wrong { trouble.wrongIntegrity += 1 }
  }

  /// All transactions in the order they began.
  func transactions(since origin: SimTime) -> [STUNTransaction] {
    all.map { transaction in
      var transaction = transaction
      transaction.sent = transaction.sent.map { $0.since(origin) }
      if let answer = transaction.answer { transaction.answer?.time = answer.time.since(origin) }
      return transaction
    }
  }
}

extension STUNFrame {
  func address(_ type: UInt16) -> Endpoint? { if case .address(let found) = first(type) { found } else { nil } }
  func number(_ type: UInt16) -> UInt64? { if case .number(let found) = first(type) { found } else { nil } }
  func text(_ type: UInt16) -> String? {
    if case .bytes(let found) = first(type) { String(decoding: found, as: UTF8.self) } else { nil }
  }
  func addresses(_ type: UInt16) -> [Endpoint] {
    attributes.compactMap { if $0.type == type, case .address(let found) = $0.value { found } else { nil } }
  }
}
