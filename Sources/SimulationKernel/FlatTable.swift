// A hash table for hot paths: open addressing, linear probing, a fixed hash, removal by shifting back (no tombstones).
//
// It is a non-copyable struct and not a class: stored in a final class it lies inside the object, so an access costs no retain,
// no release and no second indirection (mark the property `@exclusivity(unchecked)` to spare mutations the dynamic check), and a
// second owner is a compile error. What must stand in an array is wrapped in its node's class. There is no iteration, so nothing
// can depend on the order of hashes.

/// A key with a hash that is the same in every process.
public protocol FlatKey: Hashable, BitwiseCopyable {
  /// Equal keys have equal hashes; the table spreads them itself, so that they need only be mostly distinct.
  var flatHash: UInt64 { get }
}

extension UInt64: FlatKey {
  /// The number itself.
  @inlinable public var flatHash: UInt64 { self }
}

extension UInt32: FlatKey {
  /// The number itself.
  @inlinable public var flatHash: UInt64 { UInt64(self) }
}

extension ComponentKey: FlatKey {
  /// The key is a hash already.
  @inlinable public var flatHash: UInt64 { value }
}

/// A map from plain keys to plain values, never more than three quarters full.
public struct FlatTable<Key: FlatKey, Value: BitwiseCopyable>: ~Copyable {
  /// The mark of each place: 0 when empty, otherwise made from the hash of the key that stands there.
  @usableFromInline var marks: UnsafeMutablePointer<UInt64>
  @usableFromInline var keys: UnsafeMutablePointer<Key>
  @usableFromInline var values: UnsafeMutablePointer<Value>
  /// 64 minus the binary logarithm of the capacity.
  @usableFromInline var shift: UInt64
  @usableFromInline var filled = 0

  /// An empty table with room for `minimumCapacity` entries.
  @inlinable public init(minimumCapacity: Int = 0) {
    var logarithm: UInt64 = 3
    while (1 << logarithm) * 3 / 4 < minimumCapacity { logarithm += 1 }
    shift = 64 - logarithm
    marks = .allocate(capacity: 1 << logarithm)
    marks.initialize(repeating: 0, count: 1 << logarithm)
    keys = .allocate(capacity: 1 << logarithm)
    values = .allocate(capacity: 1 << logarithm)
  }

  deinit {
    marks.deallocate()
    keys.deallocate()
    values.deallocate()
  }

  /// The number of entries.
  @inlinable public var count: Int { filled }
  /// Whether there are no entries.
  @inlinable public var isEmpty: Bool { filled == 0 }
  @inlinable var capacity: Int { 1 &<< Int(64 &- shift) }

  @inlinable @inline(__always) static func mark(of key: Key) -> UInt64 {
    let hash = key.flatHash
    return hash == 0 ? 0x9E37_79B9_7F4A_7C15 : hash
  }

  /// The place where a probe begins: Fibonacci hashing (Knuth, TAOCP vol. 3, §6.4), which uses every bit of the hash.
  @inlinable @inline(__always) func home(of mark: UInt64) -> Int {
    Int(truncatingIfNeeded: (mark &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }

  /// The place of `key`, or the empty place where it belongs.
  @inlinable @inline(__always) func place(of key: Key, _ mark: UInt64) -> Int {
    var at = home(of: mark)
    while marks[at] != 0, marks[at] != mark || keys[at] != key { at = (at &+ 1) & (capacity &- 1) }
    return at
  }

  /// The value of `key`.
  @inlinable public subscript(key: Key) -> Value? {
    @inline(__always) get {
      let at = place(of: key, Self.mark(of: key))
      return marks[at] == 0 ? nil : values[at]
    }
  }

  /// Sets the value of `key` and returns the one it replaced.
  @inlinable @discardableResult public mutating func insert(_ value: Value, for key: Key) -> Value? {
    let mark = Self.mark(of: key)
    var at = place(of: key, mark)
    if marks[at] != 0 {
      let old = values[at]
      values[at] = value
      return old
    }
    if (filled &+ 1) &* 4 > capacity &* 3 {
      grow()
      at = place(of: key, mark)
    }
    marks[at] = mark
    keys[at] = key
    values[at] = value
    filled &+= 1
    return nil
  }

  /// Removes `key` and returns its value.
  @inlinable @discardableResult public mutating func remove(_ key: Key) -> Value? {
    let at = place(of: key, Self.mark(of: key))
    if marks[at] == 0 { return nil }
    let old = values[at]
    vacate(at)
    return old
  }

  /// Lets `body` change the value of `key` in place; nil when there is none.
  @inlinable public mutating func withValue<Result>(for key: Key, _ body: (inout Value) throws -> Result) rethrows -> Result? {
    let at = place(of: key, Self.mark(of: key))
    return marks[at] == 0 ? nil : try body(&values[at])
  }

  /// Removes what `predicate` holds for and returns how many that were.
  ///
  /// The predicate is asked once for each entry, in no particular order: its answer must depend on that entry alone, and it must
  /// leave no trace of the order it was asked in.
  @inlinable @discardableResult public mutating func removeAll(where predicate: (Key, Value) -> Bool) -> Int {
    let before = filled
    var at = 0
    while marks[at] != 0 { at &+= 1 }  // behind an empty place no run of entries wraps around
    for _ in 0..<capacity {
      while marks[at] != 0 && predicate(keys[at], values[at]) { vacate(at) }  // the next of the run may have moved here
      at = (at &+ 1) & (capacity &- 1)
    }
    return before - filled
  }

  /// Removes everything and keeps the room.
  @inlinable public mutating func removeAll() {
    marks.update(repeating: 0, count: capacity)
    filled = 0
  }

  /// Empties a place and moves back those behind it whose probe passes it.
  @inlinable mutating func vacate(_ place: Int) {
    let mask = capacity &- 1
    var gap = place
    var at = (gap &+ 1) & mask
    while marks[at] != 0 {
      if (at &- home(of: marks[at])) & mask >= (at &- gap) & mask {
        marks[gap] = marks[at]
        keys[gap] = keys[at]
        values[gap] = values[at]
        gap = at
      }
      at = (at &+ 1) & mask
    }
    marks[gap] = 0
    filled &-= 1
  }

  @inlinable @inline(never) mutating func grow() {
    var wider = FlatTable(minimumCapacity: capacity)
    for at in 0..<capacity where marks[at] != 0 { wider.insert(values[at], for: keys[at]) }
    self = wider
  }
}
