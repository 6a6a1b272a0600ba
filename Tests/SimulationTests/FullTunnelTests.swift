// Tunnels that take every address: what goes through them, what goes past them, and how their gateway is found.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct FullTunnelTests {
  private let lockdown = "lift hosts.alice.firewall.rules.lockdown"

  @Test("everything that is not bound elsewhere goes through the tunnel and its gateway's network, and back")
  func everything() throws {
    let forced = try Files.scenario("measured/forced-tunnel").run()
    let avoided = try Files.scenario("measured/forced-tunnel-avoided").run()
    #expect(forced.sessions[0].route == "vpn" && avoided.sessions[0].transport == .public)
    // The office is 25 ms from the provider, and its gateway and LAN add their hops, both ways and twice.
    #expect(forced.sessions[0].roundTripBefore! - avoided.sessions[0].roundTripBefore! == .microseconds(100_400))
    #expect(avoided.sessions[0].roundTrip! == .microseconds(34_400))
    let reflexive = forced.sessions[0].candidates.filter { $0.owner == "alice" && $0.type == .serverReflexive }
    #expect(reflexive.count == 1)
    let office = World(Blueprint(forced.scenario)).blueprint.plan.translators.first { $0.key == ComponentKey("office") }!
    #expect(office.outside.contains(reflexive[0].endpoint.address))
  }

  @Test("a socket bound to the LAN's address still leaves by it: only a lock-down makes a forced tunnel watertight")
  func past() throws {
    let open = try Files.scenario("measured/forced-tunnel").with(lockdown).run()
    #expect(open.sessions[0].transport == .public && open.sessions[0].route == "internet")
    #expect(open.sessions[0].roundTripBefore! > .milliseconds(150))
    #expect(Set(open.sessions[0].pairs.filter { $0.owner == "alice" && $0.isValid }.map(\.route)) == ["internet", "vpn"])
  }

  @Test("when a full tunnel goes down the connections inside end at once, and the next one goes straight")
  func down() throws {
    var scenario = try Files.scenario("measured/forced-tunnel").with(lockdown)
    scenario.expectations = []
    let client = scenario.hosts.firstIndex { $0.id == "alice" }!
    scenario.hosts[client].client.udp = false
    scenario.events = [EventSpec(at: .zero + .seconds(10), change: .act(element: "tunnels.vpn", verb: .down))]
    let run = try scenario.run()
    #expect(run.sessions[0].reconnects.map(\.reason) == [.addressLost])
    #expect(run.sessions[0].reconnects[0].blocker?.reason == .tunnelDown)
    #expect(run.sessions[0].roundTrip! < .milliseconds(100))
  }

  @Test("a gateway behind a translator is found by its static mapping, or by the address that stands for it")
  func found() throws {
    var mapped = try Files.scenario("measured/forced-tunnel-avoided")
    func gateway(_ scenario: Scenario) -> (Endpoint, [IPAddress]) {
      let blueprint = Blueprint(scenario)
      let office = blueprint.plan.translators.first { $0.key == ComponentKey("office") }!
      return (blueprint.tunnels[0].gatewayEndpoint, office.pairs.isEmpty ? office.outside : office.pairs.map(\.outside))
    }
    let (endpoint, outside) = gateway(mapped)
    #expect(outside.contains(endpoint.address) && endpoint.port == 4500)
    let office = mapped.networks.firstIndex { $0.id == "office" }!
    mapped.networks[office].forwards = []
    mapped.networks[office].translation = .azurePublicIP
    let (own, pairs) = gateway(mapped)
    #expect(pairs.contains(own.address))
    mapped.networks[office].translation = .homeRouter
    #expect(!gateway(mapped).1.contains(gateway(mapped).0.address))
    // Behind the same translator the gateway's own address is the way.
    mapped.hosts[mapped.hosts.firstIndex { $0.id == "alice" }!].network = "office"
    let inside = Blueprint(mapped)
    #expect(inside.tunnels[0].gatewayEndpoint.address == World(inside).address(of: inside.nodeOf["vpn-gateway"]!))
  }

  @Test("an office's private line to Azure is open to the clients of a gateway that stands in the office")
  func behindTheOffice() throws {
    var scenario = try Files.scenario("measured/vpn-gateway-in-the-virtual-network")
    var office = NetworkSpec(id: "office")
    office.translation = .homeRouter
    office.translationName = "home-router"
    office.uplink = UplinkSpec(to: "metro", settings: PathSpec(LinkSettings(delay: .milliseconds(2))))
    office.forwards = [ForwardSpec(proto: .udp, port: 4500, to: "vpn-gateway", insidePort: 4500)]
    scenario.networks.append(office)
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!].network = "office"
    scenario.links.append(
      LinkSpec(
        id: "express-route", from: "office", to: "azure", isPrivate: true,
        settings: PathSpec(LinkSettings(delay: .milliseconds(5)))))
    scenario.normalise()
    #expect(scenario.problems().isEmpty, "\(scenario.problems())")
    let session = try scenario.run().sessions[0]
    #expect(session.transport == .managed && session.route == "vpn")
    // 3 and 2 ms to the office, 5 ms to Azure, and four LANs of 0.1 ms: out, in to the gateway, out of it, in to the host.
    #expect(session.roundTrip == .microseconds(20_800))
  }
}
