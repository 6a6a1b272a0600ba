// What a run is held against from then on: its outcome, its transcript and its times, each under its fingerprint.
public import Simulation
public import SimulationKernel
public import Trace
import Wire

/// How much of a run is compared (DESIGN §3, "Fingerprints").
public enum BaselineLevel: String, Sendable, CaseIterable, Comparable {
  /// Per session: transport, route, reason; probes, rogues and the expectations' verdicts.
  case outcome
  /// The story transcript per machine.
  case `protocol`
  /// Where everything went when.
  case trajectory

  public static func < (a: Self, b: Self) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
}

/// A run as it is kept beside its scenario. No wording stands in it: sentences and titles may change.
public struct Baseline: Sendable, Equatable {
  /// What was found about one subject, such as a session.
  public struct Finding: Sendable, Equatable {
    public var subject: String
    public var found: String
    public init(_ subject: String, _ found: String) {
      self.subject = subject
      self.found = found
    }
  }

  /// When something happened, or how long it took, in one session.
  public struct Moment: Sendable, Equatable {
    /// `session 1`, `probe 1`, `run`.
    public var group: String
    public var what: String
    public var value: SimDuration
    public init(_ group: String, _ what: String, _ value: SimDuration) {
      self.group = group
      self.what = what
      self.value = value
    }
  }

  /// Why it was accepted.
  public var note: String
  public var modelVersion: Int
  public var seed: UInt64
  public var fingerprints: Fingerprints
  public var findings: [Finding]
  public var transcript: Transcript
  /// By group in the order of the run, then by time, then by name: the order of simultaneous events is of no matter.
  public var moments: [Moment]

  public init(
    note: String, modelVersion: Int, seed: UInt64, fingerprints: Fingerprints, findings: [Finding], transcript: Transcript,
    moments: [Moment]
  ) {
    self.note = note
    self.modelVersion = modelVersion
    self.seed = seed
    self.fingerprints = fingerprints
    self.findings = findings
    self.transcript = transcript
    self.moments = moments
  }

  /// What a run would be held against.
  public init(of run: RunResult, note: String = "") {
    self.init(
      note: note, modelVersion: run.modelVersion, seed: run.seed, fingerprints: run.fingerprints,
      findings: Self.findings(of: run), transcript: Transcript(run.story, nodes: run.nodes, names: run.names),
      moments: Self.moments(of: run))
  }

  private static func findings(of run: RunResult) -> [Finding] {
    let sessions = run.sessions.map { session in
      let transport = session.transport?.name ?? "none"
      let route = session.route.isEmpty ? "" : " over \(session.route)"
      return Finding(
        "session \(session.ordinal), \(session.client) to \(session.host)", "\(transport)\(route), \(session.reason.code)")
    }
    let probes = run.probes.map { Finding("probe \($0.ordinal), \($0.from) to \($0.to)", $0.outcome) }
    let rogues = run.rogues.map { Finding("rogue \($0.ordinal), \($0.from) to \($0.to)", $0.accepted ? "accepted" : "kept out") }
    let verdicts = run.expectations.enumerated().map { Finding("expectation \($0.offset + 1)", $0.element.verdict.rawValue) }
    return sessions + probes + rogues + verdicts
  }

  private static func moments(of run: RunResult) -> [Moment] {
    var moments: [Moment] = []
    func add(_ group: String, _ records: [Record]) {
      let own = records.compactMap { record in
        record.milestone.map {
          Moment(group, what($0, at: run.nodes[Int(record.node.index)].id, on: record.attempt), record.time - .zero)
        }
      }
      moments += own.sorted { ($0.value, $0.what) < ($1.value, $1.what) }
    }
    var bySession: [Int: [Record]] = [:]
    for record in run.story where record.kind == .milestone { bySession[Int(record.session), default: []].append(record) }
    add("beside", bySession[0] ?? [])
    for session in run.sessions {
      let group = "session \(session.ordinal)"
      add(group, bySession[session.ordinal] ?? [])
      if let before = session.roundTripBefore { moments.append(Moment(group, "round trip on reverse-connect", before)) }
      if let after = session.roundTrip, let transport = session.transport, transport != .reverseConnect {
        moments.append(Moment(group, "round trip on \(transport.name)", after))
      }
    }
    for probe in run.probes {
      if let roundTrip = probe.roundTrip { moments.append(Moment("probe \(probe.ordinal)", "round trip", roundTrip)) }
    }
    moments.append(Moment("run", "ended by \(run.end.rawValue)", run.endTime - .zero))
    return moments
  }

  /// How a milestone is named among the times.
  static func what(_ milestone: Milestone, at node: String, on transport: Transport) -> String {
    what(milestone.code, in: Transcript.Machine(node: node, session: 0, transport: transport))
  }

  /// How a line of a machine's transcript is named among the times, if it is a milestone.
  static func what(_ line: String, in machine: Transcript.Machine) -> String {
    "\(line) at \(machine.node)" + (machine.transport == .reverseConnect ? "" : " for \(machine.transport.name)")
  }
}
