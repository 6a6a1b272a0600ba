// Steps 1 to 6 of the founding document as transcripts: the client, the feed, the directory.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite("Workspace subscription (steps 1 to 6)") struct WorkspaceSubscriptionTests {
  static func client() -> Transcript<WorkspaceSubscription> {
    Transcript(WorkspaceSubscription(settings: .init(user: Cast.alice, trustedFeedKey: Cast.feedKey)))
  }
  static func reading() -> Transcript<WorkspaceSubscription> {
    var t = client()
    t.given(.start, .connected(.feed), .received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)))
    t.given(.connected(.directory), .received(.token(Cast.token)))
    return t
  }
  static func ending(_ failure: WorkspaceSubscription.Failure) -> [WorkspaceSubscription.Effect] {
    [.close(.directory), .close(.feed), .failed(failure)]
  }

  @Test("Steps 1, 2, 3, 5 and 6 follow each other, and the stored files come with their token")
  func whole() {
    var t = Self.client()
    t(0, .timer, to: .idle)
    t(0, .start, [.openFeed], to: .openingFeed)
    t(40, .connected(.feed), [.send(.subscribe, to: .feed)], to: .subscribing(until: at(30_040)))
    t(
      60, .received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)),
      [.milestone(.subscribed), .openDirectory(Cast.directory, name: Cast.directoryName)], to: .openingDirectory)
    #expect(t.machine.nextDeadline == nil)
    t(100, .connected(.directory), [.send(.signIn(user: Cast.alice), to: .directory)], to: .signingIn(until: at(30_100)))
    t(
      120, .received(.token(Cast.token)),
      [.milestone(.tokenIssued), .close(.directory), .send(.feedRequest(Cast.token), to: .feed), .milestone(.tokenPassed)],
      to: .readingFeed(Cast.token, until: at(30_120)))
    t(121, .connectionFailed(.directory, .closed))
    t(30_119, .timer)
    t(
      30_119, .received(.feed([Cast.configuration])),
      [
        .milestone(.configurationReceived), .milestone(.configurationStored), .close(.feed),
        .stored([Cast.configuration], Cast.token),
      ], to: .stored)
    t(40_000, .connectionFailed(.feed, .closed), to: .stored)
  }

  @Test("Step 5: one configuration with another signature, and nothing is stored")
  func signature() {
    var t = Self.reading()
    var forged = Cast.configuration
    forged.signature = Secret(id: 99)
    let failure = WorkspaceSubscription.Failure.untrustedConfiguration(resource: Cast.desktop)
    t(
      5, .received(.feed([Cast.configuration, forged])), [.milestone(.configurationReceived)] + Self.ending(failure),
      to: .failed(failure))
    #expect(failure.reason == .configurationUntrusted)
  }

  @Test("An answer that does not come within the limit fails the service that owes it", arguments: [1, 2, 3])
  func silence(step: Int) {
    var t = Self.client()
    t.given(.start, .connected(.feed))
    if step > 1 {
      t.given(.received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)), .connected(.directory))
    }
    if step > 2 { t.given(.received(.token(Cast.token))) }
    let failure = WorkspaceSubscription.Failure.noAnswer(step == 2 ? .directory : .feed)
    #expect(t.machine.nextDeadline == at(30_000))
    t(29_999, .timer)
    t(30_000, .timer, Self.ending(failure), to: .failed(failure))
    #expect(failure.reason == (step == 2 ? .directoryUnreachable : .feedUnreachable))
  }

  @Test("A channel that fails ends the subscription with the service's or the certificate's reason")
  func channels() {
    let reasons: [(ChannelLoss, Reason, Reason)] = [
      (.unreachable, .feedUnreachable, .directoryUnreachable), (.tlsFailed, .tlsFailed, .tlsFailed),
      (.certificateWrongName, .certificateWrongName, .certificateWrongName),
      (.certificateExpired, .certificateExpired, .certificateExpired),
      (.certificateUntrusted, .certificateUntrusted, .certificateUntrusted),
      (.tlsVersionMismatch, .tlsVersionMismatch, .tlsVersionMismatch), (.closed, .connectionLost, .connectionLost),
    ]
    for (loss, feed, directory) in reasons {
      var t = Self.client()
      t.given(.start)
      t(1, .connectionFailed(.feed, loss), Self.ending(.connection(.feed, loss)), to: .failed(.connection(.feed, loss)))
      var u = Self.client()
      u.given(.start, .connected(.feed), .received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)))
      u(1, .connectionFailed(.directory, loss), Self.ending(.connection(.directory, loss)))
      #expect(WorkspaceSubscription.Failure.connection(.feed, loss).reason == feed)
      #expect(WorkspaceSubscription.Failure.connection(.directory, loss).reason == directory)
    }
  }

  @Test("A refusal by the directory is a refused sign-in; by the feed, what the feed says")
  func refusals() {
    var t = Self.client()
    t.given(.start, .connected(.feed), .received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)))
    t.given(.connected(.directory))
    t(1, .received(.refused(.badToken, correlation: 0)), Self.ending(.refused(.directory, .badToken)))
    #expect(WorkspaceSubscription.Failure.refused(.directory, .badToken).reason == .signInRefused)
    var u = Self.reading()
    u(1, .received(.refused(.expiredToken, correlation: 0)), Self.ending(.refused(.feed, .expiredToken)))
    #expect(WorkspaceSubscription.Failure.refused(.feed, .expiredToken).reason == .tokenExpired)
  }

  @Test("A message out of turn is a violation in every open state, and nothing when all is over")
  func violations() {
    var t = Self.client()
    t(0, .received(.registered), to: .idle)
    let steps: [WorkspaceSubscription.Input] = [
      .start, .connected(.feed), .received(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName)),
      .connected(.directory), .received(.token(Cast.token)),
    ]
    for step in steps {
      t.given(step)
      var u = t
      u(1, .received(.registered), Self.ending(.protocolViolation), to: .failed(.protocolViolation))
      u(2, .received(.registered))
    }
    #expect(WorkspaceSubscription.Failure.protocolViolation.reason == .protocolViolation)
  }
}

@Suite("Feed and directory") struct FeedServerTests {
  static func feed() -> Transcript<FeedServer> {
    Transcript(
      FeedServer(
        settings: .init(
          directory: Cast.directory, directoryName: Cast.directoryName, directoryKey: Cast.directoryKey,
          configurations: [Cast.configuration])))
  }

  @Test("Step 4: the feed validates the token before it returns the configurations")
  func validates() {
    var t = Self.feed()
    t(
      0, .received(.subscribe), [.send(.subscribed(directory: Cast.directory, directoryName: Cast.directoryName))],
      to: .subscribed)
    t(1, .received(.feedRequest(Cast.token)), [.milestone(.tokenValidated), .send(.feed([Cast.configuration]))], to: .served)
    t(59_999, .received(.feedRequest(Cast.token)), [.milestone(.tokenValidated), .send(.feed([Cast.configuration]))])
  }

  @Test("A token by another directory is bad, and one at its end has expired")
  func refuses() {
    var forged = Cast.token
    forged.signature = Secret(id: 99)
    var t = Self.feed()
    #expect(t.machine.state == .open)
    t(
      1, .received(.feedRequest(forged)),
      [.send(.refused(.badToken, correlation: 0)), .close, .failed(.refused(.badToken))], to: .failed(.refused(.badToken)))
    t(2, .received(.feedRequest(Cast.token)))
    var u = Self.feed()
    u(
      60_000, .received(.feedRequest(Cast.token)),
      [.send(.refused(.expiredToken, correlation: 0)), .close, .failed(.refused(.expiredToken))])
    #expect(FeedServer.Failure.refused(.expiredToken).reason == .tokenExpired)
    var v = Self.feed()
    v(0, .received(.registered), [.close, .failed(.protocolViolation)], to: .failed(.protocolViolation))
    #expect(FeedServer.Failure.protocolViolation.reason == .protocolViolation)
  }

  @Test("Step 2: the directory issues a token to a user it knows, and to no other")
  func directory() {
    var settings = DirectoryServer.Settings(signingKey: Cast.directoryKey, users: [Cast.alice])
    settings.tokenLifetime = .seconds(60)
    var t = Transcript(DirectoryServer(settings: settings))
    #expect(t.machine.state == .open)
    t(0, .received(.signIn(user: Cast.alice)), [.send(.token(Cast.token))], to: .issued(Cast.token))
    let mallory = ComponentKey("mallory")
    t(
      1, .received(.signIn(user: mallory)),
      [.send(.refused(.badToken, correlation: 0)), .close, .failed(.unknownUser(mallory))], to: .failed(.unknownUser(mallory)))
    t(2, .received(.signIn(user: Cast.alice)))
    #expect(DirectoryServer.Failure.unknownUser(mallory).reason == .signInRefused)
    var u = Transcript(DirectoryServer(settings: settings))
    u(0, .received(.subscribe), [.close, .failed(.protocolViolation)])
    #expect(DirectoryServer.Failure.protocolViolation.reason == .protocolViolation)
  }

  @Test("Every refusal a service can give has its reason")
  func refusalReasons() {
    let reasons: [Reason] = [
      .tokenRefused, .tokenExpired, .resourceUnknown, .noHealthyHost, .brokerUnavailable, .hostUnreachable,
    ]
    #expect(ServiceRefusal.allCases.map(\.reason) == reasons)
  }
}
