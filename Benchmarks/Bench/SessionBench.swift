// Whole documented sessions: world building, the run and the folding, on one core and on two.
import Foundation
import ResultStore
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Trace

/// Sessions of one scenario whose blueprint is built once, a world a seed.
struct SessionBench: Sendable {
  private let blueprint: Blueprint
  private let source: String

  /// - Parameter path: the scenario file, from the working directory.
  init(_ path: String) throws {
    blueprint = Blueprint(try ScenarioReader.read(file: path))
    source = try String(contentsOfFile: path, encoding: .utf8)
  }

  /// Runs `count` sessions; the digest is over every fingerprint. With a store, its rows are written.
  @inline(never) private func batch(_ count: Int, from seed: Int, into store: RunStore? = nil) -> RollingDigest {
    var digest = RollingDigest()
    for seed in seed..<seed + count {
      do {
        let run = try Simulator.run(blueprint, seed: UInt64(seed))
        digest.add(run.fingerprints.outcome)
        digest.add(run.fingerprints.protocolStory)
        digest.add(run.fingerprints.trajectory)
        try store?.write(run, source: source, resolved: source)
      } catch { preconditionFailure("a documented session: \(error)") }
    }
    return digest
  }

  /// Sessions a second on one core.
  func round(sessions: Int) -> Round {
    var digest = RollingDigest()
    let seconds = elapsed { digest = batch(sessions, from: 1) }
    return Round(value: Double(sessions) / seconds, checksum: digest.value)
  }

  /// The same with every result written into a new file.
  func storedRound(sessions: Int) throws -> Round {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RunStore(path: folder.appendingPathComponent("bench.sqlite").path)
    var digest = RollingDigest()
    let seconds = elapsed { digest = batch(sessions, from: 1, into: store) }
    return Round(value: Double(sessions) / seconds, checksum: digest.value)
  }

  /// Worlds built (and torn down) a second, none of them run.
  func worlds(_ count: Int) -> Round {
    let seconds = elapsed { for seed in 0..<count { _ = World(blueprint, seed: UInt64(seed)) } }
    return Round(value: Double(count) / seconds)
  }

  /// Events of one session.
  func events() throws -> Round { Round(value: Double(try Simulator.run(blueprint, seed: 1).events)) }

  /// How many times as many sessions a second two threads give as one, both measured here and now.
  func twoCores(sessions: Int) -> Round {
    let one = elapsed { _ = batch(sessions, from: 1) }
    let two = elapsed {
      DispatchQueue.concurrentPerform(iterations: 2) { part in _ = batch(sessions, from: 1 + part * sessions) }
    }
    return Round(value: 2 * one / two)
  }

  /// One line a seed with everything that must not change from build to build: counts, fingerprints and a digest of the whole result.
  func fingerprints(seeds: Int) throws -> [String] {
    try (1...seeds).map { seed in
      let run = try Simulator.run(blueprint, seed: UInt64(seed))
      let prints = run.fingerprints
      let whole = stableHash("\(run.sessions) \(run.probes) \(run.expectations) \(run.drops) \(run.story)")
      let digests = [prints.outcome, prints.protocolStory, prints.trajectory, whole].map(hex).joined(separator: " ")
      return "\(run.scenario.id) \(seed) \(run.end) \(run.endTime) \(run.events) \(run.hops) \(digests)"
    }
  }
}
