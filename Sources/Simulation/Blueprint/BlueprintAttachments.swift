// Hosts in their networks: the one each begins in, and those an event will take it to.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
public import Wire

/// A host's place in one network. A host that roams has several, one of them up.
public struct Attachment: Sendable, Equatable {
  public var network: String
  public var interface: InterfaceID
}

extension BlueprintBuilder {
  /// Attaches a host to a network's router; returns its IPv4 address.
  @discardableResult
  mutating func attach(
    _ host: NodeID, to network: String, _ settings: PathSpec, given: IPAddress?, given6: IPAddress?, id: String, path: String
  ) -> IPAddress {
    let router = node(network)
    let key = ComponentKey(id)
    let v4 = given ?? subnets[network]!.assign(key)
    let v6 = subnets6[network] == nil ? .unspecified : given6 ?? subnets6[network]!.assign(key)
    let visits = attachments[host] != nil
    let suffix = visits ? ".\(network)" : ""
    let own = addInterface(Interface(node: host, side: .outside, v4: v4, v6: v6, up: !visits), name: "\(id).eth\(suffix)")
    let far = Interface(
      node: router, side: .lan, v4: routerAddress(network), v6: subnets6[network]?.router ?? .unspecified)
    let port = addInterface(far, name: "\(network).lan-\(id)")
    linksAt[path, default: []] += [plan.links.count, plan.links.count + 1]
    plan.join(own, port, there: settings.there, back: settings.back, key: ComponentKey("lan/" + id + suffix))
    if visits { for row in plan.links.indices.suffix(2) { plan.links[row].obstacle = .detached } }
    let onLink = [subnets[network]!.prefix] + (v6 == .unspecified ? [] : [subnets6[network]!.prefix])
    for prefix in onLink { route(host, prefix, by: own, RouteMetric.onLink) }
    route(host, .allV4, by: own, RouteMetric.provider)
    route(router, IPPrefix(v4, length: 128), by: port, RouteMetric.onLink)
    if v6 != .unspecified {
      route(host, IPPrefix(.unspecified, length: 0), by: own, RouteMetric.provider + 1)
      route(router, IPPrefix(v6, length: 128), by: port, RouteMetric.onLink)
    }
    attachments[host, default: []].append(Attachment(network: network, interface: own))
    hostInterfaces[host, default: []].append(
      HostInterface(
        id: own, route: "internet", key: visits ? key.part(stableHash(network)) : key.part(1), onLink: onLink))
    return v4
  }

  /// Networks that events take hosts to: each gets an address there as any host does, after those who are there all the time.
  mutating func addVisits() {
    for host in scenario.hosts {
      for network in scenario.visits(of: host.id) {
        attach(
          node(host.id), to: network, scenario.network(network)!.lan, given: nil, given6: nil, id: host.id,
          path: "\(host.path).lan.\(network)")
      }
    }
  }

  mutating func route(_ node: NodeID, _ prefix: IPPrefix, by interface: InterfaceID, _ metric: UInt32) {
    plan.routes[Int(node.index)].append(Route(prefix: prefix, interface: interface, metric: metric))
  }

  /// The hosts that are at any time in a network that translates one-to-one, in the order of their outside addresses.
  func guests(of network: String) -> [HostSpec] {
    scenario.hosts.filter { $0.network == network } + scenario.hosts.filter { scenario.visits(of: $0.id).contains(network) }
  }

  /// A host's own address in a network.
  func address(of host: String, in network: String) -> IPAddress {
    let place = attachments[node(host)]!.first { $0.network == network }!
    return plan.interfaces[Int(place.interface.index)].v4
  }
}
