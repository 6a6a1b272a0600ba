// The feed's and the directory's side of steps 1 to 5: one machine per connection of a client.
public import SimulationKernel
public import Trace
public import Wire

/// The feed subscription service towards one client.
public struct FeedServer: Equatable, Sendable {
  /// What the feed offers, and whom it trusts.
  public struct Settings: Equatable, Sendable {
    /// The directory clients are sent to.
    public var directory: Endpoint
    /// The name on its certificate.
    public var directoryName: ComponentKey
    /// The key the directory signs tokens with.
    public var directoryKey: Secret
    /// The signed configurations of the resources on offer.
    public var configurations: [ConnectionConfiguration]
    /// Users to whom nothing is assigned: their feed is empty.
    public var unassigned: [ComponentKey]
    /// All that has no default.
    public init(
      directory: Endpoint, directoryName: ComponentKey, directoryKey: Secret, configurations: [ConnectionConfiguration],
      unassigned: [ComponentKey] = []
    ) {
      self.directory = directory
      self.directoryName = directoryName
      self.directoryKey = directoryKey
      self.configurations = configurations
      self.unassigned = unassigned
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// Nothing asked yet. Next: `subscribed`; `served` for a client that kept its token; `failed`.
    case open
    /// Step 1 is answered. Next: `served`, `failed`.
    case subscribed
    /// Step 5 is answered. A client may read the feed again. Next: `served`, `failed`.
    case served
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable { case received(ServiceMessage) }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(ServiceMessage)
    case milestone(Milestone)
    case close
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case refused(ServiceRefusal)
    case protocolViolation

    /// The reason of the session whose client was served.
    public var reason: Reason {
      switch self {
      case .refused(let refusal): refusal.reason
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .open

  /// A machine at its start.
  public init(settings: Settings) { self.settings = settings }

  /// The feed waits for nothing.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .open, .subscribed, .served:
      switch input {
      case .received(.subscribe):
        state = .subscribed
        effects.append(.send(.subscribed(directory: settings.directory, directoryName: settings.directoryName)))
      case .received(.feedRequest(let token)):
        if let refusal = token.refusal(trusting: settings.directoryKey, at: now) {
          effects.append(.send(.refused(refusal, correlation: 0)))
          return fail(.refused(refusal), into: &effects)
        }
        state = .served
        effects += [
          .milestone(.tokenValidated), .send(.feed(settings.unassigned.contains(token.user) ? [] : settings.configurations)),
        ]
      case .received: fail(.protocolViolation, into: &effects)
      }
    case .failed:
      switch input {
      // The channel is being closed.
      case .received: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.close, .failed(failure)]
  }
}

/// The resource directory towards one client: authenticates the user and issues a token (step 2).
public struct DirectoryServer: Equatable, Sendable {
  /// Whom the directory knows, and what it signs with.
  public struct Settings: Equatable, Sendable {
    /// What tokens are signed with.
    public var signingKey: Secret
    /// Who may sign in.
    public var users: [ComponentKey]
    /// How long a token is valid: an hour, as a Microsoft Entra access token's default is 60 to 90 minutes (*assumed*).
    public var tokenLifetime = SimDuration.seconds(3_600)
    /// All that has no default.
    public init(signingKey: Secret, users: [ComponentKey]) {
      self.signingKey = signingKey
      self.users = users
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// Nobody has signed in. Next: `issued`, `failed`.
    case open
    /// A token is out; the user may sign in again. Next: `issued`, `failed`.
    case issued(AccessToken)
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable { case received(ServiceMessage) }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(ServiceMessage)
    case close
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case unknownUser(ComponentKey)
    case protocolViolation

    /// The reason of the session whose client asked.
    public var reason: Reason {
      switch self {
      case .unknownUser: .signInRefused
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .open

  /// A machine at its start.
  public init(settings: Settings) { self.settings = settings }

  /// The directory waits for nothing.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .open, .issued:
      switch input {
      case .received(.signIn(let user)):
        guard settings.users.contains(user) else {
          effects.append(.send(.refused(.badToken, correlation: 0)))
          return fail(.unknownUser(user), into: &effects)
        }
        let token = AccessToken(user: user, signature: settings.signingKey, expires: now + settings.tokenLifetime)
        state = .issued(token)
        effects.append(.send(.token(token)))
      case .received: fail(.protocolViolation, into: &effects)
      }
    case .failed:
      switch input {
      // The channel is being closed.
      case .received: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.close, .failed(failure)]
  }
}
