// Firewalls in whole sessions: each file of Scenarios/firewall turned round by the one value it is about.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite("Firewalls: what an administrator sets decides, by packets")
struct FirewallTests {
  private func scenario(_ name: String) throws -> Scenario { try Files.scenario("firewall/" + name) }

  @Test("the lower priority decides: a deny at 200 beats an allow at 300, at 400 it does not")
  func priorities() throws {
    for (priority, transport) in [(200, Transport.reverseConnect), (400, .managed)] {
      var scenario = try scenario("nsg-priorities")
      let row = try #require(scenario.networks.firstIndex { $0.id == "azure" })
      var rules = try #require(scenario.networks[row].firewall?.rules)
      rules[try #require(rules.firstIndex { $0.id == "deny-udp" })].priority = priority
      scenario.networks[row].firewall?.rules = rules
      scenario.normalise()
      let run = try scenario.run()
      #expect(run.sessions[0].transport == transport)
      guard transport == .reverseConnect else { continue }
      let blocker = try #require(run.attempt(.managed).mainBlocker)
      #expect(blocker.rule == "deny-udp" && blocker.note == "priority 200")
    }
  }

  @Test("the listener's rule of the Windows firewall is in force on Domain and Private alone, and the reason says so")
  func windows() throws {
    for profile in FirewallProfile.allCases {
      var scenario = try scenario("windows-public-profile")
      let row = try #require(scenario.hosts.firstIndex { $0.id == "sh-1" })
      scenario.hosts[row].firewall?.profile = profile
      let run = try scenario.run()
      #expect(run.sessions[0].transport == (profile == .public ? .reverseConnect : .managed))
      guard profile == .public else { continue }
      #expect(
        run.sessions[0].sentence
          == "Stays on reverse connect: managed failed (blocked by the default policy on sh-1, profile public; "
          + "'RemoteDesktop-UserMode-In-RDPShortpath-UDP' is for domain and private only).")
    }
    // An explicit block beats the allow, wherever it is written.
    var scenario = try scenario("windows-public-profile")
    let row = try #require(scenario.hosts.firstIndex { $0.id == "sh-1" })
    scenario.hosts[row].firewall?.profile = .domain
    scenario.hosts[row].firewall?.rules.append(RuleSpec(id: "block", action: .drop))
    scenario.hosts[row].firewall?.rules[2].proto = .udp
    scenario.normalise()
    #expect(try scenario.run().attempt(.managed).mainBlocker?.rule == "block")
  }

  @Test("a refused connection fails at once with a reset; ICMP and silence let TCP try to its end")
  func refusing() throws {
    func failure(_ action: RuleAction) throws -> ConnectionFailure {
      var scenario = try Files.scenario("failures/feed-unreachable")
      let row = try #require(scenario.networks.firstIndex { $0.id == "home" })
      scenario.networks[row].firewall?.rules[0].action = action
      return try #require(try scenario.run().sessions[0].cause)
    }
    let (silent, told, reset) = (try failure(.drop), try failure(.reject), try failure(.reset))
    #expect(silent.reason == .feedUnreachable && told.reason == .feedUnreachable && reset.reason == .feedUnreachable)
    #expect(told.time == silent.time)
    // Two LAN links of 0.1 ms, there and back.
    #expect(reset.time - .zero < .milliseconds(1))
    #expect(silent.time - .zero > .seconds(10))
  }

  @Test("an access list without state needs a rule for the way back")
  func stateless() throws {
    var scenario = try scenario("stateless-acl")
    let row = try #require(scenario.networks.firstIndex { $0.id == "home" })
    scenario.networks[row].firewall?.tracking = .on
    #expect(try scenario.run().sessions[0].transport == .public)
  }

  @Test("rules that look at the state: the Linux preset lets a session through, and without its rule for known flows none")
  func linux() throws {
    var scenario = try scenario("stateless-acl")
    let row = try #require(scenario.networks.firstIndex { $0.id == "home" })
    scenario.networks[row].firewall = .linuxFirewall
    #expect(try scenario.run().sessions[0].transport == .public)
    let without = try scenario.with("lift networks.home.firewall.rules.allow-known")
    let run = try without.run()
    #expect(run.sessions[0].transport == nil)
    #expect(run.drops.contains { $0.node == "home" && $0.rule == "policy" })
  }

  @Test("a rule added while a session runs leaves tracked flows alone; where every packet is judged it cuts them")
  func added() throws {
    let usual = try scenario("rule-added").run()
    #expect(usual.sessions[0].reconnects.isEmpty)
    // In force from the start it meets both.
    let early = try scenario("rule-added").with("restore networks.azure.firewall.rules.no-udp-out").run()
    #expect(early.sessions.map(\.transport) == [.reverseConnect, .reverseConnect])
    var judging = try scenario("rule-added")
    let row = try #require(judging.networks.firstIndex { $0.id == "azure" })
    var known = RuleSpec(id: "known", action: .accept)
    known.states = [.established, .related]
    known.priority = 4000
    judging.networks[row].firewall?.rules.append(known)
    judging.networks[row].firewall?.tracking.mode = .rules
    judging.normalise()
    let cut = try judging.run()
    #expect(cut.sessions[0].reconnects.first?.reason == .pathLost)
    #expect(cut.sessions[0].reconnects.first?.blocker?.rule?.hasPrefix("no-udp") == true)
  }

  @Test("a rule removed while a session runs helps the next one; kept, it meets both")
  func removed() throws {
    var scenario = try scenario("rule-removed")
    scenario.events = []
    #expect(try scenario.run().sessions.map(\.transport) == [.reverseConnect, .reverseConnect])
    // A rule that was lifted before the run may still be restored in it.
    let row = EventSpec(
      at: .zero + .seconds(60), change: .act(element: "networks.home.firewall.rules.no-udp-out", verb: .restore))
    scenario.events = [row]
    let run = try scenario.with("lift networks.home.firewall.rules.no-udp-out").run()
    #expect(run.sessions.map(\.transport) == [.public, .reverseConnect])
  }

  @Test("an inspecting firewall's delay is in the round trip twice, exactly, and turns the choice round")
  func inspection() throws {
    func roundTrip(_ delay: String) throws -> (route: String, vpn: SimDuration?) {
      let run = try scenario("inspection-delays").with("hosts.vpn-gateway.firewall.delay=\(delay)").run()
      return (run.sessions[0].route, run.sessions[0].pairs.first { $0.owner == "alice" && $0.route == "vpn" }?.roundTrip)
    }
    let (without, with) = (try roundTrip("0 s"), try roundTrip("12 ms"))
    #expect(without.route == "vpn" && with.route == "internet")
    let base = try #require(without.vpn)
    #expect(with.vpn == base + .milliseconds(24))
    #expect(try roundTrip("7.25 ms").vpn == base + .microseconds(14_500))
  }

  @Test("idle times decide: above the heartbeat, and above the keep-alive, nothing is forgotten")
  func idleTimes() throws {
    let beating = try scenario("tcp-idle-below-heartbeat").with("networks.dc.firewall.tcp-idle=61 s").run()
    #expect(beating.sessions[0].transport == .public)
    #expect(beating.drops.allSatisfy { $0.reason != .notInConnection })
    var picking = try scenario("tcp-idle-below-heartbeat")
    let dc = try #require(picking.networks.firstIndex { $0.id == "dc" })
    picking.networks[dc].firewall?.tracking.midStream = true
    #expect(try picking.run().sessions[0].transport == .public)
    let alive = try scenario("udp-idle-below-keepalive")
      .with("networks.dc.firewall.udp-idle=5 s", "networks.home.firewall.udp-idle=5 s").run()
    #expect(alive.sessions[0].transport == .public)
    #expect(alive.sessions[0].reconnects.isEmpty)
  }
}
