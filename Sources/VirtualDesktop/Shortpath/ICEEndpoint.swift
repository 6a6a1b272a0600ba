// One side of Shortpath for public networks on a host: a socket per interface, gathering, then checks; whatever else comes to those
// sockets is handed to the owner.
import HostStack
import NetworkModel
import Protocols
public import SimulationKernel
import Trace
public import Wire

protocol ICEEndpointOwner: AnyObject {
  func gathered(_ list: CandidateList)
  func selected(_ flow: ICEEndpoint.Flow)
  func iceFailed(_ failure: ICEAgent.Failure)
  /// An RDP-UDP datagram came to one of the sockets.
  func datagram(_ datagram: RDPUDPDatagram, _ packet: Packet, on socket: UDPSocket) -> Delivery
}

final class ICEEndpoint: DatagramHandler {
  /// The pair that was chosen: where the transport goes on.
  struct Flow {
    var socket: UDPSocket
    var remote: Endpoint
    var conversation: ConversationID
    var pair: Int
    var roundTrip: SimDuration?
    /// The name of the way the local base leads.
    var route: String
  }

  struct Settings {
    var stunServers: [Endpoint]
    var timing: ShortpathTiming
    /// What settings leave of it.
    var terms: ShortpathTerms
    /// Where its ports are drawn from while there are free ones; `nil` for the dynamic range.
    var ports: ClosedRange<UInt16>?
  }

  private let stack: HostStack
  private let node: NodeID
  private let session: Int
  /// How many connections the session had before: each has credentials, ports and luck of its own.
  private let generation: Int
  private let ways: [WayOut]
  private let settings: Settings
  unowned(unsafe) private var owner: (any ICEEndpointOwner)?
  private var sockets: [UDPSocket] = []
  private var socketWays: [WayOut] = []
  private var stunConversations: [ConversationID] = []
  private var pairConversations: [Int: ConversationID] = [:]
  private var gathering: CandidateGathering
  private var agent: ICEAgent
  private let fragment: Secret
  private let password: Secret
  private var alarm: Alarm?
  /// The pair that was chosen last.
  private var chosen: Int?
  /// The conversation of the packet in hand: answers stay in it.
  private var asked = ConversationID.none
  private(set) var isOver = false

  init(
    at node: NodeID, session: Int, generation: Int, role: ICERole, ways: [WayOut], settings: Settings, stack: HostStack,
    owner: any ICEEndpointOwner
  ) {
    self.stack = stack
    self.node = node
    self.session = session
    self.generation = generation
    self.ways = ways
    self.settings = settings
    self.owner = owner
    let key = stack.recorder.key(of: node)
    func draw(_ purpose: ChancePurpose, _ part: UInt64) -> UInt64 {
      stack.chance.draw(key, purpose, luck(mix(UInt64(session), part), generation: generation))
    }
    fragment = Secret(id: draw(.credential, 10))
    password = Secret(id: draw(.credential, 11))
    var gather = CandidateGathering.Settings(servers: settings.stunServers)
    gather.limit = settings.timing.gatheringLimit
    gather.allowsHost = settings.terms.allowsHost
    gather.allowsReflexive = settings.terms.allowsReflexive
    gathering = CandidateGathering(settings: gather, transactionSeed: draw(.transactionID, 1))
    var ice = ICEAgent.Settings()
    ice.selectionWindow = settings.timing.selectionWindow
    // An address learned from the peer is reflexive too.
    ice.peerReflexiveLearning = settings.terms.allowsReflexive && settings.timing.peerReflexive
    agent = ICEAgent(
      role: role, tieBreaker: draw(.tieBreaker, 1), fragment: fragment, password: password, settings: ice,
      transactionSeed: draw(.transactionID, 2))
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.timerDue() }
  }

  /// Whether an address is the far end of a pair of this socket: signalled by the peer, or learned from a check it has signed.
  func knows(_ remote: Endpoint, on socket: UDPSocket) -> Bool {
    agent.pairs.contains { $0.base == socket.tag && $0.remote.endpoint == remote }
  }

  var validPairs: Int { agent.pairs.filter { $0.state == .succeeded }.count }

  // MARK: Gathering

  /// Opens a socket on every address of every interface that is up, and asks the STUN servers from each.
  func gather() {
    var bases: [CandidateGathering.Base] = []
    for way in ways where stack.network.interfaces[Int(way.interface.index)].up {
      for v6 in [false, true] {
        let subject = luck(mix(way.key.value, UInt64(session), v6 ? 6 : 4), generation: generation)
        guard
          let socket = stack.openUDP(
            at: node, interface: way.interface, v6: v6, preferred: settings.ports, subject: subject, handler: self,
            tag: sockets.count)
        else { continue }
        bases.append(
          CandidateGathering.Base(row: sockets.count, local: socket.local, foundationKey: mix(way.key.value, v6 ? 6 : 4)))
        sockets.append(socket)
        socketWays.append(way)
        stunConversations.append(stack.open(.stun, by: node, session: session, attempt: .public, subject: subject))
      }
    }
    feed(gathering: .start(bases: bases))
  }

  private func feed(gathering input: CandidateGathering.Input) {
    var effects: [CandidateGathering.Effect] = []
    gathering.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let base, let server, let message, let number):
        let record = stack.recorder.request(
          from: sockets[base].local, to: server, retransmission: number - 1, pair: 0, at: node, session: session)
        if !request(message, record, to: server, on: sockets[base], in: stunConversations[base]) {
          feed(gathering: .sendFailed(base: base, server: server))
        }
      case .candidate(let candidate): stack.recorder.candidate(candidate, at: node, session: session)
      case .finished(let candidates):
        owner?.gathered(CandidateList(fragment: fragment, password: password, candidates: candidates))
      }
    }
    rearm()
  }

  // MARK: Checks

  /// Starts checking against the peer's list.
  func check(against remote: CandidateList) {
    feed(agent: .start(local: gathering.candidates, bases: sockets.map(\.local), remote: remote))
  }

  /// Ends everything: another transport won, or the session is over.
  func cancel() {
    guard !isOver else { return }
    feed(agent: .cancel)
    isOver = true
    alarm?.set(nil)
    for socket in sockets { socket.close() }
  }

  private func feed(agent input: ICEAgent.Input) {
    var effects: [ICEAgent.Effect] = []
    agent.handle(input, at: stack.now, into: &effects)
    for effect in effects { perform(effect) }
    tellChoice()
    rearm()
  }

  /// Tells which pair will be nominated, when the choice has closed.
  private func tellChoice() {
    guard case .nominating(let row) = agent.state, row != chosen else { return }
    chosen = row
    stack.recorder.choice(
      pair: row, roundTrip: agent.pairs[row - 1].roundTrip, at: node,
      of: Correlation(session: session, generation: generation))
  }

  private func perform(_ effect: ICEAgent.Effect) {
    switch effect {
    case .send(let base, let remote, let message, let pair, let retransmission):
      guard message.kind == .request else {
        sockets[base].send(.stun(message), to: remote, in: asked)
        return
      }
      let record = stack.recorder.request(
        from: sockets[base].local, to: remote, retransmission: retransmission, pair: pair, at: node, session: session)
      if !request(message, record, to: remote, on: sockets[base], in: conversation(of: pair)) {
        feed(agent: .sendFailed(message.transaction))
      }
    case .pair(let row, let event, let local, let remote, let roundTrip):
      stack.recorder.pair(event, row: row, local: local, remote: remote, roundTrip: roundTrip, at: node, session: session)
    case .selected(let base, let remote, let pair, let roundTrip):
      owner?.selected(
        Flow(
          socket: sockets[base], remote: remote, conversation: conversation(of: pair), pair: pair, roundTrip: roundTrip,
          route: socketWays[base].name(toward: remote.address)))
    case .failed(let failure): owner?.iceFailed(failure)
    case .reject(let rejection): refusal = rejection.dropReason
    }
  }

  private var refusal: DropReason?

  /// Sends a request told by `record`; returns whether it left.
  private func request(
    _ message: STUNMessage, _ record: UInt64, to remote: Endpoint, on socket: UDPSocket, in conversation: ConversationID
  ) -> Bool {
    let cause = stack.recorder.currentCause
    stack.recorder.currentCause = record
    defer { stack.recorder.currentCause = cause }
    let result = socket.send(.stun(message), to: remote, in: conversation)
    if result == .noRoute { stack.recorder.unsent(.noRoute, from: socket.local, to: remote, .udp, in: conversation, at: node) }
    return result == .sent
  }

  private func conversation(of pair: Int) -> ConversationID {
    if let known = pairConversations[pair] { return known }
    let subject = agent.pairs.first { $0.row == pair }?.conversationKey ?? UInt64(pair)
    let fresh = stack.open(
      .candidatePair, by: node, session: session, attempt: .public, pair: pair, subject: luck(subject, generation: generation))
    pairConversations[pair] = fresh
    return fresh
  }

  // MARK: From the sockets

  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    switch message {
    case .stun(let stun):
      if isOver { return .refused(.attemptClosed) }
      if stun.kind == .request || stun.username != nil || stun.integrity != .none || stun.role != nil {
        return check(stun, packet, socket)
      }
      // Only a server's answer bears no credentials, and none comes from an address that is no server's.
      guard stun.kind == .indication || gathering.settings.servers.contains(packet.source) else { return .refused(.wrongSource) }
      if gathering.state == .finished { return check(stun, packet, socket) }
      feed(gathering: .received(stun, from: packet.source, base: socket.tag))
      return .taken
    case .rdpUDP(let datagram): return owner?.datagram(datagram, packet, on: socket) ?? .refused(.attemptClosed)
    case .opaque, .icmp, .echo, .tunnel, .tls, .service, .proxy, .webSocket, .rdp: return .refused(.unexpected)
    }
  }

  private func check(_ stun: STUNMessage, _ packet: Packet, _ socket: UDPSocket) -> Delivery {
    asked = packet.conversation
    refusal = nil
    feed(agent: .received(stun, from: packet.source, base: socket.tag))
    return refusal.map { .refused($0) } ?? .taken
  }

  func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket) {
    if isOver { return }
    if gathering.state != .finished { return feed(gathering: .unreachable(base: socket.tag, server: remote, kind)) }
    feed(agent: .unreachable(base: socket.tag, remote: remote, hard: BindingTransaction.isHard(kind)))
  }

  private func timerDue() {
    if let deadline = gathering.nextDeadline, stack.now >= deadline { feed(gathering: .timer) }
    if let deadline = agent.nextDeadline, stack.now >= deadline { feed(agent: .timer) }
    rearm()
  }

  private func rearm() {
    if isOver { return }
    let gather = gathering.nextDeadline ?? .never
    let check = agent.nextDeadline ?? .never
    alarm?.set(min(gather, check))
  }
}

/// An interface of a host as the host's own configuration knows it.
public struct WayOut: Sendable, Equatable {
  public var interface: InterfaceID
  /// `internet`, or the tunnel's or private line's name.
  public var route: String
  public var key: ComponentKey
  /// The prefixes of the network that the interface stands in.
  public var onLink: [IPPrefix]
  public init(interface: InterfaceID, route: String, key: ComponentKey, onLink: [IPPrefix] = []) {
    self.interface = interface
    self.route = route
    self.key = key
    self.onLink = onLink
  }

  /// The way to an address: `lan` where it is a neighbour's.
  public func name(toward remote: IPAddress) -> String { onLink.contains { $0.contains(remote) } ? "lan" : route }
}
