// UDP sockets: bound to a port, and to an interface when their address says so.
import Trace
public import NetworkModel
import SimulationKernel
public import Wire

/// Receives what comes to a UDP socket.
public protocol DatagramHandler: AnyObject {
  /// `.refused` makes the datagram a drop with that reason.
  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery
  /// An ICMP error came back for something sent to `remote`.
  func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket)
}

extension DatagramHandler {
  public func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket) {}
}

/// A UDP socket; it stays open until it is closed or its world ends.
public final class UDPSocket {
  public let stack: HostStack
  public let node: NodeID
  /// The interface it is bound to; `.none` for a wildcard socket.
  public let interface: InterfaceID
  /// Its address is unspecified for a wildcard socket.
  public let local: Endpoint
  public unowned(unsafe) var handler: (any DatagramHandler)?
  /// The owner's own label.
  public let tag: Int
  private let row: UInt32
  public private(set) var isOpen = true

  fileprivate init(
    stack: HostStack, node: NodeID, interface: InterfaceID, local: Endpoint, handler: any DatagramHandler, tag: Int, row: UInt32
  ) {
    self.stack = stack
    self.node = node
    self.interface = interface
    self.local = local
    self.handler = handler
    self.tag = tag
    self.row = row
  }

  /// Sends a message; `.noRoute` at once when the bound interface has none (strong end system, RFC 1122 §3.3.4.2).
  /// - Parameter source: the own address a wildcard socket answers from: the one that was asked.
  @discardableResult
  public func send(_ message: Message, to remote: Endpoint, in conversation: ConversationID, from source: IPAddress? = nil)
    -> SendResult
  {
    let length = HeaderLength.ip(remote.address) + HeaderLength.udp + message.encodedLength
    return send(stack.network.store(message), length: length, to: remote, in: conversation, luck: nil, from: source)
  }

  /// Sends a stored message, with luck of its own when given (a tunnel's carrier shares that of what it carries).
  @discardableResult
  func send(
    _ payload: PayloadHandle, length: Int, to remote: Endpoint, in conversation: ConversationID, luck: UInt64?,
    from source: IPAddress? = nil
  ) -> SendResult {
    precondition(isOpen, "a datagram from a closed socket at \(local)")
    let luck = luck ?? stack.recorder.conversations[Int(conversation.index)].nextLuck(sender: node)
    let packet = Packet(
      source: source.map { Endpoint($0, local.port) } ?? local, destination: remote, proto: .udp, length: length,
      payload: payload, conversation: conversation, luck: luck)
    return stack.network.send(packet, from: node, bound: interface)
  }

  public func close() {
    guard isOpen else { return }
    isOpen = false
    _ = stack.udpTable.remove(SocketKey(node: node.index, local: local, remote: .none))
    stack.udpSockets[Int(row)] = nil
    stack.freeUDP.append(row)
  }
}

extension HostStack {
  /// Opens a UDP socket on `port` (a drawn one when 0), bound to `interface`'s address of the wanted family when given.
  /// - Parameters:
  ///   - range: where a drawn port is drawn from.
  ///   - preferred: where it is drawn from as long as one of these is free.
  ///   - subject: what a drawn port is drawn for.
  /// - Returns: `nil` when no port is free or the interface has no such address.
  public func openUDP(
    at node: NodeID, port: UInt16 = 0, interface: InterfaceID = .none, v6: Bool = false,
    range: ClosedRange<UInt16> = HostStack.dynamicPorts, preferred: ClosedRange<UInt16>? = nil, subject: UInt64 = 0,
    handler: any DatagramHandler, tag: Int = 0
  ) -> UDPSocket? {
    var address = IPAddress.unspecified
    if interface != .none {
      let shape = network.interfaces[Int(interface.index)]
      address = v6 ? shape.v6 : shape.v4
      if address == .unspecified { return nil }
    }
    func isUsed(_ port: UInt16) -> Bool {
      udpTable[SocketKey(node: node.index, local: Endpoint(address, port), remote: .none)] != nil
    }
    func drawn(_ range: ClosedRange<UInt16>) -> UInt16? { freePort(at: node, range: range, for: subject, isUsed: isUsed) }
    let chosen = port != 0 ? (isUsed(port) ? nil : port) : preferred.flatMap(drawn) ?? drawn(range)
    guard let chosen else { return nil }
    let row = freeUDP.popLast() ?? UInt32(udpSockets.count)
    let socket = UDPSocket(
      stack: self, node: node, interface: interface, local: Endpoint(address, chosen), handler: handler, tag: tag, row: row)
    if Int(row) == udpSockets.count { udpSockets.append(socket) } else { udpSockets[Int(row)] = socket }
    udpTable.insert(row, for: SocketKey(node: node.index, local: socket.local, remote: .none))
    return socket
  }

  /// The ports a socket gets that asks for none.
  public static var dynamicPorts: ClosedRange<UInt16> { ephemeralPorts }
}
