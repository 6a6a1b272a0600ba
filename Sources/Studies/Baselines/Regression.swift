// Scenarios run and held against their baselines, on all cores.
public import ScenarioModel
public import Simulation
public import SimulationKernel
public import Trace

/// What became of a scenario that was held against its baseline.
public struct RegressionCase: Sendable {
  public enum Status: Sendable, Equatable {
    case same
    case changed(BaselineDifference)
    /// There is no baseline yet.
    case missing
    /// The file is no baseline.
    case damaged(BaselineTextError)
  }

  /// Where the story first differs, with the records that led there.
  public struct Place: Sendable {
    public var divergence: Divergence
    /// The record first, then its causes, back to the click.
    public var causes: [CausalStep]
    /// What was told just before and after it, in order.
    public var context: [Record]
    /// What their rows name.
    public var nodes: [ComponentName]
    public var rules: [ComponentName]
    public var names: [String]
    /// From when times are counted.
    public var clicked: SimTime?
  }

  /// The scenario's place among those that were checked, such as its file.
  public var name: String
  public var title: String
  public var status: Status
  /// Of the present run; `nil` when there was none.
  public var now: Baseline?
  /// Those that did not hold.
  public var expectations: [ExpectationResult] = []
  public var brokenLaws: [BrokenLaw] = []
  /// Something was undecided when the run ended.
  public var isUndecided = false
  public var place: Place?
  /// The run broke a law of the simulation: a bug of ours.
  public var bug: SimulationError?

  /// The levels that moved.
  public var levels: [BaselineLevel] { if case .changed(let difference) = status { difference.levels } else { [] } }

  /// Whether it fails when only `levels` count; laws, expectations and missing baselines always do.
  public func fails(at levels: Set<BaselineLevel>) -> Bool {
    if bug != nil || !expectations.isEmpty || !brokenLaws.isEmpty || isUndecided { return true }
    return isPending(at: levels)
  }

  /// Whether the present run would be another baseline than the one there is.
  public func isPending(at levels: Set<BaselineLevel>) -> Bool {
    switch status {
    case .same: false
    case .changed(let difference): difference.levels.contains { levels.contains($0) }
    case .missing, .damaged: true
    }
  }
}

public enum Regression {
  /// A scenario, and the text of its baseline, if there is one.
  public struct Input: Sendable {
    public var name: String
    public var scenario: Scenario
    public var baseline: String?
    public init(name: String, scenario: Scenario, baseline: String?) {
      self.name = name
      self.scenario = scenario
      self.baseline = baseline
    }
  }

  /// Holds every scenario against its baseline, in their order.
  /// - Parameter context: how many records before and after the first divergent one are wanted.
  public static func check(_ inputs: [Input], context: Int = 4, workers: Int = 1) async -> [RegressionCase] {
    await Workers.run(inputs.count, workers: workers) { check(inputs[$0], context: context) }
  }

  private static func check(_ input: Input, context: Int) -> RegressionCase {
    var result = RegressionCase(name: input.name, title: input.scenario.title, status: .missing)
    let run: RunResult
    do { run = try Simulator.run(input.scenario) } catch {
      result.bug = error
      return result
    }
    let now = Baseline(of: run)
    result.now = now
    result.expectations = run.expectations.filter { $0.verdict != .held }
    result.brokenLaws = run.brokenLaws
    result.isUndecided = run.end == .eventLimit || run.sessions.contains { $0.reason == .undecided }
    guard let text = input.baseline else { return result }
    do throws(BaselineTextError) {
      let before = try Baseline(text: text)
      let difference = BaselineDifference(from: before, to: now)
      result.status = difference.isEmpty ? .same : .changed(difference)
      if difference.levels.contains(.protocol) { result.place = place(of: run, before, input.scenario, context) }
    } catch { result.status = .damaged(error) }
    return result
  }

  private static func place(
    of run: RunResult, _ before: Baseline, _ scenario: Scenario, _ context: Int
  ) -> RegressionCase.Place? {
    guard let divergence = Divergence.first(in: run, from: before) else { return nil }
    let trace = FullTrace(rerunning: scenario)
    let node = run.nodes.firstIndex { $0.id == divergence.machine.node }
    return RegressionCase.Place(
      divergence: divergence, causes: divergence.record.map { trace.causes(of: $0.number) } ?? [],
      context: trace.context(around: divergence, at: node, count: context), nodes: run.nodes, rules: run.rules, names: run.names,
      clicked: run.sessions.first { $0.ordinal == divergence.machine.session }?.clicked)
  }
}
