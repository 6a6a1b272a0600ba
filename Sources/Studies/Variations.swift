// One scenario along one or more axes of changes: every combination run under the same luck.
import NetworkModel
public import ScenarioModel
import Simulation
import Wire

/// An axis or a value of one that does not fit the scenario.
public struct VariationError: Error, Equatable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Something that is varied, and the values it takes.
public struct VariedAxis: Sendable, Equatable {
  /// One value: the changes it stands for, and what is down from the beginning.
  struct Value: Sendable, Equatable {
    var text: String
    var changes: [Change]
    var downs: [String] = []
  }
  /// As it was asked for.
  public var name: String
  var values: [Value]

  /// The values as they were asked for.
  public var words: [String] { values.map(\.text) }

  /// What short names stand for.
  public static let shortNames: [(name: String, meaning: String)] = [
    ("nat", "the nat of the clients' networks"), ("host-nat", "the nat of the session hosts' networks"),
    ("vpn", "on, or off: all tunnels are down from the beginning"),
    ("listener", "on or off: managed Shortpath on the session hosts"),
    ("public", "on or off: public Shortpath on the session hosts"), ("udp", "on or off: UDP on the clients"),
  ]

  /// An axis by a short name, or by the path of a change. Every value is tried on the scenario.
  /// - Parameter read: reads `path=value`.
  public init(
    _ name: String, values: [String], of scenario: Scenario, read: (String) throws(ChangeError) -> Change
  ) throws(VariationError) {
    self.name = name
    self.values = []
    if values.isEmpty || values.contains("") {
      throw VariationError("axis '\(name)' needs values, as in \(name)=A,B")
    }
    for text in values {
      if self.values.contains(where: { $0.text == text }) { throw VariationError("axis '\(name)' has the value '\(text)' twice") }
      do throws(ChangeError) {
        let value = try Self.value(name, text, scenario, read)
        _ = try value.applied(to: scenario).applying(all: [])
        self.values.append(value)
      } catch { throw VariationError("axis '\(name)', value '\(text)': \(error)") }
    }
  }

  private static func value(
    _ name: String, _ text: String, _ scenario: Scenario, _ read: (String) throws(ChangeError) -> Change
  ) throws(ChangeError) -> Value {
    func on() throws(ChangeError) -> Bool {
      guard text == "on" || text == "off" else { throw ChangeError("'\(name)' takes on or off; found '\(text)'") }
      return text == "on"
    }
    func each(_ ids: [String], _ change: (String) -> Change) throws(ChangeError) -> Value {
      if ids.isEmpty { throw ChangeError("the scenario has no sessions, so '\(name)' means nothing in it") }
      return Value(text: text, changes: ids.map(change))
    }
    switch name {
    case "nat": return try each(scenario.networks(of: \.client)) { .set(path: "networks.\($0).nat", value: .word(text)) }
    case "host-nat": return try each(scenario.networks(of: \.host)) { .set(path: "networks.\($0).nat", value: .word(text)) }
    case "vpn":
      if scenario.tunnels.isEmpty { throw ChangeError("the scenario has no tunnels to be on or off") }
      return Value(text: text, changes: [], downs: try on() ? [] : scenario.tunnels.map(\.path))
    case "listener":
      let word = try on() ? "1" : "0"
      return try each(scenario.ends(\.host)) {
        .set(path: "hosts.\($0).policy.fUseUdpPortRedirector", value: .word(word))
      }
    case "public":
      let flag = try on()
      return try each(scenario.ends(\.host)) { .set(path: "hosts.\($0).shortpath.public", value: .flag(flag)) }
    case "udp":
      let flag = try on()
      return try each(scenario.ends(\.client)) { .set(path: "hosts.\($0).client.udp", value: .flag(flag)) }
    default:
      guard name.contains(".") else {
        let names = shortNames.map(\.name)
        throw ChangeError(
          "there is no axis '\(name)'\(NearestName.hint(name, among: names)); allowed: \(names.joined(separator: ", ")), or a path "
            + "such as links.transit.delay")
      }
      return Value(text: text, changes: [try read("\(name)=\(text)")])
    }
  }
}

extension VariedAxis.Value {
  func applied(to scenario: Scenario) throws(ChangeError) -> Scenario {
    var changed = scenario
    for change in changes { changed = try changed.applying(change) }
    changed.events += downs.map { EventSpec(at: EventSpec.earliest, change: .act(element: $0, verb: .down)) }
    return changed
  }
}

extension Scenario {
  /// The clients or hosts of all sessions, each once.
  fileprivate func ends(_ end: KeyPath<SessionSpec, String>) -> [String] {
    var ids: [String] = []
    for session in sessions where !ids.contains(session[keyPath: end]) { ids.append(session[keyPath: end]) }
    return ids
  }

  /// The networks that these stand in, each once.
  fileprivate func networks(of end: KeyPath<SessionSpec, String>) -> [String] {
    var ids: [String] = []
    for id in ends(end).compactMap({ host($0)?.network }) where !ids.contains(id) { ids.append(id) }
    return ids
  }
}

/// Every combination of the axes' values.
public struct Variations: Sendable, Equatable {
  public struct Cell: Sendable, Equatable {
    /// A value of each axis.
    public var values: [String]
    public var outcomes: [Outcome]
  }
  public var scenario: String
  public var seed: UInt64
  /// The names of the axes and their values.
  public var axes: [(name: String, values: [String])]
  /// The last axis varies fastest.
  public var cells: [Cell]

  /// More cells than this are asked for by mistake (*assumed*).
  public static let most = 4_096

  public static func == (a: Variations, b: Variations) -> Bool {
    a.scenario == b.scenario && a.seed == b.seed && a.cells == b.cells && a.axes.map(\.name) == b.axes.map(\.name)
      && a.axes.map(\.values) == b.axes.map(\.values)
  }

  /// Runs every combination under one seed, on several tasks.
  public static func run(
    _ scenario: Scenario, across axes: [VariedAxis], seed: UInt64? = nil, workers: Int = 1
  ) async throws -> Variations {
    for (row, axis) in axes.enumerated() where axes[..<row].contains(where: { $0.name == axis.name }) {
      throw VariationError("axis '\(axis.name)' is there twice")
    }
    var count = 1
    for axis in axes where count <= most { count *= axis.values.count }
    if count > most { throw VariationError("more than \(most) combinations; ask for fewer values") }
    var plans: [(values: [String], scenario: Scenario)] = []
    for row in 0..<count {
      var (rest, values) = (row, [VariedAxis.Value]())
      for axis in axes.reversed() {
        values.insert(axis.values[rest % axis.values.count], at: 0)
        rest /= axis.values.count
      }
      let place = zip(axes, values).map { "\($0.name)=\($1.text)" }.joined(separator: ", ")
      do throws(ChangeError) {
        var varied = scenario
        for value in values { varied = try value.applied(to: varied) }
        varied.expectations = []
        plans.append((values.map(\.text), try varied.applying(all: [])))
      } catch { throw VariationError("\(place): \(error)") }
    }
    let ready = plans
    let results = await Workers.run(ready.count, workers: workers) { row in
      Result { () throws(SimulationError) in Outcome.all(of: try Simulator.run(ready[row].scenario, seed: seed)) }
    }
    var cells: [Cell] = []
    for (plan, result) in zip(ready, results) { cells.append(Cell(values: plan.values, outcomes: try result.get())) }
    return Variations(
      scenario: scenario.id, seed: seed ?? scenario.seed, axes: axes.map { ($0.name, $0.words) }, cells: cells)
  }
}
