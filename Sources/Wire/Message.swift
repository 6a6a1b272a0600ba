// Everything a packet or a stream can carry, in one type: what `encodedLength` counts is what the wire would.

/// Bytes whose meaning is not modelled; `bytes` is there when somebody gave real ones.
public struct OpaqueBytes: Hashable, Sendable {
  public var length: Int
  public var bytes: [UInt8]?
  public init(length: Int, bytes: [UInt8]? = nil) {
    precondition(bytes.map { $0.count == length } ?? true, "\(length) opaque bytes given as \(bytes?.count ?? 0)")
    self.length = length
    self.bytes = bytes
  }
}

/// What an ICMP error shows of the offending packet's headers beside its addresses and ports. No element's behaviour reads it.
public struct QuotedHeader: Hashable, Sendable, BitwiseCopyable {
  /// The whole packet's length in bytes; 0 counts as the least that is quoted.
  public var length: Int32 = 0
  /// IPv4 identification.
  public var identification: UInt16 = 0
  /// Time to live, or hop limit, as it was where the error arose.
  public var ttl: UInt8 = 64
  /// TCP sequence number.
  public var sequence: UInt32 = 0
  public init() {}
  public init(of packet: Packet) {
    length = packet.length
    identification = packet.source.address.isV4 ? packet.identification : 0
    ttl = packet.ttl
    sequence = packet.proto == .tcp ? packet.tcp.sequence : 0
  }
}

/// An ICMP or ICMPv6 error with what it quotes of the packet that caused it (RFC 792, RFC 4443).
public struct ICMPError: Hashable, Sendable, BitwiseCopyable {
  public enum Kind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case networkUnreachable, hostUnreachable, portUnreachable, fragmentationNeeded, administrativelyProhibited, timeExceeded
  }
  public var kind: Kind
  /// The quoted packet's addresses and ports, as they were where the error arose.
  public var source: Endpoint
  public var destination: Endpoint
  public var proto: TransportProtocol
  /// The next hop's MTU in bytes, with `fragmentationNeeded`.
  public var mtu: UInt16
  public var quoted: QuotedHeader
  public init(
    kind: Kind, source: Endpoint, destination: Endpoint, proto: TransportProtocol, mtu: UInt16 = 0,
    quoted: QuotedHeader = QuotedHeader()
  ) {
    self.kind = kind
    self.source = source
    self.destination = destination
    self.proto = proto
    self.mtu = mtu
    self.quoted = quoted
  }

  /// The quoted packet's length, at least its IP header and 8 bytes.
  public var quotedLength: Int { max(Int(quoted.length), HeaderLength.ip(source.address) + 8) }

  /// RFC 792: header, quoted IP header and its first 8 bytes. RFC 4443 §2.4 (c): as much of the packet as fits into 1280 bytes.
  public var encodedLength: Int {
    HeaderLength.icmp
      + (source.address.isV4 ? HeaderLength.ipv4 + 8 : min(quotedLength, 1280 - HeaderLength.ipv6 - HeaderLength.icmp))
  }
}

/// An ICMP or ICMPv6 echo request or reply (RFC 792, RFC 4443 §4.1 and §4.2). Its identifier is in the packet, in the place of the
/// asking end's port, where translators rewrite it.
public struct ICMPEcho: Hashable, Sendable, BitwiseCopyable {
  public var isReply: Bool
  public var sequence: UInt16
  /// Bytes of data, which come back as they were.
  public var length: Int
  public init(isReply: Bool, sequence: UInt16, length: Int) {
    self.isReply = isReply
    self.sequence = sequence
    self.length = length
  }
  /// Header, and the data.
  public var encodedLength: Int { HeaderLength.icmp + length }
}

/// An outer datagram of a VPN tunnel.
public enum TunnelMessage: Hashable, Sendable {
  case hello(key: Secret, inner: IPAddress)
  case welcome(key: Secret)
  case keepAlive(key: Secret)
  /// The receiver knows no such tunnel: IKEv2's INVALID_SPI (RFC 7296 §1.5).
  case unknown(key: Secret)
  /// An inner packet, by its slot in the world's packet store.
  case inner(slot: UInt32, length: Int32, key: Secret)

  /// An inner packet as ESP in UDP (RFC 3948, RFC 4303 with AES-GCM, RFC 4106): SPI 4, sequence 4, IV 8, the packet with padding and
  /// a trailer of 2 up to a multiple of 4 (RFC 4303 §2.4), tag 16.
  static func espLength(_ inner: Int) -> Int { 4 + 4 + 8 + (inner + 2 + 3) / 4 * 4 + 16 }

  public var encodedLength: Int {
    switch self {
    case .hello: 420
    case .welcome: 420
    // RFC 3948 §2.3: a single byte.
    case .keepAlive: 1
    // RFC 3948 §2.2: the non-ESP marker; RFC 7296 §3.1, §3.10: header and notification with an SPI.
    case .unknown: 44
    case .inner(_, let length, _): Self.espLength(Int(length))
    }
  }
}

/// A message: the payload of a datagram or a piece of a stream. The frequent kinds, which hold no reference, lie in it; the others are
/// boxed, so that it stays small.
public enum Message: Hashable, Sendable {
  indirect case opaque(OpaqueBytes)
  indirect case icmp(ICMPError)
  case echo(ICMPEcho)
  indirect case stun(STUNMessage)
  case rdpUDP(RDPUDPDatagram)
  case tunnel(TunnelMessage)
  case tls(TLSRecord)
  indirect case service(ServiceMessage)
  indirect case proxy(ProxyMessage)
  /// A binary WebSocket frame (RFC 6455 §5.2) around bytes of another stream.
  case webSocket(StreamSlice, masked: Bool)
  /// A PDU, and what it travels in: some travel on the base connection and in tunnels, and are longer in the one.
  indirect case rdp(RDPMessage, RDPFrame)

  public var encodedLength: Int {
    switch self {
    case .opaque(let opaque): opaque.length
    case .icmp(let error): error.encodedLength
    case .echo(let echo): echo.encodedLength
    case .stun(let message): message.encodedLength
    case .rdpUDP(let datagram): datagram.encodedLength
    case .tunnel(let message): message.encodedLength
    case .tls(let record): record.encodedLength
    case .service(let message): message.encodedLength
    case .proxy(let message): message.encodedLength
    case .webSocket(let slice, let masked):
      slice.count + (slice.count < 126 ? 2 : slice.count < 65_536 ? 4 : 10) + (masked ? 4 : 0)
    case .rdp(let message, let frame): message.encodedLength(in: frame)
    }
  }
}
