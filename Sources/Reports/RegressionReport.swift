// `shortpath test`: what it found, for people, for a merge request, for a CI server and for programs.
import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// Scenarios held against their baselines, reported.
public struct RegressionReport: Sendable {
  private let cases: [RegressionCase]
  /// Baselines that belong to no scenario, by their files.
  private let orphans: [String]
  private let levels: Set<BaselineLevel>

  /// - Parameter levels: those that fail.
  public init(_ cases: [RegressionCase], orphans: [String], levels: Set<BaselineLevel>) {
    self.cases = cases
    self.orphans = orphans
    self.levels = levels
  }

  /// Those that say most first: bugs and broken laws, then by the highest level that moved.
  private var failing: [RegressionCase] {
    func rank(_ result: RegressionCase) -> Int {
      if result.bug != nil || !result.brokenLaws.isEmpty { return 0 }
      guard let level = result.levels.first else { return 1 }
      return 2 + (BaselineLevel.allCases.firstIndex(of: level) ?? 0)
    }
    let failing = cases.enumerated().filter { $0.element.fails(at: levels) }
    return failing.sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
  }
  /// Changed on a level that was not asked for.
  private var tolerated: [RegressionCase] { cases.filter { !$0.levels.isEmpty && !$0.fails(at: levels) } }

  /// Whether all is as before.
  public var succeeded: Bool { failing.isEmpty && orphans.isEmpty }

  /// One line: how many of what.
  public var summary: String {
    var parts = ["\(cases.count { $0.status == .same }) as before"]
    let changed = cases.filter { !$0.levels.isEmpty }
    if !changed.isEmpty {
      let byLevel = BaselineLevel.allCases.map { level in "\(level.rawValue) \(changed.count { $0.levels.contains(level) })" }
      parts.append("\(changed.count) changed (\(byLevel.joined(separator: ", ")))")
    }
    let missing = cases.count { $0.status == .missing && $0.bug == nil }
    if missing > 0 { parts.append("\(missing) without a baseline") }
    let damaged = cases.count { if case .damaged = $0.status { true } else { false } }
    if damaged > 0 { parts.append("\(damaged) with one that cannot be read") }
    if !orphans.isEmpty { parts.append("\(counted(orphans.count, "baseline")) of no scenario") }
    let broken = cases.reduce(0) { $0 + $1.brokenLaws.count }
    if broken > 0 { parts.append("\(counted(broken, "break")) of the selection rule's laws") }
    let expectations = cases.reduce(0) { $0 + $1.expectations.count }
    if expectations > 0 { parts.append("\(counted(expectations, "expectation")) not held") }
    return "\(counted(cases.count, "scenario")): \(parts.joined(separator: ", "))."
  }

  /// The word for what became of a scenario.
  private static func word(_ result: RegressionCase) -> String {
    if result.bug != nil { return "bug" }
    switch result.status {
    case .same: return result.brokenLaws.isEmpty ? result.expectations.isEmpty ? "same" : "failed" : "broken"
    case .changed: return "changed"
    case .missing: return "missing"
    case .damaged: return "damaged"
    }
  }

  private static func heading(_ result: RegressionCase) -> String {
    let levels = result.levels.map(\.rawValue).joined(separator: ", ")
    return "\(word(result).uppercased())  \(result.name)\(levels.isEmpty ? "" : ": \(levels)")"
  }

  // MARK: For people

  /// - Parameter details: how many failing scenarios are shown in full.
  public func text(details: Int) -> String {
    var lines: [String] = []
    for (row, result) in failing.enumerated() {
      lines.append(Self.heading(result))
      if result.status == .missing, result.bug == nil, result.brokenLaws.isEmpty, result.expectations.isEmpty { continue }
      if row < details {
        lines += RegressionWords.lines(of: result).map { $0.isEmpty ? "" : "  " + $0 } + [""]
      } else {
        lines.append("  " + RegressionWords.headline(of: result))
      }
    }
    lines += orphans.map { "ORPHANED  \($0) belongs to no scenario; remove it, or rename it with its scenario" }
    lines += tolerated.map { "moved     \($0.name): \($0.levels.map(\.rawValue).joined(separator: ", "))" }
    if !lines.isEmpty, lines.last != "" { lines.append("") }
    return (lines + [summary]).joined(separator: "\n") + "\n"
  }

  // MARK: For a merge request

  /// A summary in Markdown, each failing scenario behind a fold.
  public var markdown: String {
    var lines = ["## Baselines", "", summary, ""]
    if !failing.isEmpty || !orphans.isEmpty {
      lines += ["| scenario | result | what moved |", "| --- | --- | --- |"]
      for result in failing {
        let first = RegressionWords.headline(of: result)
        lines.append("| `\(result.name)` | \(Self.word(result)) | \(first.split(separator: "|").joined(separator: "\\|")) |")
      }
      lines += orphans.map { "| `\($0)` | orphaned | no scenario |" } + [""]
    }
    for result in failing where result.status != .missing {
      lines += ["<details><summary>\(result.name)</summary>", "", "```"] + RegressionWords.lines(of: result)
      lines += ["```", "", "</details>", ""]
    }
    return lines.joined(separator: "\n")
  }

  // MARK: For a CI server

  /// JUnit's XML: a test case a scenario. It tells no times, so that equal results are equal bytes.
  public var junit: String {
    let failures = failing.count + orphans.count
    var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
    lines.append("<testsuites><testsuite name=\"shortpath\" tests=\"\(cases.count + orphans.count)\" failures=\"\(failures)\">")
    for result in cases {
      let parts = result.name.split(separator: "/")
      let folder = Self.escaped(parts.dropLast().joined(separator: "."))
      let head = "  <testcase classname=\"\(folder)\" name=\"\(Self.escaped(String(parts.last ?? "")))\""
      guard result.fails(at: levels) else {
        lines.append(head + "/>")
        continue
      }
      let words = RegressionWords.lines(of: result)
      let message = ([Self.word(result)] + result.levels.map(\.rawValue)).joined(separator: " ")
      lines.append(
        head
          + "><failure message=\"\(Self.escaped(message))\">\(Self.escaped(words.joined(separator: "\n")))</failure></testcase>")
    }
    for orphan in orphans {
      lines.append("  <testcase name=\"\(Self.escaped(orphan))\"><failure message=\"orphaned\">no scenario</failure></testcase>")
    }
    return (lines + ["</testsuite></testsuites>"]).joined(separator: "\n") + "\n"
  }

  /// XML 1.0 §2.4; characters that XML cannot hold do not occur in what is told.
  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { escaped, letter in
      switch letter {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n": escaped += "&#10;"
      default: escaped.append(letter)
      }
    }
  }

  // MARK: For programs

  /// One object; equal results give equal bytes.
  public var json: String {
    JSONValue.object([
      ("succeeded", .flag(succeeded)), ("summary", .text(summary)),
      ("scenarios", .array(cases.map(value))), ("orphans", .array(orphans.map { .text($0) })),
    ]).document
  }

  private func value(_ result: RegressionCase) -> JSONValue {
    var findings: [JSONValue] = []
    if case .changed(let difference) = result.status {
      findings = difference.findings.map {
        .object([("subject", .text($0.subject)), ("before", .maybe($0.before)), ("now", .maybe($0.now))])
      }
    }
    let place: JSONValue =
      result.place.map { place in
        let divergence = place.divergence
        return .object([
          ("node", .text(divergence.machine.node)), ("session", .number(divergence.machine.session)),
          ("transport", .text(divergence.machine.transport.name)), ("baseline", .maybe(divergence.expected)),
          ("now", .maybe(divergence.found)), ("at_ms", .milliseconds(divergence.time.nanoseconds)),
          ("record", divergence.record.map { .number($0.number) } ?? .null),
          ("causes", .array(place.causes.map { .number($0.record.number) })),
        ])
      } ?? .null
    return .object([
      ("file", .text(result.name)), ("result", .text(Self.word(result))), ("failed", .flag(result.fails(at: levels))),
      ("levels", .array(result.levels.map { .text($0.rawValue) })), ("changes", .array(findings)),
      ("expectations", .array(result.expectations.map { .text($0.text) })),
      ("broken_laws", .array(result.brokenLaws.map(RunJSON.value))), ("first_divergence", place),
      ("told", .array(RegressionWords.lines(of: result).map { .text($0) })),
    ])
  }
}
