// A flood of SYNs costs the host a bounded number of things, however long it goes on.
import HostStack
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct BoundedStateTests {
  /// The most that existed at any time: objects, timers and stream logs.
  private struct Peak: Equatable {
    var objects = 0
    var timers = 0
    var streams = 0
  }

  private func peak(of scenario: Scenario) throws -> (peak: Peak, result: RunResult) {
    let world = World(Blueprint(scenario))
    var peak = Peak()
    var time = SimTime.zero
    while time < .zero + .seconds(30) {
      world.run(until: time)
      peak.objects = max(peak.objects, world.stack.keptCount)
      peak.timers = max(peak.timers, world.network.timersInUse)
      peak.streams = max(peak.streams, world.network.streams.openLogs)
      time = time + .milliseconds(5)
    }
    return (peak, try Simulator.result(of: world))
  }

  private func flood(_ file: String, count: Int) throws -> (peak: Peak, result: RunResult) {
    var scenario = try Files.scenario("security/" + file)
    scenario.rogues[0].count = count
    scenario.expectations = []
    return try peak(of: scenario)
  }

  @Test("unknown hashes keep no state: 5,000 SYNs leave as much as one does")
  func unknown() throws {
    #expect(try flood("syn-flood", count: 5_000).peak == flood("syn-flood", count: 1).peak)
  }

  @Test("with the right hash eight handshakes are all there ever are, Alice's among them")
  func overheard() throws {
    let few = try flood("syn-flood-overheard", count: 20)
    let many = try flood("syn-flood-overheard", count: 5_000)
    #expect(many.peak == few.peak)
    #expect(many.result.rogues[0].answered > 0)
    #expect(many.result.sessions[0].transport == .managed)
  }

  @Test("finished handshakes are freed: a flood of 20 s has begun many times eight and holds no more than one of 2 s")
  func freed() throws {
    // Nothing reaches Alice from the listener, so the race stays open and the flood goes on against the outstanding request.
    var scenario = try Files.scenario("security/syn-flood-overheard")
    var rule = RuleSpec(id: "no-answer", action: .drop)
    rule.proto = .udp
    rule.sourcePorts = PortRange(3390, 3390)
    rule.to = .host("alice")
    var firewall = FirewallSpec(rules: [rule])
    firewall.tracking = .off
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!].firewall = firewall
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "sh-1" }!].policy.publicNetworks = false
    scenario.expectations = []
    scenario.rogues[0].interval = .milliseconds(10)
    scenario.rogues[0].count = 200
    let short = try peak(of: scenario)
    scenario.rogues[0].count = 2_000
    let long = try peak(of: scenario)
    func admitted(_ run: RunResult) -> Int {
      let rogue = run.rogues[0]
      return rogue.sent - rogue.drops.filter { $0.reason == .tooManyHandshakes }.reduce(0) { $0 + $1.packets }
    }
    #expect(admitted(short.result) == 7)
    #expect(admitted(long.result) > 40)
    #expect(long.peak == short.peak)
    #expect(long.result.sessions[0].transport == .reverseConnect)
  }
}
