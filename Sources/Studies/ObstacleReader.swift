// Reads from a run what stood in one attempt's way.
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

struct ObstacleReader {
  let lifts: Lifts
  let transport: Transport

  private var run: RunResult { lifts.run }
  private var session: SessionResult { lifts.session }
  private var attempt: AttemptResult { session.attempts.first { $0.transport == transport }! }

  var succeeds: Bool {
    guard transport != .reverseConnect else { return session.transport != nil }
    return session.transport == transport && attempt.outcome == .won
  }

  /// How it ended and how far it had come.
  var fate: String {
    let end = session.transport == nil ? session.reason.code : ""
    return "\(attempt.outcome.name) \(attempt.reason.code) \(attempt.setting) \(attempt.reached?.code ?? "") \(end)"
  }

  /// In the order of what is told first: settings, roles that failed, drops, events.
  var obstacles: [Obstacle] {
    var found: [Obstacle] = []
    func add(_ obstacle: Obstacle) {
      if let row = found.firstIndex(where: { obstacle.isSaid(by: $0) }) {
        // Packets of several pairs that one rule stopped are one obstacle.
        guard case .drop(var told) = found[row].kind, case .drop(let more) = obstacle.kind else { return }
        told.packets += more.packets
        found[row].kind = .drop(told)
      } else {
        found.append(obstacle)
      }
    }
    for name in [attempt.setting, attempt.narrowedBy] where !name.isEmpty {
      add(Obstacle(kind: .setting(name, attempt.reason), lifts: lifts.lifts(ofSetting: name)))
    }
    if session.transport == nil {
      for failure in session.failures { add(Obstacle(kind: .failure(failure), lifts: lifts.lifts(of: failure))) }
    }
    for blocker in blockers where !blocker.isHarmless { add(Obstacle(kind: .drop(blocker), lifts: lifts.lifts(of: blocker))) }
    for row in events { add(Obstacle(kind: .event(row + 1), lifts: [.act(element: "events.\(row + 1)", verb: .lift)])) }
    return found
  }

  /// The drops of the attempt; of a session that failed those of all its attempts, and of the transports it had lost before. A tunnel
  /// that was down has its own traffic's drops behind it.
  private var blockers: [Blocker] {
    let attempts = session.transport == nil ? session.attempts : [attempt]
    var all = attempts.flatMap(\.blockers)
    if session.transport == nil { all += session.reconnects.compactMap(\.blocker) }
    // The signalling goes over reverse connect, and STUN and the lists go before any pair.
    let tunnelled: Set<DropReason> = [.tunnelDown, .carrierLost]
    if all.contains(where: { tunnelled.contains($0.reason) }) {
      all += run.blockers { $0.topic == .tunnelControl && $0.session == 0 }
    }
    return all
  }

  /// The rows of timed changes that came before the attempt's end and took something away.
  private var events: [Int] {
    let end = attempt.ended ?? session.milestones.last?.time ?? run.endTime
    return run.scenario.events.enumerated().compactMap { row, event in
      guard event.isEnabled, event.at <= max(end, session.clicked ?? end) else { return nil }
      if case .act(_, .up) = event.change { return nil }
      return row
    }
  }
}
