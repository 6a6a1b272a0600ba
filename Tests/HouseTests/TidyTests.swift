// The house's own rules, checked on its sources: what each room may import, and words that have no business in a simulated world.
import Foundation
import Testing

@Suite struct TidyTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Rooms of the simulated world and above it up to `Studies`, with the rooms each may enter.
  private static let mayImport: [String: [String]] = [
    "SimulationKernel": [],
    "Wire": ["SimulationKernel"],
    "WireCodec": ["SimulationKernel", "Wire", "Crypto"],
    "Dissection": ["SimulationKernel", "Wire", "WireCodec"],
    "Trace": ["SimulationKernel", "Wire"],
    "NetworkModel": ["SimulationKernel", "Wire", "Trace"],
    "Protocols": ["SimulationKernel", "Wire", "Trace"],
    "HostStack": ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols"],
    "VirtualDesktop": ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack"],
    "ScenarioModel": ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "VirtualDesktop"],
    "Simulation": [
      "SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "VirtualDesktop", "ScenarioModel",
    ],
    "Captures": [
      "SimulationKernel", "Wire", "WireCodec", "Trace", "NetworkModel", "Protocols", "ScenarioModel", "Simulation",
    ],
    "Studies": ["SimulationKernel", "Wire", "Trace", "NetworkModel", "VirtualDesktop", "ScenarioModel", "Simulation"],
  ]

  private static func files(_ folder: String) -> [(path: String, text: String)] {
    let base = root.appending(path: folder)
    let found = FileManager.default.enumerator(atPath: base.path())?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".swift") }.sorted().map { path in
      ("\(folder)/\(path)", (try? String(contentsOf: base.appending(path: path), encoding: .utf8)) ?? "")
    }
  }

  /// Lines of code: comments and what follows them are cut.
  private static func code(_ text: String) -> [(number: Int, line: String)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { row, line in
      let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
      return code.allSatisfy(\.isWhitespace) ? nil : (row + 1, String(code))
    }
  }

  @Test("each room imports only what lies below it", arguments: mayImport.keys.sorted())
  func imports(room: String) {
    let files = Self.files("Sources/\(room)")
    #expect(!files.isEmpty)
    for (path, text) in files {
      for (number, line) in Self.code(text) {
        let words = line.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at <= 1, at + 1 < words.count else { continue }
        #expect(Self.mayImport[room]!.contains(words[at + 1]), "\(path):\(number) imports \(words[at + 1])")
      }
    }
  }

  @Test("no wall clock, no unseeded chance, no libm, no locks and no async in the simulated world")
  func bannedWords() throws {
    let banned = try Regex(
      #"\b(Date|ContinuousClock|SuspendingClock|DispatchTime|SystemRandomNumberGenerator|Task|Mutex|async|await)\b|\.random\(|\.shuffled\(|\b(log|exp|pow|sqrt|sin|cos)\("#
    )
    for room in Self.mayImport.keys.sorted() where room != "Studies" {
      for (path, text) in Self.files("Sources/\(room)") {
        for (number, line) in Self.code(text) { #expect(line.firstMatch(of: banned) == nil, "\(path):\(number): \(line)") }
      }
    }
  }

  @Test("machines and roles read no link, no translator and no other node's state")
  func onlyPackets() throws {
    let banned = try Regex(#"\.links\b|\btranslators?\b|TranslationBehaviour|LinkSettings|LinkDirection|\.natType|nodes\["#)
    for room in ["Protocols", "HostStack", "VirtualDesktop"] {
      for (path, text) in Self.files("Sources/\(room)") {
        for (number, line) in Self.code(text) { #expect(line.firstMatch(of: banned) == nil, "\(path):\(number): \(line)") }
      }
    }
  }

  @Test("files open with a sentence of purpose and stay readable: at most 450 lines")
  func shape() {
    for (path, text) in Self.files("Sources") {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.first?.hasPrefix("//") == true, "\(path) does not say what it is for")
      #expect(lines.count <= 450, "\(path) has \(lines.count) lines")
    }
  }

  @Test("nothing is left for later in the code, and nothing is named after being left over")
  func noLeftovers() throws {
    let banned = try Regex(#"\b(TODO|FIXME|XXX|fatalError)\b"#)
    let names = ["Utils", "Helpers", "Common", "Manager", "Misc", "New"]
    for (path, text) in Self.files("Sources") {
      #expect(text.firstMatch(of: banned) == nil, "\(path)")
      #expect(!names.contains { path.contains("/\($0).swift") || path.contains("/\($0)/") }, "\(path)")
    }
  }
}
