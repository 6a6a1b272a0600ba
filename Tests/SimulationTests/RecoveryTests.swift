// Switch-over under load, paths that die during, right after and long after it, and how sessions come back.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import VirtualDesktop
import Wire

@Suite struct RecoveryTests {
  /// What one end sent on a channel over all transports, and what the other received.
  private func match(_ run: RunResult, _ channel: VirtualChannel, from: String, to: String, over transport: Transport? = nil)
    -> Bool
  {
    let totals = run.sessions[0].channels.filter { $0.channel == channel && (transport == nil || $0.transport == transport) }
    let sent = totals.filter { $0.node == from }.reduce(0) { $0 + $1.sent }
    let received = totals.filter { $0.node == to }.reduce(0) { $0 + $1.received }
    return sent == received && sent > 0
  }

  private func inOrder(_ run: RunResult) -> Bool { run.sessions[0].channels.allSatisfy { $0.disorder == 0 } }

  /// Scenario 3 with a busy desktop, and the relay's and the line's delays as given.
  private func busy(relay: Int64, line: Int64) throws -> Scenario {
    var scenario = try Files.scenario("documented/3-managed-first-found").with(
      "links.transit.delay=\(relay / 2) ms", "links.backbone.delay=\(line) ms")
    scenario.sessions[0].workload.every = .milliseconds(10)
    scenario.expectations = []
    return scenario
  }

  @Test(
    "under load both directions switch, each at its own time, and nothing is lost, doubled or overtaken", arguments: [0, 1, 7])
  func switchUnderLoad(seed: UInt64) throws {
    for (relay, line) in [(28, 4), (400, 5), (40, 60)] as [(Int64, Int64)] {
      let run = try busy(relay: relay, line: line).run(seed: seed)
      #expect(run.sessions[0].switched != nil)
      #expect(inOrder(run), "relay \(relay), line \(line)")
      for transport in [Transport.reverseConnect, .managed, .public]
      where transport == .reverseConnect || transport == run.sessions[0].transport {
        #expect(match(run, .graphics, from: "sh-1", to: "alice", over: transport), "graphics over \(transport)")
        #expect(match(run, .input, from: "alice", to: "sh-1", over: transport), "input over \(transport)")
      }
      #expect(match(run, .redirection, from: "sh-1", to: "alice"))
      // The host asks and writes on the tunnel from then on; the client only when it has been asked.
      let requested = try #require(run.time(of: .softSyncRequested))
      let switched = try #require(run.time(of: .switched))
      #expect(switched - requested >= .milliseconds(relay))
    }
  }

  @Test("a run's counters of every channel match at both ends, in every documented scenario")
  func documentedCounters() throws {
    for name in Files.all where name.hasPrefix("documented/") {
      let run = try Files.scenario(name).run()
      #expect(inOrder(run), "\(name)")
      for channel in VirtualChannel.allCases {
        let totals = run.sessions[0].channels.filter { $0.channel == channel }
        #expect(totals.reduce(0) { $0 + $1.sent } == totals.reduce(0) { $0 + $1.received }, "\(name) \(channel)")
      }
    }
  }

  /// Scenario 3 with its private line cut this long after time zero.
  private func cut(at time: SimDuration, silence: SimDuration? = nil, era: ReverseConnectEra = .classic) throws -> RunResult {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    scenario.events = [EventSpec(at: .zero + time, change: .act(element: "links.backbone", verb: .down))]
    if let silence { scenario.timing.udpSilence = silence }
    scenario.service.reverseConnect = era
    scenario.expectations = []
    return try scenario.run()
  }

  @Test(
    "a path that dies is noticed after 16 s of silence, or 17 when the setting says so, and the first try follows about 1 s later"
  )
  func silence() throws {
    for seconds in [16, 17] as [Int64] {
      let run = try cut(at: .seconds(10), silence: .seconds(seconds))
      let loss = try #require(run.sessions[0].reconnects.first)
      #expect(loss.reason == .pathLost)
      // The last datagram came at most a keep-alive's interval before the cut, and was on its way then for at most 20 ms.
      let silent = loss.lost - (SimTime.zero + .seconds(10))
      #expect(silent > .seconds(seconds - 4) && silent <= .seconds(seconds) + .milliseconds(20))
      let tried = try #require(run.time(of: .reconnecting))
      #expect(tried - loss.lost >= .seconds(1) && tried - loss.lost <= .milliseconds(1_250))
      #expect(loss.tries == 1)
      #expect(run.sessions[0].transport == .public)
      #expect(inOrder(run))
    }
  }

  @Test("a path that dies at any moment of the switch-over leads to a reconnect, never to two transports or a hang")
  func duringTheSwitch() throws {
    let whole = try Files.scenario("documented/3-managed-first-found").run()
    let from = try #require(whole.time(of: .softSyncRequested)).nanoseconds / 1_000
    let to = try #require(whole.time(of: .reverseConnectClosed)).nanoseconds / 1_000
    for time in stride(from: from - 10_000, through: to + 10_000, by: 4_321) {
      let run = try cut(at: .microseconds(time))
      #expect(run.end == .settled, "cut at \(time) µs")
      #expect(run.sessions[0].transport == .public, "cut at \(time) µs: \(run.sessions[0].sentence)")
      #expect(run.sessions[0].reconnects.count <= 1)
    }
  }

  @Test("with a warm reverse connect too: what had switched goes on there for good, what had not comes back")
  func duringTheSwitchWarm() throws {
    let whole = try Files.scenario("documented/3-managed-first-found").run()
    let from = try #require(whole.time(of: .softSyncRequested)).nanoseconds / 1_000
    let to = try #require(whole.time(of: .switched)).nanoseconds / 1_000
    var resumed = 0
    for time in stride(from: from - 10_000, through: to + 20_000, by: 4_321) {
      let run = try cut(at: .microseconds(time), era: .warm)
      #expect(run.end == .settled, "cut at \(time) µs")
      #expect(run.sessions[0].reconnects.count <= 1, "cut at \(time) µs: \(run.sessions[0].sentence)")
      if run.time(of: .resumed) != nil {
        resumed += 1
        #expect(run.sessions[0].transport == .reverseConnect, "cut at \(time) µs: \(run.sessions[0].sentence)")
      } else {
        #expect(run.sessions[0].transport == .public, "cut at \(time) µs: \(run.sessions[0].sentence)")
      }
    }
    #expect(resumed > 0)
  }

  @Test("a warm reverse connect that died with the tunnel is no way back: the session is not over before that shows")
  func warmButDead() throws {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    scenario.service.reverseConnect = .warm
    scenario.expectations = []
    let all = ["links.backbone", "links.transit"]
    scenario.events = all.map { EventSpec(at: .zero + .seconds(10), change: .act(element: $0, verb: .down)) }
    let run = try scenario.run()
    #expect(run.end == .settled)
    #expect(run.sessions[0].transport == nil, "\(run.sessions[0].sentence)")
    #expect(run.sessions[0].reason == .reconnectFailed)
  }

  @Test("the host replaces the connection a client lost: at most one of its connections is alive")
  func replaced() throws {
    // From 10 s on the listener's answers are lost, and nothing else: the client notices, comes back, and the host still hears it.
    var scenario = try Files.scenario("documented/3-managed-first-found")
    scenario.sessions[0].workload.lasts = .seconds(2)
    var rule = RuleSpec(id: "no-answer", action: .drop)
    rule.proto = .udp
    rule.sourcePorts = PortRange(3390, 3390)
    rule.to = .host("alice")
    var firewall = FirewallSpec(rules: [rule])
    firewall.tracking = .off
    let gateway = scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!
    scenario.hosts[gateway].firewall = firewall
    let path = "hosts.vpn-gateway.firewall.rules.no-answer"
    scenario.events = [
      EventSpec(at: .zero, change: .act(element: path, verb: .lift)),
      EventSpec(at: .zero + .seconds(10), change: .act(element: path, verb: .restore)),
    ]
    scenario.expectations = []
    let run = try scenario.run()
    #expect(run.sessions[0].transport == .public)
    #expect(run.sessions[0].reconnects.count == 1)
    #expect(run.sessions[0].milestones.filter { $0.milestone == .desktop }.count == 2)
    let replaced = try #require(run.sessions[0].milestones.first { $0.milestone == .replaced })
    #expect(replaced.node == "sh-1" && replaced.time > run.time(of: .reconnecting)!)
    // The old connection's end tells nobody of a failure.
    #expect(!run.story.contains { $0.failure != nil && $0.time >= replaced.time })
    #expect(inOrder(run))
  }

  @Test("a gateway instance killed before the switch-over costs the session, which comes back through another; after it, nothing")
  func gatewayKilled() throws {
    var scenario = try Files.scenario("documented/5-no-udp")
    scenario.expectations = []
    let kill = Change.act(element: "service.regions.west.gateway", verb: .down)
    scenario.events = [EventSpec(at: .zero + .seconds(130), change: kill)]
    let lost = try scenario.run()
    #expect(lost.sessions[0].transport == .reverseConnect)
    #expect(lost.sessions[0].reconnects.map(\.reason) == [.connectionLost])
    #expect(lost.sessions[0].milestones.last { $0.milestone == .hostConnected }?.node == "gateway-north")

    for era in ReverseConnectEra.allCases {
      var switched = try Files.scenario("documented/3-managed-first-found")
      switched.expectations = []
      switched.service.reverseConnect = era
      switched.events = [EventSpec(at: .zero + .seconds(5), change: kill)]
      let run = try switched.run()
      #expect(run.sessions[0].transport == .managed)
      #expect(run.sessions[0].reconnects.isEmpty)
      #expect(inOrder(run))
    }
  }

  @Test(
    "in the classic era reverse connect goes down with the switch-over; in the warm one it stays, and takes the channels back")
  func eras() throws {
    let classic = try cut(at: .seconds(10))
    #expect(classic.time(of: .reverseConnectClosed) != nil)
    #expect(classic.sessions[0].milestones.filter { $0.milestone == .desktop }.count == 2)
    let warm = try cut(at: .seconds(10), era: .warm)
    #expect(warm.time(of: .reverseConnectClosed) == nil)
    #expect(warm.sessions[0].transport == .reverseConnect)
    #expect(warm.sessions[0].reason == .resumed)
    #expect(warm.sessions[0].milestones.filter { $0.milestone == .desktop }.count == 1)
    #expect(warm.sessions[0].reconnects.first?.tries == 0)
    #expect(inOrder(warm), "what the tunnel swallowed was sent again, in order, once")
    // What the tunnel swallowed is sent again: each end has received all the other ever numbered.
    let graphics = warm.sessions[0].channels.filter { $0.channel == .graphics }
    let received = graphics.filter { $0.node == "alice" }.reduce(0) { $0 + $1.received }
    let sent = graphics.filter { $0.node == "sh-1" }.reduce(0) { $0 + $1.sent }
    #expect(sent > received, "the tunnel did swallow something")
  }

  @Test("a warm reverse connect takes the channels back whenever the UDP path dies in the switch-over, and is not given up later")
  func warmInSwitchOver() throws {
    let whole = try cut(at: .seconds(10), era: .warm)
    let requested = try #require(whole.time(of: .softSyncRequested))
    for offset in Swift.stride(from: Int64(0), through: 60, by: 6) {
      let run = try cut(at: SimDuration(nanoseconds: requested.nanoseconds) + .milliseconds(offset), era: .warm)
      #expect(run.sessions[0].reason == .resumed, "\(offset) ms after the request: \(run.sessions[0].sentence)")
      #expect(run.sessions[0].reconnects.map(\.tries) == [0])
      #expect(run.sessions[0].milestones.filter { $0.milestone == .desktop }.count == 1)
      #expect(inOrder(run))
    }
  }

  @Test("a session that lost its UDP path names what stood in its way, and what the last try met; times count from the click")
  func sentences() throws {
    var scenario = try Files.scenario("recovery/no-reconnect")
    scenario.expectations = []
    let lost = try scenario.run().sessions[0]
    #expect(lost.reason == .pathLost)
    #expect(lost.sentence.contains("link-down at"), "\(lost.sentence)")
    #expect(lost.attempts[0].outcome == .abandoned && lost.attempts[0].reason == .replaced)
    var expired = try Files.scenario("documented/1-internet-only")
    expired.expectations = []
    expired.service.tokenLifetime = .seconds(5)
    expired.events = [
      EventSpec(at: .zero + .seconds(10), change: .act(element: "links.transit", verb: .down)),
      EventSpec(at: .zero + .seconds(28), change: .act(element: "links.transit", verb: .up)),
    ]
    let run = try expired.run().sessions[0]
    #expect(run.sentence.contains("the last try: the token had expired"), "\(run.sentence)")
    #expect(run.failures.contains { $0.reason == .tokenExpired && $0.missing == .brokerAsked }, "each connection has its steps")
    let back = try cut(at: .seconds(10)).sessions[0]
    let after = try #require(back.reconnects.first).lost - (try #require(back.clicked))
    #expect(back.sentence.contains("Lost its transport \(after) after the click (path-lost, link-down at "), "\(back.sentence)")
    #expect(back.reconnects[0].blocker?.reason == .linkDown)
  }

  @Test("tries that fail are repeated with growing pauses until the window closes, and every try has luck of its own")
  func window() throws {
    let run = try Files.scenario("recovery/reconnect-gives-up").run()
    let lost = try #require(run.time(of: .interrupted))
    let failed = try #require(run.time(of: .failed))
    #expect(failed - lost == .seconds(30))
    #expect(run.sessions[0].reconnects[0].tries >= 1)
    #expect(run.sessions[0].cause?.reason == .pathLost)
    #expect(run.sessions[0].reason == .reconnectFailed)
  }
}

extension RecoveryTests {
  @Test(
    "a gateway that dies before it upgrades a host's leg is not waited for: the host gives the session up, and the next one comes"
  )
  func upgradeAwaited() throws {
    // The client's leg to its gateway dies while the host is joining, and the gateway with it.
    let whole = try Files.scenario("documented/1-internet-only").run()
    let asked = try #require(whole.time(of: .hostInitialized)).nanoseconds
    let joined = try #require(whole.time(of: .hostConnected)).nanoseconds
    for time in stride(from: asked, through: joined, by: 20_000_000) {
      var scenario = try Files.scenario("documented/1-internet-only")
      scenario.expectations = []
      scenario.events = [
        EventSpec(at: SimTime(nanoseconds: time), change: .act(element: "service.regions.west.gateway", verb: .down))
      ]
      let run = try scenario.run()
      #expect(run.end == .settled)
      #expect(run.sessions[0].transport == nil)
      #expect(run.sessions[0].failures.allSatisfy { $0.node != "gateway-west" }, "a machine that is down tells nothing")
    }
  }

  @Test("an answer to a try that was given up is not taken for the next one: every connection has a correlation of its own")
  func correlations() throws {
    // The first try is still being orchestrated when its gateway's client gives up; the second asks the same gateway.
    var scenario = try Files.scenario("recovery/udp-path-dies-later")
    scenario.expectations = []
    for delay in [0, 200, 900] as [Int64] {
      scenario.events = [
        EventSpec(at: .zero + .seconds(10), change: .act(element: "links.backbone", verb: .down)),
        EventSpec(at: .zero + .milliseconds(27_000 + delay), change: .act(element: "links.transit", verb: .down)),
        EventSpec(at: .zero + .milliseconds(34_000 + delay), change: .act(element: "links.transit", verb: .up)),
      ]
      let run = try scenario.run()
      #expect(run.end == .settled)
      #expect(run.sessions[0].transport != nil, "cut \(delay) ms later: \(run.sessions[0].sentence)")
    }
    #expect(Correlation(session: 1, generation: 1) != Correlation(session: 1, generation: 0))
    #expect(Correlation(session: 1, generation: 0).word == 1)
  }

  @Test("a warm reverse connect that is dead too is one loss, not two: the session reconnects")
  func bothDead() throws {
    var scenario = try Files.scenario("recovery/warm-reverse-connect")
    scenario.expectations = []
    scenario.events = [
      EventSpec(at: .zero + .seconds(10), change: .act(element: "service.regions.west.gateway", verb: .down)),
      EventSpec(at: .zero + .seconds(10), change: .act(element: "links.backbone", verb: .down)),
    ]
    let run = try scenario.run()
    #expect(run.end == .settled)
    #expect(run.sessions[0].reconnects.map(\.reason) == [.pathLost])
    #expect(run.sessions[0].reconnects.first?.restored != nil)
    #expect(run.sessions[0].transport == .public)
  }
}
