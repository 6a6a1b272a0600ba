// ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1) with the extensions that current stacks send.
import SimulationKernel
import Wire

/// Handshake message types (RFC 8446 §4, RFC 5246 §7.4).
enum HandshakeType {
  static let clientHello: UInt8 = 1
  static let serverHello: UInt8 = 2
  static let newSessionTicket: UInt8 = 4
  static let certificate: UInt8 = 11
  static let serverKeyExchange: UInt8 = 12
  static let serverHelloDone: UInt8 = 14
  static let clientKeyExchange: UInt8 = 16
  static let finished: UInt8 = 20
}

enum TLSHello {
  private enum Extension {
    static let serverName: UInt16 = 0
    static let groups: UInt16 = 10
    static let pointFormats: UInt16 = 11
    static let signatureAlgorithms: UInt16 = 13
    static let padding: UInt16 = 21
    static let extendedMasterSecret: UInt16 = 23
    static let sessionTicket: UInt16 = 35
    static let supportedVersions: UInt16 = 43
    static let pskModes: UInt16 = 45
    static let keyShare: UInt16 = 51
    static let renegotiationInfo: UInt16 = 0xFF01
  }

  /// RFC 7748's curve 25519, in RFC 8422's and RFC 8446's numbers.
  static let x25519: UInt16 = 0x001D
  /// TLS_AES_256_GCM_SHA384: its Finished is as long as the model's.
  static let suite13: UInt16 = 0x1302
  /// TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384.
  static let suite12: UInt16 = 0xC030
  /// TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: the best there was before 1.2.
  static let suite10: UInt16 = 0xC014
  /// RFC 8446 §4.1.3: the random of a ServerHello that asks for another ClientHello.
  private static let retryRandom: [UInt8] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A,
    0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
  ]

  /// What both hellos take from chance.
  struct Nonces {
    var random: [UInt8]
    var session: [UInt8]
    var share: [UInt8]
  }

  // MARK: Writing

  /// A ClientHello for `versions` of exactly `total` bytes as a record.
  /// - Returns: the handshake message; `nil` when the name is too long for that.
  static func client(name: String, versions: ClosedRange<TLSVersion>, total: Int, _ nonces: Nonces) -> [UInt8]? {
    let all = clientExtensions(name: name, versions: versions, nonces)
    for extensions in [all, all.filter { $0.type != Extension.pointFormats }] {
      let message = client(versions: versions, extensions, nonces)
      let gap = total - TLSRecord.headerLength - message.count
      if gap == 0 { return message }
      // RFC 7685: as many zeros as are wanted, after four bytes.
      if gap >= 4 {
        return client(versions: versions, extensions + [(Extension.padding, [UInt8](repeating: 0, count: gap - 4))], nonces)
      }
    }
    return nil
  }

  private static func client(
    versions: ClosedRange<TLSVersion>, _ extensions: [(type: UInt16, body: [UInt8])], _ nonces: Nonces
  ) -> [UInt8] {
    var suites: [UInt16] = []
    if versions.upperBound >= .tls13 { suites += [suite13, 0x1301] }
    if versions.contains(.tls12) {
      suites += versions.upperBound >= .tls13 ? [suite12, 0xC02F] : [suite12, 0xC02F, 0xC028, 0xC027]
    }
    if versions.lowerBound < .tls12 { suites += versions.upperBound >= .tls13 ? [suite10] : [suite10, 0xC013, 0x0035, 0x002F] }
    var body = ByteWriter()
    body.big(min(versions.upperBound, .tls12).rawValue)
    body.append(nonces.random)
    // RFC 8446 §4.1.2: for the sake of middleboxes, 1.3 names a session that there never was.
    let session = versions.upperBound >= .tls13 ? nonces.session : []
    body.big(UInt8(session.count))
    body.append(session)
    body.big(UInt16(suites.count * 2))
    for suite in suites { body.big(suite) }
    // Compression: null only.
    body.append([1, 0])
    append(extensions, to: &body)
    return message(HandshakeType.clientHello, body.bytes)
  }

  private static func clientExtensions(
    name: String, versions: ClosedRange<TLSVersion>, _ nonces: Nonces
  ) -> [(type: UInt16, body: [UInt8])] {
    func list(_ words: [UInt16]) -> [UInt8] { bytes(UInt16(words.count * 2)) + words.flatMap { bytes($0) } }
    let host = Array(name.utf8)
    var all: [(type: UInt16, body: [UInt8])] = [
      // RFC 6066 §3: one name, a host name.
      (Extension.serverName, bytes(UInt16(host.count + 3)) + [0] + bytes(UInt16(host.count)) + host),
      (Extension.extendedMasterSecret, []),
      (Extension.renegotiationInfo, [0]),
      (Extension.groups, list([x25519, 0x0017, 0x0018])),
      // Uncompressed points only.
      (Extension.pointFormats, [1, 0]),
      (Extension.sessionTicket, []),
    ]
    if versions.upperBound >= .tls12 {
      all.append((Extension.signatureAlgorithms, list([0x0804, 0x0401, 0x0403, 0x0805, 0x0501, 0x0503])))
    }
    // RFC 8446 §4.2.1. A client of 1.2 may send it too, and so says which versions it would not take.
    let offered = TLSVersion.allCases.filter { versions.contains($0) }.reversed().flatMap { bytes($0.rawValue) }
    all.append((Extension.supportedVersions, [UInt8(offered.count)] + offered))
    if versions.upperBound >= .tls13 {
      all.append((Extension.pskModes, [1, 1]))
      all.append((Extension.keyShare, bytes(UInt16(36)) + bytes(x25519) + bytes(UInt16(32)) + nonces.share))
    }
    return all
  }

  /// A ServerHello that answers this code's ClientHello.
  static func server(_ version: TLSVersion, _ nonces: Nonces) -> [UInt8] {
    var body = ByteWriter()
    body.big(min(version, .tls12).rawValue)
    body.append(nonces.random)
    // 1.3 echoes what the client named; before, the ticket that follows is the session (RFC 5077 §3.4).
    let session = version >= .tls13 ? nonces.session : []
    body.big(UInt8(session.count))
    body.append(session)
    body.big(version >= .tls13 ? suite13 : version == .tls12 ? suite12 : suite10)
    body.big(UInt8(0))
    if version >= .tls13 {
      append(
        [
          (Extension.supportedVersions, bytes(version.rawValue)),
          (Extension.keyShare, bytes(x25519) + bytes(UInt16(32)) + nonces.share),
        ], to: &body)
    } else {
      append(
        [(Extension.renegotiationInfo, [0]), (Extension.extendedMasterSecret, []), (Extension.sessionTicket, [])], to: &body)
    }
    return message(HandshakeType.serverHello, body.bytes)
  }

  static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: 4 + body.count)
    writer.big(type)
    writer.big(UInt64(body.count), bytes: 3)
    writer.append(body)
    return writer.bytes
  }

  private static func append(_ extensions: [(type: UInt16, body: [UInt8])], to body: inout ByteWriter) {
    body.big(UInt16(extensions.reduce(0) { $0 + 4 + $1.body.count }))
    for one in extensions {
      body.big(one.type)
      body.big(UInt16(one.body.count))
      body.append(one.body)
    }
  }

  private static func bytes(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)] }

  // MARK: Reading

  static func readClient(_ body: ArraySlice<UInt8>, identities: inout Identities) throws(CodecError) -> TLSHandshakeMessage {
    var reader = ByteReader(body)
    let legacy = try reader.big(UInt16.self, "client version")
    try reader.skip(32, "client random")
    try sessionID(&reader)
    let suites = Int(try reader.big(UInt16.self, "cipher suites' length"))
    guard suites >= 2, suites % 2 == 0 else { throw .invalid(field: "cipher suites' length", value: UInt64(suites)) }
    try reader.skip(suites, "cipher suites")
    let methods = Int(try reader.byte("compression methods' length"))
    guard try reader.take(methods, "compression methods").contains(0) else {
      throw .invalid(field: "compression methods", value: UInt64(methods))
    }
    var name = ""
    var offered: [TLSVersion]?
    try readExtensions(&reader) { (type, body) throws(CodecError) in
      switch type {
      case Extension.serverName: name = try readServerName(body)
      case Extension.supportedVersions: offered = try readVersions(body)
      default: break
      }
    }
    if let offered {
      guard let highest = offered.max(), let lowest = offered.min() else { throw .invalid(field: "supported versions", value: 0) }
      return .clientHello(serverName: identities.component(named: name), highest: highest, lowest: lowest)
    }
    guard let version = TLSVersion(rawValue: legacy), version < .tls13 else {
      throw .unsupported(what: "client version", value: UInt64(legacy))
    }
    // Who names no others takes all below (RFC 5246 appendix E.1).
    return .clientHello(serverName: identities.component(named: name), highest: version, lowest: .tls10)
  }

  /// The chosen version; `nil` for a request to try again.
  static func readServer(_ body: ArraySlice<UInt8>) throws(CodecError) -> TLSVersion? {
    var reader = ByteReader(body)
    var number = try reader.big(UInt16.self, "server version")
    let random = try reader.take(32, "server random")
    try sessionID(&reader)
    try reader.skip(2, "cipher suite")
    try reader.expect(big: UInt8(0), "compression method")
    try readExtensions(&reader) { (type, body) throws(CodecError) in
      guard type == Extension.supportedVersions else { return }
      var body = body
      number = try body.big(UInt16.self, "selected version")
      try body.end(of: "selected version")
    }
    guard let version = TLSVersion(rawValue: number) else { throw .unsupported(what: "server version", value: UInt64(number)) }
    return random.elementsEqual(retryRandom) ? nil : version
  }

  private static func sessionID(_ reader: inout ByteReader) throws(CodecError) {
    let count = Int(try reader.byte("session id's length"))
    guard count <= 32 else { throw .invalid(field: "session id's length", value: UInt64(count)) }
    try reader.skip(count, "session id")
  }

  /// Extensions may be missing altogether (RFC 5246 §7.4.1.2), but none may come twice.
  private static func readExtensions(
    _ reader: inout ByteReader, _ take: (UInt16, ByteReader) throws(CodecError) -> Void
  ) throws(CodecError) {
    if reader.isAtEnd { return }
    let length = Int(try reader.big(UInt16.self, "extensions' length"))
    var list = try reader.part(length, "extensions")
    try reader.end(of: "hello")
    var seen: Set<UInt16> = []
    while !list.isAtEnd {
      let type = try list.big(UInt16.self, "extension type")
      guard seen.insert(type).inserted else { throw .invalid(field: "extension type", value: UInt64(type)) }
      let length = Int(try list.big(UInt16.self, "extension's length"))
      try take(type, try list.part(length, "extension"))
    }
  }

  private static func readServerName(_ body: ByteReader) throws(CodecError) -> String {
    var body = body
    let length = Int(try body.big(UInt16.self, "server names' length"))
    var list = try body.part(length, "server names")
    try body.end(of: "server names")
    try list.expect(big: UInt8(0), "server name's type")
    let count = Int(try list.big(UInt16.self, "server name's length"))
    guard count > 0 else { throw .invalid(field: "server name's length", value: 0) }
    let name = try list.take(count, "server name")
    try list.end(of: "server names")
    guard name.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .invalid(field: "server name", value: 0) }
    return String(decoding: name, as: UTF8.self)
  }

  /// Versions that are not modelled, reserved ones among them (RFC 8701), are passed over.
  private static func readVersions(_ body: ByteReader) throws(CodecError) -> [TLSVersion] {
    var body = body
    let length = Int(try body.byte("supported versions' length"))
    guard length % 2 == 0, length > 0 else { throw .invalid(field: "supported versions' length", value: UInt64(length)) }
    var list = try body.part(length, "supported versions")
    try body.end(of: "supported versions")
    var versions: [TLSVersion] = []
    while !list.isAtEnd {
      if let version = TLSVersion(rawValue: try list.big(UInt16.self, "version")) { versions.append(version) }
    }
    return versions
  }
}
