// Bytes of a stream that have come and are not yet understood.

/// A queue of bytes: appended at the end as segments come, taken off the front as messages are whole.
struct StreamBuffer: Sendable {
  private var bytes: [UInt8] = []
  private var head = 0

  /// What is there.
  var waiting: ArraySlice<UInt8> { bytes[head...] }
  var count: Int { bytes.count - head }

  mutating func append(_ more: some Sequence<UInt8>) {
    if head > 0, head >= bytes.count / 2 {
      bytes.removeFirst(head)
      head = 0
    }
    bytes.append(contentsOf: more)
  }

  /// Takes the first `count` bytes, of which there must be so many.
  mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    defer { head += count }
    return bytes[head..<head + count]
  }
}
