// The requirements of RFC 5382 (TCP) and of RFC 7857's updates to it, by the number.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct RFC5382Tests {
  let mapped = at(Home.outside, 5000)

  /// What TCP asks for: independent mapping, port preserved; filter and rejection as given.
  static func conforming(
    _ filtering: FilteringBehaviour = .addressDependent, unsolicited: Unsolicited = .reject, silence: SimDuration = .seconds(6)
  ) -> TranslationBehaviour {
    RFC4787Tests.cone(filtering).with {
      $0.unsolicited = unsolicited
      $0.synSilence = silence
    }
  }

  /// Opens a connection from Alice to the server by the three-way handshake.
  private func open(_ home: Home, to remote: Endpoint? = nil) {
    let remote = remote ?? home.s
    let node = remote.address == home.s.address ? home.server : home.other
    home.segment(home.alice, home.a, remote, .syn)
    home.segment(node, remote, mapped, [.syn, .ack])
    home.segment(home.alice, home.a, remote, .ack)
  }

  @Test func `REQ-1: the mapping of a TCP endpoint is the same for every remote`() {
    let home = Home(RFC4787Tests.cone(.endpointIndependent, .random))
    let seen = remotes.map { remote in home.segment(home.alice, home.a, remote.endpoint, .syn).first?.packet.source }
    #expect(Set(seen).count == 1 && seen[0] != nil)
  }

  @Test(arguments: FilteringBehaviour.allCases)
  func `REQ-2: a connection opened from both ends at once passes, whichever SYN the filter lets through first`(
    filtering: FilteringBehaviour
  ) {
    let home = Home(Self.conforming(filtering, unsolicited: .drop, silence: .zero))
    // RFC 9293 §3.5, figure 8: SYN and SYN cross, then SYN+ACK and SYN+ACK.
    #expect(home.segment(home.alice, home.a, home.s, .syn).map(\.node) == [home.server])
    #expect(home.segment(home.server, home.s, mapped, .syn).map(\.packet.destination) == [home.a])
    #expect(home.segment(home.server, home.s, mapped, [.syn, .ack]).map(\.node) == [home.alice])
    #expect(home.segment(home.alice, home.a, home.s, [.syn, .ack]).map(\.packet.source) == [mapped])
    // Both have sent a SYN: it counts as open and lives as long.
    home.wait(until: 7_000)
    #expect(home.segment(home.server, home.s, mapped, .ack).map(\.node) == [home.alice])
    #expect(home.world.network.drops.isEmpty)
  }

  @Test(arguments: FilteringBehaviour.allCases)
  func `REQ-3: filters hold for TCP as for UDP`(filtering: FilteringBehaviour) {
    let home = Home(Self.conforming(filtering, unsolicited: .drop, silence: .zero))
    home.segment(home.alice, home.a, home.s, .syn)
    #expect(home.segment(home.server, remotes[1].endpoint, mapped, .syn).isEmpty == (filtering == .addressAndPortDependent))
    #expect(home.segment(home.other, remotes[2].endpoint, mapped, .syn).isEmpty == (filtering != .endpointIndependent))
  }

  @Test func `REQ-4: an unsolicited SYN is held in silence and dropped, once the connection is opened from inside`() {
    let home = Home(Self.conforming())
    #expect(home.segment(home.server, home.s, mapped, .syn).isEmpty)
    home.wait(until: 4)
    #expect(home.world.network.drops.isEmpty && home.world.network.inFlight == 1)
    // Alice's own SYN makes the mapping that the other was too early for.
    #expect(home.segment(home.alice, home.a, home.s, .syn).map(\.node) == [home.server])
    #expect(home.segment(home.server, home.s, mapped, [.syn, .ack]).map(\.node) == [home.alice])
    let before = home.world.arrivals.count
    home.world.network.run(10)
    #expect(home.world.arrivals.count == before)
    #expect(home.world.network.drops == [Drop(reason: .natSynOvertaken, node: "router")])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `REQ-4: after six seconds of silence an unsolicited SYN is answered by ICMP port unreachable, and only once`() {
    let home = Home(Self.conforming())
    #expect(home.segment(home.server, home.s, mapped, .syn).isEmpty)
    // Retransmissions meanwhile (RFC 6298: after 1 s, then 2 s) are gone without a word.
    for second in [1, 3] as [Int64] {
      home.wait(until: second)
      #expect(home.segment(home.server, home.s, mapped, .syn).isEmpty)
    }
    home.world.network.run(until: SimTime(nanoseconds: 5_999_000_000))
    #expect(home.world.arrivals.isEmpty)
    home.world.network.run(until: SimTime(nanoseconds: 20_000_000_000))
    #expect(
      home.world.arrivals.map(\.error) == [ICMPError(kind: .portUnreachable, source: home.s, destination: mapped, proto: .tcp)])
    // It came to the router after 2 ms; the answer takes as long.
    #expect(home.world.arrivals.map(\.time) == [SimTime(nanoseconds: 6_004_000_000)])
    #expect(home.world.network.drops == Array(repeating: Drop(reason: .natNoMapping, node: "router"), count: 3))
    // A later one is held anew.
    #expect(home.segment(home.server, home.s, mapped, .syn).isEmpty)
    #expect(home.world.network.inFlight == 1)
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `REQ-4: the silence is about SYNs that a filter stops, too, and about nothing else`() {
    let home = Home(Self.conforming(.addressAndPortDependent))
    home.segment(home.alice, home.a, home.s, .syn)
    #expect(home.segment(home.other, remotes[2].endpoint, mapped, .syn).isEmpty)
    #expect(home.world.network.inFlight == 1)
    // What is no SYN, or no TCP, is refused at once.
    #expect(home.segment(home.other, remotes[2].endpoint, mapped, .ack).map(\.packet.tcp.flags) == [.rst])
    #expect(home.world.sent(home.other, remotes[3].endpoint, mapped).map(\.error?.kind) == [.portUnreachable])
    home.world.network.run(10)
    #expect(home.world.arrivals.last?.error?.kind == .portUnreachable && home.world.arrivals.last?.node == home.other)
  }

  @Test(arguments: [Unsolicited.drop, .reject, .accept])
  func `REQ-4a: where policy says so an unsolicited SYN is never answered; without silence it is at once`(
    unsolicited: Unsolicited
  ) {
    let home = Home(Self.conforming(unsolicited: unsolicited, silence: .zero))
    let answer = home.segment(home.server, home.s, mapped, .syn)
    #expect(answer.map(\.packet.tcp.flags) == (unsolicited == .reject ? [[.rst, .ack]] : unsolicited == .drop ? [] : [.syn]))
    #expect(answer.allSatisfy { $0.node == (unsolicited == .accept ? home.router : home.server) })
    home.world.network.run(10)
    #expect(home.world.network.inFlight == 0)
  }

  @Test(arguments: [false, true])
  func `REQ-5: an idle open connection lives 2 h 4 min, one half open 4 min`(isOpen: Bool) {
    let lifetime: Int64 = isOpen ? 7_440 : 240
    for (second, alive) in [(lifetime - 2, true), (lifetime + 8, false)] {
      let home = Home(RFC4787Tests.cone())
      if isOpen { open(home) } else { home.segment(home.alice, home.a, home.s, .syn) }
      home.wait(until: home.world.network.now.nanoseconds / 1_000_000_000 + second)
      #expect(home.segment(home.server, home.s, mapped, .ack).isEmpty == !alive)
    }
  }

  @Test func `REQ-6: no application gateway touches the stream`() {
    let home = Home(RFC4787Tests.cone())
    var packet = Packet(source: home.a, destination: home.s, proto: .tcp, length: 140, conversation: .none, luck: 7)
    packet.tcp = TCPHeader(sequence: 17, acknowledgement: 5, window: 9, length: 100, flags: [.ack, .psh])
    home.world.network.send(packet, from: home.alice)
    home.world.network.run(1)
    #expect(home.world.arrivals.map(\.packet.tcp) == [packet.tcp] && home.world.arrivals[0].packet.length == 140)
  }

  @Test(arguments: [false, true])
  func `REQ-7: two inside endpoints share no external TCP port; where they do (RFC 7857 section 3), each remote tells them apart`(
    overlapping: Bool
  ) {
    let home = Home(
      TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .preserving).with {
        $0.overloading = overlapping
      })
    let alices = home.segment(home.alice, home.a, home.s, .syn)[0].packet.source
    let bobs = home.segment(home.bob, home.b, remotes[2].endpoint, .syn)[0].packet.source
    #expect((alices == bobs) == overlapping)
    #expect(home.segment(home.server, home.s, alices, [.syn, .ack]).map(\.packet.destination) == [home.a])
    #expect(home.segment(home.other, remotes[2].endpoint, bobs, [.syn, .ack]).map(\.packet.destination) == [home.b])
    // To one remote they cannot share it.
    #expect(home.segment(home.bob, home.b, home.s, .syn)[0].packet.source != alices)
  }

  @Test(arguments: [Hairpinning.off, .externalSource])
  func `REQ-8: a connection between two inside hosts by external endpoints opens by hairpinning, from an external source`(
    hairpinning: Hairpinning
  ) {
    let home = Home(Self.conforming(.endpointIndependent, silence: .zero).with { $0.hairpinning = hairpinning })
    home.segment(home.bob, home.b, home.s, .syn)
    let got = home.segment(home.alice, at("192.168.1.10", 7000), mapped, .syn)
    #expect(got.map(\.packet.source) == (hairpinning == .off ? [] : [at(Home.outside, 7000)]))
    guard hairpinning == .externalSource else { return }
    let answer = home.segment(home.bob, home.b, at(Home.outside, 7000), [.syn, .ack])
    #expect(answer.map(\.node) == [home.alice] && answer[0].packet.source == mapped)
  }

  @Test func `REQ-9: an ICMP error about a connection is translated to the inside`() {
    let home = Home(RFC4787Tests.cone())
    home.world.closedPorts = [1000]
    let told = home.segment(home.alice, home.a, home.s, .syn)
    #expect(told.map(\.node) == [home.alice])
    #expect(told.map(\.error) == [ICMPError(kind: .portUnreachable, source: home.a, destination: home.s, proto: .tcp)])
  }

  @Test func `REQ-10: an ICMP error ends neither the mapping nor the connection`() {
    let home = Home(RFC4787Tests.cone(.addressAndPortDependent))
    open(home)
    home.world.closedPorts = [1000]
    #expect(home.segment(home.alice, home.a, home.s, .ack).compactMap(\.error).count == 1)
    home.world.closedPorts = []
    home.wait(until: 7_000)
    #expect(home.segment(home.server, home.s, mapped, .ack).map(\.packet.destination) == [home.a])
  }

  // MARK: RFC 7857

  @Test(arguments: [false, true])
  func `RFC 7857 section 2: a reset is translated, and the mapping stays four minutes more`(inward: Bool) {
    for (seconds, alive) in [(Int64(238), true), (250, false)] {
      let home = Home(RFC4787Tests.cone())
      open(home)
      let reset =
        inward ? home.segment(home.server, home.s, mapped, .rst) : home.segment(home.alice, home.a, home.s, [.rst, .ack])
      #expect(reset.map(\.node) == [inward ? home.alice : home.server])
      home.wait(until: home.world.network.now.nanoseconds / 1_000_000_000 + seconds)
      #expect(home.segment(home.server, home.s, mapped, .ack).isEmpty == !alive)
    }
  }

  @Test func `RFC 7857 section 2: a connection opened anew within those minutes lives its full time`() {
    let home = Home(RFC4787Tests.cone())
    open(home)
    home.segment(home.alice, home.a, home.s, .rst)
    home.wait(until: 60)
    open(home)
    home.wait(until: 7_000)
    #expect(!home.segment(home.server, home.s, mapped, .ack).isEmpty)
  }
}
