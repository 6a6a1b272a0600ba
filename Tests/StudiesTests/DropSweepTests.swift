// Every packet of a scenario lost once, doubled once, delayed once: nothing hangs, nothing switches twice, everything is counted.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct DropSweepTests {
  static func scenario(_ name: String) throws -> Scenario {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  static let scenarios = ["documented/1-internet-only", "documented/3-managed-first-found"]

  @Test("whichever packet is lost, the session reaches a transport", arguments: scenarios)
  func lost(name: String) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    for fate in [MishapSpec.Fate.lost, .doubled, .delayed(.milliseconds(40)), .delayed(.milliseconds(1_500))] {
    let summary = try await DropSweep.run(try Self.scenario(name), fate: fate, workers: 2)
    print(name, fate, summary.cases.count, clock.now - start)
    for one in summary.broken { print("BROKEN", one.mishap, one.broken, one.endings) }
    for one in summary.failed { print("FAILED", one.mishap, one.endings) }
    var tally: [String: Int] = [:]
    for one in summary.cases { for e in one.endings { tally["\(e.transport?.name ?? "none") \(e.route) \(e.reason)", default: 0] += 1 } }
    print(tally, summary.slowest!)
    }
  }
}
