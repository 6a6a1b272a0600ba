// RDP-UDP's data phase (MS-RDPEUDP2): numbered data packets, acknowledgement, loss by reordering or time, and windows.
import SimulationKernel
import Wire

extension RDPUDPConnection {
  /// Sends a datagram; each carries what has come, so that it pays every acknowledgement owed.
  mutating func send(
    _ kind: RDPUDPDatagram.Kind, sequence: UInt64 = 0, movingWindow: Bool = true, at now: SimTime,
    into effects: inout [Effect]
  ) {
    if movingWindow { refreshWindow() }
    effects.append(
      .send(
        RDPUDPDatagram(
          kind: kind, stream: stream, sequence: sequence, acknowledged: received, highestSeen: highestSeen,
          window: UInt32(truncatingIfNeeded: advertised - received), mtu: settings.mtu)))
    unacknowledged = 0
    acknowledgeNow = false
    ackTimer = .never
    lastSent = now
  }

  // MARK: Sending

  /// Sends all that data and both windows allow.
  mutating func transmit(at now: SimTime, into effects: inout [Effect]) {
    guard state == .established else { return }
    let edge = min(una + congestion.window, peerEdge)
    while next < min(writeEnd, edge) {
      let length = min(payload, min(writeEnd, edge) - next)
      // No small packet while a larger one may come of waiting (as RFC 9293 §3.8.6.2.1).
      if length < payload, next + length < writeEnd, next > una { break }
      emit(from: next, length: length, at: now, into: &effects)
    }
  }

  private mutating func emit(from start: UInt64, length: UInt64, at now: SimTime, into effects: inout [Effect]) {
    let sequence = nextSequence
    nextSequence += 1
    if start < maxSent { retransmitted += 1 }
    if start == una { headSequence = sequence - 1 }
    if timedSequence == 0 {
      timedSequence = sequence
      timedAt = now
    }
    if start == una || timer == .never { timer = now + timeout }
    next = max(next, start + length)
    maxSent = max(maxSent, next)
    let slice = StreamSlice(stream: stream, start: start, end: start + length)
    send(.data(slice: slice), sequence: sequence, at: now, into: &effects)
  }

  /// The packet at `una` is lost and goes out again under a new number; ends the connection after too many.
  private mutating func retransmitHead(at now: SimTime, into effects: inout [Effect]) {
    guard retransmissions < settings.dataRetransmissions else { return end(.tooManyRetransmissions, into: &effects) }
    retransmissions += 1
    emit(from: una, length: min(payload, maxSent - una), at: now, into: &effects)
  }

  /// Everything out counts as lost and is sent again in slow start; the timeout doubles.
  mutating func retransmitOnTimeout(at now: SimTime, into effects: inout [Effect]) {
    retransmissions += 1
    congestion.timeout(flight: next - una, sent: maxSent, segment: payload, again: retransmissions > 1)
    timeout = min(timeout * 2, settings.maximumTimeout)
    timedSequence = 0
    timer = .never
    next = una
    transmit(at: now, into: &effects)
  }

  private mutating func receiveAck(_ datagram: RDPUDPDatagram, at now: SimTime, into effects: inout [Effect]) {
    let ack = datagram.acknowledged
    guard ack >= una, ack <= maxSent, datagram.highestSeen < nextSequence else { return }
    let newlySeen = datagram.highestSeen - min(datagram.highestSeen, peerSeen)
    peerSeen += newlySeen
    peerEdge = max(peerEdge, ack + UInt64(datagram.window))
    if timedSequence != 0, peerSeen >= timedSequence {
      timedSequence = 0
      estimator.add(now - timedAt)
    }
    if ack > una {
      advance(to: ack, at: now, into: &effects)
    } else if next > una, newlySeen > 0 {
      if congestion.isRecovering { congestion.inflate(by: newlySeen * payload) }
      // MS-RDPEUDP §3.1.1.4.1: the packet at `una` has number headSequence + 1.
      if peerSeen >= headSequence + 1 + UInt64(settings.reorderingThreshold) {
        if !congestion.isRecovering {
          congestion.enterRecovery(flight: next - una, sent: maxSent, segment: payload)
        }
        retransmitHead(at: now, into: &effects)
      }
    }
  }

  private mutating func advance(to ack: UInt64, at now: SimTime, into effects: inout [Effect]) {
    let acked = ack - una
    let flight = next - una
    una = ack
    next = max(next, una)
    headSequence = peerSeen
    retransmissions = 0
    timeout = estimatedTimeout
    effects.append(.acknowledged(upTo: una))
    if !congestion.isRecovering {
      congestion.grow(acked: acked, flight: flight, segment: payload)
    } else if ack >= congestion.recover {
      congestion.leaveRecovery(flight: next - una, segment: payload)
    } else {
      _ = congestion.partial(acked: acked, segment: payload)
      retransmitHead(at: now, into: &effects)
    }
    timer = next > una ? now + timeout : .never
  }

  // MARK: Receiving

  mutating func receiveEstablished(_ datagram: RDPUDPDatagram, at now: SimTime, into effects: inout [Effect]) {
    lastHeard = now
    switch datagram.kind {
    case .syn: return
    // Our ACK was lost.
    case .synAck: return send(.ack, at: now, into: &effects)
    case .ack, .keepAlive: receiveAck(datagram, at: now, into: &effects)
    case .data(let slice):
      receiveAck(datagram, at: now, into: &effects)
      if state == .established { receiveData(slice, sequence: datagram.sequence, at: now, into: &effects) }
    }
    transmit(at: now, into: &effects)
    if acknowledgeNow { send(.ack, at: now, into: &effects) }
  }

  private mutating func receiveData(
    _ slice: StreamSlice, sequence: UInt64, at now: SimTime, into effects: inout [Effect]
  ) {
    highestSeen = max(highestSeen, sequence)
    let before = received
    let hadGap = !ranges.isEmpty
    ranges.take(slice.start, min(slice.end, advertised), contiguous: &received)
    if received == before {
      // Out of order, or again: at once, so that the sender can count.
      send(.ack, movingWindow: false, at: now, into: &effects)
      return
    }
    effects.append(.readable(upTo: received))
    unacknowledged += 1
    if hadGap || unacknowledged >= settings.packetsPerAck {
      acknowledgeNow = true
    } else if ackTimer == .never {
      ackTimer = now + min(max(estimator.smoothed / 2, settings.minimumDelayedAck), settings.maximumDelayedAck)
    }
  }

  private mutating func refreshWindow() {
    let edge = consumed + UInt64(settings.receiveBuffer)
    if edge >= advertised + min(payload, UInt64(settings.receiveBuffer) / 2) { advertised = edge }
  }

  /// The application read; tells the peer when the window grew by two packets or half the buffer.
  mutating func consume(upTo offset: UInt64, at now: SimTime, into effects: inout [Effect]) {
    precondition(offset <= received, "read up to \(offset), but only \(received) have come")
    consumed = max(consumed, offset)
    let growth = consumed + UInt64(settings.receiveBuffer) - advertised
    if state == .established, growth >= min(2 * payload, UInt64(settings.receiveBuffer) / 2) {
      send(.ack, at: now, into: &effects)
    }
  }
}
