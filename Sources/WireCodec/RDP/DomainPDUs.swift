// MCS domain PDUs in aligned PER (T.125 §7, MS-RDPBCGR §2.2.1.5–2.2.1.9): joining channels, sending data on them, and leaving.
import Wire

extension RDPCodec {
  /// The channels of a connection, as the server numbers them.
  enum ChannelID {
    /// The lowest number a user or channel can have: T.125 counts user ids from it.
    static let base: UInt16 = 1001
    /// The server's own user (MS-RDPBCGR §2.2.1.13.1.1 pduSource).
    static let server: UInt16 = 1002
    /// MS-RDPBCGR §4.1.4.
    static let io: UInt16 = 1003
    /// The one static virtual channel, the message channel and the client's user follow (*assumed* order, as `RDPChannels.standard`).
    static let dynamic: UInt16 = 1004
    static let message: UInt16 = 1005
    static let user: UInt16 = 1006
  }

  enum MCS {
    /// The choices of T.125's DomainMCSPDU, in the six highest bits of the first byte.
    enum Choice: UInt8 {
      case erectDomainRequest = 1
      case disconnectProviderUltimatum = 8
      case attachUserRequest = 10
      case attachUserConfirm
      case channelJoinRequest = 14
      case channelJoinConfirm
      case sendDataRequest = 25
      case sendDataIndication
    }

    /// Priority high, begin and end of the data (MS-RDPBCGR §4.1.10).
    static let wholeData: UInt8 = 0x70
    /// The reason rn-user-requested (T.125 §7, three bits), behind the choice's six.
    static let userRequested: UInt16 = UInt16(Choice.disconnectProviderUltimatum.rawValue) << 10 | 3 << 7

    static func data(_ pdu: [UInt8]) -> [UInt8] { TPKT.wrap(X224.dataHeader + pdu) }

    static func encodeErectDomain() -> [UInt8] {
      // Sub-height and sub-interval: integers of one byte.
      data([Choice.erectDomainRequest.rawValue << 2, 1, 0, 1, 0])
    }

    static func encodeAttachRequest() -> [UInt8] { data([Choice.attachUserRequest.rawValue << 2]) }

    static func encodeAttachConfirm() -> [UInt8] {
      var writer = ByteWriter()
      // The bit after the choice says that an initiator follows; result 0 is rt-successful.
      writer.big(Choice.attachUserConfirm.rawValue << 2 | 2)
      writer.big(UInt8(0))
      writer.big(ChannelID.user - ChannelID.base)
      return data(writer.bytes)
    }

    static func encodeJoin(_ channel: UInt16, confirm: Bool) -> [UInt8] {
      var writer = ByteWriter()
      writer.big(confirm ? Choice.channelJoinConfirm.rawValue << 2 | 2 : Choice.channelJoinRequest.rawValue << 2)
      if confirm { writer.big(UInt8(0)) }
      writer.big(ChannelID.user - ChannelID.base)
      writer.big(channel)
      if confirm { writer.big(channel) }
      return data(writer.bytes)
    }

    static func encodeDisconnect() -> [UInt8] {
      var writer = ByteWriter()
      writer.big(userRequested)
      return data(writer.bytes)
    }

    /// Data on a channel: a Send Data Request from the client, an Indication from the server. Whatever is longer than 16 383 bytes,
    /// such as a list of more than 150 candidates, has no wire form.
    static func send(_ bytes: [UInt8], on channel: UInt16, from sender: Sender) -> [UInt8] {
      var writer = ByteWriter(capacity: bytes.count + 8)
      writer.big((sender == .client ? Choice.sendDataRequest : .sendDataIndication).rawValue << 2)
      writer.big((sender == .client ? ChannelID.user : ChannelID.server) - ChannelID.base)
      writer.big(channel)
      writer.big(wholeData)
      writer.packedLongLength(bytes.count)
      writer.append(bytes)
      return data(writer.bytes)
    }

    /// What a domain PDU is.
    enum PDU {
      case message(RDPMessage)
      case data(ByteReader, channel: UInt16, Sender)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> PDU {
      let first = try reader.byte("MCS PDU")
      guard let choice = Choice(rawValue: first >> 2) else { throw .unsupported(what: "MCS PDU", value: UInt64(first >> 2)) }
      switch choice {
      case .erectDomainRequest:
        try reader.expect(exactly: [1, 0, 1, 0], "MCS Erect Domain Request")
        return try whole(.erectDomain, reader)
      case .disconnectProviderUltimatum:
        _ = try reader.byte("MCS disconnection's reason")
        return try whole(.disconnect, reader)
      case .attachUserRequest: return try whole(.attachUserRequest, reader)
      case .attachUserConfirm:
        try succeeded(first, &reader)
        try reader.skip(2, "MCS initiator")
        return try whole(.attachUserConfirm, reader)
      case .channelJoinRequest:
        try reader.skip(2, "MCS initiator")
        let channel = try reader.big(UInt16.self, "MCS channel")
        return try whole(.channelJoinRequest(channel), reader)
      case .channelJoinConfirm:
        try succeeded(first, &reader)
        try reader.skip(2, "MCS initiator")
        let channel = try reader.big(UInt16.self, "requested MCS channel")
        try reader.expect(big: channel, "joined MCS channel")
        return try whole(.channelJoinConfirm(channel), reader)
      case .sendDataRequest, .sendDataIndication:
        try reader.skip(2, "MCS initiator")
        let channel = try reader.big(UInt16.self, "MCS channel")
        let flags = try reader.byte("MCS priority and segmentation")
        guard flags & 0x30 == 0x30 else { throw .unsupported(what: "MCS segmentation", value: UInt64(flags)) }
        let data = try reader.part(reader.packedLength("MCS data"), "MCS data")
        try reader.end(of: "MCS data PDU")
        return .data(data, channel: channel, choice == .sendDataRequest ? .client : .server)
      }
    }

    private static func whole(_ message: RDPMessage, _ reader: ByteReader) throws(CodecError) -> PDU {
      try reader.end(of: "MCS PDU")
      return .message(message)
    }

    /// Demands the result rt-successful, and that the optional last field is there.
    private static func succeeded(_ first: UInt8, _ reader: inout ByteReader) throws(CodecError) {
      guard first & 2 == 2 else { throw .invalid(field: "MCS confirm", value: UInt64(first)) }
      try reader.expect(big: UInt8(0), "MCS result")
    }
  }
}
