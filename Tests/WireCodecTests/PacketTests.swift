// IP, UDP, TCP and ICMP: what is written is read back, checksums are right, and spoiled packets are refused.
import SimulationKernel
import Testing
import Wire
import WireCodec

extension SeededGenerator {
  mutating func address(v4: Bool) -> IPAddress {
    v4 ? IPAddress(v4: word()) : IPAddress(high: 0x2001_0DB8 << 32 | UInt64(word(UInt32.self)), low: word())
  }
  mutating func endpoint(v4: Bool) -> Endpoint { Endpoint(address(v4: v4), word()) }

  mutating func packet(_ proto: TransportProtocol, v4: Bool, payload: Int) -> Packet {
    let flags: TCPFlags = pick([.syn, [.syn, .ack], .ack, [.ack, .psh], [.fin, .ack], .rst])
    let isSyn = proto == .tcp && flags.contains(.syn)
    // Eight bytes is the grain of the scale our hosts use; a SYN's window is not scaled.
    let window: UInt32 = flags.contains(.syn) ? UInt32(word(UInt16.self)) : UInt32(word(UInt16.self)) << 3
    let tcp = TCPHeader(
      sequence: word(), acknowledgement: word(), window: window, length: UInt16(payload), flags: flags)
    let header =
      proto == .udp ? HeaderLength.udp : proto == .tcp ? HeaderLength.tcp + (isSyn ? HeaderLength.tcpSynOptions : 0) : 0
    var (source, destination) = (endpoint(v4: v4), endpoint(v4: v4))
    if proto == .icmp { (source.port, destination.port) = (0, 0) }
    var packet = Packet(
      source: source, destination: destination, proto: proto,
      length: HeaderLength.ip(source.address) + header + payload, tcp: proto == .tcp ? tcp : TCPHeader(),
      conversation: .none, luck: word())
    packet.ttl = word()
    return packet
  }

  mutating func icmpError(v4: Bool) -> ICMPError {
    let kind = pick(ICMPError.Kind.allCases)
    var (source, destination) = (endpoint(v4: v4), endpoint(v4: v4))
    let proto = pick(TransportProtocol.allCases)
    if proto == .icmp { destination.port = 0 }
    source.port = max(source.port, 1)
    var quoted = QuotedHeader()
    quoted.length = Int32(HeaderLength.ip(source.address) + pick(proto == .tcp ? 20...1500 : 8...1500))
    quoted.ttl = word()
    if v4 { quoted.identification = word() }
    if proto == .tcp { quoted.sequence = word() }
    return ICMPError(
      kind: kind, source: source, destination: destination, proto: proto, mtu: kind == .fragmentationNeeded ? word() : 0,
      quoted: quoted)
  }
}

@Suite struct PacketTests {
  @Test("a datagram of any kind is as long as the simulator counts, and says what it said", arguments: [true, false])
  func roundTrip(v4: Bool) throws {
    var chance = SeededGenerator(v4 ? 4 : 6)
    for _ in 0..<600 {
      let proto = chance.pick(TransportProtocol.allCases)
      let error = chance.icmpError(v4: v4)
      let payload = proto == .icmp ? ICMPCodec.encode(error) : chance.bytes(chance.pick(0...64))
      let packet = chance.packet(proto, v4: v4, payload: payload.count)
      let bytes = PacketCodec.encode(packet, payload: payload)
      #expect(bytes.count == Int(packet.length))
      let read = try PacketCodec.decode(bytes[...])
      #expect(read.source == packet.source && read.destination == packet.destination && read.header.ttl == packet.ttl)
      #expect(read.header.dontFragment && read.proto == proto)
      #expect(!v4 || read.header.identification == packet.identification)
      switch read.content {
      case .udp(let data): #expect(data == payload)
      case .tcp(let segment):
        #expect(segment.header(scale: 3) == packet.tcp && segment.payload == payload)
        #expect(segment.options == (packet.tcp.flags.contains(.syn) ? .ofHosts(maximumSegment: v4 ? 1460 : 1440) : TCPOptions()))
      case .icmp(let message):
        guard case .error(let found, let quoted) = message else { throw CodecError.invalid(field: "message", value: 0) }
        #expect(found == error && payload.count == error.encodedLength && quoted.count == payload.count - 8)
      case .other: Issue.record("\(read)")
      }
    }
  }

  @Test("an echo is as long as the simulator counts, and comes back with its identifier", arguments: [true, false])
  func echoes(v4: Bool) throws {
    var chance = SeededGenerator(7)
    for _ in 0..<100 {
      let echo = ICMPEcho(isReply: chance.flip(), sequence: chance.word(), length: chance.pick(0...200))
      let identifier: UInt16 = chance.word()
      let payload = ICMPCodec.encode(echo, identifier: identifier, v4: v4)
      #expect(payload.count == echo.encodedLength)
      let packet = chance.packet(.icmp, v4: v4, payload: payload.count)
      let read = try PacketCodec.decode(PacketCodec.encode(packet, payload: payload)[...])
      guard case .icmp(.echo(let found, identifier)) = read.content else { throw CodecError.invalid(field: "message", value: 0) }
      #expect(found == echo)
    }
  }

  @Test("an error quotes the offending packet itself when it is at hand")
  func quotation() throws {
    var chance = SeededGenerator(9)
    let offending = chance.packet(.tcp, v4: true, payload: 100)
    let original = PacketCodec.encode(offending, payload: chance.bytes(100))
    let error = ICMPError(
      kind: .timeExceeded, source: offending.source, destination: offending.destination, proto: .tcp)
    let message = ICMPCodec.encode(error, quoting: original)
    #expect(Array(message[8...]) == Array(original.prefix(28)))
    // Made up of what the error knows, the quoted header is the same, and so are the first 8 bytes of TCP.
    var known = error
    known.quoted = QuotedHeader(of: offending)
    #expect(ICMPCodec.encode(known) == message)
  }

  @Test("a window is rounded down to the scale's grain and never up; a SYN's is cut off at 65,535")
  func windows() throws {
    var chance = SeededGenerator(1)
    var packet = chance.packet(.tcp, v4: true, payload: 0)
    packet.tcp.flags = .ack
    for (real, told) in [(7, 0), (262_144, 262_144), (1_023, 1_016), (4_000_000, 524_280)] as [(UInt32, UInt32)] {
      packet.tcp.window = real
      guard case .tcp(let segment) = try PacketCodec.decode(PacketCodec.encode(packet, payload: [])[...]).content else { return }
      #expect(segment.header(scale: 3).window == told)
    }
    (packet.tcp.flags, packet.tcp.window) = (.syn, 262_144)
    guard case .tcp(let syn) = try PacketCodec.decode(PacketCodec.encode(packet, payload: [])[...]).content else { return }
    #expect(syn.header(scale: 3).window == 65_535)
  }

  @Test("checksums of published packets are reproduced")
  func knownChecksums() throws {
    // An IPv4 header with checksum b861, as worked out in many textbooks.
    let header: [UInt8] = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xB8, 0x61, 192, 168, 0, 1, 192, 168, 0, 199]
    let payload = [UInt8](repeating: 0, count: 0x73 - 20)
    let read = try IPCodec.decode(header[...] + payload[...])
    #expect(IPCodec.encode(read.header, payload: payload) == header + payload)
  }

  @Test("a UDP checksum of zero is sent as all ones, and none at all is allowed in IPv4 only")
  func zeroChecksum() throws {
    var chance = SeededGenerator(1)
    for v4 in [true, false] {
      let packet = chance.packet(.udp, v4: v4, payload: 2)
      let at = HeaderLength.ip(packet.source.address) + 6
      let plain = PacketCodec.encode(packet, payload: [0, 0])
      // The checksum of nothing but zeros, put in as data, makes the sum zero.
      let bytes = PacketCodec.encode(packet, payload: Array(plain[at..<at + 2]))
      #expect(bytes[at..<at + 2] == [0xFF, 0xFF])
      #expect(throws: Never.self) { try PacketCodec.decode(bytes[...]) }
      var none = bytes
      (none[at], none[at + 1]) = (0, 0)
      if v4 {
        #expect(throws: Never.self) { try PacketCodec.decode(none[...]) }
      } else {
        #expect(throws: CodecError.invalid(field: "UDP checksum", value: 0)) { try PacketCodec.decode(none[...]) }
      }
    }
  }

  @Test("a flipped bit is found by a checksum, unless checksums are not looked at")
  func flipped() throws {
    var chance = SeededGenerator(3)
    for proto in [TransportProtocol.udp, .tcp] {
      let bytes = PacketCodec.encode(chance.packet(proto, v4: true, payload: 8), payload: chance.bytes(8))
      var payload = bytes
      payload[bytes.count - 1] ^= 1
      #expect(throws: CodecError.integrity(field: "\(proto.name.uppercased()) checksum")) { try PacketCodec.decode(payload[...]) }
      #expect(throws: Never.self) { try PacketCodec.decode(payload[...], verifying: false) }
      var header = bytes
      header[8] ^= 1
      #expect(throws: CodecError.integrity(field: "IPv4 header checksum")) { try PacketCodec.decode(header[...]) }
      #expect(throws: CodecError.truncated(what: "IP payload", needed: bytes.count - 20, available: bytes.count - 21)) {
        try PacketCodec.decode(bytes.dropLast())
      }
    }
  }

  @Test("spoiled packets are refused or read, never more")
  func mutations() {
    var chance = SeededGenerator(5)
    let corpus = (0..<60).map { row in
      let v4 = row % 2 == 0
      let proto = TransportProtocol.allCases[row % 3]
      let payload = proto == .icmp ? ICMPCodec.encode(chance.icmpError(v4: v4)) : chance.bytes(chance.pick(0...40))
      return PacketCodec.encode(chance.packet(proto, v4: v4, payload: payload.count), payload: payload)
    }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in _ = try PacketCodec.decode(bytes, verifying: false) }
    #expect(outcome.accepted > 1000 && outcome.refused > 1000)
  }
}
