// `shortpath review`: pending baselines one by one, each as what it changes, with a key for every answer.
import ArgumentParser
import Foundation
import Reports
import Studies

struct ReviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Look at pending runs one by one, and accept, reject or skip each.",
    discussion: """
      Examples:
        shortpath review
        shortpath review Scenarios/nat --note "ports by the block"

      Keys: a accept, r reject, s skip, q quit; A and R for all that are left. Without a terminal the pending ones are listed, and \
      the exit code is 1 when there are any.
      """)

  @OptionGroup var which: BaselinePaths

  @Option(help: ArgumentHelp("The note of what is accepted (asked for when it is not given).", valueName: "text"))
  var note: String?

  func run() throws {
    let pending = try which.pending()
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return try list(pending) }
    if pending.isEmpty { return try Console.print("Nothing is pending.\n") }
    var forAll: Key?
    var note = note
    var counts: [Key: Int] = [:]
    for (row, file) in pending.enumerated() {
      if forAll == nil { try show(file, "\(row + 1) of \(pending.count)") }
      var key = try forAll ?? ask()
      if key == .acceptAll || key == .rejectAll {
        forAll = key
        key = key == .acceptAll ? .accept : .reject
      }
      if key == .quit { break }
      counts[key == .acceptAll ? .accept : key == .rejectAll ? .reject : key, default: 0] += 1
      switch key {
      case .accept, .acceptAll:
        if note == nil { note = try askNote() }
        try AcceptCommand.accept(file, note: note ?? "")
      case .reject, .rejectAll: try file.dropPending()
      case .skip, .quit: break
      }
    }
    let left = try which.pending().count
    try Console.print("\(counts[.accept] ?? 0) accepted, \(counts[.reject] ?? 0) rejected, \(left) pending\n")
  }

  private func list(_ pending: [BaselineFile]) throws {
    var lines: [String] = []
    for file in pending {
      let now = try AcceptCommand.pending(of: file)
      guard let text = try file.text(), let before = try? Baseline(text: text) else {
        lines.append("\(file.scenario): no baseline yet")
        continue
      }
      let difference = BaselineDifference(from: before, to: now)
      lines.append("\(file.scenario): \(difference.levels.map(\.rawValue).joined(separator: ", "))")
    }
    try Console.print(lines.isEmpty ? "Nothing is pending.\n" : lines.joined(separator: "\n") + "\n")
    if !pending.isEmpty { throw Ending.failed.exitCode }
  }

  /// The lines that differ, and below them what they mean.
  private func show(_ file: BaselineFile, _ place: String) throws {
    let now = try AcceptCommand.pending(of: file)
    let text = try file.text()
    var lines = ["", "\(file.scenario) (\(place))", ""]
    if let text, let before = try? Baseline(text: text) {
      var shown = now
      shown.note = before.note
      lines += LineDifference.lines(from: before.text, to: shown.text) + [""]
      lines += RegressionWords.lines(of: BaselineDifference(from: before, to: now))
    } else {
      lines.append(text == nil ? "There is no baseline yet; it would be:" : "The baseline cannot be read; it would be:")
      lines += now.text.split(separator: "\n", omittingEmptySubsequences: false).map { "+ " + $0 }
    }
    try Console.print(lines.joined(separator: "\n") + "\n")
  }

  // MARK: The terminal

  private enum Key: Hashable { case accept, reject, skip, quit, acceptAll, rejectAll }

  private func ask() throws -> Key {
    try Console.print("\n[a]ccept  [r]eject  [s]kip  [q]uit  (A, R: all that are left) ")
    while true {
      let byte = Self.readKey()
      let key: Key? =
        switch byte {
        case UInt8(ascii: "a"): .accept
        case UInt8(ascii: "r"): .reject
        case UInt8(ascii: "s"): .skip
        case UInt8(ascii: "A"): .acceptAll
        case UInt8(ascii: "R"): .rejectAll
        // Control-C and control-D end as q does, and so does a terminal that is gone.
        case UInt8(ascii: "q"), 3, 4, nil: .quit
        default: nil
        }
      guard let key else { continue }
      try Console.print(byte.map { $0 >= 32 ? String(UnicodeScalar($0)) : "" } ?? "")
      try Console.print("\n")
      return key
    }
  }

  private func askNote() throws -> String {
    while true {
      try Console.print("note, why it is right so: ")
      guard let line = readLine() else { throw Ending.failed.exitCode }
      if !line.allSatisfy(\.isWhitespace) { return line }
    }
  }

  /// One key, without waiting for the end of a line.
  private static func readKey() -> UInt8? {
    var usual = termios()
    guard tcgetattr(STDIN_FILENO, &usual) == 0 else { return nil }
    var raw = usual
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    defer { tcsetattr(STDIN_FILENO, TCSANOW, &usual) }
    var byte: UInt8 = 0
    return read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
  }
}
