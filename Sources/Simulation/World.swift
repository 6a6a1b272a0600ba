// One world: a blueprint with a seed, stepped in virtual time. It shares nothing with other worlds.
public import HostStack
public import NetworkModel
import ScenarioModel
public import SimulationKernel
public import Trace
public import VirtualDesktop
public import Wire

public final class World: DesktopObserver {
  public let blueprint: Blueprint
  public let seed: UInt64
  public let network: Network
  public let stack: HostStack
  public let recorder: Recorder
  var clients: [NodeID: ClientRole] = [:]
  var hosts: [NodeID: SessionHostRole] = [:]
  var rogues: [Rogue] = []
  /// Probes that have not ended, by the nodes they run on.
  var probers: [NodeID: [Prober]] = [:]
  /// What stands on each machine: how each part of it is made, when the world begins and whenever the machine is started anew.
  var programs: [NodeID: [() -> Void]] = [:]
  var tunnels: [TunnelBlueprint]
  /// Addresses that providers can still give.
  var addressesOf: [String: SubnetAddresses]
  var freeAddresses: SubnetAddresses
  var rebinds: [String: UInt64] = [:]
  /// Sessions and probes that have not ended, and rogues at work.
  private var unsettled = 0
  var lastTimed = SimTime.zero
  private var quiet: Alarm?

  /// - Parameters:
  ///   - sink: receives motion records from the first one on; the caller keeps it alive.
  ///   - tap: sees packets from the first one on.
  public init(_ blueprint: Blueprint, seed: UInt64? = nil, sink: (any TraceSink)? = nil, tap: (any PacketTap)? = nil) {
    self.blueprint = blueprint
    self.seed = seed ?? blueprint.scenario.seed
    tunnels = blueprint.tunnels
    addressesOf = blueprint.addressesOf
    freeAddresses = blueprint.freeAddresses
    recorder = Recorder(nodes: blueprint.nodes, rules: blueprint.rules)
    network = Network(
      plan: blueprint.plan, chance: Chance(seed: self.seed), recorder: recorder,
      start: EventSpec.earliest)
    recorder.motionSink = sink
    if let tap { network.taps.append(tap) }
    stack = HostStack(network: network)
    stack.setRDPUDP(keepAlive: scenario.timing.udpKeepAlive, silence: scenario.timing.udpSilence)
    makeTunnels()
    makeProxies()
    makeService()
    makeHosts()
    makeHappenings()
    makeRogues()
  }

  deinit { stack.dismantle() }

  var scenario: Scenario { blueprint.scenario }

  // MARK: Making

  /// Makes a part of what stands on a machine, now and whenever the machine is started anew.
  func install(on node: NodeID, _ make: @escaping () -> Void) {
    programs[node, default: []].append(make)
    make()
  }

  private func makeTunnels() {
    var gateways: [Endpoint] = []
    for tunnel in tunnels where !gateways.contains(tunnel.gatewayEndpoint) {
      gateways.append(tunnel.gatewayEndpoint)
      install(on: tunnel.gateway) { [unowned self] in makeGateway(at: tunnel.gatewayEndpoint) }
    }
    for row in tunnels.indices {
      install(on: tunnels[row].client) { [unowned self] in
        let tunnel = tunnels[row]
        let client = VPNClient(
          settings: settings(of: tunnel), node: tunnel.client, interface: tunnel.clientInterface, gateway: tunnel.gatewayEndpoint,
          stack: stack)
        client.start()
        if tunnel.isOff { stack.switchTunnel(off: true, at: tunnel.clientInterface) }
      }
    }
  }

  private func makeGateway(at endpoint: Endpoint) {
    let own = tunnels.filter { $0.gatewayEndpoint == endpoint }
    let gateway = VPNGateway(node: own[0].gateway, port: endpoint.port, stack: stack)
    for tunnel in own {
      gateway.add(settings(of: tunnel), interface: tunnel.gatewayInterface)
      if tunnel.isOff { stack.switchTunnel(off: true, at: tunnel.gatewayInterface) }
    }
  }

  private func settings(of tunnel: TunnelBlueprint) -> VPNSettings {
    let name = ComponentKey(tunnel.id)
    let key = Secret(id: Chance(seed: seed).draw(name, .credential, 1))
    return VPNSettings(key: key, name: name, inner: tunnel.inner, processing: tunnel.processing)
  }

  private func makeService() {
    guard !blueprint.gateways.isEmpty else { return }
    let users = scenario.hosts.filter { $0.role == .client && $0.client.account }.map { ComponentKey("user/" + $0.id) }
    let resources = wantedHosts.map { ComponentKey($0) }
    let https = ServicePort.https
    install(on: blueprint.directory.node) { [unowned self] in
      _ = DirectoryRole(
        at: blueprint.directory.node, users: users, tokenLifetime: scenario.service.tokenLifetime,
        identity: identity(of: blueprint.directory), stack: stack)
    }
    install(on: blueprint.feed.node) { [unowned self] in makeFeed(of: resources) }
    install(on: blueprint.broker.node) { [unowned self] in
      _ = BrokerRole(at: blueprint.broker.node, hosts: resources, identity: identity(of: blueprint.broker), stack: stack)
    }
    install(on: blueprint.stun.node) { [unowned self] in _ = STUNServer(at: blueprint.stun.node, stack: stack) }
    // Without sessions nobody needs the channels.
    guard !scenario.sessions.isEmpty else { return }
    for gateway in blueprint.gateways {
      install(on: gateway.node) { [unowned self] in
        _ = GatewayRole(
          at: gateway.node, address: gateway.address, broker: Endpoint(blueprint.broker.address, https),
          brokerName: recorder.key(of: blueprint.broker.node), identity: identity(of: gateway), stack: stack)
      }
    }
  }

  private func makeFeed(of resources: [ComponentKey]) {
    let unassigned = scenario.hosts.filter { $0.role == .client && !$0.client.assigned }.map { ComponentKey("user/" + $0.id) }
    let gateways = blueprint.gateways.map {
      GatewayReference(name: recorder.key(of: $0.node), endpoint: Endpoint($0.address, ServicePort.https))
    }
    _ = FeedRole(
      at: blueprint.feed.node, directory: Endpoint(blueprint.directory.address, ServicePort.https),
      directoryName: recorder.key(of: blueprint.directory.node), resources: resources, gateways: gateways,
      unassigned: unassigned, signature: scenario.service.validSignature ? ServiceTrust.feedKey : ServiceTrust.strangeKey,
      usesUDP: scenario.hostPool.usesUDP, identity: identity(of: blueprint.feed), stack: stack)
  }

  /// Session hosts that some session asks for. Others stay out of the way, so that their being there changes nothing.
  private var wantedHosts: [String] {
    let wanted = Set(scenario.sessions.map(\.host))
    return scenario.hosts.filter { $0.role == .sessionHost && wanted.contains($0.id) }.map(\.id)
  }

  private func ways(of node: NodeID) -> [WayOut] {
    (blueprint.hostInterfaces[node] ?? []).map(\.way)
  }

  private func makeHosts() {
    let wanted = wantedHosts
    for host in scenario.hosts {
      let node = blueprint.nodeOf[host.id]!
      switch host.role {
      case .client: install(on: node) { [unowned self] in makeClient(host, at: node) }
      case .sessionHost:
        guard wanted.contains(host.id) else { continue }
        install(on: node) { [unowned self] in makeSessionHost(host, at: node) }
      case .server:
        install(on: node) { [unowned self] in
          _ = STUNServer(at: node, stack: stack)
          let ports = Set(scenario.probes.filter { $0.to == host.id && $0.kind != .stun }.map(\.port)).union([7]).sorted()
          for port in ports {
            _ = EchoServer(at: node, port: port, stack: stack)
            _ = AcceptingServer(at: node, port: port, stack: stack)
          }
        }
      case .proxy: install(on: node) { [unowned self] in makeProxy(host, at: node) }
      case .tunnelGateway, .idle: break
      }
    }
  }

  private var shortpathTiming: ShortpathTiming {
    ShortpathTiming(
      selectionWindow: scenario.timing.selectionWindow, gatheringLimit: scenario.timing.gatheringLimit,
      peerReflexive: scenario.timing.peerReflexive)
  }

  private func makeClient(_ host: HostSpec, at node: NodeID) {
    var settings = ClientSettings(
      feed: Endpoint(blueprint.feed.address, ServicePort.https), feedName: ComponentKey("feed"),
      user: ComponentKey("user/" + host.id), ways: ways(of: node), stunServers: [Endpoint(blueprint.stun.address, 3478)],
      udpForbidden: host.client.udpForbidden, graphicsPipeline: host.client.graphicsPipeline, reconnects: host.client.reconnect,
      timing: shortpathTiming)
    settings.workloads = scenario.sessions.map(\.workload)
    settings.tls = policy(of: host)
    settings.proxy = proxy(of: host)
    clients[node] = ClientRole(at: node, settings: settings, stack: stack, observer: self)
  }

  private func makeSessionHost(_ host: HostSpec, at node: NodeID) {
    var settings = SessionHostSettings(
      broker: Endpoint(blueprint.broker.address, ServicePort.https), brokerName: ComponentKey("broker"), ways: ways(of: node),
      stunServers: [Endpoint(blueprint.stun.address, 3478)], shortpath: ShortpathPolicy(of: host.policy, in: scenario.hostPool),
      timing: shortpathTiming,
      admission: Admission(
        signIn: host.rdp.signIn, licensed: host.rdp.licensed, requiresGraphicsPipeline: host.rdp.requiresGraphicsPipeline),
      keepsReverseConnect: scenario.service.reverseConnect == .warm)
    settings.workloads = scenario.sessions.map(\.workload)
    (settings.tls, settings.certificate) = (policy(of: host), certificate(of: host))
    settings.proxy = proxy(of: host)
    let role = SessionHostRole(at: node, settings: settings, stack: stack)
    hosts[node] = role
    role.start()
  }

  private func makeHappenings() {
    for (row, session) in scenario.sessions.enumerated() {
      unsettled += 1
      let node = blueprint.nodeOf[session.client]!
      at(session.at, node: node) { [unowned self] in open(row + 1, at: node, ComponentKey(session.host)) }
    }
    for (row, probe) in scenario.probes.enumerated() { schedule(probe, row + 1) }
    var discarding: Set<String> = []
    for (row, traffic) in scenario.traffic.enumerated() {
      let to = blueprint.nodeOf[traffic.to]!
      if discarding.insert(traffic.to).inserted {
        install(on: to) { [unowned self] in _ = DiscardServer(at: to, stack: stack) }
      }
      let from = blueprint.nodeOf[traffic.from]!
      install(on: from) { [unowned self] in
        _ = CrossTraffic(
          at: from, to: address(of: to), rate: traffic.rate, size: traffic.size, from: max(traffic.start, network.now),
          until: traffic.end, subject: UInt64(row + 1), stack: stack)
      }
      lastTimed = max(lastTimed, traffic.end)
    }
    for event in scenario.events where event.isEnabled {
      // A path that an event has cut tells nobody: the run waits until its ends have noticed.
      lastTimed = max(lastTimed, event.at + (scenario.sessions.isEmpty ? .zero : scenario.timing.watch))
      at(event.at, node: .none) { [unowned self] in
        do { try self.apply(event.change) } catch { preconditionFailure("an event that was checked does not apply: \(error)") }
      }
    }
  }

  private func schedule(_ probe: ProbeSpec, _ ordinal: Int) {
    unsettled += 1
    let node = blueprint.nodeOf[probe.from]!
    let address = probe.to == "stun" ? blueprint.stun.address : address(of: blueprint.nodeOf[probe.to]!, seenFrom: probe.from)
    let interface = probe.via.flatMap { via in blueprint.hostInterfaces[node]?.first { $0.route == via }?.id } ?? .none
    let kind: ProbePlan.Kind =
      switch probe.kind {
      case .udp: .udp
      case .tcp: .tcp
      case .stun: .stun
      case .ping: .ping
      }
    let plan = ProbePlan(
      ordinal: ordinal, kind: kind, remote: Endpoint(address, probe.port), count: probe.count, interval: probe.interval,
      size: probe.size,
      sourcePort: probe.sourcePort, interface: interface)
    at(probe.at, node: node) { [unowned self] in start(plan, at: node) }
  }

  /// A host's primary IPv4 address.
  public func address(of node: NodeID) -> IPAddress {
    let own = blueprint.hostInterfaces[node]?.first?.id
    return own.map { network.interfaces[Int($0.index)].v4 } ?? .unspecified
  }

  /// A host's address, or a router's: the one that faces the host that asks.
  private func address(of node: NodeID, seenFrom host: String) -> IPAddress {
    guard !network.nodes[Int(node.index)].forwards || blueprint.hostInterfaces[node] != nil else {
      let isOwn = scenario.host(host)?.network == recorder.name(of: node)
      let own = (0..<network.interfaces.count).map { network.interfaces[$0] }.filter { $0.node == node }
      return (own.first { ($0.side == .lan) == isOwn } ?? own.first)?.v4 ?? .unspecified
    }
    return address(of: node)
  }

  /// Has the scenario's own hand do something at `node`, whatever becomes of the machine until then.
  func at(_ time: SimTime, node: NodeID, _ action: @escaping () -> Void) {
    let alarm = Alarm(stack, at: .none) { [unowned self] in
      if node != .none { recorder.due(at: node) }
      action()
    }
    alarm.set(time)
  }

  // MARK: Running

  public func sessionSettled(_ session: Int) { settled() }

  public func sessionUnsettled(_ session: Int) { unsettle() }

  /// Something goes on after all: the run has no end yet.
  func unsettle() {
    unsettled += 1
    network.horizon = .never
    quiet?.set(nil)
  }

  func settled() {
    unsettled -= 1
    if unsettled == 0 { setHorizon(from: network.now) }
  }

  /// The run ends when `linger` is over; desktops are quiet for the second half of it.
  private func setHorizon(from now: SimTime) {
    network.horizon = max(now, lastTimed) + scenario.timing.linger
    if quiet == nil { quiet = Alarm(stack, at: .none) { [unowned self] in self.beQuiet() } }
    quiet?.set(max(now, lastTimed) + scenario.timing.linger / 2)
  }

  private func beQuiet() {
    for node in clients.keys.sorted() { clients[node]?.beQuiet() }
    for node in hosts.keys.sorted() { hosts[node]?.beQuiet() }
  }

  /// Runs to the end and says why it ended.
  public func run() -> RunEnd {
    if unsettled == 0 { setHorizon(from: .zero) }
    let limit = scenario.timing.duration.map { SimTime.zero + $0 } ?? .never
    network.run(until: limit, events: scenario.timing.maximumEvents)
    if network.events >= scenario.timing.maximumEvents { return .eventLimit }
    if network.horizon < limit { return .settled }
    if network.nextEventTime() == nil { return .idle }
    if limit > network.now { network.advance(to: limit) }
    return .duration
  }

  /// Handles every event up to `time`, and moves the clock there; never reads ahead.
  public func run(until time: SimTime) {
    network.run(until: time)
    if time > network.now, (network.nextEventTime() ?? .never) > time { network.advance(to: time) }
  }

  /// How many packets each direction of each link was given so far, in the order of their paths.
  public var packetsGiven: [(direction: String, count: Int)] {
    blueprint.directions.map { ($0.path, Int(network.links[$0.row].given)) }
  }

  /// Tells the counters that end a run.
  func tellTotals() {
    for node in clients.keys.sorted() { clients[node]?.tellTotals() }
    for node in hosts.keys.sorted() { hosts[node]?.tellTotals() }
    for rogue in rogues { rogue.tell() }
  }
}
