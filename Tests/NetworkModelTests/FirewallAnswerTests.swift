// What a firewall does beside letting pass: it answers what it refuses, and takes its time over what it judges.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct FirewallAnswerTests {
  /// What came back to alice for a packet that a rule refused.
  enum Answer: Equatable, Sendable { case nothing, icmp, reset }

  private func answer(_ wall: Wall) -> Answer {
    wall.world.network.run(1)
    guard let back = wall.world.arrivals.last(where: { $0.node == wall.alice }) else { return .nothing }
    return back.packet.proto == .tcp && back.packet.tcp.flags.contains(.rst)
      ? .reset
      : back.error?.kind == .administrativelyProhibited ? .icmp : .nothing
  }

  @Test(arguments: [
    (RuleAction.drop, Answer.nothing, Answer.nothing), (.reject, .icmp, .icmp), (.reset, .reset, .icmp),
  ])
  func `a refused packet is met by silence, by ICMP, or by a reset where it is TCP`(action: RuleAction, tcp: Answer, udp: Answer)
  {
    for tracking in [FlowTracking.on, .off] {
      let (stream, datagram) = (Wall(tracking, [], policy: action), Wall(tracking, [], policy: action))
      #expect(!stream.segment(.syn))
      #expect(answer(stream) == tcp)
      #expect(!datagram.datagram())
      #expect(answer(datagram) == udp)
      #expect(stream.reasons == [.rule])
      #expect(datagram.reasons == [.rule])
      #expect(stream.world.network.brokenLaws() == [])
    }
  }

  @Test func `a reset stands in the sequence of whoever it is for, and none answers a reset`() throws {
    let wall = Wall(.off, [], policy: .reset)
    wall.segment(.syn)
    let reset = try #require(wall.world.arrivals.last?.packet)
    #expect(reset.source == wall.s && reset.destination == wall.a)
    #expect(reset.tcp.acknowledgement == 101 && reset.tcp.flags == [.rst, .ack])
    wall.segment(.ack)
    #expect(wall.world.arrivals.last?.packet.tcp.sequence == 200)
    let before = wall.world.arrivals.count
    wall.segment(.rst)
    #expect(wall.world.arrivals.count == before)
  }

  @Test func `a translated destination is reset in the name it was asked by`() throws {
    let home = Home(RuleTests.open) { draft, router in
      draft.filter(router, .forward, [("closed", Rule(action: .reset, direction: .inbound, proto: .tcp))])
    }
    #expect(home.out(home.alice, home.a, home.s, proto: .tcp) == at(Home.outside, 5000))
    let back = home.world.sent(home.server, home.s, at(Home.outside, 5000), proto: .tcp)
    #expect(back.map(\.packet.source) == [at(Home.outside, 5000)])
    #expect(back.map(\.node) == [home.server])
  }

  @Test func `a host's own firewall answers although it lets nothing out`() {
    for action in [RuleAction.reset, .reject] {
      let wall = Wall(.off, [], policy: .accept) { draft in
        draft.filter(NodeID(1), .input, policy: action, tracking: .on)
        draft.filter(NodeID(1), .egress, policy: .drop, tracking: .on)
      }
      #expect(!wall.segment(.syn))
      #expect(answer(wall) == (action == .reset ? .reset : .icmp))
      #expect(wall.world.network.drops == [Drop(reason: .rule, node: "server", rule: "server-policy")])
    }
  }

  // MARK: Delay

  private static func times(_ wall: Wall, _ node: NodeID) -> [Int64] {
    wall.world.arrivals.filter { $0.node == node }.map { ($0.time - .zero).nanoseconds / 1000 }
  }

  @Test(arguments: [0 as Int64, 3]) func `an inspecting firewall keeps each packet its time, both ways, and no other`(
    delay: Int64
  ) {
    let wall = Wall(.on, delay: .milliseconds(delay))
    let network = wall.world.network
    // Each link takes 1 ms, so the way takes two of them and the delay, and the answer as long again.
    wall.world.send(wall.alice, wall.a, wall.s)
    network.run(until: .zero + .milliseconds(2 + delay))
    #expect(Self.times(wall, wall.server) == [2000 + delay * 1000])
    wall.world.send(wall.server, wall.s, wall.a)
    network.run(1)
    #expect(Self.times(wall, wall.alice) == [4000 + 2 * delay * 1000])
    // What is for the router itself, and what it says of its own accord, is not judged and waits for nothing.
    let start = network.now
    wall.world.send(wall.server, wall.s, at("10.0.1.2", 9), ttl: 1)
    wall.world.send(wall.router, at("10.0.1.1", 9), wall.a)
    network.run(1)
    #expect(wall.world.arrivals.last.map { $0.time - start } == .milliseconds(1))
    #expect(network.brokenLaws() == [])
  }

  @Test func `packets leave in the order they came, also behind one another on a slow link`() {
    let slow = LinkSettings(delay: .milliseconds(1), rate: BitRate(bitsPerSecond: 800_000))
    func times(_ delay: Int64) -> [Int64] {
      let wall = Wall(.on, delay: .milliseconds(delay)) { draft in draft.plan.links[2].settings = slow }
      for port in 0..<4 as Range<UInt16> {
        wall.world.send(wall.alice, Endpoint(wall.a.address, 5000 + port), wall.s)
        wall.world.network.run(until: wall.world.network.now + .microseconds(300))
      }
      wall.world.network.run(1)
      #expect(wall.world.arrivals.map(\.packet.source.port) == [5000, 5001, 5002, 5003])
      return Self.times(wall, wall.server)
    }
    // 100 bytes take 1 ms there: the queue is the same, 5 ms later.
    #expect(times(0) == [3000, 4000, 5000, 6000])
    #expect(times(5) == [8000, 9000, 10_000, 11_000])
  }

  @Test(arguments: [RuleAction.reject, .reset]) func `an answer to what is refused takes the firewall as long`(action: RuleAction)
  {
    let wall = Wall(.on, [], policy: action, delay: .milliseconds(3))
    wall.world.send(wall.alice, wall.a, wall.s, proto: .tcp)
    #expect(wall.world.network.drops.isEmpty)
    var syn = wall.world.packet(wall.a, wall.s, proto: .tcp)
    syn.tcp.flags = .syn
    wall.world.network.send(syn, from: wall.alice)
    wall.world.network.run(1)
    #expect(Self.times(wall, wall.alice) == [5000])
  }

  @Test func `what a firewall still works on is lost when it goes down`() {
    let wall = Wall(.on, delay: .milliseconds(3))
    wall.world.send(wall.alice, wall.a, wall.s)
    wall.world.network.run(until: .zero + .milliseconds(2))
    wall.world.network.nodes[Int(wall.router.index)].up = false
    wall.world.network.run(1)
    #expect(wall.world.network.drops == [Drop(reason: .nodeDown, node: "router")])
    #expect(wall.world.network.brokenLaws() == [])
  }
}
