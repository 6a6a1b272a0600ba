// One connection of a session on the client: gateway, base transport, RDP's phases, and the switch-over to whichever Shortpath is
// found first.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import Trace
import Wire

protocol ClientConnectionOwner: AnyObject {
  /// The desktop shows.
  func connectionActive()
  /// Nothing about the connection is undecided any more.
  func connectionSettled()
  /// It failed or was lost; told once.
  func fail(_ reason: Reason)
}

final class ClientConnection: ServiceChannelOwner, BaseTransportOwner, ClientShortpathOwner {
  private let ordinal: Int
  /// How many connections the session had before.
  private let generation: Int
  unowned(unsafe) private let owner: any ClientConnectionOwner
  private let resource: ComponentKey
  private unowned(unsafe) let role: ClientRole
  private let stack: HostStack
  private let node: NodeID
  private var connection: Correlation { Correlation(session: ordinal, generation: generation) }
  private var probing: GatewayProbing?
  private var connect: GatewayClientConnect?
  private var connectAlarm: Alarm?
  private var gatewayChannel: ServiceChannel?
  /// The way on which the gateway, or the proxy before it, was connected to.
  private var baseRoute = "internet"
  private var base: BaseTransport?
  private var host: HostIdentity?
  private var token: AccessToken?
  /// Why this connection does not use UDP: the client's own settings, or what its connection configuration says.
  private var udpForbidden: Forbidden?
  private var rdp: RDPClientSequence?
  private var softSync = SoftSyncClient()
  private var shortpath: ClientShortpath?
  private var traffic: ChannelTraffic?
  private var winner: ClientFlow?
  private var answeredOnTunnel = false
  private var isOver = false
  private var decided = false
  /// Whether the loss of its tunnel is told already, and nothing has resumed yet.
  private(set) var isInterrupted = false
  private var limit: Alarm?

  /// From the click to the desktop: a peer may have died without a word while it was this side's turn to wait (*assumed*).
  static let connectionLimit = SimDuration.seconds(120)

  init(_ ordinal: Int, generation: Int, resource: ComponentKey, of role: ClientRole, owner: any ClientConnectionOwner) {
    self.ordinal = ordinal
    self.generation = generation
    self.owner = owner
    self.resource = resource
    self.role = role
    self.stack = role.stack
    self.node = role.node
    stack.keep(self)
  }

  // MARK: Steps 7 to 11

  /// Begins with the choice of a gateway.
  func open(_ configurations: [ConnectionConfiguration], _ token: AccessToken) {
    limit = Alarm(stack, at: node) { [unowned self] in self.fail(.connectionLost) }
    limit?.set(stack.now + Self.connectionLimit)
    guard let configuration = configurations.first(where: { $0.resource == resource }) else { return fail(.resourceUnknown) }
    self.token = token
    udpForbidden = role.settings.udpForbidden(under: configuration)
    if let udpForbidden {
      for transport in [Transport.managed, .public, .relayed] {
        stack.recorder.attempt(
          transport, .notTried, udpForbidden.reason, at: node, session: ordinal, setting: udpForbidden.setting)
      }
    }
    let probing = GatewayProbing(
      configuration.gateways, at: node, session: ordinal, generation: generation, through: role.settings.proxy, stack: stack,
      chosen: { [unowned self] in self.connect(to: $0) }, failed: { [unowned self] in self.fail($0) })
    self.probing = probing
    probing.start()
  }

  private func connect(to gateway: GatewayReference) {
    guard let token else { return }
    let request = ConnectionRequest(
      resource: resource, token: token,
      correlation: connection)
    connect = GatewayClientConnect(settings: GatewayClientConnect.Settings(request: request))
    connectAlarm = Alarm(stack, at: node) { [unowned self] in self.feedConnect(.timer) }
    let conversation = stack.open(
      .gatewayClient, by: node, session: ordinal, subject: luck(gateway.name.value, generation: generation))
    gatewayChannel = ServiceChannel(
      from: node, to: gateway.endpoint, name: gateway.name, tls: role.settings.tls, through: role.settings.proxy,
      in: conversation, stack: stack, owner: self)
    let out = gatewayChannel.flatMap { stack.network.route($0.socket.remote.address, from: node, bound: .none) }
    baseRoute = role.settings.ways.first { $0.interface == out }?.route ?? "internet"
  }

  func channelUp(_ channel: ServiceChannel) { feedConnect(.start) }
  func channel(_ channel: ServiceChannel, received message: ServiceMessage) { feedConnect(.received(message)) }
  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) { if base == nil { feedConnect(.channelLost(loss)) } }

  private func feedConnect(_ input: GatewayClientConnect.Input) {
    var effects: [GatewayClientConnect.Effect] = []
    connect?.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): gatewayChannel?.send(message)
      case .milestone(let milestone): stack.recorder.milestone(milestone, at: node, session: ordinal)
      case .baseTransport(let certificate): startRDP(pinned: certificate)
      case .close: gatewayChannel?.close()
      case .failed(let failure): fail(failure.reason)
      }
    }
    connectAlarm?.set(connect?.nextDeadline)
  }

  // MARK: RDP over the base transport

  private func startRDP(pinned certificate: Secret) {
    guard let gatewayChannel, let token else { return }
    host = HostIdentity(name: resource, pinned: certificate, policy: role.settings.tls)
    // A client that may not use UDP does not offer it.
    let flags: MultitransportFlags = udpForbidden == nil ? [.udpFECR, .softSyncTCPToUDP] : []
    var settings = RDPClientSequence.Settings(token: token.signature, multitransport: flags)
    settings.graphicsPipeline = role.settings.graphicsPipeline
    rdp = RDPClientSequence(settings: settings)
    base = BaseTransport(over: gatewayChannel.secure, owner: self)
    feed(.start)
  }

  func baseSecured() {
    if let key = base?.peerCertificate?.fingerprint {
      stack.recorder.certificate(key, on: .reverseConnect, at: node, of: connection)
    }
    feed(.secured)
  }
  func base(received message: RDPMessage) { feed(.received(message)) }
  func baseInsecure(_ loss: ChannelLoss) { feed(.securityFailed(loss)) }

  func baseEnded(_ loss: ChannelLoss) {
    if loss == .addressLost, !softSync.sendsOnTunnel { return fail(.addressLost) }
    feedSoftSync(.baseClosed)
    if !softSync.sendsOnTunnel { feed(.baseLost) }
    settleIfDone()
  }

  private func feed(_ input: RDPClientSequence.Input) {
    var effects: [RDPClientSequence.Effect] = []
    rdp?.handle(input, at: stack.now, into: &effects)
    for effect in effects { perform(effect) }
  }

  private func perform(_ effect: RDPClientSequence.Effect) {
    switch effect {
    case .send(let message): sendOnBase(message)
    case .secure:
      let key = Secret(
        id: stack.chance.draw(stack.recorder.key(of: node), .credential, luck(mix(UInt64(ordinal), 20), generation: generation)))
      if let host { base?.secure(host.handshake(key: key)) }
    case .shortpathOffered(let requestID, let cookie, let listener, let candidates):
      guard let host else { return }
      let shortpath = ClientShortpath(
        session: ordinal, generation: generation, requestID: requestID, cookie: cookie, host: host,
        role: role, owner: self)
      self.shortpath = shortpath
      shortpath.start(listener: listener, candidates: candidates)
    case .deliver(let message): deliver(message)
    case .milestone(let milestone):
      stack.recorder.milestone(milestone, at: node, session: ordinal)
      if milestone == .desktop { becomeActive() }
    case .ended: break
    case .failed(let failure): fail(failure.reason)
    }
  }

  private func sendOnBase(_ message: RDPMessage) { base?.write(message) }

  private func becomeActive() {
    if winner == nil { limit?.set(nil) }
    let workload = role.settings.workload(of: ordinal)
    let traffic = ChannelTraffic(at: node, of: connection, sends: .input, workload, stack: stack) { [unowned self] in
      self.sendChannel($0)
    } fellSilent: { [unowned self] in
      if !self.softSync.sendsOnTunnel { self.base?.keepWarm(at: self.node) }
    }
    self.traffic = traffic
    owner.connectionActive()
    traffic.start()
    if shortpath == nil { decide(.reverseConnect, route: baseRoute, .shortpathOff) }
    settleIfDone()
  }

  private func sendChannel(_ message: RDPMessage) -> Transport? {
    if softSync.sendsOnTunnel {
      guard let winner, !winner.isOver else { return nil }
      winner.write(message)
      return winner.transport
    }
    guard base?.isOver == false, !isOver, softSync.mayWrite else { return nil }
    sendOnBase(message)
    return .reverseConnect
  }

  private func deliver(_ message: RDPMessage) {
    switch message {
    case .channelData(let channel, let length, let number): traffic?.took(channel, length, number, over: .reverseConnect)
    case .softSyncRequest, .channelsResume: feedSoftSync(.received(message))
    case .shortpathCandidates(let list): shortpath?.received(list)
    case .rttMeasureRequest(let sequence): sendOnBase(.rttMeasureResponse(sequence: sequence))
    default: break
    }
  }

  // MARK: Shortpath

  func send(candidates list: CandidateList) { sendOnBase(.shortpathCandidates(list)) }

  func established(_ flow: ClientFlow, _ reason: Reason) {
    winner = flow
    // The switch-over has its own bound: its other end may die without a word too.
    limit?.set(stack.now + Self.connectionLimit)
    decide(flow.transport, route: flow.route, reason)
    feedSoftSync(.tunnelEstablished)
  }

  func allAttemptsEnded(tried: Bool) {
    // The host may have accepted a tunnel, asked for Soft-Sync, and written into what never answered.
    feedSoftSync(.tunnelLost)
    if tellInterruption() { return }
    decide(.reverseConnect, route: baseRoute, tried ? .noUDPPath : .shortpathOff)
    settleIfDone()
  }

  /// Without a warm reverse connect there is no way back: once the tunnel is established the host writes into it, and what it wrote
  /// is lost.
  func tunnelLost(_ flow: ClientFlow) {
    stack.recorder.attempt(flow.transport, .failed, .pathLost, at: node, session: ordinal)
    feedSoftSync(.tunnelLost)
    if !tellInterruption() { fail(.pathLost) }
  }

  /// Whether a tunnel that is lost leaves a warm reverse connect to go on with.
  private func tellInterruption() -> Bool {
    guard softSync.state == .resuming else { return false }
    stack.recorder.failure(.pathLost, at: node, session: ordinal)
    stack.recorder.milestone(.interrupted, at: node, session: ordinal)
    isInterrupted = true
    return true
  }

  var readsTunnel: Bool { softSync.readsTunnel }

  func tunnel(_ flow: ClientFlow, delivered message: RDPMessage) {
    switch message {
    case .channelData(let channel, let length, let number): traffic?.took(channel, length, number, over: flow.transport)
    case .rttMeasureRequest(let sequence):
      flow.write(.rttMeasureResponse(sequence: sequence))
      answeredOnTunnel = true
      settleIfDone()
    default: break
    }
  }

  private func feedSoftSync(_ input: SoftSyncClient.Input) {
    var effects: [SoftSyncClient.Effect] = []
    softSync.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): sendOnBase(message)
      case .switchSending: if let winner { traffic?.sends(on: winner.transport) }
      case .readTunnel:
        if let winner { traffic?.reads(on: winner.transport) }
        winner?.resume()
      case .keepBase: base?.keepWarm(at: node)
      case .resume: sendOnBase(.channelsResume(traffic?.expected ?? ChannelPositions()))
      case .resumeSending(let positions):
        isInterrupted = false
        decided = false
        decide(.reverseConnect, route: baseRoute, .resumed)
        traffic?.resume(from: positions)
        settleIfDone()
      case .milestone(let milestone):
        let carrier = milestone == .resumed ? nil : winner?.transport
        stack.recorder.milestone(milestone, at: node, session: ordinal, attempt: carrier ?? .reverseConnect)
      case .finished: break
      case .failed(let failure): if decided { fail(failure.reason) }
      }
    }
  }

  // MARK: The end

  private func decide(_ transport: Transport, route: String, _ reason: Reason) {
    guard !decided else { return }
    decided = true
    stack.recorder.decision(transport, route: route, reason, at: node, of: connection)
  }

  private func fail(_ reason: Reason) {
    guard !isOver else { return }
    abandon(reason == .connectionLost || reason == .addressLost ? .signallingLost : .sessionEnded)
    owner.fail(reason)
  }

  /// Ends it, whatever it is at; `reason` is that of the attempts that end with it.
  func abandon(_ reason: Reason = .sessionEnded) {
    guard !isOver else { return }
    isOver = true
    limit?.set(nil)
    traffic?.stop()
    // What still comes from gateways, or over the base transport, drives nothing any more.
    probing?.cancel()
    connect = nil
    connectAlarm?.set(nil)
    rdp = nil
    shortpath?.cancel(reason)
    winner?.cancel()
    gatewayChannel?.close()
  }

  /// The machine is gone, and everything that could end orderly with it.
  func vanish() {
    if !isOver { shortpath?.tellEnd(.sessionEnded) }
    isOver = true
  }

  private func settleIfDone() {
    guard decided, !isOver else { return }
    if winner == nil || softSync.state == .resumed {
      if rdp?.state == .active { settle() }
    } else if softSync.state == .resumed || (softSync.sendsOnTunnel && answeredOnTunnel) {
      settle()
    }
  }

  private func settle() {
    limit?.set(nil)
    owner.connectionSettled()
  }

  func beQuiet() { traffic?.stop() }

  func tellTotals() { traffic?.tellTotals() }
}
