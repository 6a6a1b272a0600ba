// ICMP (RFC 792) and ICMPv6 (RFC 4443): echoes, and errors with what they quote, as bytes and back.
public import Wire

/// An ICMP or ICMPv6 message.
public enum ICMPMessage: Hashable, Sendable {
  /// An error of a kind the simulator knows, and the bytes it quotes.
  case error(ICMPError, quoted: [UInt8])
  case echo(ICMPEcho, identifier: UInt16)
  /// Any other message: what follows its checksum.
  case other(type: UInt8, code: UInt8, rest: [UInt8])
}

public enum ICMPCodec {
  /// Type and code of an error: RFC 792 and RFC 1812 §5.2.7.1, or RFC 4443 §3.
  static func number(of kind: ICMPError.Kind, v4: Bool) -> (type: UInt8, code: UInt8) {
    switch kind {
    case .networkUnreachable: v4 ? (3, 0) : (1, 0)
    case .hostUnreachable: v4 ? (3, 1) : (1, 3)
    case .portUnreachable: v4 ? (3, 3) : (1, 4)
    case .fragmentationNeeded: v4 ? (3, 4) : (2, 0)
    case .administrativelyProhibited: v4 ? (3, 13) : (1, 1)
    case .timeExceeded: v4 ? (11, 0) : (3, 0)
    }
  }

  /// An error without its checksum, whose place is at offset 2.
  /// - Parameter original: the offending packet, when it is at hand; else its header is made from what the error knows of it.
  public static func encode(_ error: ICMPError, quoting original: [UInt8]? = nil) -> [UInt8] {
    let v4 = error.source.address.isV4
    let (type, code) = number(of: error.kind, v4: v4)
    var out = ByteWriter(capacity: error.encodedLength)
    out.big(type)
    out.big(code)
    out.big(UInt16(0))
    // RFC 1191 §4: the MTU in the last two bytes. RFC 4443 §3.2: in all four.
    out.big(error.kind == .fragmentationNeeded ? UInt32(error.mtu) : 0)
    out.append((original ?? quotation(of: error)).prefix(error.encodedLength - HeaderLength.icmp))
    return out.bytes
  }

  /// Type of an echo: RFC 792, RFC 4443 §4.1 and §4.2.
  static func type(ofReply isReply: Bool, v4: Bool) -> UInt8 { v4 ? (isReply ? 0 : 8) : (isReply ? 129 : 128) }

  /// An echo without its checksum, whose place is at offset 2. Its data are letters, as Windows' `ping` sends them.
  public static func encode(_ echo: ICMPEcho, identifier: UInt16, v4: Bool) -> [UInt8] {
    var out = ByteWriter(capacity: echo.encodedLength)
    out.append([type(ofReply: echo.isReply, v4: v4), 0, 0, 0])
    out.big(identifier)
    out.big(echo.sequence)
    out.append((0..<echo.length).map { UInt8(97 + $0 % 23) })
    return out.bytes
  }

  /// The offending packet as far as the error knows it; its contents are zeros, and its checksum is right for them.
  private static func quotation(of error: ICMPError) -> [UInt8] {
    let length = error.quotedLength - HeaderLength.ip(error.source.address)
    // Dissectors sum a segment that is cut as if it ended there (tshark 4.0); UDP says its length itself.
    let shown = error.proto == .tcp ? error.encodedLength - HeaderLength.icmp - HeaderLength.ip(error.source.address) : length
    var inner = ByteWriter(capacity: shown)
    switch error.proto {
    case .udp:
      inner.big(error.source.port)
      inner.big(error.destination.port)
      inner.big(UInt16(truncatingIfNeeded: length))
    case .tcp:
      inner.big(error.source.port)
      inner.big(error.destination.port)
      inner.big(error.quoted.sequence)
      if shown >= HeaderLength.tcp {
        inner.fill(count: 4)
        inner.big(UInt8(HeaderLength.tcp * 4))
        inner.big(TCPFlags.ack.rawValue)
      }
    case .icmp:
      // An echo request; its identifier is what a translator takes for a port (RFC 5508 §3.1).
      inner.big(UInt8(error.source.address.isV4 ? 8 : 128))
      inner.fill(count: 3)
      inner.big(error.source.port)
    }
    inner.fill(count: max(0, shown - inner.count))
    var header = IPHeader(
      source: error.source.address, destination: error.destination.address,
      proto: PacketCodec.number(of: error.proto, v4: error.source.address.isV4), ttl: error.quoted.ttl)
    header.identification = error.quoted.identification
    var out = ByteWriter(capacity: error.quotedLength)
    IPCodec.write(header, payloadLength: length, into: &out)
    out.append(PacketCodec.sealed(inner.bytes, under: header))
    return out.bytes
  }

  /// A message whose checksum has been looked at.
  static func decode(_ bytes: ArraySlice<UInt8>, v4: Bool) throws(CodecError) -> ICMPMessage {
    var reader = ByteReader(bytes)
    let type = try reader.byte("ICMP header")
    let code = try reader.byte("ICMP header")
    try reader.skip(2, "ICMP header")
    if code == 0, let isReply = [false, true].first(where: { Self.type(ofReply: $0, v4: v4) == type }) {
      let identifier = try reader.big(UInt16.self, "ICMP echo")
      let sequence = try reader.big(UInt16.self, "ICMP echo")
      return .echo(ICMPEcho(isReply: isReply, sequence: sequence, length: reader.remaining), identifier: identifier)
    }
    guard let kind = ICMPError.Kind.allCases.first(where: { number(of: $0, v4: v4) == (type, code) }) else {
      return .other(type: type, code: code, rest: Array(reader.rest()))
    }
    let word = try reader.big(UInt32.self, "ICMP header")
    let quoted = Array(reader.rest())
    // A router's quotation may bear a checksum that no longer fits: it counted the time to live down.
    let inner = try IPCodec.readHeader(quoted[...], verifying: false)
    guard inner.header.isV4 == v4 else { throw .invalid(field: "quoted IP version", value: inner.header.isV4 ? 4 : 6) }
    guard let proto = PacketCodec.known(inner.header.proto, v4: v4) else {
      throw .unsupported(what: "quoted protocol", value: UInt64(inner.header.proto))
    }
    var ports = ByteReader(quoted[...])
    try ports.skip(inner.headerLength, "quoted IP header")
    var error = ICMPError(
      kind: kind, source: Endpoint(inner.header.source, 0), destination: Endpoint(inner.header.destination, 0), proto: proto)
    error.quoted.length = Int32(inner.headerLength + inner.payloadLength)
    (error.quoted.identification, error.quoted.ttl) = (inner.header.identification, inner.header.ttl)
    if proto == .icmp {
      try ports.skip(4, "quoted ICMP header")
      error.source.port = try ports.big(UInt16.self, "quoted ICMP header")
    } else {
      error.source.port = try ports.big(UInt16.self, "quoted ports")
      error.destination.port = try ports.big(UInt16.self, "quoted ports")
      if proto == .tcp { error.quoted.sequence = try ports.big(UInt32.self, "quoted sequence number") }
    }
    if kind == .fragmentationNeeded { error.mtu = UInt16(clamping: v4 ? word & 0xFFFF : word) }
    return .error(error, quoted: quoted)
  }
}
