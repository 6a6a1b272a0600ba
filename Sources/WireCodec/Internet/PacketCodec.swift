// Whole packets: the simulator's `Packet` with its payload's bytes as a datagram that any IP stack would take, and back.
public import Wire

/// A datagram as it was read.
public struct DecodedPacket: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case udp(payload: [UInt8])
    case tcp(TCPSegment)
    case icmp(ICMPMessage)
    /// A protocol that is not looked into, by its number.
    case other(UInt8, payload: [UInt8])
  }
  public var header: IPHeader
  /// With ports for UDP and TCP, else with port 0.
  public var source: Endpoint
  public var destination: Endpoint
  public var content: Content

  public var proto: TransportProtocol? {
    switch content {
    case .udp: .udp
    case .tcp: .tcp
    case .icmp: .icmp
    case .other: nil
    }
  }
}

public enum PacketCodec {
  /// A packet's bytes.
  /// - Parameters:
  ///   - payload: what UDP or TCP carries, or an ICMP message as `ICMPCodec` writes it.
  ///   - options: what the sender's SYN says or said: it stands in SYNs, and its window scale is used after them.
  public static func encode(_ packet: Packet, payload: [UInt8], options: TCPOptions? = nil) -> [UInt8] {
    let v4 = packet.source.address.isV4
    var header = IPHeader(
      source: packet.source.address, destination: packet.destination.address, proto: number(of: packet.proto, v4: v4),
      ttl: packet.ttl)
    // So that a packet can be recognised behind a translator.
    header.identification = packet.identification
    let inner: [UInt8]
    switch packet.proto {
    case .udp:
      var out = ByteWriter(capacity: HeaderLength.udp + payload.count)
      out.big(packet.source.port)
      out.big(packet.destination.port)
      out.big(UInt16(truncatingIfNeeded: HeaderLength.udp + payload.count))
      out.big(UInt16(0))
      out.append(payload)
      inner = out.bytes
    case .tcp:
      inner = TCPCodec.encode(
        packet.tcp, from: packet.source.port, to: packet.destination.port,
        options: options ?? .ofHosts(maximumSegment: v4 ? 1460 : 1440), payload: payload)
    case .icmp: inner = payload
    }
    return IPCodec.encode(header, payload: sealed(inner, under: header))
  }

  /// A datagram read back.
  /// - Parameter verifying: whether a wrong checksum is an error; a capture made where a network card computes them has wrong ones.
  public static func decode(_ bytes: ArraySlice<UInt8>, verifying: Bool = true) throws(CodecError) -> DecodedPacket {
    let (header, payload) = try IPCodec.decode(bytes, verifying: verifying)
    let from = Endpoint(header.source, 0)
    let to = Endpoint(header.destination, 0)
    guard let proto = known(header.proto, v4: header.isV4) else {
      return DecodedPacket(header: header, source: from, destination: to, content: .other(header.proto, payload: Array(payload)))
    }
    if verifying { try verify(proto, payload, under: header) }
    switch proto {
    case .icmp:
      let message = try ICMPCodec.decode(payload, v4: header.isV4)
      return DecodedPacket(header: header, source: from, destination: to, content: .icmp(message))
    case .tcp:
      let segment = try TCPCodec.decode(payload)
      return DecodedPacket(
        header: header, source: Endpoint(header.source, segment.source),
        destination: Endpoint(header.destination, segment.destination), content: .tcp(segment))
    case .udp:
      var reader = ByteReader(payload)
      let source = try reader.big(UInt16.self, "UDP header")
      let destination = try reader.big(UInt16.self, "UDP header")
      let length = Int(try reader.big(UInt16.self, "UDP header"))
      try reader.skip(2, "UDP header")
      guard length >= HeaderLength.udp else { throw .invalid(field: "UDP length", value: UInt64(length)) }
      let data = try reader.take(length - HeaderLength.udp, "UDP payload")
      try reader.end(of: "UDP payload")
      return DecodedPacket(
        header: header, source: Endpoint(header.source, source), destination: Endpoint(header.destination, destination),
        content: .udp(payload: Array(data)))
    }
  }

  // MARK: Protocol numbers and checksums

  static func number(of proto: TransportProtocol, v4: Bool) -> UInt8 {
    proto == .icmp && !v4 ? IPCodec.icmpV6 : proto.rawValue
  }

  static func known(_ number: UInt8, v4: Bool) -> TransportProtocol? {
    switch (number, v4) {
    case (IPCodec.icmp, true), (IPCodec.icmpV6, false): .icmp
    case (IPCodec.icmp, false): nil
    default: TransportProtocol(rawValue: number)
    }
  }

  private static func sum(_ proto: TransportProtocol, _ bytes: ArraySlice<UInt8>, under header: IPHeader) -> UInt16 {
    var sum =
      proto == .icmp && header.isV4 ? InternetChecksum() : InternetChecksum.pseudoHeader(header, length: bytes.count)
    sum.add(bytes)
    return sum.value
  }

  /// A message with its checksum, which was left 0.
  static func sealed(_ bytes: [UInt8], under header: IPHeader) -> [UInt8] {
    guard let proto = known(header.proto, v4: header.isV4) else { return bytes }
    let place = proto == .icmp ? 2 : proto == .udp ? 6 : 16
    // What an ICMP error quotes of TCP ends before the checksum.
    guard bytes.count >= place + 2 else { return bytes }
    var value = sum(proto, bytes[...], under: header)
    // RFC 768: a sum of zero is sent as all ones, for zero says that there is none.
    if proto == .udp, value == 0 { value = 0xFFFF }
    var bytes = bytes
    (bytes[place], bytes[place + 1]) = (UInt8(value >> 8), UInt8(value & 0xFF))
    return bytes
  }

  /// Whether a TCP or UDP checksum is the pseudo-header's sum alone: what systems leave to a network card to finish, and on a loopback
  /// nobody does.
  public static func hasUnfinishedChecksum(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let (header, payload) = try? IPCodec.decode(bytes, verifying: false),
      let proto = known(header.proto, v4: header.isV4), proto != .icmp
    else { return false }
    let place = payload.startIndex + (proto == .udp ? 6 : 16)
    guard place + 1 < payload.endIndex else { return false }
    let told = UInt16(payload[place]) << 8 | UInt16(payload[place + 1])
    return told == ~InternetChecksum.pseudoHeader(header, length: payload.count).value
  }

  private static func verify(_ proto: TransportProtocol, _ bytes: ArraySlice<UInt8>, under header: IPHeader) throws(CodecError) {
    if proto == .udp, bytes.count >= HeaderLength.udp, bytes[bytes.startIndex + 6] | bytes[bytes.startIndex + 7] == 0 {
      // RFC 8200 §8.1: IPv6 has no datagrams without a checksum.
      if header.isV4 { return }
      throw .invalid(field: "UDP checksum", value: 0)
    }
    if sum(proto, bytes, under: header) != 0 { throw .integrity(field: "\(proto.name.uppercased()) checksum") }
  }
}
