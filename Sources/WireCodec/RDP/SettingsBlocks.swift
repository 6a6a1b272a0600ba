// The settings blocks of GCC's user data (MS-RDPBCGR §2.2.1.3.2–9, §2.2.1.4.2–6), as a current Windows client and server fill them.
import Wire

extension RDPCodec {
  enum SettingsBlocks {
    private enum Kind: UInt16 {
      case clientCore = 0xC001
      case clientSecurity = 0xC002
      case clientNet = 0xC003
      case clientCluster = 0xC004
      case clientMessageChannel = 0xC006
      case clientMultitransport = 0xC00A
      case serverCore = 0x0C01
      case serverSecurity = 0x0C02
      case serverNet = 0x0C03
      case serverMessageChannel = 0x0C04
      case serverMultitransport = 0x0C08
    }

    /// RDP 10.12 (MS-RDPBCGR §2.2.1.3.2), which Windows 11 24H2 says.
    static let version: UInt32 = 0x0008_0011
    static let build: UInt32 = 26_100
    /// ERRINFO, 32 bpp, STATUSINFO, strong keys, valid connection type, monitor layout, network auto-detection, EGFX, dynamic time
    /// zone and heartbeat (MS-RDPBCGR §2.2.1.3.2); joins are made, so they are not offered to be left out.
    static let clientCapabilities: UInt16 = 0x07EF
    static let desktop: (width: UInt16, height: UInt16) = (1920, 1080)

    static func client(_ flags: MultitransportFlags) -> [UInt8] {
      var writer = ByteWriter()
      block(.clientCore, clientCore(), &writer)
      // REDIRECTION_SUPPORTED with REDIRECTION_VERSION6 (§2.2.1.3.5); no session to go back to.
      block(.clientCluster, words(0x0000_0015, 0), &writer)
      // Encryption is TLS's (§2.2.1.3.3).
      block(.clientSecurity, words(0, 0), &writer)
      block(.clientNet, clientNet(), &writer)
      block(.clientMessageChannel, words(0), &writer)
      block(.clientMultitransport, words(flags.rawValue), &writer)
      return writer.bytes
    }

    static func server(_ flags: MultitransportFlags) -> [UInt8] {
      var writer = ByteWriter()
      // Version, the protocols the client requested, edge actions (both versions) and dynamic DST (§2.2.1.4.2).
      block(.serverCore, words(version, X224.tls, 0x07), &writer)
      var net = ByteWriter()
      net.little(ChannelID.io)
      net.little(UInt16(1))
      net.little(ChannelID.dynamic)
      net.pad(to: 4)
      block(.serverNet, net.bytes, &writer)
      block(.serverSecurity, words(0, 0), &writer)
      var message = ByteWriter()
      message.little(ChannelID.message)
      block(.serverMessageChannel, message.bytes, &writer)
      block(.serverMultitransport, words(flags.rawValue), &writer)
      return writer.bytes
    }

    private static func block(_ kind: Kind, _ body: [UInt8], _ writer: inout ByteWriter) {
      writer.little(kind.rawValue)
      writer.little(UInt16(body.count + 4))
      writer.append(body)
    }

    private static func words(_ words: UInt32...) -> [UInt8] {
      var writer = ByteWriter()
      for word in words { writer.little(word) }
      return writer.bytes
    }

    /// §2.2.1.3.2, with every optional field.
    private static func clientCore() -> [UInt8] {
      var writer = ByteWriter(capacity: 230)
      writer.little(version)
      writer.little(desktop.width)
      writer.little(desktop.height)
      // 8 bpp, superseded below; the secure access sequence.
      writer.little(UInt16(0xCA01))
      writer.little(UInt16(0xAA03))
      writer.little(Keyboard.layout)
      writer.little(build)
      writer.wide("DESKTOP", in: 32)
      writer.little(Keyboard.type)
      writer.little(UInt32(0))
      writer.little(Keyboard.functionKeys)
      writer.fill(count: 64)
      // 8 bpp again, product id, serial number, 24 bpp preferred, and 32, 24, 16 and 15 bpp supported.
      writer.little(UInt16(0xCA01))
      writer.little(UInt16(1))
      writer.little(UInt32(0))
      writer.little(UInt16(24))
      writer.little(UInt16(0x000F))
      writer.little(clientCapabilities)
      writer.wide("00000-00000-00000-AAAAA", in: 64)
      // CONNECTION_TYPE_AUTODETECT.
      writer.little(UInt8(7))
      writer.little(UInt8(0))
      writer.little(X224.tls)
      // A 24-inch monitor in millimetres, landscape, unscaled.
      writer.little(UInt32(527))
      writer.little(UInt32(296))
      writer.little(UInt16(0))
      writer.little(UInt32(100))
      writer.little(UInt32(100))
      return writer.bytes
    }

    /// §2.2.1.3.4: the one static channel of the session: initialized, encrypted and compressed as RDP is.
    private static func clientNet() -> [UInt8] {
      var writer = ByteWriter()
      writer.little(UInt32(1))
      writer.append("drdynvc\0")
      writer.little(UInt32(0xC080_0000))
      return writer.bytes
    }

    static func decodeClient(_ reader: inout ByteReader) throws(CodecError) -> MultitransportFlags {
      // The core's mandatory fields end with imeFileName.
      try decode(&reader, core: .clientCore, atLeast: 128, multitransport: .clientMultitransport)
    }

    static func decodeServer(_ reader: inout ByteReader) throws(CodecError) -> MultitransportFlags {
      try decode(&reader, core: .serverCore, atLeast: 4, multitransport: .serverMultitransport)
    }

    /// Walks the blocks; what is not modelled is passed over.
    private static func decode(
      _ reader: inout ByteReader, core: Kind, atLeast size: Int, multitransport: Kind
    ) throws(CodecError) -> MultitransportFlags {
      var flags: MultitransportFlags = []
      var hasCore = false
      while !reader.isAtEnd {
        let type = try reader.little(UInt16.self, "settings block")
        let length = Int(try reader.little(UInt16.self, "settings block length"))
        var body = try reader.part(length - 4, "settings block")
        switch Kind(rawValue: type) {
        case core:
          guard body.remaining >= size else { throw .truncated(what: "core settings", needed: size, available: body.remaining) }
          hasCore = true
        case multitransport: flags = MultitransportFlags(rawValue: try body.little(UInt32.self, "multitransport flags"))
        default: break
        }
      }
      guard hasCore else { throw .truncated(what: "core settings", needed: size, available: 0) }
      return flags
    }
  }

  /// The client's keyboard, which several PDUs tell: US layout, IBM enhanced with 12 function keys.
  enum Keyboard {
    static let layout: UInt32 = 0x0409
    static let type: UInt32 = 4
    static let functionKeys: UInt32 = 12
  }
}
