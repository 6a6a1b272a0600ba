// Firewalls as scenarios write them: ordered named rules, and the default lists of Azure's network security groups.
public import NetworkModel
public import Wire

/// Whom a rule's address condition means.
public enum AddressSpec: Sendable, Equatable {
  case any
  case prefix(IPPrefix)
  /// Everything that is not of the virtual network (Azure's service tag `Internet`).
  case internet
  /// The network's own subnet and every private prefix routed to it, tunnels' pools included (Azure's service tag `VirtualNetwork`).
  case virtualNetwork
  /// A host of the scenario or a node of the service, by id.
  case host(String)
}

/// One named rule; every condition must hold for it to decide.
public struct RuleSpec: Sendable, Equatable {
  /// The rule's name, unique in its firewall.
  public var id: String
  public var action: RuleAction
  public var direction: RuleDirection = .any
  public var proto: TransportProtocol?
  public var from: AddressSpec = .any
  public var to: AddressSpec = .any
  public var sourcePorts: PortRange = .any
  public var ports: PortRange = .any
  public init(id: String, action: RuleAction) {
    self.id = id
    self.action = action
  }
}

/// A firewall: ordered rules and a policy for what none of them decides.
public struct FirewallSpec: Sendable, Equatable {
  /// Judged in order, before the preset's own.
  public var rules: [RuleSpec]
  public var policy: RuleAction
  /// Replies of accepted flows pass unjudged.
  public var stateful: Bool
  /// The name of the preset the rest came from.
  public var preset: String?
  /// What its rules that inspect show: a certificate for each name that is asked for, unless it has a name of its own.
  public var inspection = CertificateSpec(issuer: CertificateSpec.inspectionAuthority)
  public init(rules: [RuleSpec] = [], policy: RuleAction = .accept, stateful: Bool = true, preset: String? = nil) {
    self.rules = rules
    self.policy = policy
    self.stateful = stateful
    self.preset = preset
  }

  /// Azure's network security group with its default rules (Microsoft, "Network security groups: default security rules").
  public static var networkSecurityGroup: FirewallSpec {
    func rule(_ id: String, _ action: RuleAction, _ direction: RuleDirection, from: AddressSpec, to: AddressSpec) -> RuleSpec {
      var rule = RuleSpec(id: id, action: action)
      rule.direction = direction
      rule.from = from
      rule.to = to
      return rule
    }
    return FirewallSpec(
      rules: [
        rule("AllowVnetInBound", .accept, .inbound, from: .virtualNetwork, to: .virtualNetwork),
        // The platform's health probes come from 168.63.129.16 (Microsoft, "What is IP address 168.63.129.16?").
        rule("AllowAzureLoadBalancerInBound", .accept, .inbound, from: .prefix(IPPrefix(v4: 0xA83F_8110, 32)), to: .any),
        rule("DenyAllInBound", .drop, .inbound, from: .any, to: .any),
        rule("AllowVnetOutBound", .accept, .outbound, from: .virtualNetwork, to: .virtualNetwork),
        rule("AllowInternetOutBound", .accept, .outbound, from: .any, to: .internet),
        rule("DenyAllOutBound", .drop, .outbound, from: .any, to: .any),
      ],
      policy: .drop, stateful: true, preset: "network-security-group")
  }

  /// A stateful firewall that lets everything out and nothing unasked in.
  public static var outboundOnly: FirewallSpec {
    var out = RuleSpec(id: "allow-out", action: .accept)
    out.direction = .outbound
    return FirewallSpec(rules: [out], policy: .drop, stateful: true, preset: "outbound-only")
  }

  /// The presets by the names scenarios use.
  public static let presets: [(name: String, value: FirewallSpec)] = [
    ("network-security-group", .networkSecurityGroup), ("outbound-only", .outboundOnly),
  ]
}

extension NetworkSpec {
  /// The firewall of a network that names none: one that is translated by `azure-public-ip` has Azure's network security group with
  /// its default rules, for a public address on a network interface is a Standard one and closed until a group opens it (Microsoft,
  /// "Public IP addresses": Standard is secure by default). An empty `FirewallSpec` says that there is none.
  public var defaultFirewall: FirewallSpec? { translationName == "azure-public-ip" ? .networkSecurityGroup : nil }
}
