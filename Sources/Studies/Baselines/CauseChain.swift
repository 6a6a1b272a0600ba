// Every record of one run, motion among them, and the way from any of them back to where it began.
public import ScenarioModel
import Simulation
import SimulationKernel
public import Trace
import Wire

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

  /// The record and its causes, back to one that nothing in the run caused: the scenario's own hand.
  public func causes(of number: UInt64) -> [Record] {
    var chain: [Record] = []
    var next = number
    // A cause comes before what it causes, so that the chain ends.
    while next > 0, let row = row(of: next), chain.last.map({ records[row].number < $0.number }) ?? true {
      chain.append(records[row])
      next = records[row].cause
    }
    return chain
  }

  /// What was told at the machine's node, or of its session anywhere, just before and after a record or time.
  /// - Parameter count: how many on either side.
  public func context(around place: Divergence, at node: Int?, count: Int) -> [Record] {
    let own = records.filter { record in
      record.session == place.machine.session && record.session != 0 || node.map { Int(record.node.index) == $0 } ?? false
    }
    let middle: Int
    if place.found != nil, let record = place.record {
      middle = own.firstIndex { $0.number >= record.number } ?? own.count
    } else {
      middle = own.firstIndex { $0.time > place.time } ?? own.count
    }
    return Array(own[max(0, middle - count)..<min(own.count, middle + count + 1)])
  }
}

private final class MotionLog: TraceSink {
  var records: [Record] = []
  func receive(_ record: Record) { records.append(record) }
}
