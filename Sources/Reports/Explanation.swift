// `explain`: why a session took its path, from one plain sentence down to the packet that was stopped.
import ScenarioModel
public import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// The explanation of one session.
public enum Explanation {
  /// The explanation in words, as plain text wrapped to `width` or as Markdown.
  /// - Parameters:
  ///   - answers: what lifting can do for the session's attempts (`Lifting.answers`).
  ///   - file: the scenario's file, for the commands it prints.
  /// - Precondition: the run has a session of this ordinal.
  public static func text(
    _ run: RunResult, session: Int, answers: [BlockerAnswer] = [], file: String = "FILE", format: ReportFormat = .text,
    width: Int = 120
  ) -> String {
    let story = Story(run, session: session, file: file)
    var document = Document()
    document.add(
      .title("\(run.scenario.id), session \(session): \(run.shown(story.session.client)) to \(run.shown(story.session.host))"))
    document.add(.paragraph(RunTable.sentence(of: story.session)))
    document.add(.list(facts(of: story)))
    answered(answers, of: story, into: &document)
    document.add(.heading("What administrators see"))
    document.add(.list(FieldSigns.lines(of: story.session)))
    document.add(.heading("Steps, in milliseconds from the click"))
    document.add(.table(steps(of: story)))
    let changes = story.changes
    if !changes.isEmpty {
      document.add(.heading("What changed while it ran"))
      document.add(.table(Self.changes(changes, of: story)))
    }
    let isLast = !story.session.reconnects.isEmpty && story.session.reconnects.contains { $0.tries > 0 }
    document.add(.heading(isLast ? "Attempts of the last connection" : "Attempts"))
    document.add(.table(attempts(of: story)))
    if !story.session.failures.isEmpty {
      document.add(.heading("Who failed, the cause first"))
      document.add(.table(failures(of: story)))
    }
    if !story.session.reconnects.isEmpty {
      document.add(.heading("What was lost, and how it came back"))
      document.add(.table(losses(of: story)))
    }
    drops(besides: answers, of: story, into: &document)
    if !story.session.pairs.isEmpty { pairs(of: story, into: &document) }
    if !run.rogues.isEmpty {
      document.add(.heading("Who tried to get in"))
      document.add(.table(RunTable.rogues([run])))
    }
    document.add(.heading(winner(of: story)))
    document.add(.list(Comparison.reasons(of: story)))
    if !story.assumptions.isEmpty {
      document.add(.heading("Assumed, because it is not published"))
      document.add(.list(story.assumptions))
    }
    let codes = pages(of: story).map { "shortpath codes \($0)" }
    document.add(.heading("More about it"))
    document.add(.list(codes))
    let text = document.rendered(as: format, width: width)
    guard format == .markdown else { return text }
    return text + "\n## The story\n\n```mermaid\n" + MermaidDiagram.text(run, session: session) + "```\n"
  }

  private static func winner(of story: Story) -> String {
    guard let transport = story.session.transport else { return "Why there is no transport" }
    return "Why \(transport.name)\(story.session.route.isEmpty ? "" : " over \(story.session.route)")"
  }

  private static func facts(of story: Story) -> [String] {
    let session = story.session
    var facts: [String] = []
    if let transport = session.transport {
      facts.append(
        "Transport \(transport.name) over \(session.route) (UdpUse \(transport.udpUse)); reason \(session.reason.code)")
    } else {
      facts.append("No transport; reason \(session.reason.code)")
    }
    if let connected = session.connected { facts.append("Desktop \(connected) after the click") }
    if let switched = session.switched { facts.append("Channels switched over \(switched) after the click") }
    if let before = session.roundTripBefore { facts.append("Round trip on reverse connect \(before)") }
    if let after = session.roundTrip, session.transport != .reverseConnect {
      facts.append("Round trip on the transport in use \(after)")
    }
    facts += story.inspections
    facts.append("Seed \(story.run.seed), model \(story.run.modelVersion), run ended: \(story.run.end.rawValue)")
    return facts
  }

  private static func steps(of story: Story) -> TextTable {
    var table = TextTable([("step", .right), ("ms", .right), ("node", .left), ("what happened", .left), ("record", .right)])
    for point in story.session.milestones {
      let what = point.attempt == .reverseConnect ? point.milestone.title : "\(point.attempt.name): \(point.milestone.title)"
      table.rows.append([
        point.milestone.step.map(String.init) ?? "", story.afterClick(point.time), story.run.shown(point.node), what,
        "\(point.record)",
      ])
    }
    return table
  }

  private static func changes(_ changes: [EventSpec], of story: Story) -> TextTable {
    var table = TextTable([("ms", .right), ("change", .left)])
    for event in changes { table.rows.append([story.afterClick(event.at), event.change.text]) }
    return table
  }

  private static func failures(of story: Story) -> TextTable {
    var table = TextTable([
      ("ms", .right), ("node", .left), ("reason", .left), ("step", .right), ("not reached", .left), ("record", .right),
    ])
    for failure in story.session.failures {
      table.rows.append([
        story.afterClick(failure.time), story.run.shown(failure.node), failure.reason.code,
        failure.missing?.partOfStep.map(String.init) ?? "", failure.missing?.title ?? "-", "\(failure.record)",
      ])
    }
    return table
  }

  private static func losses(of story: Story) -> TextTable {
    var table = TextTable([
      ("lost ms", .right), ("reason", .left), ("tries", .right), ("back ms", .right), ("without ms", .right), ("then on", .left),
      ("stopped by", .left),
    ])
    for loss in story.session.reconnects {
      table.rows.append([
        story.afterClick(loss.lost), loss.reason.code, "\(loss.tries)", story.afterClick(loss.restored),
        milliseconds(loss.restored.map { $0 - loss.lost }), loss.transport?.name ?? "-",
        loss.blocker.map { $0.place(story.run.shown($0.node)) } ?? "-",
      ])
    }
    return table
  }

  private static func attempts(of story: Story) -> TextTable {
    var table = TextTable([
      ("transport", .left), ("outcome", .left), ("reason", .left), ("began ms", .right), ("ended ms", .right),
      ("came as far as", .left),
    ])
    for attempt in story.session.attempts {
      let reason = attempt.setting.isEmpty ? attempt.reason.code : "\(attempt.reason.code) (\(attempt.setting))"
      table.rows.append([
        attempt.transport.name, attempt.outcome.name, reason, story.afterClick(attempt.started), story.afterClick(attempt.ended),
        attempt.reached?.title ?? "-",
      ])
    }
    return table
  }

  /// Which packets a blocker stopped, the first of them with its place in the trace.
  static func sentence(of blocker: Blocker, in story: Story) -> String {
    let packets = counted(blocker.packets, "packet")
    let subject = blocker.pair == 0 ? "" : " of pair \(blocker.pair)"
    let note = blocker.note.isEmpty ? "" : " (\(blocker.note))"
    var text =
      if let rule = blocker.rule, blocker.reason == .inspected {
        "Rule '\(rule)'\(note) on \(story.run.shown(blocker.node)) opened the TLS of \(counted(blocker.packets, "connection"))"
      } else if let rule = blocker.rule {
        "\(rule == "policy" ? "The default policy" : "Rule '\(rule)'")\(note) on \(story.run.shown(blocker.node)) dropped \(packets)\(subject)"
      } else {
        "\(story.run.shown(blocker.node)) dropped \(packets)\(subject): \(Codes.title(of: blocker.reason.code).lowercasedFirst) (\(blocker.reason.code))"
      }
    text += "; first at \(story.afterClick(blocker.firstTime)) ms, record \(blocker.firstRecord)"
    if let record = story.record(blocker.firstRecord) {
      let proto = TransportProtocol(rawValue: record.proto).map { "\($0) " } ?? ""
      text += ": \(proto)\(record.from) -> \(record.to)"
    }
    return text + (blocker.rulePath.map { " [\($0)]" } ?? "")
  }

  private static func pairs(of story: Story, into document: inout Document) {
    var owners: [String] = []
    for pair in story.session.pairs where !owners.contains(pair.owner) { owners.append(pair.owner) }
    owners.sort { ($0 == story.session.client ? 0 : 1, $0) < ($1 == story.session.client ? 0 : 1, $1) }
    for owner in owners {
      // Only the client has a choice of ways; the host's base always leads to its own network.
      let isClient = owner == story.session.client
      document.add(.heading("Candidate pairs as \(owner) saw them"))
      var table = TextTable(
        [("pair", .right), ("local", .left), ("remote", .left)] + (isClient ? [("route", .left)] : [])
          + [("fate", .left), ("rtt ms", .right), ("", .left)])
      for pair in story.session.pairs where pair.owner == owner {
        table.rows.append(
          ["\(pair.row)", pair.local.description, pair.remote.description] + (isClient ? [pair.route] : [])
            + [pair.state.name, milliseconds(pair.roundTrip), pair.wasNominated ? "chosen" : ""])
      }
      document.add(.table(table))
    }
  }

  /// The codes that this explanation uses, the session's own first.
  static func pages(of story: Story) -> [String] {
    var codes = [story.session.reason.code]
    for reason in story.session.failures.map(\.reason) + story.session.reconnects.map(\.reason) {
      if !codes.contains(reason.code) { codes.append(reason.code) }
    }
    for attempt in story.session.attempts {
      for code in [attempt.reason.code] + attempt.blockers.map(\.reason.code) where code != "none" && !codes.contains(code) {
        codes.append(code)
      }
    }
    return codes
  }
}

/// Why the winner won and the others did not.
private enum Comparison {
  static func reasons(of story: Story) -> [String] {
    let session = story.session
    var reasons = [Codes.page(of: session.reason.code)?.cause ?? session.reason.code]
    if session.transport == .public, !story.validPairs.isEmpty { reasons.append(comparison(of: story.validPairs)) }
    let established = session.milestones.first { $0.milestone == .established && $0.attempt == session.transport }
    if let established {
      reasons.append("\(established.attempt.name) was established \(story.afterClick(established.time)) ms after the click.")
    }
    for attempt in session.attempts where !attempt.narrowedBy.isEmpty {
      reasons.append("\(attempt.narrowedBy) took one kind of candidate out of ICE.")
    }
    for attempt in session.attempts where attempt.transport != session.transport && attempt.outcome != .notTried {
      reasons.append(fate(of: attempt, in: story))
    }
    for attempt in session.attempts where attempt.outcome == .notTried {
      let setting = attempt.setting.isEmpty ? "" : " (\(attempt.setting))"
      reasons.append(
        "\(attempt.transport.name) was not tried: \(Codes.title(of: attempt.reason.code).lowercasedFirst)\(setting).")
    }
    return reasons
  }

  private static func comparison(of pairs: [PairResult]) -> String {
    let listed = pairs.map { "\($0.route) \($0.roundTrip ?? .zero) (pair \($0.row)\($0.wasNominated ? ", chosen" : ""))" }
    return "\(counted(pairs.count, "valid pair")) with a measured round trip: \(listed.joined(separator: "; "))."
  }

  private static func fate(of attempt: AttemptResult, in story: Story) -> String {
    var text = "\(attempt.transport.name) ended \(attempt.outcome.name): \(Codes.title(of: attempt.reason.code).lowercasedFirst)"
    if let ended = attempt.ended { text += ", \(story.afterClick(ended)) ms after the click" }
    if let reached = attempt.reached { text += "; it had come as far as: \(reached.title)" }
    if attempt.outcome == .failed {
      var causes: [String] = []
      for blocker in attempt.blockers where !blocker.isHarmless {
        let cause = blocker.place()
        if !causes.contains(cause) { causes.append(cause) }
      }
      if !causes.isEmpty { text += "; stopped by \(causes.joined(separator: ", "))" }
    }
    return text + "."
  }
}

extension String {
  /// For titles in the middle of a sentence; abbreviations stay as they are.
  var lowercasedFirst: String {
    guard let first, dropFirst().first?.isLowercase == true || dropFirst().first == " " else { return self }
    return first.lowercased() + dropFirst()
  }
}
