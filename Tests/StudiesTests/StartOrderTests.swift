// Who sends the first check, and what hangs on it: nothing, unless a gateway takes what comes early for its own; or a side that only answers.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct StartOrderTests {
  private let nine = NATKind.rfc4787

  /// The matrix's base with other ways up, and with the service as far from the core as said: signalling goes that far and back.
  private func base(_ client: Int64, _ host: Int64, service: Int64 = 5) -> Scenario {
    MatrixTimingTests.Delays(client: client, host: host, service: service).base()
  }

  /// When each side's first request to the other's public address left it.
  private func firstChecks(_ run: RunResult) throws -> (client: SimTime, host: SimTime) {
    let private16 = try #require(IPPrefix("192.168.0.0/16"))
    func first(_ node: String) throws -> SimTime {
      try #require(
        run.story.first {
          $0.kind == .request && $0.pair > 0 && run.nodes[Int($0.node.index)].id == node && !private16.contains($0.to.address)
        }
      ).time
    }
    return (try first("client"), try first("host"))
  }

  private func grid(_ base: Scenario) async throws -> [Bool] {
    try await NATMatrix.run(nine, base: base, workers: 2).map { $0.transport == .public }
  }

  @Test("without an early packet's clash order changes no cell: other delays and sides exchanged give the same grid")
  func harmless() async throws {
    let usual = try await grid(base(5, 10))
    #expect(usual.count { $0 } == 42)
    for other in [base(40, 1), base(1, 40, service: 1), base(20, 20, service: 45)] { #expect(try await grid(other) == usual) }
    for row in usual.indices { #expect(usual[row] == usual[row % 9 * 9 + row / 9]) }
  }

  /// The client starts as soon as it has sent its list, the host when that list has come, by way of the gateway: never before a packet
  /// by the straight way could have.
  @Test("between two translated sides the client's first check passes the host's gateway before the host has sent any")
  func clientFirst() throws {
    for (client, host, service) in [(Int64(5), Int64(10), Int64(5)), (40, 1, 5), (1, 40, 1), (20, 20, 45), (5, 10, 0)] {
      let run = try Simulator.run(NATMatrix.scenario(client: nine[2], host: nine[2], in: base(client, host, service: service)))
      let first = try firstChecks(run)
      #expect(first.client + .milliseconds(client + host) <= first.host, "\(client), \(host), \(service)")
    }
  }

  // MARK: Early packets

  private let open = try! NATKind.named("linux-masquerade-open-input")[0]
  private let closed = try! NATKind.named("linux-masquerade")[0]

  private func connects(_ client: NATKind, _ host: NATKind, in base: Scenario = NATMatrix.base) throws -> Bool {
    try Simulator.run(NATMatrix.scenario(client: client, host: host, in: base)).sessions[0].transport == .public
  }

  /// The gateway holds the client's endpoint for itself; the host's flow to it gets another port, which no filter by port lets in. On
  /// the client's side nothing comes early, for the client is the one who starts.
  @Test("an open gateway on the host's side moves the cells of the stable clients that filter by port; on the client's side none")
  func openInput() throws {
    let clients = try nine + NATKind.named("public,linux-masquerade,home-router,symmetric")
    var moved: [String] = []
    for kind in clients {
      if try connects(kind, closed) != connects(kind, open) { moved.append(kind.name) }
      #expect(try connects(closed, kind) == connects(open, kind), "open x \(kind.name)")
    }
    #expect(moved == ["EIM/APDF", "linux-masquerade", "home-router"])
  }

  /// A client with a public address has one candidate, so the host's first check goes straight to it, while the client's own waits Ta
  /// behind the one to the host's private address. How far the service is from both decides who is first.
  @Test(
    "behind an open gateway the order decides: signalling by a near service lets the host speak first, by a far one the client")
  func bothOrders() throws {
    let client = NATKind("walled", firewall: .outboundOnly)
    var seen: [Bool] = []
    for service in [Int64(0), 5, 20, 24, 25, 26, 30, 60] {
      let base = base(5, 10, service: service)
      let run = try Simulator.run(NATMatrix.scenario(client: client, host: open, in: base))
      let first = try firstChecks(run)
      // At the host's gateway: its own check after 0.1 ms of LAN, the client's after its LAN and 15 ms.
      let hostIsFirst = first.host < first.client + .milliseconds(15)
      #expect((run.sessions[0].transport == .public) == hostIsFirst, "a service \(service) ms away")
      #expect(try connects(client, closed, in: base))
      seen.append(hostIsFirst)
    }
    #expect(seen == [true, true, true, true, false, false, false, false])
  }

  /// The client's check is lost on its own LAN, so the host's is the first to reach a gateway: now the client's open one takes it.
  @Test("a lost first check turns the order round, and with it the side on which an open gateway does harm")
  func lostCheck() throws {
    let cone = nine[2]
    for (client, host, lost, connected) in [
      (open, cone, false, true), (open, cone, true, false), (closed, cone, true, true), (cone, open, false, false),
    ] {
      var scenario = NATMatrix.scenario(client: client, host: host)
      if lost {
        let world = World(Blueprint(scenario))
        let leaves = try firstChecks(Simulator.run(scenario)).client
        world.run(until: leaves)
        let direction = "hosts.client.lan.up"
        let given = try #require(world.packetsGiven.first { $0.direction == direction }).count
        scenario.mishaps = [MishapSpec(link: direction, packet: given)]
      }
      let run = try Simulator.run(scenario)
      #expect((run.sessions[0].transport == .public) == connected, "\(client.name) x \(host.name), lost: \(lost)")
      #expect(run.drops.contains { $0.reason == .linkLoss } == lost)
    }
  }

  // MARK: One side that only answers

  /// A stateful firewall before the translator that lets out answers only, and what asks the STUN server.
  private func silent(_ kind: NATKind) -> NATKind {
    var toSTUN = RuleSpec(id: "to-stun", action: .accept)
    (toSTUN.direction, toSTUN.proto, toSTUN.to) = (.outbound, .udp, .host("stun"))
    var answersOnly = RuleSpec(id: "answers-only", action: .drop)
    (answersOnly.direction, answersOnly.proto) = (.outbound, .udp)
    var kind = kind
    kind.firewall = FirewallSpec(rules: [toSTUN, answersOnly])
    return kind
  }

  /// Whoever starts must be let in at the signalled port, so the silent side's filter is open. A stable one answers from that port.
  /// An unstable one answers from another, which its own check then shows (peer-reflexive): the starter's filter must not look at
  /// ports, and of the two mappings one at most may depend on them. A reference that takes an answer from any port counts 21: also
  /// `APDM/EIF` and `APDM/ADF` toward a silent `APDM/EIF`.
  @Test("toward a side that only answers 19 of 81 cells are left, all of them with an open filter there, whichever side it is")
  func oneSided() throws {
    for hostIsSilent in [true, false] {
      var count = 0
      for starter in nine {
        for answerer in nine {
          let (s, a) = (starter.translation!, answerer.translation!)
          let expected =
            a.filtering == .endpointIndependent
            && (a.mapping == .endpointIndependent
              || s.filtering != .addressAndPortDependent
                && (s.mapping != .addressAndPortDependent || a.mapping != .addressAndPortDependent))
          let connected = try hostIsSilent ? connects(starter, silent(answerer)) : connects(silent(answerer), starter)
          #expect(connected == expected, "\(starter.name) toward a silent \(answerer.name)")
          count += connected ? 1 : 0
        }
      }
      #expect(count == 19)
    }
  }
}
