// From a YAML file to a scenario, or to everything that is wrong with it.
public import ScenarioModel
import SimulationKernel

/// Reads scenario files.
public struct ScenarioReader {
  /// The version of the format, as the key `shortpath` gives it.
  public static let version = 1

  /// Reads a file; its name without folders and ending is the scenario's id.
  public static func read(file path: String) throws(ScenarioFileError) -> Scenario {
    try read(text: try SourceText.read(file: path), name: path)
  }

  /// Reads a text that bears the name of a file.
  public static func read(text: String, name: String) throws(ScenarioFileError) -> Scenario {
    try SourceText.check(size: text.utf8.count, name: name)
    let tree = SourceTree(text)
    guard let root = tree.root, !tree.hasHoles else {
      throw ScenarioFileError(.invalid, file: name, problems: tree.problems)
    }
    let reading = Reading()
    let id = identifier(of: name)
    var scenario = Scenario(id: id, title: id)
    Cursor(node: root, path: "", reading: reading).map("a scenario") { map -> Void? in read(map, into: &scenario) }
    scenario.origins = reading.origins
    scenario.normalise()
    var problems = tree.problems + reading.problems
    if root.isMap {
      for problem in scenario.problems(unread: reading.unread) {
        let at = place(of: problem.path, in: scenario, root: root.position)
        problems.append(.init(line: at.line, column: at.column, message: problem.message))
      }
    }
    guard problems.isEmpty else {
      throw ScenarioFileError(.invalid, file: name, problems: sorted(problems))
    }
    return scenario
  }

  /// Reads everything there could be, for a survey.
  static func take(part survey: Survey) {
    var nothing = Scenario(id: "", title: "")
    let cursor = Cursor(node: survey.node(at: ""), path: "", reading: Reading(part: survey))
    cursor.map("a scenario") { map -> Void? in read(map, into: &nothing) }
  }

  private static func read(_ map: MapReader, into scenario: inout Scenario) {
    _ = map.require("shortpath") { $0.version(Self.version) }
    map.read("title", into: &scenario.title) { $0.text() }
    map.read("seed", into: &scenario.seed) { $0.integer(0...UInt64.max) }
    map.read("networks", into: &scenario.networks) { $0.entries { NetworkSpec.read($0, $1) } }
    map.read("links", into: &scenario.links) { $0.entries { LinkSpec.read($0, $1) } }
    map.read("tunnels", into: &scenario.tunnels) { $0.entries { TunnelSpec.read($0, $1) } }
    map.read("hosts", into: &scenario.hosts) { $0.entries { HostSpec.read($0, $1) } }
    map.read("service", into: &scenario.service) { ServiceSpec.read($0) }
    map.read("host-pool", into: &scenario.hostPool) { HostPoolSpec.read($0) }
    map.read("sessions", into: &scenario.sessions) { $0.items { SessionSpec.read($0) } }
    map.read("probes", into: &scenario.probes) { $0.items { ProbeSpec.read($0) } }
    map.read("rogues", into: &scenario.rogues) { $0.items { RogueSpec.read($0) } }
    map.read("traffic", into: &scenario.traffic) { $0.items { TrafficSpec.read($0) } }
    if let events = map["events"] {
      var changes: [EventSpec] = []
      _ = events.items { item -> Void? in changes += EventSpec.read(item, first: changes.count + 1) ?? [] }
      scenario.events = changes
    }
    map.read("mishaps", into: &scenario.mishaps) { $0.items { MishapSpec.read($0) } }
    map.read("expect", into: &scenario.expectations) { $0.items { Expectation.read($0) } }
    map.read("timing", into: &scenario.timing) { TimingSpec.read($0) }
  }

  /// The last part of a path, without its ending.
  private static func identifier(of name: String) -> String {
    let file = name.split(separator: "/").last ?? "scenario"
    guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return String(file) }
    return String(file[..<dot])
  }

  /// Where a path, or the nearest one above it, stands in the file.
  private static func place(of path: String, in scenario: Scenario, root: Position) -> Position {
    var path = path[...]
    while !path.isEmpty {
      if case .file(let line, let column) = scenario.origins[String(path)] { return Position(line: line, column: column) }
      guard let dot = path.lastIndex(of: ".") else { break }
      path = path[..<dot]
    }
    return root
  }

  /// In the order of the file, each once.
  private static func sorted(_ problems: [ScenarioFileError.Problem]) -> [ScenarioFileError.Problem] {
    let ordered = problems.enumerated().sorted {
      ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
    }.map(\.element)
    return ordered.enumerated().filter { $0.offset == 0 || ordered[$0.offset - 1] != $0.element }.map(\.element)
  }
}

extension SourceNode {
  /// Whether the node is a map.
  var isMap: Bool { if case .map = content { true } else { false } }
}
