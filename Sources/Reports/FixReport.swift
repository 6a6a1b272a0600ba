// `shortpath whatif --fix`: the smallest changes that reach a goal, who can make them, and what else they would do.
import ScenarioModel
import Simulation
public import Studies

public enum FixReport {
  // MARK: For people

  /// - Parameter file: the file's name, for the command to try the first fix with.
  public static func text(_ answer: FixAnswer, file: String, width: Int = 120) -> String {
    let words = LiftWords(run: answer.run)
    var document = Document()
    document.add(.paragraph(sentence(answer)))
    for (row, fix) in answer.fixes.enumerated() {
      document.add(.heading("\(row + 1). \(capitalised(words.joined(fix.changes, by: "and")))"))
      var facts = ["Who: \(who(fix.owner))", WhatIfReport.sentence(fix.effect)]
      // What the file expects of the very session is what the goal wants otherwise.
      let own = fix.effect.sessions.filter(\.isIntended).map { "session \($0.ordinal):" }
      facts += fix.effect.others.filter { effect in effect.isBroken && !own.contains { effect.title.hasPrefix($0) } }
        .map { "Would no longer hold: \($0.title); found \($0.sentences.after)" }
      document.add(.list(facts))
      document.add(.command("shortpath whatif \(file) " + fix.changes.map(words.option).joined(separator: " ")))
    }
    document.add(.paragraph(bounds(answer)))
    return document.rendered(as: .text, width: width)
  }

  /// The answer in one sentence.
  public static func sentence(_ answer: FixAnswer) -> String {
    let words = LiftWords(run: answer.run)
    if answer.isReached { return "Nothing needs to be changed: \(answer.text) holds as it is." }
    guard let best = answer.fixes.first else {
      return "\(capitalised(answer.text)) is not reached by \(tried(answer)) that were tried."
    }
    let how = words.joined(best.changes, by: "and")
    let others = answer.fixes.filter { $0.changes.count == best.changes.count && $0.owner == best.owner }.count - 1
    let more = others > 0 ? "; \(others) other \(others == 1 ? "way is" : "ways are") as short" : ""
    switch (best.owner, best.changes.count) {
    case (.administrator, 1): return "One change is enough for \(answer.text): \(how)\(more)."
    case (.administrator, let count):
      return "No single change of an administrator is enough for \(answer.text); these \(count) together are: \(how)\(more)."
    case (.provider, _):
      return "No change of an administrator was found for \(answer.text); only the provider can help: \(how)\(more)."
    case (.circumstance, _):
      return "No change of an administrator was found for \(answer.text); it would hold if one did this: \(how)\(more)."
    }
  }

  private static func tried(_ answer: FixAnswer) -> String {
    let pairs = answer.isComplete ? ", nor by two or more of them together," : ""
    return "any of the \(counted(answer.candidates.count, "single change"))\(pairs)"
  }

  private static func bounds(_ answer: FixAnswer) -> String {
    let runs =
      "\(counted(answer.runs, "run")) under seed \(answer.run.seed), \(counted(answer.candidates.count, "single change"))"
    return answer.isComplete ? "\(runs)." : "\(runs); the search ended at its limit, so there may be other ways."
  }

  private static func who(_ owner: ChangeOwner) -> String {
    switch owner {
    case .administrator: "an administrator of these machines and networks"
    case .provider: "only the provider (a carrier, an internet line, or the service)"
    case .circumstance: "nobody: this is something that happens"
    }
  }

  private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  // MARK: For programs

  /// One object; keys are only ever added behind the others.
  public static func json(_ answer: FixAnswer) -> String {
    let words = LiftWords(run: answer.run)
    return JSONValue.object([
      ("scenario", .text(answer.run.scenario.id)), ("seed", .number(answer.run.seed)), ("goal", .text(answer.text)),
      ("reached", .flag(answer.isReached)), ("sentence", .text(sentence(answer))), ("complete", .flag(answer.isComplete)),
      ("runs", .number(answer.runs)), ("candidates", .array(answer.candidates.map { .text($0.text) })),
      (
        "fixes",
        .array(
          answer.fixes.map { fix in
            .object([
              ("who", .text(fix.owner.name)),
              (
                "changes",
                .array(fix.changes.map { .object([("change", .text($0.text)), ("words", .text(words.words($0)))]) })
              ),
              ("side_effects", .number(fix.effect.sideEffects.count)),
              ("effect", .object(WhatIfReport.members(fix.effect))),
            ])
          })
      ),
    ]).document
  }
}
