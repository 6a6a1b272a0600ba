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
  private static let ta = SimDuration.milliseconds(50), rto = SimDuration.milliseconds(500)

  /// One session, and the moments that its formula needs.
  private struct Moments {
    var client, host: TranslationBehaviour
    /// One way between the two, and the round trip on reverse connect.
    var oneWay, roundTripBefore: SimDuration
    var clientStarts, hostStarts: SimTime
    /// The client's first valid pair.
    var valid: SimTime
    /// The end of the switch-over.
    var switched: SimTime

    init(_ client: NATKind, _ host: NATKind, uplinks: (Int64, Int64)) throws {
      var base = NATMatrix.base
      for row in base.networks.indices where base.networks[row].uplink != nil {
        let delay = SimDuration.milliseconds(base.networks[row].id == "client-side" ? uplinks.0 : uplinks.1)
        base.networks[row].uplink!.settings = PathSpec(LinkSettings(delay: delay))
      }
      let result = try Simulator.run(NATMatrix.scenario(client: client, host: host, in: base))
      let session = result.sessions[0]
      func moment(_ milestone: Milestone, at node: String) throws -> SimTime {
        try #require(session.milestones.first { $0.milestone == milestone && $0.node == node }).time
      }
      self.client = client.translation!
      self.host = host.translation!
      // A LAN of 0.1 ms at each end.
      oneWay = .milliseconds(uplinks.0 + uplinks.1) + .microseconds(200)
      roundTripBefore = try #require(session.roundTripBefore)
      clientStarts = try moment(.checksStarted, at: "client")
      // The host tells no milestone of its own: its first pair is formed when it starts.
      let nodes = result.nodes
      hostStarts = try #require(result.story.first { $0.pairEvent == .formed && nodes[Int($0.node.index)].id == "host" }).time
      valid = try #require(result.story.first { $0.pairEvent == .valid && nodes[Int($0.node.index)].id == "client" }).time
      switched = try #require(session.milestones.first { $0.milestone == .switched }).time
    }

    /// The check to the peer's reflexive address is the second, Ta after the one to its private address.
    var expectedValid: SimTime {
      let asked = clientStarts + ta, later = clientStarts + ta * 2
      let answered = oneWay * 2
      // The host's filter lets the first check in, and its answer leaves from the port that was asked.
      if host.filtering == .endpointIndependent, host.mapping == .endpointIndependent { return asked + answered }
      // The client's filter knows the host's address, or lets anybody in to the port it signalled: the host's own check comes
      // through, and the triggered one goes at once, as far as Ta lets it.
      let isStable = client.mapping == .endpointIndependent
      if isStable || client.filtering == .endpointIndependent { return max(hostStarts + ta + oneWay, later) + answered }
      // Else nothing comes from the host, and the check that its filter dropped is repeated.
      return asked + rto + answered
    }

    private var ta: SimDuration { MatrixTimingTests.ta }
    private var rto: SimDuration { MatrixTimingTests.rto }
  }

  private let nine = NATKind.rfc4787
  private let uplinks: [(Int64, Int64)] = [(5, 10), (2, 3), (5, 40)]

  @Test("two stable mappings never wait a retransmission timeout: triggered checks replace the lost first one")
  func stable() throws {
    for delays in uplinks {
      for client in nine.prefix(3) {
        for host in nine.prefix(3) {
          let moments = try Moments(client, host, uplinks: delays)
          #expect(moments.valid == moments.expectedValid, "\(client.name) x \(host.name) over \(delays)")
          #expect(moments.valid < moments.clientStarts + Self.rto)
        }
      }
    }
  }

  @Test(
    "an endpoint-dependent client whose check comes too early to a filter by address waits exactly one retransmission timeout")
  func early() throws {
    let host = nine[1]
    for delays in uplinks {
      for client in nine.dropFirst(3) {
        let moments = try Moments(client, host, uplinks: delays)
        let waits = client.translation!.filtering != .endpointIndependent
        #expect(moments.valid == moments.expectedValid, "\(client.name) x \(host.name) over \(delays)")
        #expect((moments.valid > moments.clientStarts + Self.rto) == waits, "\(client.name)")
        if waits { #expect(moments.valid == moments.clientStarts + Self.ta + Self.rto + moments.oneWay * 2) }
      }
    }
  }

  @Test("an endpoint-dependent host makes nobody wait: its checks reach the client, which has already sent")
  func dependentHost() throws {
    for delays in uplinks {
      for client in nine.prefix(2) {
        for host in nine.dropFirst(3) {
          let moments = try Moments(client, host, uplinks: delays)
          #expect(moments.valid == moments.expectedValid, "\(client.name) x \(host.name) over \(delays)")
        }
      }
    }
  }

  @Test(
    "from the first valid pair to the end of the switch-over: the window, three and a half round trips, one on reverse connect")
  func switching() throws {
    for delays in uplinks {
      for (client, host) in [(nine[0], nine[0]), (nine[2], nine[2]), (nine[4], nine[1]), (nine[1], nine[8])] {
        let moments = try Moments(client, host, uplinks: delays)
        let expected = moments.valid + .seconds(1) + moments.oneWay * 7 + moments.roundTripBefore
        #expect(moments.switched == expected, "\(client.name) x \(host.name) over \(delays)")
      }
    }
  }
}
