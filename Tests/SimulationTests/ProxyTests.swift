// Explicit proxies in whole worlds: who goes through them, what that does to the choice of a gateway, and when silence is cut.
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import VirtualDesktop
import Wire

extension Scenario {
  fileprivate subscript(host id: String) -> HostSpec {
    get { hosts.first { $0.id == id }! }
    set { hosts[hosts.firstIndex { $0.id == id }!] = newValue }
  }
}

@Suite struct ProxyTests {
  private func gateway(_ run: RunResult, session: Int) -> String? {
    run.sessions[session - 1].milestones.first { $0.milestone == .brokerAsked }?.node
  }

  @Test("through a proxy the gateway is chosen by the way through it, which an exception takes out again")
  func choice() throws {
    var scenario = try Files.scenario("firewall/proxy-far-away")
    let both = try scenario.run()
    #expect(gateway(both, session: 1) == "gateway-north" && gateway(both, session: 2) == "gateway-west")
    // The tunnel's opening is measured: to west 2 (1 + 20 + 20 + 2) ms, to north 2 (1 + 20 + 2) ms and what local lines add.
    scenario[host: "alice"].proxy = nil
    #expect(gateway(try scenario.run(), session: 1) == "gateway-west")
    scenario[host: "bob"].proxy?.except = []
    #expect(gateway(try scenario.run(), session: 2) == "gateway-north")
  }

  @Test("a client configured with a proxy goes there for everything, and for what is excepted not at all")
  func exceptions() throws {
    var scenario = try Files.scenario("firewall/proxy-forces-tcp")
    #expect(try scenario.run().sessions[0].transport == .reverseConnect)
    scenario[host: "alice"].proxy?.except = ["feed"]
    let failed = try scenario.run().sessions[0]
    #expect(failed.reason == .feedUnreachable && failed.attempts[0].blockers.map(\.rule) == ["deny-all"])
    scenario[host: "alice"].proxy = nil
    #expect(try scenario.run().sessions[0].reason == .feedUnreachable)
  }

  @Test(
    "each destination that the proxy does not allow ends the session where it is needed",
    arguments: [
      ("feed", Milestone?.none), ("directory", .subscribed), ("gateway-west", .click),
    ])
  func allowed(service: (id: String, last: Milestone?)) throws {
    var scenario = try Files.scenario("firewall/proxy-forces-tcp")
    scenario[host: "corp-proxy"].forwardProxy.allows = ["feed", "directory", "gateway-west"].filter { $0 != service.id }
    let session = try scenario.run().sessions[0]
    #expect(session.reason == .proxyRefused && session.cause?.node == "corp-proxy" && session.cause?.reason == .proxyRefused)
    #expect(session.milestones.last { $0.milestone != .proxyOpened && $0.milestone != .failed }?.milestone == service.last)
  }

  @Test("a client that is asked for credentials fails at its first step")
  func credentials() throws {
    var scenario = try Files.scenario("firewall/proxy-forces-tcp")
    scenario[host: "corp-proxy"].forwardProxy.requiresAuthentication = true
    let session = try scenario.run().sessions[0]
    #expect(session.reason == .proxyAuthenticationRequired && session.cause?.missing == .subscribed)
  }

  @Test("a quiet desktop beats every 5 s: it outlives an idle limit above that, and none below")
  func quietDesktops() throws {
    var scenario = try Files.scenario("firewall/proxy-forces-tcp")
    scenario.sessions[0].workload.lasts = .seconds(5)
    scenario.timing.duration = .seconds(150)
    scenario.timing.linger = .seconds(100)
    scenario[host: "corp-proxy"].forwardProxy.idle = .seconds(6)
    let kept = try scenario.run()
    #expect(kept.sessions[0].transport == .reverseConnect && kept.sessions[0].reconnects.isEmpty)
    #expect(!kept.story.contains { $0.failure == .proxyIdle })
    scenario[host: "corp-proxy"].forwardProxy.idle = .seconds(4)
    let cut = try scenario.run()
    #expect(cut.sessions[0].reconnects.count > 3 && cut.story.contains { $0.failure == .proxyIdle })
  }

  @Test("a session host reaches broker and gateway through its proxy, and the client none the wiser")
  func hosts() throws {
    var scenario = try Files.scenario("firewall/proxy-closes-quiet-tunnels")
    scenario[host: "dc-proxy"].forwardProxy.idle = nil
    let run = try scenario.run()
    #expect(run.sessions.allSatisfy { $0.transport == .public })
    #expect(run.time(of: .proxyOpened) != nil)
    #expect(run.sessions[0].milestones.filter { $0.milestone == .proxyOpened }.map(\.node) == ["dc-proxy"])
  }

  @Test("an idle proxy changes nothing")
  func idle() throws {
    let scenario = try Files.scenario("documented/1-internet-only")
    var more = scenario
    more.hosts.append(HostSpec(id: "unused", role: .proxy, network: "metro"))
    #expect(try more.run().fingerprints == scenario.run().fingerprints)
  }
}
