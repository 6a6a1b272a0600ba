// The simulator's RDP-UDP datagrams as MS-RDPEUDP and MS-RDPEUDP2 put them on the wire, and back as far as the wire tells.
public import Wire

/// What a flow knows and no datagram says. To write a datagram its numbers are needed; to read one, the whole of it is exactly what
/// the bytes alone cannot restore.
public struct RDPUDPContext: Hashable, Sendable {
  /// snInitialSequenceNumber of the sender and of its peer, from which data packets are numbered.
  public var initialSequence: UInt32 = 0
  public var peerInitialSequence: UInt32 = 0
  /// ChannelSeqNum of the data in the datagram: a piece of the stream keeps its number when it is sent again. The simulator cuts its
  /// streams by offsets and has no such number, and a piece sent again may be longer than it was.
  public var channelSequence: UInt16 = 0
  /// When the acknowledged packet came, in units of 4 microseconds; the datagram has no time in it.
  public var receivedAt: UInt32 = 0

  // For reading only.
  /// The sender's stream log. On the wire a connection is known by its addresses and ports.
  public var stream = StreamID.none
  /// Numbers near those in the datagram, whose lower 16 bits are all that is sent (MS-RDPEUDP2 §3.1.1.1.3).
  public var nearSequence: UInt64 = 0
  public var nearHighestSeen: UInt64 = 0
  /// Where the data lies in the sender's stream; on the wire `channelSequence` orders it.
  public var start: UInt64 = 0
  /// The contiguous offset; on the wire packets are acknowledged, not bytes.
  public var acknowledged: UInt64 = 0
  /// The MTU that the handshake settled on, in whose units windows are told.
  public var mtu: UInt16 = 1232

  public init() {}
}

public enum RDPUDPCodec {
  /// A datagram's bytes.
  /// - Parameter inner: the stream's bytes that a data packet carries, cut or filled up to the slice's length.
  public static func encode(
    _ datagram: RDPUDPDatagram, carrying inner: [UInt8] = [], in context: RDPUDPContext = RDPUDPContext(),
    _ identities: inout Identities
  ) -> [UInt8] {
    let datagrams = datagram.window / unit(datagram.mtu)
    var handshake = RDPUDPHandshake(
      flags: [], window: UInt16(clamping: datagrams), initialSequence: context.initialSequence, mtu: datagram.mtu)
    handshake.length = datagram.encodedLength
    var packet = RDPUDP2Packet(
      logWindow: logarithm(datagrams),
      acknowledgement: RDPUDP2Packet.Acknowledgement(
        sequence: low(datagram.highestSeen, from: context.peerInitialSequence), receivedAt: context.receivedAt))
    switch datagram.kind {
    case .syn(let cookieHash):
      handshake.cookieHash = identities.cookieHash(of: cookieHash)
      return handshake.encoded()
    case .synAck:
      handshake.flags = .ack
      handshake.sourceAck = context.peerInitialSequence
      return handshake.encoded()
    case .ack: return packet.encoded()
    case .keepAlive:
      packet.isDummy = true
      packet.dataSequence = low(datagram.sequence, from: context.initialSequence)
      return packet.encoded()
    case .data(let slice):
      packet.dataSequence = low(datagram.sequence, from: context.initialSequence)
      packet.channelSequence = context.channelSequence
      packet.data = Array(inner.prefix(slice.count))
      packet.data.append(contentsOf: repeatElement(0, count: max(0, slice.count - inner.count)))
      return packet.encoded()
    }
  }

  /// A datagram read back, with `context` for what the bytes do not say. Its window is what the field can tell: whole datagrams in a
  /// handshake, the next power of two of them later.
  public static func decode(
    _ bytes: ArraySlice<UInt8>, in context: RDPUDPContext = RDPUDPContext(), _ identities: inout Identities
  ) throws(CodecError) -> RDPUDPDatagram {
    switch try read(bytes) {
    case .handshake(let handshake):
      guard handshake.version == RDPUDPHandshake.version3 else {
        throw .unsupported(what: "RDP-UDP version", value: UInt64(handshake.version ?? 1))
      }
      let mtu = min(handshake.upstreamMTU, handshake.downstreamMTU)
      let kind: RDPUDPDatagram.Kind =
        handshake.flags.contains(.ack) ? .synAck : .syn(cookieHash: identities.secret(of: handshake.cookieHash ?? []))
      return RDPUDPDatagram(kind: kind, stream: context.stream, window: UInt32(handshake.window) * unit(mtu), mtu: mtu)
    case .packet(let packet):
      let stream = context.stream
      let slice = StreamSlice(stream: stream, start: context.start, end: context.start &+ UInt64(packet.data.count))
      var datagram = RDPUDPDatagram(
        kind: packet.isDummy ? .keepAlive : packet.dataSequence == nil ? .ack : .data(slice: slice), stream: stream,
        acknowledged: context.acknowledged, window: unit(context.mtu) << UInt32(packet.logWindow), mtu: context.mtu)
      if let sequence = packet.dataSequence {
        datagram.sequence = whole(sequence, from: context.initialSequence, near: context.nearSequence)
      }
      if let seen = packet.acknowledgement?.sequence ?? packet.vector.map(highest) {
        datagram.highestSeen = whole(seen, from: context.peerInitialSequence, near: context.nearHighestSeen)
      }
      return datagram
    }
  }

  /// A datagram as it stands, of either phase.
  public enum Reading: Hashable, Sendable {
    case handshake(RDPUDPHandshake)
    case packet(RDPUDP2Packet)
  }

  /// Tells the phases apart: the eighth byte is the lower half of the flags, in which SYN is bit 0, or the prefix byte, whose bit 0 is
  /// reserved and zero (MS-RDPEUDP2 §2.2.1.3).
  public static func read(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> Reading {
    guard bytes.count > 7 else { throw .truncated(what: "RDP-UDP datagram", needed: 8, available: bytes.count) }
    return bytes[bytes.startIndex + 7] & 1 == 1 ? .handshake(try RDPUDPHandshake(bytes)) : .packet(try RDPUDP2Packet(bytes))
  }

  // MARK: Numbers

  /// Bytes of a full data packet, in which the simulator counts its receive buffer.
  private static func unit(_ mtu: UInt16) -> UInt32 { UInt32(max(mtu, 15)) - UInt32(RDPUDPDatagram.dataOverhead) }

  /// The power of two that holds so many datagrams.
  private static func logarithm(_ datagrams: UInt32) -> UInt8 {
    datagrams <= 1 ? 0 : UInt8(min(15, UInt32.bitWidth - (datagrams - 1).leadingZeroBitCount))
  }

  /// The number of the latest packet that a vector says has come.
  private static func highest(_ vector: RDPUDP2Packet.Vector) -> UInt16 {
    vector.base &+ UInt16(truncatingIfNeeded: vector.states.lastIndex(of: true) ?? -1)
  }

  /// What is sent of a number that counts from 1 behind the handshake's.
  private static func low(_ number: UInt64, from initial: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: number &+ UInt64(initial))
  }

  /// MS-RDPEUDP2 §3.1.1.1.3: the number with these lower 16 bits that lies nearest to `near`.
  static func whole(_ sent: UInt16, from initial: UInt32, near: UInt64) -> UInt64 {
    let low = UInt64(sent &- UInt16(truncatingIfNeeded: initial))
    let candidate = near & ~0xFFFF | low
    if candidate > near, candidate - near > 0x8000, candidate >= 0x1_0000 { return candidate - 0x1_0000 }
    if near > candidate, near - candidate > 0x8000 { return candidate &+ 0x1_0000 }
    return candidate
  }
}
