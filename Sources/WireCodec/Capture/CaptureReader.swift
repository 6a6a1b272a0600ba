// Capture files read back: pcapng of either byte order, and classic pcap of either order and resolution.

/// Reads a capture file block by block. A classic pcap file reads as a section with one interface.
public struct CaptureReader: Sendable {
  /// The interfaces of the section that is being read.
  public private(set) var interfaces: [CaptureInterface] = []
  private var reader: ByteReader
  private var bigEndian = false
  private let isClassic: Bool
  /// What a classic file begins with, still to be told.
  private var waiting: [CaptureBlock] = []

  /// Looks at the file's first bytes.
  public init(_ bytes: [UInt8]) throws(CodecError) {
    reader = ByteReader(bytes)
    var first = reader
    let magic = try first.big(UInt32.self, "capture file")
    isClassic = magic != CaptureWriter.sectionType
    if isClassic { try readClassicHeader(magic) }
  }

  /// All blocks of a file.
  public static func read(_ bytes: [UInt8]) throws(CodecError) -> [CaptureBlock] {
    var reader = try CaptureReader(bytes)
    var blocks: [CaptureBlock] = []
    while let block = try reader.next() { blocks.append(block) }
    return blocks
  }

  /// The next block; `nil` at the end of the file.
  public mutating func next() throws(CodecError) -> CaptureBlock? {
    if !waiting.isEmpty { return waiting.removeFirst() }
    if reader.isAtEnd { return nil }
    return isClassic ? try nextClassic() : try nextBlock()
  }

  private func number<T: FixedWidthInteger & UnsignedInteger>(
    _ type: T.Type = T.self, _ reader: inout ByteReader, _ what: String
  ) throws(CodecError) -> T {
    bigEndian ? try reader.big(type, what) : try reader.little(type, what)
  }

  // MARK: Classic

  private mutating func readClassicHeader(_ magic: UInt32) throws(CodecError) {
    let resolution: UInt8
    switch magic {
    case 0xA1B2_C3D4: (bigEndian, resolution) = (true, 6)
    case 0xD4C3_B2A1: (bigEndian, resolution) = (false, 6)
    case 0xA1B2_3C4D: (bigEndian, resolution) = (true, 9)
    case 0x4D3C_B2A1: (bigEndian, resolution) = (false, 9)
    default: throw .unsupported(what: "capture file that begins with", value: UInt64(magic))
    }
    // Magic, version, time zone and accuracy, which are zero everywhere.
    try reader.skip(16, "pcap header")
    let snapLength = try number(UInt32.self, &reader, "pcap header")
    let linkType = UInt16(truncatingIfNeeded: try number(UInt32.self, &reader, "pcap header"))
    var interface = CaptureInterface(linkType: linkType, snapLength: snapLength)
    interface.resolution = resolution
    interfaces = [interface]
    waiting = [.section(CaptureSection()), .interface(interface)]
  }

  private mutating func nextClassic() throws(CodecError) -> CaptureBlock {
    let seconds = try number(UInt32.self, &reader, "pcap packet")
    let fraction = try number(UInt32.self, &reader, "pcap packet")
    let kept = Int(try number(UInt32.self, &reader, "pcap packet"))
    let original = Int(try number(UInt32.self, &reader, "pcap packet"))
    let bytes = Array(try reader.take(kept, "pcap packet"))
    let time = Int64(seconds) * 1_000_000_000 + Int64(fraction) * (interfaces[0].resolution == 9 ? 1 : 1000)
    return .packet(CapturedPacket(interface: 0, time: time, bytes: bytes, originalLength: original))
  }

  // MARK: pcapng

  private mutating func nextBlock() throws(CodecError) -> CaptureBlock {
    var block = reader
    let isSection = try block.big(UInt32.self, "block") == CaptureWriter.sectionType
    if isSection {
      // The magic behind the length says in which order the length is.
      var ahead = block
      try ahead.skip(4, "section header")
      let magic = try ahead.big(UInt32.self, "section header")
      guard magic == CaptureWriter.byteOrderMagic || magic == CaptureWriter.byteOrderMagic.byteSwapped else {
        throw .invalid(field: "byte-order magic", value: UInt64(magic))
      }
      bigEndian = magic == CaptureWriter.byteOrderMagic
      interfaces = []
    }
    block = reader
    let type = try number(UInt32.self, &block, "block")
    let length = Int(try number(UInt32.self, &block, "block"))
    guard length >= 12, length % 4 == 0 else { throw .invalid(field: "block length", value: UInt64(length)) }
    var body = try block.part(length - 12, "block")
    let again = Int(try number(UInt32.self, &block, "block"))
    guard again == length else { throw .invalid(field: "block length at its end", value: UInt64(again)) }
    reader = block
    switch type {
    case CaptureWriter.sectionType: return .section(try section(&body))
    case 1: return .interface(try interface(&body))
    case 2, 3, 6: return .packet(try packet(&body, type))
    default: return .other(type, Array(body.rest()))
    }
  }

  private func section(_ body: inout ByteReader) throws(CodecError) -> CaptureSection {
    try body.skip(4, "section header")
    let major = try number(UInt16.self, &body, "section header")
    guard major == 1 else { throw .unsupported(what: "pcapng version", value: UInt64(major)) }
    try body.skip(10, "section header")
    var section = CaptureSection()
    for (code, value) in try options(&body) {
      switch code {
      case 1: section.comments.append(text(value))
      case 2: section.hardware = text(value)
      case 3: section.system = text(value)
      case 4: section.application = text(value)
      default: break
      }
    }
    return section
  }

  private mutating func interface(_ body: inout ByteReader) throws(CodecError) -> CaptureInterface {
    var interface = CaptureInterface(linkType: try number(UInt16.self, &body, "interface description"))
    try body.skip(2, "interface description")
    interface.snapLength = try number(UInt32.self, &body, "interface description")
    // Microseconds when nothing is said.
    interface.resolution = 6
    for (code, value) in try options(&body) {
      var reader = ByteReader(value)
      switch code {
      case 1: interface.comments.append(text(value))
      case 2: interface.name = text(value)
      case 3: interface.description = text(value)
      case 9:
        interface.resolution = try reader.byte("if_tsresol")
        guard interface.resolution & 0x7F <= (interface.resolution & 0x80 == 0 ? 19 : 63) else {
          throw .unsupported(what: "if_tsresol", value: UInt64(interface.resolution))
        }
      case 14: interface.offset = Int64(bitPattern: try number(UInt64.self, &reader, "if_tsoffset"))
      default: break
      }
    }
    interfaces.append(interface)
    return interface
  }

  /// An enhanced packet (6), or one of the kinds before it: simple (3), without time and interface, and the obsolete one (2).
  private func packet(_ body: inout ByteReader, _ type: UInt32) throws(CodecError) -> CapturedPacket {
    let what = "packet block"
    var index = 0
    var units: UInt64 = 0
    var kept: Int?
    if type == 6 { index = Int(try number(UInt32.self, &body, what)) }
    if type == 2 {
      index = Int(try number(UInt16.self, &body, what))
      try body.skip(2, what)
    }
    guard interfaces.indices.contains(index) else { throw .invalid(field: "packet's interface", value: UInt64(index)) }
    if type != 3 {
      let high = try number(UInt32.self, &body, what)
      units = UInt64(high) << 32 | UInt64(try number(UInt32.self, &body, what))
      kept = Int(try number(UInt32.self, &body, what))
    }
    let original = Int(try number(UInt32.self, &body, what))
    let snap = Int(interfaces[index].snapLength)
    let count = kept ?? (snap == 0 ? original : min(original, snap))
    var packet = CapturedPacket(
      interface: index, time: type == 3 ? 0 : interfaces[index].nanoseconds(units), bytes: Array(try body.take(count, what)),
      originalLength: original)
    try body.skip((4 - count % 4) % 4, what)
    for (code, value) in try options(&body) {
      var reader = ByteReader(value)
      if code == 1 { packet.comments.append(text(value)) }
      if code == 2 {
        packet.direction = CapturedPacket.Direction(rawValue: try number(UInt32.self, &reader, "epb_flags") & 3) ?? .unknown
      }
    }
    return packet
  }

  private func options(_ body: inout ByteReader) throws(CodecError) -> [(code: UInt16, value: ArraySlice<UInt8>)] {
    var found: [(code: UInt16, value: ArraySlice<UInt8>)] = []
    while !body.isAtEnd {
      let code = try number(UInt16.self, &body, "option")
      let length = Int(try number(UInt16.self, &body, "option"))
      if code == 0 { break }
      found.append((code, try body.take(length, "option")))
      try body.skip((4 - length % 4) % 4, "option")
    }
    return found
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
