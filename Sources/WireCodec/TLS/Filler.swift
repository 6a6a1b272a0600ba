// Bytes that stand where a world has none: sealed contents, signatures, tokens. They follow from a seed, a key and an offset.
import SimulationKernel
import Wire

/// Deterministic filler. Byte `n` of a key's filler is the same however it is cut.
enum Filler {
  static func bytes(seed: UInt64, key: UInt64, at offset: UInt64 = 0, count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    var position = offset
    while out.count < count {
      let word = mix(seed, key, position / 8)
      var row = Int(position % 8)
      while row < 8, out.count < count {
        out.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * row)))
        row += 1
        position &+= 1
      }
    }
    return out
  }

  /// Filler of the base64url alphabet (RFC 4648 §5).
  static func text(seed: UInt64, key: UInt64, count: Int) -> String {
    String(decoding: bytes(seed: seed, key: key, count: max(0, count)).map { Base64.url[Int($0 & 63)] }, as: UTF8.self)
  }
}

/// RFC 4648 §4 and §5.
enum Base64 {
  static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// With `=` up to a multiple of four characters.
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text = encode(bytes, standard)
    while text.count % 4 != 0 { text.append(0x3D) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Without padding, as JSON Web Tokens have it (RFC 7515 §2).
  static func encodeURL(_ bytes: some Sequence<UInt8>) -> String { String(decoding: encode(bytes, url), as: UTF8.self) }

  private static func encode(_ bytes: some Sequence<UInt8>, _ alphabet: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var word: UInt32 = 0
    var bits = 0
    for byte in bytes {
      word = word << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        out.append(alphabet[Int(word >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { out.append(alphabet[Int(word << UInt32(6 - bits) & 63)]) }
    return out
  }

  /// Either alphabet, padded or not; bits left over must be 0.
  static func decode(_ text: some StringProtocol, _ field: String) throws(CodecError) -> [UInt8] {
    var symbols = Array(text.utf8)
    var padding = 0
    while padding < 2, symbols.last == 0x3D {
      symbols.removeLast()
      padding += 1
    }
    guard symbols.count % 4 != 1, padding == 0 || (symbols.count + padding) % 4 == 0 else {
      throw .invalid(field: field + " (base64) length", value: UInt64(symbols.count))
    }
    var out: [UInt8] = []
    var word: UInt32 = 0
    var bits = 0
    for symbol in symbols {
      word = word << 6 | UInt32(try value(of: symbol, field))
      bits += 6
      guard bits >= 8 else { continue }
      bits -= 8
      out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
    }
    guard word & (1 << UInt32(bits) - 1) == 0 else { throw .invalid(field: field + " (base64) end", value: UInt64(word & 63)) }
    return out
  }

  private static func value(of symbol: UInt8, _ field: String) throws(CodecError) -> UInt8 {
    switch symbol {
    case 0x41...0x5A: return symbol - 0x41
    case 0x61...0x7A: return symbol - 0x61 + 26
    case 0x30...0x39: return symbol - 0x30 + 52
    case 0x2B, 0x2D: return 62
    case 0x2F, 0x5F: return 63
    default: throw .invalid(field: field + " (base64)", value: UInt64(symbol))
    }
  }
}
