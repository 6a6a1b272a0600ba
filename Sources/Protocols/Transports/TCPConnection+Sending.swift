// TCP's sender: what may go out, retransmission, fast recovery and zero-window probes.
import SimulationKernel
import Wire

extension TCPConnection {
  /// The header of a segment at `offset`, acknowledging all that has come; `length` and window are the caller's concern.
  func header(at offset: UInt64, flags: TCPFlags) -> TCPHeader {
    TCPHeader(
      sequence: initialSequence &+ 1 &+ UInt32(truncatingIfNeeded: offset),
      acknowledgement: peerInitialSequence &+ 1 &+ UInt32(truncatingIfNeeded: received),
      window: UInt32(truncatingIfNeeded: advertised - min(advertised, received)), flags: flags)
  }

  private var hasUnsent: Bool { closeRequested ? next <= writeEnd : next < writeEnd }

  /// Sends all that data, both windows and the state allow.
  mutating func transmit(at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle, .synSent, .synReceived, .finWait2, .timeWait, .closed: return
    case .established, .finWait1, .closing, .closeWait, .lastAck: break
    }
    let mss = UInt64(settings.mss)
    // RFC 3042: the first two duplicates each let one new segment out.
    let extra = congestion.isRecovering ? 0 : UInt64(min(duplicateAcks, 2)) * mss
    let edge = min(una + congestion.window + extra, peerEdge)
    while hasUnsent {
      let available = min(writeEnd, edge)
      let length = available > next ? min(mss, available - next) : 0
      let reachesEnd = next + length == writeEnd
      // A FIN has no bytes: the congestion window does not hold it back, the peer's window does.
      let fin = closeRequested && reachesEnd && peerEdge > writeEnd
      if length == 0, !fin { break }
      // RFC 9293 §3.8.6.2.1: no small segment while a larger one may come of waiting.
      if length < mss, !reachesEnd, next > una { break }
      emit(from: next, length: length, fin: fin, at: now, into: &effects)
    }
    if next == una, hasUnsent, timer == .never { timer = now + probeInterval }
  }

  /// Sends `length` bytes from `start`, with the FIN if asked, and keeps the books.
  private mutating func emit(
    from start: UInt64, length: UInt64, fin: Bool, at now: SimTime, into effects: inout [Effect]
  ) {
    let end = start + length + (fin ? 1 : 0)
    let again = start < maxSent
    if again {
      isTiming = false
    } else if !isTiming {
      isTiming = true
      timedEnd = end
      timedAt = now
    }
    // RFC 6298 (5.1).
    if start == una || timer == .never { timer = now + timeout }
    next = max(next, end)
    maxSent = max(maxSent, end)
    lastSent = now
    if fin {
      if state == .established { state = .finWait1 } else if state == .closeWait { state = .lastAck }
    }
    refreshWindow()
    var segment = header(at: start, flags: fin ? [.fin, .ack] : .ack)
    segment.length = UInt16(truncatingIfNeeded: length)
    acknowledged()
    put(segment, again: again, into: &effects)
  }

  /// Sends the first unacknowledged segment again.
  private mutating func retransmitHead(at now: SimTime, into effects: inout [Effect]) {
    let length = min(UInt64(settings.mss), min(writeEnd, maxSent) - una)
    let fin = maxSent > writeEnd && una + length == writeEnd && closeRequested
    emit(from: una, length: length, fin: fin, at: now, into: &effects)
  }

  /// RFC 6298 (5.4) to (5.6): from the first unacknowledged byte on, in slow start.
  mutating func retransmitOnTimeout(at now: SimTime, into effects: inout [Effect]) {
    let segment = UInt64(settings.mss)
    congestion.timeout(flight: next - una, sent: maxSent, segment: segment, again: retransmissions > 1)
    duplicateAcks = 0
    isTiming = false
    next = una
    backOff()
    transmit(at: now, into: &effects)
  }

  private var probeInterval: SimDuration {
    min(SimDuration(nanoseconds: timeout.nanoseconds << Int64(min(probeBackoff, 6))), settings.maximumTimeout)
  }

  /// RFC 9293 §3.8.6.1: an empty segment below the window, which its receiver must answer with its window.
  mutating func probe(at now: SimTime, into effects: inout [Effect]) {
    guard hasUnsent else { return }
    effects.append(.send(header(at: una &- 1, flags: .ack)))
    probeBackoff = min(probeBackoff + 1, 6)
    timer = now + probeInterval
  }

  /// Takes in the acknowledgement and window of an acceptable segment; `carriesNothing` when it has neither data nor FIN.
  mutating func receiveAck(
    _ ack: UInt64, window: UInt32, carriesNothing: Bool, at now: SimTime, into effects: inout [Effect]
  ) {
    let edge = ack + UInt64(window)
    if ack > una {
      advance(to: ack, at: now, into: &effects)
    } else if ack == una, carriesNothing, next > una, edge == peerEdge {
      receiveDuplicateAck(at: now, into: &effects)
    }
    if edge > peerEdge { peerEdge = edge }
    if next == una, hasUnsent {
      // Between probes: the peer answers, so only the interval grows, and the connection lives.
      retransmissions = 0
      if peerEdge > una { probeBackoff = 0 }
    }
  }

  private mutating func advance(to ack: UInt64, at now: SimTime, into effects: inout [Effect]) {
    let segment = UInt64(settings.mss)
    let acked = ack - una
    let flight = next - una
    let before = min(una, writeEnd)
    una = ack
    next = max(next, una)
    retransmissions = 0
    duplicateAcks = 0
    if isTiming, ack >= timedEnd {
      isTiming = false
      estimator.add(now - timedAt)
      timeout = estimatedTimeout
    }
    var restartsTimer = true
    if congestion.isRecovering {
      if ack >= congestion.recover {
        congestion.leaveRecovery(flight: next - una, segment: segment)
      } else {
        restartsTimer = congestion.partial(acked: acked, segment: segment)
        let running = timer
        retransmitHead(at: now, into: &effects)
        if !restartsTimer { timer = running }
      }
    } else {
      congestion.grow(acked: acked, flight: flight, segment: segment)
    }
    // RFC 6298 (5.2), (5.3).
    if next == una { timer = .never } else if restartsTimer { timer = now + timeout }
    if min(una, writeEnd) > before { effects.append(.acknowledged(upTo: min(una, writeEnd))) }
    if closeRequested, una > writeEnd { finAcknowledged(at: now, into: &effects) }
  }

  /// RFC 5681 §3.2.
  private mutating func receiveDuplicateAck(at now: SimTime, into effects: inout [Effect]) {
    let segment = UInt64(settings.mss)
    duplicateAcks = min(duplicateAcks + 1, 3)
    if congestion.isRecovering {
      congestion.inflate(by: segment)
    } else if duplicateAcks == 3, congestion.mayRecover(at: una) {
      congestion.enterRecovery(flight: next - una, sent: maxSent, segment: segment)
      retransmitHead(at: now, into: &effects)
    }
  }

  private mutating func finAcknowledged(at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .finWait1: state = .finWait2
    case .closing: enterTimeWait(at: now)
    case .lastAck: end(nil, into: &effects)
    case .idle, .synSent, .synReceived, .established, .finWait2, .closeWait, .timeWait, .closed: break
    }
  }

  mutating func enterTimeWait(at now: SimTime) {
    state = .timeWait
    timer = now + settings.timeWait
  }
}
