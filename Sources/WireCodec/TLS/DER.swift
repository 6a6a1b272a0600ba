// The distinguished encoding rules (ITU-T X.690 §10), as far as certificates need them.

/// Writes values; each function gives a whole tag, length and content.
enum DER {
  static let boolean: UInt8 = 0x01
  static let integer: UInt8 = 0x02
  static let bitString: UInt8 = 0x03
  static let octetString: UInt8 = 0x04
  static let null: UInt8 = 0x05
  static let objectIdentifier: UInt8 = 0x06
  static let utf8String: UInt8 = 0x0C
  static let ia5String: UInt8 = 0x16
  static let utcTime: UInt8 = 0x17
  static let generalizedTime: UInt8 = 0x18
  static let sequence: UInt8 = 0x30
  static let set: UInt8 = 0x31
  /// A constructed context tag.
  static func context(_ number: UInt8) -> UInt8 { 0xA0 | number }

  static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag] + length(content.count) + content }
  static func value(_ tag: UInt8, _ text: String) -> [UInt8] { value(tag, Array(text.utf8)) }
  static func sequence(_ parts: [UInt8]...) -> [UInt8] { value(sequence, parts.flatMap { $0 }) }

  /// A positive number from its bytes, most significant first.
  static func integer(_ bytes: [UInt8]) -> [UInt8] { value(integer, bytes[0] & 0x80 == 0 ? bytes : [0] + bytes) }
  static func bits(_ bytes: [UInt8]) -> [UInt8] { value(bitString, [0] + bytes) }

  private static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(count)] }
    var digits: [UInt8] = []
    var rest = count
    while rest > 0 {
      digits.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return [0x80 | UInt8(digits.count)] + digits
  }
}

/// Reads values one after the other.
struct DERReader {
  private var reader: ByteReader
  init(_ bytes: ArraySlice<UInt8>) { reader = ByteReader(bytes) }

  var isAtEnd: Bool { reader.isAtEnd }

  /// The next value, whatever it is.
  mutating func any(_ what: String) throws(CodecError) -> (tag: UInt8, content: ArraySlice<UInt8>) {
    var ahead = reader
    let tag = try ahead.byte(what)
    // X.690 §8.1.2.4: tags above 30 take more bytes; certificates have none.
    guard tag & 0x1F != 0x1F else { throw .unsupported(what: what + " tag", value: UInt64(tag)) }
    let first = try ahead.byte(what + " length")
    var length = UInt64(first)
    if first & 0x80 != 0 {
      let count = Int(first & 0x7F)
      // X.690 §10.1: definite and as short as can be.
      guard (1...4).contains(count) else { throw .invalid(field: what + " length", value: length) }
      length = try ahead.big(bytes: count, what + " length")
      guard length >= 0x80, count == 1 || length >> UInt64(8 * (count - 1)) != 0 else {
        throw .invalid(field: what + " length", value: length)
      }
    }
    let content = try ahead.take(Int(length), what)
    reader = ahead
    return (tag, content)
  }

  mutating func value(_ tag: UInt8, _ what: String) throws(CodecError) -> ArraySlice<UInt8> {
    let found = try any(what)
    guard found.tag == tag else { throw .invalid(field: what + " tag", value: UInt64(found.tag)) }
    return found.content
  }

  mutating func inside(_ tag: UInt8, _ what: String) throws(CodecError) -> DERReader { DERReader(try value(tag, what)) }

  /// The next value's content if it has this tag.
  mutating func optional(_ tag: UInt8, _ what: String) throws(CodecError) -> ArraySlice<UInt8>? {
    var ahead = reader
    guard !reader.isAtEnd, try ahead.byte(what) == tag else { return nil }
    return try value(tag, what)
  }

  func end(of what: String) throws(CodecError) { try reader.end(of: what) }
}
