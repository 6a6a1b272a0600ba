// The order that keeps strangers out: Shortpath begins after the base transport's offer, a tunnel is accepted after authentication.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct ShortpathOrderTests {
  /// Notes each Shortpath datagram of a session that leaves its client or its host.
  private final class Doors: PacketTap {
    let ends: Set<NodeID>
    let recorder: Recorder
    var left: [(session: Int, time: SimTime, number: UInt64)] = []
    init(_ ends: Set<NodeID>, _ recorder: Recorder) {
      self.ends = ends
      self.recorder = recorder
    }

    func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
      guard leaving, ends.contains(network.interfaces[Int(interface.index)].node) else { return }
      switch network.message(packet.payload) {
      case .rdpUDP, .stun: break
      default: return
      }
      let conversation = recorder.conversations[Int(packet.conversation.index)]
      guard conversation.topic != .probe, conversation.topic != .rogue else { return }
      left.append((Int(conversation.session), time, recorder.lastNumber))
    }
  }

  @Test(
    "no Shortpath datagram leaves client or host before the base transport is up and has offered it, and no tunnel is accepted before authentication",
    arguments: Files.all)
  func order(name: String) throws {
    let blueprint = Blueprint(try Files.scenario(name))
    let world = World(blueprint)
    let ends = blueprint.scenario.sessions.flatMap { [$0.client, $0.host] }.map { blueprint.nodeOf[$0]! }
    let doors = Doors(Set(ends), world.recorder)
    world.network.taps.append(doors)
    let run = try Simulator.result(of: world)
    for session in run.sessions {
      func first(_ milestone: Milestone) -> Record? {
        run.story.first { $0.milestone == milestone && Int($0.session) == session.ordinal && $0.topic != .rogue }
      }
      let datagrams = doors.left.filter { $0.session == session.ordinal }
      if let datagram = datagrams.first {
        let relay = try #require(first(.relayStarted))
        let offer = try #require(first(.rdpLicensed))
        #expect(relay.number < offer.number)
        #expect(datagram.time >= offer.time && datagram.number > offer.number)
      }
      for accepted in run.story where accepted.milestone == .established && Int(accepted.session) == session.ordinal {
        let authenticated = try #require(first(.rdpAuthenticated))
        #expect(authenticated.number < accepted.number && authenticated.time < accepted.time)
        #expect(!datagrams.isEmpty)
      }
    }
    #expect(doors.left.allSatisfy { $0.session > 0 }, "every such datagram belongs to a session")
  }
}
