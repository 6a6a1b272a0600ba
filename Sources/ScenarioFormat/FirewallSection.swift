// Firewalls of networks and hosts: the file's own rules, then what a preset adds; read and written side by side.
import NetworkModel
import ScenarioModel
import SimulationKernel
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
      var spec = base ?? FirewallSpec()
      spec.rules = []
      map.read("profile", into: &spec.profile) { $0.word(Vocabulary.profiles) }
      map.read("order", into: &spec.order) { $0.word(Vocabulary.orders) }
      map.read("policy", into: &spec.policy) { $0.word(Vocabulary.actions) }
      map.tracking(into: &spec)
      map.read("delay", into: &spec.delay) { $0.duration() }
      map.read("rules", into: &spec.rules) { $0.rules() }
      map["inspection"]?.map("a firewall's inspection") { map -> Void? in map.certificate(into: &spec.inspection) }
      var without: [String] = []
      let known = base?.rules.map { (name: $0.id, value: $0.id) } ?? []
      map.read("without", into: &without) { $0.items { $0.word(known, isFixed: false) } }
      let own = spec.rules.map(\.id)
      spec.rules += base?.rules.filter { !own.contains($0.id) && !without.contains($0.id) } ?? []
      return spec
    }.map { .some($0) }
  }

  private func rules() -> [RuleSpec]? {
    if surveys(.list) { return surveyed(Survey.item).map("a rule") { $0.rule() }.map { [$0] } }
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
  fileprivate func tracking(into spec: inout FirewallSpec) {
    read("stateful", into: &spec.tracking.mode) { $0.trackingMode() }
    for (name, field) in FirewallSpec.idleTimes { read(name, into: &spec[keyPath: field]) { $0.duration() } }
    read("udp-unanswered-idle", into: &spec.tracking.udpUnanswered) { $0.optional("same") { $0.duration() } }
    read("inbound-refresh", into: &spec.tracking.inboundRefresh) { $0.flag() }
    read("mid-stream", into: &spec.tracking.midStream) { $0.flag() }
  }

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
    read("state", into: &rule.states) { $0.states() }
    read("priority", into: &rule.priority) { $0.optional("none") { $0.integer(0...Int(UInt16.max)) } }
    read("profiles", into: &rule.profiles) { $0.profiles() }
    read("enabled", into: &rule.isEnabled) { $0.flag() }
    return name == nil ? nil : rule
  }
}

extension Cursor {
  fileprivate func portsOrAny() -> PortRange? { optional("any") { $0.ports() }.map { $0 ?? .any } }

  /// `on`, `off`, or `rules`: the rules look at the state.
  fileprivate func trackingMode() -> FlowTracking.Mode? {
    if let isOn = flagBesides() { return isOn ? .on : .off }
    return word(Vocabulary.trackingModes)
  }

  /// `any`, a state, or a list of states.
  fileprivate func states() -> FlowStates? {
    if isWord("any") { return .any }
    if scalar != nil { return word(Vocabulary.states) }
    return items { $0.word(Vocabulary.states) }.map { FlowStates($0) }
  }

  /// `any`, or a list of profiles.
  fileprivate func profiles() -> [FirewallProfile]? {
    if isWord("any") { return [] }
    return items { $0.word(Vocabulary.profilesOfRules) }
  }

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

extension ScenarioWriter {
  static func firewall(_ spec: FirewallSpec?) -> Written {
    guard let spec else { return .scalar("none") }
    let preset = FirewallSpec.presets.first { $0.name == spec.preset }
    let own = spec.rules.map(\.id)
    var entries: [(key: String, value: Written)] = [
      ("preset", .scalar(preset?.name ?? "none")), ("profile", .scalar(Vocabulary.word(spec.profile, Vocabulary.profiles))),
      ("order", .scalar(spec.order.rawValue)), ("policy", .scalar(Vocabulary.word(spec.policy, Vocabulary.actions))),
      ("stateful", .scalar(Vocabulary.word(spec.tracking.mode, Vocabulary.trackingModes))),
    ]
    if spec.tracking.mode != .off {
      entries += FirewallSpec.idleTimes.map { ($0.name, .scalar(spec[keyPath: $0.field].written)) }
      entries += [
        ("udp-unanswered-idle", .scalar(spec.tracking.udpUnanswered?.written ?? "same")),
        ("inbound-refresh", .flag(spec.tracking.inboundRefresh)), ("mid-stream", .flag(spec.tracking.midStream)),
      ]
    }
    entries += [
      ("delay", .scalar(spec.delay.written)), ("rules", .list(spec.rules.map(rule))),
      ("without", .words(preset?.value.rules.map(\.id).filter { !own.contains($0) } ?? [])),
    ]
    let inspects =
      spec.rules.contains { $0.action == .divert }
      || spec.inspection != CertificateSpec(issuer: CertificateSpec.inspectionAuthority)
    if inspects { entries.append(("inspection", .inline(Written.certificate(spec.inspection)))) }
    return .map(entries)
  }

  private static func rule(_ rule: RuleSpec) -> Written {
    let states = Vocabulary.states.filter { rule.states.contains($0.value) }.map(\.name)
    return .inline([
      ("name", .text(rule.id)), ("priority", .scalar(rule.priority.map { "\($0)" } ?? "none")),
      ("action", .scalar(Vocabulary.word(rule.action, Vocabulary.actions))),
      ("direction", .scalar(Vocabulary.word(rule.direction, Vocabulary.directions))),
      ("protocol", .scalar(Vocabulary.word(rule.proto, Vocabulary.protocols))), ("from", addresses(rule.from)),
      ("to", addresses(rule.to)),
      ("source-ports", ports(rule.sourcePorts)), ("ports", ports(rule.ports)),
      ("state", rule.states == .any ? .scalar("any") : .words(states)),
      ("profiles", rule.profiles.isEmpty ? .scalar("any") : .words(rule.profiles.map(\.rawValue))),
      ("enabled", .flag(rule.isEnabled)),
    ])
  }

  private static func addresses(_ spec: AddressSpec) -> Written {
    switch spec {
    case .any: .scalar("any")
    case .internet: .scalar("internet")
    case .virtualNetwork: .scalar("virtual-network")
    case .prefix(let prefix): .text(prefix.description)
    case .host(let id): .text(id)
    }
  }
}
