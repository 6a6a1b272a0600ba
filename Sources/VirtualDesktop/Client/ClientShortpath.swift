// Both kinds of Shortpath on the client, run at the same time; the first whose tunnel the host accepts is used, the other abandoned.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import Trace
import Wire

protocol ClientShortpathOwner: AnyObject {
  func send(candidates list: CandidateList)
  func established(_ flow: ClientFlow, _ reason: Reason)
  /// Neither came through; `tried` tells whether one was tried at all.
  func allAttemptsEnded(tried: Bool)
  func tunnelLost(_ flow: ClientFlow)
  func tunnel(_ flow: ClientFlow, delivered message: RDPMessage)
  var readsTunnel: Bool { get }
}

final class ClientShortpath: ClientFlowOwner, ICEEndpointOwner, DatagramHandler {
  private enum Attempt: Equatable {
    /// It is not known yet whether there will be one.
    case awaited
    case running
    case notTried
    case failed
    case won
    case abandoned
    var hasEnded: Bool { self != .awaited && self != .running }
  }

  private let session: Int
  /// How many connections the session had before.
  private let generation: Int
  private var connection: Correlation { Correlation(session: session, generation: generation) }
  private let requestID: UInt32
  private let cookie: Secret
  private let host: HostIdentity
  private unowned(unsafe) let role: ClientRole
  private unowned(unsafe) var owner: any ClientShortpathOwner
  private let stack: HostStack
  private let node: NodeID
  private var managed = Attempt.awaited
  private var open = Attempt.awaited
  private var listenerFlows: [ClientFlow] = []
  private var listenerSockets: [UDPSocket] = []
  private var listenerReason = Reason.noAnswer
  private var ice: ICEEndpoint?
  private var hostList: CandidateList?
  /// Whether the own list has been sent.
  private var answered = false
  private var publicFlow: ClientFlow?
  private var winner: ClientFlow?

  init(
    session: Int, generation: Int, requestID: UInt32, cookie: Secret, host: HostIdentity, role: ClientRole,
    owner: any ClientShortpathOwner
  ) {
    self.session = session
    self.generation = generation
    self.requestID = requestID
    self.cookie = cookie
    self.host = host
    self.role = role
    self.owner = owner
    self.stack = role.stack
    self.node = role.node
    stack.keep(self)
  }

  /// - Parameter candidates: whether the host will send some.
  func start(listener: [Endpoint], candidates: Bool) {
    if !candidates { open = .notTried }
    if listener.isEmpty { managed = .notTried } else { probe(listener) }
  }

  // MARK: Managed networks

  /// Probes all of the host's addresses at once, in the background of the connection that goes on.
  private func probe(_ listener: [Endpoint]) {
    managed = .running
    tell(.managed, .pending, .none)
    stack.recorder.milestone(.listenerProbed, at: node, session: session, attempt: .managed)
    for (row, remote) in listener.enumerated() {
      let subject = luck(mix(UInt64(session), 3390, remote.hash), generation: generation)
      // Connected sockets, as any that serves one peer: they keep the address they begin with (*assumed*).
      guard let out = stack.network.route(remote.address, from: node, bound: .none),
        let socket = stack.openUDP(
          at: node, interface: out, v6: !remote.address.isV4, subject: subject, handler: self, tag: row)
      else { continue }
      let way = role.settings.ways.first { $0.interface == out }
      let conversation = stack.open(
        .listener, by: node, session: session, attempt: .managed, subject: luck(remote.hash, generation: generation))
      stack.tellSleepingTunnel(from: socket.local, to: remote, .udp, in: conversation, at: node)
      let flow = ClientFlow(
        .managed, route: way?.name(toward: remote.address) ?? "internet", on: socket, to: remote, in: conversation,
        of: connection, requestID: requestID, cookie: cookie, host: host, owner: self)
      listenerSockets.append(socket)
      listenerFlows.append(flow)
    }
    if listenerFlows.isEmpty { return end(.managed, .failed, .noListenerAddress) }
    for flow in listenerFlows { flow.start() }
  }

  // MARK: Public networks

  /// The host's list has come: now the client gathers too.
  func received(_ list: CandidateList) {
    guard winner == nil, open == .awaited else { return }
    open = .running
    hostList = list
    tell(.public, .pending, .none)
    let endpoint = ICEEndpoint(
      at: node, session: session, generation: generation, role: .controlling, ways: role.settings.ways,
      settings: ICEEndpoint.Settings(
        stunServers: role.settings.stunServers, timing: role.settings.timing, terms: list.terms, ports: list.terms.clientPorts),
      stack: stack, owner: self)
    ice = endpoint
    stack.recorder.milestone(.clientGathering, at: node, session: session, attempt: .public)
    endpoint.gather()
  }

  func gathered(_ list: CandidateList) {
    guard open == .running, let hostList else { return }
    answered = true
    stack.recorder.milestone(.clientCandidatesSent, at: node, session: session, attempt: .public)
    owner.send(candidates: list)
    stack.recorder.milestone(.checksStarted, at: node, session: session, attempt: .public)
    ice?.check(against: hostList)
  }

  func selected(_ flow: ICEEndpoint.Flow) {
    guard open == .running, publicFlow == nil else { return }
    stack.recorder.milestone(.pairChosen, at: node, session: session, attempt: .public)
    let client = ClientFlow(
      .public, route: flow.route, on: flow.socket, to: flow.remote, in: flow.conversation, of: connection, requestID: requestID,
      cookie: cookie, host: host, owner: self)
    publicFlow = client
    client.start()
  }

  func iceFailed(_ failure: ICEAgent.Failure) {
    switch failure {
    case .noPairs: end(.public, .failed, .noCandidatePairs)
    case .allPairsFailed, .notNominated: end(.public, .failed, .allPairsFailed)
    }
  }

  func datagram(_ datagram: RDPUDPDatagram, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard let publicFlow, publicFlow.carrier.remote == packet.source, !publicFlow.isOver else { return .refused(.attemptClosed) }
    publicFlow.carrier.receive(datagram)
    return .taken
  }

  // MARK: From the listener's sockets

  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .rdpUDP(let datagram) = message,
      let flow = listenerFlows.first(where: { $0.carrier.socket === socket && $0.carrier.remote == packet.source })
    else { return .refused(.unexpected) }
    if flow.isOver { return .refused(.attemptClosed) }
    flow.carrier.receive(datagram)
    return .taken
  }

  func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket) {
    listenerFlows.first { $0.carrier.socket === socket && $0.carrier.remote == remote }?
      .carrier.unreachable(hard: BindingTransaction.isHard(kind))
  }

  // MARK: The race

  func flowEstablished(_ flow: ClientFlow) {
    guard winner == nil else { return flow.cancel() }
    winner = flow
    let won = flow.transport
    let rival = won == .managed ? open : managed
    tell(won, .won, reason(of: won, rival: rival))
    if won == .managed { managed = .won } else { open = .won }
    let why = reason(of: won, rival: rival)
    abandonLosers(except: flow)
    owner.established(flow, why)
  }

  private func reason(of won: Transport, rival: Attempt) -> Reason {
    if rival == .running || rival == .awaited { return .establishedFirst }
    if won == .managed { return rival == .notTried ? .onlyTransport : .onlyDirectPath }
    return (ice?.validPairs ?? 0) > 1 ? .lowestRoundTrip : .onlyDirectPath
  }

  private func abandonLosers(except winner: ClientFlow) {
    for flow in listenerFlows where flow !== winner { flow.cancel() }
    if winner.transport == .managed {
      publicFlow?.cancel()
      ice?.cancel()
      if !open.hasEnded {
        open = .abandoned
        tell(.public, .abandoned, .lostRace)
      }
    } else if managed == .running {
      managed = .abandoned
      tell(.managed, .abandoned, .lostRace)
    }
  }

  func flowFailed(_ flow: ClientFlow, _ reason: Reason) {
    if flow === winner { return owner.tunnelLost(flow) }
    switch flow.transport {
    case .managed:
      listenerReason = reason
      if listenerFlows.allSatisfy(\.isOver) { end(.managed, .failed, listenerReason) }
    case .public: end(.public, .failed, reason)
    case .reverseConnect, .relayed: break
    }
  }

  func flow(_ flow: ClientFlow, delivered message: RDPMessage) { owner.tunnel(flow, delivered: message) }
  var readsTunnel: Bool { owner.readsTunnel }

  private func tell(_ transport: Transport, _ outcome: AttemptOutcome, _ reason: Reason) {
    stack.recorder.attempt(transport, outcome, reason, at: node, session: session)
  }

  private func end(_ transport: Transport, _ outcome: AttemptOutcome, _ reason: Reason) {
    let attempt = transport == .managed ? managed : open
    guard !attempt.hasEnded else { return }
    if transport == .managed { managed = .failed } else { open = .failed }
    tell(transport, outcome, reason)
    endIfDone()
  }

  private func endIfDone() {
    guard winner == nil, managed.hasEnded, open.hasEnded else { return }
    owner.allAttemptsEnded(tried: managed == .failed || open == .failed)
  }

  /// The session is over: whatever still runs is given up.
  /// - Parameter reason: `signallingLost` when the base transport is gone, which matters to lists that were still to cross it.
  func cancel(_ reason: Reason) {
    for flow in listenerFlows { flow.cancel() }
    for socket in listenerSockets { socket.close() }
    publicFlow?.cancel()
    ice?.cancel()
    tellEnd(reason)
  }

  /// Tells the end of whatever has not ended, and does nothing about it.
  func tellEnd(_ reason: Reason) {
    for (transport, attempt) in [(Transport.managed, managed), (.public, open)] where !attempt.hasEnded {
      // What still comes, such as the host's list, starts nothing any more.
      let cut = reason == .signallingLost && transport == .public && attempt == .running && !answered
      let end = cut ? Attempt.failed : .abandoned
      if transport == .managed { managed = end } else { open = end }
      if cut { tell(transport, .failed, .signallingLost) } else { tell(transport, .abandoned, .sessionEnded) }
    }
  }
}
