// A virtual interface whose link is a UDP socket: one end of a VPN tunnel over the simulated underlay. Inner packets travel inside outer
// ones; whatever happens to the outer packet happens to the inner.
public import NetworkModel
public import SimulationKernel
import Trace
public import Wire

/// What both ends of a tunnel are configured with.
public struct VPNSettings: Hashable, Sendable {
  public var key: Secret
  public var name: ComponentKey
  /// The client's address inside the tunnel.
  public var inner: IPAddress
  /// Processing per packet, spent where it is taken out of the tunnel, so once a direction; the path's delay is the underlay's.
  public var processing: SimDuration
  /// RFC 3948 §4: NAT keep-alive every 20 s.
  public var keepAlive: SimDuration = .seconds(20)
  /// The time between hellos while the gateway does not answer (*assumed*).
  public var retry: SimDuration = .seconds(1)
  public init(key: Secret, name: ComponentKey, inner: IPAddress, processing: SimDuration = .zero) {
    self.key = key
    self.name = name
    self.inner = inner
    self.processing = processing
  }
}

/// One end of one tunnel.
public final class VPNEndpoint {
  /// Which end it is. A client's routes come and go with the tunnel; a gateway's stay, and what they lead into a tunnel that is down
  /// ends there (*assumed*: a gateway keeps the pool's addresses to itself).
  enum End { case client, gateway }

  var settings: VPNSettings
  let interface: InterfaceID
  private let end: End
  /// Switched off from outside: it neither takes nor gives packets.
  var isOff = false {
    didSet {
      if isOff { isUp = false } else if oldValue { switchedOn?() }
    }
  }
  /// The client says hello as soon as it may again.
  var switchedOn: (() -> Void)?
  private let stack: HostStack
  unowned(unsafe) var socket: UDPSocket
  /// Where the other end's outer packets come from; unknown until it has been heard.
  var remote: Endpoint?

  init(_ end: End, settings: VPNSettings, interface: InterfaceID, socket: UDPSocket, stack: HostStack) {
    self.end = end
    self.settings = settings
    self.interface = interface
    self.socket = socket
    self.stack = stack
    stack.tunnels[interface.index] = self
    stack.network.interfaces[Int(interface.index)].up = end == .gateway
  }

  var isUp = false {
    didSet {
      guard end == .client, isUp != oldValue else { return }
      stack.network.interfaces[Int(interface.index)].up = isUp
      if !isUp { stack.endConnections(on: interface) }
    }
  }

  /// Puts an inner packet into an outer one. The carrier shares its conversation and its luck.
  func transmit(slot: UInt32, on interface: InterfaceID) -> Delivery {
    guard isUp, !isOff, let remote else { return .refused(.tunnelDown) }
    let inner = stack.network.packet(in: slot)
    let message = TunnelMessage.inner(slot: slot, length: inner.length, key: settings.key)
    let length = HeaderLength.ip(remote.address) + HeaderLength.udp + message.encodedLength
    let payload = stack.network.store(.tunnel(message))
    let cause = stack.recorder.currentCause
    stack.recorder.currentCause = inner.cause
    defer { stack.recorder.currentCause = cause }
    let luck = mix(inner.luck, settings.name.value)
    let result = socket.send(payload, length: length, to: remote, in: inner.conversation, luck: luck)
    return result == .sent ? .taken : .refused(.tunnelDown)
  }

  /// Takes the inner packet out of an outer one and lets it arrive at the virtual interface.
  func receive(_ packet: Packet) {
    guard let slot = stack.network.takeInner(packet.payload) else { return }
    stack.network.resume(slot, at: interface, after: settings.processing, cause: stack.recorder.currentCause)
  }
}

/// The client's end: says hello until the gateway welcomes it, then keeps the NAT on the way open. When its host has gone to another
/// network it sends from there at once, and the gateway answers to where the last authentic packet came from, so that what is inside
/// keeps its addresses (MOBIKE, RFC 4555 §3.5, as Windows' IKEv2 "VPN Reconnect" and WireGuard do; for others *assumed*).
public final class VPNClient: DatagramHandler, Deadlined, NodeBound {
  private let stack: HostStack
  let node: NodeID
  private let endpointSettings: VPNSettings
  private let gateway: Endpoint
  private let interface: InterfaceID
  private let conversation: ConversationID
  private var socket: UDPSocket?
  private var endpoint: VPNEndpoint?
  private var timer: TimerHandle?
  private var nextAction: SimTime = .never

  /// - Parameter interface: the virtual interface it serves; down until the gateway answers.
  public init(settings: VPNSettings, node: NodeID, interface: InterfaceID, gateway: Endpoint, stack: HostStack) {
    self.stack = stack
    self.node = node
    self.endpointSettings = settings
    self.gateway = gateway
    self.interface = interface
    self.conversation = stack.open(.tunnelControl, by: node, subject: settings.name.value)
    stack.keep(self)
    stack.network.interfaces[Int(interface.index)].up = false
    guard let socket = open(on: underlay ?? .none) else { preconditionFailure("no port left for a tunnel") }
    self.socket = socket
    let endpoint = VPNEndpoint(.client, settings: settings, interface: interface, socket: socket, stack: stack)
    endpoint.remote = gateway
    endpoint.switchedOn = { [unowned self] in self.act() }
    self.endpoint = endpoint
    self.timer = stack.makeTimer(for: self)
    stack.tunnelClients.append(self)
  }

  /// Brings the tunnel up.
  public func start() { act() }

  /// The interface the carriers go by, whatever the tunnel's own routes say (a full tunnel has one for every address).
  private var underlay: InterfaceID? {
    let isUp = stack.network.interfaces[Int(interface.index)].up
    stack.network.interfaces[Int(interface.index)].up = false
    defer { stack.network.interfaces[Int(interface.index)].up = isUp }
    return stack.network.route(gateway.address, from: node, bound: .none)
  }

  private func open(on underlay: InterfaceID) -> UDPSocket? {
    stack.openUDP(at: node, interface: underlay, v6: !gateway.address.isV4, subject: endpointSettings.name.value, handler: self)
  }

  /// The host has gone to another network, or to none: then the carriers wait.
  func findWay() {
    guard timer != nil, let endpoint, let old = socket, let underlay else { return }
    if underlay != old.interface {
      guard let fresh = open(on: underlay) else { return }
      socket = fresh
      endpoint.socket = fresh
      old.close()
    }
    act()
  }

  private func act() {
    guard let endpoint, let timer, !endpoint.isOff else { return }
    let message: TunnelMessage =
      endpoint.isUp ? .keepAlive(key: endpointSettings.key) : .hello(key: endpointSettings.key, inner: endpointSettings.inner)
    socket?.send(.tunnel(message), to: gateway, in: conversation)
    nextAction = stack.now + (endpoint.isUp ? endpointSettings.keepAlive : endpointSettings.retry)
    stack.arm(timer, nextAction)
  }

  func vanish() {
    if let timer { stack.freeTimer(timer) }
    timer = nil
  }

  public func deadlineReached() {
    guard stack.now >= nextAction, let socket else { return }
    stack.recorder.due(at: socket.node)
    act()
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .tunnel(let outer) = message, packet.source == gateway, let endpoint else { return .refused(.unexpected) }
    switch outer {
    case .welcome(let key):
      guard key == endpointSettings.key else { return .refused(.tunnelBadKey) }
      if endpoint.isOff { return .refused(.tunnelDown) }
      endpoint.isUp = true
    case .inner(_, _, let key):
      guard key == endpointSettings.key else { return .refused(.tunnelBadKey) }
      if endpoint.isOff { return .refused(.tunnelDown) }
      endpoint.receive(packet)
    case .unknown(let key):
      guard key == endpointSettings.key else { return .refused(.tunnelBadKey) }
      // The gateway was started anew: it says hello at once (*assumed*: the liveness check of RFC 7296 §2.4 is left out).
      guard endpoint.isUp else { return .refused(.unexpected) }
      endpoint.isUp = false
      act()
    case .hello, .keepAlive: return .refused(.unexpected)
    }
    return .taken
  }
}

/// The gateway's end of all its tunnels, on one UDP port.
public final class VPNGateway: DatagramHandler {
  private let stack: HostStack
  private var socket: UDPSocket?
  private var endpoints: [VPNEndpoint] = []

  /// UDP 4500 is IPsec's port behind NATs (RFC 3948 §2).
  public static let port: UInt16 = 4500

  public init(node: NodeID, port: UInt16 = VPNGateway.port, stack: HostStack) {
    self.stack = stack
    stack.keep(self)
    self.socket = stack.openUDP(at: node, port: port, handler: self)
  }

  /// Adds a tunnel whose inner packets arrive at `interface`.
  public func add(_ settings: VPNSettings, interface: InterfaceID) {
    guard let socket else { return }
    endpoints.append(VPNEndpoint(.gateway, settings: settings, interface: interface, socket: socket, stack: stack))
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .tunnel(let outer) = message else { return .refused(.unexpected) }
    let key: Secret
    switch outer {
    case .hello(let k, _), .keepAlive(let k), .inner(_, _, let k), .welcome(let k), .unknown(let k): key = k
    }
    guard let endpoint = endpoints.first(where: { $0.settings.key == key }) else { return .refused(.tunnelBadKey) }
    if endpoint.isOff { return .refused(.tunnelDown) }
    switch outer {
    case .hello:
      endpoint.remote = packet.source
      endpoint.isUp = true
      socket.send(.tunnel(.welcome(key: key)), to: packet.source, in: packet.conversation)
    case .keepAlive, .inner:
      guard endpoint.isUp else {
        // It has heard no hello of this client since it started.
        socket.send(.tunnel(.unknown(key: key)), to: packet.source, in: packet.conversation)
        return .refused(.tunnelDown)
      }
      endpoint.remote = packet.source
      if case .inner = outer { endpoint.receive(packet) }
    case .welcome, .unknown: return .refused(.unexpected)
    }
    return .taken
  }
}

extension HostStack {
  /// Changes a running tunnel's processing delay at one of its ends.
  public func setProcessing(_ delay: SimDuration, ofTunnelAt interface: InterfaceID) {
    tunnels[interface.index]?.settings.processing = delay
  }

  /// Switches one end of a tunnel off, or on again; the client says hello at once.
  public func switchTunnel(off: Bool, at interface: InterfaceID) { tunnels[interface.index]?.isOff = off }
}
