// A validator for the keywords of JSON Schema draft 7 that the schema of scenarios uses; any other keyword is an error of the test.
import Foundation
import Yams

/// A schema and its definitions.
struct JSONSchema {
  let root: [String: Any]
  private let definitions: [String: Any]

  /// Keywords that only tell people something.
  private static let words: Set<String> = ["$schema", "title", "description", "definitions"]
  private static let known: Set<String> = [
    "type", "enum", "pattern", "minLength", "minimum", "maximum", "properties", "patternProperties", "additionalProperties",
    "required", "items", "anyOf", "$ref",
  ]

  init(_ text: String) throws {
    root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    definitions = root["definitions"] as? [String: Any] ?? [:]
  }

  /// A definition by its name, or the whole.
  func definition(_ name: String) -> [String: Any] { definitions[name] as? [String: Any] ?? [:] }
  var names: [String] { definitions.keys.sorted() }

  /// What is wrong with a value; empty when it is valid.
  func problems(_ value: Any) -> [String] { problems(value, root, at: "") }

  private func problems(_ value: Any, _ schema: [String: Any], at path: String) -> [String] {
    var found: [String] = []
    for keyword in schema.keys where !Self.words.contains(keyword) && !Self.known.contains(keyword) {
      found.append("\(path): the validator knows no \(keyword)")
    }
    if let name = schema["$ref"] as? String {
      return problems(value, definition(String(name.dropFirst("#/definitions/".count))), at: path)
    }
    if let ways = schema["anyOf"] as? [[String: Any]] {
      let each = ways.map { problems(value, $0, at: path) }
      // The way that goes deepest is the one that was meant.
      if !each.contains(where: \.isEmpty) { found += each.max { depth($0) < depth($1) } ?? [] }
    }
    if let types = schema["type"] as? [String] ?? (schema["type"] as? String).map({ [$0] }),
      !types.contains(where: { isA(value, $0) })
    {
      return found + ["\(path): \(value) is no \(types)"]
    }
    if let words = schema["enum"] as? [Any], !words.contains(where: { same($0, value) }) {
      found.append("\(path): \(value) is none of \(words)")
    }
    if let text = value as? String {
      if let pattern = schema["pattern"] as? String, try! Regex(pattern).firstMatch(in: text) == nil {
        found.append("\(path): '\(text)' does not match \(pattern)")
      }
      if let least = schema["minLength"] as? Int, text.count < least { found.append("\(path): too short") }
    }
    if let number = number(value) {
      if let least = schema["minimum"] as? NSNumber, number < least.doubleValue {
        found.append("\(path): \(number) is too small")
      }
      if let most = schema["maximum"] as? NSNumber, number > most.doubleValue { found.append("\(path): \(number) is too large") }
    }
    if let items = value as? [Any], let each = schema["items"] as? [String: Any] {
      for (row, item) in items.enumerated() { found += problems(item, each, at: "\(path).\(row + 1)") }
    }
    if let map = value as? [String: Any] { found += problems(of: map, schema, at: path) }
    return found
  }

  private func problems(of map: [String: Any], _ schema: [String: Any], at path: String) -> [String] {
    var found: [String] = []
    for key in schema["required"] as? [String] ?? [] where map[key] == nil { found.append("\(path): needs \(key)") }
    let fixed = schema["properties"] as? [String: [String: Any]] ?? [:]
    let patterns = schema["patternProperties"] as? [String: [String: Any]] ?? [:]
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      let below = "\(path).\(key)"
      if let own = fixed[key] ?? patterns.first(where: { try! Regex($0.key).firstMatch(in: key) != nil })?.value {
        found += problems(value, own, at: below)
      } else if let rest = schema["additionalProperties"] as? [String: Any] {
        found += problems(value, rest, at: below)
      } else if schema["additionalProperties"] as? Bool == false {
        found.append("\(below): unknown key")
      }
    }
    return found
  }

  private func depth(_ problems: [String]) -> Int { problems.map { $0.prefix { $0 != ":" }.count }.max() ?? 0 }

  private func number(_ value: Any) -> Double? {
    if value is Bool || value is String { return nil }
    return (value as? Double) ?? (value as? Int).map(Double.init) ?? (value as? UInt).map(Double.init)
      ?? (value as? UInt64).map(Double.init)
  }

  private func isA(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "string": value is String
    case "boolean": value is Bool
    case "integer": number(value).map { $0 == $0.rounded() } ?? false
    case "number": number(value) != nil
    case "array": value is [Any]
    case "object": value is [String: Any]
    default: false
    }
  }

  /// JSON's own numbers and truth values are both `NSNumber`; a truth value says so by its type.
  private func same(_ word: Any, _ value: Any) -> Bool {
    if let text = word as? String { return value as? String == text }
    guard let word = word as? NSNumber else { return false }
    let isFlag = String(cString: word.objCType) == "c"
    if isFlag { return (value as? Bool).map { $0 == word.boolValue } ?? false }
    return number(value).map { $0 == word.doubleValue } ?? false
  }

  /// A YAML text as editors read it: by YAML 1.2's rules, or the older ones by which `on` is a truth value. `nil` for what is no YAML.
  static func value(_ text: String, isOld: Bool = false) -> Any? {
    var resolver = Resolver.default.removing(.timestamp).removing(.merge)
    if !isOld, let rule = try? Resolver.Rule(.bool, "^(?:true|True|TRUE|false|False|FALSE)$") {
      resolver = resolver.replacing(rule)
    }
    let constructor = Constructor(Constructor.defaultScalarMap, Constructor.defaultMappingMap, Constructor.defaultSequenceMap)
    guard let loaded = try? Parser(yaml: text, resolver: resolver, constructor: constructor, encoding: .utf8).singleRoot()?.any
    else {
      return nil
    }
    return plain(loaded)
  }

  /// With texts as keys, as in JSON.
  private static func plain(_ value: Any) -> Any {
    if let map = value as? [AnyHashable: Any] {
      return Dictionary(map.map { ("\($0.key.base)", plain($0.value)) }) { first, _ in first }
    }
    return (value as? [Any])?.map(plain) ?? value
  }
}
