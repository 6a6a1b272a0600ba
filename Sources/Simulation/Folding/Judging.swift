// Holds what came out against what the scenario expects.
import ScenarioModel
import SimulationKernel
import Trace
import Wire

extension Folding {
  func judge(_ expectation: Expectation, _ sessions: [SessionResult], _ probes: [ProbeResult], _ rogues: [RogueResult])
    -> ExpectationResult
  {
    switch expectation.subject {
    case .session(let ordinal): judge(expectation, sessions[ordinal - 1])
    case .probe(let ordinal):
      verdict(
        "probe \(ordinal): \(expectation.outcome ?? "answered")", wanted: expectation.outcome ?? "answered",
        found: probes[ordinal - 1].outcome)
    case .rogue(let ordinal): judge(expectation, rogues[ordinal - 1])
    }
  }

  /// A rogue must not have got in, and at least one of its packets must have ended as expected.
  private func judge(_ expectation: Expectation, _ rogue: RogueResult) -> ExpectationResult {
    let drops = rogue.drops.map { Expectation.DropExpectation(reason: $0.reason.code, node: $0.node, rule: $0.rule) }
    let meets = drops.contains { expectation.drop.isMet(by: $0) }
    let found = (rogue.accepted ? ["accepted"] : []) + (drops.isEmpty ? ["nothing dropped"] : drops.map(\.text))
    return ExpectationResult(
      text: "rogue \(rogue.ordinal): dropped \(expectation.drop.text)",
      verdict: meets && !rogue.accepted ? .held : .failed,
      found: meets && !rogue.accepted ? "" : found.joined(separator: ", "))
  }

  private func verdict(_ text: String, wanted: String, found: String) -> ExpectationResult {
    ExpectationResult(text: text, verdict: wanted == found ? .held : .failed, found: wanted == found ? "" : found)
  }

  private func judge(_ expectation: Expectation, _ session: SessionResult) -> ExpectationResult {
    var conditions: [String] = []
    var found: [String] = []
    func hold(_ condition: Bool, _ text: String, _ actual: String) {
      conditions.append(text)
      if !condition, !found.contains(actual) { found.append(actual) }
    }
    if let transport = expectation.transport {
      hold(session.transport == transport, "transport \(transport.name)", "transport \(session.transport?.name ?? "none")")
    }
    if expectation.fails {
      let isUndecided = session.reason == .undecided
      hold(
        session.transport == nil && !isUndecided, "transport none",
        isUndecided ? "undecided" : "transport \(session.transport?.name ?? "none")")
    }
    if let route = expectation.route {
      hold(session.route == route, "route \(route)", session.route.isEmpty ? "no route" : "route \(session.route)")
    }
    if let reason = expectation.reason {
      hold(session.reason.code == reason, "reason \(reason)", "reason \(session.reason.code)")
    }
    if let within = expectation.within {
      let ended = session.failures.last.flatMap { failure in session.clicked.map { failure.time - $0 } }
      let reached = expectation.fails ? ended : session.transport == .reverseConnect ? session.connected : session.switched
      hold(reached.map { $0 <= within } ?? false, "within \(within)", "after \(reached?.description ?? "never")")
    }
    if let reconnects = expectation.reconnects {
      let back = session.reconnects.filter { $0.restored != nil }.count
      hold(back == reconnects, "reconnects \(reconnects)", "reconnects \(back)")
    }
    for wanted in expectation.attempts {
      let outcome = session.attempts.first { $0.transport == wanted.transport }?.outcome.name ?? "none"
      hold(outcome == wanted.outcome, "\(wanted.transport.name) \(wanted.outcome)", "\(wanted.transport.name) \(outcome)")
    }
    for wanted in expectation.settings {
      let setting = session.attempts.first { $0.transport == wanted.transport }?.setting ?? ""
      let actual = "\(wanted.transport.name) \(setting.isEmpty ? "forbidden by nothing" : "forbidden by \(setting)")"
      hold(setting == wanted.setting, "\(wanted.transport.name) forbidden by \(wanted.setting)", actual)
    }
    let blockers = session.attempts.flatMap(\.blockers).map {
      Expectation.DropExpectation(reason: $0.reason.code, node: $0.node, rule: $0.rule)
    }
    for wanted in expectation.blockedBy {
      let isMet = blockers.contains { wanted.isMet(by: $0) }
      hold(
        isMet, "blocked \(wanted.text)",
        "blocked " + (blockers.isEmpty ? "by nothing" : Set(blockers.map(\.text)).sorted().joined(separator: ", ")))
    }
    if let cause = expectation.cause { judge(cause, session.cause, hold) }
    let undecided = session.reason == .undecided
    return ExpectationResult(
      text: "session \(session.ordinal): " + conditions.joined(separator: ", "),
      verdict: found.isEmpty ? .held : undecided ? .undecided : .failed, found: found.joined(separator: ", "))
  }

  private func judge(
    _ wanted: Expectation.CauseExpectation, _ found: ConnectionFailure?, _ hold: (Bool, String, String) -> Void
  ) {
    if let node = wanted.node { hold(found?.node == node, "cause at \(node)", "cause at \(found?.node ?? "no node")") }
    if let reason = wanted.reason {
      let code = found?.reason.code ?? "none"
      hold(code == reason, "cause \(reason)", "cause \(code)")
    }
    let step = found?.missing?.partOfStep
    if let wanted = wanted.step { hold(step == wanted, "at step \(wanted)", "at step \(step.map(String.init) ?? "none")") }
    let missing = found?.missing?.code ?? "nothing"
    if let wanted = wanted.missing { hold(missing == wanted, "without \(wanted)", "without \(missing)") }
  }
}

extension Expectation.DropExpectation {
  fileprivate func isMet(by found: Self) -> Bool {
    (reason == nil || reason == found.reason) && (node == nil || node == found.node) && (rule == nil || rule == found.rule)
  }
}
