// STUN Binding messages as bytes (RFC 8489 §5, §14). This room's first piece: integrity, and every other message, come with real captures.
public import Wire

public enum STUNCodec {
  static let cookie: UInt32 = 0x2112_A442

  /// The bytes of a Binding message without MESSAGE-INTEGRITY.
  /// - Returns: `nil` when the message names a password, whose HMAC this room cannot make yet.
  public static func encode(_ message: STUNMessage) -> [UInt8]? {
    guard message.integrity == .none, message.username == nil else { return nil }
    var body: [UInt8] = []
    if let mapped = message.mapped { append(0x0020, xorAddress(mapped, message.transaction), to: &body) }
    if let code = message.errorCode {
      append(0x0009, [0, 0, UInt8(code / 100), UInt8(code % 100)] + [UInt8](repeating: 0x20, count: 16), to: &body)
    }
    if let priority = message.priority { append(0x0024, bytes(priority), to: &body) }
    if message.useCandidate { append(0x0025, [], to: &body) }
    switch message.role {
    case .controlling(let breaker):
      append(0x802A, bytes(UInt32(breaker >> 32)) + bytes(UInt32(truncatingIfNeeded: breaker)), to: &body)
    case .controlled(let breaker):
      append(0x8029, bytes(UInt32(breaker >> 32)) + bytes(UInt32(truncatingIfNeeded: breaker)), to: &body)
    case nil: break
    }
    let length = UInt16(body.count + (message.fingerprint ? 8 : 0))
    let type: UInt16 =
      switch message.kind {
      case .request: 0x0001
      case .indication: 0x0011
      case .success: 0x0101
      case .error: 0x0111
      }
    var whole = bytes(type) + bytes(length) + bytes(cookie) + bytes(message.transaction.high)
    whole += bytes(UInt32(message.transaction.low >> 32)) + bytes(UInt32(truncatingIfNeeded: message.transaction.low)) + body
    if message.fingerprint {
      // RFC 8489 §14.7: CRC-32 of all before it, with the final length, XOR "STUN".
      append(0x8028, bytes(crc32(whole) ^ 0x5354_554E), to: &whole)
    }
    return whole
  }

  /// RFC 8489 §14.2.
  private static func xorAddress(_ endpoint: Endpoint, _ transaction: TransactionID) -> [UInt8] {
    let port = bytes(endpoint.port ^ UInt16(cookie >> 16))
    if endpoint.address.isV4 { return [0, 1] + port + bytes(endpoint.address.v4 ^ cookie) }
    let high = endpoint.address.high ^ (UInt64(cookie) << 32 | UInt64(transaction.high))
    let low = endpoint.address.low ^ transaction.low
    let words = [UInt32(high >> 32), UInt32(truncatingIfNeeded: high), UInt32(low >> 32), UInt32(truncatingIfNeeded: low)]
    return [0, 2] + port + words.flatMap { bytes($0) }
  }

  private static func append(_ type: UInt16, _ value: [UInt8], to body: inout [UInt8]) {
    body += bytes(type) + bytes(UInt16(value.count)) + value
    while body.count % 4 != 0 { body.append(0) }
  }

  private static func bytes(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)] }
  private static func bytes(_ word: UInt32) -> [UInt8] {
    [
      UInt8(word >> 24), UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 8),
      UInt8(truncatingIfNeeded: word),
    ]
  }

  /// The CRC-32 of ITU-T V.42 (reflected, polynomial 0x04C11DB7).
  static func crc32(_ data: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
