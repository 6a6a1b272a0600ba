// A rogue's UDP transport under an overheard hash: RDP-UDP and TLS as any client's, and a tunnel request with a cookie it made up.
import HostStack
import Protocols
import SimulationKernel
import Wire

final class RogueFlow: CarrierHandler {
  let carrier: RDPUDPSocket
  private unowned(unsafe) let rogue: Rogue
  private let stack: HostStack
  private let key: Secret
  private var secure: SecureChannel?
  private var tunnel: TunnelClient

  /// - Parameters:
  ///   - hash: overheard.
  ///   - cookie: made up.
  init(
    from rogue: Rogue, on socket: UDPSocket, to remote: Endpoint, in conversation: ConversationID, hash: Secret, cookie: Secret,
    key: Secret
  ) {
    self.rogue = rogue
    self.stack = socket.stack
    self.key = key
    // The request id is no secret; every connection has but one.
    tunnel = TunnelClient(settings: TunnelClient.Settings(requestID: HostSession.requestID, cookie: cookie))
    carrier = RDPUDPSocket(on: socket, remote: remote, cookieHash: hash, in: conversation, upper: nil)
    carrier.upper = self
    stack.keep(self)
  }

  func start() { carrier.connect() }
  func cancel() { carrier.close() }

  private func feed(_ input: TunnelClient.Input) {
    var effects: [TunnelClient.Effect] = []
    tunnel.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): secure?.write(.rdp(message, .tunnel))
      case .established: rogue.isAccepted = true
      case .deliver, .closed, .failed: break
      }
    }
  }

  func carrierConnected(_ carrier: any Carrier) {
    guard secure == nil else { return feed(.secured) }
    let handshake = TLSHandshake(.client(serverName: ComponentKey("session-host"), trust: .anyone, key: key))
    let channel = SecureChannel(over: carrier, handshake: handshake, upper: self, started: false)
    secure = channel
    channel.carrierConnected(carrier)
  }

  func carrierReadable(_ carrier: any Carrier) {
    while let message = secure?.read() { if case .rdp(let answer, .tunnel) = message { feed(.received(answer)) } }
    secure?.consumed()
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) { feed(.closed) }
}
