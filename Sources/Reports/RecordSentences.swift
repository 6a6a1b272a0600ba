// Records of a packet's way and of the story as one clause each, with rules and endings as `trace` names them.
import Simulation
import Trace
import Wire

extension RunResult {
  /// What a record tells, without its time and node.
  func sentence(of record: Record) -> String {
    let flow = "\(TransportProtocol(rawValue: record.proto).map { "\($0.name) " } ?? "")\(record.from) -> \(record.to)"
    switch record.kind {
    case .milestone:
      let title = record.milestone?.title ?? ""
      return record.attempt == .reverseConnect ? title : "\(record.attempt.name): \(title)"
    case .drop: return "dropped \(flow), \(ending(record.dropReason ?? .none, rule: record.rule))"
    case .delivered: return "took \(flow)"
    case .sent, .forwarded, .translated: return "\(record.kind.code) \(flow)"
    default:
      return RecordTeller(nodes: nodes, rules: rules, names: names, session: Int(record.session)).words(record)
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
