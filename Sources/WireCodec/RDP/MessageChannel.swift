// PDUs of the message channel: auto-detection (MS-RDPBCGR §2.2.14), multitransport bootstrapping (§2.2.15), heartbeat (§2.2.16.1), and
// Shortpath's candidates, which travel there by assumption.
import Wire

extension RDPCodec {
  enum AutoDetect {
    /// Header length and the request's and response's type ids, which are also those of the tunnel's subheaders (MS-RDPEMT §2.2.1.1.1).
    static let headerLength: UInt8 = 6
    static let request: UInt8 = 0
    static let response: UInt8 = 1
    /// RTT requests while connecting and later on, and the response (§2.2.14.1.1, §2.2.14.2.1).
    static let connectTime: UInt16 = 0x1001
    static let continuous: UInt16 = 0x0001
    static let responseType: UInt16 = 0x0000

    static func encode(_ header: UInt8, sequence: UInt16, type: UInt16) -> [UInt8] {
      var writer = ByteWriter()
      writer.big(headerLength)
      writer.big(header)
      writer.little(sequence)
      writer.little(type)
      return writer.bytes
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.expect(big: headerLength, "auto-detect header length")
      let header = try reader.byte("auto-detect header")
      let sequence = try reader.little(UInt16.self, "auto-detect sequence number")
      let type = try reader.little(UInt16.self, "auto-detect type")
      try reader.end(of: "auto-detect PDU")
      switch (header, type) {
      case (request, connectTime), (request, continuous): return .rttMeasureRequest(sequence: sequence)
      case (response, responseType): return .rttMeasureResponse(sequence: sequence)
      default: throw .unsupported(what: "auto-detect type", value: UInt64(type))
      }
    }
  }

  enum Multitransport {
    /// INITITATE_REQUEST_PROTOCOL_UDPFECR.
    static let reliable: UInt16 = 1
    /// In the request's reserved bytes: a payload follows (FreeRDP saw this 1), and candidates will (*assumed*).
    static let hasPayload: UInt16 = 1
    static let hasCandidates: UInt16 = 2
    /// S_OK, and E_ABORT, with which clients decline (§2.2.15.2).
    static let success: UInt32 = 0
    static let abort: UInt32 = 0x8000_4004
    static let cookieLength = 16

    static func encodeRequest(
      requestID: UInt32, cookie: Secret, listener: [Endpoint], candidates: Bool, _ identities: inout Identities
    ) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(requestID)
      writer.little(reliable)
      writer.little((listener.isEmpty ? 0 : hasPayload) | (candidates ? hasCandidates : 0))
      writer.append(identities.bytes(of: cookie, count: cookieLength, as: "cookie"))
      if !listener.isEmpty {
        writer.fill(count: 2)
        writer.append(ListenerAddresses.encode(listener))
      }
      return secured(SecurityFlag.transportRequest, writer.bytes)
    }

    static func decodeRequest(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> RDPMessage {
      let id = try reader.little(UInt32.self, "multitransport request id")
      try reader.expect(little: reliable, "multitransport protocol")
      let reserved = try reader.little(UInt16.self, "multitransport reserved")
      guard reserved <= hasPayload | hasCandidates else {
        throw .invalid(field: "multitransport reserved", value: UInt64(reserved))
      }
      let cookie = identities.secret(of: try reader.take(cookieLength, "security cookie"))
      var listener: [Endpoint] = []
      if reserved & hasPayload != 0 {
        try reader.expect(little: UInt16(0), "start of the multitransport payload")
        listener = try ListenerAddresses.decode(&reader)
      }
      try reader.end(of: "multitransport request")
      return .initiateMultitransport(
        requestID: id, cookie: cookie, listener: listener, candidates: reserved & hasCandidates != 0)
    }

    static func encodeResponse(requestID: UInt32, accepted: Bool) -> [UInt8] {
      var writer = ByteWriter()
      writer.little(requestID)
      writer.little(accepted ? success : abort)
      return secured(SecurityFlag.transportResponse, writer.bytes)
    }

    static func decodeResponse(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      let id = try reader.little(UInt32.self, "multitransport request id")
      let result = try reader.little(UInt32.self, "multitransport result")
      try reader.end(of: "multitransport response")
      return .multitransportResponse(requestID: id, accepted: succeeded(result))
    }

    /// HRESULTs are failures by their highest bit (MS-ERREF §2.1).
    static func succeeded(_ result: UInt32) -> Bool { result >> 31 == 0 }
  }

  enum Heartbeat {
    /// Reserved byte, seconds between beats, and the missed beats before a warning and before a reconnection (the counts *assumed*).
    static let body: [UInt8] = [0, 5, 3, 5]
    static func encode() -> [UInt8] { secured(SecurityFlag.heartbeat, body) }
  }

  /// Reads a PDU of the message channel.
  static func messageChannel(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> RDPMessage {
    let flags = try reader.little(UInt16.self, "security header")
    try reader.skip(2, "security header")
    switch flags {
    case SecurityFlag.autodetectRequest, SecurityFlag.autodetectResponse:
      let message = try AutoDetect.decode(&reader)
      if case .rttMeasureRequest = message, flags == SecurityFlag.autodetectResponse {
        throw .invalid(field: "auto-detect security header", value: UInt64(flags))
      }
      return message
    case SecurityFlag.transportRequest: return try Multitransport.decodeRequest(&reader, &identities)
    case SecurityFlag.transportResponse: return try Multitransport.decodeResponse(&reader)
    case SecurityFlag.heartbeat:
      try reader.skip(Heartbeat.body.count, "heartbeat")
      try reader.end(of: "heartbeat")
      return .heartbeat
    // No flag of the specification says candidates, so none is set (*assumed*).
    case 0:
      let list = try CandidatePayload.decode(&reader, &identities)
      try reader.end(of: "candidates")
      return .shortpathCandidates(list)
    default: throw .unsupported(what: "security header", value: UInt64(flags))
    }
  }
}
