// Every host of a world above its IP layer: demultiplexes packets to sockets, virtual interfaces and timers.
public import Protocols
public import NetworkModel
public import SimulationKernel
public import Trace
public import Wire

/// Something with a deadline: it owns one timer slot, re-armed when its earliest deadline changes.
public protocol Deadlined: AnyObject {
  func deadlineReached()
}

/// A timer slot with its owner.
public struct TimerHandle: Sendable, BitwiseCopyable {
  var slot: UInt32
  var owner: UInt32
}

struct SocketKey: FlatKey, BitwiseCopyable {
  var node: Int32
  var local: Endpoint
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { local.hash &* 31 &+ remote.hash ^ UInt64(UInt32(bitPattern: node)) << 20 }
}

/// Effect buffers not in use: the world's, so that no call allocates once as many exist as calls are nested.
struct SpareBuffers<Effect>: ~Copyable {
  private var spare: [[Effect]] = []

  mutating func take() -> [Effect] { spare.popLast() ?? [] }
  mutating func giveBack(_ buffer: inout [Effect]) {
    buffer.removeAll(keepingCapacity: true)
    spare.append([])
    swap(&spare[spare.count - 1], &buffer)
  }
}

/// Accepts TCP connections on a port.
public protocol StreamListener: AnyObject {
  /// A connection is being opened by a peer; returns who handles it, or `nil` to refuse.
  func accept(_ socket: TCPSocket) -> (any CarrierHandler)?
}

public final class HostStack: NetworkDelegate {
  public let network: Network
  public var recorder: Recorder { network.recorder }
  public var now: SimTime { network.now }
  public var chance: Chance { network.chance }
  /// What sockets' machines are set to.
  public var tcpSettings = TCPSettings()
  var rdpudpSettings = RDPUDPConnection.Settings()

  private var timerOwners: [(any Deadlined)?] = []
  private var freeOwners: [UInt32] = []
  @exclusivity(unchecked) var udpTable = FlatTable<SocketKey, UInt32>()
  @exclusivity(unchecked) var tcpTable = FlatTable<SocketKey, UInt32>()
  @exclusivity(unchecked) var listenerTable = FlatTable<SocketKey, UInt32>()
  var udpSockets: [UDPSocket?] = []
  var freeUDP: [UInt32] = []
  var tcpSockets: [TCPSocket?] = []
  var freeTCP: [UInt32] = []
  var listeners: [(any StreamListener)?] = []
  /// What takes the connections that a node's rules divert, by node.
  var proxies: [Int32: TransparentProxy] = [:]
  /// Applications behind virtual interfaces, by interface row.
  var tunnels: [Int32: VPNEndpoint] = [:]
  /// Clients of tunnels, in the order they were made.
  var tunnelClients: [VPNClient] = []

  /// Who waits for ICMP echoes.
  var pings: [PingKey: PingSocket] = [:]

  /// A machine's effects may feed the same machine again, so each call takes a buffer of its own.
  var tcpEffects = SpareBuffers<TCPConnection.Effect>()
  var rdpudpEffects = SpareBuffers<RDPUDPConnection.Effect>()

  /// What the world's layers are made of: each lives as long as the world, so that layers can point at each other freely.
  var kept: [AnyObject] = []
  /// How often each node's machine has stopped.
  var stops: [UInt64]

  public init(network: Network) {
    self.network = network
    stops = Array(repeating: 0, count: network.nodes.count)
    network.delegate = self
  }

  /// How often RDP-UDP connections made from now on send when idle, and after what silence they are dead.
  public func setRDPUDP(keepAlive: SimDuration, silence: SimDuration) {
    rdpudpSettings.keepAlive = keepAlive
    rdpudpSettings.silence = silence
  }

  /// Keeps an object until the world ends.
  public func keep(_ object: AnyObject) { kept.append(object) }

  /// Lets go of objects before the world ends. Nothing may point at them any more, and none may be at work: a layer that ends in the
  /// middle of a packet is let go of with a later one.
  public func letGo(of objects: [AnyObject]) { kept.removeAll { kept in objects.contains { $0 === kept } } }

  /// Objects kept at present.
  package var keptCount: Int { kept.count }

  /// Lets go of everything that stands on the stack, when the world ends: its layers point back at the stack, so that a world would
  /// otherwise never be freed (measured: 240 KB a session). Nothing may be run afterwards.
  public func dismantle() {
    kept = []
    network.taps = []
    timerOwners = []
    udpSockets = []
    tcpSockets = []
    listeners = []
    tunnels = [:]
    tunnelClients = []
    proxies = [:]
    pings = [:]
  }

  // MARK: Timers

  public func makeTimer(for owner: any Deadlined) -> TimerHandle {
    let row: UInt32
    if let free = freeOwners.popLast() {
      row = free
      timerOwners[Int(row)] = owner
    } else {
      row = UInt32(timerOwners.count)
      timerOwners.append(owner)
    }
    return TimerHandle(slot: network.makeTimer(owner: row), owner: row)
  }

  public func freeTimer(_ timer: TimerHandle) {
    network.freeTimer(timer.slot)
    timerOwners[Int(timer.owner)] = nil
    freeOwners.append(timer.owner)
  }

  public func arm(_ timer: TimerHandle, _ deadline: SimTime) { network.arm(timer.slot, deadline) }

  public func timerDue(owner: UInt32) { timerOwners[Int(owner)]?.deadlineReached() }

  // MARK: From below

  public func receive(_ packet: Packet, at node: NodeID, on interface: InterfaceID) -> Delivery {
    switch packet.proto {
    case .udp: receiveUDP(packet, at: node)
    case .tcp: receiveTCP(packet, at: node)
    case .icmp: receiveICMP(packet, at: node)
    }
  }

  private func receiveUDP(_ packet: Packet, at node: NodeID) -> Delivery {
    let exact = SocketKey(node: node.index, local: packet.destination, remote: .none)
    let open = SocketKey(node: node.index, local: Endpoint(.unspecified, packet.destination.port), remote: .none)
    guard let row = udpTable[exact] ?? udpTable[open], let socket = udpSockets[Int(row)], let handler = socket.handler else {
      return .refused(.noSocket)
    }
    guard let message = network.message(packet.payload) else { return .refused(.unexpected) }
    return handler.receive(message, packet, on: socket)
  }

  private func receiveTCP(_ packet: Packet, at node: NodeID) -> Delivery {
    takeTCP(packet, at: node) { listener(at: node, packet.destination).flatMap { listeners[Int($0)] } }
  }

  /// Gives a segment to its connection, or to whoever accepts a new one.
  private func takeTCP(_ packet: Packet, at node: NodeID, _ listener: () -> (any StreamListener)?) -> Delivery {
    let key = SocketKey(node: node.index, local: packet.destination, remote: packet.source)
    if let row = tcpTable[key], let socket = tcpSockets[Int(row)] {
      socket.receive(packet)
      return .taken
    }
    if packet.tcp.flags.opens, let listener = listener() {
      let socket = TCPSocket(accepting: packet, at: node, stack: self)
      guard let handler = listener.accept(socket) else {
        socket.discard()
        refuse(packet, at: node)
        return .refused(.notListening)
      }
      socket.handler = handler
      socket.receive(packet)
      return .taken
    }
    refuse(packet, at: node)
    return .refused(.notListening)
  }

  private func listener(at node: NodeID, _ local: Endpoint) -> UInt32? {
    listenerTable[SocketKey(node: node.index, local: Endpoint(.unspecified, local.port), remote: .none)]
  }

  // MARK: On others' way

  public func holds(_ packet: Packet, at node: NodeID) -> Bool {
    switch packet.proto {
    case .tcp: tcpTable[SocketKey(node: node.index, local: packet.destination, remote: packet.source)] != nil
    case .icmp:
      if case .icmp(let error)? = network.message(packet.payload), error.proto == .tcp {
        tcpTable[SocketKey(node: node.index, local: error.source, remote: error.destination)] != nil
      } else {
        false
      }
    case .udp: false
    }
  }

  public func divert(_ packet: Packet, at node: NodeID, rule: Int32, _ action: RuleAction) -> Delivery {
    switch packet.proto {
    case .tcp:
      takeTCP(packet, at: node) {
        guard let proxy = proxies[node.index] else { return nil }
        if action == .relay { return proxy.relaying }
        recorder.inspected(packet, at: node, rule: rule)
        return proxy
      }
    case .icmp: receiveICMP(packet, at: node)
    // Only streams can be looked into.
    case .udp: .refused(.unexpected)
    }
  }

  /// RFC 9293 §3.10.7.1: a segment for no connection is answered with a reset, unless it is one.
  private func refuse(_ packet: Packet, at node: NodeID) {
    guard let answer = packet.tcp.reset else { return }
    let bound = network.boundInterface(of: packet.destination.address, at: node)
    sendTCP(
      answer, from: packet.destination, to: packet.source, node: node, bound: bound, stream: .none,
      conversation: packet.conversation)
  }

  private func receiveICMP(_ packet: Packet, at node: NodeID) -> Delivery {
    switch network.message(packet.payload) {
    case .icmp(let error)?: receive(error, at: node)
    case .echo(let echo)?: receive(echo, packet, at: node)
    default: .refused(.unexpected)
    }
  }

  private func receive(_ error: ICMPError, at node: NodeID) -> Delivery {
    // RFC 1122 §3.2.2.1: protocol and port unreachable are hard errors; the others are hints.
    let hard = error.kind == .portUnreachable
    switch error.proto {
    case .tcp:
      let key = SocketKey(node: node.index, local: error.source, remote: error.destination)
      guard let row = tcpTable[key], let socket = tcpSockets[Int(row)] else { return .refused(.icmpUnmatched) }
      if error.kind == .fragmentationNeeded { socket.pathCarries(Int(error.mtu)) } else { socket.unreachable(hard: hard) }
    case .udp:
      let exact = SocketKey(node: node.index, local: error.source, remote: .none)
      let open = SocketKey(node: node.index, local: Endpoint(.unspecified, error.source.port), remote: .none)
      guard let row = udpTable[exact] ?? udpTable[open], let socket = udpSockets[Int(row)], let handler = socket.handler else {
        return .refused(.icmpUnmatched)
      }
      handler.unreachable(error.destination, error.kind, on: socket)
    case .icmp:
      guard let asker = pings[PingKey(node: node, identifier: error.source.port)] else { return .refused(.icmpUnmatched) }
      asker.handler.unreachable(error.kind)
    }
    return .taken
  }

  public func transmit(slot: UInt32, on interface: InterfaceID) -> Delivery {
    tunnels[interface.index]?.transmit(slot: slot, on: interface) ?? .refused(.tunnelDown)
  }

  // MARK: Ports

  /// Windows' dynamic port range (Microsoft, "The default dynamic port range"); 65330 is Azure's own (avd-connectivity.md §1.4).
  static let ephemeralPorts: ClosedRange<UInt16> = 49_152...65_535
  static let reservedPort: UInt16 = 65_330

  /// A free local port out of `range`, drawn for `purpose`; `nil` when all are in use.
  func freePort(
    at node: NodeID, range: ClosedRange<UInt16> = HostStack.ephemeralPorts, for purpose: UInt64, isUsed: (UInt16) -> Bool
  ) -> UInt16? {
    let span = UInt64(range.upperBound - range.lowerBound) + 1
    let start = chance.draw(below: span, recorder.key(of: node), .ephemeralPort, luck(purpose, at: node))
    for step in 0..<span {
      let port = range.lowerBound + UInt16((start + step) % span)
      if port != HostStack.reservedPort, !isUsed(port) { return port }
    }
    return nil
  }

  /// Opens a conversation whose key follows from who opens it and what it is about.
  public func open(
    _ topic: ConversationTopic, by node: NodeID, session: Int = 0, attempt: Transport = .reverseConnect, pair: Int = 0,
    subject: UInt64
  ) -> ConversationID {
    let key = mix(
      recorder.key(of: node).value, mix(UInt64(topic.rawValue), UInt64(session), UInt64(attempt.rawValue)),
      luck(subject, at: node))
    return recorder.open(
      Conversation(
        key: key, topic: topic, session: UInt16(session), attempt: attempt, pair: UInt16(pair), opener: node))
  }

  func key(of conversation: ConversationID) -> UInt64 { recorder.conversations[Int(conversation.index)].key }
}
