// TCP: data, loss, windows and time, as transcripts and in closed form.
import Protocols
import SimulationKernel
import Testing
import Wire

private func pair(delay: Int64 = 20, _ settings: TCPConnection.Settings = .init()) -> TransportPair<TCPConnection> {
  // The sequence space wraps within the first kilobytes of each direction.
  TransportPair(
    TCPConnection(initialSequence: .max - 3000, settings: settings), TCPConnection(initialSequence: .max, settings: settings),
    delay: .milliseconds(delay))
}

private func sends(_ effects: [TCPConnection.Effect]) -> [TCPHeader] {
  effects.compactMap {
    switch $0 {
    case .send(let header), .resend(let header): header
    default: nil
    }
  }
}

@Suite struct TCPTransferTests {
  @Test("connecting takes one round trip, and a lost SYN one second more")
  func connectTime() {
    var good = pair()
    good.act(.a, .open)
    good.run()
    #expect(good.time(.a, .connected) == ms(40) && good.time(.b, .connected) == ms(60))
    var bad = pair()
    bad.fate = { side, ordinal, _ in side == .a && ordinal == 0 ? [] : [.zero] }
    bad.act(.a, .open)
    bad.run()
    #expect(bad.time(.a, .connected) == ms(1040))
    // The handshake's round trip is that of the SYN that was answered.
    #expect(good.machines[0].handshake == .milliseconds(40) && bad.machines[0].handshake == .milliseconds(40))
    #expect(good.machines[0].retransmitted == 0 && bad.machines[0].retransmitted == 1)
    // RFC 5681 §3.1: one segment after a lost SYN.
    #expect(bad.machines[0].congestion.window == 1460)
  }

  @Test("RFC 6928 §2: 14,600 bytes go in one flight, one byte more needs another round trip")
  func initialWindow() {
    var p = pair()
    p.act(.a, .open)
    p.run(until: ms(1000))
    p.act(.a, .write(14_600))
    p.run()
    #expect(p.time(.b, .readable(upTo: 14_600)) == ms(1020))
    p = pair()
    p.act(.a, .open)
    p.run(until: ms(1000))
    p.act(.a, .write(14_601))
    p.run()
    #expect(p.time(.b, .readable(upTo: 14_600)) == ms(1020))
    #expect(p.time(.b, .readable(upTo: 14_601)) == ms(1060))
  }

  @Test("RFC 5681 §4.2: every second segment is acknowledged at once, a single one after 40 ms")
  func delayedAck() {
    var tcp = TCPConnection.established()
    #expect(tcp.on(.segment(segment(5001, 1001, length: 1460)), ms(30)) == [.readable(upTo: 1460)])
    #expect(tcp.nextDeadline == ms(70))
    #expect(
      tcp.on(.segment(segment(6461, 1001, length: 1460)), ms(31)) == [
        .readable(upTo: 2920), .send(segment(1001, 7921, window: 262_144 - 2920)),
      ])
    #expect(tcp.nextDeadline == nil)
    #expect(tcp.on(.segment(segment(7921, 1001, length: 10)), ms(80)) == [.readable(upTo: 2930)])
    #expect(tcp.on(.timer, ms(119)) == [])
    #expect(tcp.on(.timer, ms(120)) == [.send(segment(1001, 7931, window: 262_144 - 2930))])
  }

  @Test("RFC 5681 §3.2: the third duplicate ACK sends the lost segment, and the window is halved after it")
  func fastRetransmit() {
    var tcp = TCPConnection.established()
    #expect(sends(tcp.on(.write(end: 14_600), ms(100))).count == 10)
    #expect(tcp.on(.segment(segment(5001, 1001)), ms(120)) == [])
    #expect(tcp.on(.segment(segment(5001, 1001)), ms(121)) == [])
    #expect(tcp.on(.segment(segment(5001, 1001)), ms(122)) == [.resend(segment(1001, 5001, length: 1460, window: 262_144))])
    #expect(tcp.congestion.threshold == 7300 && tcp.congestion.window == 7300 + 3 * 1460)
    #expect(tcp.on(.segment(segment(5001, 15_601)), ms(142)) == [.acknowledged(upTo: 14_600)])
    #expect(tcp.congestion.window == 2920 && !tcp.congestion.isRecovering)
    #expect(tcp.retransmitted == 1)
  }

  @Test("RFC 6582 §3.2: a partial acknowledgement sends the next hole at once")
  func newReno() {
    var p = pair()
    p.act(.a, .open)
    p.run(until: ms(1000))
    // Segments 2 and 5 of ten (after SYN and ACK) are lost.
    p.fate = { side, ordinal, _ in side == .a && (ordinal == 3 || ordinal == 6) ? [] : [.zero] }
    p.act(.a, .write(14_600))
    p.run()
    // Noticed after one round trip, the first hole filled after half another, the second a whole one later.
    #expect(p.time(.b, .readable(upTo: 14_600)) == ms(1100))
    #expect(p.machines[0].retransmitted == 2)
  }

  @Test("RFC 6298 §5: the timeout doubles, five retransmissions, then the connection is dead")
  func timeouts() {
    var settings = TCPConnection.Settings()
    settings.clockGranularity = .zero
    var tcp = TCPConnection.established(settings)
    _ = tcp.on(.write(end: 100), ms(1000))
    var times: [Int64] = []
    while let due = tcp.nextDeadline {
      times.append((due - ms(1000)).nanoseconds / 1_000_000)
      _ = tcp.on(.timer, SimTime(nanoseconds: due.nanoseconds - 1))
      _ = tcp.on(.timer, due)
    }
    #expect(times == [300, 900, 2100, 4500, 9300, 18_900])
    #expect(tcp.state == .closed(.timedOut))
  }

  @Test("RFC 6298 §3, Karn: an acknowledgement of retransmitted data is no sample, and the backed-off timeout stays")
  func karn() {
    var tcp = TCPConnection.established()
    let before = tcp.estimator
    _ = tcp.on(.write(end: 100), ms(1000))
    #expect(tcp.nextDeadline == ms(1300))
    #expect(tcp.on(.timer, ms(1300)) == [.resend(segment(1001, 5001, length: 100, window: 262_144))])
    #expect(tcp.on(.segment(segment(5001, 1101)), ms(1301)) == [.acknowledged(upTo: 100)])
    #expect(tcp.estimator == before)
    _ = tcp.on(.write(end: 200), ms(2000))
    #expect(tcp.nextDeadline == ms(2600))
    _ = tcp.on(.segment(segment(5001, 1201)), ms(2020))
    #expect(tcp.estimator != before)
    _ = tcp.on(.write(end: 300), ms(3000))
    #expect(tcp.nextDeadline == ms(3300))
  }

  @Test("RFC 6298 (2.2), (2.3): the estimator's arithmetic")
  func estimator() {
    var rtt = RTTEstimator()
    rtt.add(.milliseconds(400))
    #expect(rtt.smoothed == .milliseconds(400) && rtt.variation == .milliseconds(200))
    rtt.add(.milliseconds(480))
    #expect(rtt.smoothed == .milliseconds(410) && rtt.variation == .milliseconds(170))
    #expect(rtt.timeout(granularity: .zero, minimum: .zero, maximum: .seconds(60)) == .milliseconds(1090))
  }

  @Test("RFC 9293 §3.8.6.1: a closed window is probed, at doubling intervals and for ever, until it opens")
  func zeroWindow() {
    var tcp = TCPConnection.established(window: 1000)
    #expect(sends(tcp.on(.write(end: 1500), ms(100))).map(\.length) == [1000])
    #expect(tcp.on(.segment(segment(5001, 2001, window: 0)), ms(120)) == [.acknowledged(upTo: 1000)])
    var due = ms(120)
    for wait: Int64 in [300, 600, 1200, 2400, 4800, 9600, 19_200, 19_200] {
      due = due + .milliseconds(wait)
      #expect(tcp.nextDeadline == due)
      #expect(tcp.on(.timer, due) == [.send(segment(2000, 5001, window: 262_144))])
      #expect(tcp.on(.segment(segment(5001, 2001, window: 0)), due + .milliseconds(20)) == [])
    }
    #expect(sends(tcp.on(.segment(segment(5001, 2001, window: 5000)), ms(100_000))).map(\.length) == [500])
  }

  @Test("RFC 9293 §3.8.6: a reader that stops holds the writer at its buffer, and reading lets it go on")
  func flowControl() {
    var settings = TCPConnection.Settings()
    settings.receiveBuffer = 20_000
    var p = pair(settings)
    p.reads = false
    p.act(.a, .open)
    p.act(.a, .write(100_000))
    p.run(until: ms(20_000))
    #expect(p.readable[1] == 20_000)
    p.act(.b, .consumed(2000))
    p.run(until: ms(21_000))
    #expect(p.readable[1] == 20_000, "less than two segments are not worth an update (the next probe tells)")
    p.reads = true
    p.act(.b, .consumed(20_000))
    p.run()
    #expect(p.readable[1] == 100_000)
  }

  @Test("RFC 9293 §3.4: no segment exceeds the peer's window or its MSS")
  func limits() {
    var settings = TCPConnection.Settings()
    settings.receiveBuffer = 10_000
    settings.mss = 700
    var p = pair(settings)
    var edge: UInt64 = 0
    var written: UInt64 = 0
    p.act(.a, .open)
    p.act(.a, .write(300_000))
    p.run()
    for line in p.story {
      guard case .send(let header) = line.effect, header.flags == .ack else { continue }
      if line.side == .b { edge = max(edge, UInt64(header.acknowledgement &- (UInt32.max - 2999)) + UInt64(header.window)) }
      if line.side == .a {
        #expect(header.length <= 700)
        written = max(written, UInt64(header.sequence &- (UInt32.max - 2999)) + UInt64(header.length))
        #expect(written <= max(edge, 10_000) || header.length == 0)
      }
    }
    #expect(p.readable[1] == 300_000)
  }

  @Test("RFC 1191 §6.4: a smaller path MTU resends what is out in smaller segments")
  func pathLimit() {
    var tcp = TCPConnection.established()
    #expect(sends(tcp.on(.write(end: 2000), ms(100))).map(\.length) == [1460, 540])
    #expect(sends(tcp.on(.pathLimit(mss: 1000), ms(110))).map(\.length) == [1000, 1000])
    #expect(tcp.on(.pathLimit(mss: 1200), ms(110)) == [])
  }

  @Test("losses, doubles and reordering: every offset once and in order, both ways, and both ends close", arguments: 0..<60)
  func trouble(seed: UInt64) {
    var settings = TCPConnection.Settings()
    settings.dataRetransmissions = 20
    settings.synRetransmissions = 20
    // So long that a FIN repeated at the longest timeout still finds somebody.
    settings.timeWait = .seconds(200)
    settings.receiveBuffer = seed % 3 == 0 ? 9_000 : 262_144
    var p = pair(delay: 5 + Int64(seed), settings)
    p.fate = ProtocolsTests.trouble(seed: seed, loss: 20 + seed * 4, double: 50, late: seed % 2 == 0 ? 200 : 0)
    p.act(.a, .open)
    p.run(until: ms(1000_000))
    for step in 1...20 {
      p.act(.a, .write(UInt64(step) * 15_000 + seed))
      p.act(.b, .write(UInt64(step) * 4_000))
      p.run(until: p.now + .milliseconds(100))
    }
    p.act(.a, .close)
    p.run(until: p.now + .seconds(5))
    p.act(.b, .close)
    p.run()
    #expect(p.readable == [80_000, 300_000 + seed])
    #expect(p.machines.map(\.state) == [.closed(nil), .closed(nil)])
    for side in [Side.a, .b] {
      #expect(p.story.count { $0.side == side && $0.effect == .peerClosed } == 1)
    }
  }

  @Test("intervals out of order join once their gap is filled, whatever their order", arguments: 0..<20)
  func ranges(seed: UInt64) {
    var contiguous: UInt64 = 0
    var ranges = ReceivedRanges()
    var have = [Bool](repeating: false, count: 400)
    for step in 0..<600 {
      let start = mix(seed, UInt64(step)) % 390
      let end = min(start + 1 + mix(seed, UInt64(step), 1) % 12, 400)
      ranges.take(start, end, contiguous: &contiguous)
      for i in start..<end { have[Int(i)] = true }
      #expect(contiguous == UInt64(have.firstIndex(of: false) ?? 400))
      let held = ranges.intervals.reduce(0) { $0 + Int($1.end - $1.start) }
      #expect(held + Int(contiguous) == have.count { $0 })
    }
  }
}
