// The reader asked what it would read: every key of every section and what each takes, noted while it reads a file that has everything.
import ScenarioModel

/// A way to write a value.
enum Taken: Equatable {
  /// Any text that is not empty.
  case text
  case flag
  /// A whole number within bounds.
  case integer(lowest: String, highest: String)
  /// A port, or a range of ports.
  case ports
  /// A quantity of a kind of units, by what they call it.
  case quantity(String)
  /// A time that may come before 0 s.
  case eventTime
  case address, prefix
  case words([String])
  /// A list, whose items are the place `1` below.
  case list
  /// A map from ids, whose values are the place `id` below.
  case entries
  /// A map from scenario paths to new values.
  case changes
  /// A map with fixed keys, by what messages call it.
  case section(String)
}

/// What a reading of everything has noted, by path.
final class Survey {
  /// What one place takes, and below it.
  struct Place {
    var takes: [Taken] = []
    var keys: [String] = []
    var required: [String] = []
  }

  /// What every node looks like in one reading, for readers that look at a node before they ask for something. The later readings
  /// have maps where the earlier ones found that maps are taken, and get at what is below them.
  private enum Form: CaseIterable { case scalars, maps, scalarsInMaps, listsInMaps }

  private var form = Form.scalars
  private(set) var places: [String: Place] = [:]

  /// The item of every list, and the id of every entry.
  static let item = "1"
  static let id = "id"

  /// What the reader of scenarios reads.
  static func ofScenarios() -> Survey {
    let survey = Survey()
    for form in Form.allCases {
      survey.form = form
      ScenarioReader.take(part: survey)
    }
    return survey
  }

  func note(_ taken: Taken, at path: String) {
    if places[path]?.takes.contains(taken) != true { places[path, default: Place()].takes.append(taken) }
  }

  func note(key: String, in path: String, required: Bool) {
    if places[path]?.keys.contains(key) != true { places[path, default: Place()].keys.append(key) }
    if required, places[path]?.required.contains(key) != true { places[path, default: Place()].required.append(key) }
  }

  /// What stands at a path.
  func node(at path: String) -> SourceNode {
    let nothing = Position(line: 1, column: 1)
    let map = SourceNode(content: .map([]), position: nothing)
    let scalar = SourceNode(content: .scalar(""), position: nothing)
    let isMap =
      places[path]?.takes.contains {
        if case .section = $0 { true } else { $0 == .entries || $0 == .changes }
      } ?? false
    switch form {
    case .scalars: return scalar
    case .maps: return map
    case .scalarsInMaps: return isMap ? map : scalar
    case .listsInMaps: return isMap ? map : SourceNode(content: .list([map]), position: nothing)
    }
  }

  /// The place of a path whose ids and ordinals are those of a scenario; `nil` when nothing is read there.
  static func child(_ key: String, of path: String, in places: [String: Place]) -> String? {
    for key in [key, id, item] {
      let below = path.isEmpty ? key : "\(path).\(key)"
      if places[below] != nil { return below }
    }
    return nil
  }
}
