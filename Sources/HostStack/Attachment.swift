// A host leaves a network and joins another: what its own stack makes of that. Nobody tells the far ends.
import NetworkModel
import SimulationKernel
import Trace
public import Wire

extension HostStack {
  /// Takes one interface of a host out of its network, and puts another into its own; either may be missing. Routes follow, tunnels
  /// look for a new way to their gateways, and TCP connections end whose address is gone.
  public func move(from old: InterfaceID?, to new: InterfaceID?) {
    if let old { network.plug(old, in: false) }
    if let new { network.plug(new, in: true) }
    let moved = old ?? new
    if let moved {
      let node = network.interfaces[Int(moved.index)].node
      for client in tunnelClients where client.node == node { client.findWay() }
    }
    if let old { endConnections(on: old) }
  }

  /// Windows ends TCP connections as soon as their local address is gone (*assumed* from its media sense, which takes the addresses of
  /// a disconnected interface away; Microsoft, "How to disable the media sense feature"). A UDP socket stays, and cannot send.
  func endConnections(on interface: InterfaceID) {
    for socket in tcpSockets.compactMap({ $0 }) where socket.bound == interface { socket.addressGone() }
  }

  /// Tells of a conversation that begins on another way than it would if a tunnel were up.
  public func tellSleepingTunnel(
    from local: Endpoint, to remote: Endpoint, _ proto: TransportProtocol, in conversation: ConversationID, at node: NodeID
  ) {
    guard network.sleepingRoute(remote.address, from: node) != nil else { return }
    recorder.unsent(.tunnelDown, from: local, to: remote, proto, in: conversation, at: node)
  }
}
