// A fixed table of plain values in memory of its own: a world's copy of what its blueprint computed.

/// Rows that are read and changed in place. Unlike an array it is never shared with another world, checks no uniqueness when it is
/// changed, and copying it into a world is one `memcpy`.
public struct Table<Row: BitwiseCopyable>: ~Copyable {
  @usableFromInline let rows: UnsafeMutablePointer<Row>
  /// The number of rows.
  public let count: Int

  /// A copy of `rows`.
  @inlinable public init(_ rows: [Row]) {
    count = rows.count
    self.rows = .allocate(capacity: max(rows.count, 1))
    self.rows.initialize(from: rows, count: rows.count)
  }

  /// `count` rows of `row`.
  @inlinable public init(repeating row: Row, count: Int) {
    self.count = count
    rows = .allocate(capacity: max(count, 1))
    rows.initialize(repeating: row, count: count)
  }

  deinit { rows.deallocate() }

  /// The first row of which `predicate` holds.
  public func firstIndex(where predicate: (Row) -> Bool) -> Int? { (0..<count).first { predicate(rows[$0]) } }

  /// The row at `index`.
  /// - Precondition: there is one.
  @inlinable public subscript(index: Int) -> Row {
    @inline(__always) get {
      precondition(index >= 0 && index < count, "a row outside its table")
      return rows[index]
    }
    @inline(__always) nonmutating _modify {
      precondition(index >= 0 && index < count, "a row outside its table")
      yield &rows[index]
    }
  }
}
