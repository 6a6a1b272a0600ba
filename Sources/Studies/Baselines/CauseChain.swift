// Every record of one run, motion among them, and the way from any of them back to where it began.
public import ScenarioModel
import Simulation
import SimulationKernel
public import Trace
import Wire

/// A record of a chain of causes.
public struct CausalStep: Sendable, Equatable {
  public var record: Record
  /// What came of it at once, beside the next in the chain.
  public var milestones: [Milestone] = []
}

/// All records of a run, in the order of their numbers.
public struct FullTrace: Sendable {
  public let records: [Record]

  /// Runs a scenario again with motion on. Sinks change no outcome, so that the numbers are those of any run of it.
  public init(rerunning scenario: Scenario, seed: UInt64? = nil) {
    let log = MotionLog()
    let world = World(Blueprint(scenario), seed: seed, sink: log)
    _ = world.run()
    var all = log.records
    all.reserveCapacity(all.count + world.recorder.story.count)
    all += world.recorder.story
    records = all.sorted { $0.number < $1.number }
  }

  private func row(of number: UInt64) -> Int? {
    var (low, high) = (0, records.count)
    while low < high {
      let middle = (low + high) / 2
      if records[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < records.count && records[low].number == number ? low : nil
  }

  /// The record and its causes, back to the click of its session, or to one that nothing in the run caused: the scenario's own hand.
  public func causes(of number: UInt64) -> [CausalStep] {
    guard let first = row(of: number).map({ records[$0] }) else { return [] }
    let click = records.last { $0.milestone == .click && $0.session == first.session && $0.number <= number }
    var chain = [CausalStep(record: first)]
    // A cause comes before what it causes, so that the chain ends.
    while let last = chain.last?.record, last.milestone != .click, last.cause > 0, last.cause < last.number,
      let row = row(of: last.cause)
    {
      // What had been set going before the click goes on because of it.
      if let click, last.number > click.number, last.cause < click.number {
        chain.append(CausalStep(record: click))
        break
      }
      chain.append(CausalStep(record: records[row]))
    }
    let steps = Dictionary(chain.indices.map { (chain[$0].record.number, $0) }, uniquingKeysWith: { a, _ in a })
    for record in records where record.number < number {
      if let milestone = record.milestone, let step = steps[record.cause] { chain[step].milestones.append(milestone) }
    }
    return chain
  }

  /// What was told of the session, or at the machine's node of no session, just before and after a divergence. Packets on their way
  /// between their ends are left out.
  /// - Parameter count: how many on either side.
  public func context(around place: Divergence, at node: Int?, count: Int) -> [Record] {
    let own = records.filter { record in
      guard record.kind != .forwarded, record.kind != .translated else { return false }
      return record.session != 0
        ? Int(record.session) == place.machine.session : node.map { Int(record.node.index) == $0 } ?? false
    }
    let middle =
      place.isMissing
      ? own.firstIndex { $0.time > place.time } : own.firstIndex { $0.number >= place.record?.number ?? .max }
    let row = middle ?? own.count
    return Array(own[max(0, row - count)..<min(own.count, row + count + 1)])
  }
}

private final class MotionLog: TraceSink {
  var records: [Record] = []
  func receive(_ record: Record) { records.append(record) }
}
