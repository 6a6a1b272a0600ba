// Service messages: every case at the model's size, read back whole, from any pieces, and mistakes.
import SimulationKernel
import Testing
import Wire

@testable import WireCodec

@Suite struct ServiceCodecTests {
  static let connection = Secret(id: 0xC0)

  static func endpoint(_ values: inout SeededValues) -> Endpoint {
    let address =
      values.flip()
      ? IPAddress(v4: UInt32(truncatingIfNeeded: values.word())) : IPAddress(high: values.word() | 1 << 63, low: values.word())
    return Endpoint(address, UInt16(truncatingIfNeeded: values.word()))
  }

  static func token(_ values: inout SeededValues, _ identities: inout Identities) -> AccessToken {
    let times = [SimTime.zero, .never, SimTime(nanoseconds: .min), SimTime(nanoseconds: Int64(bitPattern: values.word()))]
    return AccessToken(user: values.component(&identities), signature: values.secret(), expires: values.pick(times))
  }

  static func gateway(_ values: inout SeededValues, _ identities: inout Identities) -> GatewayReference {
    GatewayReference(name: values.component(&identities), endpoint: endpoint(&values))
  }

  static func message(_ kind: Int, _ values: inout SeededValues, _ identities: inout Identities) -> ServiceMessage {
    func correlation() -> Correlation {
      Correlation(
        session: values.pick([0, 1, 65_535, values.below(65_536)]), generation: values.pick([0, 65_535, values.below(9)]))
    }
    func request() -> ConnectionRequest {
      ConnectionRequest(
        resource: values.component(&identities), token: token(&values, &identities), correlation: correlation())
    }
    switch kind {
    case 0: return .subscribe
    case 1: return .subscribed(directory: endpoint(&values), directoryName: values.component(&identities))
    case 2: return .signIn(user: values.component(&identities))
    case 3: return .token(token(&values, &identities))
    case 4: return .feedRequest(token(&values, &identities))
    case 5:
      return .feed(
        (0..<values.below(6)).map { _ in
          var configuration = ConnectionConfiguration(
            resource: values.component(&identities), gateways: (0..<values.below(5)).map { _ in gateway(&values, &identities) },
            signature: values.secret())
          configuration.usesUDP = values.pick([nil, true, false])
          return configuration
        })
    case 6: return .gatewayProbe
    case 7: return .gatewayLoad(connections: values.pick([0, .max, UInt32(truncatingIfNeeded: values.word())]))
    case 8: return .connect(request())
    case 9: return .orchestrate(request(), gateway: gateway(&values, &identities))
    case 10: return .orchestrated(connection: values.word(), correlation: correlation(), hostCertificate: values.secret())
    case 11:
      return .initialize(connection: values.word(), correlation: correlation(), gateway: gateway(&values, &identities))
    case 12: return .hostJoin(connection: values.word())
    case 13: return .switchingProtocols(hostCertificate: values.secret())
    case 14: return .register(host: values.component(&identities), certificate: values.secret())
    case 15: return .registered
    case 16: return .heartbeat
    default: return .refused(values.pick(ServiceRefusal.allCases), correlation: correlation())
    }
  }
  static let kinds = 18

  @Test("every message has the model's size and is read back as it was", arguments: 0..<kinds)
  func roundTrip(kind: Int) throws {
    var values = SeededValues(UInt64(kind))
    var identities = Identities(seed: 7)
    for row in 0..<300 {
      let message = Self.message(kind, &values, &identities)
      let bytes = ServiceCodec.encode(message, on: values.secret(), at: UInt64(row), identities: &identities)
      #expect(bytes.count == message.encodedLength)
      #expect(try ServiceCodec.decode(bytes[...], identities: &identities) == message)
    }
  }

  @Test("the longest names, endpoints and numbers still fit the sizes")
  func longest() throws {
    var identities = Identities(seed: 7)
    func name(_ letter: String) -> ComponentKey {
      identities.key(of: String(repeating: letter, count: 32) + "." + String(repeating: letter, count: 31))
    }
    let wide = Endpoint(IPAddress(high: .max, low: .max), 65_535)
    let token = AccessToken(user: name("u"), signature: Secret(id: 1), expires: SimTime(nanoseconds: .min))
    let correlation = Correlation(session: 65_535, generation: 65_535)
    let request = ConnectionRequest(resource: name("r"), token: token, correlation: correlation)
    let gateway = GatewayReference(name: name("g"), endpoint: wide)
    var configuration = ConnectionConfiguration(resource: name("r"), gateways: [gateway, gateway], signature: Secret(id: 2))
    configuration.usesUDP = false
    let all: [ServiceMessage] = [
      .subscribed(directory: wide, directoryName: name("d")), .signIn(user: name("u")), .token(token), .feedRequest(token),
      .feed([ConnectionConfiguration](repeating: configuration, count: 300)), .gatewayLoad(connections: .max), .connect(request),
      .orchestrate(request, gateway: gateway),
      .orchestrated(connection: .max, correlation: correlation, hostCertificate: Secret(id: .max)),
      .initialize(connection: .max, correlation: correlation, gateway: gateway), .register(host: name("h"), certificate: .none),
    ]
    for message in all {
      let bytes = ServiceCodec.encode(message, on: Self.connection, identities: &identities)
      #expect(bytes.count == message.encodedLength)
      #expect(try ServiceCodec.decode(bytes[...], identities: &identities) == message)
    }
  }

  @Test("an upgrade's two halves agree (RFC 6455 §4.2.2)")
  func upgrade() throws {
    var identities = Identities(seed: 7)
    func http(_ message: ServiceMessage) throws -> HTTPMessage {
      try #require(
        try HTTPMessage.read(ServiceCodec.encode(message, on: Self.connection, identities: &identities)[...])?.message)
    }
    let key = try #require(try http(.hostJoin(connection: 5))["sec-websocket-key"])
    #expect(try http(.switchingProtocols(hostCertificate: Secret(id: 1)))["Sec-WebSocket-Accept"] == WebSocketCodec.accept(key))
  }

  @Test("a channel's stream goes from HTTP to frames, whatever pieces it comes in")
  func stream() throws {
    var values = SeededValues(31)
    var identities = Identities(seed: 7)
    let gateway = GatewayReference(name: ComponentKey("g"), endpoint: Endpoint(IPAddress(v4: 0x1400_0001), 443))
    let fromBroker: [ServiceMessage] = [
      .registered, .initialize(connection: 1, correlation: 1, gateway: gateway),
      .initialize(connection: 2, correlation: 2, gateway: gateway),
    ]
    let fromAgent: [ServiceMessage] = [.register(host: ComponentKey("sh-1"), certificate: Secret(id: 4)), .heartbeat, .heartbeat]
    for messages in [fromBroker, fromAgent] {
      var bytes: [UInt8] = []
      for message in messages {
        bytes += ServiceCodec.encode(message, on: Self.connection, at: UInt64(bytes.count), identities: &identities)
      }
      bytes += WebSocketFrame(.binary, payload: [3, 0, 0, 4]).bytes
      for longest in [1, 13, 400] {
        var reader = ServiceStreamReader()
        var found: [ServiceContent] = []
        for piece in bytes.pieces(longest: longest, &values) {
          reader.append(piece)
          while let content = try reader.next(identities: &identities) { found.append(content) }
        }
        #expect(found == messages.map { .message($0) } + [.frame(WebSocketFrame(.binary, payload: [3, 0, 0, 4]))])
      }
    }
  }

  @Test("dates keep their nanoseconds")
  func dates() throws {
    #expect(ServiceFields.date(.zero) == "1767225600.000000000")
    #expect(try ServiceFields.time("1767225601.5") == SimTime(nanoseconds: 1_500_000_000))
    #expect(try ServiceFields.time("1767225600") == .zero)
    for wrong in ["", ".", "1.", "x", "1.0000000001", "1.2.3", "9999999999999", "--1", "+1"] {
      #expect(throws: CodecError.self, "\(wrong)") { try ServiceFields.time(wrong) }
    }
  }

  @Test("whatever is done to the bytes, reading ends with a message or a mistake")
  func mutations() {
    var values = SeededValues(41)
    var identities = Identities(seed: 7)
    let corpus = (0..<Self.kinds * 3).map { row in
      ServiceCodec.encode(
        Self.message(row % Self.kinds, &values, &identities), on: Self.connection, at: UInt64(row), identities: &identities)
    }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      var fresh = Identities(seed: 7)
      _ = try ServiceCodec.decode(bytes, identities: &fresh)
    }
    #expect(outcome.accepted > 0 && outcome.refused > Mutations.budget / 10)
  }
}
