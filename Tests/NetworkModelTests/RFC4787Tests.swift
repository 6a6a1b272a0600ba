// The requirements of RFC 4787, one test each, by the number.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct RFC4787Tests {
  static func cone(_ filtering: FilteringBehaviour = .endpointIndependent, _ ports: PortAssignment = .preserving)
    -> TranslationBehaviour
  {
    TranslationBehaviour(mapping: .endpointIndependent, filtering: filtering, ports: ports)
  }

  @Test func `REQ-1: an endpoint-independent mapping is the same for every remote`() {
    let home = Home(Self.cone(.endpointIndependent, .random))
    #expect(Set(remotes.map { home.out(home.alice, home.a, $0.endpoint) }).count == 1)
    #expect(home.translator.mappingCount == 1)
  }

  @Test(arguments: AddressPooling.allCases)
  func `REQ-2: paired pooling gives an inside host one external address, arbitrary pooling several`(pooling: AddressPooling) {
    var behaviour = Self.cone()
    behaviour.pooling = pooling
    let home = Home(behaviour, outside: ["203.0.113.5", "203.0.113.6", "203.0.113.7"])
    let seen = Set((0..<24).map { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s)?.address })
    #expect(seen.count == (pooling == .paired ? 1 : 3))
    #expect(home.world.network.drops.isEmpty)
  }

  @Test(arguments: [false, true])
  func `REQ-3: two inside endpoints share an external port only where a translator overloads`(overloading: Bool) {
    var behaviour = TranslationBehaviour(
      mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .preserving)
    behaviour.overloading = overloading
    let home = Home(behaviour)
    let (one, two) = (home.out(home.alice, home.a, home.s), home.out(home.bob, home.b, remotes[2].endpoint))
    #expect((one == two) == overloading)
    // Each remote still gets its own inside host.
    #expect(home.world.sent(home.server, home.s, one ?? .none).map(\.packet.destination) == [home.a])
    #expect(home.world.sent(home.other, remotes[2].endpoint, two ?? .none).map(\.packet.destination) == [home.b])
    // Toward one remote even an overloading translator must keep them apart.
    #expect(home.out(home.bob, home.b, home.s) != one)
  }

  @Test(arguments: [false, true])
  func `REQ-3a: ports below 1024 stay below, those above stay above, where classes are kept`(kept: Bool) throws {
    var behaviour = Self.cone(.endpointIndependent, .random)
    behaviour.portRange = PortRange(1, 65_535)
    behaviour.portClasses = kept
    let home = Home(behaviour)
    let low = try (1...20).map { try #require(home.out(home.alice, at("192.168.1.10", $0 * 40), home.s)).port }
    let high = try (1...20).map { try #require(home.out(home.alice, at("192.168.1.10", $0 * 2000), home.s)).port }
    #expect(low.allSatisfy { $0 < 1024 } == kept)
    #expect(high.allSatisfy { $0 >= 1024 } || !kept)
  }

  @Test(arguments: [false, true])
  func `REQ-4: parity is kept where the translator keeps it`(parity: Bool) throws {
    var behaviour = Self.cone(.endpointIndependent, .random)
    behaviour.parity = parity
    let home = Home(behaviour)
    let kept = try (6000..<6032).map { port in
      try #require(home.out(home.alice, at("192.168.1.10", port), home.s)).port & 1 == port & 1
    }
    #expect(kept.allSatisfy { $0 } == parity)
  }

  @Test func `REQ-5: without a timer of its own a UDP mapping lives five minutes, never under two`() throws {
    for (second, alive) in [(Int64(119), true), (299, true), (301, false)] {
      let home = Home(Self.cone())
      let mapped = try #require(home.out(home.alice, home.a, home.s))
      home.world.network.advance(to: SimTime(nanoseconds: second * 1_000_000_000))
      #expect(home.reaches(home.server, home.s, mapped) == alive)
    }
  }

  @Test(arguments: [false, true])
  func `REQ-6: outbound packets refresh always, inbound ones where the behaviour says so`(inbound: Bool) throws {
    for outbound in [false, true] {
      var behaviour = Self.cone()
      behaviour.inboundRefresh = inbound
      let home = Home(behaviour)
      let mapped = try #require(home.out(home.alice, home.a, home.s))
      home.world.network.advance(to: SimTime(nanoseconds: 200_000_000_000))
      if outbound { _ = home.out(home.alice, home.a, home.s) } else { _ = home.reaches(home.server, home.s, mapped) }
      home.world.network.advance(to: SimTime(nanoseconds: 400_000_000_000))
      #expect(home.reaches(home.server, home.s, mapped) == (outbound || inbound))
    }
  }

  @Test func `REQ-7: an external address that an inside host has too does no harm`() {
    var draft = Draft()
    let (host, server) = (draft.host("host"), draft.host("server"))
    let (home, carrier, core) = (draft.router("home"), draft.router("carrier"), draft.router("core"))
    draft.attach(host, "192.168.1.10", to: home)
    draft.attach(home, "192.168.1.10", to: carrier)
    draft.attach(carrier, "203.0.113.5", to: core)
    draft.attach(server, "198.51.100.1", to: core)
    draft.translate(home, Self.cone(), outside: ["192.168.1.10"])
    draft.translate(carrier, Self.cone(), outside: ["203.0.113.5"])
    let world = PacketWorld(draft)
    let (a, s) = (at("192.168.1.10", 5000), at("198.51.100.1", 1000))
    #expect(world.sent(host, a, s).map(\.packet.source) == [at("203.0.113.5", 5000)])
    #expect(world.sent(server, s, at("203.0.113.5", 5000)).map(\.node) == [host])
  }

  @Test(arguments: FilteringBehaviour.allCases)
  func `REQ-8: an endpoint-independent filter lets anybody in, an address-dependent one the addresses written to`(
    filtering: FilteringBehaviour
  ) throws {
    let home = Home(Self.cone(filtering))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.server, remotes[1].endpoint, mapped) == (filtering != .addressAndPortDependent))
    #expect(home.reaches(home.other, remotes[2].endpoint, mapped) == (filtering == .endpointIndependent))
  }

  @Test(arguments: Hairpinning.allCases)
  func `REQ-9: hairpinning shows the external source, the internal one, or does not happen`(hairpinning: Hairpinning) throws {
    var behaviour = Self.cone()
    behaviour.hairpinning = hairpinning
    let home = Home(behaviour)
    let bobs = try #require(home.out(home.bob, home.b, home.s))
    let got = home.world.sent(home.alice, at("192.168.1.10", 7000), bobs)
    switch hairpinning {
    case .off: #expect(got.isEmpty)
    case .externalSource: #expect(got.map(\.packet.source) == [at(Home.outside, 7000)])
    case .internalSource: #expect(got.map(\.packet.source) == [at("192.168.1.10", 7000)])
    }
    #expect(got.map(\.node) == (hairpinning == .off ? [] : [home.bob]))
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `REQ-10: no application gateway touches what a packet carries`() {
    let home = Home(Self.cone())
    let content = Message.opaque(OpaqueBytes(length: 4, bytes: [192, 168, 1, 10]))
    var packet = home.world.packet(home.a, home.s, length: 32)
    home.world.network.messages[packet.payload.index, packet.payload.generation] = content
    packet.length = 32
    home.world.network.send(packet, from: home.alice)
    home.world.network.run(1)
    #expect(home.world.arrivals.map(\.message) == [content])
    #expect(home.world.arrivals.map(\.packet.source) == [at(Home.outside, 5000)])
  }

  @Test(arguments: [TranslationBehaviour.homeRouter, .linuxMasquerade])
  func `REQ-11: a deterministic translator maps alike after a collision, Linux's does not`(behaviour: TranslationBehaviour) {
    let home = Home(behaviour)
    _ = home.out(home.alice, home.a, home.s)
    // Bob's port is taken toward the server; is he still one endpoint to everybody?
    let seen = Set(remotes.map { home.out(home.bob, home.b, $0.endpoint) })
    #expect((seen.count == 1) == (behaviour == .homeRouter))
  }

  @Test func `REQ-12: an ICMP error is passed inside and ends no mapping`() throws {
    let home = Home(Self.cone())
    home.world.closedPorts = [1000]
    #expect(home.world.sent(home.alice, home.a, home.s).compactMap(\.error).map(\.kind) == [.portUnreachable])
    home.world.closedPorts = []
    #expect(home.reaches(home.server, home.s, at(Home.outside, 5000)))
  }

  @Test func `REQ-13: a packet too large for the line outward is answered with the line's MTU`() {
    let home = Home(Self.cone()) { draft, router in
      for row in draft.plan.interfaces.indices
      where draft.plan.interfaces[row].node == router && draft.plan.interfaces[row].side == .outside {
        draft.plan.interfaces[row].mtu = 1000
      }
    }
    let told = home.world.sent(home.alice, home.a, home.s, length: 1200)
    #expect(told.map(\.node) == [home.alice])
    #expect(told.map(\.error?.kind) == [.fragmentationNeeded])
    #expect(told.map(\.error?.mtu) == [1000])
    #expect(told.map(\.error?.source) == [home.a])
  }

  @Test func `REQ-14: nothing arrives in pieces: inward, too, a packet that does not fit is answered`() throws {
    let home = Home(Self.cone()) { draft, router in
      for row in draft.plan.interfaces.indices
      where draft.plan.interfaces[row].node == router && draft.plan.interfaces[row].side == .lan {
        draft.plan.interfaces[row].mtu = 1000
      }
    }
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    let told = home.world.sent(home.server, home.s, mapped, length: 1200)
    #expect(told.map(\.node) == [home.server])
    #expect(
      told.map(\.error) == [ICMPError(kind: .fragmentationNeeded, source: home.s, destination: mapped, proto: .udp, mtu: 1000)])
  }
}
