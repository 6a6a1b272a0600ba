// RDP messages as bytes: on the base connection in TPKT, X.224 and MCS, on a UDP transport in MS-RDPEMT's tunnel PDUs.
public import Wire

/// RDP's PDUs to and from bytes.
public enum RDPCodec {
  /// Who wrote a PDU.
  public enum Sender: Sendable, CaseIterable { case client, server }

  /// The side that alone sends a message; `nil` when both do.
  static func soleSender(of message: RDPMessage) -> Sender? {
    switch message {
    case .x224ConnectionRequest, .mcsConnectInitial, .erectDomain, .attachUserRequest, .channelJoinRequest, .clientInfo,
      .rttMeasureResponse, .multitransportResponse, .confirmActive, .controlRequest, .fontList, .softSyncResponse,
      .tunnelCreateRequest:
      .client
    case .x224ConnectionConfirm, .mcsConnectResponse, .attachUserConfirm, .channelJoinConfirm, .rttMeasureRequest,
      .licenseValidClient, .licenseRefused, .initiateMultitransport, .demandActive, .controlGranted, .fontMap,
      .softSyncRequest, .tunnelCreateResponse:
      .server
    case .shortpathCandidates, .synchronize, .controlCooperate, .channelData, .channelsResume, .heartbeat, .disconnect: nil
    }
  }

  // MARK: Encoding

  /// The bytes of a message. `sender` matters to those that both sides send; `frame` to channel data and to auto-detection, which alone
  /// travel on both. A candidate or listener list whose PDU would be longer than 16 383 bytes has no wire form.
  public static func encode(
    _ message: RDPMessage, from sender: Sender, in frame: RDPFrame = .base, with identities: inout Identities
  ) -> [UInt8] {
    let sender = soleSender(of: message) ?? sender
    func io(_ pdu: [UInt8]) -> [UInt8] { MCS.send(pdu, on: ChannelID.io, from: sender) }
    func signal(_ pdu: [UInt8]) -> [UInt8] { MCS.send(pdu, on: ChannelID.message, from: sender) }
    func dynamic(_ pdu: [UInt8]) -> [UInt8] { DynamicChannels.chunk(pdu, from: sender) }
    return switch message {
    case .x224ConnectionRequest: X224.encodeRequest()
    case .x224ConnectionConfirm: X224.encodeConfirm()
    case .mcsConnectInitial(let flags): BasicSettings.encodeInitial(flags)
    case .mcsConnectResponse(let flags): BasicSettings.encodeResponse(flags)
    case .erectDomain: MCS.encodeErectDomain()
    case .attachUserRequest: MCS.encodeAttachRequest()
    case .attachUserConfirm: MCS.encodeAttachConfirm()
    case .channelJoinRequest(let channel): MCS.encodeJoin(channel, confirm: false)
    case .channelJoinConfirm(let channel): MCS.encodeJoin(channel, confirm: true)
    case .disconnect: MCS.encodeDisconnect()
    case .clientInfo(let token): io(ClientInfo.encode(token: token, &identities))
    case .licenseValidClient: io(Licensing.encode(valid: true))
    case .licenseRefused: io(Licensing.encode(valid: false))
    case .demandActive: io(Capabilities.encodeDemand())
    case .confirmActive(let graphicsPipeline): io(Capabilities.encodeConfirm(graphicsPipeline: graphicsPipeline))
    case .synchronize: io(Share.encodeSynchronize(from: sender))
    case .controlCooperate: io(Share.encodeControl(.cooperate, from: sender))
    case .controlRequest: io(Share.encodeControl(.requestControl, from: sender))
    case .controlGranted: io(Share.encodeControl(.grantedControl, from: sender))
    case .fontList: io(Share.encodeFonts(map: false))
    case .fontMap: io(Share.encodeFonts(map: true))
    case .rttMeasureRequest(let sequence): autoDetect(AutoDetect.request, sequence, frame)
    case .rttMeasureResponse(let sequence): autoDetect(AutoDetect.response, sequence, frame)
    case .initiateMultitransport(let id, let cookie, let listener, let candidates):
      signal(
        Multitransport.encodeRequest(requestID: id, cookie: cookie, listener: listener, candidates: candidates, &identities))
    case .multitransportResponse(let id, let accepted): signal(Multitransport.encodeResponse(requestID: id, accepted: accepted))
    case .shortpathCandidates(let list): signal(CandidatePayload.encode(list, &identities))
    case .heartbeat: signal(Heartbeat.encode())
    case .channelData(let channel, let length, let number):
      DynamicChannels.data(channel, length: length, number: number)
        .flatMap { frame == .base ? dynamic($0) : Tunnel.wrap(.data, $0) }
    case .softSyncRequest(let keepsBase): dynamic(DynamicChannels.softSyncRequest(keepsBase: keepsBase))
    case .softSyncResponse: dynamic(DynamicChannels.softSyncResponse())
    case .channelsResume(let positions): dynamic(DynamicChannels.resume(positions))
    case .tunnelCreateRequest(let id, let cookie): Tunnel.encodeRequest(requestID: id, cookie: cookie, &identities)
    case .tunnelCreateResponse(let success): Tunnel.encodeResponse(success: success)
    }
  }

  private static func autoDetect(_ header: UInt8, _ sequence: UInt16, _ frame: RDPFrame) -> [UInt8] {
    let isRequest = header == AutoDetect.request
    let type = isRequest ? frame == .base ? AutoDetect.connectTime : AutoDetect.continuous : AutoDetect.responseType
    let pdu = AutoDetect.encode(header, sequence: sequence, type: type)
    if frame == .tunnel { return Tunnel.wrap(.data, [], subheader: pdu) }
    let flags = isRequest ? SecurityFlag.autodetectRequest : SecurityFlag.autodetectResponse
    return MCS.send(secured(flags, pdu), on: ChannelID.message, from: isRequest ? .server : .client)
  }

  // MARK: Decoding

  /// The message that these bytes are, all of them. Of channel data of less than 4 bytes only the number's low bytes come back.
  public static func decode(_ bytes: ArraySlice<UInt8>, with identities: inout Identities) throws(CodecError) -> RDPMessage {
    var reader = ByteReader(bytes)
    let message = try next(in: &reader, with: &identities)
    try reader.end(of: "RDP message")
    return message
  }

  /// The next message of a stream, which tells by itself whether it is a base connection's or a tunnel's. A mistake moves nothing.
  public static func next(in reader: inout ByteReader, with identities: inout Identities) throws(CodecError) -> RDPMessage {
    var ahead = reader
    let message: RDPMessage
    switch try frame(in: &ahead, &identities) {
    case (.message(let whole), _): message = whole
    case (.dynamic(var pdu), let origin):
      message = try channelMessage(&pdu, origin, followedBy: &ahead, &identities)
      try check(message, origin)
    }
    reader = ahead
    return message
  }

  /// What a DVC PDU holds, or begins, and other frames go on with.
  private static func channelMessage(
    _ pdu: inout ByteReader, _ origin: Origin, followedBy reader: inout ByteReader, _ identities: inout Identities
  ) throws(CodecError) -> RDPMessage {
    switch try DynamicChannels.decode(&pdu) {
    case .message(let message): return message
    case .first(var assembly):
      while !assembly.isWhole {
        guard case (.dynamic(let more), origin) = try frame(in: &reader, &identities) else {
          throw .invalid(field: "frame within a channel message", value: UInt64(reader.offset))
        }
        try assembly.add(more)
      }
      return try assembly.message
    }
  }

  /// What one PDU of the base connection or of a tunnel holds.
  private enum Content {
    case message(RDPMessage)
    case dynamic(ByteReader)
  }

  /// Where a PDU came from; a tunnel's does not say who sent it.
  private enum Origin: Equatable { case base(Sender?), tunnel }

  private static func frame(
    in reader: inout ByteReader, _ identities: inout Identities
  ) throws(CodecError) -> (Content, Origin) {
    var ahead = reader
    guard try ahead.byte("RDP frame") == TPKT.version else {
      switch try Tunnel.decode(&reader, &identities) {
      case .message(let message): return (.message(message), .tunnel)
      case .data(let pdu): return (.dynamic(pdu), .tunnel)
      }
    }
    var tpdu = try TPKT.unwrap(&reader)
    let indicator = Int(try tpdu.byte("X.224 length"))
    var header = try tpdu.part(indicator, "X.224 header")
    let code = try header.byte("X.224 code")
    switch code {
    case X224.connectionRequest, X224.connectionConfirm:
      try X224.decode(code, &header)
      try tpdu.end(of: "X.224 TPDU")
      return (.message(code == X224.connectionRequest ? .x224ConnectionRequest : .x224ConnectionConfirm), .base(nil))
    case X224.dataHeader[1]:
      try header.expect(big: X224.dataHeader[2], "X.224 end mark")
      try header.end(of: "X.224 data header")
      return try data(&tpdu, &identities)
    default: throw .unsupported(what: "X.224 TPDU", value: UInt64(code))
    }
  }

  private static func data(
    _ reader: inout ByteReader, _ identities: inout Identities
  ) throws(CodecError) -> (Content, Origin) {
    var ahead = reader
    if try ahead.byte("MCS PDU") == 0x7F { return (.message(try BasicSettings.decode(&reader)), .base(nil)) }
    switch try MCS.decode(&reader) {
    case .message(let message): return (.message(message), .base(nil))
    case .data(var pdu, let channel, let sender):
      let message: RDPMessage
      switch channel {
      case ChannelID.dynamic: return (.dynamic(try DynamicChannels.unchunk(&pdu)), .base(sender))
      case ChannelID.message: message = try messageChannel(&pdu, &identities)
      case ChannelID.io: message = try ioChannel(&pdu, &identities)
      default: throw .unsupported(what: "MCS channel", value: UInt64(channel))
      }
      try check(message, .base(sender))
      return (.message(message), .base(sender))
    }
  }

  /// The I/O channel has security headers until licensing is done, and share control headers afterwards: those start with their length.
  private static func ioChannel(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> RDPMessage {
    var ahead = reader
    let first = try ahead.little(UInt16.self, "I/O PDU")
    if Int(first) == reader.remaining { return try Share.decode(&reader) }
    try ahead.skip(2, "security header")
    switch first & ~SecurityFlag.licenseEncryption {
    case SecurityFlag.info: return try ClientInfo.decode(&ahead, &identities)
    case SecurityFlag.license: return try Licensing.decode(&ahead)
    default: throw .unsupported(what: "I/O PDU", value: UInt64(first))
    }
  }

  /// Demands that the one who sent a message is one who may.
  private static func check(_ message: RDPMessage, _ origin: Origin) throws(CodecError) {
    guard case .base(let sender?) = origin, let sole = soleSender(of: message), sole != sender else { return }
    throw .invalid(field: "sender of an RDP PDU", value: sender == .client ? 0 : 1)
  }
}
