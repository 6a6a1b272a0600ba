// Colours for terminals, laid over a finished text: what is piped or stored never has any.

/// Paints reports.
public enum Paint {
  /// Whether a terminal with these variables is to be painted (no-color.org: `NO_COLOR` counts unless it is empty).
  public static func isWanted(onTerminal: Bool, environment: [String: String]) -> Bool {
    onTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb" && environment["TERM"] != nil
  }

  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
  }

  /// A text of `Document` or of tables with its headings, verdicts and drops painted; without the colours it is the same text.
  public static func text(_ plain: String) -> String {
    let lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.map { row in
      let line = lines[row]
      if isRule(line) { return painted(line, .dim) }
      // A folded header goes on, set in, before its rule comes.
      if !line.isEmpty, let next = lines[(row + 1)...].first(where: { !$0.hasPrefix("    ") || isRule($0) }), isRule(next) {
        return painted(line, .bold)
      }
      return words(line)
    }.joined(separator: "\n")
  }

  /// A line under a heading or a table's header.
  private static func isRule(_ line: Substring) -> Bool {
    let marks = line.filter { $0 != " " }
    return marks.count >= 3 && (marks.allSatisfy { $0 == "-" } || marks.allSatisfy { $0 == "=" })
  }

  private static func painted(_ text: some StringProtocol, _ style: Style) -> String {
    text.isEmpty ? "" : "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }

  /// Longer ones first, so that a part of one is not taken for another.
  private static let signs: [(words: String, style: Style)] = [
    ("expectations held", .green), ("the expectation held", .green), ("did not hold", .red), ("FAILED", .red),
    ("UNDECIDED", .yellow), ("Undecided", .yellow), ("not-tried", .yellow), ("stays on reverse connect", .yellow),
    ("Stays on reverse connect", .yellow), ("reverse-connect", .yellow), ("dropped", .red), ("blocked by", .red),
    ("This makes it work", .green), ("The session failed", .red), ("YES", .red),
  ]

  private static func words(_ line: Substring) -> String {
    var out = ""
    var rest = line
    while let first = rest.first {
      let isStart = out.last.map { !$0.isLetter && $0 != "-" } ?? true
      if isStart, let sign = signs.first(where: { rest.hasPrefix($0.words) && ends(rest.dropFirst($0.words.count)) }) {
        out += painted(sign.words, sign.style)
        rest = rest.dropFirst(sign.words.count)
      } else {
        out.append(first)
        rest = rest.dropFirst()
      }
    }
    return out
  }

  /// Whether a word ends before this.
  private static func ends(_ rest: Substring) -> Bool { rest.first.map { !$0.isLetter && $0 != "-" } ?? true }
}
