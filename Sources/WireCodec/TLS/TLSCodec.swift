// TLS records and flights as bytes: plain handshake messages as they are, sealed ones as filler of the length that sealing gives.
import SimulationKernel
public import Wire

public enum TLSCodec {
  /// Verify data: 12 bytes (RFC 5246 §7.4.9), or SHA-384's length (RFC 8446 §4.4.4).
  private static func finished(_ version: TLSVersion) -> Int { 4 + (version >= .tls13 ? 48 : 12) }
  /// The fragment of a ChangeCipherSpec.
  private static let change: [UInt8] = [1]

  /// The bytes of a record or flight.
  /// - Parameter connection: names the connection, the same for both directions; nonces and key shares follow from it.
  public static func encode(_ record: TLSRecord, on connection: Secret, identities: inout Identities) -> [UInt8] {
    switch record {
    case .handshake(let message): encode(message, on: connection, identities: &identities)
    case .alert(let alert, let sealed): encode(alert, sealed: sealed, on: connection, identities: identities)
    case .applicationData(let slice, let key, let version):
      sealed(.applicationData, slice.count, version, key: key, at: slice.start, seed: identities.seed)
    }
  }

  /// An alert: plain during a handshake, sealed after it and, in 1.3, as soon as there are keys.
  public static func encode(
    _ alert: TLSAlert, sealed version: TLSVersion?, on connection: Secret, identities: Identities
  ) -> [UInt8] {
    guard let version else {
      // RFC 8446 §6: all but the goodbye are fatal.
      return record(.alert, .tls12, [alert == .closeNotify ? 1 : 2, alert.rawValue])
    }
    return sealed(.alert, 2, version, key: connection, at: UInt64(alert.rawValue) << 32, seed: identities.seed)
  }

  /// The bytes of a flight: whole records, as few as its messages allow.
  public static func encode(
    _ message: TLSHandshakeMessage, on connection: Secret, identities: inout Identities
  ) -> [UInt8] {
    let total = message.encodedLength
    func nonces(_ side: String) -> TLSHello.Nonces {
      TLSHello.Nonces(
        random: identities.bytes(of: connection, count: 32, as: "tls random " + side),
        session: identities.bytes(of: connection, count: 32, as: "tls session"),
        share: identities.bytes(of: connection, count: 32, as: "tls share " + side))
    }
    func filler(_ count: Int, _ what: UInt64) -> [UInt8] {
      Filler.bytes(seed: identities.seed, key: mix(connection.id, what), count: max(0, count))
    }
    func sealedHandshake(_ content: Int, _ version: TLSVersion, _ what: UInt64) -> [UInt8] {
      sealed(
        version >= .tls13 ? .applicationData : .handshake, content, version, key: connection, at: what << 32,
        seed: identities.seed)
    }
    switch message {
    case .clientHello(let serverName, let highest, let lowest):
      let versions = min(lowest, highest)...highest
      let short = "x" + hex(serverName.value)
      let name = identities.name(of: serverName, limit: 253)
      let nonces = nonces("client")
      let hello =
        TLSHello.client(name: name, versions: versions, total: total, nonces)
        ?? TLSHello.client(name: short, versions: versions, total: total, nonces) ?? []
      // RFC 8446 §5.1: the first record may say 1.0 to those who look at nothing else.
      return record(.handshake, .tls10, hello)
    case .serverFlight(.tls13, _):
      let hello =
        record(.handshake, .tls12, TLSHello.server(.tls13, nonces("server"))) + record(.changeCipherSpec, .tls12, change)
      let content = total - hello.count - TLSRecord.headerLength - TLSVersion.tls13.sealedLength(0)
      return hello + sealedHandshake(content, .tls13, 1)
    case .serverFlight(let version, let certificate):
      return plainServerFlight(
        version, certificate, total: total, nonces("server"), signature: filler(256, 2), identities: &identities)
    case .clientFinished(.tls13, _):
      return record(.changeCipherSpec, .tls12, change) + sealedHandshake(finished(.tls13), .tls13, 3)
    case .clientFinished(let version, let key):
      // The client's share stands for the keys that follow from it.
      let share = identities.bytes(of: key, count: 32, as: "tls share")
      return record(.handshake, version, TLSHello.message(HandshakeType.clientKeyExchange, [32] + share))
        + record(.changeCipherSpec, version, change) + sealedHandshake(finished(version), version, 3)
    case .serverFinished(.tls13):
      let first = total / 2
      return [first, total - first].enumerated().flatMap { row, count in
        sealedHandshake(count - TLSRecord.headerLength - TLSVersion.tls13.sealedLength(0), .tls13, 4 + UInt64(row))
      }
    case .serverFinished(let version):
      var ticket = ByteWriter()
      // RFC 5077 §3.3: valid for two hours, as OpenSSL says.
      ticket.big(UInt32(7_200))
      ticket.big(UInt16(ticketLength))
      ticket.append(filler(ticketLength, 5))
      return record(.handshake, version, TLSHello.message(HandshakeType.newSessionTicket, ticket.bytes))
        + record(.changeCipherSpec, version, change) + sealedHandshake(finished(version), version, 6)
    }
  }

  /// ServerHello, Certificate, ServerKeyExchange and ServerHelloDone in one record; the certificates fill what the others leave.
  private static func plainServerFlight(
    _ version: TLSVersion, _ certificate: Certificate, total: Int, _ nonces: TLSHello.Nonces, signature: [UInt8],
    identities: inout Identities
  ) -> [UInt8] {
    let hello = TLSHello.server(version, nonces)
    var exchange = ByteWriter()
    // RFC 8422 §5.4: a named curve, its point, and RSA's signature over it (rsa_pss_rsae_sha256 in 1.2).
    exchange.big(UInt8(3))
    exchange.big(TLSHello.x25519)
    exchange.big(UInt8(32))
    exchange.append(nonces.share)
    if version >= .tls12 { exchange.big(UInt16(0x0804)) }
    exchange.big(UInt16(signature.count))
    exchange.append(signature)
    let rest =
      TLSHello.message(HandshakeType.serverKeyExchange, exchange.bytes) + TLSHello.message(HandshakeType.serverHelloDone, [])
    var list = ByteWriter()
    let room = total - TLSRecord.headerLength - hello.count - rest.count - 4 - 3
    for one in X509.chain(certificate, total: room, identities: &identities) {
      list.big(UInt64(one.count), bytes: 3)
      list.append(one)
    }
    var body = ByteWriter()
    body.big(UInt64(list.count), bytes: 3)
    body.append(list.bytes)
    return record(.handshake, version, hello + TLSHello.message(HandshakeType.certificate, body.bytes) + rest)
  }

  /// Bytes of a ticket, as OpenSSL 3.0's (nat-and-ice.md §7: 242 bytes with Finished).
  private static let ticketLength = 176

  private static func record(_ type: TLSContentType, _ version: TLSVersion, _ fragment: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: fragment.count + TLSRecord.headerLength)
    TLSRawRecord(type: type, version: version, fragment: fragment).write(to: &writer)
    return writer.bytes
  }

  private static func sealed(
    _ type: TLSContentType, _ content: Int, _ version: TLSVersion, key: Secret, at offset: UInt64, seed: UInt64
  ) -> [UInt8] {
    // RFC 8446 §5.2: everything sealed looks like 1.2's application data.
    let filler = Filler.bytes(seed: seed, key: key.id, at: offset, count: version.sealedLength(max(0, content)))
    return record(version >= .tls13 ? .applicationData : type, min(version, .tls12), filler)
  }

  // MARK: Reading

  /// Everything in a whole number of records.
  public static func decode(
    _ bytes: ArraySlice<UInt8>, at date: Int64 = WorldCalendar.start, identities: inout Identities
  ) throws(CodecError) -> [TLSContent] {
    var reader = TLSStreamReader()
    reader.append(bytes)
    var contents: [TLSContent] = []
    while let content = try reader.next(at: date, identities: &identities) { contents.append(content) }
    guard reader.waiting == 0 else {
      throw .truncated(what: "record or message", needed: reader.waiting + 1, available: reader.waiting)
    }
    return contents
  }
}
