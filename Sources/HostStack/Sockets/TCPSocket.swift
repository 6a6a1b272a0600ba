// A TCP connection on a node: feeds its machine, sends what the machine wants sent, and keeps one timer slot armed.
import Trace
import NetworkModel
public import Protocols
public import SimulationKernel
public import Wire

public typealias TCPSettings = TCPConnection.Settings

/// One end of a TCP connection.
public final class TCPSocket: Carrier, Deadlined, NodeBound {
  public let stack: HostStack
  public let node: NodeID
  public private(set) var local: Endpoint
  public let remote: Endpoint
  public let outgoing: StreamID
  public private(set) var incoming = StreamID.none
  public private(set) var readable: UInt64 = 0
  public unowned(unsafe) var upper: (any CarrierHandler)?
  public let conversation: ConversationID
  /// The interface that has its address (RFC 1122 §3.3.4.2); `.none` at a router.
  let bound: InterfaceID
  /// Its own owner, alive as long as the connection.
  public var handler: (any CarrierHandler)? {
    get { upper }
    set { upper = newValue }
  }
  public private(set) var machine: TCPConnection
  private var row: UInt32 = .max
  private var timer: TimerHandle?
  private var armed = SimTime.never
  private var isClosed = false
  /// Whether this side has ended its stream: what is written after goes nowhere.
  private var isClosing = false
  private var acknowledged: UInt64 = 0
  /// When the connection attempt started, and how long it took.
  public private(set) var connectTime: SimDuration?
  private let opened: SimTime
  private let isOpener: Bool

  /// Opens a connection from `node`; what becomes of it is told to `upper`.
  /// - Parameter name: the endpoint in whose name it is opened, by a node that stands on that endpoint's way; `nil` for the node's own.
  public init(
    connecting node: NodeID, to remote: Endpoint, in conversation: ConversationID, as name: Endpoint? = nil, stack: HostStack,
    upper: any CarrierHandler
  ) {
    self.stack = stack
    self.node = node
    self.remote = remote
    self.conversation = conversation
    self.upper = upper
    self.outgoing = stack.network.streams.open()
    self.opened = stack.now
    self.isOpener = true
    let key = stack.key(of: conversation)
    let own = stack.recorder.key(of: node)
    let isn = UInt32(truncatingIfNeeded: stack.chance.draw(own, .initialSequence, key))
    let out = stack.network.route(remote.address, from: node, bound: .none)
    machine = TCPConnection(initialSequence: isn, settings: TCPSocket.settings(for: remote, by: out, stack))
    let address =
      name?.address ?? out.flatMap { stack.network.interfaces[Int($0.index)].address(like: remote.address) } ?? .unspecified
    let port =
      name?.port
      ?? stack.freePort(at: node, for: key) { port in
        stack.tcpTable[SocketKey(node: node.index, local: Endpoint(address, port), remote: remote)] != nil
      }
    local = Endpoint(address, port ?? 0)
    bound = stack.network.boundInterface(of: address, at: node)
    enter()
    stack.keep(self)
    if out == nil || address == .unspecified || port == nil {
      // Told after the caller has the socket in hand: nothing is decided inside the initializer.
      pendingFailure = .noRoute
      timer.map { stack.arm($0, stack.now) }
    } else {
      stack.tellSleepingTunnel(from: local, to: remote, .tcp, in: conversation, at: node)
      feed(.connect)
    }
  }

  /// A connection that a peer opens with `packet`; the packet is fed afterwards.
  init(accepting packet: Packet, at node: NodeID, stack: HostStack) {
    self.stack = stack
    self.node = node
    self.local = packet.destination
    self.remote = packet.source
    self.conversation = packet.conversation
    self.outgoing = stack.network.streams.open()
    self.opened = stack.now
    self.isOpener = false
    self.bound = stack.network.boundInterface(of: packet.destination.address, at: node)
    let isn = UInt32(
      truncatingIfNeeded: stack.chance.draw(
        stack.recorder.key(of: node), .initialSequence, mix(stack.key(of: packet.conversation), 2)))
    let out = stack.network.route(packet.source.address, from: node, bound: bound)
    machine = TCPConnection(initialSequence: isn, settings: TCPSocket.settings(for: packet.source, by: out, stack))
    enter()
    stack.keep(self)
  }

  private var pendingFailure: CarrierFailure?

  /// The stack's settings, with segments that fit the interface they leave by (RFC 9293 §3.7.1).
  private static func settings(for remote: Endpoint, by out: InterfaceID?, _ stack: HostStack) -> TCPSettings {
    var settings = stack.tcpSettings
    let mtu = out.map { Int(stack.network.interfaces[Int($0.index)].mtu) } ?? 1500
    settings.mss = min(settings.mss, largestSegment(to: remote, mtu: mtu))
    return settings
  }

  private static func largestSegment(to remote: Endpoint, mtu: Int) -> UInt16 {
    UInt16(clamping: mtu - HeaderLength.ip(remote.address) - HeaderLength.tcp)
  }

  private func enter() {
    timer = stack.makeTimer(for: self)
    row = stack.freeTCP.popLast() ?? UInt32(stack.tcpSockets.count)
    if Int(row) == stack.tcpSockets.count { stack.tcpSockets.append(self) } else { stack.tcpSockets[Int(row)] = self }
    stack.tcpTable.insert(row, for: SocketKey(node: node.index, local: local, remote: remote))
  }

  /// Forgets a connection that nobody accepted.
  func discard() { leave() }

  private func leave() {
    guard let handle = timer else { return }
    timer = nil
    stack.freeTimer(handle)
    _ = stack.tcpTable.remove(SocketKey(node: node.index, local: local, remote: remote))
    stack.tcpSockets[Int(row)] = nil
    stack.freeTCP.append(row)
    stack.network.streams.closeWriter(outgoing)
    stack.network.streams.closeReader(incoming)
  }

  public var backlog: UInt64 { stack.network.streams.end(of: outgoing) - acknowledged }

  public func flush() {
    // Who closed has said all it will; a layer that does not know yet is not heard any more.
    if !isClosing { feed(.write(end: stack.network.streams.end(of: outgoing))) }
  }
  public func consumed() { feed(.consumed(upTo: stack.network.streams.readOffset(of: incoming))) }
  public func close() {
    if isClosing { return }
    isClosing = true
    feed(.close)
  }
  public func abort() { feed(.abort) }

  func receive(_ packet: Packet) {
    // Another connection's SYN may come to a port that is still in TIME-WAIT: its stream is not this one's.
    if packet.tcp.flags.contains(.syn), incoming == .none { incoming = packet.stream }
    feed(.segment(packet.tcp))
  }

  /// A router on the way said what it can carry (RFC 1191 §3).
  func pathCarries(_ mtu: Int) { feed(.pathLimit(mss: TCPSocket.largestSegment(to: remote, mtu: mtu))) }

  func unreachable(hard: Bool) { feed(.unreachable(hard: hard)) }

  /// The host has lost the address that the connection stands on: it ends without a word to the peer.
  func addressGone() {
    stack.recorder.unsent(
      stack.network.interfaces[Int(bound.index)].whenDown, from: local, to: remote, .tcp, in: conversation, at: node)
    finish(.addressLost)
  }

  public func deadlineReached() {
    if let pendingFailure {
      self.pendingFailure = nil
      return finish(pendingFailure)
    }
    guard let deadline = machine.nextDeadline, stack.now >= deadline else { return }
    stack.recorder.due(at: node)
    feed(.timer)
  }

  private func feed(_ input: TCPConnection.Input) {
    guard !isClosed else { return }
    // Effects may lead back here (a reader that writes): each call works on its own buffer.
    var mine = stack.tcpEffects.take()
    machine.handle(input, at: stack.now, into: &mine)
    // What the machine sends goes before anything a handler adds: handlers feed the machine again.
    for row in 0..<mine.count where mine[row].isSegment { perform(mine[row]) }
    for row in 0..<mine.count where !mine[row].isSegment { perform(mine[row]) }
    stack.tcpEffects.giveBack(&mine)
    rearm()
  }

  private func rearm() {
    guard let timer else { return }
    let deadline = machine.nextDeadline ?? .never
    if deadline != armed {
      armed = deadline
      stack.arm(timer, deadline)
    }
  }

  private func perform(_ effect: TCPConnection.Effect) {
    switch effect {
    case .send(let header): send(header)
    case .resend(let header):
      // What finds no route is no packet.
      if send(header) == .sent {
        stack.recorder.retransmitted(
          header, from: local, to: remote, of: isOpener ? outgoing : incoming, byOpener: isOpener, in: conversation, at: node)
      }
    case .connected:
      connectTime = stack.now - opened
      if isOpener, let handshake = machine.handshake {
        stack.recorder.connected(
          after: handshake, from: local, to: remote, of: outgoing, in: conversation, at: node)
      }
      upper?.carrierConnected(self)
    case .readable(let offset):
      readable = offset
      upper?.carrierReadable(self)
    case .acknowledged(let offset):
      acknowledged = offset
      upper?.carrierDrained(self)
    case .peerClosed: upper?.carrierPeerClosed(self)
    case .closed(let failure):
      switch failure {
      case nil: finish(nil)
      case .noAnswer, .timedOut: finish(.timedOut)
      case .refused, .reset, .aborted: finish(.refused)
      case .unreachable: finish(.noRoute)
      }
    }
  }

  @discardableResult
  private func send(_ header: TCPHeader) -> SendResult {
    stack.sendTCP(header, from: local, to: remote, node: node, bound: bound, stream: outgoing, conversation: conversation)
  }

  func vanish() {
    isClosed = true
    upper = nil
    leave()
  }

  private func finish(_ failure: CarrierFailure?) {
    guard !isClosed else { return }
    isClosed = true
    let above = upper
    upper = nil
    leave()
    above?.carrierClosed(self, failure)
  }
}

extension TCPConnection.Effect {
  fileprivate var isSegment: Bool {
    switch self {
    case .send, .resend: true
    case .connected, .readable, .acknowledged, .peerClosed, .closed: false
    }
  }
}

extension HostStack {
  /// Accepts TCP connections at `node` on `port`.
  public func listen(at node: NodeID, port: UInt16, _ listener: any StreamListener) {
    listeners.append(listener)
    listenerTable.insert(
      UInt32(listeners.count - 1), for: SocketKey(node: node.index, local: Endpoint(.unspecified, port), remote: .none))
  }

  @discardableResult
  func sendTCP(
    _ header: TCPHeader, from local: Endpoint, to remote: Endpoint, node: NodeID, bound: InterfaceID, stream: StreamID,
    conversation: ConversationID
  ) -> SendResult {
    let options = header.flags.contains(.syn) ? HeaderLength.tcpSynOptions : 0
    let length = HeaderLength.ip(remote.address) + HeaderLength.tcp + options + Int(header.length)
    let luck = recorder.conversations[Int(conversation.index)].nextLuck(sender: node)
    let packet = Packet(
      source: local, destination: remote, proto: .tcp, length: length, stream: stream, tcp: header, conversation: conversation,
      luck: luck)
    return network.send(packet, from: node, bound: bound)
  }
}
