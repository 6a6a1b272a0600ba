// What a run gives: everything a report or the store needs, folded from the trace's records.
public import ScenarioModel
public import SimulationKernel
public import Trace
public import Wire

/// Why a run ended.
public enum RunEnd: String, Sendable, CaseIterable {
  /// Everything had settled and the linger was over.
  case settled
  /// The scenario's duration was over.
  case duration
  /// More events than `maximum-events`: something is undecided.
  case eventLimit = "event-limit"
  /// Nothing was left to happen.
  case idle
}

/// One packet filter (or other cause) that stood in an attempt's way, over all its packets.
public struct Blocker: Sendable, Equatable {
  /// The candidate pair's row in its session; 0 when the packets belonged to none (gathering, the listener).
  public var pair: Int
  public var topic: ConversationTopic
  public var node: String
  /// The rule's name and scenario path; `nil` when no rule did it.
  public var rule: String?
  public var rulePath: String?
  /// What else is to be said of the rule, such as its priority; empty for nothing.
  public var note = ""
  public var reason: DropReason
  public var firstRecord: UInt64
  public var firstTime: SimTime
  public var packets: Int
  /// Who opened the conversation: the pair's row counts in its list.
  public var opener = ""
  /// Whether it hindered nothing in the end: its pair became valid all the same, or it came before the pair that failed was chosen.
  public var isHarmless = false

  /// Default rules deny what nobody asked for; they are worth a sentence only when nothing else was in the way.
  public var isDefaultDenial: Bool { rule == "DenyAllInBound" || rule == "policy" }

  /// Which rule or loss it was, and where: at its node, or at this label of it.
  public func place(_ label: String? = nil) -> String {
    let node = label ?? node
    guard let rule else { return "\(reason.code) at \(node)" }
    return rule == "policy" ? "the default policy on \(node)" : "rule '\(rule)' on \(node)"
  }
}

public struct AttemptResult: Sendable, Equatable {
  public var transport: Transport
  public var outcome: AttemptOutcome
  public var reason: Reason
  /// The setting that forbade it, by its real name; empty otherwise.
  public var setting: String
  public var started: SimTime?
  public var ended: SimTime?
  public var blockers: [Blocker]
  /// The blocker that tells most of why it ended so: a rule first, a missing route last; `nil` when nothing needed one.
  public var mainBlocker: Blocker? {
    let blockers = blockers.filter { !$0.isHarmless }
    let named = blockers.first { $0.rule != nil && !$0.isDefaultDenial }
    switch outcome {
    case .failed, .pending:
      // That nobody routes the other side's private address is what ICE's host candidates always meet.
      return named ?? blockers.first { $0.rule != nil } ?? blockers.first { $0.reason != .noRoute } ?? blockers.first
    case .won: return reason == .otherPathBlocked ? named : nil
    case .abandoned, .notTried: return nil
    }
  }
  /// How far it had come: its last milestone.
  public var reached: Milestone?
  /// The setting that left out one kind of ICE's candidates, by its real name; empty otherwise.
  public var narrowedBy = ""
}

public struct MilestoneResult: Sendable, Equatable {
  public var milestone: Milestone
  public var time: SimTime
  public var node: String
  public var attempt: Transport
  public var record: UInt64
}

public struct CandidateResult: Sendable, Equatable {
  public var owner: String
  public var type: CandidateType
  public var base: Endpoint
  public var endpoint: Endpoint
  public var priority: UInt32
  public var time: SimTime
}

public struct PairResult: Sendable, Equatable {
  /// Whose view it is.
  public var owner: String
  public var row: Int
  public var local: Endpoint
  public var remote: Endpoint
  /// The way the local base leads: `internet`, `lan` between neighbours, a tunnel or a line.
  public var route: String
  /// Its last event.
  public var state: PairEvent
  public var wasNominated: Bool
  public var roundTrip: SimDuration?
  /// Whether a check came through, whatever became of the pair after.
  public var isValid: Bool { state == .valid || wasNominated || roundTrip != nil }
}

public struct ChannelResult: Sendable, Equatable {
  public var node: String
  public var channel: VirtualChannel
  public var transport: Transport
  public var sent: Int
  public var received: Int
  /// Messages that came out of their order: something was lost, doubled or overtaken.
  public var disorder: Int
}

/// A role that could not take its part of the connection sequence: where, why, and which step was not reached.
public struct ConnectionFailure: Sendable, Equatable {
  public var node: String
  public var reason: Reason
  public var time: SimTime
  public var record: UInt64
  /// The first point of the sequence that was not reached.
  public var missing: Milestone?
}

/// A transport that carried the desktop was lost, and what became of the session.
public struct ReconnectResult: Sendable, Equatable {
  public var lost: SimTime
  public var reason: Reason
  /// Tries to connect anew; 0 when the channels resumed on a reverse connect that was kept warm.
  public var tries: Int
  /// When the desktop was there again; `nil` when it was not.
  public var restored: SimTime?
  /// What carried the session then, until the next loss.
  public var transport: Transport?
  /// What dropped most of the lost transport's packets before the loss was noticed; `nil` when nothing did.
  public var blocker: Blocker?
}

public struct SessionResult: Sendable, Equatable {
  /// From 1, as in the scenario.
  public var ordinal: Int
  public var client: String
  public var host: String
  /// `nil` when the session failed or is undecided.
  public var transport: Transport?
  public var route: String
  public var reason: Reason
  /// One plain sentence why.
  public var sentence: String
  public var clicked: SimTime?
  /// From the click to the desktop.
  public var connected: SimDuration?
  /// From the click to the end of Soft-Sync.
  public var switched: SimDuration?
  public var roundTripBefore: SimDuration?
  public var roundTrip: SimDuration?
  /// One row per transport.
  public var attempts: [AttemptResult]
  public var milestones: [MilestoneResult]
  public var candidates: [CandidateResult]
  public var pairs: [PairResult]
  public var channels: [ChannelResult]
  /// Every role that failed, in order; the first is the cause of the others. Empty when the session did not fail.
  public var failures: [ConnectionFailure] = []
  /// Every loss of a transport in use, in order.
  public var reconnects: [ReconnectResult] = []
  /// Where a failed session's trouble began.
  public var cause: ConnectionFailure? { failures.first }
}

public struct ProbeResult: Sendable, Equatable {
  public var ordinal: Int
  public var from: String
  public var to: String
  public var kind: ProbeKind
  /// `answered`, `refused` or `no-answer`.
  public var outcome: String
  public var sent: Int
  public var answered: Int
  public var roundTrip: SimDuration?
  /// What a STUN server saw.
  public var mapped: Endpoint?
  public var blockers: [Blocker]
}

/// What became of a rogue.
public struct RogueResult: Sendable, Equatable {
  /// From 1, as in the scenario.
  public var ordinal: Int
  public var from: String
  public var to: String
  public var kind: RogueKind
  /// Packets it sent, and packets that came back.
  public var sent: Int
  public var answered: Int
  /// Whether somebody took it for what it is not: its tunnel or check was accepted, or its answer became a candidate.
  public var accepted: Bool
  /// Its packets' ends, by node, rule and reason, in order of the first.
  public var drops: [Blocker]
}

public enum Verdict: String, Sendable, CaseIterable { case held, failed, undecided }

public struct ExpectationResult: Sendable, Equatable {
  public var text: String
  public var verdict: Verdict
  /// What was found, when it did not hold.
  public var found: String
}

public struct DropTotal: Sendable, Equatable {
  public var node: String
  public var rule: String?
  public var reason: DropReason
  public var packets: Int
}

/// A TCP connection that was established, or of which a segment was sent more than once.
public struct ConnectionResult: Sendable, Equatable {
  /// Who opened it; `nil` when it is known by the repetitions of the other end alone.
  public var opener: String?
  /// Its endpoints as its opener sees them.
  public var from: Endpoint
  public var to: Endpoint
  public var topic: ConversationTopic
  /// The session's ordinal; 0 for none.
  public var session: Int
  /// When the answer to its SYN came; `nil` when none did.
  public var established: SimTime?
  /// From the last SYN to its answer.
  public var handshake: SimDuration?
  /// Segments that the opener sent again, its SYN among them.
  public var retransmitted: Int
  /// Segments that the other end sent again.
  public var peerRetransmitted: Int
}

/// What one direction of a link was given.
public struct TrafficResult: Sendable, Equatable {
  /// Its path, such as `links.transit.there`.
  public var direction: String
  /// Packets, those among them that its queue or its losses then dropped; copies that it made itself are not counted.
  public var packets: Int
}

public struct RunResult: Sendable {
  public var scenario: Scenario
  public var seed: UInt64
  public var modelVersion: Int
  public var fingerprints: Fingerprints
  public var end: RunEnd
  public var endTime: SimTime
  public var events: UInt64
  public var hops: UInt64
  public var sessions: [SessionResult]
  public var probes: [ProbeResult]
  public var expectations: [ExpectationResult]
  public var drops: [DropTotal]
  /// The story, with the tables that name its nodes, rules and states.
  public var story: [Record]
  public var nodes: [ComponentName]
  public var rules: [ComponentName]
  public var names: [String]
  public var rogues: [RogueResult] = []
  /// In order of what was first told of each.
  public var connections: [ConnectionResult] = []
  /// Every direction of every link, in the order of their paths.
  public var traffic: [TrafficResult] = []
  /// The laws of the selection rule that it broke; empty whenever the rule is right.
  public var brokenLaws: [BrokenLaw] = []

  /// Whether every expectation held, no law was broken, and nothing is undecided.
  public var succeeded: Bool {
    end != .eventLimit && brokenLaws.isEmpty && expectations.allSatisfy { $0.verdict == .held }
      && sessions.allSatisfy { $0.reason != .undecided }
  }
}

extension RunResult {
  /// How reports show a component: its label where the scenario gives one, else its id. Stored results keep ids.
  public func shown(_ id: String) -> String {
    scenario.host(id)?.label ?? scenario.network(id)?.label ?? scenario.tunnel(id)?.label
      ?? scenario.links.first { $0.id == id }?.label ?? regionLabel(id) ?? id
  }

  /// Routers and gateways of a region carry its id after their kind.
  private func regionLabel(_ id: String) -> String? {
    for region in scenario.service.regions where region.label != region.id {
      for kind in ["region-", "gateway-"] where id == kind + region.id { return kind + region.label }
    }
    return nil
  }
}
