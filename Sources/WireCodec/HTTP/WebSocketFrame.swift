// WebSocket frames and the opening handshake's nonces (RFC 6455 §4, §5).
import Crypto
public import Wire

/// One frame.
public struct WebSocketFrame: Hashable, Sendable {
  public enum Opcode: UInt8, Hashable, Sendable, CaseIterable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10
    var isControl: Bool { rawValue >= 8 }
  }

  public var opcode: Opcode
  public var isFinal: Bool
  /// The key a client masks with; `nil` from a server.
  public var mask: UInt32?
  /// As the layer above has it, unmasked.
  public var payload: [UInt8]
  public init(_ opcode: Opcode, isFinal: Bool = true, mask: UInt32? = nil, payload: [UInt8]) {
    self.opcode = opcode
    self.isFinal = isFinal
    self.mask = mask
    self.payload = payload
  }

  /// Bytes before the payload.
  public static func headerLength(payload: Int, masked: Bool) -> Int {
    2 + (payload < 126 ? 0 : payload < 65_536 ? 2 : 8) + (masked ? 4 : 0)
  }

  public var encodedLength: Int { Self.headerLength(payload: payload.count, masked: mask != nil) + payload.count }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacity: encodedLength)
    writer.big((isFinal ? 0x80 : 0) | opcode.rawValue)
    let masked: UInt8 = mask == nil ? 0 : 0x80
    switch payload.count {
    case ..<126: writer.big(masked | UInt8(payload.count))
    case ..<65_536:
      writer.big(masked | 126)
      writer.big(UInt16(payload.count))
    default:
      writer.big(masked | 127)
      writer.big(UInt64(payload.count))
    }
    guard let mask else {
      writer.append(payload)
      return writer.bytes
    }
    writer.big(mask)
    writer.append(Self.applying(mask, to: payload[...]))
    return writer.bytes
  }

  /// RFC 6455 §5.3: the same either way.
  private static func applying(_ mask: UInt32, to bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.enumerated().map { row, byte in byte ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - row % 4 * 8)) }
  }

  /// The frame at the front of `bytes`, with the number of bytes it takes; `nil` while it is not whole.
  static func read(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> (frame: WebSocketFrame, count: Int)? {
    guard let first = bytes.first else { return nil }
    // No extension is negotiated, so the reserved bits are 0.
    guard first & 0x70 == 0, let opcode = Opcode(rawValue: first & 0x0F) else {
      throw .invalid(field: "WebSocket opcode", value: UInt64(first))
    }
    let isFinal = first & 0x80 != 0
    guard isFinal || !opcode.isControl else { throw .invalid(field: "WebSocket control frame", value: UInt64(first)) }
    guard bytes.count >= 2 else { return nil }
    var reader = ByteReader(bytes.dropFirst())
    let second = try reader.byte("WebSocket length")
    var length = UInt64(second & 0x7F)
    let wider = length == 126 ? 2 : length == 127 ? 8 : 0
    guard wider == 0 || !opcode.isControl else { throw .invalid(field: "WebSocket control frame's length", value: length) }
    guard reader.remaining >= wider else { return nil }
    if wider > 0 {
      length = try reader.big(bytes: wider, "WebSocket length")
      // RFC 6455 §5.2: as short as can be, and the highest bit is 0.
      guard length >= (wider == 2 ? 126 : 65_536), length >> 63 == 0 else {
        throw .invalid(field: "WebSocket length", value: length)
      }
    }
    let isMasked = second & 0x80 != 0
    guard UInt64(reader.remaining) >= (isMasked ? 4 : 0), UInt64(reader.remaining - (isMasked ? 4 : 0)) >= length else {
      return nil
    }
    let mask = isMasked ? try reader.big(UInt32.self, "WebSocket mask") : nil
    let payload = try reader.take(Int(length), "WebSocket payload")
    let frame = WebSocketFrame(
      opcode, isFinal: isFinal, mask: mask, payload: mask.map { applying($0, to: payload) } ?? Array(payload))
    return (frame, 1 + reader.offset)
  }
}

/// Takes a stream's bytes in any pieces and gives its frames.
public struct WebSocketReader: Sendable {
  private var buffer = StreamBuffer()
  public init() {}

  /// Bytes that belong to no whole frame yet.
  public var waiting: Int { buffer.count }

  public mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

  /// The next whole frame; `nil` while there is none.
  public mutating func next() throws(CodecError) -> WebSocketFrame? {
    guard let found = try WebSocketFrame.read(buffer.waiting) else { return nil }
    _ = buffer.take(found.count)
    return found.frame
  }
}

public enum WebSocketCodec {
  /// The frame around `inner`, the bytes of a slice of another stream (`Message.webSocket`).
  /// - Parameter connection: names the connection; a client's masks follow from it and from where the slice stands.
  public static func encode(
    _ inner: [UInt8], of slice: StreamSlice, masked: Bool, on connection: Secret, identities: Identities
  ) -> [UInt8] {
    let mask = masked ? Self.mask(of: connection, at: slice.start, seed: identities.seed) : nil
    return WebSocketFrame(.binary, mask: mask, payload: inner).bytes
  }

  static func mask(of connection: Secret, at offset: UInt64, seed: UInt64) -> UInt32 {
    Filler.bytes(seed: seed ^ offset, key: connection.id ^ 0x6D61_736B, count: 4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// RFC 6455 §4.1: the client's nonce of a connection, 16 bytes in base64.
  static func key(of connection: Secret, identities: inout Identities) -> String {
    Base64.encode(identities.bytes(of: connection, count: 16, as: "websocket key"))
  }

  /// RFC 6455 §4.2.2: what a server answers to a client's nonce.
  public static func accept(_ key: String) -> String {
    Base64.encode(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
  }
}
