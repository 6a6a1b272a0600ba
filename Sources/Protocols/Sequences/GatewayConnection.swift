// The gateway's side of steps 7 to 11: one machine per client connection, until it relays.
public import SimulationKernel
public import Trace
public import Wire

/// A client's connection at the gateway: validated, orchestrated by the broker, joined by the host, relayed.
public struct GatewayConnection: Equatable, Sendable {
  /// A TCP connection that ends at the gateway.
  public enum Leg: Equatable, Sendable, CaseIterable { case client, host }

  /// Who the gateway is, whom it trusts, and how long it waits.
  public struct Settings: Equatable, Sendable {
    /// This very instance: the host must join the same one (step 10).
    public var gateway: GatewayReference
    /// The key the directory signs tokens with.
    public var directoryKey: Secret
    /// From the client's request until the host has joined (*assumed*).
    public var limit = SimDuration.seconds(30)
    /// All that has no default.
    public init(gateway: GatewayReference, directoryKey: Secret) {
      self.gateway = gateway
      self.directoryKey = directoryKey
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The client is connected. Next: `awaitingBroker`, `closed`, `failed`.
    case awaitingRequest
    /// Step 8 is asked. Next: `awaitingHost`, `failed`.
    case awaitingBroker(correlation: Correlation, until: SimTime)
    /// The broker named the connection. Next: `relaying`, `failed`.
    case awaitingHost(connection: UInt64, correlation: Correlation, hostCertificate: Secret, until: SimTime)
    /// Step 11: bytes pass unread. Next: `closed`.
    case relaying(connection: UInt64)
    /// Both legs are closed after their use. Final.
    case closed
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case clientRequest(ConnectionRequest)
    /// A message on the broker's channel that names this connection's correlation, or anything there while it waits.
    case brokerAnswer(ServiceMessage)
    /// A session host joined, naming a connection.
    case hostJoined(UInt64)
    case legClosed(Leg)
    case brokerLost
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case askBroker(ServiceMessage)
    /// From now on a host that joins naming this connection belongs here, also one that joined already.
    case expectHost(UInt64)
    case toClient(ServiceMessage)
    case toHost(ServiceMessage)
    case startRelay
    /// Close both legs after what was sent on them.
    case closeLegs
    case milestone(Milestone)
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    /// The client was told so.
    case refused(ServiceRefusal)
    case clientLeft
    case protocolViolation

    /// The reason of the session.
    public var reason: Reason {
      switch self {
      case .refused(let refusal): refusal.reason
      case .clientLeft: .connectionLost
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .awaitingRequest

  /// A machine at its start.
  public init(settings: Settings) { self.settings = settings }

  /// When `timer` is due.
  public var nextDeadline: SimTime? {
    switch state {
    case .awaitingRequest, .relaying, .closed, .failed: nil
    case .awaitingBroker(_, let until), .awaitingHost(_, _, _, let until): until
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .awaitingRequest:
      switch input {
      case .clientRequest(let request): validate(request, at: now, into: &effects)
      case .legClosed(.client):
        state = .closed
        effects.append(.closeLegs)
      // The broker and hosts know nothing of this connection yet.
      case .brokerAnswer, .hostJoined, .legClosed(.host), .brokerLost, .timer: break
      }
    case .awaitingBroker(let correlation, let until):
      switch input {
      case .brokerAnswer(.orchestrated(let connection, correlation, let hostCertificate)):
        state = .awaitingHost(connection: connection, correlation: correlation, hostCertificate: hostCertificate, until: until)
        effects.append(.expectHost(connection))
      case .brokerAnswer(.refused(let refusal, correlation)): refuse(refusal, correlation, into: &effects)
      // Answers to other connections share the broker's channel.
      case .brokerAnswer(.orchestrated), .brokerAnswer(.refused): break
      case .brokerAnswer, .clientRequest: fail(.protocolViolation, into: &effects)
      case .legClosed(.client): fail(.clientLeft, into: &effects)
      case .brokerLost: refuse(.brokerUnavailable, correlation, into: &effects)
      case .timer: if now >= until { refuse(.brokerUnavailable, correlation, into: &effects) }
      case .hostJoined, .legClosed(.host): break
      }
    case .awaitingHost(let connection, let correlation, let hostCertificate, let until):
      switch input {
      case .hostJoined(connection):
        state = .relaying(connection: connection)
        let switching = ServiceMessage.switchingProtocols(hostCertificate: hostCertificate)
        effects += [
          .milestone(.hostConnected), .toHost(switching), .toClient(switching), .startRelay, .milestone(.relayStarted),
        ]
      case .clientRequest: fail(.protocolViolation, into: &effects)
      case .legClosed(.client): fail(.clientLeft, into: &effects)
      case .timer: if now >= until { refuse(.hostUnreachable, correlation, into: &effects) }
      // The broker has done its part; other hosts and their legs are not ours.
      case .hostJoined, .legClosed(.host), .brokerAnswer, .brokerLost: break
      }
    case .relaying:
      switch input {
      case .legClosed:
        state = .closed
        effects.append(.closeLegs)
      // A relay needs no broker, and reads nothing.
      case .clientRequest, .brokerAnswer, .hostJoined, .brokerLost, .timer: break
      }
    case .closed, .failed:
      switch input {
      case .clientRequest, .brokerAnswer, .hostJoined, .legClosed, .brokerLost, .timer: break
      }
    }
  }

  private mutating func validate(_ request: ConnectionRequest, at now: SimTime, into effects: inout [Effect]) {
    if let refusal = request.token.refusal(trusting: settings.directoryKey, at: now) {
      return refuse(refusal, request.correlation, into: &effects)
    }
    state = .awaitingBroker(correlation: request.correlation, until: now + settings.limit)
    effects += [.milestone(.brokerAsked), .askBroker(.orchestrate(request, gateway: settings.gateway))]
  }

  private mutating func refuse(_ refusal: ServiceRefusal, _ correlation: Correlation, into effects: inout [Effect]) {
    effects.append(.toClient(.refused(refusal, correlation: correlation)))
    fail(.refused(refusal), into: &effects)
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.closeLegs, .failed(failure)]
  }
}
