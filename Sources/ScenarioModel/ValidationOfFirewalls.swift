// The part of a scenario's check that is about firewalls: rules that could never decide, clash, or ask what nobody tracks.
import NetworkModel
import SimulationKernel
import Wire

extension ScenarioCheck {
  mutating func firewall(_ firewall: FirewallSpec, _ path: String, at place: FirewallPlace) {
    if firewall.policy.diverts { report("\(path).policy", "a policy accepts, drops or rejects; a rule can inspect or proxy") }
    if place == .host, firewall.delay > .zero {
      report("\(path).delay", "a host's firewall takes no time; a network's or a tunnel gateway's can")
    }
    if place == .tunnelGateway, !firewall.tracking.inboundRefresh {
      report("\(path).inbound-refresh", "a tunnel gateway has no inside: everything it judges comes in")
    }
    tracking(of: firewall, path)
    var seen: Set<String> = []
    var taken: [RuleDirection: [Int: String]] = [:]
    for rule in firewall.rules {
      let rulePath = "\(path).rules.\(rule.id)"
      if !seen.insert(rule.id).inserted { report(rulePath, "two rules of one firewall are called '\(rule.id)'") }
      addresses(of: rule, rulePath)
      inspection(rule, rulePath, at: place)
      states(of: rule, in: firewall, rulePath)
      priority(of: rule, in: firewall, rulePath, &taken)
      if !rule.profiles.isEmpty, firewall.profile == nil {
        report(
          "\(rulePath).profiles",
          "a rule is for some profiles where its firewall has one; write profile: domain, private or public")
      }
      for (range, key) in [(rule.sourcePorts, "source-ports"), (rule.ports, "ports")] where range != .any {
        if rule.proto == .icmp { report("\(rulePath).\(key)", "icmp has no ports") }
        if range.low > range.high { report("\(rulePath).\(key)", "a range of ports runs upward") }
      }
    }
  }

  private mutating func addresses(of rule: RuleSpec, _ path: String) {
    for (spec, key) in [(rule.from, "from"), (rule.to, "to")] {
      guard case .host(let id) = spec else { continue }
      let services = scenario.certifiedServices + ["stun"]
      guard !unread.contains("hosts"), roles[id] == nil, !services.contains(id) else { continue }
      let known = ["any", "internet", "virtual-network"] + hostIDs + services
      let hint = NearestName.hint(id, among: known)
      let allowed = "any, internet, virtual-network, a prefix, a host, a service node"
      report("\(path).\(key)", "'\(id)' is no prefix and no host\(hint); allowed: \(allowed)")
    }
  }

  private mutating func tracking(of firewall: FirewallSpec, _ path: String) {
    let tracking = firewall.tracking
    if tracking.mode == .off, tracking != .off {
      report(path, "nothing is remembered of flows where stateful is off: leave out idle times, inbound-refresh and mid-stream")
    }
    let times = FirewallSpec.idleTimes.map { ($0.name, firewall[keyPath: $0.field]) }
    for (key, time) in times + [("udp-unanswered-idle", tracking.udpUnanswered ?? tracking.udp)] where time <= .zero {
      report("\(path).\(key)", "a flow is remembered for longer than no time at all")
    }
  }

  /// A rule may ask for a state only where there is one to see.
  private mutating func states(of rule: RuleSpec, in firewall: FirewallSpec, _ path: String) {
    if rule.states == .any { return }
    if rule.states.isEmpty {
      report("\(path).state", "a rule is about one state at least; allowed: new, established, related, invalid")
    } else if firewall.tracking.mode == .off {
      report("\(path).state", "nothing is tracked here, so no packet has a state; write stateful: rules")
    } else if firewall.tracking.mode == .on, rule.states.isDisjoint(with: [.new, .invalid]) {
      report("\(path).state", "with stateful: on, packets of known flows pass before any rule is asked; write stateful: rules")
    }
  }

  private mutating func priority(
    of rule: RuleSpec, in firewall: FirewallSpec, _ path: String, _ taken: inout [RuleDirection: [Int: String]]
  ) {
    guard let priority = rule.priority, !unread.contains("\(path).priority") else { return }
    guard firewall.order == .priority else {
      return report(
        "\(path).priority", "this firewall judges its rules in the order \(firewall.order.rawValue); write order: priority")
    }
    let preset = FirewallSpec.presets.first { $0.name == firewall.preset }?.value
    if preset?.rules.contains(where: { $0.id == rule.id && $0.priority == priority }) ?? false { return }
    let allowed = RuleSpec.priorities
    if !allowed.contains(priority) {
      report(
        "\(path).priority",
        "a rule's priority is \(allowed.lowerBound) to \(allowed.upperBound), behind which the default rules stand; found \(priority)"
      )
    }
    for way in [RuleDirection.inbound, .outbound] where rule.judges(way) {
      if let other = taken[way, default: [:]].updateValue(rule.id, forKey: priority) {
        report("\(path).priority", "'\(other)' has the priority \(priority) already; each is given once in a direction")
        break
      }
    }
  }
}
