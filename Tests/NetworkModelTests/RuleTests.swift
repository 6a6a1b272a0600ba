// Filter rules: their order, names and hooks, the flows they remember, and that what they drop leaves no trace in a translator.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct RuleTests {
  static let inside = "192.168.1.0/24"

  static func rule(
    _ action: RuleAction, _ direction: RuleDirection = .any, from: String? = nil, to: String? = nil, port: UInt16? = nil,
    proto: TransportProtocol? = nil
  ) -> Rule {
    Rule(
      action: action, direction: direction, proto: proto, sources: from.flatMap { IPPrefix($0) } ?? Rule.everywhere,
      destinations: to.flatMap { IPPrefix($0) } ?? Rule.everywhere,
      destinationPorts: port.map { PortRange($0, $0) } ?? .any)
  }

  /// Endpoint independent, port preserving, so that addresses and ports are known beforehand.
  static let open = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .preserving, udpLifetime: .seconds(30),
    inboundRefresh: true)
  let mapped = at(Home.outside, 5000)

  // MARK: Order and names

  @Test func `the first rule that matches decides, and drops carry its name`() {
    let home = Home(Self.open) { draft, router in
      draft.filter(
        router, .forward,
        [
          ("no-1001", Self.rule(.drop, port: 1001)), ("server", Self.rule(.accept, to: "198.51.100.1/32")),
          ("server-again", Self.rule(.drop, to: "198.51.100.1/32")),
        ], policy: .drop)
    }
    #expect(home.reaches(home.alice, home.a, remotes[0].endpoint))
    #expect(!home.reaches(home.alice, home.a, remotes[1].endpoint))
    #expect(!home.reaches(home.alice, home.a, remotes[2].endpoint))
    #expect(
      home.world.network.drops == [
        Drop(reason: .rule, node: "router", rule: "no-1001"), Drop(reason: .rule, node: "router", rule: "router-policy"),
      ])
  }

  @Test(arguments: [
    (Rule(action: .drop, proto: .udp), false), (Rule(action: .drop, proto: .tcp), true),
    (Rule(action: .drop, direction: .outbound), false), (Rule(action: .drop, direction: .inbound), true),
    (Rule(action: .drop, sourcePorts: PortRange(5000, 5000)), false),
    (Rule(action: .drop, sourcePorts: PortRange(5001, 5009)), true),
    (Rule(action: .drop, destinationPorts: PortRange(999, 1000)), false),
    (Rule(action: .drop, destinationPorts: PortRange(0, 999)), true),
    (rule(.drop, from: "192.168.1.8/30"), false), (rule(.drop, from: "192.168.1.11/32"), true),
    (rule(.drop, to: "198.51.100.0/24"), false), (rule(.drop, to: "198.51.100.2/32"), true),
  ])
  func `every condition of a rule must hold`(rule: Rule, passes: Bool) {
    let home = Home(Self.open) { draft, router in draft.filter(router, .forward, [("it", rule)]) }
    #expect(home.reaches(home.alice, home.a, home.s) == passes)
  }

  @Test func `a lifted rule decides nothing`() {
    let home = Home(Self.open) { draft, router in draft.filter(router, .forward, [("block", Self.rule(.drop))]) }
    #expect(!home.reaches(home.alice, home.a, home.s))
    home.world.network.rules[0].enabled = false
    #expect(home.reaches(home.alice, home.a, home.s))
  }

  // MARK: Hooks

  struct Sight: Sendable, CustomStringConvertible {
    var hook: RuleHook
    var inbound: Bool
    /// The addresses the hook sees, as a rule that must catch the packet.
    var source: String
    var destination: String
    var description: String { "\(hook) \(inbound ? "inbound" : "outbound")" }
  }

  @Test(arguments: [
    Sight(hook: .ingress, inbound: false, source: "192.168.1.10/32", destination: "198.51.100.1/32"),
    Sight(hook: .forward, inbound: false, source: "192.168.1.10/32", destination: "198.51.100.1/32"),
    Sight(hook: .egress, inbound: false, source: "203.0.113.5/32", destination: "198.51.100.1/32"),
    Sight(hook: .ingress, inbound: true, source: "198.51.100.1/32", destination: "203.0.113.5/32"),
    Sight(hook: .forward, inbound: true, source: "198.51.100.1/32", destination: "192.168.1.10/32"),
    Sight(hook: .egress, inbound: true, source: "198.51.100.1/32", destination: "192.168.1.10/32"),
  ])
  func `each hook sees its own addresses, and what it drops leaves the translator as it was`(sight: Sight) throws {
    let home = Home(Self.open) { draft, router in
      draft.filter(router, sight.hook, [("catch", Self.rule(.drop, from: sight.source, to: sight.destination))])
    }
    let network = home.world.network
    if !sight.inbound {
      #expect(!home.reaches(home.alice, home.a, home.s))
      #expect(home.translator.mappingCount == 0)
      network.rules[0].enabled = false
      #expect(!home.reaches(home.other, remotes[2].endpoint, mapped))
      #expect(network.drops.map(\.reason) == [.rule, .natNoMapping])
    } else {
      network.rules[0].enabled = false
      #expect(home.out(home.alice, home.a, home.s) == mapped)
      network.rules[0].enabled = true
      network.advance(to: SimTime(nanoseconds: 20_000_000_000))
      #expect(!home.reaches(home.server, home.s, mapped))
      #expect(network.drops.map(\.reason) == [.rule])
      // Had it refreshed, the mapping would live to 50 s.
      network.rules[0].enabled = false
      network.advance(to: SimTime(nanoseconds: 40_000_000_000))
      #expect(!home.reaches(home.server, home.s, mapped))
      #expect(network.drops.map(\.reason) == [.rule, .natNoMapping])
    }
    #expect(network.drops[0] == Drop(reason: .rule, node: "router", rule: "catch"))
    #expect(network.brokenLaws() == [])
  }

  @Test func `an outward packet that a filter drops does not refresh its mapping either`() {
    for hook in [RuleHook.ingress, .forward, .egress] {
      let home = Home(Self.open) { draft, router in draft.filter(router, hook, [("catch", Self.rule(.drop))]) }
      let network = home.world.network
      network.rules[0].enabled = false
      #expect(home.out(home.alice, home.a, home.s) == mapped)
      network.rules[0].enabled = true
      network.advance(to: SimTime(nanoseconds: 20_000_000_000))
      #expect(!home.reaches(home.alice, home.a, home.s))
      network.rules[0].enabled = false
      network.advance(to: SimTime(nanoseconds: 40_000_000_000))
      #expect(!home.reaches(home.server, home.s, mapped), "\(hook)")
    }
  }

  @Test(arguments: [RuleHook.forward, .egress])
  func `a hairpinned packet that a filter drops makes no mapping`(hook: RuleHook) {
    var behaviour = Self.open
    behaviour.hairpinning = .externalSource
    let home = Home(behaviour) { draft, router in draft.filter(router, hook, [("catch", Self.rule(.drop, to: "192.168.1.11/32"))])
    }
    #expect(home.out(home.bob, home.b, home.s) == mapped)
    #expect(!home.reaches(home.alice, home.a, mapped))
    #expect(home.world.network.drops == [Drop(reason: .rule, node: "router", rule: "catch")])
    #expect(home.translator.mappingCount == 1)
  }

  @Test(arguments: [false, true]) func `a host's input and egress rules are its own`(egress: Bool) {
    let home = Home(Self.open) { draft, _ in
      draft.filter(NodeID(0), egress ? .egress : .input, [("mine", Self.rule(.drop, egress ? .outbound : .inbound))])
    }
    #expect(home.out(home.alice, home.a, home.s) == (egress ? nil : mapped))
    if !egress { #expect(!home.reaches(home.server, home.s, mapped)) }
    #expect(home.world.network.drops == [Drop(reason: .rule, node: "alice", rule: "mine")])
    #expect(home.world.network.brokenLaws() == [])
  }

  // MARK: State

  /// A home whose firewall lets everything out and nothing in but answers.
  func guarded() -> Home {
    Home(Self.open) { draft, router in
      var tracking = FlowTracking.on
      tracking.udp = .seconds(10)
      draft.filter(router, .forward, [("out", Self.rule(.accept, from: Self.inside))], policy: .drop, tracking: tracking)
    }
  }

  @Test func `answers of an accepted flow pass, and what nobody asked for does not`() {
    let home = guarded()
    #expect(home.out(home.alice, home.a, home.s) == mapped)
    #expect(home.reaches(home.server, home.s, mapped))
    // The translator would let anybody in; the rules do not.
    #expect(!home.reaches(home.other, remotes[2].endpoint, mapped))
    #expect(!home.reaches(home.server, remotes[1].endpoint, mapped))
    let policy = Drop(reason: .rule, node: "router", rule: "router-policy")
    #expect(home.world.network.drops == [policy, policy])
  }

  @Test(arguments: [(9_999_999_999 as Int64, true), (10_000_000_000, false)])
  func `a flow is forgotten exactly when it has been idle for its time`(idle: Int64, passes: Bool) {
    let home = guarded()
    #expect(home.out(home.alice, home.a, home.s) == mapped)
    // The flow was last seen at the router at 1 ms; the server's packet takes 2 ms to it.
    home.world.network.advance(to: SimTime(nanoseconds: 1_000_000 + idle - 2_000_000))
    #expect(home.reaches(home.server, home.s, mapped) == passes)
  }

  @Test func `packets of either direction keep a flow alive`() {
    let home = guarded()
    #expect(home.out(home.alice, home.a, home.s) == mapped)
    for second in [8, 16, 24] {
      home.world.network.advance(to: SimTime(nanoseconds: Int64(second) * 1_000_000_000))
      #expect(home.reaches(home.server, home.s, mapped))
    }
  }

  @Test func `a flow that a later list refuses is not remembered by an earlier one`() {
    // Ingress remembers what comes from inside; forward refuses one port. The second try must be refused like the first.
    let home = Home(Self.open) { draft, router in
      draft.filter(router, .ingress, tracking: .on)
      draft.filter(router, .forward, [("no-1001", Self.rule(.drop, port: 1001))], tracking: .on)
    }
    for _ in 0..<3 { #expect(!home.reaches(home.alice, home.a, remotes[1].endpoint)) }
    #expect(home.reaches(home.alice, home.a, remotes[0].endpoint))
    #expect(home.translator.mappingCount == 1)
  }

  @Test func `what passes from one outside line to another is not a firewall's business`() {
    var draft = Draft()
    let (one, two, guest) = (draft.host("one"), draft.host("two"), draft.host("guest"))
    let router = draft.router("router")
    for (node, address) in [(one, "192.0.2.1"), (two, "192.0.2.2")] {
      let ends = draft.link(node, address, .outside, router, "192.0.2.254", .outside)
      draft.route(node, "0.0.0.0/0", by: ends.0)
      draft.route(router, address + "/32", by: ends.1)
    }
    draft.attach(guest, "192.0.2.3", to: router)
    draft.filter(router, .forward, policy: .drop)
    let world = PacketWorld(draft)
    #expect(world.sent(one, at("192.0.2.1", 1), at("192.0.2.2", 1)).map(\.node) == [two])
    #expect(world.sent(one, at("192.0.2.1", 1), at("192.0.2.3", 1)).isEmpty)
    #expect(world.sent(guest, at("192.0.2.3", 1), at("192.0.2.1", 1)).isEmpty)
    #expect(world.network.drops.map(\.rule) == ["router-policy", "router-policy"])
  }
}
