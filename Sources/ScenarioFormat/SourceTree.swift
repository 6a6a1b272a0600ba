// YAML as a tree of scalars, lists and maps with their places; everything of YAML that a scenario has no use for is refused here.
import Yams

/// A place in a file, counted from 1.
struct Position: Equatable, Comparable {
  var line: Int
  var column: Int
  static func < (a: Position, b: Position) -> Bool { a.line != b.line ? a.line < b.line : a.column < b.column }
}

/// A node of the file.
struct SourceNode {
  indirect enum Content {
    case scalar(String)
    case list([SourceNode])
    case map([(key: String, at: Position, value: SourceNode)])
  }
  var content: Content
  var position: Position

  /// The node as the value of a key: a scalar stands where it stands; a map, a list or nothing is looked for at its key.
  func placed(at key: Position) -> SourceNode {
    if case .scalar(let text) = content, !text.isEmpty { return self }
    return SourceNode(content: content, position: key)
  }

  /// What the node is, for "found …".
  var found: String {
    switch content {
    case .scalar(""): "nothing"
    case .scalar(let text): text.count > 60 ? "'\(text.prefix(57))…'" : "'\(text)'"
    case .list(let items): "a list of \(items.count)"
    case .map: "a map"
    }
  }
}

/// Composes the tree of one document.
struct SourceTree {
  private(set) var root: SourceNode?
  private(set) var problems: [ScenarioFileError.Problem] = []
  /// Something of the file is missing from the tree, so that nothing can be said about the rest.
  private(set) var hasHoles = false

  /// A second key of the same name stops the parser, so the first is marked with this and parsed again.
  private static let mark = "~2~"
  /// More than this many are not looked for, nor more than this much text parsed in search of them (*assumed*).
  private static let maximumDuplicates = 32
  private static let maximumReparsed = 4 * SourceText.maximumBytes
  /// A scenario needs 8 levels; deeper trees are refused (*assumed*).
  private static let maximumDepth = 32

  /// Where marks were set, in the text as it was then.
  private var marks: [Position] = []
  /// The same places in the file.
  private var marked: [Position] = []

  init(_ text: String) {
    if let problem = SourceText.firstControlCharacter(of: text) ?? Self.firstAlias(of: text) {
      problems = [problem]
      return
    }
    var text = text
    while true {
      do {
        // The parser holds the anchors, which its nodes refer to weakly.
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        let node = try parser.singleRoot()
        withExtendedLifetime(parser) { root = node.map { convert($0, depth: 0) } }
        if root == nil { report(Position(line: 1, column: 1), "the file is empty; a scenario begins with 'shortpath: 1'") }
        return
      } catch YamlError.duplicatedKeysInMapping(_, let context) {
        let at = Position(line: context.mark.line, column: context.mark.column)
        guard marks.count < Self.maximumDuplicates, marks.count * text.utf8.count < Self.maximumReparsed,
          let next = Self.insert(Self.mark, into: text, at: at)
        else {
          for place in marked + [original(at)] { report(place, "a key stands twice in one map, first here") }
          return
        }
        marked.append(original(at))
        marks.append(at)
        text = next
      } catch {
        report(error)
        return
      }
    }
  }

  // MARK: Conversion

  private mutating func convert(_ node: Node, depth: Int) -> SourceNode {
    let at = position(node)
    var result = SourceNode(content: .scalar(""), position: at)
    if node.anchor != nil {
      hasHoles = true
      report(at, "anchors, aliases and merge keys are not allowed; write the value out")
      return result
    }
    guard depth <= Self.maximumDepth else {
      hasHoles = true
      report(at, "nested deeper than \(Self.maximumDepth) levels")
      return result
    }
    switch node {
    case .scalar(let scalar):
      refuseTag(scalar.tag, at)
      result.content = .scalar(scalar.string)
    case .sequence(let sequence):
      refuseTag(sequence.tag, at)
      result.content = .list(sequence.map { convert($0, depth: depth + 1) })
    case .mapping(let mapping):
      refuseTag(mapping.tag, at)
      result.content = .map(entries(mapping, depth))
    case .alias: report(at, "anchors, aliases and merge keys are not allowed; write the value out")
    }
    return result
  }

  private mutating func entries(_ mapping: Node.Mapping, _ depth: Int) -> [(key: String, at: Position, value: SourceNode)] {
    var places: [String: Position] = [:]
    var entries: [(key: String, at: Position, value: SourceNode)] = []
    for (keyNode, value) in mapping {
      let key = convert(keyNode, depth: depth + 1)
      guard case .scalar(var name) = key.content else {
        report(key.position, "a key must be a word; found \(key.found)")
        continue
      }
      if name.hasPrefix(Self.mark), marked.contains(key.position) { name = Self.unmarked(name) }
      if name == "<<" {
        report(key.position, "anchors, aliases and merge keys are not allowed; write the value out")
        continue
      }
      if let first = places[name] {
        report(key.position, "the key '\(name)' stands twice in one map, first at \(first.line):\(first.column)")
        continue
      }
      places[name] = key.position
      entries.append((name, key.position, convert(value, depth: depth + 1)))
    }
    return entries
  }

  /// The name under the marks; a quoted name was marked before its quotes.
  private static func unmarked(_ name: String) -> String {
    var name = name[...]
    while name.hasPrefix(mark) { name = name.dropFirst(mark.count) }
    if let quote = name.first, quote == "\"" || quote == "'", name.count >= 2, name.last == quote {
      name = name.dropFirst().dropLast()
    }
    return String(name)
  }

  private mutating func refuseTag(_ tag: Tag, _ at: Position) {
    // The tag that a quoted scalar has by itself is that of a text.
    if !["", "!", "tag:yaml.org,2002:str"].contains(tag.description) {
      report(at, "tags such as '\(tag.description)' are not allowed")
    }
  }

  // MARK: Places

  private func position(_ node: Node) -> Position {
    original(node.mark.map { Position(line: $0.line, column: $0.column) } ?? Position(line: 1, column: 1))
  }

  /// The place in the file of a place in the marked text.
  private func original(_ place: Position) -> Position {
    var place = place
    for mark in marks.reversed() where place.line == mark.line && place.column > mark.column {
      place.column = max(mark.column, place.column - Self.mark.count)
    }
    return place
  }

  private static func insert(_ mark: String, into text: String, at place: Position) -> String? {
    let scalars = text.unicodeScalars
    var (line, column) = (1, 1)
    var index = scalars.startIndex
    while index < scalars.endIndex, (line, column) != (place.line, place.column) {
      if scalars[index] == "\n" { (line, column) = (line + 1, 0) }
      column += 1
      index = scalars.index(after: index)
    }
    guard index < scalars.endIndex else { return nil }
    return String(scalars[..<index]) + mark + String(scalars[index...])
  }

  /// The first anchor that an alias of the same name refers to. Found in the text, before a parser multiplies what it stands for.
  private static func firstAlias(of text: String) -> ScenarioFileError.Problem? {
    func names(_ sign: Unicode.Scalar) -> [(name: String, at: String.Index)] {
      let scalars = text.unicodeScalars
      return scalars.indices.compactMap { index in
        guard scalars[index] == sign else { return nil }
        if index > scalars.startIndex {
          let before = scalars[scalars.index(before: index)]
          guard " \t\r\n[{,:?-".unicodeScalars.contains(before) else { return nil }
        }
        let name = scalars[scalars.index(after: index)...].prefix { !" \t\r\n[]{},:".unicodeScalars.contains($0) }
        return name.isEmpty ? nil : (String(name), index)
      }
    }
    let anchors = names("&")
    if anchors.isEmpty { return nil }
    let aliases = Set(names("*").map(\.name))
    guard let hit = anchors.first(where: { aliases.contains($0.name) }) else { return nil }
    let (line, column) = SourceText.position(after: text.unicodeScalars[..<hit.at])
    return .init(line: line, column: column, message: "anchors, aliases and merge keys are not allowed; write the value out")
  }

  // MARK: Reporting

  private mutating func report(_ at: Position, _ message: String) {
    let problem = ScenarioFileError.Problem(line: at.line, column: at.column, message: message)
    if !problems.contains(problem), problems.count < 100 { problems.append(problem) }
  }

  private mutating func report(_ error: any Error) {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      let place = original(Position(line: mark.line, column: mark.column))
      report(place, "not YAML: \(problem)\(context.map { ", \($0.text)" } ?? "")")
    case .composer(_, let problem, let mark, _):
      let second = problem.contains("another document")
      report(
        original(Position(line: mark.line, column: mark.column)),
        second ? "a second document begins; a file holds one scenario" : "not YAML: \(problem)")
    default: report(Position(line: 1, column: 1), "not YAML")
    }
  }
}
