// Firewalls of networks and hosts: the file's own rules, then what a preset adds.
import NetworkModel
import ScenarioModel
import Wire

extension Cursor {
  /// A preset's name, `none`, or a map. A preset's rules come after the file's, its policy and statefulness unless the file gives them;
  /// a rule of the file takes the place of the preset's rule of the same name, and those under `without` are left out.
  /// - Parameter standard: the preset where none is named, and what `none` does without.
  func firewall(instead standard: FirewallSpec?) -> FirewallSpec?? {
    let presets = FirewallSpec.presets.map { (name: $0.name, value: $0.value as FirewallSpec?) } + [("none", nil)]
    guard case .map = node.content else {
      guard let preset = word(presets) else { return nil }
      // Where a network would have a firewall by itself, doing without one has to be said by an empty one.
      return .some(preset ?? (standard == nil ? nil : FirewallSpec()))
    }
    return map("a firewall") { map -> FirewallSpec? in
      var base = standard
      map.read("preset", into: &base) { $0.word(presets) }
      var spec = FirewallSpec(policy: base?.policy ?? .accept, stateful: base?.stateful ?? true, preset: base?.preset)
      map.read("policy", into: &spec.policy) { $0.word(Vocabulary.actions) }
      map.read("stateful", into: &spec.stateful) { $0.flag() }
      map.read("rules", into: &spec.rules) { $0.rules() }
      map["inspection"]?.map("a firewall's inspection") { map -> Void? in map.certificate(into: &spec.inspection) }
      var without: [String] = []
      let known = base?.rules.map { (name: $0.id, value: $0.id) } ?? []
      map.read("without", into: &without) { $0.items { $0.word(known) } }
      let own = spec.rules.map(\.id)
      spec.rules += base?.rules.filter { !own.contains($0.id) && !without.contains($0.id) } ?? []
      return spec
    }.map { .some($0) }
  }

  private func rules() -> [RuleSpec]? {
    guard case .list(let nodes) = node.content else { return expected("a list of rules") }
    return nodes.enumerated().compactMap { row, node in
      let item = Cursor(node: node, path: "\(path).\(row + 1)", reading: reading)
      // A rule is known by its name, so its path bears it rather than its ordinal.
      let name = item.rawName ?? "\(row + 1)"
      let named = Cursor(node: node, path: "\(path).\(name)", reading: reading)
      reading.origins[named.path] = .file(line: node.position.line, column: node.position.column)
      return named.map("a rule") { $0.rule() }
    }
  }

  private var rawName: String? {
    guard case .map(let entries) = node.content, let entry = entries.first(where: { $0.key == "name" }),
      case .scalar(let name) = entry.value.content, !name.isEmpty
    else { return nil }
    return name
  }
}

extension MapReader {
  fileprivate func rule() -> RuleSpec? {
    let name = require("name") { cursor -> String? in
      guard let name = cursor.text() else { return nil }
      let plain = name.utf8.allSatisfy { isID(String(UnicodeScalar($0)).lowercased()) }
      return plain ? name : cursor.expected("a rule's name of letters, digits and '-'")
    }
    var rule = RuleSpec(id: name ?? "", action: require("action") { $0.word(Vocabulary.actions) } ?? .accept)
    read("direction", into: &rule.direction) { $0.word(Vocabulary.directions) }
    read("protocol", into: &rule.proto) { $0.word(Vocabulary.protocols) }
    read("from", into: &rule.from) { $0.addresses() }
    read("to", into: &rule.to) { $0.addresses() }
    read("source-ports", into: &rule.sourcePorts) { $0.portsOrAny() }
    read("ports", into: &rule.ports) { $0.portsOrAny() }
    return name == nil ? nil : rule
  }
}

extension Cursor {
  fileprivate func portsOrAny() -> PortRange? { optional("any") { $0.ports() }.map { $0 ?? .any } }

  /// `any`, `internet`, `virtual-network`, a prefix, or the id of a host or a service node.
  fileprivate func addresses() -> AddressSpec? {
    guard let text = text() else { return nil }
    switch text {
    case "any": return .any
    case "internet": return .internet
    case "virtual-network": return .virtualNetwork
    default:
      if let prefix = IPPrefix(text) { return .prefix(prefix) }
      if let address = IPAddress(text) { return .prefix(IPPrefix(address, length: 128)) }
      return isID(text)
        ? .host(text) : expected("any, internet, virtual-network, a prefix, or the id of a host or a service node")
    }
  }
}
