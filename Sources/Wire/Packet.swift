// A packet as it travels: addresses, ports and a handle to what it carries. Bytes are made only for captures; the lengths here
// are the lengths on the wire, so serialisation and MTU are exact.

/// The protocols a packet may carry, with their IANA numbers.
public enum TransportProtocol: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  case icmp = 1
  case tcp = 6
  case udp = 17
  public var name: String {
    switch self {
    case .icmp: "icmp"
    case .tcp: "tcp"
    case .udp: "udp"
    }
  }
}

/// TCP control bits (RFC 9293 §3.1).
public struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }
  @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }
  @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }
  @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }
  @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }
  /// Whether a segment asks for a connection: SYN alone.
  @inlinable public var opens: Bool { contains(.syn) && isDisjoint(with: [.ack, .rst, .fin]) }
}

/// The TCP header's fields that decide anything; contents stand in the stream log that `stream` names.
public struct TCPHeader: Hashable, Sendable, BitwiseCopyable {
  public var sequence: UInt32
  public var acknowledgement: UInt32
  /// The receive window in bytes, already scaled (RFC 7323 §2.2).
  public var window: UInt32
  /// Payload bytes.
  public var length: UInt16
  public var flags: TCPFlags
  @inlinable public init(
    sequence: UInt32 = 0, acknowledgement: UInt32 = 0, window: UInt32 = 0, length: UInt16 = 0, flags: TCPFlags = []
  ) {
    self.sequence = sequence
    self.acknowledgement = acknowledgement
    self.window = window
    self.length = length
    self.flags = flags
  }

  /// The reset that answers this segment where there is no connection for it (RFC 9293 §3.10.7.1); `nil` for a reset.
  public var reset: TCPHeader? {
    if flags.contains(.rst) { return nil }
    if flags.contains(.ack) { return TCPHeader(sequence: acknowledgement, flags: .rst) }
    let occupied = UInt32(length) + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
    return TCPHeader(acknowledgement: sequence &+ occupied, flags: [.rst, .ack])
  }
}

/// Sizes of headers in bytes.
public enum HeaderLength {
  /// RFC 791 §3.1, without options.
  @inlinable public static var ipv4: Int { 20 }
  /// RFC 8200 §3.
  @inlinable public static var ipv6: Int { 40 }
  /// RFC 768.
  @inlinable public static var udp: Int { 8 }
  /// RFC 9293 §3.1, without options.
  @inlinable public static var tcp: Int { 20 }
  /// MSS, window scale and SACK-permitted with padding (RFC 9293 §3.2, RFC 7323 §2.2) on SYN and SYN+ACK.
  @inlinable public static var tcpSynOptions: Int { 12 }
  /// RFC 792: type, code, checksum, rest of header.
  @inlinable public static var icmp: Int { 8 }

  @inlinable public static func ip(_ address: IPAddress) -> Int { address.isV4 ? ipv4 : ipv6 }
}

/// One packet in flight. A value without references: copying it costs no count.
public struct Packet: Sendable, BitwiseCopyable {
  public var source: Endpoint
  public var destination: Endpoint
  public var proto: TransportProtocol
  /// Time to live / hop limit.
  public var ttl: UInt8
  /// Total length in bytes, IP header included.
  public var length: Int32
  /// What a UDP or ICMP packet carries; `.none` for TCP.
  public var payload: PayloadHandle
  /// The sender's stream log, which a TCP receiver reads up to its contiguous offset.
  public var stream: StreamID
  public var tcp: TCPHeader
  public var conversation: ConversationID
  /// The packet's own share of chance: the subject of every draw made about it.
  public var luck: UInt64
  /// The number of the record that sent it: the cause of whatever befalls it.
  public var cause: UInt64

  /// The IPv4 identification, the same on every link; a packet that is never fragmented may have any (RFC 6864 §4.1).
  public var identification: UInt16 { UInt16(truncatingIfNeeded: luck) }

  @inlinable public init(
    source: Endpoint, destination: Endpoint, proto: TransportProtocol, length: Int, payload: PayloadHandle = .none,
    stream: StreamID = .none, tcp: TCPHeader = TCPHeader(), conversation: ConversationID, luck: UInt64, cause: UInt64 = 0
  ) {
    self.source = source
    self.destination = destination
    self.proto = proto
    self.ttl = 64
    self.length = Int32(truncatingIfNeeded: length)
    self.payload = payload
    self.stream = stream
    self.tcp = tcp
    self.conversation = conversation
    self.luck = luck
    self.cause = cause
  }
}
