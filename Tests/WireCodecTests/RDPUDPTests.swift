// RDP-UDP: handshake and data phase to the byte, the specification's own examples, and what of a datagram a reader can restore.
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct RDPUDPTests {
  static func datagram(_ chance: inout SeededGenerator) -> (RDPUDPDatagram, RDPUDPContext) {
    var context = RDPUDPContext()
    context.initialSequence = chance.word()
    context.peerInitialSequence = chance.word()
    context.channelSequence = chance.word()
    context.stream = StreamID(index: chance.word(), generation: chance.word())
    let kind = chance.pick(0...4)
    let (start, count) = (UInt64(chance.word(UInt32.self)), UInt64(chance.pick(1...1218)))
    let slice = StreamSlice(stream: context.stream, start: start, end: start + count)
    let mtu = UInt16(chance.pick(1132...1232))
    let datagrams = kind < 2 ? UInt32(chance.pick(0...65_535)) : 1 << UInt32(chance.pick(0...15))
    var datagram = RDPUDPDatagram(
      kind: [.syn(cookieHash: Secret(id: chance.word())), .synAck, .ack, .keepAlive, .data(slice: slice)][kind],
      stream: context.stream, window: datagrams * UInt32(mtu - 14), mtu: mtu)
    if kind >= 2 {
      datagram.acknowledged = chance.word()
      datagram.highestSeen = chance.next() >> UInt64(chance.pick(1...63))
      if kind > 2 { datagram.sequence = chance.next() >> UInt64(chance.pick(1...63)) }
      context.nearHighestSeen = datagram.highestSeen &+ UInt64(chance.pick(0...0x7FFF))
      context.nearSequence = datagram.sequence - min(datagram.sequence, UInt64(chance.pick(0...0x7FFF)))
      (context.start, context.acknowledged, context.mtu) = (start, datagram.acknowledged, mtu)
    }
    return (datagram, context)
  }

  @Test("with what its flow knows, a datagram comes back as it went, at the length the simulator counts")
  func roundTrip() throws {
    var chance = SeededGenerator(1)
    var names = Identities(seed: 3)
    for _ in 0..<800 {
      let (datagram, context) = Self.datagram(&chance)
      let bytes = RDPUDPCodec.encode(datagram, in: context, &names)
      #expect(bytes.count == datagram.encodedLength)
      #expect(try RDPUDPCodec.decode(bytes[...], in: context, &names) == datagram)
    }
  }

  @Test("a SYN shows the SHA-256 of the cookie of the multitransport request, which leads back to the cookie's name")
  func cookie() throws {
    var names = Identities(seed: 3)
    let cookie = Secret(id: 42)
    let bytes = RDPUDPCodec.encode(RDPUDPDatagram(kind: .syn(cookieHash: cookie.hashed)), &names)
    guard case .handshake(let syn) = try RDPUDPCodec.read(bytes[...]) else { throw CodecError.invalid(field: "phase", value: 2) }
    #expect(syn.cookieHash == names.hash(of: cookie, count: 16, as: "security-cookie"))
    #expect(try RDPUDPCodec.decode(bytes[...], &names).kind == .syn(cookieHash: cookie.hashed))
    // FEC header, SYNDATA, SYNEX with the hash, and zeros up to 1232.
    #expect(
      Array(bytes[..<24]) == [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0x10, 0x01, 0, 0, 0, 0, 0x04, 0xD0, 0x04, 0xD0, 0, 1, 1, 1,
      ] + syn.cookieHash!.prefix(4))
    #expect(bytes.count == 1232 && bytes[52...].allSatisfy { $0 == 0 })
  }

  @Test("MS-RDPEUDP §4.1.1: a SYN with the header of the example, lossy and with a correlation id")
  func specificationSYN() throws {
    let start: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x04, 0x00, 0x0A, 0x01, 0, 0, 0, 0x42, 0x04, 0xD0, 0x04, 0xD0]
    let bytes = start + [UInt8](1...16) + [UInt8](repeating: 0, count: 1232 - 32)
    let syn = try RDPUDPHandshake(bytes[...])
    #expect(syn.window == 1024 && syn.initialSequence == 0x42 && syn.flags == .synLossy && syn.version == nil)
    #expect(syn.correlation == [UInt8](1...16) && syn.length == 1232)
    #expect(syn.encoded() == bytes)
  }

  @Test("MS-RDPEUDP2 §3.1.1.1.5.1: the prefix byte changes places with the eighth")
  func prefix() throws {
    var packet = RDPUDP2Packet(
      logWindow: 12, acknowledgement: RDPUDP2Packet.Acknowledgement(sequence: 0xEEDD, receivedAt: 0xCCBBAA))
    #expect(packet.encoded() == [0xCC, 0x01, 0xC0, 0xDD, 0xEE, 0xAA, 0xBB, 7 << 5, 0, 0])
    // Shorter than 7 bytes: filled up, and the prefix tells the length.
    packet.acknowledgement = nil
    packet.ackOfAcks = 0x0102
    #expect(packet.encoded() == [0, 0x10, 0xC0, 2, 1, 0, 0, 4 << 5])
    #expect(try RDPUDP2Packet(packet.encoded()[...]) == packet)
  }

  @Test("MS-RDPEUDP2 §3.1.5.7: a vector's bytes are seven states or a run")
  func vector() {
    let map = RDPUDP2Packet.Vector(base: 1000, coded: [0x64]).states
    #expect(map == [false, false, true, false, false, true, true])
    #expect(RDPUDP2Packet.Vector(base: 1000, coded: [0xE4]).states == [Bool](repeating: true, count: 36))
  }

  @Test("every packet of the data phase comes back as it went")
  func packets() throws {
    var chance = SeededGenerator(5)
    for _ in 0..<800 {
      var packet = RDPUDP2Packet(logWindow: chance.word() & 15)
      switch chance.pick(0...2) {
      case 0:
        packet.acknowledgement = RDPUDP2Packet.Acknowledgement(
          sequence: chance.word(), receivedAt: chance.word(), gap: chance.word(), scale: chance.word(),
          additions: chance.bytes(chance.pick(0...15)))
      case 1:
        packet.vector = RDPUDP2Packet.Vector(
          base: chance.word(), timestamp: chance.perhaps { $0.word() }, gap: chance.word(),
          coded: chance.bytes(chance.pick(0...127)))
      default: packet.ackOfAcks = chance.word()
      }
      packet.overheadSize = chance.perhaps { $0.word() }
      packet.delayInfo = chance.perhaps { RDPUDP2Packet.DelayInfo(maximumDelayed: $0.word(), timeoutInMilliseconds: $0.word()) }
      packet.isDummy = chance.flip()
      if chance.flip() {
        packet.dataSequence = chance.word()
        if !packet.isDummy { packet.channelSequence = chance.word() }
        packet.data = chance.bytes(chance.pick(0...40))
      }
      let bytes = packet.encoded()
      guard case .packet(let read) = try RDPUDPCodec.read(bytes[...]) else { throw CodecError.invalid(field: "phase", value: 1) }
      #expect(read == packet)
    }
  }

  @Test("numbers are restored from their lower 16 bits next to one that is known")
  func wholeNumbers() throws {
    var names = Identities(seed: 1)
    // The specification's examples, §3.1.1.1.3.
    for (near, sent, whole) in [(0x1234_FF68, 0xFF78, 0x1234_FF78), (0x1234_FF68, 0x0003, 0x1235_0003)]
      as [(UInt64, UInt16, UInt64)]
    {
      var packet = RDPUDP2Packet(logWindow: 12)
      packet.dataSequence = sent
      var context = RDPUDPContext()
      context.nearSequence = near
      #expect(try RDPUDPCodec.decode(packet.encoded()[...], in: context, &names).sequence == whole)
    }
  }

  @Test("a receive buffer of 4096 datagrams is LogWindowSize 12, and what is left of it rounds up to a power of two")
  func windows() throws {
    var names = Identities(seed: 1)
    for (datagrams, exponent) in [(4096, 12), (4095, 12), (2048, 11), (1, 0), (0, 0), (200_000, 15)] as [(UInt32, UInt8)] {
      let bytes = RDPUDPCodec.encode(RDPUDPDatagram(kind: .ack, window: datagrams * 1218), &names)
      #expect(try RDPUDP2Packet(bytes[...]).logWindow == exponent)
    }
  }

  @Test("spoiled datagrams are refused or read, never more")
  func mutations() {
    var chance = SeededGenerator(6)
    var names = Identities(seed: 3)
    let corpus = (0..<60).map { _ in
      let (datagram, context) = Self.datagram(&chance)
      return RDPUDPCodec.encode(datagram, in: context, &names)
    }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      _ = try RDPUDPCodec.decode(bytes, &names)
      if case .packet(let packet) = try RDPUDPCodec.read(bytes) { _ = packet.vector?.states.count }
    }
    #expect(outcome.accepted > 1000 && outcome.refused > 1000)
  }
}
