// A result file: opens or makes it, refuses what is not its own, and writes whole runs, one transaction each.
import Foundation
import GRDB
public import Simulation

/// What differs between machines and is kept apart from results.
public struct MachineFacts: Sendable, Equatable {
  /// The machine's name.
  public var host: String
  /// When the run was started, as text in UTC.
  public var started: String
  /// How long it took on the wall.
  public var wallNanoseconds: Int64
  /// Facts of one run on one machine.
  public init(host: String, started: String, wallNanoseconds: Int64) {
    self.host = host
    self.started = started
    self.wallNanoseconds = wallNanoseconds
  }
}

/// Writes runs into one SQLite file. Every write adds a run, also when the same scenario and seed were run before: a result file
/// is a log, and equal runs show by their fingerprints.
public final class RunStore {
  /// The file, as the caller named it.
  public let path: String
  let queue: DatabaseQueue

  /// How long a writer waits for another one (*assumed*: far longer than one run's transaction takes).
  static let patience: Double = 5

  /// Opens the file, or makes it when there is none or an empty one. A file that is not a result file is not touched.
  public init(path: String) throws(StoreError) {
    self.path = path
    do {
      try Self.refuseForeign(path)
      var configuration = Configuration()
      configuration.busyMode = .timeout(Self.patience)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.writeWithoutTransaction { database in
        try database.inTransaction(.immediate) {
          try Self.judge(database, path: path)
          try Self.migrate(database)
          return .commit
        }
        try Self.useWriteAheadLog(database)
      }
      self.queue = queue
    } catch { throw StoreError(error, path: path) }
  }

  /// Adds one run with everything of its story, and returns its id. Either all of it is in the file afterwards or nothing.
  @discardableResult
  public func write(
    _ run: RunResult, source: String, resolved: String, machine: MachineFacts? = nil
  ) throws(StoreError) -> Int64 {
    do {
      return try queue.write { database in
        try RunWriter(database: database, run: run).write(source: source, resolved: resolved, machine: machine)
      }
    } catch { throw StoreError(error, path: path) }
  }

  /// Looks at an existing file through a connection that cannot write.
  private static func refuseForeign(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw StoreError.folderMissing(path: path)
    }
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    if isFolder.boolValue { throw StoreError.notADatabase(path: path) }
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    if size == 0 { return }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(patience)
    do {
      try DatabaseQueue(path: path, configuration: configuration).read { try judge($0, path: path) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY || error.resultCode == .SQLITE_CANTOPEN {
      // A journal of a killed writer waits for recovery, which only the writing connection can do; it judges again before it writes.
    }
  }

  /// Whether the database is ours, or nobody's yet.
  static func judge(_ database: Database, path: String) throws {
    let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    if application == 0, version == 0, try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 { return }
    guard application == Schema.applicationID else { throw StoreError.otherApplication(path: path) }
    guard version <= Schema.version else {
      throw StoreError.newerVersion(path: path, found: version, known: Schema.version)
    }
  }

  private static func migrate(_ database: Database) throws {
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    if version == Schema.version { return }
    for migration in Schema.migrations[version...] { try database.execute(sql: migration) }
    try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = \(Schema.version)")
  }

  /// Readers are never in a writer's way, and a killed writer leaves its last commit.
  private static func useWriteAheadLog(_ database: Database) throws {
    let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw DatabaseError(message: "the file system does not support a write-ahead log (journal mode \(mode ?? "unknown"))")
    }
    try database.execute(sql: "PRAGMA synchronous = NORMAL")
  }
}
