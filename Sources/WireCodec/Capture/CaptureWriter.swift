// Capture files as bytes: pcapng blocks, one after the other.

public enum CaptureWriter {
  /// Block types and codes (draft-ietf-opsawg-pcapng §4, §3.5).
  static let sectionType: UInt32 = 0x0A0D_0D0A
  static let byteOrderMagic: UInt32 = 0x1A2B_3C4D

  /// A file, or a piece of one that is to be appended: a section's interfaces stand before their packets.
  /// - Parameter bigEndian: the section's byte order; the draft allows either.
  public static func encode(_ blocks: some Sequence<CaptureBlock>, bigEndian: Bool = false) -> [UInt8] {
    var out = ByteWriter()
    for block in blocks { out.append(encode(block, bigEndian: bigEndian)) }
    return out.bytes
  }

  /// One block. Packets' times are in nanoseconds; those before the epoch are put at it.
  public static func encode(_ block: CaptureBlock, bigEndian: Bool = false) -> [UInt8] {
    var body = OrderedWriter(bigEndian: bigEndian)
    let type: UInt32
    switch block {
    case .section(let section):
      type = sectionType
      body.number(byteOrderMagic)
      body.number(UInt16(1))
      body.number(UInt16(0))
      // The section's length is not given.
      body.number(UInt64.max)
      body.comments(section.comments)
      for (code, text) in [(2, section.hardware), (3, section.system), (4, section.application)] as [(UInt16, String?)] {
        if let text { body.option(code, text) }
      }
      body.endOptions()
    case .interface(let interface):
      type = 1
      body.number(interface.linkType)
      body.number(UInt16(0))
      body.number(interface.snapLength)
      body.comments(interface.comments)
      if let name = interface.name { body.option(2, name) }
      if let description = interface.description { body.option(3, description) }
      body.option(9, [9])
      body.endOptions()
    case .packet(let packet):
      type = 6
      let time = UInt64(max(0, packet.time))
      body.number(UInt32(truncatingIfNeeded: packet.interface))
      body.number(UInt32(truncatingIfNeeded: time >> 32))
      body.number(UInt32(truncatingIfNeeded: time))
      body.number(UInt32(truncatingIfNeeded: packet.bytes.count))
      body.number(UInt32(truncatingIfNeeded: packet.originalLength))
      body.padded(packet.bytes)
      if packet.direction != .unknown || !packet.comments.isEmpty {
        body.comments(packet.comments)
        if packet.direction != .unknown {
          var flags = OrderedWriter(bigEndian: bigEndian)
          flags.number(packet.direction.rawValue)
          body.option(2, flags.out.bytes)
        }
        body.endOptions()
      }
    case .other(let number, let bytes):
      type = number
      body.padded(bytes)
    }
    var out = OrderedWriter(bigEndian: bigEndian)
    let length = UInt32(truncatingIfNeeded: body.out.count + 12)
    out.number(type)
    out.number(length)
    out.out.append(body.out.bytes)
    out.number(length)
    return out.out.bytes
  }
}

/// A writer in the byte order of a section.
private struct OrderedWriter {
  let bigEndian: Bool
  var out = ByteWriter()

  init(bigEndian: Bool) { self.bigEndian = bigEndian }

  mutating func number(_ value: some FixedWidthInteger) { if bigEndian { out.big(value) } else { out.little(value) } }

  mutating func padded(_ bytes: some Collection<UInt8>) {
    out.append(bytes)
    out.fill(count: (4 - bytes.count % 4) % 4)
  }

  mutating func option(_ code: UInt16, _ value: some Collection<UInt8>) {
    number(code)
    number(UInt16(truncatingIfNeeded: value.count))
    padded(value)
  }

  /// A text, cut where an option can hold no more.
  mutating func option(_ code: UInt16, _ text: String) { option(code, text.utf8.prefix(65_535)) }
  mutating func comments(_ comments: [String]) { for comment in comments { option(1, comment) } }
  mutating func endOptions() { option(0, []) }
}
