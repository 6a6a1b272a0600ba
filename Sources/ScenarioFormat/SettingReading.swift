// Settings by their real names, and the friendly keys that stand for some of them.
import ScenarioModel

extension Cursor {
  /// Gives a setting what is written here.
  @discardableResult
  func read<Owner>(_ setting: NamedSetting<Owner>, of owner: inout Owner) -> Void? {
    if surveys(setting.range.map { .integer(lowest: "\($0.lowerBound)", highest: "\($0.upperBound)") } ?? .words(setting.words)) {
      return ()
    }
    guard case .scalar(let text) = node.content, setting.set(&owner, text) else {
      var hint = ""
      if case .scalar(let text) = node.content { hint = NearestName.hint(text, among: setting.words) }
      report("expected \(setting.allowed); found \(node.found)\(hint)")
      return nil
    }
    return ()
  }
}

extension MapReader {
  /// Reads every setting of a map that has them as keys.
  func read<Owner>(_ settings: [NamedSetting<Owner>], of owner: inout Owner) {
    for setting in settings { self[setting.name]?.read(setting, of: &owner) }
  }

  /// Reads a key that stands for settings of the same host, each as `policy.NAME` or `client.NAME`: one way or the other, not both.
  func shorthand(_ key: String, of names: [String], in host: MapReader, _ parse: (Cursor) -> Void?) {
    guard let cursor = self[key], parse(cursor) != nil else { return }
    let short = cursor.path.dropFirst(host.path.count + 1)
    for name in names {
      let parts = name.split(separator: ".").map(String.init)
      if host[parts[0]]?.has(parts[1]) == true {
        cursor.report("'\(short)' and '\(name)' are the same setting; write one of them")
      }
      // What is wrong with the value is then told where it was written.
      for (part, place) in [(parts[0], path), (name, cursor.path)] where reading.origins["\(host.path).\(part)"] == nil {
        reading.origins["\(host.path).\(part)"] = reading.origins[place]
      }
    }
  }
}
