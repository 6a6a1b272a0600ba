// The broker's table: which session host is registered on which persistent channel, and who serves a request (steps 8 and 9).
public import SimulationKernel
public import Trace
public import Wire

/// The connection broker: a table of session hosts, each a small machine.
public struct BrokerOrchestration: Equatable, Sendable {
  /// A desktop and the session hosts that serve it: one host, or a pool.
  public struct Resource: Equatable, Sendable {
    /// What clients ask for.
    public var key: ComponentKey
    /// Who serves it, in the order of preference at equal load.
    public var hosts: [ComponentKey]
    /// All that has no default.
    public init(key: ComponentKey, hosts: [ComponentKey]) {
      self.key = key
      self.hosts = hosts
    }
  }

  /// What the broker is configured with.
  public struct Settings: Equatable, Sendable {
    /// All that clients may ask for.
    public var resources: [Resource]
    /// What connection ids are drawn from.
    public var seed: UInt64
    /// A host that has not been heard for this long is unavailable: three of its beats (*assumed*).
    public var silence = SimDuration.seconds(180)
    /// All that has no default.
    public init(resources: [Resource], seed: UInt64) {
      self.resources = resources
      self.seed = seed
    }
  }

  /// Where one session host stands.
  public enum State: Equatable, Sendable {
    /// Unavailable. Next: `registered`.
    case unregistered
    /// Reachable over `channel`. Next: `registered` over a newer channel, `unregistered` when its channel is lost or silent.
    case registered(channel: Int, certificate: Secret, until: SimTime)
  }

  /// A session host of some resource.
  public struct Host: Equatable, Sendable {
    /// Which host.
    public let key: ComponentKey
    /// Where it stands now.
    public fileprivate(set) var state: State = .unregistered
    /// Connections the broker has sent here.
    public fileprivate(set) var connections: UInt64 = 0
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case register(channel: Int, host: ComponentKey, certificate: Secret)
    case channelLost(Int)
    /// A host is alive.
    case heartbeat(channel: Int)
    case orchestrate(ConnectionRequest, gateway: GatewayReference, fromChannel: Int)
    /// Anything else on a channel.
    case unexpected(ServiceMessage, channel: Int)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(channel: Int, ServiceMessage)
    case close(channel: Int)
    /// The request of a session, or (session 0) a host's registration, was refused.
    case failed(Failure, session: UInt16)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case refused(ServiceRefusal)
    case protocolViolation

    /// The reason of the session.
    public var reason: Reason {
      switch self {
      case .refused(let refusal): refusal.reason
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// The hosts of all resources, each once, in the order they are first named.
  public private(set) var hosts: [Host]
  private var counter: UInt64 = 0

  /// A table of unregistered hosts.
  public init(settings: Settings) {
    self.settings = settings
    var hosts: [Host] = []
    for key in settings.resources.flatMap(\.hosts) where !hosts.contains(where: { $0.key == key }) {
      hosts.append(Host(key: key))
    }
    self.hosts = hosts
  }

  /// When `timer` is due: the silence of the host heard longest ago.
  public var nextDeadline: SimTime? { hosts.compactMap(\.until).min() }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch input {
    case .register(let channel, let host, let certificate): register(channel, host, certificate, at: now, into: &effects)
    case .channelLost(let channel):
      for row in hosts.indices where hosts[row].isRegistered(on: channel) { hosts[row].state = .unregistered }
    case .orchestrate(let request, let gateway, let channel): orchestrate(request, gateway, from: channel, into: &effects)
    case .heartbeat(let channel):
      for row in hosts.indices {
        guard case .registered(channel, let certificate, _) = hosts[row].state else { continue }
        hosts[row].state = .registered(channel: channel, certificate: certificate, until: now + settings.silence)
      }
    case .timer:
      for row in hosts.indices {
        guard case .registered(let channel, _, let until) = hosts[row].state, now >= until else { continue }
        hosts[row].state = .unregistered
        effects.append(.close(channel: channel))
      }
    // A stray message is told and otherwise ignored: the channel carries other sessions.
    case .unexpected: effects.append(.failed(.protocolViolation, session: 0))
    }
  }

  private mutating func register(
    _ channel: Int, _ key: ComponentKey, _ certificate: Secret, at now: SimTime, into effects: inout [Effect]
  ) {
    guard let row = hosts.firstIndex(where: { $0.key == key }) else {
      return refuse(.unknownResource, session: 0, channel, into: &effects)
    }
    hosts[row].state = .registered(channel: channel, certificate: certificate, until: now + settings.silence)
    effects.append(.send(channel: channel, .registered))
  }

  private mutating func orchestrate(
    _ request: ConnectionRequest, _ gateway: GatewayReference, from asker: Int, into effects: inout [Effect]
  ) {
    guard let resource = settings.resources.first(where: { $0.key == request.resource }) else {
      return refuse(.unknownResource, session: request.correlation, asker, into: &effects)
    }
    // Breadth-first, the default of a pooled host pool: fewest connections so far, then the order of the pool.
    var choice: (row: Int, channel: Int, certificate: Secret)?
    for row in resource.hosts.compactMap({ key in hosts.firstIndex { $0.key == key } }) {
      guard case .registered(let channel, let certificate, _) = hosts[row].state else { continue }
      if choice.map({ hosts[row].connections < hosts[$0.row].connections }) ?? true { choice = (row, channel, certificate) }
    }
    guard let choice else { return refuse(.noHealthyHost, session: request.correlation, asker, into: &effects) }
    counter += 1
    hosts[choice.row].connections += 1
    let connection = mix(settings.seed, request.correlation.word, counter)
    effects += [
      .send(channel: choice.channel, .initialize(connection: connection, correlation: request.correlation, gateway: gateway)),
      .send(
        channel: asker,
        .orchestrated(connection: connection, correlation: request.correlation, hostCertificate: choice.certificate)),
    ]
  }

  private func refuse(_ refusal: ServiceRefusal, session: Correlation, _ channel: Int, into effects: inout [Effect]) {
    effects += [
      .send(channel: channel, .refused(refusal, correlation: session)), .failed(.refused(refusal), session: session.session),
    ]
  }
}

extension BrokerOrchestration.Host {
  fileprivate func isRegistered(on lost: Int) -> Bool {
    switch state {
    case .unregistered: false
    case .registered(let channel, _, _): channel == lost
    }
  }

  fileprivate var until: SimTime? {
    switch state {
    case .unregistered: nil
    case .registered(_, _, let until): until
    }
  }
}
