// A proxy's end of HTTP CONNECT: judges the request, resolves the name, opens the far connection and watches how long it is quiet.
public import SimulationKernel
public import Trace
public import Wire

/// One tunnel through a proxy, from the client's connection to its end (RFC 9110 §9.3.6).
public struct ProxyTunnel: Equatable, Sendable {
  /// Whom it serves, and how long.
  public struct Settings: Equatable, Sendable {
    /// The names it can resolve.
    public var addresses: [ComponentKey: IPAddress]
    /// Destinations it opens tunnels to; `nil`: all.
    public var allowed: [ComponentKey]?
    /// Whether it asks for credentials, which no client here has.
    public var requiresAuthentication: Bool
    /// After this without a byte either way a tunnel is closed; `nil`: never.
    public var idle: SimDuration?
    /// How long a client may take to ask (*assumed*).
    public var requestLimit = SimDuration.seconds(30)
    /// A proxy that asks for nothing and lets everybody go everywhere, unless said otherwise.
    public init(
      addresses: [ComponentKey: IPAddress], allowed: [ComponentKey]? = nil, requiresAuthentication: Bool = false,
      idle: SimDuration? = nil
    ) {
      self.addresses = addresses
      self.allowed = allowed
      self.requiresAuthentication = requiresAuthentication
      self.idle = idle
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// Next: `awaiting` on `accepted`.
    case idle
    /// The request is to come. Next: `opening`, `ended`.
    case awaiting(until: SimTime)
    /// The far connection is coming up. Next: `relaying`, `ended`.
    case opening
    /// Bytes pass both ways; at `check` it looks for how long none has. Next: `ended`.
    case relaying(check: SimTime?)
    /// Final; without a failure its two ends went.
    case ended(Failure?)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// A client has connected.
    case accepted
    case received(Message)
    /// The far connection is up.
    case destinationUp
    /// It is not to be had: nobody answered, or somebody refused.
    case destinationFailed(timedOut: Bool)
    /// The deadline is due; the last byte passed at `quietSince`.
    case timer(quietSince: SimTime)
    /// The client has gone, or after the relay began either.
    case closed
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case open(Endpoint)
    case send(ProxyMessage)
    /// From here on bytes pass both ways.
    case relay
    /// Both connections.
    case close
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable, CaseIterable {
    case forbidden, unauthenticated, unknownName, destinationRefused, destinationTimedOut, noRequest, violation
    /// It was quiet for too long.
    case idle

    /// The reason of what needed the tunnel; `nil` where the client's own words for it say more.
    public var reason: Reason? {
      switch self {
      case .forbidden: .proxyRefused
      case .unauthenticated: .proxyAuthenticationRequired
      case .idle: .proxyIdle
      case .unknownName, .destinationRefused, .destinationTimedOut, .noRequest, .violation: nil
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .idle

  /// A machine at its start.
  public init(settings: Settings) { self.settings = settings }

  /// When `timer` is due.
  public var nextDeadline: SimTime? {
    switch state {
    case .idle, .opening, .ended: nil
    case .awaiting(let until): until
    case .relaying(let check): check
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .accepted: state = .awaiting(until: now + settings.requestLimit)
      case .received, .destinationUp, .destinationFailed, .timer, .closed: break
      }
    case .awaiting(let until):
      switch input {
      case .received(.proxy(.connect(let authority))): judge(authority, into: &effects)
      case .received: end(.violation, into: &effects)
      case .timer: if now >= until { end(.noRequest, into: &effects) }
      case .closed: end(nil, into: &effects)
      case .accepted, .destinationUp, .destinationFailed: break
      }
    case .opening:
      switch input {
      case .destinationUp:
        state = .relaying(check: settings.idle.map { now + $0 })
        effects += [.send(.answer(.established)), .relay]
      case .destinationFailed(let timedOut):
        refuse(timedOut ? .gatewayTimeout : .badGateway, timedOut ? .destinationTimedOut : .destinationRefused, into: &effects)
      // A client waits for the answer before it says more.
      case .received: end(.violation, into: &effects)
      case .closed: end(nil, into: &effects)
      case .accepted, .timer: break
      }
    case .relaying(let check):
      switch input {
      case .timer(let quietSince):
        guard let idle = settings.idle, let check, now >= check else { return }
        if now >= quietSince + idle { end(.idle, into: &effects) } else { state = .relaying(check: quietSince + idle) }
      case .closed: end(nil, into: &effects)
      case .accepted, .received, .destinationUp, .destinationFailed: break
      }
    case .ended:
      switch input {
      case .accepted, .received, .destinationUp, .destinationFailed, .timer, .closed: break
      }
    }
  }

  private mutating func judge(_ authority: HTTPAuthority, into effects: inout [Effect]) {
    if settings.requiresAuthentication { return refuse(.authenticationRequired, .unauthenticated, into: &effects) }
    if let allowed = settings.allowed, !allowed.contains(authority.name) { return refuse(.forbidden, .forbidden, into: &effects) }
    guard let address = settings.addresses[authority.name] else { return refuse(.badGateway, .unknownName, into: &effects) }
    state = .opening
    effects.append(.open(Endpoint(address, authority.port)))
  }

  private mutating func refuse(_ status: ProxyStatus, _ failure: Failure, into effects: inout [Effect]) {
    effects.append(.send(.answer(status)))
    end(failure, into: &effects)
  }

  private mutating func end(_ failure: Failure?, into effects: inout [Effect]) {
    state = .ended(failure)
    effects.append(.close)
    if let failure { effects.append(.failed(failure)) }
  }
}
