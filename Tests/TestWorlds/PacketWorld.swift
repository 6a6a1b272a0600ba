// A network with a delegate that records what arrives: for tests that need no sockets.
package import NetworkModel
package import SimulationKernel
import Trace
package import Wire

/// What reached a host.
package struct Arrival {
  package var packet: Packet
  package var node: NodeID
  package var time: SimTime
  package var message: Message?

  /// The ICMP error, when it is one, without what it shows of the quoted packet beside its endpoints.
  package var error: ICMPError? {
    guard case .icmp(var error)? = message else { return nil }
    error.quoted = QuotedHeader()
    return error
  }
}

package final class PacketWorld: NetworkDelegate {
  package let network: Network
  package private(set) var arrivals: [Arrival] = []
  /// Ports nobody listens on.
  package var closedPorts: Set<UInt16> = []
  private var luck: UInt64 = 0

  package init(_ draft: Draft, seed: UInt64 = 1) {
    network = draft.network(seed: seed)
    network.delegate = self
  }

  package func receive(_ packet: Packet, at node: NodeID, on interface: InterfaceID) -> Delivery {
    if packet.proto != .icmp, closedPorts.contains(packet.destination.port) { return .refused(.noSocket) }
    arrivals.append(Arrival(packet: packet, node: node, time: network.now, message: network.message(packet.payload)))
    return .taken
  }
  package func transmit(slot: UInt32, on interface: InterfaceID) -> Delivery { .refused(.tunnelDown) }
  package func timerDue(owner: UInt32) {}

  /// A packet of `length` bytes in all, with a message to carry.
  package func packet(
    _ source: Endpoint, _ destination: Endpoint, length: Int = 100, proto: TransportProtocol = .udp, luck: UInt64? = nil
  ) -> Packet {
    self.luck += 1
    let payload = network.store(.opaque(OpaqueBytes(length: max(length - 28, 0))))
    return Packet(
      source: source, destination: destination, proto: proto, length: length, payload: payload, conversation: .none,
      luck: luck ?? mix(self.luck, 77))
  }

  @discardableResult
  package func send(
    _ node: NodeID, _ source: Endpoint, _ destination: Endpoint, length: Int = 100, proto: TransportProtocol = .udp,
    luck: UInt64? = nil, bound: InterfaceID = .none, ttl: UInt8 = 64
  ) -> SendResult {
    var packet = packet(source, destination, length: length, proto: proto, luck: luck)
    packet.ttl = ttl
    return network.send(packet, from: node, bound: bound)
  }

  /// Sends, runs long enough, and returns what has arrived since.
  package func sent(
    _ node: NodeID, _ source: Endpoint, _ destination: Endpoint, length: Int = 100, proto: TransportProtocol = .udp,
    ttl: UInt8 = 64
  ) -> [Arrival] {
    let before = arrivals.count
    send(node, source, destination, length: length, proto: proto, ttl: ttl)
    network.run(1)
    return Array(arrivals[before...])
  }
}
