// Small captures made by hand: packets at milliseconds, between endpoints by short names.
import Dissection
import SimulationKernel
import Testing
import Wire
import WireCodec

/// "192.168.1.2:5000" as an endpoint.
func at(_ text: String) -> Endpoint {
  let parts = text.split(separator: ":")
  return Endpoint(IPAddress(String(parts[0]))!, UInt16(parts[1])!)
}

/// A capture while it is drawn.
struct CaptureSketch {
  var section = CaptureSection()
  var interfaces = [CaptureInterface(name: "eth0")]
  var packets: [CapturedPacket] = []
  private var serial: UInt64 = 0

  /// Where and in which direction the next packets are seen.
  var interface = 0
  var direction = CapturedPacket.Direction.unknown

  init() {}

  private mutating func add(_ milliseconds: Double, _ bytes: [UInt8]) {
    packets.append(
      CapturedPacket(interface: interface, time: Int64(milliseconds * 1_000_000), bytes: bytes, direction: direction))
  }

  private mutating func packet(_ proto: TransportProtocol, _ from: Endpoint, _ to: Endpoint) -> Packet {
    serial += 1
    return Packet(source: from, destination: to, proto: proto, length: 0, conversation: .none, luck: serial)
  }

  mutating func udp(_ milliseconds: Double, _ from: String, _ to: String, _ payload: [UInt8]) {
    add(milliseconds, PacketCodec.encode(packet(.udp, at(from), at(to)), payload: payload))
  }

  mutating func tcp(
    _ milliseconds: Double, _ from: String, _ to: String, _ flags: TCPFlags, seq: UInt32, ack: UInt32 = 0, _ payload: [UInt8] = []
  ) {
    var packet = packet(.tcp, at(from), at(to))
    packet.tcp = TCPHeader(sequence: seq, acknowledgement: ack, window: 8_000, flags: flags)
    add(milliseconds, PacketCodec.encode(packet, payload: payload))
  }

  /// An ICMP error about the latest packet.
  mutating func refuse(_ milliseconds: Double, _ kind: ICMPError.Kind, by router: String) {
    let original = packets[packets.count - 1].bytes
    guard let read = try? PacketCodec.decode(original[...]) else { return }
    let error = ICMPError(kind: kind, source: read.source, destination: read.destination, proto: .udp)
    let packet = packet(.icmp, Endpoint(at(router + ":0").address, 0), Endpoint(read.source.address, 0))
    add(milliseconds, PacketCodec.encode(packet, payload: ICMPCodec.encode(error, quoting: original)))
  }

  /// A STUN message.
  mutating func stun(
    _ milliseconds: Double, _ from: String, _ to: String, _ kind: STUNClass, id: UInt64, method: UInt16 = STUNFrame.binding,
    _ attributes: [STUNAttribute] = [], _ integrity: STUNFrame.Integrity = .none
  ) {
    udp(milliseconds, from, to, Self.stun(kind, id: id, method: method, attributes, integrity))
  }

  static func stun(
    _ kind: STUNClass, id: UInt64, method: UInt16 = STUNFrame.binding, _ attributes: [STUNAttribute] = [],
    _ integrity: STUNFrame.Integrity = .none
  ) -> [UInt8] {
    STUNFrame(kind: kind, method: method, transaction: TransactionID(high: 1, low: id), attributes: attributes).encoded(
      integrity, fingerprint: true)
  }

  /// A question to a server and its answer.
  mutating func binding(
    _ milliseconds: Double, _ from: String, _ server: String, id: UInt64, mapped: String, roundTrip: Double = 20,
    _ more: [STUNAttribute] = []
  ) {
    stun(milliseconds, from, server, .request, id: id)
    stun(milliseconds + roundTrip, server, from, .success, id: id, [.mapped(mapped)] + more)
  }

  var bytes: [UInt8] {
    CaptureWriter.encode([.section(section)] + interfaces.map { .interface($0) } + packets.map { .packet($0) })
  }

  func dissected(passwords: [String] = []) throws -> Dissection { try Dissector.read(bytes, passwords: passwords) }

  /// What its only place, or one of several, tells.
  func place(_ row: Int = 0, passwords: [String] = []) throws -> Place {
    let places = try dissected(passwords: passwords).places
    return try #require(places.indices.contains(row) ? places[row] : nil)
  }
}

extension STUNAttribute {
  static func mapped(_ text: String) -> STUNAttribute { STUNAttribute(xorMappedAddress, .address(at(text))) }
  static func peer(_ text: String) -> STUNAttribute { STUNAttribute(xorPeerAddress, .address(at(text))) }
  static func failure(_ code: UInt16) -> STUNAttribute { STUNAttribute(errorCode, .error(code: code, reason: [])) }
  static func user(_ text: String) -> STUNAttribute { STUNAttribute(username, .bytes(Array(text.utf8))) }
  static let controlling = STUNAttribute(iceControlling, .number(7))
  static let controlled = STUNAttribute(iceControlled, .number(9))
  static let use = STUNAttribute(useCandidate, .flag)

  /// What every check of a controlling agent says.
  static func check(_ priority: UInt64 = 1_862_270_975) -> [STUNAttribute] {
    [user("HOST:ALICE"), STUNAttribute(self.priority, .number(priority)), controlling]
  }
}

/// RDP-UDP datagrams.
enum RDPSketch {
  static func syn(_ sequence: UInt32 = 1000) -> [UInt8] {
    RDPUDPHandshake(
      flags: [], window: 64, initialSequence: sequence, mtu: 1232, cookieHash: [UInt8](repeating: 0xC0, count: 32)
    ).encoded()
  }
  static func synAck(to sequence: UInt32 = 1000) -> [UInt8] {
    RDPUDPHandshake(flags: .ack, sourceAck: sequence, window: 64, initialSequence: 5000, mtu: 1200).encoded()
  }
  static func data(_ number: UInt16, channel: UInt16, _ bytes: [UInt8]) -> [UInt8] {
    var packet = RDPUDP2Packet(logWindow: 6, acknowledgement: RDPUDP2Packet.Acknowledgement(sequence: 1), data: bytes)
    packet.dataSequence = number
    packet.channelSequence = channel
    return packet.encoded()
  }
  static let ack = RDPUDP2Packet(logWindow: 6, acknowledgement: RDPUDP2Packet.Acknowledgement(sequence: 1)).encoded()
}

/// Seeded mistakes, as `Tests/WireCodecTests/Mutations.swift` makes them.
struct Spoiler {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func below(_ bound: Int) -> Int {
    state &+= 1
    return Int(mix(0x5EED, state) % UInt64(max(bound, 1)))
  }

  mutating func spoil(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(6) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(6) {
      case 0, 1: bytes[place] ^= 1 << UInt8(below(8))
      case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(8)))
      case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + below(16))], at: place)
      default: if below(8) == 0 { bytes.removeLast(bytes.count - place) } else { bytes[place] = UInt8(below(256)) }
      }
    }
    return bytes
  }
}
