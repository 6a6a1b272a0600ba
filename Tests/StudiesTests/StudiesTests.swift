// Many runs: parallel sweeps give what single runs give, and lifting a blocker opens the way it stood in.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct StudiesTests {
  private func scenario(_ name: String) throws -> Scenario {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  @Test("one worker and three give the same results in the same order")
  func workers() async throws {
    let blueprint = Blueprint(try scenario("documented/1-internet-only"))
    let seeds = Array(1...7 as ClosedRange<UInt64>)
    let alone = try await Sweep.run(blueprint, seeds: seeds)
    let together = try await Sweep.run(blueprint, seeds: seeds, workers: 3)
    #expect(alone.map(\.fingerprints) == together.map(\.fingerprints))
    #expect(together.map(\.seed) == seeds)
    #expect(Set(alone.map(\.fingerprints.trajectory)).count == seeds.count)
  }

  @Test("lifting the rule that scenario 4 names gives scenario 2's path")
  func lifting() throws {
    let blocked = try scenario("documented/4-vpn-udp-blocked")
    let run = try Simulator.run(blocked)
    let open = run.sessions[0].attempts.first { $0.transport == .public }!
    let blocker = try #require(open.blockers.first { $0.rule == "no-inner-udp" })
    let lifted = try Lifting.rerun(blocked, with: [Lifting.lift(of: blocker)!])
    #expect(lifted.sessions[0].route == "vpn")
    #expect(run.sessions[0].route == "internet")
  }
}
