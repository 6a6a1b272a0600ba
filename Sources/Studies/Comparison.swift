// Sessions side by side: of several scenarios, seeds, settings or stored results, with what differs between them.
public import ScenarioModel
public import Simulation
public import SimulationKernel
import Trace
import Wire

/// What became of one session, from a run or from a result file.
public struct Outcome: Sendable, Equatable {
  public var scenario: String
  public var seed: UInt64
  /// From 1.
  public var session: Int
  public var client: String
  public var host: String
  /// `none` for a session that failed.
  public var transport: String
  /// Empty where there is none.
  public var route: String
  public var reason: String
  public var sentence: String
  public var connected: SimDuration?
  public var switched: SimDuration?
  public var roundTripBefore: SimDuration?
  public var roundTrip: SimDuration?

  public init(scenario: String, seed: UInt64, session: Int, client: String, host: String, transport: String, reason: String) {
    (self.scenario, self.seed, self.session) = (scenario, seed, session)
    (self.client, self.host, self.transport, self.reason) = (client, host, transport, reason)
    (route, sentence) = ("", "")
  }

  /// The outcomes of a run's sessions.
  public static func all(of run: RunResult) -> [Outcome] {
    run.sessions.map { session in
      let isUndecided = session.transport == nil && session.reason == .undecided
      var outcome = Outcome(
        scenario: run.scenario.id, seed: run.seed, session: session.ordinal, client: session.client, host: session.host,
        transport: session.transport?.name ?? (isUndecided ? "undecided" : "none"), reason: session.reason.code)
      (outcome.route, outcome.sentence) = (session.route, session.sentence)
      (outcome.connected, outcome.switched) = (session.connected, session.switched)
      (outcome.roundTripBefore, outcome.roundTrip) = (session.roundTripBefore, session.roundTrip)
      return outcome
    }
  }

  /// What outcomes are compared by, under the keys that programs rely on.
  public enum Field: String, Sendable, CaseIterable {
    case transport, route, reason
    case connected = "connected_ms"
    case switched = "switched_ms"
    case roundTripBefore = "rtt_before_ms"
    case roundTrip = "rtt_ms"
  }

  /// The fields in which this one is not as another.
  public func differences(from other: Outcome) -> [Field] {
    Field.allCases.filter { field in
      switch field {
      case .transport: transport != other.transport
      case .route: route != other.route
      case .reason: reason != other.reason
      case .connected: connected != other.connected
      case .switched: switched != other.switched
      case .roundTripBefore: roundTripBefore != other.roundTripBefore
      case .roundTrip: roundTrip != other.roundTrip
      }
    }
  }
}

/// One of the things that are compared.
public struct ComparedSide: Sendable, Equatable {
  public var name: String
  public var outcomes: [Outcome]
  public init(name: String, outcomes: [Outcome]) { (self.name, self.outcomes) = (name, outcomes) }
}

/// A run that a comparison needs.
public struct ComparedRun: Sendable {
  /// The side it belongs to.
  public var side: String
  public var scenario: Scenario
  public var seed: UInt64
  public init(side: String, scenario: Scenario, seed: UInt64) { (self.side, self.scenario, self.seed) = (side, scenario, seed) }
}

public struct Comparison: Sendable, Equatable {
  /// One session on every side.
  public struct Row: Sendable, Equatable {
    /// The scenario's name; `nil` where every side has one of its own.
    public var scenario: String?
    /// `nil` where every side has one of its own.
    public var seed: UInt64?
    public var session: Int
    /// In the order of the sides; `nil` on a side that has no such session.
    public var outcomes: [Outcome?]

    /// The fields in which each side is not as the first one that has the session.
    public var differences: [[Outcome.Field]] {
      guard let first = outcomes.compactMap({ $0 }).first else { return [] }
      return outcomes.map { $0?.differences(from: first) ?? [] }
    }
    /// Whether the sides differ, or one has no such session.
    public var differs: Bool { outcomes.contains(nil) || differences.contains { !$0.isEmpty } }
    /// The fields in which any side differs.
    public var fields: [Outcome.Field] { Outcome.Field.allCases.filter { field in differences.contains { $0.contains(field) } } }
  }
  public var sides: [String]
  public var rows: [Row]
  /// The seeds, where the sides do not share their luck.
  public var seedsApart: [UInt64]

  /// Puts sessions side by side: by scenario, seed and number, and by number alone where each side has one scenario or one seed.
  public init(_ sides: [ComparedSide]) {
    self.sides = sides.map(\.name)
    let byScenario = sides.contains { side in side.outcomes.contains { $0.scenario != side.outcomes[0].scenario } }
    let bySeed = sides.contains { side in side.outcomes.contains { $0.seed != side.outcomes[0].seed } }
    rows = []
    var known: [Key: Int] = [:]
    for (column, side) in sides.enumerated() {
      for outcome in side.outcomes {
        let key = Key(scenario: byScenario ? outcome.scenario : nil, seed: bySeed ? outcome.seed : nil, session: outcome.session)
        if known[key] == nil {
          known[key] = rows.count
          rows.append(
            Row(scenario: key.scenario, seed: key.seed, session: key.session, outcomes: Array(repeating: nil, count: sides.count))
          )
        }
        rows[known[key]!].outcomes[column] = outcome
      }
    }
    let seeds = sides.compactMap { $0.outcomes.first?.seed }
    seedsApart = bySeed || seeds.allSatisfy { $0 == seeds[0] } ? [] : seeds
  }

  private struct Key: Hashable {
    var scenario: String?
    var seed: UInt64?
    var session: Int
  }

  /// Runs what is to be compared, on several tasks; the sides come in the order of their first runs.
  public static func run(_ runs: [ComparedRun], workers: Int = 1) async throws(SimulationError) -> [ComparedSide] {
    let results = await Workers.run(runs.count, workers: workers) { row in
      Result { () throws(SimulationError) in Outcome.all(of: try Simulator.run(runs[row].scenario, seed: runs[row].seed)) }
    }
    var sides: [ComparedSide] = []
    for (run, result) in zip(runs, results) {
      let outcomes = try result.get()
      if let row = sides.firstIndex(where: { $0.name == run.side }) {
        sides[row].outcomes += outcomes
      } else {
        sides.append(ComparedSide(name: run.side, outcomes: outcomes))
      }
    }
    return sides
  }
}
