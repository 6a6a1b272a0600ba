// What became of each transport, and what would make it work: the part of an explanation that people act on.
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Trace
import Wire

extension Explanation {
  /// One section for each attempt that something stopped, and for a session that failed.
  static func answered(_ answers: [BlockerAnswer], of story: Story, into document: inout Document) {
    for attempt in story.session.attempts {
      guard let answer = answers.first(where: { $0.transport == attempt.transport }) else { continue }
      document.add(.heading(heading(of: attempt, in: story)))
      section(answer, attempt, story, into: &document)
    }
    let checks = checks(of: answers.flatMap(\.evidence))
    guard !checks.isEmpty else { return }
    document.add(.heading("How to confirm it in the field, and what to do"))
    document.add(.list(checks))
  }

  /// What was dropped of the attempts that no answer is about. What is said of a session that failed holds for all of them.
  static func drops(besides answers: [BlockerAnswer], of story: Story, into document: inout Document) {
    for attempt in story.session.attempts where !attempt.blockers.isEmpty {
      let isAnswered = answers.contains { $0.transport == attempt.transport || story.session.transport == nil }
      guard !isAnswered else { continue }
      let name = attempt.transport.name
      let stopped = attempt.outcome == .failed || attempt.outcome == .pending
      document.add(.heading(stopped ? "What stood in the way of \(name)" : "Packets that \(name) lost on its way"))
      document.add(.list(attempt.blockers.map { sentence(of: $0, in: story) }))
    }
  }

  private static func heading(of attempt: AttemptResult, in story: Story) -> String {
    let name = attempt.transport.name
    if attempt.transport == .reverseConnect { return "What ended the session, and what would keep it" }
    switch attempt.outcome {
    case .won, .abandoned: return "Why \(name) was given up"
    case .notTried: return "Why \(name) was not tried, and what would make it work"
    case .failed, .pending: return "What stood in the way of \(name), and what would make it work"
    }
  }

  private static func section(_ answer: BlockerAnswer, _ attempt: AttemptResult, _ story: Story, into document: inout Document) {
    let words = LiftWords(run: story.run)
    let sentences = answer.sentences(words)
    document.add(.paragraph(sentences[0]))
    if answer.verdict == .works { return }
    if sentences.count > 1 { document.add(.list(Array(sentences.dropFirst()))) }
    let evidence = answer.evidence
    if !evidence.isEmpty {
      document.add(.paragraph("What was met:"))
      document.add(.list(evidence.map { sentence(of: $0, answer, words, story) }))
    }
    let pairs = fates(of: attempt, in: story)
    if !pairs.isEmpty { document.add(.paragraph(pairs)) }
    let idle = story.blockers(of: attempt, session: answer.transport == .reverseConnect).filter { blocker in
      !evidence.contains { $0.isAbout(blocker) }
    }
    if !idle.isEmpty {
      document.add(.paragraph("Also seen, and no part of the answer: \(folded(idle, story))."))
    }
    if let set = answer.sets.first {
      document.add(.paragraph("Try it:"))
      document.add(.command("shortpath explain \(story.file) \(set.map(words.option).joined(separator: " "))"))
    }
  }

  /// One obstacle with its evidence and what lifts it.
  private static func sentence(of obstacle: Obstacle, _ answer: BlockerAnswer, _ words: LiftWords, _ story: Story) -> String {
    var text = ""
    switch obstacle.kind {
    case .drop(let blocker):
      if let told = story.told(blocker, by: answer.transport) {
        text = sentence(of: told, in: story)
      } else {
        text = place(of: blocker, in: story)
      }
    case .setting(let name, let reason):
      let attempt = story.session.attempts.first { $0.transport == answer.transport }
      let when = attempt?.ended.map { ", \(story.afterClick($0)) ms after the click" } ?? ""
      text = "Setting '\(name)' of \(owner(of: name, reason, story)) forbids it (\(reason.code))\(when)"
      if reason == .none || attempt?.outcome != .notTried { text = "Setting '\(name)' leaves out a part of it" }
    case .event(let number):
      let event = story.run.scenario.events[number - 1]
      text = "At \(story.afterClick(event.at)) ms: \(event.change.text) [events.\(number)]"
    case .failure(let failure):
      text =
        "\(story.run.shown(failure.node)): \(failure.reason.clause) (\(failure.reason.code)) at \(story.afterClick(failure.time)) ms, record \(failure.record)"
    }
    let behind = obstacle.behind.filter(answer.uses)
    if !behind.isEmpty, !isTold(obstacle, answer, story) {
      text += "; it shows only behind the others (\(words.joined(behind, by: "and")))"
    }
    if obstacle.lifts.isEmpty { return text + "; nothing here lifts it" }
    // That a rule named as the culprit is to be lifted goes without saying.
    let used = obstacle.lifts.filter { answer.uses($0) && !obstacle.isRule(of: $0) }
    return used.isEmpty ? text : text + ". To lift it: \(words.joined(used, by: "or"))"
  }

  /// Whose setting it is.
  private static func owner(of name: String, _ reason: Reason, _ story: Story) -> String {
    switch reason {
    case .hostPoolSetting, .privateLink: "the host pool"
    case .clientSetting where name == "use udp": "the host pool"
    case .clientSetting, .clientKind: story.run.shown(story.session.client)
    default: story.run.shown(story.session.host)
    }
  }

  private static func isTold(_ obstacle: Obstacle, _ answer: BlockerAnswer, _ story: Story) -> Bool {
    guard case .drop(let blocker) = obstacle.kind else { return obstacle.behind.isEmpty }
    return story.told(blocker, by: answer.transport) != nil
  }

  /// A blocker that the run itself did not come to.
  private static func place(of blocker: Blocker, in story: Story) -> String {
    let note = blocker.note.isEmpty ? "" : " (\(blocker.note))"
    let path = blocker.rulePath.map { " [\($0)]" } ?? ""
    guard let rule = blocker.rule else {
      return "\(story.run.shown(blocker.node)): \(Codes.title(of: blocker.reason.code).lowercasedFirst) (\(blocker.reason.code))"
    }
    return
      "\(rule == "policy" ? "The default policy" : "Rule '\(rule)'")\(note) on \(story.run.shown(blocker.node)) drops its packets\(path)"
  }

  /// How the client's candidate pairs ended, in one line.
  private static func fates(of attempt: AttemptResult, in story: Story) -> String {
    let own = story.session.pairs.filter { $0.owner == story.session.client }
    guard attempt.transport == .public, !own.isEmpty else { return "" }
    return "Pairs of the client: "
      + own.map { "\($0.row) (\(story.run.shown($0.route))) \($0.state.name)\($0.wasNominated ? ", chosen" : "")" }.joined(
        separator: "; ")
      + "."
  }

  /// How to see each code of some obstacles in a real estate, and how to mend it.
  private static func checks(of obstacles: [Obstacle]) -> [String] {
    var codes: [String] = []
    for code in obstacles.compactMap(\.code) where !codes.contains(code) { codes.append(code) }
    return codes.compactMap { code in Codes.page(of: code).map { "\(code): \($0.confirm) \($0.fix)" } }
  }

  private static func folded(_ blockers: [Blocker], _ story: Story) -> String {
    var places: [(name: String, packets: Int)] = []
    for blocker in blockers {
      let name = blocker.place(story.run.shown(blocker.node))
      if let row = places.firstIndex(where: { $0.name == name }) {
        places[row].packets += blocker.packets
      } else {
        places.append((name, blocker.packets))
      }
    }
    return places.map { "\($0.name) (\(counted($0.packets, "packet")))" }.joined(separator: ", ")
  }
}

extension Story {
  /// The run's own drops at the same place for the same reason, all of them together; `nil` when the run did not come so far.
  func told(_ blocker: Blocker, by transport: Transport) -> Blocker? {
    let attempts = transport == .reverseConnect ? session.attempts : session.attempts.filter { $0.transport == transport }
    let same = attempts.flatMap(\.blockers).filter {
      $0.node == blocker.node && $0.rulePath == blocker.rulePath && $0.reason == blocker.reason
    }
    guard var first = same.min(by: { $0.firstRecord < $1.firstRecord }) else { return nil }
    first.packets = same.reduce(0) { $0 + $1.packets }
    if same.count > 1 { first.pair = 0 }
    return first
  }

  /// The drops an answer is about.
  func blockers(of attempt: AttemptResult, session whole: Bool) -> [Blocker] {
    whole ? session.attempts.flatMap(\.blockers) : attempt.blockers
  }
}

extension Obstacle {
  /// The code whose page tells of it.
  var code: String? {
    switch kind {
    case .drop(let blocker): blocker.reason.code
    case .setting(_, let reason): reason == .none ? nil : reason.code
    case .event: nil
    case .failure(let failure): failure.reason.code
    }
  }

  /// Whether a change lifts the very rule.
  func isRule(of change: Change) -> Bool {
    guard case .drop(let blocker) = kind, let path = blocker.rulePath else { return false }
    return change == .act(element: path, verb: .lift)
  }

  /// Whether a drop is one of those it stands for.
  func isAbout(_ other: Blocker) -> Bool {
    guard case .drop(let blocker) = kind else { return false }
    return blocker.node == other.node && blocker.rulePath == other.rulePath && blocker.reason == other.reason
  }
}
