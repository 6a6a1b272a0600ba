// The third part of a scenario's check: whether there are addresses enough, and whether any two of one network or pool clash.
import NetworkModel
import SimulationKernel
import Wire

extension ScenarioCheck {
  /// Host addresses a prefix gives: its size less network, router and the two ends, at most 65,532.
  static func capacity(_ prefix: IPPrefix) -> Int { (1 << min(128 - Int(prefix.length), 16)) - 4 }

  /// Automatic public networks and regions share the /24s of 198.18.0.0/16.
  static let automaticNetworks = 256

  mutating func addresses() {
    for network in scenario.networks { room(in: network) }
    let regions = max(scenario.service.regions.count, 1)
    let automatic = scenario.networks.filter { $0.subnet == nil && $0.translation == nil }.count + regions
    if automatic > Self.automaticNetworks {
      report(
        "networks", "\(automatic) networks and regions need a public subnet, and 256 can be chosen: write subnets of their own")
    }
    publicSubnets()
    pools()
  }

  private mutating func room(in network: NetworkSpec) {
    let capacity = network.subnet.map(Self.capacity) ?? 252
    guard capacity > 0 else { return }
    let lines = scenario.links.filter { link in
      (link.from == network.id && roles[link.to] != nil) || (link.to == network.id && roles[link.from] != nil)
    }
    let customers = scenario.networks.filter { $0.uplink?.to == network.id && $0.translation != nil }
    // A network that is to get other addresses still has its old ones when they are chosen.
    let rebound = customers.filter { customer in
      scenario.events.contains { $0.change == .act(element: "\(customer.path).nat", verb: .rebind) }
    }
    let outside = (customers + rebound).reduce(0) { $0 + outsideAddresses(of: $1) }
    let needed = (hostsOf[network.id] ?? []).count + visitors(of: network) + lines.count + outside
    if needed > capacity {
      let subnet = network.subnet.map { "\($0)" } ?? "the /24 chosen for it"
      report(
        "\(network.path).subnet",
        "'\(network.id)' needs \(needed) addresses, and \(subnet) has \(capacity): write a larger subnet")
    }
  }

  /// Hosts that events bring to a network.
  private func visitors(of network: NetworkSpec) -> Int {
    scenario.events.isEmpty ? 0 : scenario.hosts.count { scenario.visits(of: $0.id).contains(network.id) }
  }

  /// Addresses a translating network takes from its provider's subnet.
  private func outsideAddresses(of network: NetworkSpec) -> Int {
    if network.translation?.oneToOne == true { return 1 + (hostsOf[network.id] ?? []).count + visitors(of: network) }
    return network.outsideAddresses.isEmpty ? Int(network.translation?.addresses ?? 1) : network.outsideAddresses.count
  }

  /// The internet routes each public prefix to one place.
  private mutating func publicSubnets() {
    var seen: [(prefix: IPPrefix, owner: String)] = []
    for network in scenario.networks where network.translation == nil {
      for prefix in [network.subnet, network.subnet6] {
        guard let prefix else { continue }
        if let other = seen.first(where: { $0.prefix.contains(prefix) || prefix.contains($0.prefix) }) {
          report(
            "\(network.path).subnet",
            "\(prefix) overlaps \(other.prefix) of '\(other.owner)'; only networks behind a nat may share one")
        }
        seen.append((prefix, network.id))
      }
    }
  }

  private mutating func pools() {
    var used: [String: Int] = [:]
    var owners: [String: String] = [:]
    for tunnel in scenario.tunnels {
      guard tunnel.pool.address.isV4, tunnel.pool.writtenLength <= 28 else {
        report("\(tunnel.path).pool", "\(tunnel.pool) cannot be a pool: an IPv4 prefix of at most /28 is needed")
        continue
      }
      let pool = "\(tunnel.to) \(tunnel.pool)"
      used[pool, default: 0] += 1
      if used[pool] == Self.capacity(tunnel.pool) + 1 {
        report("\(tunnel.path).pool", "\(tunnel.pool) has no address left for '\(tunnel.id)'")
      }
      guard let address = tunnel.address else { continue }
      let first = tunnel.pool.address
      if address == first || address == IPAddress(high: first.high, low: first.low | 1) {
        report("\(tunnel.path).address", "\(address) is the pool's own or the gateway's address")
      } else if let owner = owners["\(tunnel.to) \(address)"] {
        report("\(tunnel.path).address", "\(address) is the address of '\(owner)' already")
      }
      owners["\(tunnel.to) \(address)"] = tunnel.id
    }
  }
}
