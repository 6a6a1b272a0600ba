// Indices into a world's tables. They are dense and may change when a scenario changes; what must not change uses `ComponentKey`.

/// A node of the world: host, router or service.
public struct NodeID: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var index: Int32
  @inlinable public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
  @inlinable public static var none: NodeID { NodeID(-1) }
  @inlinable public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// An interface of a node.
public struct InterfaceID: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var index: Int32
  @inlinable public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
  @inlinable public static var none: InterfaceID { InterfaceID(-1) }
  @inlinable public static func < (a: InterfaceID, b: InterfaceID) -> Bool { a.index < b.index }
}

/// A row of the world's conversation table.
public struct ConversationID: Hashable, Sendable, BitwiseCopyable {
  public var index: UInt32
  @inlinable public init(_ index: Int) { self.index = UInt32(truncatingIfNeeded: index) }
  /// What belongs to no session: background traffic.
  @inlinable public static var none: ConversationID { ConversationID(0) }
}

/// A generation-checked handle of a message in the world's message store.
public struct PayloadHandle: Hashable, Sendable, BitwiseCopyable {
  public var index: UInt32
  public var generation: UInt32
  @inlinable public init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }
  @inlinable public static var none: PayloadHandle { PayloadHandle(index: .max, generation: 0) }
}

/// A generation-checked handle of a stream log.
public struct StreamID: Hashable, Sendable, BitwiseCopyable {
  public var index: UInt32
  public var generation: UInt32
  @inlinable public init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }
  @inlinable public static var none: StreamID { StreamID(index: .max, generation: 0) }
  /// One word of it, for the trace.
  public var word: Int64 { Int64(bitPattern: UInt64(generation) << 32 | UInt64(index)) }
}

/// The bytes `start ..< end` of a stream log: how an upper layer's bytes stand inside a lower layer's record.
public struct StreamSlice: Hashable, Sendable, BitwiseCopyable {
  public var stream: StreamID
  public var start: UInt64
  public var end: UInt64
  @inlinable public init(stream: StreamID, start: UInt64, end: UInt64) {
    self.stream = stream
    self.start = start
    self.end = end
  }
  @inlinable public var count: Int { Int(end &- start) }
}

/// A secret by name. Inside a world two secrets are equal when their ids are; `WireCodec` makes the bytes.
public struct Secret: Hashable, Sendable, BitwiseCopyable {
  public var id: UInt64
  @inlinable public init(id: UInt64) { self.id = id }
  @inlinable public static var none: Secret { Secret(id: 0) }
  /// The name of this secret's SHA-256.
  @inlinable public var hashed: Secret { Secret(id: id &* 0x9E37_79B9_7F4A_7C15 ^ 0x5348_4132_3536_0000) }
}
