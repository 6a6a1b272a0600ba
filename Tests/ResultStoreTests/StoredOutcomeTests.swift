// Sessions read back for comparisons: as they were written, of equal runs the last, and the file is left as it was.
import Foundation
import GRDB
@testable import ResultStore
@testable import Simulation
import SimulationKernel
import Studies
import Testing

@Suite struct StoredOutcomeTests {
  @Test("what comes back is what the runs said, to the nanosecond, and of equal runs the last counts") func roundTrip() throws {
    let folder = try TestFolder()
    let store = try RunStore(path: folder.file())
    var last = sampleRun()
    last.sessions[0].connected = SimDuration(nanoseconds: 1_234_567_891_011)
    let other = sampleRun(seed: .max)
    for run in [sampleRun(), other, last] { try store.write(run, source: "a", resolved: "b") }
    let before = try FileManager.default.attributesOfItem(atPath: folder.file())[.size] as? Int
    let outcomes = try RunStore.outcomes(path: folder.file())
    #expect(outcomes == Outcome.all(of: last) + Outcome.all(of: other))
    #expect(try FileManager.default.attributesOfItem(atPath: folder.file())[.size] as? Int == before)
  }

  @Test("other files are told apart and refused") func refusals() throws {
    let folder = try TestFolder()
    try DatabaseQueue(path: folder.file()).write { try $0.execute(sql: "CREATE TABLE t (x)") }
    #expect(RunStore.isDatabase(path: folder.file()))
    #expect(throws: StoreError.otherApplication(path: folder.file())) { try RunStore.outcomes(path: folder.file()) }
    try Data("shortpath: 1".utf8).write(to: URL(fileURLWithPath: folder.path + "/a.yaml"))
    #expect(!RunStore.isDatabase(path: folder.path + "/a.yaml") && !RunStore.isDatabase(path: folder.path))
  }
}
