// Goals as people type them: `session 1 transport public within 2 s`, an expectation without its punctuation.
public import ScenarioModel
import SimulationKernel
import Wire

/// A goal that cannot be read, or that the scenario cannot have.
public struct GoalError: Error, Equatable, CustomStringConvertible {
  public var description: String
}

/// Reads what a session is wished to become.
public enum GoalReader {
  private static let keys = ["session", "transport", "route", "reason", "within"]

  /// Reads a goal about a session of `scenario`; which one need not be said where there is only one.
  public static func parse(_ text: String, of scenario: Scenario) throws(GoalError) -> Expectation {
    let words = text.split { $0 == " " || $0 == "," || $0 == ":" }.map(String.init)
    var values: [String: String] = [:]
    var key: String?
    for word in words {
      if keys.contains(word), key == nil || values[key!] != nil {
        if values[word] != nil { throw GoalError(description: "'\(word)' stands twice in the goal '\(text)'") }
        key = word
      } else if let key {
        // A duration has two words.
        values[key] = values[key].map { "\($0) \(word)" } ?? word
      } else {
        throw GoalError(
          description: "'\(word)' is no part of a goal\(NearestName.hint(word, among: keys)); expected as in "
            + "'session 1 transport public', with \(keys.joined(separator: ", "))")
      }
    }
    if let key, values[key] == nil { throw GoalError(description: "the goal '\(text)' ends without a value for '\(key)'") }
    var goal = Expectation(.session(try session(values["session"], scenario)))
    if let word = values["transport"] {
      let known = Vocabulary.expectedTransports
      guard let match = known.first(where: { $0.0 == word }) else {
        let names = known.map(\.0)
        throw GoalError(
          description:
            "there is no transport '\(word)'\(NearestName.hint(word, among: names)); allowed: \(names.joined(separator: ", "))")
      }
      goal.transport = match.1
      goal.fails = match.1 == nil
    }
    (goal.route, goal.reason) = (values["route"], values["reason"])
    if let written = values["within"] {
      do { goal.within = SimDuration(nanoseconds: try Units.duration.steps(written)) } catch {
        throw GoalError(description: "within: \(error.message)")
      }
    }
    var wished = scenario
    wished.expectations = [goal]
    if let problem = wished.problems().first(where: { $0.path.hasPrefix("expect.") }) {
      throw GoalError(description: "the goal '\(text)': \(problem.message)")
    }
    return goal
  }

  private static func session(_ text: String?, _ scenario: Scenario) throws(GoalError) -> Int {
    let count = scenario.sessions.count
    let known = count == 0 ? "no sessions" : count == 1 ? "only session 1" : "sessions 1 to \(count)"
    guard let text else {
      if count == 1 { return 1 }
      throw GoalError(description: "say which session the goal is about; the file has \(known)")
    }
    guard let number = Int(text), (1...max(count, 1)).contains(number), count > 0 else {
      throw GoalError(description: "there is no session '\(text)'; the file has \(known)")
    }
    return number
  }
}
