// Failures told where they happen: who tells, in which order, and what is told apart.
import NetworkModel
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct FailureTests {
  /// Who told that the public attempt ended so.
  private func tellers(_ run: RunResult, of reason: Reason) -> [String] {
    run.story.filter { $0.reason == reason && $0.outcome == .failed && $0.attempt == .public }.map {
      run.nodes[Int($0.node.index)].id
    }
  }

  @Test("a base transport lost between the two lists cuts the signalling: both ends tell")
  func signallingCut() throws {
    let run = try Files.scenario("failures/signalling-lost").run()
    #expect(run.attempt(.public).reason == .signallingLost)
    #expect(Set(tellers(run, of: .signallingLost)) == ["alice", "sh-1"])
    #expect(run.sessions[0].reason == .connectionLost)
  }

  @Test("whether a list that was sent has arrived only the host knows")
  func signallingCutBehindTheClient() throws {
    let plain = try Files.scenario("documented/1-internet-only")
    let sent = try #require(try plain.run().time(of: .clientCandidatesSent))
    var scenario = plain
    scenario.expectations = []
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "alice" }!].client.reconnect = false
    scenario.events = [
      EventSpec(at: sent + .milliseconds(-1), change: .act(element: "service.regions.west.gateway", verb: .down))
    ]
    let run = try scenario.run()
    #expect(tellers(run, of: .signallingLost) == ["sh-1"])
    #expect(run.attempt(.public).reason == .signallingLost)
    // A moment later the list is across, and nobody tells so.
    scenario.events[0].at = sent + .milliseconds(100)
    #expect(tellers(try scenario.run(), of: .signallingLost).isEmpty)
  }

  @Test("an attempt that ends because the host refused the session is no victim of signalling")
  func refusedIsNotCut() throws {
    let run = try Files.scenario("failures/capabilities-refused").run()
    #expect(run.attempt(.public).outcome == .abandoned)
    #expect(run.attempt(.public).reason == .sessionEnded)
  }

  @Test("the offer says that no candidates will come: managed alone is the only transport, not the first")
  func onlyTransport() throws {
    let run = try Files.scenario("settings/policy-no-ice").run()
    #expect(run.sessions[0].transport == .managed)
    #expect(run.sessions[0].reason == .onlyTransport)
  }

  @Test("a closed port is not silence: an ICMP error ends the attempt at once and has its own code")
  func closedPort() throws {
    var scenario = try Files.scenario("failures/listener-rejected")
    scenario.expectations = []
    let silent = try scenario.run()
    #expect(silent.attempt(.managed).reason == .noAnswer)
    let syn = try #require(silent.story.first { $0.dropReason == .rule && $0.to.port == 3390 })
    let world = World(Blueprint(scenario))
    world.run(until: syn.time)
    let error = ICMPError(kind: .portUnreachable, source: syn.from, destination: syn.to, proto: .udp)
    let packet = Packet(
      source: Endpoint(syn.to.address, 0), destination: Endpoint(syn.from.address, 0), proto: .icmp, length: error.encodedLength,
      payload: world.network.store(.icmp(error)), conversation: .none, luck: 1)
    let ways = try #require(world.blueprint.hostInterfaces[world.blueprint.nodeOf["alice"]!])
    let line = try #require(ways.first { $0.route == "line" })
    world.network.inject(packet, at: line.id, time: syn.time + .milliseconds(1))
    world.run(until: syn.time + .milliseconds(2))
    let told = world.recorder.story.last { $0.kind == .attempt && $0.attempt == .managed && $0.outcome == .failed }
    #expect(told?.reason == .udpRefused)
    #expect(told?.time == syn.time + .milliseconds(1))
  }

  @Test("a client without a route to any of the listener's addresses probes nothing")
  func noRouteToTheListener() throws {
    var scenario = try Files.scenario("documented/1-internet-only").with("hosts.sh-1.shortpath.managed-listener=on")
    scenario.expectations = []
    #expect(try scenario.run().attempt(.managed).reason != .noListenerAddress)
    var blueprint = Blueprint(scenario)
    let alice = Int(blueprint.nodeOf["alice"]!.index)
    let way = try #require(blueprint.plan.routes[alice].first { $0.prefix == .allV4 })
    // The service alone stays within reach (the simulator's own public range, 198.18.0.0/15).
    blueprint.plan.routes[alice] = [Route(prefix: IPPrefix("198.18.0.0/15")!, interface: way.interface)]
    let world = World(blueprint)
    _ = world.run()
    let ended = world.recorder.story.last { $0.kind == .attempt && $0.attempt == .managed }
    #expect(ended?.reason == .noListenerAddress)
  }

  @Test("once a session was given up, nothing that still comes for it goes on: no probe's answer, no gateway's, no host's")
  func lateAnswers() throws {
    var scenario = try Files.scenario("recovery/reconnect-gives-up")
    scenario.expectations = []
    let failed = try #require(try scenario.run().time(of: .failed))
    var cutOff: Set<Milestone> = []
    // The line comes back slowly, and too late. The probe's SYN goes out again after 1, 3 and 7 s.
    for step in -12...1 as ClosedRange<Int64> {
      var late = scenario
      late.events += [
        EventSpec(
          at: failed + .milliseconds(step * 500),
          change: .set(path: "networks.home.uplink.delay", value: .duration(.milliseconds(430 + 25 * step)))),
        EventSpec(at: failed + .milliseconds(step * 500), change: .act(element: "networks.home.uplink", verb: .up)),
      ]
      let run = try late.run()
      guard let failed = run.time(of: .failed) else { continue }
      let own = run.sessions[0].milestones.filter { $0.node == "alice" }
      #expect(own.last?.milestone == .failed, "up at \(step): \(own.filter { $0.time > failed }.map(\.milestone))")
      if let last = own.last(where: { $0.milestone != .failed }) { cutOff.insert(last.milestone) }
    }
    #expect(cutOff.isSuperset(of: [.reconnecting, .gatewayConnected]), "\(cutOff.map(\.code).sorted())")
  }

  @Test("that a session ends without a transport is not held by one that is undecided")
  func undecidedIsNoFailure() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    scenario.timing.duration = .milliseconds(100)
    scenario.expectations = [Expectation(.session(1))]
    scenario.expectations[0].fails = true
    #expect(try scenario.run().expectations.map(\.verdict) == [.undecided])
  }

  @Test("later sessions of a client whose subscription failed have the same cause, at the same step")
  func laterSessions() throws {
    var scenario = try Files.scenario("failures/sign-in-refused")
    var second = scenario.sessions[0]
    second.at = .zero + .seconds(10)
    scenario.sessions.append(second)
    scenario.events.append(EventSpec(at: .zero + .seconds(10), change: .act(element: "service.stun", verb: .down)))
    let run = try scenario.run()
    #expect(run.sessions.map(\.reason) == [.signInRefused, .signInRefused])
    #expect(run.sessions.map { $0.cause?.node } == ["directory", "directory"])
    #expect(run.sessions.map { $0.cause?.missing } == [.tokenIssued, .tokenIssued])
  }

  @Test(
    "with the rule lifted each failure that a rule causes is gone",
    arguments: [
      ("failures/feed-unreachable", "lift networks.home.firewall.rules.no-https"),
      ("failures/no-healthy-host", "lift hosts.sh-1.firewall.rules.no-agent"),
      ("failures/host-cannot-reach-gateway", "lift networks.azure.firewall.rules.only-own-region"),
    ])
  func lifted(name: String, lift: String) throws {
    let scenario = try Files.scenario(name)
    #expect(try scenario.run().sessions[0].transport == nil)
    #expect(try scenario.with(lift).run().sessions[0].transport == .public)
  }

  @Test(
    "each switch of a failure decides: turned back, the session gets through",
    arguments: [
      "sign-in-refused", "feed-empty", "configuration-signature", "token-expired", "host-sign-in-refused", "licensing-failed",
      "capabilities-refused",
    ])
  func turnedBack(name: String) throws {
    var scenario = try Files.scenario("failures/" + name)
    let spec = ServiceSpec()
    scenario.service.tokenLifetime = spec.tokenLifetime
    scenario.service.validSignature = spec.validSignature
    for row in scenario.hosts.indices {
      scenario.hosts[row].client = ClientSpec()
      scenario.hosts[row].rdp = RDPSpec()
    }
    #expect(try scenario.run().sessions[0].transport == .public)
  }

  @Test("a run tells no failure of a session that has none")
  func nobodyFailed() throws {
    for name in Files.all where name.hasPrefix("documented/") {
      let run = try Files.scenario(name).run()
      #expect(run.sessions.allSatisfy { $0.failures.isEmpty && $0.cause == nil }, "\(name)")
      #expect(!run.story.contains { $0.failure != nil }, "\(name)")
    }
  }

  @Test("a broker that is down is named; what an agent's channel lost before it registered again is not")
  func channelsBlamed() throws {
    let down = try Files.scenario("failures/broker-down").run()
    for session in down.sessions {
      #expect([.linkDown, .nodeDown].contains(session.attempts[0].mainBlocker?.reason), "\(session.sentence)")
    }
    var scenario = try Files.scenario("failures/host-channel-lost")
    scenario.expectations = []
    scenario.events.append(EventSpec(at: .zero + .seconds(179), change: .act(element: "hosts.sh-1", verb: .down)))
    let run = try scenario.run()
    #expect(run.sessions[1].reason == .hostUnreachable)
    #expect(run.sessions[1].attempts[0].blockers.allSatisfy { $0.firstTime > .zero + .seconds(170) })
    #expect(run.sessions[1].attempts[0].mainBlocker?.node == "sh-1")
  }
}
