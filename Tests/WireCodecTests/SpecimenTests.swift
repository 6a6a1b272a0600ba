// A capture with a packet of every kind, over IPv4 and IPv6: its bytes are pinned, and tshark, where it is installed, must take them.
import Foundation
import SimulationKernel
import Testing
import Wire
import WireCodec

/// Conversations of every kind between a client and a host.
private struct Specimen {
  private var names = Identities(seed: 11)
  private var chance = SeededGenerator(11)
  private(set) var blocks: [CaptureBlock] = [
    .section(CaptureSection(comments: ["a packet of every kind"], application: "shortpath")),
    .interface(CaptureInterface(name: "alice.lan", description: "the client's side")),
    .interface(CaptureInterface(name: "router.wan", description: "behind the translator")),
  ]
  private var time: Int64 = 0

  init() {
    for v4 in [true, false] {
      let client = IPAddress(v4 ? "192.0.2.10" : "2001:db8:1::10")!
      let host = IPAddress(v4 ? "198.51.100.20" : "2001:db8:2::20")!
      tcp(Endpoint(client, 50_000), Endpoint(host, 443))
      stun(Endpoint(client, 50_001), Endpoint(host, 3478))
      rdpUDP(Endpoint(client, 50_002), Endpoint(host, 3390))
      tunnel(Endpoint(client, 50_003), Endpoint(host, 4500))
      errors(Endpoint(client, 50_004), Endpoint(host, 9999))
    }
  }

  private mutating func add(
    _ from: Endpoint, _ to: Endpoint, _ proto: TransportProtocol, _ payload: [UInt8], _ tcp: TCPHeader? = nil
  ) {
    let packet = Packet(
      source: from, destination: to, proto: proto, length: 0, tcp: tcp ?? TCPHeader(), conversation: .none, luck: chance.next())
    time += 1_234_567
    blocks.append(
      .packet(
        CapturedPacket(
          interface: 0, time: time, bytes: PacketCodec.encode(packet, payload: payload), comments: ["event \(blocks.count)"],
          direction: from.port >= 50_000 ? .outbound : .inbound)))
  }

  private mutating func tcp(_ client: Endpoint, _ host: Endpoint) {
    func header(_ sequence: UInt32, _ ack: UInt32, _ flags: TCPFlags) -> TCPHeader {
      TCPHeader(sequence: sequence, acknowledgement: ack, window: 262_144, flags: flags)
    }
    add(client, host, .tcp, [], header(1_000, 0, .syn))
    add(host, client, .tcp, [], header(9_000, 1_001, [.syn, .ack]))
    add(client, host, .tcp, [], header(1_001, 9_001, .ack))
    add(client, host, .tcp, [0x17, 3, 3, 0, 20] + chance.bytes(20), header(1_001, 9_001, [.psh, .ack]))
    add(host, client, .tcp, [], header(9_001, 1_026, [.fin, .ack]))
    add(client, host, .tcp, [], header(1_026, 9_002, [.fin, .ack]))
    add(host, client, .tcp, [], header(9_002, 1_027, .ack))
  }

  private mutating func stun(_ client: Endpoint, _ server: Endpoint) {
    func transaction() -> TransactionID { TransactionID(high: chance.word(), low: chance.word()) }
    var request = STUNMessage(kind: .request, transaction: transaction())
    add(client, server, .udp, STUNCodec.encode(request, &names))
    request.kind = .success
    request.mapped = client
    add(server, client, .udp, STUNCodec.encode(request, &names))
    let peer = Endpoint(server.address, 50_100)
    var check = STUNMessage(kind: .request, transaction: transaction())
    check.username = ICEUsername(receiver: Secret(id: 1), sender: Secret(id: 2))
    check.integrity = Secret(id: 3)
    check.priority = 1_862_270_975
    check.useCandidate = true
    check.role = .controlling(tieBreaker: chance.word())
    check.fingerprint = true
    add(client, peer, .udp, STUNCodec.encode(check, &names))
    var answer = STUNMessage(kind: .success, transaction: check.transaction)
    (answer.mapped, answer.integrity, answer.fingerprint) = (client, Secret(id: 3), true)
    add(peer, client, .udp, STUNCodec.encode(answer, &names))
    check.transaction = transaction()
    add(client, peer, .udp, STUNCodec.encode(check, &names))
    var refusal = STUNMessage(kind: .error, transaction: check.transaction)
    (refusal.errorCode, refusal.integrity, refusal.fingerprint) = (487, Secret(id: 3), true)
    add(peer, client, .udp, STUNCodec.encode(refusal, &names))
    var keepAlive = STUNMessage(kind: .indication, transaction: transaction())
    keepAlive.fingerprint = true
    add(client, peer, .udp, STUNCodec.encode(keepAlive, &names))
  }

  private mutating func rdpUDP(_ client: Endpoint, _ host: Endpoint) {
    var (ours, theirs) = (RDPUDPContext(), RDPUDPContext())
    (ours.initialSequence, ours.peerInitialSequence) = (0x1234_5678, 0x9ABC_DEF0)
    (theirs.initialSequence, theirs.peerInitialSequence) = (0x9ABC_DEF0, 0x1234_5678)
    let window: UInt32 = 4096 * 1218
    func datagram(_ kind: RDPUDPDatagram.Kind, sequence: UInt64 = 0, seen: UInt64 = 0) -> RDPUDPDatagram {
      RDPUDPDatagram(kind: kind, sequence: sequence, highestSeen: seen, window: window)
    }
    let record = [0x17, 3, 3, 0, 40] + chance.bytes(40)
    let slice = StreamSlice(stream: .none, start: 0, end: UInt64(record.count))
    add(client, host, .udp, RDPUDPCodec.encode(datagram(.syn(cookieHash: Secret(id: 5).hashed)), in: ours, &names))
    add(host, client, .udp, RDPUDPCodec.encode(datagram(.synAck), in: theirs, &names))
    add(client, host, .udp, RDPUDPCodec.encode(datagram(.ack), in: ours, &names))
    (ours.channelSequence, theirs.channelSequence) = (1, 1)
    add(client, host, .udp, RDPUDPCodec.encode(datagram(.data(slice: slice), sequence: 1), carrying: record, in: ours, &names))
    add(
      host, client, .udp,
      RDPUDPCodec.encode(datagram(.data(slice: slice), sequence: 1, seen: 1), carrying: record, in: theirs, &names))
    add(client, host, .udp, RDPUDPCodec.encode(datagram(.keepAlive, seen: 1), in: ours, &names))
    var vector = RDPUDP2Packet(logWindow: 12)
    vector.vector = RDPUDP2Packet.Vector(base: 0x5679, timestamp: 77, gap: 3, coded: [0x64, 0xE4])
    vector.overheadSize = 8
    vector.delayInfo = RDPUDP2Packet.DelayInfo(maximumDelayed: 8, timeoutInMilliseconds: 25)
    vector.ackOfAcks = 0x5678
    add(host, client, .udp, vector.encoded())
  }

  private mutating func tunnel(_ client: Endpoint, _ gateway: Endpoint) {
    let key = Secret(id: client.address.low)
    add(client, gateway, .udp, TunnelCodec.encode(.hello(key: key, inner: client.address), &names))
    add(gateway, client, .udp, TunnelCodec.encode(.welcome(key: key), &names))
    let inner: [UInt8] = [0x45] + chance.bytes(99)
    let message = TunnelMessage.inner(slot: 1, length: 100, key: key)
    add(client, gateway, .udp, TunnelCodec.encode(message, carrying: inner, sequence: 1, &names))
    add(gateway, client, .udp, TunnelCodec.encode(message, carrying: inner, sequence: 1, isReturn: true, &names))
    add(client, gateway, .udp, TunnelCodec.encode(.keepAlive(key: key), &names))
  }

  private mutating func errors(_ client: Endpoint, _ host: Endpoint) {
    add(client, host, .udp, chance.bytes(30))
    for kind in ICMPError.Kind.allCases {
      for proto in [TransportProtocol.udp, .tcp] {
        var quoted = QuotedHeader()
        (quoted.length, quoted.ttl) = (kind == .fragmentationNeeded ? 1500 : 90, kind == .timeExceeded ? 0 : 61)
        if client.address.isV4 { quoted.identification = chance.word() }
        if proto == .tcp { quoted.sequence = chance.word() }
        let error = ICMPError(
          kind: kind, source: client, destination: host, proto: proto, mtu: kind == .fragmentationNeeded ? 1400 : 0,
          quoted: quoted)
        add(Endpoint(host.address, 0), Endpoint(client.address, 0), .icmp, ICMPCodec.encode(error))
      }
    }
  }
}

@Suite struct SpecimenTests {
  @Test("the bytes of every kind of packet are what they were")
  func pinned() throws {
    let blocks = Specimen().blocks
    let file = CaptureWriter.encode(blocks)
    // FNV-1a; a wanted change of any format moves it.
    let digest = file.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    #expect(digest == 0xDAD0_494F_8282_0FD9, "\(String(digest, radix: 16)) over \(file.count) bytes")
    #expect(try CaptureReader.read(file) == blocks)
    for case .packet(let packet) in blocks { #expect(throws: Never.self) { try PacketCodec.decode(packet.bytes[...]) } }
  }

  static let tshark = "/usr/bin/tshark"

  @Test(
    "tshark finds nothing malformed, no wrong checksum and every protocol",
    .enabled(if: FileManager.default.fileExists(atPath: tshark)))
  func dissected() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "shortpath-specimen-\(UUID().uuidString).pcapng")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(CaptureWriter.encode(Specimen().blocks)).write(to: file)
    let process = Process()
    process.executableURL = URL(filePath: Self.tshark)
    process.arguments = [
      "-r", file.path(), "-d", "udp.port==3390,rdpudp", "--enable-heuristic", "stun_udp", "-o", "ip.check_checksum:TRUE", "-o",
      "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e", "_ws.col.Protocol", "-e",
      "_ws.expert.severity", "-e", "_ws.expert.message",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let rows = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    #expect(rows.count == Specimen().blocks.count - 3)
    // Comments, chats and notes lie below the severity of a warning; a wrong checksum and a malformed packet are errors.
    for (number, row) in rows.enumerated() {
      let severities = row.dropFirst().first?.split(separator: ",").compactMap { Int($0) } ?? []
      #expect(row.count == 3 && severities.allSatisfy { $0 < 0x60_0000 }, "packet \(number + 1): \(row)")
    }
    let protocols = Set(rows.compactMap(\.first).map(String.init))
    for name in ["TCP", "STUN", "RDPUDP", "RDPUDP2", "ESP", "ISAKMP", "ICMP", "ICMPv6"] {
      #expect(protocols.contains(name), "\(name)")
    }
  }
}
