// Service messages as bytes: HTTP/1.1, and on the agent's channel after its upgrade JSON in WebSocket text frames. Paths and fields
// that are not public are *assumed*; what is known is FreeRDP's (avd-connectivity.md §2.4).
import SimulationKernel
public import Wire

public enum ServiceCodec {
  /// Hosts by the names that clients call them (Microsoft, "Required FQDNs and endpoints").
  enum Host {
    static let feed = "rdweb.wvd.microsoft.com"
    static let directory = "login.microsoftonline.com"
    static let gateway = "rdgateway.wvd.microsoft.com"
    static let broker = "rdbroker.wvd.microsoft.com"
  }

  enum Path {
    static let discovery = "/api/arm/feeddiscovery"
    static let feed = "/api/arm/hubdiscovery"
    static let token = "/common/oauth2/v2.0/token"
    static let health = "/api/health"
    /// FreeRDP posts here; its answer's upgrade follows. Here one upgrade says both.
    static let connections = "/api/arm/v2/connections"
    static let orchestrations = "/api/broker/v1/orchestrations"
    static let channel = "/api/agent/v1/channel"
    static let join = "/api/agent/v1/join"
  }

  /// Header fields of our own making.
  enum Name {
    static let activity = "x-ms-correlation-id"
    static let resource = "x-ms-resource"
    static let certificate = "x-ms-host-certificate"
    static let connection = "x-ms-connection-id"
  }

  /// RFC 6750 §2.1.
  static let bearer = "Bearer "
  static let boundary = "feed_2f0c81d4"

  /// The bytes of a message.
  /// - Parameters:
  ///   - connection: names the connection, the same for both directions: the two halves of an upgrade agree by it.
  ///   - offset: where the message begins in its stream, which a frame's mask follows from.
  public static func encode(
    _ message: ServiceMessage, on connection: Secret, at offset: UInt64 = 0, identities: inout Identities
  ) -> [UInt8] {
    ServiceFields.lent(&identities) { fields in
      var writer = ServiceWriter(fields: fields, connection: connection, offset: offset)
      fields.identities = Identities(seed: 0)
      defer { fields = writer.fields }
      let total = message.encodedLength
      if let content = writer.channelMessage(message) { return writer.frame(message, content, total: total) }
      let http = writer.http(message)
      return http.bytes(filledTo: total, seed: writer.fields.identities.seed, key: connection.id ^ offset)
    }
  }

  /// Reads one message that is all of `bytes`.
  public static func decode(_ bytes: ArraySlice<UInt8>, identities: inout Identities) throws(CodecError) -> ServiceMessage {
    var reader = ServiceStreamReader()
    reader.append(bytes)
    guard let found = try reader.next(identities: &identities) else {
      throw .truncated(what: "service message", needed: bytes.count + 1, available: bytes.count)
    }
    guard reader.waiting == 0 else { throw .trailing(what: "service message", count: reader.waiting) }
    guard case .message(let message) = found else { throw .unsupported(what: "WebSocket frame", value: UInt64(bytes.count)) }
    return message
  }
}

/// What a stream of service messages holds.
public enum ServiceContent: Hashable, Sendable {
  case message(ServiceMessage)
  /// After an upgrade: a frame around another stream's bytes, or about the connection itself.
  case frame(WebSocketFrame)
}

/// Takes a stream's bytes in any pieces and gives its messages: HTTP until an upgrade, WebSocket frames from there on.
public struct ServiceStreamReader: Sendable {
  private var buffer = StreamBuffer()
  public init() {}

  /// Bytes that belong to nothing whole yet.
  public var waiting: Int { buffer.count }

  public mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

  /// The next content; `nil` while none is whole.
  public mutating func next(identities: inout Identities) throws(CodecError) -> ServiceContent? {
    guard let first = buffer.waiting.first else { return nil }
    // No HTTP message begins with a byte above ASCII, and a whole WebSocket message always does.
    if first & 0x80 != 0 {
      guard let found = try WebSocketFrame.read(buffer.waiting) else { return nil }
      _ = buffer.take(found.count)
      guard found.frame.opcode == .text else { return .frame(found.frame) }
      return .message(
        try ServiceFields.lent(&identities) { (fields) throws(CodecError) in try fields.channelMessage(found.frame) })
    }
    guard let found = try HTTPMessage.read(buffer.waiting) else { return nil }
    _ = buffer.take(found.count)
    return .message(try ServiceFields.lent(&identities) { (fields) throws(CodecError) in try fields.message(found.message) })
  }
}
