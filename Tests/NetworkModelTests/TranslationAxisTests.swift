// Each further axis of a translator on its own: what it flips, and what it leaves alone.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

extension Home {
  /// Lets time pass until `seconds` from the start.
  func wait(until seconds: Int64) { world.network.advance(to: SimTime(nanoseconds: seconds * 1_000_000_000)) }

  /// Sends a TCP segment; returns what has arrived.
  @discardableResult
  func segment(_ node: NodeID, _ from: Endpoint, _ to: Endpoint, _ flags: TCPFlags) -> [Arrival] {
    let before = world.arrivals.count
    var packet = Packet(source: from, destination: to, proto: .tcp, length: 40, conversation: .none, luck: 7)
    packet.tcp = TCPHeader(sequence: 100, acknowledgement: flags.contains(.ack) ? 900 : 0, flags: flags)
    world.network.send(packet, from: node)
    world.network.run(1)
    return Array(world.arrivals[before...])
  }
}

@Suite struct TranslationAxisTests {
  // MARK: Permissions and answers

  /// Alice writes to the server, then from the same endpoint to the other host, which an endpoint-dependent mapping gives another port.
  @Test(arguments: TranslationTests.kinds, PermissionScope.allCases)
  func `a permission hangs on the external port, or on the inside endpoint whatever port was used`(
    kind: TranslationBehaviour, scope: PermissionScope
  ) throws {
    var kind = kind
    kind.permissionScope = scope
    let home = Home(kind)
    let first = try #require(home.out(home.alice, home.a, home.s))
    let second = try #require(home.out(home.alice, home.a, remotes[2].endpoint))
    let mayCross = kind.filtering == .endpointIndependent || kind.mapping == .endpointIndependent || scope == .insideEndpoint
    #expect(home.reaches(home.other, remotes[2].endpoint, first) == mayCross)
    #expect(home.reaches(home.server, home.s, second) == mayCross)
    // Bob's endpoint is another: what Alice permitted does not serve him.
    let bobs = try #require(home.out(home.bob, home.b, home.s))
    #expect(home.reaches(home.other, remotes[2].endpoint, bobs) == (kind.filtering == .endpointIndependent))
  }

  @Test(arguments: TranslationTests.kinds, AnswerPath.allCases)
  func `a let-in packet is answered by the mapping table's port, or by the port it came in by`(
    kind: TranslationBehaviour, answers: AnswerPath
  ) throws {
    var kind = kind
    kind.answers = answers
    for (node, stranger) in [(\Home.server, remotes[1].endpoint), (\Home.other, remotes[2].endpoint)] {
      let home = Home(kind)
      let mapped = try #require(home.out(home.alice, home.a, home.s))
      guard home.reaches(home[keyPath: node], stranger, mapped) else { continue }
      let shares =
        kind.mapping == .endpointIndependent || kind.mapping == .addressDependent && stranger.address == home.s.address
      let answer = home.out(home.alice, home.a, stranger)
      #expect((answer == mapped) == (shares || answers == .session))
      // Whom nobody let in is no session: Alice's own word to him goes by the table.
      let unheard = at("198.51.100.2", 4444)
      #expect((home.out(home.alice, home.a, unheard) == mapped) == (kind.mapping == .endpointIndependent))
    }
  }

  @Test func `a remembered flow is forgotten with its time, and goes by the table again`() throws {
    var kind = TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .endpointIndependent, udpLifetime: .seconds(30))
    kind.answers = .session
    let home = Home(kind)
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.other, remotes[2].endpoint, mapped))
    home.wait(until: 20)
    _ = home.out(home.alice, home.a, home.s)
    home.wait(until: 40)
    #expect(home.out(home.alice, home.a, remotes[2].endpoint) != mapped)
    #expect(home.out(home.alice, home.a, home.s) == mapped)
  }

  // MARK: Ports

  @Test(arguments: PortCollision.allCases)
  func `a preserving translator takes the next port on a collision, or one by chance`(collision: PortCollision) throws {
    var behaviour = RFC4787Tests.cone()
    behaviour.collision = collision
    let home = Home(behaviour)
    #expect(home.out(home.alice, home.a, home.s)?.port == 5000)
    let bobs = try #require(home.out(home.bob, home.b, home.s)).port
    #expect((bobs == 5001) == (collision == .next))
    #expect(bobs != 5000)
  }

  @Test func `port blocks: each host has its own, the next only when the first is full, and never more than its share`() throws {
    var behaviour = TranslationBehaviour(
      mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .sequential, portRange: PortRange(2000, 2039))
    behaviour.portBlock = 10
    behaviour.portsPerHost = 20
    let home = Home(behaviour)
    func ports(_ node: NodeID, _ address: String, _ count: UInt16, from first: UInt16 = 6000) -> [UInt16?] {
      (0..<count).map { home.out(node, at(address, first + $0), home.s)?.port }
    }
    let alices = ports(home.alice, "192.168.1.10", 20).compactMap { $0 }
    let bobs = ports(home.bob, "192.168.1.11", 10).compactMap { $0 }
    #expect(Set(alices[..<10].map { $0 / 10 }).count == 1)
    #expect(Set(alices.map { $0 / 10 }).count == 2)
    #expect(Set(bobs.map { $0 / 10 }).count == 1)
    #expect(Set(alices).count == 20)
    #expect(Set(alices.map { $0 / 10 }).isDisjoint(with: bobs.map { $0 / 10 }))
    #expect(ports(home.alice, "192.168.1.10", 1, from: 9000) == [nil])
    #expect(home.world.network.drops == [Drop(reason: .natPortsExhausted, node: "router")])
    // Bob still has a block to come, and TCP a share of its own in Alice's.
    #expect(ports(home.bob, "192.168.1.11", 1, from: 9000) != [nil])
    let stream = try #require(home.out(home.alice, home.a, home.s, proto: .tcp)).port
    #expect(alices.map { $0 / 10 }.contains(stream / 10))
  }

  @Test func `a pool without a free block refuses a further host, though ports are free`() {
    var behaviour = RFC4787Tests.cone(.endpointIndependent, .random)
    behaviour.portRange = PortRange(2000, 2009)
    behaviour.portBlock = 10
    let home = Home(behaviour)
    #expect(home.out(home.alice, home.a, home.s) != nil)
    #expect(home.out(home.bob, home.b, home.s) == nil)
    #expect(home.world.network.drops == [Drop(reason: .natPortsExhausted, node: "router")])
  }

  @Test(arguments: [UInt16(0), 3])
  func `a host's share of ports is its own limit, freed as its mappings end`(share: UInt16) {
    var behaviour = RFC4787Tests.cone()
    behaviour.portsPerHost = share
    behaviour.udpLifetime = .seconds(30)
    let home = Home(behaviour)
    let got = (6000..<6004).map { home.out(home.alice, at("192.168.1.10", $0), home.s) != nil }
    #expect(got == [true, true, true, share == 0])
    #expect(home.out(home.bob, home.b, home.s) != nil)
    home.wait(until: 60)
    #expect(home.out(home.alice, at("192.168.1.10", 7000), home.s) != nil)
  }

  @Test(arguments: [Int64(0), 120])
  func `a released port is held back from others for its time (RFC 6888 REQ-8), not from its own host`(hold: Int64) {
    var behaviour = RFC4787Tests.cone()
    behaviour.udpLifetime = .seconds(30)
    behaviour.portHold = .seconds(hold)
    let home = Home(behaviour)
    #expect(home.out(home.alice, home.a, home.s)?.port == 5000)
    home.wait(until: 60)
    #expect(home.out(home.bob, home.b, home.s)?.port == (hold == 0 ? 5000 : 5001))
    let again = Home(behaviour)
    _ = again.out(again.alice, again.a, again.s)
    again.wait(until: 60)
    #expect(again.out(again.alice, again.a, again.s)?.port == 5000)
    again.wait(until: 400)
    #expect(again.out(again.bob, again.b, again.s)?.port == 5000)
  }

  @Test(arguments: AddressPooling.allCases)
  func `a full address ends a paired host's luck, an arbitrary one goes on to the next`(pooling: AddressPooling) {
    var behaviour = RFC4787Tests.cone()
    behaviour.portRange = PortRange(2000, 2003)
    behaviour.pooling = pooling
    let home = Home(behaviour, outside: ["203.0.113.5", "203.0.113.6"])
    let got = (6000..<6008).compactMap { home.out(home.alice, at("192.168.1.10", $0), home.s) }
    #expect(got.count == (pooling == .paired ? 4 : 8))
    #expect(Set(got).count == got.count)
  }

  // MARK: Lifetimes

  @Test(arguments: [false, true])
  func `an unanswered UDP mapping dies early, an answered one when it is old enough lives its full time`(answered: Bool) throws {
    var behaviour = RFC4787Tests.cone()
    behaviour.udpLifetime = .seconds(120)
    behaviour.udpUnansweredLifetime = .seconds(30)
    behaviour.udpStreamAge = .seconds(2)
    let home = Home(behaviour)
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    if answered { #expect(home.reaches(home.server, home.s, mapped)) }
    home.wait(until: 10)
    _ = home.out(home.alice, home.a, home.s)
    home.wait(until: 60)
    #expect(home.reaches(home.server, home.s, mapped) == answered)
  }

  @Test func `before the stream's age an answer does not lengthen an UDP mapping`() throws {
    var behaviour = RFC4787Tests.cone()
    behaviour.udpUnansweredLifetime = .seconds(30)
    behaviour.udpStreamAge = .seconds(10)
    let home = Home(behaviour)
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.server, home.s, mapped))
    _ = home.out(home.alice, home.a, home.s)
    home.wait(until: 45)
    #expect(!home.reaches(home.server, home.s, mapped))
  }

  enum Stage: CaseIterable { case opening, open, halfClosed, closed, reset, resetInward }

  @Test(arguments: Stage.allCases)
  func `a TCP mapping lives by how far its connection has come (RFC 5382 REQ-5, RFC 7857 §2)`(stage: Stage) throws {
    var behaviour = RFC4787Tests.cone()
    (behaviour.tcpOpeningLifetime, behaviour.tcpLifetime, behaviour.tcpClosingLifetime) = (
      .seconds(20), .seconds(300), .seconds(40)
    )
    let lifetime: Int64 =
      switch stage {
      case .opening: 20
      case .open, .halfClosed: 300
      case .closed, .reset, .resetInward: 40
      }
    for (second, alive) in [(lifetime - 2, true), (lifetime + 8, false)] {
      let home = Home(behaviour)
      let mapped = at(Home.outside, 5000)
      home.segment(home.alice, home.a, home.s, .syn)
      if stage != .opening {
        home.segment(home.server, home.s, mapped, [.syn, .ack])
        home.segment(home.alice, home.a, home.s, .ack)
      }
      switch stage {
      case .opening, .open: break
      case .halfClosed: home.segment(home.alice, home.a, home.s, [.fin, .ack])
      case .closed:
        home.segment(home.alice, home.a, home.s, [.fin, .ack])
        home.segment(home.server, home.s, mapped, [.fin, .ack])
      case .reset: home.segment(home.alice, home.a, home.s, .rst)
      case .resetInward: home.segment(home.server, home.s, mapped, .rst)
      }
      let last = home.world.network.now.nanoseconds / 1_000_000_000
      home.wait(until: last + second)
      #expect(home.segment(home.server, home.s, mapped, .ack).isEmpty == !alive, "\(stage) after \(second) s")
    }
  }

  @Test func `one of two connections of a mapping closing leaves the other its full time`() {
    var behaviour = RFC4787Tests.cone()
    (behaviour.tcpLifetime, behaviour.tcpClosingLifetime) = (.seconds(300), .seconds(10))
    let home = Home(behaviour)
    let mapped = at(Home.outside, 5000)
    for (node, remote) in [(home.server, home.s), (home.other, remotes[2].endpoint)] {
      home.segment(home.alice, home.a, remote, .syn)
      home.segment(node, remote, mapped, [.syn, .ack])
      home.segment(home.alice, home.a, remote, .ack)
    }
    home.segment(home.alice, home.a, home.s, .rst)
    home.wait(until: 100)
    #expect(!home.segment(home.other, remotes[2].endpoint, mapped, .ack).isEmpty)
  }

  @Test func `a reset in answer to an inbound segment does not lengthen a mapping (RFC 7857 §9)`() {
    var behaviour = RFC4787Tests.cone()
    (behaviour.tcpOpeningLifetime, behaviour.tcpClosingLifetime) = (.seconds(20), .seconds(240))
    let home = Home(behaviour)
    home.segment(home.alice, home.a, home.s, .syn)
    home.wait(until: 15)
    home.segment(home.alice, home.a, home.s, .rst)
    home.wait(until: 25)
    #expect(home.segment(home.server, home.s, at(Home.outside, 5000), .ack).isEmpty)
  }

  // MARK: ICMP queries

  @Test func `an ICMP query is translated by its identifier and lives its own time (RFC 5508 REQ-1, REQ-2)`() throws {
    var behaviour = RFC4787Tests.cone(.addressDependent)
    behaviour.icmpLifetime = .seconds(60)
    let home = Home(behaviour)
    let (query, target) = (at("192.168.1.10", 77), Endpoint(home.s.address, 0))
    let mapped = try #require(home.out(home.alice, query, target, proto: .icmp))
    #expect(mapped.address == ip(Home.outside))
    #expect(home.world.sent(home.server, target, mapped, proto: .icmp).map(\.packet.destination) == [query])
    #expect(!home.reaches(home.other, Endpoint(remotes[2].endpoint.address, 0), mapped, proto: .icmp))
    home.wait(until: 55)
    #expect(home.reaches(home.server, target, mapped, proto: .icmp))
    home.wait(until: 65)
    #expect(!home.reaches(home.server, target, mapped, proto: .icmp))
  }

  // MARK: Unsolicited packets

  @Test(arguments: Unsolicited.allCases)
  func `an unsolicited packet is dropped silently, rejected, or the gateway's own`(unsolicited: Unsolicited) {
    var behaviour = RFC4787Tests.cone(.addressAndPortDependent)
    behaviour.unsolicited = unsolicited
    let home = Home(behaviour)
    home.world.closedPorts = [5000]
    let mapped = at(Home.outside, 5000)
    let told = home.world.sent(home.server, home.s, mapped)
    let segments = home.segment(home.server, home.s, mapped, .syn)
    #expect(
      told.map(\.error)
        == (unsolicited == .drop ? [] : [ICMPError(kind: .portUnreachable, source: home.s, destination: mapped, proto: .udp)]))
    #expect(told.allSatisfy { $0.node == home.server })
    if unsolicited == .reject {
      #expect(segments.map(\.packet.tcp) == [TCPHeader(acknowledgement: 101, flags: [.rst, .ack])])
      #expect(segments.map(\.packet.source) == [mapped])
    }
    let reason: DropReason = unsolicited == .accept ? .noSocket : .natNoMapping
    #expect(home.world.network.drops == [Drop(reason: reason, node: "router"), Drop(reason: reason, node: "router")])
    #expect(home.world.network.brokenLaws() == [])
  }

  // MARK: Static mappings

  func forwarding(_ behaviour: TranslationBehaviour, outbound: Bool) -> Home {
    Home(behaviour) { draft, _ in
      draft.plan.translators[0].forwards = [
        StaticMapping(proto: .udp, port: 3390, inside: at("192.168.1.10", 5000), outbound: outbound)
      ]
    }
  }

  @Test(arguments: TranslationTests.kinds, [false, true])
  func `a forward lets anybody in for ever, and answers leave by its port whatever the kind`(
    kind: TranslationBehaviour, outbound: Bool
  ) {
    let home = forwarding(kind, outbound: outbound)
    let open = at(Home.outside, 3390)
    for _ in 0..<2 {
      #expect(home.world.sent(home.other, remotes[2].endpoint, open).map(\.packet.destination) == [home.a])
      #expect(home.out(home.alice, home.a, remotes[2].endpoint) == open)
      home.wait(until: home.world.network.now.nanoseconds / 1_000_000_000 + 100_000)
    }
    // Another protocol's port of that number is not forwarded.
    #expect(!home.reaches(home.other, remotes[2].endpoint, open, proto: .tcp))
  }

  @Test(arguments: [false, true])
  func `a forward serves what its host sends first only where it is made outbound too (miniupnp, issue 240)`(outbound: Bool) {
    let home = forwarding(RFC4787Tests.cone(), outbound: outbound)
    #expect(home.out(home.alice, home.a, home.s)?.port == (outbound ? 3390 : 5000))
  }

  @Test func `nobody else gets a forwarded port`() {
    let home = forwarding(RFC4787Tests.cone(), outbound: false)
    #expect(home.out(home.bob, at("192.168.1.11", 3390), home.s)?.port == 3391)
  }
}
