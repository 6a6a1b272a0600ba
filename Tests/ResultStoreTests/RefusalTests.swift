// Files that are not ours stay as they are, and a writer killed at any moment leaves whole runs.
import Foundation
import GRDB
@testable import ResultStore
@testable import Simulation
import Testing

@Suite struct RefusalTests {
  /// The error of opening `path`.
  func refusal(_ path: String) -> StoreError? {
    do throws(StoreError) {
      _ = try RunStore(path: path)
      return nil
    } catch { return error }
  }

  func foreign(_ path: String, _ sql: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }

  @Test("A text file is refused and not touched") func textFile() throws {
    let folder = try TestFolder()
    let text = Data(String(repeating: "no database. ", count: 200).utf8)
    try text.write(to: URL(fileURLWithPath: folder.file()))
    #expect(refusal(folder.file()) == .notADatabase(path: folder.file()))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file())) == text)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["runs.sqlite"])
  }

  @Test(
    "Another program's database is refused and not touched",
    arguments: [
      "PRAGMA application_id = 77; CREATE TABLE t (x)", "CREATE TABLE t (x)", "PRAGMA user_version = 3",
      "PRAGMA journal_mode = wal; CREATE TABLE t (x)",
    ])
  func otherApplication(sql: String) throws {
    let folder = try TestFolder()
    try foreign(folder.file(), sql)
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.file()))
    #expect(refusal(folder.file()) == .otherApplication(path: folder.file()))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file())) == before)
  }

  @Test("A file of a newer version is refused and not touched") func newer() throws {
    let folder = try TestFolder()
    try RunStore(path: folder.file()).write(sampleRun(), source: "a", resolved: "b")
    try foreign(folder.file(), "PRAGMA user_version = 99")
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.file()))
    #expect(refusal(folder.file()) == .newerVersion(path: folder.file(), found: 99, known: Schema.version))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file())) == before)
  }

  @Test("A missing folder, and a folder in the file's place, are told apart") func folders() throws {
    let folder = try TestFolder()
    #expect(refusal(folder.path + "/none/runs.sqlite") == .folderMissing(path: folder.path + "/none/runs.sqlite"))
    #expect(refusal(folder.path) == .notADatabase(path: folder.path))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
  }

  @Test("An empty file becomes a result file") func empty() throws {
    let folder = try TestFolder()
    try Data().write(to: URL(fileURLWithPath: folder.file()))
    #expect(refusal(folder.file()) == nil)
  }

  @Test("No space left is said, and the runs before it are whole") func full() throws {
    let folder = try TestFolder()
    let store = try RunStore(path: folder.file())
    try store.write(sampleRun(), source: "a", resolved: "b")
    try store.queue.write { try $0.execute(sql: "PRAGMA max_page_count = 1") }
    #expect(throws: StoreError.diskFull(path: folder.file())) {
      try store.write(sampleRun(records: 50_000), source: "a", resolved: "b")
    }
    #expect(try wholeRuns(folder.file()) == 1)
  }

  @Test(
    "SQLite's refusals are sentences",
    arguments: [
      (ResultCode.SQLITE_BUSY, "another process"), (.SQLITE_READONLY, "cannot be written"), (.SQLITE_CORRUPT, "damaged"),
    ])
  func sentences(code: ResultCode, words: String) {
    let error = StoreError(DatabaseError(resultCode: code), path: "x.sqlite")
    #expect(error.description.hasPrefix("x.sqlite: ") && error.description.contains(words))
  }

  /// Runs in the file, each with all of its records.
  func wholeRuns(_ path: String) throws -> Int {
    try DatabaseQueue(path: path).read { database in
      #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
      let runs = try Int.fetchOne(database, sql: "SELECT count(*) FROM run") ?? 0
      #expect(try Int.fetchOne(database, sql: "SELECT count(DISTINCT run_id) FROM record") == runs)
      return runs
    }
  }

  @Test("The files copied in the middle of a transaction hold the runs committed before, and nothing of the one under way")
  func copied() throws {
    let folder = try TestFolder()
    let store = try RunStore(path: folder.file())
    try store.write(sampleRun(), source: "a", resolved: "b")
    try store.queue.write { database in
      // A cache this small spills the open transaction's pages into the log, as a large run would.
      try database.execute(sql: "PRAGMA cache_size = 5")
      _ = try RunWriter(database: database, run: sampleRun(records: 20_000)).write(source: "a", resolved: "b", machine: nil)
      for ending in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: folder.file() + ending, toPath: folder.file("copy.sqlite") + ending)
      }
      #expect(try FileManager.default.attributesOfItem(atPath: folder.file("copy.sqlite-wal"))[.size] as? Int ?? 0 > 1_000_000)
    }
    #expect(try wholeRuns(folder.file("copy.sqlite")) == 1)
    #expect(try wholeRuns(folder.file()) == 2)
    #expect(refusal(folder.file("copy.sqlite")) == nil)
  }

  @Test("A process killed while it writes leaves whole runs, and the next one writes on")
  func killed() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("shortpath-killed-\(UUID().uuidString).sqlite").path
    defer { for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) } }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try RunStore(path: path)
      try store.write(sampleRun(), source: "a", resolved: "b")
      try store.queue.write { database in
        try database.execute(sql: "PRAGMA cache_size = 5")
        _ = try RunWriter(database: database, run: sampleRun(records: 20_000)).write(source: "a", resolved: "b", machine: nil)
        kill(getpid(), SIGKILL)
      }
    }
    #expect(try wholeRuns(path) == 1)
    try RunStore(path: path).write(sampleRun(), source: "a", resolved: "b")
    #expect(try wholeRuns(path) == 2)
  }
}
