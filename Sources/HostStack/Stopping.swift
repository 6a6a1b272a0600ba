// A machine that stops: everything that stands on its node is gone at once, and nobody is told.
import NetworkModel
import SimulationKernel
public import Wire

/// What belongs to a node and ends with its machine: whatever holds a timer or a stream.
protocol NodeBound: AnyObject {
  var node: NodeID { get }
  /// Gives up everything it holds, tells nobody, and is never called again.
  func vanish()
}

extension HostStack {
  /// Ends every socket, connection, timer, listener, tunnel and proxy at `node`, without a word to anybody: peers find out by packets.
  /// The objects themselves stay until the world ends, since others of their node point at them, but nothing leads to them any more.
  ///
  /// Called between two events, never from within something that stands on the node.
  public func stop(_ node: NodeID) {
    for case let object as any NodeBound in kept where object.node == node { object.vanish() }
    for socket in udpSockets where socket?.node == node { socket?.close() }
    listenerTable.removeAll { key, row in
      if key.node == node.index { listeners[Int(row)] = nil }
      return key.node == node.index
    }
    proxies[node.index] = nil
    tunnelClients.removeAll { $0.node == node }
    for row in 0..<network.interfaces.count where network.interfaces[row].node == node && tunnels[Int32(row)] != nil {
      tunnels[Int32(row)] = nil
      network.interfaces[row].up = false
    }
    stops[Int(node.index)] += 1
  }

  /// What a draw at `node` is about, after its machine has been started anew as often as it has: what met it before says nothing about
  /// what meets it now.
  public func luck(_ subject: UInt64, at node: NodeID) -> UInt64 {
    let stops = node == .none ? 0 : stops[Int(node.index)]
    return stops == 0 ? subject : mix(subject, stops)
  }
}
