// The test oracle of `RadixQueue`: a plain binary heap on (time, sequence), slow and obvious. No world uses it.

/// Pending events by (time, push order), as `RadixQueue` must return them.
public struct BinaryQueue {
  private var heap: [(key: UInt64, payload: UInt64)] = []
  private var nextPayload = QueueEntry.sequenceStep
  private var lastKey: UInt64 = 0

  /// An empty queue.
  public init() {}
  /// The number of pending events.
  public var count: Int { heap.count }
  /// Whether nothing is pending.
  public var isEmpty: Bool { heap.isEmpty }

  /// Adds an event; the preconditions are those of `RadixQueue`.
  public mutating func push(at time: SimTime, slot: UInt32) {
    let key = QueueEntry.key(of: time)
    precondition(slot < 1 << 24 && key >= lastKey, "an event slot of more than 24 bits, or an event before the present")
    heap.append((key, nextPayload | UInt64(slot)))
    nextPayload += QueueEntry.sequenceStep
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The time of the next event.
  public mutating func peekTime() -> SimTime? { heap.first.map { QueueEntry.time(of: $0.key) } }

  /// Takes the next event.
  public mutating func pop() -> (time: SimTime, slot: UInt32)? { pop(notAfter: .never) }

  /// Takes the next event unless it lies after `limit`.
  public mutating func pop(notAfter limit: SimTime) -> (time: SimTime, slot: UInt32)? {
    guard let top = heap.first, top.key <= QueueEntry.key(of: limit) else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while parent * 2 + 1 < heap.count {
      var child = parent * 2 + 1
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if heap[parent] < heap[child] { break }
      heap.swapAt(parent, child)
      parent = child
    }
    lastKey = top.key
    return (QueueEntry.time(of: top.key), UInt32(top.payload & 0x00FF_FFFF))
  }
}
