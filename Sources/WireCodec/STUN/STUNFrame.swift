// Any STUN or TURN message as its header and a list of attributes, with integrity made and judged (RFC 8489 §5, §14.5 to §14.7).
import Crypto
public import Wire

/// A STUN message of any method, with the attributes in their order.
public struct STUNFrame: Hashable, Sendable {
  /// RFC 8489 §5.
  static let cookie: UInt32 = 0x2112_A442
  public static let headerLength = 20
  /// The method that STUN itself defines.
  public static let binding: UInt16 = 0x001
  // RFC 8656 §17.
  public static let allocate: UInt16 = 0x003
  public static let refresh: UInt16 = 0x004
  public static let send: UInt16 = 0x006
  public static let data: UInt16 = 0x007
  public static let createPermission: UInt16 = 0x008
  public static let channelBind: UInt16 = 0x009

  /// Whether bytes begin as a STUN message does: two zero bits and the cookie (RFC 8489 §5).
  public static func begins(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count >= headerLength && bytes[bytes.startIndex] < 0x40
      && bytes.dropFirst(4).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } == cookie
  }

  public var kind: STUNClass
  /// 12 bits.
  public var method: UInt16
  public var transaction: TransactionID
  public var attributes: [STUNAttribute]

  public init(kind: STUNClass, method: UInt16 = binding, transaction: TransactionID, attributes: [STUNAttribute] = []) {
    self.kind = kind
    self.method = method
    self.transaction = transaction
    self.attributes = attributes
  }

  /// The first attribute of a type: what counts when there are several (RFC 8489 §14).
  public func first(_ type: UInt16) -> STUNAttribute.Value? { attributes.first { $0.type == type }?.value }

  /// Attributes that must be understood and are not: a request with one is answered with 420 (RFC 8489 §6.3.1).
  public var unknownRequired: [UInt16] { attributes.filter { $0.mustBeUnderstood && !$0.isKnown }.map(\.type) }

  /// Which integrity a message gets.
  public enum Integrity: Hashable, Sendable {
    case none
    case sha1(key: [UInt8])
    case sha256(key: [UInt8])
  }

  /// The message's bytes. Integrity and fingerprint are computed and put behind the attributes.
  /// - Parameter padding: what attributes are filled up with; any value is allowed (RFC 8489 §14).
  public func encoded(_ integrity: Integrity = .none, fingerprint: Bool = false, padding: UInt8 = 0) -> [UInt8] {
    var out = ByteWriter()
    let (method, kind) = (method & 0xFFF, UInt16(kind.rawValue))
    // The class's two bits stand among the method's twelve.
    out.big((method & 0xF80) << 2 | (kind & 2) << 7 | (method & 0x70) << 1 | (kind & 1) << 4 | method & 0xF)
    out.big(UInt16(0))
    out.big(Self.cookie)
    out.big(transaction.high)
    out.big(transaction.low)
    for attribute in attributes { Self.append(attribute.type, attribute.encodedValue(transaction), padding, to: &out) }
    switch integrity {
    case .none: break
    case .sha1(let key):
      Self.append(STUNAttribute.messageIntegrity, Self.hmac(out.bytes[...], sha256: false, length: 20, key: key), 0, to: &out)
    case .sha256(let key):
      let code = Self.hmac(out.bytes[...], sha256: true, length: 32, key: key)
      Self.append(STUNAttribute.messageIntegritySHA256, code, 0, to: &out)
    }
    out.replaceBig(UInt16(truncatingIfNeeded: out.count - Self.headerLength + (fingerprint ? 8 : 0)), at: 2)
    if fingerprint {
      let crc = STUNAttribute(STUNAttribute.fingerprint, .number(UInt64(Self.fingerprint(of: out.bytes[...]))))
      Self.append(crc.type, crc.encodedValue(transaction), 0, to: &out)
    }
    return out.bytes
  }

  private static func append(_ type: UInt16, _ value: [UInt8], _ padding: UInt8, to out: inout ByteWriter) {
    out.big(type)
    out.big(UInt16(truncatingIfNeeded: value.count))
    out.append(value)
    out.pad(to: 4, with: padding)
  }

  /// RFC 8489 §14.5: over all before the attribute, with the header's length as if the message ended with it.
  static func hmac(_ before: ArraySlice<UInt8>, sha256: Bool, length: Int, key: [UInt8]) -> [UInt8] {
    var bytes = Array(before)
    let told = UInt16(truncatingIfNeeded: bytes.count - headerLength + 4 + length)
    (bytes[2], bytes[3]) = (UInt8(told >> 8), UInt8(told & 0xFF))
    let key = SymmetricKey(data: key)
    return sha256
      ? Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key)).prefix(length).map { $0 }
      : Array(HMAC<Insecure.SHA1>.authenticationCode(for: bytes, using: key))
  }

  /// RFC 8489 §14.7: CRC-32 of all before the attribute, with the final length, XOR "STUN".
  static func fingerprint(of before: ArraySlice<UInt8>) -> UInt32 { crc32(before) ^ 0x5354_554E }

  private static let crcTable: [UInt32] = (0..<256).map { row in
    (0..<8).reduce(UInt32(row)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }

  /// The CRC-32 of ITU-T V.42 (reflected, polynomial 0x04C11DB7).
  static func crc32(_ data: ArraySlice<UInt8>) -> UInt32 {
    ~data.reduce(UInt32.max) { crc, byte in crc >> 8 ^ crcTable[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }
}

/// What a check of a protecting attribute found.
public enum STUNVerdict: Hashable, Sendable { case absent, right, wrong }

/// A STUN message that was read, with what is needed to judge its integrity.
public struct DecodedSTUN: Hashable, Sendable {
  public let frame: STUNFrame
  private let bytes: [UInt8]
  /// Where each attribute starts.
  private let offsets: [Int]

  /// Reads one message that fills `bytes`.
  public init(_ bytes: ArraySlice<UInt8>) throws(CodecError) {
    var reader = ByteReader(bytes)
    let type = try reader.big(UInt16.self, "STUN header")
    guard type < 0x4000 else { throw .invalid(field: "STUN type", value: UInt64(type)) }
    let length = Int(try reader.big(UInt16.self, "STUN header"))
    try reader.expect(big: STUNFrame.cookie, "STUN magic cookie")
    let transaction = TransactionID(
      high: try reader.big(UInt32.self, "STUN header"), low: try reader.big(UInt64.self, "STUN header"))
    guard length % 4 == 0 else { throw .invalid(field: "STUN length", value: UInt64(length)) }
    var body = try reader.part(length, "STUN attributes")
    try reader.end(of: "STUN message")
    var attributes: [STUNAttribute] = []
    var offsets: [Int] = []
    while !body.isAtEnd {
      offsets.append(STUNFrame.headerLength + body.offset)
      let type = try body.big(UInt16.self, "STUN attribute")
      let length = Int(try body.big(UInt16.self, "STUN attribute"))
      attributes.append(try STUNAttribute(type, reading: try body.take(length, "STUN attribute"), transaction))
      try body.skip((4 - length % 4) % 4, "STUN padding")
    }
    let kind = STUNClass(rawValue: UInt8(type >> 7 & 2 | type >> 4 & 1)) ?? .request
    frame = STUNFrame(
      kind: kind, method: (type & 0x3E00) >> 2 | (type & 0xE0) >> 1 | type & 0xF, transaction: transaction, attributes: attributes
    )
    self.bytes = Array(bytes)
    self.offsets = offsets
  }

  /// Whether FINGERPRINT fits; it must be the last attribute.
  public var fingerprint: STUNVerdict {
    guard let row = frame.attributes.firstIndex(where: { $0.type == STUNAttribute.fingerprint }) else { return .absent }
    guard row == offsets.count - 1, case .number(let value) = frame.attributes[row].value else { return .wrong }
    return value == UInt64(STUNFrame.fingerprint(of: bytes[..<offsets[row]])) ? .right : .wrong
  }

  /// Whether MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256, as far as they are there, were made with `key`.
  public func integrity(key: [UInt8]) -> STUNVerdict {
    var verdict = STUNVerdict.absent
    for type in [STUNAttribute.messageIntegrity, STUNAttribute.messageIntegritySHA256] {
      guard let row = frame.attributes.firstIndex(where: { $0.type == type }),
        case .bytes(let value) = frame.attributes[row].value
      else { continue }
      let sha256 = type == STUNAttribute.messageIntegritySHA256
      // RFC 8489 §14.6: SHA-256 may be cut to no less than 16 bytes, in steps of 4.
      guard sha256 ? (16...32).contains(value.count) && value.count % 4 == 0 : value.count == 20 else { return .wrong }
      let code = STUNFrame.hmac(bytes[..<offsets[row]], sha256: sha256, length: value.count, key: key)
      if code != value { return .wrong }
      verdict = .right
    }
    return verdict
  }

  /// The attributes that count: those behind the integrity are not protected and ignored, but for the other protections (RFC 8489 §14.5).
  public var protected: [STUNAttribute] {
    let protections = [STUNAttribute.messageIntegrity, STUNAttribute.messageIntegritySHA256]
    guard let row = frame.attributes.firstIndex(where: { protections.contains($0.type) }) else { return frame.attributes }
    return frame.attributes[...row]
      + frame.attributes[(row + 1)...].filter { protections.contains($0.type) || $0.type == STUNAttribute.fingerprint }
  }
}

/// The keys of RFC 8489 §9.2.2 for passwords that belong to a user of a realm. A short-term key is the password itself (§9.1.1).
public enum STUNKey {
  /// MD5 of `user:realm:password`.
  public static func longTerm(user: String, realm: String, password: String) -> [UInt8] {
    Array(Insecure.MD5.hash(data: Array("\(user):\(realm):\(password)".utf8)))
  }
  /// The same with SHA-256, PASSWORD-ALGORITHM 2.
  public static func longTermSHA256(user: String, realm: String, password: String) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(user):\(realm):\(password)".utf8)))
  }
  /// USERHASH (RFC 8489 §14.4).
  public static func userHash(user: String, realm: String) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(user):\(realm)".utf8)))
  }
}
