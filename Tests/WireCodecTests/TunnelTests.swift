// The VPN's outer packets: sealed and opened again, of the length the simulator counts, and told apart without a key.
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct TunnelTests {
  private static func message(_ chance: inout SeededGenerator) -> TunnelMessage {
    let key = Secret(id: chance.word())
    switch chance.pick(0...6) {
    case 0: return .hello(key: key, inner: chance.address(v4: chance.flip()))
    case 1: return .welcome(key: key)
    case 2: return .keepAlive(key: key)
    case 3: return .unknown(key: key)
    default: return .inner(slot: chance.word(), length: Int32(chance.pick(20...200)), key: key)
    }
  }

  @Test("every message comes back as it went, with the inner packet, at the length the simulator counts")
  func roundTrip() throws {
    var chance = SeededGenerator(1)
    var names = Identities(seed: 3)
    for _ in 0..<600 {
      let message = Self.message(&chance)
      let sequence: UInt32 = chance.word()
      var (slot, key, inner): (UInt32, Secret, [UInt8]) = (0, .none, [])
      if case .inner(let index, let length, _) = message { (slot, inner) = (index, chance.bytes(Int(length))) }
      if case .keepAlive(let secret) = message { key = secret }
      let bytes = TunnelCodec.encode(message, carrying: inner, sequence: sequence, isReturn: chance.flip(), &names)
      #expect(bytes.count == message.encodedLength)
      let opened = try TunnelCodec.decode(bytes[...], slot: slot, keepAliveOf: key, &names)
      #expect(opened.message == message && opened.inner == inner && (inner.isEmpty || opened.sequence == sequence))
    }
  }

  @Test("without a key: a byte of ones, an IKE message behind four zeros, and ESP with its numbers")
  func sealedKinds() throws {
    var names = Identities(seed: 3)
    let key = Secret(id: 7)
    #expect(try TunnelCodec.read(TunnelCodec.encode(.keepAlive(key: key), &names)[...]) == .keepAlive)
    let hello = TunnelCodec.encode(.hello(key: key, inner: IPAddress("10.9.0.2")!), &names)
    guard case .ike(_, 35, false, let message) = try TunnelCodec.read(hello[...]) else {
      throw CodecError.invalid(field: "kind", value: 0)
    }
    #expect(message == Array(hello[4...]))
    let esp = TunnelCodec.encode(.inner(slot: 1, length: 60, key: key), sequence: 8, &names)
    guard case .esp(let spi, 8, let sealed) = try TunnelCodec.read(esp[...]) else {
      throw CodecError.invalid(field: "kind", value: 0)
    }
    #expect(spi > 255 && sealed.count == esp.count - 8)
  }

  @Test("a packet of another key, or with a flipped bit, does not open; the same packet twice is never the same bytes")
  func integrity() throws {
    var names = Identities(seed: 3)
    let message = TunnelMessage.inner(slot: 1, length: 60, key: Secret(id: 7))
    let esp = TunnelCodec.encode(message, sequence: 8, &names)
    let other = TunnelCodec.encode(message, sequence: 9, &names)
    let back = TunnelCodec.encode(message, sequence: 8, isReturn: true, &names)
    #expect(esp[..<4] != back[..<4])
    #expect(zip(esp[16...], back[16...]).filter { $0 == $1 }.count < 10)
    #expect(zip(esp[16...], other[16...]).filter { $0 == $1 }.count < 10)
    var stranger = Identities(seed: 4)
    #expect(throws: CodecError.integrity(field: "ESP integrity check value")) { try TunnelCodec.decode(esp[...], &stranger) }
    for at in [5, 12, 20, esp.count - 1] {
      var flipped = esp
      flipped[at] ^= 4
      #expect(throws: CodecError.integrity(field: "ESP integrity check value")) { try TunnelCodec.decode(flipped[...], &names) }
    }
  }

  @Test("spoiled packets are refused or read, never more")
  func mutations() {
    var chance = SeededGenerator(6)
    var names = Identities(seed: 3)
    let corpus = (0..<40).map { _ in TunnelCodec.encode(Self.message(&chance), carrying: [0x45], &names) }
    let opened = Mutations.survive(corpus, count: Mutations.budget / 10) { bytes throws(CodecError) in
      _ = try TunnelCodec.decode(bytes, &names)
    }
    let read = Mutations.survive(corpus) { bytes throws(CodecError) in _ = try TunnelCodec.read(bytes) }
    #expect(opened.refused > 1000 && read.accepted > 1000 && read.refused > 1000)
  }
}
