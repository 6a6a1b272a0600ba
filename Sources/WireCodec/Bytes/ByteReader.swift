// Reads numbers and bytes one after the other and never past the end.

/// A position in bytes. Every read either succeeds whole or throws `CodecError.truncated` and moves nothing.
public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  public init(_ bytes: [UInt8]) { self.init(bytes[...]) }
  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// Bytes not yet read.
  public var remaining: Int { bytes.endIndex - position }
  /// Bytes read so far.
  public var offset: Int { position - bytes.startIndex }
  public var isAtEnd: Bool { position == bytes.endIndex }

  public mutating func big<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self, _ what: String) throws(CodecError)
    -> T
  {
    try take(T.bitWidth / 8, what).reduce(0) { $0 << 8 | T($1) }
  }

  public mutating func little<T: FixedWidthInteger & UnsignedInteger>(
    _ type: T.Type = T.self, _ what: String
  ) throws(CodecError) -> T {
    try take(T.bitWidth / 8, what).reversed().reduce(0) { $0 << 8 | T($1) }
  }

  /// A number of `count` bytes (8 at most), most significant first.
  public mutating func big(bytes count: Int, _ what: String) throws(CodecError) -> UInt64 {
    try take(count, what).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The same, least significant first.
  public mutating func little(bytes count: Int, _ what: String) throws(CodecError) -> UInt64 {
    try take(count, what).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  public mutating func byte(_ what: String) throws(CodecError) -> UInt8 { try big(UInt8.self, what) }

  /// The next `count` bytes.
  public mutating func take(_ count: Int, _ what: String) throws(CodecError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw .truncated(what: what, needed: max(count, 0), available: remaining) }
    defer { position += count }
    return bytes[position..<position + count]
  }

  public mutating func skip(_ count: Int, _ what: String) throws(CodecError) { _ = try take(count, what) }

  /// Everything that is left.
  public mutating func rest() -> ArraySlice<UInt8> {
    defer { position = bytes.endIndex }
    return bytes[position...]
  }

  /// A reader of the next `count` bytes alone.
  public mutating func part(_ count: Int, _ what: String) throws(CodecError) -> ByteReader { ByteReader(try take(count, what)) }

  /// Demands that a field has the one value that is allowed.
  public mutating func expect<T: FixedWidthInteger & UnsignedInteger>(
    big value: T, _ field: String
  ) throws(CodecError) {
    let found = try big(T.self, field)
    guard found == value else { throw .invalid(field: field, value: UInt64(found)) }
  }

  public mutating func expect<T: FixedWidthInteger & UnsignedInteger>(little value: T, _ field: String) throws(CodecError) {
    let found = try little(T.self, field)
    guard found == value else { throw .invalid(field: field, value: UInt64(found)) }
  }

  /// Demands that nothing is left.
  public func end(of what: String) throws(CodecError) {
    guard isAtEnd else { throw .trailing(what: what, count: remaining) }
  }
}
