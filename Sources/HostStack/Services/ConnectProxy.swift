// An explicit HTTP proxy (CONNECT) and the client's way through it: two TCP connections with nothing but bytes in common.
import NetworkModel
public import Protocols
public import SimulationKernel
import Trace
public import Wire

/// Serves tunnels at one node.
public final class ConnectProxy: StreamListener {
  private let settings: ProxyTunnel.Settings

  /// Serves what asks at `node` on `port`.
  public init(at node: NodeID, port: UInt16, settings: ProxyTunnel.Settings, stack: HostStack) {
    self.settings = settings
    stack.listen(at: node, port: port, self)
  }

  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { ProxyPassage(of: socket, settings) }
}

/// One client's tunnel at the proxy.
private final class ProxyPassage: CarrierHandler, RelayOwner {
  private let stack: HostStack
  private let near: TCPSocket
  private var far: TCPSocket?
  private var machine: ProxyTunnel
  private var relay: Relay?
  private var alarm: Alarm?
  private var session: Int { Int(stack.recorder.conversations[Int(near.conversation.index)].session) }

  init(of near: TCPSocket, _ settings: ProxyTunnel.Settings) {
    self.near = near
    stack = near.stack
    machine = ProxyTunnel(settings: settings)
    stack.keep(self)
    alarm = Alarm(stack, at: near.node) { [unowned self] in self.feed(.timer(quietSince: self.relay?.lastPassed ?? .zero)) }
    feed(.accepted)
  }

  private func feed(_ input: ProxyTunnel.Input) {
    var effects: [ProxyTunnel.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      // In the client's conversation: what becomes of the far connection becomes of what the client is about.
      case .open(let remote):
        far = TCPSocket(connecting: near.node, to: remote, in: near.conversation, stack: stack, upper: self)
      case .send(let message): near.write(.proxy(message))
      case .relay:
        guard let far else { continue }
        let relay = Relay(client: near, host: far, passing: .everything)
        relay.owner = self
        self.relay = relay
        if session != 0 { stack.recorder.milestone(.proxyOpened, at: near.node, session: session) }
      case .close:
        near.close()
        far?.close()
      case .failed(let failure):
        if let reason = failure.reason { stack.recorder.failure(reason, at: near.node, in: near.conversation) }
      }
    }
    alarm?.set(machine.nextDeadline)
  }

  func carrierConnected(_ carrier: any Carrier) { if carrier === far { feed(.destinationUp) } }

  func carrierReadable(_ carrier: any Carrier) {
    while relay == nil, let message = carrier.read() { if carrier === near { feed(.received(message)) } }
    if relay == nil { carrier.consumed() }
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    feed(carrier === near ? .closed : .destinationFailed(timedOut: failure == .timedOut))
  }

  func relayEnded(_ relay: Relay, clientLegFirst: Bool, _ failure: CarrierFailure?) { feed(.closed) }
}

/// Asks the proxy at the far end of a connection for a tunnel, and then leaves the connection to the layer above.
public final class ProxyOpening: CarrierHandler {
  private let socket: TCPSocket
  private unowned(unsafe) let above: any CarrierHandler
  private var machine: ProxyRequest

  /// Stands between a connection that is not up yet and `above`, to whom it is connected once the proxy has opened the tunnel.
  public init(on socket: TCPSocket, to authority: HTTPAuthority, above: any CarrierHandler) {
    self.socket = socket
    self.above = above
    machine = ProxyRequest(for: authority)
    socket.stack.keep(self)
    socket.upper = self
  }

  /// From the request to the answer: the way to the proxy, and the proxy's own connect to the destination.
  public var roundTrip: SimDuration? { if case .open(let roundTrip) = machine.state { roundTrip } else { nil } }

  private func feed(_ input: ProxyRequest.Input) {
    var effects: [ProxyRequest.Effect] = []
    machine.handle(input, at: socket.stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message): socket.write(.proxy(message))
      case .opened:
        socket.upper = above
        above.carrierConnected(socket)
      case .failed(let failure):
        socket.upper = nil
        above.carrierClosed(socket, .proxy(failure))
        socket.close()
      }
    }
  }

  public func carrierConnected(_ carrier: any Carrier) { feed(.connected) }

  public func carrierReadable(_ carrier: any Carrier) {
    while socket.upper === self, let message = socket.read() { feed(.received(message)) }
    if socket.upper === self { socket.consumed() }
  }

  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    // This machine's own doing says nothing of the proxy.
    if failure == .addressLost { above.carrierClosed(carrier, failure) } else { feed(.closed) }
  }
}
