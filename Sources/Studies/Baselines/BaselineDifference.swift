// A run held against its baseline: which level moved, and what of it.
public import SimulationKernel
public import Trace

/// What differs between two baselines, the committed one first.
public struct BaselineDifference: Sendable, Equatable {
  /// A subject of which something else was found; `nil` where it is only on one side.
  public struct FindingChange: Sendable, Equatable {
    public var subject: String
    public var before: String?
    public var now: String?
  }

  /// The lines of one machine that are gone or have come.
  public struct TranscriptChange: Sendable, Equatable {
    public var machine: Transcript.Machine
    /// In the order of the transcript; equal ones behind each other folded.
    public var gone: [String]
    public var come: [String]
  }

  /// A time that moved; `nil` where it is only on one side.
  public struct MomentChange: Sendable, Equatable {
    public var group: String
    public var what: String
    public var before: SimDuration?
    public var now: SimDuration?
    /// By how much, where both are known.
    public var shift: SimDuration? { before.flatMap { before in now.map { $0 - before } } }
  }

  /// The levels that moved, in order.
  public private(set) var levels: [BaselineLevel] = []
  public private(set) var findings: [FindingChange] = []
  public private(set) var transcript: [TranscriptChange] = []
  public private(set) var moments: [MomentChange] = []
  /// How many times each group has, on the side that has more.
  public private(set) var momentCounts: [String: Int] = [:]
  /// What is to be said beside: another seed, another model, lines that do not fit their fingerprint.
  public private(set) var remarks: [String] = []

  public var isEmpty: Bool { levels.isEmpty }

  /// - Parameters:
  ///   - before: as it is committed.
  ///   - now: of the present run.
  public init(from before: Baseline, to now: Baseline) {
    findings = Self.changes(before.findings, now.findings)
    transcript = Self.changes(before.transcript, now.transcript)
    moments = Self.changes(before.moments, now.moments)
    for moment in now.moments { momentCounts[moment.group, default: 0] += 1 }
    judge(.outcome, before.fingerprints.outcome != now.fingerprints.outcome, findings.isEmpty)
    judge(.protocol, before.fingerprints.protocolStory != now.fingerprints.protocolStory, transcript.isEmpty)
    judge(.trajectory, before.fingerprints.trajectory != now.fingerprints.trajectory, moments.isEmpty)
    if before.seed != now.seed { remarks.append("the scenario's seed was \(before.seed) and is \(now.seed)") }
    if before.modelVersion != now.modelVersion, !levels.isEmpty {
      remarks.append("the baseline is of model \(before.modelVersion), this is model \(now.modelVersion)")
    }
  }

  private mutating func judge(_ level: BaselineLevel, _ moved: Bool, _ isSame: Bool) {
    guard moved || !isSame else { return }
    levels.append(level)
    if !moved {
      remarks.append("the baseline's \(level.rawValue) lines do not fit its fingerprint: they were edited or merged by hand")
    }
  }

  // MARK: Findings

  private static func changes(_ before: [Baseline.Finding], _ now: [Baseline.Finding]) -> [FindingChange] {
    var changes: [FindingChange] = []
    for finding in now {
      let known = before.first { $0.subject == finding.subject }?.found
      if known != finding.found { changes.append(FindingChange(subject: finding.subject, before: known, now: finding.found)) }
    }
    for finding in before where !now.contains(where: { $0.subject == finding.subject }) {
      changes.append(FindingChange(subject: finding.subject, before: finding.found, now: nil))
    }
    return changes
  }

  // MARK: Transcripts

  private static func changes(_ before: Transcript, _ now: Transcript) -> [TranscriptChange] {
    let machines = Set(before.parts.map(\.machine)).union(now.parts.map(\.machine)).sorted()
    let old = lines(of: before)
    let new = lines(of: now)
    return machines.compactMap { machine in
      let (a, b) = (old[machine] ?? [], new[machine] ?? [])
      if a == b { return nil }
      let difference = b.difference(from: a)
      func folded(_ changes: [CollectionDifference<String>.Change]) -> [String] {
        Baseline.folded(
          changes.map { change in
            switch change {
            case .insert(_, let line, _), .remove(_, let line, _): line
            }
          })
      }
      return TranscriptChange(machine: machine, gone: folded(difference.removals), come: folded(difference.insertions))
    }
  }

  private static func lines(of transcript: Transcript) -> [Transcript.Machine: [String]] {
    Dictionary(transcript.parts.map { ($0.machine, $0.lines) }, uniquingKeysWith: +)
  }

  // MARK: Times

  private struct MomentKey: Hashable {
    var group: String
    var what: String
    var occurrence: Int
  }

  private static func keyed(_ moments: [Baseline.Moment]) -> [(key: MomentKey, value: SimDuration)] {
    var counts: [MomentKey: Int] = [:]
    return moments.map { moment in
      let kind = MomentKey(group: moment.group, what: moment.what, occurrence: 0)
      counts[kind, default: 0] += 1
      return (MomentKey(group: moment.group, what: moment.what, occurrence: counts[kind] ?? 1), moment.value)
    }
  }

  private static func changes(_ before: [Baseline.Moment], _ now: [Baseline.Moment]) -> [MomentChange] {
    let (old, new) = (keyed(before), keyed(now))
    let known = Dictionary(uniqueKeysWithValues: old.map { ($0.key, $0.value) })
    let present = Set(new.map(\.key))
    var changes = new.compactMap { key, value -> MomentChange? in
      known[key] == value ? nil : MomentChange(group: key.group, what: key.what, before: known[key], now: value)
    }
    for (key, value) in old where !present.contains(key) {
      changes.append(MomentChange(group: key.group, what: key.what, before: value, now: nil))
    }
    return changes
  }
}
