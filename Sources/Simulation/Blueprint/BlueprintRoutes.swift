// Routes and rule lists of a blueprint.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
import Wire

extension BlueprintBuilder {
  // MARK: Routes

  /// Of routes to one prefix a private line's comes before the internet's, wherever both are known (`RouteMetric`).
  mutating func addRoutes() {
    // A router with one line out sends everything there; a router with several knows each public prefix.
    for (row, edges) in publicGraph.edges.enumerated() where edges.count == 1 {
      let up = edges[0].interface
      plan.routes[row].append(Route(prefix: .allV4, interface: up, metric: RouteMetric.provider))
      plan.routes[row].append(
        Route(prefix: IPPrefix(.unspecified, length: 0), interface: up, metric: RouteMetric.provider + 1))
    }
    for (node, prefix) in publicPrefixes {
      let hops = publicGraph.firstHops(to: node, keys: keys)
      for (row, hop) in hops.enumerated() {
        guard let hop, publicGraph.edges[row].count > 1 else { continue }
        plan.routes[row].append(Route(prefix: prefix, interface: hop, metric: RouteMetric.internet))
      }
    }
    for (node, prefix) in privatePrefixes {
      let hops = privateGraph.firstHops(to: node, keys: keys)
      for (row, hop) in hops.enumerated() {
        guard let hop else { continue }
        plan.routes[row].append(Route(prefix: prefix, interface: hop, metric: RouteMetric.privateLine))
      }
    }
  }

  // MARK: Rules

  mutating func addFirewalls() {
    for network in scenario.networks {
      guard let firewall = network.firewall else { continue }
      let router = node(network.id)
      let list = ruleList(firewall, path: "\(network.path).firewall", virtual: virtualNetwork(of: router))
      plan.hang(list, on: .forward, of: router)
    }
    for host in scenario.hosts {
      guard let firewall = host.firewall else { continue }
      let id = node(host.id)
      let list = ruleList(firewall, path: "\(host.path).firewall", virtual: virtualNetwork(of: node(host.network)))
      if host.role == .tunnelGateway {
        // What passes through a tunnel gateway is judged; its own outer packets are the network's business.
        plan.hang(list, on: .forward, of: id)
      } else {
        plan.hang(list, on: .input, of: id)
        plan.hang(list, on: .egress, of: id)
      }
    }
  }

  /// The subnet of a network and every private prefix that reaches its router over private lines.
  private func virtualNetwork(of router: NodeID) -> [IPPrefix] {
    var own: [IPPrefix] = []
    for (node, prefix) in privatePrefixes {
      if node == router || privateGraph.firstHops(to: node, keys: keys)[Int(router.index)] != nil { own.append(prefix) }
    }
    return own
  }

  private mutating func name(_ id: String, path: String, note: String) -> Int32 {
    rules.append(ComponentName(key: ComponentKey(path), id: id, path: path, note: note))
    return Int32(rules.count - 1)
  }

  private mutating func ruleList(_ firewall: FirewallSpec, path: String, virtual: [IPPrefix]) -> RuleList {
    let start = plan.rules.count
    for spec in firewall.rules {
      let rulePath = "\(path).rules.\(spec.id)"
      let note = firewall.order == .priority ? spec.priority.map { "priority \($0)" } : nil
      let row = name(spec.id, path: rulePath, note: note ?? "")
      rulesAt[rulePath] = []
      guard spec.applies(to: firewall.profile) else { continue }
      for from in prefixes(spec.from, virtual: virtual) {
        for to in prefixes(spec.to, virtual: virtual) {
          rulesAt[rulePath, default: []].append(plan.rules.count)
          var rule = Rule(
            action: spec.action, direction: spec.direction, proto: spec.proto, sources: from, destinations: to,
            sourcePorts: spec.sourcePorts, destinationPorts: spec.ports, states: spec.states, row: row)
          rule.enabled = spec.isEnabled
          plan.rules.append(rule)
        }
      }
    }
    let policy = name("policy", path: "\(path).policy", note: Self.note(onPolicyOf: firewall))
    return RuleList(
      start: start, end: plan.rules.count, policy: firewall.policy, policyRow: policy, tracking: firewall.tracking,
      delay: firewall.delay)
  }

  /// On which profile a firewall is, and which of its rules are for others.
  private static func note(onPolicyOf firewall: FirewallSpec) -> String {
    guard let profile = firewall.profile else { return "" }
    let others = firewall.rules.filter { !$0.applies(to: profile) }.map { rule in
      "; '\(rule.id)' is for \(rule.profiles.map(\.rawValue).joined(separator: " and ")) only"
    }
    return "profile \(profile.rawValue)\(others.joined())"
  }

  private func prefixes(_ spec: AddressSpec, virtual: [IPPrefix]) -> [IPPrefix] {
    switch spec {
    case .any: [Rule.everywhere]
    case .prefix(let prefix): [prefix]
    case .virtualNetwork: virtual
    case .internet: complement(of: virtual, in: .allV4) + complement(of: virtual, in: .allV6)
    case .host(let id):
      (hostInterfaces[node(id)] ?? []).flatMap { interface -> [IPPrefix] in
        let shape = plan.interfaces[Int(interface.id.index)]
        return [shape.v4, shape.v6].filter { $0 != .unspecified }.map { IPPrefix($0, length: 128) }
      }
    }
  }

  func finish(into blueprint: inout Blueprint) {
    blueprint.plan = plan
    blueprint.nodes = nodes
    blueprint.rules = rules
    blueprint.nodeOf = nodeOf
    blueprint.hostInterfaces = hostInterfaces
    blueprint.attachments = attachments
    blueprint.tunnels = tunnels
    blueprint.linksAt = linksAt
    blueprint.rulesAt = rulesAt
    blueprint.interfaceNames = interfaceNames
    blueprint.addressesOf = subnets
    blueprint.freeAddresses = addresses.outside
    blueprint.gateways = gateways
    if let directory = services["directory"] { blueprint.directory = directory }
    if let feed = services["feed"] { blueprint.feed = feed }
    if let broker = services["broker"] { blueprint.broker = broker }
    if let stun = services["stun"] { blueprint.stun = stun }
  }
}
