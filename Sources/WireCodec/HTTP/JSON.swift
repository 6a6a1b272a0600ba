// JSON texts (RFC 8259), as far as the service's bodies need them: members keep their order, numbers their digits.

/// A JSON value.
indirect enum JSON: Equatable {
  struct Member: Equatable {
    var name: String
    var value: JSON
  }

  case string(String)
  case number(String)
  case bool(Bool)
  case null
  case array([JSON])
  case object([Member])

  static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  // MARK: Writing

  /// Without any space.
  var text: String {
    switch self {
    case .string(let text): Self.quoted(text)
    case .number(let digits): digits
    case .bool(let isTrue): isTrue ? "true" : "false"
    case .null: "null"
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { Self.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\u{0}"..."\u{1F}": out += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  // MARK: Reading

  init(reading bytes: some Sequence<UInt8>) throws(CodecError) {
    var reader = JSONReader(Array(bytes))
    self = try reader.whole()
  }

  /// A member of an object; its last when it has several.
  subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }

  func string(_ name: String) throws(CodecError) -> String {
    guard case .string(let text)? = self[name] else { throw .invalid(field: "JSON member \(name)", value: 0) }
    return text
  }

  func number(_ name: String) throws(CodecError) -> String {
    guard case .number(let digits)? = self[name] else { throw .invalid(field: "JSON member \(name)", value: 0) }
    return digits
  }
}

/// Reads one JSON text.
private struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0
  /// Values within values; deeper is nothing the service sends.
  private static let deepest = 16

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func whole() throws(CodecError) -> JSON {
    let value = try value(0)
    skipSpace()
    guard position == bytes.count else { throw .trailing(what: "JSON text", count: bytes.count - position) }
    return value
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
  private var mistake: CodecError {
    next.map { .invalid(field: "JSON text", value: UInt64($0)) } ?? .truncated(what: "JSON text", needed: 1, available: 0)
  }

  private mutating func skipSpace() { while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 } }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func demand(_ text: String) throws(CodecError) {
    for byte in text.utf8 { guard take(byte) else { throw mistake } }
  }

  private mutating func value(_ depth: Int) throws(CodecError) -> JSON {
    guard depth < Self.deepest else { throw .unsupported(what: "JSON depth", value: UInt64(depth)) }
    skipSpace()
    switch next {
    case 0x7B: return try object(depth)
    case 0x5B: return try array(depth)
    case 0x22: return .string(try string())
    case 0x74:
      try demand("true")
      return .bool(true)
    case 0x66:
      try demand("false")
      return .bool(false)
    case 0x6E:
      try demand("null")
      return .null
    default: return .number(try number())
    }
  }

  private mutating func object(_ depth: Int) throws(CodecError) -> JSON {
    position += 1
    var members: [JSON.Member] = []
    skipSpace()
    if take(0x7D) { return .object(members) }
    while true {
      skipSpace()
      guard next == 0x22 else { throw mistake }
      let name = try string()
      skipSpace()
      guard take(0x3A) else { throw mistake }
      members.append(JSON.Member(name: name, value: try value(depth + 1)))
      skipSpace()
      if take(0x7D) { return .object(members) }
      guard take(0x2C) else { throw mistake }
    }
  }

  private mutating func array(_ depth: Int) throws(CodecError) -> JSON {
    position += 1
    var values: [JSON] = []
    skipSpace()
    if take(0x5D) { return .array(values) }
    while true {
      values.append(try value(depth + 1))
      skipSpace()
      if take(0x5D) { return .array(values) }
      guard take(0x2C) else { throw mistake }
    }
  }

  /// RFC 8259 §6.
  private mutating func number() throws(CodecError) -> String {
    let start = position
    _ = take(0x2D)
    if !take(0x30) { try digits() }
    if take(0x2E) { try digits() }
    if take(0x65) || take(0x45) {
      if !take(0x2B) { _ = take(0x2D) }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(CodecError) {
    guard let first = next, (0x30...0x39).contains(first) else { throw mistake }
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
  }

  private mutating func string() throws(CodecError) -> String {
    position += 1
    var out: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case 0x22:
        guard let text = String(validating: out, as: UTF8.self) else { throw .invalid(field: "JSON string", value: 0) }
        return text
      case 0x5C: out += Array(String(Character(try escaped())).utf8)
      case 0..<0x20: throw .invalid(field: "JSON string", value: UInt64(byte))
      default: out.append(byte)
      }
    }
    throw mistake
  }

  /// RFC 8259 §7.
  private mutating func escaped() throws(CodecError) -> Unicode.Scalar {
    guard let byte = next else { throw mistake }
    position += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(byte)
    case 0x62: return "\u{8}"
    case 0x66: return "\u{C}"
    case 0x6E: return "\n"
    case 0x72: return "\r"
    case 0x74: return "\t"
    case 0x75:
      var code = try unit()
      if (0xD800..<0xDC00).contains(code) {
        try demand("\\u")
        let low = try unit()
        guard (0xDC00..<0xE000).contains(low) else { throw .invalid(field: "JSON surrogate", value: UInt64(low)) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw .invalid(field: "JSON surrogate", value: UInt64(code)) }
      return scalar
    default: throw .invalid(field: "JSON escape", value: UInt64(byte))
    }
  }

  private mutating func unit() throws(CodecError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw mistake }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
