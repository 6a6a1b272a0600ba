// Why bytes are not the message they should be.

/// A mistake in bytes, found while they were read. Decoders throw nothing else, whatever they are given.
public enum CodecError: Error, Equatable, Sendable {
  /// `what` needs more bytes than there are.
  case truncated(what: String, needed: Int, available: Int)
  /// Bytes are left over after the end of `what`.
  case trailing(what: String, count: Int)
  /// A field has a value that the specification does not allow, or that stands for something else.
  case invalid(field: String, value: UInt64)
  /// A checksum, CRC or HMAC does not fit what it protects.
  case integrity(field: String)
  /// The bytes are well formed, but of a kind that is not modelled.
  case unsupported(what: String, value: UInt64)
}

extension CodecError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let what, let needed, let available): "\(what) needs \(needed) bytes; found \(available)"
    case .trailing(let what, let count): "\(count) bytes after the end of \(what)"
    case .invalid(let field, let value): "\(field) cannot be \(value)"
    case .integrity(let field): "\(field) does not fit the bytes it protects"
    case .unsupported(let what, let value): "\(what) \(value) is not modelled"
    }
  }
}
