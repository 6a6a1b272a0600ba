// `explain --format json`: the same explanation as one object.
import ScenarioModel
public import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// Explanations as JSON.
public enum ExplanationJSON {
  /// One object with an explanation per session given.
  /// - Parameter answers: what lifting can do for the sessions' attempts (`Lifting.answers`).
  /// - Precondition: the run has every one of these sessions.
  public static func text(_ run: RunResult, sessions: [Int], answers: [BlockerAnswer] = []) -> String {
    JSONValue.object([
      ("scenario", .text(run.scenario.id)),
      ("seed", .number(run.seed)),
      ("model_version", .number(run.modelVersion)),
      ("explanations", .array(sessions.map { value(Story(run, session: $0), answers) })),
      ("rogues", .array(run.rogues.map { RunJSON.value($0) })),
    ]).document
  }

  private static func value(_ story: Story, _ answers: [BlockerAnswer]) -> JSONValue {
    let answers = answers.filter { $0.session == story.session.ordinal }
    let session = story.session
    return .object([
      ("session", .number(session.ordinal)),
      ("client", .text(session.client)),
      ("host", .text(session.host)),
      ("transport", .maybe(session.transport?.name)),
      ("route", session.route.isEmpty ? .null : .text(session.route)),
      ("reason", .text(session.reason.code)),
      ("sentence", .text(RunTable.sentence(of: session))),
      ("clicked_ms", .maybe(session.clicked)),
      ("milestones", .array(session.milestones.map(value))),
      ("attempts", .array(session.attempts.map { value($0, story, answers) })),
      ("candidates", .array(session.candidates.map(value))),
      ("pairs", .array(session.pairs.map(value))),
      ("assumptions", .array(story.assumptions.map { .text($0) })),
      ("failures", .array(session.failures.map(RunJSON.value))),
      ("reconnects", .array(session.reconnects.map(RunJSON.value))),
      (
        "changes",
        .array(
          story.changes.map {
            .object([("time_ms", .milliseconds($0.at.nanoseconds)), ("change", .text($0.change.text))])
          })
      ),
      ("signs", LiftingJSON.texts(FieldSigns.lines(of: session))),
      ("codes", LiftingJSON.pages(Explanation.pages(of: story))),
    ])
  }

  private static func value(_ point: MilestoneResult) -> JSONValue {
    .object([
      ("step", point.milestone.step.map { .number($0) } ?? .null), ("milestone", .text(point.milestone.code)),
      ("title", .text(point.milestone.title)), ("time_ms", .milliseconds(point.time.nanoseconds)), ("node", .text(point.node)),
      ("transport", .text(point.attempt.name)), ("record", .number(point.record)),
    ])
  }

  private static func value(_ attempt: AttemptResult, _ story: Story, _ answers: [BlockerAnswer]) -> JSONValue {
    .object([
      ("transport", .text(attempt.transport.name)),
      ("outcome", .text(attempt.outcome.name)),
      ("reason", .text(attempt.reason.code)),
      ("setting", attempt.setting.isEmpty ? .null : .text(attempt.setting)),
      ("started_ms", .maybe(attempt.started)),
      ("ended_ms", .maybe(attempt.ended)),
      ("reached", .maybe(attempt.reached?.code)),
      (
        "blockers",
        .array(
          attempt.blockers.map { blocker in
            guard case .object(let members) = RunJSON.value(blocker) else { return .null }
            let first = story.record(blocker.firstRecord)
            return .object(
              members + [("from", .maybe(first?.from.description)), ("to", .maybe(first?.to.description))])
          })
      ),
      ("lifting", answers.first { $0.transport == attempt.transport }.map { LiftingJSON.value($0, story) } ?? .null),
    ])
  }

  private static func value(_ candidate: CandidateResult) -> JSONValue {
    .object([
      ("owner", .text(candidate.owner)), ("type", .text(candidate.type.name)), ("base", .text(candidate.base.description)),
      ("endpoint", .text(candidate.endpoint.description)), ("priority", .number(candidate.priority)),
      ("time_ms", .milliseconds(candidate.time.nanoseconds)),
    ])
  }

  private static func value(_ pair: PairResult) -> JSONValue {
    .object([
      ("owner", .text(pair.owner)), ("pair", .number(pair.row)), ("local", .text(pair.local.description)),
      ("remote", .text(pair.remote.description)), ("route", .text(pair.route)), ("fate", .text(pair.state.name)),
      ("chosen", .flag(pair.wasNominated)), ("rtt_ms", .maybe(pair.roundTrip)),
    ])
  }
}
