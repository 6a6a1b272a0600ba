// What a running network forgets at an event: the flows of a firewall, the state of a translator, and the way to an address.
import Trace
import SimulationKernel
public import Wire

extension Network {
  /// The firewalls of `node` know no flow any more.
  public func forgetFlows(at node: NodeID) { flows.removeAll { key, _ in key.node == node.index } }

  /// The translator of `node`.
  /// - Precondition: it has one.
  public func translator(at node: NodeID) -> AddressTranslator { translators[Int(nodes[Int(node.index)].translator)] }

  /// The translator of `node` is started anew: only its static mappings are left.
  public func restartTranslator(at node: NodeID) { translator(at: node).forget(.restart, now: now, recorder: recorder) }

  /// The translator of `node` gets other outside addresses, one for each that is in service. The old ones are nobody's.
  public func rebindTranslator(at node: NodeID, to addresses: [IPAddress]) {
    let old = translator(at: node).exits
    translator(at: node).rebind(to: addresses, now: now, recorder: recorder)
    for (old, new) in zip(old, addresses) {
      moveRoutes(from: old, to: new, endingAt: node)
      moveInterfaces(of: node, from: old, to: new)
    }
  }

  /// The exit in use of `node`'s translator fails.
  public func failOverTranslator(at node: NodeID) {
    guard let lost = translator(at: node).failOver(now: now, recorder: recorder) else { return }
    moveRoutes(from: lost, to: nil, endingAt: node)
    moveInterfaces(of: node, from: lost, to: translator(at: node).exits[0])
  }

  /// Whoever routed one address to `node` routes another there instead, or neither. Elsewhere the same private address is somebody else's.
  private func moveRoutes(from old: IPAddress, to new: IPAddress?, endingAt node: NodeID) {
    let leading = (0..<nodes.count).filter { leads(from: NodeID($0), to: old, endingAt: node) }
    for row in leading {
      if let interface = neighbours.remove(NodeAddress(node: Int32(row), address: old)), let new {
        neighbours.insert(interface, for: NodeAddress(node: Int32(row), address: new))
      }
      for route in Int(nodes[row].routeStart)..<Int(nodes[row].routeEnd) where routes[route].isRoute(to: old) {
        routes[route] =
          new.map { RouteRow(Route(prefix: IPPrefix($0, length: 128), interface: routes[route].interface)) } ?? .withdrawn
      }
    }
  }

  private func leads(from start: NodeID, to address: IPAddress, endingAt end: NodeID) -> Bool {
    var node = start
    for _ in 0..<nodes.count where node != end {
      guard let out = route(address, from: node, bound: .none) else { return false }
      let peer = interfaces[Int(out.index)].peer
      guard peer != .none else { return false }
      node = interfaces[Int(peer.index)].node
    }
    return node == end
  }

  private func moveInterfaces(of node: NodeID, from old: IPAddress, to new: IPAddress) {
    _ = locals.remove(NodeAddress(node: node.index, address: old))
    for row in 0..<interfaces.count where interfaces[row].node == node && interfaces[row].v4 == old {
      interfaces[row].v4 = new
      locals.insert(InterfaceID(row), for: NodeAddress(node: node.index, address: new))
    }
  }
}
