// Capture files: what is written is read back in either byte order, classic files are read, and broken ones are refused by name.
import SimulationKernel
import Testing
import WireCodec

@Suite struct CaptureTests {
  private static func blocks(_ chance: inout SeededGenerator) -> [CaptureBlock] {
    let words = ["", "a", "home-router.wan", "dropped: nat.filter", "überall", "0123456789"]
    func text(_ chance: inout SeededGenerator) -> String? { chance.perhaps { $0.pick(words) } }
    func comments(_ chance: inout SeededGenerator) -> [String] { (0..<chance.pick(0...2)).map { _ in chance.pick(words) } }
    var blocks: [CaptureBlock] = []
    for _ in 0..<chance.pick(1...2) {
      blocks.append(
        .section(
          CaptureSection(
            comments: comments(&chance), hardware: text(&chance), system: text(&chance), application: text(&chance))))
      let interfaces = chance.pick(1...3)
      for _ in 0..<interfaces {
        blocks.append(
          .interface(
            CaptureInterface(
              linkType: chance.pick([101, 1, 252]), name: text(&chance), description: text(&chance),
              comments: comments(&chance), snapLength: chance.pick([0, 65_535]))))
      }
      for _ in 0..<chance.pick(0...6) {
        let bytes = chance.bytes(chance.pick(0...30))
        blocks.append(
          .packet(
            CapturedPacket(
              interface: chance.pick(0...interfaces - 1), time: Int64(chance.next() >> 1), bytes: bytes,
              originalLength: bytes.count + chance.pick(0...9), comments: comments(&chance),
              direction: chance.pick([.unknown, .inbound, .outbound]))))
      }
      if chance.flip() { blocks.append(.other(0xBAD, chance.bytes(4 * chance.pick(0...5)))) }
    }
    return blocks
  }

  @Test("a file comes back as it was written, in either byte order", arguments: [false, true])
  func roundTrip(bigEndian: Bool) throws {
    var chance = SeededGenerator(1)
    for _ in 0..<400 {
      let blocks = Self.blocks(&chance)
      #expect(try CaptureReader.read(CaptureWriter.encode(blocks, bigEndian: bigEndian)) == blocks)
    }
  }

  @Test("a packet is where it belongs to the byte")
  func layout() {
    let packet = CapturedPacket(interface: 1, time: 0x1_0000_0002, bytes: [0x45], comments: ["hi"], direction: .outbound)
    #expect(
      CaptureWriter.encode(.packet(packet)) == [
        6, 0, 0, 0, 56, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x45, 0, 0, 0,
        1, 0, 2, 0, 0x68, 0x69, 0, 0, 2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0,
      ])
  }

  @Test("classic files of both orders and resolutions", arguments: [true, false], [true, false])
  func classic(bigEndian: Bool, nanoseconds: Bool) throws {
    var out = ByteWriter()
    func number(_ value: some FixedWidthInteger) { if bigEndian { out.big(value) } else { out.little(value) } }
    number(nanoseconds ? UInt32(0xA1B2_3C4D) : 0xA1B2_C3D4)
    number(UInt16(2))
    number(UInt16(4))
    for word in [0, 0, 96, 1, 3, 5, 2, 60] as [UInt32] { number(word) }
    out.append([0xAA, 0xBB])
    let blocks = try CaptureReader.read(out.bytes)
    #expect(blocks.count == 3)
    guard case .interface(let interface) = blocks[1], case .packet(let packet) = blocks[2] else { return }
    #expect(interface.linkType == 1 && interface.snapLength == 96)
    #expect(packet.bytes == [0xAA, 0xBB] && packet.originalLength == 60)
    #expect(packet.time == 3_000_000_000 + (nanoseconds ? 5 : 5_000))
    #expect(throws: CodecError.truncated(what: "pcap packet", needed: 2, available: 1)) {
      try CaptureReader.read(out.bytes.dropLast())
    }
  }

  @Test("times of every resolution are nanoseconds")
  func resolutions() throws {
    // Half a second after the third, in units of ms, 2^-10 s and ps.
    for (resolution, units) in [(3, 3_500), (0x8A, 3_584), (12, 3_500_000_000_000), (0, 3)] as [(UInt8, UInt64)] {
      var file = CaptureWriter.encode([.section(CaptureSection()), .interface(CaptureInterface())])
      // if_tsresol's value stands 8 bytes before the closing length and the end of options.
      file[file.count - 12] = resolution
      var packet = CaptureWriter.encode(.packet(CapturedPacket(interface: 0, time: Int64(units), bytes: [])))
      packet[8] = 0
      guard case .packet(let read) = try CaptureReader.read(file + packet).last else { return }
      #expect(read.time == (resolution == 0 ? 3_000_000_000 : 3_500_000_000), "\(resolution)")
    }
  }

  @Test("broken files are refused by name")
  func broken() throws {
    var chance = SeededGenerator(4)
    let file = CaptureWriter.encode(Self.blocks(&chance))
    // Cut anywhere but between blocks, a file is truncated and says so.
    var whole = 0
    for count in 1..<file.count {
      do {
        _ = try CaptureReader.read(Array(file[..<count]))
        whole += 1
      } catch {
        guard case .truncated = error else {
          Issue.record("\(error) after \(count)")
          continue
        }
      }
    }
    #expect((1..<20).contains(whole))
    #expect(throws: CodecError.unsupported(what: "capture file that begins with", value: 0x7F45_4C46)) {
      try CaptureReader.read([0x7F, 0x45, 0x4C, 0x46])
    }
    #expect(throws: CodecError.invalid(field: "packet's interface", value: 0)) {
      try CaptureReader.read(
        CaptureWriter.encode([.section(CaptureSection()), .packet(CapturedPacket(interface: 0, time: 0, bytes: []))]))
    }
  }

  @Test("IP packets are found in the frames of usual links")
  func frames() {
    let ip: [UInt8] = [0x45, 0, 0, 20]
    let mac = [UInt8](repeating: 2, count: 12)
    #expect(LinkType.datagram(in: (mac + [8, 0] + ip)[...], 1).map(Array.init) == ip)
    #expect(LinkType.datagram(in: (mac + [0x81, 0, 0, 5, 8, 0] + ip)[...], 1).map(Array.init) == ip)
    #expect(LinkType.datagram(in: (mac + [8, 6] + ip)[...], 1) == nil)
    #expect(LinkType.datagram(in: ip[...], 101).map(Array.init) == ip)
    #expect(LinkType.datagram(in: ([2, 0, 0, 0] + ip)[...], 0).map(Array.init) == ip)
    #expect(LinkType.datagram(in: ([0x86, 0xDD] + [UInt8](repeating: 0, count: 18) + ip)[...], 276).map(Array.init) == ip)
    #expect(LinkType.datagram(in: [1], 1) == nil && LinkType.datagram(in: ip[...], 147) == nil)
  }

  @Test("spoiled files are refused or read, never more")
  func mutations() {
    var chance = SeededGenerator(5)
    let corpus = (0..<40).map { _ in CaptureWriter.encode(Self.blocks(&chance), bigEndian: chance.flip()) }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      for case .packet(let packet) in try CaptureReader.read(Array(bytes)) { _ = LinkType.datagram(in: packet.bytes[...], 1) }
    }
    #expect(outcome.accepted > 1000 && outcome.refused > 1000)
  }
}
