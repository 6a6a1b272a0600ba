// TPKT (RFC 1006 §6), X.224 class 0 (ITU-T X.224 §13) and RDP's negotiation in it (MS-RDPBCGR §2.2.1.1, §2.2.1.2).

extension RDPCodec {
  enum TPKT {
    static let version: UInt8 = 3

    static func wrap(_ tpdu: [UInt8]) -> [UInt8] {
      var writer = ByteWriter(capacity: tpdu.count + 4)
      writer.big(version)
      writer.big(UInt8(0))
      writer.big(UInt16(clamping: tpdu.count + 4))
      writer.append(tpdu)
      return writer.bytes
    }

    static func unwrap(_ reader: inout ByteReader) throws(CodecError) -> ByteReader {
      try reader.expect(big: version, "TPKT version")
      try reader.skip(1, "TPKT")
      return try reader.part(Int(reader.big(UInt16.self, "TPKT length")) - 4, "TPKT")
    }
  }

  enum X224 {
    static let connectionRequest: UInt8 = 0xE0
    static let connectionConfirm: UInt8 = 0xD0
    /// Length indicator, code and end-of-TSDU mark of a Data TPDU (MS-RDPBCGR §2.2.9.1.1.1 names its 3 bytes).
    static let dataHeader: [UInt8] = [2, 0xF0, 0x80]

    /// The start of the user's name, for load balancers (MS-RDPBCGR §2.2.1.1). The request does not know whose it is: a stand-in.
    static let cookie = "Cookie: mstshash=guest\r\n"
    /// PROTOCOL_SSL: the host's certificate and TLS, without CredSSP.
    static let tls: UInt32 = 1
    /// EXTENDED_CLIENT_DATA, DYNVC_GFX_PROTOCOL, the reserved bit, RESTRICTED_ADMIN and REDIRECTED_AUTHENTICATION, as Windows sets them.
    static let responseFlags: UInt8 = 0x1F

    private enum Negotiation: UInt8 { case request = 1, response, failure }

    static func encodeRequest() -> [UInt8] { encode(connectionRequest, source: 0, cookie: cookie, .request, flags: 0) }
    /// The source reference is Windows' (MS-RDPBCGR §4.1.2).
    static func encodeConfirm() -> [UInt8] {
      encode(connectionConfirm, source: 0x1234, cookie: "", .response, flags: responseFlags)
    }

    private static func encode(
      _ code: UInt8, source: UInt16, cookie: String, _ negotiation: Negotiation, flags: UInt8
    ) -> [UInt8] {
      var writer = ByteWriter()
      writer.big(UInt8(6 + cookie.utf8.count + 8))
      writer.big(code)
      writer.big(UInt16(0))
      writer.big(source)
      writer.big(UInt8(0))
      writer.append(cookie)
      writer.little(negotiation.rawValue)
      writer.little(flags)
      writer.little(UInt16(8))
      writer.little(tls)
      return TPKT.wrap(writer.bytes)
    }

    /// Reads what follows the code of a Connection Request or Confirm of `length` bytes.
    static func decode(_ code: UInt8, _ reader: inout ByteReader) throws(CodecError) {
      try reader.skip(4, "X.224 references")
      try reader.expect(big: UInt8(0), "X.224 class")
      if code == connectionRequest { try skipCookie(&reader) }
      // Without negotiation there is only standard RDP security, which no session here uses.
      let kind = try reader.byte("RDP negotiation")
      let expected: Negotiation = code == connectionRequest ? .request : .response
      guard kind == expected.rawValue else { throw .unsupported(what: "RDP negotiation", value: UInt64(kind)) }
      try reader.skip(1, "RDP negotiation flags")
      try reader.expect(little: UInt16(8), "RDP negotiation length")
      let protocols = try reader.little(UInt32.self, "RDP security protocols")
      guard code == connectionRequest || protocols == tls else {
        throw .unsupported(what: "RDP security", value: UInt64(protocols))
      }
      try reader.end(of: "X.224 connection TPDU")
    }

    /// Skips a cookie or routing token, which ends with CR LF, when there is one.
    private static func skipCookie(_ reader: inout ByteReader) throws(CodecError) {
      var ahead = reader
      guard try ahead.byte("RDP negotiation") == UInt8(ascii: "C") else { return }
      while try ahead.byte("X.224 cookie") != 0x0D {}
      try ahead.expect(big: UInt8(0x0A), "end of the X.224 cookie")
      reader = ahead
    }
  }
}
