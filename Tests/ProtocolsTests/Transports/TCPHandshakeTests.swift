// TCP: opening and closing, as transcripts.
import Protocols
import SimulationKernel
import Testing
import Wire

private func machine(_ sequence: UInt32 = 1000) -> TCPConnection { TCPConnection(initialSequence: sequence) }

extension TCPConnection {
  /// One line of a transcript.
  mutating func on(_ input: Input, _ time: SimTime = .zero) -> [Effect] {
    var effects: [Effect] = []
    handle(input, at: time, into: &effects)
    return effects
  }
  /// An established connection whose peer's first data byte is 5001 and whose own is 1001.
  static func established(_ settings: Settings = Settings(), window: UInt32 = 65_535) -> TCPConnection {
    var tcp = TCPConnection(initialSequence: 1000, settings: settings)
    _ = tcp.on(.connect)
    _ = tcp.on(.segment(TCPHeader(sequence: 5000, acknowledgement: 1001, window: window, flags: [.syn, .ack])), ms(20))
    return tcp
  }
}

func segment(
  _ sequence: UInt32, _ ack: UInt32, length: UInt16 = 0, window: UInt32 = 65_535, _ flags: TCPFlags = .ack
) -> TCPHeader {
  TCPHeader(sequence: sequence, acknowledgement: ack, window: window, length: length, flags: flags)
}

private let buffer: UInt32 = 262_144

@Suite struct TCPHandshakeTests {
  @Test("RFC 9293 §3.5: three-way handshake, client's side")
  func client() {
    var tcp = machine()
    #expect(tcp.state == .idle)
    #expect(tcp.on(.connect) == [.send(segment(1000, 0, window: buffer, .syn))])
    #expect(tcp.state == .synSent)
    #expect(
      tcp.on(.segment(segment(5000, 1001, [.syn, .ack])), ms(20)) == [
        .connected, .send(segment(1001, 5001, window: buffer)),
      ])
    #expect(tcp.state == .established && tcp.nextDeadline == nil)
    #expect(tcp.estimator.smoothed == .milliseconds(20))
  }

  @Test("RFC 9293 §3.5: three-way handshake, server's side; a SYN seen twice is answered twice")
  func server() {
    var tcp = machine(5000)
    let answer = segment(5000, 1001, window: buffer, [.syn, .ack])
    #expect(tcp.on(.segment(segment(1000, 0, .syn))) == [.send(answer)])
    #expect(tcp.on(.segment(segment(1000, 0, .syn)), ms(5)) == [.resend(answer)] && tcp.retransmitted == 1)
    #expect(tcp.state == .synReceived && tcp.nextDeadline == ms(1000))
    #expect(tcp.on(.segment(segment(1001, 5001)), ms(20)) == [.connected])
  }

  @Test("RFC 9293 §3.5 figure 7: simultaneous open")
  func simultaneousOpen() {
    var a = machine(1000)
    _ = a.on(.connect)
    #expect(a.on(.segment(segment(5000, 0, .syn)), ms(1)) == [.resend(segment(1000, 5001, window: buffer, [.syn, .ack]))])
    #expect(a.on(.segment(segment(5000, 1001, [.syn, .ack])), ms(2)) == [.connected])
    #expect(a.state == .established)
  }

  @Test("nat-and-ice.md §7: SYN at 0, 1, 3, 7 and 15 s, given up at 31 s")
  func noAnswer() {
    var pair = TransportPair(machine(), machine(), delay: .milliseconds(10))
    pair.fate = { _, _, _ in [] }
    pair.act(.a, .open)
    pair.run()
    let times = pair.story.map { $0.time.nanoseconds / 1_000_000 }
    #expect(times == [0, 1000, 3000, 7000, 15_000, 31_000])
    #expect(pair.story.last?.effect == .closed(.noAnswer))
    #expect(pair.machines[0].retransmitted == 4 && pair.machines[0].handshake == nil)
  }

  @Test("RFC 9293 §3.10.7.3: a reset in answer to the SYN refuses; one for another SYN does not")
  func refused() {
    var tcp = machine()
    _ = tcp.on(.connect)
    #expect(tcp.on(.segment(segment(0, 999, [.rst, .ack]))) == [])
    #expect(tcp.on(.segment(segment(1000, 0, .syn).reset!)) == [.closed(.refused)])
    #expect(tcp.on(.connect) == [])
  }

  @Test("RFC 5927 §5.2: a hard ICMP error ends a handshake only")
  func unreachable() {
    var tcp = machine()
    _ = tcp.on(.connect)
    #expect(tcp.on(.unreachable(hard: false)) == [])
    #expect(tcp.on(.unreachable(hard: true)) == [.closed(.unreachable)])
    tcp = .established()
    #expect(tcp.on(.unreachable(hard: true)) == [])
  }

  @Test("RFC 9293 §3.6: close, and the peer closes after")
  func close() {
    var tcp = TCPConnection.established()
    #expect(tcp.on(.close, ms(30)) == [.send(segment(1001, 5001, window: buffer, [.fin, .ack]))])
    #expect(tcp.state == .finWait1)
    #expect(tcp.on(.segment(segment(5001, 1002)), ms(50)) == [])
    #expect(tcp.state == .finWait2)
    #expect(
      tcp.on(.segment(segment(5001, 1002, [.fin, .ack])), ms(60)) == [
        .peerClosed, .send(segment(1002, 5002, window: buffer - 1)),
      ])
    #expect(tcp.state == .timeWait && tcp.nextDeadline == ms(1060))
    // Our ACK was lost: the FIN comes again and TIME-WAIT starts anew.
    #expect(
      tcp.on(.segment(segment(5001, 1002, [.fin, .ack])), ms(360)) == [.send(segment(1002, 5002, window: buffer - 1))])
    #expect(tcp.on(.timer, ms(1060)) == [])
    #expect(tcp.on(.timer, ms(1360)) == [.closed(nil)])
  }

  @Test("RFC 9293 §3.6: the peer closes first; what we still had goes out before our FIN")
  func peerCloses() {
    var tcp = TCPConnection.established()
    #expect(
      tcp.on(.segment(segment(5001, 1001, length: 100, [.fin, .ack])), ms(30)) == [
        .readable(upTo: 100), .peerClosed, .send(segment(1001, 5102, window: buffer - 101)),
      ])
    #expect(tcp.state == .closeWait)
    #expect(tcp.on(.write(end: 50), ms(31)) == [.send(segment(1001, 5102, length: 50, window: buffer - 101))])
    #expect(tcp.on(.close, ms(32)) == [.send(segment(1051, 5102, window: buffer - 101, [.fin, .ack]))])
    #expect(tcp.state == .lastAck)
    #expect(tcp.on(.segment(segment(5102, 1052)), ms(50)) == [.acknowledged(upTo: 50), .closed(nil)])
  }

  @Test("RFC 9293 §3.6 figure 13: both close at the same time, at every loss of one segment")
  func simultaneousClose() {
    for lost in 0..<12 {
      var pair = TransportPair(machine(1), machine(2), delay: .milliseconds(10))
      pair.fate = { side, ordinal, _ in side.rawValue * 6 + ordinal == lost + 2 ? [] : [.zero] }
      pair.act(.a, .open)
      pair.run(until: ms(5000))
      pair.act(.a, .close)
      pair.act(.b, .close)
      pair.run()
      #expect(pair.machines.map(\.state) == [.closed(nil), .closed(nil)], "lost \(lost)")
    }
  }

  @Test("RFC 9293 §3.6 figure 13, segment by segment: a FIN that crosses ours is acknowledged, and ours still awaited")
  func crossingFins() {
    var tcp = TCPConnection.established()
    _ = tcp.on(.close, ms(30))
    #expect(
      tcp.on(.segment(segment(5001, 1001, [.fin, .ack])), ms(31)) == [
        .peerClosed, .send(segment(1002, 5002, window: buffer - 1)),
      ])
    #expect(tcp.state == .closing)
    #expect(tcp.on(.segment(segment(5002, 1002)), ms(50)) == [])
    #expect(tcp.state == .timeWait)
  }

  @Test("RFC 5961 §3.2: a reset counts at the exact sequence number, is challenged in the window, ignored outside")
  func reset() {
    var tcp = TCPConnection.established()
    #expect(tcp.on(.segment(segment(5000, 1001, .rst))) == [])
    #expect(tcp.on(.segment(segment(5002, 1001, .rst))) == [.send(segment(1001, 5001, window: buffer))])
    #expect(tcp.on(.segment(segment(5001, 1001, .rst))) == [.closed(.reset)])
    tcp = .established()
    #expect(tcp.on(.abort) == [.send(segment(1001, 5001, window: buffer, [.rst, .ack])), .closed(.aborted)])
  }

  @Test("RFC 9293 §3.10.7.1: what a host answers when it has no connection")
  func resets() {
    #expect(segment(7, 9, [.ack]).reset == segment(9, 0, window: 0, .rst))
    #expect(segment(7, 0, length: 5, [.fin]).reset == segment(0, 13, window: 0, [.rst, .ack]))
    #expect(segment(7, 0, .rst).reset == nil)
  }
}
