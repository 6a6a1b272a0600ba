// Two texts as the lines that differ, with a little of what stands around them.

public enum LineDifference {
  /// Lines gone (`-`) and come (`+`) among those that stayed; of these only so many before and after each change.
  public static func lines(from before: String, to now: String, context: Int = 2) -> [String] {
    let (old, new) = (split(before), split(now))
    let difference = new.difference(from: old)
    let gone = Set(difference.removals.map(\.row))
    let come = Set(difference.insertions.map(\.row))
    var all: [(mark: String, line: String)] = []
    var (a, b) = (0, 0)
    while a < old.count || b < new.count {
      if a < old.count, gone.contains(a) {
        all.append(("-", old[a]))
        a += 1
      } else if b < new.count, come.contains(b) {
        all.append(("+", new[b]))
        b += 1
      } else {
        all.append((" ", new[b]))
        a += 1
        b += 1
      }
    }
    return folded(all, context)
  }

  private static func split(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private static func folded(_ all: [(mark: String, line: String)], _ context: Int) -> [String] {
    let changed = all.indices.filter { all[$0].mark != " " }
    var shown: [String] = []
    var last = -1
    for row in all.indices where changed.contains(where: { abs($0 - row) <= context }) {
      if row > last + 1 { shown.append("  ...") }
      shown.append("\(all[row].mark) \(all[row].line)")
      last = row
    }
    return shown
  }
}

extension CollectionDifference.Change {
  fileprivate var row: Int {
    switch self {
    case .insert(let row, _, _), .remove(let row, _, _): row
    }
  }
}
