// What can go wrong with a result file: each case a plain sentence that names the file and what to do.
import GRDB

/// A result file that cannot be used. Whatever it was, the file stands as it stood.
public enum StoreError: Error, Equatable, CustomStringConvertible {
  /// The folder the file should stand in does not exist.
  case folderMissing(path: String)
  /// The file is no SQLite database, or is a folder.
  case notADatabase(path: String)
  /// A database of another program, or one that was not made by `shortpath`.
  case otherApplication(path: String)
  /// Written by a later version, whose schema this one does not know.
  case newerVersion(path: String, found: Int, known: Int)
  /// Another process writes to it, and did not finish while this one waited.
  case locked(path: String)
  /// No space is left for another row.
  case diskFull(path: String)
  /// The file or its folder cannot be written to.
  case readOnly(path: String)
  /// The database is damaged.
  case damaged(path: String, message: String)
  /// Anything else SQLite reported.
  case failed(path: String, message: String)

  /// The sentence for people.
  public var description: String {
    switch self {
    case .folderMissing(let path): "\(path): the folder does not exist; create it, or give another file with --db"
    case .notADatabase(let path): "\(path): this is not an SQLite database; it was left as it is, give another file with --db"
    case .otherApplication(let path):
      "\(path): this database was not made by shortpath; it was left as it is, give another file with --db"
    case .newerVersion(let path, let found, let known):
      "\(path): written with schema version \(found), this shortpath knows up to \(known); use a newer shortpath or another file"
    case .locked(let path): "\(path): another process is writing to it; try again when it has finished"
    case .diskFull(let path): "\(path): no space left on the disk; the runs written before are safe"
    case .readOnly(let path): "\(path): the file or its folder cannot be written to"
    case .damaged(let path, let message): "\(path): the database is damaged (\(message)); it was left as it is"
    case .failed(let path, let message): "\(path): \(message)"
    }
  }

  /// What SQLite's result code means for a person.
  init(_ error: any Error, path: String) {
    if let known = error as? StoreError {
      self = known
      return
    }
    guard let error = error as? DatabaseError else {
      self = .failed(path: path, message: "\(error)")
      return
    }
    switch error.resultCode {
    case .SQLITE_NOTADB: self = .notADatabase(path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
    case .SQLITE_FULL: self = .diskFull(path: path)
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self = .readOnly(path: path)
    case .SQLITE_CORRUPT: self = .damaged(path: path, message: error.message ?? "malformed")
    default: self = .failed(path: path, message: error.message ?? "SQLite error \(error.resultCode.rawValue)")
    }
  }
}
