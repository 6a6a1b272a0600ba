// The trace of one world: numbers every record, keeps the story, hands motion to a sink when one asks, and folds the fingerprints.
public import SimulationKernel
public import Wire

/// Receives motion records as they happen. A sink changes no outcome: it sees values and has no way back.
public protocol TraceSink: AnyObject {
  func receive(_ record: Record)
}

/// What the trace must know of a component to name it.
public struct ComponentName: Hashable, Sendable {
  public var key: ComponentKey
  public var id: String
  /// The path in the scenario it was built from, such as `hosts.alice`.
  public var path: String
  /// What reports add where they name it, such as a rule's priority; empty for nothing.
  public var note: String
  public init(key: ComponentKey, id: String, path: String, note: String = "") {
    self.key = key
    self.id = id
    self.path = path
    self.note = note
  }
}

public final class Recorder {
  /// Story records, in order of their numbers.
  public private(set) var story: [Record] = []
  /// The number of the last record, kept or not.
  public var lastNumber: UInt64 { number }
  @exclusivity(unchecked) @usableFromInline var number: UInt64 = 0
  /// The record that what happens now follows from.
  @exclusivity(unchecked) public var currentCause: UInt64 = 0
  @exclusivity(unchecked) public var now: SimTime = .zero
  public weak var motionSink: (any TraceSink)? { didSet { keepsMotion = motionSink != nil } }
  @exclusivity(unchecked) @usableFromInline var keepsMotion = false

  /// Nodes and rules by their rows.
  public let nodes: [ComponentName]
  public let rules: [ComponentName]
  /// Names of machines and their states, interned.
  public private(set) var names: [String] = [""]
  private var nameRows: [String: UInt16] = ["": 0]
  /// The stable hash of each name.
  private var nameHashes: [UInt64] = [stableHash("")]
  @exclusivity(unchecked) public var conversations: [Conversation] = []

  private var storyDigests = KeyedDigests()
  /// A table and not an array: it is changed thrice a hop, and an array would each time be asked whether it is shared.
  @usableFromInline let trajectory: Table<RollingDigest>
  /// Packets dropped, by reason.
  @exclusivity(unchecked) public private(set) var dropCounts = [UInt64](repeating: 0, count: 256)

  public init(nodes: [ComponentName], rules: [ComponentName]) {
    self.nodes = nodes
    self.rules = rules
    self.trajectory = Table(repeating: RollingDigest(), count: nodes.count)
    self.conversations.append(Conversation(key: 0, topic: .background, opener: .none))
    self.story.reserveCapacity(256)
  }

  public func name(of node: NodeID) -> String { node.index >= 0 ? nodes[Int(node.index)].id : "" }
  public func key(of node: NodeID) -> ComponentKey { nodes[Int(node.index)].key }

  /// The row of an interned name.
  public func intern(_ name: String) -> UInt16 {
    if let row = nameRows[name] { return row }
    let row = UInt16(names.count)
    names.append(name)
    nameRows[name] = row
    nameHashes.append(stableHash(name))
    return row
  }

  /// Opens a conversation; its row is world-local, its key stable.
  public func open(_ conversation: Conversation) -> ConversationID {
    conversations.append(conversation)
    return ConversationID(conversations.count - 1)
  }

  @inlinable @inline(__always) func nextNumber() -> UInt64 {
    number &+= 1
    return number
  }

  /// Keeps a story record, numbered and stamped; what follows in this event has it as its cause.
  @discardableResult
  public func tell(_ record: Record) -> UInt64 {
    var record = record
    record.number = nextNumber()
    if record.cause == 0 { record.cause = currentCause }
    record.time = now
    story.append(record)
    if record.isProtocol {
      let machine = mix(key(of: record.node).value, UInt64(record.session), UInt64(record.attempt.rawValue))
      let code = record.kind == .transition ? nameHashes[Int(record.code)] : UInt64(record.code)
      let named = record.kind == .transition || record.kind == .decision
      let detail = named ? nameHashes[Int(record.detail)] : UInt64(record.detail)
      storyDigests.add(mix(UInt64(record.kind.rawValue), code, detail), under: machine)
    }
    return record.number
  }

  /// A packet ended without delivery. Returns the record's number.
  @discardableResult
  public func drop(_ packet: Packet, _ reason: DropReason, at node: NodeID, rule: Int32 = -1) -> UInt64 {
    dropCounts[Int(reason.rawValue)] &+= 1
    move(.drop, packet, at: node)
    var record = Record(kind: .drop, node: node, code: UInt16(reason.rawValue))
    record.cause = packet.cause
    record.rule = rule
    label(&record, with: packet)
    return tell(record)
  }

  /// A rule had a connection diverted, which `packet` opens, to the transparent proxy at `node`.
  public func inspected(_ packet: Packet, at node: NodeID, rule: Int32) {
    var record = Record(kind: .inspected, node: node)
    record.rule = rule
    label(&record, with: packet)
    tell(record)
  }

  /// A packet did something; returns the record's number, which is the packet's new cause.
  @inlinable @inline(__always) @discardableResult
  public func motion(_ kind: RecordKind, _ packet: Packet, at node: NodeID, cause: UInt64) -> UInt64 {
    let number = nextNumber()
    if kind != .translated { move(kind, packet, at: node) }
    if keepsMotion { emitMotion(kind, packet, at: node, cause: cause, number: number) }
    return number
  }

  /// A deadline was due at a component's machine; empty wakes are not told.
  @inline(__always) public func due(at node: NodeID) {
    trajectory[Int(node.index)].add(mix(UInt64(RecordKind.timer.rawValue), UInt64(bitPattern: now.nanoseconds)))
  }

  @inlinable @inline(__always) func move(_ kind: RecordKind, _ packet: Packet, at node: NodeID) {
    let word = packet.luck ^ UInt64(bitPattern: now.nanoseconds) &* 0x9E37_79B9_7F4A_7C15
    trajectory[Int(node.index)].add(word &+ UInt64(kind.rawValue) &+ UInt64(UInt32(bitPattern: packet.length)) << 32)
  }

  @usableFromInline @inline(never) func emitMotion(
    _ kind: RecordKind, _ packet: Packet, at node: NodeID, cause: UInt64, number: UInt64
  ) {
    var record = Record(kind: kind, node: node)
    record.number = number
    record.cause = cause
    record.time = now
    label(&record, with: packet)
    motionSink?.receive(record)
  }

  private func label(_ record: inout Record, with packet: Packet) {
    label(&record, packet.conversation, packet.proto, packet.source, packet.destination)
    record.value = Int64(packet.length)
  }

  func label(
    _ record: inout Record, _ conversation: ConversationID, _ proto: TransportProtocol, _ from: Endpoint, _ to: Endpoint
  ) {
    let conversation = conversations[Int(conversation.index)]
    record.session = conversation.session
    record.attempt = conversation.attempt
    record.pair = conversation.pair
    record.topic = conversation.topic
    record.proto = proto.rawValue
    record.from = from
    record.to = to
    // Whose conversation it is: a pair's row counts in its owner's list.
    record.extra = Int64(conversation.opener.index)
  }

  /// The digest of the story transcript per machine.
  public var storyFingerprint: UInt64 { storyDigests.combined() }

  /// The digest of every component's moves; components that did nothing leave no mark.
  public var trajectoryFingerprint: UInt64 {
    var whole = RollingDigest()
    for row in nodes.indices.sorted(by: { nodes[$0].key < nodes[$1].key }) where !trajectory[row].isEmpty {
      whole.add(nodes[row].key.value)
      whole.add(trajectory[row].value)
    }
    return whole.value
  }
}
