// The numbers a capture shows and the result tells are the same: a tap at the ends counts as Wireshark's TCP analysis does.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

/// Counts what machines that forward nothing, TCP's ends, put on their interfaces.
private final class EndCounts: PacketTap {
  struct Flow: Hashable {
    var node: String
    var from: Endpoint
    var to: Endpoint
  }
  /// What is known of a flow from its packets alone.
  private struct State {
    var next: UInt32?
    var syn: SimTime?
    var handshake: SimDuration?
    var again = 0
  }
  private var flows: [Flow: State] = [:]
  /// Packets put on links, by link.
  private(set) var packets: [Int32: Int] = [:]

  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    let shape = network.interfaces[Int(interface.index)]
    guard leaving else { return }
    if shape.link >= 0 { packets[shape.link, default: 0] += 1 }
    guard packet.proto == .tcp, !network.nodes[Int(shape.node.index)].forwards else { return }
    let flow = Flow(node: network.recorder.name(of: shape.node), from: packet.source, to: packet.destination)
    var state = flows[flow] ?? State()
    let header = packet.tcp
    if header.flags == .syn {
      // The same endpoints again are another connection, unless its number is the same.
      if let next = state.next, next != header.sequence &+ 1 { state = State(handshake: state.handshake, again: state.again) }
      state.syn = time
    } else if let syn = state.syn, header.flags.contains(.ack), !header.flags.contains(.rst) {
      (state.handshake, state.syn) = (time - syn, nil)
    }
    let occupied = UInt32(header.length) + (header.flags.isDisjoint(with: [.syn, .fin]) ? 0 : 1)
    if occupied > 0, !header.flags.contains(.rst) {
      if let next = state.next, Int32(bitPattern: header.sequence &- next) < 0 { state.again += 1 }
      let end = header.sequence &+ occupied
      if state.next.map({ Int32(bitPattern: end &- $0) > 0 }) ?? true { state.next = end }
    }
    flows[flow] = state
  }

  var again: [Flow: Int] { flows.mapValues(\.again).filter { $0.value > 0 } }
  var handshakes: [Flow: SimDuration] { flows.compactMapValues(\.handshake) }
}

@Suite struct CaptureNumberTests {
  /// Files in which segments are lost, copied, delayed, refused or cut off from their ends, and some in which nothing is.
  static let names = [
    "documented/1-internet-only", "documented/5-no-udp", "failures/lost-tcp-syn", "failures/slow-client", "failures/vpn-dies",
    "recovery/roam-and-back", "recovery/host-cable-pulled", "recovery/short-outage-survived",
  ]

  @Test("retransmissions, handshakes and packets are those that a capture at the ends shows", arguments: names)
  func ends(name: String) throws {
    var total = 0
    for changes in [[], ["loss=3 %"], ["loss=10 %", "burst=200 ms"], ["duplicate=5 %", "jitter=3 ms"]] {
      var scenario = try Files.scenario(name)
      scenario.expectations = []
      for change in changes {
        for network in scenario.networks where network.uplink != nil {
          scenario = try scenario.with("networks.\(network.id).uplink.\(change)")
        }
      }
      let tap = EndCounts()
      let blueprint = Blueprint(scenario)
      let world = World(blueprint, tap: tap)
      let run = try Simulator.result(of: world)
      total += try compare(run, tap, world, "\(name) \(changes)")
    }
    #expect(total > 0, "nothing was sent again")
  }

  /// Returns how many segments were sent again.
  private func compare(_ run: RunResult, _ tap: EndCounts, _ world: World, _ what: String) throws -> Int {
    let isEnd = world.blueprint.plan.nodes.map { !$0.forwards }
    var told: [EndCounts.Flow: Int] = [:]
    for record in run.story where record.kind == .retransmitted && isEnd[Int(record.node.index)] {
      told[EndCounts.Flow(node: run.nodes[Int(record.node.index)].id, from: record.from, to: record.to), default: 0] += 1
    }
    #expect(told == tap.again, "\(what)")
    let total = run.connections.reduce(0) { $0 + $1.retransmitted + $1.peerRetransmitted }
    #expect(total == run.story.count { $0.kind == .retransmitted })
    var handshakes: [EndCounts.Flow: SimDuration] = [:]
    for connection in run.connections where connection.established != nil {
      let opener = try #require(connection.opener)
      handshakes[EndCounts.Flow(node: opener, from: connection.from, to: connection.to)] = connection.handshake
    }
    #expect(handshakes == tap.handshakes, "\(what)")
    #expect(!handshakes.isEmpty)
    for direction in run.traffic {
      #expect(direction.packets == tap.packets[Int32(world.blueprint.row(ofDirection: direction.direction)), default: 0])
    }
    return total
  }

  @Test("a SYN that nobody answers is a connection that was not established, with its four repetitions")
  func unanswered() throws {
    let run = try Files.scenario("documented/1-internet-only").with("networks.home.uplink.loss=100 %").run()
    let feed = try #require(run.connections.first { $0.topic == .feed })
    #expect(feed.established == nil && feed.handshake == nil && feed.opener == "alice")
    #expect(feed.retransmitted == 4 && feed.peerRetransmitted == 0 && feed.session == 1)
  }
}
