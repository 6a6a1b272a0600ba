// RDP messages to bytes and back: generated values, examples of the specification, mistakes, and bytes that mean no good.
import Foundation
import SimulationKernel
import Testing
import Wire
import WireCodec

/// SplitMix64, so that every run generates the same.
struct Dice: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func secret() -> Secret { Secret(id: next()) }
  mutating func flag() -> Bool { next() & 1 == 1 }
  mutating func flags() -> MultitransportFlags { MultitransportFlags(rawValue: UInt32(truncatingIfNeeded: next())) }
  mutating func endpoint() -> Endpoint {
    let address =
      switch next() % 4 {
      case 0: IPAddress(v4: UInt32(truncatingIfNeeded: next()))
      case 1: IPAddress(high: next(), low: next())
      case 2: IPAddress(high: 0x2001_0DB8_0000_0000, low: next() & 0xFFFF)
      default: IPAddress.unspecified
      }
    return Endpoint(address, UInt16(truncatingIfNeeded: next()))
  }
  mutating func list() -> CandidateList {
    var list = CandidateList(fragment: secret(), password: secret(), candidates: [])
    for _ in 0..<next() % 9 {
      list.candidates.append(
        CandidateDescription(
          type: CandidateType.allCases.randomElement(using: &self)!, endpoint: endpoint(), base: endpoint(),
          priority: UInt32(truncatingIfNeeded: next()), foundation: next()))
    }
    list.terms.allowsHost = flag()
    list.terms.allowsReflexive = flag()
    if flag() {
      let (a, b) = (UInt16(truncatingIfNeeded: next()), UInt16(truncatingIfNeeded: next()))
      list.terms.clientPorts = min(a, b)...max(a, b)
    }
    return list
  }
  mutating func positions() -> ChannelPositions {
    var positions = ChannelPositions()
    for channel in VirtualChannel.allCases { positions[channel] = UInt32(truncatingIfNeeded: next()) }
    return positions
  }
  /// Channel data whose number has room in its bytes.
  mutating func data(longest: UInt32) -> RDPMessage {
    let length: UInt32 =
      switch next() % 4 {
      case 0: UInt32(next() % 6)
      case 1: [1589, 1590, 1591, 1596, 1597, 1600, 3194, 3195].randomElement(using: &self)!
      case 2: min(longest, [65_535, 65_536, 65_537, 70_000].randomElement(using: &self)!)
      default: UInt32(next()) % longest
      }
    let room = length >= 4 ? UInt64(UInt32.max) : (1 << UInt64(8 * length)) - 1
    return .channelData(VirtualChannel.allCases.randomElement(using: &self)!, length: length, number: UInt32(next() & room))
  }
}

extension UInt32 { fileprivate init(_ word: UInt64) { self.init(truncatingIfNeeded: word) } }

extension RDPMessage {
  static let kinds = 33

  /// A message of each case, by the case's number.
  static func sample(_ kind: Int, _ dice: inout Dice, longest: UInt32 = 9000) -> RDPMessage {
    switch kind {
    case 0: .x224ConnectionRequest
    case 1: .x224ConnectionConfirm
    case 2: .mcsConnectInitial(dice.flags())
    case 3: .mcsConnectResponse(dice.flags())
    case 4: .erectDomain
    case 5: .attachUserRequest
    case 6: .attachUserConfirm
    case 7: .channelJoinRequest(UInt16(truncatingIfNeeded: dice.next()))
    case 8: .channelJoinConfirm(UInt16(truncatingIfNeeded: dice.next()))
    case 9: .clientInfo(token: dice.secret())
    case 10: .rttMeasureRequest(sequence: UInt16(truncatingIfNeeded: dice.next()))
    case 11: .rttMeasureResponse(sequence: UInt16(truncatingIfNeeded: dice.next()))
    case 12: .licenseValidClient
    case 13: .licenseRefused
    case 14:
      .initiateMultitransport(
        requestID: UInt32(dice.next()), cookie: dice.secret(), listener: (0..<dice.next() % 6).map { _ in dice.endpoint() },
        candidates: dice.flag())
    case 15: .multitransportResponse(requestID: UInt32(dice.next()), accepted: dice.flag())
    case 16: .shortpathCandidates(dice.list())
    case 17: .demandActive
    case 18: .confirmActive(graphicsPipeline: dice.flag())
    case 19: .synchronize
    case 20: .controlCooperate
    case 21: .controlRequest
    case 22: .controlGranted
    case 23: .fontList
    case 24: .fontMap
    case 25: dice.data(longest: longest)
    case 26: .softSyncRequest(keepsBase: dice.flag())
    case 27: .softSyncResponse
    case 28: .channelsResume(dice.positions())
    case 29: .heartbeat
    case 30: .tunnelCreateRequest(requestID: UInt32(dice.next()), cookie: dice.secret())
    case 31: .tunnelCreateResponse(success: dice.flag())
    default: .disconnect
    }
  }

  /// The number of a message's case; a new case does not compile before it is told here and generated above.
  var kind: Int {
    switch self {
    case .x224ConnectionRequest: 0
    case .x224ConnectionConfirm: 1
    case .mcsConnectInitial: 2
    case .mcsConnectResponse: 3
    case .erectDomain: 4
    case .attachUserRequest: 5
    case .attachUserConfirm: 6
    case .channelJoinRequest: 7
    case .channelJoinConfirm: 8
    case .clientInfo: 9
    case .rttMeasureRequest: 10
    case .rttMeasureResponse: 11
    case .licenseValidClient: 12
    case .licenseRefused: 13
    case .initiateMultitransport: 14
    case .multitransportResponse: 15
    case .shortpathCandidates: 16
    case .demandActive: 17
    case .confirmActive: 18
    case .synchronize: 19
    case .controlCooperate: 20
    case .controlRequest: 21
    case .controlGranted: 22
    case .fontList: 23
    case .fontMap: 24
    case .channelData: 25
    case .softSyncRequest: 26
    case .softSyncResponse: 27
    case .channelsResume: 28
    case .heartbeat: 29
    case .tunnelCreateRequest: 30
    case .tunnelCreateResponse: 31
    case .disconnect: 32
    }
  }
}

private func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

private func encode(_ message: RDPMessage, from sender: RDPCodec.Sender = .client, in frame: RDPFrame = .base) -> [UInt8] {
  var identities = Identities(seed: 7)
  return RDPCodec.encode(message, from: sender, in: frame, with: &identities)
}

private func decode(_ bytes: [UInt8]) throws(CodecError) -> RDPMessage {
  var identities = Identities(seed: 7)
  return try RDPCodec.decode(bytes[...], with: &identities)
}

@Suite struct RDPCodecTests {
  @Test("every message comes back from its bytes, whoever sent it and on whatever it travelled", arguments: 0..<RDPMessage.kinds)
  func roundTrip(kind number: Int) throws {
    var dice = Dice(state: UInt64(number))
    var identities = Identities(seed: 7)
    for round in 0..<200 {
      let original = RDPMessage.sample(number, &dice, longest: round == 0 ? 200_000 : 9000)
      #expect(original.kind == number)
      for frame in RDPFrame.allCases {
        let sender: RDPCodec.Sender = dice.flag() ? .client : .server
        let bytes = RDPCodec.encode(original, from: sender, in: frame, with: &identities)
        #expect(bytes.count == original.encodedLength(in: frame), "\(original)")
        let back = try RDPCodec.decode(bytes[...], with: &identities)
        if back != original { Issue.record("\(original) came back as \(back)") }
      }
    }
  }

  @Test("a channel message's length is exact around every border of its pieces")
  func lengths() {
    for length in [UInt32](1580...1610) + [UInt32](3185...3205) + [UInt32](65_520...65_560) + [0, 1, 4, 200_000] {
      let message = RDPMessage.channelData(.graphics, length: length, number: 1)
      for frame in RDPFrame.allCases { #expect(encode(message, in: frame).count == message.encodedLength(in: frame)) }
    }
    let longest = RDPMessage.channelData(.graphics, length: .max, number: 0)
    #expect(longest.encodedLength(in: .base) > longest.encodedLength(in: .tunnel))
  }

  @Test("a stream of messages is cut where they end")
  func stream() throws {
    var dice = Dice(state: 5)
    var identities = Identities(seed: 7)
    var sent: [RDPMessage] = []
    var whole: [UInt8] = []
    for round in 0..<200 {
      sent.append(RDPMessage.sample(round % RDPMessage.kinds, &dice))
      whole += RDPCodec.encode(sent[round], from: .server, in: dice.flag() ? .base : .tunnel, with: &identities)
    }
    var reader = ByteReader(whole)
    for message in sent { #expect(try RDPCodec.next(in: &reader, with: &identities) == message) }
    #expect(reader.isAtEnd)
  }

  @Test("what is longer than 1590 bytes goes in pieces of 1600, and shorter numbers keep their low bytes")
  func pieces() throws {
    #expect(encode(.channelData(.graphics, length: 1590, number: 1)).count == 15 + 8 + 2 + 1590)
    #expect(encode(.channelData(.graphics, length: 1591, number: 1)).count == 15 + 8 + 4 + 1591)
    #expect(encode(.channelData(.graphics, length: 1597, number: 1)).count == 15 + 8 + 4 + 1596 + 15 + 8 + 2 + 1)
    #expect(encode(.channelData(.graphics, length: 1597, number: 1), in: .tunnel).count == 4 + 4 + 1596 + 4 + 2 + 1)
    #expect(
      encode(.channelData(.graphics, length: 65_536, number: 1), in: .tunnel).prefix(10) == [2, 64, 6, 4, 0x28, 1, 0, 0, 1, 0])
    #expect(
      try decode(encode(.channelData(.input, length: 2, number: 0x0102_0304))) == .channelData(.input, length: 2, number: 0x0304))
    #expect(try decode(encode(.channelData(.input, length: 0, number: 9))) == .channelData(.input, length: 0, number: 0))
  }

  @Test("capability sets have the lengths MS-RDPBCGR §2.2.7 gives them")
  func capabilities() throws {
    let lengths: [UInt16: UInt16] = [
      1: 24, 2: 28, 3: 88, 5: 12, 7: 12, 8: 10, 9: 8, 10: 8, 12: 8, 13: 88, 15: 8, 16: 52, 17: 12, 18: 8, 19: 40, 20: 12, 23: 8,
      24: 11, 25: 6, 26: 8, 27: 6, 28: 12, 30: 8,
    ]
    for (message, source, start) in [
      (RDPMessage.demandActive, 4, 15 + 6 + 4), (.confirmActive(graphicsPipeline: true), 6, 15 + 6 + 6),
    ] {
      var reader = ByteReader(encode(message)[(start)...])
      #expect(try reader.little(UInt16.self, "source") == UInt16(source))
      var sets = try reader.little(UInt16.self, "length") - 4
      try reader.skip(source, "source")
      let count = try reader.little(UInt16.self, "count")
      try reader.skip(2, "padding")
      for _ in 0..<count {
        let (type, length) = (try reader.little(UInt16.self, "type"), try reader.little(UInt16.self, "length"))
        if type == 14 {
          // The server's font capability has nothing but its header (MS-RDPBCGR §4.1.12).
          #expect(length == (message == .demandActive ? 4 : 8))
        } else if type != 29 {
          #expect(lengths[type] == length, "set \(type)")
        }
        try reader.skip(Int(length) - 4, "set")
        sets -= length
      }
      #expect(sets == 0)
    }
  }

  @Test("Shortpath's payloads are JSON")
  func json() throws {
    var dice = Dice(state: 3)
    for _ in 0..<50 {
      let list = encode(.shortpathCandidates(dice.list()))[(15 + 4)...]
      let parsed = try JSONSerialization.jsonObject(with: Data(list)) as? [String: Any]
      #expect(parsed?["candidates"] is [[String]])
      let request = encode(
        .initiateMultitransport(
          requestID: 1, cookie: dice.secret(), listener: [dice.endpoint(), dice.endpoint()], candidates: true))
      let listener = try JSONSerialization.jsonObject(with: Data(request[(15 + 4 + 24 + 2)...])) as? [String: [String]]
      #expect(listener?["shortpathListeners"]?.count == 2)
    }
  }

  @Test("mistakes are told by name")
  func mistakes() {
    func tampered(_ message: RDPMessage, from sender: RDPCodec.Sender = .client, at offset: Int, _ value: UInt8) -> [UInt8] {
      var bytes = encode(message, from: sender)
      bytes[offset] = value
      return bytes
    }
    #expect(throws: CodecError.truncated(what: "RDP frame", needed: 1, available: 0)) { try decode([]) }
    #expect(throws: CodecError.unsupported(what: "tunnel action", value: 9)) { try decode([9, 0, 0, 4]) }
    #expect(throws: CodecError.truncated(what: "TPKT", needed: 8, available: 7)) { try decode(encode(.erectDomain).dropLast()) }
    #expect(throws: CodecError.trailing(what: "RDP message", count: 1)) { try decode(encode(.erectDomain) + [0]) }
    #expect(throws: CodecError.unsupported(what: "MCS channel", value: 1007)) { try decode(tampered(.fontList, at: 11, 0xEF)) }
    #expect(throws: CodecError.invalid(field: "sender of an RDP PDU", value: 0)) {
      try decode(tampered(.licenseValidClient, at: 7, 25 << 2))
    }
    #expect(throws: CodecError.unsupported(what: "licensing message", value: 1)) {
      try decode(tampered(.licenseValidClient, at: 19, 1))
    }
    #expect(throws: CodecError.invalid(field: "auto-detect security header", value: 0x2000)) {
      try decode(tampered(.rttMeasureRequest(sequence: 1), at: 16, 0x20))
    }
    #expect(throws: CodecError.unsupported(what: "RDP security", value: 2)) {
      try decode(tampered(.x224ConnectionConfirm, at: 15, 2))
    }
    #expect(throws: CodecError.unsupported(what: "dynamic channel", value: 9)) {
      try decode(tampered(.channelData(.input, length: 9, number: 1), at: 24, 9))
    }
    #expect(throws: CodecError.truncated(what: "RDP frame", needed: 1, available: 0)) {
      try decode(Array(encode(.channelData(.input, length: 2000, number: 1)).prefix(1623)))
    }
  }

  @Test("changed, cut, extended and spliced bytes are decoded or refused, and nothing else")
  func fuzz() {
    var dice = Dice(state: 99)
    var identities = Identities(seed: 7)
    let corpus = (0..<4 * RDPMessage.kinds).map {
      RDPCodec.encode(
        RDPMessage.sample($0 % RDPMessage.kinds, &dice, longest: 1700), from: .server, in: $0 % 2 == 0 ? .base : .tunnel,
        with: &identities
      ).prefix(2000)
    }
    let outcome = Mutations.survive(corpus.map(Array.init)) { bytes throws(CodecError) in
      var fresh = Identities(seed: 7)
      _ = try RDPCodec.decode(bytes, with: &fresh)
    }
    #expect(outcome.accepted > Mutations.budget / 100 && outcome.refused > Mutations.budget / 2)
  }
}
