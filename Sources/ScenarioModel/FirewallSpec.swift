// Firewalls as scenarios write them: named rules, the order they are judged in, a policy, and how flows are tracked.
public import NetworkModel
public import SimulationKernel
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

/// The kind of network a Windows host takes itself to be in (Microsoft, "Windows Firewall overview: network profiles").
public enum FirewallProfile: String, Sendable, CaseIterable {
  case domain, `private`, `public`
}

/// The order in which a firewall judges its rules.
public enum RuleOrder: String, Sendable, CaseIterable {
  /// As they are written, the file's before a preset's.
  case written
  /// The lowest number first (Microsoft, "Network security groups: security rules").
  case priority
  /// Those that block before those that allow, whatever their place (Microsoft, "Windows Firewall rules: rule precedence").
  case blocksFirst = "blocks-first"
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
  /// How the packet may stand with the flows the firewall tracks.
  public var states: FlowStates = .any
  /// Its place where rules are judged by priority; one without gets the next free one.
  public var priority: Int?
  /// The profiles it is in force on; empty for all.
  public var profiles: [FirewallProfile] = []
  /// Whether it is in force when the run begins; events restore and lift it.
  public var isEnabled = true
  public init(id: String, action: RuleAction) {
    self.id = id
    self.action = action
  }

  /// What a user's rule of a network security group may have (Microsoft, "Network security groups: security rules").
  public static let priorities = 100...4096

  /// Whether it forbids.
  var blocks: Bool { action == .drop || action == .reject || action == .reset }

  /// Whether it may decide about packets that go `way`.
  func judges(_ way: RuleDirection) -> Bool { direction == .any || direction == way }

  /// Whether it is in force on a profile.
  public func applies(to profile: FirewallProfile?) -> Bool {
    profiles.isEmpty || profile.map { profiles.contains($0) } ?? false
  }
}

/// A firewall: ordered rules and a policy for what none of them decides.
public struct FirewallSpec: Sendable, Equatable {
  /// In the order they are judged in, once the scenario is normalised.
  public var rules: [RuleSpec]
  public var policy: RuleAction
  /// Whether replies of accepted flows pass unjudged, and how long flows are remembered.
  public var tracking: FlowTracking
  /// The name of the preset the rest came from.
  public var preset: String?
  public var order = RuleOrder.written
  /// The profile of the network its host is in; `nil` where there are no profiles.
  public var profile: FirewallProfile?
  /// How long it works on each packet it judges.
  public var delay = SimDuration.zero
  /// What its rules that inspect show: a certificate for each name that is asked for, unless it has a name of its own.
  public var inspection = CertificateSpec(issuer: CertificateSpec.inspectionAuthority)
  public init(rules: [RuleSpec] = [], policy: RuleAction = .accept, tracking: FlowTracking = .on, preset: String? = nil) {
    self.rules = rules
    self.policy = policy
    self.tracking = tracking
    self.preset = preset
  }

  /// The idle times of flows that are plain durations, by the names scenarios use.
  public static var idleTimes: [(name: String, field: WritableKeyPath<FirewallSpec, SimDuration>)] {
    [
      ("udp-idle", \.tracking.udp), ("tcp-idle", \.tracking.tcp), ("tcp-opening-idle", \.tracking.tcpOpening),
      ("tcp-closing-idle", \.tracking.tcpClosing), ("tcp-reset-idle", \.tracking.tcpReset), ("icmp-idle", \.tracking.icmp),
    ]
  }

  /// Gives rules without a priority the next free one and puts all into the order they are judged in.
  mutating func normalise() {
    switch order {
    case .written: return
    case .priority:
      var next: [RuleDirection: Int] = [:]
      for row in rules.indices {
        let ways = [RuleDirection.inbound, .outbound].filter { rules[row].judges($0) }
        let taken = rules.filter { rule in ways.contains { rule.judges($0) } }.compactMap(\.priority)
        var priority = rules[row].priority ?? ways.map { next[$0] ?? RuleSpec.priorities.lowerBound }.max() ?? 0
        if rules[row].priority == nil { while taken.contains(priority) { priority += 1 } }
        rules[row].priority = priority
        guard RuleSpec.priorities.contains(priority) else { continue }
        for way in ways { next[way] = priority + 1 }
      }
      reorder { $0.priority ?? 0 }
    case .blocksFirst: reorder { $0.blocks ? 0 : 1 }
    }
  }

  /// Sorts the rules by a rank; equal ones keep their order.
  private mutating func reorder(by rank: (RuleSpec) -> Int) {
    let ranked = rules.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
    rules = ranked.map(\.element)
  }
}

extension NetworkSpec {
  /// The firewall of a network that names none: one that is translated by `azure-public-ip` has Azure's network security group with
  /// its default rules, for a public address on a network interface is a Standard one and closed until a group opens it (Microsoft,
  /// "Public IP addresses": Standard is secure by default). An empty `FirewallSpec` says that there is none.
  public var defaultFirewall: FirewallSpec? { translationName == "azure-public-ip" ? .networkSecurityGroup : nil }
}
