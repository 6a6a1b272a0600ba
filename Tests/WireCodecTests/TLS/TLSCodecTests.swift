// TLS flights, alerts and records: as long as the model says, read back as what they were, whatever is done to them.
import SimulationKernel
import Testing
import Wire

@testable import WireCodec

@Suite struct TLSCodecTests {
  static let connection = Secret(id: 0xC0)

  static func flight(_ values: inout SeededValues, _ identities: inout Identities) -> TLSHandshakeMessage {
    let version = values.pick(TLSVersion.allCases)
    let other = values.pick(TLSVersion.allCases)
    switch values.below(4) {
    case 0:
      return .clientHello(serverName: values.component(&identities), highest: max(version, other), lowest: min(version, other))
    case 1:
      let subject = values.component(&identities)
      return .serverFlight(
        version: version,
        certificate: Certificate(
          subject: subject, issuer: values.flip() ? subject : values.component(&identities), expired: values.flip(),
          fingerprint: values.secret()))
    case 2: return .clientFinished(version: version, key: values.secret())
    default: return .serverFinished(version: version)
    }
  }

  /// What can be seen of a flight without keys.
  static func visible(_ message: TLSHandshakeMessage) -> TLSHandshakeMessage? {
    switch message {
    case .clientHello: message
    case .serverFlight(let version, _), .clientFinished(let version, _), .serverFinished(let version):
      version >= .tls13 ? nil : message
    }
  }

  @Test("flights are as long as the model says and are read back as far as they are plain")
  func flights() throws {
    var values = SeededValues(1)
    var identities = Identities(seed: 7)
    for _ in 0..<1_200 {
      let message = Self.flight(&values, &identities)
      let bytes = TLSCodec.encode(message, on: values.secret(), identities: &identities)
      #expect(bytes.count == message.encodedLength, "\(message)")
      let contents = try TLSCodec.decode(bytes[...], identities: &identities)
      #expect(TLSHandshakeMessage(contents) == Self.visible(message))
    }
  }

  @Test("of 1.3 one sees the hellos, and the rest sealed")
  func sealedFlights() throws {
    var identities = Identities(seed: 7)
    let name = ComponentKey("gateway")
    let certificate = Certificate(subject: name, issuer: name, fingerprint: Secret(id: 1))
    func contents(_ message: TLSHandshakeMessage) throws -> [TLSContent] {
      try TLSCodec.decode(TLSCodec.encode(message, on: Self.connection, identities: &identities)[...], identities: &identities)
    }
    #expect(
      try contents(.serverFlight(version: .tls13, certificate: certificate)) == [
        .serverHello(.tls13), .changeCipherSpec(version: .tls12), .sealed(.applicationData, count: 2_340 - 127 - 6 - 5),
      ])
    #expect(
      try contents(.clientFinished(version: .tls13, key: Secret(id: 2))) == [
        .changeCipherSpec(version: .tls12), .sealed(.applicationData, count: 4 + 48 + 17),
      ])
    #expect(
      try contents(.serverFinished(version: .tls13)) == [
        .sealed(.applicationData, count: 250), .sealed(.applicationData, count: 250),
      ])
  }

  @Test("a name too long for the hello's size, or no host name, goes as its key; every length fits")
  func names() throws {
    for highest in TLSVersion.allCases {
      for length in 1...260 {
        let text = String(repeating: "n", count: min(length, 60)) + String(repeating: ".m", count: max(0, length - 60) / 2)
        var identities = Identities(seed: 1, texts: [ComponentKey("a"): text])
        let message = TLSHandshakeMessage.clientHello(serverName: ComponentKey("a"), highest: highest, lowest: .tls10)
        let bytes = TLSCodec.encode(message, on: Self.connection, identities: &identities)
        #expect(bytes.count == message.encodedLength, "\(highest) \(length)")
        #expect(TLSHandshakeMessage(try TLSCodec.decode(bytes[...], identities: &identities)) == message)
        // Names of real services are read as they are.
        if length <= 44 { #expect(String(decoding: bytes, as: UTF8.self).contains(text)) }
      }
    }
  }

  @Test("alerts are plain or sealed, and sealed ones hide which they are")
  func alerts() throws {
    var identities = Identities(seed: 3)
    for alert in [TLSAlert.closeNotify, .badCertificate, .certificateExpired, .unknownCA, .protocolVersion] {
      for sealed in TLSVersion.allCases.map({ Optional($0) }) + [nil] {
        let record = TLSRecord.alert(alert, sealed: sealed)
        #expect(TLSCodec.encode(record, on: Self.connection, identities: &identities).count == record.encodedLength)
      }
      let plain = TLSCodec.encode(alert, sealed: nil, on: Self.connection, identities: identities)
      #expect(plain == [21, 3, 3, 0, 2, alert == .closeNotify ? 1 : 2, alert.rawValue])
      #expect(try TLSCodec.decode(plain[...], identities: &identities) == [.alert(alert)])
    }
    #expect(TLSCodec.encode(.closeNotify, sealed: .tls12, on: Self.connection, identities: identities).count == 7 + 24)
    let sealed = TLSCodec.encode(.unknownCA, sealed: .tls13, on: Self.connection, identities: identities)
    #expect(try TLSCodec.decode(sealed[...], identities: &identities) == [.sealed(.applicationData, count: 2 + 17)])
  }

  @Test("application data is sealed filler of the right length, the same each time and no zeros")
  func applicationData() throws {
    var identities = Identities(seed: 3)
    let stream = StreamID(index: 0, generation: 0)
    for version in TLSVersion.allCases {
      for count in [0, 1, 100, 1_460, 16_384] {
        let slice = StreamSlice(stream: stream, start: 5_000, end: 5_000 + UInt64(count))
        let record = TLSRecord.applicationData(slice, key: Secret(id: 9), version: version)
        let bytes = TLSCodec.encode(record, on: Self.connection, identities: &identities)
        #expect(bytes.count == record.encodedLength)
        #expect(bytes == TLSCodec.encode(record, on: Self.connection, identities: &identities))
        let sealed = bytes.count - 5
        #expect(try TLSCodec.decode(bytes[...], identities: &identities) == [.sealed(.applicationData, count: sealed)])
        #expect(count < 100 || Set(bytes).count > 50)
      }
    }
  }

  @Test("CBC pads to whole blocks: RFC 2246 and RFC 4346 with AES and SHA-1")
  func blocks() {
    #expect((10...12).map { TLSVersion.tls10.sealedLength($0) } == [32, 32, 48])
    #expect(TLSVersion.tls11.sealedLength(11) == 48)
    #expect(TLSVersion.tls12.sealedLength(16) == 40 && TLSVersion.tls13.sealedLength(52) == 69)
  }

  @Test("a stream cut anywhere waits for more, and gives the same contents in the end")
  func pieces() throws {
    var values = SeededValues(5)
    var identities = Identities(seed: 7)
    for _ in 0..<200 {
      var bytes: [UInt8] = []
      for _ in 0...values.below(3) {
        bytes += TLSCodec.encode(Self.flight(&values, &identities), on: Self.connection, identities: &identities)
      }
      // A stream is of one direction: what follows a ChangeCipherSpec in the clear would be refused or taken for sealed.
      var whole = TLSStreamReader()
      whole.append(bytes)
      var all: [TLSContent] = []
      while let content = try? whole.next(identities: &identities) { all.append(content) }
      var reader = TLSStreamReader()
      var found: [TLSContent] = []
      for piece in bytes.pieces(longest: 1 + values.below(700), &values) {
        reader.append(piece)
        while let content = try? reader.next(identities: &identities) { found.append(content) }
      }
      #expect(found == all && !all.isEmpty)
    }
  }

  @Test("a handshake message may span records, and records may hold several")
  func fragments() throws {
    var identities = Identities(seed: 7)
    let name = ComponentKey("gateway.example")
    let message = TLSHandshakeMessage.serverFlight(
      version: .tls12, certificate: Certificate(subject: name, issuer: ComponentKey("ca"), fingerprint: Secret(id: 5)))
    let bytes = TLSCodec.encode(message, on: Self.connection, identities: &identities)
    var split = ByteWriter()
    for piece in stride(from: 5, to: bytes.count, by: 100) {
      TLSRawRecord(type: .handshake, version: .tls12, fragment: Array(bytes[piece..<min(bytes.count, piece + 100)])).write(
        to: &split)
    }
    #expect(TLSHandshakeMessage(try TLSCodec.decode(split.bytes[...], identities: &identities)) == message)
    var broken = Array(split.bytes[..<105])
    broken += [21, 3, 3, 0, 2, 2, 42]
    #expect(throws: CodecError.invalid(field: "content type within a handshake message", value: 21)) {
      try TLSCodec.decode(broken[...], identities: &identities)
    }
  }

  @Test("what is no TLS is told by its first bytes")
  func strangers() {
    var identities = Identities(seed: 7)
    func error(_ bytes: [UInt8]) -> CodecError? {
      do {
        _ = try TLSCodec.decode(bytes[...], identities: &identities)
        return nil
      } catch { return error }
    }
    #expect(error(Array("GET / HTTP/1.1\r\n".utf8)) == .invalid(field: "content type", value: 0x47))
    #expect(error([22, 2, 0, 0, 1, 0]) == .invalid(field: "record version", value: 0x200))
    #expect(error([23, 3, 3, 0xFF, 0]) == .invalid(field: "record length", value: 0xFF00))
    #expect(error([22, 3, 3, 0, 0]) == .invalid(field: "record length", value: 0))
    #expect(error([21, 3, 3, 0, 2, 2, 99]) == .unsupported(what: "alert", value: 99))
    #expect(error([22, 3, 3, 0, 4, 1, 0]) == .truncated(what: "record or message", needed: 8, available: 7))
  }

  @Test("whatever is done to the bytes, reading ends with contents or a mistake")
  func mutations() {
    var values = SeededValues(11)
    var identities = Identities(seed: 7)
    let corpus = (0..<60).map { _ in
      TLSCodec.encode(Self.flight(&values, &identities), on: Self.connection, identities: &identities)
    }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      var fresh = Identities(seed: 7)
      _ = try TLSCodec.decode(bytes, identities: &fresh)
    }
    #expect(outcome.accepted > 0 && outcome.refused > Mutations.budget / 10)
  }
}
