// The client's end of one UDP transport: RDP-UDP, TLS inside it, and the tunnel inside that.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

protocol ClientFlowOwner: AnyObject {
  func flowEstablished(_ flow: ClientFlow)
  func flowFailed(_ flow: ClientFlow, _ reason: Reason)
  /// A message came over the established tunnel.
  func flow(_ flow: ClientFlow, delivered message: RDPMessage)
  var readsTunnel: Bool { get }
}

final class ClientFlow: CarrierHandler {
  let transport: Transport
  let route: String
  let carrier: RDPUDPSocket
  private let stack: HostStack
  private let connection: Correlation
  private var session: Int { Int(connection.session) }
  private var secure: SecureChannel?
  private var machine: TunnelClient
  private let host: HostIdentity
  unowned(unsafe) private var owner: (any ClientFlowOwner)?
  private(set) var isOver = false

  init(
    _ transport: Transport, route: String, on socket: UDPSocket, to remote: Endpoint, in conversation: ConversationID,
    of connection: Correlation, requestID: UInt32, cookie: Secret, host: HostIdentity, owner: any ClientFlowOwner
  ) {
    self.transport = transport
    self.route = route
    self.stack = socket.stack
    self.connection = connection
    self.host = host
    self.owner = owner
    machine = TunnelClient(settings: TunnelClient.Settings(requestID: requestID, cookie: cookie))
    carrier = RDPUDPSocket(on: socket, remote: remote, cookieHash: cookie.hashed, in: conversation, upper: nil)
    carrier.upper = self
    stack.keep(self)
  }

  func start() { carrier.connect() }

  func write(_ message: RDPMessage) { if !isOver { secure?.write(.rdp(message, .tunnel)) } }

  /// Ends it without a word: RDP-UDP has no goodbye.
  func cancel() {
    guard !isOver else { return }
    isOver = true
    owner = nil
    carrier.close()
  }

  private func feed(_ input: TunnelClient.Input) {
    var effects: [TunnelClient.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): secure?.write(.rdp(message, .tunnel))
      case .established: owner?.flowEstablished(self)
      case .deliver(let message): owner?.flow(self, delivered: message)
      case .closed: fail(.connectionLost)
      case .failed(let failure): fail(failure.reason)
      }
    }
  }

  private func fail(_ reason: Reason) {
    guard !isOver else { return }
    isOver = true
    carrier.close()
    owner?.flowFailed(self, reason)
  }

  func carrierConnected(_ carrier: any Carrier) {
    if carrier === self.carrier {
      stack.recorder.milestone(.udpConnected, at: self.carrier.socket.node, session: session, attempt: transport)
      let node = self.carrier.socket.node
      let subject = mix(stack.recorder.conversations[Int(self.carrier.conversation.index)].key, 2)
      let key = Secret(id: stack.chance.draw(stack.recorder.key(of: node), .credential, subject))
      let handshake = TLSHandshake(host.handshake(key: key))
      let channel = SecureChannel(over: carrier, handshake: handshake, upper: self, started: false)
      secure = channel
      channel.carrierConnected(carrier)
    } else {
      let node = self.carrier.socket.node
      if let key = secure?.handshake.peerCertificate?.fingerprint {
        stack.recorder.certificate(key, on: transport, at: node, of: connection)
      }
      stack.recorder.milestone(.tunnelSecured, at: node, session: session, attempt: transport)
      feed(.secured)
    }
  }

  /// Reads on: what came for the channels waits until Soft-Sync allows it.
  func resume() { if let secure { carrierReadable(secure) } }

  func carrierReadable(_ carrier: any Carrier) {
    guard let secure, carrier === secure else { return }
    while !isOver {
      if machine.state == .established, !(owner?.readsTunnel ?? true) { return }
      // What waited below while nobody read here comes up now.
      guard let message = secure.read() else { return secure.consumed() }
      guard case .rdp(let pdu, .tunnel) = message else { return fail(.protocolViolation) }
      feed(.received(pdu))
    }
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !isOver else { return }
    if case .security(let why) = failure { return fail(ChannelLoss(why).reason(unreachable: .tlsFailed)) }
    if secure == nil {
      // Of a pair that was valid, silence means more than that nobody is there.
      let silence = transport == .public ? Reason.udpConnectionFailed : .noAnswer
      return fail(failure == .refused ? .udpRefused : silence)
    }
    feed(.closed)
  }
}
