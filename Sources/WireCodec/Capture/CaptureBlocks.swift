// What capture files are made of: pcapng sections, interfaces and packets (draft-ietf-opsawg-pcapng), as values and as bytes.

/// Link types (IANA LINKTYPE registry) whose packets can be found.
public enum LinkType {
  /// Packets that start with their IP header.
  public static let raw: UInt16 = 101
  /// What the inner view of a session is exported as: upper PDUs with tags that name their dissector.
  public static let wiresharkUpperPDU: UInt16 = 252

  /// Whether `datagram` knows where such frames have their packet.
  public static func isReadable(_ type: UInt16) -> Bool { [0, 1, 12, 14, raw, 108, 113, 228, 229, 276].contains(type) }

  /// The IP packet in a frame; `nil` when there is none, or the link type is not known.
  public static func datagram(in frame: ArraySlice<UInt8>, _ type: UInt16) -> ArraySlice<UInt8>? {
    func behind(_ header: Int, etherTypeAt: Int?) -> ArraySlice<UInt8>? {
      guard frame.count > header else { return nil }
      guard let etherTypeAt else { return frame.dropFirst(header) }
      let at = frame.startIndex + etherTypeAt
      var (type, header) = (UInt16(frame[at]) << 8 | UInt16(frame[at + 1]), header)
      // IEEE 802.1Q: a tag of four bytes in front of the real type.
      while type == 0x8100 || type == 0x88A8, frame.count > header + 4 {
        type = UInt16(frame[frame.startIndex + header + 2]) << 8 | UInt16(frame[frame.startIndex + header + 3])
        header += 4
      }
      return type == 0x0800 || type == 0x86DD ? frame.dropFirst(header) : nil
    }
    switch type {
    // NULL and LOOP; Ethernet; raw in its several numbers; Linux cooked, versions 1 and 2.
    case 0, 108: return behind(4, etherTypeAt: nil)
    case 1: return behind(14, etherTypeAt: 12)
    case 12, 14, raw, 228, 229: return behind(0, etherTypeAt: nil)
    case 113: return behind(16, etherTypeAt: 14)
    case 276: return behind(20, etherTypeAt: 0)
    default: return nil
    }
  }
}

/// The section header: who wrote the file, and with which remarks.
public struct CaptureSection: Hashable, Sendable {
  public var comments: [String]
  public var hardware: String?
  public var system: String?
  public var application: String?
  public init(comments: [String] = [], hardware: String? = nil, system: String? = nil, application: String? = nil) {
    self.comments = comments
    self.hardware = hardware
    self.system = system
    self.application = application
  }
}

/// An interface packets were seen at.
public struct CaptureInterface: Hashable, Sendable {
  public var linkType: UInt16
  public var name: String?
  public var description: String?
  public var comments: [String]
  /// Bytes kept of a packet; 0 for all.
  public var snapLength: UInt32
  /// Times are counted in this fraction of a second: a power of ten, or of two with the top bit set (if_tsresol). Ours are nanoseconds.
  public internal(set) var resolution: UInt8 = 9
  /// Seconds added to all times (if_tsoffset).
  public internal(set) var offset: Int64 = 0
  public init(
    linkType: UInt16 = LinkType.raw, name: String? = nil, description: String? = nil, comments: [String] = [],
    snapLength: UInt32 = 0
  ) {
    self.linkType = linkType
    self.name = name
    self.description = description
    self.comments = comments
    self.snapLength = snapLength
  }

  /// Nanoseconds of so many units, or the largest number when there are more.
  /// - Precondition: the resolution is at most 10^-19 or 2^-63, which the reader sees to.
  func nanoseconds(_ units: UInt64) -> Int64 {
    let billion: UInt64 = 1_000_000_000
    let exponent = UInt64(resolution & 0x7F)
    let (seconds, rest): (UInt64, UInt64)
    if resolution & 0x80 != 0 {
      let product = (units & ((1 << exponent) - 1)).multipliedFullWidth(by: billion)
      (seconds, rest) = (units >> exponent, product.high << (64 - exponent) | product.low >> exponent)
    } else {
      let unit = (0..<exponent).reduce(UInt64(1)) { value, _ in value * 10 }
      let fraction = units % unit
      (seconds, rest) = (units / unit, exponent <= 9 ? fraction * (billion / unit) : fraction / (unit / billion))
    }
    let whole = Int64(clamping: seconds).addingReportingOverflow(offset)
    let scaled = whole.partialValue.multipliedReportingOverflow(by: Int64(billion))
    let total = scaled.partialValue.addingReportingOverflow(Int64(rest))
    return whole.overflow || scaled.overflow || total.overflow ? .max : total.partialValue
  }
}

/// A packet that was seen.
public struct CapturedPacket: Hashable, Sendable {
  /// The interface's place among those of its section, from 0.
  public var interface: Int
  /// Nanoseconds from the epoch of the file: from the start of the world in ours.
  public var time: Int64
  public var bytes: [UInt8]
  /// How long it was, of which `bytes` is what was kept.
  public var originalLength: Int
  public var comments: [String]
  /// Which way it went at the interface (epb_flags, bits 0 and 1).
  public enum Direction: UInt32, Hashable, Sendable { case unknown, inbound, outbound }
  public var direction: Direction
  public init(
    interface: Int, time: Int64, bytes: [UInt8], originalLength: Int? = nil, comments: [String] = [],
    direction: Direction = .unknown
  ) {
    self.interface = interface
    self.time = time
    self.bytes = bytes
    self.originalLength = originalLength ?? bytes.count
    self.comments = comments
    self.direction = direction
  }
}

/// A block of a capture file.
public enum CaptureBlock: Hashable, Sendable {
  case section(CaptureSection)
  case interface(CaptureInterface)
  case packet(CapturedPacket)
  /// A kind that is not looked into, by its number.
  case other(UInt32, [UInt8])
}
