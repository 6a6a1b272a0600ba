// Of several ways to one prefix: the longest prefix, then the own network, a private line, a tunnel, the internet.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct RoutePreferenceTests {
  private func path(_ milliseconds: Int64) -> PathSpec { PathSpec(LinkSettings(delay: .milliseconds(milliseconds))) }

  /// Two public networks on the internet, with a slower private line between them; `lines` is how many lines to the internet the
  /// first one has.
  private func scenario(lines: Int) -> Scenario {
    var scenario = Scenario(id: "ways", title: "ways")
    scenario.networks = ["core", "mesh", "office", "far"].map { NetworkSpec(id: $0) }
    scenario.networks[2].subnet = IPPrefix("20.1.0.0/24")
    scenario.networks[3].subnet = IPPrefix("20.2.0.0/24")
    scenario.links = [
      LinkSpec(id: "office-core", from: "office", to: "core", settings: path(2)),
      LinkSpec(id: "mesh-core", from: "mesh", to: "core", settings: path(1)),
      LinkSpec(id: "far-core", from: "far", to: "core", settings: path(2)),
      LinkSpec(id: "line", from: "office", to: "far", isPrivate: true, settings: path(30)),
    ]
    if lines > 1 { scenario.links.append(LinkSpec(id: "office-mesh", from: "office", to: "mesh", settings: path(2))) }
    scenario.hosts = [HostSpec(id: "pc", role: .idle, network: "office"), HostSpec(id: "server", role: .server, network: "far")]
    scenario.probes = [ProbeSpec(from: "pc", to: "server", port: 7, kind: .udp, at: .zero)]
    scenario.normalise()
    return scenario
  }

  @Test(
    "a public prefix is reached over the private line, however many lines to the internet its router has", arguments: [1, 2])
  func privateLineFirst(lines: Int) throws {
    let run = try scenario(lines: lines).run()
    #expect(run.probes[0].roundTrip == .microseconds(60_400))
  }

  @Test("a longer prefix over the internet comes before a shorter one over the private line")
  func longestPrefixFirst() throws {
    var scenario = scenario(lines: 2)
    // A translating network's outside address is announced by itself, and lies in the far network's prefix.
    var nat = NetworkSpec(id: "nat")
    nat.translation = .fullCone
    nat.outsideAddresses = [IPAddress("20.2.0.77")!]
    nat.forwards = [ForwardSpec(proto: .udp, port: 7, to: "inner", insidePort: 7)]
    scenario.networks.append(nat)
    scenario.hosts.append(HostSpec(id: "inner", role: .server, network: "nat"))
    scenario.links.append(LinkSpec(id: "nat-core", from: "nat", to: "core", settings: path(5)))
    scenario.normalise()
    let world = World(Blueprint(scenario))
    let router = world.blueprint.nodeOf["office"]!
    func name(toward address: String) -> String {
      let out = world.network.route(IPAddress(address)!, from: router, bound: .none)!
      return world.blueprint.interfaceNames[Int(out.index)]
    }
    #expect(name(toward: "20.2.0.5") == "office.line")
    #expect(name(toward: "20.2.0.77") == "office.office-core")
  }

  @Test("a host reaches its own network directly, even where a tunnel's prefix covers it, and its private line before a tunnel")
  func hosts() throws {
    var scenario = try Files.scenario("documented/2-vpn-lowest-latency")
    scenario.tunnels[0].routes = [IPPrefix("192.168.0.0/16")!, IPPrefix("10.1.0.0/24")!]
    scenario.links.append(LinkSpec(id: "desk", from: "alice", to: "azure", settings: path(1)))
    scenario.normalise()
    let world = World(Blueprint(scenario))
    world.run(until: .zero)
    let alice = world.blueprint.nodeOf["alice"]!
    func name(toward address: IPAddress) -> String {
      let out = world.network.route(address, from: alice, bound: .none)!
      return world.blueprint.interfaceNames[Int(out.index)]
    }
    let own = world.address(of: alice)
    #expect(name(toward: IPAddress(high: own.high, low: own.low ^ 3)) == "alice.eth")
    #expect(name(toward: IPAddress("192.168.0.1")!) == "alice.vpn")
    #expect(name(toward: world.address(of: world.blueprint.nodeOf["sh-1"]!)) == "alice.desk")
    world.network.interfaces[Int(world.blueprint.hostInterfaces[alice]!.first { $0.route == "desk" }!.id.index)].up = false
    #expect(name(toward: world.address(of: world.blueprint.nodeOf["sh-1"]!)) == "alice.vpn")
  }

  @Test("between neighbours a session's route is called lan; over the translator of a network it is the internet")
  func lan() throws {
    let run = try Files.scenario("measured/same-lan").run()
    #expect(run.sessions[0].route == "lan")
    #expect(run.sessions[0].pairs.contains { $0.owner == "alice" && $0.isValid && $0.route == "lan" })
    #expect(run.sessions[0].sentence.contains("over the local network"))
    #expect(try Files.scenario("measured/two-clients").run().sessions.allSatisfy { $0.route == "internet" })
  }
}
