// One session of a run, with the look-ups that explanations need.
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

/// A session and its run.
struct Story {
  let run: RunResult
  let session: SessionResult
  /// The file it came from, for commands to copy.
  let file: String

  /// - Precondition: the run has a session of this ordinal.
  init(_ run: RunResult, session ordinal: Int, file: String = "FILE") {
    guard let session = run.sessions.first(where: { $0.ordinal == ordinal }) else {
      preconditionFailure("no session \(ordinal) among the \(run.sessions.count) of \(run.scenario.id)")
    }
    self.run = run
    self.session = session
    self.file = file
  }

  /// The story's record of this number.
  func record(_ number: UInt64) -> Record? { run.record(number) }

  /// A time in milliseconds from the click (from 0 s where nobody clicked).
  func afterClick(_ time: SimTime?) -> String { milliseconds(time.map { $0 - (session.clicked ?? .zero) }) }

  /// The scenario's timed events up to the end of the run, in the order of time.
  var changes: [EventSpec] {
    let happened = run.scenario.events.enumerated().filter { $0.element.isEnabled && $0.element.at <= run.endTime }
    return happened.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }

  /// Where the session's own connections were opened on their way, whether that hindered anybody or not.
  var inspections: [String] {
    var counts: [(rule: Int32, node: NodeID, count: Int)] = []
    for record in run.story where record.kind == .inspected && Int(record.session) == session.ordinal {
      if let row = counts.firstIndex(where: { $0.rule == record.rule }) {
        counts[row].count += 1
      } else {
        counts.append((record.rule, record.node, 1))
      }
    }
    return counts.map { entry in
      let node = run.shown(run.nodes[Int(entry.node.index)].id)
      return "Rule '\(run.rules[Int(entry.rule)].id)' on \(node) looked into \(counted(entry.count, "connection"))"
    }
  }

  /// The pairs as the client sees them, which makes the choice; valid ones by their round trip.
  var validPairs: [PairResult] {
    session.pairs.filter { $0.owner == session.client && $0.roundTrip != nil }
      .sorted { ($0.roundTrip ?? .zero, $0.row) < ($1.roundTrip ?? .zero, $1.row) }
  }

  /// What the result rests on that nobody has published.
  var assumptions: [String] {
    guard session.attempts.contains(where: { ($0.transport == .public || $0.transport == .managed) && $0.started != nil }) else {
      return []
    }
    let timing = run.scenario.timing
    return [
      "The choice among valid pairs stays open for \(timing.selectionWindow.written) after the first one (selection-window).",
      "Gathering ends after \(timing.gatheringLimit.written) at the latest (gathering-limit; RFC 8489's own schedule).",
      "The client is the controlling side of ICE.",
      "The listener and ICE share one request id and cookie; the first tunnel the host accepts wins.",
    ]
  }
}
