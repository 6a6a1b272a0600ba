// The trace is the truth: every record has a cause that came before it, and the chain from any drop leads back to the scenario.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct TraceTests {
  private final class Everything: TraceSink {
    var motion: [UInt64: Record] = [:]
    func receive(_ record: Record) { motion[record.number] = record }
  }

  private final class Listener: PacketTap {
    var seen = 0
    func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) { seen += 1 }
  }

  @Test("from a dropped check the causes lead through its hops, its sending and the request back to the start")
  func causes() throws {
    let sink = Everything()
    let world = World(Blueprint(try Files.scenario("documented/4-vpn-udp-blocked")), sink: sink)
    _ = world.run()
    var all = sink.motion
    for record in world.recorder.story { all[record.number] = record }
    #expect(UInt64(all.count) == world.recorder.lastNumber, "every number has its record once motion is kept")
    for record in all.values { #expect(record.cause < record.number) }
    let drop = try #require(world.recorder.story.first { $0.kind == .drop && $0.rule >= 0 && $0.topic == .candidatePair })
    var chain: [RecordKind] = []
    var next = drop.cause
    while next != 0 {
      let record = try #require(all[next])
      chain.append(record.kind)
      next = record.cause
    }
    // The check was forwarded inside its tunnel, sent because of a request, which came from a timer's or a packet's record before.
    #expect(chain.contains(.forwarded))
    let sent = try #require(chain.lastIndex(of: .sent))
    #expect(sent > 3, "the chain goes on beyond the check itself")
    #expect(chain.contains(.request))
  }

  @Test("sinks and taps change no outcome")
  func watching() throws {
    let blueprint = Blueprint(try Files.scenario("documented/3-managed-first-found"))
    let plain = try Simulator.run(blueprint)
    let sink = Everything()
    let tap = Listener()
    let world = World(blueprint, sink: sink, tap: tap)
    let watched = try Simulator.result(of: world)
    #expect(watched.fingerprints == plain.fingerprints)
    #expect(watched.story == plain.story)
    #expect(tap.seen > 2_000)
    #expect(sink.motion.count > 2_000)
  }

  @Test("while the VPN carries a session's checks, the home uplink shows only outer packets")
  func onlyOuterPackets() throws {
    final class Uplink: PacketTap {
      var inner = 0
      var outer = 0
      let wire: InterfaceID
      init(_ wire: InterfaceID) { self.wire = wire }
      func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
        guard interface == wire else { return }
        if packet.destination.port == 4500 || packet.source.port == 4500 { outer += 1 }
        if packet.destination.address == IPAddress("10.1.0.135") || packet.source.address == IPAddress("10.1.0.135") {
          inner += 1
        }
      }
    }
    var scenario = try Files.scenario("documented/3-managed-first-found").with("hosts.sh-1.shortpath.public=off")
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "sh-1" }!].address = IPAddress("10.1.0.135")
    let blueprint = Blueprint(scenario)
    let world = World(blueprint)
    let tap = Uplink(InterfaceID(blueprint.interfaceNames.firstIndex(of: "home.home-uplink")!))
    world.network.taps.append(tap)
    _ = world.run()
    #expect(tap.outer > 50)
    #expect(tap.inner == 0)
  }
}
