// The same seed with blockers lifted: what would have happened without them, under the same luck.
public import ScenarioModel
public import Simulation
import Trace
public import Wire

/// Why a scenario could not be run with changes.
public enum LiftingError: Error, CustomStringConvertible {
  case change(ChangeError)
  case simulation(SimulationError)
  public var description: String {
    switch self {
    case .change(let error): error.description
    case .simulation(let error): error.description
    }
  }
}

public enum Lifting {
  /// Runs a scenario again with changes made to it, under the same seed.
  public static func rerun(_ scenario: Scenario, with changes: [Change], seed: UInt64? = nil) throws(LiftingError) -> RunResult {
    var changed = scenario
    do { for change in changes { changed = try changed.applying(change) } } catch { throw .change(error) }
    do { return try Simulator.run(changed, seed: seed) } catch { throw .simulation(error) }
  }

  /// The change that lifts a blocker; `nil` when no rule did it.
  public static func lift(of blocker: Blocker) -> Change? { blocker.rulePath.map { .act(element: $0, verb: .lift) } }

  /// What would make an attempt of a session succeed (`reverse-connect`: what would let the session live).
  public static func answer(
    _ run: RunResult, session: Int, transport: Transport, bound: SearchBound = .usual
  ) throws(LiftingError) -> BlockerAnswer {
    var search = try BlockerSearch(run.scenario, seed: run.seed, session: session, transport: transport, bound: bound)
    return try search.answer()
  }

  /// The answers for every attempt of a session that something stopped: of managed and public Shortpath those that did not win, or the
  /// session's own where it failed.
  public static func answers(_ run: RunResult, session: Int, bound: SearchBound = .usual) throws(LiftingError) -> [BlockerAnswer]
  {
    guard let told = run.sessions.first(where: { $0.ordinal == session }), told.reason != .undecided else { return [] }
    if told.transport == nil { return [try answer(run, session: session, transport: .reverseConnect, bound: bound)] }
    var answers: [BlockerAnswer] = []
    for attempt in told.attempts where [.managed, .public].contains(attempt.transport) && attempt.outcome != .won {
      answers.append(try answer(run, session: session, transport: attempt.transport, bound: bound))
    }
    return answers
  }
}
