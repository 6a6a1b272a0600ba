// Step 9 as transcripts: the broker's table and the host's agent.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite("The broker") struct BrokerOrchestrationTests {
  static let first = ComponentKey("sh-1")
  static let second = ComponentKey("sh-2")
  static func broker() -> Transcript<BrokerOrchestration> {
    Transcript(
      BrokerOrchestration(
        settings: .init(
          resources: [.init(key: Cast.desktop, hosts: [first, second]), .init(key: first, hosts: [first])], seed: 3)))
  }
  static func orchestration(_ channel: Int, _ certificate: Secret, counter: UInt64) -> [BrokerOrchestration.Effect] {
    let connection = mix(3, 7, counter)
    return [
      .send(channel: channel, .initialize(connection: connection, correlation: 7, gateway: Cast.gateway)),
      .send(channel: 50, .orchestrated(connection: connection, correlation: 7, hostCertificate: certificate)),
    ]
  }
  static let ask = BrokerOrchestration.Input.orchestrate(Cast.request, gateway: Cast.gateway, fromChannel: 50)

  @Test("Step 9: the host is reached over its persistent channel, the gateway told; the pool is filled breadth-first")
  func orchestrates() {
    var t = Self.broker()
    #expect(t.machine.hosts.map(\.key) == [Self.first, Self.second])
    #expect(t.machine.hosts.map(\.state) == [.unregistered, .unregistered])
    t(0, .register(channel: 1, host: Self.first, certificate: Secret(id: 101)), [.send(channel: 1, .registered)])
    t(0, .register(channel: 2, host: Self.second, certificate: Secret(id: 102)), [.send(channel: 2, .registered)])
    #expect(t.machine.hosts[1].state == .registered(channel: 2, certificate: Secret(id: 102), until: at(180_000)))
    t(1, Self.ask, Self.orchestration(1, Secret(id: 101), counter: 1))
    t(2, Self.ask, Self.orchestration(2, Secret(id: 102), counter: 2))
    t(3, Self.ask, Self.orchestration(1, Secret(id: 101), counter: 3))
  }

  @Test("A host without its channel is passed over; registered anew it counts by its new channel only")
  func channels() {
    var t = Self.broker()
    t.given(.register(channel: 1, host: Self.first, certificate: Secret(id: 101)), .channelLost(1))
    #expect(t.machine.hosts[0].state == .unregistered)
    t(
      1, Self.ask,
      [.send(channel: 50, .refused(.noHealthyHost, correlation: 7)), .failed(.refused(.noHealthyHost), session: 7)])
    t.given(.register(channel: 1, host: Self.first, certificate: Secret(id: 101)))
    t(2, .register(channel: 4, host: Self.first, certificate: Secret(id: 103)), [.send(channel: 4, .registered)])
    t(3, .channelLost(1))
    t(4, Self.ask, Self.orchestration(4, Secret(id: 103), counter: 1))
  }

  @Test("A host whose channel fell silent is unavailable after three beats, and its channel is closed so that it comes anew")
  func silence() {
    var t = Self.broker()
    t.given(
      .register(channel: 1, host: Self.first, certificate: Secret(id: 101)),
      .register(channel: 2, host: Self.second, certificate: Secret(id: 102)))
    #expect(t.machine.nextDeadline == at(180_000))
    t(60_000, .heartbeat(channel: 2))
    #expect(t.machine.hosts[1].state == .registered(channel: 2, certificate: Secret(id: 102), until: at(240_000)))
    t(179_999, .timer)
    t(180_000, .timer, [.close(channel: 1)])
    #expect(t.machine.hosts[0].state == .unregistered)
    t(180_001, .heartbeat(channel: 1))
    #expect(t.machine.hosts[0].state == .unregistered)
    t(180_002, Self.ask, Self.orchestration(2, Secret(id: 102), counter: 1))
    #expect(t.machine.nextDeadline == at(240_000))
  }

  @Test("An unknown resource, an unknown host and a stray message are refused or told")
  func refuses() {
    var t = Self.broker()
    var request = Cast.request
    request.resource = ComponentKey("nothing")
    t(
      0, .orchestrate(request, gateway: Cast.gateway, fromChannel: 50),
      [.send(channel: 50, .refused(.unknownResource, correlation: 7)), .failed(.refused(.unknownResource), session: 7)])
    t(
      1, .register(channel: 9, host: ComponentKey("rogue"), certificate: .none),
      [.send(channel: 9, .refused(.unknownResource, correlation: 0)), .failed(.refused(.unknownResource), session: 0)])
    t(2, .unexpected(.subscribe, channel: 9), [.failed(.protocolViolation, session: 0)])
    #expect(BrokerOrchestration.Failure.refused(.unknownResource).reason == .resourceUnknown)
    #expect(BrokerOrchestration.Failure.protocolViolation.reason == .protocolViolation)
    #expect(t.machine.nextDeadline == nil)
  }
}

@Suite("The host's agent") struct HostAgentTests {
  static func agent() -> Transcript<HostAgent> {
    Transcript(HostAgent(settings: .init(host: Cast.host, certificate: Cast.certificate)))
  }
  static let registration = HostAgent.Effect.send(.register(host: Cast.host, certificate: Cast.certificate))

  @Test("The agent registers, answers step 9 with step 10, and registers again 5 s after a loss")
  func whole() {
    var t = Self.agent()
    t(0, .channelDown, to: .idle)
    t(0, .start, [.openChannel], to: .opening)
    t(10, .channelUp, [Self.registration], to: .registering(until: at(30_010)))
    t(20, .received(.registered), [.milestone(.hostRegistered, correlation: 0)], to: .registered)
    t(
      30, .received(.initialize(connection: 77, correlation: 7, gateway: Cast.gateway)),
      [
        .milestone(.hostInitialized, correlation: 7), .connectToGateway(Cast.gateway, connection: 77, correlation: 7),
      ], to: .registered)
    t(31, .received(.subscribe), to: .registered)
    t(40, .channelDown, [.milestone(.hostChannelLost, correlation: 0)], to: .waiting(until: at(5_040)))
    t(41, .received(.initialize(connection: 78, correlation: 8, gateway: Cast.gateway)))
    t(5_039, .timer)
    t(5_040, .timer, [.openChannel], to: .opening)
    t(5_041, .channelDown, to: .waiting(until: at(10_041)))
    #expect(t.machine.nextDeadline == at(10_041))
  }

  @Test("A broker that does not answer, or loses the channel meanwhile, is tried again")
  func silence() {
    var t = Self.agent()
    t.given(.start, .channelUp)
    var u = t
    t(29_999, .timer)
    t(30_000, .timer, [.closeChannel], to: .waiting(until: at(35_000)))
    u(5, .channelDown, to: .waiting(until: at(5_005)))
  }

  @Test("A refused registration and a stray message end the agent")
  func failures() {
    var t = Self.agent()
    t.given(.start)
    var early = t
    early(1, .received(.registered), [.closeChannel, .failed(.protocolViolation)], to: .failed(.protocolViolation))
    t.given(.channelUp)
    var stray = t
    stray(1, .received(.subscribe), [.closeChannel, .failed(.protocolViolation)])
    t(
      1, .received(.refused(.unknownResource, correlation: 0)), [.closeChannel, .failed(.refused(.unknownResource))],
      to: .failed(.refused(.unknownResource)))
    t(2, .start)
    #expect(HostAgent.Failure.refused(.unknownResource).reason == .noHealthyHost)
    #expect(HostAgent.Failure.protocolViolation.reason == .protocolViolation)
  }
}
