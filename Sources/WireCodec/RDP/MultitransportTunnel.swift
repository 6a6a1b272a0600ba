// The tunnel of MS-RDPEMT: its header (§2.2.1.1), create request and response (§2.2.2.1, §2.2.2.2), and data (§2.2.2.3).
import Wire

extension RDPCodec {
  enum Tunnel {
    /// Action, in the low four bits of the first byte; the high ones, Flags, are zero.
    enum Action: UInt8 { case createRequest, createResponse, data }
    static let headerLength = 4

    static func wrap(_ action: Action, _ payload: [UInt8], subheader: [UInt8] = []) -> [UInt8] {
      var writer = ByteWriter(capacity: payload.count + headerLength + subheader.count)
      writer.big(action.rawValue)
      writer.little(UInt16(clamping: payload.count))
      writer.big(UInt8(headerLength + subheader.count))
      writer.append(subheader)
      writer.append(payload)
      return writer.bytes
    }

    static func encodeRequest(requestID: UInt32, cookie: Secret, _ identities: inout Identities) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(requestID)
      writer.little(UInt32(0))
      writer.append(identities.bytes(of: cookie, count: Multitransport.cookieLength, as: "cookie"))
      return wrap(.createRequest, writer.bytes)
    }

    static func encodeResponse(success: Bool) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(success ? Multitransport.success : Multitransport.abort)
      return wrap(.createResponse, writer.bytes)
    }

    enum PDU {
      case message(RDPMessage)
      /// A DVC PDU.
      case data(ByteReader)
    }

    static func decode(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> PDU {
      let first = try reader.byte("tunnel action")
      guard let action = Action(rawValue: first) else { throw .unsupported(what: "tunnel action", value: UInt64(first)) }
      let length = Int(try reader.little(UInt16.self, "tunnel payload length"))
      var subheaders = try reader.part(Int(reader.byte("tunnel header length")) - headerLength, "tunnel subheaders")
      var payload = try reader.part(length, "tunnel payload")
      switch action {
      case .createRequest:
        try subheaders.end(of: "tunnel header")
        let id = try payload.little(UInt32.self, "tunnel request id")
        try payload.expect(little: UInt32(0), "tunnel reserved field")
        let cookie = identities.secret(of: try payload.take(Multitransport.cookieLength, "security cookie"))
        try payload.end(of: "tunnel create request")
        return .message(.tunnelCreateRequest(requestID: id, cookie: cookie))
      case .createResponse:
        try subheaders.end(of: "tunnel header")
        let result = try payload.little(UInt32.self, "tunnel result")
        try payload.end(of: "tunnel create response")
        return .message(.tunnelCreateResponse(success: Multitransport.succeeded(result)))
      case .data:
        if subheaders.isAtEnd { return .data(payload) }
        // Auto-detection by itself, without data behind it. MS-RDPEMT §2.2.1.1.1 names the bandwidth's measurement and its results here,
        // and the round trip's only by its type: that it is asked for on a tunnel too is *assumed*.
        try payload.end(of: "tunnel auto-detection")
        return .message(try AutoDetect.decode(&subheaders))
      }
    }
  }
}
