// `explain --format mermaid`: one session's story as a sequence diagram, drops as crossed arrows.
import ScenarioModel
public import Simulation
import SimulationKernel
import Trace
import Wire

/// Sequence diagrams of sessions, for GitHub, wikis and mermaid.live.
public enum MermaidDiagram {
  /// - Precondition: the run has a session of this ordinal.
  public static func text(_ run: RunResult, session: Int) -> String {
    let story = Story(run, session: session)
    let moments = Drawing(story: story).moments
    var nodes = [story.session.client]
    // From the client to the host: what stands between them in the order in which it is met.
    for node in moments.flatMap(\.nodes) where !nodes.contains(node) && node != story.session.host { nodes.append(node) }
    nodes.append(story.session.host)
    var lines = [
      "sequenceDiagram", "  %% \(escaped(run.scenario.id)), session \(session), seed \(run.seed); times in ms from the click",
    ]
    for (row, node) in nodes.enumerated() { lines.append("  participant p\(row) as \(escaped(run.shown(node)))") }
    func name(_ node: String) -> String { "p\(nodes.firstIndex(of: node) ?? 0)" }
    for moment in moments {
      let text = escaped("\(story.afterClick(moment.time)) \(moment.text)")
      switch moment.shape {
      case .arrow(let from, let to): lines.append("  \(name(from))->>\(name(to)): \(text)")
      case .crossed(let from, let to): lines.append("  \(name(from))-x\(name(to)): \(text)")
      case .note(let at): lines.append("  Note over \(name(at)): \(text)")
      case .across: lines.append("  Note over p0,p\(nodes.count - 1): \(text)")
      }
    }
    lines.append("  Note over p0,p\(nodes.count - 1): \(escaped(RunTable.sentence(of: story.session)))")
    return lines.joined(separator: "\n") + "\n"
  }

  /// What Mermaid would read as its own: `;` and a line's end close a statement, `#` opens a character's code, `<` a tag, `%%` a comment.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "#", ";", "<", ">", "\"", "%", "{", "}": escaped += "#\(scalar.value);"
      case _ where scalar.value < 0x20: escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

/// One line of a diagram.
private struct Moment {
  enum Shape {
    case arrow(String, String)
    case crossed(String, String)
    case note(String)
    case across
  }
  var time: SimTime
  /// Of what is told at one time the order in the trace.
  var record: UInt64
  var shape: Shape
  var text: String

  var nodes: [String] {
    switch shape {
    case .arrow(let from, let to), .crossed(let from, let to): [from, to]
    case .note(let at): [at]
    case .across: []
    }
  }
}

/// Turns a story into moments, in the order of time.
private struct Drawing {
  let story: Story

  private var client: String { story.session.client }
  private var host: String { story.session.host }

  var moments: [Moment] {
    let all = milestones + drops + failures + changes
    return all.enumerated().sorted {
      ($0.element.time, $0.element.record, $0.offset) < ($1.element.time, $1.element.record, $1.offset)
    }.map(\.element)
  }

  // MARK: Milestones

  private static let phases: Set<Milestone> = [
    .rdpInitiated, .rdpSecured, .rdpBasicSettings, .rdpChannelsConnected, .rdpAuthenticated, .rdpLicensed, .rdpMultitransport,
    .rdpCapabilities,
  ]

  /// RDP's phases, which follow each other between the same two, are one moment.
  private var milestones: [Moment] {
    var moments: [Moment] = []
    var folded = 0
    let points = story.session.milestones
    for (row, point) in points.enumerated() {
      if Self.phases.contains(point.milestone) {
        folded += 1
        let isLast = !points[(row + 1)...].prefix { $0.milestone != .desktop }.contains { Self.phases.contains($0.milestone) }
        guard isLast else { continue }
        let text = "RDP: \(counted(folded, "phase")), the last: \(point.milestone.title)"
        moments.append(Moment(time: point.time, record: point.record, shape: .arrow(client, host), text: text))
        folded = 0
        continue
      }
      let number = point.milestone.step.map { "\($0). " } ?? ""
      let kind = point.attempt == .reverseConnect ? "" : "\(point.attempt.name): "
      moments.append(
        Moment(time: point.time, record: point.record, shape: shape(of: point, row), text: number + kind + point.milestone.title))
    }
    return moments
  }

  private func shape(of point: MilestoneResult, _ row: Int) -> Moment.Shape {
    switch point.milestone {
    case .subscribed, .tokenPassed: .arrow(client, "feed")
    case .tokenIssued: .arrow("directory", client)
    case .configurationReceived: .arrow("feed", client)
    case .gatewayConnected: .arrow(client, gateway(after: row))
    case .brokerAsked: .arrow(point.node, "broker")
    case .hostInitialized: .arrow("broker", host)
    case .hostConnected: .arrow(host, gateway(after: row))
    case .rdpStarted, .listenerProbed, .clientCandidatesSent, .checksStarted, .udpConnected, .tunnelSecured: .arrow(client, host)
    case .listenerOffered, .hostCandidatesSent, .established, .softSyncRequested: .arrow(host, client)
    case .desktop, .switched, .resumed: .across
    default: .note(point.node)
    }
  }

  /// The gateway that the next one of its own milestones names.
  private func gateway(after row: Int) -> String {
    let known = story.session.milestones[row...].first { [.brokerAsked, .relayStarted, .hostConnected].contains($0.milestone) }
    return known?.node ?? "gateway"
  }

  // MARK: What went wrong

  /// One crossed arrow for all that one place dropped of one attempt for one reason.
  private var drops: [Moment] {
    var moments: [Moment] = []
    for attempt in story.session.attempts {
      var seen: [Blocker] = []
      for blocker in attempt.blockers where !blocker.isHarmless {
        if let row = seen.firstIndex(where: {
          $0.node == blocker.node && $0.rulePath == blocker.rulePath && $0.reason == blocker.reason && $0.opener == blocker.opener
        }) {
          seen[row].packets += blocker.packets
        } else {
          seen.append(blocker)
        }
      }
      for blocker in seen {
        let what = blocker.rule.map { $0 == "policy" ? "the default policy" : "rule '\($0)'" } ?? blocker.reason.code
        let opener = blocker.opener.isEmpty ? client : blocker.opener
        let text = "\(attempt.transport.name): \(what) dropped \(counted(blocker.packets, "packet"))"
        moments.append(
          Moment(time: blocker.firstTime, record: blocker.firstRecord, shape: .crossed(opener, blocker.node), text: text))
      }
    }
    return moments
  }

  private var failures: [Moment] {
    story.session.failures.map { failure in
      Moment(
        time: failure.time, record: failure.record, shape: .note(failure.node),
        text: "\(failure.reason.clause) (\(failure.reason.code))")
    }
  }

  private var changes: [Moment] {
    story.changes.map { Moment(time: $0.at, record: 0, shape: .across, text: $0.change.text) }
  }
}
