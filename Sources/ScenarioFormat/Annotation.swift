// A scenario's values with where each came from: a line of the file, `--set`, a preset, or a default and its source.
import ScenarioModel

/// Writes values with comments.
struct Annotation {
  private let scenario: Scenario
  private let places: [String: Survey.Place]
  private var lines: [(text: String, origin: String?)] = []

  /// Comments begin here unless the value is longer (*assumed*: most are shorter).
  private static let column = 44

  init(of scenario: Scenario) {
    self.scenario = scenario
    places = Survey.ofScenarios().places
  }

  /// The document; it reads back as the same scenario.
  mutating func document(of tree: Written) -> String {
    if case .map(let entries) = tree { map(entries, path: "", place: "", indent: 0, base: nil) }
    let texts = lines.map { line in
      guard let origin = line.origin else { return line.text }
      let gap = max(2, Self.column - line.text.count)
      return line.text + String(repeating: " ", count: gap) + "# " + origin
    }
    return "# Every value and where it came from: a line of the file, --set, a preset, or a default with its reason.\n"
      + texts.joined(separator: "\n") + "\n"
  }

  // MARK: The tree

  /// - Parameter base: where a key's value comes from that nobody wrote, when not from the defaults.
  private mutating func map(
    _ entries: [(key: String, value: Written)], path: String, place: String?, indent: Int, base: String?
  ) {
    let margin = String(repeating: " ", count: indent)
    for (key, value) in entries {
      let below = path.isEmpty ? key : "\(path).\(key)"
      let key = Written.quoted(key)
      let placeBelow = place.flatMap { Survey.child(key, of: $0, in: places) }
      switch value {
      case .map(let inner) where !inner.isEmpty, .inline(let inner) where !inner.isEmpty:
        lines.append(("\(margin)\(key):", nil))
        map(inner, path: below, place: placeBelow, indent: indent + 2, base: self.base(of: inner, at: below, placeBelow))
      case .list(let items) where !items.isEmpty:
        lines.append(("\(margin)\(key):", nil))
        for (row, item) in items.enumerated() {
          let name = name(of: item, row, in: below)
          list(item, path: "\(below).\(name)", place: placeBelow.map { "\($0).\(Survey.item)" }, indent: indent + 2, base: base)
        }
      default:
        let origin = origin(of: key, at: below, in: path, section(place), base)
        lines.append(("\(margin)\(key): \(value.line ?? "")", origin))
      }
    }
  }

  /// An item of a list: one line where a preset gave it, else a key a line.
  private mutating func list(_ item: Written, path: String, place: String?, indent: Int, base: String?) {
    let margin = String(repeating: " ", count: indent)
    guard case .inline(let entries) = item else {
      return lines.append(("\(margin)- \(item.line ?? "")", said(path) ?? base))
    }
    let first = lines.count
    let isOfPreset = base != nil && scenario.origins[path] == nil && section(place) == "a rule"
    let changed = said("\(path).enabled").map { ", \($0)" } ?? ""
    if isOfPreset { return lines.append(("\(margin)- \(item.line ?? "")", base.map { $0 + changed })) }
    map(entries, path: path, place: place, indent: indent + 2, base: nil)
    lines[first].text = "\(margin)- \(lines[first].text.dropFirst(indent + 2))"
  }

  /// What an item is called in paths: a rule by its name, an event by its ordinal among all, others by theirs.
  private func name(of item: Written, _ row: Int, in path: String) -> String {
    if path.hasSuffix(".firewall.rules"), case .inline(let entries) = item {
      for case ("name", .scalar(let name)) in entries { return name }
    }
    if path == "events" { return "\(scenario.events.indices.filter { scenario.events[$0].isEnabled }[row] + 1)" }
    return "\(row + 1)"
  }

  private func section(_ place: String?) -> String? {
    for case .section(let what) in place.flatMap({ places[$0] })?.takes ?? [] { return what }
    return nil
  }

  // MARK: Origins

  /// What stands behind the keys of a map that has, or had, a preset.
  private func base(of entries: [(key: String, value: Written)], at path: String, _ place: String?) -> String? {
    switch section(place) {
    case "a nat", "a firewall":
      for case ("preset", .scalar(let name)) in entries where name != "none" { return "preset \(name)" }
      return nil
    case "a workload":
      let isMap = ["graphics", "input", "redirection", "every", "lasts"].contains { scenario.origins["\(path).\($0)"] != nil }
      return said("\(path).preset").map { "preset, \($0)" } ?? (isMap ? nil : said(path).map { "preset, \($0)" })
    default: return nil
    }
  }

  private func origin(of key: String, at path: String, in parent: String, _ section: String?, _ base: String?) -> String? {
    // What an event holds was perhaps written together with others.
    if parent.hasPrefix("events.") { return said(parent.split(separator: ".").prefix(2).joined(separator: ".")) }
    if let short = Self.shorthands[key], let dot = parent.lastIndex(of: "."),
      case .change = scenario.origins["\(parent[..<dot]).\(short)"]
    {
      return "--set"
    }
    if let said = said(path) { return said }
    let dot = parent.lastIndex(of: ".")
    if section == "one direction of a link", let dot, let said = said("\(parent[..<dot]).\(key)") { return said }
    if key == "preset" {
      if case .preset = scenario.origins[parent] { return "default of this nat" }
      if let said = said(parent) { return said }
    }
    if let base, !["preset", "without", "forwards"].contains(key) { return base }
    if let note = section.flatMap({ KeyNote.of(key, in: $0)?.origin }) { return "default: \(note)" }
    return said(parent)
  }

  private func said(_ path: String) -> String? {
    switch scenario.origins[path] {
    case .file(let line, _): "line \(line)"
    case .preset(let name): "preset \(name)"
    case .change: "--set"
    case nil: nil
    }
  }

  /// Settings that have a friendly key too, which may have been changed.
  private static let shorthands = [
    "fUseUdpPortRedirector": "shortpath.managed-listener", "UdpRedirectorPort": "shortpath.port",
    "directUDP": "shortpath.public", "publicUDP": "shortpath.public", "fClientDisableUDP": "client.udp",
  ]
}
