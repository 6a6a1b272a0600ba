// Translators one meets, each as one value with its source.
import SimulationKernel

/// A translator's behaviour with a name for scenarios, where it is taken from, and what is uncertain about it.
public struct TranslationPreset: Sendable {
  public var name: String
  public var value: TranslationBehaviour
  public var source: String
  /// Where sources conflict or say nothing, what was chosen, and which preset is the other reading.
  public var note: String
  init(_ name: String, _ value: TranslationBehaviour, _ source: String, note: String = "") {
    self.name = name
    self.value = value
    self.source = source
    self.note = note
  }
}

extension TranslationBehaviour {
  /// RFC 3489 §5 full cone.
  public static let fullCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent)
  /// RFC 3489 §5 restricted cone.
  public static let restrictedCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressDependent)
  /// RFC 3489 §5 port restricted cone.
  public static let portRestrictedCone = TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
  /// RFC 3489 §5 symmetric.
  public static let symmetric = TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)
  /// A home router: port restricted, port preserving; 120 s (Linux conntrack's stream timeout, nat-and-ice.md §6.1).
  public static let homeRouter = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .addressAndPortDependent, ports: .preserving, udpLifetime: .seconds(120),
    inboundRefresh: true)

  /// Linux masquerading, input closed: every flow an entry of its own, its port kept while the reply's addresses are free, so that it looks
  /// endpoint independent until two flows clash. 30 s unanswered, then 120 s; established TCP 5 days, opening 120 s, closing 120 s
  /// (Linux, nf_conntrack sysctl defaults; measured, nat-and-ice.md §6.1).
  public static let linuxMasquerade = TranslationBehaviour(
    mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .preserving,
    portRange: PortRange(1, 65_535), udpLifetime: .seconds(120), tcpLifetime: .seconds(432_000), inboundRefresh: true
  ).with {
    $0.answers = .session
    $0.collision = .random
    $0.overloading = true
    $0.portClasses = true
    $0.udpUnansweredLifetime = .seconds(30)
    $0.udpStreamAge = .seconds(2)
    $0.tcpOpeningLifetime = .seconds(120)
    $0.tcpClosingLifetime = .seconds(120)
    $0.icmpLifetime = .seconds(30)
  }
  /// The same where the gateway's input chain accepts: an early inbound packet takes its own flow's port (nat-and-ice.md §6.1).
  public static let linuxMasqueradeOpenInput = linuxMasquerade.with { $0.unsolicited = .accept }
  /// The same with `--random-fully`: a new port for every flow (nat-and-ice.md §6.1).
  public static let linuxMasqueradeRandom = linuxMasquerade.with { $0.ports = .random }

  /// A carrier's NAT as RFC 6888 asks for: paired addresses, endpoint independent, ports from blocks, a limit per subscriber, ports
  /// held back for 120 s, hairpinning; who gets none is told. 1,008 ports a subscriber (64,512 shared by 64) and two addresses are *assumed*.
  public static let carrierGradeNAT = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .random, udpLifetime: .seconds(300),
    hairpinning: .externalSource
  ).with {
    $0.addresses = 2
    $0.portBlock = 504
    $0.portsPerHost = 1008
    $0.portHold = .seconds(120)
    $0.exhausted = .reject
  }

  /// A corporate firewall with dynamic IP and port translation: symmetric, ports by chance, shared by flows to different remotes
  /// (Palo Alto, "Source NAT and Destination NAT": DIPP with oversubscription). UDP 30 s, TCP 1 h, its handshake 10 s, half closed 120 s,
  /// ICMP 6 s (Palo Alto, "Session Timeouts").
  public static let corporateFirewall = TranslationBehaviour(
    mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .random, udpLifetime: .seconds(30),
    tcpLifetime: .seconds(3600), inboundRefresh: true
  ).with {
    $0.overloading = true
    $0.tcpOpeningLifetime = .seconds(10)
    $0.tcpClosingLifetime = .seconds(120)
    $0.icmpLifetime = .seconds(6)
  }
  /// The same with "Persistent NAT for DIPP" (PAN-OS 10.1.6, 10.2.4): an inside endpoint keeps its external one whoever it speaks to.
  public static let corporateFirewallPersistent = corporateFirewall.with {
    $0.mapping = .endpointIndependent
    $0.overloading = false
  }
  /// A pair of firewalls that shares out flows over two exits, each with an address of its own (Microsoft, "RDP Shortpath for public
  /// networks": STUN fails behind it; nat-and-ice.md §4.9).
  public static let highlyAvailablePair = TranslationBehaviour(
    mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .preserving, udpLifetime: .seconds(120),
    inboundRefresh: true
  ).with {
    $0.overloading = true
    $0.addresses = 2
    $0.pooling = .arbitrary
  }

  /// Azure instance-level public IP: stateless one-to-one, all ports (Microsoft, load-balancer-outbound-connections).
  public static let azurePublicIP = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .preserving, oneToOne: true)
  /// Azure NAT Gateway: a port at random for each flow, shared by different remotes, from 64,512 an address; 4 min; after a FIN 65 s,
  /// half-open 30 s; a UDP port is held for 65 s (Microsoft, nat-gateway-resource and -snat; avd-connectivity.md §5).
  public static let azureNATGateway = TranslationBehaviour(
    mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .random, udpLifetime: .seconds(240),
    tcpLifetime: .seconds(240)
  ).with {
    $0.overloading = true
    $0.portHold = .seconds(65)
    $0.tcpOpeningLifetime = .seconds(30)
    $0.tcpClosingLifetime = .seconds(65)
  }
  /// Azure Firewall: symmetric, one of its addresses by chance, 2,496 ports an address and instance at two instances (Microsoft,
  /// firewall/integrate-with-nat-gateway; avd-connectivity.md §5). 4 min are *assumed*.
  public static let azureFirewall = TranslationBehaviour(
    mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .random,
    portRange: PortRange(1024, 6015), udpLifetime: .seconds(240), tcpLifetime: .seconds(240)
  ).with {
    $0.overloading = true
    $0.pooling = .arbitrary
  }
  /// The other reading of Azure Firewall, in which UDP passes it: endpoint independent (azure-docs issue 96376).
  public static let azureFirewallCone = azureFirewall.with {
    $0.mapping = .endpointIndependent
    $0.overloading = false
  }
  /// Azure Load Balancer outbound rules: "port restricted cone", 1,024 ports an instance of pools up to 50, 4 min (Microsoft,
  /// load-balancer-outbound-connections).
  public static let azureLoadBalancerOutbound = TranslationBehaviour(
    mapping: .endpointIndependent, filtering: .addressAndPortDependent, ports: .random, udpLifetime: .seconds(240),
    tcpLifetime: .seconds(240)
  ).with {
    $0.portBlock = 1024
    $0.portsPerHost = 1024
  }
  /// The other reading: a port for each destination address, as the same page counts them.
  public static let azureLoadBalancerOutboundPerAddress = azureLoadBalancerOutbound.with { $0.mapping = .addressDependent }
  /// Azure default outbound access: an implicit address with a small number of ports; 1,024 and 4 min are *assumed* (avd-connectivity.md §5).
  public static let azureDefaultOutbound = azureLoadBalancerOutbound

  /// The presets by the names scenarios use.
  public static let presets: [TranslationPreset] = [
    TranslationPreset("full-cone", .fullCone, "RFC 3489 §5"),
    TranslationPreset("restricted-cone", .restrictedCone, "RFC 3489 §5"),
    TranslationPreset("port-restricted-cone", .portRestrictedCone, "RFC 3489 §5"),
    TranslationPreset("symmetric", .symmetric, "RFC 3489 §5"),
    TranslationPreset(
      "home-router", .homeRouter, "RFC 4787 with Linux's 120 s",
      note: "one mapping whatever happens; linux-masquerade is what many such boxes really do"),
    TranslationPreset(
      "linux-masquerade", .linuxMasquerade, "Linux nf_nat and nf_conntrack, measured",
      note:
        "looks endpoint independent until two flows want the same port toward one remote; then the later one gets a port by chance"
    ),
    TranslationPreset(
      "linux-masquerade-open-input", .linuxMasqueradeOpenInput, "Linux, measured",
      note: "the gateway takes an early inbound packet for its own, and the inside host's flow to that peer gets another port"),
    TranslationPreset("linux-masquerade-random", .linuxMasqueradeRandom, "Linux, measured"),
    TranslationPreset(
      "carrier-grade-nat", .carrierGradeNAT, "RFC 6888",
      note: "1,008 ports a subscriber and two addresses are assumed"),
    TranslationPreset("corporate-firewall", .corporateFirewall, "Palo Alto DIPP"),
    TranslationPreset(
      "corporate-firewall-persistent", .corporateFirewallPersistent, "Palo Alto, persistent NAT for DIPP (PAN-OS 10.1.6, 10.2.4)"),
    TranslationPreset(
      "ha-firewall-pair", .highlyAvailablePair, "RFC 4787 §4.1 arbitrary pooling",
      note:
        "two exits that share out flows: whether STUN and the peer see the same one is chance, so ask several seeds; timers and port "
        + "preservation are assumed"),
    TranslationPreset(
      "azure-nat-gateway", .azureNATGateway, "Microsoft, nat-gateway-resource, nat-gateway-snat",
      note: "after a reset a port is free in 16 s there, here as after a FIN in 65 s; there it carries no ICMP"),
    TranslationPreset(
      "azure-firewall", .azureFirewall, "Microsoft, firewall/integrate-with-nat-gateway",
      note: "sources conflict: the documents say symmetric, azure-docs issue 96376 saw UDP pass: azure-firewall-cone"),
    TranslationPreset(
      "azure-firewall-cone", .azureFirewallCone, "azure-docs issue 96376", note: "the other reading of azure-firewall"),
    TranslationPreset(
      "azure-load-balancer-outbound", .azureLoadBalancerOutbound, "Microsoft, load-balancer-outbound-connections",
      note: "the page says port restricted cone and counts a port for each destination address: the latter is "
        + "azure-load-balancer-outbound-per-address"),
    TranslationPreset(
      "azure-load-balancer-outbound-per-address", .azureLoadBalancerOutboundPerAddress,
      "Microsoft, load-balancer-outbound-connections", note: "the other reading of azure-load-balancer-outbound"),
    TranslationPreset(
      "azure-default-outbound", .azureDefaultOutbound, "Microsoft, default-outbound-access",
      note: "1,024 ports and 4 min are assumed; azure-docs issue 94364 saw UDP pass by it"),
    TranslationPreset("azure-public-ip", .azurePublicIP, "Microsoft, load-balancer-outbound-connections"),
  ]
}
