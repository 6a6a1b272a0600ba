// What is wider than the terminal, folded: tables between their columns, sentences between words.

/// Folds finished texts.
public enum TerminalFold {
  /// How far the rest of a folded line is set in.
  private static let indent = 4

  /// The text with no line wider than `width`, commands apart, which are there to be copied.
  public static func text(_ text: String, width: Int) -> String {
    // 20: narrower terminals are told what others are (*assumed*).
    let width = max(width, 20)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.contains(where: { $0.count > width }) else { return text }
    var out: [String] = []
    var columns: [Int] = []
    for (row, line) in lines.enumerated() {
      if line.isEmpty { columns = [] }
      if let starts = tableColumns(row + 1 < lines.count ? lines[row + 1] : "") { columns = starts }
      let isCommand = line.drop { $0 == " " }.hasPrefix("shortpath ")
      if line.count <= width || isCommand {
        out.append(String(line))
      } else {
        out += columns.isEmpty ? folded(line, width) : folded(line, width, columns)
      }
    }
    return out.joined(separator: "\n")
  }

  /// Where the columns begin under whose header this rule stands; `nil` when it is none.
  private static func tableColumns(_ rule: Substring) -> [Int]? {
    guard rule.contains("-"), rule.allSatisfy({ $0 == "-" || $0 == " " }) else { return nil }
    var starts: [Int] = []
    var before: Character = " "
    for (place, sign) in rule.enumerated() {
      if sign == "-", before == " " { starts.append(place) }
      before = sign
    }
    return starts.count > 1 ? starts : nil
  }

  /// Groups of whole columns; a group that is still too wide is broken between words.
  private static func folded(_ line: Substring, _ width: Int, _ columns: [Int]) -> [String] {
    let signs = Array(line)
    let margin = columns[0]
    let ends = columns.dropFirst() + [signs.count]
    var groups: [Range<Int>] = []
    for (start, end) in zip(columns, ends) where start < signs.count {
      let end = min(end, signs.count)
      let room = width - (groups.count > 1 ? margin + indent : margin)
      if let last = groups.last, end - last.lowerBound <= room {
        groups[groups.count - 1] = last.lowerBound..<end
      } else {
        groups.append(start..<end)
      }
    }
    return groups.enumerated().flatMap { row, group -> [String] in
      var text = Substring(signs[group])
      while text.last == " " { text.removeLast() }
      let margin = String(repeating: " ", count: margin + (row > 0 ? indent : 0))
      return text.isEmpty ? [] : folded(margin + text, width)
    }
  }

  private static func folded(_ line: some StringProtocol, _ width: Int) -> [String] {
    if line.count <= width { return [String(line)] }
    let margin = line.prefix { $0 == " " }.count
    let hanging = min(margin + indent, width / 2)
    var out: [String] = []
    var rest = Substring(line)
    while rest.count > width {
      let head = rest.prefix(width + 1)
      let isIndented = out.isEmpty ? margin : hanging
      let space = head.dropFirst(isIndented + 1).lastIndex(of: " ") ?? head.index(head.startIndex, offsetBy: width)
      var line = rest[..<space]
      while line.last == " " { line.removeLast() }
      out.append(String(line))
      rest = Substring(String(repeating: " ", count: hanging) + rest[space...].drop { $0 == " " })
    }
    return rest.allSatisfy { $0 == " " } ? out : out + [String(rest)]
  }
}
