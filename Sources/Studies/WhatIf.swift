// What changes would move: a run as it is and one with them, under the same luck, and all that differs for every session.
public import ScenarioModel
public import Simulation
public import SimulationKernel
import Trace
import Wire

/// A value that two runs are compared by.
public enum Finding: Sendable, Equatable {
  case nothing
  case word(String)
  case time(SimDuration)
  case count(Int)
}

/// Something that came out differently.
public struct Difference: Sendable, Equatable {
  /// A key that programs can rely on, such as `transport` or `attempt-managed`.
  public var what: String
  public var before: Finding
  public var after: Finding
}

/// What becomes of one session, probe, rogue or expectation.
public struct Effect: Sendable {
  public enum Subject: String, Sendable, Equatable { case session, probe, rogue, expectation }
  public var subject: Subject
  /// Its number in the scenario, from 1.
  public var ordinal: Int
  /// Who it is about, or what is expected.
  public var title: String
  public var differences: [Difference]
  /// Whether somebody asked for it; what nobody asked for is a side effect.
  public var isIntended = false
  /// The runs' own sentences about a session, and what an expectation that does not hold found.
  public var sentences: (before: String, after: String) = ("", "")

  /// The difference of one kind, if there is one.
  public func difference(_ what: String) -> Difference? { differences.first { $0.what == what } }
}

/// The answer to "what if": every session's fate before and after, in the order of the file.
public struct WhatIf: Sendable {
  public var scenario: String
  public var seed: UInt64
  public var changes: [Change]
  public var sessions: [Effect]
  /// Probes, rogues and expectations that came out differently.
  public var others: [Effect]
  /// Where sessions were and are, for sentences: transport and route.
  public var places: [(before: Place, after: Place)]

  /// What carries a session, and over which way.
  public struct Place: Sendable, Equatable {
    public var transport: String
    public var route: String
  }

  /// Compares two runs of one scenario under the same seed.
  /// - Parameter intended: the sessions that the changes are meant for.
  public init(_ before: RunResult, _ after: RunResult, changes: [Change], intended: [Int] = []) {
    (scenario, seed, self.changes) = (before.scenario.id, before.seed, changes)
    let pairs = Array(zip(before.sessions, after.sessions))
    sessions = pairs.map { old, new in
      Effect(
        subject: .session, ordinal: old.ordinal, title: "\(before.shown(old.client)) to \(before.shown(old.host))",
        differences: Self.differences(old.findings, new.findings), isIntended: intended.contains(old.ordinal),
        sentences: (old.sentence, new.sentence))
    }
    places = pairs.map { ($0.place, $1.place) }
    others = Self.others(before, after)
  }

  /// Runs a scenario as it is and with changes.
  public static func run(
    _ scenario: Scenario, with changes: [Change], seed: UInt64? = nil, intended: [Int] = []
  ) throws(LiftingError) -> WhatIf {
    let before: RunResult
    do { before = try Simulator.run(scenario, seed: seed) } catch { throw .simulation(error) }
    return WhatIf(before, try Lifting.rerun(scenario, with: changes, seed: seed), changes: changes, intended: intended)
  }

  /// Whether anything at all came out differently.
  public var isAffected: Bool { !others.isEmpty || sessions.contains { !$0.differences.isEmpty } }

  /// What came out differently for sessions that nobody meant, for probes and for rogues, and expectations that hold no more.
  public var sideEffects: [Effect] {
    sessions.filter { !$0.isIntended && !$0.differences.isEmpty } + others.filter { $0.subject != .expectation || $0.isBroken }
  }

  private static func others(_ before: RunResult, _ after: RunResult) -> [Effect] {
    var effects: [Effect] = []
    for (old, new) in zip(before.probes, after.probes) {
      effects.append(
        Effect(
          subject: .probe, ordinal: old.ordinal, title: "\(old.kind.rawValue) from \(before.shown(old.from)) to \(old.to)",
          differences: differences(old.findings, new.findings)))
    }
    for (old, new) in zip(before.rogues, after.rogues) {
      effects.append(
        Effect(
          subject: .rogue, ordinal: old.ordinal, title: "\(old.kind.rawValue) from \(before.shown(old.from)) to \(old.to)",
          differences: differences(
            [("gets-in", .word(old.accepted ? "yes" : "no"))], [("gets-in", .word(new.accepted ? "yes" : "no"))])))
    }
    for (row, (old, new)) in zip(before.expectations, after.expectations).enumerated() {
      effects.append(
        Effect(
          subject: .expectation, ordinal: row + 1, title: old.text,
          differences: differences([("verdict", .word(old.verdict.rawValue))], [("verdict", .word(new.verdict.rawValue))]),
          sentences: (old.found, new.found)))
    }
    return effects.filter { !$0.differences.isEmpty }
  }

  private static func differences(_ old: [(String, Finding)], _ new: [(String, Finding)]) -> [Difference] {
    zip(old, new).compactMap { old, new in
      old.1 == new.1 ? nil : Difference(what: old.0, before: old.1, after: new.1)
    }
  }
}

extension Scenario {
  /// The scenario with changes made to it, if they fit it and each other. Its expectations may speak of what is gone with them.
  public func applying(all changes: [Change]) throws(ChangeError) -> Scenario {
    var changed = self
    for change in changes { changed = try changed.applying(change) }
    var built = changed
    built.expectations = []
    if let problem = built.problems().first { throw ChangeError("\(problem.path): \(problem.message)") }
    return changed
  }
}

extension Effect {
  /// Whether it is an expectation that does not hold with the changes.
  public var isBroken: Bool { subject == .expectation && differences.first?.after != .word(Verdict.held.rawValue) }
}

extension SessionResult {
  fileprivate var place: WhatIf.Place {
    WhatIf.Place(transport: transport?.name ?? (reason == .undecided ? "undecided" : "none"), route: route)
  }

  /// Everything a session is compared by, each under its key, always the same keys in the same order.
  fileprivate var findings: [(String, Finding)] {
    func time(_ value: SimDuration?) -> Finding { value.map { .time($0) } ?? .nothing }
    let trouble = cause.map { failure in
      "\(failure.reason.code) at \(failure.node)" + (failure.missing?.partOfStep.map { ", step \($0)" } ?? "")
    }
    var all: [(String, Finding)] = [
      ("transport", .word(place.transport)), ("route", route.isEmpty ? .nothing : .word(route)), ("reason", .word(reason.code)),
      ("desktop", time(connected)), ("switched", time(switched)), ("rtt-before", time(roundTripBefore)), ("rtt", time(roundTrip)),
      ("cause", trouble.map { .word($0) } ?? .nothing), ("losses", .count(reconnects.count)),
      ("reconnects", .count(reconnects.count { $0.restored != nil })),
    ]
    for kind in Transport.allCases {
      guard let attempt = attempts.first(where: { $0.transport == kind }) else {
        all += [("attempt-\(kind.name)", .nothing), ("blockers-\(kind.name)", .nothing)]
        continue
      }
      let words = [attempt.reason.code] + (attempt.setting.isEmpty ? [] : [attempt.setting])
      all.append(("attempt-\(kind.name)", .word("\(attempt.outcome.name) (\(words.joined(separator: ", ")))")))
      all.append(("blockers-\(kind.name)", attempt.outcome == .failed ? attempt.stops : .nothing))
    }
    return all
  }
}

extension AttemptResult {
  /// The rules that stood in its way, each once; where none did, the loss that tells most.
  fileprivate var stops: Finding {
    var places: [String] = []
    for blocker in blockers where blocker.rule != nil && !blocker.isHarmless && !places.contains(blocker.place()) {
      places.append(blocker.place())
    }
    if places.isEmpty { places = mainBlocker.map { [$0.place()] } ?? [] }
    return places.isEmpty ? .nothing : .word(places.sorted().joined(separator: ", "))
  }
}

extension ProbeResult {
  fileprivate var findings: [(String, Finding)] {
    [
      ("outcome", .word(outcome)), ("answered", .count(answered)), ("rtt", roundTrip.map { .time($0) } ?? .nothing),
      ("seen-as", mapped.map { .word($0.description) } ?? .nothing),
    ]
  }
}
