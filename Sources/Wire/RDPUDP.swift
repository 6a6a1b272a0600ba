// RDP-UDP version 3 datagrams: the MS-RDPEUDP connection and the MS-RDPEUDP2 data phase, as fields with their lengths.

/// One datagram of the RDP-UDP transport.
public struct RDPUDPDatagram: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// MS-RDPEUDP §2.2.2.1, version 3: carries the SHA-256 of the security cookie (§2.2.2.9), here by the cookie's name.
    case syn(cookieHash: Secret)
    case synAck
    /// The third message of the handshake, and every acknowledgement without data.
    case ack
    /// Bytes `slice` of the sender's stream.
    case data(slice: StreamSlice)
    /// A dummy packet (MS-RDPEUDP2 §2.2.1, type 8): keeps the connection alive, never retransmitted.
    case keepAlive
  }
  public var kind: Kind
  /// The sender's stream log; the receiver reads it up to its contiguous offset.
  public var stream: StreamID
  /// Number of this data packet, new on each retransmission (MS-RDPEUDP2 DataSeqNum).
  public var sequence: UInt64
  /// The receiver's contiguous offset: all stream bytes below it have come.
  public var acknowledged: UInt64
  /// The highest DataSeqNum received, for loss detection by reordering.
  public var highestSeen: UInt64
  /// Bytes the sender of this datagram can still take in.
  public var window: UInt32
  public var mtu: UInt16

  public init(
    kind: Kind, stream: StreamID = .none, sequence: UInt64 = 0, acknowledged: UInt64 = 0, highestSeen: UInt64 = 0,
    window: UInt32 = 0, mtu: UInt16 = 1232
  ) {
    self.kind = kind
    self.stream = stream
    self.sequence = sequence
    self.acknowledged = acknowledged
    self.highestSeen = highestSeen
    self.window = window
    self.mtu = mtu
  }

  /// MS-RDPEUDP §3.1.5.1.1: SYN and SYN+ACK are padded to the MTU, which makes them a path MTU probe; it is within 1132 … 1232.
  static func synLength(_ mtu: UInt16) -> Int { min(max(Int(mtu), 1132), 1232) }
  /// MS-RDPEUDP2 §2.2.1: prefix 1, header 2, DataHeader 2, ChannelSeq 2, acknowledgement payload 7.
  public static let dataOverhead = 14

  public var encodedLength: Int {
    switch kind {
    case .syn, .synAck: Self.synLength(mtu)
    case .ack: 10
    case .keepAlive: 12
    case .data(let slice): Self.dataOverhead + slice.count
    }
  }
}
