// The same seed with blockers lifted: what would have happened without them, under the same luck.
public import ScenarioModel
public import Simulation

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
}
