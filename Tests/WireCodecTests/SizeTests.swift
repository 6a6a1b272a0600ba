// One walk over everything that can travel: what the engine counts for serialisation and MTU is what the encoders write.
import SimulationKernel
import Testing
import Wire
import WireCodec

/// The kinds of message. A new case of any message does not compile before `Kind(of:)` names it, and then fails before it is walked.
private enum Kind: Hashable {
  case opaque, icmp(ICMPError.Kind), echo, stun(STUNClass), rdpUDP(Int), tunnel(Int), flight(Int, TLSVersion), alert(TLSVersion?)
  case applicationData(TLSVersion), service(Int), connect, answer(ProxyStatus), webSocket(masked: Bool), rdp(Int, RDPFrame)

  static let all: Set<Kind> = {
    var all: Set<Kind> = [.opaque, .echo, .connect, .webSocket(masked: true), .webSocket(masked: false), .alert(nil)]
    all.formUnion(ICMPError.Kind.allCases.map { .icmp($0) })
    all.formUnion([STUNClass.request, .indication, .success, .error].map { .stun($0) })
    all.formUnion((0..<5).flatMap { [.rdpUDP($0), .tunnel($0)] })
    for version in TLSVersion.allCases {
      all.formUnion((0..<4).map { .flight($0, version) } + [.alert(version), .applicationData(version)])
    }
    all.formUnion((0..<ServiceCodecTests.kinds).map { .service($0) })
    all.formUnion(ProxyStatus.allCases.map { .answer($0) })
    for frame in RDPFrame.allCases { all.formUnion((0..<RDPMessage.kinds).map { .rdp($0, frame) }) }
    return all
  }()

  init(of message: Message) {
    self =
      switch message {
      case .opaque: .opaque
      case .icmp(let error): .icmp(error.kind)
      case .echo: .echo
      case .stun(let message):
        switch message.kind {
        case .request, .indication, .success, .error: .stun(message.kind)
        }
      case .rdpUDP(let datagram):
        switch datagram.kind {
        case .syn: .rdpUDP(0)
        case .synAck: .rdpUDP(1)
        case .ack: .rdpUDP(2)
        case .data: .rdpUDP(3)
        case .keepAlive: .rdpUDP(4)
        }
      case .tunnel(let message):
        switch message {
        case .hello: .tunnel(0)
        case .welcome: .tunnel(1)
        case .keepAlive: .tunnel(2)
        case .unknown: .tunnel(3)
        case .inner: .tunnel(4)
        }
      case .tls(let record):
        switch record {
        case .handshake(.clientHello(_, let version, _)): .flight(0, version)
        case .handshake(.serverFlight(let version, _)): .flight(1, version)
        case .handshake(.clientFinished(let version, _)): .flight(2, version)
        case .handshake(.serverFinished(let version)): .flight(3, version)
        case .alert(_, let sealed): .alert(sealed)
        case .applicationData(_, _, let version): .applicationData(version)
        }
      case .service(let message): .service(message.kind)
      case .proxy(.connect): .connect
      case .proxy(.answer(let status)): .answer(status)
      case .webSocket(_, let masked): .webSocket(masked: masked)
      case .rdp(let message, let frame): .rdp(message.kind, frame)
      }
  }
}

extension ServiceMessage {
  /// The number by which `ServiceCodecTests` generates it.
  fileprivate var kind: Int {
    switch self {
    case .subscribe: 0
    case .subscribed: 1
    case .signIn: 2
    case .token: 3
    case .feedRequest: 4
    case .feed: 5
    case .gatewayProbe: 6
    case .gatewayLoad: 7
    case .connect: 8
    case .orchestrate: 9
    case .orchestrated: 10
    case .initialize: 11
    case .hostJoin: 12
    case .switchingProtocols: 13
    case .register: 14
    case .registered: 15
    case .heartbeat: 16
    case .refused: 17
    }
  }
}

/// Messages of every kind, with the borders at which a length changes its form.
private struct Samples {
  private(set) var all: [Message] = []
  private var chance = SeededGenerator(29)
  var names = Identities(seed: 29)

  init() {
    datagrams()
    for round in 0..<40 {
      streams()
      add((0..<RDPMessage.kinds).flatMap { kind in rdp(kind, longest: round == 0 ? 200_000 : 9_000) })
    }
    let borders = [0, 1, 125, 126, 127, 1_589, 1_590, 1_591, 16_383, 16_384, 65_535, 65_536, 70_000].map { slice($0) }
    for slice in borders {
      add([.webSocket(slice, masked: true), .webSocket(slice, masked: false)])
      let content = slice.start..<min(slice.end, slice.start + TLSRecord.maximumContent)
      let record = StreamSlice(stream: slice.stream, start: content.lowerBound, end: content.upperBound)
      for version in TLSVersion.allCases { add([.tls(.applicationData(record, key: secret(), version: version))]) }
    }
  }

  private mutating func add(_ more: [Message]) { all += more }
  private mutating func secret() -> Secret { Secret(id: chance.word()) }
  private mutating func slice(_ count: Int) -> StreamSlice {
    let start = UInt64(chance.pick(0...5_000))
    return StreamSlice(stream: StreamID(index: 1, generation: 0), start: start, end: start + UInt64(count))
  }

  private mutating func datagrams() {
    add([.opaque(OpaqueBytes(length: 3, bytes: [1, 2, 3]))])
    for v4 in [true, false] {
      for _ in 0..<60 { add([.icmp(chance.icmpError(v4: v4))]) }
      add([.echo(ICMPEcho(isReply: v4, sequence: chance.word(), length: chance.pick(0...1_400)))])
      add([.tunnel(.hello(key: secret(), inner: chance.address(v4: v4)))])
    }
    for _ in 0..<200 { add([.stun(STUNTests.message(&chance)), .rdpUDP(RDPUDPTests.datagram(&chance).0)]) }
    add([.tunnel(.welcome(key: secret())), .tunnel(.keepAlive(key: secret())), .tunnel(.unknown(key: secret()))])
    for length in 20...60 { add([.tunnel(.inner(slot: 1, length: Int32(length), key: secret()))]) }
  }

  private mutating func streams() {
    var values = SeededValues(chance.next())
    for version in TLSVersion.allCases {
      let key = values.component(&names)
      let certificate = Certificate(subject: key, issuer: key, fingerprint: secret())
      let flights: [TLSHandshakeMessage] = [
        .clientHello(serverName: key, highest: version, lowest: .tls10),
        .serverFlight(version: version, certificate: certificate), .clientFinished(version: version, key: secret()),
        .serverFinished(version: version),
      ]
      add(flights.map { .tls(.handshake($0)) } + [.tls(.alert(.unknownCA, sealed: version)), .tls(.alert(.closeNotify))])
    }
    for kind in 0..<ServiceCodecTests.kinds { add([.service(ServiceCodecTests.message(kind, &values, &names))]) }
    add([.proxy(.connect(HTTPAuthority(values.component(&names), chance.pick([1, 443, 8_080, 65_535]))))])
    add(ProxyStatus.allCases.map { .proxy(.answer($0)) })
  }

  private mutating func rdp(_ kind: Int, longest: UInt32) -> [Message] {
    var dice = Dice(state: chance.next())
    let message = RDPMessage.sample(kind, &dice, longest: longest)
    return RDPFrame.allCases.map { .rdp(message, $0) }
  }
}

@Suite struct SizeTests {
  /// What the encoder of a message writes.
  private static func bytes(_ message: Message, v4: Bool, _ names: inout Identities) -> [UInt8] {
    let connection = Secret(id: 0xC0)
    return switch message {
    case .opaque(let opaque): opaque.bytes ?? []
    case .icmp(let error): ICMPCodec.encode(error)
    case .echo(let echo): ICMPCodec.encode(echo, identifier: 7, v4: v4)
    case .stun(let message): STUNCodec.encode(message, &names)
    case .rdpUDP(let datagram): RDPUDPCodec.encode(datagram, &names)
    case .tunnel(let message): TunnelCodec.encode(message, &names)
    case .tls(let record): TLSCodec.encode(record, on: connection, identities: &names)
    case .service(let message): ServiceCodec.encode(message, on: connection, identities: &names)
    case .proxy(let message): ProxyCodec.encode(message, with: &names)
    case .webSocket(let slice, let masked):
      WebSocketCodec.encode(
        [UInt8](repeating: 7, count: slice.count), of: slice, masked: masked, on: connection, identities: names)
    case .rdp(let message, let frame): RDPCodec.encode(message, from: .client, in: frame, with: &names)
    }
  }

  @Test("every kind of message is as long as the engine counts it, in every version, family and frame")
  func sizes() {
    var samples = Samples()
    for message in samples.all {
      for v4 in [true, false] {
        let written = Self.bytes(message, v4: v4, &samples.names)
        #expect(written.count == message.encodedLength, "\(message)")
      }
    }
    let walked = Set(samples.all.map { Kind(of: $0) })
    #expect(Kind.all.subtracting(walked).isEmpty && walked.subtracting(Kind.all).isEmpty)
  }

  @Test("what travels on the base connection and in a tunnel is longer on the base connection, by all its headers")
  func frames() {
    for message in [RDPMessage.channelData(.graphics, length: 100, number: 0), .rttMeasureRequest(sequence: 1)] {
      // TPKT, X.224 and MCS (15), and the channel's header (8) or the security header (4), against MS-RDPEMT's 4.
      let around = if case .channelData = message { 15 + 8 - 4 } else { 15 + 4 - 4 }
      #expect(Message.rdp(message, .base).encodedLength - Message.rdp(message, .tunnel).encodedLength == around)
    }
  }

  @Test("a datagram around a message is its headers longer", arguments: [true, false])
  func packets(v4: Bool) {
    var samples = Samples()
    var chance = SeededGenerator(31)
    for message in samples.all {
      let payload = Self.bytes(message, v4: v4, &samples.names)
      if payload.count > 1_232 { continue }
      let packet = chance.packet(.udp, v4: v4, payload: payload.count)
      let headers = HeaderLength.ip(packet.source.address) + HeaderLength.udp
      #expect(PacketCodec.encode(packet, payload: payload).count == headers + message.encodedLength)
    }
  }
}
