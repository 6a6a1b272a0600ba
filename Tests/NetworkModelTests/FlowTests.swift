// Flows in firewalls: what opens one, what belongs to it, how long it lives in each stage, and what rules may ask of it.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// alice – router with a firewall – server, 1 ms each way and without translation: what is inside may open, what is outside may not.
struct Wall {
  let world: PacketWorld
  let alice: NodeID
  let server: NodeID
  let router: NodeID
  let a = at("10.0.1.2", 5000)
  let s = at("198.51.100.1", 443)

  static func out(_ states: FlowStates = .any) -> (String, Rule) {
    ("out", Rule(action: .accept, direction: .outbound, states: states))
  }

  init(
    _ tracking: FlowTracking = .on, _ rules: [(String, Rule)] = [Wall.out()], policy: RuleAction = .drop,
    delay: SimDuration = .zero, edit: (inout Draft) -> Void = { _ in }
  ) {
    var draft = Draft()
    (alice, server) = (draft.host("alice"), draft.host("server"))
    router = draft.router("router")
    draft.attach(alice, "10.0.1.2", to: router, gateway: "10.0.1.1")
    let line = draft.link(router, "203.0.113.1", .outside, server, "198.51.100.1", .outside)
    draft.route(router, "0.0.0.0/0", by: line.0)
    draft.route(server, "0.0.0.0/0", by: line.1)
    draft.filter(router, .forward, rules, policy: policy, tracking: tracking, delay: delay)
    edit(&draft)
    world = PacketWorld(draft)
  }

  /// Sends a segment now, waits until it is there, and says whether it arrived.
  @discardableResult
  func segment(_ flags: TCPFlags, inbound: Bool = false, port: UInt16 = 5000) -> Bool {
    let a = Endpoint(self.a.address, port)
    var packet = world.packet(inbound ? s : a, inbound ? a : s, proto: .tcp)
    packet.tcp = TCPHeader(sequence: 100, acknowledgement: 200, flags: flags)
    return arrives(packet, inbound: inbound)
  }

  @discardableResult
  func datagram(inbound: Bool = false, proto: TransportProtocol = .udp, port: UInt16 = 5000) -> Bool {
    let a = Endpoint(self.a.address, port)
    return arrives(world.packet(inbound ? s : a, inbound ? a : s, proto: proto), inbound: inbound)
  }

  private func arrives(_ packet: Packet, inbound: Bool) -> Bool {
    let before = world.arrivals.count
    world.network.send(packet, from: inbound ? server : alice)
    world.network.run(until: world.network.now + .milliseconds(2))
    return world.arrivals[before...].contains { $0.packet.proto == packet.proto && $0.node == (inbound ? alice : server) }
  }

  /// Opens a connection and brings it on: `handshake`, then what follows.
  func open(_ rest: [(TCPFlags, Bool)] = []) {
    for (flags, inbound) in [([.syn], false), ([.syn, .ack], true), ([.ack], false)] + rest { segment(flags, inbound: inbound) }
  }

  /// Moves on so that a packet sent then reaches the router `idle` after the last one did.
  func idle(_ idle: SimDuration) { world.network.advance(to: world.network.now + (idle - .milliseconds(2))) }

  var reasons: [DropReason] { world.network.drops.map(\.reason) }
}

@Suite struct FlowTests {
  // MARK: TCP

  @Test(arguments: [[.ack], [.syn, .ack], [.fin, .ack], [.rst], [.psh, .ack]] as [TCPFlags])
  func `a TCP flow is opened by a SYN alone; what belongs to none has a reason of its own`(flags: TCPFlags) {
    let wall = Wall()
    #expect(!wall.segment(flags))
    #expect(wall.world.network.drops == [Drop(reason: .notInConnection, node: "router")])
    #expect(wall.segment(.syn))
    // Without tracking nobody knows.
    #expect(Wall(.off).segment(flags))
    #expect(wall.world.network.brokenLaws() == [])
  }

  @Test func `until its SYN is answered a connection has nothing to say`() {
    let wall = Wall()
    #expect(wall.segment(.syn))
    #expect(wall.segment(.syn))
    #expect(!wall.segment(.ack))
    #expect(wall.segment([.syn, .ack], inbound: true))
    #expect(wall.segment(.ack))
    #expect(wall.segment([.psh, .ack], inbound: true))
    #expect(wall.reasons == [.notInConnection])
  }

  struct Life: Sendable, CustomStringConvertible {
    var description: String
    var segments: [(TCPFlags, Bool)]
    var seconds: Int64
  }
  static let finished: [(TCPFlags, Bool)] = [([.fin, .ack], false), ([.fin, .ack], true)]
  static let handshake: [(TCPFlags, Bool)] = [([.syn], false), ([.syn, .ack], true), ([.ack], false)]

  @Test(arguments: [
    Life(description: "half open", segments: Array(handshake.prefix(1)), seconds: 10),
    Life(description: "answered", segments: Array(handshake.prefix(2)), seconds: 10),
    Life(description: "established", segments: handshake, seconds: 100),
    Life(description: "half closed", segments: handshake + finished.prefix(1), seconds: 100),
    Life(description: "closing", segments: handshake + finished, seconds: 20),
    Life(description: "reset", segments: handshake + [([.rst], true)], seconds: 5),
  ])
  func `each stage of a connection has its own idle time, to the nanosecond`(life: Life) {
    var tracking = FlowTracking.on
    (tracking.tcpOpening, tracking.tcp) = (.seconds(10), .seconds(100))
    (tracking.tcpClosing, tracking.tcpReset) = (.seconds(20), .seconds(5))
    for (early, passes) in [(1 as Int64, true), (0, false)] {
      let wall = Wall(tracking)
      for (flags, inbound) in life.segments { #expect(wall.segment(flags, inbound: inbound)) }
      wall.idle(.seconds(life.seconds) - SimDuration(nanoseconds: early))
      // An answer from outside passes only as long as the flow is known.
      #expect(wall.segment([.syn, .ack], inbound: true) == passes)
      #expect(wall.reasons == (passes ? [] : [.notInConnection]))
    }
  }

  @Test(arguments: [finished, [([.rst], false)] as [(TCPFlags, Bool)]])
  func `the ports of a connection that is over serve a new one, which the rules judge`(end: [(TCPFlags, Bool)]) {
    let wall = Wall()
    wall.open(end)
    #expect(!wall.segment(.syn, inbound: true))
    #expect(wall.reasons == [.rule])
    #expect(wall.segment(.syn))
    #expect(!wall.segment(.ack))
    #expect(wall.segment([.syn, .ack], inbound: true))
    #expect(wall.segment(.ack))
  }

  @Test func `a firewall that picks up mid-stream takes data for a connection, but no answer and no end`() {
    var tracking = FlowTracking.on
    tracking.midStream = true
    for flags: TCPFlags in [[.syn, .ack], [.fin, .ack], [.rst]] { #expect(!Wall(tracking).segment(flags)) }
    let wall = Wall(tracking)
    #expect(!wall.segment(.ack, inbound: true))
    #expect(wall.reasons == [.rule])
    #expect(wall.segment(.ack))
    #expect(wall.segment(.ack, inbound: true))
    wall.idle(tracking.tcpOpening + .seconds(1))
    #expect(wall.segment(.ack, inbound: true))
  }

  // MARK: UDP and ICMP

  @Test(arguments: [(false, 30 as Int64), (true, 120)])
  func `a UDP flow lives shorter until it is answered`(answered: Bool, seconds: Int64) {
    var tracking = FlowTracking.on
    (tracking.udpUnanswered, tracking.udp) = (.seconds(30), .seconds(120))
    for (early, passes) in [(1 as Int64, true), (0, false)] {
      let wall = Wall(tracking)
      #expect(wall.datagram())
      if answered { #expect(wall.datagram(inbound: true)) }
      wall.idle(.seconds(seconds) - SimDuration(nanoseconds: early))
      #expect(wall.datagram(inbound: true) == passes)
    }
  }

  @Test(arguments: [true, false]) func `what comes in keeps a UDP flow alive only where it may`(refresh: Bool) {
    var tracking = FlowTracking.on
    tracking.udp = .seconds(10)
    tracking.inboundRefresh = refresh
    let wall = Wall(tracking)
    #expect(wall.datagram())
    wall.idle(.seconds(8))
    #expect(wall.datagram(inbound: true))
    wall.idle(.seconds(8))
    #expect(wall.datagram(inbound: true) == refresh)
    #expect(wall.datagram())
    #expect(wall.datagram(inbound: true))
  }

  @Test func `an ICMP query is a flow by its identifier, and forgotten after its own time`() {
    let wall = Wall()
    func query(_ id: UInt16, inbound: Bool) -> Bool {
      let (asks, answers) = (Endpoint(wall.a.address, id), Endpoint(wall.s.address, 0))
      return wall.world.sent(
        inbound ? wall.server : wall.alice, inbound ? answers : asks, inbound ? asks : answers, proto: .icmp
      ).contains { $0.packet.proto == .icmp }
    }
    #expect(query(7, inbound: false))
    #expect(query(7, inbound: true))
    #expect(!query(8, inbound: true))
    wall.world.network.advance(to: wall.world.network.now + .seconds(60))
    #expect(!query(7, inbound: true))
    #expect(wall.reasons == [.rule, .rule])
  }

  @Test func `flows that have expired do not fill the table`() {
    let wall = Wall()
    for port in 1...6000 as ClosedRange<UInt16> {
      wall.datagram(port: port)
      if port % 1000 == 0 { wall.world.network.advance(to: wall.world.network.now + .seconds(300)) }
    }
    #expect(wall.world.network.flowCount < 2100)
  }

  // MARK: State as a condition

  /// Each state's packet, with the segments that come before it.
  static let states: [(FlowStates, before: [(TCPFlags, Bool)], TCPFlags, inbound: Bool)] = [
    (.new, [], .syn, false), (.new, [([.syn], false)], .syn, false), (.established, [([.syn], false)], [.syn, .ack], true),
    (.established, handshake, .ack, true), (.invalid, [], .ack, false), (.invalid, [([.syn], false)], .ack, false),
  ]

  @Test(arguments: Array(states.indices)) func `rules see whether a segment is new, established or invalid`(row: Int) {
    let (state, before, flags, inbound) = Self.states[row]
    for asked in [FlowStates.new, .established, .related, .invalid] {
      let block = ("block", Rule(action: .drop, states: asked))
      let wall = Wall(FlowTracking(.rules), [block], policy: .accept)
      wall.world.network.rules[0].enabled = false
      for (flags, inbound) in before { #expect(wall.segment(flags, inbound: inbound)) }
      wall.world.network.rules[0].enabled = true
      #expect(wall.segment(flags, inbound: inbound) == (asked != state), "\(asked)")
      #expect(wall.reasons == (asked == state ? [.rule] : []))
    }
  }

  @Test(arguments: [FlowStates.related, .invalid, .new, .established])
  func `an error about a known flow is related, one about none is invalid`(asked: FlowStates) {
    for known in [true, false] {
      let wall = Wall(
        FlowTracking(.rules), [("block", Rule(action: .drop, proto: .icmp, states: asked))], policy: .accept,
        edit: { if !known { $0.plan.ruleLists[0].tracking.udp = SimDuration(nanoseconds: 1) } })
      wall.world.closedPorts = [443]
      wall.datagram()
      wall.world.network.run(1)
      #expect(wall.world.arrivals.contains { $0.error != nil } == (asked != (known ? .related : .invalid)))
    }
  }

  @Test func `where rules judge by state nothing passes unjudged, and what they refuse is not remembered`() {
    let (known, out) = (("known", Rule(action: .accept, states: [.established, .related])), Wall.out(.new))
    let wall = Wall(FlowTracking(.rules), [out])
    #expect(wall.segment(.syn))
    #expect(!wall.segment([.syn, .ack], inbound: true))
    #expect(wall.world.network.drops == [Drop(reason: .rule, node: "router", rule: "router-policy")])
    let whole = Wall(FlowTracking(.rules), [known, out])
    #expect(whole.segment(.syn))
    #expect(whole.segment([.syn, .ack], inbound: true))
    #expect(!whole.segment(.syn, inbound: true, port: 6000))
    #expect(!whole.segment([.syn, .ack], port: 6000))
  }

  @Test func `a rule added while flows pass leaves those alone where they are tracked, and cuts them where rules judge all`() {
    for (tracking, passes) in [(FlowTracking.on, true), (FlowTracking(.rules), false), (.off, false)] {
      let block = ("block", Rule(action: .drop, proto: .udp))
      let wall = Wall(tracking, [block], policy: .accept)
      wall.world.network.rules[0].enabled = false
      #expect(wall.datagram())
      #expect(wall.datagram(inbound: true))
      wall.world.network.rules[0].enabled = true
      #expect(wall.datagram() == passes)
      #expect(wall.datagram(inbound: true) == passes)
      #expect(!wall.datagram(port: 6000))
    }
  }
}
