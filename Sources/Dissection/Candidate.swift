// Candidates, as far as they can be concluded without the lists that were signalled.
public import Wire
import WireCodec

/// An address that was used, or learned to be usable.
public struct Candidate: Equatable, Sendable {
  public var endpoint: Endpoint
  /// Unknown for a remote one that was signalled: lists travel inside TLS.
  public var type: CandidateType?
  public var isOwn: Bool
  public var base: Endpoint?
  /// PRIORITY in checks from there: what a peer-reflexive candidate of this base would have (RFC 8445 §7.1.1).
  public var priority: UInt32?
  /// How it is known.
  public var evidence: String

  static func all(
    _ transactions: [STUNTransaction], _ mappings: [Mapping], _ orientation: Orientation
  ) -> [Candidate] {
    var found: [Candidate] = []
    func isOwn(_ transaction: STUNTransaction) -> Bool {
      transaction.relay.map { $0.client == transaction.client }
        ?? orientation.isNear(transaction.client.address, facing: transaction.server.address)
    }
    func add(_ candidate: Candidate) {
      guard let row = found.firstIndex(where: { $0.endpoint == candidate.endpoint && $0.isOwn == candidate.isOwn }) else {
        return found.append(candidate)
      }
      found[row].priority = found[row].priority ?? candidate.priority
    }
    let checks = transactions.filter(\.isCheck)
    for check in checks where isOwn(check) && check.relay == nil {
      add(Candidate(endpoint: check.client, type: .host, isOwn: true, priority: check.priority, evidence: "sent checks"))
    }
    for mapping in mappings where mapping.isNear {
      add(Candidate(endpoint: mapping.own, type: .host, isOwn: true, evidence: "asked a STUN server"))
      for answer in mapping.answers where !answer.isPeer {
        add(
          Candidate(
            endpoint: answer.reflexive, type: .serverReflexive, isOwn: true, base: mapping.own,
            evidence: "\(answer.server) saw it"))
      }
    }
    for transaction in transactions where transaction.method == STUNFrame.allocate {
      guard let relayed = transaction.answer?.relayed else { continue }
      add(
        Candidate(
          endpoint: relayed, type: .relayed, isOwn: isOwn(transaction), base: relayed,
          evidence: "allocated by \(transaction.server)"))
    }
    for mapping in mappings where mapping.isNear {
      for answer in mapping.answers where answer.isPeer {
        add(
          Candidate(
            endpoint: answer.reflexive, type: .peerReflexive, isOwn: true, base: mapping.own,
            evidence: "\(answer.server) saw it in a check"))
      }
    }
    for check in checks {
      let remote = isOwn(check) ? check.server : check.client
      guard !isOwn(check) else {
        add(Candidate(endpoint: remote, isOwn: false, evidence: "checks were sent to it"))
        continue
      }
      // The lists are sealed, so that an address nobody had sent to may have been signalled. Another port of an address that was sent
      // to was not: a translator on the other side gave the checks a mapping of their own.
      let isOtherPort = found.contains { !$0.isOwn && $0.endpoint.address == remote.address && $0.endpoint.port != remote.port }
      add(
        Candidate(
          endpoint: remote, type: isOtherPort ? .peerReflexive : nil, isOwn: false, priority: check.priority,
          evidence: isOtherPort
            ? "checks came from it, not from the port that was sent to"
            : "checks came from it before any went to it: peer-reflexive, unless it was signalled"))
    }
    return found.filter(\.isOwn) + found.filter { !$0.isOwn }
  }
}
