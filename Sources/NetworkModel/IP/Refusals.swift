// What a node answers to a packet that it does not carry on: an ICMP error, or a TCP reset.
import SimulationKernel
import Trace
import Wire

extension Network {
  /// Tells a packet's sender of its fate (RFC 792, RFC 1812 §4.3.2.7: never about an ICMP error).
  func answerICMP(_ kind: ICMPError.Kind, to slot: UInt32, at node: NodeID, mtu: Int32 = 0, byRule: Bool = false) {
    // The sender knows the packet by the addresses it gave it (RFC 5508 §4.2), not by a translator's.
    let packet = asArrived(pool[slot].pointee.packet)
    // RFC 1122 §3.2.2: never about an error, or about an answer to a query.
    if packet.proto == .icmp { guard case .echo(let echo)? = message(packet.payload), !echo.isReply else { return } }
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
    emit(answer, from: node, bound: asked, byRule: byRule)
    recorder.currentCause = cause
  }

  /// Tells the sender of a packet that nobody here wants it: a reset for TCP, port unreachable for the others.
  func refuse(_ slot: UInt32, at node: NodeID) {
    if pool[slot].pointee.packet.proto == .tcp {
      answerReset(to: slot, at: node)
    } else {
      answerICMP(.portUnreachable, to: slot, at: node)
    }
  }

  /// Answers a TCP segment with a reset in its destination's name.
  func answerReset(to slot: UInt32, at node: NodeID, byRule: Bool = false) {
    let packet = asArrived(pool[slot].pointee.packet)
    guard let reset = packet.tcp.reset else { return }
    let answer = Packet(
      source: packet.destination, destination: packet.source, proto: .tcp,
      length: HeaderLength.ip(packet.source.address) + HeaderLength.tcp, tcp: reset, conversation: packet.conversation,
      luck: mix(packet.luck, 0x2570), cause: packet.cause)
    let cause = recorder.currentCause
    recorder.currentCause = packet.cause
    emit(answer, from: node, bound: boundInterface(of: packet.destination.address, at: node), byRule: byRule)
    recorder.currentCause = cause
  }

  // MARK: Silence about unsolicited SYNs (RFC 5382 REQ-4)

  /// Keeps a SYN that nobody asked for until its silence is over; a further one of the same connection is gone at once. It never goes on.
  func keepSilence(about slot: UInt32, _ reason: DropReason, by translator: AddressTranslator, at node: NodeID) {
    guard let until = translator.silence(about: pool[slot].pointee.packet, now: now) else {
      return drop(slot, reason, at: node)
    }
    pool[slot].pointee.isInSilence = true
    schedule(slot, at: pool[slot].pointee.interface, until)
  }

  /// The silence about a SYN is over: if its connection has been opened from inside meanwhile, nothing is ever said of it; else its
  /// sender is told that nobody is there.
  func endSilence(_ slot: UInt32, at node: NodeID, shape: Node) {
    let packet = pool[slot].pointee.packet
    arrived = (packet.source, packet.destination)
    switch translator(of: shape, { $0.planReleased(packet, now: now) }) {
    case .existing, .fresh: drop(slot, .natSynOvertaken, at: node)
    case .silence(let reason), .refuse(let reason):
      answerICMP(.portUnreachable, to: slot, at: node)
      drop(slot, reason, at: node)
    case .drop(let reason): drop(slot, reason, at: node)
    case .pass, .own, nil: drop(slot, .natNoMapping, at: node)
    }
  }
}
