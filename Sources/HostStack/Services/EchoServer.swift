// A UDP echo (RFC 862): gives every datagram back, so that a probe can tell whether both directions pass.
import Trace
public import NetworkModel
public import Wire

public final class EchoServer: DatagramHandler {
  private var socket: UDPSocket?

  public init(at node: NodeID, port: UInt16, stack: HostStack) {
    stack.keep(self)
    socket = stack.openUDP(at: node, port: port, handler: self)
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .opaque = message else { return .refused(.unexpected) }
    socket.send(message, to: packet.source, in: packet.conversation, from: packet.destination.address)
    return .taken
  }
}
