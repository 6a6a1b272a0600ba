// Every documented state of every machine is reached by a test of that machine, read from the sources of both.
import Foundation
import Testing

/// The rule, exactly:
/// - A machine is a type under `Sources/Protocols` with a nested `enum State`; its states are the `case`s that stand directly in it.
/// - A test of it is a top-level declaration of a test file (a suite, an extension of one) in which the machine's name occurs.
/// - A state is reached when `.NAME` stands in an assertion there: inside `#expect(…)` or `#require(…)`, or behind the label `to:`
///   of a line of a transcript, which is asserted to be the state after it.
///
/// It proves that somebody wrote the state down as an outcome, and the assertion that it came out. That two machines of one file share
/// a case's name is told apart only by their suites, so each machine has its own.
@Suite struct StateTests {
  struct Machine: Sendable, CustomTestStringConvertible {
    var name: String
    var states: [String]
    var testDescription: String { name }
  }

  static let machines: [Machine] = Repository.sources(of: "Sources/Protocols").flatMap { machines(in: $0) }

  /// The tests' top-level declarations.
  static let declarations: [String] = Repository.sources(of: "Tests").flatMap { declarations(in: $0) }

  @Test("every state of a machine is asserted by that machine's tests", arguments: machines)
  func reached(machine: Machine) throws {
    let name = try Regex("\\b\(machine.name)\\b").wordBoundaryKind(.simple)
    let tests = Self.declarations.filter { $0.firstMatch(of: name) != nil }
    #expect(!tests.isEmpty, "\(machine.name) has no tests")
    let assertions = tests.flatMap(Self.assertions)
    let missing = try machine.states.filter { state in
      let word = try Regex("\\.\(state)\\b").wordBoundaryKind(.simple)
      return !assertions.contains { $0.firstMatch(of: word) != nil }
    }
    #expect(missing.isEmpty, "no assertion names \(machine.name)'s \(missing.joined(separator: ", "))")
  }

  @Test("the rule finds the machines, and would miss a state that nobody asserts")
  func theRuleItself() {
    #expect(Self.machines.count >= 20)
    #expect(Self.machines.first { $0.name == "HostAgent" }?.states.contains("registered") == true)
    let text =
      "struct M {\n  enum State {\n    /// Next: `b`.\n    case a, b(until: Int, n: [Int])\n    case c\n    var x: Int { switch self { case .a: 1 } }\n  }\n}"
    #expect(Self.machines(in: text).first?.states == ["a", "b", "c"])
    let tests =
      "@Suite struct T {\n  let s = M.State.a\n  func f() {\n    #expect(m.state == .b(1)) // .c\n    t(1, .start, to: .c)\n  }\n}"
    let found = Self.declarations(in: tests).flatMap(Self.assertions)
    #expect(found.contains { $0.contains(".b") } && found.contains { $0.contains(".c") } && !found.contains { $0.contains(".a") })
  }

  // MARK: Reading

  /// The machines of a source file.
  static func machines(in text: String) -> [Machine] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { withoutComment($0) }
    var owners: [(indent: Int, name: String)] = []
    var found: [Machine] = []
    var row = 0
    while row < lines.count {
      let line = lines[row]
      let indent = line.prefix { $0 == " " }.count
      let words = line.split(separator: " ").filter { !["public", "private", "final", "indirect"].contains($0) }
      if words.count > 1, ["struct", "class", "enum", "extension"].contains(words[0]) {
        owners.removeAll { $0.indent >= indent }
        let name = String(words[1].prefix { $0.isLetter || $0.isNumber || $0 == "." })
        if name == "State", words[0] == "enum", let owner = owners.last {
          found.append(Machine(name: owner.name, states: states(lines[row...], indent: indent)))
        }
        owners.append((indent, name))
      }
      row += 1
    }
    return found.filter { !$0.states.isEmpty }
  }

  private static func states(_ lines: ArraySlice<String>, indent: Int) -> [String] {
    guard let first = lines.first else { return [] }
    var body: [Substring] = []
    if first.contains("}") {
      body = [first.drop { $0 != "{" }.dropFirst().drop { $0 == " " }]
    } else {
      for line in lines.dropFirst() {
        let own = line.prefix { $0 == " " }.count
        if own == indent, line.hasSuffix("}") { break }
        if own == indent + 2 { body.append(line.dropFirst(own)) }
      }
    }
    return body.filter { $0.hasPrefix("case ") }.flatMap { names(in: $0.dropFirst(5)) }
  }

  /// The names between commas outside of parentheses.
  private static func names(in list: Substring) -> [String] {
    var depth = 0
    var names = [""]
    for letter in list {
      switch letter {
      case "(": depth += 1
      case ")": depth -= 1
      case "," where depth == 0: names.append("")
      case "}": return names.filter { !$0.isEmpty }
      case _ where depth == 0 && (letter.isLetter || letter.isNumber): names[names.count - 1].append(letter)
      default: break
      }
    }
    return names.filter { !$0.isEmpty }
  }

  static func declarations(in text: String) -> [String] {
    var found: [String] = []
    for line in text.split(separator: "\n").map({ withoutComment($0) }) where !line.isEmpty {
      if let first = line.first, first == " " || "})]".contains(first), !found.isEmpty {
        found[found.count - 1] += "\n" + line
      } else {
        found.append(line)
      }
    }
    return found
  }

  /// What stands in the parentheses of `#expect` and `#require`, and behind `to:` up to the end of its call.
  static func assertions(in text: String) -> [Substring] {
    ["#expect(", "#require(", " to: "].flatMap { mark in
      text.ranges(of: mark).map { range in
        var depth = mark.hasSuffix("(") ? 1 : 0
        let end = text[range.upperBound...].firstIndex { letter in
          if "([{".contains(letter) { depth += 1 }
          if ")]}".contains(letter) { depth -= 1 }
          return depth < (mark.hasSuffix("(") ? 1 : 0)
        }
        return text[range.upperBound..<(end ?? text.endIndex)]
      }
    }
  }

  private static func withoutComment(_ line: Substring) -> String {
    String(line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line)
  }
}
