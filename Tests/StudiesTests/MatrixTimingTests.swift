// Times to connect in closed form: round trips, Ta, and at most one retransmission timeout, for every cell with a direct path.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct MatrixTimingTests {
  /// RFC 8445 §14.2 and §14.3: with two pairs Ta x 2 x 2 stays below the floor of RTO.
  static let ta = SimDuration.milliseconds(50), rto = SimDuration.milliseconds(500)

  /// The ways up of both sides, and how far the service is from the core, in milliseconds.
  struct Delays: Sendable, CustomTestStringConvertible {
    var client, host, service: Int64
    var testDescription: String { "client \(client) ms, host \(host) ms, service \(service) ms" }

    func base() -> Scenario {
      var base = NATMatrix.base
      for row in base.networks.indices where base.networks[row].uplink != nil {
        let delay = SimDuration.milliseconds(base.networks[row].id == "client-side" ? client : host)
        base.networks[row].uplink!.settings = PathSpec(LinkSettings(delay: delay))
      }
      base.service.regions = [RegionSpec(id: "west", at: "core")]
      base.service.regions[0].link = PathSpec(LinkSettings(delay: .milliseconds(service)))
      return base
    }
  }

  /// Equal and unequal sides, short and long; with the last two the client's list comes to the host after its first check.
  static let delays: [Delays] = [
    Delays(client: 5, host: 10, service: 5), Delays(client: 2, host: 3, service: 5), Delays(client: 5, host: 40, service: 5),
    Delays(client: 40, host: 5, service: 1), Delays(client: 10, host: 10, service: 5), Delays(client: 60, host: 60, service: 10),
    Delays(client: 1, host: 1, service: 0), Delays(client: 5, host: 10, service: 45), Delays(client: 30, host: 2, service: 70),
  ]

  /// One session, and the moments that its formula needs.
  private struct Moments {
    var client, host: TranslationBehaviour
    /// One way between the two, and the round trip on reverse connect.
    var oneWay, roundTripBefore: SimDuration
    var clientStarts, hostStarts: SimTime
    /// Each side's first valid pair.
    var valid, hostValid: SimTime
    /// Checks of the peer's public address that each side had to repeat before that: each is one timeout waited.
    var repeated = (client: 0, host: 0)
    /// The end of the switch-over.
    var switched: SimTime

    init(_ client: NATKind, _ host: NATKind, _ delays: Delays, edit: (inout Scenario) -> Void = { _ in }) throws {
      var scenario = NATMatrix.scenario(client: client, host: host, in: delays.base())
      edit(&scenario)
      let result = try Simulator.run(scenario)
      let session = result.sessions[0]
      func moment(_ milestone: Milestone, at node: String) throws -> SimTime {
        try #require(session.milestones.first { $0.milestone == milestone && $0.node == node }).time
      }
      func pair(_ event: PairEvent, at node: String) throws -> SimTime {
        try #require(result.story.first { $0.pairEvent == event && result.nodes[Int($0.node.index)].id == node }).time
      }
      self.client = client.translation!
      self.host = host.translation!
      // A LAN of 0.1 ms at each end.
      oneWay = .milliseconds(delays.client + delays.host) + .microseconds(200)
      roundTripBefore = try #require(session.roundTripBefore)
      clientStarts = try moment(.checksStarted, at: "client")
      // The host tells no milestone of its own: its first pair is formed when it starts.
      hostStarts = try pair(.formed, at: "host")
      (valid, hostValid) = (try pair(.valid, at: "client"), try pair(.valid, at: "host"))
      let inside = try #require(IPPrefix("192.168.0.0/16"))
      for record in result.story
      where record.kind == .request && record.pair > 0 && record.value > 0 && !inside.contains(record.to.address) {
        let isClient = result.nodes[Int(record.node.index)].id == "client"
        if isClient, record.time < valid { repeated.client += 1 }
        if !isClient, record.time < hostValid { repeated.host += 1 }
      }
      switched = try #require(session.milestones.first { $0.milestone == .switched }).time
    }

    private var ta: SimDuration { MatrixTimingTests.ta }
    private var rto: SimDuration { MatrixTimingTests.rto }

    /// Whether the client waits one retransmission timeout: its filter lets in nobody at the port it signalled, which was made for the
    /// STUN server, so that nothing comes from the host; and its own check comes to a filter by address before the host has sent.
    var waits: Bool {
      client.mapping != .endpointIndependent && client.filtering != .endpointIndependent
        && host.mapping == .endpointIndependent && host.filtering == .addressDependent
    }

    /// The client's first valid pair. The check to the peer's reflexive address is each side's second, Ta after its first.
    var expectedValid: SimTime {
      let asked = clientStarts + ta
      // The host's filter lets the check in, and its answer leaves from the port that was asked.
      if host.filtering == .endpointIndependent, host.mapping == .endpointIndependent { return asked + oneWay * 2 }
      if waits { return asked + rto + oneWay * 2 }
      // Else the host's own check is the first to come through: at its turn, or triggered by the client's, if that was let in before
      // the host could start. What the client answers it with is a triggered check, as soon as Ta lets it.
      let wasAsked = host.filtering == .endpointIndependent && asked + oneWay <= hostStarts
      let hostAsks = wasAsked ? hostStarts : hostStarts + ta
      let triggered = max(hostAsks + oneWay, clientStarts + ta * 2)
      guard client.mapping == .addressDependent, host.mapping == .addressAndPortDependent, host.filtering == .addressDependent
      else { return triggered + oneWay * 2 }
      // The host had to ask a port to be let in at, and the client asks from another: the host's answer leaves from a third. It asks
      // once more from that one, to the port that will go on asking.
      let again = max(triggered + oneWay, hostStarts + ta * 2)
      return max(again + oneWay, clientStarts + ta * 3) + oneWay * 2
    }
  }

  private let nine = NATKind.rfc4787

  @Test("every cell with a direct path: first valid pair and end of the switch-over in closed form", arguments: delays)
  func closedForm(delays: Delays) async throws {
    let cells = try await NATMatrix.run(nine, base: delays.base(), workers: 2)
    var waiting: [String] = []
    for (row, cell) in cells.enumerated() where cell.transport == .public {
      let moments = try Moments(nine[row / 9], nine[row % 9], delays)
      let name = "\(cell.client) x \(cell.host)"
      #expect(moments.valid == moments.expectedValid, "\(name)")
      // The window, three and a half round trips of handshakes, and Soft-Sync's one on reverse connect.
      #expect(moments.switched == moments.valid + .seconds(1) + moments.oneWay * 7 + moments.roundTripBefore, "\(name)")
      if moments.waits { waiting.append(name) }
    }
    #expect(cells.count { $0.transport == .public } == 42)
    #expect(waiting == ["ADM/ADF", "ADM/APDF", "APDM/ADF", "APDM/APDF"].map { "\($0) x EIM/ADF" })
  }

  @Test("two stable mappings never wait a retransmission timeout, on either side: triggered checks replace the lost first one")
  func stable() throws {
    for delays in Self.delays {
      for client in nine.prefix(3) {
        for host in nine.prefix(3) {
          let moments = try Moments(client, host, delays)
          #expect(moments.repeated == (0, 0), "\(client.name) x \(host.name) over \(delays)")
        }
      }
    }
  }

  /// The host never starts before the client, so that its check is too early only where the client's is held up: here on its own LAN,
  /// longer than it takes the client's list to reach the host and the host's check to reach the client's filter.
  @Test("an endpoint-dependent host whose check comes too early to a filter by address waits exactly one timeout too")
  func hostWaits() throws {
    let client = nine[1]
    for delays in Self.delays.prefix(3) {
      for host in nine.dropFirst(3) {
        let scenario = NATMatrix.scenario(client: client, host: host, in: delays.base())
        let leaves = try Moments(client, host, delays).clientStarts + Self.ta
        let world = World(Blueprint(scenario))
        world.run(until: leaves)
        let direction = "hosts.client.lan.up"
        let check = try #require(world.packetsGiven.first { $0.direction == direction }).count
        for late in [false, true] {
          let moments = try Moments(client, host, delays) {
            if late { $0.mishaps = [MishapSpec(link: direction, packet: check, fate: .delayed(.milliseconds(200)))] }
          }
          // One that lets anybody in is reached by the client's late check itself.
          let waits = late && host.translation!.filtering != .endpointIndependent
          let asked = moments.hostStarts + Self.ta
          #expect((moments.hostValid == asked + Self.rto + moments.oneWay * 2) == waits, "\(host.name), late: \(late)")
          #expect(moments.repeated.host == (waits ? 1 : 0))
        }
      }
    }
  }
}
