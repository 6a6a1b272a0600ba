// What could be changed to help a session, and who could do it: its administrators, its providers, or nobody.
import NetworkModel
public import ScenarioModel
import VirtualDesktop
import Wire

/// Who can make a change.
public enum ChangeOwner: Int, Sendable, CaseIterable, Comparable {
  /// Rules, switches, settings, presets and ports of what one owns.
  case administrator
  /// A carrier's translator, a line of the internet, the service itself.
  case provider
  /// Something that happens, such as an outage: nobody chose it.
  case circumstance

  public static func < (a: ChangeOwner, b: ChangeOwner) -> Bool { a.rawValue < b.rawValue }

  /// The word that programs can rely on.
  public var name: String { "\(self)" }
}

extension Scenario {
  /// Who can make a change of this scenario.
  public func owner(of change: Change) -> ChangeOwner {
    let path =
      switch change {
      case .set(let path, _): path
      case .act(let path, _): path
      }
    let parts = path.split(separator: ".").map(String.init)
    switch parts[0] {
    case "events", "mishaps": return .circumstance
    case "service": return .provider
    case "links":
      if mishaps.contains(where: { $0.path == path }) { return .circumstance }
      guard parts.count > 2, let link = links.first(where: { $0.id == parts[1] }) else { return .administrator }
      return link.isPrivate || host(link.from) != nil || host(link.to) != nil ? .administrator : .provider
    case "networks":
      guard parts.count > 2, let network = network(parts[1]) else { return .administrator }
      return parts[2] == "uplink" || isProviders(network) ? .provider : .administrator
    default: return .administrator
    }
  }

  /// Whether a network belongs to a provider: what shares addresses as RFC 6888 says, and what no client, session host or proxy stands
  /// in, unless it has a box of one's own (*assumed*: a second router between home and provider is the user's).
  func isProviders(_ network: NetworkSpec) -> Bool {
    if network.translationName == "carrier-grade-nat" { return true }
    let ends: [HostRole] = [.client, .sessionHost, .proxy]
    if hosts.contains(where: { $0.network == network.id && ends.contains($0.role) }) { return false }
    return network.translation == nil || network.translationName == nil
  }
}

/// The changes that may help one session, by what the scenario has; each alone, in a fixed order.
struct Remedies {
  let scenario: Scenario
  let session: SessionSpec

  var all: [Change] { settings + rules + profiles + translations }

  private func set(_ path: String, _ value: String) -> Change { .set(path: path, value: .word(value)) }

  // MARK: Settings

  /// Every switch of host pool, session host and client at its other values. `Default` and `not-configured` are left out: they stand for
  /// one of the others.
  private var settings: [Change] {
    let (host, client) = ("hosts.\(session.host).policy", "hosts.\(session.client).client")
    var changes = switches(scenario.hostPool, HostPoolSpec.settings, "host-pool") { $0 != "PublicNetworkAccess" }
    if scenario.hostPool.publicNetworkAccess != .enabled { changes.append(set("host-pool.PublicNetworkAccess", "Enabled")) }
    changes += switches(scenario.hostPool, HostPoolSpec.properties, "host-pool.rdp-properties")
    if let spec = scenario.host(session.host) {
      changes += switches(spec.policy, HostPolicySpec.settings, host)
      // [Microsoft, "Configure RDP Shortpath"]: 3390 is the default, which rules of the field open.
      if spec.policy.listenerPort != 3390 { changes.append(set("\(host).UdpRedirectorPort", "3390")) }
    }
    if let spec = scenario.host(session.client) {
      if spec.client.kind == .web { changes.append(set("\(client).kind", "windows")) }
      changes += switches(spec.client, ClientSpec.settings, client) { $0 != "kind" }
    }
    return changes
  }

  private func switches<Owner>(
    _ owner: Owner, _ known: [NamedSetting<Owner>], _ path: String, where isMeant: (String) -> Bool = { _ in true }
  ) -> [Change] {
    known.filter { isMeant($0.name) && !$0.words.isEmpty }.flatMap { setting in
      let now = setting.text(owner)
      return setting.words.filter { $0 != now && $0 != "Default" && $0 != "not-configured" }.map {
        set("\(path).\(setting.name)", $0)
      }
    }
  }

  // MARK: Firewalls

  private var firewalls: [(path: String, spec: FirewallSpec)] {
    let ofNetworks = scenario.networks.compactMap { network in network.firewall.map { ("\(network.path).firewall", $0) } }
    return ofNetworks + scenario.hosts.compactMap { host in host.firewall.map { ("\(host.path).firewall", $0) } }
  }

  /// Rules in force that stand in the way of packets, lifted; rules out of force that let packets pass, restored. A security group's
  /// default rules cannot be lifted there, only overruled.
  private var rules: [Change] {
    firewalls.flatMap { path, firewall -> [Change] in
      firewall.rules.compactMap { rule in
        let isDefault = rule.priority.map { $0 > RuleSpec.priorities.upperBound } ?? false
        if rule.isEnabled, rule.action != .accept, !isDefault { return .act(element: "\(path).rules.\(rule.id)", verb: .lift) }
        return !rule.isEnabled && rule.action == .accept ? .act(element: "\(path).rules.\(rule.id)", verb: .restore) : nil
      }
    }
  }

  private var profiles: [Change] {
    firewalls.flatMap { path, firewall in
      firewall.profile.map { now in FirewallProfile.allCases.filter { $0 != now }.map { set("\(path).profile", $0.rawValue) } }
        ?? []
    }
  }

  // MARK: Translators

  /// Azure's translators where Azure's or a session host stands, those of homes and branches elsewhere; a provider's by axis only.
  private var translations: [Change] {
    scenario.networks.flatMap { network -> [Change] in
      guard let behaviour = network.translation else { return [] }
      let path = "\(network.path).nat"
      var changes: [Change] = []
      if !behaviour.oneToOne {
        if behaviour.mapping != .endpointIndependent { changes.append(set("\(path).mapping", "endpoint-independent")) }
        if behaviour.filtering != .endpointIndependent { changes.append(set("\(path).filtering", "endpoint-independent")) }
      }
      if scenario.isProviders(network) { return changes }
      let isAzure =
        network.translationName?.hasPrefix("azure") ?? false
        || scenario.hosts.contains { $0.role == .sessionHost && $0.network == network.id }
      let names = isAzure ? Self.azure : Self.boxes
      return changes + names.filter { $0 != network.translationName }.map { set(path, $0) }
    }
  }

  /// What an administrator chooses between in a virtual network.
  private static let azure = TranslationBehaviour.presets.map(\.name).filter { $0.hasPrefix("azure") }
  /// What an administrator chooses between at home or in a branch, by how they behave.
  private static let boxes = [
    "home-router", "linux-masquerade", "port-restricted-cone", "full-cone", "corporate-firewall-persistent",
  ]
}
