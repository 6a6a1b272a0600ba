// The datagrams that open an RDP-UDP connection (MS-RDPEUDP §2.2.2), big endian and padded to the MTU they probe.

/// A SYN or SYN+ACK datagram.
public struct RDPUDPHandshake: Hashable, Sendable {
  /// uFlags of RDPUDP_FEC_HEADER (§2.2.2.1) that matter here.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let syn = Flags(rawValue: 0x0001)
    public static let ack = Flags(rawValue: 0x0004)
    public static let synLossy = Flags(rawValue: 0x0200)
    public static let correlationID = Flags(rawValue: 0x0800)
    public static let synEx = Flags(rawValue: 0x1000)
  }
  /// §2.2.2.9: the version with the data phase of MS-RDPEUDP2.
  public static let version3: UInt16 = 0x0101

  /// snSourceAck: all ones in a SYN, the SYN's sequence number in the answer (§3.1.5.1.1, §3.1.5.1.3).
  public var sourceAck: UInt32
  /// uReceiveWindowSize, in datagrams.
  public var window: UInt16
  /// The flags, without those that say which parts follow.
  public var flags: Flags
  public var initialSequence: UInt32
  public var upstreamMTU: UInt16
  public var downstreamMTU: UInt16
  /// uCorrelationId (§2.2.2.8), 16 bytes.
  public var correlation: [UInt8]?
  /// uUdpVer of SYNEX; `nil` without a valid one.
  public var version: UInt16?
  /// SHA-256 of the security cookie, in a client's SYN of version 3.
  public var cookieHash: [UInt8]?
  /// The datagram's whole length, zeros at the end included.
  public var length: Int

  public init(
    flags: Flags, sourceAck: UInt32 = .max, window: UInt16, initialSequence: UInt32, mtu: UInt16, version: UInt16? = version3,
    cookieHash: [UInt8]? = nil
  ) {
    self.flags = flags
    self.sourceAck = sourceAck
    self.window = window
    self.initialSequence = initialSequence
    (upstreamMTU, downstreamMTU, length) = (mtu, mtu, Int(mtu))
    self.version = version
    self.cookieHash = cookieHash
  }

  /// The hash is there in the SYN of version 3 alone (§3.1.5.1.1, step 5).
  private var hasHash: Bool { version == Self.version3 && !flags.contains(.ack) }

  /// The datagram; a correlation or hash of the wrong length is cut or filled up.
  public func encoded() -> [UInt8] {
    var out = ByteWriter(capacity: length)
    var all = flags.union(.syn)
    if correlation != nil { all.insert(.correlationID) }
    if version != nil { all.insert(.synEx) }
    out.big(sourceAck)
    out.big(window)
    out.big(all.rawValue)
    out.big(initialSequence)
    out.big(upstreamMTU)
    out.big(downstreamMTU)
    func fixed(_ bytes: [UInt8], _ count: Int) {
      out.append(bytes.prefix(count))
      out.fill(count: max(0, count - bytes.count))
    }
    if let correlation { fixed(correlation, 16) }
    if correlation != nil { out.fill(count: 16) }
    if let version {
      // RDPUDP_VERSION_INFO_VALID.
      out.big(UInt16(1))
      out.big(version)
    }
    if hasHash { fixed(cookieHash ?? [], 32) }
    out.fill(count: max(0, length - out.count))
    return out.bytes
  }

  public init(_ bytes: ArraySlice<UInt8>) throws(CodecError) {
    var reader = ByteReader(bytes)
    sourceAck = try reader.big(UInt32.self, "RDP-UDP header")
    window = try reader.big(UInt16.self, "RDP-UDP header")
    let all = Flags(rawValue: try reader.big(UInt16.self, "RDP-UDP header"))
    guard all.contains(.syn) else { throw .unsupported(what: "RDP-UDP flags", value: UInt64(all.rawValue)) }
    flags = all.subtracting([.syn, .correlationID, .synEx])
    initialSequence = try reader.big(UInt32.self, "SYN data")
    upstreamMTU = try reader.big(UInt16.self, "SYN data")
    downstreamMTU = try reader.big(UInt16.self, "SYN data")
    // §3.1.5.1.1: in the range of 1132 to 1232.
    for mtu in [upstreamMTU, downstreamMTU] where !(1132...1232).contains(mtu) {
      throw .invalid(field: "RDP-UDP MTU", value: UInt64(mtu))
    }
    if all.contains(.correlationID) {
      correlation = Array(try reader.take(16, "correlation id"))
      try reader.skip(16, "correlation id")
    }
    if all.contains(.synEx) {
      let valid = try reader.big(UInt16.self, "SYNEX")
      let told = try reader.big(UInt16.self, "SYNEX")
      version = valid & 1 == 1 ? told : nil
    }
    length = bytes.count
    if hasHash { cookieHash = Array(try reader.take(32, "cookie hash")) }
    if let byte = reader.rest().first(where: { $0 != 0 }) { throw .invalid(field: "SYN padding", value: UInt64(byte)) }
  }
}
