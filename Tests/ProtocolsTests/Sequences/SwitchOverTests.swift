// Tunnel, first found and Soft-Sync: how a session leaves its base transport.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite("Soft-Sync (MS-RDPEDYC §3.1.5.3)") struct SoftSyncTests {
  @Test("The server writes on the tunnel after its request and reads it only after the response; then the base is closed")
  func server() {
    var t = Transcript(SoftSyncServer())
    t(0, .tunnelLost, to: .onBase)
    t(0, .received(candidates), to: .onBase)
    #expect(!t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    t(1, .start, [.milestone(.softSyncRequested), .send(.softSyncRequest(keepsBase: false)), .switchSending], to: .requested)
    #expect(t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    t(2, .received(candidates), to: .requested)
    t(3, .received(.softSyncResponse), [.readTunnel, .milestone(.switched), .closeBase, .finished], to: .switched)
    #expect(t.machine.sendsOnTunnel && t.machine.readsTunnel)
    t(4, .baseLost, to: .switched)
    #expect(t.machine.sendsOnTunnel && t.machine.readsTunnel)
  }

  @Test("The client reads the tunnel from the request on, and its response is the last it sends over the base")
  func client() {
    var t = Transcript(SoftSyncClient())
    t(0, .received(candidates), to: .onBase)
    t(0, .tunnelEstablished, to: .ready)
    t(1, .tunnelLost, to: .onBase)
    t(2, .tunnelEstablished, to: .ready)
    #expect(!t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    t(3, .received(.softSyncRequest(keepsBase: false)), [.send(.softSyncResponse), .switchSending, .readTunnel], to: .switched)
    #expect(t.machine.sendsOnTunnel && t.machine.readsTunnel)
    t(4, .baseClosed, [.milestone(.reverseConnectClosed), .finished], to: .finished)
    #expect(t.machine.sendsOnTunnel && t.machine.readsTunnel)
    t(5, .tunnelLost, to: .finished)
  }

  @Test("A request that overtakes the tunnel's create response waits for it")
  func early() {
    var t = Transcript(SoftSyncClient())
    t(0, .received(.softSyncRequest(keepsBase: false)), to: .requestedEarly)
    #expect(!t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    t(1, .received(candidates), to: .requestedEarly)
    t(2, .tunnelEstablished, [.send(.softSyncResponse), .switchSending, .readTunnel], to: .switched)
  }

  @Test(
    "With the base kept a lost tunnel is no end: the client asks, writes nothing before the answer, and both go on over the base")
  func resumes() {
    let positions = ChannelPositions()
    var c = Transcript(SoftSyncClient())
    c.given(.tunnelEstablished, .received(.softSyncRequest(keepsBase: true)))
    c(1, .tunnelLost, [.resume], to: .resuming)
    #expect(!c.machine.mayWrite && !c.machine.sendsOnTunnel)
    var lost = c
    lost(2, .baseClosed, [.failed(.baseLost)], to: .failed(.baseLost))
    c(2, .received(.channelsResume(positions)), [.milestone(.resumed), .resumeSending(from: positions)], to: .resumed)
    #expect(c.machine.mayWrite && !c.machine.sendsOnTunnel && !c.machine.readsTunnel)
    c(3, .tunnelLost, to: .resumed)
    var s = Transcript(SoftSyncServer(keepsBase: true))
    s.given(.start, .received(.softSyncResponse))
    s(1, .received(.channelsResume(positions)), [.resume(from: positions)], to: .resumed)
    #expect(!s.machine.sendsOnTunnel && !s.machine.readsTunnel)
    s(2, .tunnelLost, to: .resumed)
    // The same in mid-switch, when the tunnel died before its create response or before the Soft-Sync response.
    var early = Transcript(SoftSyncClient())
    early(1, .received(.softSyncRequest(keepsBase: true)), to: .requestedEarly)
    early(2, .tunnelLost, [.resume], to: .resuming)
    var asked = Transcript(SoftSyncServer(keepsBase: true))
    asked.given(.start)
    asked(1, .tunnelLost, to: .requested)
    asked(2, .received(.channelsResume(positions)), [.resume(from: positions)], to: .resumed)
  }

  @Test("A transport lost in mid-switch and a message out of turn fail either side")
  func failures() {
    typealias S = SoftSyncServer.Input
    let server: [([S], S, SoftSyncFailure)] = [
      ([], .received(.softSyncResponse), .protocolViolation),
      ([], .received(.softSyncRequest(keepsBase: false)), .protocolViolation),
      ([], .baseLost, .baseLost), ([.start], .received(.softSyncRequest(keepsBase: false)), .protocolViolation),
      ([.start], .tunnelLost, .tunnelLost), ([.start], .baseLost, .baseLost),
    ]
    for (before, input, failure) in server {
      var t = Transcript(SoftSyncServer())
      for input in before { t.given(input) }
      t(1, input, [.failed(failure)], to: .failed(failure))
      t(2, input)
      #expect(!t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    }
    typealias C = SoftSyncClient.Input
    let request = C.received(.softSyncRequest(keepsBase: false))
    let client: [([C], C, SoftSyncFailure)] = [
      ([], .received(.softSyncResponse), .protocolViolation), ([], .baseClosed, .baseLost),
      ([request], request, .protocolViolation), ([request], .tunnelLost, .tunnelLost), ([request], .baseClosed, .baseLost),
      ([.tunnelEstablished], .received(.softSyncResponse), .protocolViolation), ([.tunnelEstablished], .baseClosed, .baseLost),
      ([.tunnelEstablished, request], request, .protocolViolation), ([.tunnelEstablished, request], .tunnelLost, .tunnelLost),
    ]
    for (before, input, failure) in client {
      var t = Transcript(SoftSyncClient())
      for input in before { t.given(input) }
      t(1, input, [.failed(failure)], to: .failed(failure))
      t(2, input)
      #expect(!t.machine.sendsOnTunnel && !t.machine.readsTunnel)
    }
    #expect(SoftSyncFailure.allCases.map(\.reason) == [.pathLost, .connectionLost, .protocolViolation])
  }

  private var candidates: RDPMessage { .shortpathCandidates(CandidateList(fragment: .none, password: .none, candidates: [])) }
}

@Suite("Soft-Sync between two ends") struct SoftSyncOrderTests {
  /// Two ordered streams of numbered data, with delays that differ, and a reader that honours `readsTunnel`.
  struct Direction {
    var base: [(at: Int, what: Int)] = []
    var tunnel: [(at: Int, what: Int)] = []
    var read: [Int] = []
    var sent = 0
  }

  @Test("Whatever the two transports' delays, no datum is lost, doubled or read out of order in either direction")
  func order() {
    let control = -1
    for baseDelay in 0..<8 {
      for tunnelDelay in 0..<8 {
        for start in 0..<4 {
          var server = SoftSyncServer()
          var client = SoftSyncClient()
          client.handleQuietly(.tunnelEstablished)
          var down = Direction()
          var up = Direction()
          for now in 0..<60 {
            // What has come is read: the base in order, the tunnel when it may be.
            while let first = down.base.first, first.at <= now {
              down.base.removeFirst()
              if first.what != control { down.read.append(first.what); continue }
              client.handleQuietly(.received(.softSyncRequest(keepsBase: false)))
              up.base.append((now + baseDelay, control))
            }
            while client.readsTunnel, let first = down.tunnel.first, first.at <= now {
              down.read.append(down.tunnel.removeFirst().what)
            }
            while let first = up.base.first, first.at <= now {
              up.base.removeFirst()
              if first.what != control { up.read.append(first.what); continue }
              server.handleQuietly(.received(.softSyncResponse))
            }
            while server.readsTunnel, let first = up.tunnel.first, first.at <= now {
              up.read.append(up.tunnel.removeFirst().what)
            }
            if now == start {
              server.handleQuietly(.start)
              down.base.append((now + baseDelay, control))
            }
            guard now < 40 else { continue }
            down.send(overTunnel: server.sendsOnTunnel, now, baseDelay, tunnelDelay)
            up.send(overTunnel: client.sendsOnTunnel, now, baseDelay, tunnelDelay)
          }
          #expect(server.state == .switched && client.state == .switched)
          #expect(down.read == Array(0..<40) && up.read == Array(0..<40))
        }
      }
    }
  }
}

extension SoftSyncOrderTests.Direction {
  mutating func send(overTunnel: Bool, _ now: Int, _ baseDelay: Int, _ tunnelDelay: Int) {
    if overTunnel { tunnel.append((now + tunnelDelay, sent)) } else { base.append((now + baseDelay, sent)) }
    sent += 1
  }
}

extension SequenceMachine {
  fileprivate mutating func handleQuietly(_ input: Input) {
    var effects: [Effect] = []
    handle(input, at: at(0), into: &effects)
  }
}

@Suite("Multitransport tunnel (MS-RDPEMT)") struct TunnelTests {
  static func client() -> Transcript<TunnelClient> {
    Transcript(TunnelClient(settings: .init(requestID: 5, cookie: Cast.cookie)))
  }
  static let request = RDPMessage.tunnelCreateRequest(requestID: 5, cookie: Cast.cookie)
  static let data = RDPMessage.channelData(.graphics, length: 700, number: 0)

  @Test("§1.3: the client sends its request after TLS and nothing else before a successful response")
  func client() {
    var t = Self.client()
    #expect(t.machine.state == .idle)
    t(0, .secured, [.send(Self.request)], to: .requested)
    t(1, .received(.tunnelCreateResponse(success: true)), [.established], to: .established)
    t(2, .received(Self.data), [.deliver(Self.data)])
    t(3, .closed, [.closed], to: .closed)
    t(4, .received(Self.data), to: .closed)
  }

  @Test("The client fails on a refusal, an end in place of an answer, and a message out of turn")
  func clientFailures() {
    typealias Input = TunnelClient.Input
    let ends: [([Input], Input, TunnelClient.Failure)] = [
      ([], .closed, .notConnected), ([], .received(Self.data), .protocolViolation),
      ([.secured], .received(.tunnelCreateResponse(success: false)), .refused), ([.secured], .closed, .closedUnanswered),
      ([.secured], .received(Self.data), .protocolViolation),
      ([.secured, .received(.tunnelCreateResponse(success: true))], .received(Self.request), .protocolViolation),
    ]
    for (before, input, failure) in ends {
      var t = Self.client()
      for input in before { t.given(input) }
      t(1, input, [.failed(failure)], to: .failed(failure))
      t(2, input)
    }
    #expect(
      TunnelClient.Failure.allCases.map(\.reason) == [.tunnelRefused, .tunnelRefused, .udpConnectionFailed, .protocolViolation])
  }

  @Test("§1.3: the server sends nothing before the request; §3.2.5.1: it answers success or just closes")
  func server() {
    var t = Transcript(TunnelServer())
    t(0, .accepted, to: .awaitingRequest)
    t(1, .received(Self.request), [.judge(requestID: 5, cookie: Cast.cookie)], to: .judging)
    var u = t
    t(
      2, .accepted, [.send(.tunnelCreateResponse(success: true)), .milestone(.established), .established], to: .established)
    t(3, .received(Self.data), [.deliver(Self.data)])
    t(4, .closed, [.closed], to: .closed)
    t(5, .received(Self.data), to: .closed)
    u(2, .refused, [.close, .failed(.refused)], to: .failed(.refused))
    u(3, .closed)
  }

  @Test("The server fails when the client leaves unanswered or speaks out of turn")
  func serverFailures() {
    typealias Input = TunnelServer.Input
    let request = Input.received(Self.request)
    let ends: [([Input], Input, TunnelServer.Failure)] = [
      ([], .closed, .closedUnanswered), ([], .received(Self.data), .protocolViolation), ([request], .closed, .closedUnanswered),
      ([request], .received(Self.data), .protocolViolation), ([request, .accepted], request, .protocolViolation),
    ]
    for (before, input, failure) in ends {
      var t = Transcript(TunnelServer())
      for input in before { t.given(input) }
      t(1, input, [.close, .failed(failure)], to: .failed(failure))
    }
    #expect(TunnelServer.Failure.allCases.map(\.reason) == [.tunnelRefused, .udpConnectionFailed, .protocolViolation])
  }
}

@Suite("First found") struct FirstFoundTests {
  static let offered = FirstFound.Input.offered(requestID: 5, cookie: Cast.cookie, authenticated: false)
  static func request(_ transport: Transport, id: UInt32 = 5, cookie: Secret = Cast.cookie) -> FirstFound.Input {
    .tunnelRequested(transport, requestID: id, cookie: cookie)
  }

  @Test("The first matching tunnel of an authenticated user is established, later ones lose the race")
  func race() {
    var t = Transcript(FirstFound())
    t(0, .authenticated, to: .idle)
    t(0, Self.request(.managed), [.verdict(.managed, .drop(.cookieMismatch))], to: .idle)
    t(1, Self.offered, to: .outstanding(requestID: 5, cookie: Cast.cookie, authenticated: false))
    t(2, Self.request(.managed), [.verdict(.managed, .drop(.notAuthenticated))])
    t(3, .authenticated, to: .outstanding(requestID: 5, cookie: Cast.cookie, authenticated: true))
    t(4, .offered(requestID: 6, cookie: .none, authenticated: true))
    t(5, Self.request(.managed, id: 6), [.verdict(.managed, .drop(.cookieMismatch))])
    t(5, Self.request(.managed, cookie: .none), [.verdict(.managed, .drop(.cookieMismatch))])
    #expect(t.machine.winner == nil)
    t(6, Self.request(.public), [.verdict(.public, .accept)], to: .established(.public, requestID: 5, cookie: Cast.cookie))
    t(7, Self.request(.managed), [.verdict(.managed, .refuse(.lostRace))])
    t(7, Self.request(.managed, id: 6), [.verdict(.managed, .drop(.cookieMismatch))])
    #expect(t.machine.winner == .public)
    t(8, .closed, to: .closed)
    t(9, Self.request(.managed), [.verdict(.managed, .drop(.attemptClosed))], to: .closed)
    #expect(FirstFound.Failure.allCases.map(\.reason) == [.lostRace])
  }

  @Test("In all 5,040 orders of offer, authentication, four requests and the close, exactly the first good request is accepted")
  func everyOrder() {
    let events: [FirstFound.Input] = [
      Self.offered, .authenticated, Self.request(.managed), Self.request(.public), Self.request(.relayed),
      Self.request(.public, cookie: Secret(id: 99)), .closed,
    ]
    var orders = 0
    var accepted: [Transport: Int] = [:]
    permutations(of: Array(events.indices)) { order in
      orders += 1
      var machine = FirstFound()
      var wrong = false
      for (place, event) in order.enumerated() {
        var effects: [FirstFound.Effect] = []
        machine.handle(events[event], at: at(Int64(place)), into: &effects)
        guard case .tunnelRequested(let transport, _, let cookie) = events[event] else {
          wrong = wrong || !effects.isEmpty
          continue
        }
        // The rule, said over the order as a whole; authentication before the offer is given with the offer by the host.
        let before = order[..<place]
        let isOpen = before.contains(0) && !before.contains(6)
        let isAuthenticated = isOpen && before[before.firstIndex(of: 0)!...].contains(1)
        let good = before.indices.filter { (2...4).contains(order[$0]) }.contains { earlier in
          order[..<earlier].contains(0) && order[order.firstIndex(of: 0)!..<earlier].contains(1)
        }
        let verdict: FirstFound.Verdict =
          if before.contains(6) {
            .drop(.attemptClosed)
          } else if !before.contains(0) || cookie != Cast.cookie {
            .drop(.cookieMismatch)
          } else if !isAuthenticated {
            .drop(.notAuthenticated)
          } else {
            good ? .refuse(.lostRace) : .accept
          }
        wrong = wrong || effects != [.verdict(transport, verdict)]
        if effects == [.verdict(transport, .accept)] { accepted[transport, default: 0] += 1 }
      }
      #expect(!wrong, "order \(order)")
    }
    #expect(orders == 5_040)
    // Nothing prefers a transport.
    #expect(accepted[.managed] == accepted[.public] && accepted[.public] == accepted[.relayed] && accepted[.managed] ?? 0 > 0)
  }

  private func permutations(of items: [Int], _ visit: ([Int]) -> Void) {
    func extend(_ prefix: [Int], _ rest: [Int]) {
      if rest.isEmpty { return visit(prefix) }
      for row in rest.indices {
        var others = rest
        extend(prefix + [others.remove(at: row)], others)
      }
    }
    extend([], items)
  }
}
