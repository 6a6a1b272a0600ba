// The event queue: a monotone radix heap of 16-byte entries, ordered by (time, sequence) without a comparison per level.
//
// An entry stands in the bucket of the highest bit in which its key differs from the last popped key, so the lowest bucket that
// is not empty holds the minimum. To pop, that bucket's minimum becomes the last key and its entries move to lower buckets, each
// at most once per bit. Entries of equal time share a bucket and never overtake each other there: push order is kept for free.
// A bucket is a chain of small chunks, so memory follows the number of pending events and not each bucket's own peak.

/// A pending event: when, and `sequence << 24 | slot`, so that comparing both words compares (time, sequence).
@frozen @usableFromInline struct QueueEntry: BitwiseCopyable {
  @usableFromInline var key: UInt64
  @usableFromInline var payload: UInt64
  @inlinable init(key: UInt64, payload: UInt64) {
    self.key = key
    self.payload = payload
  }
  @inlinable var slot: UInt32 { UInt32(truncatingIfNeeded: payload) & 0x00FF_FFFF }
  /// Maps Int64 to UInt64 keeping the order.
  @inlinable static func key(of time: SimTime) -> UInt64 { UInt64(bitPattern: time.nanoseconds) ^ highestBit }
  @inlinable static func time(of key: UInt64) -> SimTime { SimTime(nanoseconds: Int64(bitPattern: key ^ highestBit)) }
  @inlinable static var highestBit: UInt64 { 1 << 63 }
  /// One step of the 40-bit sequence inside a payload.
  @inlinable static var sequenceStep: UInt64 { 1 << 24 }
}

/// A chain of chunks, filled from `first`; a chunk is `size` bytes at a multiple of `size`, and its first 16 hold the next one.
@frozen @usableFromInline struct QueueBucket: BitwiseCopyable {
  @usableFromInline var first: UnsafeMutableRawPointer
  /// Where the next entry goes; a multiple of the chunk size when there is no room (at first nil: no chunk at all).
  @usableFromInline var end: UnsafeMutableRawPointer?
  @inlinable init(first: UnsafeMutableRawPointer) { self.first = first }
  /// Bytes of a chunk: 31 entries (measured: smaller chunks buy nothing).
  @inlinable static var size: Int { 512 }
  @inlinable static var header: Int { 16 }
  @inlinable static func isBoundary(_ place: UnsafeMutableRawPointer?) -> Bool { Int(bitPattern: place) & (size &- 1) == 0 }
  /// The chunk after the one that ends at `boundary`.
  @inlinable static func next(after boundary: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    (boundary - size).load(as: UnsafeMutableRawPointer.self)
  }
}

/// Pending events by (time, push order); what is pushed may not lie before what was last popped.
public struct RadixQueue: ~Copyable {
  /// Bucket 0 holds the entries of the last key; bucket b > 0 those whose highest differing bit is b - 1.
  @usableFromInline let buckets: UnsafeMutablePointer<QueueBucket>
  /// Bit b - 1 is set when bucket b > 0 is not empty.
  @usableFromInline var occupied: UInt64 = 0
  /// The first entry of bucket 0 not yet popped.
  @usableFromInline var head: UnsafeMutableRawPointer
  @usableFromInline var lastKey: UInt64 = 0
  /// The least pending key, when `minimumIsKnown`; otherwise no greater than any.
  @usableFromInline var minimum: UInt64 = 0
  @usableFromInline var minimumIsKnown = false
  @usableFromInline var nextPayload = QueueEntry.sequenceStep
  /// What was last popped, by which the total order is asserted.
  @usableFromInline var lastPopped = QueueEntry(key: 0, payload: 0)
  @usableFromInline var pending = 0
  /// Chunks to be used again, chained by their headers.
  @usableFromInline var freeChunk: UnsafeMutableRawPointer?
  @usableFromInline var slabs: [UnsafeMutableRawPointer] = []
  @usableFromInline var chunkCount = 0

  /// The number of pending events.
  @inlinable public var count: Int { pending }
  /// Whether nothing is pending.
  @inlinable public var isEmpty: Bool { pending == 0 }
  /// The bytes allocated for entries.
  public var allocatedBytes: Int { chunkCount * QueueBucket.size }

  /// An empty queue, into which any time may be pushed first.
  public init() {
    buckets = .allocate(capacity: 65)
    head = UnsafeMutableRawPointer(buckets)  // replaced below
    buckets.initialize(repeating: QueueBucket(first: head), count: 65)
    extend(0)
    head = buckets[0].first + QueueBucket.header
  }

  deinit {
    for slab in slabs { slab.deallocate() }
    buckets.deallocate()
  }

  /// Adds an event of `slot` at `time`, behind those already pending at that time.
  /// - Precondition: `slot` < 2^24, `time` is not before the last popped time, and fewer than 2^40 events were pushed before.
  @inlinable public mutating func push(at time: SimTime, slot: UInt32) {
    let key = QueueEntry.key(of: time)
    precondition(slot < 1 << 24, "an event slot of more than 24 bits")
    precondition(key >= lastKey, "an event before the present")
    let entry = QueueEntry(key: key, payload: nextPayload | UInt64(slot))
    nextPayload += QueueEntry.sequenceStep  // traps when the 40 bits of the sequence are used up
    if key < minimum { minimum = key }
    pending &+= 1
    place(entry)
  }

  @inlinable @inline(__always) mutating func place(_ entry: QueueEntry) {
    let leading = (entry.key ^ lastKey).leadingZeroBitCount
    occupied |= QueueEntry.highestBit >> UInt64(leading)  // no bit at all for bucket 0
    let bucket = buckets + (64 &- leading)
    if QueueBucket.isBoundary(bucket.pointee.end) { extend(64 &- leading) }
    let end = bucket.pointee.end.unsafelyUnwrapped
    end.storeBytes(of: entry, as: QueueEntry.self)
    bucket.pointee.end = end + MemoryLayout<QueueEntry>.stride
  }

  /// Gives bucket `b` another chunk.
  @usableFromInline @inline(never) mutating func extend(_ b: Int) {
    if freeChunk == nil { addSlab() }
    let chunk = freeChunk.unsafelyUnwrapped
    freeChunk = chunk.load(as: UnsafeMutableRawPointer?.self)
    if let end = buckets[b].end {
      (end - QueueBucket.size).storeBytes(of: chunk, as: UnsafeMutableRawPointer.self)
    } else {
      buckets[b].first = chunk
    }
    buckets[b].end = chunk + QueueBucket.header
  }

  /// Half as many chunks again, at least 16.
  private mutating func addSlab() {
    let fresh = max(16, chunkCount / 2)
    let slab = UnsafeMutableRawPointer.allocate(byteCount: fresh * QueueBucket.size, alignment: QueueBucket.size)
    for i in stride(from: fresh - 1, through: 0, by: -1) { recycle(slab + i * QueueBucket.size) }
    slabs.append(slab)
    chunkCount += fresh
  }

  @inlinable mutating func recycle(_ chunk: UnsafeMutableRawPointer) {
    chunk.storeBytes(of: freeChunk, as: UnsafeMutableRawPointer?.self)
    freeChunk = chunk
  }

  /// The time of the next event. Moves nothing, so what is pushed next may still come before it.
  @inlinable public mutating func peekTime() -> SimTime? {
    if pending == 0 { return nil }
    if head != buckets[0].end { return QueueEntry.time(of: lastKey) }
    learnMinimum()
    return QueueEntry.time(of: minimum)
  }

  /// Finds the least key while bucket 0 is empty and others are not.
  @inlinable @inline(__always) mutating func learnMinimum() {
    if minimumIsKnown { return }
    let bucket = buckets[occupied.trailingZeroBitCount &+ 1]
    let end = bucket.end.unsafelyUnwrapped
    var least = UInt64.max
    var at = bucket.first + QueueBucket.header
    while true {
      least = min(least, at.load(as: UInt64.self))
      at += MemoryLayout<QueueEntry>.stride
      if at == end { break }
      if QueueBucket.isBoundary(at) { at = QueueBucket.next(after: at) + QueueBucket.header }
    }
    minimum = least
    minimumIsKnown = true
  }

  /// Takes the next event: the least time, and of equal times the first pushed.
  @inlinable public mutating func pop() -> (time: SimTime, slot: UInt32)? { pop(notAfter: SimTime(nanoseconds: .max)) }

  /// Takes the next event unless it lies after `limit`; then nothing moves.
  @inlinable public mutating func pop(notAfter limit: SimTime) -> (time: SimTime, slot: UInt32)? {
    if pending == 0 { return nil }
    if head == buckets[0].end {
      learnMinimum()
      if minimum > QueueEntry.key(of: limit) { return nil }
      advance()
    } else if lastKey > QueueEntry.key(of: limit) {
      return nil
    }
    if QueueBucket.isBoundary(head) { leaveChunk() }
    let entry = head.load(as: QueueEntry.self)
    head += MemoryLayout<QueueEntry>.stride
    pending &-= 1
    if head == buckets[0].end {
      head = buckets[0].first + QueueBucket.header
      buckets[0].end = head
      minimumIsKnown = false
    }
    assert(isInOrder(entry), "two events without an order")
    lastPopped = entry
    return (QueueEntry.time(of: entry.key), entry.slot)
  }

  @inlinable func isInOrder(_ entry: QueueEntry) -> Bool {
    entry.key > lastPopped.key || entry.key == lastPopped.key && entry.payload > lastPopped.payload
  }

  /// `head` stands behind the last entry of bucket 0's first chunk.
  @inlinable mutating func leaveChunk() {
    let next = QueueBucket.next(after: head)
    recycle(head - QueueBucket.size)
    buckets[0].first = next
    head = next + QueueBucket.header
  }

  /// Makes the minimum the last key and moves the lowest bucket's entries to the buckets below, all of them empty.
  @inlinable mutating func advance() {
    let b = occupied.trailingZeroBitCount &+ 1
    occupied &= occupied &- 1
    let end = buckets[b].end.unsafelyUnwrapped
    var at = buckets[b].first + QueueBucket.header
    lastKey = minimum
    while true {
      place(at.load(as: QueueEntry.self))
      at += MemoryLayout<QueueEntry>.stride
      if at == end { break }
      if QueueBucket.isBoundary(at) {
        let next = QueueBucket.next(after: at)
        recycle(at - QueueBucket.size)
        buckets[b].first = next
        at = next + QueueBucket.header
      }
    }
    buckets[b].end = buckets[b].first + QueueBucket.header
  }
}
