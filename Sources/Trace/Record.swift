// One record of the trace: what happened, where, when, and which earlier record caused it.
public import SimulationKernel
public import Wire

/// The kinds of record. Story kinds always exist; motion kinds exist when a sink asks.
public enum RecordKind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  // Story.
  case milestone = 1
  case transition = 2
  case attempt = 3
  case candidate = 4
  case pair = 5
  case decision = 6
  case mappingMade = 7
  case mappingLost = 8
  case drop = 9
  case roundTrip = 10
  case channelTotal = 11
  case probe = 12
  case request = 13
  case runEnded = 14
  /// A role could not take its part of a session's connection sequence: a `ConnectionFailure`.
  case failure = 15
  /// A firewall rule had a TCP connection diverted to its node's transparent proxy.
  case inspected = 16
  /// Something could not leave by the interface it belongs to, for a `DropReason`.
  case unsent = 17
  /// The answer to a SYN came, told at the side that opened the connection: `value` is the nanoseconds since that SYN.
  case connected = 19
  /// A TCP segment was sent of which that end had sent bytes before, its SYN and FIN among them: `value` is its payload in bytes,
  /// `code` 0 for the side that opened the connection and 1 for the other.
  case retransmitted = 20
  // What the selection rule's laws are judged from; `detail` is how many connections the session had before.
  /// A session host has one multitransport request outstanding: its id is the `value`, its cookie's hash the `extra`.
  case offer = 24
  /// A session host judged a tunnel request, a `TunnelVerdict`; `value` and `extra` are what it presented.
  case tunnelRequest = 25
  /// A client has accepted the certificate that its session host showed on a transport; `value` is its key.
  case certificate = 26
  /// A controlling agent's choice among its pairs has closed; `value` is the chosen one's round trip, or -1.
  case choice = 27
  /// An end sends (`code` 0) or reads (1) channels on another transport from here on; `value` bytes of them went over the one before.
  case channelsMoved = 28
  // Motion.
  case sent = 32
  case forwarded = 33
  case translated = 34
  case delivered = 35
  case timer = 36

  public var isMotion: Bool { rawValue >= 32 }
}

/// States of a candidate pair as the trace tells them: RFC 8445 §6.1.2.6, and what became of it.
public enum PairEvent: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case formed = 1
  case valid = 2
  case failed = 3
  case nominated = 4
  case unfinished = 5
  case cancelled = 6
  public var name: String { String(describing: self) }
}

/// What became of a tunnel request, the `code` of `tunnelRequest`. Raw values are stored: never renumber, only append.
public enum TunnelVerdict: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The tunnel is established.
  case accepted = 0
  /// It was good and came too late.
  case refused = 1
  /// It matches nothing that is outstanding.
  case dropped = 2
  /// The word results print.
  public var code: String { String(describing: self) }
}

/// Why an address translator's mapping is over, the `code` of `mappingLost`. Raw values are stored: never renumber, only append.
public enum MappingEnd: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// Its time was over, and something else took its place.
  case expired = 0
  /// The translator was started anew.
  case restart = 1
  /// Its outside address went to somebody else.
  case rebind = 2
  /// Its exit failed, and nobody had a copy of it.
  case failover = 3
  /// The word results print.
  public var code: String { String(describing: self) }
}

/// A record. Which fields mean something depends on `kind`; the accessors of `Recorder` fill them.
public struct Record: Sendable, BitwiseCopyable, Equatable {
  /// From 1, in the order things happened.
  public var number: UInt64
  /// The number of the record that caused this one; 0 for the scenario itself.
  public var cause: UInt64
  public var time: SimTime
  public var kind: RecordKind
  /// `Milestone`, `Reason`, `DropReason`, `PairEvent`, `CandidateType`, `VirtualChannel`, `TunnelVerdict`, or an interned state name.
  public var code: UInt16
  /// Kind-specific second code (an outcome, a machine's interned name, a transport).
  public var detail: UInt16
  public var node: NodeID
  /// The rule that decided, as a row of the world's rule table; −1 for none.
  public var rule: Int32
  public var session: UInt16
  public var attempt: Transport
  /// The candidate pair's row in its session, from 1; 0 for none.
  public var pair: UInt16
  public var topic: ConversationTopic
  public var proto: UInt8
  public var from: Endpoint
  public var to: Endpoint
  /// Kind-specific number: a length in bytes, a round trip in nanoseconds, a count.
  public var value: Int64
  /// Kind-specific: who opened the conversation; of `connected` and `retransmitted`, which connection, by the opener's stream.
  public var extra: Int64

  public init(kind: RecordKind, node: NodeID, code: UInt16 = 0) {
    self.number = 0
    self.cause = 0
    self.time = .zero
    self.kind = kind
    self.code = code
    self.detail = 0
    self.node = node
    self.rule = -1
    self.session = 0
    self.attempt = .reverseConnect
    self.pair = 0
    self.topic = .background
    self.proto = 0
    self.from = .none
    self.to = .none
    self.value = 0
    self.extra = 0
  }

  public var milestone: Milestone? { kind == .milestone ? Milestone(rawValue: UInt8(code)) : nil }
  /// Why something could not leave its machine, or not by the way it should.
  public var unsentReason: DropReason? { kind == .unsent ? DropReason(rawValue: UInt8(code)) : nil }
  public var dropReason: DropReason? { kind == .drop ? DropReason(rawValue: UInt8(code)) : nil }
  public var pairEvent: PairEvent? { kind == .pair ? PairEvent(rawValue: UInt8(code)) : nil }
  public var candidateType: CandidateType? { kind == .candidate ? CandidateType(rawValue: UInt8(code)) : nil }
  public var mappingEnd: MappingEnd? { kind == .mappingLost ? MappingEnd(rawValue: UInt8(code)) : nil }
  public var tunnelVerdict: TunnelVerdict? { kind == .tunnelRequest ? TunnelVerdict(rawValue: UInt8(code)) : nil }
  public var reason: Reason? { kind == .attempt || kind == .decision ? Reason(rawValue: UInt8(code)) : nil }
  public var failure: Reason? { kind == .failure ? Reason(rawValue: UInt8(code)) : nil }
  public var outcome: AttemptOutcome? { kind == .attempt ? AttemptOutcome(rawValue: UInt8(detail)) : nil }
}
