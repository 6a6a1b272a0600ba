// A transparent proxy at a router: takes the connections that a firewall rule diverts, opens their TLS with certificates of its own
// authority where the rule says so, and passes on what both sides say.
import NetworkModel
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// Stands in the middle of diverted connections at one node.
public final class TransparentProxy: StreamListener {
  /// What it shows and whom it believes.
  public struct Settings: Sendable, Equatable {
    /// Its certificate: the issuer is its own authority.
    public var certificate: Certificate
    /// Whether the certificate is made for each name that is asked for; otherwise it shows the one it has.
    public var forAnyName: Bool
    /// Authorities it accepts of the servers behind it.
    public var trusted: [ComponentKey]
    /// All of it.
    public init(certificate: Certificate, forAnyName: Bool, trusted: [ComponentKey]) {
      self.certificate = certificate
      self.forAnyName = forAnyName
      self.trusted = trusted
    }
  }

  fileprivate let settings: Settings
  /// Takes connections it does not look into.
  let relaying: any StreamListener = BlindProxy()

  /// Takes what rules at `node` divert.
  public init(at node: NodeID, settings: Settings, stack: HostStack) {
    self.settings = settings
    stack.proxies[node.index] = self
  }

  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { Inspection(of: socket, by: settings) }
}

private final class BlindProxy: StreamListener {
  func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { Inspection(of: socket, by: nil) }
}

/// One connection in two: the near one answers in the destination's name, the far one is opened in the client's.
private final class Inspection: CarrierHandler {
  private let stack: HostStack
  /// `nil`: nothing is looked at.
  private let settings: TransparentProxy.Settings?
  private let near: TCPSocket
  private var far: TCPSocket?
  private var farIsUp: Bool { far?.connectTime != nil }
  private var nearTLS: SecureChannel?
  private var farTLS: SecureChannel?
  /// Nothing is to be opened: by the rule, or because what came first shows that there is no TLS.
  private var isPlain: Bool
  private var isOver = false

  init(of near: TCPSocket, by settings: TransparentProxy.Settings?) {
    self.near = near
    self.stack = near.stack
    self.settings = settings
    isPlain = settings == nil
    stack.keep(self)
    far = TCPSocket(
      connecting: near.node, to: near.local, in: near.conversation, as: near.remote, stack: stack, upper: self)
  }

  func carrierConnected(_ carrier: any Carrier) { join() }

  func carrierReadable(_ carrier: any Carrier) {
    guard nearTLS == nil, !isPlain else { return }
    if carrier === near, let first = near.peek(), case .tls(.handshake(.clientHello(let name, _, _))) = first {
      open(name)
    } else {
      isPlain = true
      join()
    }
  }

  /// Looks inside: TLS to the client as `name`, and TLS of its own to the server.
  private func open(_ name: ComponentKey) {
    guard let far, let settings else { return }
    let key = Secret(
      id: stack.chance.draw(stack.recorder.key(of: near.node), .credential, mix(stack.key(of: near.conversation), 3)))
    // It speaks what is current to both (*assumed*).
    let client = TLSHandshake(.client(serverName: name, trust: .issuers(settings.trusted), key: key))
    let server = TLSHandshake(.server(certificate: settings.certificate, forAnyName: settings.forAnyName))
    farTLS = SecureChannel(over: far, handshake: client, upper: self, started: farIsUp)
    let channel = SecureChannel(over: near, handshake: server, upper: self, started: false)
    nearTLS = channel
    channel.carrierConnected(near)
    channel.carrierReadable(near)
  }

  /// Passes on once both sides are ready.
  private func join() {
    if isOver {
      far?.close()
    } else if isPlain, farIsUp, let far {
      _ = Relay(client: near, host: far, passing: .everything)
    } else if let nearTLS, let farTLS, nearTLS.isEstablished, farTLS.isEstablished {
      _ = Relay(client: nearTLS, host: farTLS, passing: .everything)
    }
  }

  /// One side does not come up. The server sees a client that leaves, once it has seen one; the client a reset, as if the server had
  /// refused.
  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !isOver else { return }
    isOver = true
    let nearEnded = carrier === near || carrier === nearTLS
    if !nearEnded {
      near.abort()
    } else if farIsUp {
      far?.close()
    }
  }
}
