// A store whose handles are checked: using what has ended is a bug of ours and stops the run, and what is shared is counted.

/// Elements, which may hold references, by (index, generation). A handle is stale as soon as its element has ended.
public struct HandleStore<Element>: ~Copyable {
  /// One row: how often its element is shared, or when the row is empty the next empty row.
  @frozen @usableFromInline struct Row: BitwiseCopyable {
    /// Odd while the row holds an element; never that of a former element.
    @usableFromInline var generation: UInt32
    @usableFromInline var sharesOrNext: UInt32
    @inlinable init(generation: UInt32, sharesOrNext: UInt32) {
      self.generation = generation
      self.sharesOrNext = sharesOrNext
    }
  }

  @usableFromInline var rows: UnsafeMutablePointer<Row>
  @usableFromInline var elements: UnsafeMutablePointer<Element>
  @usableFromInline var used = 0
  @usableFromInline var capacity = 16
  @usableFromInline var firstFree: UInt32 = .max
  @usableFromInline var live = 0

  /// An empty store.
  @inlinable public init() {
    rows = .allocate(capacity: 16)
    elements = .allocate(capacity: 16)
  }

  deinit {
    for i in 0..<used where rows[i].generation & 1 == 1 { (elements + i).deinitialize(count: 1) }
    rows.deallocate()
    elements.deallocate()
  }

  /// The number of elements that have not ended, however often each is shared.
  @inlinable public var liveCount: Int { live }

  /// Keeps `element` with one share.
  @inlinable public mutating func insert(_ element: Element) -> (index: UInt32, generation: UInt32) {
    live &+= 1
    let index: Int
    if firstFree != .max {
      index = Int(firstFree)
      firstFree = rows[index].sharesOrNext
      rows[index] = Row(generation: rows[index].generation &+ 1, sharesOrNext: 1)
    } else {
      if used == capacity { grow() }
      index = used
      used &+= 1
      rows[index] = Row(generation: 1, sharesOrNext: 1)
    }
    (elements + index).initialize(to: element)
    return (UInt32(truncatingIfNeeded: index), rows[index].generation)
  }

  @inlinable @inline(__always) func checked(_ index: UInt32, _ generation: UInt32) -> Int {
    let row = Int(index)
    precondition(row < used && rows[row].generation == generation && generation & 1 == 1, "a stale handle")
    return row
  }

  /// Whether the handle's element has not ended.
  @inlinable public func isLive(_ index: UInt32, _ generation: UInt32) -> Bool {
    Int(index) < used && rows[Int(index)].generation == generation && generation & 1 == 1
  }

  /// The element.
  /// - Precondition: the handle is not stale.
  @inlinable public subscript(index: UInt32, generation: UInt32) -> Element {
    get { elements[checked(index, generation)] }
    set { elements[checked(index, generation)] = newValue }
  }

  /// Lets `body` read or change the element in place, without a copy.
  @inlinable public mutating func withElement<Result>(
    _ index: UInt32, _ generation: UInt32, _ body: (inout Element) throws -> Result
  ) rethrows -> Result { try body(&elements[checked(index, generation)]) }

  /// Adds a share: one more holder must `release` or `remove`.
  @inlinable public mutating func retain(_ index: UInt32, _ generation: UInt32) {
    rows[checked(index, generation)].sharesOrNext += 1
  }

  /// Gives a share back and returns the element when that was the last: it has ended.
  @inlinable @discardableResult public mutating func release(_ index: UInt32, _ generation: UInt32) -> Element? {
    let row = checked(index, generation)
    if rows[row].sharesOrNext > 1 {
      rows[row].sharesOrNext &-= 1
      return nil
    }
    return end(row)
  }

  /// Ends an element that nobody else shares and returns it.
  @inlinable @discardableResult public mutating func remove(_ index: UInt32, _ generation: UInt32) -> Element {
    let row = checked(index, generation)
    precondition(rows[row].sharesOrNext == 1, "an element removed while others share it")
    return end(row)
  }

  @inlinable mutating func end(_ row: Int) -> Element {
    live &-= 1
    rows[row] = Row(generation: rows[row].generation &+ 1, sharesOrNext: firstFree)
    firstFree = UInt32(truncatingIfNeeded: row)
    return (elements + row).move()
  }

  /// Called only when no row is empty, so every row holds an element to move.
  @inlinable @inline(never) mutating func grow() {
    let moreRows = UnsafeMutablePointer<Row>.allocate(capacity: capacity * 2)
    let moreElements = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    moreRows.update(from: rows, count: used)
    moreElements.moveInitialize(from: elements, count: used)
    rows.deallocate()
    elements.deallocate()
    rows = moreRows
    elements = moreElements
    capacity *= 2
  }
}
