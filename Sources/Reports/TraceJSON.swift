// `trace --format json`: the same ways and causes, every step and record by itself; times absolute and from the click.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

public enum TraceJSON {
  public static func text(_ trace: PacketTrace, _ question: TraceQuestion) -> String {
    let words = TraceWords(trace, question)
    let clicked = question.session.flatMap { session in trace.run.sessions.first { $0.ordinal == session }?.clicked }
    return JSONValue.object([
      ("scenario", .text(trace.run.scenario.id)),
      ("seed", .number(trace.run.seed)),
      ("model_version", .number(trace.run.modelVersion)),
      ("session", question.session.map { .number($0) } ?? .null),
      ("clicked_ms", .maybe(clicked)),
      (
        "exchanges",
        .array(
          question.exchanges.map { exchange in
            .object(
              [("request", exchange.request), ("packet", exchange.packet), ("answer", exchange.answer)].map { role, row in
                (role, row.map { value($0, words) } ?? .null)
              })
          })
      ),
      ("more", .number(question.more)),
      ("record", question.record.map { .number($0) } ?? .null),
      ("causes", .array(question.record.map { trace.causes(of: $0).map { value($0, words) } } ?? [])),
    ]).document
  }

  /// What packets there are.
  public static func groups(of trace: PacketTrace) -> String {
    JSONValue.object([
      ("scenario", .text(trace.run.scenario.id)), ("seed", .number(trace.run.seed)),
      ("model_version", .number(trace.run.modelVersion)),
      (
        "groups",
        .array(
          trace.groups.map { group in
            let first = trace.packets[group.first]
            return .object([
              ("session", group.session.map { .number($0) } ?? .null), ("transport", .text(group.transport.name)),
              ("topic", .text(group.topic.code)), ("pair", group.pair == 0 ? .null : .number(group.pair)),
              ("packets", .number(group.packets)), ("dropped", .number(group.dropped)), ("first_record", .number(first.record)),
              ("protocol", .text(first.proto.name)), ("from", .text(first.source.description)),
              ("to", .text(first.destination.description)),
            ])
          })
      ),
    ]).document
  }

  private static func value(_ row: Int, _ words: TraceWords) -> JSONValue {
    let packet = words.trace.packets[row]
    return .object([
      ("record", .number(packet.record)), ("cause", packet.cause == 0 ? .null : .number(packet.cause)),
      ("protocol", .text(packet.proto.name)), ("from", .text(packet.source.description)),
      ("to", .text(packet.destination.description)), ("bytes", .number(packet.length)), ("contents", .text(packet.contents)),
      ("session", packet.session.map { .number($0) } ?? .null), ("transport", .text(packet.conversation.attempt.name)),
      ("topic", .text(packet.conversation.topic.code)),
      ("pair", packet.conversation.pair == 0 ? .null : .number(packet.conversation.pair)),
      ("copy", .flag(packet.isCopy)), ("fate", .text(packet.fate)),
      ("steps", .array(packet.steps.map { value($0, words) })),
    ])
  }

  private static func value(_ step: PacketStep, _ words: TraceWords) -> JSONValue {
    let node = step.node.index < 0 ? "" : words.trace.run.nodes[Int(step.node.index)].id
    var members: [(String, JSONValue)] = [("step", .text(name(of: step.kind)))]
    members += times(step.time, words)
    members += [
      ("node", .text(node)), ("record", step.record == 0 ? .null : .number(step.record)),
      ("from", .text(step.from.description)), ("to", .text(step.to.description)),
    ]
    switch step.kind {
    case .sent, .forwarded, .delivered: break
    case .received(let interface), .left(let interface): members.append(("interface", .text(words.interface(interface))))
    case .judged(let judgement):
      members += [
        ("hook", .text("\(judgement.hook)")), ("action", .text("\(judgement.action)")),
        ("by", .text(judgement.basis == .noConnection ? "no-connection" : "\(judgement.basis)")),
      ]
      members += rule(judgement.rule, words)
    case .translated(let source, let destination, let use):
      members += [
        ("source_before", .text(source.description)), ("destination_before", .text(destination.description)),
        ("mapping", .text("\(use)")), ("mapping_record", words.mapping(madeFor: step).map { .number($0) } ?? .null),
      ]
    case .crosses(let crossing):
      members += [
        ("link", .text(words.link(crossing.link))), ("queue_ms", .milliseconds(crossing.waits.nanoseconds)),
        ("serialisation_ms", .milliseconds(crossing.serialises.nanoseconds)),
        ("propagation_ms", .milliseconds(crossing.travels.nanoseconds)),
      ]
    case .carried(let carrier): members.append(("packet", value(carrier, words)))
    case .dropped(let reason, let row):
      members.append(("reason", .text(reason.code)))
      members += rule(row, words)
    }
    return .object(members)
  }

  private static func name(of kind: PacketStep.Kind) -> String {
    switch kind {
    case .sent: "sent"
    case .received: "received"
    case .judged: "judged"
    case .translated: "translated"
    case .forwarded: "forwarded"
    case .left: "left"
    case .crosses: "link"
    case .carried: "carried"
    case .delivered: "delivered"
    case .dropped: "dropped"
    }
  }

  private static func rule(_ row: Int32, _ words: TraceWords) -> [(String, JSONValue)] {
    guard row >= 0 else { return [("rule", .null), ("rule_path", .null)] }
    let rule = words.trace.run.rules[Int(row)]
    return [("rule", .text(rule.id)), ("rule_path", .text(rule.path))]
  }

  private static func times(_ time: SimTime, _ words: TraceWords) -> [(String, JSONValue)] {
    [("time_ms", .milliseconds(time.nanoseconds)), ("after_click_ms", .milliseconds((time - words.zero).nanoseconds))]
  }

  private static func value(_ record: Record, _ words: TraceWords) -> JSONValue {
    let node = record.node.index < 0 ? "" : words.trace.run.nodes[Int(record.node.index)].id
    return .object(
      [("record", .number(record.number)), ("cause", record.cause == 0 ? .null : .number(record.cause))]
        + times(record.time, words) + [
          ("node", .text(node)), ("kind", .text(record.kind.code)), ("words", .text(words.trace.run.sentence(of: record))),
        ])
  }
}
