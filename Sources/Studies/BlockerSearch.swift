// Which changes make an attempt succeed: minimal sets of lifted blockers, each found and proved by re-runs under the same luck.
public import ScenarioModel
import Simulation
import SimulationKernel
import Trace
public import Wire

/// What lifting can do for one attempt of one session.
public struct BlockerAnswer: Sendable, Equatable {
  public enum Verdict: Sendable, Equatable {
    /// It succeeds by itself once no other kind of Shortpath races with it.
    case works
    /// `sets` make it succeed.
    case liftable
    /// No set was found: `sets` holds one, of what the attempt came further by, and `remaining` what stands behind it.
    case atLeast
  }
  public var session: Int
  public var transport: Transport
  public var verdict: Verdict
  /// Minimal sets: with all of a set lifted the attempt succeeds, with any of its members left in place it does not.
  public var sets: [[Change]]
  /// Whether there are no other minimal sets among the lifts met.
  public var isComplete: Bool
  /// Everything that was met, in order: what is behind others was met once those were lifted.
  public var obstacles: [Obstacle]
  /// What still stood in the way in the end; empty unless the verdict is `atLeast`.
  public var remaining: [Obstacle]
  /// How many runs it took.
  public var runs: Int

  /// The members of every set.
  public var common: [Change] { (sets.first ?? []).filter { change in sets.allSatisfy { $0.contains(change) } } }
  /// Whether a change is in some set.
  public func uses(_ change: Change) -> Bool { sets.contains { $0.contains(change) } }
}

/// How long a search may go on. Both are counted, not timed, so that a search ends alike on every machine.
public struct SearchBound: Sendable {
  public var runs: Int
  /// Events of all runs together.
  public var events: UInt64
  /// Minimal sets to list.
  public var sets: Int
  public init(runs: Int, events: UInt64, sets: Int) {
    self.runs = runs
    self.events = events
    self.sets = sets
  }
  /// Within a second in a release build (*assumed*: about three million events a second; more sets than eight nobody reads).
  public static let usual = SearchBound(runs: 150, events: 2_500_000, sets: 8)
}

/// The search for one attempt. The question is about its transport alone: the other kind of Shortpath is switched off by its own setting,
/// so that a lost race is no failure. The attempt succeeds when the session is on it at the end of the run; reverse connect, when the
/// session is on anything at all.
struct BlockerSearch {
  /// What one run showed.
  private struct Probe {
    var succeeds: Bool
    var obstacles: [Obstacle]
    /// How it ended and how far it had come.
    var fate: String
  }

  let base: Scenario
  let seed: UInt64
  let session: Int
  let transport: Transport
  let bound: SearchBound
  /// Every lift met, in order; sets are written as rows of it.
  private var lifts: [Change] = []
  private var met: [Obstacle] = []
  private var probes: [[Int]: Probe] = [:]
  private var runs = 0
  private var events: UInt64 = 0

  init(_ scenario: Scenario, seed: UInt64, session: Int, transport: Transport, bound: SearchBound) throws(LiftingError) {
    var base = scenario
    base.expectations = []
    let policy = "hosts.\(scenario.sessions[session - 1].host).policy"
    let rivals: [(String, String)] =
      switch transport {
      case .managed: [("directUDP", "2"), ("publicUDP", "2")]
      case .public: [("fUseUdpPortRedirector", "0")]
      case .reverseConnect, .relayed: []
      }
    do {
      for (name, value) in rivals { base = try base.applying(.set(path: "\(policy).\(name)", value: .word(value))) }
    } catch { throw .change(error) }
    (self.base, self.seed, self.session, self.transport, self.bound) = (base, seed, session, transport, bound)
  }

  private var isExhausted: Bool { runs >= bound.runs || events >= bound.events }

  mutating func answer() throws(LiftingError) -> BlockerAnswer {
    if try probe([]).succeeds { return answer(.works, [], isComplete: true, remaining: []) }
    // Every branch leaves out one member of a set found before: what succeeds without it is another set.
    var found: [[Int]] = []
    var branches: [[Int]] = [[]]
    var seen: Set<[Int]> = [[]]
    while !branches.isEmpty, !isExhausted, found.count < bound.sets {
      let without = branches.removeFirst()
      var set = found.first { $0.allSatisfy { !without.contains($0) } }
      if set == nil, let sufficient = try grow(without: without) {
        let minimal = try shrink(sufficient)
        if !isExhausted, !found.contains(minimal) { found.append(minimal) }
        set = minimal
      }
      for member in set ?? [] {
        let next = (without + [member]).sorted()
        if seen.insert(next).inserted { branches.append(next) }
      }
    }
    if found.isEmpty { return try stuck() }
    let ranked = found.sorted { ($0.count, weight($0), $0.description) < ($1.count, weight($1), $1.description) }
    return answer(.liftable, ranked.map(changes), isComplete: branches.isEmpty, remaining: [])
  }

  private func answer(
    _ verdict: BlockerAnswer.Verdict, _ sets: [[Change]], isComplete: Bool, remaining: [Obstacle]
  ) -> BlockerAnswer {
    BlockerAnswer(
      session: session, transport: transport, verdict: verdict, sets: sets, isComplete: isComplete, obstacles: met,
      remaining: remaining, runs: runs)
  }

  private func changes(_ set: [Int]) -> [Change] { set.sorted().map { lifts[$0] } }
  private func weight(_ set: [Int]) -> Int { set.reduce(0) { $0 + lifts[$1].distance } }

  // MARK: Sets

  /// Lifts all that is met, and what is behind it, until the attempt succeeds; `nil` when nothing more can be lifted.
  private mutating func grow(without: [Int]) throws(LiftingError) -> [Int]? {
    var set = lifts.indices.filter { !without.contains($0) }
    while !isExhausted {
      let probe = try probe(set)
      if probe.succeeds { return set }
      let further = lifts.indices.filter { row in
        !without.contains(row) && !set.contains(row) && probe.obstacles.contains { $0.lifts.contains(lifts[row]) }
      }
      if further.isEmpty { return nil }
      set = (set + further).sorted()
    }
    return nil
  }

  /// A minimal part of a sufficient set. It halves the set first, keeping what is nearest; then each member is shown to be needed.
  private mutating func shrink(_ set: [Int]) throws(LiftingError) -> [Int] {
    let nearest = set.sorted { (lifts[$0].distance, $0) < (lifts[$1].distance, $1) }
    var minimal = try needed(of: nearest, beside: [], afterGrowth: false).sorted()
    // Where lifts hinder each other, halves tell nothing: then one after the other is left out.
    if try !probe(minimal).succeeds { minimal = set }
    for row in minimal.sorted(by: { (lifts[$0].distance, $0) > (lifts[$1].distance, $1) }) where !isExhausted {
      let rest = minimal.filter { $0 != row }
      if try probe(rest).succeeds { minimal = rest }
    }
    return minimal
  }

  /// What of `rest` is needed beside `kept` (Junker, QuickXplain).
  private mutating func needed(of rest: [Int], beside kept: [Int], afterGrowth: Bool) throws(LiftingError) -> [Int] {
    if afterGrowth, try probe(kept).succeeds { return [] }
    if rest.count <= 1 { return rest }
    let (near, far) = (Array(rest[..<(rest.count / 2)]), Array(rest[(rest.count / 2)...]))
    let ofFar = try needed(of: far, beside: kept + near, afterGrowth: true)
    let ofNear = try needed(of: near, beside: kept + ofFar, afterGrowth: !ofFar.isEmpty)
    return ofNear + ofFar
  }

  /// Nothing succeeded: what the attempt came further by, and what stands behind it.
  private mutating func stuck() throws(LiftingError) -> BlockerAnswer {
    var set = Array(lifts.indices)
    let last = try probe(set, evenWhenExhausted: true)
    for row in set.sorted(by: { (lifts[$0].distance, $0) > (lifts[$1].distance, $1) }) where !isExhausted {
      let rest = set.filter { $0 != row }
      if try probe(rest).fate == last.fate { set = rest }
    }
    let remaining = try probe(set, evenWhenExhausted: true).obstacles
    return answer(.atLeast, set.isEmpty ? [] : [changes(set)], isComplete: false, remaining: remaining)
  }

  // MARK: Runs

  private mutating func probe(_ set: [Int], evenWhenExhausted: Bool = false) throws(LiftingError) -> Probe {
    let set = set.sorted()
    if let known = probes[set] { return known }
    guard !isExhausted || evenWhenExhausted else { return Probe(succeeds: false, obstacles: [], fate: "") }
    let probe = try run(set)
    probes[set] = probe
    for var obstacle in probe.obstacles where !met.contains(where: { obstacle.isSaid(by: $0) }) {
      obstacle.behind = changes(set)
      met.append(obstacle)
      for lift in obstacle.lifts where !lifts.contains(lift) && fits(lift) { lifts.append(lift) }
    }
    return probe
  }

  /// Whether the scenario can be changed so: a change that contradicts what it says elsewhere is none.
  private func fits(_ lift: Change) -> Bool { (try? base.applying(lift).problems().isEmpty) ?? false }

  private mutating func run(_ set: [Int]) throws(LiftingError) -> Probe {
    runs += 1
    var scenario = base
    do { for change in changes(set) { scenario = try scenario.applying(change) } } catch {
      return Probe(succeeds: false, obstacles: [], fate: "does not fit: \(error)")
    }
    guard scenario.problems().isEmpty else { return Probe(succeeds: false, obstacles: [], fate: "does not fit") }
    let blueprint = Blueprint(scenario)
    let run: RunResult
    do { run = try Simulator.run(blueprint, seed: seed) } catch { throw .simulation(error) }
    events += run.events
    let told = run.sessions[session - 1]
    let reader = ObstacleReader(
      lifts: Lifts(scenario: blueprint.scenario, blueprint: blueprint, run: run, session: told), transport: transport)
    if reader.succeeds { return Probe(succeeds: true, obstacles: [], fate: "succeeds") }
    return Probe(succeeds: false, obstacles: reader.obstacles, fate: reader.fate)
  }
}
