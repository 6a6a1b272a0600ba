// A world that changes while it runs: links, rules and tunnels, machines that stop and start anew, translators that lose their state.
import HostStack
import NetworkModel
public import ScenarioModel
import SimulationKernel
import Trace
import VirtualDesktop
import Wire

extension World {
  /// Makes a change in the running world.
  public func apply(_ change: Change) throws(ChangeError) {
    switch change {
    case .set(let path, let value):
      if let host = Scenario.roamer(path) { return roam(host, to: value.text) }
      let parts = path.split(separator: ".").map(String.init)
      let element = parts.dropLast().joined(separator: ".")
      if let row = tunnels.firstIndex(where: { "tunnels.\($0.id)" == element }), parts.last == "delay",
        case .duration(let delay) = value
      {
        tunnels[row].processing = delay
        for end in [tunnels[row].clientInterface, tunnels[row].gatewayInterface] {
          stack.setProcessing(delay, ofTunnelAt: end)
        }
        return
      }
      if parts.count == 4, parts[2] == "nat", try adopt(parts, value, path) { return }
      guard let rows = blueprint.linksAt[element], let field = parts.last else {
        throw ChangeError("'\(path)' cannot be changed while the world runs; links, uplinks and tunnels can")
      }
      for row in rows { try Scenario.set(&network.links[row].settings, field, value, path) }
    case .act(let path, let verb):
      if let objection = scenario.objection(to: verb, at: path) { throw ChangeError(objection) }
      if let element = scenario.element(path) { act(on: element, path, verb) }
    }
  }

  private func act(on element: Element, _ path: String, _ verb: Change.Verb) {
    switch element {
    case .rule: for row in blueprint.rulesAt[path] ?? [] { network.rules[row].enabled = verb == .restore }
    case .line: for row in blueprint.linksAt[path] ?? [] { network.links[row].up = verb == .up }
    case .tunnel(let id):
      guard let row = tunnels.firstIndex(where: { $0.id == id }) else { return }
      tunnels[row].isOff = verb == .down
      for end in [tunnels[row].clientInterface, tunnels[row].gatewayInterface] {
        stack.switchTunnel(off: verb == .down, at: end)
      }
    case .machine(let id):
      let node = blueprint.nodeOf[id]!
      if verb != .up { stop(node) }
      if verb != .down { boot(node) }
    case .translator(let id): lose(stateOf: id, by: verb)
    case .firewall(let id):
      let node = blueprint.nodeOf[id]!
      network.forgetFlows(at: node)
      // Nothing stands on a network's router but what its firewall diverts to.
      if scenario.network(id) != nil { remake(node) }
    }
  }

  /// Changes an axis of a network's translator that may change while it runs; false where there is no such translator or axis.
  private func adopt(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) -> Bool {
    guard let node = blueprint.nodeOf[parts[1]], network.nodes[Int(node.index)].translator >= 0,
      let axis = TranslationAxis.named(parts[3]), axis.isLive
    else { return false }
    let translator = network.translator(at: node)
    var behaviour = translator.behaviour
    guard axis.set(&behaviour, value) else { throw ChangeError("'\(path)' takes \(axis.allowed); found \(value.text)") }
    translator.adopt(behaviour)
    return true
  }

  // MARK: Machines

  /// The machine loses all it knew, and says nothing more.
  private func stop(_ node: NodeID) {
    guard network.nodes[Int(node.index)].up else { return }
    recorder.power(on: false, at: node)
    clients.removeValue(forKey: node)?.vanish()
    hosts.removeValue(forKey: node)?.tellTotals()
    for prober in probers.removeValue(forKey: node) ?? [] { prober.cut() }
    for rogue in rogues where rogue.node == node { rogue.vanish() }
    stack.stop(node)
    network.forgetFlows(at: node)
    network.nodes[Int(node.index)].up = false
  }

  /// The machine starts with nothing but its configuration.
  private func boot(_ node: NodeID) {
    guard !network.nodes[Int(node.index)].up else { return }
    network.nodes[Int(node.index)].up = true
    recorder.power(on: true, at: node)
    for make in programs[node] ?? [] { make() }
  }

  private func remake(_ node: NodeID) {
    guard let programs = programs[node] else { return }
    stack.stop(node)
    for make in programs { make() }
  }

  /// The user selects a session's resource.
  func open(_ session: Int, at node: NodeID, _ resource: ComponentKey) {
    if let client = clients[node] { return client.open(session: session, resource: resource) }
    // Nobody can click on a machine that is off.
    recorder.failure(.machineDown, at: node, session: session)
    recorder.sessionFailed(.machineDown, at: node, session: session)
    settled()
  }

  func start(_ plan: ProbePlan, at node: NodeID) {
    let prober = Prober(plan, at: node, stack: stack) { [unowned self] in settled() }
    guard network.nodes[Int(node.index)].up else { return prober.cut() }
    probers[node, default: []].append(prober)
    prober.start()
  }

  // MARK: Translators

  private func lose(stateOf id: String, by verb: Change.Verb) {
    let node = blueprint.nodeOf[id]!
    switch verb {
    case .rebind: network.rebindTranslator(at: node, to: otherAddresses(of: id, at: node))
    case .failover: network.failOverTranslator(at: node)
    case .restart, .lift, .restore, .down, .up: network.restartTranslator(at: node)
    }
  }

  /// Addresses that the network's provider gives in exchange for those in service, which it may give to others later.
  private func otherAddresses(of id: String, at node: NodeID) -> [IPAddress] {
    let provider = scenario.network(id)?.uplink?.to
    var pool = provider.flatMap { addressesOf[$0] } ?? freeAddresses
    let old = network.translator(at: node).exits
    rebinds[id, default: 0] += 1
    let key = ComponentKey(id).part(1_000 + rebinds[id]!)
    let new = old.indices.map { pool.assign(key.part(UInt64($0))) }
    for address in old { pool.release(address) }
    if let provider { addressesOf[provider] = pool } else { freeAddresses = pool }
    return new
  }
}
