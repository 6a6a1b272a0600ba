// Everything that any link is given, with its ordinal there: what a mishap can befall.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

/// A packet on its way into a link.
struct LinkEntry {
  var direction: String
  var ordinal: Int
  var packet: Packet
  var time: SimTime
  var topic: ConversationTopic
  var node: NodeID
}

/// Lists what a world's links are given.
final class LinkListing: PacketTap {
  private(set) var entries: [LinkEntry] = []
  private var directions: [Int32: String] = [:]
  private let only: String?

  /// - Parameter only: the direction to list; all when `nil`.
  init(only: String? = nil) { self.only = only }

  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    let shape = network.interfaces[Int(interface.index)]
    guard leaving, shape.link >= 0, let direction = directions[shape.link] else { return }
    let topic = network.recorder.conversations[Int(packet.conversation.index)].topic
    entries.append(
      LinkEntry(
        direction: direction, ordinal: Int(network.links[Int(shape.link)].given) + 1, packet: packet, time: time, topic: topic,
        node: shape.node))
  }

  /// Runs a scenario under this listing.
  func run(_ scenario: Scenario) throws -> RunResult {
    let blueprint = Blueprint(scenario)
    for path in scenario.directions where only == nil || only == path {
      directions[Int32(blueprint.row(ofDirection: path))] = path
    }
    let world = World(blueprint, tap: self)
    return try Simulator.result(of: world)
  }
}

extension LinkEntry {
  /// How a kept case would lose it.
  var lost: MishapSpec { MishapSpec(link: direction, packet: ordinal) }
  var isSYN: Bool { packet.proto == .tcp && packet.tcp.flags == .syn }
}
