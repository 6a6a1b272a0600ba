// How packets come into the IP layer other than by a link: made at a node, brought back by an application, set in from outside.
public import SimulationKernel
import Trace
public import Wire

/// How a send ended at the sender's own IP layer.
public enum SendResult: Equatable, Sendable, BitwiseCopyable {
  case sent
  /// No route by the bound interface (RFC 1122 §3.3.4.2), or none at all.
  case noRoute
  /// The bound interface is down: the host has left its network, or its tunnel is not up.
  case interfaceDown
}

extension Network {
  /// Sends a packet made at `node`. An unspecified source is filled in from the outgoing interface.
  /// A packet that finds no route is never created; its payload is released.
  @discardableResult
  public func send(_ packet: Packet, from node: NodeID, bound: InterfaceID = .none) -> SendResult {
    emit(packet, from: node, bound: bound, byRule: false)
  }

  /// - Parameter byRule: whether the node's own firewall answers: as slowly as it judges, and unjudged.
  @discardableResult
  func emit(_ packet: Packet, from node: NodeID, bound: InterfaceID, byRule: Bool) -> SendResult {
    arrived = nil
    var packet = packet
    guard nodes[Int(node.index)].up, let out = route(packet.destination.address, from: node, bound: bound) else {
      discard(packet.payload)
      guard nodes[Int(node.index)].up, bound != .none, !interfaces[Int(bound.index)].up else { return .noRoute }
      recorder.unsent(
        interfaces[Int(bound.index)].whenDown, from: packet.source, to: packet.destination, packet.proto,
        in: packet.conversation, at: node)
      return .interfaceDown
    }
    let outgoing = interfaces[Int(out.index)]
    if packet.source.address == .unspecified {
      guard let own = outgoing.address(like: packet.destination.address) else {
        discard(packet.payload)
        return .noRoute
      }
      packet.source.address = own
    }
    let slot = place(packet)
    let flight = pool[slot]
    flight.pointee.packet.cause = recorder.motion(.sent, packet, at: node, cause: recorder.currentCause)
    let shape = nodes[Int(node.index)]
    guard packet.length <= outgoing.mtu else {
      answerICMP(.fragmentationNeeded, to: slot, at: node, mtu: outgoing.mtu)
      drop(slot, .mtuExceeded, at: node)
      return .sent
    }
    var dwell = byRule ? shape.delay : .zero
    // What an application sends in another's name goes out as that one's packets do.
    if shape.diverts, !byRule, packet.proto != .icmp, locals[NodeAddress(node: node.index, address: packet.source.address)] == nil
    {
      dwell = shape.delay
      if shape.translator >= 0, outgoing.side == .outside {
        let outward = translator(of: shape) { $0.planOutward(packet, now: now, chance: chance) }
        guard apply(outward, toSource: true, slot, at: node) else { return .sent }
        translator(of: shape) { $0.commitOutward(outward, packet, now: now, recorder: recorder) }
      }
    }
    if shape.egress >= 0, !byRule {
      let verdict = judge(shape.egress, on: .egress, packet, at: node, way: .outbound)
      guard pass(verdict, slot, at: node) else { return .sent }
      if verdict.track { remember(packet, at: node, by: shape.egress, way: .outbound) }
    }
    put(slot, on: out, outgoing, at: node, after: dwell)
    return .sent
  }

  /// Releases a message whose packet was never made.
  private func discard(_ payload: PayloadHandle) {
    if payload != .none { _ = messages.remove(payload.index, payload.generation) }
  }

  /// Brings a packet that an application holds back into the IP layer, as arriving at `interface` after `delay`.
  public func resume(_ slot: UInt32, at interface: InterfaceID, after delay: SimDuration, cause: UInt64) {
    pool[slot].pointee.packet.cause = cause
    schedule(slot, at: interface, now + delay)
  }

  /// Sets a packet from outside the world on its way, arriving at `interface` at `time`.
  /// - Precondition: `time` is not before the last handled event.
  public func inject(_ packet: Packet, at interface: InterfaceID, time: SimTime) {
    precondition(time >= now, "a packet injected into the past: \(time) is before \(now)")
    let slot = place(packet)
    schedule(slot, at: interface, time)
  }
}
