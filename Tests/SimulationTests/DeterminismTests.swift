// The same scenario and seed give the same bytes; what does not matter changes nothing.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct DeterminismTests {
  @Test("two runs of one seed agree in every record", arguments: ["documented/3-managed-first-found", "measured/vpn-congested"])
  func sameBytes(name: String) throws {
    let scenario = try Files.scenario(name)
    let (a, b) = (try scenario.run(), try scenario.run())
    #expect(a.fingerprints == b.fingerprints)
    #expect(a.story == b.story)
    #expect(a.events == b.events)
    #expect(try scenario.run(seed: 2).fingerprints.trajectory != a.fingerprints.trajectory)
  }

  @Test("an idle host, a label and the order of the file change no fingerprint", arguments: 1...5)
  func nothingMoves(number: Int) throws {
    let name = Files.all.first { $0.hasPrefix("documented/\(number)-") }!
    let scenario = try Files.scenario(name)
    let before = try scenario.run().fingerprints
    var peopled = scenario
    for (id, network) in [("aaron", "home"), ("zoe", "home"), ("aaa", "azure"), ("zzz", "metro"), ("sh-0", "azure")] {
      peopled.hosts.append(HostSpec(id: id, role: id == "sh-0" ? .sessionHost : .idle, network: network))
    }
    peopled.hosts.append(HostSpec(id: "carol", role: .client, network: "home"))
    peopled.normalise()
    #expect(try peopled.run().fingerprints == before)
    var shuffled = scenario
    shuffled.networks.reverse()
    shuffled.hosts.reverse()
    shuffled.links.reverse()
    shuffled.service.regions.reverse()
    for row in shuffled.hosts.indices { shuffled.hosts[row].label = "machine \(row)" }
    for row in shuffled.networks.indices { shuffled.networks[row].label = "site \(row)" }
    #expect(try shuffled.run().fingerprints == before)
  }

  @Test("a world stepped in pieces is the world run at once")
  func stepped() throws {
    let blueprint = Blueprint(try Files.scenario("documented/3-managed-first-found"))
    let whole = World(blueprint)
    _ = whole.run()
    let pieces = World(blueprint)
    var time = EventSpec.earliest
    while time < whole.network.now {
      time = min(time + .milliseconds(37), whole.network.now)
      pieces.run(until: time)
    }
    #expect(pieces.recorder.trajectoryFingerprint == whole.recorder.trajectoryFingerprint)
    #expect(pieces.recorder.story == whole.recorder.story)
  }

  @Test("a run ends: by its duration, or undecided at its limit on events")
  func ends() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    scenario.timing.duration = .milliseconds(500)
    let short = try scenario.run()
    #expect(short.end == .duration)
    #expect(short.sessions[0].reason == .undecided)
    #expect(!short.succeeded)
    scenario.timing.duration = nil
    scenario.timing.maximumEvents = 1_000
    let cut = try scenario.run()
    #expect(cut.end == .eventLimit)
    #expect(cut.sessions[0].reason == .undecided)
  }

  /// What happened to each packet on each link, by the packet's luck.
  private final class Fates: PacketTap {
    var left: [String: SimTime] = [:]
    var took: [String: Int64] = [:]
    let names: [String]
    init(_ names: [String]) { self.names = names }
    func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
      let wire = leaving ? interface : network.interfaces[Int(interface.index)].peer
      guard wire != .none else { return }
      let key = "\(names[Int(wire.index)]) \(packet.luck)"
      if leaving { left[key] = time } else if let since = left[key] { took[key] = (time - since).nanoseconds }
    }
  }

  @Test("lifting scenario 4's rule leaves every draw that both runs make as it was")
  func sameLuck() throws {
    var scenario = try Files.scenario("documented/4-vpn-udp-blocked")
    scenario.expectations = []
    for row in scenario.links.indices {
      var settings = scenario.links[row].settings.there
      settings.loss = Probability(partsPerBillion: 20_000_000)
      settings.jitter = .milliseconds(3)
      settings.reorders = true
      scenario.links[row].settings = PathSpec(settings)
    }
    let lifted = try scenario.applying(.act(element: "hosts.vpn-gateway.firewall.rules.no-inner-udp", verb: .lift))
    func fates(_ scenario: Scenario) -> Fates {
      let blueprint = Blueprint(scenario)
      let world = World(blueprint)
      let fates = Fates(blueprint.interfaceNames)
      world.network.taps.append(fates)
      _ = world.run()
      return fates
    }
    let (with, without) = (fates(scenario), fates(lifted))
    let both = with.left.keys.filter { without.left[$0] != nil }.sorted()
    #expect(both.count > 500)
    for key in both where !key.contains(".vpn ") { #expect(with.took[key] == without.took[key], "\(key)") }
    #expect(both.contains { with.took[$0] == nil }, "some packet was lost in both")
    #expect(without.left.count > with.left.count)
  }
}
