// IPv4 (RFC 791) and IPv6 (RFC 8200) headers as bytes and back.
public import Wire

/// What an IP header says.
public struct IPHeader: Hashable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  /// The protocol number of what follows, behind any IPv6 extension headers.
  public var proto: UInt8
  /// Time to live, or hop limit.
  public var ttl: UInt8
  /// DSCP and ECN (RFC 2474, RFC 3168).
  public var trafficClass: UInt8 = 0
  /// IPv4 only. In a packet that is never fragmented it may have any value (RFC 6864 §4.1).
  public var identification: UInt16 = 0
  /// IPv4 only; IPv6 routers never fragment.
  public var dontFragment = true

  public init(source: IPAddress, destination: IPAddress, proto: UInt8, ttl: UInt8 = 64) {
    self.source = source
    self.destination = destination
    self.proto = proto
    self.ttl = ttl
  }

  var isV4: Bool { source.isV4 }
}

/// IP packets as bytes.
public enum IPCodec {
  /// Protocol numbers that are looked at (IANA).
  static let icmp: UInt8 = 1
  static let icmpV6: UInt8 = 58

  /// A header and what it carries. The version is the source address's.
  public static func encode(_ header: IPHeader, payload: [UInt8]) -> [UInt8] {
    var out = ByteWriter(capacity: 40 + payload.count)
    write(header, payloadLength: payload.count, into: &out)
    out.append(payload)
    return out.bytes
  }

  /// A header alone, in front of `payloadLength` bytes.
  static func write(_ header: IPHeader, payloadLength: Int, into out: inout ByteWriter) {
    guard header.isV4 else {
      out.big(6 << 28 | UInt32(header.trafficClass) << 20)
      out.big(UInt16(truncatingIfNeeded: payloadLength))
      out.big(header.proto)
      out.big(header.ttl)
      for address in [header.source, header.destination] {
        out.big(address.high)
        out.big(address.low)
      }
      return
    }
    let start = out.count
    out.big(UInt8(0x45))
    out.big(header.trafficClass)
    out.big(UInt16(truncatingIfNeeded: HeaderLength.ipv4 + payloadLength))
    out.big(header.identification)
    out.big(UInt16(header.dontFragment ? 0x4000 : 0))
    out.big(header.ttl)
    out.big(header.proto)
    out.big(UInt16(0))
    out.big(header.source.v4)
    out.big(header.destination.v4)
    var sum = InternetChecksum()
    sum.add(out.bytes[start...])
    out.replaceBig(sum.value, at: start + 10)
  }

  /// A packet's header and its payload, without what a link padded it with.
  /// - Parameter verifying: whether a wrong header checksum is an error.
  public static func decode(_ bytes: ArraySlice<UInt8>, verifying: Bool = true) throws(CodecError) -> (
    header: IPHeader, payload: ArraySlice<UInt8>
  ) {
    let read = try readHeader(bytes, verifying: verifying)
    var reader = ByteReader(bytes)
    try reader.skip(read.headerLength, "IP header")
    let payload = try reader.take(read.payloadLength, "IP payload")
    return (read.header, payload)
  }

  struct ReadHeader {
    var header: IPHeader
    var headerLength: Int
    /// What the header says follows it, there or not: a quoted packet is cut.
    var payloadLength: Int
  }

  static func readHeader(_ bytes: ArraySlice<UInt8>, verifying: Bool) throws(CodecError) -> ReadHeader {
    guard let first = bytes.first else { throw .truncated(what: "IP header", needed: 1, available: 0) }
    switch first >> 4 {
    case 4: return try readV4(bytes, verifying: verifying)
    case 6: return try readV6(bytes)
    default: throw .invalid(field: "IP version", value: UInt64(first >> 4))
    }
  }

  private static func readV4(_ bytes: ArraySlice<UInt8>, verifying: Bool) throws(CodecError) -> ReadHeader {
    var reader = ByteReader(bytes)
    let headerLength = Int(try reader.byte("IPv4 header") & 15) * 4
    guard headerLength >= HeaderLength.ipv4 else { throw .invalid(field: "IPv4 header length", value: UInt64(headerLength)) }
    let trafficClass = try reader.byte("IPv4 header")
    let total = Int(try reader.big(UInt16.self, "IPv4 header"))
    let identification = try reader.big(UInt16.self, "IPv4 header")
    let fragment = try reader.big(UInt16.self, "IPv4 header")
    let ttl = try reader.byte("IPv4 header")
    let proto = try reader.byte("IPv4 header")
    try reader.skip(2, "IPv4 header")
    let source = IPAddress(v4: try reader.big(UInt32.self, "IPv4 header"))
    let destination = IPAddress(v4: try reader.big(UInt32.self, "IPv4 header"))
    try reader.skip(headerLength - HeaderLength.ipv4, "IPv4 options")
    guard total >= headerLength else { throw .invalid(field: "IPv4 total length", value: UInt64(total)) }
    if verifying {
      var sum = InternetChecksum()
      sum.add(bytes.prefix(headerLength))
      guard sum.value == 0 else { throw .integrity(field: "IPv4 header checksum") }
    }
    guard fragment & 0x3FFF == 0 else { throw .unsupported(what: "IPv4 fragment at", value: UInt64(fragment & 0x1FFF) * 8) }
    var header = IPHeader(source: source, destination: destination, proto: proto, ttl: ttl)
    header.trafficClass = trafficClass
    header.identification = identification
    header.dontFragment = fragment & 0x4000 != 0
    return ReadHeader(header: header, headerLength: headerLength, payloadLength: total - headerLength)
  }

  private static func readV6(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> ReadHeader {
    var reader = ByteReader(bytes)
    let first = try reader.big(UInt32.self, "IPv6 header")
    var length = Int(try reader.big(UInt16.self, "IPv6 header"))
    var next = try reader.byte("IPv6 header")
    let ttl = try reader.byte("IPv6 header")
    let source = IPAddress(
      high: try reader.big(UInt64.self, "IPv6 header"), low: try reader.big(UInt64.self, "IPv6 header"))
    let destination = IPAddress(
      high: try reader.big(UInt64.self, "IPv6 header"), low: try reader.big(UInt64.self, "IPv6 header"))
    var headerLength = HeaderLength.ipv6
    // RFC 8200 §4.1: hop-by-hop options, routing and destination options are passed over.
    while [0, 43, 60].contains(next) {
      next = try reader.byte("IPv6 extension header")
      let extent = (Int(try reader.byte("IPv6 extension header")) + 1) * 8
      try reader.skip(extent - 2, "IPv6 extension header")
      guard extent <= length else { throw .invalid(field: "IPv6 extension header length", value: UInt64(extent)) }
      (headerLength, length) = (headerLength + extent, length - extent)
    }
    if next == 44 { throw .unsupported(what: "IPv6 header", value: 44) }
    // An address of this form has no business in a packet (RFC 4291 §2.5.5.2), and would read as IPv4 here.
    for address in [source, destination] where address.isV4 {
      throw .invalid(field: "IPv6 address, IPv4-mapped", value: UInt64(address.v4))
    }
    var header = IPHeader(source: source, destination: destination, proto: next, ttl: ttl)
    header.trafficClass = UInt8(truncatingIfNeeded: first >> 20)
    return ReadHeader(header: header, headerLength: headerLength, payloadLength: length)
  }
}
