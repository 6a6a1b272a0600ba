// A small language for drawing test networks: hosts, routers with translators, rules and links, in a line each.
package import NetworkModel
package import SimulationKernel
package import Trace
package import Wire

/// An address as text.
package func ip(_ text: String) -> IPAddress {
  guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
  return address
}

/// An endpoint as text and port.
package func at(_ text: String, _ port: UInt16) -> Endpoint { Endpoint(ip(text), port) }

/// A network being drawn.
package struct Draft {
  package var plan = NetworkPlan()
  private var nodes: [ComponentName] = []
  private var rules: [ComponentName] = []

  package init() {}

  private mutating func node(_ name: String, forwards: Bool) -> NodeID {
    nodes.append(ComponentName(key: ComponentKey(name), id: name, path: "hosts.\(name)"))
    return plan.addNode(forwards: forwards)
  }
  package mutating func host(_ name: String) -> NodeID { node(name, forwards: false) }
  package mutating func router(_ name: String) -> NodeID { node(name, forwards: true) }

  /// Joins two nodes. Addresses are one of each family at most, separated by a space.
  @discardableResult
  package mutating func link(
    _ a: NodeID, _ addressA: String, _ sideA: InterfaceSide, _ b: NodeID, _ addressB: String, _ sideB: InterfaceSide,
    _ there: LinkSettings = LinkSettings(delay: .milliseconds(1)), back: LinkSettings? = nil
  ) -> (InterfaceID, InterfaceID) {
    let one = plan.add(Self.interface(a, addressA, sideA))
    let two = plan.add(Self.interface(b, addressB, sideB))
    let key = ComponentKey(nodes[Int(a.index)].id + "–" + nodes[Int(b.index)].id + addressA)
    plan.join(one, two, there: there, back: back ?? there, key: key)
    return (one, two)
  }

  /// An interface without a link, behind which an application stands.
  package mutating func virtual(_ node: NodeID, _ address: String, mtu: Int = 1400) -> InterfaceID {
    var shape = Self.interface(node, address, .privateLine)
    shape.mtu = Int32(mtu)
    return plan.add(shape)
  }

  private static func interface(_ node: NodeID, _ addresses: String, _ side: InterfaceSide) -> Interface {
    var shape = Interface(node: node, side: side)
    for text in addresses.split(separator: " ") {
      let address = ip(String(text))
      if address.isV4 { shape.v4 = address } else { shape.v6 = address }
    }
    return shape
  }

  package mutating func route(_ node: NodeID, _ prefix: String, by interface: InterfaceID, metric: UInt32 = 0) {
    guard let prefix = IPPrefix(prefix) else { preconditionFailure("no prefix: \(prefix)") }
    plan.routes[Int(node.index)].append(Route(prefix: prefix, interface: interface, metric: metric))
  }

  /// Hangs `node` under `router`: everything goes up, and the node's own addresses come down.
  @discardableResult
  package mutating func attach(
    _ node: NodeID, _ addresses: String, to router: NodeID, gateway: String = "198.18.0.1 2001:db8:ffff::1",
    _ up: LinkSettings = LinkSettings(delay: .milliseconds(1)), down: LinkSettings? = nil
  ) -> (InterfaceID, InterfaceID) {
    let ends = link(node, addresses, .outside, router, gateway, .lan, up, back: down)
    plan.routes[Int(node.index)].append(Route(prefix: Rule.everywhere, interface: ends.0, metric: 100))
    for text in addresses.split(separator: " ") {
      plan.routes[Int(router.index)].append(Route(prefix: IPPrefix(ip(String(text)), length: 128), interface: ends.1))
    }
    return ends
  }

  /// Further external addresses of a translator, routed to it.
  package mutating func announce(_ address: String, at router: NodeID, by interface: InterfaceID) {
    plan.routes[Int(router.index)].append(Route(prefix: IPPrefix(ip(address), length: 128), interface: interface))
  }

  package mutating func translate(
    _ router: NodeID, _ behaviour: TranslationBehaviour, outside: [String], pairs: [(String, String)] = []
  ) {
    plan.nodes[Int(router.index)].translator = Int32(plan.translators.count)
    let name = nodes[Int(router.index)].id
    plan.translators.append(
      TranslatorPlan(
        behaviour: behaviour, key: ComponentKey(name).part(7), node: router, outside: outside.map(ip),
        pairs: pairs.map { (inside: ip($0.0), outside: ip($0.1)) }))
  }

  /// Hangs named rules on a hook; returns the row of the first in the plan's rules. The policy's name is `<node>-policy`.
  @discardableResult
  package mutating func filter(
    _ node: NodeID, _ hook: RuleHook, _ named: [(String, Rule)] = [], policy: RuleAction = .accept,
    tracking: FlowTracking = .off, delay: SimDuration = .zero
  ) -> Int {
    let start = plan.rules.count
    for (name, rule) in named {
      var rule = rule
      rule.row = Int32(rules.count)
      rules.append(ComponentName(key: ComponentKey(name), id: name, path: name))
      plan.rules.append(rule)
    }
    let policyName = nodes[Int(node.index)].id + "-policy"
    rules.append(ComponentName(key: ComponentKey(policyName), id: policyName, path: policyName))
    plan.hang(
      RuleList(
        start: start, end: plan.rules.count, policy: policy, policyRow: Int32(rules.count - 1), tracking: tracking,
        delay: delay),
      on: hook, of: node)
    return start
  }

  /// The network in motion; something must become its delegate.
  package func network(seed: UInt64 = 1) -> Network {
    Network(plan: plan, chance: Chance(seed: seed), recorder: Recorder(nodes: nodes, rules: rules), start: .zero)
  }
}

extension Network {
  /// Drops so far, in order.
  package var drops: [Drop] {
    recorder.story.compactMap { record in
      guard let reason = record.dropReason else { return nil }
      let rule = record.rule >= 0 ? recorder.rules[Int(record.rule)].id : ""
      return Drop(reason: reason, node: recorder.name(of: record.node), rule: rule)
    }
  }

  package func run(_ seconds: Int64) { run(until: now + .seconds(seconds)) }
}

/// Where and why a packet ended.
package struct Drop: Hashable, CustomStringConvertible {
  package var reason: DropReason
  package var node: String
  package var rule: String
  package init(reason: DropReason, node: String, rule: String = "") {
    self.reason = reason
    self.node = node
    self.rule = rule
  }
  package var description: String { "\(reason.code) at \(node) \(rule)" }
}
