// A world that changes while it runs, and scenarios that cannot be built: each ends with a word, none with a crash or a hang.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct EventTests {
  private func vpn(_ changes: (SimDuration, Change)..., listener: Bool = false) throws -> RunResult {
    var scenario = try Files.scenario(listener ? "documented/3-managed-first-found" : "documented/2-vpn-lowest-latency")
    scenario.expectations = []
    scenario.events = changes.map { EventSpec(at: .zero + $0.0, change: $0.1) }
    #expect(scenario.problems().isEmpty)
    return try scenario.run()
  }

  @Test("a host that goes down ends its session; a tunnel that goes down leaves the internet")
  func down() throws {
    let host = try vpn((.milliseconds(1_500), .act(element: "hosts.sh-1", verb: .down)))
    #expect(host.end == .settled)
    #expect(host.sessions[0].transport == nil)
    let tunnel = try vpn((.milliseconds(500), .act(element: "tunnels.vpn", verb: .down)))
    #expect(tunnel.sessions[0].route == "internet")
    let back = try vpn(
      (.milliseconds(100), .act(element: "tunnels.vpn", verb: .down)),
      (.milliseconds(200), .act(element: "tunnels.vpn", verb: .up)))
    #expect(back.sessions[0].transport == .public)
  }

  @Test("a tunnel that comes back carries packets at once: the session on it survives an outage of 3 s")
  func tunnelComesBack() throws {
    for start in [1_600, 2_100, 4_000] as [Int64] {
      let run = try vpn(
        (.milliseconds(start), .act(element: "tunnels.vpn", verb: .down)),
        (.milliseconds(start + 3_000), .act(element: "tunnels.vpn", verb: .up)), listener: true)
      #expect(run.sessions[0].route == "vpn")
      #expect(run.sessions[0].reconnects.isEmpty, "down at \(start) ms: \(run.sessions[0].sentence)")
    }
  }

  @Test("a tunnel's processing can be slowed while it runs, and the choice follows")
  func slowedTunnel() throws {
    let run = try vpn((.seconds(1), .set(path: "tunnels.vpn.delay", value: .duration(.milliseconds(50)))))
    #expect(run.sessions[0].route == "internet")
  }

  @Test("a rule lifted at a time lets through what comes after")
  func liftedInTime() throws {
    var scenario = try Files.scenario("documented/4-vpn-udp-blocked")
    scenario.expectations = []
    scenario.events = [
      EventSpec(at: .zero + .seconds(1), change: .act(element: "hosts.vpn-gateway.firewall.rules.no-inner-udp", verb: .lift))
    ]
    #expect(try scenario.run().sessions[0].route == "vpn")
  }

  @Test("a base transport that is lost in the middle of Soft-Sync ends the session, not the run's patience")
  func lostInSwitchOver() throws {
    let whole = try vpn(listener: true)
    let requested = whole.time(of: .softSyncRequested)!
    let run = try vpn(
      (SimDuration(nanoseconds: requested.nanoseconds) + .milliseconds(5), .act(element: "links.transit", verb: .down)),
      listener: true)
    #expect(run.end == .settled)
    #expect(run.sessions[0].reason == .reconnectFailed)
    #expect(run.sessions[0].cause?.reason == .connectionLost)
  }

  @Test("an agent's channel outlives a firewall's idle time: a session three hours later finds its host")
  func persistentChannel() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    scenario.sessions[0].at = .zero + .seconds(3 * 3_600)
    #expect(try scenario.run().sessions[0].transport == .public)
  }

  @Test("what cannot be built is refused before: addresses that run out or clash")
  func refused() throws {
    func problems(_ change: (inout Scenario) -> Void) throws -> String {
      var scenario = try Files.scenario("documented/2-vpn-lowest-latency")
      change(&scenario)
      scenario.normalise()
      return scenario.problems().map(\.message).joined(separator: "\n")
    }
    #expect(
      try problems { scenario in
        scenario.networks[scenario.networks.firstIndex { $0.id == "azure" }!].subnet = IPPrefix("10.1.0.0/28")
        for row in 0..<12 { scenario.hosts.append(HostSpec(id: "extra-\(row)", role: .idle, network: "azure")) }
      }.contains("'azure' needs 14 addresses, and 10.1.0.0/28 has 12"))
    #expect(try problems { $0.tunnels[0].pool = IPPrefix("10.9.0.0/30")! }.contains("cannot be a pool"))
    #expect(
      try problems { scenario in
        scenario.tunnels[0].address = IPAddress("172.27.254.9")
        var twin = scenario.tunnels[0]
        twin.id = "vpn-2"
        scenario.tunnels.append(twin)
      }.contains("172.27.254.9 is the address of 'vpn' already"))
    #expect(
      try problems { $0.tunnels[0].routes = [IPPrefix("0.0.0.0/0")!] }.contains(
        "a full tunnel needs a gateway in a network with a nat"))
    #expect(
      try problems { scenario in
        scenario.tunnels[0].routes = [IPPrefix("0.0.0.0/0")!]
        scenario.hosts[scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!].network = "azure"
      }.contains("translates one to one and has no address for them"))
    #expect(
      try problems { scenario in
        for id in ["open-1", "open-2"] {
          var network = NetworkSpec(id: id)
          network.subnet = IPPrefix("20.0.0.0/24")
          scenario.networks.append(network)
        }
      }.contains("overlaps 20.0.0.0/24"))
    #expect(try problems { $0.expectations = [Expectation(.session(1))] }.contains("this expects nothing"))
    #expect(
      try problems { scenario in
        scenario.events = [EventSpec(at: .zero, change: .act(element: "networks.azure.x.y.rules.DenyAllInBound", verb: .lift))]
      }.contains("takes a rule's path"))
  }
}
