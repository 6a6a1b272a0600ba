// What moved between a baseline and a run, in words: the outcome first, then the story and where it first differs, then times.
import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// The difference of one scenario from its baseline, as lines for people.
public enum RegressionWords {
  /// Lines gone or come that are shown of one machine, machines that are shown, and moved times (*assumed*: as much as one reads).
  private static let shownLines = 8
  private static let shownMachines = 4
  /// Rows of a chain of causes that are shown whatever came of them.
  private static let nearCauses = 6

  /// Everything about one scenario, without indentation of the whole.
  public static func lines(of result: RegressionCase) -> [String] {
    var lines: [String] = []
    if let bug = result.bug { lines.append("BUG \(bug). This is a bug of shortpath; please report it with the file.") }
    switch result.status {
    case .same: break
    case .missing: if result.bug == nil { lines.append("There is no baseline.") }
    case .damaged(let error): lines.append("The baseline cannot be read: \(error).")
    case .changed(let difference): lines += self.lines(of: difference, only: result.place == nil)
    }
    lines += result.brokenLaws.map { "BROKEN \($0.law.rawValue): \($0.sentence)" }
    for expectation in result.expectations {
      lines.append("\(expectation.verdict.rawValue.uppercased()) expected \(expectation.text)")
      if !expectation.found.isEmpty { lines.append("  found \(expectation.found)") }
    }
    if result.isUndecided, result.expectations.isEmpty { lines.append("Something was undecided when the run ended.") }
    if let place = result.place { lines += [""] + self.lines(of: place) }
    return lines
  }

  /// The most important of it, in one line.
  public static func headline(of result: RegressionCase) -> String {
    if case .changed(let difference) = result.status, difference.findings.isEmpty, result.brokenLaws.isEmpty,
      let divergence = result.place?.divergence
    {
      let (before, now) = (divergence.expected ?? "nothing more", divergence.found ?? "nothing more")
      return "\(divergence.machine.text): \(before) -> \(now)"
    }
    var lines = lines(of: result)
    if case .changed(let difference) = result.status { lines.removeFirst(difference.remarks.count) }
    return lines.first { $0.hasPrefix("BROKEN") } ?? lines.first { !$0.hasPrefix("Nothing of the story") } ?? lines.first ?? ""
  }

  /// A difference alone, as `review` shows it.
  public static func lines(of difference: BaselineDifference, only: Bool = true) -> [String] {
    var lines = difference.remarks.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
    for change in difference.findings {
      switch (change.before, change.now) {
      case (let before?, let now?): lines.append("\(change.subject): \(before) -> \(now)")
      case (let before?, nil): lines.append("\(change.subject): gone (was \(before))")
      case (nil, let now): lines.append("\(change.subject): new (\(now ?? ""))")
      }
    }
    if difference.levels == [.outcome] { lines.append("Nothing of the story changed, and no packet moved.") }
    if difference.levels.contains(.protocol) { lines += story(difference.transcript) }
    if difference.levels.contains(.trajectory) {
      if !difference.levels.contains(.protocol) { lines.append("Nothing of the story changed: times or packets moved.") }
      lines += times(difference)
    }
    return lines
  }

  // MARK: The story

  private static func story(_ changes: [BaselineDifference.TranscriptChange]) -> [String] {
    var lines = ["The story of \(counted(changes.count, "machine")) differs:"]
    for change in changes.prefix(shownMachines) {
      lines.append("  \(change.machine.text)")
      lines += shown(change.gone, "-") + shown(change.come, "+")
    }
    if changes.count > shownMachines { lines.append("  and \(changes.count - shownMachines) more") }
    return lines
  }

  private static func shown(_ lines: [String], _ mark: String) -> [String] {
    lines.prefix(shownLines).map { "    \(mark) \($0)" }
      + (lines.count > shownLines ? ["    \(mark) and \(lines.count - shownLines) more"] : [])
  }

  // MARK: Times

  private static func times(_ difference: BaselineDifference) -> [String] {
    if difference.moments.isEmpty { return ["No milestone moved, only packets between them."] }
    var groups: [String] = []
    for change in difference.moments where !groups.contains(change.group) { groups.append(change.group) }
    return groups.map { group in
      let own = difference.moments.filter { $0.group == group }
      let moved = own.filter { $0.shift != nil }
      var parts: [String] = []
      if let first = moved.first, let most = moved.max(by: { ($0.shift?.magnitude ?? .zero) < ($1.shift?.magnitude ?? .zero) }) {
        parts.append("\(moved.count) of \(counted(difference.momentCounts[group] ?? moved.count, "time")) moved")
        parts.append("first \(told(first))")
        if most != first { parts.append("most \(told(most))") }
        if let desktop = moved.first(where: { $0.what.hasPrefix("desktop at") }), desktop != first, desktop != most {
          parts.append(told(desktop))
        }
      }
      let come = own.filter { $0.before == nil }
      let gone = own.filter { $0.now == nil }
      if !come.isEmpty { parts.append("new: " + names(come)) }
      if !gone.isEmpty { parts.append("gone: " + names(gone)) }
      return "Times of \(group): \(parts.joined(separator: "; "))"
    }
  }

  private static func names(_ changes: [BaselineDifference.MomentChange]) -> String {
    changes.prefix(3).map(\.what).joined(separator: ", ") + (changes.count > 3 ? " and \(changes.count - 3) more" : "")
  }

  private static func told(_ change: BaselineDifference.MomentChange) -> String {
    let shift = change.shift ?? .zero
    let sign = shift < .zero ? "-" : "+"
    return
      "'\(change.what)' \(milliseconds(change.before)) -> \(milliseconds(change.now)) ms (\(sign)\(exactly(shift.magnitude)))"
  }

  /// Microseconds are enough, unless nanoseconds are all there is.
  private static func exactly(_ shift: SimDuration) -> String {
    shift.nanoseconds % 1_000 == 0 ? "\(shift)" : "\(shift.nanoseconds) ns"
  }

  // MARK: The first divergent record

  private static func lines(of place: RegressionCase.Place) -> [String] {
    let divergence = place.divergence
    let teller = RecordTeller(
      nodes: place.nodes, rules: place.rules, names: place.names, session: divergence.machine.session)
    let click = place.clicked.map { ", \(divergence.time - $0) after the click" } ?? ""
    var lines = ["The first divergent record: at \(divergence.time)\(click), \(divergence.machine.text)"]
    lines.append("  baseline: \(divergence.expected ?? "nothing more")")
    lines.append("  now:      \(now(divergence))")
    if let record = divergence.record {
      let subject = divergence.found != nil ? "Its" : "The last line as before is record \(record.number); its"
      lines.append("  \(subject) causes, the latest first:")
      lines += table(teller.chain(place.causes, near: nearCauses))
    }
    lines.append("  What this session and machine did \(divergence.isMissing ? "then" : "around it"):")
    let found = divergence.isMissing ? nil : divergence.record?.number
    lines += table(place.context.map { [$0.number == found ? ">" : ""] + teller.line($0) }, marks: true)
    return lines
  }

  /// What the run has in the place of the baseline's line.
  private static func now(_ divergence: Divergence) -> String {
    guard let found = divergence.found, let record = divergence.record else { return "nothing more" }
    let told = "\(found) (record \(record.number))"
    return divergence.isMissing ? "nothing then; next comes \(told) at \(record.time)" : told
  }

  private static func table(_ rows: [[String]], marks: Bool = false) -> [String] {
    let columns: [(String, TextTable.Alignment)] = [
      ("record", .right), ("ms", .right), ("node", .left), ("what happened", .left),
    ]
    var table = TextTable((marks ? [("", .left)] : []) + columns)
    table.rows = rows
    return table.lines.map { "    " + $0 }
  }
}
