// Why a session took its path, in one plain sentence.
import SimulationKernel
import Trace
import Wire

struct SessionSentence {
  let session: SessionResult
  /// The rule that kept another way from being taken.
  let blocker: Blocker?
  /// Why and when the run ended.
  let end: RunEnd
  let endTime: SimTime

  var text: String { choice + losses }

  /// What was lost meanwhile, and how the session came back.
  private var losses: String {
    session.reconnects.compactMap { loss in
      loss.restored.map { restored in
        let how = loss.tries == 0 ? "resumed on reverse connect" : "reconnected"
        let when = loss.lost - (session.clicked ?? .zero)
        return
          " Lost its transport \(when) after the click (\(loss.reason.code)\(loss.blocker.map { ", \($0.place())" } ?? "")), \(how) after \(restored - loss.lost)."
      }
    }.joined()
  }

  private var choice: String {
    switch session.reason {
    case .onlyDirectPath: "\(name) over \(way): it was the only direct path that answered\(narrowing)."
    case .otherPathBlocked:
      "\(name) over \(way): the other path was dropped by rule '\(blocker?.rule ?? "")' on \(blocker?.node ?? "")."
    case .lowestRoundTrip: "\(name) over \(way): lowest round trip of the valid pairs (\(validPairs))."
    case .establishedFirst: "\(name) over \(way) was established first; \(rival)."
    case .onlyTransport: "\(name) over \(way): no other kind of Shortpath was allowed."
    case .noUDPPath: "Stays on reverse connect: \(failures)."
    case .resumed: "On reverse connect again, which was kept warm."
    case .shortpathOff: "Stays on reverse connect: RDP Shortpath is switched off (\(settings))."
    case .undecided: undecided
    case .none: ""
    default: "\(ending): \(session.reason.clause)\(cause)\(lastTry)\(culprit)."
    }
  }

  private var name: String {
    switch session.transport {
    case .managed: "Shortpath for managed networks"
    case .public: "Shortpath for public networks"
    case .relayed: "Relayed Shortpath"
    case .reverseConnect, nil: "Reverse connect"
    }
  }

  private var way: String {
    switch session.route {
    case "internet": "the internet"
    case "lan": "the local network"
    default: "'\(session.route)'"
    }
  }

  /// What a setting took out of ICE, when the session took what was left.
  private var narrowing: String {
    let attempt = session.attempts.first { $0.transport == session.transport }
    return attempt.flatMap { $0.narrowedBy.isEmpty ? nil : " (\($0.narrowedBy) left out others)" } ?? ""
  }

  private var validPairs: String {
    let valid = session.pairs.filter { $0.owner == session.client && $0.roundTrip != nil }
      .sorted { ($0.roundTrip ?? .zero, $0.row) < ($1.roundTrip ?? .zero, $1.row) }
    return valid.map { "\($0.route) \($0.roundTrip ?? .zero)" }.joined(separator: ", ")
  }

  private var rival: String {
    let other: Transport = session.transport == .managed ? .public : .managed
    guard let attempt = session.attempts.first(where: { $0.transport == other }) else { return "nothing else was tried" }
    let kind = other == .managed ? "the listener" : "ICE"
    guard attempt.outcome == .abandoned else { return "\(kind) ended \(attempt.outcome.name) (\(attempt.reason.code))" }
    guard let reached = attempt.reached else { return "\(kind) had not begun" }
    return "\(kind) had come as far as: \(reached.title)"
  }

  private var undecided: String {
    let why =
      switch end {
      case .duration: "the scenario's duration was over"
      case .eventLimit: "the limit on events was reached"
      case .settled, .idle: "nothing was left to happen"
      }
    let begun = session.clicked != nil || !session.milestones.isEmpty
    return begun ? "Undecided when the run ended at \(endTime): \(why)." : "Not begun when the run ended at \(endTime): \(why)."
  }

  /// At which step it failed, or when it was lost after there had been a desktop.
  private var ending: String {
    let missing = session.failures.first { $0.missing != .hostRegistered }?.missing
    guard session.connected == nil else {
      let end = session.milestones.last { $0.milestone == .failed }?.time
      guard let end, let clicked = session.clicked else { return "The session was lost" }
      return "The session was lost \(end - clicked) after the click"
    }
    guard let missing else { return "The session failed" }
    return "The session failed" + (missing.partOfStep.map { " at step \($0)" } ?? "") + " ('\(missing.title)' was not reached)"
  }

  /// Where the trouble began, when it was not where the session noticed it.
  private var cause: String {
    guard let cause = session.cause, cause.reason != session.reason else { return "" }
    return "; the cause at \(cause.node): \(cause.reason.clause)"
  }

  /// How the last of the tries to connect again ended, as the client noticed it.
  private var lastTry: String {
    guard session.reason == .reconnectFailed, let lost = session.reconnects.last?.lost,
      let last = session.failures.last(where: { $0.node == session.client && $0.time > lost && $0.reason != .reconnectFailed })
    else { return "" }
    return "; the last try: \(last.reason.clause)"
  }

  /// What stood in the way of a session that failed: of its base transport, or of the UDP path it was on.
  private var culprit: String {
    let kinds: [Transport] = session.reason == .pathLost ? [.managed, .public] : [.reverseConnect]
    let failed = session.attempts.filter { kinds.contains($0.transport) && $0.outcome == .failed }
    let blocker = failed.lazy.compactMap(\.mainBlocker).first ?? session.reconnects.last?.blocker
    return blocker.map { " (\($0.place()))" } ?? ""
  }

  private var failures: String {
    let failed = session.attempts.filter { $0.transport != .reverseConnect && $0.outcome == .failed }
    return failed.map { attempt in
      var named: [String] = []
      let hindering = attempt.blockers.filter { !$0.isHarmless }
      let own = hindering.filter { !$0.isDefaultDenial }
      for blocker in own.contains(where: { $0.rule != nil }) ? own : hindering {
        guard let rule = blocker.rule else { continue }
        let words =
          rule == "policy"
          ? "the default policy on \(blocker.node)\(blocker.note.isEmpty ? "" : ", \(blocker.note)")"
          : "'\(rule)' on \(blocker.node)"
        if !named.contains(words) { named.append(words) }
      }
      // Beside a default denial it matters which translator changed or forgot a port.
      for blocker in hindering where named.count < 3 && blocker.reason.isTranslation && !own.contains(where: { $0.rule != nil }) {
        let words = "\(blocker.reason.code) at \(blocker.node)"
        if !named.contains(words) { named.append(words) }
      }
      let why =
        named.isEmpty
        ? attempt.mainBlocker.map { "\($0.reason.code) at \($0.node)" } ?? attempt.reason.code
        : "blocked by " + named.joined(separator: ", ")
      let narrowed = attempt.narrowedBy.isEmpty ? "" : "; \(attempt.narrowedBy) left out other candidates"
      return "\(attempt.transport.name) failed (\(why)\(narrowed))"
    }.joined(separator: "; ")
  }

  private var settings: String {
    let forbidden = session.attempts.filter { !$0.setting.isEmpty }
    var seen: Set<String> = []
    let named = forbidden.filter { seen.insert($0.setting).inserted }.map { first in
      let kinds = forbidden.filter { $0.setting == first.setting }.map(\.transport.name)
      return "\(kinds.joined(separator: ", ")): \(first.setting)"
    }
    return named.isEmpty ? "no setting told" : named.joined(separator: "; ")
  }
}
