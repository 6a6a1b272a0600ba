// Records of a trace in words, one line each; and a chain of causes with a packet's way folded into one of them.
import SimulationKernel
import Studies
import Trace
import Wire

/// Tells records of one run.
struct RecordTeller {
  let nodes: [ComponentName]
  let rules: [ComponentName]
  let names: [String]
  /// The session it is about, of which it is not said again.
  let session: Int

  func node(_ record: Record) -> String { record.node.index >= 0 ? nodes[Int(record.node.index)].id : "the scenario" }

  /// Number, time, node, what happened, and whose it is.
  func line(_ record: Record) -> [String] {
    ["\(record.number)", milliseconds(record.time - .zero), node(record), words(record) + whose(record)]
  }

  private func whose(_ record: Record) -> String {
    guard record.session != 0 else { return "" }
    if Int(record.session) == session, record.topic != .probe, record.topic != .rogue {
      return record.attempt == .reverseConnect ? "" : " (\(record.attempt.name))"
    }
    let subject = record.topic == .probe ? "probe" : record.topic == .rogue ? "rogue" : "session"
    return " (\(subject) \(record.session)\(record.attempt == .reverseConnect ? "" : ", \(record.attempt.name)"))"
  }

  /// What happened.
  func words(_ record: Record) -> String {
    if record.isProtocol { return Transcript.line(of: record, names) }
    let rule = record.rule >= 0 ? " by rule '\(rules[Int(record.rule)].id)'" : ""
    switch record.kind {
    case .drop: return "dropped \(packet(record)): \(record.dropReason?.code ?? "")\(rule)"
    case .unsent: return "not sent, \(packet(record)): \(record.unsentReason?.code ?? "")"
    case .inspected: return "looked into \(packet(record))\(rule)"
    case .request:
      let again = record.value > 0 ? ", again" : ""
      return "asks \(record.to) from \(record.from)\(record.pair > 0 ? ", pair \(record.pair)" : "")\(again)"
    case .roundTrip: return "round trip \(SimDuration(nanoseconds: record.value)) on \(record.attempt.name)"
    case .mappingMade: return "mapping \(record.from) as \(record.to) made"
    case .mappingLost: return "mapping \(record.from) as \(record.to) lost: \(record.mappingEnd?.code ?? "")"
    case .offer: return "offers UDP: request \(record.value)"
    case .tunnelRequest: return "tunnel request from \(record.from) \(record.tunnelVerdict?.code ?? "")"
    case .certificate: return "accepts the host's certificate"
    case .choice:
      return "choice closed: pair \(record.pair)\(record.value < 0 ? "" : ", \(SimDuration(nanoseconds: record.value))")"
    case .channelsMoved: return "\(record.code == 1 ? "reads" : "sends") channels on \(record.attempt.name)"
    case .channelTotal:
      let channel = VirtualChannel(rawValue: UInt8(truncatingIfNeeded: record.code))?.name ?? "channel"
      return "\(channel): \(record.value) bytes \(record.extra == 1 ? "received" : "sent") in all"
    case _ where record.kind.isMotion: return "\(record.kind.code) \(packet(record))"
    default: return record.kind.code
    }
  }

  private func packet(_ record: Record) -> String {
    let proto = TransportProtocol(rawValue: record.proto)?.name ?? "packet"
    return "\(proto) \(record.from) to \(record.to), \(record.value) B"
  }

  /// A chain of causes from the latest back, as rows. A packet's moves are one row, told where it arrived last, with the milestones
  /// that came of it; of packets further back that no milestone came of only the number is told.
  /// - Parameter near: how many rows are told whatever came of them.
  func chain(_ steps: [CausalStep], near: Int) -> [[String]] {
    var rows: [[String]] = []
    var left = 0
    var row = 0
    func tellLeft() {
      if left > 0 { rows.append(["", "", "", "... \(counted(left, "packet")) ..."]) }
      left = 0
    }
    while row < steps.count {
      let step = steps[row]
      var end = row + 1
      if step.record.kind.isMotion {
        while end < steps.count, steps[end].record.kind.isMotion, steps[end - 1].record.kind != .sent { end += 1 }
      }
      let reached = steps[row..<end].flatMap(\.milestones)
      if rows.count < near || !reached.isEmpty || !step.record.kind.isMotion {
        tellLeft()
        var cells = step.record.kind.isMotion ? way(steps[row..<end].reversed().map(\.record)) : line(step.record)
        if !reached.isEmpty { cells[3] += ": " + reached.map(\.code).joined(separator: ", ") }
        rows.append(cells)
      } else {
        left += 1
      }
      row = end
    }
    tellLeft()
    return rows
  }

  /// One packet's way, from where it was sent to where it came.
  private func way(_ moves: [Record]) -> [String] {
    guard let first = moves.first, let last = moves.last, moves.count > 1 else { return line(moves[0]) }
    var nodes: [String] = []
    for move in moves where nodes.last != node(move) { nodes.append(node(move)) }
    return [
      "\(last.number)", milliseconds(last.time - .zero), node(last),
      "\(packet(first)): \(nodes.joined(separator: " > "))" + whose(first),
    ]
  }
}
