// Every setting of a link that an event can change, changed before, during and after a connection: an outcome or a number moves.
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import VirtualDesktop
import Wire

@Suite struct ImpairedLinkTests {
  /// Scenario 2 or 3, whose VPN goes over the private line, with these changes at a time.
  private func run(_ changes: [String], at time: Int64, base: [String] = [], listener: Bool = false) throws -> RunResult {
    var scenario = try Files.scenario(listener ? "documented/3-managed-first-found" : "documented/2-vpn-lowest-latency")
    for change in base { scenario = try scenario.with(change) }
    scenario.expectations = []
    scenario.sessions[0].workload.every = .milliseconds(50)
    scenario.sessions[0].workload.lasts = .seconds(14)
    scenario.events = try changes.map { EventSpec(at: .zero + .milliseconds(time), change: try ChangeReader.parse($0)) }
    #expect(scenario.problems().isEmpty, "\(scenario.problems())")
    return try scenario.run()
  }

  /// Before the click, in the middle of gathering and checks, and long after the switch-over.
  private static let moments: [Int64] = [-1_000, 1_000, 10_000]

  private func drops(_ run: RunResult, _ reason: DropReason) -> Int {
    run.drops.filter { $0.reason == reason }.reduce(0) { $0 + $1.packets }
  }

  @Test("delay: the choice goes to the other way, or the round trip grows", arguments: moments)
  func delay(at time: Int64) throws {
    let before = try run([], at: time)
    let after = try run(["links.backbone.delay=60 ms"], at: time)
    #expect(before.sessions[0].route == "vpn")
    #expect(after.sessions[0].route == (time < 10_000 ? "internet" : "vpn"))
    if time == 10_000 { #expect(after.hops < before.hops || after.endTime > before.endTime) }
  }

  @Test("loss: a way that loses everything is not taken, or lost", arguments: moments)
  func loss(at time: Int64) throws {
    let after = try run(["links.backbone.loss=100 %"], at: time)
    #expect(after.sessions[0].route == "internet")
    #expect(after.sessions[0].reconnects.count == (time == 10_000 ? 1 : 0))
    #expect(drops(after, .linkLoss) > 0)
    #expect(drops(try run([], at: time), .linkLoss) == 0)
  }

  @Test("burst: the same share of losses comes at other times", arguments: moments)
  func burst(at time: Int64) throws {
    let single = try run(["links.backbone.loss=20 %"], at: time, listener: true)
    let bursts = try run(["links.backbone.loss=20 %", "links.backbone.burst=2 s"], at: time, listener: true)
    #expect(drops(single, .linkLoss) > 0 && drops(bursts, .linkLoss) > 0)
    #expect(drops(single, .linkLoss) != drops(bursts, .linkLoss))
  }

  @Test("rate: a line too slow for the desktop fills its queue", arguments: moments)
  func rate(at time: Int64) throws {
    let after = try run(["links.backbone.rate=64 kbps"], at: time, listener: true)
    let before = try run([], at: time, listener: true)
    #expect(after.hops != before.hops)
    if time < 10_000 {
      #expect(after.sessions[0].roundTrip! > before.sessions[0].roundTrip! || after.sessions[0].route == "internet")
    } else {
      #expect(after.endTime != before.endTime || after.hops < before.hops)
    }
  }

  @Test("duplicate: every packet comes twice, and no channel notices", arguments: moments)
  func duplicate(at time: Int64) throws {
    let after = try run(["links.backbone.duplicate=100 %"], at: time, listener: true)
    let before = try run([], at: time, listener: true)
    #expect(after.hops > before.hops)
    #expect(after.sessions[0].transport == .managed)
    #expect(after.sessions[0].channels.allSatisfy { $0.disorder == 0 })
    for channel in VirtualChannel.allCases {
      let totals = after.sessions[0].channels.filter { $0.channel == channel }
      #expect(totals.reduce(0) { $0 + $1.sent } == totals.reduce(0) { $0 + $1.received })
    }
  }

  @Test("jitter moves the round trip, and reorders lets packets overtake", arguments: moments)
  func jitter(at time: Int64) throws {
    let before = try run([], at: time, listener: true)
    let steady = try run(["links.backbone.jitter=60 ms"], at: time, listener: true)
    let overtaking = try run(["links.backbone.jitter=60 ms", "links.backbone.reorders=on"], at: time, listener: true)
    if time < 1_100 { #expect(steady.sessions[0].roundTrip != before.sessions[0].roundTrip) }
    #expect(steady.hops != before.hops)
    #expect(overtaking.hops != steady.hops)
    #expect(overtaking.sessions[0].channels.allSatisfy { $0.disorder == 0 })
  }

  @Test("an uplink too is changed while it runs, and both its directions")
  func uplink() throws {
    let after = try run(["networks.home.uplink.delay=50 ms"], at: -1_000)
    #expect(after.sessions[0].roundTripBefore! - (try run([], at: 0)).sessions[0].roundTripBefore! == .milliseconds(2 * 47))
  }
}
