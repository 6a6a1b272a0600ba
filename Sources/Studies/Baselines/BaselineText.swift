// A baseline as the text that is committed: a line each, in an order that does not move, and back from it.
import SimulationKernel
public import Trace
import Wire

/// Why a text is no baseline.
public struct BaselineTextError: Error, Sendable, Equatable, CustomStringConvertible {
  public var line: Int
  public var message: String
  public var description: String { "line \(line): \(message)" }
}

extension Baseline {
  private static let head = "shortpath baseline 1"

  /// The text; equal baselines give equal bytes.
  public var text: String {
    var lines = [Self.head, "note: \(note)", "model: \(modelVersion)", "seed: \(seed)", ""]
    lines.append("outcome \(hex(fingerprints.outcome))")
    lines += findings.map { "  \($0.subject): \($0.found)" }
    lines += ["", "protocol \(hex(fingerprints.protocolStory))"]
    for part in transcript.parts {
      lines.append("  " + part.machine.text)
      lines += Self.folded(part.lines).map { "    " + $0 }
    }
    lines += ["", "trajectory \(hex(fingerprints.trajectory))"]
    let width = moments.map(\.value.exact.count).max() ?? 0
    var group = ""
    for moment in moments {
      if moment.group != group { lines.append("  " + moment.group) }
      group = moment.group
      let value = moment.value.exact
      lines.append("    " + String(repeating: " ", count: width - value.count) + value + " ms  " + moment.what)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Equal lines behind each other as one, with their number.
  static func folded(_ lines: [String]) -> [String] {
    var folded: [(line: String, count: Int)] = []
    for line in lines {
      if folded.last?.line == line { folded[folded.count - 1].count += 1 } else { folded.append((line, 1)) }
    }
    return folded.map { $0.count == 1 ? $0.line : "\($0.line) x\($0.count)" }
  }

  /// Reads what `text` has written.
  public init(text: String) throws(BaselineTextError) {
    var reader = BaselineReader(text)
    self = try reader.baseline(head: Self.head)
  }
}

extension Transcript.Machine {
  /// As baselines and reports name it.
  public var text: String { "\(node), \(session == 0 ? "beside" : "session \(session)"), \(transport.name)" }

  /// Reads what `text` has written.
  init?(text: some StringProtocol) {
    let parts = text.split(separator: ", ", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count >= 3, let transport = Transport(name: parts[parts.count - 1]) else { return nil }
    let beside = parts[parts.count - 2]
    let session = beside == "beside" ? 0 : beside.hasPrefix("session ") ? Int(String(beside.dropFirst(8))) : nil
    guard let session else { return nil }
    self.init(node: parts.dropLast(2).joined(separator: ", "), session: session, transport: transport)
  }
}

/// Reads line by line; every mistake is told with its line.
private struct BaselineReader {
  private let lines: [Substring]
  private var row = 0

  init(_ text: String) { lines = text.split(separator: "\n", omittingEmptySubsequences: false) }

  private func error(_ message: String) -> BaselineTextError { BaselineTextError(line: row + 1, message: message) }

  private mutating func next() -> Substring? {
    while row < lines.count, lines[row].isEmpty { row += 1 }
    return row < lines.count ? lines[row] : nil
  }

  private mutating func value(_ key: String) throws(BaselineTextError) -> String {
    guard let line = next(), line.hasPrefix(key) else { throw error("'\(key)…' is wanted") }
    row += 1
    return String(line.dropFirst(key.count))
  }

  private mutating func fingerprint(_ level: BaselineLevel) throws(BaselineTextError) -> UInt64 {
    let digits = try value(level.rawValue + " ")
    guard digits.utf8.count == 16, let value = UInt64(digits, radix: 16) else {
      row -= 1
      throw error("a fingerprint has sixteen hexadecimal digits")
    }
    return value
  }

  /// The next line if it is indented by so much and no more.
  private mutating func indented(_ depth: Int) -> Substring? {
    guard let line = next(), line.prefix(while: { $0 == " " }).count >= depth else { return nil }
    if depth == 2, line.dropFirst(2).first == " " { return nil }
    row += 1
    return line.dropFirst(depth)
  }

  mutating func baseline(head: String) throws(BaselineTextError) -> Baseline {
    if let row = lines.firstIndex(where: { $0.hasPrefix("<<<<<<< ") || $0.hasPrefix(">>>>>>> ") }) {
      self.row = row
      throw error("a merge left its marks; accept the run anew")
    }
    guard lines.first.map(String.init) == head else {
      throw error("'\(head)' is wanted: the file is no baseline, or of another shortpath")
    }
    row = 1
    let note = try value("note:")
    guard let model = Int(try value("model: ")) else { throw error("the model's version is a number") }
    guard let seed = UInt64(try value("seed: ")) else { throw error("the seed is a number") }
    let outcome = try fingerprint(.outcome)
    var findings: [Baseline.Finding] = []
    while let line = indented(2) {
      guard let colon = line.range(of: ": ") else { throw error("a finding stands behind ': '") }
      findings.append(Baseline.Finding(String(line[..<colon.lower]), String(line[colon.upper...])))
    }
    let story = try fingerprint(.protocol)
    let parts = try self.parts()
    let trajectory = try fingerprint(.trajectory)
    let moments = try self.moments()
    if next() != nil { throw error("nothing is known of this line") }
    return Baseline(
      note: String(note.drop { $0 == " " }), modelVersion: model, seed: seed,
      fingerprints: Fingerprints(outcome: outcome, protocolStory: story, trajectory: trajectory), findings: findings,
      transcript: Transcript(parts: parts), moments: moments)
  }

  private mutating func parts() throws(BaselineTextError) -> [Transcript.Part] {
    var parts: [Transcript.Part] = []
    while let line = indented(2) {
      guard let machine = Transcript.Machine(text: line) else {
        row -= 1
        throw error("a machine is a node, its session and its transport")
      }
      var own: [String] = []
      while let line = indented(4) { own += Self.unfolded(line) }
      parts.append(Transcript.Part(machine: machine, lines: own))
    }
    return parts
  }

  private static func unfolded(_ line: Substring) -> [String] {
    guard let mark = line.range(ofLast: " x"), let count = Int(line[mark.upper...]), count > 1 else { return [String(line)] }
    return Array(repeating: String(line[..<mark.lower]), count: count)
  }

  private mutating func moments() throws(BaselineTextError) -> [Baseline.Moment] {
    var moments: [Baseline.Moment] = []
    while let group = indented(2) {
      while let line = indented(4) {
        guard let unit = line.range(of: " ms  "), let value = SimDuration(exact: line[..<unit.lower].drop { $0 == " " }) else {
          row -= 1
          throw error("a time has six decimals and its unit, and what it is of")
        }
        moments.append(Baseline.Moment(String(group), String(line[unit.upper...]), value))
      }
    }
    return moments
  }
}

extension Substring {
  /// Where a short text of ASCII stands first, and where it ends.
  fileprivate func range(of text: String) -> (lower: Index, upper: Index)? { range(of: text, among: utf8.indices) }

  /// Where a short text of ASCII stands last.
  fileprivate func range(ofLast text: String) -> (lower: Index, upper: Index)? { range(of: text, among: utf8.indices.reversed()) }

  private func range(of text: String, among indices: some Sequence<Index>) -> (lower: Index, upper: Index)? {
    for lower in indices where utf8[lower...].starts(with: text.utf8) {
      return (lower, utf8.index(lower, offsetBy: text.utf8.count))
    }
    return nil
  }
}
