// Machines, translators and firewalls that lose what they knew, through the whole sequence: who notices, when, and what follows.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Trace
import VirtualDesktop
import Wire

@testable import Simulation

@Suite struct RestartTests {
  private func result(
    _ name: String, _ changes: (SimDuration, String, Change.Verb)..., edit: (inout Scenario) -> Void = { _ in }
  ) throws -> RunResult {
    var scenario = try Files.scenario(name)
    scenario.expectations = []
    scenario.events = changes.map { EventSpec(at: .zero + $0.0, change: .act(element: $0.1, verb: $0.2)) }
    edit(&scenario)
    #expect(scenario.problems().isEmpty, "\(scenario.problems())")
    return try scenario.run()
  }

  private let plain = "documented/1-internet-only"
  private let both = "documented/3-managed-first-found"

  // MARK: Machines

  @Test("a cable that is out costs what a pause costs; a machine that restarts loses its sessions, however short it was away")
  func cableAndMachine() throws {
    let cable = try result(plain, (.seconds(10), "hosts.sh-1.lan", .down), (.seconds(20), "hosts.sh-1.lan", .up))
    #expect(cable.sessions[0].reconnects.isEmpty && cable.sessions[0].transport == .public)
    let machine = try result(plain, (.seconds(10), "hosts.sh-1", .restart))
    #expect(machine.sessions[0].reconnects.map(\.reason) == [.pathLost])
    // 16 s without a datagram, and then the back-off.
    let lost = try #require(machine.sessions[0].reconnects.first)
    #expect((15...17).contains((lost.lost - (.zero + .seconds(10))).nanoseconds / 1_000_000_000))
    #expect(lost.restored.map { $0 - lost.lost < .seconds(4) } == true && lost.transport == .public)
    #expect(machine.story.filter { $0.milestone == .hostRegistered }.count == 2, "it has registered again")
  }

  @Test("a client that stops ends its session by that reason, whatever it was at; when it is up again nothing is left of it")
  func clientStops() throws {
    for time in [50, 400, 900, 1_300, 10_000] as [Int64] {
      let run = try result(
        plain, (.milliseconds(time), "hosts.alice", .down), (.milliseconds(time + 500), "hosts.alice", .up))
      let session = run.sessions[0]
      #expect(session.transport == nil && session.reason == .machineDown, "at \(time) ms: \(session.sentence)")
      #expect(session.cause?.node == "alice" && session.cause?.reason == .machineDown)
      #expect(session.attempts.allSatisfy { $0.outcome != .pending }, "at \(time) ms")
      #expect(
        !run.story.contains {
          $0.milestone != nil && $0.time > .zero + .milliseconds(time + 500) && $0.session == 1
            && run.nodes[Int($0.node.index)].id == "alice"
        })
      #expect(run.end == .settled)
    }
    let off = try result(plain, (.zero, "hosts.alice", .down), edit: { $0.sessions[0].at = .zero + .seconds(1) })
    #expect(off.sessions[0].reason == .machineDown && off.sessions[0].clicked == nil)
  }

  @Test("nothing of a machine that is off moves: its clocks stand, and the story tells nothing more of it")
  func silence() throws {
    for (element, id) in [
      ("hosts.sh-1", "sh-1"), ("service.broker", "broker"), ("service.regions.west.gateway", "gateway-west"),
    ] {
      let world = World(Blueprint(try Files.scenario(both)))
      world.run(until: .zero + .milliseconds(900))
      try world.apply(.act(element: element, verb: .down))
      let node = world.blueprint.nodeOf[id]!
      let told = world.recorder.story.filter { $0.node == node && $0.dropReason == nil }.count
      world.run(until: .zero + .seconds(120))
      #expect(world.recorder.story.filter { $0.node == node && $0.dropReason == nil }.count == told, "\(id)")
      #expect(world.network.brokenLaws().isEmpty)
    }
  }

  @Test("a gateway that restarts while it relays resets both legs at once; one that is off is noticed by TCP's patience")
  func gateway() throws {
    let west = "service.regions.west.gateway"
    let restarted = try result(plain, (.milliseconds(1_200), west, .restart)).sessions[0]
    let off = try result(plain, (.milliseconds(1_200), west, .down)).sessions[0]
    let at = SimTime.zero + .milliseconds(1_200)
    #expect(try #require(restarted.reconnects.first).lost - at < .seconds(1))
    #expect(try #require(off.reconnects.first).lost - at > .seconds(15))
    #expect(restarted.milestones.last { $0.milestone == .hostConnected }?.node == "gateway-west", "it serves again")
    #expect(off.milestones.last { $0.milestone == .hostConnected }?.node == "gateway-north")
    #expect(restarted.transport == .public && off.transport == .public)
  }

  @Test("a broker that restarted knows no host until each has found out by its heartbeat, 60 s after its registration")
  func broker() throws {
    func reason(clickedAt time: SimDuration) throws -> Reason {
      try result(plain, (.zero, "service.broker", .restart), edit: { $0.sessions[0].at = .zero + time }).sessions[0].reason
    }
    // Both gateways ask over channels that nobody holds any more.
    #expect(try reason(clickedAt: .seconds(1)) == .brokerUnavailable)
    #expect(try reason(clickedAt: .seconds(70)) == .brokerUnavailable)
    let run = try result(
      plain, (.zero, "service.broker", .restart),
      edit: { scenario in
        scenario.sessions[0].at = .zero + .seconds(1)
        for time in [20, 80] as [Int64] {
          var again = scenario.sessions[0]
          again.at = .zero + .seconds(time)
          scenario.sessions.append(again)
        }
      })
    #expect(run.sessions.map(\.reason) == [.brokerUnavailable, .noHealthyHost, .onlyDirectPath])
  }

  @Test("a broker that restarts in mid-session costs nothing; a STUN server that does answers the next request")
  func bystanders() throws {
    for element in ["service.broker", "service.stun", "service.directory", "service.feed", "service.regions.west.gateway"] {
      let session = try result(plain, (.seconds(10), element, .restart)).sessions[0]
      #expect(session.reconnects.isEmpty && session.transport == .public, "\(element): \(session.sentence)")
    }
    let off = try result(plain, (.zero, "service.stun", .down)).sessions[0]
    #expect(off.transport == .reverseConnect)
    let back = try result(plain, (.zero, "service.stun", .down), (.seconds(3), "service.stun", .up)).sessions[0]
    #expect(back.transport == .public)
  }

  @Test("a client that was started anew roams with its new tunnel, and the old one's end does nothing")
  func restartedThenRoamed() throws {
    var scenario = try Files.scenario(both)
    scenario.expectations = []
    var cafe = try #require(scenario.network("home"))
    cafe.id = "cafe"
    scenario.networks.append(cafe)
    var again = scenario.sessions[0]
    again.at = .zero + .seconds(12)
    scenario.sessions.append(again)
    scenario.events = [
      EventSpec(at: .zero + .seconds(5), change: .act(element: "hosts.alice", verb: .restart)),
      EventSpec(at: .zero + .seconds(8), change: .set(path: "hosts.alice.network", value: .word("cafe"))),
    ]
    #expect(scenario.problems().isEmpty, "\(scenario.problems())")
    let run = try scenario.run()
    #expect(run.sessions.map(\.reason) == [.machineDown, .establishedFirst])
    #expect(run.sessions[1].route == "vpn")
  }

  // MARK: Translators and firewalls

  @Test("a translator that loses its state in mid-session costs the UDP path, unless it gives the same port and address again")
  func translators() throws {
    for (nat, verb, lost) in [
      (TranslationBehaviour.homeRouter, Change.Verb.restart, false), (.homeRouter, .failover, false),
      (.homeRouter, .rebind, true),
      (.symmetric, .restart, true), (.symmetric, .failover, true),
    ] {
      let run = try result(plain, (.seconds(10), "networks.home.nat", verb)) { scenario in
        let home = scenario.networks.firstIndex { $0.id == "home" }!
        scenario.networks[home].translation = nat
        let azure = scenario.networks.firstIndex { $0.id == "azure" }!
        scenario.networks[azure].firewall = FirewallSpec()
      }
      let session = run.sessions[0]
      #expect(session.transport == .public, "\(verb): \(session.sentence)")
      #expect(session.reconnects.map(\.reason) == (lost ? [.pathLost] : []), "\(verb): \(session.sentence)")
      #expect(run.story.contains { $0.mappingEnd == (verb == .restart ? .restart : verb == .rebind ? .rebind : .failover) })
    }
  }

  @Test("before the switch-over a lost mapping resets the TCP connection, in it and after it silence tells")
  func translatorPhases() throws {
    let whole = try Files.scenario("nat/restart-other-ports").run()
    let switched = try #require(whole.time(of: .switched))
    for (offset, reason) in [(-500, Reason.connectionLost), (20, .pathLost), (5_000, .pathLost)] as [(Int64, Reason)] {
      let time = SimDuration(nanoseconds: switched.nanoseconds) + .milliseconds(offset)
      let session = try result("nat/restart-other-ports", (time, "networks.home.nat", .restart)).sessions[0]
      #expect(session.reconnects.map(\.reason) == [reason], "\(offset) ms: \(session.sentence)")
      let waited = try #require(session.reconnects.first).lost - (.zero + time)
      #expect(
        reason == .pathLost ? waited > .seconds(15) && waited < .seconds(18) : waited < .seconds(1), "\(offset) ms: \(waited)")
      #expect(session.transport == .public)
    }
  }

  @Test(
    "with reverse connect kept warm a preserving restart keeps both, and with other ports the warm leg is reset before UDP is missed"
  )
  func warm() throws {
    func reconnects(_ name: String) throws -> [Reason] {
      try result(name, (.seconds(10), "networks.home.nat", .restart), edit: { $0.service.reverseConnect = .warm }).sessions[0]
        .reconnects.map(\.reason)
    }
    #expect(try reconnects("nat/restart-keeps-ports") == [])
    #expect(try reconnects("nat/restart-other-ports") == [.pathLost])
  }

  @Test(
    "the mapping of a signalled candidate expires before the checks: a longer life, an open client, or a prompt list saves it")
  func expired() throws {
    let name = "nat/mapping-expires-before-checks"
    func transport(_ edit: (inout Scenario) -> Void) throws -> Transport? {
      var scenario = try Files.scenario(name)
      scenario.expectations = []
      edit(&scenario)
      return try scenario.run().sessions[0].transport
    }
    func edited(_ id: String, _ edit: (inout TranslationBehaviour) -> Void) throws -> Transport? {
      try transport { scenario in
        let row = scenario.networks.firstIndex { $0.id == id }!
        edit(&scenario.networks[row].translation!)
      }
    }
    #expect(try transport { _ in } == .reverseConnect)
    #expect(try edited("dc") { $0.udpLifetime = .seconds(30) } == .public)
    #expect(try edited("home") { $0.filtering = .endpointIndependent } == .public)
    #expect(try transport { $0.events = [] } == .public)
    // The open client has learned an address that nobody signalled.
    #expect(
      try transport { scenario in
        let row = scenario.networks.firstIndex { $0.id == "home" }!
        scenario.networks[row].translation!.filtering = .endpointIndependent
        scenario.timing.peerReflexive = false
      } == .reverseConnect)
  }

  @Test("the exit of a signalled candidate fails before the checks: only learning from the check saves it")
  func exitFails() throws {
    var scenario = try Files.scenario("nat/failover-before-checks")
    scenario.expectations = []
    #expect(try scenario.run().sessions[0].transport == .public)
    scenario.timing.peerReflexive = false
    #expect(try scenario.run().sessions[0].transport == .reverseConnect)
    scenario.events = []
    #expect(try scenario.run().sessions[0].transport == .public)
  }

  @Test("a firewall that forgets its flows judges them by its rules again, and TCP in its middle is nobody's connection")
  func firewall() throws {
    let flips = try Files.scenario("recovery/firewall-forgets-and-denies")
    var spared = flips
    spared.expectations = []
    spared.events.removeLast()
    #expect(try flips.run().sessions[0].transport == .reverseConnect)
    #expect(try spared.run().sessions[0].transport == .public, "without the restart the rule spares the flow")
    // On TCP alone: what the host sends belongs to no connection the group knows, and so does what comes back.
    let tcp = try result("documented/5-no-udp", (.seconds(130), "networks.azure.firewall", .restart)).sessions[0]
    #expect(tcp.reconnects.map(\.reason) == [.connectionLost], "\(tcp.sentence)")
    // The host's channel to the broker is in the same state, so nobody can call the host while the client tries.
    #expect(tcp.reason == .reconnectFailed, "\(tcp.sentence)")
  }

  @Test("an inspecting firewall that restarts resets the connections it had opened, where it takes up others in their middle")
  func inspection() throws {
    // Before the switch-over the session lives in a connection that the proxy had cut in two.
    func reconnects(inspects: Bool) throws -> [ReconnectResult] {
      let name = "failures/gateway-inspection-trusted"
      return try result(name, (.milliseconds(1_200), "networks.home.firewall", .restart)) { scenario in
        let home = scenario.networks.firstIndex { $0.id == "home" }!
        scenario.networks[home].firewall!.tracking.midStream = true
        if !inspects { scenario.networks[home].firewall!.rules.removeAll { $0.action == .divert } }
      }.sessions[0].reconnects
    }
    #expect(try reconnects(inspects: false).isEmpty)
    let lost = try #require(try reconnects(inspects: true).first)
    #expect(lost.reason == .connectionLost && lost.lost < .zero + .seconds(2))
  }

  @Test("a router behind another gets another private address from it, and elsewhere the same address stays somebody else's")
  func nested() throws {
    for (element, losses) in [("networks.home.nat", [Reason.pathLost]), ("networks.box.nat", [.pathLost])] {
      let session = try result("nat/double-nat", (.seconds(10), element, .rebind)).sessions[0]
      #expect(session.reconnects.map(\.reason) == losses && session.transport == .public, "\(element): \(session.sentence)")
    }
    let world = World(Blueprint(try Files.scenario("nat/double-nat")))
    let node = world.blueprint.nodeOf["home"]!
    let old = world.network.translator(at: node).exits
    try world.apply(.act(element: "networks.home.nat", verb: .rebind))
    let new = world.network.translator(at: node).exits
    #expect(old.count == 1 && new.count == 1 && old != new)
    let box = world.blueprint.nodeOf["box"]!
    #expect(world.network.route(new[0], from: box, bound: .none) != nil)
    // The box knows no neighbour with the old address; it would ask its provider, who routes no such thing.
    let before = world.network.route(old[0], from: box, bound: .none)
    #expect(before != world.network.route(new[0], from: box, bound: .none))
    try world.apply(.act(element: "networks.home.nat", verb: .rebind))
    #expect(![old[0], new[0]].contains(world.network.translator(at: node).exits[0]), "not at once again")
  }

  // MARK: Laws

  static let elements: [(String, Change.Verb)] = [
    ("hosts.alice", .restart), ("hosts.sh-1", .restart), ("hosts.vpn-gateway", .restart), ("service.directory", .restart),
    ("service.feed", .restart), ("service.broker", .restart), ("service.stun", .restart),
    ("service.regions.west.gateway", .restart), ("service.regions.north.gateway", .restart), ("networks.home.nat", .restart),
    ("networks.home.nat", .rebind), ("networks.home.nat", .failover), ("networks.azure.nat", .rebind),
    ("networks.azure.firewall", .restart),
  ]

  @Test("whatever restarts, and whenever: nothing is lost unaccounted, and every session comes to an end", arguments: elements)
  func laws(element: String, verb: Change.Verb) throws {
    var scenario = try Files.scenario(both)
    scenario.expectations = []
    scenario.sessions[0].workload.lasts = .milliseconds(500)
    for step in 0...40 as ClosedRange<Int64> {
      // Thick where the sequence is busy: every 45 ms up to 1.3 s, then up to 10 s.
      let time = SimDuration.milliseconds(
        step < 6 ? -1_000 + step * 170 : step < 34 ? (step - 6) * 45 : 1_300 + (step - 34) * 1_450)
      scenario.events = [EventSpec(at: .zero + time, change: .act(element: element, verb: verb))]
      let run = try scenario.run()
      #expect(run.end == .settled, "\(verb) \(element) at \(time)")
      #expect(run.sessions[0].reason != .undecided, "\(verb) \(element) at \(time): \(run.sessions[0].sentence)")
      #expect(run.sessions[0].attempts.allSatisfy { $0.outcome != .pending }, "\(verb) \(element) at \(time)")
    }
  }
}
