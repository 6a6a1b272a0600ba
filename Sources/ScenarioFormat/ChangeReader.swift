// Changes as people type them: `PATH=VALUE`, or a verb and a path.
public import ScenarioModel
import SimulationKernel

/// Reads changes of `--set` and of timed events.
public enum ChangeReader {
  /// Reads `PATH=VALUE`, or a verb and a path, such as `lift PATH`.
  public static func parse(_ text: String) throws(ChangeError) -> Change {
    if let equals = text.firstIndex(of: "=") {
      let path = trimmed(text[..<equals])
      try check(path, text)
      return .set(path: path, value: try value(trimmed(text[text.index(after: equals)...]), for: path))
    }
    let words = text.split(separator: " ").map(String.init)
    let verbs = Change.Verb.allCases.map(\.rawValue)
    guard words.count == 2 else {
      throw ChangeError("expected PATH=VALUE, or one of \(verbs.joined(separator: ", ")) and a path; found '\(text)'")
    }
    guard let verb = Change.Verb(rawValue: words[0]) else {
      let hint = NearestName.hint(words[0], among: verbs)
      throw ChangeError("'\(words[0])' is no verb\(hint); allowed: \(verbs.joined(separator: ", ")), or PATH=VALUE")
    }
    try check(words[1], text)
    return .act(element: words[1], verb: verb)
  }

  private static func check(_ path: String, _ text: String) throws(ChangeError) {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count < 2 || parts.contains(where: \.isEmpty) || path.contains(" ") && !path.hasPrefix("host-pool.rdp-properties.") {
      throw ChangeError("expected a path such as links.transit.delay; found '\(path)' in '\(text)'")
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop { $0 == " " }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }

  /// The value under a path: its kind follows from the path's last part, or from how the value is written.
  static func value(_ text: String, for path: String) throws(ChangeError) -> ChangeValue {
    let parts = path.split(separator: ".").map(String.init)
    let field = parts.last ?? ""
    do throws(UnitError) {
      if parts.count == 4, parts[2] == "nat", let axis = TranslationAxis.named(field) { return try value(text, of: axis) }
      switch field {
      case "delay", "jitter", "burst", "linger", "selection-window", "gathering-limit", "duration":
        return .duration(SimDuration(nanoseconds: try Units.duration.steps(text)))
      case "rate": return .rate(try rate(text))
      case "loss", "duplicate": return .probability(try probability(text))
      case "managed-listener", "public", "udp", "private", "reorders", "stateful":
        guard let flag = flag(text) else { throw UnitError(message: "expected on or off; found '\(text)'") }
        return .flag(flag)
      case "nat", "network": return .word(text)
      default: return try guessed(text)
      }
    } catch { throw ChangeError("'\(path)': \(error.message)") }
  }

  /// As an axis of a nat is written: words are not taken for anything else.
  private static func value(_ text: String, of axis: TranslationAxis) throws(UnitError) -> ChangeValue {
    switch axis.kind {
    case .duration(let absent) where text != absent: .duration(SimDuration(nanoseconds: try Units.duration.steps(text)))
    case .flag: flag(text).map { .flag($0) } ?? .word(text)
    case .word(let words) where !words.contains(text): flag(text).map { .flag($0) } ?? .word(text)
    case .count where Int(text) != nil: .number(Int(text) ?? 0)
    case .word, .duration, .count, .ports: .word(text)
    }
  }

  private static func rate(_ text: String) throws(UnitError) -> BitRate {
    let steps = try Units.rate.steps(text)
    if steps == 0 { throw UnitError(message: "expected a rate above 0; found '\(text)'") }
    return BitRate(bitsPerSecond: steps)
  }

  private static func probability(_ text: String) throws(UnitError) -> Probability {
    Probability(partsPerBillion: UInt32(try Units.probability.steps(text)))
  }

  private static func guessed(_ text: String) throws(UnitError) -> ChangeValue {
    if Units.duration.claims(text) { return .duration(SimDuration(nanoseconds: try Units.duration.steps(text))) }
    if Units.rate.claims(text) { return .rate(try rate(text)) }
    if Units.probability.claims(text) { return .probability(try probability(text)) }
    if Units.size.claims(text) { return .number(Int(try Units.size.steps(text))) }
    if let flag = flag(text) { return .flag(flag) }
    if let number = Int(text) { return .number(number) }
    return .word(text)
  }
}
