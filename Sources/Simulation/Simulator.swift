// From a scenario to its result in one call.
import NetworkModel
public import ScenarioModel

/// A law of the simulation is broken: a bug of ours.
public struct SimulationError: Error, CustomStringConvertible, Equatable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

public enum Simulator {
  /// Runs a scenario under a seed (its own when `nil`) and folds the result.
  /// - Throws: when packets, messages or streams do not add up at the end.
  public static func run(_ scenario: Scenario, seed: UInt64? = nil) throws(SimulationError) -> RunResult {
    try run(Blueprint(scenario), seed: seed)
  }

  /// Runs a blueprint that was built once.
  public static func run(_ blueprint: Blueprint, seed: UInt64? = nil) throws(SimulationError) -> RunResult {
    let world = World(blueprint, seed: seed)
    return try result(of: world)
  }

  /// Runs a world to its end and folds the result.
  public static func result(of world: World) throws(SimulationError) -> RunResult {
    let end = world.run()
    world.tellTotals()
    let broken = world.network.brokenLaws()
    if !broken.isEmpty { throw SimulationError(broken.joined(separator: "; ")) }
    return Folding(world, end: end).result()
  }
}
