// The session host's RDP connection sequence by its phases (MS-RDPBCGR §1.3.1.1), over the base transport.
public import SimulationKernel
public import Trace
public import Wire

/// RDP's connection sequence, server side.
public struct RDPServerSequence: Equatable, Sendable {
  /// What multitransport bootstrapping offers, when the host allows Shortpath.
  public struct Offer: Equatable, Sendable {
    /// Matched together with the cookie.
    public var requestID: UInt32
    /// The 16-byte security cookie (MS-RDPBCGR §2.2.15.1).
    public var cookie: Secret
    /// The listener's addresses; empty when it is off.
    public var listener: [Endpoint]
    /// Whether candidates for public networks will follow.
    public var candidates: Bool
    /// All that has no default.
    public init(requestID: UInt32, cookie: Secret, listener: [Endpoint], candidates: Bool = true) {
      self.requestID = requestID
      self.cookie = cookie
      self.listener = listener
      self.candidates = candidates
    }
  }

  /// Whom the host lets in, and what it offers.
  public struct Settings: Equatable, Sendable {
    /// The sign-in token that is accepted.
    public var token: Secret
    /// The channels clients join, in order; at least one.
    public var channels = RDPChannels.standard
    /// What this side supports.
    public var multitransport: MultitransportFlags
    /// Whether the host has a licence for the client.
    public var licensed = true
    /// Whether clients must draw by the graphics pipeline (MS-RDPEGFX), as a host with GPU encoding forced does.
    public var requiresGraphicsPipeline = false
    /// What to offer; nil when the host allows no Shortpath.
    public var offer: Offer?
    /// All that has no default.
    public init(token: Secret, multitransport: MultitransportFlags = [.udpFECR, .softSyncTCPToUDP], offer: Offer? = nil) {
      self.token = token
      self.multitransport = multitransport
      self.offer = offer
    }
  }

  /// Within channel connection (MS-RDPBCGR §1.3.1.1 phase 3): what the client sends next.
  public enum Joining: Equatable, Sendable {
    case erectDomain
    case attachUser
    /// The join of `channels[row]`.
    case channel(row: Int)
  }

  /// Within finalization (MS-RDPBCGR §1.3.1.1 phase 10): what the client sends next.
  public enum Finalizing: Equatable, Sendable { case synchronize, cooperate, request, fontList }

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// The base transport is up; the client starts. Next: `securing`, `failed`.
    case awaitingClient
    /// The nested TLS runs. Next: `settling`, `failed`.
    case securing
    /// The client's basic settings are awaited. Next: `joining`, `failed`.
    case settling
    /// Channel connection. Next: `authenticating`, `failed`.
    case joining(Joining)
    /// The client's information is awaited. Next: `measuring`, `failed`.
    case authenticating
    /// Connect-time auto-detection is out. Next: `demanding` (licensing and multitransport wait for no answer), `failed`.
    case measuring(since: SimTime)
    /// Capabilities are demanded. Next: `finalizing`, `failed`.
    case demanding
    /// Next: `active`, `failed`.
    case finalizing(Finalizing)
    /// The desktop is on its way. Next: `ended`, `failed`.
    case active
    /// The client ended the active session. Final.
    case ended
    /// Final.
    case failed(Failure)

    /// Whether nothing more happens to the session.
    public var isFinal: Bool {
      switch self {
      case .ended, .failed: true
      case .awaitingClient, .securing, .settling, .joining, .authenticating, .measuring, .demanding, .finalizing, .active: false
      }
    }
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
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
    /// Run TLS as server inside the base transport.
    case secure
    /// The round trip at RDP level, end to end.
    case roundTrip(SimDuration)
    /// Multitransport was offered: gather candidates, expect tunnels.
    case startShortpath
    /// An offer was there, but client or host do not support it.
    case shortpathUnsupported
    /// A message for the sequence's user.
    case deliver(RDPMessage)
    case milestone(Milestone)
    case ended
    case failed(Failure)
  }

  /// Why it ended in vain.
  public enum Failure: Equatable, Sendable {
    case security(ChannelLoss)
    /// The client's token is not the one accepted.
    case signInRefused
    case licensingFailed
    /// The client cannot draw as the host requires.
    case capabilitiesRefused
    /// The client left before the desktop.
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

  /// The sequence number of the one connect-time measurement (*assumed* to start at 0).
  static let measurement: UInt16 = 0

  /// As given at creation.
  public let settings: Settings
  /// Where it stands now.
  public private(set) var state: State = .awaitingClient
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
    case .awaitingClient, .securing: initiate(input, into: &effects)
    case .settling: settle(input, into: &effects)
    case .joining(let joining): join(joining, input, into: &effects)
    case .authenticating: authenticate(input, at: now, into: &effects)
    case .measuring(let since): license(since: since, input, at: now, into: &effects)
    case .demanding:
      switch input {
      case .received(.confirmActive(let graphicsPipeline)):
        if settings.requiresGraphicsPipeline, !graphicsPipeline {
          effects.append(.send(.disconnect))
          return fail(.capabilitiesRefused, into: &effects)
        }
        state = .finalizing(.synchronize)
      case .received(let message) where RDPPassage(message) == .sinceMultitransport: effects.append(.deliver(message))
      case .received, .baseLost: fail(ending(input), into: &effects)
      case .secured, .securityFailed: break
      }
    case .finalizing(let awaited): finalize(awaited, input, into: &effects)
    case .active:
      switch input {
      case .received(.disconnect):
        state = .ended
        effects.append(.ended)
      case .received(let message) where RDPPassage(message) != .never: effects.append(.deliver(message))
      case .received, .baseLost: fail(ending(input), into: &effects)
      case .secured, .securityFailed: break
      }
    case .ended, .failed:
      switch input {
      // What was still on its way.
      case .secured, .securityFailed, .received, .baseLost: break
      }
    }
  }

  /// Connection initiation and the nested TLS.
  private mutating func initiate(_ input: Input, into effects: inout [Effect]) {
    switch input {
    case .received(.x224ConnectionRequest) where state == .awaitingClient:
      state = .securing
      effects += [.send(.x224ConnectionConfirm), .secure]
    case .secured:
      guard state == .securing else { return }
      state = .settling
    case .securityFailed(let loss):
      guard state == .securing else { return }
      fail(.security(loss), into: &effects)
    case .received, .baseLost: fail(ending(input), into: &effects)
    }
  }

  private mutating func settle(_ input: Input, into effects: inout [Effect]) {
    switch input {
    case .received(.mcsConnectInitial(let flags)):
      negotiated = settings.multitransport.intersection(flags)
      state = .joining(.erectDomain)
      effects.append(.send(.mcsConnectResponse(settings.multitransport)))
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .secured, .securityFailed: break
    }
  }

  private mutating func join(_ joining: Joining, _ input: Input, into effects: inout [Effect]) {
    let (expected, answer, next): (RDPMessage, RDPMessage?, State) =
      switch joining {
      case .erectDomain: (.erectDomain, nil, .joining(.attachUser))
      case .attachUser: (.attachUserRequest, .attachUserConfirm, .joining(.channel(row: 0)))
      case .channel(let row):
        (
          .channelJoinRequest(settings.channels[row]), .channelJoinConfirm(settings.channels[row]),
          row + 1 < settings.channels.count ? .joining(.channel(row: row + 1)) : .authenticating
        )
      }
    switch input {
    case .received(expected):
      state = next
      if let answer { effects.append(.send(answer)) }
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .secured, .securityFailed: break
    }
  }

  private mutating func authenticate(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch input {
    case .received(.clientInfo(settings.token)):
      state = .measuring(since: now)
      effects += [.milestone(.rdpAuthenticated), .send(.rttMeasureRequest(sequence: Self.measurement))]
    case .received(.clientInfo):
      effects.append(.send(.disconnect))
      fail(.signInRefused, into: &effects)
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .secured, .securityFailed: break
    }
  }

  /// The answer to auto-detection lets licensing, multitransport bootstrapping and the capabilities' demand follow at once.
  private mutating func license(since: SimTime, _ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch input {
    case .received(.rttMeasureResponse(Self.measurement)):
      effects.append(.roundTrip(now - since))
      guard settings.licensed else {
        effects.append(.send(.licenseRefused))
        return fail(.licensingFailed, into: &effects)
      }
      effects += [.send(.licenseValidClient), .milestone(.rdpLicensed)]
      offerShortpath(into: &effects)
      state = .demanding
      effects.append(.send(.demandActive))
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .secured, .securityFailed: break
    }
  }

  private func offerShortpath(into effects: inout [Effect]) {
    guard let offer = settings.offer else { return }
    guard negotiated.isSuperset(of: .shortpath) else { return effects.append(.shortpathUnsupported) }
    effects += [
      .startShortpath,
      .send(
        .initiateMultitransport(
          requestID: offer.requestID, cookie: offer.cookie, listener: offer.listener, candidates: offer.candidates)),
    ]
  }

  private mutating func finalize(_ awaited: Finalizing, _ input: Input, into effects: inout [Effect]) {
    let (expected, answer, next): (RDPMessage, RDPMessage, State) =
      switch awaited {
      case .synchronize: (.synchronize, .synchronize, .finalizing(.cooperate))
      case .cooperate: (.controlCooperate, .controlCooperate, .finalizing(.request))
      case .request: (.controlRequest, .controlGranted, .finalizing(.fontList))
      case .fontList: (.fontList, .fontMap, .active)
      }
    switch input {
    case .received(expected):
      state = next
      effects.append(.send(answer))
    case .received(let message) where RDPPassage(message) == .sinceMultitransport: effects.append(.deliver(message))
    case .received, .baseLost: fail(ending(input), into: &effects)
    case .secured, .securityFailed: break
    }
  }

  /// What an input that fits no phase means.
  private func ending(_ input: Input) -> Failure {
    switch input {
    case .baseLost: .baseLost
    case .received(.disconnect): .disconnected
    case .secured, .securityFailed, .received: .protocolViolation
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
