// What is written can be read back, whole and typed.
import Foundation
import GRDB
@testable import ResultStore
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct RunStoreTests {
  static let tables = [
    "engine", "scenario", "run", "machine", "node", "rule", "expectation", "drop_count", "probe", "session", "attempt", "blocker",
    "candidate", "candidate_pair", "milestone", "channel_total", "record", "failure", "reconnect", "rogue", "rogue_drop",
    "connection",
    "traffic",
  ]

  func counts(_ path: String) throws -> [String: Int] {
    try DatabaseQueue(path: path).read { database in
      var counts: [String: Int] = [:]
      for table in Self.tables { counts[table] = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") }
      return counts
    }
  }

  @Test("DESIGN §8: a run fills every table, with one attempt per transport")
  func roundTrip() throws {
    let folder = try TestFolder()
    let store = try RunStore(path: folder.file())
    let id = try store.write(
      sampleRun(), source: "a", resolved: "b",
      machine: MachineFacts(host: "here", started: "2025-01-01T00:00:00Z", wallNanoseconds: 5))
    #expect(id == 1)
    #expect(
      try counts(folder.file()) == [
        "engine": 1, "scenario": 1, "run": 1, "machine": 1, "node": 1, "rule": 1, "expectation": 1, "drop_count": 1, "probe": 1,
        "session": 1, "attempt": 4, "blocker": 2, "candidate": 1, "candidate_pair": 1, "milestone": 2, "channel_total": 1,
        "record": 20, "failure": 1, "reconnect": 1, "rogue": 1, "rogue_drop": 1, "connection": 1, "traffic": 1,
      ])
  }

  @Test("Nanoseconds, codes, hex fingerprints and words are stored exactly")
  func values() throws {
    let folder = try TestFolder()
    try RunStore(path: folder.file()).write(sampleRun(seed: .max), source: "a", resolved: "b")
    try DatabaseQueue(path: folder.file()).read { database in
      let run = try #require(try Row.fetchOne(database, sql: "SELECT * FROM v_run"))
      #expect(run["seed"] == "18446744073709551615" && run["trajectory_fingerprint"] == "ffffffffffffffff")
      #expect(try Int64.fetchOne(database, sql: "SELECT end_ns FROM run") == 1_234_567_891)
      let steps = try Row.fetchAll(database, sql: "SELECT step, milestone FROM milestone ORDER BY ordinal")
      #expect(steps[0]["step"] == 7 && steps[0]["milestone"] == "gateway-connected")
      #expect(steps[1]["step"] == nil as Int? && steps[1]["milestone"] == "rdp-multitransport")
      let words = try String.fetchAll(
        database, sql: "SELECT kind || ' ' || word || ' ' || coalesce(detail, '-') FROM record LIMIT 5")
      #expect(
        words == [
          "milestone desktop -", "transition securing tls", "drop rule -", "attempt no-answer failed", "decision no-udp-path tls",
        ])
      let blocker = try #require(try Row.fetchOne(database, sql: "SELECT * FROM v_blocker WHERE transport = 'managed'"))
      #expect(blocker["rule"] == "no-udp" && blocker["from_endpoint"] == "10.1.0.4:3390" && blocker["pair"] == nil as Int?)
      #expect(try String.fetchOne(database, sql: "SELECT source FROM scenario") == "a")
    }
  }

  @Test("Every view answers") func views() throws {
    let folder = try TestFolder()
    try RunStore(path: folder.file()).write(sampleRun(), source: "a", resolved: "b")
    try DatabaseQueue(path: folder.file()).read { database in
      let views = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'view'")
      #expect(views.count == 13)
      for view in views { #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM \(view)")! > 0, "\(view) is empty") }
    }
  }

  @Test("A file of version 1 is migrated when it is opened, and keeps its rows")
  func migrates() throws {
    let folder = try TestFolder()
    try DatabaseQueue(path: folder.file()).write { database in
      try database.execute(sql: Schema.migrations[0])
      try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = 1")
      try database.execute(sql: "INSERT INTO engine VALUES (1, 'shortpath', 77)")
    }
    try RunStore(path: folder.file()).write(sampleRun(), source: "a", resolved: "b")
    try DatabaseQueue(path: folder.file()).read { database in
      let versions = try Int.fetchAll(database, sql: "SELECT model_version FROM engine ORDER BY id")
      #expect(versions == [77, 1])
      #expect(try Int.fetchOne(database, sql: "SELECT disorder FROM channel_total") == 3)
      #expect(try String.fetchOne(database, sql: "SELECT dropped FROM v_rogue") == "rule")
      #expect(try String.fetchOne(database, sql: "SELECT missing FROM v_failure") == "host-connected")
      #expect(try Double.fetchOne(database, sql: "SELECT handshake_ms FROM v_connection") == 9)
      #expect(try Int.fetchOne(database, sql: "SELECT 10 * retransmitted + peer_retransmitted FROM v_connection") == 21)
      #expect(try Int.fetchOne(database, sql: "SELECT packets FROM v_traffic WHERE direction = 'links.transit.there'") == 31)
    }
  }

  @Test("The same scenario and seed again is one more run of the same scenario, after reopening too")
  func appends() throws {
    let folder = try TestFolder()
    try RunStore(path: folder.file()).write(sampleRun(), source: "a", resolved: "b")
    let again = try RunStore(path: folder.file())
    #expect(try again.write(sampleRun(), source: "a", resolved: "b") == 2)
    #expect(try again.write(sampleRun(), source: "a", resolved: "changed") == 3)
    let counts = try counts(folder.file())
    #expect(counts["run"] == 3 && counts["scenario"] == 2 && counts["engine"] == 1 && counts["record"] == 60)
  }

  @Test("STRICT: a text does not fit an integer column, and a session without a run is refused")
  func strict() throws {
    let folder = try TestFolder()
    let store = try RunStore(path: folder.file())
    try store.queue.write { database in
      let tables = try Row.fetchAll(database, sql: "PRAGMA table_list").filter { $0["type"] == "table" && $0["schema"] == "main" }
      for table in tables where !(table["name"] as String).hasPrefix("sqlite_") {
        #expect(table["strict"] == 1, "\(table["name"] as String)")
      }
      #expect(throws: DatabaseError.self) { try database.execute(sql: "INSERT INTO engine VALUES (9, 'x', 'not a number')") }
      #expect(throws: DatabaseError.self) { try database.execute(sql: "INSERT INTO node VALUES (99, 0, 'n', 'p')") }
    }
  }

  @Test("SQLite finds nothing wrong with what was written") func integrity() throws {
    let folder = try TestFolder()
    try RunStore(path: folder.file()).write(sampleRun(), source: "a", resolved: "b")
    try DatabaseQueue(path: folder.file()).read { database in
      let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode")
      #expect(mode == "wal")
      #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
    }
  }
}
