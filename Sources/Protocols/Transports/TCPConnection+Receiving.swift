// TCP's receiver: acceptance, reassembly by offset, acknowledgements and the window it offers.
import SimulationKernel
import Wire

extension TCPConnection {
  /// The offset a sequence number on the wire means, nearest to `near`; −1 is the SYN itself.
  static func unwrap(_ wire: UInt32, after initial: UInt32, near: UInt64) -> Int64 {
    let expected = initial &+ 1 &+ UInt32(truncatingIfNeeded: near)
    return Int64(near) + Int64(Int32(bitPattern: wire &- expected))
  }

  mutating func receive(_ header: TCPHeader, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle: receiveInIdle(header, at: now, into: &effects)
    case .synSent: receiveInSynSent(header, at: now, into: &effects)
    case .synReceived, .established, .finWait1, .finWait2, .closing, .closeWait, .lastAck, .timeWait:
      receiveSynchronized(header, at: now, into: &effects)
    case .closed: break
    }
  }

  /// RFC 9293 §3.10.7.4, with the exact resets and challenge ACKs it takes from RFC 5961.
  private mutating func receiveSynchronized(_ header: TCPHeader, at now: SimTime, into effects: inout [Effect]) {
    let start = Self.unwrap(header.sequence, after: peerInitialSequence, near: received)
    let lower = Int64(received)
    let upper = Int64(max(advertised, received))
    if header.flags.contains(.rst) {
      // RFC 1337 §3: TIME-WAIT is not cut short.
      if state == .timeWait { return }
      if start == lower {
        end(.reset, into: &effects)
      } else if start > lower, start < upper {
        sendAck(at: now, into: &effects)
      }
      return
    }
    let ack = Self.unwrap(header.acknowledgement, after: initialSequence, near: una)
    if header.flags.contains(.syn) {
      return receiveSynAgain(header, isFirst: start == -1, ack: ack, at: now, into: &effects)
    }
    guard header.flags.contains(.ack) else { return }
    let fin = header.flags.contains(.fin)
    let occupied = Int64(header.length) + (fin ? 1 : 0)
    // An empty segment at the very edge is what a sender that filled the window has to send.
    let isAcceptable = occupied == 0 ? start >= lower && start <= upper : start + occupied > lower && start < upper
    guard isAcceptable else {
      if state == .timeWait, fin { enterTimeWait(at: now) }
      return sendAck(at: now, into: &effects)
    }
    if state == .synReceived {
      guard ack >= 0, ack <= Int64(maxSent) else {
        if let reset = header.reset { effects.append(.send(reset)) }
        return
      }
      establish(at: now, into: &effects)
    }
    guard ack <= Int64(maxSent) else { return sendAck(at: now, into: &effects) }
    if ack >= Int64(una) {
      receiveAck(UInt64(ack), window: header.window, carriesNothing: occupied == 0, at: now, into: &effects)
    }
    if occupied > 0 { receiveData(from: start, length: Int64(header.length), fin: fin, at: now, into: &effects) }
    flush(at: now, into: &effects)
  }

  /// A SYN where none should be: the peer missed our SYN+ACK, opens at the same time, or is no longer who it was.
  private mutating func receiveSynAgain(
    _ header: TCPHeader, isFirst: Bool, ack: Int64, at now: SimTime, into effects: inout [Effect]
  ) {
    guard state == .synReceived, isFirst else { return sendAck(at: now, into: &effects) }
    if header.flags.contains(.ack), ack == 0 {
      establish(at: now, into: &effects)
      flush(at: now, into: &effects)
    } else {
      // Answered at once, without touching the timer, but no longer a sample (Karn).
      let running = timer
      let sent = timedAt
      sendSyn(again: true, at: now, into: &effects)
      timer = running
      timedAt = sent
    }
  }

  private mutating func receiveData(
    from start: Int64, length: Int64, fin: Bool, at now: SimTime, into effects: inout [Effect]
  ) {
    switch state {
    case .established, .finWait1, .finWait2: break
    // The peer's stream has ended: what comes is a repetition.
    case .closeWait, .closing, .lastAck, .timeWait:
      acknowledgeNow = true
      return
    case .idle, .synSent, .synReceived, .closed: return
    }
    let limit = min(advertised, peerEnd)
    let end = UInt64(max(start + length, 0))
    if fin, end <= limit { peerEnd = end }
    let before = received
    let hadGap = !ranges.isEmpty
    ranges.take(UInt64(max(start, 0)), min(end, limit), contiguous: &received)
    if received > before { effects.append(.readable(upTo: received)) }
    if received == peerEnd {
      received += 1
      acknowledgeNow = true
      effects.append(.peerClosed)
      switch state {
      case .established: state = .closeWait
      case .finWait1: state = .closing
      case .finWait2: enterTimeWait(at: now)
      case .idle, .synSent, .synReceived, .closing, .closeWait, .lastAck, .timeWait, .closed: break
      }
    } else if received == before {
      // RFC 5681 §4.2: out of order, or again: at once, alone, with the window unmoved, so that it counts as a duplicate.
      sendAck(movingWindow: false, at: now, into: &effects)
    } else if hadGap {
      acknowledgeNow = true
    } else {
      unacknowledged += 1
      if unacknowledged >= settings.segmentsPerAck {
        acknowledgeNow = true
      } else if ackTimer == .never {
        ackTimer = now + settings.delayedAck
      }
    }
  }

  /// Sends what an input has made possible, the acknowledgement on data if there is any, else alone.
  mutating func flush(at now: SimTime, into effects: inout [Effect]) {
    transmit(at: now, into: &effects)
    if acknowledgeNow { sendAck(at: now, into: &effects) }
  }

  mutating func sendAck(movingWindow: Bool = true, at now: SimTime, into effects: inout [Effect]) {
    if case .closed = state { return }
    if movingWindow { refreshWindow() }
    acknowledged()
    // At the highest offset sent, though retransmission may have set `next` back: with a number below what the peer has, both
    // sides could refuse each other's acknowledgements for ever.
    effects.append(.send(header(at: maxSent, flags: .ack)))
  }

  /// What was to be acknowledged goes out with the present segment.
  mutating func acknowledged() {
    unacknowledged = 0
    acknowledgeNow = false
    ackTimer = .never
  }

  /// RFC 9293 §3.8.6.2.2: the edge moves by a full segment or half the buffer, or not at all.
  mutating func refreshWindow() {
    let edge = consumed + UInt64(settings.receiveBuffer)
    if edge >= advertised + UInt64(min(UInt32(settings.mss), settings.receiveBuffer / 2)) { advertised = edge }
  }

  /// The application read; tells the peer when the window grew by two segments or half the buffer.
  mutating func consume(upTo offset: UInt64, at now: SimTime, into effects: inout [Effect]) {
    precondition(offset <= min(received, peerEnd), "read up to \(offset), but only \(received) have come")
    consumed = max(consumed, offset)
    guard peerEnd == .max || received <= peerEnd else { return }
    let growth = consumed + UInt64(settings.receiveBuffer) - advertised
    switch state {
    case .established, .finWait1, .finWait2:
      if growth >= UInt64(min(2 * UInt32(settings.mss), settings.receiveBuffer / 2)) { sendAck(at: now, into: &effects) }
    case .idle, .synSent, .synReceived, .closing, .closeWait, .lastAck, .timeWait, .closed: break
    }
  }
}
