// `shortpath matrix`: a grid of transports and one of times for people, and the cells as JSON and as CSV for programs.
import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// The cells of a NAT matrix, rendered.
public enum MatrixReport {
  // MARK: For people

  /// Two grids, clients down and hosts across: which transport, and how long it took; then a row for each cell without a direct path.
  public static func text(_ cells: [NATMatrix.Cell]) -> String {
    let direct = cells.count { $0.transport == .public || $0.transport == .managed }
    let legend = letters.filter { letter in cells.contains { self.letter(of: $0).letter == letter.letter } }
    var lines = ["Transport; client's side down, host's side across:", ""]
    lines += grid(cells, .left) { "\(letter(of: $0).letter)" }
    lines += ["", legend.map { "\($0.letter) \($0.word)" }.joined(separator: ", ") + "."]
    lines += ["", "Milliseconds from the click until the session is on that transport:", ""]
    lines += grid(cells, .right) { milliseconds($0.switched ?? $0.connected) }
    lines += missing(cells)
    lines += ["", "\(counted(cells.count, "cell")), \(direct) direct."]
    return lines.joined(separator: "\n") + "\n"
  }

  private static let letters: [(letter: Character, word: String)] = [
    ("P", "public"), ("M", "managed"), ("R", "relayed"), (".", "reverse-connect"), ("-", "none"), ("?", "undecided"),
  ]

  private static func letter(of cell: NATMatrix.Cell) -> (letter: Character, word: String) {
    letters.first { $0.word == word(of: cell) } ?? ("?", "undecided")
  }

  private static func word(of cell: NATMatrix.Cell) -> String {
    cell.transport?.name ?? (cell.reason == .undecided ? "undecided" : "none")
  }

  private static func grid(
    _ cells: [NATMatrix.Cell], _ alignment: TextTable.Alignment, _ word: (NATMatrix.Cell) -> String
  ) -> [String] {
    let hosts = cells.filter { $0.client == cells[0].client }.map(\.host)
    var table = TextTable([("", .left)] + hosts.map { ($0, alignment) })
    for start in stride(from: 0, to: cells.count, by: hosts.count) {
      table.rows.append([cells[start].client] + cells[start..<(start + hosts.count)].map(word))
    }
    return table.lines
  }

  private static func missing(_ cells: [NATMatrix.Cell]) -> [String] {
    let indirect = cells.filter { $0.transport != .public && $0.transport != .managed }
    guard !indirect.isEmpty else { return [] }
    var table = TextTable([("client", .left), ("host", .left), ("transport", .left), ("reason", .left), ("stopped by", .left)])
    for cell in indirect {
      table.rows.append([cell.client, cell.host, word(of: cell), cell.reason.code, stop(of: cell)])
    }
    return ["", "Without a direct path:", ""] + table.lines
  }

  private static func stop(of cell: NATMatrix.Cell) -> String {
    guard let blocker = cell.blocker else { return "-" }
    return "\(blocker.rule.map { "rule '\($0)'" } ?? blocker.reason.code) on \(blocker.node)"
  }

  // MARK: For programs

  private static let keys = [
    "client_nat", "host_nat", "transport", "reason", "connected_ms", "switched_ms", "rtt_ms", "route", "node", "rule", "drop",
    "sentence",
  ]

  /// One for each key.
  private static func values(of cell: NATMatrix.Cell) -> [JSONValue] {
    [
      .text(cell.client), .text(cell.host), .maybe(cell.transport?.name), .text(cell.reason.code), .maybe(cell.connected),
      .maybe(cell.switched), .maybe(cell.roundTrip), cell.route.isEmpty ? .null : .text(cell.route), .maybe(cell.blocker?.node),
      .maybe(cell.blocker?.rule), .maybe(cell.blocker?.reason.code), .text(cell.sentence),
    ]
  }

  /// One object with all cells; keys are only ever added behind the others.
  public static func json(_ cells: [NATMatrix.Cell]) -> String {
    JSONValue.object([("cells", .array(cells.map { .object(Array(zip(keys, values(of: $0)))) }))]).document
  }

  /// A header and a line for each cell, with the keys of `json` as columns (RFC 4180); what is not there is empty.
  public static func csv(_ cells: [NATMatrix.Cell]) -> String {
    JSONValue.csv(keys, cells.map(values))
  }
}
