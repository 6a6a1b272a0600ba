// The little of BER (T.125's connect PDUs) and of aligned PER (T.124, T.125's domain PDUs) that RDP needs.

extension ByteWriter {
  /// A PER length (X.691 §11.9): one byte below 128, else two.
  mutating func packedLength(_ length: Int) {
    if length < 0x80 { big(UInt8(length)) } else { packedLongLength(length) }
  }

  /// The same in two bytes whatever the value, as Windows clients write it; saturates at its 14 bits.
  mutating func packedLongLength(_ length: Int) { big(UInt16(min(length, 0x3FFF)) | 0x8000) }

  /// A BER element (X.690 §8.1) with the shortest length of its content.
  mutating func element(_ tag: UInt8..., content: [UInt8]) {
    append(tag)
    switch content.count {
    case ..<0x80: big(UInt8(content.count))
    case ..<0x100: big(UInt16(0x8100 | content.count))
    default:
      big(UInt8(0x82))
      big(UInt16(clamping: content.count))
    }
    append(content)
  }

  /// Text in UTF-16, least significant byte first.
  mutating func wide(_ text: String) { for unit in text.utf16 { little(unit) } }

  /// The same in a field of fixed size, filled up with zeros.
  mutating func wide(_ text: String, in size: Int) {
    let start = count
    wide(text)
    fill(count: max(0, size - (count - start)))
  }
}

extension ByteReader {
  /// A PER length of one or two bytes.
  mutating func packedLength(_ what: String) throws(CodecError) -> Int {
    let first = Int(try byte(what))
    if first < 0x80 { return first }
    guard first < 0xC0 else { throw .unsupported(what: "fragments of \(what)", value: UInt64(first)) }
    return (first & 0x3F) << 8 | Int(try byte(what))
  }

  /// The content of the BER element with this tag.
  mutating func element(_ tag: UInt8..., what: String) throws(CodecError) -> ByteReader {
    for byte in tag { try expect(big: byte, "tag of \(what)") }
    let first = try byte("length of \(what)")
    var length = UInt64(first)
    if first >= 0x80 {
      guard (0x81...0x83).contains(first) else { throw .invalid(field: "length of \(what)", value: length) }
      length = try big(bytes: Int(first & 0x7F), "length of \(what)")
    }
    return try part(Int(length), what)
  }

  /// Demands these very bytes.
  mutating func expect(exactly bytes: some Collection<UInt8>, _ what: String) throws(CodecError) {
    let found = try take(bytes.count, what)
    guard found.elementsEqual(bytes) else { throw .invalid(field: what, value: UInt64(found.first ?? 0)) }
  }
}
