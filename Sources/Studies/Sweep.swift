// Many worlds of one blueprint under different seeds, in parallel. Workers share nothing but the blueprint they copy from.
public import Simulation

public enum Sweep {
  /// Runs a blueprint under every seed, on `workers` tasks; the results come in the order of the seeds, whatever finishes first.
  public static func run(_ blueprint: Blueprint, seeds: [UInt64], workers: Int = 1) async throws(SimulationError) -> [RunResult] {
    precondition(workers > 0, "a sweep without workers")
    let share = (seeds.count + workers - 1) / workers
    let outcomes = await withTaskGroup(of: (Int, Result<[RunResult], SimulationError>).self) { group in
      for worker in 0..<workers {
        let mine = Array(seeds.dropFirst(worker * share).prefix(share))
        group.addTask { (worker, batch(blueprint, mine)) }
      }
      var parts: [(Int, Result<[RunResult], SimulationError>)] = []
      for await part in group { parts.append(part) }
      return parts.sorted { $0.0 < $1.0 }
    }
    var results: [RunResult] = []
    for (_, outcome) in outcomes { results += try outcome.get() }
    return results
  }

  private static func batch(_ blueprint: Blueprint, _ seeds: [UInt64]) -> Result<[RunResult], SimulationError> {
    do throws(SimulationError) {
      var results: [RunResult] = []
      results.reserveCapacity(seeds.count)
      for seed in seeds { results.append(try Simulator.run(blueprint, seed: seed)) }
      return .success(results)
    } catch {
      return .failure(error)
    }
  }
}
