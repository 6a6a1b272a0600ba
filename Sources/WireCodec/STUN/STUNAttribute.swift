// STUN attributes by number, name and form (RFC 8489 §18.3, RFC 8445 §16.1, RFC 5780 §9.1, RFC 8656 §18.1, RFC 3489 §11.2).
public import Wire

/// An attribute of a STUN or TURN message.
public struct STUNAttribute: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case flag
    case number(UInt64)
    /// Plain or by XOR on the wire, as the attribute's number says.
    case address(Endpoint)
    case error(code: UInt16, reason: [UInt8])
    case types([UInt16])
    /// Text, opaque bytes, and whatever has an unknown number.
    case bytes([UInt8])
  }
  public var type: UInt16
  public var value: Value

  public init(_ type: UInt16, _ value: Value) {
    self.type = type
    self.value = value
  }

  /// RFC 8489 §14: who does not know such an attribute must not go on with the message.
  public var mustBeUnderstood: Bool { type < 0x8000 }
  public var isKnown: Bool { Self.known[type] != nil }
  /// As the specifications write it, or its number.
  public var name: String {
    if let known = Self.known[type] { return known.name }
    let digits = String(type, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// How a value stands on the wire.
  enum Form {
    case flag, address, xorAddress, error, types, bytes
    case text
    /// A number of so many bytes, with so many reserved ones after it.
    case number(Int, reserved: Int = 0)
  }

  private static let known: [UInt16: (name: String, form: Form)] = [
    0x0001: ("MAPPED-ADDRESS", .address), 0x0002: ("RESPONSE-ADDRESS", .address), 0x0003: ("CHANGE-REQUEST", .number(4)),
    0x0004: ("SOURCE-ADDRESS", .address), 0x0005: ("CHANGED-ADDRESS", .address), 0x0006: ("USERNAME", .text),
    0x0007: ("PASSWORD", .text), 0x0008: ("MESSAGE-INTEGRITY", .bytes), 0x0009: ("ERROR-CODE", .error),
    0x000A: ("UNKNOWN-ATTRIBUTES", .types), 0x000B: ("REFLECTED-FROM", .address),
    0x000C: ("CHANNEL-NUMBER", .number(2, reserved: 2)), 0x000D: ("LIFETIME", .number(4)), 0x0010: ("BANDWIDTH", .number(4)),
    0x0012: ("XOR-PEER-ADDRESS", .xorAddress), 0x0013: ("DATA", .bytes), 0x0014: ("REALM", .text), 0x0015: ("NONCE", .text),
    0x0016: ("XOR-RELAYED-ADDRESS", .xorAddress), 0x0017: ("REQUESTED-ADDRESS-FAMILY", .number(1, reserved: 3)),
    0x0018: ("EVEN-PORT", .number(1)), 0x0019: ("REQUESTED-TRANSPORT", .number(1, reserved: 3)),
    0x001A: ("DONT-FRAGMENT", .flag), 0x001B: ("ACCESS-TOKEN", .bytes), 0x001C: ("MESSAGE-INTEGRITY-SHA256", .bytes),
    0x001D: ("PASSWORD-ALGORITHM", .bytes), 0x001E: ("USERHASH", .bytes), 0x0020: ("XOR-MAPPED-ADDRESS", .xorAddress),
    0x0022: ("RESERVATION-TOKEN", .number(8)), 0x0024: ("PRIORITY", .number(4)), 0x0025: ("USE-CANDIDATE", .flag),
    0x0026: ("PADDING", .bytes), 0x0027: ("RESPONSE-PORT", .number(2)), 0x002A: ("CONNECTION-ID", .number(4)),
    0x8000: ("ADDITIONAL-ADDRESS-FAMILY", .number(1, reserved: 3)), 0x8001: ("ADDRESS-ERROR-CODE", .bytes),
    0x8002: ("PASSWORD-ALGORITHMS", .bytes), 0x8003: ("ALTERNATE-DOMAIN", .text), 0x8004: ("ICMP", .bytes),
    0x8022: ("SOFTWARE", .text), 0x8023: ("ALTERNATE-SERVER", .address), 0x8027: ("CACHE-TIMEOUT", .number(4)),
    0x8028: ("FINGERPRINT", .number(4)), 0x8029: ("ICE-CONTROLLED", .number(8)), 0x802A: ("ICE-CONTROLLING", .number(8)),
    0x802B: ("RESPONSE-ORIGIN", .address), 0x802C: ("OTHER-ADDRESS", .address),
  ]

  public static let mappedAddress: UInt16 = 0x0001
  public static let username: UInt16 = 0x0006
  static let messageIntegrity: UInt16 = 0x0008
  public static let errorCode: UInt16 = 0x0009
  public static let channelNumber: UInt16 = 0x000C
  public static let lifetime: UInt16 = 0x000D
  public static let xorPeerAddress: UInt16 = 0x0012
  public static let data: UInt16 = 0x0013
  public static let realm: UInt16 = 0x0014
  public static let nonce: UInt16 = 0x0015
  public static let xorRelayedAddress: UInt16 = 0x0016
  public static let requestedTransport: UInt16 = 0x0019
  static let messageIntegritySHA256: UInt16 = 0x001C
  public static let xorMappedAddress: UInt16 = 0x0020
  public static let priority: UInt16 = 0x0024
  public static let useCandidate: UInt16 = 0x0025
  public static let software: UInt16 = 0x8022
  public static let alternateServer: UInt16 = 0x8023
  static let fingerprint: UInt16 = 0x8028
  public static let iceControlled: UInt16 = 0x8029
  public static let iceControlling: UInt16 = 0x802A
  public static let responseOrigin: UInt16 = 0x802B
  public static let otherAddress: UInt16 = 0x802C

  // MARK: Bytes

  /// The value's bytes, without header and padding.
  func encodedValue(_ transaction: TransactionID) -> [UInt8] {
    var out = ByteWriter()
    switch value {
    case .flag: break
    case .bytes(let bytes): out.append(bytes)
    case .number(let number):
      var (width, reserved) = (8, 0)
      if case .number(let bytes, let rest) = Self.known[type]?.form { (width, reserved) = (bytes, rest) }
      out.big(number, bytes: width)
      out.fill(count: reserved)
    case .types(let types): for type in types { out.big(type) }
    case .error(let code, let reason):
      // RFC 8489 §14.8: the hundreds in three bits, the rest in a byte.
      out.big(UInt32(code / 100 & 7) << 8 | UInt32(code % 100))
      out.append(reason)
    case .address(let endpoint):
      var mask = TransactionMask()
      if case .xorAddress = Self.known[type]?.form { mask = TransactionMask(transaction) }
      out.big(UInt16(endpoint.address.isV4 ? 1 : 2))
      out.big(endpoint.port ^ UInt16(mask.high >> 48))
      if endpoint.address.isV4 {
        out.big(endpoint.address.v4 ^ UInt32(mask.high >> 32))
      } else {
        out.big(endpoint.address.high ^ mask.high)
        out.big(endpoint.address.low ^ mask.low)
      }
    }
    return out.bytes
  }

  init(_ type: UInt16, reading bytes: ArraySlice<UInt8>, _ transaction: TransactionID) throws(CodecError) {
    self.type = type
    guard let (name, form) = Self.known[type] else {
      value = .bytes(Array(bytes))
      return
    }
    var reader = ByteReader(bytes)
    switch form {
    case .flag: value = .flag
    case .bytes, .text: value = .bytes(Array(reader.rest()))
    case .number(let width, let reserved):
      value = .number(try reader.big(bytes: width, name))
      try reader.skip(reserved, name)
    case .types:
      var types: [UInt16] = []
      while !reader.isAtEnd { types.append(try reader.big(UInt16.self, name)) }
      value = .types(types)
    case .error:
      let word = try reader.big(UInt32.self, name)
      let (hundreds, rest) = (word >> 8 & 7, word & 0xFF)
      guard (3...6).contains(hundreds), rest < 100 else { throw .invalid(field: name, value: UInt64(word)) }
      value = .error(code: UInt16(hundreds * 100 + rest), reason: Array(reader.rest()))
    case .address: value = .address(try Self.readAddress(&reader, TransactionMask(), name))
    case .xorAddress: value = .address(try Self.readAddress(&reader, TransactionMask(transaction), name))
    }
    try reader.end(of: name)
  }

  private static func readAddress(
    _ reader: inout ByteReader, _ mask: TransactionMask, _ name: String
  ) throws(CodecError) -> Endpoint {
    try reader.skip(1, name)
    let family = try reader.byte(name)
    let port = try reader.big(UInt16.self, name) ^ UInt16(mask.high >> 48)
    switch family {
    case 1: return Endpoint(IPAddress(v4: try reader.big(UInt32.self, name) ^ UInt32(mask.high >> 32)), port)
    case 2:
      let high = try reader.big(UInt64.self, name) ^ mask.high
      let low = try reader.big(UInt64.self, name) ^ mask.low
      return Endpoint(IPAddress(high: high, low: low), port)
    default: throw .invalid(field: "\(name) family", value: UInt64(family))
    }
  }
}

/// What XOR addresses are combined with: the cookie and the transaction id (RFC 8489 §14.2); nothing for plain addresses.
private struct TransactionMask {
  var high: UInt64 = 0
  var low: UInt64 = 0
  init() {}
  init(_ transaction: TransactionID) {
    high = UInt64(STUNFrame.cookie) << 32 | UInt64(transaction.high)
    low = transaction.low
  }
}

extension STUNAttribute: CustomStringConvertible {
  public var description: String {
    switch value {
    case .flag: name
    case .number(let number): "\(name) \(number)"
    case .address(let endpoint): "\(name) \(endpoint)"
    case .error(let code, let reason): "\(name) \(code) \(String(decoding: reason, as: UTF8.self))"
    case .types(let types): "\(name) \(types.map { STUNAttribute($0, .flag).name }.joined(separator: ", "))"
    case .bytes(let bytes):
      if case .text = Self.known[type]?.form {
        "\(name) \(String(decoding: bytes, as: UTF8.self))"
      } else {
        "\(name) of \(bytes.count) bytes"
      }
    }
  }
}
