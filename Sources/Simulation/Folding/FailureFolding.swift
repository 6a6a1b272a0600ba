// Folds what failed in a session: every role that could not go on, and the point of the sequence that was not reached.
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
  /// The failures told among a session's records, before it those of the host's agent when no host was to be had.
  func failures(_ records: [Record], host: String, reason: Reason) -> [ConnectionFailure] {
    let begins = records.contains { $0.milestone == .subscribed } ? 0 : Milestone.sequence.firstIndex(of: .click) ?? 0
    var passed: Set<Milestone> = []
    var found: [ConnectionFailure] = []
    for record in records {
      if let milestone = record.milestone { passed.insert(milestone) }
      guard let reason = record.failure else { continue }
      let missing = Milestone.sequence[begins...].first { !passed.contains($0) }
      found.append(failure(record, reason, missing: missing))
    }
    let earlier: ConnectionFailure? =
      switch reason {
      case .noHealthyHost, .hostUnreachable: standingFailure(of: host)
      case .brokerUnavailable: found.first.flatMap { standingFailure(of: $0.node) }
      default: nil
      }
    return (earlier.map { [$0] } ?? []) + found
  }

  /// Why a host's agent is not registered, or a gateway has no broker: its last failure beside all sessions since it was.
  private func standingFailure(of id: String) -> ConnectionFailure? {
    guard let node = world.blueprint.nodeOf[id] else { return nil }
    let own = recorder.story.last { $0.session == 0 && $0.node == node && ($0.failure != nil || $0.milestone == .hostRegistered) }
    return own.flatMap { record in record.failure.map { failure(record, $0, missing: .hostRegistered) } }
  }

  private func failure(_ record: Record, _ reason: Reason, missing: Milestone?) -> ConnectionFailure {
    ConnectionFailure(
      node: recorder.name(of: record.node), reason: reason, time: record.time, record: record.number, missing: missing)
  }
}
