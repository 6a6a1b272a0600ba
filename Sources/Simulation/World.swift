// One world: a blueprint with a seed, stepped in virtual time. It shares nothing with other worlds.
public import HostStack
public import NetworkModel
public import ScenarioModel
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
  var clients: [String: ClientRole] = [:]
  var hosts: [SessionHostRole] = []
  var rogues: [Rogue] = []
  /// Sessions and probes that have not ended, and rogues at work.
  private var unsettled = 0
  var lastTimed = SimTime.zero
  private var quiet: Alarm?

  /// Hosts register and tunnels come up before 0 s of a scenario, in this much time (*assumed*: ample for one lost packet).
  public static let prologue = SimDuration.seconds(5)

  /// - Parameters:
  ///   - sink: receives motion records from the first one on; the caller keeps it alive.
  ///   - tap: sees packets from the first one on.
  public init(_ blueprint: Blueprint, seed: UInt64? = nil, sink: (any TraceSink)? = nil, tap: (any PacketTap)? = nil) {
    self.blueprint = blueprint
    self.seed = seed ?? blueprint.scenario.seed
    recorder = Recorder(nodes: blueprint.nodes, rules: blueprint.rules)
    network = Network(
      plan: blueprint.plan, chance: Chance(seed: self.seed), recorder: recorder,
      start: SimTime(nanoseconds: -World.prologue.nanoseconds))
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

  private func makeTunnels() {
    var gateways: [Endpoint: VPNGateway] = [:]
    for tunnel in blueprint.tunnels {
      let name = ComponentKey(tunnel.id)
      let key = Secret(id: Chance(seed: seed).draw(name, .credential, 1))
      let settings = VPNSettings(key: key, name: name, inner: tunnel.inner, processing: tunnel.processing)
      let gateway =
        gateways[tunnel.gatewayEndpoint] ?? VPNGateway(node: tunnel.gateway, port: tunnel.gatewayEndpoint.port, stack: stack)
      gateways[tunnel.gatewayEndpoint] = gateway
      gateway.add(settings, interface: tunnel.gatewayInterface)
      let client = VPNClient(
        settings: settings, node: tunnel.client, interface: tunnel.clientInterface, gateway: tunnel.gatewayEndpoint, stack: stack)
      client.start()
    }
  }

  private func makeService() {
    guard !blueprint.gateways.isEmpty else { return }
    let users = scenario.hosts.filter { $0.role == .client && $0.client.account }.map { ComponentKey("user/" + $0.id) }
    let unassigned = scenario.hosts.filter { $0.role == .client && !$0.client.assigned }.map { ComponentKey("user/" + $0.id) }
    let resources = wantedHosts.map { ComponentKey($0) }
    let https = ServicePort.https
    _ = DirectoryRole(
      at: blueprint.directory.node, users: users, tokenLifetime: scenario.service.tokenLifetime,
      identity: identity(of: blueprint.directory), stack: stack)
    let gateways = blueprint.gateways.map {
      GatewayReference(name: recorder.key(of: $0.node), endpoint: Endpoint($0.address, https))
    }
    _ = FeedRole(
      at: blueprint.feed.node, directory: Endpoint(blueprint.directory.address, https),
      directoryName: recorder.key(of: blueprint.directory.node), resources: resources, gateways: gateways,
      unassigned: unassigned, signature: scenario.service.validSignature ? ServiceTrust.feedKey : ServiceTrust.strangeKey,
      usesUDP: scenario.hostPool.usesUDP, identity: identity(of: blueprint.feed), stack: stack)
    _ = BrokerRole(at: blueprint.broker.node, hosts: resources, identity: identity(of: blueprint.broker), stack: stack)
    _ = STUNServer(at: blueprint.stun.node, stack: stack)
    // Without sessions nobody needs the channels.
    guard !scenario.sessions.isEmpty else { return }
    for gateway in blueprint.gateways {
      _ = GatewayRole(
        at: gateway.node, address: gateway.address, broker: Endpoint(blueprint.broker.address, https),
        brokerName: recorder.key(of: blueprint.broker.node), identity: identity(of: gateway), stack: stack)
    }
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
    let stun = [Endpoint(blueprint.stun.address, 3478)]
    let timing = ShortpathTiming(
      selectionWindow: scenario.timing.selectionWindow, gatheringLimit: scenario.timing.gatheringLimit,
      peerReflexive: scenario.timing.peerReflexive)
    let wanted = wantedHosts
    for host in scenario.hosts {
      let node = blueprint.nodeOf[host.id]!
      switch host.role {
      case .client:
        var settings = ClientSettings(
          feed: Endpoint(blueprint.feed.address, ServicePort.https), feedName: ComponentKey("feed"),
          user: ComponentKey("user/" + host.id), ways: ways(of: node), stunServers: stun,
          udpForbidden: host.client.udpForbidden, graphicsPipeline: host.client.graphicsPipeline,
          reconnects: host.client.reconnect, timing: timing)
        settings.workloads = scenario.sessions.map(\.workload)
        settings.tls = policy(of: host)
        clients[host.id] = ClientRole(at: node, settings: settings, stack: stack, observer: self)
      case .sessionHost:
        guard wanted.contains(host.id) else { continue }
        var settings = SessionHostSettings(
          broker: Endpoint(blueprint.broker.address, ServicePort.https), brokerName: ComponentKey("broker"),
          ways: ways(of: node), stunServers: stun, shortpath: ShortpathPolicy(of: host.policy, in: scenario.hostPool),
          timing: timing,
          admission: Admission(
            signIn: host.rdp.signIn, licensed: host.rdp.licensed, requiresGraphicsPipeline: host.rdp.requiresGraphicsPipeline),
          keepsReverseConnect: scenario.service.reverseConnect == .warm)
        settings.workloads = scenario.sessions.map(\.workload)
        (settings.tls, settings.certificate) = (policy(of: host), certificate(of: host))
        let role = SessionHostRole(at: node, settings: settings, stack: stack)
        hosts.append(role)
        role.start()
      case .server:
        _ = STUNServer(at: node, stack: stack)
        let ports = Set(scenario.probes.filter { $0.to == host.id && $0.kind != .stun }.map(\.port)).union([7]).sorted()
        for port in ports {
          _ = EchoServer(at: node, port: port, stack: stack)
          _ = AcceptingServer(at: node, port: port, stack: stack)
        }
      case .tunnelGateway, .idle: break
      }
    }
  }

  private func makeHappenings() {
    for (row, session) in scenario.sessions.enumerated() {
      unsettled += 1
      let client = clients[session.client]!
      let resource = ComponentKey(session.host)
      at(session.at, node: blueprint.nodeOf[session.client]!) { client.open(session: row + 1, resource: resource) }
    }
    for (row, probe) in scenario.probes.enumerated() { schedule(probe, row + 1) }
    var discarding: Set<String> = []
    for (row, traffic) in scenario.traffic.enumerated() {
      let to = blueprint.nodeOf[traffic.to]!
      if discarding.insert(traffic.to).inserted { _ = DiscardServer(at: to, stack: stack) }
      _ = CrossTraffic(
        at: blueprint.nodeOf[traffic.from]!, to: address(of: to), rate: traffic.rate, size: traffic.size, from: traffic.start,
        until: traffic.end, subject: UInt64(row + 1), stack: stack)
      lastTimed = max(lastTimed, traffic.end)
    }
    for event in scenario.events {
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
    let address = probe.to == "stun" ? blueprint.stun.address : address(of: blueprint.nodeOf[probe.to]!)
    let interface = probe.via.flatMap { via in blueprint.hostInterfaces[node]?.first { $0.route == via }?.id } ?? .none
    let kind: ProbePlan.Kind =
      switch probe.kind {
      case .udp: .udp
      case .tcp: .tcp
      case .stun: .stun
      }
    let plan = ProbePlan(
      ordinal: ordinal, kind: kind, remote: Endpoint(address, probe.port), count: probe.count, interval: probe.interval,
      size: probe.size,
      sourcePort: probe.sourcePort, interface: interface)
    let prober = Prober(plan, at: node, stack: stack) { [unowned self] in self.settled() }
    at(probe.at, node: node) { prober.start() }
  }

  /// A host's primary IPv4 address.
  public func address(of node: NodeID) -> IPAddress {
    let own = blueprint.hostInterfaces[node]?.first?.id
    return own.map { network.interfaces[Int($0.index)].v4 } ?? .unspecified
  }

  func at(_ time: SimTime, node: NodeID, _ action: @escaping () -> Void) {
    Alarm(stack, at: node, action: action).set(time)
  }

  // MARK: Changing

  /// Makes a change in the running world.
  public func apply(_ change: Change) throws(ChangeError) {
    switch change {
    case .set(let path, let value):
      let parts = path.split(separator: ".").map(String.init)
      if parts.first == "hosts", parts.count == 3, parts[2] == "network" { return roam(parts[1], to: value.text) }
      let element = parts.dropLast().joined(separator: ".")
      if let tunnel = tunnel(element), parts.last == "delay", case .duration(let delay) = value {
        for end in [tunnel.clientInterface, tunnel.gatewayInterface] { stack.setProcessing(delay, ofTunnelAt: end) }
        return
      }
      guard let rows = blueprint.linksAt[element], let field = parts.last else {
        throw ChangeError("'\(path)' cannot be changed while the world runs; links, uplinks and tunnels can")
      }
      for row in rows { try Scenario.set(&network.links[row].settings, field, value, path) }
    case .act(let element, .lift), .act(let element, .restore):
      guard let rows = blueprint.rulesAt[element] else { throw ChangeError("there is no rule '\(element)'") }
      for row in rows { network.rules[row].enabled = change == .act(element: element, verb: .restore) }
    case .act(let element, let verb): try turn(element, off: verb == .down)
    }
  }

  private func tunnel(_ element: String) -> TunnelBlueprint? { blueprint.tunnels.first { "tunnels.\($0.id)" == element } }

  /// Takes a link, tunnel or host down, or brings it up again.
  private func turn(_ element: String, off: Bool) throws(ChangeError) {
    if let rows = blueprint.linksAt[element] {
      for row in rows { network.links[row].up = !off }
    } else if let tunnel = tunnel(element) {
      for end in [tunnel.clientInterface, tunnel.gatewayInterface] { stack.switchTunnel(off: off, at: end) }
    } else if let row = blueprint.nodes.firstIndex(where: { $0.path == element }), !element.hasPrefix("networks.") {
      network.nodes[row].up = !off
      // Its own client ends a session whatever befell it.
      guard scenario.host(blueprint.nodes[row].id)?.role != .client else { return }
      if off { recorder.silenced.insert(NodeID(row)) } else { recorder.silenced.remove(NodeID(row)) }
    } else {
      throw ChangeError("there is no link, uplink, tunnel, host or service '\(element)'")
    }
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
    for client in clients.keys.sorted() { clients[client]?.beQuiet() }
    for host in hosts { host.beQuiet() }
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
    scenario.directions.sorted().map { ($0, Int(network.links[blueprint.row(ofDirection: $0)].given)) }
  }

  /// Tells the counters that end a run.
  func tellTotals() {
    for client in clients.keys.sorted() { clients[client]?.tellTotals() }
    for host in hosts { host.tellTotals() }
    for rogue in rogues { rogue.tell() }
  }
}
