// What is wrong with a scenario file: every problem found, each with its place.

/// A scenario file that cannot be used.
public struct ScenarioFileError: Error, Equatable, CustomStringConvertible {
  /// What kind of failure it is; it decides the exit code.
  public enum Kind: Sendable, Equatable {
    /// There is no such file (exit code 66).
    case missing
    /// The file is there and cannot be read (exit code 74).
    case unreadable
    /// The file's contents are wrong (exit code 65).
    case invalid
  }

  /// One thing wrong; line and column count from 1, and 0 means the file as a whole.
  public struct Problem: Sendable, Equatable {
    /// The line it is on.
    public var line: Int
    /// The column it begins at, in Unicode scalars.
    public var column: Int
    /// What was found and what is allowed.
    public var message: String
    /// A problem at a place.
    public init(line: Int, column: Int, message: String) {
      self.line = line
      self.column = column
      self.message = message
    }
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// The file as the caller named it.
  public let file: String
  /// At least one problem, in the order of the file.
  public let problems: [Problem]

  init(_ kind: Kind, file: String, problems: [Problem]) {
    precondition(!problems.isEmpty, "an error without a problem in \(file)")
    self.kind = kind
    self.file = file
    self.problems = problems
  }

  /// One line a problem: `file:line:column: message`.
  public var description: String {
    problems.map { $0.line == 0 ? "\(file): \($0.message)" : "\(file):\($0.line):\($0.column): \($0.message)" }
      .joined(separator: "\n")
  }
}
