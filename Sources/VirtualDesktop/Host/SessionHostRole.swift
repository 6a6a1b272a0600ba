// A session host: its agent's persistent channel to the broker, the Shortpath listener, and its sessions. It never accepts a TCP connection.
public import HostStack
import NetworkModel
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// Whom a session host lets in once the base transport is up, and on what terms.
public struct Admission: Sendable, Equatable {
  /// Whether it trusts the directory's tokens.
  public var signIn: Bool
  public var licensed: Bool
  /// Whether clients must draw by the graphics pipeline (MS-RDPEGFX).
  public var requiresGraphicsPipeline: Bool
  public init(signIn: Bool = true, licensed: Bool = true, requiresGraphicsPipeline: Bool = false) {
    self.signIn = signIn
    self.licensed = licensed
    self.requiresGraphicsPipeline = requiresGraphicsPipeline
  }
}

/// What a session host is configured with.
public struct SessionHostSettings: Sendable, Equatable {
  public var broker: Endpoint
  public var brokerName: ComponentKey
  public var ways: [WayOut]
  public var stunServers: [Endpoint]
  /// What its policy and its host pool leave of Shortpath.
  public var shortpath: ShortpathPolicy
  public var timing: ShortpathTiming
  public var admission: Admission
  /// Whether reverse connect stays up, warm, after the switch-over; in the classic era it is taken down.
  public var keepsReverseConnect: Bool
  /// What the applications of its sessions have to show, by the sessions' ordinals.
  public var workloads: [DesktopWorkload] = []
  func workload(of session: Int) -> DesktopWorkload {
    workloads.indices.contains(session - 1) ? workloads[session - 1] : DesktopWorkload()
  }
  public var tls = TLSPolicy()
  /// The proxy its connections to the service go through.
  public var proxy: ProxyUse?
  public var certificate = HostCertificate()

  public init(
    broker: Endpoint, brokerName: ComponentKey, ways: [WayOut], stunServers: [Endpoint], shortpath: ShortpathPolicy,
    timing: ShortpathTiming, admission: Admission = Admission(), keepsReverseConnect: Bool = false
  ) {
    self.broker = broker
    self.brokerName = brokerName
    self.ways = ways
    self.stunServers = stunServers
    self.shortpath = shortpath
    self.timing = timing
    self.admission = admission
    self.keepsReverseConnect = keepsReverseConnect
  }
}

/// A session host at its node.
public final class SessionHostRole: ServiceChannelOwner {
  let stack: HostStack
  let node: NodeID
  let settings: SessionHostSettings
  private let certificate: Certificate
  /// How it secures connections that clients have opened, on every transport.
  var handshake: TLSHandshake.Settings { settings.tls.server(showing: certificate) }
  private(set) var listener: ShortpathListener?
  private var agent: HostAgent
  private var brokerChannel: ServiceChannel?
  /// Channels to the broker opened so far.
  private var tries: UInt64 = 0
  private var alarm: Alarm?
  private var heart: Alarm?
  /// The agent's heartbeat on its channel (*assumed*: the period is not public; any is far below a firewall's idle time).
  static let heartbeat = SimDuration.seconds(60)
  private var sessions: [HostSession] = []
  /// Of each session, the connection that was called last.
  private var latest: [UInt16: HostSession] = [:]

  public init(at node: NodeID, settings: SessionHostSettings, stack: HostStack) {
    self.stack = stack
    self.node = node
    self.settings = settings
    let name = stack.recorder.key(of: node)
    let own = settings.certificate
    let key = Secret(id: stack.chance.draw(name, .credential, 2))
    certificate = Certificate(
      subject: own.subject ?? name, issuer: own.issuer ?? name, expired: own.expired, fingerprint: key)
    // What an authority vouches for is not pinned: clients judge it themselves.
    agent = HostAgent(settings: HostAgent.Settings(host: name, certificate: own.issuer == nil ? key : .none))
    stack.keep(self)
    if let port = settings.shortpath.openPort { listener = ShortpathListener(at: node, port: port, stack: stack) }
    alarm = Alarm(stack, at: node) { [unowned self] in self.feed(.timer) }
    heart = Alarm(stack, at: node) { [unowned self] in self.beat() }
  }

  /// Starts the agent: it opens its channel and registers.
  public func start() { feed(.start) }

  /// The host's addresses with the listener's port, of the interfaces that are up, as the client is told them.
  var listenerAddresses: [Endpoint] {
    guard let port = settings.shortpath.openPort else { return [] }
    return settings.ways.flatMap { way -> [Endpoint] in
      let shape = stack.network.interfaces[Int(way.interface.index)]
      return !shape.up ? [] : [shape.v4, shape.v6].filter { $0 != .unspecified }.map { Endpoint($0, port) }
    }
  }

  private func feed(_ input: HostAgent.Input) {
    var effects: [HostAgent.Effect] = []
    agent.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .openChannel:
        // Each try has luck of its own: what met the last one says nothing about this one.
        let conversation = stack.open(.brokerChannel, by: node, subject: tries)
        tries += 1
        brokerChannel = ServiceChannel(
          from: node, to: settings.broker, name: settings.brokerName, tls: settings.tls, through: settings.proxy,
          in: conversation, stack: stack, owner: self)
      case .closeChannel: brokerChannel?.close()
      case .send(let message): brokerChannel?.send(message)
      case .connectToGateway(let gateway, let connection, let correlation):
        // A client that reconnects finds its session again; what is left of the old connection ends.
        if let earlier = latest[correlation.session] {
          // A call that was overtaken by a newer one of its session is for a connection that nobody waits for.
          guard earlier.generation < Int(correlation.generation) else { continue }
          earlier.replace()
        }
        let session = HostSession(correlation, on: self, gateway: gateway, connection: connection)
        latest[correlation.session] = session
        sessions.append(session)
      case .milestone(let milestone, let correlation):
        stack.recorder.milestone(milestone, at: node, session: Int(correlation.session))
      case .failed(let failure): stack.recorder.failure(failure.reason, at: node, session: 0)
      }
    }
    alarm?.set(agent.nextDeadline)
  }

  func channelUp(_ channel: ServiceChannel) {
    feed(.channelUp)
    heart?.set(stack.now + Self.heartbeat)
  }

  private func beat() {
    guard let brokerChannel, !brokerChannel.isOver else { return }
    brokerChannel.send(.heartbeat)
    heart?.set(stack.now + Self.heartbeat)
  }

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) { feed(.received(message)) }
  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) {
    guard channel === brokerChannel else { return }
    if agent.state != .registered {
      stack.recorder.failure(loss.reason(unreachable: .brokerUnavailable), at: node, session: 0)
    }
    feed(.channelDown)
  }

  /// The desktops fall silent, so that what is on its way arrives before the run ends.
  public func beQuiet() { for session in sessions { session.beQuiet() } }

  /// UDP transports on the listener whose tunnel is not accepted.
  var unprovenFlows: Int { sessions.reduce(0) { $0 + $1.unprovenFlows(of: .managed) } }

  /// Tells the counters at the end of the run.
  public func tellTotals() { for session in sessions { session.tellTotals() } }
}

/// The listener of Shortpath for managed networks: UDP 3390 (or the configured port), one flow a client.
final class ShortpathListener: DatagramHandler {
  private let stack: HostStack
  private var socket: UDPSocket?
  private var flows: [Endpoint: HostFlow] = [:]
  /// Sessions by the hash of the cookie they gave out; a SYN that names none is dropped silently.
  private var outstanding: [Secret: HostSession] = [:]

  init(at node: NodeID, port: UInt16, stack: HostStack) {
    self.stack = stack
    stack.keep(self)
    socket = stack.openUDP(at: node, port: port, handler: self)
  }

  func expect(_ session: HostSession, cookie: Secret) { outstanding[cookie.hashed] = session }
  func forget(cookie: Secret) { outstanding[cookie.hashed] = nil }
  func forget(_ flow: HostFlow) { if flows[flow.remote] === flow { flows[flow.remote] = nil } }

  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .rdpUDP(let datagram) = message else { return .refused(.unexpected) }
    if let flow = flows[packet.source], !flow.isOver { return flow.receive(datagram) }
    guard case .syn(let hash) = datagram.kind, let session = outstanding[hash] else {
      if case .syn = datagram.kind { return .refused(.cookieHashUnknown) }
      return .refused(.attemptClosed)
    }
    switch session.admit(.managed, on: socket, datagram, packet) {
    case .begun(let flow):
      flows[packet.source] = flow
      return flow.receive(datagram)
    case .refused(let reason): return .refused(reason)
    }
  }
}
