// What a node answers to a packet that it does not carry on: an ICMP error, or a TCP reset.
import SimulationKernel
import Trace
import Wire

extension Network {
  /// Tells a packet's sender of its fate (RFC 792, RFC 1812 §4.3.2.7: never about an ICMP error).
  func answerICMP(_ kind: ICMPError.Kind, to slot: UInt32, at node: NodeID, mtu: Int32 = 0) {
    // The sender knows the packet by the addresses it gave it (RFC 5508 §4.2), not by a translator's.
    let packet = asArrived(pool[slot].pointee.packet)
    guard packet.proto != .icmp else { return }
    let error = ICMPError(
      kind: kind, source: packet.source, destination: packet.destination, proto: packet.proto, mtu: UInt16(clamping: mtu),
      quoted: QuotedHeader(of: packet))
    if locals[NodeAddress(node: node.index, address: packet.source.address)] != nil { return }
    let payload = store(.icmp(error))
    // A router answers from its outgoing interface, a host from the address that was asked, by the interface that has it.
    let asked = boundInterface(of: packet.destination.address, at: node)
    let source = asked == .none ? Endpoint(.unspecified, 0) : Endpoint(packet.destination.address, 0)
    let answer = Packet(
      source: source, destination: Endpoint(packet.source.address, 0), proto: .icmp,
      length: HeaderLength.ip(packet.source.address) + error.encodedLength, payload: payload, conversation: packet.conversation,
      luck: mix(packet.luck, UInt64(kind.rawValue) | 0x1C00), cause: packet.cause)
    let cause = recorder.currentCause
    recorder.currentCause = packet.cause
    send(answer, from: node, bound: asked)
    recorder.currentCause = cause
  }

  /// Tells the sender of a packet that nobody here wants it: a reset for TCP, port unreachable for the others.
  func refuse(_ slot: UInt32, at node: NodeID) {
    let packet = asArrived(pool[slot].pointee.packet)
    guard packet.proto == .tcp else { return answerICMP(.portUnreachable, to: slot, at: node) }
    let header = packet.tcp
    guard !header.flags.contains(.rst) else { return }
    // RFC 9293 §3.10.7.1: in sequence for whoever sent it.
    let occupied = UInt32(header.length) + (header.flags.contains(.syn) ? 1 : 0) + (header.flags.contains(.fin) ? 1 : 0)
    let reset =
      header.flags.contains(.ack)
      ? TCPHeader(sequence: header.acknowledgement, flags: .rst)
      : TCPHeader(acknowledgement: header.sequence &+ occupied, flags: [.rst, .ack])
    let answer = Packet(
      source: packet.destination, destination: packet.source, proto: .tcp,
      length: HeaderLength.ip(packet.source.address) + HeaderLength.tcp, tcp: reset, conversation: packet.conversation,
      luck: mix(packet.luck, 0x2570), cause: packet.cause)
    let cause = recorder.currentCause
    recorder.currentCause = packet.cause
    send(answer, from: node)
    recorder.currentCause = cause
  }
}
