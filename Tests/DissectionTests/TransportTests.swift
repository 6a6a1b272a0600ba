// RDP-UDP, relays and TCP, and the verdict that follows from them.
import Dissection
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct TransportTests {
  private static let own = "10.9.0.7:50010"
  private static let listener = "10.1.0.5:3390"

  /// A ClientHello and the answer of a server with a name.
  private static func hellos(_ name: String) -> (client: [UInt8], server: [UInt8]) {
    var names = Identities(seed: 1)
    let key = names.key(of: name)
    let certificate = Certificate(subject: key, issuer: names.key(of: "corporate-ca"), fingerprint: Secret(id: 4))
    let hello = TLSCodec.encode(
      .clientHello(serverName: key, highest: .tls12, lowest: .tls12), on: Secret(id: 9), identities: &names)
    let flight = TLSCodec.encode(.serverFlight(version: .tls12, certificate: certificate), on: Secret(id: 9), identities: &names)
    return (hello, flight)
  }

  /// A gateway's TLS over TCP, as every session has it.
  private static func gateway(_ sketch: inout CaptureSketch, own: String = "10.9.0.7:49000", from start: Double = 0) {
    let (gateway, hellos) = ("20.202.9.9:443", hellos("gateway.example"))
    sketch.tcp(start, own, gateway, .syn, seq: 100)
    sketch.tcp(start + 20, gateway, own, [.syn, .ack], seq: 900, ack: 101)
    sketch.tcp(start + 20.5, own, gateway, .ack, seq: 101, ack: 901)
    sketch.tcp(start + 21, own, gateway, [.psh, .ack], seq: 101, ack: 901, hellos.client)
    for (row, from) in stride(from: 0, to: hellos.server.count, by: 1000).enumerated() {
      let piece = Array(hellos.server[from..<min(from + 1000, hellos.server.count)])
      sketch.tcp(start + 41 + Double(row), gateway, own, .ack, seq: 901 + UInt32(from), ack: 291, piece)
    }
  }

  private static func data(_ sketch: inout CaptureSketch, _ own: String, _ other: String, from start: Double) {
    let hellos = hellos("sh-1.example")
    sketch.udp(start, own, other, RDPSketch.data(1, channel: 40, hellos.client))
    for (row, at) in stride(from: 0, to: hellos.server.count, by: 1100).enumerated() {
      let piece = Array(hellos.server[at..<min(at + 1100, hellos.server.count)])
      sketch.udp(start + 20 + Double(row), other, own, RDPSketch.data(UInt16(1 + row), channel: UInt16(7 + row), piece))
    }
    sketch.udp(start + 30, own, other, RDPSketch.ack)
  }

  @Test("a lost SYN is counted, the round trip counts from the one before the answer, and TLS inside shows its names")
  func lostSyn() throws {
    var sketch = CaptureSketch()
    Self.gateway(&sketch)
    sketch.udp(100, Self.own, Self.listener, RDPSketch.syn())
    sketch.udp(600, Self.own, Self.listener, RDPSketch.syn())
    sketch.udp(614.6, Self.listener, Self.own, RDPSketch.synAck())
    Self.data(&sketch, Self.own, Self.listener, from: 620)
    let place = try sketch.place()
    let connection = try #require(place.connections.first)
    #expect(place.connections.count == 1 && connection.kind == .managed && connection.openedByNear == true)
    #expect(connection.syns == 2 && connection.roundTrip == .microseconds(14_600) && connection.mtu == 1200)
    #expect(connection.clientVersion == 0x0101 && connection.serverVersion == 0x0101)
    #expect(connection.cookieHash == [UInt8](repeating: 0xC0, count: 32))
    #expect(connection.dataSent.packets == 1 && connection.dataReceived.packets == 2 && connection.acknowledgements == 1)
    #expect(connection.tls?.serverName == "sh-1.example" && connection.tls?.certificate == "sh-1.example")
    #expect(connection.tls?.version == .tls12 && connection.tls?.issuer == "corporate-ca")
    let verdict = try #require(place.verdicts.first)
    #expect(verdict.transport == .managed && verdict.obstacles.isEmpty)
    #expect(verdict.sentence.contains("the last of 2 SYNs answered after 14.600 ms"))
  }

  @Test("only TCP, with what came to nothing: the listener's silence, a check's, and no relay")
  func onlyTCP() throws {
    var sketch = CaptureSketch()
    Self.gateway(&sketch)
    for time in [100, 600, 1600] as [Double] { sketch.udp(time, Self.own, Self.listener, RDPSketch.syn()) }
    sketch.binding(200, "10.9.0.7:50020", "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:50020")
    sketch.stun(300, "10.9.0.7:50020", "198.51.100.8:4000", .request, id: 2, STUNAttribute.check())
    let verdict = try #require(try sketch.place().verdicts.first)
    #expect(verdict.transport == .tcpOnly && verdict.sentence.contains("gateway.example"))
    #expect(
      verdict.obstacles == [
        "managed: 3 SYNs to 10.1.0.5:3390 were never answered",
        "public: 10.9.0.7:50020 to 198.51.100.8:4000: 1 request to 198.51.100.8:4000 was never answered and none came from there: nothing came back through the filter on either side",
        "relayed: no TURN was seen here",
      ])
  }

  @Test("RDP-UDP between endpoints that checks had joined is Shortpath for public networks")
  func publicNetworks() throws {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:50010")
    sketch.stun(100, Self.own, "198.51.100.8:4000", .request, id: 2, STUNAttribute.check() + [.use])
    sketch.stun(134, "198.51.100.8:4000", Self.own, .success, id: 2, [.mapped("203.0.113.9:50010")])
    sketch.udp(140, Self.own, "198.51.100.8:4000", RDPSketch.syn())
    sketch.udp(174, "198.51.100.8:4000", Self.own, RDPSketch.synAck())
    Self.data(&sketch, Self.own, "198.51.100.8:4000", from: 180)
    let verdict = try #require(try sketch.place().verdicts.first)
    #expect(verdict.transport == .public && verdict.obstacles == ["managed: no RDP-UDP to port 3390 was seen here"])
  }

  @Test(
    "an allocation with its credentials' round, permission and channel; RDP-UDP inside it is relayed", arguments: [true, false])
  func relayed(byChannel: Bool) throws {
    let (server, peer) = ("20.202.7.7:3478", "198.51.100.8:4000")
    let credentials = [STUNAttribute.user("alice"), STUNAttribute(STUNAttribute.realm, .bytes(Array("r".utf8)))]
    var sketch = CaptureSketch()
    sketch.stun(0, Self.own, server, .request, id: 1, method: STUNFrame.allocate)
    sketch.stun(20, server, Self.own, .error, id: 1, method: STUNFrame.allocate, [.failure(401)])
    sketch.stun(21, Self.own, server, .request, id: 2, method: STUNFrame.allocate, credentials)
    sketch.stun(
      68, server, Self.own, .success, id: 2, method: STUNFrame.allocate,
      [
        STUNAttribute(STUNAttribute.xorRelayedAddress, .address(at("20.202.7.7:60000"))),
        STUNAttribute(STUNAttribute.lifetime, .number(600)), .mapped("203.0.113.9:50010"),
      ])
    sketch.stun(70, Self.own, server, .request, id: 3, method: STUNFrame.createPermission, credentials + [.peer(peer)])
    sketch.stun(90, server, Self.own, .success, id: 3, method: STUNFrame.createPermission)
    let channel = STUNAttribute(STUNAttribute.channelNumber, .number(0x4001))
    sketch.stun(91, Self.own, server, .request, id: 4, method: STUNFrame.channelBind, credentials + [channel, .peer(peer)])
    sketch.stun(110, server, Self.own, .success, id: 4, method: STUNFrame.channelBind)
    func carry(_ time: Double, _ out: Bool, _ inner: [UInt8]) {
      if byChannel {
        let framed = [0x40, 0x01, UInt8(inner.count >> 8), UInt8(inner.count & 0xFF)] + inner
        sketch.udp(time, out ? Self.own : server, out ? server : Self.own, framed)
      } else {
        sketch.stun(
          time, out ? Self.own : server, out ? server : Self.own, .indication, id: UInt64(time),
          method: out ? STUNFrame.send : STUNFrame.data,
          [.peer(peer), STUNAttribute(STUNAttribute.data, .bytes(inner))])
      }
    }
    carry(120, true, CaptureSketch.stun(.request, id: 77, STUNAttribute.check()))
    carry(160, false, CaptureSketch.stun(.success, id: 77, [.mapped("20.202.7.7:60000")]))
    carry(170, true, RDPSketch.syn())
    carry(210, false, RDPSketch.synAck())
    carry(211, true, RDPSketch.data(1, channel: 1, [22, 3, 3]))
    carry(250, false, RDPSketch.data(1, channel: 1, [22, 3, 3]))
    let place = try sketch.place()
    let allocation = try #require(place.allocations.first)
    #expect(allocation.sentence == "allocated 20.202.7.7:60000 for 600 s after 68.000 ms")
    #expect(allocation.permissions == [at(peer).address] && allocation.channels.map(\.peer) == [at(peer)])
    #expect(allocation.sent.packets == 3 && allocation.received.packets == 3)
    #expect(
      place.pairs.map(\.relay) == [at(server)] && place.pairs[0].isValid && place.pairs[0].firstRoundTrip == .milliseconds(40))
    #expect(place.connections.map(\.kind) == [.relayed] && place.verdicts.map(\.transport) == [.relayed])
    #expect(place.candidates.contains { $0.type == .relayed && $0.endpoint == at("20.202.7.7:60000") })
  }

  @Test("a refused allocation says by what; the 401 that asks for credentials is no refusal")
  func refusedAllocation() throws {
    var sketch = CaptureSketch()
    let realm = STUNAttribute(STUNAttribute.realm, .bytes(Array("r".utf8)))
    sketch.stun(0, Self.own, "20.202.7.7:3478", .request, id: 1, method: STUNFrame.allocate)
    sketch.stun(20, "20.202.7.7:3478", Self.own, .error, id: 1, method: STUNFrame.allocate, [.failure(401)])
    sketch.stun(21, Self.own, "20.202.7.7:3478", .request, id: 2, method: STUNFrame.allocate, [realm])
    sketch.stun(41, "20.202.7.7:3478", Self.own, .error, id: 2, method: STUNFrame.allocate, [.failure(486)])
    #expect(try sketch.place().allocations.map(\.sentence) == ["refused; errors: Allocate 486 Allocation Quota Reached (1)"])
  }

  @Test("a TCP handshake's whole round trip, its retransmissions, reordering and resets, and what TLS shows")
  func tcp() throws {
    var sketch = CaptureSketch()
    Self.gateway(&sketch)
    let (own, gateway) = ("10.9.0.7:49000", "20.202.9.9:443")
    // 40 bytes are lost and sent again, then 40 overtake 40, and a keep-alive repeats a byte.
    sketch.tcp(500, own, gateway, .ack, seq: 1040, ack: 1, [UInt8](repeating: 1, count: 40))
    sketch.tcp(560, own, gateway, .ack, seq: 1000, ack: 1, [UInt8](repeating: 1, count: 40))
    sketch.tcp(570, own, gateway, .ack, seq: 1120, ack: 1, [UInt8](repeating: 1, count: 40))
    sketch.tcp(571, own, gateway, .ack, seq: 1080, ack: 1, [UInt8](repeating: 1, count: 40))
    sketch.tcp(900, own, gateway, .ack, seq: 1159, ack: 1, [0])
    sketch.tcp(950, gateway, own, .rst, seq: 1)
    let flow = try #require(try sketch.place().flows.first)
    let facts = try #require(flow.tcp)
    #expect(facts.isEstablished && facts.openedByNear == true && facts.handshake == .microseconds(20_500))
    #expect(facts.retransmissionsSent == 1 && facts.outOfOrder == 1 && facts.resetsReceived == 1 && facts.resetsSent == 0)
    #expect(flow.protocols == ["tls"] && flow.tls?.serverName == "gateway.example" && flow.tls?.certificate == "gateway.example")
    #expect(flow.far == at(gateway))
  }

  @Test("TLS behind a proxy's CONNECT is found, with the name that was asked for")
  func connect() throws {
    var sketch = CaptureSketch()
    let (own, proxy, hellos) = ("10.9.0.7:49000", "10.9.0.1:8080", Self.hellos("gateway.example"))
    let request = Array("CONNECT gateway.example:443 HTTP/1.1\r\nHost: gateway.example:443\r\n\r\n".utf8)
    let answer = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
    sketch.tcp(0, own, proxy, .syn, seq: 0)
    sketch.tcp(1, proxy, own, [.syn, .ack], seq: 0, ack: 1)
    sketch.tcp(2, own, proxy, .ack, seq: 1, ack: 1, request)
    sketch.tcp(3, proxy, own, .ack, seq: 1, ack: 1, answer)
    sketch.tcp(4, own, proxy, .ack, seq: UInt32(1 + request.count), ack: 1, hellos.client)
    let flow = try #require(try sketch.place().flows.first)
    #expect(flow.web?.method == "CONNECT" && flow.web?.status == 200 && flow.protocols == ["http", "tls"])
    #expect(flow.tls?.serverName == "gateway.example")
  }

  @Test("data without a SYN is believed after some datagrams, and other protocols on the port are not")
  func midway() throws {
    var sketch = CaptureSketch()
    for row in 0..<6 {
      sketch.udp(Double(row * 10), Self.own, Self.listener, RDPSketch.data(UInt16(row), channel: UInt16(row), [1, 2, 3]))
    }
    #expect(try sketch.place().connections.first?.dataSent.packets == 6)
    sketch = CaptureSketch()
    for row in 0..<6 { sketch.udp(Double(row * 10), Self.own, Self.listener, [0xFF, 0xFF, UInt8(row), 4, 5, 6, 7, 0xFE, 9]) }
    #expect(try sketch.place().connections.isEmpty)
  }
}
