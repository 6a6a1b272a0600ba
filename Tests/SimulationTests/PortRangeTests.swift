// The client's port range: set on the session host, told with its candidates, drawn from on the client.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct PortRangeTests {
  /// The ports of a host's ICE sockets, session by session.
  private func ports(of host: String, in run: RunResult) -> [[UInt16]] {
    run.sessions.map { session in
      let own = session.candidates.filter { $0.owner == host && $0.type == .host }
      return own.map(\.base.port)
    }
  }

  @Test("the client draws inside the range, the host outside it, whatever the seed", arguments: 1...20 as ClosedRange<UInt64>)
  func inside(seed: UInt64) throws {
    let scenario = try Files.scenario("documented/2-vpn-lowest-latency").with(
      "hosts.sh-1.policy.ICEEnableClientPortRange=1", "hosts.sh-1.policy.ICEClientPortBase=2000",
      "hosts.sh-1.policy.ICEClientPortRange=100")
    let run = try scenario.run(seed: seed)
    let client = ports(of: "alice", in: run)[0]
    #expect(client.count == 2 && client.allSatisfy { (2_000...2_099).contains($0) })
    #expect(ports(of: "sh-1", in: run)[0].allSatisfy { $0 >= 49_152 })
    #expect(run.sessions[0].route == "vpn")
  }

  @Test("ports are drawn, not counted: seeds give different ones")
  func drawn() throws {
    let scenario = try Files.scenario("settings/policy-client-port-range")
    let first = try (1...8 as ClosedRange<UInt64>).map { try ports(of: "alice", in: scenario.run(seed: $0))[0][0] }
    #expect(Set(first).count > 4)
    #expect(first.allSatisfy { (38_300...39_299).contains($0) })
  }

  @Test("without the policy the range says nothing")
  func unlimited() throws {
    let run = try Files.scenario("settings/policy-client-port-range").with("hosts.sh-1.policy.ICEEnableClientPortRange=0").run()
    #expect(ports(of: "alice", in: run)[0].allSatisfy { $0 >= 49_152 })
    #expect(run.attempt(.public).mainBlocker?.rule == "no-udp-out")
  }

  @Test("a hundred sessions at once use a hundred ports up; the next ones get dynamic ports and connect all the same")
  func exhausted() throws {
    var scenario = try Files.scenario("documented/1-internet-only").with(
      "hosts.sh-1.policy.ICEEnableClientPortRange=1", "hosts.sh-1.policy.ICEClientPortBase=40000",
      "hosts.sh-1.policy.ICEClientPortRange=100")
    scenario.sessions = (0..<103).map { SessionSpec(client: "alice", host: "sh-1", at: .zero + .milliseconds(Int64($0))) }
    scenario.expectations = []
    let run = try scenario.run()
    let used = ports(of: "alice", in: run).flatMap { $0 }
    #expect(used.count == 103 && Set(used).count == 103)
    #expect(used.count { (40_000...40_099).contains($0) } == 100)
    #expect(used.count { $0 >= 49_152 } == 3)
    #expect(run.sessions.allSatisfy { $0.transport == .public })
  }

  @Test("a firewall as narrow as an exhausted range keeps the sessions beyond it on TCP, and its rule is named")
  func exhaustedBehindFirewall() throws {
    var scenario = try Files.scenario("firewall/port-range-agrees").with("hosts.sh-1.policy.ICEClientPortRange=100")
    scenario.sessions = (0..<102).map { SessionSpec(client: "alice", host: "sh-1", at: .zero + .milliseconds(Int64($0))) }
    scenario.expectations = []
    let run = try scenario.run()
    let beyond = run.sessions.filter { $0.transport != .public }
    #expect(beyond.count == 2 && beyond.allSatisfy { $0.transport == .reverseConnect })
    #expect(beyond.allSatisfy { session in session.attempts.contains { $0.mainBlocker?.rule == "no-other-udp" } })
  }
}
