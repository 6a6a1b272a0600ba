// RDP's phases as transcripts of either side, and both sides talking to each other.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

private let offer = RDPServerSequence.Offer(requestID: 5, cookie: Cast.cookie, listener: [.none], candidates: true)
private let candidates = RDPMessage.shortpathCandidates(CandidateList(fragment: .none, password: .none, candidates: []))
private let shortpath: MultitransportFlags = [.udpFECR, .softSyncTCPToUDP]

@Suite("RDP client sequence (MS-RDPBCGR §1.3.1.1)") struct RDPClientSequenceTests {
  static let happy: [RDPClientSequence.Input] = [
    .start, .received(.x224ConnectionConfirm), .secured, .received(.mcsConnectResponse(shortpath)), .received(.attachUserConfirm),
    .received(.channelJoinConfirm(1006)), .received(.channelJoinConfirm(1003)), .received(.channelJoinConfirm(1005)),
    .received(.channelJoinConfirm(1004)), .received(.rttMeasureRequest(sequence: 0)), .received(.licenseValidClient),
    .received(.initiateMultitransport(requestID: 5, cookie: Cast.cookie, listener: [.none], candidates: true)),
    .received(.demandActive),
    .received(.synchronize), .received(.controlCooperate), .received(.controlGranted), .received(.fontMap),
  ]
  static func client() -> Transcript<RDPClientSequence> { Transcript(RDPClientSequence(settings: .init(token: Cast.signIn))) }
  static func client(after steps: Int) -> Transcript<RDPClientSequence> {
    var t = client()
    for input in happy.prefix(steps) { t.given(input) }
    return t
  }

  @Test("The phases follow each other from X.224 to the desktop")
  func whole() {
    var t = Self.client()
    #expect(t.machine.state == .idle)
    t(0, .start, [.milestone(.rdpStarted), .send(.x224ConnectionRequest)], to: .initiating)
    t(1, .received(.x224ConnectionConfirm), [.milestone(.rdpInitiated), .secure], to: .securing)
    t(2, .secured, [.milestone(.rdpSecured), .send(.mcsConnectInitial(shortpath))], to: .settling)
    t(
      3, .received(.mcsConnectResponse([.udpFECR])),
      [.milestone(.rdpBasicSettings), .send(.erectDomain), .send(.attachUserRequest)], to: .joining(.attaching))
    #expect(t.machine.negotiated == [.udpFECR])
    t(4, .received(.attachUserConfirm), [.send(.channelJoinRequest(1006))], to: .joining(.channel(row: 0)))
    t(5, .received(.channelJoinConfirm(1006)), [.send(.channelJoinRequest(1003))], to: .joining(.channel(row: 1)))
    t(6, .received(.channelJoinConfirm(1003)), [.send(.channelJoinRequest(1005))], to: .joining(.channel(row: 2)))
    t(7, .received(.channelJoinConfirm(1005)), [.send(.channelJoinRequest(1004))], to: .joining(.channel(row: 3)))
    t(
      8, .received(.channelJoinConfirm(1004)), [.milestone(.rdpChannelsConnected), .send(.clientInfo(token: Cast.signIn))],
      to: .authenticating)
    t(9, .received(.rttMeasureRequest(sequence: 0)), [.send(.rttMeasureResponse(sequence: 0))], to: .licensing)
    t(10, .received(.licenseValidClient), to: .bootstrapping(offered: false))
    t(
      10, .received(.initiateMultitransport(requestID: 5, cookie: Cast.cookie, listener: [.none], candidates: true)),
      [
        .shortpathOffered(requestID: 5, cookie: Cast.cookie, listener: [.none], candidates: true), .milestone(.rdpMultitransport),
      ],
      to: .bootstrapping(offered: true))
    t(11, .received(candidates), [.deliver(candidates)])
    t(
      11, .received(.demandActive),
      [
        .send(.confirmActive(graphicsPipeline: true)), .milestone(.rdpCapabilities), .send(.synchronize),
        .send(.controlCooperate),
        .send(.controlRequest), .send(.fontList),
      ], to: .finalizing(.synchronize))
    t(12, .received(.synchronize), to: .finalizing(.cooperate))
    t(12, .received(.rttMeasureRequest(sequence: 3)), [.deliver(.rttMeasureRequest(sequence: 3))], to: .finalizing(.cooperate))
    t(12, .received(.controlCooperate), to: .finalizing(.granted))
    t(12, .received(.controlGranted), to: .finalizing(.fontMap))
    t(12, .received(.fontMap), [.milestone(.desktop)], to: .active)
    for message in [.channelData(.graphics, length: 900, number: 0), .softSyncRequest(keepsBase: false), candidates]
      as [RDPMessage]
    {
      t(13, .received(message), [.deliver(message)], to: .active)
    }
    t(14, .received(.disconnect), [.ended], to: .ended)
    t(15, .baseLost, to: .ended)
  }

  @Test("A PDU of another phase is a violation in every phase; a lost base transport and a server that leaves end each")
  func everyPhase() {
    for steps in 0...Self.happy.count {
      var stray = Self.client(after: steps)
      stray(1, .received(.confirmActive(graphicsPipeline: true)), [.failed(.protocolViolation)], to: .failed(.protocolViolation))
      stray(2, .baseLost)
      stray(2, .received(.confirmActive(graphicsPipeline: true)))
      var lost = Self.client(after: steps)
      lost(1, .baseLost, [.failed(.baseLost)], to: .failed(.baseLost))
      var left = Self.client(after: steps)
      switch steps {
      case 9: left(1, .received(.disconnect), [.failed(.signInRefused)], to: .failed(.signInRefused))
      case 13: left(1, .received(.disconnect), [.failed(.capabilitiesRefused)], to: .failed(.capabilitiesRefused))
      case Self.happy.count: left(1, .received(.disconnect), [.ended], to: .ended)
      default: left(1, .received(.disconnect), [.failed(.disconnected)], to: .failed(.disconnected))
      }
    }
  }

  @Test("TLS that fails, a licence refused, a second offer and channel data before the desktop fail the sequence")
  func failures() {
    for loss in ChannelLoss.allCases {
      var t = Self.client(after: 2)
      t(1, .securityFailed(loss), [.failed(.security(loss))], to: .failed(.security(loss)))
    }
    var unlicensed = Self.client(after: 10)
    unlicensed(1, .received(.licenseRefused), [.failed(.licensingFailed)], to: .failed(.licensingFailed))
    var twice = Self.client(after: 12)
    twice(1, Self.happy[11], [.failed(.protocolViolation)])
    var early = Self.client(after: 13)
    early(1, .received(.channelData(.input, length: 8, number: 0)), [.failed(.protocolViolation)])
    let wrongChannel = RDPClientSequence.Input.received(.channelJoinConfirm(1003))
    var join = Self.client(after: 5)
    join(1, wrongChannel, [.failed(.protocolViolation)])
    typealias Failure = RDPClientSequence.Failure
    let reasons = ChannelLoss.allCases.map { Failure.security($0).reason }
    #expect(
      reasons == [
        .tlsFailed, .proxyUnreachable, .proxyRefused, .proxyAuthenticationRequired, .certificateWrongName, .certificateExpired,
        .certificateUntrusted, .tlsVersionMismatch, .tlsFailed,
        .addressLost,
        .connectionLost,
      ])
    let others: [Failure] = [.signInRefused, .licensingFailed, .disconnected, .baseLost, .protocolViolation]
    #expect(
      others.map(\.reason) == [.signInRefused, .licensingFailed, .connectionLost, .connectionLost, .protocolViolation])
  }
}

@Suite("RDP server sequence (MS-RDPBCGR §1.3.1.1)") struct RDPServerSequenceTests {
  static let happy: [RDPServerSequence.Input] = [
    .received(.x224ConnectionRequest), .secured, .received(.mcsConnectInitial(shortpath)), .received(.erectDomain),
    .received(.attachUserRequest), .received(.channelJoinRequest(1006)), .received(.channelJoinRequest(1003)),
    .received(.channelJoinRequest(1005)), .received(.channelJoinRequest(1004)), .received(.clientInfo(token: Cast.signIn)),
    .received(.rttMeasureResponse(sequence: 0)), .received(.confirmActive(graphicsPipeline: true)), .received(.synchronize),
    .received(.controlCooperate),
    .received(.controlRequest), .received(.fontList),
  ]
  static func server(offer: RDPServerSequence.Offer? = offer) -> Transcript<RDPServerSequence> {
    Transcript(RDPServerSequence(settings: .init(token: Cast.signIn, offer: offer)))
  }
  static func server(after steps: Int) -> Transcript<RDPServerSequence> {
    var t = server()
    for input in happy.prefix(steps) { t.given(input) }
    return t
  }

  @Test("The phases follow each other, and the connect-time measurement gives the end-to-end round trip")
  func whole() {
    var t = Self.server()
    #expect(t.machine.state == .awaitingClient)
    t(0, .received(.x224ConnectionRequest), [.send(.x224ConnectionConfirm), .secure], to: .securing)
    t(1, .secured, to: .settling)
    t(2, .received(.mcsConnectInitial(shortpath)), [.send(.mcsConnectResponse(shortpath))], to: .joining(.erectDomain))
    t(3, .received(.erectDomain), to: .joining(.attachUser))
    t(3, .received(.attachUserRequest), [.send(.attachUserConfirm)], to: .joining(.channel(row: 0)))
    t(4, .received(.channelJoinRequest(1006)), [.send(.channelJoinConfirm(1006))], to: .joining(.channel(row: 1)))
    t(5, .received(.channelJoinRequest(1003)), [.send(.channelJoinConfirm(1003))], to: .joining(.channel(row: 2)))
    t(6, .received(.channelJoinRequest(1005)), [.send(.channelJoinConfirm(1005))], to: .joining(.channel(row: 3)))
    t(7, .received(.channelJoinRequest(1004)), [.send(.channelJoinConfirm(1004))], to: .authenticating)
    t(
      8, .received(.clientInfo(token: Cast.signIn)), [.milestone(.rdpAuthenticated), .send(.rttMeasureRequest(sequence: 0))],
      to: .measuring(since: at(8)))
    t(
      58, .received(.rttMeasureResponse(sequence: 0)),
      [
        .roundTrip(.milliseconds(50)), .send(.licenseValidClient), .milestone(.rdpLicensed), .startShortpath,
        .send(.initiateMultitransport(requestID: 5, cookie: Cast.cookie, listener: [.none], candidates: true)),
        .send(.demandActive),
      ], to: .demanding)
    t(59, .received(candidates), [.deliver(candidates)], to: .demanding)
    t(60, .received(.confirmActive(graphicsPipeline: true)), to: .finalizing(.synchronize))
    t(60, .received(.synchronize), [.send(.synchronize)], to: .finalizing(.cooperate))
    t(60, .received(.controlCooperate), [.send(.controlCooperate)], to: .finalizing(.request))
    t(60, .received(candidates), [.deliver(candidates)], to: .finalizing(.request))
    t(60, .received(.controlRequest), [.send(.controlGranted)], to: .finalizing(.fontList))
    t(60, .received(.fontList), [.send(.fontMap)], to: .active)
    for message in [.channelData(.input, length: 9, number: 0), .softSyncResponse, .rttMeasureResponse(sequence: 4)]
      as [RDPMessage]
    {
      t(61, .received(message), [.deliver(message)], to: .active)
    }
    t(62, .received(.disconnect), [.ended], to: .ended)
    t(63, .baseLost, to: .ended)
  }

  @Test("A host that requires the graphics pipeline leaves upon a client without it, and takes one with it")
  func capabilities() {
    var settings = RDPServerSequence.Settings(token: Cast.signIn)
    settings.requiresGraphicsPipeline = true
    for able in [false, true] {
      var t = Transcript(RDPServerSequence(settings: settings))
      for input in Self.happy.prefix(11) { t.given(input) }
      t(
        1, .received(.confirmActive(graphicsPipeline: able)),
        able ? [] : [.send(.disconnect), .failed(.capabilitiesRefused)],
        to: able ? .finalizing(.synchronize) : .failed(.capabilitiesRefused))
    }
    #expect(RDPServerSequence.Failure.capabilitiesRefused.reason == .capabilitiesRefused)
    #expect(RDPClientSequence.Failure.capabilitiesRefused.reason == .capabilitiesRefused)
  }

  @Test("Shortpath starts only when it is offered and both sides flag reliable UDP and Soft-Sync")
  func offers() {
    let flags: [(MultitransportFlags, RDPServerSequence.Offer?, [RDPServerSequence.Effect])] = [
      (shortpath, nil, []), ([.udpFECR], offer, [.shortpathUnsupported]), ([], offer, [.shortpathUnsupported]),
    ]
    for (client, offer, effects) in flags {
      var t = Self.server(offer: offer)
      for input in Self.happy.prefix(2) { t.given(input) }
      t.given(.received(.mcsConnectInitial(client)))
      for input in Self.happy[3..<10] { t.given(input) }
      t(
        0, Self.happy[10],
        [.roundTrip(.zero), .send(.licenseValidClient), .milestone(.rdpLicensed)] + effects + [.send(.demandActive)],
        to: .demanding)
    }
  }

  @Test("A PDU of another phase is a violation in every phase; a lost base transport and a client that leaves end each")
  func everyPhase() {
    for steps in 0...Self.happy.count {
      var stray = Self.server(after: steps)
      stray(1, .received(.demandActive), [.failed(.protocolViolation)], to: .failed(.protocolViolation))
      stray(2, .baseLost)
      stray(2, .received(.demandActive))
      var lost = Self.server(after: steps)
      lost(1, .baseLost, [.failed(.baseLost)], to: .failed(.baseLost))
      var left = Self.server(after: steps)
      if steps == Self.happy.count {
        left(1, .received(.disconnect), [.ended], to: .ended)
      } else {
        left(1, .received(.disconnect), [.failed(.disconnected)], to: .failed(.disconnected))
      }
    }
  }

  @Test("Another token, a missing licence, TLS that fails, a wrong measurement: each ends with its reason")
  func failures() {
    var token = Self.server(after: 9)
    token(1, .received(.clientInfo(token: .none)), [.send(.disconnect), .failed(.signInRefused)], to: .failed(.signInRefused))
    var settings = RDPServerSequence.Settings(token: Cast.signIn)
    settings.licensed = false
    var licence = Transcript(RDPServerSequence(settings: settings))
    for input in Self.happy.prefix(10) { licence.given(input) }
    licence(
      0, Self.happy[10], [.roundTrip(.zero), .send(.licenseRefused), .failed(.licensingFailed)], to: .failed(.licensingFailed))
    for loss in ChannelLoss.allCases {
      var t = Self.server(after: 1)
      t(1, .securityFailed(loss), [.failed(.security(loss))], to: .failed(.security(loss)))
    }
    var wrong = Self.server(after: 10)
    wrong(1, .received(.rttMeasureResponse(sequence: 9)), [.failed(.protocolViolation)])
    typealias Failure = RDPServerSequence.Failure
    let reasons = ChannelLoss.allCases.map { Failure.security($0).reason }
    #expect(
      reasons == [
        .tlsFailed, .proxyUnreachable, .proxyRefused, .proxyAuthenticationRequired, .certificateWrongName, .certificateExpired,
        .certificateUntrusted, .tlsVersionMismatch, .tlsFailed,
        .addressLost,
        .connectionLost,
      ])
    let others: [Failure] = [.signInRefused, .licensingFailed, .disconnected, .baseLost, .protocolViolation]
    #expect(
      others.map(\.reason) == [.signInRefused, .licensingFailed, .connectionLost, .connectionLost, .protocolViolation])
  }

  @Test("Client and server reach the desktop with each other, in ten round trips")
  func together() {
    var client = RDPClientSequence(settings: .init(token: Cast.signIn))
    var server = RDPServerSequence(settings: .init(token: Cast.signIn, offer: offer))
    var toServer: [RDPMessage] = []
    var toClient: [RDPMessage] = []
    var milestones: [Milestone] = []
    var trips = 0
    func clientTakes(_ inputs: [RDPClientSequence.Input]) {
      var effects: [RDPClientSequence.Effect] = []
      for input in inputs { client.handle(input, at: at(0), into: &effects) }
      for effect in effects {
        switch effect {
        case .send(let message): toServer.append(message)
        case .secure: clientTakes([.secured])
        case .milestone(let milestone): milestones.append(milestone)
        case .shortpathOffered, .deliver, .ended: break
        case .failed(let failure): Issue.record("client: \(failure)")
        }
      }
    }
    clientTakes([.start])
    while !toServer.isEmpty || !toClient.isEmpty {
      trips += 1
      var effects: [RDPServerSequence.Effect] = []
      for message in toServer { server.handle(.received(message), at: at(0), into: &effects) }
      toServer = []
      if effects.contains(.secure) { server.handle(.secured, at: at(0), into: &effects) }
      for case .send(let message) in effects { toClient.append(message) }
      for case .failed(let failure) in effects { Issue.record("server: \(failure)") }
      let answers = toClient
      toClient = []
      clientTakes(answers.map { .received($0) })
    }
    #expect(client.state == .active && server.state == .active)
    // X.224; basic settings; attach; four joins; client information; measurement's answer; capabilities with finalization.
    #expect(trips == 1 + 1 + 1 + 4 + 1 + 1 + 1)
    #expect(
      milestones == [
        .rdpStarted, .rdpInitiated, .rdpSecured, .rdpBasicSettings, .rdpChannelsConnected, .rdpMultitransport, .rdpCapabilities,
        .desktop,
      ])
  }
}
