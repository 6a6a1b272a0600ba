// The smallest changes that reach a goal: single ones, then pairs, then the sets that lifting blockers finds; each with its side effects.
public import ScenarioModel
public import Simulation
import SimulationKernel
import Trace
import Wire

/// Changes that together reach a goal.
public struct Fix: Sendable {
  public var changes: [Change]
  /// Who must act: of several the one who is hardest to move.
  public var owner: ChangeOwner
  /// What comes with it.
  public var effect: WhatIf
  /// Whole seconds from the click until the session is on its transport.
  var seconds: Int
}

/// What the search for fixes found.
public struct FixAnswer: Sendable {
  /// The run as it is.
  public var run: RunResult
  public var goal: Expectation
  /// The goal in words, as expectations are told.
  public var text: String
  /// Whether the goal is reached without any change.
  public var isReached: Bool
  /// Smallest first, then those of administrators, then those with the fewest side effects.
  public var fixes: [Fix]
  /// The single changes that were there to try.
  public var candidates: [Change]
  public var runs: Int
  /// Whether all single changes were tried and, where no administrator's sufficed, all pairs of administrators' ones.
  public var isComplete: Bool
}

public enum FixSearch {
  /// Runs tried at once between two looks at the bound; a fixed number, so that the workers' number changes nothing.
  static let chunk = 32
  /// More fixes than this nobody reads (*assumed*).
  static let most = 8

  /// Searches the smallest changes under which a scenario meets a goal, under the same luck.
  /// - Parameters:
  ///   - limit: how many runs it may take.
  ///   - progress: told how many runs are done, and how many there will be at most.
  public static func run(
    _ scenario: Scenario, goal: Expectation, seed: UInt64? = nil, limit: Int = 1_000, workers: Int = 1,
    progress: (Int, Int) -> Void = { _, _ in }
  ) async throws(LiftingError) -> FixAnswer {
    guard case .session(let session) = goal.subject else { preconditionFailure("a goal is about a session") }
    var base = scenario
    base.expectations.append(goal)
    let run: RunResult
    do { run = try Simulator.run(base, seed: seed) } catch { throw .simulation(error) }
    let judged = run.expectations[run.expectations.count - 1]
    var answer = FixAnswer(
      run: run, goal: goal, text: judged.text, isReached: judged.verdict == .held, fixes: [], candidates: [], runs: 1,
      isComplete: true)
    if answer.isReached { return answer }
    var search = Search(base: base, run: run, session: session, limit: limit, workers: workers)
    let met = try search.meet(goal)
    let wished = met.lifts + Remedies(scenario: scenario, session: scenario.sessions[session - 1]).all
    answer.candidates = search.fitting(wished)
    try await search.tryAll(answer.candidates.map { [$0] }, progress)
    if !search.hasOwn {
      let own = answer.candidates.filter { scenario.owner(of: $0) == .administrator }
      try await search.tryAll(met.sets.filter { $0.count == 2 } + pairs(of: own, first: met.lifts), progress)
    }
    if !search.hasOwn { try await search.tryAll(met.sets.filter { $0.count > 2 }, progress) }
    answer.fixes = search.ranked
    (answer.runs, answer.isComplete) = (search.runs, search.isComplete)
    return answer
  }

  /// All pairs of changes of different things; those of what was met come first.
  private static func pairs(of changes: [Change], first met: [Change]) -> [[Change]] {
    var pairs: [(rank: (Int, Int), pair: [Change])] = []
    for (row, one) in changes.enumerated() {
      for other in changes.dropFirst(row + 1) where !one.meetsThing(of: other) {
        let strangers = [one, other].count { !met.contains($0) }
        pairs.append(((strangers, one.distance + other.distance), [one, other]))
      }
    }
    let order = pairs.indices.sorted {
      (pairs[$0].rank.0, pairs[$0].rank.1, $0) < (pairs[$1].rank.0, pairs[$1].rank.1, $1)
    }
    return order.map { pairs[$0].pair }
  }
}

/// One search: what was tried, and what it found.
private struct Search {
  let base: Scenario
  let run: RunResult
  let session: Int
  let limit: Int
  let workers: Int
  var runs = 1
  var isComplete = true
  private var fixes: [Fix] = []
  private var tried: Set<Set<Change>> = []

  init(base: Scenario, run: RunResult, session: Int, limit: Int, workers: Int) {
    (self.base, self.run, self.session, self.limit, self.workers) = (base, run, session, limit, workers)
  }

  /// Whether there is a fix that needs administrators alone.
  var hasOwn: Bool { fixes.contains { $0.owner == .administrator } }

  var ranked: [Fix] {
    let order = fixes.indices.sorted { rank($0).lexicographicallyPrecedes(rank($1)) }
    return order.prefix(FixSearch.most).map { fixes[$0] }
  }

  /// Who must act, how much there is to do, what comes with it, how many seconds the session then takes, and what one would do first.
  private func rank(_ row: Int) -> [Int] {
    let fix = fixes[row]
    let distance = fix.changes.reduce(0) { $0 + $1.distance }
    return [fix.owner.rawValue, fix.changes.count, fix.effect.sideEffects.count, fix.seconds, distance, row]
  }

  /// What stands in the way of the transports that the goal may be about, and the lifts and minimal sets of it.
  mutating func meet(_ goal: Expectation) throws(LiftingError) -> (lifts: [Change], sets: [[Change]]) {
    let told = run.sessions[session - 1]
    let wanted = goal.transport.map { [$0] } ?? (goal.fails ? [] : [.managed, .public])
    var (lifts, sets): ([Change], [[Change]]) = ([], [])
    for transport in told.transport == nil && !goal.fails ? [.reverseConnect] + wanted : wanted {
      guard [.managed, .public].contains(transport) || told.transport == nil, runs < limit else { continue }
      // A quarter of the runs (*assumed*): what it finds is tried first, what it does not find the plain search may.
      let bound = SearchBound(runs: max(1, min(SearchBound.usual.runs, limit / 4)), events: SearchBound.usual.events, sets: 8)
      let answer = try Lifting.answer(run, session: session, transport: transport, bound: bound)
      runs += answer.runs
      lifts += answer.obstacles.flatMap(\.lifts)
      sets += answer.sets
    }
    return (lifts, sets)
  }

  /// Those changes that the scenario can take and that are none already, each once.
  func fitting(_ changes: [Change]) -> [Change] {
    var seen: Set<String> = []
    return changes.filter { change in
      guard seen.insert(change.text).inserted, var changed = try? base.applying(all: [change]) else { return false }
      changed.origins = base.origins
      return changed != base
    }
  }

  /// Tries sets of changes in their order until the runs are used up or enough is found.
  mutating func tryAll(_ all: [[Change]], _ progress: (Int, Int) -> Void) async throws(LiftingError) {
    let fresh = all.filter { tried.insert(Set($0)).inserted }
    var next = 0
    while next < fresh.count {
      let isSingle = fresh[next].count == 1
      guard runs < limit, isSingle || fixes.count < FixSearch.most else {
        isComplete = false
        return
      }
      let part = Array(fresh[next..<min(next + min(FixSearch.chunk, limit - runs), fresh.count)])
      let (base, run, session) = (base, run, session)
      let trials = await Workers.run(part.count, workers: workers) { Self.trial(base, run, session, part[$0]) }
      for trial in trials { if let fix = try trial.get() { fixes.append(fix) } }
      next += part.count
      runs += part.count
      progress(runs, min(limit, runs + fresh.count - next))
    }
  }

  /// A fix, if these changes reach the goal, which is the last expectation.
  private static func trial(
    _ base: Scenario, _ run: RunResult, _ session: Int, _ changes: [Change]
  ) -> Result<Fix?, LiftingError> {
    guard let changed = try? base.applying(all: changes) else { return .success(nil) }
    let after: RunResult
    do { after = try Simulator.run(changed, seed: run.seed) } catch { return .failure(.simulation(error)) }
    guard after.expectations[after.expectations.count - 1].verdict == .held else { return .success(nil) }
    var effect = WhatIf(run, after, changes: changes, intended: [session])
    effect.others.removeAll { $0.subject == .expectation && $0.ordinal == base.expectations.count }
    let owner = changes.map { base.owner(of: $0) }.max() ?? .administrator
    let told = after.sessions[session - 1]
    let seconds = (told.switched ?? told.connected ?? .zero).nanoseconds / 1_000_000_000
    return .success(Fix(changes: changes, owner: owner, effect: effect, seconds: Int(seconds)))
  }
}

extension Change {
  /// Whether it changes what another changes too, or a part of it: then the two are no pair.
  fileprivate func meetsThing(of other: Change) -> Bool {
    guard case .set(let a, _) = self, case .set(let b, _) = other else { return false }
    return a == b || a.hasPrefix(b + ".") || b.hasPrefix(a + ".")
  }
}
