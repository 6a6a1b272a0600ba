// The client's RDP connection sequence by its phases (MS-RDPBCGR §1.3.1.1), over the base transport.
public import SimulationKernel
public import Trace
public import Wire

/// What both ends of the main connection agree on beforehand.
public enum RDPChannels {
  /// User, I/O, message and drdynvc channel, in the order they are joined. The I/O channel is 1003 (MS-RDPBCGR §4.1.4);
  /// the others follow it in the order servers number them: static channels, message channel, user (*assumed*).
  public static let standard: [UInt16] = [1006, 1003, 1005, 1004]
}

/// RDP's connection sequence, client side: step 12 of the founding document up to the desktop.
public struct RDPClientSequence: Equatable, Sendable {
  /// What the client brings along.
  public struct Settings: Equatable, Sendable {
    /// The user's sign-in token.
    public var token: Secret
    /// The channels to join, in order; at least one.
    public var channels = RDPChannels.standard
    /// What this side supports.
    public var multitransport: MultitransportFlags
    /// Whether it can draw by the graphics pipeline (MS-RDPEGFX).
    public var graphicsPipeline = true
    /// All that has no default.
    public init(token: Secret, multitransport: MultitransportFlags = [.udpFECR, .softSyncTCPToUDP]) {
      self.token = token
      self.multitransport = multitransport
    }
  }

  /// Within channel connection (MS-RDPBCGR §1.3.1.1 phase 3).
  public enum Joining: Equatable, Sendable {
    /// A user is being attached. Next: `channel(row: 0)`.
    case attaching
    /// The join of `channels[row]` is asked; joins are serial. Next: the next row; after the last, `authenticating`.
    case channel(row: Int)
  }

  /// Within finalization (MS-RDPBCGR §1.3.1.1 phase 10): which of the server's answers is next.
  public enum Finalizing: Equatable, Sendable { case synchronize, cooperate, granted, fontMap }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// No base transport. Next: `initiating`.
    case idle
    /// X.224 is asked. Next: `securing`, `failed`.
    case initiating
    /// The nested TLS runs. Next: `settling`, `failed`.
    case securing
    /// Basic settings are sent. Next: `joining`, `failed`.
    case settling
    /// Channel connection. Next: `authenticating`, `failed`.
    case joining(Joining)
    /// The client's information is sent. Next: `licensing`; `bootstrapping` when nothing is detected; `failed`.
    case authenticating
    /// Connect-time auto-detection was answered. Next: `bootstrapping`, `failed`.
    case licensing
    /// Licensed; multitransport may be offered, once. Next: `finalizing`, `failed`.
    case bootstrapping(offered: Bool)
    /// Capabilities are confirmed, finalization is sent. Next: `active`, `failed`.
    case finalizing(Finalizing)
    /// The desktop shows. Next: `ended`, `failed`.
    case active
    /// The server ended the active session. Final.
    case ended
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The base transport is up.
    case start
    /// The nested TLS is done.
    case secured
    case securityFailed(ChannelLoss)
    case received(RDPMessage)
    /// The base transport was lost; not given once a tunnel carries the session.
    case baseLost
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    case send(RDPMessage)
    /// Run TLS as client inside the base transport.
    case secure
    case shortpathOffered(requestID: UInt32, cookie: Secret, listener: [Endpoint], candidates: Bool)
    /// A message for the sequence's user.
    case deliver(RDPMessage)
    case milestone(Milestone)
    case ended
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case security(ChannelLoss)
    /// The server left upon the client's information.
    case signInRefused
    case licensingFailed
    /// The server left upon the client's capabilities.
    case capabilitiesRefused
    /// The server left before the desktop.
    case disconnected
    case baseLost
    case protocolViolation

    /// The reason of the session.
    public var reason: Reason {
      switch self {
      case .security(let loss): loss.reason(unreachable: .tlsFailed)
      case .signInRefused: .signInRefused
      case .licensingFailed: .licensingFailed
      case .capabilitiesRefused: .capabilitiesRefused
      case .disconnected, .baseLost: .connectionLost
      case .protocolViolation: .protocolViolation
      }
    }
  }

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .idle
  /// What both sides support, after basic settings.
  public private(set) var negotiated: MultitransportFlags = []

  /// - Precondition: at least one channel.
  public init(settings: Settings) {
    precondition(!settings.channels.isEmpty, "an RDP session without a channel")
    self.settings = settings
  }

  /// The sequence sets no timer: TCP's and the gateway's tell of a lost peer.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle, .initiating, .securing: initiate(input, into: &effects)
    case .settling: settle(input, into: &effects)
    case .joining(let joining): join(joining, input, into: &effects)
    case .authenticating, .licensing: beLicensed(input, into: &effects)
    case .bootstrapping(let offered): bootstrap(offered: offered, input, into: &effects)
    case .finalizing(let awaited): finalize(awaited, input, into: &effects)
    case .active:
      switch input {
      case .received(.disconnect):
        state = .ended
        effects.append(.ended)
      case .received(let message) where RDPPassage(message) != .never: effects.append(.deliver(message))
      case .received, .baseLost: fail(ending(input), into: &effects)
      case .start, .secured, .securityFailed: break
      }
    case .ended, .failed:
      switch input {
      // What was still on its way.
      case .start, .secured, .securityFailed, .received, .baseLost: break
      }
    }
  }

  /// Connection initiation and the nested TLS.
  private mutating func initiate(_ input: Input, into effects: inout [Effect]) {
    switch input {
    case .start:
      guard state == .idle else { return }
      state = .initiating
      effects += [.milestone(.rdpStarted), .send(.x224ConnectionRequest)]
    case .received(.x224ConnectionConfirm) where state == .initiating:
      state = .securing
      effects += [.milestone(.rdpInitiated), .secure]
    case .secured:
      guard state == .securing else { return }
      state = .settling
      effects += [.milestone(.rdpSecured), .send(.mcsConnectInitial(settings.multitransport))]
    case .securityFailed(let loss):
      guard state == .securing else { return }
      fail(.security(loss), into: &effects)
    case .received, .baseLost: fail(ending(input), into: &effects)
    }
  }

  private mutating func settle(_ input: Input, into effects: inout [Effect]) {
    switch input {
    case .received(.mcsConnectResponse(let flags)):
      negotiated = settings.multitransport.intersection(flags)
      state = .joining(.attaching)
      effects += [.milestone(.rdpBasicSettings), .send(.erectDomain), .send(.attachUserRequest)]
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .start, .secured, .securityFailed: break
    }
  }

  private mutating func join(_ joining: Joining, _ input: Input, into effects: inout [Effect]) {
    let (expected, next): (RDPMessage, Int) =
      switch joining {
      case .attaching: (.attachUserConfirm, 0)
      case .channel(let row): (.channelJoinConfirm(settings.channels[row]), row + 1)
      }
    switch input {
    case .received(expected):
      if next < settings.channels.count {
        state = .joining(.channel(row: next))
        effects.append(.send(.channelJoinRequest(settings.channels[next])))
      } else {
        state = .authenticating
        effects += [.milestone(.rdpChannelsConnected), .send(.clientInfo(token: settings.token))]
      }
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .start, .secured, .securityFailed: break
    }
  }

  /// Secure settings, connect-time auto-detection and licensing.
  private mutating func beLicensed(_ input: Input, into effects: inout [Effect]) {
    switch input {
    case .received(.rttMeasureRequest(let sequence)):
      state = .licensing
      effects.append(.send(.rttMeasureResponse(sequence: sequence)))
    case .received(.licenseValidClient): state = .bootstrapping(offered: false)
    case .received(.licenseRefused): fail(.licensingFailed, into: &effects)
    case .received(.disconnect) where state == .authenticating: fail(.signInRefused, into: &effects)
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .start, .secured, .securityFailed: break
    }
  }

  /// Multitransport bootstrapping, which the server's capabilities end.
  private mutating func bootstrap(offered: Bool, _ input: Input, into effects: inout [Effect]) {
    switch input {
    case .received(.initiateMultitransport(let requestID, let cookie, let listener, let candidates)) where !offered:
      state = .bootstrapping(offered: true)
      effects += [
        .shortpathOffered(requestID: requestID, cookie: cookie, listener: listener, candidates: candidates),
        .milestone(.rdpMultitransport),
      ]
    case .received(.demandActive):
      state = .finalizing(.synchronize)
      effects += [.send(.confirmActive(graphicsPipeline: settings.graphicsPipeline)), .milestone(.rdpCapabilities)]
      effects += [.send(.synchronize), .send(.controlCooperate), .send(.controlRequest), .send(.fontList)]
    case .received(let message) where RDPPassage(message) == .sinceMultitransport: effects.append(.deliver(message))
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .start, .secured, .securityFailed: break
    }
  }

  private mutating func finalize(_ awaited: Finalizing, _ input: Input, into effects: inout [Effect]) {
    let (expected, next): (RDPMessage, State) =
      switch awaited {
      case .synchronize: (.synchronize, .finalizing(.cooperate))
      case .cooperate: (.controlCooperate, .finalizing(.granted))
      case .granted: (.controlGranted, .finalizing(.fontMap))
      case .fontMap: (.fontMap, .active)
      }
    switch input {
    case .received(expected):
      state = next
      if next == .active { effects.append(.milestone(.desktop)) }
    case .received(.disconnect) where awaited == .synchronize: fail(.capabilitiesRefused, into: &effects)
    case .received(let message) where RDPPassage(message) == .sinceMultitransport: effects.append(.deliver(message))
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .start, .secured, .securityFailed: break
    }
  }

  /// What an input that fits no phase means.
  private func ending(_ input: Input) -> Failure {
    switch input {
    case .baseLost: .baseLost
    case .received(.disconnect): .disconnected
    case .start, .secured, .securityFailed, .received: .protocolViolation
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
