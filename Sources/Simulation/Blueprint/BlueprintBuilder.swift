// Builds the network's tables: nodes, interfaces, links and addresses. Routes and rules follow in files of their own.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
import Wire

struct BlueprintBuilder {
  let scenario: Scenario
  var plan = NetworkPlan()
  var nodes: [ComponentName] = []
  var keys: [ComponentKey] = []
  var rules: [ComponentName] = []
  var nodeOf: [String: NodeID] = [:]
  var interfaceNames: [String] = []
  var addresses = AddressPlan()
  /// Per network (and region): its subnet's addresses.
  var subnets: [String: SubnetAddresses] = [:]
  var subnets6: [String: SubnetAddresses] = [:]
  var hostInterfaces: [NodeID: [HostInterface]] = [:]
  /// Each host's places in networks, the one it begins in first.
  var attachments: [NodeID: [Attachment]] = [:]
  var tunnels: [TunnelBlueprint] = []
  var publicGraph = RouteGraph(nodes: 0)
  var privateGraph = RouteGraph(nodes: 0)
  /// Prefixes each node announces to the public and to its private lines.
  var publicPrefixes: [(node: NodeID, prefix: IPPrefix)] = []
  var privatePrefixes: [(node: NodeID, prefix: IPPrefix)] = []
  var linksAt: [String: [Int]] = [:]
  var rulesAt: [String: [Int]] = [:]
  var services: [String: ServiceNode] = [:]
  var gateways: [ServiceNode] = []
  /// Translators' outside addresses by network.
  var outsideOf: [String: [IPAddress]] = [:]
  var pairsOf: [String: [(inside: IPAddress, outside: IPAddress)]] = [:]

  init(_ scenario: Scenario) { self.scenario = scenario }

  mutating func build() {
    addNodes()
    publicGraph = RouteGraph(nodes: nodes.count)
    privateGraph = RouteGraph(nodes: nodes.count)
    privateGraph.ends = Set(plan.nodes.indices.filter { !plan.nodes[$0].forwards })
    chooseSubnets()
    addRegions()
    addUplinks()
    addHosts()
    addLinks()
    addTunnels()
    addVisits()
    addTranslators()
    addRoutes()
    addFirewalls()
  }

  // MARK: Nodes

  private mutating func addNode(_ id: String, path: String, forwards: Bool) {
    let node = plan.addNode(forwards: forwards)
    let key = ComponentKey(id)
    nodes.append(ComponentName(key: key, id: id, path: path))
    keys.append(key)
    nodeOf[id] = node
  }

  /// The service's regions; one by default, at the scenario's core network.
  var regions: [RegionSpec] {
    if !scenario.service.regions.isEmpty { return scenario.service.regions }
    guard let core = scenario.defaultServiceNetwork else { return [] }
    return [RegionSpec(id: "service", at: core)]
  }

  private mutating func addNodes() {
    for network in scenario.networks { addNode(network.id, path: network.path, forwards: true) }
    for region in regions {
      addNode("region-\(region.id)", path: region.path, forwards: true)
      addNode("gateway-\(region.id)", path: region.path + ".gateway", forwards: false)
    }
    if !regions.isEmpty {
      for service in ["directory", "feed", "broker", "stun"] { addNode(service, path: "service.\(service)", forwards: false) }
    }
    for host in scenario.hosts { addNode(host.id, path: host.path, forwards: host.role == .tunnelGateway) }
  }

  func node(_ id: String) -> NodeID {
    guard let node = nodeOf[id] else { preconditionFailure("no node '\(id)': the scenario was not checked") }
    return node
  }

  mutating func addInterface(_ interface: Interface, name: String) -> InterfaceID {
    interfaceNames.append(name)
    return plan.add(interface)
  }

  // MARK: Subnets

  private mutating func chooseSubnets() {
    for network in scenario.networks { if let subnet = network.subnet { addresses.reserve(subnet) } }
    for network in scenario.networks {
      let key = ComponentKey(network.id)
      let subnet =
        network.subnet ?? (network.translation == nil ? addresses.publicSubnet(key) : addresses.privateSubnet(key))
      var pool = SubnetAddresses(subnet)
      pool.reserve(pool.router)
      var pool6 = network.subnet6.map { SubnetAddresses($0) }
      if let router = pool6?.router { pool6?.reserve(router) }
      for host in scenario.hosts where host.network == network.id {
        if let address = host.address { pool.reserve(address) }
        if let address = host.address6 { pool6?.reserve(address) }
      }
      for customer in scenario.networks where customer.uplink?.to == network.id {
        for address in customer.outsideAddresses where subnet.contains(address) { pool.reserve(address) }
      }
      subnets[network.id] = pool
      if let pool6 { subnets6[network.id] = pool6 }
      let router = node(network.id)
      privatePrefixes.append((router, subnet))
      if network.translation == nil, !isPrivate(subnet) { publicPrefixes.append((router, subnet)) }
      if let six = network.subnet6 {
        privatePrefixes.append((router, six))
        if !isPrivate(six) { publicPrefixes.append((router, six)) }
      }
    }
  }

  func routerAddress(_ network: String) -> IPAddress { subnets[network]!.router }

  // MARK: Links

  /// Joins two nodes by new interfaces and enters the link in a graph.
  mutating func connect(
    _ a: NodeID, _ aSide: Interface, _ b: NodeID, _ bSide: Interface, _ settings: PathSpec, id: String, path: String,
    isPrivate: Bool
  ) -> (InterfaceID, InterfaceID) {
    let ia = addInterface(aSide, name: "\(nodes[Int(a.index)].id).\(id)")
    let ib = addInterface(bSide, name: "\(nodes[Int(b.index)].id).\(id)")
    linksAt[path, default: []] += [plan.links.count, plan.links.count + 1]
    plan.join(ia, ib, there: settings.there, back: settings.back, key: ComponentKey("link/" + id))
    if isPrivate {
      privateGraph.join(a, by: ia, b, by: ib, there: settings.there.delay, back: settings.back.delay)
    } else {
      publicGraph.join(a, by: ia, b, by: ib, there: settings.there.delay, back: settings.back.delay)
    }
    return (ia, ib)
  }

  private mutating func addRegions() {
    for region in regions {
      let router = node("region-\(region.id)")
      let key = ComponentKey("region-\(region.id)")
      var pool = SubnetAddresses(addresses.publicSubnet(key))
      pool.reserve(pool.router)
      publicPrefixes.append((router, pool.prefix))
      let at = node(region.at)
      let here = Interface(node: router, side: .outside, v4: pool.router)
      let there = Interface(node: at, side: .outside, v4: routerAddress(region.at))
      _ = connect(router, here, at, there, region.link, id: "region-\(region.id)", path: region.path, isPrivate: false)
      subnets["region-\(region.id)"] = pool
      gateways.append(addService("gateway-\(region.id)", in: region.id))
    }
    guard let first = regions.first?.id else { return }
    services["directory"] = addService("directory", in: scenario.service.directory ?? first)
    services["feed"] = addService("feed", in: scenario.service.feed ?? first)
    services["broker"] = addService("broker", in: scenario.service.broker ?? first)
    services["stun"] = addService("stun", in: scenario.service.stun ?? first)
  }

  /// Service nodes stand 50 µs from their region's router (*assumed*: one data centre).
  private mutating func addService(_ id: String, in region: String) -> ServiceNode {
    let settings = PathSpec(LinkSettings(delay: .microseconds(50)))
    let address = attach(node(id), to: "region-\(region)", settings, given: nil, given6: nil, id: id, path: "service.\(id)")
    return ServiceNode(id: id, node: node(id), address: address)
  }

  private mutating func addHosts() {
    for host in scenario.hosts {
      let lan = scenario.network(host.network)!.lan
      attach(
        node(host.id), to: host.network, lan, given: host.address, given6: host.address6, id: host.id, path: "\(host.path).lan")
    }
  }

  /// A network's line up. Its outside address is one of its provider's subnet.
  private mutating func addUplinks() {
    for network in scenario.networks {
      guard let uplink = network.uplink else { continue }
      let wan = wanAddresses(of: network, provider: uplink.to)
      let six = subnets6[network.id]?.router ?? .unspecified
      let own = Interface(node: node(network.id), side: .outside, v4: wan.first ?? routerAddress(network.id), v6: six)
      let far = Interface(
        node: node(uplink.to), side: .lan, v4: routerAddress(uplink.to), v6: subnets6[uplink.to]?.router ?? .unspecified)
      let (_, port) = connect(
        node(network.id), own, node(uplink.to), far, uplink.settings, id: "\(network.id)-uplink", path: "\(network.path).uplink",
        isPrivate: false)
      for address in wan {
        route(node(uplink.to), IPPrefix(address, length: 128), by: port, RouteMetric.onLink)
      }
    }
  }

  /// The outside addresses of a translating network: those listed, as many as its behaviour says, or when it translates one-to-one one a
  /// host and one for itself.
  mutating func wanAddresses(of network: NetworkSpec, provider: String?) -> [IPAddress] {
    guard let behaviour = network.translation else { return [] }
    if let known = outsideOf[network.id] { return known }
    func assign(_ key: ComponentKey, _ builder: inout BlueprintBuilder) -> IPAddress {
      if let provider { return builder.subnets[provider]!.assign(key) }
      let address = builder.addresses.outside.assign(key)
      builder.publicPrefixes.append((builder.node(network.id), IPPrefix(address, length: 128)))
      return address
    }
    var wan = network.outsideAddresses
    for address in wan where provider.map({ !subnets[$0]!.prefix.contains(address) }) ?? true {
      publicPrefixes.append((node(network.id), IPPrefix(address, length: 128)))
    }
    if wan.isEmpty { wan.append(assign(ComponentKey(network.id).part(0), &self)) }
    if network.outsideAddresses.isEmpty, !behaviour.oneToOne {
      for further in 1..<UInt64(max(behaviour.addresses, 1)) {
        wan.append(assign(ComponentKey(network.id).part(100 + further), &self))
      }
    }
    if behaviour.oneToOne {
      for host in guests(of: network.id) {
        let outside = assign(ComponentKey(host.id).part(4), &self)
        wan.append(outside)
        pairsOf[network.id, default: []].append((inside: .unspecified, outside: outside))
      }
    }
    outsideOf[network.id] = wan
    return wan
  }

  private mutating func addLinks() {
    for link in scenario.links {
      let ends = [link.from, link.to]
      let networkEnds = ends.filter { scenario.network($0) != nil }
      if networkEnds.count == 2 {
        let sides = ends.map { end -> Interface in
          let spec = scenario.network(end)!
          let v4 = link.isPrivate ? nil : wanAddresses(of: spec, provider: spec.uplink?.to).first
          return Interface(
            node: node(end), side: link.isPrivate ? .privateLine : .outside, v4: v4 ?? routerAddress(end),
            v6: subnets6[end]?.router ?? .unspecified)
        }
        _ = connect(
          node(link.from), sides[0], node(link.to), sides[1], link.settings, id: link.id, path: link.path,
          isPrivate: link.isPrivate)
      } else {
        addPrivateLine(link)
      }
    }
  }

  /// A private line between a host and a network: the host gets a further interface with an address there.
  private mutating func addPrivateLine(_ link: LinkSpec) {
    let hostFirst = scenario.host(link.from) != nil
    let host = hostFirst ? link.from : link.to
    let network = hostFirst ? link.to : link.from
    let v4 = subnets[network]!.assign(ComponentKey(link.id))
    let own = Interface(node: node(host), side: .privateLine, v4: v4)
    let far = Interface(node: node(network), side: .privateLine, v4: routerAddress(network))
    let settings = hostFirst ? link.settings : PathSpec(there: link.settings.back, back: link.settings.there)
    let (mine, port) = connect(
      node(host), own, node(network), far, settings, id: link.id, path: link.path, isPrivate: true)
    // It was joined from the host's end; its path's rows stand in the order of the file.
    if !hostFirst { linksAt[link.path]?.reverse() }
    route(node(network), IPPrefix(v4, length: 128), by: port, RouteMetric.onLink)
    hostInterfaces[node(host), default: []].append(
      HostInterface(id: mine, route: link.id, key: ComponentKey(host).part(stableHash(link.id))))
  }

  private mutating func addTunnels() {
    var pools: [String: SubnetAddresses] = [:]
    for tunnel in scenario.tunnels {
      var pool = pools[tunnel.to] ?? SubnetAddresses(tunnel.pool)
      if let given = tunnel.address { pool.reserve(given) }
      let inner = tunnel.address ?? pool.assign(ComponentKey(tunnel.id))
      if pools[tunnel.to] == nil {
        privatePrefixes.append((node(tunnel.to), tunnel.pool))
        joinToItsNetwork(scenario.host(tunnel.to)!)
      }
      let (client, gateway) = (node(tunnel.from), node(tunnel.to))
      let mine = addInterface(
        Interface(node: client, side: .privateLine, v4: inner, mtu: tunnel.mtu, up: false), name: "\(tunnel.from).\(tunnel.id)")
      let far = addInterface(
        Interface(node: gateway, side: .privateLine, v4: pool.router, mtu: tunnel.mtu, up: false),
        name: "\(tunnel.to).\(tunnel.id)")
      pools[tunnel.to] = pool
      for prefix in tunnel.routes { route(client, prefix, by: mine, RouteMetric.tunnel) }
      route(gateway, IPPrefix(inner, length: 128), by: far, RouteMetric.tunnel)
      hostInterfaces[client, default: []].append(
        HostInterface(id: mine, route: tunnel.id, key: ComponentKey(tunnel.from).part(stableHash(tunnel.id))))
      tunnels.append(
        TunnelBlueprint(
          id: tunnel.id, client: client, clientInterface: mine, gateway: gateway, gatewayInterface: far,
          gatewayEndpoint: gatewayEndpoint(of: tunnel), inner: inner, processing: tunnel.processing))
    }
  }

  /// Where a tunnel's client is told to find its gateway: behind a translator the static mapping of its port, or the address that
  /// stands for it one-to-one, unless the client is behind it too.
  private mutating func gatewayEndpoint(of tunnel: TunnelSpec) -> Endpoint {
    let gateway = scenario.host(tunnel.to)!
    let network = scenario.network(gateway.network)!
    let own = address(of: gateway.id, in: network.id)
    let outside = wanAddresses(of: network, provider: network.uplink?.to)
    guard network.translation != nil, scenario.host(tunnel.from)?.network != network.id else { return Endpoint(own, tunnel.port) }
    if let row = guests(of: network.id).firstIndex(where: { $0.id == gateway.id }), let pairs = pairsOf[network.id] {
      return Endpoint(pairs[row].outside, tunnel.port)
    }
    let forward = network.forwards.first { $0.proto == .udp && $0.to == gateway.id && $0.insidePort == tunnel.port }
    return forward.map { Endpoint(outside[0], $0.port) } ?? Endpoint(own, tunnel.port)
  }

  /// A private network knows the clients of a tunnel gateway that stands in it, and so does whatever has a private line to it.
  /// The internet routes no tunnel's addresses, so a gateway there is known by its private lines alone.
  private mutating func joinToItsNetwork(_ gateway: HostSpec) {
    let network = scenario.network(gateway.network)!
    guard network.translation != nil || isPrivate(subnets[network.id]!.prefix) else { return }
    let (own, lan) = (hostInterfaces[node(gateway.id)]![0].id, network.lan)
    privateGraph.join(
      node(gateway.id), by: own, node(gateway.network), by: plan.interfaces[Int(own.index)].peer, there: lan.there.delay,
      back: lan.back.delay)
  }

  private mutating func addTranslators() {
    for network in scenario.networks {
      guard let behaviour = network.translation else { continue }
      let router = node(network.id)
      let wan = wanAddresses(of: network, provider: network.uplink?.to)
      var pairs = pairsOf[network.id] ?? []
      for (row, host) in guests(of: network.id).enumerated() where row < pairs.count {
        pairs[row].inside = address(of: host.id, in: network.id)
      }
      let forwards = network.forwards.map { forward in
        let inside = address(of: forward.to, in: network.id)
        return StaticMapping(
          proto: forward.proto, port: forward.port, inside: Endpoint(inside, forward.insidePort), outbound: forward.outbound)
      }
      plan.nodes[Int(router.index)].translator = Int32(plan.translators.count)
      plan.translators.append(
        TranslatorPlan(
          behaviour: behaviour, key: ComponentKey(network.id), node: router, outside: wan, pairs: pairs, forwards: forwards))
    }
  }
}
