// From the paths a user names to scenarios: folders searched, every file read, every mistake told before anything runs.
import ArgumentParser
import Foundation
import ScenarioFormat
import ScenarioModel
import Studies

/// A scenario as it will be run, with the text it came from.
struct LoadedScenario {
  var file: String
  var source: String
  var scenario: Scenario
}

enum ScenarioFiles {
  /// The files that `paths` name, in the order given; a folder stands for all its `.yaml` files, sorted by path.
  static func find(_ paths: [String]) throws -> [String] {
    var files: [String] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Console.stop(.missingInput, "\(path): no such file or folder")
      }
      var found = [path]
      if isFolder.boolValue {
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        let inside =
          FileManager.default.enumerator(atPath: URL(filePath: folder).resolvingSymlinksInPath().path())?.compactMap {
            $0 as? String
          } ?? []
        found = inside.filter { $0.hasSuffix(".yaml") && !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
          .sorted().map { folder + "/" + $0 }
        if found.isEmpty { throw Console.stop(.missingInput, "\(path): no .yaml files in this folder") }
      }
      for file in found where !files.contains(file) { files.append(file) }
    }
    return files
  }

  /// Reads all files and makes `changes` to each. All mistakes of all files are told; the first one decides the exit code.
  static func load(_ paths: [String], changes: [String] = []) throws -> [LoadedScenario] {
    let changes = try changes.map(parse)
    var loaded: [LoadedScenario] = []
    var ending: Ending?
    for file in try find(paths) {
      do throws(ScenarioFileError) {
        let scenario = try ScenarioReader.read(file: file)
        let source = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        loaded.append(LoadedScenario(file: file, source: source, scenario: scenario))
      } catch {
        Console.tell(error.description)
        ending = ending ?? self.ending(of: error)
      }
    }
    if let ending { throw ending.exitCode }
    return try loaded.map { try changed($0, by: changes) }
  }

  /// The one scenario of a command that takes no folder of several.
  static func one(_ path: String, changes: [String], command: String) throws -> LoadedScenario {
    let scenarios = try load([path], changes: changes)
    guard let loaded = scenarios.first, scenarios.count == 1 else {
      throw Console.stop(.usage, "\(path): \(command) takes one file; this folder has \(scenarios.count)")
    }
    return loaded
  }

  /// Demands that a scenario has the session that was asked for.
  static func check(_ session: Int?, of loaded: LoadedScenario) throws {
    let count = loaded.scenario.sessions.count
    guard let session, !(1...max(count, 1)).contains(session) || count == 0 else { return }
    let known = count == 0 ? "no sessions" : count == 1 ? "only session 1" : "sessions 1 to \(count)"
    throw Console.stop(.usage, "\(loaded.file): there is no session \(session); it has \(known)")
  }

  private static func ending(of error: ScenarioFileError) -> Ending {
    switch error.kind {
    case .missing: .missingInput
    case .unreadable: .inputOutput
    case .invalid: .badScenario
    }
  }

  /// One change as an option takes it.
  static func parse(_ text: String) throws -> Change { try parse(text, "--set") }

  static func parse(_ text: String, _ option: String) throws -> Change {
    do { return try ChangeReader.parse(text) } catch { throw Console.stop(.usage, "\(option): \(error)") }
  }

  /// The scenario with changes that an option asked for; what its expectations speak of may be gone with them.
  static func changed(_ loaded: LoadedScenario, by changes: [Change], _ option: String) throws -> Scenario {
    do {
      var changed = loaded.scenario
      for change in changes { changed = try changed.applying(change) }
    } catch { throw Console.stop(.usage, "\(option): \(loaded.file): \(error)") }
    do { return try loaded.scenario.applying(all: changes) } catch {
      throw Console.stop(.badScenario, "\(loaded.file), as changed by \(option): \(error)")
    }
  }

  private static func changed(_ loaded: LoadedScenario, by changes: [Change]) throws -> LoadedScenario {
    var loaded = loaded
    for change in changes {
      do { loaded.scenario = try loaded.scenario.applying(change) } catch {
        throw Console.stop(.usage, "--set: \(loaded.file): \(error)")
      }
    }
    let problems = changes.isEmpty ? [] : loaded.scenario.problems()
    if let problem = problems.first {
      throw Console.stop(.badScenario, "\(loaded.file), as changed by --set: \(problem.path): \(problem.message)")
    }
    return loaded
  }
}

/// The options of every command that runs scenarios.
struct RunOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The seed of all chance, instead of the scenario's own.", valueName: "n"))
  var seed: UInt64?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Changes a value first, as in links.transit.delay=40ms, or 'lift PATH' (or restore) of a rule. May be repeated.",
      valueName: "path=value"
    ))
  var changes: [String] = []

  /// As they stand behind a file on a command line.
  var words: String { (seed.map { " --seed \($0)" } ?? "") + changes.map { " --set '\($0)'" }.joined() }
}
