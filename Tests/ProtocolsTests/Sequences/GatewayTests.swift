// Steps 7 to 11 as transcripts: choosing the gateway, asking it, and the gateway's own side.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite("Gateway selection") struct GatewaySelectionTests {
  static func selection(_ count: Int) -> Transcript<GatewaySelection> {
    Transcript(
      GatewaySelection(
        candidates: (0..<count).map { GatewayReference(name: ComponentKey(value: UInt64(9 - $0)), endpoint: .none) }))
  }

  @Test("Lowest 10 ms bucket, then fewest connections, then lower round trip, then the name's key decide")
  func rule() {
    let cases: [(probes: [(microseconds: Int64, connections: UInt32)], chosen: Int)] = [
      ([(9_999, 50), (10_000, 0)], 0),  // bucket before connections
      ([(11_000, 5), (19_999, 4)], 1),  // connections before round trip
      ([(19_000, 4), (11_000, 4)], 1),  // round trip
      ([(11_000, 4), (11_000, 4)], 1),  // keys are 9, 8: the lower one
    ]
    for (probes, chosen) in cases {
      var t = Self.selection(2)
      t(0, .start, [.probe(row: 0), .probe(row: 1)], to: .probing(since: at(0)))
      t(20, .probeAnswered(row: 0, roundTrip: .microseconds(probes[0].0), connections: probes[0].1))
      t(
        20, .probeAnswered(row: 1, roundTrip: .microseconds(probes[1].0), connections: probes[1].1),
        [.milestone(.gatewayChosen), .chosen(row: chosen)], to: .chosen(row: chosen))
      t(30, .probeFailed(row: 0, .unreachable))
    }
  }

  @Test("One second after the start the best answer so far is taken, and who is silent is not waited for")
  func window() {
    var t = Self.selection(3)
    t(0, .timer, to: .idle)
    t.given(.start)
    #expect(t.machine.nextDeadline == at(21_000))
    t(40, .probeFailed(row: 2, .unreachable))
    t(50, .probeAnswered(row: 1, roundTrip: .milliseconds(30), connections: 1))
    t(60, .probeFailed(row: 1, .unreachable))  // answered already
    #expect(t.machine.nextDeadline == at(1_000))
    t(999, .timer)
    t(1_000, .timer, [.milestone(.gatewayChosen), .chosen(row: 1)], to: .chosen(row: 1))
    t(1_001, .probeAnswered(row: 0, roundTrip: .milliseconds(1), connections: 0))
  }

  @Test("When nobody answered within the window, the first answer is taken at once")
  func late() {
    var t = Self.selection(2)
    t.given(.start)
    t(1_000, .timer)
    t(
      3_040, .probeAnswered(row: 0, roundTrip: .milliseconds(40), connections: 0), [.milestone(.gatewayChosen), .chosen(row: 0)],
      to: .chosen(row: 0))
  }

  @Test("Without an answer the choice fails when all have failed, or at the limit")
  func failures() {
    var t = Self.selection(2)
    t.given(.start)
    t(10, .probeFailed(row: 0, .unreachable))
    t(11, .probeFailed(row: 1, .unreachable), [.failed(.noneAnswered(.unreachable))], to: .failed(.noneAnswered(.unreachable)))
    var u = Self.selection(2)
    u.given(.start)
    u(20_999, .timer)
    u(21_000, .timer, [.failed(.noneAnswered(.unreachable))])
    var v = Self.selection(0)
    v(0, .start, [.failed(.noCandidates)], to: .failed(.noCandidates))
    #expect(GatewaySelection.Failure.noCandidates.reason == .gatewayUnreachable)
    #expect(GatewaySelection.Failure.noneAnswered(.unreachable).reason == .gatewayUnreachable)
  }

  @Test("What a proxy said of one gateway is the reason when none answered; a probe that broke off says nothing")
  func proxies() {
    var t = Self.selection(3)
    t.given(.start)
    t(10, .probeFailed(row: 0, .unreachable))
    t(11, .probeFailed(row: 1, .proxyRefused))
    t(12, .probeFailed(row: 2, .proxyUnreachable), [.failed(.noneAnswered(.proxyRefused))])
    #expect(GatewaySelection.Failure.noneAnswered(.proxyRefused).reason == .proxyRefused)
    #expect(GatewaySelection.Failure.noneAnswered(.closed).reason == .gatewayUnreachable)
  }
}

@Suite("The client at the gateway") struct GatewayClientConnectTests {
  static func client() -> Transcript<GatewayClientConnect> {
    Transcript(GatewayClientConnect(settings: .init(request: Cast.request)))
  }
  static func ending(_ failure: GatewayClientConnect.Failure) -> [GatewayClientConnect.Effect] { [.close, .failed(failure)] }

  @Test("Step 7: the request follows TLS; switching protocols is the base transport")
  func whole() {
    var t = Self.client()
    t(0, .timer, to: .idle)
    t(5, .start, [.milestone(.gatewayConnected), .send(.connect(Cast.request))], to: .requesting(until: at(35_005)))
    #expect(t.machine.nextDeadline == at(35_005))
    t(
      90, .received(.switchingProtocols(hostCertificate: Cast.certificate)), [.baseTransport(hostCertificate: Cast.certificate)],
      to: .relayed(hostCertificate: Cast.certificate))
    t(35_005, .timer)
    t(40_000, .channelLost(.closed), to: .relayed(hostCertificate: Cast.certificate))
  }

  @Test("Every refusal, loss, silence and stray message ends it with its reason")
  func failures() {
    var ends: [(GatewayClientConnect.Input, Int64, GatewayClientConnect.Failure, Reason)] = ServiceRefusal.allCases.map {
      (.received(.refused($0, correlation: 7)), 9, .refused($0), $0.reason)
    }
    ends += [
      (.channelLost(.closed), 9, .channel(.closed), .connectionLost), (.timer, 35_000, .noAnswer, .connectionLost),
      (.received(.registered), 9, .protocolViolation, .protocolViolation),
    ]
    for (input, time, failure, reason) in ends {
      var t = Self.client()
      t.given(.start)
      t(8, .timer)
      t(time, input, Self.ending(failure), to: .failed(failure))
      t(time, input)
      #expect(failure.reason == reason)
    }
    var t = Self.client()
    t(9, .channelLost(.unreachable), Self.ending(.channel(.unreachable)))
    #expect(GatewayClientConnect.Failure.channel(.unreachable).reason == .gatewayUnreachable)
    var u = Self.client()
    u(9, .received(.registered), Self.ending(.protocolViolation))
  }
}

@Suite("The gateway's connection") struct GatewayConnectionTests {
  static let orchestrated = ServiceMessage.orchestrated(connection: 77, correlation: 7, hostCertificate: Cast.certificate)
  static func gateway() -> Transcript<GatewayConnection> {
    Transcript(GatewayConnection(settings: .init(gateway: Cast.gateway, directoryKey: Cast.directoryKey)))
  }
  static func refusal(_ refusal: ServiceRefusal) -> [GatewayConnection.Effect] {
    [.toClient(.refused(refusal, correlation: 7)), .closeLegs, .failed(.refused(refusal))]
  }

  @Test("Steps 8, 10 and 11: validated, orchestrated, joined by the named host, relayed")
  func whole() {
    var t = Self.gateway()
    t(0, .brokerAnswer(Self.orchestrated), to: .awaitingRequest)
    t(
      0, .clientRequest(Cast.request), [.milestone(.brokerAsked), .askBroker(.orchestrate(Cast.request, gateway: Cast.gateway))],
      to: .awaitingBroker(correlation: 7, until: at(30_000)))
    t(1, .brokerAnswer(.orchestrated(connection: 76, correlation: 6, hostCertificate: .none)))
    t(1, .brokerAnswer(.refused(.noHealthyHost, correlation: 6)))
    t(1, .hostJoined(77))
    t(
      20, .brokerAnswer(Self.orchestrated), [.expectHost(77)],
      to: .awaitingHost(connection: 77, correlation: 7, hostCertificate: Cast.certificate, until: at(30_000)))
    t(21, .hostJoined(78))
    t(21, .brokerLost)
    let switching = ServiceMessage.switchingProtocols(hostCertificate: Cast.certificate)
    t(
      80, .hostJoined(77),
      [.milestone(.hostConnected), .toHost(switching), .toClient(switching), .startRelay, .milestone(.relayStarted)],
      to: .relaying(connection: 77))
    t(30_000, .timer)
    t(30_001, .brokerLost, to: .relaying(connection: 77))
    t(50_000, .legClosed(.host), [.closeLegs], to: .closed)
    t(50_001, .legClosed(.client), to: .closed)
  }

  @Test("Step 8: a bad or expired token never reaches the broker")
  func token() {
    var forged = Cast.request
    forged.token.signature = Secret(id: 99)
    var t = Self.gateway()
    t(0, .clientRequest(forged), Self.refusal(.badToken), to: .failed(.refused(.badToken)))
    var u = Self.gateway()
    u(60_000, .clientRequest(Cast.request), Self.refusal(.expiredToken))
  }

  @Test("The broker's refusal, loss and silence, and a host that does not come, are told to the client")
  func refused() {
    for refusal in ServiceRefusal.allCases {
      var t = Self.gateway()
      t.given(.clientRequest(Cast.request))
      t(1, .brokerAnswer(.refused(refusal, correlation: 7)), Self.refusal(refusal), to: .failed(.refused(refusal)))
      #expect(GatewayConnection.Failure.refused(refusal).reason == refusal.reason)
    }
    var t = Self.gateway()
    t.given(.clientRequest(Cast.request))
    var u = t
    t(1, .brokerLost, Self.refusal(.brokerUnavailable))
    u(29_999, .timer)
    var v = u
    u(30_000, .timer, Self.refusal(.brokerUnavailable))
    v.given(.brokerAnswer(Self.orchestrated), at: 100)
    v(29_999, .timer)
    v(30_000, .timer, Self.refusal(.hostUnreachable), to: .failed(.refused(.hostUnreachable)))
    v(30_001, .hostJoined(77))
  }

  @Test("A client that leaves, or asks twice, takes its connection with it")
  func client() {
    var t = Self.gateway()
    var idle = t
    idle(0, .legClosed(.client), [.closeLegs], to: .closed)
    for input in [GatewayConnection.Input.clientRequest(Cast.request), .brokerAnswer(Self.orchestrated)] {
      t.given(input)
      var left = t
      left(1, .legClosed(.client), [.closeLegs, .failed(.clientLeft)], to: .failed(.clientLeft))
      var twice = t
      twice(1, .clientRequest(Cast.request), [.closeLegs, .failed(.protocolViolation)], to: .failed(.protocolViolation))
    }
    var stray = Self.gateway()
    stray.given(.clientRequest(Cast.request))
    stray(1, .brokerAnswer(.registered), [.closeLegs, .failed(.protocolViolation)])
    #expect(GatewayConnection.Failure.clientLeft.reason == .connectionLost)
    #expect(GatewayConnection.Failure.protocolViolation.reason == .protocolViolation)
  }
}
