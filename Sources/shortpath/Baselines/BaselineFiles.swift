// Where baselines are kept: in a folder `baselines` beside the scenarios, a file each, and pending ones beside them.
import ArgumentParser
import Foundation
import ScenarioModel

/// The files of one scenario.
struct BaselineFile {
  /// The scenario's own file.
  let scenario: String

  private static let folder = "baselines"
  static let ending = ".baseline"
  static let pendingEnding = ".pending"

  private var parts: (folder: String, name: String) {
    let url = scenario.split(separator: "/", omittingEmptySubsequences: false)
    let name = String(url.last ?? "")
    let above = url.dropLast().joined(separator: "/")
    let stem = name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
    return ((above.isEmpty && url.count < 2 ? "" : above + "/") + Self.folder, stem)
  }

  var path: String { parts.folder + "/" + parts.name + Self.ending }
  /// The run that differs and waits for somebody's word; never committed.
  var pending: String { parts.folder + "/" + parts.name + Self.pendingEnding }

  /// The scenario that a baseline, or a pending one, belongs to.
  init?(of file: String, ending: String) {
    var parts = file.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard file.hasSuffix(ending), let name = parts.popLast(), parts.popLast() == Self.folder else { return nil }
    scenario = (parts + [String(name.dropLast(ending.count)) + ".yaml"]).joined(separator: "/")
  }

  init(scenario: String) { self.scenario = scenario }

  /// The text of the baseline; `nil` when there is none.
  func text() throws -> String? { try Self.read(path) }
  func pendingText() throws -> String? { try Self.read(pending) }

  private static func read(_ path: String) throws -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      // What is no text is no baseline either; what cannot be opened is another matter.
      guard FileManager.default.isReadableFile(atPath: path) else { throw Console.stop(.inputOutput, "\(path): cannot be read") }
      return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
  }

  func write(pending text: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: parts.folder, withIntermediateDirectories: true)
      if try pendingText() != text { try text.write(toFile: pending, atomically: true, encoding: .utf8) }
    } catch let error as ExitCode { throw error } catch { throw Self.trouble(pending, error) }
  }

  /// The pending run becomes the baseline.
  func accept(_ text: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch { throw Self.trouble(path, error) }
    try dropPending()
  }

  /// Removes a pending run, if there is one.
  func dropPending() throws {
    guard FileManager.default.fileExists(atPath: pending) else { return }
    do { try FileManager.default.removeItem(atPath: pending) } catch { throw Self.trouble(pending, error) }
  }

  static func trouble(_ path: String, _ error: any Error) -> ExitCode {
    Console.stop(.inputOutput, "\(path): \((error as NSError).localizedDescription)")
  }

  // MARK: Finding

  /// The files with this ending that belong to what `paths` name, sorted: of a folder all in it, of a scenario its own.
  static func find(_ ending: String, in paths: [String]) throws -> [BaselineFile] {
    var found: [BaselineFile] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Console.stop(.missingInput, "\(path): no such file or folder")
      }
      if isFolder.boolValue {
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        let inside =
          FileManager.default.enumerator(atPath: URL(filePath: folder).resolvingSymlinksInPath().path())?.compactMap {
            $0 as? String
          } ?? []
        found += inside.sorted().compactMap { BaselineFile(of: folder + "/" + $0, ending: ending) }
      } else {
        let own = BaselineFile(scenario: path)
        let file = ending == Self.ending ? own.path : own.pending
        if FileManager.default.fileExists(atPath: file) { found.append(own) }
      }
    }
    var seen: Set<String> = []
    return found.filter { seen.insert($0.scenario).inserted }
  }

  /// Whether the scenario's name or file is like `pattern`, in which `*` and `?` stand for anything.
  func isLike(_ pattern: String) -> Bool { fnmatch(pattern, scenario, 0) == 0 || fnmatch(pattern, parts.name, 0) == 0 }
}

/// The scenarios that a command about baselines is for.
struct BaselinePaths: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Scenario files or folders.", valueName: "file-or-folder"), completion: .file(extensions: ["yaml"]))
  var paths: [String] = ["Scenarios"]

  @Option(
    name: .customLong("only"),
    help: ArgumentHelp("Only scenarios whose name or file is like it; * and ? stand for anything.", valueName: "pattern"))
  var pattern: String?

  /// The pending runs, in the order of their scenarios. A pattern that none is like is a mistake.
  func pending() throws -> [BaselineFile] {
    let all = try BaselineFile.find(BaselineFile.pendingEnding, in: paths)
    guard let pattern else { return all }
    let own = all.filter { $0.isLike(pattern) }
    if own.isEmpty {
      let names = all.map(\.scenario).joined(separator: ", ")
      throw Console.stop(
        .missingInput, "--only \(pattern): nothing that is pending is like it" + (all.isEmpty ? "" : "; there are \(names)"))
    }
    return own
  }
}
