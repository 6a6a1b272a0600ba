// A TLS connection (1.2 by default) that carries service messages, on either side.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

protocol ServiceChannelOwner: AnyObject {
  func channelUp(_ channel: ServiceChannel)
  func channel(_ channel: ServiceChannel, received message: ServiceMessage)
  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss)
}

final class ServiceChannel: CarrierHandler {
  let stack: HostStack
  let socket: TCPSocket
  private(set) var secure: SecureChannel
  unowned(unsafe) var owner: (any ServiceChannelOwner)?
  let tag: Int
  private(set) var wasUp = false
  private(set) var isOver = false
  private var limit: Alarm?

  /// How long TCP and TLS may take to come up: a peer that died in between sends nothing more (*assumed*).
  static let openingLimit = SimDuration.seconds(30)

  /// Connects from `node` to a service, by a tunnel through `proxy` where one is used, and checks its certificate against `name`.
  init(
    from node: NodeID, to remote: Endpoint, name: ComponentKey, tls: TLSPolicy, through proxy: ProxyUse? = nil,
    in conversation: ConversationID, stack: HostStack, owner: any ServiceChannelOwner, tag: Int = 0,
    limit: SimDuration = openingLimit
  ) {
    self.stack = stack
    self.owner = owner
    self.tag = tag
    let waiting = Waiting()
    stack.keep(waiting)
    let tunnel = proxy?.proxy(to: name)
    socket = TCPSocket(connecting: node, to: tunnel ?? remote, in: conversation, stack: stack, upper: waiting)
    let subject = mix(stack.recorder.conversations[Int(conversation.index)].key, 1)
    let key = Secret(id: stack.chance.draw(stack.recorder.key(of: node), .credential, subject))
    secure = SecureChannel(over: socket, handshake: TLSHandshake(tls.client(of: name, key: key)), upper: nil, started: false)
    secure.upper = self
    if tunnel != nil { _ = ProxyOpening(on: socket, to: HTTPAuthority(name, remote.port), above: secure) }
    stack.keep(self)
    bound(at: node, limit)
  }

  /// Serves a connection that a peer has opened, and that has until `limit` from now to come up.
  init(
    accepting socket: TCPSocket, _ identity: ServiceIdentity, owner: any ServiceChannelOwner, tag: Int = 0,
    limit: SimDuration = openingLimit
  ) {
    self.stack = socket.stack
    self.owner = owner
    self.tag = tag
    self.socket = socket
    secure = SecureChannel(
      over: socket, handshake: TLSHandshake(identity.tls.server(showing: identity.certificate)), upper: nil, started: false)
    secure.upper = self
    stack.keep(self)
    bound(at: socket.node, limit)
  }

  private func bound(at node: NodeID, _ opening: SimDuration) {
    limit = Alarm(stack, at: node) { [unowned self] in self.secure.abort() }
    limit?.set(stack.now + opening)
  }

  /// Holds the socket's place until the channel above it is made.
  private final class Waiting: CarrierHandler {
    func carrierConnected(_ carrier: any Carrier) {}
    func carrierReadable(_ carrier: any Carrier) {}
    func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {}
  }

  func send(_ message: ServiceMessage) { if !isOver { secure.write(.service(message)) } }
  func close() { if !isOver { secure.close() } }

  func carrierConnected(_ carrier: any Carrier) {
    limit?.set(nil)
    wasUp = true
    owner?.channelUp(self)
  }

  func carrierReadable(_ carrier: any Carrier) {
    // An upgrade hands the channel to somebody else between two messages.
    while secure.upper === self, let message = secure.read() {
      guard case .service(let message) = message else { return secure.abort() }
      owner?.channel(self, received: message)
    }
    if secure.upper === self { secure.consumed() }
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !isOver else { return }
    isOver = true
    limit?.set(nil)
    owner?.channelLost(self, ChannelLoss(failure, wasUp: wasUp))
  }
}

extension ChannelLoss {
  init(_ failure: CarrierFailure?, wasUp: Bool) {
    switch failure {
    case .security(let why): self.init(why)
    case .addressLost: self = .addressLost
    case .proxy(let why): self = why.loss
    case nil, .timedOut, .refused, .noRoute: self = wasUp ? .closed : .unreachable
    }
  }
}
