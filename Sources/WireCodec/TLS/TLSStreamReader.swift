// One direction of a TLS connection, read from its stream: what is plain as what it says, what is sealed as such.
public import Wire

/// What one can see in a stream of records without its keys.
public enum TLSContent: Hashable, Sendable {
  case clientHello(TLSHandshakeMessage)
  case serverHello(TLSVersion)
  /// The first of the certificates shown.
  case certificate(Certificate)
  case serverKeyExchange
  case serverHelloDone
  /// The client's share; `version` is its record's.
  case clientKeyExchange(Secret, version: TLSVersion)
  case newSessionTicket(version: TLSVersion)
  case changeCipherSpec(version: TLSVersion)
  case alert(TLSAlert)
  /// A fragment of so many bytes that only the two ends can read.
  case sealed(TLSContentType, count: Int)
  /// A handshake message that is not modelled, by its type.
  case other(UInt8, count: Int)
}

/// Takes a stream's bytes in any pieces and gives what its records hold.
public struct TLSStreamReader: Sendable {
  private var records = TLSRecordReader()
  /// Plain handshake bytes that are no whole message yet, or not yet taken.
  private var messages = StreamBuffer()
  private var messageVersion = TLSVersion.tls12
  /// What comes after a ChangeCipherSpec is sealed.
  private var isSealed = false
  public init() {}

  /// Bytes that are no whole record or message yet.
  public var waiting: Int { records.waiting + messages.count }

  public mutating func append(_ bytes: some Sequence<UInt8>) { records.append(bytes) }

  /// The longest handshake message taken: far more than any certificate chain.
  static let maximumMessage = 1 << 17

  /// What comes next; `nil` while it is not whole.
  /// - Parameter date: when the bytes were seen, in seconds since 1970: what has expired had done so by then.
  public mutating func next(
    at date: Int64 = WorldCalendar.start, identities: inout Identities
  ) throws(CodecError) -> TLSContent? {
    while true {
      if let content = try message(at: date, identities: &identities) { return content }
      guard let record = try records.next() else { return nil }
      guard record.type == .handshake || messages.count == 0 else {
        // RFC 8446 §5.1: nothing may come between the pieces of a message.
        throw .invalid(field: "content type within a handshake message", value: UInt64(record.type.rawValue))
      }
      switch record.type {
      case .handshake where !isSealed || isSecondHello(record.fragment):
        messages.append(record.fragment)
        messageVersion = record.version
      case .changeCipherSpec:
        guard record.fragment == [1] else { throw .invalid(field: "ChangeCipherSpec", value: UInt64(record.fragment[0])) }
        isSealed = true
        return .changeCipherSpec(version: record.version)
      case .alert where !isSealed: return .alert(try alert(record.fragment))
      case .alert, .handshake, .applicationData: return .sealed(record.type, count: record.fragment.count)
      }
    }
  }

  /// After a request to try again a client of 1.3 has sent its ChangeCipherSpec before a hello that is plain (RFC 8446 appendix D.4).
  private func isSecondHello(_ fragment: [UInt8]) -> Bool {
    fragment.count > 4 && fragment[0] == HandshakeType.clientHello
      && fragment[1..<4].reduce(0) { $0 << 8 | Int($1) } == fragment.count - 4
  }

  private func alert(_ fragment: [UInt8]) throws(CodecError) -> TLSAlert {
    var reader = ByteReader(fragment)
    let level = try reader.byte("alert level")
    let number = try reader.byte("alert description")
    try reader.end(of: "alert")
    guard level == 1 || level == 2 else { throw .invalid(field: "alert level", value: UInt64(level)) }
    guard let alert = TLSAlert(rawValue: number) else { throw .unsupported(what: "alert", value: UInt64(number)) }
    return alert
  }

  private mutating func message(at date: Int64, identities: inout Identities) throws(CodecError) -> TLSContent? {
    guard messages.count >= 4 else { return nil }
    var header = ByteReader(messages.waiting)
    let type = try header.byte("handshake type")
    let length = Int(try header.big(bytes: 3, "handshake length"))
    guard length <= Self.maximumMessage else { throw .unsupported(what: "handshake length", value: UInt64(length)) }
    guard header.remaining >= length else { return nil }
    let body = messages.take(4 + length).dropFirst(4)
    var reader = ByteReader(body)
    switch type {
    case HandshakeType.clientHello: return .clientHello(try TLSHello.readClient(body, identities: &identities))
    case HandshakeType.serverHello:
      guard let version = try TLSHello.readServer(body) else { return .other(type, count: length) }
      return .serverHello(version)
    case HandshakeType.certificate:
      let length = Int(try reader.big(bytes: 3, "certificates' length"))
      var list = try reader.part(length, "certificates")
      try reader.end(of: "certificates")
      let first = try list.take(Int(try list.big(bytes: 3, "certificate's length")), "certificate")
      while !list.isAtEnd { try list.skip(Int(try list.big(bytes: 3, "certificate's length")), "certificate") }
      return .certificate(try X509.read(first, at: date, identities: &identities))
    case HandshakeType.serverHelloDone:
      try reader.end(of: "ServerHelloDone")
      return .serverHelloDone
    case HandshakeType.clientKeyExchange:
      // RFC 8422 §5.7; RSA's and finite fields' have two bytes of length and are strangers' by all their bytes.
      let count = Int(try reader.byte("client's share"))
      let share = count == reader.remaining ? reader.rest() : body
      return .clientKeyExchange(identities.secret(of: share), version: messageVersion)
    case HandshakeType.newSessionTicket:
      try reader.skip(4, "ticket's lifetime")
      try reader.skip(Int(try reader.big(UInt16.self, "ticket's length")), "ticket")
      try reader.end(of: "NewSessionTicket")
      return .newSessionTicket(version: messageVersion)
    case HandshakeType.serverKeyExchange: return .serverKeyExchange
    default: return .other(type, count: length)
    }
  }
}

extension TLSHandshakeMessage {
  /// The flight that these contents are; `nil` when they are none, or sealed so far that they might be anything.
  public init?(_ contents: [TLSContent]) {
    switch (contents.first, contents.count) {
    case (.clientHello(let hello), 1): self = hello
    case (.serverHello(let version), 3...) where version < .tls13:
      guard case .certificate(let certificate) = contents[1], contents.last == .serverHelloDone else { return nil }
      self = .serverFlight(version: version, certificate: certificate)
    case (.clientKeyExchange(let key, let version), 3):
      guard contents[1] == .changeCipherSpec(version: version), case .sealed(.handshake, _) = contents[2] else { return nil }
      self = .clientFinished(version: version, key: key)
    case (.newSessionTicket(let version), 3):
      guard contents[1] == .changeCipherSpec(version: version), case .sealed(.handshake, _) = contents[2] else { return nil }
      self = .serverFinished(version: version)
    default: return nil
    }
  }
}
