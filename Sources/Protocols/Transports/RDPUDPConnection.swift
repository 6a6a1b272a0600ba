// RDP-UDP version 3 (MS-RDPEUDP handshake, MS-RDPEUDP2 data phase) as a machine that moves offsets: types, opening and timers.
public import SimulationKernel
public import Wire

/// One end of a reliable RDP-UDP connection. A machine in `idle` is a client after `connect`, a server after a SYN.
///
/// A server's shell has judged the SYN's cookie hash before it made the machine. Congestion control is NewReno's, a stand-in for
/// the product's rate control, which is not public (*assumed*). Losses are recognised at the first missing byte only, for an
/// acknowledgement carries the contiguous offset and the highest number seen, not a vector.
public struct RDPUDPConnection: Equatable, Sendable {
  /// MS-RDPEUDP §3.1.1.1 without LISTEN, which is the shell's.
  public enum State: Equatable, Sendable, BitwiseCopyable {
    /// Next: `synSent` on `connect`, `synReceived` on a SYN.
    case idle
    /// `sent` SYNs are out. Next: `established` on SYN+ACK, `closed` on silence.
    case synSent(sent: UInt8)
    /// `sent` SYN+ACKs are out. Next: `established` on anything that follows the SYN, `closed` on silence.
    case synReceived(sent: UInt8)
    /// Next: `closed`.
    case established
    /// The end; `nil` when our side ended it.
    case closed(Failure?)
  }

  /// What can happen to a connection.
  public enum Input: Equatable, Sendable {
    /// Client: send the SYN.
    case connect
    /// A datagram of this connection came.
    case datagram(RDPUDPDatagram)
    /// The application's stream now ends at `end`.
    case write(end: UInt64)
    /// The application has read its peer's stream up to here.
    case consumed(upTo: UInt64)
    /// Ends the connection; there is no goodbye on the wire (MS-RDPEUDP §3.1.5).
    case close
    /// `nextDeadline` may have come; early is harmless.
    case timer
    /// An ICMP error came; a `hard` one ends a handshake and is ignored later (*assumed*).
    case unreachable(hard: Bool)
  }

  /// What a connection wants done or known.
  public enum Effect: Equatable, Sendable {
    /// Send this datagram.
    case send(RDPUDPDatagram)
    /// The handshake is complete.
    case connected
    /// All bytes below this offset of the peer's stream have come.
    case readable(upTo: UInt64)
    /// The peer has all our bytes below this offset.
    case acknowledged(upTo: UInt64)
    /// Nothing more will come; `nil` when our side ended it.
    case closed(Failure?)
  }

  /// Why a connection ended.
  public enum Failure: Equatable, Sendable, BitwiseCopyable {
    /// No answer to any SYN (or SYN+ACK).
    case noAnswer
    /// Nothing was heard for the whole `silence`.
    case silent
    /// One packet was retransmitted too often.
    case tooManyRetransmissions
    /// A hard ICMP error during the handshake.
    case unreachable
  }

  /// Constants of a connection.
  public struct Settings: Equatable, Sendable, BitwiseCopyable {
    /// MS-RDPEUDP §2.2.2.1: at most 1232.
    public var mtu: UInt16 = 1232
    /// MS-RDPEUDP §3.1.5.2, notes 5 and 6 (Windows).
    public var synRetransmissions: UInt8 = 3
    /// MS-RDPEUDP §3.1.5.2, notes 5 and 6 (Windows).
    public var synTimeout: SimDuration = .milliseconds(800)
    /// MS-RDPEUDP §3.1.6.1, version 2: max(300 ms, 2 RTT).
    public var minimumTimeout: SimDuration = .milliseconds(300)
    /// MS-RDPEUDP §3.1.6.1, notes 7 and 8 (Windows): doubled each time up to this.
    public var maximumTimeout: SimDuration = .seconds(120)
    /// Azure Virtual Desktop: 50 retransmissions of one packet (avd-connectivity.md §3.3).
    public var dataRetransmissions: UInt8 = 50
    /// MS-RDPEUDP §3.1.6.3, note 3 (Windows): an acknowledgement every 2 packets.
    public var packetsPerAck: UInt8 = 2
    /// MS-RDPEUDP §3.1.6.3: delayed acknowledgement, RTT / 2 but at least this …
    public var minimumDelayedAck: SimDuration = .milliseconds(50)
    /// … and at most this.
    public var maximumDelayedAck: SimDuration = .milliseconds(200)
    /// MS-RDPEUDP §3.1.1.4.1: lost when 3 later packets have come.
    public var reorderingThreshold: UInt8 = 3
    /// Datagrams that may be out at first (*assumed*, as TCP's RFC 6928).
    public var initialWindow: UInt16 = 10
    /// Bytes the receiver can hold: 4096 datagrams, LogWindowSize 12 (avd-connectivity.md §3.5).
    public var receiveBuffer: UInt32 = 4096 * 1218
    /// MS-RDPEUDP2 §3.1.1.3, notes 1 and 2 (Windows): sent after this long without sending.
    public var keepAlive: SimDuration = .seconds(4)
    /// MS-RDPEUDP2 §3.1.1.3: dead after this long without hearing.
    public var silence: SimDuration = .seconds(16)
    /// The defaults.
    public init() {}
  }

  /// Where the connection stands.
  public internal(set) var state: State = .idle
  /// Its constants; `mtu` sinks to the peer's.
  public internal(set) var settings: Settings
  /// Our stream log, named in every datagram.
  public let stream: StreamID
  /// The hash of the security cookie a client's SYN carries.
  public let cookieHash: Secret
  /// The peer's stream log, once its SYN or SYN+ACK has come; datagrams that name another are not ours.
  public internal(set) var peerStream: StreamID?

  // Sending.
  var una: UInt64 = 0
  var next: UInt64 = 0
  /// The highest `next` ever: below it everything is a retransmission.
  var maxSent: UInt64 = 0
  var writeEnd: UInt64 = 0
  /// The right edge of the peer's window.
  var peerEdge: UInt64 = 0
  /// DataSeqNum of the next data packet; the first is 1, so that 0 means none.
  var nextSequence: UInt64 = 1
  /// The highest of our numbers the peer has seen.
  var peerSeen: UInt64 = 0
  /// The packet at `una` bears the number after this one: as it was sent, or after the peer's highest when `una` was reached.
  var headSequence: UInt64 = 0
  var retransmissions: UInt8 = 0
  /// cwnd and what belongs to it.
  public internal(set) var congestion: NewReno
  /// The round-trip estimate; numbers are never used twice, so that retransmissions may be timed too.
  public internal(set) var estimator = RTTEstimator()
  var timeout: SimDuration
  /// The packet being timed; 0 when none is.
  var timedSequence: UInt64 = 0
  var timedAt: SimTime = .zero
  /// Data packets sent again.
  public internal(set) var retransmitted: UInt32 = 0

  // Receiving.
  var received: UInt64 = 0
  var consumed: UInt64 = 0
  /// The right edge of the window we advertised.
  var advertised: UInt64
  /// The highest DataSeqNum that came.
  var highestSeen: UInt64 = 0
  var ranges = ReceivedRanges()
  var unacknowledged: UInt8 = 0
  var acknowledgeNow = false

  /// The handshake's or the data's retransmission.
  var timer: SimTime = .never
  var ackTimer: SimTime = .never
  var lastSent: SimTime = .zero
  var lastHeard: SimTime = .zero

  /// A connection not yet opened; a server needs no cookie hash.
  public init(stream: StreamID, cookieHash: Secret = .none, settings: Settings = Settings()) {
    self.stream = stream
    self.cookieHash = cookieHash
    self.settings = settings
    let payload = UInt64(settings.mtu) - UInt64(RDPUDPDatagram.dataOverhead)
    congestion = NewReno(window: UInt64(settings.initialWindow) * payload)
    timeout = settings.minimumTimeout
    advertised = UInt64(settings.receiveBuffer)
  }

  /// When `timer` is due; `nil` while nothing is awaited.
  public var nextDeadline: SimTime? {
    switch state {
    case .idle, .closed: nil
    case .synSent, .synReceived: timer
    case .established: min(min(timer, ackTimer), min(lastSent + settings.keepAlive, lastHeard + settings.silence))
    }
  }

  /// Bytes of a full data packet.
  var payload: UInt64 { UInt64(settings.mtu) - UInt64(RDPUDPDatagram.dataOverhead) }

  /// Takes one input and appends what follows from it.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    if case .closed = state { return }
    switch input {
    case .connect:
      precondition(state == .idle, "connect in \(state)")
      state = .synSent(sent: 1)
      send(.syn(cookieHash: cookieHash), at: now, into: &effects)
      timer = now + settings.synTimeout
    case .datagram(let datagram): receive(datagram, at: now, into: &effects)
    case .write(let end):
      precondition(end >= writeEnd, "a write up to \(end) after \(writeEnd)")
      writeEnd = end
      transmit(at: now, into: &effects)
    case .consumed(let offset): consume(upTo: offset, at: now, into: &effects)
    case .close: end(nil, into: &effects)
    case .timer: timersExpired(at: now, into: &effects)
    case .unreachable(let hard):
      switch state {
      case .synSent, .synReceived: if hard { end(.unreachable, into: &effects) }
      case .idle, .established, .closed: break
      }
    }
  }

  private mutating func receive(_ datagram: RDPUDPDatagram, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      guard case .syn = datagram.kind else { return }
      adopt(datagram)
      state = .synReceived(sent: 1)
      send(.synAck, at: now, into: &effects)
      timer = now + settings.synTimeout
    case .synSent(let sent):
      guard case .synAck = datagram.kind else { return }
      adopt(datagram)
      establish(afterOne: sent == 1, at: now, into: &effects)
      send(.ack, at: now, into: &effects)
      transmit(at: now, into: &effects)
    case .synReceived(let sent):
      guard datagram.stream == peerStream else { return }
      switch datagram.kind {
      // MS-RDPEUDP §3.1.5: duplicates are discarded.
      case .syn, .synAck: return
      case .ack, .data, .keepAlive:
        establish(afterOne: sent == 1, at: now, into: &effects)
        receiveEstablished(datagram, at: now, into: &effects)
      }
    case .established:
      guard datagram.stream == peerStream else { return }
      receiveEstablished(datagram, at: now, into: &effects)
    case .closed: break
    }
  }

  /// Learns the peer's stream, window and MTU from its SYN or SYN+ACK (MS-RDPEUDP §3.1.5.1: the smallest MTU of both).
  private mutating func adopt(_ datagram: RDPUDPDatagram) {
    peerStream = datagram.stream
    peerEdge = UInt64(datagram.window)
    settings.mtu = max(min(settings.mtu, datagram.mtu), UInt16(RDPUDPDatagram.dataOverhead) + 1)
  }

  private mutating func establish(afterOne: Bool, at now: SimTime, into effects: inout [Effect]) {
    state = .established
    // A SYN sent twice has no number that tells which one was answered (Karn).
    if afterOne { estimator.add(now - lastSent) }
    timeout = estimatedTimeout
    timer = .never
    lastHeard = now
    effects.append(.connected)
  }

  /// Ends the connection; the last effect it has.
  mutating func end(_ failure: Failure?, into effects: inout [Effect]) {
    state = .closed(failure)
    ranges = ReceivedRanges()
    effects.append(.closed(failure))
  }

  // MARK: Timers

  private mutating func timersExpired(at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle, .closed: break
    case .synSent(let sent):
      guard now >= timer else { return }
      if sent > settings.synRetransmissions { return end(.noAnswer, into: &effects) }
      state = .synSent(sent: sent + 1)
      send(.syn(cookieHash: cookieHash), at: now, into: &effects)
      timer = now + settings.synTimeout
    case .synReceived(let sent):
      guard now >= timer else { return }
      if sent > settings.synRetransmissions { return end(.noAnswer, into: &effects) }
      state = .synReceived(sent: sent + 1)
      send(.synAck, at: now, into: &effects)
      timer = now + settings.synTimeout
    case .established:
      if now >= lastHeard + settings.silence { return end(.silent, into: &effects) }
      if now >= timer {
        guard retransmissions < settings.dataRetransmissions else {
          return end(.tooManyRetransmissions, into: &effects)
        }
        retransmitOnTimeout(at: now, into: &effects)
      }
      if now >= ackTimer { send(.ack, at: now, into: &effects) }
      if now >= lastSent + settings.keepAlive { send(.keepAlive, at: now, into: &effects) }
    }
  }

  var estimatedTimeout: SimDuration { min(max(estimator.smoothed * 2, settings.minimumTimeout), settings.maximumTimeout) }
}
