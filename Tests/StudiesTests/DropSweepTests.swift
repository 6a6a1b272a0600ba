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
  static let first = "documented/1-internet-only"
  static let third = "documented/3-managed-first-found"

  static func scenario(_ name: String) throws -> Scenario {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  /// 40 ms let a packet's successors overtake it, 1.5 s its own retransmission too.
  @Test(
    "whichever packet is lost, doubled or late, the session reaches its transport, perhaps later",
    arguments: [
      (first, MishapSpec.Fate.lost), (third, .lost), (first, .doubled), (third, .doubled), (first, .delayed(.milliseconds(40))),
      (third, .delayed(.milliseconds(1_500))),
    ])
  func everyPacket(name: String, fate: MishapSpec.Fate) async throws {
    let summary = try await DropSweep.run(try Self.scenario(name), fate: fate, workers: 2)
    #expect(summary.cases.count > 1_000)
    #expect(summary.broken == [])
    #expect(summary.failed == [])
    #expect(summary.diverted == [])
    let usual = try #require(summary.baseline[0].reached)
    let latest = try #require(summary.slowest?.endings[0].reached)
    // Two things add up at most: the initial timeout of 1 s, and what its window of one segment waits after it.
    #expect(latest >= usual && latest < usual + .milliseconds(1_600))
    let later = summary.cases.count { $0.endings[0].reached != usual }
    #expect(fate == .doubled || later > summary.cases.count / 10)
  }

  @Test("one worker and three give the same cases in the same order")
  func workers() async throws {
    let scenario = try Self.scenario(Self.third)
    let alone = try await DropSweep.run(scenario, on: ["links.backbone.there"])
    let together = try await DropSweep.run(scenario, on: ["links.backbone.there"], workers: 3)
    #expect(alone.cases == together.cases && !alone.cases.isEmpty)
    #expect(alone.cases.map(\.mishap.packet) == Array(1...alone.cases.count))
    // The first is the SYN to the listener.
    #expect(alone.cases[0].endings[0].reached == alone.baseline[0].reached! + .milliseconds(800))
  }

  @Test("a run that needs more than it may is found out, and says which packet it was")
  func broken() async throws {
    var scenario = try Self.scenario(Self.third)
    scenario.timing.maximumEvents = try Simulator.run(scenario).events + 1
    let summary = try await DropSweep.run(scenario, fate: .doubled, on: ["networks.home.uplink.up"])
    // A copy is an event more at least, unless it comes when everything has settled.
    let found = try #require(summary.broken.first)
    #expect(found.mishap == MishapSpec(link: "networks.home.uplink.up", packet: 1, fate: .doubled))
    #expect(found.broken.first == "the run ended by event-limit")
  }

  @Test("a session that had its desktop and was lost for good breaks no law, nor does a packet that a dead link loses anyhow")
  func lost() async throws {
    let summary = try await DropSweep.run(try Self.scenario("recovery/no-reconnect"), on: ["links.backbone.back"], workers: 2)
    #expect(summary.baseline[0].transport == nil)
    #expect(!summary.cases.isEmpty && summary.broken == [])
  }

  @Test("a case that was found runs alike from a file")
  func kept() async throws {
    var scenario = try Self.scenario(Self.third)
    let found = try await DropSweep.run(scenario, on: ["links.backbone.there"]).cases[0]
    scenario.mishaps = [found.mishap]
    let kept = try ScenarioReader.read(text: ScenarioWriter.resolved(scenario), name: "kept.yaml")
    #expect(kept.mishaps == [found.mishap])
    #expect(try Simulator.run(kept).sessions[0].switched == found.endings[0].reached)
  }
}
