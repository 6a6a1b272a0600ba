// The pieces that service messages are made of: names, endpoints, tokens, correlation and secrets, as text.
import SimulationKernel
import Wire

/// Writes and reads the pieces. Names longer than a host name's label or no host names go as their keys.
struct ServiceFields {
  var identities: Identities

  /// Longest name in a message; the *assumed* sizes leave room for it everywhere.
  static let nameLimit = 64

  /// Lends the identities to `work` without a second reference, which would copy their tables at the first new name.
  static func lent<Result, Mistake: Error>(
    _ identities: inout Identities, _ work: (inout ServiceFields) throws(Mistake) -> Result
  ) throws(Mistake) -> Result {
    var fields = ServiceFields(identities: identities)
    identities = Identities(seed: identities.seed)
    defer { identities = fields.identities }
    return try work(&fields)
  }

  // MARK: Names and numbers

  mutating func name(_ key: ComponentKey, limit: Int = nameLimit) -> String { identities.name(of: key, limit: limit) }

  mutating func component(_ text: some StringProtocol, _ field: String) throws(CodecError) -> ComponentKey {
    guard Identities.isHostName(String(text)) else { throw .invalid(field: field, value: UInt64(text.utf8.count)) }
    return identities.component(named: String(text))
  }

  static func endpoint(_ text: some StringProtocol, _ field: String) throws(CodecError) -> Endpoint {
    guard let colon = text.lastIndex(of: ":"), let port = decimal(text[text.index(after: colon)...]) else {
      throw .invalid(field: field, value: UInt64(text.utf8.count))
    }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard port <= 65_535, let address = IPAddress(host), address.isV4 != isBracketed else {
      throw .invalid(field: field, value: UInt64(text.utf8.count))
    }
    return Endpoint(address, UInt16(port))
  }

  private static func decimal(_ text: some StringProtocol) -> UInt64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
  }

  /// A number of sixteen digits.
  static func word(_ text: some StringProtocol, _ field: String) throws(CodecError) -> UInt64 {
    guard text.utf8.count == 16, text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let word = UInt64(text, radix: 16)
    else { throw .invalid(field: field, value: UInt64(text.utf8.count)) }
    return word
  }

  static func count(_ text: some StringProtocol, _ field: String) throws(CodecError) -> UInt32 {
    guard let value = decimal(text), let count = UInt32(exactly: value) else {
      throw .invalid(field: field, value: UInt64(text.utf8.count))
    }
    return count
  }

  // MARK: Correlation

  /// A UUID (RFC 9562 §5.8) that begins with the session's ordinal and its connection's number.
  func activity(_ correlation: Correlation) -> String {
    let head = hex(UInt64(correlation.session) << 48 | UInt64(correlation.generation) << 32).prefix(8)
    let tail = hex(mix(identities.seed, correlation.word)) + hex(mix(correlation.word, identities.seed))
    let digits = Array(tail)
    func part(_ range: Range<Int>) -> String { String(digits[range]) }
    return "\(head)-\(part(0..<4))-8\(part(4..<7))-8\(part(7..<10))-\(part(10..<22))"
  }

  static func correlation(_ text: some StringProtocol) throws(CodecError) -> Correlation {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] else {
      throw .invalid(field: "activity id", value: UInt64(text.utf8.count))
    }
    let head = try word("00000000" + parts[0], "activity id")
    for part in parts.dropFirst() { _ = try word(String(repeating: "0", count: 16 - part.utf8.count) + part, "activity id") }
    return Correlation(session: Int(head >> 16), generation: Int(head & 0xFFFF))
  }

  // MARK: Secrets

  /// A certificate's fingerprint: 32 bytes in hexadecimal.
  mutating func fingerprint(_ secret: Secret) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = identities.bytes(of: secret, count: 32, as: "certificate thumbprint")
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  mutating func certificate(_ text: String) throws(CodecError) -> Secret {
    guard text.utf8.count == 64 else { throw .invalid(field: "certificate thumbprint", value: UInt64(text.utf8.count)) }
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      let word = try Self.word(rest.prefix(16), "certificate thumbprint")
      for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
      rest = rest.dropFirst(16)
    }
    return identities.secret(of: bytes)
  }

  // MARK: Tokens

  /// Seconds since 1970 with nine digits behind the point (RFC 7519 §2 lets a NumericDate have them).
  static func date(_ time: SimTime) -> String {
    let total = Int128(WorldCalendar.start) * 1_000_000_000 + Int128(time.nanoseconds)
    let parts = total.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    let fraction = String(parts.remainder)
    return "\(total < 0 ? "-" : "")\(parts.quotient).\(String(repeating: "0", count: 9 - fraction.utf8.count))\(fraction)"
  }

  static func time(_ text: String) throws(CodecError) -> SimTime {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let seconds = decimal(parts[0]), parts[0].utf8.count <= 12, let last = parts.last,
      parts.count == 1 || (1...9).contains(last.utf8.count)
    else { throw .invalid(field: "date", value: UInt64(text.utf8.count)) }
    let zeros = String(repeating: "0", count: parts.count == 1 ? 9 : 9 - last.utf8.count)
    guard let fraction = decimal((parts.count == 1 ? "" : last) + zeros) else {
      throw .invalid(field: "date", value: UInt64(text.utf8.count))
    }
    let magnitude = Int128(seconds) * 1_000_000_000 + Int128(fraction)
    let total = (text.hasPrefix("-") ? -magnitude : magnitude) - Int128(WorldCalendar.start) * 1_000_000_000
    guard let nanoseconds = Int64(exactly: total) else { throw .invalid(field: "date", value: seconds) }
    return SimTime(nanoseconds: nanoseconds)
  }

  /// Bytes of a token's claims (*assumed*: with roles and groups the directory's tokens are that long).
  static let claims = 1_200

  /// A JSON Web Token (RFC 7519) as the directory signs it; its signature's bytes stand for the key they were made with.
  mutating func token(_ token: AccessToken) -> String {
    func claims(_ filler: String) -> String {
      JSON.object([
        "aud": .string("https://www.wvd.microsoft.com"), "iss": .string("https://sts.windows.net/"),
        "exp": .number(Self.date(token.expires)), "upn": .string(identities.name(of: token.user, limit: Self.nameLimit)),
        "xms_filler": .string(filler),
      ]).text
    }
    let room = Self.claims - claims("").utf8.count
    let filler = Filler.text(seed: identities.seed, key: mix(token.user.value, token.signature.id), count: room)
    let header = JSON.object(["typ": .string("JWT"), "alg": .string("RS256"), "kid": .string("directory")]).text
    let signature = identities.bytes(of: token.signature, count: 256, as: "token signature")
    return [Array(header.utf8), Array(claims(filler).utf8), signature].map { Base64.encodeURL($0) }.joined(separator: ".")
  }

  mutating func token(_ text: some StringProtocol) throws(CodecError) -> AccessToken {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .invalid(field: "token", value: UInt64(parts.count)) }
    let header = try JSON(reading: Base64.decode(parts[0], "token header"))
    guard try header.string("typ") == "JWT" else { throw .invalid(field: "token type", value: 0) }
    let claims = try JSON(reading: Base64.decode(parts[1], "token claims"))
    return AccessToken(
      user: try component(claims.string("upn"), "token's user"),
      signature: identities.secret(of: try Base64.decode(parts[2], "token signature")),
      expires: try Self.time(claims.number("exp")))
  }
}
