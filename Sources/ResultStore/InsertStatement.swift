// One prepared insertion: values are bound straight to the statement, the fastest way measured (performance.md: 1,085k rows/s).
import GRDB
import GRDBSQLite

/// A value of a column.
enum Cell {
  case null
  case int(Int64)
  case text(String)

  static func count(_ value: some BinaryInteger) -> Cell { .int(Int64(value)) }
  static func maybe(_ value: Int64?) -> Cell { value.map { .int($0) } ?? .null }
  static func maybe(_ value: String?) -> Cell { value.map { .text($0) } ?? .null }
  static func flag(_ value: Bool) -> Cell { .int(value ? 1 : 0) }
}

/// Inserts rows into one table.
struct InsertStatement {
  private let database: Database
  private let statement: Statement
  private let columns: Int

  init(_ database: Database, into table: String, columns: Int) throws {
    let marks = Array(repeating: "?", count: columns).joined(separator: ", ")
    self.database = database
    self.columns = columns
    statement = try database.cachedStatement(sql: "INSERT INTO \(table) VALUES (\(marks))")
  }

  /// Inserts one row, its values in the order of the table's columns.
  func row(_ cells: Cell...) throws {
    precondition(cells.count == columns, "a row of \(cells.count) values for \(columns) columns")
    let handle = statement.sqliteStatement
    sqlite3_reset(handle)
    var index: CInt = 0
    for cell in cells {
      index += 1
      let code =
        switch cell {
        case .null: sqlite3_bind_null(handle, index)
        case .int(let value): sqlite3_bind_int64(handle, index, value)
        case .text(let value): value.bind(to: handle, at: index)
        }
      guard code == SQLITE_OK else { throw failure(code) }
    }
    let code = sqlite3_step(handle)
    guard code == SQLITE_DONE else { throw failure(code) }
    sqlite3_reset(handle)
  }

  private func failure(_ code: CInt) -> DatabaseError {
    let error = DatabaseError(resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage)
    sqlite3_reset(statement.sqliteStatement)
    return error
  }
}
