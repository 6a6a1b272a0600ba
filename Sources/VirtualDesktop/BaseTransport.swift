// The base transport at one of its ends: a WebSocket through the gateway, and from the security exchange on the nested TLS inside it.
import HostStack
import Protocols
import SimulationKernel
import Wire

protocol BaseTransportOwner: AnyObject {
  /// The nested TLS is up.
  func baseSecured()
  func base(received message: RDPMessage)
  /// The nested TLS failed, or something else than RDP came; the transport may live on until it is closed.
  func baseInsecure(_ loss: ChannelLoss)
  /// It is over; told once.
  func baseEnded(_ loss: ChannelLoss)
}

final class BaseTransport: CarrierHandler {
  private let socket: WebSocketChannel
  private var secure: SecureChannel?
  unowned(unsafe) private let owner: any BaseTransportOwner
  private(set) var isOver = false
  private var heart: Alarm?
  /// Microsoft, "RDP bandwidth requirements": a heartbeat about every 5 s both ways.
  static let heartbeat = SimDuration.seconds(5)

  /// Takes over a gateway leg after its upgrade; `open` lets it speak.
  init(over leg: SecureChannel, owner: any BaseTransportOwner) {
    self.owner = owner
    socket = WebSocketChannel(over: leg, masked: true)
    socket.upper = self
    socket.stack.keep(self)
  }

  /// Reads what came behind the upgrade; the owner has the transport in hand by now.
  func open() { if socket.lower.readable > 0 { socket.carrierReadable(socket.lower) } }

  /// Puts the nested TLS between the WebSocket and RDP.
  func secure(_ settings: TLSHandshake.Settings) {
    let channel = SecureChannel(over: socket, handshake: TLSHandshake(settings), upper: self, started: false)
    secure = channel
    channel.carrierConnected(socket)
  }

  /// What the host has shown, once the client has accepted it.
  var peerCertificate: Certificate? { secure?.handshake.peerCertificate }

  func write(_ message: RDPMessage) {
    if let secure { secure.write(.rdp(message, .base)) } else { socket.write(.rdp(message, .base)) }
  }

  /// Beats from now on, so that a base on which nothing else is said keeps its flow in firewalls and proxies, and its loss is noticed.
  func keepWarm(at node: NodeID) {
    if heart != nil { return }
    let heart = Alarm(socket.stack, at: node) { [unowned self] in self.beat() }
    self.heart = heart
    beat()
  }

  private func beat() {
    guard !isOver else { return }
    write(.heartbeat)
    heart?.set(socket.stack.now + Self.heartbeat)
  }

  func close() { if let secure { secure.close() } else { socket.close() } }

  func carrierConnected(_ carrier: any Carrier) { if carrier === secure { owner.baseSecured() } }

  func carrierReadable(_ carrier: any Carrier) {
    while let message = carrier.read() {
      guard case .rdp(let pdu, .base) = message else { return owner.baseInsecure(.tlsFailed) }
      owner.base(received: pdu)
      // TLS may have taken the WebSocket over.
      if carrier === socket, secure != nil { return }
    }
    carrier.consumed()
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    let loss = ChannelLoss(failure, wasUp: true)
    if case .security = failure { owner.baseInsecure(loss) }
    guard !isOver else { return }
    isOver = true
    owner.baseEnded(loss)
  }
}
