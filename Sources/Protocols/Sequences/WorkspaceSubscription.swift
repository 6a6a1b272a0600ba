// The client's steps 1 to 6: subscribe to the workspace, sign in, read the feed, store the connection configurations.
public import SimulationKernel
public import Trace
public import Wire

/// The workspace subscription of one client, from the first request to the stored .rdp files.
public struct WorkspaceSubscription: Equatable, Sendable {
  /// A service the client holds a channel to.
  public enum Service: Equatable, Sendable, CaseIterable { case feed, directory }

  /// Who signs in, whom it trusts, and how long it waits.
  public struct Settings: Equatable, Sendable {
    /// Who signs in.
    public var user: ComponentKey
    /// The key that every connection configuration must be signed with (step 5).
    public var trustedFeedKey: Secret
    /// How long one HTTPS answer may take (*assumed*).
    public var answerLimit = SimDuration.seconds(30)
    /// All that has no default.
    public init(user: ComponentKey, trustedFeedKey: Secret) {
      self.user = user
      self.trustedFeedKey = trustedFeedKey
    }
  }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// Nothing sent. Next: `openingFeed` on `start`.
    case idle
    /// The feed's channel is coming up. Next: `subscribing`, `failed`.
    case openingFeed
    /// Step 1 is asked. Next: `openingDirectory`, `failed`.
    case subscribing(until: SimTime)
    /// The directory's channel is coming up. Next: `signingIn`, `failed`.
    case openingDirectory
    /// Step 2 is asked. Next: `readingFeed`, `failed`.
    case signingIn(until: SimTime)
    /// Step 3 is done, step 5 awaited. Next: `stored`, `failed`.
    case readingFeed(AccessToken, until: SimTime)
    /// Step 6 is done. Final.
    case stored
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case start
    case connected(Service)
    /// A channel did not come up, or went away.
    case connectionFailed(Service, ChannelLoss)
    case received(ServiceMessage)
    case timer
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// Open TCP and TLS to the feed the client is configured with.
    case openFeed
    /// Open TCP and TLS to the directory the feed named.
    case openDirectory(Endpoint, name: ComponentKey)
    case send(ServiceMessage, to: Service)
    case close(Service)
    case milestone(Milestone)
    /// The .rdp files, and the token they were got with.
    case stored([ConnectionConfiguration], AccessToken)
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case connection(Service, ChannelLoss)
    case noAnswer(Service)
    case refused(Service, ServiceRefusal)
    /// No desktop is assigned to the user.
    case emptyFeed
    /// A configuration is not signed by the trusted feed.
    case untrustedConfiguration(resource: ComponentKey)
    case protocolViolation

    /// The reason of the session that needed the subscription.
    public var reason: Reason {
      switch self {
      case .connection(let service, let loss): loss.reason(unreachable: Self.unreachable(service))
      case .noAnswer(let service): Self.unreachable(service)
      case .refused(.directory, _): .signInRefused
      case .refused(.feed, let refusal): refusal.reason
      case .emptyFeed: .feedEmpty
      case .untrustedConfiguration: .configurationUntrusted
      case .protocolViolation: .protocolViolation
      }
    }
    private static func unreachable(_ service: Service) -> Reason {
      service == .feed ? .feedUnreachable : .directoryUnreachable
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
    case .idle, .openingFeed, .openingDirectory, .stored, .failed: nil
    case .subscribing(let until), .signingIn(let until), .readingFeed(_, let until): until
    }
  }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .start:
        state = .openingFeed
        effects.append(.openFeed)
      // Nothing is open and nothing asked.
      case .connected, .connectionFailed, .received, .timer: break
      }
    case .openingFeed:
      switch input {
      case .connected(.feed):
        state = .subscribing(until: now + settings.answerLimit)
        effects.append(.send(.subscribe, to: .feed))
      case .connectionFailed(let service, let loss): fail(.connection(service, loss), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .start, .connected(.directory), .timer: break
      }
    case .subscribing(let until):
      switch input {
      case .received(.subscribed(let directory, let name)):
        state = .openingDirectory
        effects += [.milestone(.subscribed), .openDirectory(directory, name: name)]
      case .received(.refused(let refusal, _)): fail(.refused(.feed, refusal), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .connectionFailed(let service, let loss): fail(.connection(service, loss), into: &effects)
      case .timer: if now >= until { fail(.noAnswer(.feed), into: &effects) }
      case .start, .connected: break
      }
    case .openingDirectory:
      switch input {
      case .connected(.directory):
        state = .signingIn(until: now + settings.answerLimit)
        effects.append(.send(.signIn(user: settings.user), to: .directory))
      case .connectionFailed(let service, let loss): fail(.connection(service, loss), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .start, .connected(.feed), .timer: break
      }
    case .signingIn(let until):
      switch input {
      case .received(.token(let token)):
        state = .readingFeed(token, until: now + settings.answerLimit)
        effects += [
          .milestone(.tokenIssued), .close(.directory), .send(.feedRequest(token), to: .feed), .milestone(.tokenPassed),
        ]
      case .received(.refused(let refusal, _)): fail(.refused(.directory, refusal), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .connectionFailed(let service, let loss): fail(.connection(service, loss), into: &effects)
      case .timer: if now >= until { fail(.noAnswer(.directory), into: &effects) }
      case .start, .connected: break
      }
    case .readingFeed(let token, let until):
      switch input {
      case .received(.feed(let list)): store(list, token, into: &effects)
      case .received(.refused(let refusal, _)): fail(.refused(.feed, refusal), into: &effects)
      case .received: fail(.protocolViolation, into: &effects)
      case .connectionFailed(.feed, let loss): fail(.connection(.feed, loss), into: &effects)
      // The directory has given what was asked; its channel is being closed.
      case .connectionFailed(.directory, _): break
      case .timer: if now >= until { fail(.noAnswer(.feed), into: &effects) }
      case .start, .connected: break
      }
    case .stored, .failed:
      switch input {
      // Ended: what still comes was on its way.
      case .start, .connected, .connectionFailed, .received, .timer: break
      }
    }
  }

  private mutating func store(_ list: [ConnectionConfiguration], _ token: AccessToken, into effects: inout [Effect]) {
    effects.append(.milestone(.configurationReceived))
    if list.isEmpty { return fail(.emptyFeed, into: &effects) }
    for configuration in list where configuration.signature != settings.trustedFeedKey {
      return fail(.untrustedConfiguration(resource: configuration.resource), into: &effects)
    }
    state = .stored
    effects += [.milestone(.configurationStored), .close(.feed), .stored(list, token)]
  }

  /// The channels are closed with the failure; closing one that is not open means nothing.
  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects += [.close(.directory), .close(.feed), .failed(failure)]
  }
}
