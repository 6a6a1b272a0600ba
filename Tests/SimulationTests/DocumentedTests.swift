// The five documented scenarios and the files beside them: what they must show.
import Foundation
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct DocumentedTests {
  @Test("every scenario file runs, settles and meets its expectations", arguments: Files.all)
  func fileHolds(name: String) throws {
    let scenario = try Files.scenario(name)
    let run = try scenario.run()
    #expect(run.end == .settled || run.end == .duration && scenario.timing.duration != nil)
    for expectation in run.expectations {
      #expect(expectation.verdict == .held, "\(expectation.text): found \(expectation.found)")
    }
    #expect(!run.expectations.isEmpty, "a scenario that expects nothing proves nothing")
  }

  @Test("all twelve steps stand in the trace, in order, with the node that took each")
  func twelveSteps() throws {
    let run = try Files.scenario("documented/1-internet-only").run()
    let steps = run.sessions[0].milestones.filter { $0.milestone.step != nil }
    #expect(steps.compactMap(\.milestone.step) == Array(1...12))
    #expect(steps.map(\.time) == steps.map(\.time).sorted())
    #expect(
      steps.map(\.node) == [
        "alice", "alice", "alice", "feed", "alice", "alice", "alice", "gateway-west", "sh-1", "gateway-west", "gateway-west",
        "alice",
      ])
  }

  @Test("the client takes the gateway that is closest to itself, not to the host, and the host follows it there")
  func closestGateway() throws {
    let run = try Files.scenario("documented/1-internet-only").run()
    #expect(run.sessions[0].milestones.first { $0.milestone == .relayStarted }?.node == "gateway-west")
    let moved = try Files.scenario("documented/1-internet-only").with("networks.home.uplink.delay=3 ms")
    var far = moved
    far.service.regions[1].link.there.delay = .milliseconds(40)
    far.service.regions[1].link.back.delay = .milliseconds(40)
    #expect(try far.run().sessions[0].milestones.first { $0.milestone == .relayStarted }?.node == "gateway-north")
  }

  @Test("scenario 2: both ways are valid and measured; the round trips are the paths' own")
  func twoWays() throws {
    let run = try Files.scenario("documented/2-vpn-lowest-latency").run()
    let valid = run.sessions[0].pairs.filter { $0.owner == "alice" && $0.roundTrip != nil }
    // VPN: lan .1 + uplink 3 + gateway's lan .1 + backbone 4 + lan .1; internet: lan .1 + uplink 3 + transit 14 + lan .1.
    #expect(valid.first { $0.route == "vpn" }?.roundTrip == .microseconds(2 * 7_300))
    #expect(valid.first { $0.route == "internet" }?.roundTrip == .microseconds(2 * 17_200))
    #expect(run.sessions[0].pairs.first { $0.owner == "alice" && $0.wasNominated }?.route == "vpn")
  }

  @Test("scenario 5: the listener ends 3.2 s after its first SYN, ICE after three STUN schedules; every request is in the trace")
  func noUDP() throws {
    let run = try Files.scenario("documented/5-no-udp").run()
    let managed = run.attempt(.managed)
    #expect(managed.ended! - managed.started! == .milliseconds(3_200))
    let open = run.attempt(.public)
    let gathering = run.time(of: .hostGathering)!
    #expect(open.started == gathering)
    let total = open.ended! - gathering
    #expect(total >= .milliseconds(118_500) && total < .milliseconds(118_700))
    let schedule: [Int64] = [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]
    let asked = run.story.filter { $0.kind == .request && $0.pair == 0 && run.nodes[Int($0.node.index)].id == "sh-1" }
    #expect(asked.map { $0.time - gathering } == schedule.map { .milliseconds($0) })
    let dropped = run.story.filter {
      $0.kind == .drop && $0.topic == .stun && $0.rule >= 0 && run.rules[Int($0.rule)].id == "deny-udp-out"
    }
    #expect(dropped.count == 7)
    #expect(Set(open.blockers.compactMap(\.rule)) == ["deny-udp-out", "no-udp-out", "no-inner-udp"])
    #expect(Set(managed.blockers.compactMap(\.rule)) == ["no-inner-udp"])
  }

  @Test("the user waits for none of it: scenario 5's desktop comes when it comes with Shortpath off")
  func userNeverWaits() throws {
    let scenario = try Files.scenario("documented/5-no-udp")
    let off = try scenario.with("hosts.sh-1.shortpath.managed-listener=off", "hosts.sh-1.shortpath.public=off").run()
    let on = try scenario.run()
    #expect(on.sessions[0].connected == off.sessions[0].connected)
    #expect(off.sessions[0].reason == .shortpathOff)
    #expect(off.sessions[0].attempts.filter { $0.transport != .reverseConnect }.allSatisfy { $0.outcome == .notTried })
  }

  @Test("a symmetric client reaches an unfiltered host through a peer-reflexive candidate: from a port STUN never saw")
  func peerReflexive() throws {
    let run = try Files.scenario("measured/symmetric-client-open-host").run()
    let session = run.sessions[0]
    let signalled = Set(session.candidates.filter { $0.owner == "alice" }.map(\.endpoint))
    let used = try #require(session.pairs.first { $0.owner == "sh-1" && $0.wasNominated })
    #expect(!signalled.contains(used.remote))
    #expect(signalled.contains { $0.address == used.remote.address })
  }

  @Test("two clients behind one NAT have the same outside address and different ports")
  func twoClients() throws {
    let run = try Files.scenario("measured/two-clients").run()
    let seen = run.sessions.map { session in
      session.candidates.first { $0.owner == session.client && $0.type == .serverReflexive }!.endpoint
    }
    #expect(seen[0].address == seen[1].address)
    #expect(seen[0].port != seen[1].port)
  }

  @Test(
    "channels lose, double and reorder nothing by the switch-over", arguments: Files.all.filter { $0.hasPrefix("documented") })
  func channels(name: String) throws {
    let run = try Files.scenario(name).run()
    let session = run.sessions[0]
    var sent: [String: Int] = [:]
    var received: [String: Int] = [:]
    for total in session.channels {
      let peer = total.node == session.client ? session.host : session.client
      sent["\(total.node) \(total.channel) \(total.transport)", default: 0] += total.sent
      received["\(peer) \(total.channel) \(total.transport)", default: 0] += total.received
    }
    for (flow, bytes) in sent.sorted(by: { $0.key < $1.key }) {
      let left = bytes - (received[flow] ?? 0)
      // The run may end with one update on its way; what reverse connect carried before it was taken down has all come.
      let isCurrent = flow.hasSuffix("\(session.transport!)")
      #expect(isCurrent ? (0...4_000).contains(left) : left == 0, "\(flow): \(left) bytes are missing")
    }
    #expect(sent.values.reduce(0, +) > 20_000)
  }

  @Test("a session host never accepts a TCP connection")
  func noTCP() throws {
    var scenario = try Files.scenario("documented/2-vpn-lowest-latency")
    scenario.probes = [ProbeSpec(from: "alice", to: "sh-1", port: 3389, kind: .tcp, at: .zero)]
    scenario.expectations = []
    #expect(try scenario.run().probes[0].outcome == "refused")
  }

  @Test("a label is what reports show for a component; results keep the id")
  func labels() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    scenario.hosts[0].label = "Alice's laptop"
    scenario.service.regions[1].label = "West Europe"
    let run = try scenario.run()
    #expect(run.shown(run.sessions[0].client) == "Alice's laptop")
    #expect(run.shown("gateway-west") == "gateway-West Europe")
    #expect(run.shown("broker") == "broker")
    #expect(run.sessions[0].client == "alice")
  }

  @Test("without rates every time on reverse connect is a sum of one-way delays")
  func closedForm() throws {
    let run = try Files.scenario("documented/1-internet-only").run()
    // One-way delays in µs: alice - gateway west, alice - gateway north, host - gateway west, gateway west - broker, broker - host.
    let (near, far, host, broker, bus): (Int64, Int64, Int64, Int64, Int64) = (7_150, 19_150, 18_150, 20_100, 2_150)
    func after(_ milestone: Milestone) -> SimDuration { run.time(of: milestone)! - run.sessions[0].clicked! }
    // TCP connect and the question for its load, of the farther gateway.
    let chosen = 4 * far
    #expect(after(.gatewayChosen) == .microseconds(chosen))
    // TCP, then TLS 1.2 in two round trips.
    let connected = chosen + 6 * near
    #expect(after(.gatewayConnected) == .microseconds(connected))
    let asked = connected + near
    #expect(after(.brokerAsked) == .microseconds(asked))
    #expect(after(.hostInitialized) == .microseconds(asked + broker + bus))
    // The broker tells the host; TCP, TLS and the join on its way to the gateway.
    let relayed = asked + broker + bus + 7 * host
    #expect(after(.relayStarted) == .microseconds(relayed))
    #expect(after(.rdpStarted) == .microseconds(relayed + near))
    // X.224, TLS 1.3, settings, attach and four joins, then client info, auto-detection, capabilities and finalization: eleven round trips.
    #expect(after(.desktop) == .microseconds(relayed + near + 11 * 2 * (near + host)))
    #expect(run.sessions[0].roundTripBefore == .microseconds(2 * (near + host)))
  }
}
