// Certificates as bytes (RFC 5280): what a world's certificate says, in the form real ones have. The key is a modulus nobody can
// factor and the signature is filler of RSA's length: a world compares fields, and its signatures verify nowhere.
import SimulationKernel
public import Wire

/// X.509 certificates, version 3, with RSA keys of 2048 bits (RFC 8017; the kind that the flights' sizes were measured with).
public enum X509 {
  /// Longest names here; RFC 5280 appendix A allows a common name 64 characters.
  static let nameLimit = 60
  /// Days from the world's start: what is in date lies around it, what has expired ended before (*assumed*).
  static let validFrom: Int64 = -120
  static let validDays: Int64 = 365
  static let expiredFrom: Int64 = -395

  private enum OID {
    static let commonName = DER.value(DER.objectIdentifier, [0x55, 0x04, 0x03])
    static let rsaEncryption = DER.value(DER.objectIdentifier, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01])
    static let sha256WithRSA = DER.value(DER.objectIdentifier, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B])
    static let subjectAltName = DER.value(DER.objectIdentifier, [0x55, 0x1D, 0x11])
    static let basicConstraints = DER.value(DER.objectIdentifier, [0x55, 0x1D, 0x13])
    static let keyUsage = DER.value(DER.objectIdentifier, [0x55, 0x1D, 0x0F])
    static let extendedKeyUsage = DER.value(DER.objectIdentifier, [0x55, 0x1D, 0x25])
    static let serverAuth = DER.value(DER.objectIdentifier, [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01])
    /// Netscape's comment, 2.16.840.1.113730.1.13: the one extension that holds any text, as long as it must be.
    static let comment = DER.value(DER.objectIdentifier, [0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x42, 0x01, 0x0D])
  }

  /// The fields of one certificate to be written.
  private struct Draft {
    var subject: String
    var issuer: String
    var isAuthority = false
    var validity: (from: Int64, until: Int64)
    var publicKey: [UInt8]
    var serial: [UInt8]
    var signature: [UInt8]
    var comment: String?
  }

  // MARK: Writing

  /// A server's certificates as it shows them, its own first, then its issuer's if that is another: `total` bytes in all, with the
  /// three of each one's length.
  static func chain(_ certificate: Certificate, total: Int, identities: inout Identities) -> [[UInt8]] {
    let subject = identities.name(of: certificate.subject, limit: nameLimit)
    let issuer = identities.name(of: certificate.issuer, limit: nameLimit)
    let from = WorldCalendar.start + (certificate.expired ? expiredFrom : validFrom) * WorldCalendar.day
    let until = WorldCalendar.start + (certificate.expired ? -30 : validFrom + validDays) * WorldCalendar.day
    let issuerKey = certificate.issuer.value
    var own = Draft(
      subject: subject, issuer: issuer, validity: (from, until),
      publicKey: publicKey(of: certificate.fingerprint, identities: &identities),
      serial: serial(certificate.fingerprint.id, identities.seed),
      signature: Filler.bytes(seed: identities.seed, key: issuerKey ^ certificate.fingerprint.id, count: 256), comment: "")
    guard certificate.issuer != certificate.subject else { return [fit(&own, total: total - 3)] }
    let above = Draft(
      subject: issuer, issuer: "root-authority", isAuthority: true,
      validity: (WorldCalendar.start - 1_000 * WorldCalendar.day, WorldCalendar.start + 2_650 * WorldCalendar.day),
      publicKey: rsaKey(Filler.bytes(seed: 0, key: issuerKey, count: 256)), serial: serial(issuerKey, 0),
      signature: Filler.bytes(seed: 1, key: issuerKey, count: 256))
    let second = write(above)
    return [fit(&own, total: total - 6 - second.count), second]
  }

  /// Makes the comment as long as the size demands. Lengths that no comment gives (its own length grows a byte) are met by a shorter
  /// serial number.
  private static func fit(_ draft: inout Draft, total: Int) -> [UInt8] {
    for _ in 0..<3 {
      var count = 0
      for _ in 0..<6 {
        draft.comment = String(repeating: note, count: count / note.utf8.count + 1).prefix(count).description
        let bytes = write(draft)
        if bytes.count == total { return bytes }
        count = max(0, count + total - bytes.count)
      }
      draft.serial.removeLast()
    }
    return write(draft)
  }

  private static let note = "Made by a simulator: nobody signed this. "

  /// A positive number of 16 bytes (RFC 5280 §4.1.2.2: 20 at most).
  private static func serial(_ key: UInt64, _ seed: UInt64) -> [UInt8] {
    var bytes = Filler.bytes(seed: seed, key: key ^ 0x5365_7269_616C, count: 16)
    bytes[0] = bytes[0] & 0x3F | 0x40
    return bytes
  }

  private static func publicKey(of secret: Secret, identities: inout Identities) -> [UInt8] {
    let key = rsaKey(identities.bytes(of: secret, count: 256, as: "rsa modulus"))
    identities.learn(key, as: secret)
    return key
  }

  /// RSAPublicKey (RFC 8017 appendix A.1.1) with the exponent 65537; a modulus is odd and has its highest bit set.
  private static func rsaKey(_ modulus: [UInt8]) -> [UInt8] {
    var modulus = modulus
    modulus[0] |= 0x80
    modulus[255] |= 1
    return DER.sequence(DER.integer(modulus), DER.integer([1, 0, 1]))
  }

  private static func write(_ draft: Draft) -> [UInt8] {
    let algorithm = DER.sequence(OID.sha256WithRSA, DER.value(DER.null, []))
    let key = DER.sequence(DER.sequence(OID.rsaEncryption, DER.value(DER.null, [])), DER.bits(draft.publicKey))
    let body = DER.sequence(
      DER.value(DER.context(0), DER.integer([2])), DER.integer(draft.serial), algorithm, name(draft.issuer),
      DER.sequence(time(draft.validity.from), time(draft.validity.until)), name(draft.subject), key,
      DER.value(DER.context(3), DER.value(DER.sequence, extensions(draft))))
    return DER.sequence(body, algorithm, DER.bits(draft.signature))
  }

  private static func extensions(_ draft: Draft) -> [UInt8] {
    let critical = DER.value(DER.boolean, [0xFF])
    func octets(_ value: [UInt8]) -> [UInt8] { DER.value(DER.octetString, value) }
    if draft.isAuthority {
      // Certificate and CRL signing (RFC 5280 §4.2.1.3, §4.2.1.9).
      return DER.sequence(OID.basicConstraints, critical, octets(DER.sequence(DER.value(DER.boolean, [0xFF]))))
        + DER.sequence(OID.keyUsage, critical, octets(DER.value(DER.bitString, [1, 0x06])))
    }
    var all = DER.sequence(OID.subjectAltName, octets(DER.sequence(DER.value(0x82, draft.subject))))
    // Digital signature and key encipherment.
    all += DER.sequence(OID.keyUsage, critical, octets(DER.value(DER.bitString, [5, 0xA0])))
    all += DER.sequence(OID.extendedKeyUsage, octets(DER.sequence(OID.serverAuth)))
    if let comment = draft.comment { all += DER.sequence(OID.comment, octets(DER.value(DER.ia5String, comment))) }
    return all
  }

  private static func name(_ text: String) -> [UInt8] {
    DER.sequence(DER.value(DER.set, DER.sequence(OID.commonName, DER.value(DER.utf8String, text))))
  }

  /// RFC 5280 §4.1.2.5: UTCTime until 2049.
  private static func time(_ seconds: Int64) -> [UInt8] {
    let digits = WorldCalendar.digits(seconds, yearDigits: 4)
    return digits < "2050" ? DER.value(DER.utcTime, String(digits.dropFirst(2))) : DER.value(DER.generalizedTime, digits)
  }

  // MARK: Reading

  /// What a certificate says. Its signature is not judged; `date` (seconds since 1970) decides whether it has expired.
  public static func read(
    _ bytes: ArraySlice<UInt8>, at date: Int64, identities: inout Identities
  ) throws(CodecError) -> Certificate {
    var outer = DERReader(bytes)
    var whole = try outer.inside(DER.sequence, "certificate")
    try outer.end(of: "certificate")
    var body = try whole.inside(DER.sequence, "certificate body")
    _ = try whole.value(DER.sequence, "signature algorithm")
    _ = try whole.value(DER.bitString, "signature")
    try whole.end(of: "certificate")
    if var version = try body.optional(DER.context(0), "version").map({ DERReader($0) }) {
      let number = try version.value(DER.integer, "version")
      guard number.count == 1, let digit = number.first, digit <= 2 else {
        throw .unsupported(what: "certificate version", value: UInt64(number.first ?? 0))
      }
    }
    _ = try body.value(DER.integer, "serial number")
    _ = try body.value(DER.sequence, "signature algorithm")
    let issuer = try commonName(body.inside(DER.sequence, "issuer"))
    var validity = try body.inside(DER.sequence, "validity")
    _ = try Self.date(of: validity.any("not before"))
    let until = try Self.date(of: validity.any("not after"))
    var subject = try commonName(body.inside(DER.sequence, "subject"))
    var key = try body.inside(DER.sequence, "public key")
    _ = try key.value(DER.sequence, "public key algorithm")
    let bits = try key.value(DER.bitString, "public key")
    guard let unused = bits.first, unused == 0 else {
      throw .invalid(field: "public key's unused bits", value: UInt64(bits.first ?? 8))
    }
    _ = try body.optional(0x81, "issuer's unique id")
    _ = try body.optional(0x82, "subject's unique id")
    if let extensions = try body.optional(DER.context(3), "extensions"), let name = try alternativeName(extensions) {
      subject = name
    }
    try body.end(of: "certificate body")
    return Certificate(
      subject: identities.component(named: subject), issuer: identities.component(named: issuer), expired: date > until,
      fingerprint: identities.secret(of: bits.dropFirst()))
  }

  /// The last common name of a distinguished name; empty when it has none.
  private static func commonName(_ name: DERReader) throws(CodecError) -> String {
    var name = name
    var found = ""
    while !name.isAtEnd {
      var set = try name.inside(DER.set, "relative name")
      while !set.isAtEnd {
        var attribute = try set.inside(DER.sequence, "attribute")
        let type = try attribute.value(DER.objectIdentifier, "attribute type")
        let value = try attribute.any("attribute value")
        if type.elementsEqual([0x55, 0x04, 0x03]) { found = String(decoding: value.content, as: UTF8.self) }
      }
    }
    return found
  }

  /// The first DNS name of the subject's alternative names.
  private static func alternativeName(_ extensions: ArraySlice<UInt8>) throws(CodecError) -> String? {
    var outer = DERReader(extensions)
    var list = try outer.inside(DER.sequence, "extensions")
    try outer.end(of: "extensions")
    var found: String?
    while !list.isAtEnd {
      var one = try list.inside(DER.sequence, "extension")
      let type = try one.value(DER.objectIdentifier, "extension type")
      _ = try one.optional(DER.boolean, "extension's criticality")
      var value = DERReader(try one.value(DER.octetString, "extension value"))
      try one.end(of: "extension")
      guard type.elementsEqual([0x55, 0x1D, 0x11]) else { continue }
      var names = try value.inside(DER.sequence, "alternative names")
      while !names.isAtEnd {
        let name = try names.any("alternative name")
        if name.tag == 0x82, found == nil { found = String(decoding: name.content, as: UTF8.self) }
      }
    }
    return found
  }

  private static func date(of value: (tag: UInt8, content: ArraySlice<UInt8>)) throws(CodecError) -> Int64 {
    let digits = value.content.dropLast().map { Int64($0) - 0x30 }
    let yearDigits = value.tag == DER.utcTime ? 2 : 4
    guard value.tag == DER.utcTime || value.tag == DER.generalizedTime, value.content.last == 0x5A,
      digits.count == yearDigits + 10, digits.allSatisfy({ (0...9).contains($0) })
    else { throw .invalid(field: "date", value: UInt64(value.tag)) }
    func two(_ row: Int) -> Int64 { digits[yearDigits + row] * 10 + digits[yearDigits + row + 1] }
    let short = digits[0] * 10 + digits[1]
    // RFC 5280 §4.1.2.5.1: 50 to 99 are the last century's.
    let year = yearDigits == 2 ? short + (short < 50 ? 2_000 : 1_900) : short * 100 + digits[2] * 10 + digits[3]
    guard
      let seconds = WorldCalendar.seconds(
        year: year, month: two(0), day: two(2), hour: two(4), minute: two(6), second: two(8))
    else { throw .invalid(field: "date", value: UInt64(year)) }
    return seconds
  }
}
