// What would make an attempt succeed, as JSON.
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Trace

enum LiftingJSON {
  static func value(_ answer: BlockerAnswer, _ story: Story) -> JSONValue {
    let words = LiftWords(run: story.run)
    return .object([
      ("kind", .text(answer.kind)), ("complete", .flag(answer.isComplete)), ("runs", .number(answer.runs)),
      ("sentences", texts(answer.sentences(words))),
      ("sets", .array(answer.sets.map { set in .array(set.map { change($0, words) }) })),
      ("obstacles", .array(answer.obstacles.map { value($0, answer, story) })),
      ("remaining", texts(answer.remaining.map(words.place))),
    ])
  }

  /// The codes of an explanation with how to see them in the field.
  static func pages(_ codes: [String]) -> JSONValue {
    .array(
      codes.compactMap(Codes.page(of:)).map { page in
        .object([
          ("code", .text(page.code)), ("title", .text(page.title)), ("cause", .text(page.cause)),
          ("confirm", .text(page.confirm)),
          ("fix", .text(page.fix)), ("source", .text(page.source)),
        ])
      })
  }

  static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .text($0) }) }

  private static func change(_ change: Change, _ words: LiftWords) -> JSONValue {
    .object([("change", .text(change.text)), ("words", .text(words.words(change)))])
  }

  private static func value(_ obstacle: Obstacle, _ answer: BlockerAnswer, _ story: Story) -> JSONValue {
    var node: String?
    var (setting, event): (String?, Int?) = (nil, nil)
    var blocker: Blocker?
    var (record, time): (UInt64?, SimTime?) = (nil, nil)
    let kind: String
    switch obstacle.kind {
    case .drop(let met):
      (kind, node) = ("drop", met.node)
      blocker = story.told(met, by: answer.transport) ?? met
      if let told = story.told(met, by: answer.transport) { (record, time) = (told.firstRecord, told.firstTime) }
    case .setting(let name, _): (kind, setting) = ("setting", name)
    case .event(let number): (kind, event, time) = ("event", number, story.run.scenario.events[number - 1].at)
    case .failure(let failure): (kind, node, record, time) = ("failure", failure.node, failure.record, failure.time)
    }
    return .object([
      ("kind", .text(kind)), ("code", .maybe(obstacle.code)), ("node", .maybe(node)), ("rule", .maybe(blocker?.rule)),
      ("rule_path", .maybe(blocker?.rulePath)), ("setting", .maybe(setting)), ("event", event.map { .number($0) } ?? .null),
      // Only what the run itself came to has a place in its trace.
      ("first_record", record.map { .number($0) } ?? .null), ("first_ms", .maybe(time)),
      ("packets", blocker.map { .number($0.packets) } ?? .null),
      ("effective", .flag(obstacle.lifts.contains(where: answer.uses))), ("lifts", texts(obstacle.lifts.map(\.text))),
      ("behind", texts(obstacle.behind.map(\.text))),
    ])
  }
}
