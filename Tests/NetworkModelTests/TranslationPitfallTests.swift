// The pitfalls of simulated translators, as tests: order of tables and filters, edges of time, clashes, loops, series.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct TranslationPitfallTests {
  // MARK: Linux as it is

  @Test func `a masquerading gateway keeps the port toward every remote, and two hosts share it toward different ones`() {
    let home = Home(.linuxMasquerade)
    let seen = remotes.map { home.out(home.alice, home.a, $0.endpoint) }
    #expect(Set(seen) == [at(Home.outside, 5000)])
    #expect(home.out(home.bob, home.b, at("198.51.100.2", 4000)) == at(Home.outside, 5000))
    // Toward a remote that Alice has taken, one flow of Bob's gets another port, and only that one.
    #expect(home.out(home.bob, home.b, home.s) != at(Home.outside, 5000))
    #expect(home.out(home.bob, home.b, at("198.51.100.2", 4001)) == at(Home.outside, 5000))
  }

  @Test(arguments: [Unsolicited.drop, .reject, .accept], [false, true])
  func `a peer that speaks first moves the port of an open gateway's own flow, and so decides by who starts`(
    unsolicited: Unsolicited, peerFirst: Bool
  ) {
    let home = Home(TranslationBehaviour.linuxMasquerade.with { $0.unsolicited = unsolicited })
    let mapped = at(Home.outside, 5000)
    // The gateway has a mapping from elsewhere (a STUN server, say), whose port the peer was told.
    #expect(home.out(home.alice, home.a, remotes[2].endpoint) == mapped)
    if peerFirst { #expect(home.world.sent(home.server, home.s, mapped).allSatisfy { $0.node != home.alice }) }
    let clashes = unsolicited == .accept && peerFirst
    #expect((home.out(home.alice, home.a, home.s) == mapped) == !clashes)
    // From then on the peer reaches Alice, or for ever only the gateway.
    #expect(home.world.sent(home.server, home.s, mapped).map(\.node) == [clashes ? home.router : home.alice])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `the gateway's own flow clears after 30 s unless the peer goes on`() {
    for again in [false, true] {
      let home = Home(.linuxMasqueradeOpenInput)
      _ = home.world.sent(home.server, home.s, at(Home.outside, 5000))
      home.wait(until: 20)
      if again { _ = home.world.sent(home.server, home.s, at(Home.outside, 5000)) }
      home.wait(until: 40)
      #expect((home.out(home.alice, home.a, home.s)?.port == 5000) == !again)
    }
  }

  @Test func `input rules that drop keep the gateway from taking a packet for its own`() {
    let home = Home(.linuxMasqueradeOpenInput) { draft, router in draft.filter(router, .input, policy: .drop) }
    _ = home.world.sent(home.server, home.s, at(Home.outside, 5000))
    home.wait(until: 1)
    #expect(home.world.network.drops == [Drop(reason: .rule, node: "router", rule: "router-policy")])
    #expect(home.out(home.alice, home.a, home.s)?.port == 5000)
  }

  // MARK: Order and edges

  @Test func `a new remote adds a permission though the mapping exists`() throws {
    let home = Home(.portRestrictedCone)
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(!home.reaches(home.other, remotes[2].endpoint, mapped))
    #expect(home.out(home.alice, home.a, remotes[2].endpoint) == mapped)
    #expect(home.reaches(home.other, remotes[2].endpoint, mapped))
  }

  @Test func `an expired mapping frees its port at that very instant`() {
    var behaviour = RFC4787Tests.cone()
    behaviour.udpLifetime = .seconds(30)
    for (late, port) in [(Int64(-1), UInt16(5001)), (0, 5000)] {
      let home = Home(behaviour)
      _ = home.out(home.alice, home.a, home.s)  // reaches the router at 1 ms
      home.world.network.advance(to: SimTime(nanoseconds: 30_000_000_000 + late))
      #expect(home.out(home.bob, home.b, home.s)?.port == port)
    }
  }

  @Test func `a filtered hairpin goes nowhere, and never comes back to its own sender unasked`() throws {
    let home = Home(.portRestrictedCone.with { $0.hairpinning = .externalSource })
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.world.sent(home.bob, home.b, mapped).isEmpty)
    // To itself: Alice's packet opens the filter for her own external endpoint, so it does return, from outside as RFC 4787 asks.
    #expect(home.world.sent(home.alice, home.a, mapped).map(\.packet.source) == [mapped])
  }

  @Test func `an answer from another port than the one asked shows itself so`() throws {
    // Two endpoint-dependent sides with open filters: whoever answers does it from a fresh port, by the mapping table.
    let home = Home(TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .endpointIndependent))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.other, remotes[2].endpoint, mapped))
    let answer = try #require(home.out(home.alice, home.a, remotes[2].endpoint))
    #expect(answer != mapped)
    // Further answers to the same remote keep that port: the chain of new ports has an end.
    #expect(home.out(home.alice, home.a, remotes[2].endpoint) == answer)
    #expect(home.translator.mappingCount == 2)
  }

  @Test func `discovery leaves traces: who was asked may answer later`() throws {
    let home = Home(.restrictedCone)
    let mapped = try #require(home.out(home.alice, home.a, remotes[2].endpoint))
    #expect(home.reaches(home.other, remotes[3].endpoint, mapped))
    #expect(!home.reaches(home.server, home.s, mapped))
  }

  @Test func `port 0 is never given`() throws {
    var behaviour = RFC4787Tests.cone(.endpointIndependent, .random)
    behaviour.portRange = PortRange(1, 3)
    let home = Home(behaviour)
    let ports = try (6000..<6003).map { try #require(home.out(home.alice, at("192.168.1.10", $0), home.s)).port }
    #expect(Set(ports) == [1, 2, 3])
  }

  @Test func `several addresses of one server get a port each from an address-dependent mapping`() {
    let home = Home(TranslationBehaviour(mapping: .addressDependent, filtering: .endpointIndependent))
    #expect(home.out(home.alice, home.a, home.s) != home.out(home.alice, home.a, remotes[2].endpoint))
    #expect(home.out(home.alice, home.a, home.s) == home.out(home.alice, home.a, remotes[1].endpoint))
  }

  @Test(arguments: [PortAssignment.sequential, .random])
  func `each flow of anybody moves a sequential translator's next port: guessing it takes a quiet one`(ports: PortAssignment) {
    func next(noise: UInt16) -> UInt16? {
      let home = Home(TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: ports))
      let first = home.out(home.alice, home.a, home.s)
      for port in 0..<noise { _ = home.out(home.bob, at("192.168.1.11", 6000 + port), home.s) }
      let second = home.out(home.alice, home.a, remotes[2].endpoint)
      return first.flatMap { first in second.map { $0.port &- first.port } }
    }
    #expect((next(noise: 0) == 1) == (ports == .sequential))
    #expect((next(noise: 3) == 4) == (ports == .sequential))
  }

  // MARK: Several exits, several translators

  @Test func `a highly available pair shows different addresses to different remotes`() {
    let addresses = ["203.0.113.5", "203.0.113.6"]
    let home = Home(.highlyAvailablePair, outside: addresses)
    let seen = Set((1...16).map { home.out(home.alice, home.a, at("198.51.100.1", $0))?.address })
    #expect(seen == Set(addresses.map(ip)))
    // A flow once begun stays at its exit.
    let first = home.out(home.alice, home.a, home.s)
    #expect((0..<4).allSatisfy { _ in home.out(home.alice, home.a, home.s) == first })
  }

  /// A host behind `behaviours`, the innermost first.
  private func series(_ behaviours: [TranslationBehaviour], edit: (inout Draft) -> Void = { _ in })
    -> (PacketWorld, host: NodeID, server: NodeID, other: NodeID)
  {
    var draft = Draft()
    let (host, server, other, core) = (draft.host("host"), draft.host("server"), draft.host("other"), draft.router("core"))
    var inner = host
    var address = "192.168.1.10"
    for (row, behaviour) in behaviours.enumerated() {
      let router = draft.router("router-\(row)")
      draft.attach(inner, address, to: router)
      address = row == behaviours.count - 1 ? "203.0.113.5" : "100.64.\(row).7"
      draft.translate(router, behaviour, outside: [address])
      inner = router
    }
    draft.attach(inner, address, to: core)
    draft.attach(server, "198.51.100.1", to: core)
    draft.attach(other, "198.51.100.2", to: core)
    edit(&draft)
    return (PacketWorld(draft), host, server, other)
  }

  @Test(arguments: 1...5)
  func `translators in series of any depth: the strictest filter and the shortest timer decide`(depth: Int) throws {
    let strict = TranslationBehaviour(
      mapping: .endpointIndependent, filtering: .addressDependent, ports: .preserving, udpLifetime: .seconds(30))
    let open = RFC4787Tests.cone()
    for place in 0..<depth {
      let (world, host, server, other) = series((0..<depth).map { $0 == place ? strict : open })
      let (a, s) = (at("192.168.1.10", 5000), remotes[0].endpoint)
      let mapped = try #require(world.sent(host, a, s).first?.packet.source)
      #expect(mapped == at("203.0.113.5", 5000))
      #expect(world.sent(server, remotes[1].endpoint, mapped).map(\.packet.destination) == [a])
      #expect(world.sent(other, remotes[2].endpoint, mapped).isEmpty)
      #expect(world.network.drops == [Drop(reason: .natFiltered, node: "router-\(place)")])
      world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
      #expect(world.sent(server, s, mapped).isEmpty)
      #expect(world.network.drops.last == Drop(reason: .natNoMapping, node: "router-\(place)"))
      #expect(world.network.brokenLaws() == [])
    }
  }

  @Test func `a port forward at home is useless behind a carrier's translator`() {
    let (world, host, _, other) = series([RFC4787Tests.cone(), RFC4787Tests.cone()]) { draft in
      draft.plan.translators[0].forwards = [StaticMapping(proto: .udp, port: 3390, inside: at("192.168.1.10", 3390))]
    }
    #expect(world.sent(other, remotes[2].endpoint, at("203.0.113.5", 3390)).isEmpty)
    #expect(world.network.drops == [Drop(reason: .natNoMapping, node: "router-1")])
    #expect(world.sent(host, at("192.168.1.10", 3390), remotes[2].endpoint).map(\.node) == [other])
  }

  @Test func `two homes behind one carrier meet by its hairpin, or not at all`() throws {
    for hairpinning in [Hairpinning.off, .externalSource] {
      var draft = Draft()
      let (one, two, server) = (draft.host("one"), draft.host("two"), draft.host("server"))
      let (left, right) = (draft.router("left"), draft.router("right"))
      let (carrier, core) = (draft.router("carrier"), draft.router("core"))
      draft.attach(one, "192.168.1.10", to: left)
      draft.attach(two, "192.168.1.10", to: right)
      draft.attach(left, "100.64.0.1", to: carrier, gateway: "100.64.255.1")
      draft.attach(right, "100.64.0.2", to: carrier, gateway: "100.64.255.1")
      draft.attach(carrier, "203.0.113.5", to: core)
      draft.attach(server, "198.51.100.1", to: core)
      draft.translate(left, .homeRouter, outside: ["100.64.0.1"])
      draft.translate(right, .homeRouter, outside: ["100.64.0.2"])
      draft.translate(carrier, RFC4787Tests.cone().with { $0.hairpinning = hairpinning }, outside: ["203.0.113.5"])
      let world = PacketWorld(draft)
      let a = at("192.168.1.10", 5000)
      let mine = try #require(world.sent(one, a, remotes[0].endpoint).first?.packet.source)
      let yours = try #require(world.sent(two, a, remotes[0].endpoint).first?.packet.source)
      #expect(mine != yours)
      // The first packet opens the way for the answer, and is itself refused by the other home's filter.
      #expect(world.sent(one, a, yours).isEmpty)
      #expect(world.sent(two, a, mine).map(\.node) == (hairpinning == .off ? [] : [one]))
      #expect(world.sent(one, a, yours).map(\.node) == (hairpinning == .off ? [] : [two]))
    }
  }
}
