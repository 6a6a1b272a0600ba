// Sessions under loss, and services that cannot be reached: every run ends, every session ends with a reason.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct TroubleTests {
  @Test(
    "with 5 % loss everywhere every session still reaches a transport", arguments: ["1-internet-only", "3-managed-first-found"])
  func lossy(name: String) throws {
    let scenario = try Files.scenario("documented/" + name).with(
      "links.transit.loss=5 %", "networks.home.uplink.loss=5 %", "networks.home.uplink.jitter=5 ms")
    for seed in 1...20 as ClosedRange<UInt64> {
      let run = try scenario.run(seed: seed)
      #expect(run.end == .settled, "seed \(seed)")
      #expect(run.sessions[0].transport != nil, "seed \(seed): \(run.sessions[0].sentence)")
      #expect(run.sessions[0].milestones.filter { $0.milestone == .switched }.count <= 1, "seed \(seed) switched twice")
    }
  }

  @Test("with a third of all packets lost every run still ends, and every session with a reason")
  func hopeless() throws {
    let scenario = try Files.scenario("documented/3-managed-first-found").with(
      "links.transit.loss=30 %", "networks.home.uplink.loss=25 %", "links.transit.jitter=30 ms")
    for seed in 1...25 as ClosedRange<UInt64> {
      let run = try scenario.run(seed: seed)
      #expect(run.end == .settled, "seed \(seed)")
      #expect(run.sessions[0].reason != .undecided, "seed \(seed)")
    }
  }

  private func blocking(_ rule: RuleSpec, at network: String = "home") throws -> RunResult {
    var scenario = try Files.scenario("documented/1-internet-only")
    let row = scenario.networks.firstIndex { $0.id == network }!
    var firewall = scenario.networks[row].firewall ?? FirewallSpec()
    firewall.rules.insert(rule, at: 0)
    scenario.networks[row].firewall = firewall
    return try scenario.run()
  }

  @Test("without TCP 443 out of home the feed is unreachable, and the session says so")
  func feedUnreachable() throws {
    var rule = RuleSpec(id: "no-https", action: .drop)
    rule.proto = .tcp
    rule.ports = PortRange(443, 443)
    let run = try blocking(rule)
    #expect(run.sessions[0].transport == nil)
    #expect(run.sessions[0].reason == .feedUnreachable)
    #expect(run.attempt(.reverseConnect).mainBlocker?.rule == "no-https")
    #expect(run.attempt(.public).reason == .baseTransportMissing)
  }

  @Test("without answers to its probes the client finds no gateway")
  func gatewayUnreachable() throws {
    let scenario = try Files.scenario("firewall/default-deny-client-gateway")
    #expect(try scenario.run().sessions[0].reason == .gatewayUnreachable)
    // Nothing of a gateway stands on another port than the service's.
    var rule = RuleSpec(id: "443-only", action: .drop)
    rule.proto = .tcp
    rule.ports = PortRange(1, 442)
    #expect(try blocking(rule).sessions[0].transport == .public)
  }

  @Test("a host whose agent never reached the broker is no healthy host")
  func hostNotRegistered() throws {
    var rule = RuleSpec(id: "no-agent", action: .drop)
    rule.proto = .tcp
    rule.direction = .outbound
    let run = try blocking(rule, at: "azure")
    #expect(run.sessions[0].reason == .noHealthyHost)
    #expect(run.sessions[0].milestones.last { $0.milestone.step != nil }?.milestone == .brokerAsked)
  }

  @Test("a VPN whose outer port is blocked never comes up: its way does not exist for ICE or the listener")
  func tunnelBlocked() throws {
    var rule = RuleSpec(id: "no-tunnel", action: .drop)
    rule.proto = .udp
    rule.ports = PortRange(4500, 4500)
    var scenario = try Files.scenario("documented/3-managed-first-found")
    scenario.networks[scenario.networks.firstIndex { $0.id == "home" }!].firewall = FirewallSpec(rules: [rule])
    scenario.expectations = []
    let run = try scenario.run()
    #expect(run.sessions[0].transport == .public)
    #expect(run.sessions[0].route == "internet")
    #expect(!run.sessions[0].pairs.contains { $0.route == "vpn" })
  }

  @Test("a session host's own firewall stops the listener's SYN, and the attempt names host and rule")
  func hostFirewall() throws {
    var scenario = try Files.scenario("documented/3-managed-first-found").with("hosts.sh-1.shortpath.public=off")
    var rule = RuleSpec(id: "no-listener", action: .drop)
    rule.direction = .inbound
    rule.proto = .udp
    rule.ports = PortRange(3390, 3390)
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "sh-1" }!].firewall = FirewallSpec(rules: [rule])
    scenario.expectations = []
    let managed = try scenario.run().attempt(.managed)
    #expect(managed.outcome == .failed)
    #expect(managed.mainBlocker?.node == "sh-1")
    #expect(managed.mainBlocker?.rule == "no-listener")
    #expect(managed.mainBlocker?.packets == 4)
  }

  @Test("a path that cannot carry 1232 bytes of RDP-UDP is found out by the SYN itself")
  func pathTooNarrow() throws {
    var scenario = try Files.scenario("documented/3-managed-first-found").with("hosts.sh-1.shortpath.public=off")
    scenario.links[scenario.links.firstIndex { $0.id == "backbone" }!].settings = PathSpec(
      LinkSettings(delay: .milliseconds(4), mtu: 1_200))
    scenario.expectations = []
    let managed = try scenario.run().attempt(.managed)
    #expect(managed.outcome == .failed)
    #expect(managed.mainBlocker?.reason == .mtuExceeded)
    #expect(managed.mainBlocker?.node == "vpn-gateway")
  }

  /// Scenario 3 with events, whose times are microseconds from the start.
  private func eventful(_ events: [(at: Int64, change: Change)]) throws -> Scenario {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    scenario.events = events.map { EventSpec(at: SimTime.zero + .microseconds($0.at), change: $0.change) }
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "alice" }!].client.reconnect = false
    scenario.expectations = []
    return scenario
  }

  /// When the host asks for the switch-over in scenario 3, in microseconds.
  private func requested() throws -> Int64 {
    let time = try Files.scenario("documented/3-managed-first-found").run().time(of: .softSyncRequested)
    return try #require(time).nanoseconds / 1_000
  }

  @Test("a tunnel that dies between its acceptance and the switch-over ends the session: what went into it is lost")
  func tunnelDiesBeforeTheSwitch() throws {
    let requested = try requested()
    let before: RunResult = try eventful([(requested + 10, .act(element: "links.backbone", verb: .down))]).run()
    #expect(before.end == .settled)
    #expect(before.sessions[0].reason == .connectionLost)
    #expect(before.sessions[0].cause?.reason == .pathLost)
    // The client may notice before the host's request has come.
    let slow: RunResult = try eventful([
      (requested - 1_000, .set(path: "links.transit.delay", value: .duration(.milliseconds(300)))),
      (requested + 100_000, .act(element: "links.backbone", verb: .down)),
    ]).run()
    #expect(slow.end == .settled)
    #expect(slow.sessions[0].reason == .pathLost)
  }

  @Test("what waited in the tunnel for Soft-Sync is read at once, all of it")
  func waitingDataIsRead() throws {
    let requested = try requested()
    // The request takes 0.7 s, two graphics updates wait for it, and nothing more comes to push them up.
    let run: RunResult = try eventful([
      (requested - 1_000, .set(path: "links.transit.delay", value: .duration(.milliseconds(700)))),
      (requested + 640_000, .act(element: "links.backbone", verb: .down)),
    ]).run()
    let graphics = run.sessions[0].channels.first { (total: ChannelResult) -> Bool in
      total.node == "alice" && total.channel == .graphics && total.transport == .managed
    }
    #expect(graphics?.received == 8_000)
  }

  @Test("a host's tries to reach the broker have luck of their own each")
  func brokerTries() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    var rule = RuleSpec(id: "no-https", action: .drop)
    rule.proto = .tcp
    rule.ports = PortRange(443, 443)
    rule.direction = .outbound
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "sh-1" }!].firewall = FirewallSpec(rules: [rule])
    scenario.expectations = []
    scenario.sessions[0].at = .zero + .seconds(100)
    let world = World(Blueprint(scenario))
    world.run(until: .zero + .seconds(90))
    let host = world.blueprint.nodeOf["sh-1"]!
    let tries = world.recorder.conversations.filter { $0.topic == .brokerChannel && $0.opener == host }.map(\.key)
    #expect(tries.count > 1)
    #expect(Set(tries).count == tries.count)
  }

  @Test("a probe's round trip does not depend on how quickly its datagrams follow each other")
  func probeRoundTrip() throws {
    func roundTrip(interval: SimDuration) throws -> SimDuration? {
      var scenario = try Files.scenario("probes/who-answers")
      scenario.probes[1].interval = interval
      return try scenario.run().probes[1].roundTrip
    }
    #expect(try roundTrip(interval: .seconds(1)) != nil)
    #expect(try roundTrip(interval: .milliseconds(1)) == roundTrip(interval: .seconds(1)))
  }
}
