// Folds a world's story into its result. Nothing here decides anything: what is not in a record did not happen.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
import Wire

struct Folding {
  let world: World
  let end: RunEnd
  let scenario: Scenario
  let recorder: Recorder

  init(_ world: World, end: RunEnd) {
    self.world = world
    self.end = end
    self.scenario = world.blueprint.scenario
    self.recorder = world.recorder
  }

  func result() -> RunResult {
    var bySession: [[Record]] = Array(repeating: [], count: scenario.sessions.count + 1)
    if scenario.sessions.count == 1 { bySession[1].reserveCapacity(recorder.story.count) }
    var byProbe: [[Record]] = Array(repeating: [], count: scenario.probes.count + 1)
    var byRogue: [[Record]] = Array(repeating: [], count: scenario.rogues.count + 1)
    for record in recorder.story {
      let ordinal = Int(record.session)
      if record.topic == .rogue {
        if byRogue.indices.contains(ordinal) { byRogue[ordinal].append(record) }
      } else if record.topic == .probe {
        if byProbe.indices.contains(ordinal) { byProbe[ordinal].append(record) }
      } else if bySession.indices.contains(ordinal) {
        bySession[ordinal].append(record)
      }
    }
    let sessions = scenario.sessions.enumerated().map { row, spec in
      SessionFolding(ordinal: row + 1, spec: spec, records: bySession[row + 1], folding: self).result()
    }
    let probes = scenario.probes.enumerated().map { row, spec in probe(row + 1, spec, byProbe[row + 1]) }
    let rogues = scenario.rogues.enumerated().map { row, spec in rogue(row + 1, spec, byRogue[row + 1]) }
    let expectations = scenario.expectations.map { judge($0, sessions, probes, rogues) }
    var result = RunResult(
      scenario: scenario, seed: world.seed, modelVersion: ModelVersion.current,
      fingerprints: Fingerprints(
        outcome: outcomeFingerprint(sessions, probes, rogues, expectations), protocolStory: recorder.storyFingerprint,
        trajectory: recorder.trajectoryFingerprint),
      end: end, endTime: world.network.now, events: world.network.events, hops: world.network.counts.hops, sessions: sessions,
      probes: probes, expectations: expectations, drops: drops(), story: recorder.story, nodes: recorder.nodes,
      rules: recorder.rules,
      names: recorder.names, rogues: rogues)
    result.connections = connections()
    result.traffic = world.packetsGiven.map { TrafficResult(direction: $0.direction, packets: $0.count) }
    result.brokenLaws = bySession.dropFirst().flatMap { SelectionRule.brokenLaws(ofSession: $0, nodes: recorder.nodes) }
    return result
  }

  func rule(_ row: Int32) -> ComponentName? { row >= 0 ? recorder.rules[Int(row)] : nil }

  /// The drops among `records`, one entry per pair, node, rule and reason, in order of the first.
  /// - Parameter all: those too that hindered nobody.
  func blockers(_ records: some Sequence<Record>, all: Bool = false) -> [Blocker] {
    Blocker.fold(records, nodes: recorder.nodes, rules: recorder.rules, all: all)
  }

  /// What kept a session host's agent, or a gateway, from the broker: drops of its channel up to `end`, since it last registered, and
  /// since the click when there are such.
  func agentBlockers(of id: String, clicked: SimTime?, until end: SimTime) -> [Blocker] {
    guard let node = world.blueprint.nodeOf[id] else { return [] }
    let before = recorder.story.filter { $0.time <= end }
    let registered = before.lastIndex { $0.milestone == .hostRegistered && $0.node == node } ?? before.startIndex
    let own = before[registered...].filter { $0.topic == .brokerChannel && $0.extra == Int64(node.index) }
    let late = blockers(own.filter { $0.time >= clicked ?? .zero })
    return late.isEmpty ? blockers(own) : late
  }

  private func probe(_ ordinal: Int, _ spec: ProbeSpec, _ records: [Record]) -> ProbeResult {
    let told = records.last { $0.kind == .probe }
    let to = spec.to == "stun" || spec.port == 0 ? spec.to : "\(spec.to):\(spec.port)"
    let outcome: String =
      switch told?.code {
      case 1: "answered"
      case 2: "refused"
      default: "no-answer"
      }
    return ProbeResult(
      ordinal: ordinal, from: spec.from, to: to, kind: spec.kind, outcome: outcome, sent: told.map { Int($0.extra >> 32) } ?? 0,
      answered: told.map { Int($0.extra & 0xFFFF_FFFF) } ?? 0,
      roundTrip: told.flatMap { $0.value >= 0 ? SimDuration(nanoseconds: $0.value) : nil },
      mapped: told.flatMap { $0.to == .none ? nil : $0.to }, blockers: blockers(records))
  }

  /// A tunnel or a check that was accepted is told by the rogue; an answer that was believed is a candidate with what it claimed.
  private func rogue(_ ordinal: Int, _ spec: RogueSpec, _ records: [Record]) -> RogueResult {
    let told = records.last { $0.kind == .probe }
    let claimed = told?.to ?? .none
    let believed = claimed != .none && recorder.story.contains { $0.kind == .candidate && $0.to == claimed }
    return RogueResult(
      ordinal: ordinal, from: spec.from, to: spec.to, kind: spec.kind, sent: told.map { Int($0.extra >> 32) } ?? 0,
      answered: told.map { Int($0.extra & 0xFFFF_FFFF) } ?? 0, accepted: believed || told?.detail == 1,
      drops: blockers(records, all: true))
  }

  private func drops() -> [DropTotal] {
    var totals: [DropTotal] = []
    var rows: [DropKey: Int] = [:]
    for record in recorder.story {
      guard let reason = record.dropReason else { continue }
      let key = DropKey(node: record.node, rule: record.rule, reason: reason)
      if let row = rows[key] {
        totals[row].packets += 1
      } else {
        rows[key] = totals.count
        totals.append(DropTotal(node: recorder.name(of: record.node), rule: rule(record.rule)?.id, reason: reason, packets: 1))
      }
    }
    return totals.sorted { ($0.node, $0.rule ?? "", $0.reason.code) < ($1.node, $1.rule ?? "", $1.reason.code) }
  }

  private struct DropKey: Hashable {
    var node: NodeID
    var rule: Int32
    var reason: DropReason
  }

  private func outcomeFingerprint(
    _ sessions: [SessionResult], _ probes: [ProbeResult], _ rogues: [RogueResult], _ expectations: [ExpectationResult]
  ) -> UInt64 {
    var digest = RollingDigest()
    for session in sessions {
      digest.add(stableHash(session.client))
      digest.add(stableHash(session.host))
      digest.add(stableHash(session.transport?.name ?? "none"))
      digest.add(stableHash(session.route))
      digest.add(stableHash(session.reason.code))
    }
    for probe in probes { digest.add(stableHash(probe.outcome)) }
    for rogue in rogues { digest.add(rogue.accepted ? 1 : 0) }
    for expectation in expectations { digest.add(stableHash(expectation.verdict.rawValue)) }
    return digest.value
  }
}

extension DropReason {
  /// Whether an address translator dropped the packet.
  var isTranslation: Bool {
    switch self {
    case .natNoMapping, .natFiltered, .natPortsExhausted, .natHairpinOff, .natSynOvertaken: true
    default: false
    }
  }

  /// Whether a drop for this reason hinders anybody: a late copy or a packet of a finished attempt does not.
  var standsInTheWay: Bool {
    switch self {
    case .attemptClosed, .unexpected, .icmpUnmatched, .none: false
    default: true
    }
  }
}
