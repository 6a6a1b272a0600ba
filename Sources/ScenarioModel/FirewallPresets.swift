// Firewalls by the names scenarios use: each one value on the axes, with its source.
import NetworkModel
import Wire

extension FirewallSpec {
  /// The presets by the names scenarios use, with where each is from.
  public static let presets: [(name: String, value: FirewallSpec, source: String)] = [
    ("network-security-group", .networkSecurityGroup, "Microsoft, Network security groups: default security rules; flows 4 min"),
    ("windows-firewall", .windowsFirewall, "Microsoft, Windows Firewall overview; Configure RDP Shortpath, the listener's rule"),
    ("linux-firewall", .linuxFirewall, "Linux, nf_conntrack-sysctl; iptables-extensions(8), conntrack"),
    (
      "outbound-only", .outboundOnly,
      "the simplest stateful one (compare RFC 6092); times of RFC 5382, UDP as Azure"
    ),
  ]

  private static func rule(
    _ id: String, _ action: RuleAction, _ direction: RuleDirection, from: AddressSpec = .any, to: AddressSpec = .any,
    priority: Int? = nil, states: FlowStates = .any
  ) -> RuleSpec {
    var rule = RuleSpec(id: id, action: action)
    rule.direction = direction
    (rule.from, rule.to) = (from, to)
    rule.priority = priority
    rule.states = states
    return rule
  }

  /// Azure's network security group with its default rules (Microsoft, "Network security groups: default security rules").
  public static var networkSecurityGroup: FirewallSpec {
    var group = FirewallSpec(
      rules: [
        rule("AllowVnetInBound", .accept, .inbound, from: .virtualNetwork, to: .virtualNetwork, priority: 65_000),
        // The platform's health probes come from 168.63.129.16 (Microsoft, "What is IP address 168.63.129.16?").
        rule("AllowAzureLoadBalancerInBound", .accept, .inbound, from: .prefix(IPPrefix(v4: 0xA83F_8110, 32)), priority: 65_001),
        rule("DenyAllInBound", .drop, .inbound, priority: 65_500),
        rule("AllowVnetOutBound", .accept, .outbound, from: .virtualNetwork, to: .virtualNetwork, priority: 65_000),
        rule("AllowInternetOutBound", .accept, .outbound, to: .internet, priority: 65_001),
        rule("DenyAllOutBound", .drop, .outbound, priority: 65_500),
      ],
      policy: .drop, preset: "network-security-group")
    group.order = .priority
    group.normalise()
    return group
  }

  /// A stateful firewall that lets everything out and nothing unasked in.
  public static var outboundOnly: FirewallSpec {
    FirewallSpec(rules: [rule("allow-out", .accept, .outbound)], policy: .drop, preset: "outbound-only")
  }

  /// Windows Defender Firewall on a host: what goes out is allowed, what comes in is not unless a rule allows it (Microsoft, "Windows
  /// Firewall overview: default behavior"), on the Public profile until said otherwise, as Windows takes a network it does not know.
  /// Its flow times are not published: those of security groups are *assumed*.
  public static var windowsFirewall: FirewallSpec {
    // Microsoft, "Configure RDP Shortpath", managed networks with a listener: the rule that the policy needs.
    var listener = rule("RemoteDesktop-UserMode-In-RDPShortpath-UDP", .accept, .inbound)
    (listener.proto, listener.ports) = (.udp, PortRange(3390, 3390))
    listener.profiles = [.domain, .private]
    var firewall = FirewallSpec(
      rules: [listener, rule("allow-out", .accept, .outbound)], policy: .drop, preset: "windows-firewall")
    firewall.order = .blocksFirst
    firewall.profile = .public
    return firewall
  }

  /// A Linux host or router with the usual three rules over connection tracking: what is known passes, what belongs to nothing does
  /// not, and only the inside opens flows.
  public static var linuxFirewall: FirewallSpec {
    FirewallSpec(
      rules: [
        rule("allow-known", .accept, .any, states: [.established, .related]), rule("drop-invalid", .drop, .any, states: .invalid),
        rule("allow-out", .accept, .outbound, states: .new),
      ],
      policy: .drop, tracking: .linux, preset: "linux-firewall")
  }
}
