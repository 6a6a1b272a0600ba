// What STUN answers say of translation: an own endpoint, who was asked, and where from each saw it come.
public import SimulationKernel
public import Wire
import WireCodec

/// An endpoint and how others saw it.
public struct Mapping: Equatable, Sendable {
  /// Somebody who answered.
  public struct Answer: Equatable, Sendable {
    public var server: Endpoint
    public var reflexive: Endpoint
    public var first: SimTime
    /// The shortest of its answers; `nil` when the requests were before the capture.
    public var roundTrip: SimDuration?
    public var answers = 1
    /// Whether a peer's answer to a connectivity check said so, and not a server.
    public var isPeer: Bool
    /// Where else the server answers (RFC 5780 §7.4), and whence it says it answered (§7.3).
    public var otherAddress: Endpoint?
    public var responseOrigin: Endpoint?
    public var software: String?
  }
  /// Somebody who did not.
  public struct Silence: Equatable, Sendable {
    public var server: Endpoint
    public var transmissions: Int
    public var first: SimTime
    public var last: SimTime
    /// An ICMP error that came instead.
    public var refusal: Refusal?
  }
  public enum Kind: String, Equatable, Sendable {
    /// Nobody answered.
    case unknown
    /// One answer, or answers of one server.
    case oneServer = "one-server"
    /// Servers see the endpoint as it is.
    case none = "not-translated"
    case endpointIndependent = "endpoint-independent"
    /// Different for another address; RFC 4787 §4.1's two kinds look alike.
    case destinationDependent = "destination-dependent"
    /// Different for another port of the same address.
    case addressAndPortDependent = "address-and-port-dependent"
    /// The same for two ports of one address, different for another address.
    case addressDependent = "address-dependent"
    /// The same server saw another endpoint later.
    case changed
  }

  public var own: Endpoint
  public var isNear: Bool
  public var answers: [Answer] = []
  public var silences: [Silence] = []

  /// Whether all who answered saw the own port.
  public var isPortPreserved: Bool { !answers.isEmpty && answers.allSatisfy { $0.reflexive.port == own.port } }

  public var kind: Kind {
    if answers.isEmpty { return .unknown }
    let seen = answers.map(\.reflexive)
    for (row, answer) in answers.enumerated() {
      if answers[..<row].contains(where: { $0.server == answer.server && $0.reflexive != answer.reflexive }) { return .changed }
    }
    if seen.allSatisfy({ $0 == own }) { return .none }
    if Set(answers.map(\.server)).count == 1 { return .oneServer }
    if Set(seen).count == 1 { return .endpointIndependent }
    var sameAddress = false
    for (row, answer) in answers.enumerated() {
      for other in answers[..<row] where other.server.address == answer.server.address && other.server != answer.server {
        if other.reflexive != answer.reflexive { return .addressAndPortDependent }
        sameAddress = true
      }
    }
    return sameAddress ? .addressDependent : .destinationDependent
  }

  /// What can be said of the mapping.
  public var sentence: String {
    let seen = answers.map(\.reflexive).reduce(into: [Endpoint]()) { if !$0.contains($1) { $0.append($1) } }
    let port = isPortPreserved ? "; the port was preserved" : answers.isEmpty ? "" : "; the port was not preserved"
    switch kind {
    case .unknown:
      let words = silences.map { "\($0.server)" + ($0.refusal.map { ": \($0.sentence)" } ?? "") }
      let ways = silences.contains { $0.refusal != nil } ? "" : ": UDP does not get through there and back"
      return "nobody who was asked answered (\(words.joined(separator: "; ")))\(ways)"
    case .none: return "seen from outside as it is by \(seers): there is no translation on the way"
    case .oneServer:
      return
        "seen as \(seen[0]) by \(seers)\(port); by one alone nothing can be said of how the mapping depends on the destination"
    case .endpointIndependent:
      return "seen as \(seen[0]) by \(seers): endpoint-independent as far as these show\(port)"
    case .destinationDependent:
      return
        "seen as \(listed(seen.map { "\($0)" })): the mapping depends on the destination; whether on its address alone (ADM) or on its port too (APDM, RFC 4787) cannot be told from servers asked at one port each"
    case .addressDependent:
      return "seen as \(listed(seen.map { "\($0)" })): the mapping depends on the destination's address and not on its port (ADM)"
    case .addressAndPortDependent:
      return "seen as \(listed(seen.map { "\($0)" })): the mapping depends on the destination's address and port (APDM)"
    case .changed:
      return
        "the same server saw \(listed(seen.map { "\($0)" })) one after the other: the mapping ran out, or the translator lost it"
    }
  }

  /// "2 servers and 1 peer".
  private var seers: String {
    func count(_ isPeer: Bool) -> Int { Set(answers.filter { $0.isPeer == isPeer }.map(\.server)).count }
    let words = [(count(false), "server"), (count(true), "peer")].filter { $0.0 > 0 }
    return listed(words.map { counted($0.0, $0.1) })
  }

  static func all(_ transactions: [STUNTransaction], _ orientation: Orientation, _ flows: [FlowRecord]) -> [Mapping] {
    var found: [Mapping] = []
    var rows: [Endpoint: Int] = [:]
    for transaction in transactions where transaction.method == STUNFrame.binding && transaction.relay == nil {
      let isNear = orientation.isNear(transaction.client.address, facing: transaction.server.address)
      // What a peer answers a check says something of the way from here; what this side answers says it to the peer.
      if transaction.isCheck, !isNear { continue }
      if transaction.isCheck, transaction.answer?.mapped == nil { continue }
      let row = rows[transaction.client] ?? found.count
      if row == found.count {
        rows[transaction.client] = row
        found.append(Mapping(own: transaction.client, isNear: isNear))
      }
      found[row].take(transaction)
    }
    for row in found.indices {
      for silence in found[row].silences.indices {
        let key = FlowKey(.udp, found[row].own, found[row].silences[silence].server)
        found[row].silences[silence].refusal = flows.first { $0.key == key }?.refusals.first
      }
    }
    // A check's answer without a request in the capture may not be told from a server's.
    return found.filter { !$0.answers.isEmpty || !$0.silences.isEmpty }
  }

  private mutating func take(_ transaction: STUNTransaction) {
    guard let answer = transaction.answer, let reflexive = answer.mapped else {
      guard let first = transaction.sent.first, let last = transaction.sent.last, transaction.answer == nil else { return }
      if answers.contains(where: { $0.server == transaction.server }) { return }
      if let row = silences.firstIndex(where: { $0.server == transaction.server }) {
        silences[row].transmissions += transaction.sent.count
        silences[row].last = last
      } else {
        silences.append(Silence(server: transaction.server, transmissions: transaction.sent.count, first: first, last: last))
      }
      return
    }
    silences.removeAll { $0.server == transaction.server }
    if let row = answers.lastIndex(where: { $0.server == transaction.server && $0.reflexive == reflexive }) {
      answers[row].answers += 1
      if let trip = transaction.roundTrip { answers[row].roundTrip = min(answers[row].roundTrip ?? trip, trip) }
      return
    }
    answers.append(
      Answer(
        server: transaction.server, reflexive: reflexive, first: answer.time, roundTrip: transaction.roundTrip,
        isPeer: transaction.isCheck, otherAddress: answer.otherAddress, responseOrigin: answer.responseOrigin,
        software: answer.software))
  }
}
