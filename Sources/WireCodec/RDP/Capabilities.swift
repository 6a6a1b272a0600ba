// Demand Active and Confirm Active (MS-RDPBCGR §2.2.1.13) with the capability sets of a current Windows server and client (§2.2.7).
import Wire

extension RDPCodec {
  enum Capabilities {
    /// capabilitySetType (§2.2.1.13.1.1.1).
    private enum Kind: UInt16 {
      case general = 1
      case bitmap
      case order
      case control = 5
      case activation = 7
      case pointer
      case share
      case colorCache
      case sound = 0x0C
      case input
      case font
      case brush
      case glyphCache
      case offscreenCache
      case bitmapCacheHost
      case bitmapCache
      case virtualChannel
      case rail = 0x17
      case windowList
      case desktopComposition
      case multifragment
      case largePointer
      case surfaceCommands
      case bitmapCodecs
      case frameAcknowledge
    }

    /// SETSURFACEBITS, FRAMEMARKER and STREAMSURFACEBITS (§2.2.7.2.9).
    private static let surfaceCommands: UInt32 = 0x52
    /// The largest fast-path update that is put together (§2.2.7.2.6; *assumed*).
    private static let multifragment: UInt32 = 0x003F_0000

    static func encodeDemand() -> [UInt8] {
      var sets = Sets()
      sets.words(.share, ChannelID.server, 0)
      general(&sets)
      // Compressed to the server; chunks of the default size (§2.2.7.1.10).
      sets.longs(.virtualChannel, 2, 1600)
      bitmap(&sets)
      sets.add(.font) { _ in }
      order(&sets)
      sets.words(.colorCache, 6, 0)
      // Revision 2 (§2.2.7.2.1).
      sets.longs(.bitmapCacheHost, 1)
      sets.words(.pointer, 1, 25, 25)
      input(&sets, from: .server)
      // Remote applications, their docked bar and window list (MS-RDPERP §2.2.1.1).
      sets.longs(.rail, 0x0F)
      sets.add(.windowList) {
        $0.little(UInt32(2))
        $0.big(UInt8(3))
        $0.little(UInt16(12))
      }
      tail(&sets, commands: surfaceCommands)
      var body = ByteWriter()
      body.little(Share.id)
      sets.write(as: "RDP\0", to: &body)
      // sessionId, which clients pass over.
      body.little(UInt32(0))
      return Share.encode(Share.demandActive, from: .server, body.bytes)
    }

    /// - Parameter graphicsPipeline: MS-RDPBCGR says it in the early capability flags of CS_CORE; the message here says it with the
    ///   capabilities, where the surface commands stand for it (*assumed*): none without.
    static func encodeConfirm(graphicsPipeline: Bool) -> [UInt8] {
      var sets = Sets()
      general(&sets)
      bitmap(&sets)
      order(&sets)
      // A waiting list, no persistent keys, 5 caches by their numbers of cells (§2.2.7.1.4.2).
      sets.add(.bitmapCache) {
        $0.little(UInt16(2))
        $0.big(UInt8(0))
        $0.big(UInt8(5))
        for cells: UInt32 in [600, 600, 2048, 4096, 2048] { $0.little(cells) }
        $0.fill(count: 12)
      }
      sets.words(.pointer, 1, 25, 25)
      input(&sets, from: .client)
      sets.longs(.brush, 1)
      // Ten caches, the fragments' and full support of revision 2 (§2.2.7.1.8).
      sets.add(.glyphCache) {
        for size: UInt16 in [4, 4, 8, 8, 16, 32, 64, 128, 256, 2048] {
          $0.little(size == 2048 ? UInt16(64) : 254)
          $0.little(size)
        }
        $0.little(UInt32(0x0100_0100))
        $0.little(UInt16(3))
        $0.little(UInt16(0))
      }
      sets.add(.offscreenCache) {
        $0.little(UInt32(1))
        $0.little(UInt16(7680))
        $0.little(UInt16(100))
      }
      sets.longs(.virtualChannel, 1, 0)
      sets.words(.sound, 1, 0)
      sets.words(.share, 0, 0)
      sets.words(.font, 1, 0)
      sets.words(.control, 0, 0, 2, 2)
      sets.words(.activation, 0, 0, 0, 0)
      sets.words(.colorCache, 6, 0)
      tail(&sets, commands: graphicsPipeline ? surfaceCommands : 0)
      var body = ByteWriter()
      body.little(Share.id)
      body.little(ChannelID.server)
      sets.write(as: "MSTSC\0", to: &body)
      return Share.encode(Share.confirmActive, from: .client, body.bytes)
    }

    // MARK: Sets both sides have

    /// Windows NT, RDP 4 and later; fast-path output, long credentials, auto-reconnect, salted checksums, no bitmap headers.
    private static func general(_ sets: inout Sets) {
      sets.add(.general) {
        for word: UInt16 in [1, 3, 0x0200, 0, 0, 0x041D, 0, 0, 0] { $0.little(word) }
        // Refresh Rect and Suppress Output.
        $0.big(UInt8(1))
        $0.big(UInt8(1))
      }
    }

    private static func bitmap(_ sets: inout Sets) {
      // 32 bpp, 1, 4 and 8 bpp, the desktop and that it may be resized, compression; alpha may be skipped; many rectangles.
      sets.words(
        .bitmap, 32, 1, 1, 1, SettingsBlocks.desktop.width, SettingsBlocks.desktop.height, 0, 1, 1, 0x0800, 1, 0)
    }

    private static func order(_ sets: inout Sets) {
      sets.add(.order) {
        $0.fill(count: 16 + 4)
        // Granularity of the desktop's saving, order level, no fonts; negotiated, with zero bounds, colour indices, extra flags.
        for word: UInt16 in [1, 20, 0, 1, 0, 0x00AA] { $0.little(word) }
        // DstBlt, PatBlt, ScrBlt, MemBlt, Mem3Blt, their multiples, lines, polygons, ellipses and glyphs (§2.2.7.1.3).
        $0.append([1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
        // Text flags and the extra flags of the orders' support.
        $0.little(UInt16(0x06A1))
        $0.little(UInt16(0))
        $0.little(UInt32(0))
        $0.little(UInt32(480 * 480))
        $0.fill(count: 4)
        $0.little(UInt16(1252))
        $0.little(UInt16(0))
      }
    }

    /// Scan codes, extended mice, fast-path, Unicode and horizontal wheels (§2.2.7.1.6).
    private static func input(_ sets: inout Sets, from sender: Sender) {
      sets.add(.input) {
        $0.little(UInt16(0x013D))
        $0.little(UInt16(0))
        for word in [Keyboard.layout, Keyboard.type, 0, Keyboard.functionKeys] { $0.little(sender == .client ? word : 0) }
        $0.fill(count: 64)
      }
    }

    private static func tail(_ sets: inout Sets, commands: UInt32) {
      sets.words(.desktopComposition, 1)
      sets.longs(.multifragment, multifragment)
      sets.words(.largePointer, 3)
      sets.longs(.surfaceCommands, commands, 0)
      // NSCodec alone, by its GUID: dynamic fidelity, subsampling, loss of 3 bits (MS-RDPNSC §2.2.1).
      sets.add(.bitmapCodecs) {
        $0.big(UInt8(1))
        $0.append([0xB9, 0x1B, 0x8D, 0xCA, 0x0F, 0x00, 0x4F, 0x15, 0x58, 0x9F, 0xAE, 0x2D, 0x1A, 0x87, 0xE2, 0xD6])
        $0.big(UInt8(1))
        $0.little(UInt16(3))
        $0.append([1, 1, 3])
      }
      // Frames that may be unacknowledged (MS-RDPRFX §2.2.1.3).
      sets.longs(.frameAcknowledge, 2)
    }

    /// Sets as they are collected.
    private struct Sets {
      private var writer = ByteWriter(capacity: 512)
      private var count: UInt16 = 0

      mutating func add(_ kind: Kind, _ body: (inout ByteWriter) -> Void) {
        var inner = ByteWriter()
        body(&inner)
        writer.little(kind.rawValue)
        writer.little(UInt16(inner.count + 4))
        writer.append(inner.bytes)
        count += 1
      }

      mutating func words(_ kind: Kind, _ words: UInt16...) { add(kind) { for word in words { $0.little(word) } } }
      mutating func longs(_ kind: Kind, _ longs: UInt32...) { add(kind) { for long in longs { $0.little(long) } } }

      /// Source descriptor, lengths, number and sets (§2.2.1.13.1.1).
      func write(as source: String, to out: inout ByteWriter) {
        out.little(UInt16(source.utf8.count))
        out.little(UInt16(writer.count + 4))
        out.append(source)
        out.little(count)
        out.little(UInt16(0))
        out.append(writer.bytes)
      }
    }

    // MARK: Reading

    static func decodeDemand(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.skip(4, "share id")
      _ = try decodeSets(&reader)
      try reader.skip(4, "session id")
      try reader.end(of: "Demand Active PDU")
      return .demandActive
    }

    static func decodeConfirm(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.skip(4 + 2, "share and originator id")
      let commands = try decodeSets(&reader)
      try reader.end(of: "Confirm Active PDU")
      return .confirmActive(graphicsPipeline: commands != 0)
    }

    /// Walks the sets, and returns the surface commands' flags.
    private static func decodeSets(_ reader: inout ByteReader) throws(CodecError) -> UInt32 {
      let source = Int(try reader.little(UInt16.self, "source descriptor"))
      let length = Int(try reader.little(UInt16.self, "capability sets"))
      try reader.skip(source, "source descriptor")
      var sets = try reader.part(length, "capability sets")
      let count = try sets.little(UInt16.self, "number of capability sets")
      try sets.skip(2, "capability sets")
      var commands: UInt32 = 0
      for _ in 0..<count {
        let type = try sets.little(UInt16.self, "capability set")
        var body = try sets.part(Int(sets.little(UInt16.self, "capability set")) - 4, "capability set")
        if type == Kind.surfaceCommands.rawValue { commands = try body.little(UInt32.self, "surface commands") }
      }
      try sets.end(of: "capability sets")
      return commands
    }
  }
}
