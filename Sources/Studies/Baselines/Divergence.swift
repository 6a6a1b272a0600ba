// Where a run first tells another story than its baseline, and the record of the run at which it does.
public import Simulation
public import SimulationKernel
public import Trace

/// The first line of the story that differs.
public struct Divergence: Sendable, Equatable {
  public var machine: Transcript.Machine
  /// What the baseline has there; `nil` when its machine told no more.
  public var expected: String?
  /// What the run has there; `nil` when its machine tells no more.
  public var found: String?
  /// How many lines of the machine are as before.
  public var common: Int
  /// The run's record of `found`, or, where it tells no more, of its last line that is as before.
  public var record: Record?
  /// When the run's record came, or when the baseline's was to come: whichever is earlier.
  public var time: SimTime
  /// Whether the baseline's line was to come before what the run tells in its place: it is missing.
  public var isMissing: Bool { found == nil || record.map { time < $0.time } ?? true }

  /// The first difference of a run's transcript from a baseline's; `nil` when there is none.
  ///
  /// Each machine's transcript stands alone, so that the first difference is the earliest of the machines' first ones. A line that is
  /// missing has the baseline's time of it, if it is a milestone, or else of the next milestone of its machine; one without either
  /// comes last.
  public static func first(in run: RunResult, from baseline: Baseline) -> Divergence? {
    let now = Transcript(run.story, nodes: run.nodes, names: run.names)
    let old = Dictionary(baseline.transcript.parts.map { ($0.machine, $0.lines) }, uniquingKeysWith: +)
    let new = Dictionary(now.parts.map { ($0.machine, $0) }, uniquingKeysWith: { a, _ in a })
    let times = BaselineTimes(baseline)
    let found = Set(old.keys).union(new.keys).sorted().compactMap { machine -> Divergence? in
      let part = new[machine] ?? Transcript.Part(machine: machine, lines: [])
      let before = old[machine] ?? []
      let common = zip(before, part.lines).prefix { $0 == $1 }.count
      guard common < before.count || common < part.lines.count else { return nil }
      let record = common < part.rows.count ? run.story[part.rows[common]] : nil
      let last = common > 0 ? run.story[part.rows[common - 1]] : nil
      let wanted = common < before.count ? times.time(of: machine, before, from: common) : nil
      return Divergence(
        machine: machine, expected: common < before.count ? before[common] : nil,
        found: common < part.lines.count ? part.lines[common] : nil, common: common, record: record ?? last,
        time: min(record?.time ?? .never, wanted ?? .never))
    }
    // Of what comes at one time, what the run does tell says more than what it does not; then the earlier record.
    var first = found.min { a, b in
      (a.time, a.found == nil ? 1 : 0, a.record?.number ?? .max, a.machine)
        < (b.time, b.found == nil ? 1 : 0, b.record?.number ?? .max, b.machine)
    }
    let last = first?.record?.time ?? .zero
    if first?.time == .never { first?.time = last }
    return first
  }
}

/// The times of a baseline's milestones, by the lines of its transcript.
private struct BaselineTimes {
  private var times: [String: [SimTime]] = [:]

  init(_ baseline: Baseline) {
    for moment in baseline.moments { times[moment.group + "/" + moment.what, default: []].append(.zero + moment.value) }
  }

  /// When the line at `row` was told, or else the next milestone behind it.
  func time(of machine: Transcript.Machine, _ lines: [String], from row: Int) -> SimTime? {
    let group = machine.session == 0 ? "beside" : "session \(machine.session)"
    for line in row..<lines.count {
      let known = times[group + "/" + Baseline.what(lines[line], in: machine)] ?? []
      let occurrence = lines[..<line].count { $0 == lines[line] }
      if occurrence < known.count { return known[occurrence] }
    }
    return nil
  }
}
