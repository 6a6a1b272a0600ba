// Reads a result file's sessions for comparisons, without writing to it.
import Foundation
import GRDB
import SimulationKernel
public import Studies

extension RunStore {
  /// The sessions of a result file, through its view `v_session`; of several runs of a scenario under one seed those of the last.
  public static func outcomes(path: String) throws(StoreError) -> [Outcome] {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(patience)
      return try DatabaseQueue(path: path, configuration: configuration).read { database in
        try judge(database, path: path)
        guard try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 > 0 else { return [] }
        let rows = try Row.fetchAll(
          database,
          sql: """
            SELECT * FROM v_session WHERE run IN (SELECT max(run) FROM v_run GROUP BY scenario, seed)
              ORDER BY scenario, length(seed), seed, session
            """)
        return rows.map(outcome)
      }
    } catch { throw StoreError(error, path: path) }
  }

  private static func outcome(_ row: Row) -> Outcome {
    let (transport, reason): (String?, String) = (row["transport"], row["reason"])
    var outcome = Outcome(
      scenario: row["scenario"], seed: UInt64(row["seed"] as String) ?? 0, session: row["session"], client: row["client"],
      host: row["host"], transport: transport ?? (reason == "undecided" ? "undecided" : "none"), reason: reason)
    outcome.route = row["route"] ?? ""
    outcome.sentence = row["sentence"]
    // The view divides whole nanoseconds by a million: up to 2^53 of them come back exactly.
    func time(_ column: String) -> SimDuration? {
      (row[column] as Double?).map { SimDuration(nanoseconds: Int64(($0 * 1e6).rounded())) }
    }
    (outcome.connected, outcome.switched) = (time("connected_ms"), time("switched_ms"))
    (outcome.roundTripBefore, outcome.roundTrip) = (time("rtt_before_ms"), time("rtt_ms"))
    return outcome
  }

  /// Whether a file is an SQLite database, by its first bytes (SQLite, "Database File Format", §1.3).
  public static func isDatabase(path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 16)) == Data("SQLite format 3\0".utf8)
  }
}
