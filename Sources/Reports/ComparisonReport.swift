// `shortpath compare`: sessions side by side with what differs marked, and grids of variations; as tables, CSV and JSON.
import Simulation
import SimulationKernel
public import Studies

public enum ComparisonReport {
  // MARK: Side by side, for people

  /// One sentence, then a row for each side of each session; what is not as on the first side has an asterisk.
  public static func text(_ comparison: Comparison) -> String {
    let (byScenario, bySeed) = (comparison.rows.contains { $0.scenario != nil }, comparison.rows.contains { $0.seed != nil })
    let leading: [(String, TextTable.Alignment)] =
      (byScenario ? [("scenario", .left)] : []) + (bySeed ? [("seed", .right)] : []) + [("session", .right), ("side", .left)]
    var table = TextTable(
      leading + [
        ("transport", .left), ("route", .left), ("reason", .left), ("desktop ms", .right), ("switched ms", .right),
        ("rtt before", .right), ("rtt ms", .right),
      ])
    for row in comparison.rows {
      let differences = row.differences
      for (column, outcome) in row.outcomes.enumerated() {
        let isFirst = column == 0
        var cells =
          (byScenario ? [isFirst ? row.scenario ?? "" : ""] : [])
          + (bySeed ? [isFirst ? row.seed.map { "\($0)" } ?? "" : ""] : [])
        cells += [isFirst ? "\(row.session)" : "", comparison.sides[column]]
        table.rows.append(cells + fields(outcome, marking: differences.isEmpty ? [] : differences[column]))
      }
    }
    var lines = [sentence(comparison)]
    if !comparison.rows.isEmpty { lines += [""] + table.lines }
    if !comparison.seedsApart.isEmpty {
      let seeds = comparison.seedsApart.map { "\($0)" }.joined(separator: ", ")
      lines += ["", "The sides do not share their luck: their seeds are \(seeds)."]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func fields(_ outcome: Outcome?, marking: [Outcome.Field]) -> [String] {
    guard let outcome else { return Outcome.Field.allCases.map { $0 == .transport ? "(not there)*" : "" } }
    return zip(Outcome.Field.allCases, words(outcome)).map { field, word in
      // Numbers stand flush right, so a mark has its own place behind them.
      word + (marking.contains(field) ? "*" : " ")
    }
  }

  /// In the order of the fields.
  private static func words(_ outcome: Outcome) -> [String] {
    [
      outcome.transport, outcome.route.isEmpty ? "-" : outcome.route, outcome.reason, milliseconds(outcome.connected),
      milliseconds(outcome.switched), milliseconds(outcome.roundTripBefore), milliseconds(outcome.roundTrip),
    ]
  }

  /// What differs, in one sentence.
  public static func sentence(_ comparison: Comparison) -> String {
    let all = counted(comparison.rows.count, "session")
    let different = comparison.rows.filter(\.differs)
    if comparison.rows.isEmpty { return "There are no sessions to compare." }
    guard !different.isEmpty else { return "No difference: \(all), \(comparison.sides.count) sides." }
    let kinds: [(name: String, fields: [Outcome.Field])] = [
      ("transport", [.transport]), ("route", [.route]), ("reason", [.reason]), ("time to desktop", [.connected]),
      ("switch-over", [.switched]), ("round trip", [.roundTripBefore, .roundTrip]),
    ]
    let counts = kinds.map { kind in
      (kind.name, different.count { row in row.fields.contains { kind.fields.contains($0) } })
    }.filter { $0.1 > 0 }
    let missing = different.count { $0.outcomes.contains(nil) }
    if comparison.rows.count == 1 {
      return missing > 0 ? "The session is not there on every side." : "Differences in \(listed(counts.map(\.0)))."
    }
    let parts = counts.map { "\($0.0) in \($0.1)" } + (missing > 0 ? ["\(missing) not there on every side"] : [])
    return "\(different.count) of \(all) \(different.count == 1 ? "differs" : "differ"): \(parts.joined(separator: ", "))."
  }

  private static func listed(_ words: [String]) -> String {
    words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
  }

  // MARK: Side by side, for programs

  private static let keys =
    ["transport", "route", "reason", "connected_ms", "switched_ms", "rtt_before_ms", "rtt_ms"]
    + ["scenario", "seed", "client", "host", "sentence"]

  private static func values(_ outcome: Outcome) -> [JSONValue] {
    [
      .text(outcome.transport), outcome.route.isEmpty ? .null : .text(outcome.route), .text(outcome.reason),
      .maybe(outcome.connected), .maybe(outcome.switched), .maybe(outcome.roundTripBefore), .maybe(outcome.roundTrip),
      .text(outcome.scenario), .number(outcome.seed), .text(outcome.client), .text(outcome.host), .text(outcome.sentence),
    ]
  }

  /// One object; a side without the session is null.
  public static func json(_ comparison: Comparison) -> String {
    JSONValue.object([
      ("sides", .array(comparison.sides.map { .text($0) })), ("sentence", .text(sentence(comparison))),
      ("same_luck", .flag(comparison.seedsApart.isEmpty)),
      (
        "sessions",
        .array(
          comparison.rows.map { row in
            let differences = row.differences
            return .object([
              ("scenario", .maybe(row.scenario)), ("seed", row.seed.map { .number($0) } ?? .null),
              ("session", .number(row.session)),
              ("differs", .flag(row.differs)),
              (
                "sides",
                .array(
                  row.outcomes.enumerated().map { column, outcome in
                    guard let outcome else { return .null }
                    let marks = JSONValue.array(differences[column].map { .text($0.rawValue) })
                    return .object(
                      [("side", .text(comparison.sides[column]))] + Array(zip(keys, values(outcome))) + [("differs_in", marks)])
                  })
              ),
            ])
          })
      ),
    ]).document
  }

  /// A line for each session on each side (RFC 4180); the last column names what differs from the first side.
  public static func csv(_ comparison: Comparison) -> String {
    var rows: [[JSONValue]] = []
    for row in comparison.rows {
      let differences = row.differences
      for (column, outcome) in row.outcomes.enumerated() {
        let marks = outcome == nil ? "missing" : differences[column].map(\.rawValue).joined(separator: " ")
        rows.append(
          [.number(row.session), .text(comparison.sides[column])]
            + (outcome.map(values) ?? keys.map { _ in .null }) + [marks.isEmpty ? .null : .text(marks)])
      }
    }
    return JSONValue.csv(["session", "side"] + keys + ["differs_in"], rows)
  }

  // MARK: Variations

  /// A matrix of transports for each session where there are two axes, else a list.
  public static func text(_ variations: Variations) -> String {
    var lines = [sentence(variations)]
    let sessions = variations.cells.first?.outcomes.count ?? 0
    for session in 0..<sessions {
      let heading = sessions > 1 ? "Session \(session + 1), " : ""
      if variations.axes.count == 2 {
        let (down, across) = (variations.axes[0], variations.axes[1])
        lines += ["", "\(heading)\(down.name) down, \(across.name) across:", ""]
        lines += matrix(variations, session).lines
      } else {
        lines += [""] + (heading.isEmpty ? [] : ["\(heading.dropLast(2)):", ""]) + list(variations, session).lines
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func matrix(_ variations: Variations, _ session: Int) -> TextTable {
    let across = variations.axes[1].values
    var table = TextTable([("", .left)] + across.map { ("\(variations.axes[1].name)=\($0)", .left) })
    for (row, value) in variations.axes[0].values.enumerated() {
      let cells = variations.cells[(row * across.count)..<((row + 1) * across.count)]
      table.rows.append(["\(variations.axes[0].name)=\(value)"] + cells.map { place($0.outcomes[session]) })
    }
    return table
  }

  private static func place(_ outcome: Outcome) -> String {
    outcome.route.isEmpty ? outcome.transport : "\(outcome.transport) / \(outcome.route)"
  }

  private static func list(_ variations: Variations, _ session: Int) -> TextTable {
    var table = TextTable(
      variations.axes.map { ($0.name, .left) } + [
        ("transport", .left), ("route", .left), ("reason", .left), ("desktop ms", .right), ("switched ms", .right),
        ("rtt before", .right), ("rtt ms", .right),
      ])
    for cell in variations.cells { table.rows.append(cell.values + words(cell.outcomes[session])) }
    return table
  }

  /// How often each transport was selected.
  public static func sentence(_ variations: Variations) -> String {
    var counts: [(word: String, count: Int)] = []
    for outcome in variations.cells.flatMap(\.outcomes) {
      if let row = counts.firstIndex(where: { $0.word == outcome.transport }) {
        counts[row].count += 1
      } else {
        counts.append((outcome.transport, 1))
      }
    }
    let ranked = counts.indices.sorted { (-counts[$0].count, $0) < (-counts[$1].count, $1) }
    let words = ranked.map { "\(counts[$0].word) \(counts[$0].count)" }.joined(separator: ", ")
    return "\(counted(variations.cells.count, "variation")) of \(variations.scenario) under seed \(variations.seed)"
      + (words.isEmpty ? "; it has no sessions." : ": \(words).")
  }

  /// One object with all cells.
  public static func json(_ variations: Variations) -> String {
    JSONValue.object([
      ("scenario", .text(variations.scenario)), ("seed", .number(variations.seed)),
      (
        "axes",
        .array(
          variations.axes.map { axis in
            .object([("name", .text(axis.name)), ("values", .array(axis.values.map { .text($0) }))])
          })
      ),
      (
        "cells",
        .array(
          variations.cells.map { cell in
            .object([
              ("values", .array(cell.values.map { .text($0) })),
              (
                "sessions",
                .array(
                  cell.outcomes.map { .object([("session", .number($0.session))] + Array(zip(keys, values($0)))) })
              ),
            ])
          })
      ),
    ]).document
  }

  /// A line for each session of each cell.
  public static func csv(_ variations: Variations) -> String {
    let rows = variations.cells.flatMap { cell in
      cell.outcomes.map { outcome in cell.values.map { JSONValue.text($0) } + [.number(outcome.session)] + values(outcome) }
    }
    return JSONValue.csv(variations.axes.map(\.name) + ["session"] + keys, rows)
  }
}
