// The scenario files of the repository, and small ways to run and change them.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

enum Files {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let scenarios = root.appending(path: "Scenarios")

  static func scenario(_ name: String) throws -> Scenario {
    try ScenarioReader.read(file: scenarios.appending(path: name + ".yaml").path())
  }

  /// Every scenario file, by its path below `Scenarios`, sorted.
  static var all: [String] {
    let found = FileManager.default.enumerator(atPath: scenarios.path())?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }
}

extension Scenario {
  /// This scenario with changes written as on the command line.
  func with(_ changes: String...) throws -> Scenario {
    try changes.reduce(self) { try $0.applying(ChangeReader.parse($1)) }
  }

  func run(seed: UInt64? = nil) throws -> RunResult { try Simulator.run(self, seed: seed) }
}

extension RunResult {
  func attempt(_ transport: Transport, session: Int = 1) -> AttemptResult {
    sessions[session - 1].attempts.first { $0.transport == transport }!
  }

  func time(of milestone: Milestone, _ attempt: Transport? = nil, session: Int = 1) -> SimTime? {
    sessions[session - 1].milestones.first { $0.milestone == milestone && (attempt == nil || $0.attempt == attempt) }?.time
  }
}
