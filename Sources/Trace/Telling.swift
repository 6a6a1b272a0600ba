// The sentences of the story: one function per kind of record, so that every teller fills the same fields.
public import SimulationKernel
public import Wire

extension Recorder {
  @discardableResult
  public func milestone(_ milestone: Milestone, at node: NodeID, session: Int, attempt: Transport = .reverseConnect) -> UInt64 {
    var record = Record(kind: .milestone, node: node, code: UInt16(milestone.rawValue))
    record.session = UInt16(session)
    record.attempt = attempt
    return tell(record)
  }

  /// A machine entered a state.
  public func transition(_ machine: String, to state: String, at node: NodeID, session: Int, attempt: Transport = .reverseConnect)
  {
    var record = Record(kind: .transition, node: node, code: intern(state))
    record.detail = intern(machine)
    record.session = UInt16(session)
    record.attempt = attempt
    tell(record)
  }

  /// An attempt at a transport started (`pending`) or ended. `setting` is the interned name of what forbade it.
  public func attempt(
    _ transport: Transport, _ outcome: AttemptOutcome, _ reason: Reason, at node: NodeID, session: Int, setting: String = ""
  ) {
    var record = Record(kind: .attempt, node: node, code: UInt16(reason.rawValue))
    record.detail = UInt16(outcome.rawValue)
    record.session = UInt16(session)
    record.attempt = transport
    record.extra = Int64(intern(setting))
    tell(record)
  }

  /// The role at `node` could not take its part of a session's connection sequence. Session 0: it failed for all who need it.
  public func failure(_ reason: Reason, at node: NodeID, session: Int) {
    var record = Record(kind: .failure, node: node, code: UInt16(reason.rawValue))
    record.session = UInt16(session)
    tell(record)
  }

  /// A session has failed for good, as its client's user sees it.
  public func sessionFailed(_ reason: Reason, at node: NodeID, session: Int) {
    attempt(.reverseConnect, .failed, reason, at: node, session: session)
    milestone(.failed, at: node, session: session)
  }

  /// A machine stops, or starts with nothing known.
  public func power(on: Bool, at node: NodeID) { transition("power", to: on ? "on" : "off", at: node, session: 0) }

  /// Whether a record tells that a machine stopped or started.
  public func isPower(_ record: Record) -> Bool { record.kind == .transition && names[Int(record.detail)] == "power" }

  /// Something on the way, at `node`, ended a conversation between others.
  public func failure(_ reason: Reason, at node: NodeID, in conversation: ConversationID) {
    let conversation = conversations[Int(conversation.index)]
    var record = Record(kind: .failure, node: node, code: UInt16(reason.rawValue))
    record.session = conversation.session
    record.topic = conversation.topic
    record.extra = Int64(conversation.opener.index)
    tell(record)
  }

  public func candidate(_ candidate: CandidateDescription, at node: NodeID, session: Int) {
    var record = Record(kind: .candidate, node: node, code: UInt16(candidate.type.rawValue))
    record.session = UInt16(session)
    record.attempt = .public
    record.from = candidate.base
    record.to = candidate.endpoint
    record.value = Int64(candidate.priority)
    tell(record)
  }

  /// A candidate pair's fate; `roundTrip` is the measured one of a valid pair.
  public func pair(
    _ event: PairEvent, row: Int, local: Endpoint, remote: Endpoint, roundTrip: SimDuration? = nil, at node: NodeID, session: Int
  ) {
    var record = Record(kind: .pair, node: node, code: UInt16(event.rawValue))
    record.session = UInt16(session)
    record.attempt = .public
    record.pair = UInt16(row)
    record.from = local
    record.to = remote
    record.value = roundTrip?.nanoseconds ?? -1
    tell(record)
  }

  /// The transport of a session's connection was decided. `route` is the interned name of the network it goes over; the record's
  /// `value` is how many connections the session had before.
  public func decision(
    _ transport: Transport, route: String, _ reason: Reason, at node: NodeID, of connection: Correlation
  ) {
    var record = Record(kind: .decision, node: node, code: UInt16(reason.rawValue))
    record.detail = intern(route)
    record.session = connection.session
    record.attempt = transport
    record.value = Int64(connection.generation)
    tell(record)
  }

  /// A round trip measured end to end at RDP level on `transport`.
  public func roundTrip(_ value: SimDuration, on transport: Transport, at node: NodeID, session: Int) {
    var record = Record(kind: .roundTrip, node: node)
    record.session = UInt16(session)
    record.attempt = transport
    record.value = value.nanoseconds
    tell(record)
  }

  /// Bytes of one virtual channel that `node` has sent (`extra` 0) or received (`extra` 1) on `transport`; `disorder` of its messages
  /// came out of their order.
  public func channelTotal(
    _ channel: VirtualChannel, bytes: UInt64, received: Bool, disorder: UInt64 = 0, on transport: Transport, at node: NodeID,
    session: Int
  ) {
    var record = Record(kind: .channelTotal, node: node, code: UInt16(channel.rawValue))
    record.session = UInt16(session)
    record.attempt = transport
    record.value = Int64(bytes)
    record.extra = received ? 1 : 0
    record.detail = UInt16(clamping: disorder)
    tell(record)
  }

  /// A STUN request was sent (again, when `retransmission` > 0). What befalls it has this record as its cause.
  @discardableResult
  public func request(
    from: Endpoint, to: Endpoint, retransmission: Int, pair: Int, at node: NodeID, session: Int
  ) -> UInt64 {
    var record = Record(kind: .request, node: node)
    record.session = UInt16(session)
    record.attempt = .public
    record.pair = UInt16(pair)
    record.topic = pair == 0 ? .stun : .candidatePair
    record.from = from
    record.to = to
    record.value = Int64(retransmission)
    return tell(record)
  }

  /// A packet could not leave `node` and was never made: for want of a route, or as its interface is down. Or a connection begins on
  /// another way than it would if a tunnel were up.
  public func unsent(
    _ reason: DropReason, from: Endpoint, to: Endpoint, _ proto: TransportProtocol, in conversation: ConversationID,
    at node: NodeID
  ) {
    var record = Record(kind: .unsent, node: node, code: UInt16(reason.rawValue))
    label(&record, conversation, proto, from, to)
    tell(record)
  }

  /// The TCP connection that `node` opened is established, `handshake` after its last SYN. Endpoints are as its opener sees them.
  /// - Parameter stream: the opener's.
  public func connected(
    after handshake: SimDuration, from: Endpoint, to: Endpoint, of stream: StreamID, in conversation: ConversationID,
    at node: NodeID
  ) {
    var record = Record(kind: .connected, node: node)
    label(&record, conversation, .tcp, from, to)
    record.value = handshake.nanoseconds
    record.extra = stream.word
    tell(record)
  }

  /// `node`, an end of a TCP connection, has sent a segment again. Endpoints are as that end sees them.
  /// - Parameter stream: the opener's, whichever end it was.
  public func retransmitted(
    _ segment: TCPHeader, from: Endpoint, to: Endpoint, of stream: StreamID, byOpener: Bool, in conversation: ConversationID,
    at node: NodeID
  ) {
    var record = Record(kind: .retransmitted, node: node, code: byOpener ? 0 : 1)
    label(&record, conversation, .tcp, from, to)
    record.value = Int64(segment.length)
    record.extra = stream.word
    tell(record)
  }

  /// A probe ended: `answered` (1), `refused` (2) or unanswered (0); `roundTrip` of its first answer.
  public func probe(
    _ ordinal: Int, outcome: Int, sent: Int, answered: Int, roundTrip: SimDuration?, mapped: Endpoint, at node: NodeID
  ) {
    var record = Record(kind: .probe, node: node, code: UInt16(outcome))
    record.session = UInt16(ordinal)
    record.topic = .probe
    record.to = mapped
    record.value = roundTrip?.nanoseconds ?? -1
    record.extra = Int64(sent) << 32 | Int64(answered)
    tell(record)
  }

  /// A rogue ended: packets sent, answers it got, whether it got in as far as it can tell, and the endpoint it claimed in an answer.
  public func rogue(_ ordinal: Int, sent: Int, answered: Int, accepted: Bool, claimed: Endpoint, at node: NodeID) {
    var record = Record(kind: .probe, node: node, code: answered > 0 ? 1 : 0)
    record.detail = accepted ? 1 : 0
    record.session = UInt16(ordinal)
    record.topic = .rogue
    record.to = claimed
    record.value = -1
    record.extra = Int64(sent) << 32 | Int64(answered)
    tell(record)
  }
}
