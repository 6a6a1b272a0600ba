// STUN: the published vectors to the last byte, every message of the simulator there and back, and each kind of spoiled message told apart.
import SimulationKernel
import Testing
import Wire
import WireCodec

/// RFC 5769 §2.1 to §2.4, and RFC 8489 appendix B.1 as its errata correct it.
private enum Vector {
  static let request =
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff8029"
    + "0008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    + "80280004e57a3bcf"

  static let responseV4 =
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a6430008"
    + "00142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"

  static let responseV6 =
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3"
    + "f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"

  static let longTerm =
    "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c662f"
    + "2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014f6702465"
    + "6dd64a3e02b8e0712e85c9a28ca89666"

  static let userHash =
    "000100902112a44278ad3433c6ad72c029da412e001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c4"
    + "6e41407f1704001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c394653547679363473"
    + "410000000014000b6578616d706c652e6f726700001d000400020000001c0020b5c7bf005b6c52a21c51c5e892f819241362"
    + "96cb927c43149309278cc6518e65"

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
  }
  static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)
  static let user = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}"
}

@Suite struct STUNVectorTests {
  private let transaction = TransactionID(high: 0xB7E7_A701, low: 0xBC34_D686_FA87_DFAE)

  @Test("RFC 5769 §2.1: a request with short-term credentials")
  func request() throws {
    let bytes = Vector.bytes(Vector.request)
    let read = try DecodedSTUN(bytes[...])
    let frame = STUNFrame(
      kind: .request, transaction: transaction,
      attributes: [
        STUNAttribute(0x8022, .bytes(Array("STUN test client".utf8))), STUNAttribute(0x0024, .number(0x6E00_01FF)),
        STUNAttribute(0x8029, .number(0x932F_F9B1_5126_3B36)), STUNAttribute(0x0006, .bytes(Array("evtj:h6vY".utf8))),
      ])
    #expect(Array(read.frame.attributes.prefix(4)) == frame.attributes && read.frame.transaction == transaction)
    #expect(frame.encoded(.sha1(key: Vector.password), fingerprint: true, padding: 0x20) == bytes)
    #expect(read.fingerprint == .right && read.integrity(key: Vector.password) == .right)
    #expect(read.integrity(key: Array("VOkJxbRl1RmTxUk/WvJxBT".utf8)) == .wrong)
    #expect(
      read.frame.attributes.map(\.description).prefix(4) == [
        "SOFTWARE STUN test client", "PRIORITY 1845494271", "ICE-CONTROLLED 10605970187446795062", "USERNAME evtj:h6vY",
      ])
    var names = Identities(seed: 1)
    let message = try STUNCodec.decode(bytes[...], &names)
    #expect(message.priority == 0x6E00_01FF && message.role == .controlled(tieBreaker: 0x932F_F9B1_5126_3B36))
    #expect(
      message.username
        == ICEUsername(receiver: names.secret(of: Array("evtj".utf8)), sender: names.secret(of: Array("h6vY".utf8))))
    #expect(message.fingerprint && message.integrity != .none)
  }

  @Test("RFC 5769 §2.2 and §2.3: responses with an IPv4 and an IPv6 address", arguments: [true, false])
  func responses(v4: Bool) throws {
    let bytes = Vector.bytes(v4 ? Vector.responseV4 : Vector.responseV6)
    let mapped = Endpoint(IPAddress(v4 ? "192.0.2.1" : "2001:db8:1234:5678:11:2233:4455:6677")!, 32853)
    let frame = STUNFrame(
      kind: .success, transaction: transaction,
      attributes: [STUNAttribute(0x8022, .bytes(Array("test vector".utf8))), STUNAttribute(0x0020, .address(mapped))])
    #expect(frame.encoded(.sha1(key: Vector.password), fingerprint: true, padding: 0x20) == bytes)
    let read = try DecodedSTUN(bytes[...])
    #expect(Array(read.frame.attributes.prefix(2)) == frame.attributes && read.frame.kind == .success)
    #expect(read.fingerprint == .right && read.integrity(key: Vector.password) == .right)
    var names = Identities(seed: 1)
    #expect(try STUNCodec.decode(bytes[...], &names).mapped == mapped)
  }

  @Test("RFC 5769 §2.4: a request with long-term credentials and no fingerprint")
  func longTerm() throws {
    let bytes = Vector.bytes(Vector.longTerm)
    let key = STUNKey.longTerm(user: Vector.user, realm: "example.org", password: "TheMatrIX")
    let frame = STUNFrame(
      kind: .request, transaction: TransactionID(high: 0x78AD_3433, low: 0xC6AD_72C0_29DA_412E),
      attributes: [
        STUNAttribute(0x0006, .bytes(Array(Vector.user.utf8))),
        STUNAttribute(0x0015, .bytes(Array("f//499k954d6OL34oL9FSTvy64sA".utf8))),
        STUNAttribute(0x0014, .bytes(Array("example.org".utf8))),
      ])
    #expect(frame.encoded(.sha1(key: key)) == bytes)
    let read = try DecodedSTUN(bytes[...])
    #expect(read.fingerprint == .absent && read.integrity(key: key) == .right)
    #expect(STUNKey.longTerm(user: "user", realm: "realm", password: "pass") == Vector.bytes("8493fbc53ba582fb4c044c456bdc40eb"))
  }

  @Test("RFC 8489 B.1, corrected: USERHASH and SHA-256")
  func userHash() throws {
    let bytes = Vector.bytes(Vector.userHash)
    let key = STUNKey.longTermSHA256(user: Vector.user, realm: "example.org", password: "TheMatrIX")
    let frame = STUNFrame(
      kind: .request, transaction: TransactionID(high: 0x78AD_3433, low: 0xC6AD_72C0_29DA_412E),
      attributes: [
        STUNAttribute(0x001E, .bytes(STUNKey.userHash(user: Vector.user, realm: "example.org"))),
        STUNAttribute(0x0015, .bytes(Array("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA".utf8))),
        STUNAttribute(0x0014, .bytes(Array("example.org".utf8))), STUNAttribute(0x001D, .bytes([0, 2, 0, 0])),
      ])
    #expect(frame.encoded(.sha256(key: key)) == bytes)
    let read = try DecodedSTUN(bytes[...])
    #expect(read.integrity(key: key) == .right && read.integrity(key: key.reversed()) == .wrong)
  }

  @Test("each kind of spoiled message is told apart")
  func spoiled() throws {
    var names = Identities(seed: 1)
    let bytes = Vector.bytes(Vector.request)
    func decode(_ bytes: some Sequence<UInt8>, keys: [Secret] = []) throws {
      _ = try STUNCodec.decode(Array(bytes)[...], keys: keys, &names)
    }
    // Wrong key.
    #expect(throws: CodecError.integrity(field: "MESSAGE-INTEGRITY")) { try decode(bytes, keys: [Secret(id: 9)]) }
    // Wrong fingerprint: any bit before it.
    for bit in stride(from: 8 * 20, to: 8 * 76, by: 37) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let read = try? DecodedSTUN(flipped[...]) else { continue }
      #expect(read.fingerprint == .wrong && read.integrity(key: Vector.password) == .wrong)
    }
    var last = bytes
    last[107] ^= 1
    #expect(throws: CodecError.integrity(field: "FINGERPRINT")) { try decode(last) }
    // Truncated, padded, and a length that is none.
    #expect(throws: CodecError.truncated(what: "STUN attributes", needed: 88, available: 87)) { try decode(bytes.dropLast()) }
    #expect(throws: CodecError.trailing(what: "STUN message", count: 4)) { try decode(bytes + [0, 0, 0, 0]) }
    var length = bytes
    length[3] = 87
    #expect(throws: CodecError.invalid(field: "STUN length", value: 87)) { try decode(length) }
    // Not STUN at all, and STUN of RFC 3489 without its cookie.
    #expect(throws: CodecError.invalid(field: "STUN type", value: 0x4001)) { try decode([0x40] + bytes.dropFirst()) }
    #expect(throws: CodecError.invalid(field: "STUN magic cookie", value: 0x2112_A443)) {
      try decode(bytes[..<7] + [0x43] + bytes[8...])
    }
    // An attribute nobody knows: below 0x8000 it must be understood.
    for (type, required) in [(0x7FFF, true), (0xBFFF, false)] as [(UInt16, Bool)] {
      let frame = STUNFrame(kind: .request, transaction: transaction, attributes: [STUNAttribute(type, .bytes([1, 2, 3]))])
      let bytes = frame.encoded()
      #expect(try DecodedSTUN(bytes[...]).frame == frame)
      #expect(try DecodedSTUN(bytes[...]).frame.unknownRequired == (required ? [type] : []))
      if required {
        #expect(throws: CodecError.unsupported(what: "comprehension-required STUN attribute", value: 0x7FFF)) {
          try decode(bytes)
        }
      } else {
        try decode(bytes)
      }
    }
  }

  @Test("what stands behind the integrity is not believed, and the first of two attributes counts")
  func unprotected() throws {
    var names = Identities(seed: 1)
    let frame = STUNFrame(
      kind: .request, transaction: transaction,
      attributes: [STUNAttribute(0x0024, .number(1)), STUNAttribute(0x0024, .number(2))])
    var bytes = frame.encoded(.sha1(key: names.icePassword(of: Secret(id: 3))))
    // USE-CANDIDATE, put in by somebody on the way.
    bytes += [0, 0x25, 0, 0]
    bytes[3] += 4
    let message = try STUNCodec.decode(bytes[...], keys: [Secret(id: 2), Secret(id: 3)], &names)
    #expect(message.priority == 1 && !message.useCandidate && message.integrity == Secret(id: 3))
  }
}

@Suite struct STUNTests {
  static func message(_ chance: inout SeededGenerator) -> STUNMessage {
    var message = STUNMessage(
      kind: chance.pick([.request, .indication, .success, .error]),
      transaction: TransactionID(high: chance.word(), low: chance.word()))
    message.username = chance.perhaps { ICEUsername(receiver: Secret(id: $0.word()), sender: Secret(id: $0.word())) }
    message.integrity = chance.perhaps { Secret(id: $0.word()) } ?? .none
    message.priority = chance.perhaps { $0.word() }
    message.useCandidate = chance.flip()
    message.role = chance.perhaps { $0.flip() ? .controlled(tieBreaker: $0.word()) : .controlling(tieBreaker: $0.word()) }
    message.mapped = chance.perhaps { $0.endpoint(v4: $0.flip()) }
    message.errorCode = chance.perhaps { $0.flip() ? $0.pick(Self.codes) : UInt16($0.pick(300...699)) }
    message.fingerprint = chance.flip()
    return message
  }
  private static let codes: [UInt16] = [300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 487, 500, 508]

  @Test("every message comes back as it went, at the length the simulator counts")
  func roundTrip() throws {
    var chance = SeededGenerator(1)
    var names = Identities(seed: 7)
    for _ in 0..<600 {
      let message = Self.message(&chance)
      let bytes = STUNCodec.encode(message, &names)
      #expect(bytes.count == message.encodedLength)
      let keys = message.integrity == .none ? [] : [Secret(id: 1), message.integrity]
      #expect(try STUNCodec.decode(bytes[...], keys: keys, &names) == message)
    }
  }

  @Test("every attribute there is comes back as it went, in any method and class")
  func attributes() throws {
    var chance = SeededGenerator(2)
    for _ in 0..<600 {
      let widths: [(UInt16, Int)] = [
        (0x0003, 4), (0x000C, 2), (0x000D, 4), (0x0017, 1), (0x0018, 1), (0x0019, 1), (0x0022, 8), (0x0024, 4), (0x0027, 2),
        (0x002A, 4), (0x8027, 4), (0x8029, 8), (0x802A, 8),
      ]
      let attributes = (0..<chance.pick(0...6)).map { _ in
        switch chance.pick(0...5) {
        case 0: STUNAttribute(chance.pick([0x001A, 0x0025]), .flag)
        case 1:
          STUNAttribute(
            chance.pick([0x0001, 0x0005, 0x0012, 0x0016, 0x0020, 0x8023, 0x802B, 0x802C]),
            .address(chance.endpoint(v4: chance.flip())))
        case 2: STUNAttribute(0x000A, .types((0..<chance.pick(0...4)).map { _ in chance.word() }))
        case 3: STUNAttribute(0x0009, .error(code: UInt16(chance.pick(300...699)), reason: chance.bytes(chance.pick(0...20))))
        case 4:
          STUNAttribute(
            chance.pick([0x0006, 0x0013, 0x0014, 0x0015, 0x001D, 0x001E, 0x0026, 0x8002, 0x8022, 0x4444, 0xC0DE]),
            .bytes(chance.bytes(chance.pick(0...30))))
        default:
          {
            let (type, width) = chance.pick(widths)
            return STUNAttribute(type, .number(chance.next() & (width == 8 ? .max : 1 << UInt64(width * 8) - 1)))
          }()
        }
      }
      let frame = STUNFrame(
        kind: chance.pick([.request, .indication, .success, .error]), method: chance.word() & 0xFFF,
        transaction: TransactionID(high: chance.word(), low: chance.word()), attributes: attributes)
      let read = try DecodedSTUN(frame.encoded(padding: chance.word())[...])
      #expect(read.frame == frame)
      #expect(!read.frame.attributes.contains { $0.description.isEmpty })
    }
  }

  @Test("spoiled messages are refused or read, never more")
  func mutations() {
    var chance = SeededGenerator(3)
    var names = Identities(seed: 7)
    let corpus = (0..<60).map { _ in STUNCodec.encode(Self.message(&chance), &names) }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      let read = try DecodedSTUN(bytes)
      _ = (read.fingerprint, read.integrity(key: [1]), read.frame.attributes.map(\.name.count))
      _ = try STUNCodec.decode(bytes, &names)
    }
    #expect(outcome.accepted > 1000 && outcome.refused > 1000)
  }
}
