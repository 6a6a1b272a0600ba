// Any record of a trace as one clause: what happened, in the words of the reports.
import Simulation
import SimulationKernel
import Trace
import Wire

extension RunResult {
  /// What a record tells, without its time and node.
  func sentence(of record: Record) -> String {
    func name(_ row: UInt16) -> String { Int(row) < names.count ? names[Int(row)] : "" }
    let flow = "\(TransportProtocol(rawValue: record.proto).map { "\($0.name) " } ?? "")\(record.from) -> \(record.to)"
    switch record.kind {
    case .milestone:
      let title = record.milestone?.title ?? ""
      return record.attempt == .reverseConnect ? title : "\(record.attempt.name): \(title)"
    case .transition: return "\(name(record.detail)): \(name(record.code))"
    case .attempt: return "attempt at \(record.attempt.name): \(record.outcome?.name ?? "") (\(record.reason?.code ?? ""))"
    case .candidate: return "\(record.candidateType?.name ?? "") candidate \(record.to), base \(record.from)"
    case .pair: return "pair \(record.pair) \(record.pairEvent?.name ?? ""): \(record.from) -> \(record.to)"
    case .decision: return "decided for \(record.attempt.name) over \(name(record.detail)) (\(record.reason?.code ?? ""))"
    case .mappingMade: return "mapping made: \(flow)"
    case .mappingLost: return "mapping over (\(record.mappingEnd?.code ?? "")): \(flow)"
    case .drop: return "dropped \(flow), \(ending(record.dropReason ?? .none, rule: record.rule))"
    case .roundTrip:
      return "measured a round trip of \(SimDuration(nanoseconds: record.value)) on \(record.attempt.name)"
    case .channelTotal: return "counted \(record.value) bytes of a channel on \(record.attempt.name)"
    case .probe: return "\(record.topic.name) ended: \(["no answer", "answered", "refused"][Int(min(record.code, 2))])"
    case .request: return "STUN request to \(record.to)" + (record.value > 0 ? ", again (\(record.value))" : "")
    case .runEnded: return "the run ended"
    case .failure: return "failed: \(record.failure?.code ?? "")"
    case .inspected: return "\(rule(record.rule)) took \(flow) to the proxy"
    case .unsent: return "could not send \(flow): \(record.unsentReason?.code ?? "")"
    case .connected:
      return "TCP connection \(record.from) -> \(record.to) established in \(SimDuration(nanoseconds: record.value))"
    case .retransmitted: return "sent again \(record.value) bytes of \(flow)"
    case .sent: return "sent \(flow)"
    case .forwarded: return "forwarded \(flow)"
    case .translated: return "translated to \(flow)"
    case .delivered: return "took \(flow)"
    case .timer: return "timer"
    }
  }

  /// A rule as sentences name it, with its note; a mishap's name too.
  func rule(_ row: Int32) -> String {
    guard row >= 0 else { return "no rule" }
    let rule = rules[Int(row)]
    return (rule.id == "policy" ? "the default policy" : "rule '\(rule.id)'") + (rule.note.isEmpty ? "" : " (\(rule.note))")
  }

  /// Why a packet ended: the rule with its path, or the reason's title; and the code.
  func ending(_ reason: DropReason, rule row: Int32) -> String {
    let title = Codes.title(of: reason.code).lowercasedFirst
    return row >= 0 ? "by \(rule(row)): \(reason.code) [\(rules[Int(row)].path)]" : "\(title) (\(reason.code))"
  }
}
