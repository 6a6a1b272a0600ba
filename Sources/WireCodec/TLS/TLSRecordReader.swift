// TLS records off a growing stream: cut anywhere, whole again here (RFC 8446 §5.1, RFC 5246 §6.2).
public import Wire

/// What a record says it holds.
public enum TLSContentType: UInt8, Hashable, Sendable, CaseIterable {
  case changeCipherSpec = 20
  case alert = 21
  case handshake = 22
  case applicationData = 23
}

/// One record, its fragment as it stands there.
public struct TLSRawRecord: Hashable, Sendable {
  public var type: TLSContentType
  /// The version in the record's header, which in 1.3 is 1.2's.
  public var version: TLSVersion
  public var fragment: [UInt8]
  public init(type: TLSContentType, version: TLSVersion, fragment: [UInt8]) {
    self.type = type
    self.version = version
    self.fragment = fragment
  }

  /// RFC 5246 §6.2.3: 2^14 and what sealing may add.
  static let maximumFragment = 16_384 + 2_048

  public var encodedLength: Int { TLSRecord.headerLength + fragment.count }

  public func write(to writer: inout ByteWriter) {
    writer.big(type.rawValue)
    writer.big(version.rawValue)
    writer.big(UInt16(fragment.count))
    writer.append(fragment)
  }
}

/// Takes a stream's bytes in any pieces and gives its records.
public struct TLSRecordReader: Sendable {
  private var buffer = StreamBuffer()
  public init() {}

  /// Bytes that belong to a record which is not whole yet.
  public var waiting: Int { buffer.count }

  public mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

  /// The next whole record; `nil` while there is none.
  public mutating func next() throws(CodecError) -> TLSRawRecord? {
    guard buffer.count > 0 else { return nil }
    var reader = ByteReader(buffer.waiting)
    // What can be judged is judged at once: a stream of something else is told by its first bytes.
    let first = try reader.byte("content type")
    guard let type = TLSContentType(rawValue: first) else { throw .invalid(field: "content type", value: UInt64(first)) }
    guard buffer.count >= TLSRecord.headerLength else { return nil }
    let number = try reader.big(UInt16.self, "record version")
    guard let version = TLSVersion(rawValue: number), version < .tls13 else {
      throw .invalid(field: "record version", value: UInt64(number))
    }
    let length = Int(try reader.big(UInt16.self, "record length"))
    guard length <= TLSRawRecord.maximumFragment else { throw .invalid(field: "record length", value: UInt64(length)) }
    // RFC 8446 §5.1: only application data may be empty.
    guard length > 0 || type == .applicationData else { throw .invalid(field: "record length", value: 0) }
    guard reader.remaining >= length else { return nil }
    let whole = buffer.take(TLSRecord.headerLength + length)
    return TLSRawRecord(type: type, version: version, fragment: Array(whole.dropFirst(TLSRecord.headerLength)))
  }
}
