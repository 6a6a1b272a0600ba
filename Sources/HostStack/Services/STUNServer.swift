// A STUN server (RFC 8489 §6.3, §7.2.2 basic usage): tells whoever asks from where the request came.
import Trace
public import NetworkModel
public import Wire

public final class STUNServer: DatagramHandler {
  private var socket: UDPSocket?

  /// Serves UDP 3478 (RFC 8489 §18.6) at `node`.
  public init(at node: NodeID, port: UInt16 = 3478, stack: HostStack) {
    stack.keep(self)
    socket = stack.openUDP(at: node, port: port, handler: self)
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard case .stun(let request) = message, request.kind == .request else { return .refused(.unexpected) }
    var answer = STUNMessage(kind: .success, transaction: request.transaction)
    answer.mapped = packet.source
    answer.fingerprint = request.fingerprint
    socket.send(.stun(answer), to: packet.source, in: packet.conversation, from: packet.destination.address)
    return .taken
  }
}
