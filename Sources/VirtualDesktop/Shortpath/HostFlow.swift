// The session host's end of one UDP transport. It answers nothing before a matching tunnel request, and dies without a word.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import Trace
import Wire

protocol HostFlowOwner: AnyObject {
  /// A tunnel is requested; the answer decides.
  func judge(_ flow: HostFlow, requestID: UInt32, cookie: Secret) -> FirstFound.Verdict
  func flowEstablished(_ flow: HostFlow)
  func flowEnded(_ flow: HostFlow)
  func flow(_ flow: HostFlow, delivered message: RDPMessage)
  var readsTunnel: Bool { get }
}

final class HostFlow: CarrierHandler {
  let transport: Transport
  let carrier: RDPUDPSocket
  private let stack: HostStack
  private let session: Int
  private var secure: SecureChannel?
  private var machine = TunnelServer()
  private let tls: TLSHandshake.Settings
  unowned(unsafe) private var owner: (any HostFlowOwner)?
  private(set) var isOver = false
  /// Whether its tunnel was accepted; until then anybody may be at the other end.
  var isProven: Bool { machine.state == .established }
  /// Why the datagram in hand is refused.
  private var refusal: DropReason?

  init(
    _ transport: Transport, on socket: UDPSocket, answering syn: Packet, session: Int, tls: TLSHandshake.Settings,
    owner: any HostFlowOwner
  ) {
    self.transport = transport
    self.stack = socket.stack
    self.session = session
    self.tls = tls
    self.owner = owner
    carrier = RDPUDPSocket(
      on: socket, remote: syn.source, source: syn.destination.address, in: syn.conversation, upper: nil)
    carrier.upper = self
    stack.keep(self)
  }

  var remote: Endpoint { carrier.remote }
  /// The stream the client opened with its SYN: the symbolic initial sequence.
  var clientStream: StreamID? { carrier.machine.peerStream }

  /// Takes a datagram; the one that completes a tunnel request which matches nothing is refused.
  func receive(_ datagram: RDPUDPDatagram) -> Delivery {
    refusal = nil
    carrier.receive(datagram)
    return refusal.map { .refused($0) } ?? .taken
  }
  func write(_ message: RDPMessage) { if !isOver { secure?.write(.rdp(message, .tunnel)) } }

  func cancel() {
    guard !isOver else { return }
    isOver = true
    carrier.close()
  }

  /// Frees what a finished flow holds. It must not be at work.
  func retire() {
    carrier.retire()
    stack.letGo(of: [self, carrier] + (secure.map { [$0] } ?? []))
  }

  private func feed(_ input: TunnelServer.Input) {
    var effects: [TunnelServer.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .judge(let requestID, let cookie):
        switch owner?.judge(self, requestID: requestID, cookie: cookie) ?? .drop(.attemptClosed) {
        case .accept: feed(.accepted)
        case .refuse: feed(.refused)
        case .drop(let reason):
          refusal = reason
          feed(.refused)
        }
      case .send(let message): secure?.write(.rdp(message, .tunnel))
      case .milestone(let milestone):
        stack.recorder.milestone(milestone, at: carrier.socket.node, session: session, attempt: transport)
      case .established: owner?.flowEstablished(self)
      case .deliver(let message): owner?.flow(self, delivered: message)
      case .close: cancel()
      case .closed, .failed:
        cancel()
        owner?.flowEnded(self)
      }
    }
  }

  func carrierConnected(_ carrier: any Carrier) {
    guard secure == nil else { return }
    let channel = SecureChannel(
      over: carrier, handshake: TLSHandshake(tls), upper: self, started: false)
    secure = channel
    channel.carrierConnected(carrier)
  }

  /// Reads on: what came for the channels waits until Soft-Sync allows it.
  func resume() { if let secure { carrierReadable(secure) } }

  func carrierReadable(_ carrier: any Carrier) {
    guard let secure, carrier === secure else { return }
    while !isOver {
      if machine.state == .established, !(owner?.readsTunnel ?? true) { return }
      // What waited below while nobody read here comes up now.
      guard let message = secure.read() else { return secure.consumed() }
      guard case .rdp(let pdu, .tunnel) = message else { return feed(.closed) }
      feed(.received(pdu))
    }
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !isOver else { return }
    feed(.closed)
  }
}
