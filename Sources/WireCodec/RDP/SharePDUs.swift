// PDUs of the share on the I/O channel (MS-RDPBCGR §2.2.8.1.1.1): the capabilities' exchange and connection finalization.
import Wire

extension RDPCodec {
  enum Share {
    /// pduType with TS_PROTOCOL_VERSION (§2.2.8.1.1.1.1).
    static let demandActive: UInt16 = 0x11
    static let confirmActive: UInt16 = 0x13
    static let data: UInt16 = 0x17
    /// Made by the server from its user's number (MS-RDPBCGR §4.1.12).
    static let id: UInt32 = 0x0001_03EA

    /// pduType2 (§2.2.8.1.1.1.2).
    enum DataType: UInt8 {
      case control = 0x14
      case synchronize = 0x1F
      case fontList = 0x27
      case fontMap = 0x28
    }

    /// Actions of a Control PDU (§2.2.1.15).
    enum Action: UInt16 {
      case requestControl = 1
      case grantedControl = 2
      case cooperate = 4
    }

    /// A share control header and what it heads.
    static func encode(_ type: UInt16, from sender: Sender, _ body: [UInt8]) -> [UInt8] {
      var writer = ByteWriter(capacity: body.count + 6)
      writer.little(UInt16(clamping: body.count + 6))
      writer.little(type)
      writer.little(sender == .client ? ChannelID.user : ChannelID.server)
      writer.append(body)
      return writer.bytes
    }

    private static func encode(_ type: DataType, from sender: Sender, _ body: [UInt8]) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(id)
      // Padding, stream of low priority; the length from pduType2 on, uncompressed (as MS-RDPBCGR §4.1.14 counts it).
      writer.little(UInt16(0x0100))
      writer.little(UInt16(body.count + 4))
      writer.big(type.rawValue)
      writer.big(UInt8(0))
      writer.little(UInt16(0))
      writer.append(body)
      return encode(data, from: sender, writer.bytes)
    }

    static func encodeSynchronize(from sender: Sender) -> [UInt8] {
      var writer = ByteWriter()
      // SYNCMSGTYPE_SYNC, for the other side's user (§2.2.1.14).
      writer.little(UInt16(1))
      writer.little(sender == .client ? ChannelID.server : ChannelID.user)
      return encode(.synchronize, from: sender, writer.bytes)
    }

    static func encodeControl(_ action: Action, from sender: Sender) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(action.rawValue)
      // Only a grant says to whom and by whom (§2.2.1.22).
      writer.little(action == .grantedControl ? ChannelID.user : 0)
      writer.little(UInt32(action == .grantedControl ? ChannelID.server : 0))
      return encode(.control, from: sender, writer.bytes)
    }

    /// No fonts, in a list that is the first and last (§2.2.1.18, §2.2.1.22): entries of 50 bytes in the list, 4 in the map.
    static func encodeFonts(map: Bool) -> [UInt8] {
      var writer = ByteWriter()
      for word: UInt16 in [0, 0, 3, map ? 4 : 50] { writer.little(word) }
      return encode(map ? .fontMap : .fontList, from: map ? .server : .client, writer.bytes)
    }

    /// Reads a PDU that starts with a share control header.
    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.expect(little: UInt16(reader.remaining), "share control length")
      let type = try reader.little(UInt16.self, "share control type")
      try reader.skip(2, "share control source")
      switch type {
      case demandActive: return try Capabilities.decodeDemand(&reader)
      case confirmActive: return try Capabilities.decodeConfirm(&reader)
      case data: return try decodeData(&reader)
      default: throw .unsupported(what: "share control type", value: UInt64(type))
      }
    }

    private static func decodeData(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.skip(4 + 2 + 2, "share data header")
      let byte = try reader.byte("share data type")
      guard let type = DataType(rawValue: byte) else { throw .unsupported(what: "share data type", value: UInt64(byte)) }
      // The compression's flags and length.
      try reader.expect(big: UInt8(0), "share data compression")
      try reader.skip(2, "share data header")
      let message: RDPMessage
      switch type {
      case .synchronize:
        try reader.expect(little: UInt16(1), "synchronize type")
        try reader.skip(2, "synchronize user")
        message = .synchronize
      case .control:
        let word = try reader.little(UInt16.self, "control action")
        try reader.skip(2 + 4, "control ids")
        switch Action(rawValue: word) {
        case .requestControl: message = .controlRequest
        case .grantedControl: message = .controlGranted
        case .cooperate: message = .controlCooperate
        case nil: throw .unsupported(what: "control action", value: UInt64(word))
        }
      case .fontList, .fontMap:
        try reader.skip(8, "font list")
        message = type == .fontList ? .fontList : .fontMap
      }
      try reader.end(of: "share data PDU")
      return message
    }
  }
}
