// Folds one session's records: attempts with their blockers, candidates, pairs, milestones, round trips, and the reason in one sentence.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
import VirtualDesktop
import Wire

struct SessionFolding {
  let ordinal: Int
  let spec: SessionSpec
  let records: [Record]
  /// What belongs to the connection the session has now: everything, or what came after the last try to reconnect.
  let current: ArraySlice<Record>
  let folding: Folding

  init(ordinal: Int, spec: SessionSpec, records: [Record], folding: Folding) {
    self.ordinal = ordinal
    self.spec = spec
    self.records = records
    self.folding = folding
    current = records[(records.lastIndex { $0.milestone == .reconnecting } ?? 0)...]
  }

  func result() -> SessionResult {
    let decision = current.last { $0.kind == .decision }
    let clicked = time(of: .click)
    let pairs = pairs()
    var attempts = attempts(decision)
    for row in attempts.indices { judge(&attempts[row], pairs) }
    let failure = records.first { $0.kind == .attempt && $0.attempt == .reverseConnect && $0.outcome == .failed }
    var transport = decision?.attempt
    var reason = decision?.reason ?? .undecided
    if let failure {
      transport = nil
      reason = failure.reason ?? .undecided
    } else if time(of: .desktop) == nil || isInterrupted {
      transport = nil
      reason = .undecided
    }
    // What was lost before and came back is no cause of what was lost at last.
    let reconnects = reconnects()
    let restored = reconnects.last { $0.restored != nil }?.restored
    let failures = failure == nil ? [] : folding.failures(records, of: spec, reason: reason, since: restored)
    if let failure, let agent = brokersPeer(reason, failures) {
      attempts[0].blockers += folding.agentBlockers(of: agent, clicked: clicked, until: failure.time)
    }
    // What was looked into hindered only whoever did not believe what was shown instead.
    attempts[0].blockers.removeAll { blocker in
      blocker.reason == .inspected && !failures.contains { $0.node == blocker.opener && $0.reason.isSecurity }
    }
    let route = decision.map { folding.recorder.names[Int($0.detail)] } ?? ""
    let other = blockedByRule(attempts, pairs, winning: route)
    if reason == .onlyDirectPath, other != nil {
      reason = .otherPathBlocked
      for row in attempts.indices where attempts[row].outcome == .won { attempts[row].reason = reason }
    }
    var session = SessionResult(
      ordinal: ordinal, client: spec.client, host: spec.host, transport: transport, route: transport == nil ? "" : route,
      reason: reason,
      sentence: "", clicked: clicked, connected: span(clicked, time(of: .desktop)),
      switched: transport == .reverseConnect ? nil : span(clicked, time(of: .switched)),
      roundTripBefore: roundTrip(.reverseConnect), roundTrip: transport.flatMap(roundTrip), attempts: attempts,
      milestones: milestones(),
      candidates: candidates(), pairs: pairs, channels: channels())
    session.reconnects = reconnects
    session.failures = failures
    session.sentence =
      SessionSentence(session: session, blocker: other, end: folding.end, endTime: folding.world.network.now).text
    return session
  }

  /// Whose channel to the broker stands behind the failure.
  private func brokersPeer(_ reason: Reason, _ failures: [ConnectionFailure]) -> String? {
    switch reason {
    case .noHealthyHost, .hostUnreachable: spec.host
    case .brokerUnavailable: failures.first?.node
    default: nil
    }
  }

  // MARK: Times

  private func time(of milestone: Milestone) -> SimTime? { records.first { $0.milestone == milestone }?.time }
  /// In the connection the session has now.
  private func now(of milestone: Milestone) -> SimTime? { current.first { $0.milestone == milestone }?.time }
  private func span(_ from: SimTime?, _ to: SimTime?) -> SimDuration? {
    guard let from, let to else { return nil }
    return to - from
  }

  private func roundTrip(_ transport: Transport) -> SimDuration? {
    records.last { $0.kind == .roundTrip && $0.attempt == transport }.map { SimDuration(nanoseconds: $0.value) }
  }

  private func milestones() -> [MilestoneResult] {
    records.compactMap { record in
      record.milestone.map {
        MilestoneResult(
          milestone: $0, time: record.time, node: folding.recorder.name(of: record.node), attempt: record.attempt,
          record: record.number)
      }
    }
  }

  // MARK: Attempts

  private func attempts(_ decision: Record?) -> [AttemptResult] {
    [Transport.reverseConnect, .managed, .public, .relayed].map { attempt($0, decision) }
  }

  private func attempt(_ transport: Transport, _ decision: Record?) -> AttemptResult {
    let all = current.filter { $0.kind == .attempt && $0.attempt == transport }
    // A host tells beforehand what a setting leaves out; the attempt itself is told by the client.
    let narrowed = all.first { $0.outcome == .pending && $0.extra != 0 }
    let told = all.filter { $0.outcome != .pending || $0.extra == 0 }
    let own = current.lazy.filter { $0.attempt == transport }
    // What a setting forbids was not tried, whatever a client that did not know of it says later.
    // Whether the lists got across both ends know together.
    let ended =
      told.first { $0.outcome == .notTried } ?? told.first { $0.reason == .signallingLost }
      ?? told.last { $0.outcome != .pending }
    var result = AttemptResult(
      transport: transport, outcome: ended?.outcome ?? (told.isEmpty ? .notTried : .pending), reason: ended?.reason ?? .none,
      setting: ended.map { folding.recorder.names[Int($0.extra)] } ?? "", started: told.first { $0.outcome == .pending }?.time,
      ended: ended?.time, blockers: folding.blockers(own),
      reached: current.last { $0.attempt == transport && ($0.milestone ?? .failed) < .failed }?.milestone)
    result.narrowedBy = narrowed.map { folding.recorder.names[Int($0.extra)] } ?? ""
    switch transport {
    case .reverseConnect:
      result.started = now(of: .reconnecting) ?? time(of: .click)
      // A tunnel that goes silent after the switch-over takes no base transport with it: that was replaced before.
      let replaced = ended?.reason == .pathLost && now(of: .switched) != nil && decision?.attempt != .reverseConnect
      if let ended, ended.outcome == .failed, !replaced { return result }
      if decision?.attempt == .reverseConnect {
        result.outcome = .won
        result.reason = decision?.reason ?? .none
      } else if decision != nil {
        result.outcome = .abandoned
        result.reason = .replaced
        result.ended = now(of: .reverseConnectClosed)
      }
    case .managed, .public:
      // Shortpath for public networks begins on the host, which gathers first.
      if transport == .public, result.outcome != .notTried { result.started = now(of: .hostGathering) ?? result.started }
      if told.isEmpty {
        result.outcome = .notTried
        result.reason = .baseTransportMissing
      }
    case .relayed:
      result.outcome = .notTried
      if told.isEmpty { result.reason = .noRelay }
    }
    return result
  }

  /// Marks the drops that hindered nothing: of a pair that became valid all the same, or from before the choice of the pair whose
  /// transport then failed.
  private func judge(_ attempt: inout AttemptResult, _ pairs: [PairResult]) {
    let chosen = attempt.transport == .public ? now(of: .pairChosen) : nil
    for row in attempt.blockers.indices {
      let blocker = attempt.blockers[row]
      let pair = pairs.first { $0.owner == blocker.opener && $0.row == blocker.pair }
      if let chosen {
        attempt.blockers[row].isHarmless =
          attempt.outcome == .failed ? blocker.firstTime < chosen : pair?.isValid ?? false
      } else {
        attempt.blockers[row].isHarmless = pair?.isValid ?? false
      }
    }
  }

  /// The rule that kept another way than the winning one from being taken.
  private func blockedByRule(_ attempts: [AttemptResult], _ pairs: [PairResult], winning route: String) -> Blocker? {
    for attempt in attempts where attempt.transport != .reverseConnect {
      for blocker in attempt.blockers where blocker.rule != nil && !blocker.isHarmless && !blocker.isDefaultDenial {
        if attempt.outcome == .failed || attempt.outcome == .abandoned { return blocker }
        let pair = pairs.first { $0.owner == blocker.opener && $0.row == blocker.pair }
        if blocker.opener == spec.client, let pair, pair.route != route { return blocker }
      }
    }
    return nil
  }

  // MARK: ICE

  private func candidates() -> [CandidateResult] {
    current.compactMap { record in
      record.candidateType.map {
        CandidateResult(
          owner: folding.recorder.name(of: record.node), type: $0, base: record.from, endpoint: record.to,
          priority: UInt32(truncatingIfNeeded: record.value), time: record.time)
      }
    }
  }

  private func pairs() -> [PairResult] {
    var found: [PairResult] = []
    for record in current {
      guard let event = record.pairEvent else { continue }
      let owner = folding.recorder.name(of: record.node)
      if let row = found.firstIndex(where: { $0.owner == owner && $0.row == Int(record.pair) }) {
        if event == .nominated { found[row].wasNominated = true } else { found[row].state = event }
        if record.value >= 0 { found[row].roundTrip = SimDuration(nanoseconds: record.value) }
      } else {
        found.append(
          PairResult(
            owner: owner, row: Int(record.pair), local: record.from, remote: record.to,
            route: way(record.from, toward: record.to, of: record.node),
            state: event, wasNominated: event == .nominated,
            roundTrip: record.value >= 0 ? SimDuration(nanoseconds: record.value) : nil))
      }
    }
    return found
  }

  /// The name of the way that leads from a host's address to another.
  private func way(_ local: Endpoint, toward remote: Endpoint, of node: NodeID) -> String {
    let blueprint = folding.world.blueprint
    let interface = (blueprint.hostInterfaces[node] ?? []).first { own in
      let shape = blueprint.plan.interfaces[Int(own.id.index)]
      return shape.v4 == local.address || shape.v6 == local.address
    }
    return interface?.way.name(toward: remote.address) ?? "internet"
  }

  private func channels() -> [ChannelResult] {
    var found: [ChannelResult] = []
    for record in records where record.kind == .channelTotal {
      guard let channel = VirtualChannel(rawValue: UInt8(record.code)) else { continue }
      let node = folding.recorder.name(of: record.node)
      let row: Int
      if let known = found.firstIndex(where: { $0.node == node && $0.channel == channel && $0.transport == record.attempt }) {
        row = known
      } else {
        found.append(ChannelResult(node: node, channel: channel, transport: record.attempt, sent: 0, received: 0, disorder: 0))
        row = found.count - 1
      }
      found[row].disorder += Int(record.detail)
      if record.extra == 0 { found[row].sent += Int(record.value) } else { found[row].received += Int(record.value) }
    }
    return found
  }
}
