// Writes numbers and bytes one after the other, in either byte order.

/// A growing sequence of bytes.
public struct ByteWriter: Equatable, Sendable {
  public private(set) var bytes: [UInt8] = []
  public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  public var count: Int { bytes.count }

  /// Most significant byte first: network order.
  public mutating func big<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> T(shift))) }
  }

  /// Least significant byte first, as most of RDP.
  public mutating func little<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> T(shift))) }
  }

  /// The lowest `count` bytes of a value, most significant first, for fields of three bytes and the like.
  public mutating func big(_ value: UInt64, bytes count: Int) {
    for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  /// The same, least significant first.
  public mutating func little(_ value: UInt64, bytes count: Int) {
    for shift in stride(from: 0, to: count * 8, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  public mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
  public mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
  public mutating func fill(_ value: UInt8 = 0, count: Int) { bytes.append(contentsOf: repeatElement(value, count: count)) }

  /// Fills up to the next multiple of `alignment`.
  public mutating func pad(to alignment: Int, with value: UInt8 = 0) {
    while bytes.count % alignment != 0 { bytes.append(value) }
  }

  /// Overwrites what was written at `offset`, for lengths and checksums known only afterwards.
  public mutating func replaceBig<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for row in 0..<T.bitWidth / 8 { bytes[offset + row] = UInt8(truncatingIfNeeded: value >> T(T.bitWidth - 8 - row * 8)) }
  }

  public mutating func replaceLittle<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for row in 0..<T.bitWidth / 8 { bytes[offset + row] = UInt8(truncatingIfNeeded: value >> T(row * 8)) }
  }
}
