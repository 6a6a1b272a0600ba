// The VPN's outer packets: ESP in UDP (RFC 3948, RFC 4303) sealed with AES-GCM (RFC 4106), and an IKEv2 exchange for its greetings.
import Crypto
public import Wire

/// An outer packet as it stands, sealed.
public enum TunnelPacket: Hashable, Sendable {
  /// RFC 3948 §2.3.
  case keepAlive
  /// Behind the non-ESP marker (RFC 3948 §2.2): an IKE message with its header's fields (RFC 7296 §3.1).
  case ike(initiator: UInt64, exchange: UInt8, isResponse: Bool, message: [UInt8])
  case esp(spi: UInt32, sequence: UInt32, sealed: [UInt8])
}

/// An outer packet that was opened.
public struct OpenedTunnelMessage: Hashable, Sendable {
  public var message: TunnelMessage
  /// The inner packet's bytes.
  public var inner: [UInt8]
  /// ESP's sequence number.
  public var sequence: UInt32
}

public enum TunnelCodec {
  /// RFC 4106 §3, §6: explicit IV and the full integrity check value.
  private static let ivLength = 8
  private static let tagLength = 16
  /// RFC 7296 §3.1, §3.2.
  private static let ikeHeader = 28
  private static let payloadHeader = 4
  /// RFC 7296 §3.1: what carries an SK payload at the end of a greeting.
  private static let ikeAuth: UInt8 = 35
  /// RFC 7296 §3.1: says that an SPI is unknown, outside of any association (§1.5).
  private static let informational: UInt8 = 37
  // Payload types (RFC 7296 §3.2).
  private static let notification: UInt8 = 41
  private static let vendorID: UInt8 = 43
  private static let encrypted: UInt8 = 46
  private static let configuration: UInt8 = 47

  /// An outer packet's bytes.
  /// - Parameters:
  ///   - inner: the inner packet, cut or filled up to the length the message says.
  ///   - sequence: ESP's sequence number in this direction of the tunnel, from 1; a number is never used twice (RFC 4303 §2.2).
  ///   - isReturn: whether it goes to the tunnel's client; each direction is a security association of its own (RFC 4301 §4.1).
  public static func encode(
    _ message: TunnelMessage, carrying inner: [UInt8] = [], sequence: UInt32 = 1, isReturn: Bool = false,
    _ identities: inout Identities
  ) -> [UInt8] {
    switch message {
    case .keepAlive: return [0xFF]
    case .hello(let key, let address): return greeting(message, key, address, &identities)
    case .welcome(let key): return greeting(message, key, nil, &identities)
    case .unknown(let key): return refusal(of: key, &identities)
    case .inner(_, let length, let key):
      let length = max(0, Int(length))
      var header = ByteWriter()
      header.big(spi(of: key, isReturn, &identities))
      header.big(sequence)
      var plain = ByteWriter(capacity: length + 4)
      plain.append(inner.prefix(length))
      plain.fill(count: length - plain.count)
      // RFC 4303 §2.4: padding counts from 1; behind it its length and the inner protocol, IPv4 or IPv6.
      let padding = max(0, message.encodedLength - header.count - ivLength - length - 2 - tagLength)
      plain.append((0..<padding).map { UInt8(truncatingIfNeeded: $0 + 1) })
      plain.big(UInt8(truncatingIfNeeded: padding))
      plain.big(UInt8(plain.bytes[0] >> 4 == 6 ? 41 : 4))
      return header.bytes + seal(plain.bytes, behind: header.bytes, key, isReturn, counter: UInt64(sequence), &identities)
    }
  }

  /// An outer packet as it stands, without a key.
  public static func read(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> TunnelPacket {
    if bytes.elementsEqual([0xFF]) { return .keepAlive }
    var reader = ByteReader(bytes)
    let spi = try reader.big(UInt32.self, "SPI")
    guard spi == 0 else {
      let sequence = try reader.big(UInt32.self, "ESP sequence number")
      let sealed = Array(reader.rest())
      guard sealed.count >= ivLength + 2 + tagLength else {
        throw .truncated(what: "ESP payload", needed: ivLength + 2 + tagLength, available: sealed.count)
      }
      return .esp(spi: spi, sequence: sequence, sealed: sealed)
    }
    let message = Array(reader.rest())
    var header = ByteReader(message)
    let initiator = try header.big(UInt64.self, "IKE header")
    try header.skip(9, "IKE header")
    try header.expect(big: UInt8(0x20), "IKE version")
    let exchange = try header.byte("IKE header")
    let flags = try header.byte("IKE header")
    try header.skip(4, "IKE header")
    let length = Int(try header.big(UInt32.self, "IKE header"))
    guard length == message.count else { throw .invalid(field: "IKE length", value: UInt64(length)) }
    return .ike(initiator: initiator, exchange: exchange, isResponse: flags & 0x20 != 0, message: message)
  }

  /// An outer packet opened with the key that its SPI names.
  /// - Parameters:
  ///   - slot: where the reader keeps the inner packet; that is on no wire.
  ///   - key: whose keep-alive it would be; it says nothing itself.
  public static func decode(
    _ bytes: ArraySlice<UInt8>, slot: UInt32 = .max, keepAliveOf key: Secret = .none, _ identities: inout Identities
  ) throws(CodecError) -> OpenedTunnelMessage {
    switch try read(bytes) {
    case .keepAlive: return OpenedTunnelMessage(message: .keepAlive(key: key), inner: [], sequence: 0)
    case .esp(let spi, let sequence, let sealed):
      var header = ByteWriter()
      header.big(spi)
      header.big(sequence)
      let key = identities.secret(of: header.bytes[..<4])
      let isReturn = self.spi(of: key, true, &identities) == spi
      var plain = try open(sealed[...], behind: header.bytes, key, isReturn, "ESP", &identities)
      plain.removeLast()
      let padding = Int(plain.popLast() ?? 0)
      guard padding <= plain.count else { throw .invalid(field: "ESP pad length", value: UInt64(padding)) }
      plain.removeLast(padding)
      let message = TunnelMessage.inner(slot: slot, length: Int32(truncatingIfNeeded: plain.count), key: key)
      return OpenedTunnelMessage(message: message, inner: plain, sequence: sequence)
    case .ike(let initiator, let exchange, let isResponse, let message):
      var spi = ByteWriter()
      spi.big(initiator)
      let key = identities.secret(of: spi.bytes)
      if exchange == informational {
        try checkRefusal(message)
        return OpenedTunnelMessage(message: .unknown(key: key), inner: [], sequence: 0)
      }
      guard exchange == ikeAuth else { throw .unsupported(what: "IKE exchange", value: UInt64(exchange)) }
      let behind = ikeHeader + payloadHeader
      guard message.count >= behind + ivLength + tagLength, message[16] == encrypted else {
        throw .invalid(field: "IKE payload", value: UInt64(message[16]))
      }
      let plain = try open(message[behind...], behind: Array(message[..<behind]), key, isResponse, "IKE", &identities)
      let found: TunnelMessage =
        isResponse ? .welcome(key: key) : .hello(key: key, inner: try address(in: plain, message[ikeHeader]))
      return OpenedTunnelMessage(message: found, inner: [], sequence: 0)
    }
  }

  // MARK: Greetings

  /// IKE_AUTH with what it says in an SK payload: the inner address in a CP payload (RFC 7296 §3.15), and a vendor's id that makes it
  /// as long as such exchanges are (*assumed*).
  private static func greeting(
    _ message: TunnelMessage, _ key: Secret, _ address: IPAddress?, _ identities: inout Identities
  ) -> [UInt8] {
    let length = message.encodedLength - 4
    let plainLength = length - ikeHeader - payloadHeader - ivLength - tagLength
    var plain = ByteWriter(capacity: plainLength)
    if let address {
      let value = address.isV4 ? 4 : 17
      plain.append([vendorID, 0, 0, UInt8(payloadHeader + 4 + 4 + value)])
      // CFG_REQUEST; INTERNAL_IP4_ADDRESS 1, INTERNAL_IP6_ADDRESS 8 with its prefix length.
      plain.append([1, 0, 0, 0, 0, address.isV4 ? 1 : 8, 0, UInt8(value)])
      if address.isV4 {
        plain.big(address.v4)
      } else {
        plain.big(address.high)
        plain.big(address.low)
        plain.big(UInt8(128))
      }
    }
    let vendor = plainLength - 1 - plain.count
    plain.append([0, 0])
    plain.big(UInt16(truncatingIfNeeded: vendor))
    plain.append(identities.bytes(of: key, count: max(0, vendor - payloadHeader), as: "ike-vendor"))
    // Pad length.
    plain.big(UInt8(0))

    var out = ByteWriter(capacity: length)
    out.append(identities.bytes(of: key, count: 8, as: "ike-initiator"))
    out.append(identities.bytes(of: key, count: 8, as: "ike-responder"))
    out.append([encrypted, 0x20, ikeAuth, address == nil ? 0x20 : 0x08])
    out.big(UInt32(1))
    out.big(UInt32(length))
    out.append([address == nil ? vendorID : configuration, 0])
    out.big(UInt16(length - ikeHeader))
    // No ESP packet has the number 0.
    let sealed = seal(plain.bytes, behind: out.bytes, key, address == nil, counter: 0, &identities)
    return [0, 0, 0, 0] + out.bytes + sealed
  }

  /// An unprotected notification INVALID_SPI (RFC 7296 §1.5, §3.10.1: type 11) with the SPI that is not known.
  private static func refusal(of key: Secret, _ identities: inout Identities) -> [UInt8] {
    var out = ByteWriter()
    out.append([0, 0, 0, 0])
    out.append(identities.bytes(of: key, count: 8, as: "ike-initiator"))
    out.append(identities.bytes(of: key, count: 8, as: "ike-responder"))
    out.append([notification, 0x20, informational, 0])
    out.big(UInt32(0))
    out.big(UInt32(ikeHeader + 12))
    out.append([0, 0, 0, 12, 0, 0, 0, 11])
    out.big(spi(of: key, false, &identities))
    return out.bytes
  }

  private static func checkRefusal(_ message: [UInt8]) throws(CodecError) {
    guard message[16] == notification else { throw .invalid(field: "IKE payload", value: UInt64(message[16])) }
    var reader = ByteReader(message[ikeHeader...])
    try reader.skip(payloadHeader, "IKE notification")
    try reader.skip(2, "IKE notification")
    let type = try reader.big(UInt16.self, "IKE notification")
    guard type == 11 else { throw .unsupported(what: "IKE notification", value: UInt64(type)) }
    try reader.skip(4, "IKE notification")
    try reader.end(of: "IKE notification")
  }

  private static func address(in plain: [UInt8], _ first: UInt8) throws(CodecError) -> IPAddress {
    guard first == configuration else { throw .invalid(field: "IKE payload", value: UInt64(first)) }
    var reader = ByteReader(plain)
    try reader.skip(payloadHeader + 4, "IKE configuration")
    switch try reader.big(UInt32.self, "IKE configuration") {
    case 0x0001_0004: return IPAddress(v4: try reader.big(UInt32.self, "IKE configuration"))
    case 0x0008_0011:
      return IPAddress(
        high: try reader.big(UInt64.self, "IKE configuration"), low: try reader.big(UInt64.self, "IKE configuration"))
    case let other: throw .unsupported(what: "IKE configuration attribute", value: UInt64(other))
    }
  }

  // MARK: AES-GCM

  /// One direction of a tunnel as dissectors are told it: the SPI, and AES-GCM's key with its salt behind it (RFC 4106 §8.1).
  public static func association(
    of key: Secret, isReturn: Bool, _ identities: inout Identities
  ) -> (spi: UInt32, keyAndSalt: [UInt8]) {
    (spi(of: key, isReturn, &identities), material(of: key, isReturn, &identities))
  }

  private static func material(of key: Secret, _ isReturn: Bool, _ identities: inout Identities) -> [UInt8] {
    identities.bytes(of: key, count: 20, as: isReturn ? "esp-key-return" : "esp-key")
  }

  /// An SPI above those that are reserved (RFC 4303 §2.1).
  private static func spi(of key: Secret, _ isReturn: Bool, _ identities: inout Identities) -> UInt32 {
    var bytes = identities.bytes(of: key, count: 4, as: isReturn ? "esp-spi-return" : "esp-spi")
    bytes[0] |= 0x80
    identities.learn(bytes, as: key)
    return bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Key and salt (RFC 4106 §8.1), in this order as SAs keep them.
  private static func keying(_ key: Secret, _ isReturn: Bool, _ identities: inout Identities) -> (SymmetricKey, salt: [UInt8]) {
    let material = material(of: key, isReturn, &identities)
    return (SymmetricKey(data: material[..<16]), Array(material[16...]))
  }

  /// IV, ciphertext and tag; `header` is authenticated with them.
  private static func seal(
    _ plain: [UInt8], behind header: [UInt8], _ key: Secret, _ isReturn: Bool, counter: UInt64,
    _ identities: inout Identities
  ) -> [UInt8] {
    let (key, salt) = keying(key, isReturn, &identities)
    var iv = ByteWriter()
    iv.big(counter)
    guard let nonce = try? AES.GCM.Nonce(data: salt + iv.bytes),
      let box = try? AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: header)
    else { preconditionFailure("AES-GCM with a nonce of \(salt.count + iv.count) bytes") }
    return iv.bytes + Array(box.ciphertext) + Array(box.tag)
  }

  private static func open(
    _ sealed: ArraySlice<UInt8>, behind header: [UInt8], _ key: Secret, _ isReturn: Bool, _ what: String,
    _ identities: inout Identities
  ) throws(CodecError) -> [UInt8] {
    let (key, salt) = keying(key, isReturn, &identities)
    let iv = sealed.prefix(ivLength)
    let text = sealed.dropFirst(ivLength).dropLast(tagLength)
    guard let nonce = try? AES.GCM.Nonce(data: salt + iv),
      let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: text, tag: sealed.suffix(tagLength)),
      let plain = try? AES.GCM.open(box, using: key, authenticating: header)
    else { throw .integrity(field: "\(what) integrity check value") }
    return Array(plain)
  }
}
