// The secrets that more than one message shows, each written the same way wherever it stands, and what stands for sealed bytes.
import Crypto
import SimulationKernel
public import Wire

extension Secret {
  /// The secret whose SHA-256 this one is the name of: `Secret.hashed` read backwards.
  public var unhashed: Secret {
    // The inverse of an odd number modulo 2^64 by Newton's iteration: each step doubles the right digits.
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    var inverse = factor
    for _ in 0..<5 { inverse = inverse &* (2 &- factor &* inverse) }
    return Secret(id: (id ^ Secret.none.hashed.id) &* inverse)
  }
}

extension Identities {
  /// An ICE user fragment: 4 characters, the fewest of RFC 8445 §5.3.
  public mutating func iceFragment(of secret: Secret) -> [UInt8] { characters(of: secret, count: 4, as: "ice-ufrag") }

  /// An ICE password: 22 characters, the fewest of RFC 8445 §5.3; the key of MESSAGE-INTEGRITY.
  public mutating func icePassword(of secret: Secret) -> [UInt8] { characters(of: secret, count: 22, as: "ice-pwd") }

  /// The security cookie of a multitransport request (MS-RDPBCGR §2.2.15.1): 16 bytes.
  public mutating func securityCookie(of secret: Secret) -> [UInt8] {
    bytes(of: secret, count: 16, as: "security-cookie")
  }

  /// The SHA-256 of a security cookie (MS-RDPEUDP §2.2.2.9), given by the hash's own name: 32 bytes.
  public mutating func cookieHash(of hashed: Secret) -> [UInt8] {
    let digest = Array(SHA256.hash(data: securityCookie(of: hashed.unhashed)))
    learn(digest, as: hashed)
    return digest
  }

  /// `count` bytes with which a record is sealed: never the same for two records of one key, and the same again for the same record.
  /// They stand for a cipher's output; as a key stream they also open what they sealed.
  public func seal(_ key: Secret, record: UInt64, count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count + 8)
    let start = mix(mix(seed, key.id), record)
    var block: UInt64 = 0
    while out.count < count {
      var word = mix(start, block)
      for _ in 0..<8 {
        out.append(UInt8(truncatingIfNeeded: word))
        word >>= 8
      }
      block += 1
    }
    out.removeLast(out.count - count)
    return out
  }
}
