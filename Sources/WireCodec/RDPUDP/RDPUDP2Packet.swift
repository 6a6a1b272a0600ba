// The datagrams of RDP-UDP's data phase (MS-RDPEUDP2 §2.2.1), little endian behind a prefix byte that travels in eighth place.

/// A packet of the data phase: which parts it has follows from which fields are set.
public struct RDPUDP2Packet: Hashable, Sendable {
  /// §2.2.1.2.1: this packet and all before it have come.
  public struct Acknowledgement: Hashable, Sendable {
    public var sequence: UInt16
    /// Lowest 24 bits of when it came, in units of 4 microseconds.
    public var receivedAt: UInt32
    /// Milliseconds between its coming and this acknowledgement.
    public var gap: UInt8
    /// The scale of `additions`, 0 … 15: units of 2^scale microseconds.
    public var scale: UInt8
    /// Times between the packets acknowledged together, the latest first; 15 at most.
    public var additions: [UInt8]
    public init(sequence: UInt16, receivedAt: UInt32 = 0, gap: UInt8 = 0, scale: UInt8 = 0, additions: [UInt8] = []) {
      self.sequence = sequence
      self.receivedAt = receivedAt & 0xFF_FFFF
      self.gap = gap
      self.scale = scale & 15
      self.additions = Array(additions.prefix(15))
    }
  }

  /// §2.2.1.2.3.
  public struct DelayInfo: Hashable, Sendable {
    public var maximumDelayed: UInt8
    public var timeoutInMilliseconds: UInt16
    public init(maximumDelayed: UInt8, timeoutInMilliseconds: UInt16) {
      self.maximumDelayed = maximumDelayed
      self.timeoutInMilliseconds = timeoutInMilliseconds
    }
  }

  /// §2.2.1.2.6: which packets have come, where some are missing.
  public struct Vector: Hashable, Sendable {
    public var base: UInt16
    /// Lowest 24 bits of when the latest came, and the milliseconds since.
    public var timestamp: UInt32?
    public var gap: UInt8
    /// Seven states a byte, or a run of them (top bit set); 127 bytes at most.
    public var coded: [UInt8]
    public init(base: UInt16, timestamp: UInt32? = nil, gap: UInt8 = 0, coded: [UInt8]) {
      self.base = base
      self.timestamp = timestamp.map { $0 & 0xFF_FFFF }
      self.gap = timestamp == nil ? 0 : gap
      self.coded = Array(coded.prefix(127))
    }

    /// The states from `base` on: whether each packet has come.
    public var states: [Bool] {
      coded.flatMap { byte in
        byte & 0x80 == 0
          ? (0..<7).map { byte >> UInt8($0) & 1 == 1 } : [Bool](repeating: byte & 0x40 != 0, count: Int(byte & 0x3F))
      }
    }
  }

  /// §2.2.1.3: a dummy's contents mean nothing and its loss is not mended.
  public var isDummy = false
  /// §2.2.1.1: the sender's receive buffer is 2 to this power times the MTU.
  public var logWindow: UInt8
  public var acknowledgement: Acknowledgement?
  public var overheadSize: UInt8?
  public var delayInfo: DelayInfo?
  /// AckOfAcksSeqNum: what lies before it is acknowledged or given up.
  public var ackOfAcks: UInt16?
  /// Only without `acknowledgement`.
  public var vector: Vector?
  /// DataSeqNum: new with each transmission.
  public var dataSequence: UInt16?
  /// ChannelSeqNum: the same with each transmission of the same data. With `dataSequence` only; a dummy has none.
  public var channelSequence: UInt16?
  /// With `dataSequence` only.
  public var data: [UInt8]

  public init(logWindow: UInt8, acknowledgement: Acknowledgement? = nil, data: [UInt8] = []) {
    self.logWindow = logWindow & 15
    self.acknowledgement = acknowledgement
    self.data = data
  }

  // §2.2.1.1.
  private static let ackFlag: UInt16 = 0x001
  private static let dataFlag: UInt16 = 0x004
  private static let vectorFlag: UInt16 = 0x008
  private static let ackOfAcksFlag: UInt16 = 0x010
  private static let overheadFlag: UInt16 = 0x040
  private static let delayFlag: UInt16 = 0x100

  /// The datagram.
  public func encoded() -> [UInt8] {
    let vector = acknowledgement == nil ? vector : nil
    var flags: UInt16 = 0
    if acknowledgement != nil { flags |= Self.ackFlag }
    if dataSequence != nil { flags |= Self.dataFlag }
    if vector != nil { flags |= Self.vectorFlag }
    if ackOfAcks != nil { flags |= Self.ackOfAcksFlag }
    if overheadSize != nil { flags |= Self.overheadFlag }
    if delayInfo != nil { flags |= Self.delayFlag }
    var out = ByteWriter(capacity: 16 + data.count)
    out.big(UInt8(0))
    out.little(flags | UInt16(logWindow & 15) << 12)
    if let ack = acknowledgement {
      out.little(ack.sequence)
      out.little(UInt64(ack.receivedAt), bytes: 3)
      out.big(ack.gap)
      out.big(UInt8(ack.additions.count & 15) | ack.scale << 4)
      out.append(ack.additions)
    }
    if let overheadSize { out.big(overheadSize) }
    if let delayInfo {
      out.big(delayInfo.maximumDelayed)
      out.little(delayInfo.timeoutInMilliseconds)
    }
    if let ackOfAcks { out.little(ackOfAcks) }
    if let dataSequence { out.little(dataSequence) }
    if let vector {
      out.little(vector.base)
      out.big(UInt8(vector.coded.count & 0x7F) | (vector.timestamp == nil ? 0 : 0x80))
      if let timestamp = vector.timestamp {
        out.little(UInt64(timestamp), bytes: 3)
        out.big(vector.gap)
      }
      out.append(vector.coded)
    }
    if dataSequence != nil {
      if !isDummy { out.little(channelSequence ?? 0) }
      out.append(data)
    }
    return Self.wrapped(out.bytes, isDummy: isDummy)
  }

  /// §3.1.1.1.5.1: fills a short packet up to 7 bytes, and changes the prefix, which stands first, with the eighth byte.
  static func wrapped(_ packet: [UInt8], isDummy: Bool) -> [UInt8] {
    var bytes = packet
    let length = packet.count - 1
    if length < 7 { bytes.append(contentsOf: repeatElement(0, count: 7 - length)) }
    bytes[0] = UInt8(min(length, 7)) << 5 | (isDummy ? 8 << 1 : 0)
    bytes.swapAt(0, 7)
    return bytes
  }

  /// §3.1.1.1.5.2: the prefix byte and what follows it.
  static func unwrapped(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> (prefix: UInt8, packet: [UInt8]) {
    guard bytes.count > 7 else { throw .truncated(what: "RDP-UDP2 packet", needed: 8, available: bytes.count) }
    var packet = Array(bytes)
    packet.swapAt(0, 7)
    let prefix = packet.removeFirst()
    let short = Int(prefix >> 5)
    // Only a packet that was filled up to 7 bytes says less; 0 says nothing, as in the specification's example.
    if short != 0, short < 7 {
      guard packet.count == 7 else { throw .invalid(field: "RDP-UDP2 short packet length", value: UInt64(short)) }
      packet.removeLast(7 - short)
    }
    return (prefix, packet)
  }

  public init(_ bytes: ArraySlice<UInt8>) throws(CodecError) {
    let (prefix, packet) = try Self.unwrapped(bytes)
    guard prefix & 1 == 0, [0, 8].contains(prefix >> 1 & 15) else {
      throw .invalid(field: "RDP-UDP2 packet type", value: UInt64(prefix & 0x1F))
    }
    isDummy = prefix >> 1 & 15 == 8
    var reader = ByteReader(packet)
    let header = try reader.little(UInt16.self, "RDP-UDP2 header")
    logWindow = UInt8(header >> 12)
    let flags = header & 0xFFF
    let known = Self.ackFlag | Self.dataFlag | Self.vectorFlag | Self.ackOfAcksFlag | Self.overheadFlag | Self.delayFlag
    guard flags & ~known == 0, flags != 0, flags & (Self.ackFlag | Self.vectorFlag) != Self.ackFlag | Self.vectorFlag else {
      throw .invalid(field: "RDP-UDP2 flags", value: UInt64(flags))
    }
    if flags & Self.ackFlag != 0 {
      let sequence = try reader.little(UInt16.self, "acknowledgement")
      let receivedAt = UInt32(try reader.little(bytes: 3, "acknowledgement"))
      let gap = try reader.byte("acknowledgement")
      let counts = try reader.byte("acknowledgement")
      let additions = Array(try reader.take(Int(counts & 15), "acknowledgement"))
      acknowledgement = Acknowledgement(
        sequence: sequence, receivedAt: receivedAt, gap: gap, scale: counts >> 4, additions: additions)
    }
    if flags & Self.overheadFlag != 0 { overheadSize = try reader.byte("overhead size") }
    if flags & Self.delayFlag != 0 {
      let maximum = try reader.byte("delayed acknowledgement info")
      delayInfo = DelayInfo(
        maximumDelayed: maximum, timeoutInMilliseconds: try reader.little(UInt16.self, "delayed acknowledgement info"))
    }
    if flags & Self.ackOfAcksFlag != 0 { ackOfAcks = try reader.little(UInt16.self, "acknowledgement of acknowledgements") }
    if flags & Self.dataFlag != 0 { dataSequence = try reader.little(UInt16.self, "data header") }
    if flags & Self.vectorFlag != 0 {
      let base = try reader.little(UInt16.self, "acknowledgement vector")
      let size = try reader.byte("acknowledgement vector")
      let hasTime = size & 0x80 != 0
      let timestamp = hasTime ? UInt32(try reader.little(bytes: 3, "acknowledgement vector")) : nil
      let gap = hasTime ? try reader.byte("acknowledgement vector") : 0
      vector = Vector(
        base: base, timestamp: timestamp, gap: gap, coded: Array(try reader.take(Int(size & 0x7F), "acknowledgement vector")))
    }
    data = []
    if dataSequence != nil {
      if !isDummy { channelSequence = try reader.little(UInt16.self, "data body") }
      data = Array(reader.rest())
    }
    try reader.end(of: "RDP-UDP2 packet")
  }
}
