// RDP-UDP: handshake, data phase, losses and liveness, as transcripts and in closed form.
import Protocols
import SimulationKernel
import Testing
import Wire

private let ours = StreamID(index: 1, generation: 0)
private let theirs = StreamID(index: 2, generation: 0)
private let cookie = Secret(id: 77)
private let room: UInt32 = 4096 * 1218

extension RDPUDPConnection {
  fileprivate mutating func on(_ input: Input, _ time: SimTime = .zero) -> [Effect] {
    var effects: [Effect] = []
    handle(input, at: time, into: &effects)
    return effects
  }
  /// A client whose handshake took 20 ms.
  fileprivate static func established(_ settings: Settings = Settings(), window: UInt32 = 1_000_000) -> RDPUDPConnection {
    var udp = RDPUDPConnection(stream: ours, cookieHash: cookie, settings: settings)
    _ = udp.on(.connect)
    _ = udp.on(.datagram(RDPUDPDatagram(kind: .synAck, stream: theirs, window: window)), ms(20))
    return udp
  }
}

/// A datagram of the machine under test.
private func mine(
  _ kind: RDPUDPDatagram.Kind, sequence: UInt64 = 0, ack: UInt64 = 0, seen: UInt64 = 0, window: UInt32 = room
) -> RDPUDPConnection.Effect {
  .send(
    RDPUDPDatagram(kind: kind, stream: ours, sequence: sequence, acknowledged: ack, highestSeen: seen, window: window))
}

/// A datagram of its peer.
private func peer(
  _ kind: RDPUDPDatagram.Kind, sequence: UInt64 = 0, ack: UInt64 = 0, seen: UInt64 = 0, window: UInt32 = 1_000_000
) -> RDPUDPConnection.Input {
  .datagram(
    RDPUDPDatagram(kind: kind, stream: theirs, sequence: sequence, acknowledged: ack, highestSeen: seen, window: window))
}

private func data(_ stream: StreamID, _ start: UInt64, _ end: UInt64) -> RDPUDPDatagram.Kind {
  .data(slice: StreamSlice(stream: stream, start: start, end: end))
}

private func pair(delay: Int64 = 20, _ settings: RDPUDPConnection.Settings = .init()) -> TransportPair<RDPUDPConnection> {
  TransportPair(
    RDPUDPConnection(stream: ours, cookieHash: cookie, settings: settings),
    RDPUDPConnection(stream: theirs, settings: settings), delay: .milliseconds(delay))
}

@Suite struct RDPUDPConnectionTests {
  @Test("MS-RDPEUDP §3.1.5.1: SYN, SYN+ACK, ACK, client's side")
  func client() {
    var udp = RDPUDPConnection(stream: ours, cookieHash: cookie)
    #expect(udp.state == .idle)
    #expect(udp.on(.connect) == [mine(.syn(cookieHash: cookie))])
    #expect(udp.state == .synSent(sent: 1))
    #expect(udp.on(peer(.ack), ms(10)) == [])
    #expect(udp.on(peer(.synAck), ms(20)) == [.connected, mine(.ack)])
    #expect(udp.peerStream == theirs && udp.estimator.smoothed == .milliseconds(20))
    #expect(udp.on(peer(.synAck), ms(21)) == [mine(.ack)], "the ACK was lost")
    #expect(udp.on(peer(.syn(cookieHash: cookie)), ms(21)) == [])
  }

  @Test("MS-RDPEUDP §3.1.5.1: server's side; duplicates are discarded; data does as well as the ACK")
  func server() {
    var udp = RDPUDPConnection(stream: ours)
    #expect(udp.on(peer(.ack)) == [])
    #expect(udp.on(peer(.syn(cookieHash: cookie))) == [mine(.synAck)])
    #expect(udp.state == .synReceived(sent: 1))
    #expect(udp.on(peer(.syn(cookieHash: cookie))) == [])
    var other = udp
    #expect(other.on(peer(.ack), ms(20)) == [.connected])
    #expect(udp.on(peer(data(theirs, 0, 100), sequence: 1), ms(20)) == [.connected, .readable(upTo: 100)])
  }

  @Test("MS-RDPEUDP §3.1.5.1: the smaller MTU of both bounds a packet")
  func mtu() {
    var udp = RDPUDPConnection(stream: ours)
    _ = udp.on(.datagram(RDPUDPDatagram(kind: .syn(cookieHash: cookie), stream: theirs, window: 10_000, mtu: 1132)))
    _ = udp.on(peer(.ack), ms(20))
    let effects = udp.on(.write(end: 1200), ms(20))
    #expect(effects.count == 2)
    guard case .send(let first) = effects[0] else { return }
    #expect(first.encodedLength == 1132 && first.mtu == 1132)
  }

  @Test("MS-RDPEUDP §3.1.5.2: three retransmissions at 800 ms, closed 3.2 s after the first SYN; the server alike")
  func noAnswer() {
    var p = pair()
    p.fate = { side, _, _ in side == .a ? [.zero] : [] }
    p.act(.a, .open)
    p.run()
    let a = p.story.filter { $0.side == .a }
    #expect(a.map(\.time) == [0, 800, 1600, 2400, 3200].map(ms))
    #expect(a.last?.effect == .closed(.noAnswer))
    let b = p.story.filter { $0.side == .b }
    #expect(b.map(\.time) == [20, 820, 1620, 2420, 3220].map(ms))
    #expect(b.last?.effect == .closed(.noAnswer))
  }

  @Test("a hard ICMP error ends the handshake, and only it")
  func unreachable() {
    var udp = RDPUDPConnection(stream: ours)
    _ = udp.on(.connect)
    #expect(udp.on(.unreachable(hard: false)) == [])
    #expect(udp.on(.unreachable(hard: true)) == [.closed(.unreachable)])
    udp = .established()
    #expect(udp.on(.unreachable(hard: true)) == [])
    #expect(udp.on(.close) == [.closed(nil)])
    #expect(udp.nextDeadline == nil)
  }

  @Test("MS-RDPEUDP2 §3.1.1.3: a keep-alive 4 s after the last datagram sent, death after 16 s of silence")
  func keepAlive() {
    var udp = RDPUDPConnection.established()
    for second: Int64 in [4, 8, 12] {
      #expect(udp.nextDeadline == ms(second * 1000 + 20))
      #expect(udp.on(.timer, ms(second * 1000 + 19)) == [])
      #expect(udp.on(.timer, ms(second * 1000 + 20)) == [mine(.keepAlive)])
    }
    #expect(udp.on(.timer, ms(16_020)) == [.closed(.silent)])
    var p = pair()
    p.act(.a, .open)
    p.run(until: ms(300_000))
    #expect(p.machines.map(\.state) == [.established, .established])
  }

  @Test("MS-RDPEUDP §3.1.6.3: every second packet is acknowledged at once, one alone after clamp(RTT / 2, 50, 200 ms)")
  func delayedAck() {
    var udp = RDPUDPConnection.established()
    #expect(udp.on(peer(data(theirs, 0, 100), sequence: 1), ms(100)) == [.readable(upTo: 100)])
    #expect(udp.nextDeadline == ms(150))
    #expect(udp.on(.timer, ms(150)) == [mine(.ack, ack: 100, seen: 1, window: room - 100)])
    #expect(udp.on(peer(data(theirs, 100, 200), sequence: 2), ms(200)) == [.readable(upTo: 200)])
    #expect(
      udp.on(peer(data(theirs, 200, 300), sequence: 3), ms(201)) == [
        .readable(upTo: 300), mine(.ack, ack: 300, seen: 3, window: room - 300),
      ])
  }

  @Test("MS-RDPEUDP2: a retransmission has a new number; a packet is lost when three later ones have come")
  func reordering() {
    var udp = RDPUDPConnection.established()
    #expect(udp.on(.write(end: 5 * 1218), ms(100)).count == 5)
    #expect(udp.on(peer(.ack, seen: 2), ms(120)) == [])
    #expect(udp.on(peer(.ack, seen: 3), ms(120)) == [])
    #expect(udp.on(peer(.ack, seen: 4), ms(120)) == [mine(data(ours, 0, 1218), sequence: 6)])
    #expect(udp.on(peer(.ack, seen: 5), ms(121)) == [])
    #expect(udp.on(peer(.ack, ack: 5 * 1218, seen: 6), ms(140)) == [.acknowledged(upTo: 5 * 1218)])
    #expect(udp.retransmitted == 1)
  }

  @Test("MS-RDPEUDP §3.1.6.1: timeout max(300 ms, 2 RTT), doubled each time")
  func timeout() {
    var settings = RDPUDPConnection.Settings()
    settings.silence = .seconds(1000)
    settings.keepAlive = .seconds(1000)
    settings.dataRetransmissions = 10
    var udp = RDPUDPConnection.established(settings)
    _ = udp.on(.write(end: 10), ms(100))
    var times: [Int64] = []
    var numbers: [UInt64] = []
    while let due = udp.nextDeadline {
      times.append((due - ms(100)).nanoseconds / 1_000_000)
      for case .send(let datagram) in udp.on(.timer, due) { numbers.append(datagram.sequence) }
    }
    #expect(times == [300, 900, 2100, 4500, 9300, 18_900, 38_100, 76_500, 153_300, 273_300, 393_300])
    #expect(numbers == Array(2...11))
    #expect(udp.state == .closed(.tooManyRetransmissions))
  }

  @Test("a closed window holds the sender, and the update lets it go on; a lost update is made good by a keep-alive")
  func window() {
    var settings = RDPUDPConnection.Settings()
    settings.receiveBuffer = 5000
    var p = pair(settings)
    p.reads = false
    p.act(.a, .open)
    p.act(.a, .write(50_000))
    p.run(until: ms(10_000))
    #expect(p.readable[1] == 5000)
    p.fate = { _, _, _ in [] }
    p.act(.b, .consumed(5000))
    p.fate = { _, _, _ in [.zero] }
    p.reads = true
    p.run(until: ms(15_000))
    #expect(p.readable[1] == 50_000)
  }

  @Test("ten datagrams go in the first flight")
  func initialWindow() {
    var p = pair()
    p.act(.a, .open)
    p.run(until: ms(1000))
    p.act(.a, .write(12_181))
    p.run(until: ms(2000))
    #expect(p.time(.b, .readable(upTo: 12_180)) == ms(1020))
    #expect(p.time(.b, .readable(upTo: 12_181)) == ms(1060))
  }

  @Test("a datagram of another connection is not ours")
  func stranger() {
    var udp = RDPUDPConnection.established()
    let strange = RDPUDPDatagram(kind: data(ours, 0, 10), stream: StreamID(index: 9, generation: 0), sequence: 1)
    #expect(udp.on(.datagram(strange), ms(30)) == [])
  }

  @Test("losses, doubles and reordering: every offset once and in order, both ways", arguments: 0..<60)
  func trouble(seed: UInt64) {
    var settings = RDPUDPConnection.Settings()
    settings.receiveBuffer = seed % 3 == 0 ? 9_000 : settings.receiveBuffer
    settings.silence = .seconds(100_000)
    settings.dataRetransmissions = 255
    settings.maximumTimeout = .seconds(5)
    settings.synRetransmissions = 30
    var p = pair(delay: 5 + Int64(seed), settings)
    p.fate = ProtocolsTests.trouble(seed: seed, loss: 20 + seed * 4, double: 50, late: seed % 2 == 0 ? 200 : 0)
    p.act(.a, .open)
    p.run(until: ms(60_000))
    for step in 1...20 {
      p.act(.a, .write(UInt64(step) * 15_000 + seed))
      p.act(.b, .write(UInt64(step) * 4_000))
      p.run(until: p.now + .milliseconds(100))
    }
    p.run(until: p.now + .seconds(2000))
    #expect(p.readable == [80_000, 300_000 + seed])
  }
}
