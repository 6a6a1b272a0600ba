// Every code is produced by a scenario of the repository or by a named test, and the pages of codes name scenarios that show them.
import Foundation
import Reports
import ScenarioModel
import Testing
import Trace

@Suite struct CodeTests {
  /// A code that no scenario file shows, why none does, and the test that shows it instead (by its whole name).
  struct Exception: Sendable {
    var code: String
    var why: String
    var test: String
  }

  /// Sorted by code. A code that a scenario file shows must not stand here.
  static let exceptions: [Exception] = [
  ]

  static let known = Set((Reason.allCases.map(\.code) + DropReason.allCases.map(\.code)).filter { $0 != "none" })
  static let shown = Set(Repository.codes.values.flatMap { $0 })

  @Test("every reason and every drop reason is produced by a scenario file, or by the test that stands for it")
  func produced() {
    let excepted = Set(Self.exceptions.map(\.code))
    let missing = Self.known.subtracting(Self.shown).subtracting(excepted).sorted()
    #expect(missing.isEmpty, "neither a scenario nor an exception shows: \(missing.joined(separator: ", "))")
  }

  @Test("the list of exceptions is sorted, short of words for nothing, and free of what scenarios show by now")
  func exceptions() {
    let codes = Self.exceptions.map(\.code)
    #expect(codes == Set(codes).sorted())
    let unknown = codes.filter { !Self.known.contains($0) }
    #expect(unknown.isEmpty, "no such code: \(unknown.joined(separator: ", "))")
    let stale = codes.filter { Self.shown.contains($0) }
    #expect(stale.isEmpty, "a scenario shows it, take it off the list: \(stale.joined(separator: ", "))")
    let tests = Repository.sources(of: "Tests").joined(separator: "\n")
    let gone = Self.exceptions.filter { !tests.contains("@Test(\"\($0.test)\"") && !tests.contains("\n    \"\($0.test)\",") }
    #expect(gone.isEmpty, "no such test: \(gone.map { "\($0.code): \($0.test)" }.joined(separator: "; "))")
    #expect(Self.exceptions.allSatisfy { $0.why.count > 10 })
  }

  @Test("a page's scenario exists and produces its code")
  func pagesHold() {
    let wrong = Codes.pages.compactMap { page -> String? in
      guard let scenario = page.scenario else { return nil }
      guard let codes = Repository.codes[String(scenario.dropFirst("Scenarios/".count))] else {
        return "\(page.code): there is no \(scenario)"
      }
      return codes.contains(page.code) ? nil : "\(page.code): \(scenario) gives \(codes.sorted().joined(separator: ", "))"
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }

  @Test("every page of a failure names a scenario, unless the code is an exception; what a scenario shows has one")
  func failuresHaveScenarios() {
    let excepted = Set(Self.exceptions.map(\.code))
    let groups = Codes.groups.filter { $0.name.contains("failed") || $0.name.contains("refused") }
    #expect(groups.count >= 2)
    let pages = groups.flatMap(\.pages).filter { $0.scenario == nil && !excepted.contains($0.code) }
    let files = pages.map { page in
      let showing = Repository.codes.keys.sorted().filter { Repository.codes[$0]?.contains(page.code) == true }
      return "\(page.code) (shown by \(showing.isEmpty ? "none" : showing.prefix(3).joined(separator: ", ")))"
    }
    #expect(files.isEmpty, "no scenario on the page of: \(files.joined(separator: "; "))")
  }

  @Test("every scenario under failures has a title, two lines of comment, and pins what it shows")
  func failuresArePinned() throws {
    for file in Repository.codes.keys.sorted() where file.hasPrefix("failures/") {
      let url = Repository.root.appending(path: "Scenarios").appending(path: file)
      let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      #expect(lines.count <= 40 && lines[1].hasPrefix("title:"), "\(file)")
      #expect(lines[2].hasPrefix("# ") && lines[3].hasPrefix("# "), "\(file) teaches nothing")
      #expect(lines.contains("expect:"), "\(file) expects nothing")
    }
  }
}
