// "Did you mean": the known name nearest to one that is not known.

/// Finds what a misspelt name probably meant.
public enum NearestName {
  /// The candidate with the smallest edit distance to `text`, the first of equals; `nil` when none is near enough to be a slip
  /// (*assumed*: at most a third of the longer name, and at least one letter in common).
  public static func of(_ text: String, among candidates: [String]) -> String? {
    let wanted = Array(text.lowercased().unicodeScalars.prefix(64))
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let letters = Array(candidate.lowercased().unicodeScalars.prefix(64))
      let longer = max(wanted.count, letters.count)
      let limit = min(best.map { $0.distance - 1 } ?? .max, max(1, longer / 3))
      guard abs(wanted.count - letters.count) <= limit else { continue }
      let distance = distance(wanted, letters)
      if distance <= limit, distance < longer { best = (candidate, distance) }
    }
    return best?.name
  }

  /// " (did you mean 'x'?)" or nothing.
  public static func hint(_ text: String, among candidates: [String]) -> String {
    of(text, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
  }

  /// Insertions, deletions, replacements and swaps of neighbours that make `a` into `b` (optimal string alignment).
  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        var cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, before[j - 2] + 1) }
        row.append(cost)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
