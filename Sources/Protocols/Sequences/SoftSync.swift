// Soft-Sync (MS-RDPEDYC §3.1.5.3): dynamic virtual channels move from the base transport to a tunnel, losing nothing.
public import SimulationKernel
public import Trace
public import Wire

/// Why a switch did not end well; the same on both sides.
public enum SoftSyncFailure: Equatable, Sendable, CaseIterable {
  case tunnelLost
  case baseLost
  case protocolViolation

  /// The reason of the session.
  public var reason: Reason {
    switch self {
    case .tunnelLost: .pathLost
    case .baseLost: .connectionLost
    case .protocolViolation: .protocolViolation
    }
  }
}

/// The session host's side: it asks, and writes on the tunnel from then on.
public struct SoftSyncServer: Equatable, Sendable {
  /// Why it ended in vain.
  public typealias Failure = SoftSyncFailure

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// Everything goes over the base transport. Next: `requested` on `start`, `failed`.
    case onBase
    /// The request is out; the client's data still comes over the base. Next: `switched`, `failed`; `resumed`, when the base is kept.
    case requested
    /// The client's response was the last it sent over the base. Next: `resumed`, when the base was kept.
    case switched
    /// The tunnel is gone, and everything goes over the base again. Final.
    case resumed
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    /// The tunnel is established and the dynamic virtual channels are active.
    case start
    case received(RDPMessage)
    case tunnelLost
    case baseLost
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// Over the base transport.
    case send(RDPMessage)
    /// Channel data goes over the tunnel from here on.
    case switchSending
    /// Channel data that came over the tunnel, also what waited there, may be read from here on.
    case readTunnel
    case milestone(Milestone)
    /// Reverse connect is taken down; the tunnel stays.
    case closeBase
    /// Reverse connect stays up beside the tunnel.
    case keepBase
    /// The client has lost the tunnel: tell it what has come, and send again over the base what it has not got.
    case resume(from: ChannelPositions)
    case finished
    case failed(Failure)
  }

  /// Where it stands now.
  public private(set) var state: State = .onBase
  /// Whether reverse connect stays up after the switch-over.
  public let keepsBase: Bool

  /// A machine at its start.
  public init(keepsBase: Bool = false) { self.keepsBase = keepsBase }

  /// Soft-Sync waits for nothing by time.
  public var nextDeadline: SimTime? { nil }

  /// Whether channel data is sent over the tunnel.
  public var sendsOnTunnel: Bool {
    switch state {
    case .onBase, .resumed, .failed: false
    case .requested, .switched: true
    }
  }
  /// Whether channel data on the tunnel may be read; until then it waits there.
  public var readsTunnel: Bool { state == .switched }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .onBase:
      switch input {
      case .start:
        state = .requested
        effects += [.milestone(.softSyncRequested), .send(.softSyncRequest(keepsBase: keepsBase)), .switchSending]
      case .received(.softSyncRequest), .received(.softSyncResponse): fail(.protocolViolation, into: &effects)
      case .baseLost: fail(.baseLost, into: &effects)
      // A tunnel that carried nothing is missed by nobody; other messages are not this machine's.
      case .tunnelLost, .received: break
      }
    case .requested:
      switch input {
      case .received(.softSyncResponse):
        state = .switched
        effects += [.readTunnel, .milestone(.switched), keepsBase ? .keepBase : .closeBase, .finished]
      case .received(.softSyncRequest): fail(.protocolViolation, into: &effects)
      case .received(.channelsResume(let positions)) where keepsBase:
        state = .resumed
        effects.append(.resume(from: positions))
      // With a base that is kept, the client finds out for itself and asks to resume.
      case .tunnelLost: if !keepsBase { fail(.tunnelLost, into: &effects) }
      case .baseLost: fail(.baseLost, into: &effects)
      case .start, .received: break
      }
    case .switched:
      switch input {
      case .received(.channelsResume(let positions)) where keepsBase:
        state = .resumed
        effects.append(.resume(from: positions))
      // The base is closed on purpose; the tunnel's end is the session's user's matter.
      case .start, .received, .tunnelLost, .baseLost: break
      }
    case .resumed, .failed:
      switch input {
      case .start, .received, .tunnelLost, .baseLost: break
      }
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}

/// The client's side: upon the request all that came over the base has been read, by the order of the stream.
public struct SoftSyncClient: Equatable, Sendable {
  /// Why it ended in vain.
  public typealias Failure = SoftSyncFailure

  /// Where it stands, with what comes next.
  public enum State: Equatable, Sendable {
    /// No tunnel, everything goes over the base transport. Next: `ready`, `requestedEarly`, `failed`.
    case onBase
    /// The request overtook the tunnel's create response. Next: `switched`; `resuming` when the base is kept; `failed`.
    case requestedEarly
    /// The tunnel is established. Next: `switched`; `onBase` when it is lost unused; `failed`.
    case ready
    /// The response is out; the tunnel is read and written. Next: `finished`; `resuming` when the tunnel is lost and the base was kept.
    case switched
    /// The server is asked to go on over the base; nothing is sent before its answer. Next: `resumed`, `failed`.
    case resuming
    /// Everything goes over the base again. Final.
    case resumed
    /// The base transport is down. Final.
    case finished
    /// Final.
    case failed(Failure)
  }

  /// What the shell tells it.
  public enum Input: Equatable, Sendable {
    case tunnelEstablished
    case received(RDPMessage)
    case tunnelLost
    /// The base transport ended, on purpose or not.
    case baseClosed
  }

  /// What it asks of the shell, in this order.
  public enum Effect: Equatable, Sendable {
    /// Over the base transport.
    case send(RDPMessage)
    /// Channel data goes over the tunnel from here on.
    case switchSending
    /// Channel data that came over the tunnel, also what waited there, may be read from here on.
    case readTunnel
    /// Reverse connect stays up beside the tunnel.
    case keepBase
    /// The tunnel is lost: tell the server what has come.
    case resume
    /// Send again over the base what the server has not got, and go on there.
    case resumeSending(from: ChannelPositions)
    case milestone(Milestone)
    case finished
    case failed(Failure)
  }

  /// Where it stands now.
  public private(set) var state: State = .onBase
  /// Whether the server keeps reverse connect up after the switch-over, as its request says.
  private var keepsBase = false

  /// A machine at its start.
  public init() {}

  /// Whether channel data may be sent at all.
  public var mayWrite: Bool { state != .resuming }

  /// Soft-Sync waits for nothing by time.
  public var nextDeadline: SimTime? { nil }

  /// Whether channel data is sent over the tunnel.
  public var sendsOnTunnel: Bool {
    switch state {
    case .onBase, .requestedEarly, .ready, .resuming, .resumed, .failed: false
    case .switched, .finished: true
    }
  }
  /// Whether channel data on the tunnel may be read; until then it waits there.
  public var readsTunnel: Bool { sendsOnTunnel }

  /// Takes one input.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .onBase:
      switch input {
      case .tunnelEstablished: state = .ready
      case .received(.softSyncRequest(let keepsBase)):
        self.keepsBase = keepsBase
        state = .requestedEarly
      case .received(.softSyncResponse): fail(.protocolViolation, into: &effects)
      case .baseClosed: fail(.baseLost, into: &effects)
      case .received, .tunnelLost: break
      }
    case .requestedEarly:
      switch input {
      case .tunnelEstablished: answer(into: &effects)
      case .received(.softSyncRequest), .received(.softSyncResponse): fail(.protocolViolation, into: &effects)
      case .tunnelLost: loseTunnel(into: &effects)
      case .baseClosed: fail(.baseLost, into: &effects)
      case .received: break
      }
    case .ready:
      switch input {
      case .received(.softSyncRequest(let keepsBase)):
        self.keepsBase = keepsBase
        answer(into: &effects)
      case .received(.softSyncResponse): fail(.protocolViolation, into: &effects)
      case .tunnelLost: state = .onBase
      case .baseClosed: fail(.baseLost, into: &effects)
      case .tunnelEstablished, .received: break
      }
    case .switched:
      switch input {
      case .baseClosed:
        state = .finished
        effects += [.milestone(.reverseConnectClosed), .finished]
      case .received(.softSyncRequest), .received(.softSyncResponse): fail(.protocolViolation, into: &effects)
      case .tunnelLost: loseTunnel(into: &effects)
      case .tunnelEstablished, .received: break
      }
    case .resuming:
      switch input {
      case .received(.channelsResume(let positions)):
        state = .resumed
        effects += [.milestone(.resumed), .resumeSending(from: positions)]
      case .baseClosed: fail(.baseLost, into: &effects)
      case .tunnelEstablished, .received, .tunnelLost: break
      }
    case .finished, .resumed, .failed:
      switch input {
      case .tunnelEstablished, .received, .tunnelLost, .baseClosed: break
      }
    }
  }

  /// The server has written into the tunnel, and what it wrote is lost.
  private mutating func loseTunnel(into effects: inout [Effect]) {
    guard keepsBase else { return fail(.tunnelLost, into: &effects) }
    state = .resuming
    effects.append(.resume)
  }

  /// The response is the last that goes over the base.
  private mutating func answer(into effects: inout [Effect]) {
    state = .switched
    effects += [.send(.softSyncResponse), .switchSending, .readTunnel]
    if keepsBase { effects.append(.keepBase) }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}
