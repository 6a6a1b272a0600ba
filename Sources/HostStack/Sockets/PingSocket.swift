// ICMP echo (RFC 792, RFC 4443 §4): every node that is up answers requests for its addresses, and a socket asks by its identifier.
import NetworkModel
import SimulationKernel
import Trace
import Wire

/// Hears what comes back for its requests.
protocol PingHandler: AnyObject {
  func answered(_ echo: ICMPEcho, _ packet: Packet)
  /// An ICMP error came back for a request.
  func unreachable(_ kind: ICMPError.Kind)
}

/// Asks for echoes. Its identifier stands where other packets have the asking end's port, which is how translators and firewalls tell
/// queries apart (RFC 5508 §3.1).
final class PingSocket: NodeBound {
  private let stack: HostStack
  let node: NodeID
  private let interface: InterfaceID
  private let identifier: UInt16
  unowned(unsafe) private(set) var handler: any PingHandler
  private var isOpen = true

  /// - Parameter identifier: 0 draws one for `subject`.
  init(at node: NodeID, identifier: UInt16, interface: InterfaceID, subject: UInt64, stack: HostStack, handler: any PingHandler) {
    self.stack = stack
    self.node = node
    self.interface = interface
    self.handler = handler
    let drawn = stack.freePort(at: node, range: 1...UInt16.max, for: subject) {
      stack.pings[PingKey(node: node, identifier: $0)] != nil
    }
    self.identifier = identifier != 0 ? identifier : drawn ?? 0
    stack.pings[PingKey(node: node, identifier: self.identifier)] = self
    stack.keep(self)
  }

  func ask(_ sequence: UInt16, length: Int, of remote: IPAddress, in conversation: ConversationID) -> SendResult {
    let echo = ICMPEcho(isReply: false, sequence: sequence, length: length)
    return stack.send(
      echo, from: Endpoint(.unspecified, identifier), to: Endpoint(remote, 0), at: node, bound: interface, in: conversation)
  }

  func vanish() {
    guard isOpen else { return }
    isOpen = false
    stack.pings[PingKey(node: node, identifier: identifier)] = nil
  }
}

/// A ping socket by its node and identifier.
struct PingKey: Hashable {
  var node: NodeID
  var identifier: UInt16
}

extension HostStack {
  fileprivate func send(
    _ echo: ICMPEcho, from source: Endpoint, to remote: Endpoint, at node: NodeID, bound: InterfaceID,
    in conversation: ConversationID
  ) -> SendResult {
    let packet = Packet(
      source: source, destination: remote, proto: .icmp, length: HeaderLength.ip(remote.address) + echo.encodedLength,
      payload: network.store(.echo(echo)), conversation: conversation,
      luck: recorder.conversations[Int(conversation.index)].nextLuck(sender: node))
    return network.send(packet, from: node, bound: bound)
  }

  /// RFC 1122 §3.2.2.6: a request is answered from the address that was asked; a reply goes to who asked by its identifier.
  func receive(_ echo: ICMPEcho, _ packet: Packet, at node: NodeID) -> Delivery {
    if echo.isReply {
      guard let asker = pings[PingKey(node: node, identifier: packet.destination.port)] else { return .refused(.icmpUnmatched) }
      asker.handler.answered(echo, packet)
    } else {
      var reply = echo
      reply.isReply = true
      let bound = network.boundInterface(of: packet.destination.address, at: node)
      _ = send(reply, from: packet.destination, to: packet.source, at: node, bound: bound, in: packet.conversation)
    }
    return .taken
  }
}
