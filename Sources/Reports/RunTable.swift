// `run --format text`: one table of sessions, one of probes when there are, and below them what did not hold.
import ScenarioModel
public import Simulation
import SimulationKernel
import Trace
import Wire

/// Runs as tables for people.
public enum RunTable {
  /// The tables. Where the reasons do not fit `width` they stand below their rows; without a width every row is one line.
  public static func text(_ runs: [RunResult], width: Int? = nil) -> String {
    var blocks: [[String]] = []
    if runs.contains(where: { !$0.sessions.isEmpty }) { blocks.append(sessions(runs, width)) }
    if runs.contains(where: { !$0.probes.isEmpty }) { blocks.append(probes(runs)) }
    if runs.contains(where: { !$0.rogues.isEmpty }) { blocks.append(rogues(runs).lines) }
    let undecided = runs.filter { $0.end == .eventLimit }
    if !undecided.isEmpty {
      blocks.append(
        undecided.map {
          "Undecided: \($0.scenario.id) reached its limit of \($0.scenario.timing.maximumEvents) events at \($0.endTime)."
        })
    }
    let broken = brokenLaws(runs)
    if !broken.isEmpty { blocks.append(broken) }
    blocks.append(expectations(runs))
    return blocks.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  private static func sessions(_ runs: [RunResult], _ width: Int?) -> [String] {
    var table = TextTable([
      ("scenario", .left), ("client", .left), ("host", .left), ("transport", .left), ("route", .left), ("desktop ms", .right),
      ("switched ms", .right), ("rtt before", .right), ("rtt ms", .right),
    ])
    var reasons: [String] = []
    for run in runs {
      for session in run.sessions {
        table.rows.append([
          run.scenario.id, run.shown(session.client), run.shown(session.host), transport(of: session),
          session.route.isEmpty ? "-" : run.shown(session.route),
          milliseconds(session.connected), milliseconds(session.switched), milliseconds(session.roundTripBefore),
          milliseconds(session.roundTrip),
        ])
        reasons.append(sentence(of: session))
      }
    }
    var wide = table
    wide.header.append("reason")
    wide.alignments.append(.left)
    for row in reasons.indices { wide.rows[row].append(reasons[row]) }
    guard let width, wide.width > width else { return wide.lines }
    var lines = Array(table.lines.prefix(2))
    for (line, reason) in zip(table.lines.dropFirst(2), reasons) {
      lines.append(line)
      // 40: narrower than that, a sentence is harder to read than an overlong line (*assumed*).
      lines += wrapped(reason, width: max(width - 4, 40)).map { "    " + $0 }
    }
    return lines
  }

  static func transport(of session: SessionResult) -> String {
    session.transport?.name ?? (session.reason == .undecided ? "undecided" : "none")
  }

  /// The run's own sentence, or the title of its reason where it gives none.
  static func sentence(of session: SessionResult) -> String {
    session.sentence.isEmpty ? Codes.title(of: session.reason.code) : session.sentence
  }

  private static func probes(_ runs: [RunResult]) -> [String] {
    var table = TextTable([
      ("scenario", .left), ("probe", .right), ("from", .left), ("to", .left), ("kind", .left), ("outcome", .left),
      ("answered", .right), ("rtt ms", .right), ("seen as", .left), ("stopped by", .left),
    ])
    for run in runs {
      for probe in run.probes {
        let blocker = probe.blockers.first { $0.rule != nil } ?? probe.blockers.first
        table.rows.append([
          run.scenario.id, "\(probe.ordinal)", probe.from, probe.to, probe.kind.rawValue, probe.outcome,
          "\(probe.answered)/\(probe.sent)", milliseconds(probe.roundTrip), probe.mapped?.description ?? "-",
          blocker?.place() ?? "-",
        ])
      }
    }
    return table.lines
  }

  /// Who tried to get in, and what stopped them.
  static func rogues(_ runs: [RunResult]) -> TextTable {
    var table = TextTable([
      ("scenario", .left), ("rogue", .right), ("from", .left), ("to", .left), ("kind", .left), ("accepted", .left),
      ("sent", .right), ("dropped", .left),
    ])
    for run in runs {
      for rogue in run.rogues {
        let drops = rogue.drops.map { drop in
          "\(drop.packets) \(drop.rule.map { "by rule '\($0)'" } ?? drop.reason.code) at \(run.shown(drop.node))"
        }
        table.rows.append([
          run.scenario.id, "\(rogue.ordinal)", run.shown(rogue.from), run.shown(rogue.to), rogue.kind.rawValue,
          rogue.accepted ? "YES" : "no", "\(rogue.sent)", drops.isEmpty ? "-" : drops.joined(separator: ", "),
        ])
      }
    }
    return table
  }

  /// What no run may do, told before what only this scenario expects.
  private static func brokenLaws(_ runs: [RunResult]) -> [String] {
    let all = runs.flatMap { run in run.brokenLaws.map { (run.scenario.id, $0) } }
    if all.isEmpty { return [] }
    return ["\(counted(all.count, "break")) of the selection rule's laws:"]
      + all.map { "  BROKEN  \($0): \($1.law.rawValue): \($1.sentence)" }
  }

  private static func expectations(_ runs: [RunResult]) -> [String] {
    let all = runs.flatMap { run in run.expectations.map { (run.scenario.id, $0) } }
    let sessions = runs.reduce(0) { $0 + $1.sessions.count }
    let counts = "\(counted(runs.count, "run")), \(counted(sessions, "session"))"
    let broken = all.filter { $0.1.verdict != .held }
    if broken.isEmpty {
      let held =
        all.isEmpty ? "nothing was expected" : all.count == 1 ? "the expectation held" : "all \(all.count) expectations held"
      return ["\(counts); \(held)."]
    }
    var lines = ["\(counts); \(broken.count) of \(counted(all.count, "expectation")) did not hold:"]
    for (scenario, expectation) in broken {
      lines.append("  \(expectation.verdict.rawValue.uppercased())  \(scenario): expected \(expectation.text)")
      if !expectation.found.isEmpty { lines.append("          found \(expectation.found)") }
    }
    return lines
  }
}
