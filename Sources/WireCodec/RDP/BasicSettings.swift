// MCS Connect Initial and Response (T.125 §7, BER) around GCC's Conference Create Request and Response (T.124 §8.7, PER)
// with the settings blocks as user data (MS-RDPBCGR §2.2.1.3, §2.2.1.4).
import Wire

extension RDPCodec {
  enum BasicSettings {
    /// The object identifier of T.124, which starts every GCC connect PDU (MS-RDPBCGR §4.1.3).
    private static let t124: [UInt8] = [0, 5, 0, 0x14, 0x7C, 0, 1]
    /// Conference Create Request: conference "1" is locked to nobody, one set of user data, of the client's h221 key `Duca`.
    private static let createRequest: [UInt8] = [0, 8, 0, 0x10, 0, 1, 0xC0, 0] + Array("Duca".utf8)
    /// Conference Create Response: node 31219, tag 1, success, one set of user data, of the server's h221 key `McDn`.
    private static let createResponse: [UInt8] = [0x14, 0x76, 0x0A, 1, 1, 0, 1, 0xC0, 0] + Array("McDn".utf8)

    /// Domain parameters as Windows gives them (MS-RDPBCGR §4.1.3, §4.1.4): channels, users, tokens, priorities, throughput, height, PDU
    /// size and version. Its client leaves out the zero in front of an INTEGER's high bit, its server does not.
    private static let target: [UInt16] = [34, 2, 0, 1, 0, 1, 0xFFFF, 2]
    private static let minimum: [UInt16] = [1, 1, 1, 1, 0, 1, 1056, 2]
    private static let maximum: [UInt16] = [0xFFFF, 0xFC17, 0xFFFF, 1, 0, 1, 0xFFFF, 2]
    private static let agreed: [UInt16] = [34, 3, 0, 1, 0, 1, 0xFFF8, 2]

    static func encodeInitial(_ flags: MultitransportFlags) -> [UInt8] {
      var pdu = ByteWriter()
      // Calling and called domain selector, and the upward flag.
      pdu.element(0x04, content: [1])
      pdu.element(0x04, content: [1])
      pdu.element(0x01, content: [0xFF])
      for parameters in [target, minimum, maximum] { pdu.element(0x30, content: encode(parameters, [])) }
      pdu.element(0x04, content: conference(createRequest, SettingsBlocks.client(flags)))
      return connect(0x65, pdu)
    }

    static func encodeResponse(_ flags: MultitransportFlags) -> [UInt8] {
      var pdu = ByteWriter()
      // Result rt-successful and the called connect id.
      pdu.element(0x0A, content: [0])
      pdu.element(0x02, content: [0])
      pdu.element(0x30, content: encode(agreed, [0]))
      pdu.element(0x04, content: conference(createResponse, SettingsBlocks.server(flags)))
      return connect(0x66, pdu)
    }

    private static func connect(_ tag: UInt8, _ pdu: ByteWriter) -> [UInt8] {
      var writer = ByteWriter()
      writer.element(0x7F, tag, content: pdu.bytes)
      return MCS.data(writer.bytes)
    }

    private static func encode(_ parameters: [UInt16], _ front: [UInt8]) -> [UInt8] {
      var writer = ByteWriter()
      for parameter in parameters {
        let low = UInt8(parameter & 0xFF)
        writer.element(0x02, content: parameter > 0xFF ? front + [UInt8(parameter >> 8), low] : [low])
      }
      return writer.bytes
    }

    private static func conference(_ create: [UInt8], _ blocks: [UInt8]) -> [UInt8] {
      var inner = ByteWriter()
      inner.append(create)
      inner.packedLongLength(blocks.count)
      inner.append(blocks)
      var writer = ByteWriter()
      writer.append(t124)
      writer.packedLongLength(inner.count)
      writer.append(inner.bytes)
      return writer.bytes
    }

    /// Reads a connect PDU from its first tag byte on.
    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      var ahead = reader
      try ahead.expect(big: UInt8(0x7F), "MCS connect PDU")
      let tag = try ahead.byte("MCS connect PDU")
      switch tag {
      case 0x65:
        var pdu = try reader.element(0x7F, 0x65, what: "MCS Connect Initial")
        _ = try pdu.element(0x04, what: "calling domain selector")
        _ = try pdu.element(0x04, what: "called domain selector")
        _ = try pdu.element(0x01, what: "upward flag")
        for name in ["target", "minimum", "maximum"] { try checkParameters(&pdu, "\(name) domain parameters") }
        var blocks = try conference(&pdu, is: createRequest)
        let flags = try SettingsBlocks.decodeClient(&blocks)
        try finish(pdu, reader)
        return .mcsConnectInitial(flags)
      case 0x66:
        var pdu = try reader.element(0x7F, 0x66, what: "MCS Connect Response")
        var result = try pdu.element(0x0A, what: "MCS result")
        try result.expect(big: UInt8(0), "MCS result")
        _ = try pdu.element(0x02, what: "called connect id")
        try checkParameters(&pdu, "domain parameters")
        var blocks = try conference(&pdu, is: createResponse)
        let flags = try SettingsBlocks.decodeServer(&blocks)
        try finish(pdu, reader)
        return .mcsConnectResponse(flags)
      default: throw .unsupported(what: "MCS connect PDU", value: UInt64(tag))
      }
    }

    private static func finish(_ pdu: ByteReader, _ reader: ByteReader) throws(CodecError) {
      try pdu.end(of: "MCS connect PDU")
      try reader.end(of: "X.224 data")
    }

    private static func checkParameters(_ reader: inout ByteReader, _ what: String) throws(CodecError) {
      var parameters = try reader.element(0x30, what: what)
      for _ in 0..<8 { _ = try parameters.element(0x02, what: what) }
      try parameters.end(of: what)
    }

    /// The settings blocks in the user data of a conference's creation.
    private static func conference(_ pdu: inout ByteReader, is create: [UInt8]) throws(CodecError) -> ByteReader {
      var reader = try pdu.element(0x04, what: "MCS user data")
      try reader.expect(exactly: t124, "T.124's object identifier")
      // Servers are known to give a wrong length here (MS-RDPBCGR §4.1.4 shows 42), which nobody reads.
      _ = try reader.packedLength("GCC connect PDU")
      try reader.expect(exactly: create, "GCC conference creation")
      let blocks = try reader.part(reader.packedLength("GCC user data"), "GCC user data")
      try reader.end(of: "GCC connect PDU")
      return blocks
    }
  }
}
