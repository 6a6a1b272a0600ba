// TCP (RFC 9293) as a machine that moves offsets, never content: types, opening, closing and timers.
public import SimulationKernel
public import Wire

/// One end of a TCP connection. Offset 0 is the first data byte; a FIN takes the offset after the last.
///
/// A machine in `idle` opens actively on `connect` and passively on a SYN. Peers are taken never to shrink their window
/// (RFC 9293 §3.8.6). There is no Nagle delay: RDP's sockets and a service's set TCP_NODELAY (*assumed*).
public struct TCPConnection: Equatable, Sendable {
  /// RFC 9293 §3.3.2; LISTEN is `idle`, for each accepted SYN has a machine of its own.
  public enum State: Equatable, Sendable, BitwiseCopyable {
    /// Next: `synSent` on `connect`, `synReceived` on a SYN.
    case idle
    /// Next: `established` on SYN+ACK, `synReceived` on a bare SYN, `closed` on RST or silence.
    case synSent
    /// Next: `established` on the ACK of our SYN, `closed` on RST or silence.
    case synReceived
    /// Next: `finWait1` when our FIN goes out, `closeWait` when the peer's comes.
    case established
    /// Next: `finWait2` on the ACK of our FIN, `closing` on the peer's FIN.
    case finWait1
    /// Next: `timeWait` on the peer's FIN.
    case finWait2
    /// Both FINs crossed. Next: `timeWait` on the ACK of ours.
    case closing
    /// Next: `lastAck` when our FIN goes out.
    case closeWait
    /// Next: `closed` on the ACK of our FIN.
    case lastAck
    /// Next: `closed` when the time is over.
    case timeWait
    /// The end; `nil` when both sides closed in order.
    case closed(Failure?)
  }

  /// What can happen to a connection.
  public enum Input: Equatable, Sendable {
    /// Active open.
    case connect
    /// A segment of this connection came.
    case segment(TCPHeader)
    /// The application's stream now ends at `end`.
    case write(end: UInt64)
    /// The application has read its peer's stream up to here.
    case consumed(upTo: UInt64)
    /// The application will write no more: FIN after all data.
    case close
    /// The application gives up: RST.
    case abort
    /// `nextDeadline` may have come; early is harmless.
    case timer
    /// An ICMP error came; `hard` for protocol, port or administratively unreachable (RFC 1122 §4.2.3.9).
    case unreachable(hard: Bool)
    /// The path carries only segments of `mss` bytes (RFC 1191): lowers the limit and sends again what is out.
    case pathLimit(mss: UInt16)
  }

  /// What a connection wants done or known.
  public enum Effect: Equatable, Sendable {
    /// Send this segment; its `length` bytes are those its sequence number names.
    case send(TCPHeader)
    /// Send this segment; this end has sent bytes of it before, its SYN and FIN among them.
    case resend(TCPHeader)
    /// The handshake is complete.
    case connected
    /// All bytes below this offset of the peer's stream have come.
    case readable(upTo: UInt64)
    /// The peer has all our bytes below this offset.
    case acknowledged(upTo: UInt64)
    /// The peer's stream ends at the contiguous offset.
    case peerClosed
    /// Nothing more will come; `nil` is an orderly end.
    case closed(Failure?)
  }

  /// Why a connection ended out of order.
  public enum Failure: Equatable, Sendable, BitwiseCopyable {
    /// No answer to any SYN (or SYN+ACK).
    case noAnswer
    /// RST in answer to our SYN.
    case refused
    /// RST later.
    case reset
    /// Data or window probes went unanswered too often.
    case timedOut
    /// A hard ICMP error during the handshake.
    case unreachable
    /// The application aborted.
    case aborted
  }

  /// Constants of a connection.
  public struct Settings: Equatable, Sendable, BitwiseCopyable {
    /// Payload of a full segment: 1500 − 40 (RFC 9293 §3.7.1); the shell gives the interface's.
    public var mss: UInt16 = 1460
    /// RFC 6928 §2: ten segments.
    public var initialWindow: UInt16 = 10
    /// RFC 6298 (2.1).
    public var initialTimeout: SimDuration = .seconds(1)
    /// RFC 6298 (5.7): after a SYN was lost.
    public var timeoutAfterLostSyn: SimDuration = .seconds(3)
    /// Windows (nat-and-ice.md §7).
    public var minimumTimeout: SimDuration = .milliseconds(300)
    /// RFC 6298 (2.5).
    public var maximumTimeout: SimDuration = .seconds(60)
    /// G of RFC 6298 (2.3), at most 100 ms by its §4; covers the peer's delayed ACK.
    public var clockGranularity: SimDuration = .milliseconds(100)
    /// Windows (nat-and-ice.md §7): 4, from 1 s doubling, so a connect without an answer ends after 31 s.
    public var synRetransmissions: UInt8 = 4
    /// Windows TcpMaxDataRetransmissions.
    public var dataRetransmissions: UInt8 = 5
    /// RFC 5681 §4.2: an ACK at least for every second segment.
    public var segmentsPerAck: UInt8 = 2
    /// nat-and-ice.md §7.
    public var delayedAck: SimDuration = .milliseconds(40)
    /// Bytes the receiver can hold (*assumed*).
    public var receiveBuffer: UInt32 = 262_144
    /// Instead of 2 MSL (RFC 9293 §3.6.1), so that a world need not outlive its connections (*assumed*).
    public var timeWait: SimDuration = .seconds(1)
    /// The defaults.
    public init() {}
  }

  /// Where the connection stands.
  public internal(set) var state: State = .idle
  /// Its constants; `mss` sinks with `pathLimit`.
  public internal(set) var settings: Settings
  /// The initial send sequence number.
  public let initialSequence: UInt32
  var peerInitialSequence: UInt32 = 0

  // Sending, in offsets.
  var una: UInt64 = 0
  var next: UInt64 = 0
  /// The highest `next` ever: below it everything is a retransmission.
  var maxSent: UInt64 = 0
  var writeEnd: UInt64 = 0
  /// The right edge of the peer's window.
  var peerEdge: UInt64 = 0
  var closeRequested = false
  var duplicateAcks: UInt8 = 0
  var retransmissions: UInt8 = 0
  var probeBackoff: UInt8 = 0
  /// cwnd and what belongs to it.
  public internal(set) var congestion: NewReno
  /// The round-trip estimate.
  public internal(set) var estimator = RTTEstimator()
  var timeout: SimDuration
  /// Karn's rule: the one segment being timed ends here; `isTiming` falls with any retransmission.
  var timedEnd: UInt64 = 0
  var timedAt: SimTime = .zero
  var isTiming = false
  var lastSent: SimTime = .zero
  /// Segments sent again.
  public internal(set) var retransmitted: UInt32 = 0
  /// From the last SYN to its answer; `nil` before there is one.
  public internal(set) var handshake: SimDuration?

  // Receiving, in offsets.
  /// The contiguous offset; one more once the FIN has come.
  var received: UInt64 = 0
  var consumed: UInt64 = 0
  /// The right edge of the window we advertised.
  var advertised: UInt64
  var peerEnd: UInt64 = .max
  var ranges = ReceivedRanges()
  var unacknowledged: UInt8 = 0
  var acknowledgeNow = false

  /// Retransmission, zero-window probe or TIME-WAIT, by state.
  var timer: SimTime = .never
  var ackTimer: SimTime = .never

  /// A connection not yet opened. `initialSequence` is drawn by the shell.
  public init(initialSequence: UInt32, settings: Settings = Settings()) {
    self.initialSequence = initialSequence
    self.settings = settings
    congestion = NewReno(window: UInt64(settings.initialWindow) * UInt64(settings.mss))
    timeout = settings.initialTimeout
    advertised = UInt64(settings.receiveBuffer)
  }

  /// When `timer` is due; `nil` while nothing is awaited.
  public var nextDeadline: SimTime? {
    let earliest = min(timer, ackTimer)
    return earliest == .never ? nil : earliest
  }

  /// Takes one input and appends what follows from it.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    if case .closed = state { return }
    switch input {
    case .connect:
      precondition(state == .idle, "connect in \(state)")
      state = .synSent
      sendSyn(again: false, at: now, into: &effects)
    case .segment(let header): receive(header, at: now, into: &effects)
    case .write(let end):
      precondition(!closeRequested && end >= writeEnd, "a write up to \(end) after \(writeEnd), closed: \(closeRequested)")
      writeEnd = end
      // RFC 5681 §4.1.
      if next == una, maxSent > 0, now - lastSent > timeout { congestion.restart(initial: initialCongestionWindow) }
      transmit(at: now, into: &effects)
    case .consumed(let offset): consume(upTo: offset, at: now, into: &effects)
    case .close:
      if state == .idle || state == .synSent { return end(nil, into: &effects) }
      closeRequested = true
      transmit(at: now, into: &effects)
    case .abort:
      if state != .idle, state != .synSent, state != .timeWait {
        effects.append(.send(header(at: maxSent, flags: [.rst, .ack])))
      }
      end(.aborted, into: &effects)
    case .timer:
      if now >= ackTimer { sendAck(at: now, into: &effects) }
      if now >= timer { timerExpired(at: now, into: &effects) }
    case .unreachable(let hard):
      // RFC 5927 §5.2: in a synchronized state a hard error is taken as a soft one.
      if hard, state == .synSent || state == .synReceived { end(.unreachable, into: &effects) }
    case .pathLimit(let mss):
      guard mss > 0, mss < settings.mss else { return }
      settings.mss = mss
      guard next > una else { return }
      next = una
      transmit(at: now, into: &effects)
    }
  }

  var initialCongestionWindow: UInt64 { UInt64(settings.initialWindow) * UInt64(settings.mss) }

  /// Ends the connection; the last effect it has.
  mutating func end(_ failure: Failure?, into effects: inout [Effect]) {
    state = .closed(failure)
    timer = .never
    ackTimer = .never
    ranges = ReceivedRanges()
    effects.append(.closed(failure))
  }

  // MARK: The handshake

  /// Sends or repeats the SYN (SYN+ACK when passive) and starts its timer.
  mutating func sendSyn(again: Bool, at now: SimTime, into effects: inout [Effect]) {
    var header = TCPHeader(sequence: initialSequence, window: UInt32(truncatingIfNeeded: advertised), flags: .syn)
    if state == .synReceived {
      header.acknowledgement = peerInitialSequence &+ 1
      header.flags.insert(.ack)
    }
    put(header, again: again, into: &effects)
    timedAt = now
    timer = now + timeout
  }

  /// Has a segment sent that occupies sequence numbers.
  mutating func put(_ segment: TCPHeader, again: Bool, into effects: inout [Effect]) {
    if again { retransmitted += 1 }
    effects.append(again ? .resend(segment) : .send(segment))
  }

  /// RFC 9293 §3.10.7.2: a machine in `idle` accepts a SYN.
  mutating func receiveInIdle(_ header: TCPHeader, at now: SimTime, into effects: inout [Effect]) {
    guard header.flags.isDisjoint(with: [.rst, .ack]), header.flags.contains(.syn) else {
      if let reset = header.reset { effects.append(.send(reset)) }
      return
    }
    adopt(header)
    state = .synReceived
    sendSyn(again: false, at: now, into: &effects)
  }

  /// RFC 9293 §3.10.7.3.
  mutating func receiveInSynSent(_ header: TCPHeader, at now: SimTime, into effects: inout [Effect]) {
    let hasAck = header.flags.contains(.ack)
    if hasAck, header.acknowledgement != initialSequence &+ 1 {
      if let reset = header.reset { effects.append(.send(reset)) }
      return
    }
    if header.flags.contains(.rst) {
      if hasAck { end(.refused, into: &effects) }
      return
    }
    guard header.flags.contains(.syn) else { return }
    adopt(header)
    if hasAck {
      establish(at: now, into: &effects)
      acknowledgeNow = true
      flush(at: now, into: &effects)
    } else {
      // Simultaneous open (RFC 9293 §3.5, figure 7).
      state = .synReceived
      sendSyn(again: true, at: now, into: &effects)
    }
  }

  private mutating func adopt(_ header: TCPHeader) {
    peerInitialSequence = header.sequence
    peerEdge = UInt64(header.window)
  }

  mutating func establish(at now: SimTime, into effects: inout [Effect]) {
    state = .established
    handshake = now - timedAt
    if retransmissions == 0 {
      estimator.add(now - timedAt)
      timeout = estimatedTimeout
    } else {
      // RFC 6298 (5.7), and RFC 5681 §3.1: one segment when the SYN was lost.
      timeout = settings.timeoutAfterLostSyn
      congestion = NewReno(window: UInt64(settings.mss))
    }
    retransmissions = 0
    timer = .never
    lastSent = now
    effects.append(.connected)
  }

  // MARK: Timers

  private mutating func timerExpired(at now: SimTime, into effects: inout [Effect]) {
    timer = .never
    switch state {
    case .idle, .closed, .finWait2: break
    case .timeWait: end(nil, into: &effects)
    case .synSent, .synReceived:
      guard retransmissions < settings.synRetransmissions else { return end(.noAnswer, into: &effects) }
      retransmissions += 1
      backOff()
      sendSyn(again: true, at: now, into: &effects)
    case .established, .finWait1, .closing, .closeWait, .lastAck:
      guard retransmissions < settings.dataRetransmissions else { return end(.timedOut, into: &effects) }
      retransmissions += 1
      if next > una {
        retransmitOnTimeout(at: now, into: &effects)
      } else {
        probe(at: now, into: &effects)
      }
    }
  }

  /// RFC 6298 (5.5).
  mutating func backOff() { timeout = min(timeout * 2, settings.maximumTimeout) }
  var estimatedTimeout: SimDuration {
    estimator.timeout(
      granularity: settings.clockGranularity, minimum: settings.minimumTimeout, maximum: settings.maximumTimeout)
  }
}
