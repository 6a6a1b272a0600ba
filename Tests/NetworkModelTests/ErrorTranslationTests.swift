// ICMP errors and translators (RFC 5508): each side reads its own addresses, and no mapping begins, lasts longer or ends by one.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct ErrorTranslationTests {
  let mapped = at(Home.outside, 5000)

  @Test func `an error from outside reaches the inside sender with its own endpoint quoted`() {
    let home = Home(RuleTests.open)
    home.world.closedPorts = [1000]
    let told = home.world.sent(home.alice, home.a, home.s)
    #expect(told.map(\.node) == [home.alice])
    #expect(told.map(\.error) == [ICMPError(kind: .portUnreachable, source: home.a, destination: home.s, proto: .udp)])
    #expect(told.map(\.packet.destination.address) == [home.a.address])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `RFC 792: an error shows the headers of the packet that caused it`() throws {
    let home = Home(RuleTests.open)
    home.world.closedPorts = [1000]
    let told = home.world.sent(home.alice, home.a, home.s)
    guard case .icmp(let error)? = try #require(told.first).message else { return }
    #expect(error.quoted.length == 100 && error.quoted.sequence == 0)
    // The routers on the way counted it down.
    #expect(error.quoted.ttl == 62)
    #expect(error.encodedLength == 8 + 28)
    #expect(Int(told[0].packet.length) == 20 + error.encodedLength)
  }

  @Test func `an error from inside reaches the outside sender with the external endpoint quoted`() {
    let home = Home(RuleTests.open)
    #expect(home.out(home.alice, home.a, home.s) == mapped)
    home.world.closedPorts = [5000]
    let told = home.world.sent(home.server, home.s, mapped)
    #expect(told.map(\.node) == [home.server])
    #expect(told.map(\.error) == [ICMPError(kind: .portUnreachable, source: home.s, destination: mapped, proto: .udp)])
    #expect(told.map(\.packet.source.address) == [mapped.address])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `errors through a one-to-one translator are translated both ways`() {
    let home = Home(.azurePublicIP, pairs: [("192.168.1.10", Home.outside)])
    home.world.closedPorts = [1000, 5000]
    #expect(
      home.world.sent(home.alice, home.a, home.s).map(\.error)
        == [ICMPError(kind: .portUnreachable, source: home.a, destination: home.s, proto: .udp)])
    #expect(
      home.world.sent(home.other, remotes[2].endpoint, mapped).map(\.error)
        == [ICMPError(kind: .portUnreachable, source: remotes[2].endpoint, destination: mapped, proto: .udp)])
  }

  @Test func `errors through two translators in series are translated at each`() {
    var draft = Draft()
    let (host, server) = (draft.host("host"), draft.host("server"))
    let (home, carrier, core) = (draft.router("home"), draft.router("carrier"), draft.router("core"))
    draft.attach(host, "192.168.1.10", to: home)
    draft.attach(home, "100.64.0.7", to: carrier)
    draft.attach(carrier, "203.0.113.5", to: core)
    draft.attach(server, "198.51.100.1", to: core)
    draft.translate(home, .symmetric, outside: ["100.64.0.7"])
    draft.translate(carrier, .symmetric, outside: ["203.0.113.5"])
    let world = PacketWorld(draft)
    world.closedPorts = [1000]
    let (a, s) = (at("192.168.1.10", 5000), at("198.51.100.1", 1000))
    #expect(world.sent(host, a, s).map(\.error) == [ICMPError(kind: .portUnreachable, source: a, destination: s, proto: .udp)])
  }

  enum Place: CaseIterable { case ingress, forward, egress, hops }

  @Test(arguments: Place.allCases, [false, true])
  func `a translator's own errors quote the packet as its sender sent it`(place: Place, inbound: Bool) {
    let home = Home(RuleTests.open) { draft, router in
      switch place {
      case .ingress: draft.filter(router, .ingress, [("reject", RuleTests.rule(.reject, proto: .udp))])
      case .forward: draft.filter(router, .forward, [("reject", RuleTests.rule(.reject, proto: .udp))])
      case .egress: draft.filter(router, .egress, [("reject", RuleTests.rule(.reject, proto: .udp))])
      case .hops: draft.filter(router, .forward, [("none", RuleTests.rule(.accept))])
      }
    }
    let network = home.world.network
    network.rules[0].enabled = false
    if inbound { #expect(home.out(home.alice, home.a, home.s) == mapped) }
    network.rules[0].enabled = true
    let (from, to) = inbound ? (home.s, mapped) : (home.a, home.s)
    let told = home.world.sent(inbound ? home.server : home.alice, from, to, ttl: place == .hops ? (inbound ? 2 : 1) : 64)
    let kind: ICMPError.Kind = place == .hops ? .timeExceeded : .administrativelyProhibited
    #expect(told.map(\.error) == [ICMPError(kind: kind, source: from, destination: to, proto: .udp)])
    #expect(
      network.drops == [Drop(reason: place == .hops ? .ttlExpired : .rule, node: "router", rule: place == .hops ? "" : "reject")])
    #expect(home.translator.mappingCount == (inbound ? 1 : 0))
    #expect(network.brokenLaws() == [])
  }

  @Test func `the error of a hairpinned packet loops back`() {
    var behaviour = RuleTests.open
    behaviour.hairpinning = .externalSource
    let home = Home(behaviour)
    #expect(home.out(home.bob, home.b, home.s) == mapped)
    home.world.closedPorts = [5000]
    let told = home.world.sent(home.alice, at("192.168.1.10", 4000), mapped)
    #expect(
      told.map(\.error)
        == [ICMPError(kind: .portUnreachable, source: at("192.168.1.10", 4000), destination: mapped, proto: .udp)])
    #expect(told.map(\.node) == [home.alice])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test(arguments: [false, true]) func `an error neither ends nor refreshes a mapping (RFC 5508 REQ-6)`(outward: Bool) {
    var behaviour = RuleTests.open
    behaviour.inboundRefresh = false
    let home = Home(behaviour)
    let network = home.world.network
    #expect(home.out(home.alice, home.a, home.s) == mapped)
    network.advance(to: SimTime(nanoseconds: 20_000_000_000))
    if outward {
      home.world.closedPorts = [5000]
      #expect(home.world.sent(home.server, home.s, mapped).count == 1)
    } else {
      home.world.send(home.server, home.s, mapped, proto: .icmp)
      let error = ICMPError(kind: .portUnreachable, source: mapped, destination: home.s, proto: .udp)
      var packet = home.world.packet(Endpoint(home.s.address, 0), Endpoint(mapped.address, 0), proto: .icmp)
      network.messages[packet.payload.index, packet.payload.generation] = .icmp(error)
      packet.length = 56
      network.send(packet, from: home.server)
      network.run(1)
    }
    home.world.closedPorts = []
    #expect(home.reaches(home.server, home.s, mapped))
    network.advance(to: SimTime(nanoseconds: 30_000_000_000))
    #expect(!home.reaches(home.server, home.s, mapped))
  }

  @Test func `an error that quotes no mapping goes nowhere`() {
    let home = Home(RuleTests.open)
    let network = home.world.network
    let error = ICMPError(kind: .portUnreachable, source: at(Home.outside, 7777), destination: home.s, proto: .udp)
    let packet = home.world.packet(Endpoint(home.s.address, 0), Endpoint(mapped.address, 0), length: 56, proto: .icmp)
    network.messages[packet.payload.index, packet.payload.generation] = .icmp(error)
    network.send(packet, from: home.server)
    network.run(1)
    #expect(network.drops == [Drop(reason: .natNoMapping, node: "router")])
    #expect(home.world.arrivals.isEmpty)
  }

  @Test func `a stateful list lets in the errors of a flow it knows and no others`() {
    let home = RuleTests().guarded()
    home.world.closedPorts = [1000]
    #expect(home.world.sent(home.alice, home.a, home.s).compactMap(\.error).map(\.kind) == [.portUnreachable])
    let network = home.world.network
    let error = ICMPError(kind: .portUnreachable, source: mapped, destination: at("198.51.100.9", 9), proto: .udp)
    let packet = home.world.packet(Endpoint(home.s.address, 0), Endpoint(mapped.address, 0), length: 56, proto: .icmp)
    network.messages[packet.payload.index, packet.payload.generation] = .icmp(error)
    network.send(packet, from: home.server)
    network.run(1)
    #expect(network.drops.last == Drop(reason: .rule, node: "router", rule: "router-policy"))
  }
}
