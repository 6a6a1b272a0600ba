// The laws of the selection rule, held against the story of every run: what no topology, no loss and no setting may break.
import SimulationKernel
public import Trace
import Wire

/// A law of the selection rule.
public enum SelectionLaw: String, Sendable, CaseIterable {
  /// The winner is the first accepted tunnel request.
  case firstFound = "first-found"
  /// No tunnel is accepted without a matching session, or before authentication.
  case matchingSession = "matching-session"
  /// ICE's winner is the lowest measured round trip among the direct pairs that were valid when the choice closed; a relayed pair wins
  /// only where there was none.
  case lowestRoundTrip = "lowest-round-trip"
  /// The same host certificate is seen on every transport of a connection.
  case sameCertificate = "same-certificate"
  /// Exactly one transport carries the channels after the switch-over.
  case oneCarrier = "one-carrier"
  /// Nothing sent on a channel is lost or doubled by the switch-over.
  case nothingLost = "nothing-lost"
}

/// A law of the selection rule that a run broke: a wrong rule, whatever came out.
public struct BrokenLaw: Sendable, Equatable {
  public var law: SelectionLaw
  /// One sentence, with the records that show it.
  public var sentence: String
  /// The record at which it is broken.
  public var record: UInt64

  public init(law: SelectionLaw, sentence: String, record: UInt64) {
    self.law = law
    self.sentence = sentence
    self.record = record
  }
}

/// Judges a story by its records alone; they need not be of a world of ours.
public struct SelectionRule {
  private let nodes: [ComponentName]
  private var broken: [BrokenLaw] = []

  /// The laws that a story breaks, in the order of its sessions and their connections.
  public static func brokenLaws(in story: [Record], nodes: [ComponentName]) -> [BrokenLaw] {
    var bySession: [UInt16: [Record]] = [:]
    for record in story where record.session != 0 && record.topic != .probe && record.topic != .rogue {
      bySession[record.session, default: []].append(record)
    }
    return bySession.keys.sorted().flatMap { brokenLaws(ofSession: bySession[$0] ?? [], nodes: nodes) }
  }

  /// The laws that the records of one session break.
  static func brokenLaws(ofSession records: [Record], nodes: [ComponentName]) -> [BrokenLaw] {
    var rule = SelectionRule(nodes: nodes)
    rule.judge(records)
    return rule.broken
  }

  private func name(_ record: Record) -> String { nodes[Int(record.node.index)].id }

  private mutating func tell(_ law: SelectionLaw, _ record: Record, _ words: String) {
    broken.append(
      BrokenLaw(law: law, sentence: "session \(record.session): \(words) (record \(record.number))", record: record.number))
  }

  private mutating func judge(_ records: [Record]) {
    for generation in Set(records.compactMap(\.generation)).sorted() {
      let own = records.filter { $0.generation == generation }
      judgeTunnels(own, among: records)
      judgeCertificates(own)
      judgeCarriers(own, among: records)
      judgeSwitch(own)
    }
    judgeChoices(records)
    for total in records where total.kind == .channelTotal && total.detail > 0 {
      tell(
        .nothingLost, total,
        "\(total.detail) messages of \(total.channelName) came to \(name(total)) over \(total.attempt.name) out of their order")
    }
  }

  // MARK: The race

  /// Every request of one connection, and who won by them.
  private mutating func judgeTunnels(_ own: [Record], among records: [Record]) {
    var first: Record?
    var accepted: Record?
    for request in own where request.kind == .tunnelRequest {
      let offer = own.last { $0.kind == .offer && $0.number < request.number && $0.node == request.node }
      let matches = offer.map { $0.value == request.value && $0.extra == request.extra } ?? false
      let isAuthenticated = offer.map { wasAuthenticated(before: request, offered: $0, records) } ?? false
      if matches, isAuthenticated, first == nil { first = request }
      guard request.tunnelVerdict == .accepted else { continue }
      if !matches {
        tell(
          .matchingSession, request, "\(name(request)) accepted a \(request.attempt.name) tunnel that matches no request of its")
      } else if !isAuthenticated {
        tell(
          .matchingSession, request,
          "\(name(request)) accepted a \(request.attempt.name) tunnel before its user was authenticated")
      }
      if let accepted {
        tell(.firstFound, request, "\(name(request)) accepted a second tunnel, after that of record \(accepted.number)")
      }
      accepted = accepted ?? request
    }
    if let first, first.tunnelVerdict != .accepted {
      let instead = accepted.map { ", and took the \($0.attempt.name) one of record \($0.number)" } ?? ""
      tell(
        .firstFound, first, "\(name(first)) refused the first tunnel request that was good, a \(first.attempt.name) one\(instead)"
      )
    }
    for decision in own where decision.kind == .decision && decision.attempt != .reverseConnect {
      guard accepted?.attempt != decision.attempt else { continue }
      let found = accepted.map { "the \($0.attempt.name) one of record \($0.number)" } ?? "none"
      tell(.firstFound, decision, "\(name(decision)) took \(decision.attempt.name), and the tunnel that was accepted is \(found)")
    }
  }

  /// Whether the host told that its user was authenticated, after it was called for the connection that `offer` belongs to.
  private func wasAuthenticated(before request: Record, offered offer: Record, _ records: [Record]) -> Bool {
    let own = records.filter { $0.node == request.node && $0.kind == .milestone && $0.number < request.number }
    let called = own.last { $0.milestone == .hostInitialized && $0.number < offer.number }?.number ?? 0
    return own.contains { $0.milestone == .rdpAuthenticated && $0.number > called }
  }

  // MARK: ICE

  private mutating func judgeChoices(_ records: [Record]) {
    let relays = Set(records.filter { $0.candidateType == .relayed }.map(\.to))
    for choice in records where choice.kind == .choice {
      // A new connection has pairs of its own, whose rows begin anew.
      let begin = records.last { $0.milestone == .reconnecting && $0.number < choice.number }?.number ?? 0
      var pairs: [(pair: Record, roundTrip: Int64, isValid: Bool)] = []
      for record in records where record.kind == .pair && record.node == choice.node && begin < record.number {
        guard record.number < choice.number else { break }
        let row =
          pairs.firstIndex { $0.pair.pair == record.pair }
          ?? {
            pairs.append((record, -1, false))
            return pairs.count - 1
          }()
        if record.value >= 0 { pairs[row].roundTrip = record.value }
        pairs[row].isValid = record.pairEvent == .valid
      }
      func isRelayed(_ pair: Record) -> Bool { relays.contains(pair.from) || relays.contains(pair.to) }
      let valid = pairs.filter(\.isValid)
      guard let chosen = valid.first(where: { $0.pair.pair == choice.pair }) else {
        tell(.lowestRoundTrip, choice, "\(name(choice)) chose pair \(choice.pair), which was not valid")
        continue
      }
      let direct = valid.filter { !isRelayed($0.pair) }
      if isRelayed(chosen.pair), let other = direct.first {
        tell(
          .lowestRoundTrip, choice,
          "\(name(choice)) chose the relayed pair \(choice.pair), and pair \(other.pair.pair) was direct")
        continue
      }
      let rivals = isRelayed(chosen.pair) ? valid : direct
      guard let best = rivals.filter({ $0.roundTrip >= 0 }).min(by: { $0.roundTrip < $1.roundTrip }) else { continue }
      if chosen.roundTrip < 0 || best.roundTrip < chosen.roundTrip {
        let own = chosen.roundTrip < 0 ? "unmeasured" : "\(SimDuration(nanoseconds: chosen.roundTrip))"
        tell(
          .lowestRoundTrip, choice,
          "\(name(choice)) chose pair \(choice.pair) (\(own)), and pair \(best.pair.pair) had \(SimDuration(nanoseconds: best.roundTrip))"
        )
      }
    }
  }

  // MARK: Trust

  private mutating func judgeCertificates(_ own: [Record]) {
    let seen = own.filter { $0.kind == .certificate }
    for other in seen.dropFirst() where other.value != seen[0].value {
      tell(
        .sameCertificate, other,
        "\(name(other)) saw another certificate on \(other.attempt.name) than on \(seen[0].attempt.name) in record \(seen[0].number)"
      )
    }
  }

  // MARK: The channels

  /// An end that has moved to a tunnel stays there, unless the tunnel is lost and the channels resume on reverse connect.
  private mutating func judgeCarriers(_ own: [Record], among records: [Record]) {
    let accepted = own.first { $0.tunnelVerdict == .accepted }
    var last: [NodeID: Record] = [:]
    for move in own where move.kind == .channelsMoved && move.code == 0 {
      if move.attempt != .reverseConnect {
        if accepted?.attempt != move.attempt || last[move.node] != nil {
          tell(
            .oneCarrier, move, "\(name(move)) sends over \(move.attempt.name), which is not the tunnel that was accepted first")
        }
      } else {
        let since = last[move.node]?.number ?? 0
        let isLost = records.contains { $0.milestone == .interrupted && $0.number > since && $0.number < move.number }
        if !isLost {
          tell(.oneCarrier, move, "\(name(move)) sends over reverse connect again, though the tunnel was not lost")
        }
      }
      last[move.node] = move
    }
  }

  /// What one end had sent over reverse connect when it moved, the other has when it turns to the tunnel.
  private mutating func judgeSwitch(_ own: [Record]) {
    let moves = own.filter { $0.kind == .channelsMoved && $0.attempt != .reverseConnect }
    for read in moves where read.code == 1 {
      guard let sent = moves.first(where: { $0.code == 0 && $0.node != read.node }) else {
        tell(.nothingLost, read, "\(name(read)) reads from \(read.attempt.name), on which nobody sends")
        continue
      }
      if sent.value != read.value {
        tell(
          .nothingLost, read,
          "\(name(sent)) had sent \(sent.value) bytes over reverse connect when it moved (record \(sent.number)), and \(read.value) had come to \(name(read)) when it followed"
        )
      }
    }
  }
}

extension Record {
  /// How many connections its session had before the one it belongs to, where it says so.
  fileprivate var generation: Int? {
    switch kind {
    case .offer, .tunnelRequest, .certificate, .channelsMoved: Int(detail)
    case .decision: Int(value)
    default: nil
    }
  }

  fileprivate var channelName: String { VirtualChannel(rawValue: UInt8(truncatingIfNeeded: code))?.name ?? "a channel" }
}
