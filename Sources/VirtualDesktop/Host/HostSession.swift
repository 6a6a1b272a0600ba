// A session on its host: the leg to the gateway, RDP's phases, both kinds of Shortpath, Soft-Sync, and the channels.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import Trace
import Wire

final class HostSession: ServiceChannelOwner, BaseTransportOwner, HostFlowOwner, ICEEndpointOwner {
  let ordinal: Int
  /// How many connections the session had here before.
  let generation: Int
  private unowned(unsafe) let role: SessionHostRole
  private let stack: HostStack
  private let node: NodeID
  private let connection: UInt64
  private var ordinals: Correlation { Correlation(session: ordinal, generation: generation) }
  private var leg: ServiceChannel?
  private var base: BaseTransport?
  private var rdp: RDPServerSequence
  private var softSync: SoftSyncServer
  private var firstFound = FirstFound()
  private let requestID = HostSession.requestID
  private let cookie: Secret
  private var ice: ICEEndpoint?
  private var listSent = false
  private var listReceived = false
  /// Every UDP transport a client has begun, in order.
  private var flows: [HostFlow] = []
  private var winner: HostFlow?
  private var traffic: ChannelTraffic?
  private var rttSince: SimTime?
  private var baseIsOver = false
  private var isOver = false
  private var isAuthenticated = false
  /// The id of a connection's only reliable request. MS-RDPBCGR §2.2.15.1 wants it unique in its connection and no more, so that
  /// anybody can guess it (*assumed*); what nobody can is the cookie.
  static let requestID: UInt32 = 1
  /// UDP transports of one session by one way, and on a host's listener in all, that have begun and whose tunnel is not accepted yet
  /// (*assumed*: a client begins one for each address of the host, and one for the pair it chose).
  static let maximumHandshakes = 8
  static let maximumHandshakesInAll = 64

  /// For TCP and TLS to the gateway (*assumed*): shorter than the gateway waits, so that the host's own report comes first.
  static let joiningLimit = SimDuration.seconds(25)
  /// For the upgrade after that (*assumed*): a little longer than a gateway keeps a host that came early.
  static let upgradeLimit = GatewayRole.patience + .seconds(5)
  private var upgrade: Alarm?

  init(_ correlation: Correlation, on role: SessionHostRole, gateway: GatewayReference, connection: UInt64) {
    ordinal = Int(correlation.session)
    generation = Int(correlation.generation)
    self.role = role
    self.stack = role.stack
    self.node = role.node
    self.connection = connection
    let key = role.stack.recorder.key(of: role.node)
    let subject = luck(mix(UInt64(correlation.session), 2), generation: Int(correlation.generation))
    cookie = Secret(id: role.stack.chance.draw(key, .cookie, subject))
    let settings = role.settings
    let offers = settings.shortpath.offers
    let listener = role.listenerAddresses
    var terms = RDPServerSequence.Settings(
      token: settings.admission.signIn ? ServiceTrust.directoryKey : ServiceTrust.strangeKey,
      offer: offers
        ? RDPServerSequence.Offer(
          requestID: requestID, cookie: cookie, listener: listener, candidates: settings.shortpath.ice == nil) : nil)
    terms.licensed = settings.admission.licensed
    terms.requiresGraphicsPipeline = settings.admission.requiresGraphicsPipeline
    rdp = RDPServerSequence(settings: terms)
    softSync = SoftSyncServer(keepsBase: settings.keepsReverseConnect)
    stack.keep(self)
    let conversation = stack.open(.gatewayHost, by: node, session: ordinal, subject: connection)
    leg = ServiceChannel(
      from: node, to: gateway.endpoint, name: gateway.name, tls: role.settings.tls, through: role.settings.proxy,
      in: conversation, stack: stack, owner: self, limit: Self.joiningLimit)
    if !offers { tellForbidden() }
  }

  // MARK: The leg to the gateway

  func channelUp(_ channel: ServiceChannel) {
    channel.send(.hostJoin(connection: connection))
    // The gateway may die without a word before it upgrades; it keeps an early host for its own patience.
    upgrade = Alarm(stack, at: node) { [unowned self] in if self.base == nil { channel.close() } }
    upgrade?.set(stack.now + Self.upgradeLimit)
  }

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) {
    guard case .switchingProtocols = message, base == nil, !isOver else { return channel.close() }
    upgrade?.set(nil)
    base = BaseTransport(over: channel.secure, owner: self)
    base?.open()
  }

  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) {
    guard base == nil, !isOver else { return }
    stack.recorder.failure(loss.reason(unreachable: .gatewayUnreachable), at: node, session: ordinal)
    baseIsOver = true
    end()
  }

  // MARK: RDP

  func baseSecured() { feed(.secured) }
  func base(received message: RDPMessage) { feed(.received(message)) }
  func baseInsecure(_ loss: ChannelLoss) { feed(.securityFailed(loss)) }

  func baseEnded(_ loss: ChannelLoss) {
    guard !baseIsOver else { return }
    baseIsOver = true
    // After the switch-over a base is missed only by a tunnel that is gone.
    if isOver { return }
    if softSync.state == .switched {
      if winner?.isOver ?? true { end() }
      return
    }
    tellCutSignalling()
    feed(.baseLost)
    feedSoftSync(.baseLost)
    end()
  }

  private func feed(_ input: RDPServerSequence.Input) {
    var effects: [RDPServerSequence.Effect] = []
    rdp.handle(input, at: stack.now, into: &effects)
    for effect in effects where effect != .startShortpath { perform(effect) }
    // Shortpath runs beside the connection: what it sends stands behind what the sequence itself had to say, the offer among it.
    if effects.contains(.startShortpath) { startShortpath() }
  }

  private func perform(_ effect: RDPServerSequence.Effect) {
    switch effect {
    case .send(let message): sendOnBase(message)
    case .secure: base?.secure(role.handshake)
    case .roundTrip(let value): stack.recorder.roundTrip(value, on: .reverseConnect, at: node, session: ordinal)
    case .startShortpath: break
    // The client knows why it offers no UDP, and has told.
    case .shortpathUnsupported: break
    case .deliver(let message): deliver(message)
    case .milestone(let milestone):
      stack.recorder.milestone(milestone, at: node, session: ordinal)
      if milestone == .rdpAuthenticated {
        isAuthenticated = true
        judgeEffects(.authenticated)
      }
    case .ended: endAttempts()
    case .failed(let failure):
      stack.recorder.failure(failure.reason, at: node, session: ordinal)
      endAttempts()
    }
    if rdp.state == .active, traffic == nil { becomeActive() }
  }

  private func sendOnBase(_ message: RDPMessage) { base?.write(message) }

  private func becomeActive() {
    let workload = role.settings.workload(of: ordinal)
    let traffic = ChannelTraffic(at: node, of: ordinals, sends: .graphics, workload, stack: stack) { [unowned self] in
      self.sendChannel($0)
    } fellSilent: { [unowned self] in
      if !self.softSync.sendsOnTunnel { self.base?.keepWarm(at: self.node) }
    }
    self.traffic = traffic
    traffic.start()
    if let winner, !winner.isOver { feedSoftSync(.start) }
  }

  private func sendChannel(_ message: RDPMessage) -> Transport? {
    if softSync.sendsOnTunnel {
      guard let winner, !winner.isOver else { return nil }
      winner.write(message)
      return winner.transport
    }
    guard !baseIsOver else { return nil }
    sendOnBase(message)
    return .reverseConnect
  }

  private func deliver(_ message: RDPMessage) {
    switch message {
    case .channelData(let channel, let length, let number): traffic?.took(channel, length, number, over: .reverseConnect)
    case .softSyncResponse, .channelsResume: feedSoftSync(.received(message))
    case .shortpathCandidates(let list):
      listReceived = true
      guard let ice, !ice.isOver else { return }
      ice.check(against: list)
    default: break
    }
  }

  // MARK: Shortpath

  private func startShortpath() {
    tellForbidden()
    judgeEffects(.offered(requestID: requestID, cookie: cookie, authenticated: isAuthenticated))
    stack.recorder.offer(requestID: requestID, cookie: cookie, at: node, of: ordinals)
    let policy = role.settings.shortpath
    if policy.managed == nil {
      role.listener?.expect(self, cookie: cookie)
      stack.recorder.milestone(.listenerOffered, at: node, session: ordinal, attempt: .managed)
    }
    guard policy.ice == nil else { return }
    let endpoint = ICEEndpoint(
      at: node, session: ordinal, generation: generation, role: .controlled, ways: role.settings.ways,
      settings: ICEEndpoint.Settings(
        stunServers: role.settings.stunServers, timing: role.settings.timing, terms: policy.terms, ports: nil),
      stack: stack, owner: self)
    ice = endpoint
    if let setting = policy.narrowing {
      stack.recorder.attempt(.public, .pending, .none, at: node, session: ordinal, setting: setting)
    }
    stack.recorder.milestone(.hostGathering, at: node, session: ordinal, attempt: .public)
    endpoint.gather()
  }

  private func tellForbidden() {
    let policy = role.settings.shortpath
    for (transport, why) in [(Transport.managed, policy.managed), (.public, policy.ice), (.relayed, policy.relayed)] {
      guard let why else { continue }
      stack.recorder.attempt(transport, .notTried, why.reason, at: node, session: ordinal, setting: why.setting)
    }
  }

  func gathered(_ list: CandidateList) {
    guard !baseIsOver else { return }
    stack.recorder.milestone(.hostCandidatesSent, at: node, session: ordinal, attempt: .public)
    listSent = true
    var list = list
    list.terms = role.settings.shortpath.terms
    sendOnBase(.shortpathCandidates(list))
  }

  /// The own list went out and the client's never came: without the base transport it never will.
  private func tellCutSignalling() {
    guard listSent, !listReceived, winner == nil, !rdp.state.isFinal else { return }
    stack.recorder.attempt(.public, .failed, .signallingLost, at: node, session: ordinal)
  }

  func selected(_ flow: ICEEndpoint.Flow) {}
  func iceFailed(_ failure: ICEAgent.Failure) {}

  func datagram(_ datagram: RDPUDPDatagram, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    if let flow = flows.first(where: { $0.remote == packet.source && $0.carrier.socket === socket && !$0.isOver }) {
      return flow.receive(datagram)
    }
    guard case .syn(let hash) = datagram.kind else { return .refused(.attemptClosed) }
    guard hash == cookie.hashed else { return .refused(.cookieHashUnknown) }
    switch admit(.public, on: socket, datagram, packet) {
    case .begun(let flow): return flow.receive(datagram)
    case .refused(let reason): return .refused(reason)
    }
  }

  /// What becomes of a SYN with this session's cookie hash.
  enum Admission {
    case begun(HostFlow)
    case refused(DropReason)
  }

  /// A SYN with this session's cookie hash from an address that has no handshake: begins one unless it is a copy of another's (its
  /// initial sequence is known: *assumed*), the race is over, ICE knows no such peer (*assumed*), or too many have begun.
  func admit(_ transport: Transport, on socket: UDPSocket, _ syn: RDPUDPDatagram, _ packet: Packet) -> Admission {
    if flows.contains(where: { !$0.isOver && $0.clientStream == syn.stream }) { return .refused(.replayed) }
    guard winner == nil, !baseIsOver else { return .refused(.attemptClosed) }
    if transport == .public, ice?.knows(packet.source, on: socket) != true { return .refused(.wrongSource) }
    retireFlows()
    guard unprovenFlows(of: transport) < Self.maximumHandshakes,
      transport == .public || role.unprovenFlows < Self.maximumHandshakesInAll
    else {
      return .refused(.tooManyHandshakes)
    }
    let flow = HostFlow(
      transport, on: socket, answering: packet, session: ordinal, tls: role.handshake, owner: self)
    flows.append(flow)
    return .begun(flow)
  }

  func unprovenFlows(of transport: Transport) -> Int {
    flows.count { $0.transport == transport && !$0.isOver && !$0.isProven }
  }

  /// Frees what finished flows held, once none of them is at work: when the next SYN comes.
  private func retireFlows() {
    for flow in flows where flow.isOver {
      role.listener?.forget(flow)
      flow.retire()
    }
    flows.removeAll(where: \.isOver)
  }

  private func judgeEffects(_ input: FirstFound.Input) {
    var effects: [FirstFound.Effect] = []
    firstFound.handle(input, at: stack.now, into: &effects)
  }

  func judge(_ flow: HostFlow, requestID: UInt32, cookie: Secret) -> FirstFound.Verdict {
    let verdict = verdict(on: flow, requestID: requestID, cookie: cookie)
    let told: TunnelVerdict =
      switch verdict {
      case .accept: .accepted
      case .refuse: .refused
      case .drop: .dropped
      }
    stack.recorder.tunnelRequest(
      told, requestID: requestID, cookie: cookie, on: flow.transport, from: flow.remote, at: node, of: ordinals)
    return verdict
  }

  private func verdict(on flow: HostFlow, requestID: UInt32, cookie: Secret) -> FirstFound.Verdict {
    var effects: [FirstFound.Effect] = []
    firstFound.handle(.tunnelRequested(flow.transport, requestID: requestID, cookie: cookie), at: stack.now, into: &effects)
    guard case .verdict(_, let verdict) = effects.first else { return .drop(.attemptClosed) }
    return verdict
  }

  func flowEstablished(_ flow: HostFlow) {
    winner = flow
    for loser in flows where loser !== flow { loser.cancel() }
    if flow.transport == .managed { ice?.cancel() }
    if rdp.state == .active { feedSoftSync(.start) }
  }

  func flowEnded(_ flow: HostFlow) {
    guard flow === winner else { return }
    stack.recorder.failure(.pathLost, at: node, session: ordinal)
    feedSoftSync(.tunnelLost)
    // A warm reverse connect is the client's to fall back on.
    if softSync.state == .switched, baseIsOver || !role.settings.keepsReverseConnect { end() }
  }

  var readsTunnel: Bool { softSync.readsTunnel }

  func flow(_ flow: HostFlow, delivered message: RDPMessage) {
    switch message {
    case .channelData(let channel, let length, let number): traffic?.took(channel, length, number, over: flow.transport)
    case .rttMeasureResponse:
      if let since = rttSince {
        rttSince = nil
        stack.recorder.roundTrip(stack.now - since, on: flow.transport, at: node, session: ordinal)
      }
    default: break
    }
  }

  private func feedSoftSync(_ input: SoftSyncServer.Input) {
    var effects: [SoftSyncServer.Effect] = []
    softSync.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): sendOnBase(message)
      case .switchSending: if let winner { traffic?.sends(on: winner.transport) }
      case .readTunnel:
        if let winner { traffic?.reads(on: winner.transport) }
        winner?.resume()
      case .milestone(let milestone):
        stack.recorder.milestone(milestone, at: node, session: ordinal, attempt: winner?.transport ?? .reverseConnect)
      case .closeBase: base?.close()
      case .keepBase: base?.keepWarm(at: node)
      case .resume(let positions):
        winner?.cancel()
        sendOnBase(.channelsResume(traffic?.expected ?? ChannelPositions()))
        traffic?.resume(from: positions)
      case .finished: measure()
      // What went into the tunnel since the request is lost: a session with a gap does not go on.
      case .failed:
        winner?.cancel()
        if !baseIsOver { base?.close() }
      }
    }
  }

  /// Continuous auto-detection (MS-RDPBCGR §2.2.14): the round trip on the transport now in use.
  private func measure() {
    rttSince = stack.now
    winner?.write(.rttMeasureRequest(sequence: 2))
  }

  /// The client has come again: whatever this connection still has is closed.
  func replace() {
    guard !isOver else { return }
    stack.recorder.milestone(.replaced, at: node, session: ordinal)
    end()
  }

  private func end() {
    guard !isOver else { return }
    isOver = true
    traffic?.stop()
    endAttempts()
    for flow in flows { flow.cancel() }
    if let base { base.close() } else { leg?.close() }
  }

  func beQuiet() { traffic?.stop() }

  private func endAttempts() {
    judgeEffects(.closed)
    role.listener?.forget(cookie: cookie)
    ice?.cancel()
  }

  func tellTotals() { traffic?.tellTotals() }
}
