// What happens in a scenario: sessions, probes, background traffic and timed changes; and what is expected of it.
public import SimulationKernel
public import Trace
public import VirtualDesktop
public import Wire

public struct SessionSpec: Sendable, Equatable {
  public var client: String
  public var host: String
  /// When the user subscribes (first session of a client) or clicks (later ones).
  public var at: SimTime
  /// What its channels carry once there is a desktop.
  public var workload = DesktopWorkload()
  public init(client: String, host: String, at: SimTime) {
    self.client = client
    self.host = host
    self.at = at
  }
}

public enum ProbeKind: String, Sendable, CaseIterable {
  case udp, tcp, stun
  /// ICMP echoes.
  case ping
}

/// A scripted sender: `count` datagrams or connection attempts from a host to an endpoint.
public struct ProbeSpec: Sendable, Equatable {
  public var from: String
  /// A host's id, or `stun` for the service's STUN server; a ping's may be a network's, and means its router.
  public var to: String
  /// 0 for a ping.
  public var port: UInt16
  public var kind: ProbeKind
  public var at: SimTime
  public var count = 1
  public var interval: SimDuration = .seconds(1)
  /// Payload bytes of a UDP probe or a ping.
  public var size = 64
  /// The local port, or a ping's identifier; 0 draws one.
  public var sourcePort: UInt16 = 0
  /// The tunnel it is bound to; `nil` routes freely.
  public var via: String?
  public init(from: String, to: String, port: UInt16, kind: ProbeKind, at: SimTime) {
    self.from = from
    self.to = to
    self.port = port
    self.kind = kind
    self.at = at
  }
}

/// Somebody who tries to get into sessions that are not theirs.
public struct RogueSpec: Sendable, Equatable {
  public var from: String
  /// The host it is after.
  public var to: String
  public var kind: RogueKind
  /// When it acts on what it has heard; what it hears first only later it acts on at once.
  public var at: SimTime
  /// Packets, or with `wrong-cookie` whole connections.
  public var count = 1
  public var interval: SimDuration = .seconds(1)
  /// The network whose router it overhears; `nil` for none.
  public var hears: String?
  public init(from: String, to: String, kind: RogueKind, at: SimTime) {
    self.from = from
    self.to = to
    self.kind = kind
    self.at = at
  }
}

/// Constant-rate UDP traffic that nobody answers, to load links.
public struct TrafficSpec: Sendable, Equatable {
  public var from: String
  public var to: String
  public var rate: BitRate
  /// Payload bytes per datagram.
  public var size = 1200
  public var start: SimTime
  public var end: SimTime
  public init(from: String, to: String, rate: BitRate, start: SimTime, end: SimTime) {
    self.from = from
    self.to = to
    self.rate = rate
    self.start = start
    self.end = end
  }
}

/// A change of the running world at a time.
public struct EventSpec: Sendable, Equatable {
  /// Hosts register and tunnels come up before 0 s of a scenario, in this much time (*assumed*: ample for one lost packet).
  public static let prologue = SimDuration.seconds(5)
  /// When a world begins.
  public static let earliest = SimTime(nanoseconds: -prologue.nanoseconds)
  public var at: SimTime
  public var change: Change
  /// Whether it happens; a lifted one keeps its number and does nothing.
  public var isEnabled = true
  public init(at: SimTime, change: Change) {
    self.at = at
    self.change = change
  }
}

/// What a scenario says must come out. Absent conditions are not checked.
public struct Expectation: Sendable, Equatable {
  public enum Subject: Sendable, Equatable {
    /// The session's ordinal, from 1.
    case session(Int)
    /// The probe's ordinal, from 1.
    case probe(Int)
    /// The rogue's ordinal, from 1.
    case rogue(Int)
  }
  public var subject: Subject
  public var transport: Transport?
  /// `transport: none`: the session must end without one.
  public var fails = false
  public var route: String?
  /// A `Reason` code.
  public var reason: String?
  /// On its transport (switched, or at the desktop on reverse connect), or failed, at most this long after the click.
  public var within: SimDuration?
  /// How often the session lost its transport and came back.
  public var reconnects: Int?
  /// Attempts by transport with the outcome word expected of each.
  public var attempts: [AttemptExpectation] = []
  /// Attempts by transport with the setting that must have forbidden each.
  public var settings: [SettingExpectation] = []
  /// Losses each of which must have stood in the way of some attempt of the session.
  public var blockedBy: [DropExpectation] = []
  /// Where a failed session's trouble must have begun.
  public var cause: CauseExpectation?
  /// A probe's outcome: `answered`, `no-answer` or `refused`.
  public var outcome: String?
  /// How a packet of a rogue must have ended; that the rogue did not get in goes without saying.
  public var drop = DropExpectation()
  public init(_ subject: Subject) { self.subject = subject }

  /// How a packet must have been lost. Absent conditions are not checked.
  public struct DropExpectation: Sendable, Equatable {
    /// A `DropReason` code.
    public var reason: String?
    /// The node that must have dropped it.
    public var node: String?
    /// The rule that must have dropped it.
    public var rule: String?
    public init(reason: String? = nil, node: String? = nil, rule: String? = nil) {
      (self.reason, self.node, self.rule) = (reason, node, rule)
    }

    /// As people read it.
    public var text: String {
      [reason, rule.map { "by \($0)" }, node.map { "at \($0)" }].compactMap { $0 }.joined(separator: " ")
    }
  }

  public struct SettingExpectation: Sendable, Equatable {
    public var transport: Transport
    /// The setting's real name, or two with a comma.
    public var setting: String
    public init(transport: Transport, setting: String) {
      self.transport = transport
      self.setting = setting
    }
  }

  /// Who failed first, why, and which point of the sequence was not reached. Absent conditions are not checked.
  public struct CauseExpectation: Sendable, Equatable {
    public var node: String?
    /// A `Reason` code.
    public var reason: String?
    /// The documented step, 1 … 12.
    public var step: Int?
    /// A `Milestone` code.
    public var missing: String?
    public init() {}
  }

  public struct AttemptExpectation: Sendable, Equatable {
    public var transport: Transport
    /// `won`, `failed`, `abandoned` or `not-tried`.
    public var outcome: String
    public init(transport: Transport, outcome: String) {
      self.transport = transport
      self.outcome = outcome
    }
  }
}
