// Changes of a network's translator: another preset, none at all, or one axis of it.
import NetworkModel
import SimulationKernel

extension Scenario {
  /// Sets `networks.X.nat`, or one axis of it as `networks.X.nat.AXIS`.
  mutating func setTranslation(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) {
    guard let row = networks.firstIndex(where: { $0.id == parts[1] }) else {
      throw ChangeError("there is no network '\(parts[1])'\(NearestName.hint(parts[1], among: networks.map(\.id)))")
    }
    // The firewall that comes with a preset goes with it; a written one stays.
    let isDefault = networks[row].firewall == networks[row].defaultFirewall
    if parts.count == 3 {
      try networks[row].setPreset(value, path)
    } else {
      try networks[row].setAxis(parts[3], value, path)
    }
    if isDefault { networks[row].firewall = networks[row].defaultFirewall }
  }
}

extension NetworkSpec {
  fileprivate mutating func setPreset(_ value: ChangeValue, _ path: String) throws(ChangeError) {
    if value.text == "none" {
      (translation, translationName, outsideAddresses, forwards) = (nil, nil, [], [])
      return
    }
    guard let preset = TranslationBehaviour.presets.first(where: { $0.name == value.text }) else {
      let names = TranslationBehaviour.presets.map(\.name) + ["none"]
      throw ChangeError(
        "there is no translation preset '\(value.text)'\(NearestName.hint(value.text, among: names)); allowed: "
          + names.joined(separator: ", "))
    }
    (translation, translationName) = (preset.value, preset.name)
  }

  fileprivate mutating func setAxis(_ name: String, _ value: ChangeValue, _ path: String) throws(ChangeError) {
    let names = TranslationAxis.all.map(\.name)
    guard let axis = TranslationAxis.named(name) else {
      throw ChangeError(
        "a nat has no axis '\(name)'\(NearestName.hint(name, among: names)); allowed: \(names.joined(separator: ", "))")
    }
    guard var changed = translation else {
      throw ChangeError("'\(path)': '\(id)' has no nat; set one first, as in networks.\(id).nat=home-router")
    }
    if axis.name == "addresses", !outsideAddresses.isEmpty {
      throw ChangeError("'\(path)': the file lists the outside addresses of '\(id)', so their number is given")
    }
    guard axis.set(&changed, value) else {
      throw ChangeError(
        "'\(path)' takes \(axis.allowed); found \(value.text)\(NearestName.hint(value.text, among: axis.words))")
    }
    // What rests on the old value goes with it: flows share a port only where the mapping tells them apart, and a SYN is held in silence
    // only where something is said of it in the end.
    if axis.name == "mapping", changed.mapping == .endpointIndependent { changed.overloading = false }
    if axis.name == "unsolicited", changed.unsolicited != .reject { changed.synSilence = .zero }
    translation = changed
  }
}
