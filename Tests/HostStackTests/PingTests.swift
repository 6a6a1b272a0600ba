// ICMP echo as a truth table: who answers, what translators and firewalls do with queries, and how long they remember them.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// alice and bob – router, perhaps with a translator and a firewall – core – server. Their lines take 1 ms, the one between routers 5.
private struct PingWorld {
  let world: SocketWorld
  let alice: NodeID
  let bob: NodeID
  let server: NodeID
  let router: NodeID

  init(
    nat: TranslationBehaviour? = nil, rules: [(String, Rule)]? = nil, tracking: FlowTracking = .on, policy: RuleAction = .drop
  ) {
    var draft = Draft()
    (alice, bob, server) = (draft.host("alice"), draft.host("bob"), draft.host("server"))
    router = draft.router("router")
    let core = draft.router("core")
    draft.attach(alice, "192.168.1.9 2001:db8:1::9", to: router, gateway: "192.168.1.1 2001:db8:1::1")
    draft.attach(bob, "192.168.1.8", to: router, gateway: "192.168.1.1")
    let (up, down) = draft.link(
      router, "203.0.113.1 2001:db8:2::1", .outside, core, "203.0.113.254 2001:db8:2::2", .lan,
      LinkSettings(delay: .milliseconds(5)))
    draft.route(router, "0.0.0.0/0", by: up, metric: 100)
    draft.route(router, "2001:db8:3::/64", by: up)
    draft.route(core, nat != nil ? "203.0.113.1/32" : "192.168.1.0/24", by: down)
    draft.route(core, "2001:db8:1::/64", by: down)
    draft.attach(server, "198.51.100.1 2001:db8:3::1", to: core)
    if let nat { draft.translate(router, nat, outside: ["203.0.113.1"]) }
    if let rules { draft.filter(router, .forward, rules, policy: policy, tracking: tracking) }
    world = SocketWorld(draft)
  }

  struct Outcome: Equatable, CustomStringConvertible {
    var code: Int
    var answered: Int
    var roundTrip: SimDuration?
    var description: String { "\(["no answer", "answered", "refused"][code]) \(answered) \(roundTrip?.description ?? "-")" }
  }

  func ping(
    _ address: String, from node: NodeID? = nil, _ ordinal: Int = 1, count: Int = 1, every: SimDuration = .seconds(1),
    identifier: UInt16 = 0, size: Int = 32
  ) -> Outcome {
    let plan = ProbePlan(
      ordinal: ordinal, kind: .ping, remote: at(address, 0), count: count, interval: every, size: size, sourcePort: identifier,
      interface: .none)
    Prober(plan, at: node ?? alice, stack: world.stack, ended: {}).start()
    world.run(10 + Int64(count) * (every.nanoseconds / 1_000_000_000))
    let told = world.network.recorder.story.last { $0.kind == .probe && Int($0.session) == ordinal }
    return Outcome(
      code: Int(told?.code ?? 0), answered: Int((told?.extra ?? 0) & 0xFFFF_FFFF),
      roundTrip: told.flatMap { $0.value >= 0 ? SimDuration(nanoseconds: $0.value) : nil })
  }

  var drops: [DropReason] { world.network.drops.map(\.reason) }
}

private let out = ("out", Rule(action: .accept, direction: .outbound, proto: .icmp))

@Suite struct PingTests {
  @Test func `hosts and routers answer for their own addresses, in both families, and nobody for others'`() {
    let world = PingWorld()
    // Twice 1 + 5 + 1 ms, and as far as each router.
    #expect(world.ping("198.51.100.1") == .init(code: 1, answered: 1, roundTrip: .milliseconds(14)))
    #expect(world.ping("2001:db8:3::1", 2) == .init(code: 1, answered: 1, roundTrip: .milliseconds(14)))
    #expect(world.ping("192.168.1.1", 3) == .init(code: 1, answered: 1, roundTrip: .milliseconds(2)))
    #expect(world.ping("203.0.113.254", 4) == .init(code: 1, answered: 1, roundTrip: .milliseconds(12)))
    #expect(world.ping("203.0.113.1", 5) == .init(code: 1, answered: 1, roundTrip: .milliseconds(2)))
    #expect(world.ping("198.51.100.77", 6).code != 1)
    #expect(world.world.network.brokenLaws() == [])
  }

  @Test func `a request is 8 bytes and its data behind an IP header, and its answer the same (RFC 792, RFC 4443)`() {
    #expect(ICMPEcho(isReply: false, sequence: 1, length: 32).encodedLength == 40)
    final class Lengths: TraceSink {
      var all: Set<Int64> = []
      func receive(_ record: Record) { if record.kind == .delivered { all.insert(record.value) } }
    }
    let world = PingWorld()
    let lengths = Lengths()
    world.world.network.recorder.motionSink = lengths
    _ = world.ping("198.51.100.1", size: 32)
    #expect(lengths.all == [60])
    _ = world.ping("2001:db8:3::1", 2, size: 0)
    #expect(lengths.all == [60, 48])
  }

  @Test func `a machine that is down answers nothing`() {
    let world = PingWorld()
    world.world.network.nodes[Int(world.server.index)].up = false
    #expect(world.ping("198.51.100.1", count: 3).code == 0)
    #expect(world.drops == [.nodeDown, .nodeDown, .nodeDown])
  }

  @Test(
    arguments: [MappingBehaviour.endpointIndependent, .addressDependent, .addressAndPortDependent],
    [FilteringBehaviour.endpointIndependent, .addressDependent, .addressAndPortDependent])
  func `every translator tells two hosts' queries apart, even by the same identifier (RFC 5508 REQ-1)`(
    mapping: MappingBehaviour, filtering: FilteringBehaviour
  ) {
    let world = PingWorld(nat: TranslationBehaviour(mapping: mapping, filtering: filtering, ports: .random))
    for row in 0..<2 {
      let plan = ProbePlan(
        ordinal: row + 1, kind: .ping, remote: at("198.51.100.1", 0), count: 3, interval: .milliseconds(100), size: 32,
        sourcePort: 77, interface: .none)
      Prober(plan, at: row == 0 ? world.alice : world.bob, stack: world.world.stack, ended: {}).start()
    }
    world.world.run(5)
    let told = world.world.network.recorder.story.filter { $0.kind == .probe }
    #expect(told.map { $0.extra & 0xFFFF_FFFF } == [3, 3] && told.allSatisfy { $0.code == 1 })
    #expect(world.drops.isEmpty)
  }

  @Test func `from outside a translator's own address answers, what is behind it does not`() {
    let world = PingWorld(nat: TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressDependent, ports: .random))
    let own = world.ping("203.0.113.1", from: world.server)
    #expect(own.code == 0 && world.drops == [.natNoMapping])
    let behind = world.ping("192.168.1.9", from: world.server, 2)
    // No router outside knows a way to a private address, and says so.
    #expect(behind.code == 2)
  }

  @Test func `a stateful firewall lets the answer in and no request; a stateless one needs a row for answers`() {
    let stateful = PingWorld(rules: [out])
    #expect(stateful.ping("198.51.100.1").code == 1)
    #expect(stateful.ping("192.168.1.9", from: stateful.server, 2).code == 0 && stateful.drops == [.rule])
    let stateless = PingWorld(rules: [out], tracking: .off)
    #expect(stateless.ping("198.51.100.1").code == 0 && stateless.drops == [.rule])
    let both = PingWorld(rules: [out, ("in", Rule(action: .accept, direction: .inbound, proto: .icmp))], tracking: .off)
    #expect(both.ping("198.51.100.1").code == 1)
  }

  @Test func `queries are remembered by their identifier: another's answer does not come in on mine`() {
    let world = PingWorld(rules: [
      ("one", Rule(action: .accept, direction: .outbound, proto: .icmp, sourcePorts: PortRange(7, 7)))
    ])
    #expect(world.ping("198.51.100.1", identifier: 7).code == 1)
    #expect(world.ping("198.51.100.1", 2, identifier: 8).code == 0)
    #expect(world.drops == [.rule])
  }

  @Test func `a rule that rejects tells the one who asked, by the identifier in the quotation`() {
    let world = PingWorld(rules: [("no", Rule(action: .reject, direction: .outbound, proto: .icmp))], policy: .accept)
    #expect(world.ping("198.51.100.1", count: 3) == .init(code: 2, answered: 0, roundTrip: nil))
    #expect(world.drops == [.rule, .rule, .rule])
  }

  @Test func `a reply that nobody asked for is an unmatched one, and no errors are sent about it`() {
    let world = PingWorld()
    let stack = world.world.stack
    let reply = Packet(
      source: at("198.51.100.1", 0), destination: at("192.168.1.9", 99), proto: .icmp, length: 60,
      payload: stack.network.store(.echo(ICMPEcho(isReply: true, sequence: 1, length: 32))),
      conversation: world.world.conversation(world.server), luck: 1)
    stack.network.send(reply, from: world.server)
    world.world.run(2)
    #expect(world.drops == [.icmpUnmatched])
  }
}
