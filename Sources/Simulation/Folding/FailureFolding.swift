// Folds what failed in a session: every role that could not go on, and the point of the sequence that was not reached.
import ScenarioModel
import SimulationKernel
import Trace
import Wire

extension Milestone {
  /// The connection sequence in its documented order: the twelve steps with the click where it belongs, then RDP's phases.
  static let sequence: [Milestone] = [
    .subscribed, .tokenIssued, .tokenPassed, .tokenValidated, .configurationReceived, .configurationStored, .click,
    .gatewayChosen,
    .gatewayConnected, .brokerAsked, .hostInitialized, .hostConnected, .relayStarted, .rdpStarted, .rdpInitiated, .rdpSecured,
    .rdpBasicSettings, .rdpChannelsConnected, .rdpAuthenticated, .rdpLicensed, .rdpCapabilities, .desktop, .switched,
  ]
}

extension Folding {
  /// The failures told among a session's records since it was last restored, before them those of the host's agent when no host was to
  /// be had.
  func failures(_ own: [Record], of spec: SessionSpec, reason: Reason, since restored: SimTime?) -> [ConnectionFailure] {
    // A session that was never clicked failed with its client's subscription, which the client's first session carried.
    let clicked = own.contains { $0.milestone == .click }
    let records = clicked ? own : subscription(of: spec.client, and: own)
    let begins = records.contains { $0.milestone == .subscribed } || !clicked ? 0 : Milestone.sequence.firstIndex(of: .click) ?? 0
    // What each connection has passed: a new one begins behind the click, and a path that went silent belongs to the one before.
    var passed: Set<Milestone> = [], before: Set<Milestone> = []
    var found: [ConnectionFailure] = []
    for record in records {
      if let milestone = record.milestone { passed.insert(milestone) }
      if record.milestone == .reconnecting {
        before.formUnion(passed)
        passed = Set(Milestone.sequence[...(Milestone.sequence.firstIndex(of: .click) ?? 0)])
      }
      guard let reason = record.failure, restored.map({ record.time > $0 }) ?? true else { continue }
      let own = reason == .pathLost ? passed.union(before) : passed
      let missing = Milestone.sequence[begins...].first { !own.contains($0) }
      found.append(failure(record, reason, missing: missing))
    }
    let time = found.first?.time ?? .never
    let earlier: ConnectionFailure? =
      switch reason {
      case .noHealthyHost, .hostUnreachable: standingFailure(of: spec.host, at: time, missing: .hostRegistered)
      // A gateway's broker is missed first where the session's own failure shows.
      case .brokerUnavailable: found.first.flatMap { standingFailure(of: $0.node, at: time, missing: $0.missing) }
      default: nil
      }
    return (earlier.map { [$0] } ?? []) + found
  }

  private func subscription(of client: String, and own: [Record]) -> [Record] {
    guard let first = scenario.sessions.firstIndex(where: { $0.client == client }).map({ $0 + 1 }),
      let session = own.first?.session, Int(session) != first
    else { return own }
    return recorder.story.filter { Int($0.session) == first && $0.topic != .probe } + own
  }

  /// Why a host's agent is not registered at `time` (its machine may be off, or have been started anew), or a gateway has no broker: its
  /// last failure beside all sessions since it was, or that of something on its channel's way.
  private func standingFailure(of id: String, at time: SimTime, missing: Milestone?) -> ConnectionFailure? {
    guard let node = world.blueprint.nodeOf[id] else { return nil }
    let own = recorder.story.filter { record in
      guard record.session == 0 else { return false }
      let isOnItsWay = record.topic == .brokerChannel && record.extra == Int64(node.index)
      if record.failure != nil { return record.node == node || isOnItsWay }
      let isPower = missing == .hostRegistered && recorder.isPower(record)
      return record.node == node && (record.milestone == .hostRegistered || isPower)
    }
    // What it was at then is told when it has failed, which may be later.
    let last = own.last { $0.time <= time }
    let record = last.map { $0.milestone != .hostRegistered } ?? false ? last : own.first { $0.time > time }
    return record.flatMap { record in
      (recorder.isPower(record) ? .machineDown : record.failure).map { failure(record, $0, missing: missing) }
    }
  }

  private func failure(_ record: Record, _ reason: Reason, missing: Milestone?) -> ConnectionFailure {
    ConnectionFailure(
      node: recorder.name(of: record.node), reason: reason, time: record.time, record: record.number, missing: missing)
  }
}
