// The repository's files, and one run of every scenario in it.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import Trace

enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func files(_ folder: String, ending: String) -> [String] {
    let found = FileManager.default.enumerator(atPath: root.appending(path: folder).path())?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(ending) }.sorted()
  }

  /// The texts of the Swift files below a folder.
  static func sources(of folder: String) -> [String] {
    files(folder, ending: ".swift").compactMap {
      try? String(contentsOf: root.appending(path: folder).appending(path: $0), encoding: .utf8)
    }
  }

  /// The codes in the result of every scenario file, by its path below `Scenarios`; each is run once.
  static let codes: [String: Set<String>] = {
    var codes: [String: Set<String>] = [:]
    for file in files("Scenarios", ending: ".yaml") {
      let path = root.appending(path: "Scenarios").appending(path: file).path()
      guard let scenario = try? ScenarioReader.read(file: path), let run = try? Simulator.run(scenario) else {
        codes[file] = []
        continue
      }
      codes[file] = run.codes
    }
    return codes
  }()
}

extension RunResult {
  /// Every code that the result tells: of sessions, their attempts, failures and losses, and of drops.
  fileprivate var codes: Set<String> {
    var codes = Set(drops.map(\.reason.code))
    for session in sessions {
      codes.insert(session.reason.code)
      codes.formUnion(session.failures.map(\.reason.code) + session.reconnects.map(\.reason.code))
      codes.formUnion(session.attempts.flatMap { [$0.reason.code] + $0.blockers.map(\.reason.code) })
    }
    return codes
  }
}
