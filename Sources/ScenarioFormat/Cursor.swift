// A strict reader over the tree: it notes where every value came from, which keys were asked for, and everything that is wrong.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

/// What one reading has found so far.
final class Reading {
  private(set) var problems: [ScenarioFileError.Problem] = []
  var origins: [String: Origin] = [:]
  /// Paths whose values are missing from the scenario, because they were wrong.
  private(set) var unread: Set<String> = []
  /// Notes what is asked for, when nothing is read and everything is asked.
  let survey: Survey?

  init(part survey: Survey? = nil) { self.survey = survey }

  /// More problems than this are no help (*assumed*).
  static let maximumProblems = 100

  func leaveOut(_ path: String) { unread.insert(path) }

  func report(_ at: Position, _ path: String?, _ message: @autoclosure () -> String) {
    if survey != nil { return }
    if let path { unread.insert(path) }
    guard problems.count < Self.maximumProblems else { return }
    problems.append(ScenarioFileError.Problem(line: at.line, column: at.column, message: message()))
  }
}

/// A value of the file on its path.
struct Cursor {
  let node: SourceNode
  let path: String
  let reading: Reading

  func report(_ message: @autoclosure () -> String) { reading.report(node.position, path, message()) }

  /// Reports that something else was expected.
  func expected<T>(_ what: String) -> T? {
    report("expected \(what); found \(node.found)")
    return nil
  }

  /// Whether this is a survey; notes for it what is taken here.
  func surveys(_ taken: Taken) -> Bool {
    guard let survey = reading.survey else { return false }
    survey.note(taken, at: path)
    return true
  }

  /// Whether a word stands here that is no value of its own kind.
  func isWord(_ word: String) -> Bool { !surveys(.words([word])) && scalar == word }

  /// The switch that may stand here instead of what else is taken.
  func flagBesides() -> Bool? { surveys(.flag) ? nil : scalar.flatMap { ScenarioFormat.flag($0) } }

  /// Whether the node is a map with this key.
  func has(_ key: String) -> Bool {
    if reading.survey != nil { return true }
    return if case .map(let entries) = node.content { entries.contains { $0.key == key } } else { false }
  }

  // MARK: Scalars

  /// A scalar's text, that of an empty one included.
  var scalar: String? { if case .scalar(let text) = node.content { text } else { nil } }

  func text() -> String? {
    if surveys(.text) { return "x" }
    guard let scalar, !scalar.isEmpty else { return expected("a text") }
    return scalar
  }

  /// The name of something defined elsewhere in the file.
  func name(_ kind: String) -> String? {
    if surveys(.text) { return "x" }
    guard let scalar, !scalar.isEmpty else { return expected("the id of \(kind)") }
    return scalar
  }

  func flag() -> Bool? {
    if surveys(.flag) { return true }
    guard let scalar, let flag = ScenarioFormat.flag(scalar) else { return expected("on or off") }
    return flag
  }

  func integer<T: FixedWidthInteger>(_ range: ClosedRange<T>) -> T? {
    if surveys(.integer(lowest: "\(range.lowerBound)", highest: "\(range.upperBound)")) { return range.lowerBound }
    // Digits only: '+5' and '05' are not how people write numbers they mean.
    guard let scalar, let value = T(scalar), "\(value)" == scalar, range.contains(value) else {
      return expected("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func port() -> UInt16? {
    if surveys(.integer(lowest: "1", highest: "65535")) { return 1 }
    guard let scalar, let value = UInt16(scalar), value > 0, "\(value)" == scalar else {
      return expected("a port from 1 to 65535")
    }
    return value
  }

  /// One port or a range of ports, `1000-2000`.
  func ports() -> PortRange? {
    if surveys(.ports) { return .any }
    guard let scalar, let range = PortRange(written: scalar) else {
      return expected("a port or a range such as 1000-2000, within 1–65535")
    }
    return range
  }

  private func quantity(_ units: Units) -> Int64? {
    if surveys(.quantity(units.kind)) { return 1 }
    guard let scalar, !scalar.isEmpty else { return expected(units.kind) }
    do throws(UnitError) { return try units.steps(scalar) } catch {
      report(error.message)
      return nil
    }
  }

  func duration() -> SimDuration? { quantity(.duration).map { SimDuration(nanoseconds: $0) } }
  /// The time of an event, which may come before 0 s: while hosts register and tunnels come up.
  func eventTime() -> SimTime? {
    if surveys(.eventTime) { return .zero }
    guard let scalar, scalar.first == "-" else { return time() }
    do throws(UnitError) {
      let before = SimTime(nanoseconds: -(try Units.duration.steps(String(scalar.dropFirst()))))
      if before >= EventSpec.earliest { return before }
      report("a world begins at \(EventSpec.earliest.written); found '\(scalar)'")
    } catch { report(error.message) }
    return nil
  }
  func time() -> SimTime? { quantity(.duration).map { SimTime(nanoseconds: $0) } }
  func size() -> ByteCount? { quantity(.size).map { ByteCount($0) } }
  func probability() -> Probability? { quantity(.probability).map { Probability(partsPerBillion: UInt32($0)) } }
  func rate() -> BitRate? {
    guard let steps = quantity(.rate) else { return nil }
    if steps == 0 { return expected("a rate above 0") }
    return BitRate(bitsPerSecond: steps)
  }

  /// A number of bytes that a packet's payload or an interface has, with its unit.
  func bytes(_ range: ClosedRange<Int>) -> Int? {
    guard let size = size() else { return nil }
    guard range.contains(Int(size.bytes)) else { return expected("a size from \(range.lowerBound) B to \(range.upperBound) B") }
    return Int(size.bytes)
  }

  func address() -> IPAddress? {
    if surveys(.address) { return nil }
    guard let scalar, let address = IPAddress(scalar) else { return expected("an IP address") }
    return address
  }

  func prefix() -> IPPrefix? {
    if surveys(.prefix) { return nil }
    guard let scalar, let prefix = IPPrefix(scalar) else { return expected("a prefix such as 10.1.0.0/24, without host bits") }
    return prefix
  }

  /// The version of the format.
  func version(_ version: Int) -> Int? {
    if surveys(.integer(lowest: "\(version)", highest: "\(version)")) { return version }
    guard let value = integer(1...Int.max) else { return nil }
    return value == version ? version : expected("version \(version) of the format")
  }

  /// One of a set of words.
  /// - Parameter isFixed: whether the set is the same in every file.
  func word<T>(_ words: [(name: String, value: T)], isFixed: Bool = true) -> T? {
    let names = words.map(\.name)
    if surveys(isFixed ? .words(names) : .text) { return words.first?.value }
    if let scalar, let match = words.first(where: { $0.name == scalar }) { return match.value }
    let hint = scalar.map { NearestName.hint($0, among: names) } ?? ""
    report("expected \(names.count > 1 ? "one of " : "")\(names.joined(separator: ", ")); found \(node.found)\(hint)")
    return nil
  }

  /// The value under a word that stands for its absence, or what `parse` makes of it.
  func optional<T>(_ absent: String, _ parse: (Cursor) -> T?) -> T?? {
    if isWord(absent) { return .some(nil) }
    return parse(self).map { .some($0) }
  }

  // MARK: Lists and maps

  /// Reads the items of a list, each on the path of its ordinal, from 1; those that are wrong are left out.
  func items<T>(_ parse: (Cursor) -> T?) -> [T]? {
    if surveys(.list) { return parse(surveyed(Survey.item)).map { [$0] } ?? [] }
    guard case .list(let nodes) = node.content else { return expected("a list") }
    return nodes.enumerated().compactMap { row, node in
      let path = "\(path).\(row + 1)"
      reading.origins[path] = .file(line: node.position.line, column: node.position.column)
      return parse(Cursor(node: node, path: path, reading: reading))
    }
  }

  /// Reads the entries of a map from ids to values. Ids are lower-case letters, digits and hyphens.
  func entries<T>(_ parse: (String, Cursor) -> T?) -> [T]? {
    if surveys(.entries) { return parse(Survey.id, surveyed(Survey.id)).map { [$0] } ?? [] }
    guard case .map(let entries) = node.content else { return expected("a map of ids") }
    return entries.compactMap { entry in
      if !isID(entry.key) {
        reading.report(entry.at, nil, "an id is made of a–z, 0–9 and '-'; found '\(entry.key)'")
      }
      let path = "\(path).\(entry.key)"
      reading.origins[path] = .file(line: entry.at.line, column: entry.at.column)
      return parse(entry.key, Cursor(node: entry.value.placed(at: entry.at), path: path, reading: reading))
    }
  }

  /// The place below this one, in a survey.
  func surveyed(_ key: String) -> Cursor {
    let path = path.isEmpty ? key : "\(path).\(key)"
    return Cursor(node: reading.survey?.node(at: path) ?? node, path: path, reading: reading)
  }

  /// Reads a map with fixed keys; those that `parse` did not ask for are reported.
  @discardableResult
  func map<T>(_ what: String, _ parse: (MapReader) -> T?) -> T? {
    if surveys(.section(what)) { return parse(MapReader(cursor: self, entries: [], what: what)) }
    guard case .map(let entries) = node.content else { return expected("a map (\(what))") }
    let reader = MapReader(cursor: self, entries: entries, what: what)
    let result = parse(reader)
    reader.finish()
    return result
  }
}

/// Whether a text is an id: lower-case letters, digits and hyphens.
func isID(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
}

/// A map with fixed keys. The keys asked for are the keys allowed, so no section lists them twice.
final class MapReader {
  let cursor: Cursor
  private let entries: [(key: String, at: Position, value: SourceNode)]
  private let what: String
  private var asked: [String] = []

  init(cursor: Cursor, entries: [(key: String, at: Position, value: SourceNode)], what: String) {
    self.cursor = cursor
    self.entries = entries
    self.what = what
  }

  var path: String { cursor.path }
  var reading: Reading { cursor.reading }

  /// The value of a key; `nil` when the map has none.
  subscript(key: String) -> Cursor? {
    if let survey = cursor.reading.survey {
      survey.note(key: key, in: cursor.path, required: false)
      return cursor.surveyed(key)
    }
    if !asked.contains(key) { asked.append(key) }
    guard let entry = entries.first(where: { $0.key == key }) else { return nil }
    let path = cursor.path.isEmpty ? key : "\(cursor.path).\(key)"
    let value = entry.value.placed(at: entry.at)
    cursor.reading.origins[path] = .file(line: value.position.line, column: value.position.column)
    return Cursor(node: value, path: path, reading: cursor.reading)
  }

  /// Replaces `field` by the key's value, where there is one and it can be read.
  func read<T>(_ key: String, into field: inout T, _ parse: (Cursor) -> T?) {
    if let cursor = self[key], let value = parse(cursor) { field = value }
  }

  /// The value of a key that must be there.
  func require<T>(_ key: String, _ parse: (Cursor) -> T?) -> T? {
    cursor.reading.survey?.note(key: key, in: cursor.path, required: true)
    if let cursor = self[key] { return parse(cursor) }
    reading.report(cursor.node.position, path.isEmpty ? key : "\(path).\(key)", "\(what) needs the key '\(key)'")
    return nil
  }

  fileprivate func finish() {
    for entry in entries where !asked.contains(entry.key) {
      // Put together only when it is told: a file may have a hundred thousand of them.
      func message() -> String {
        let hint = NearestName.hint(entry.key, among: asked)
        return "unknown key '\(entry.key)' in \(what)\(hint); allowed: \(asked.joined(separator: ", "))"
      }
      reading.report(entry.at, nil, message())
    }
  }
}
