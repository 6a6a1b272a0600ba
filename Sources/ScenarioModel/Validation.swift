// What makes a scenario that reads well still impossible: names that name nothing, addresses that clash, roles that do not fit.
import NetworkModel
import SimulationKernel
import Wire

/// One thing that is wrong with a scenario.
public struct ScenarioProblem: Sendable, Equatable {
  /// The value it is about, as in `hosts.alice.network`.
  public var path: String
  /// What is wrong, what is allowed.
  public var message: String
}

extension Scenario {
  /// Everything wrong with the scenario, in the order of its sections; a scenario without problems can be built.
  /// - Parameter unread: paths whose values a reader had to leave out; nothing that follows only from them is reported.
  public func problems(unread: Set<String> = []) -> [ScenarioProblem] {
    var check = ScenarioCheck(self, unread: unread)
    check.names()
    for network in networks { check.network(network) }
    for link in links { check.link(link) }
    for tunnel in tunnels { check.tunnel(tunnel) }
    for host in hosts { check.host(host) }
    check.addresses()
    check.services()
    check.timings()
    check.happenings()
    check.mishaps()
    for (row, expectation) in expectations.enumerated() { check.expectation(expectation, "expect.\(row + 1)") }
    return check.problems
  }
}

/// A walk over a scenario that collects problems. An empty name was not read and is passed over.
struct ScenarioCheck {
  /// Without origins, so that trying a change copies little.
  let scenario: Scenario
  let unread: Set<String>
  private(set) var problems: [ScenarioProblem] = []
  let networkIDs: [String]
  let hostIDs: [String]
  let tunnelIDs: [String]
  let roles: [String: HostRole]
  let networks: Set<String>
  let providers: [String: String]
  let tunnels: [String: TunnelSpec]
  let hostsOf: [String: [HostSpec]]
  let circling: Set<String>

  /// Words that stand where an id may stand, and nodes every world has.
  static let reserved: Set<String> = [
    "any", "internet", "lan", "virtual-network", "none", "auto", "stun", "directory", "feed", "broker", "unlimited",
  ]
  /// More problems than this are no help (*assumed*).
  static let maximumProblems = 100

  init(_ scenario: Scenario, unread: Set<String>) {
    var bare = scenario
    bare.origins = [:]
    self.scenario = bare
    self.unread = unread
    networkIDs = scenario.networks.map(\.id)
    hostIDs = scenario.hosts.map(\.id)
    tunnelIDs = scenario.tunnels.map(\.id)
    roles = Dictionary(scenario.hosts.map { ($0.id, $0.role) }, uniquingKeysWith: { first, _ in first })
    networks = Set(networkIDs)
    let uplinks = scenario.networks.compactMap { network in network.uplink.map { (network.id, $0.to) } }
    providers = Dictionary(uplinks, uniquingKeysWith: { first, _ in first })
    tunnels = Dictionary(scenario.tunnels.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    circling = Self.circles(networkIDs, providers)
    hostsOf = Dictionary(grouping: scenario.hosts, by: \.network)
  }

  mutating func report(_ path: String, _ message: @autoclosure () -> String) {
    if problems.count < Self.maximumProblems { problems.append(ScenarioProblem(path: path, message: message())) }
  }

  /// Reports `name` unless it is one of `known`; the section it should stand in may itself have been unreadable.
  mutating func refer(_ name: String, _ path: String, _ kind: String, in section: String, _ known: [String]) {
    guard !name.isEmpty, !unread.contains(section), !known.contains(name) else { return }
    guard problems.count < Self.maximumProblems else { return }
    let allowed = known.isEmpty ? "; there is none" : "; known: \(Scenario.listed(known))"
    report(path, "there is no \(kind) '\(name)'\(NearestName.hint(name, among: known))\(allowed)")
  }

  mutating func hostReference(_ name: String, _ path: String) {
    if roles[name] == nil { refer(name, path, "host", in: "hosts", hostIDs) }
  }
  mutating func networkReference(_ name: String, _ path: String) {
    if !networks.contains(name) { refer(name, path, "network", in: "networks", networkIDs) }
  }

  /// Reports a host that is known and has another role.
  mutating func role(_ name: String, _ role: HostRole, _ path: String, _ purpose: String) {
    guard let found = roles[name], found != role, !unread.contains("hosts.\(name).role") else { return }
    report(path, "\(purpose) must be a \(role.rawValue); '\(name)' has the role \(found.rawValue)")
  }

  // MARK: Names

  /// Nodes share one space of names, and so do the things a route can be named after.
  mutating func names() {
    var nodes: [String: String] = [:]
    func clash(_ id: String, _ path: String, _ check: inout ScenarioCheck) {
      if Self.reserved.contains(id) { check.report(path, "'\(id)' is a reserved word and cannot be an id") }
      if id.hasPrefix("region-") || id.hasPrefix("gateway-") {
        check.report(path, "'\(id)' begins like the service's own nodes (region-…, gateway-…)")
      }
    }
    for id in networkIDs {
      clash(id, "networks.\(id)", &self)
      nodes[id] = "a network"
    }
    for id in hostIDs {
      clash(id, "hosts.\(id)", &self)
      if nodes[id] != nil { report("hosts.\(id)", "the id '\(id)' is a network's already") }
    }
    let links = Set(scenario.links.map(\.id))
    for id in scenario.links.map(\.id) { clash(id, "links.\(id)", &self) }
    for id in tunnelIDs {
      clash(id, "tunnels.\(id)", &self)
      if links.contains(id) { report("tunnels.\(id)", "the id '\(id)' is a link's already; a route is named after either") }
    }
  }

  // MARK: Networks and links

  mutating func network(_ network: NetworkSpec) {
    let path = network.path
    if let subnet = network.subnet {
      if !subnet.address.isV4 {
        report("\(path).subnet", "\(subnet) is not an IPv4 prefix; IPv6 goes to subnet6")
      } else if subnet.writtenLength > 28 {
        report("\(path).subnet", "\(subnet) is too small to give addresses from; at most /28")
      }
    }
    if let subnet = network.subnet6, subnet.address.isV4 || subnet.writtenLength > 120 {
      report("\(path).subnet6", "\(subnet) is not an IPv6 prefix of at most /120")
    }
    if let uplink = network.uplink {
      networkReference(uplink.to, "\(path).uplink.to")
      bursts(uplink.settings, "\(path).uplink")
      if circling.contains(network.id) { report("\(path).uplink.to", "the uplink leads back to '\(network.id)'") }
    }
    bursts(network.lan, "\(path).lan")
    translation(of: network)
    if let firewall = network.firewall { self.firewall(firewall, "\(path).firewall", at: .network) }
    nodesOf(network)
  }

  /// Networks whose chain of uplinks leads back to themselves.
  private static func circles(_ networks: [String], _ providers: [String: String]) -> Set<String> {
    var walkOf: [String: Int] = [:]
    var circling: Set<String> = []
    for (walk, start) in networks.enumerated() {
      var at: String? = start
      while let id = at, walkOf[id] == nil {
        walkOf[id] = walk
        at = providers[id]
      }
      // Where this walk meets itself there is a circle; where it meets an earlier one, that one has been judged.
      while let id = at, walkOf[id] == walk, circling.insert(id).inserted { at = providers[id] }
    }
    return circling
  }

  /// Explicit addresses of a network's hosts: inside its subnet, and each once.
  private mutating func nodesOf(_ network: NetworkSpec) {
    var owners: [IPAddress: String] = [:]
    for subnet in [network.subnet, network.subnet6] {
      if let subnet { owners[IPAddress(high: subnet.address.high, low: subnet.address.low | 1)] = "the network's router" }
    }
    for host in hostsOf[network.id] ?? [] {
      let given = [(host.address, network.subnet, "address", "subnet"), (host.address6, network.subnet6, "address6", "subnet6")]
      for (address, subnet, key, subnetKey) in given {
        guard let address else { continue }
        let path = "\(host.path).\(key)"
        if address.isV4 != (key == "address") {
          report(path, "\(address) is of the wrong family; IPv4 goes to address, IPv6 to address6")
        } else if subnet == nil {
          if !unread.contains("\(network.path).\(subnetKey)") {
            report(path, "\(address) needs a network with a written \(subnetKey); '\(network.id)' has none")
          }
        } else if let subnet, !subnet.contains(address) || address == subnet.address {
          report(path, "\(address) is not a host's address in '\(network.id)', whose \(subnetKey) is \(subnet)")
        } else if let owner = owners[address] {
          report(path, "\(address) is the address of \(owner) already")
        } else {
          owners[address] = "'\(host.id)'"
        }
      }
    }
  }

  mutating func link(_ link: LinkSpec) {
    for end in [link.from, link.to] where !networks.contains(end) && !unread.contains("networks") {
      refer(end, "\(link.path).between", "network or host", in: "hosts", networkIDs + hostIDs)
    }
    bursts(link.settings, link.path)
    guard !link.from.isEmpty, !link.to.isEmpty else { return }
    if link.from == link.to {
      report("\(link.path).between", "a link needs two different ends")
    } else if roles[link.from] != nil, roles[link.to] != nil {
      report("\(link.path).between", "one end of a link at least must be a network")
    }
  }

  /// Bursts of a chosen length leave good time between them.
  mutating func bursts(_ path: PathSpec, _ name: String) {
    for link in path.there == path.back ? [path.there] : [path.there, path.back]
    where link.burst > .zero && link.loss > LinkSettings.mostBursting {
      report(
        "\(name).burst",
        "losses in bursts are at most \(LinkSettings.mostBursting.written) of the time; found \(link.loss.written)")
    }
  }

  mutating func tunnel(_ tunnel: TunnelSpec) {
    hostReference(tunnel.from, "\(tunnel.path).from")
    hostReference(tunnel.to, "\(tunnel.path).to")
    role(tunnel.to, .tunnelGateway, "\(tunnel.path).to", "a tunnel's far end")
    if !tunnel.from.isEmpty, tunnel.from == tunnel.to { report("\(tunnel.path).to", "a tunnel needs two different ends") }
    let network = scenario.host(tunnel.to).flatMap { scenario.network($0.network) }
    if tunnel.isFull, let network, network.translation == nil, !unread.contains("\(network.path).nat") {
      report(
        "\(tunnel.path).routes",
        "a full tunnel needs a gateway in a network with a nat, by which its clients reach the internet; '\(network.id)' has none"
      )
    }
    if tunnel.isFull, let network, network.translation?.oneToOne ?? false {
      report(
        "\(tunnel.path).routes",
        "a full tunnel's clients leave by the nat of their gateway's network, and that of '\(network.id)' translates one to one "
          + "and has no address for them; give it another nat")
    }
    if let address = tunnel.address, !tunnel.pool.contains(address) {
      report("\(tunnel.path).address", "\(address) is not in the tunnel's pool \(tunnel.pool)")
    }
  }

  mutating func host(_ host: HostSpec) {
    networkReference(host.network, "\(host.path).network")
    let place = host.role == .tunnelGateway ? FirewallPlace.tunnelGateway : .host
    if let firewall = host.firewall { self.firewall(firewall, "\(host.path).firewall", at: place) }
    guard !unread.contains("\(host.path).role") else { return }
    security(of: host)
    proxies(of: host)
    if let wrong = host.policy.contradiction { report("\(host.path).policy.\(wrong.setting)", wrong.message) }
    if host.role != .sessionHost, host.policy != HostPolicySpec() {
      report("\(host.path).policy", "only a session-host has these settings; '\(host.id)' has the role \(host.role.rawValue)")
    }
    if host.role != .client, host.client != ClientSpec() {
      report("\(host.path).client", "only a client has these settings; '\(host.id)' has the role \(host.role.rawValue)")
    }
  }
}
