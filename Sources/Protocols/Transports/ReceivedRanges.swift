// Bytes that came ahead of a gap, as a small sorted set of offset intervals; shared by TCP and RDP-UDP.

/// Disjoint intervals of stream offsets, ascending, all above the receiver's contiguous offset.
public struct ReceivedRanges: Equatable, Sendable {
  /// The bytes `start ..< end`.
  public struct Interval: Equatable, Sendable, BitwiseCopyable {
    /// The first offset.
    public var start: UInt64
    /// The offset after the last.
    public var end: UInt64
  }

  /// Intervals held at most; what would need another is forgotten and comes again (*assumed*).
  public static let limit = 256

  /// The intervals, ascending; empty, and without storage, until something comes out of order.
  public private(set) var intervals: [Interval] = []

  /// An empty set.
  public init() {}

  /// Whether nothing waits behind a gap.
  public var isEmpty: Bool { intervals.isEmpty }

  /// Takes in `start ..< end`. What joins the contiguous bytes moves `contiguous` on and is no longer held.
  public mutating func take(_ start: UInt64, _ end: UInt64, contiguous: inout UInt64) {
    guard start < end else { return }
    if start > contiguous { return insert(start, end) }
    contiguous = max(contiguous, end)
    guard let first = intervals.first, first.start <= contiguous else { return }
    var absorbed = 0
    while absorbed < intervals.count, intervals[absorbed].start <= contiguous {
      contiguous = max(contiguous, intervals[absorbed].end)
      absorbed += 1
    }
    intervals.removeFirst(absorbed)
  }

  private mutating func insert(_ start: UInt64, _ end: UInt64) {
    var low = 0
    while low < intervals.count, intervals[low].end < start { low += 1 }
    var high = low
    var merged = Interval(start: start, end: end)
    while high < intervals.count, intervals[high].start <= end {
      merged.start = min(merged.start, intervals[high].start)
      merged.end = max(merged.end, intervals[high].end)
      high += 1
    }
    if high > low {
      intervals[low] = merged
      intervals.removeSubrange(low + 1..<high)
    } else if intervals.count < Self.limit {
      intervals.insert(merged, at: low)
    }
  }
}
