// Somebody who does not belong to a session: overhears what a network's router carries, and later sends packets of its own.
public import HostStack
public import NetworkModel
import Protocols
public import SimulationKernel
public import Trace
public import Wire

/// What a rogue is configured with; whatever else it knows it must have overheard.
public struct RoguePlan: Sendable, Equatable {
  /// From 1, as in the scenario.
  public var ordinal: Int
  public var kind: RogueKind
  /// The host it is after; the port is its listener's.
  public var target: Endpoint
  public var count: Int
  public var interval: SimDuration
  /// The router interfaces it listens at.
  public var hears: [InterfaceID]
  /// All that has no default.
  public init(
    ordinal: Int, kind: RogueKind, target: Endpoint, count: Int, interval: SimDuration, hears: [InterfaceID]
  ) {
    self.ordinal = ordinal
    self.kind = kind
    self.target = target
    self.count = count
    self.interval = interval
    self.hears = hears
  }
}

/// Told when a rogue begins, and when it has done all it can: a run waits for a rogue at work, not for one that still listens.
public protocol RogueObserver: AnyObject {
  func rogueBegan()
  func rogueEnded()
}

/// A rogue at its node.
public final class Rogue: DatagramHandler, PacketTap {
  /// What it has overheard.
  enum Knowledge {
    case syn(RDPUDPDatagram, to: Endpoint)
    case request(STUNMessage, from: Endpoint, to: Endpoint)
  }

  private enum State { case listening, ready, atWork, over }

  /// From hearing to acting (*assumed*: a program that waits for this very packet).
  static let reaction = SimDuration.microseconds(100)
  /// How long it waits for answers to its last packet (*assumed*, as a probe does).
  static let patience = SimDuration.seconds(3)

  private let plan: RoguePlan
  private let stack: HostStack
  /// Where it stands.
  public let node: NodeID
  private unowned(unsafe) let observer: any RogueObserver
  private let conversation: ConversationID
  private var state = State.listening
  private var knowledge: Knowledge?
  private var alarm: Alarm?
  private var sockets: [UDPSocket] = []
  private var flows: [RogueFlow] = []
  private var turns = 0
  private var answered = 0
  private var claimed = Endpoint.none
  private var wasTold = false
  /// Whether somebody took it for what it is not.
  var isAccepted = false

  /// Listens from now on.
  public init(_ plan: RoguePlan, at node: NodeID, stack: HostStack, observer: any RogueObserver) {
    self.plan = plan
    self.stack = stack
    self.node = node
    self.observer = observer
    conversation = stack.open(.rogue, by: node, session: plan.ordinal, subject: UInt64(plan.ordinal))
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.timerDue() }
    if !plan.hears.isEmpty { stack.network.taps.append(self) }
  }

  /// Its time has come: it acts on what it has heard, or as soon as it hears something.
  public func start() {
    guard state == .listening else { return }
    state = .ready
    if plan.hears.isEmpty || knowledge != nil { begin() }
  }

  private func begin() {
    guard state == .ready else { return }
    state = .atWork
    observer.rogueBegan()
    timerDue()
  }

  private func timerDue() {
    switch state {
    case .listening, .over: break
    case .ready: begin()
    case .atWork:
      guard turns < plan.count else { return end() }
      turns += 1
      takeTurn()
      alarm?.set(stack.now + (turns < plan.count ? plan.interval : Self.patience))
    }
  }

  private func end() {
    state = .over
    for flow in flows { flow.cancel() }
    for socket in sockets { socket.close() }
    tell()
    observer.rogueEnded()
  }

  /// Its machine has stopped: whatever it was at is over.
  public func vanish() {
    let wasAtWork = state == .atWork
    state = .over
    guard wasAtWork else { return }
    tell()
    observer.rogueEnded()
  }

  /// Tells what came of it, once; a run may end before the rogue does.
  public func tell() {
    guard !wasTold else { return }
    wasTold = true
    let sent = stack.recorder.conversations[Int(conversation.index)].sentByOpener
    stack.recorder.rogue(
      plan.ordinal, sent: Int(sent), answered: answered, accepted: isAccepted, claimed: claimed, at: node)
  }

  // MARK: Listening

  public func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    guard state == .listening || state == .ready, packet.proto == .udp, plan.hears.contains(interface),
      let message = network.message(packet.payload), let heard = knowledge(from: message, packet)
    else { return }
    knowledge = heard
    if state == .ready { alarm?.set(time + Self.reaction) }
  }

  /// What a packet's clear text gives this kind of rogue; a tunnel's outer packet gives nothing.
  private func knowledge(from message: Message, _ packet: Packet) -> Knowledge? {
    switch message {
    case .rdpUDP(let datagram):
      guard plan.kind.sendsSYNs, packet.destination.address == plan.target.address, case .syn = datagram.kind else { return nil }
      return .syn(datagram, to: packet.destination)
    case .stun(let stun):
      guard stun.kind == .request else { return nil }
      switch plan.kind {
      case .wrongICEUser, .wrongICEPassword:
        guard stun.username != nil, packet.destination.address == plan.target.address else { return nil }
      case .stunAnswer: guard stun.username == nil, packet.source.address == plan.target.address else { return nil }
      case .unknownCookie, .wrongCookie, .replayedSYN, .synFlood: return nil
      }
      return .request(stun, from: packet.source, to: packet.destination)
    case .opaque, .icmp, .echo, .tunnel, .tls, .service, .proxy, .webSocket, .rdp: return nil
    }
  }

  // MARK: Acting

  /// A secret that nobody gave out.
  private func madeUp(_ part: UInt64 = 0) -> Secret {
    Secret(id: stack.chance.draw(stack.recorder.key(of: node), .credential, mix(UInt64(plan.ordinal), UInt64(turns), part)))
  }

  private func takeTurn() {
    switch (plan.kind, knowledge) {
    case (.unknownCookie, _), (.synFlood, nil): knock(at: plan.target, with: madeUp())
    case (.synFlood, .syn(let heard, let to)): if case .syn(let hash) = heard.kind { knock(at: to, with: hash) }
    case (.replayedSYN, .syn(let heard, let to)): send(.rdpUDP(heard), to: to, fresh: false)
    case (.wrongCookie, .syn(let heard, let to)): if case .syn(let hash) = heard.kind { connect(to: to, under: hash) }
    case (.wrongICEUser, .request(let heard, _, let to)):
      check(heard, ICEUsername(receiver: madeUp(1), sender: madeUp(2)), at: to)
    case (.wrongICEPassword, .request(let heard, _, let to)):
      if let username = heard.username { check(heard, username, at: to) }
    case (.stunAnswer, .request(let heard, let from, _)): answer(heard, from)
    // It has heard nothing of use.
    case (.wrongCookie, _), (.replayedSYN, _), (.wrongICEUser, _), (.wrongICEPassword, _), (.stunAnswer, _), (.synFlood, _): break
    }
  }

  /// A SYN of its own, from a port of its own.
  private func knock(at door: Endpoint, with hash: Secret) {
    let stream = stack.network.streams.open()
    send(.rdpUDP(RDPUDPDatagram(kind: .syn(cookieHash: hash), stream: stream)), to: door, fresh: true)
    // Nothing will ever be written; what remains is its number.
    stack.network.streams.closeWriter(stream)
    stack.network.streams.closeReader(stream)
  }

  private func connect(to door: Endpoint, under hash: Secret) {
    guard let socket = open() else { return }
    let flow = RogueFlow(
      from: self, on: socket, to: door, in: conversation, hash: hash, cookie: madeUp(1), key: madeUp(2))
    flows.append(flow)
    flow.start()
  }

  /// A check like the overheard one, in a transaction of its own.
  private func check(_ heard: STUNMessage, _ username: ICEUsername, at destination: Endpoint) {
    var request = heard
    request.transaction = TransactionID(high: UInt32(truncatingIfNeeded: madeUp(3).id), low: madeUp(4).id)
    request.username = username
    request.integrity = madeUp(5)
    send(.stun(request), to: destination, fresh: false)
  }

  /// Claims that the asker's address is the rogue's.
  private func answer(_ heard: STUNMessage, _ asker: Endpoint) {
    guard let socket = sockets.last ?? open(),
      let out = stack.network.route(asker.address, from: node, bound: .none)
    else { return }
    let own = stack.network.interfaces[Int(out.index)]
    claimed = Endpoint(asker.address.isV4 ? own.v4 : own.v6, socket.local.port)
    var response = STUNMessage(kind: .success, transaction: heard.transaction)
    response.mapped = claimed
    send(.stun(response), to: asker, fresh: false)
  }

  private func send(_ message: Message, to remote: Endpoint, fresh: Bool) {
    guard let socket = (fresh ? nil : sockets.last) ?? open() else { return }
    socket.send(message, to: remote, in: conversation)
  }

  /// A socket on a port that none of its others has; `nil` when the host has no port left.
  private func open() -> UDPSocket? {
    let subject = mix(UInt64(plan.ordinal), UInt64(turns), 0x0A)
    guard let socket = stack.openUDP(at: node, v6: !plan.target.address.isV4, subject: subject, handler: self) else { return nil }
    sockets.append(socket)
    return socket
  }

  // MARK: What comes back

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    answered += 1
    switch message {
    case .rdpUDP(let datagram):
      if let flow = flows.first(where: { $0.carrier.socket === socket }) {
        flow.carrier.receive(datagram)
      } else {
        stack.network.streams.closeReader(datagram.stream)
      }
    case .stun(let stun): if stun.kind == .success { isAccepted = true }
    case .opaque, .icmp, .echo, .tunnel, .tls, .service, .proxy, .webSocket, .rdp: break
    }
    return .taken
  }
}
