// The JSON Schema of scenario files, for editors: what a survey of the reader found, with a word on every key.

/// Writes the schema.
public enum ScenarioSchema {
  /// JSON Schema draft 7, which editors' YAML servers know best; always the same bytes.
  public static func text() -> String { Writing(Survey.ofScenarios()).schema.jsonDocument }
}

/// One writing of the schema.
private struct Writing {
  private let places: [String: Survey.Place]
  /// Sections and the first place of each, which stands for all.
  private let sections: [(what: String, path: String)]

  init(_ survey: Survey) {
    places = survey.places
    var seen: [String: String] = [:]
    for (path, place) in places.sorted(by: { $0.key < $1.key }) where path != "" {
      for case .section(let what) in place.takes where seen[what] == nil { seen[what] = path }
    }
    sections = seen.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  var schema: Written {
    guard case .map(let root) = section("a scenario", at: "") else { return .map([]) }
    var entries: [(key: String, value: Written)] = [
      ("$schema", .json("http://json-schema.org/draft-07/schema#")),
      ("description", .json("A scenario of shortpath. `shortpath check` finds what a schema cannot.")),
    ]
    entries += root
    let definitions = sections.map { (key: Self.name(of: $0.what), value: section($0.what, at: $0.path)) }
    entries.append(("definitions", .map(definitions)))
    return .map(entries)
  }

  /// "a host's client" as the name of a definition.
  private static func name(of what: String) -> String {
    var words = what.split(separator: " ").map { $0.filter { $0 != "'" }.lowercased() }
    if let first = words.first, ["a", "an", "the"].contains(first) { words.removeFirst() }
    return words.joined(separator: "-")
  }

  private func section(_ what: String, at path: String) -> Written {
    let place = places[path] ?? Survey.Place()
    let keys = place.keys.map { key in (key: key, value: value(of: key, in: what, at: path.isEmpty ? key : "\(path).\(key)")) }
    var entries: [(key: String, value: Written)] = [
      ("title", .json(what)), ("type", .json("object")), ("additionalProperties", .scalar("false")),
    ]
    if !place.required.isEmpty { entries.append(("required", .list(place.required.map { .json($0) }))) }
    return .map(entries + [("properties", .map(keys))])
  }

  private func value(of key: String, in section: String, at path: String) -> Written {
    let ways = ways(at: path)
    let note = KeyNote.of(key, in: section)
    var entries: [(key: String, value: Written)] = []
    if let note { entries.append(("description", .json(note.says + (note.origin.map { " Default: \($0)." } ?? "")))) }
    // Beside `$ref`, draft 7 heeds nothing.
    if ways.count == 1, case .map(let only) = ways[0], only.first?.key != "$ref" { return .map(entries + only) }
    return .map(entries + [("anyOf", .list(ways))])
  }

  /// What a place takes, as alternatives.
  private func ways(at path: String) -> [Written] {
    var words: [String] = []
    var ways: [Written] = []
    for taken in places[path]?.takes ?? [] {
      switch taken {
      case .words(let more): words += more.filter { !words.contains($0) }
      case .flag: words += ["on", "off"].filter { !words.contains($0) }
      case .entries: ways.append(entries(at: path))
      case .list: ways.append(.map([("type", .json("array")), ("items", item(at: path))]))
      case .section(let what): ways.append(.map([("$ref", .json("#/definitions/\(Self.name(of: what))"))]))
      default: ways.append(.map(Self.scalar(taken)))
      }
    }
    let takesFlag = places[path]?.takes.contains(.flag) == true
    return (words.isEmpty ? [] : [Self.choice(words, takesFlag: takesFlag)]) + ways
  }

  private func item(at path: String) -> Written {
    let ways = ways(at: "\(path).\(Survey.item)")
    return ways.count == 1 ? ways[0] : .map([("anyOf", .list(ways))])
  }

  private func entries(at path: String) -> Written {
    let ways = ways(at: "\(path).\(Survey.id)")
    return .map([
      ("type", .json("object")), ("additionalProperties", .scalar("false")),
      ("patternProperties", .map([("^[a-z0-9-]+$", ways.count == 1 ? ways[0] : .map([("anyOf", .list(ways))]))])),
    ])
  }

  /// Words as YAML may read them: `1` is a number there and `on` in older YAML a truth value.
  private static func choice(_ words: [String], takesFlag: Bool) -> Written {
    var all = words.map { Written.json($0) }
    all += words.filter(isNumber).map { .scalar($0) }
    if takesFlag { all += ["true", "false", "yes", "no"].map { .json($0) } }
    if words.contains("on") || takesFlag { all += [.scalar("true"), .scalar("false")] }
    return .map([("enum", .list(all))])
  }

  private static func isNumber(_ word: String) -> Bool { word.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 } }

  private static func scalar(_ taken: Taken) -> [(key: String, value: Written)] {
    func either(_ type: String, _ pattern: String) -> [(key: String, value: Written)] {
      [("type", .list([.json(type), .json("string")])), ("pattern", .json(pattern))]
    }
    func text(_ pattern: String) -> [(key: String, value: Written)] { [("type", .json("string")), ("pattern", .json(pattern))] }
    switch taken {
    case .integer(let lowest, let highest):
      return either("integer", "^(0|[1-9][0-9]*)$") + [("minimum", .scalar(lowest)), ("maximum", .scalar(highest))]
    case .ports:
      return either("integer", "^[0-9]{1,5}(-[0-9]{1,5})?$") + [("minimum", .scalar("1")), ("maximum", .scalar("65535"))]
    case .quantity(let kind): return text("^\(quantity(kind))$")
    case .eventTime: return text("^-?\(quantity(Units.duration.kind))$")
    case .address: return text("^(\(fourBytes)|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$")
    case .prefix: return text("^(\(fourBytes)/([0-9]|[12][0-9]|3[0-2])|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*/[0-9]{1,3})$")
    case .changes:
      return [
        ("type", .json("object")),
        ("additionalProperties", .map([("type", .list(["string", "number", "boolean"].map { .json($0) }))])),
      ]
    // A text may look like a number, or like a truth value.
    default: return [("type", .list(["string", "number", "boolean"].map { .json($0) })), ("minLength", .scalar("1"))]
    }
  }

  private static let fourBytes = "[0-9]{1,3}(\\.[0-9]{1,3}){3}"

  /// A number with one of a kind's units; a single unit's bound is in the pattern.
  private static func quantity(_ kind: String) -> String {
    let units = [Units.duration, .rate, .size, .probability].first { $0.kind == kind } ?? .duration
    let names = (units.names.map(\.name) + units.aliases.map(\.written)).joined(separator: "|")
    let number = units.kind == Units.probability.kind ? "0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)" : "[0-9]+(\\.[0-9]+)?"
    return "\(number) *(\(names))"
  }
}

/// A tree of maps and lists as JSON.
extension Written {
  /// A text in quotes; those of the schema have no control characters (RFC 8259 §7).
  fileprivate static func json(_ text: String) -> Written { .scalar(jsonQuoted(text)) }

  /// The text, ended by a newline; what fits a line stands on one.
  fileprivate var jsonDocument: String { json(indent: "") + "\n" }

  private func json(indent: String) -> String {
    let line = jsonLine
    // 100: what editors show without scrolling (*assumed*).
    if line.count + indent.count <= 100 { return line }
    let inner = indent + "  "
    func block(_ open: String, _ close: String, _ parts: [String]) -> String {
      "\(open)\n\(parts.map { inner + $0 }.joined(separator: ",\n"))\n\(indent)\(close)"
    }
    switch self {
    case .list(let items), .row(let items): return block("[", "]", items.map { $0.json(indent: inner) })
    case .map(let entries), .inline(let entries):
      return block("{", "}", entries.map { "\(Self.jsonQuoted($0.key)): \($0.value.json(indent: inner))" })
    case .scalar: return line
    }
  }

  private var jsonLine: String {
    switch self {
    case .scalar(let text): text
    case .list(let items), .row(let items): "[\(items.map(\.jsonLine).joined(separator: ", "))]"
    case .map(let entries), .inline(let entries):
      "{\(entries.map { "\(Self.jsonQuoted($0.key)): \($0.value.jsonLine)" }.joined(separator: ", "))}"
    }
  }

  private static func jsonQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out + "\""
  }
}
