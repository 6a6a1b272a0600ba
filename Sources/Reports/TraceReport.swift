// `trace`: packets hop by hop, in both directions, with what each element did to them; and the causes of a record.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
public import Studies
import Trace
import Wire

/// What is asked of a trace.
public struct TraceQuestion: Sendable {
  /// The packets, each with what it answers and what answers it.
  public var exchanges: [PacketExchange] = []
  /// How many more match.
  public var more = 0
  /// The record whose causes are told; `nil` for none.
  public var record: UInt64?
  /// The session from whose click times count; `nil` for from 0 s.
  public var session: Int?

  public init() {}
}

public enum TraceReport {
  public static func text(_ trace: PacketTrace, _ question: TraceQuestion, width: Int) -> String {
    let words = TraceWords(trace, question)
    var document = Document()
    document.add(.title("\(trace.run.scenario.id), \(words.subject)"))
    if let number = question.record, let record = trace.record(number) {
      let at = record.node.index < 0 ? "" : " at \(words.name(record.node))"
      document.add(
        .paragraph(
          "Record \(number)\(at), \(words.clock(record.time)) ms \(words.origin): \(trace.run.sentence(of: record)). Seed \(trace.run.seed)."
        ))
    } else {
      document.add(.paragraph("Times are milliseconds \(words.origin). Seed \(trace.run.seed)."))
    }
    for exchange in question.exchanges {
      for row in exchange.rows {
        document.add(.heading(words.heading(row, in: exchange)))
        document.add(.table(words.way(of: row)))
      }
    }
    if question.more > 0 {
      document.add(.paragraph("\(counted(question.more, "more exchange")) match; --limit shows more of them."))
    }
    if let number = question.record {
      document.add(.heading("What record \(number) follows from"))
      document.add(.table(words.causes(of: number)))
    }
    return document.rendered(as: .text, width: width)
  }

  /// What packets there are, a line each, for whoever asks for others.
  public static func groups(of trace: PacketTrace) -> [String] {
    trace.groups.map { group in
      let first = trace.packets[group.first]
      var about = group.session.map { ["session \($0)", group.transport.name] } ?? []
      about.append("topic \(group.topic.code)")
      if group.pair > 0 { about.append("pair \(group.pair)") }
      let dropped = group.dropped > 0 ? ", \(group.dropped) dropped" : ""
      return
        "\(about.joined(separator: ", ")): \(counted(group.packets, "packet"))\(dropped); the first is record \(first.record), \(first.proto.name) \(first.source) -> \(first.destination)"
    }
  }
}

/// The words for one trace and question.
struct TraceWords {
  let trace: PacketTrace
  let question: TraceQuestion
  let zero: SimTime
  private let links: [Int32: String]

  init(_ trace: PacketTrace, _ question: TraceQuestion) {
    self.trace = trace
    self.question = question
    zero = question.session.flatMap { session in trace.run.sessions.first { $0.ordinal == session }?.clicked } ?? .zero
    var links: [Int32: String] = [:]
    for direction in trace.blueprint.directions { links[Int32(direction.row)] = direction.path }
    self.links = links
  }

  var subject: String {
    if let record = question.record { return "record \(record)" }
    return counted(question.exchanges.count, "exchange")
  }
  var origin: String {
    guard let session = question.session, trace.run.sessions.contains(where: { $0.ordinal == session && $0.clicked != nil })
    else {
      return "from 0 s"
    }
    return "from the click of session \(session)"
  }

  func clock(_ time: SimTime) -> String { milliseconds(time - zero) }
  func name(_ node: NodeID) -> String { node.index < 0 ? "" : trace.run.shown(trace.run.nodes[Int(node.index)].id) }
  func interface(_ id: InterfaceID) -> String { trace.blueprint.interfaceNames[Int(id.index)] }
  func link(_ row: Int32) -> String { links[row] ?? "link \(row)" }
  func flow(_ packet: PacketJourney) -> String { "\(packet.proto.name) \(packet.source) -> \(packet.destination)" }

  func heading(_ row: Int, in exchange: PacketExchange) -> String {
    let packet = trace.packets[row]
    let role = row == exchange.packet ? "Packet" : row == exchange.request ? "It answers" : "Its answer"
    var about = packet.session.map { ["session \($0)", packet.conversation.attempt.name] } ?? []
    about.append(packet.conversation.topic.code)
    if packet.conversation.pair > 0 { about.append("pair \(packet.conversation.pair)") }
    let copy = packet.isCopy ? ", a link's copy" : ""
    return
      "\(role): \(flow(packet)), \(packet.contents), \(packet.length) bytes (\(about.joined(separator: ", "))\(copy)): \(packet.fate)"
  }

  // MARK: A packet's way

  func way(of row: Int) -> TextTable {
    var table = TextTable([("ms", .right), ("at", .left), ("what happened", .left), ("record", .right)])
    add(row, to: &table, depth: 0)
    return table
  }

  private func add(_ row: Int, to table: inout TextTable, depth: Int) {
    let steps = trace.packets[row].steps
    for (at, step) in steps.enumerated() {
      let next = at + 1 < steps.count ? steps[at + 1] : nil
      guard let text = sentence(of: step, after: at > 0 ? steps[at - 1] : nil, before: next, in: row) else { continue }
      let indent = String(repeating: "| ", count: depth)
      table.rows.append([clock(step.time), name(step.node), indent + text, step.record == 0 ? "" : "\(step.record)"])
      if case .carried(let carrier) = step.kind { add(carrier, to: &table, depth: depth + 1) }
    }
  }

  /// `nil` where a neighbouring step's line says it.
  private func sentence(of step: PacketStep, after last: PacketStep?, before next: PacketStep?, in row: Int) -> String? {
    switch step.kind {
    case .sent: return "sent \(trace.packets[row].proto.name) \(step.from) -> \(step.to)"
    case .received(let interface): return "received on \(self.interface(interface))"
    case .judged(let judgement): return sentence(of: judgement)
    case .translated(let source, let destination, let use): return sentence(of: step, source, destination, use)
    case .forwarded:
      guard case .left? = next?.kind, next?.time == step.time else { return "passed; its firewall works on it" }
      return "forwarded"
    case .left(let interface):
      guard case .crosses(let crossing)? = next?.kind else { return "left by \(self.interface(interface))" }
      return "left by \(self.interface(interface)), \(sentence(of: crossing))"
    case .crosses:
      if case .left? = last?.kind { return nil }
      return "a copy of it"
    case .carried(let carrier):
      return "carried through the tunnel by \(flow(trace.packets[carrier])), \(trace.packets[carrier].length) bytes"
    case .delivered: return "delivered"
    case .dropped(let reason, let rule): return "dropped, " + trace.run.ending(reason, rule: rule)
    }
  }

  func sentence(of crossing: LinkCrossing) -> String {
    let text = "\(link(crossing.link)) took \(milliseconds(crossing.total)) ms"
    if crossing.waits == .zero, crossing.serialises == .zero { return text }
    return text
      + " (queue \(milliseconds(crossing.waits)), serialisation \(milliseconds(crossing.serialises)), propagation \(milliseconds(crossing.travels)))"
  }

  /// Rules that drop are named where the packet ends.
  private func sentence(of judgement: Judgement) -> String? {
    let place =
      switch judgement.hook {
      case .ingress: "coming in"
      case .input: "to the node itself"
      case .forward: "passing through"
      case .egress: "going out"
      }
    switch judgement.action {
    case .drop: return nil
    case .reject, .reset: return "refused by \(trace.run.rule(judgement.rule)) (\(place)), and its sender told"
    case .divert, .relay: return "taken off its way by \(trace.run.rule(judgement.rule)) (\(place))"
    case .accept: break
    }
    return judgement.basis == .flow
      ? "permitted by a remembered flow (\(place))" : "permitted by \(trace.run.rule(judgement.rule)) (\(place))"
  }

  private func sentence(of step: PacketStep, _ source: Endpoint, _ destination: Endpoint, _ use: MappingUse) -> String {
    var changes: [String] = []
    if source != step.from { changes.append("source \(source) -> \(step.from)") }
    if destination != step.to { changes.append("destination \(destination) -> \(step.to)") }
    let change = changes.isEmpty ? "unchanged" : changes.joined(separator: ", ")
    switch use {
    case .fresh:
      return "translated: \(change) by a new mapping"
        + (mapping(madeFor: step).map { ", record \($0)" } ?? ", which was not made")
    case .existing: return "translated: \(change) by an existing mapping"
    case .fixed: return "translated: \(change) by a fixed mapping"
    }
  }

  /// The record of the mapping that a translation announced: made once every filter of the node had passed the packet.
  func mapping(madeFor step: PacketStep) -> UInt64? {
    guard case .translated(let source, _, .fresh) = step.kind else { return nil }
    return trace.run.story.first {
      $0.number > step.record && $0.kind == .mappingMade && $0.node == step.node && $0.from == source && $0.to == step.from
        && $0.time == step.time
    }?.number
  }

  // MARK: Causes

  /// What a chain has of a packet's way, in a line.
  private func part(from first: Record, to last: Record, of packet: PacketJourney) -> String {
    let ending = last.kind == .drop ? ", " + trace.run.ending(last.dropReason ?? .none, rule: last.rule) : ""
    let code = first.kind == .drop ? "dropped" : first.kind.code
    let text = "\(code) \(packet.proto.name) \(first.from) -> \(first.to), \(packet.contents)"
    if first.number == last.number { return text + ending }
    return text + "; \(last.kind == .drop ? "dropped" : last.kind.code) at \(name(last.node)) \(clock(last.time))" + ending
  }

  /// What was reached at once by a packet's arrival.
  private func milestones(dueTo cause: Record) -> [Record] {
    trace.run.story.filter {
      $0.cause == cause.number && $0.kind == .milestone && $0.time == cause.time && Int($0.session) == question.session
    }
  }

  /// A packet's records are one line.
  func causes(of number: UInt64) -> TextTable {
    var table = TextTable([("ms", .right), ("at", .left), ("what happened", .left), ("record", .right)])
    var last: (row: Int, first: Record)?
    let chain = trace.causes(of: number)
    let told = Set(chain.map(\.number))
    for record in chain {
      guard record.kind.isMotion || record.kind == .drop, let row = trace.packet(of: record.number) else {
        last = nil
        table.rows.append([clock(record.time), name(record.node), trace.run.sentence(of: record), "\(record.number)"])
        continue
      }
      if last?.row != row {
        last = (row, record)
        table.rows.append([clock(record.time), name(record.node), "", ""])
      }
      guard let first = last?.first else { continue }
      table.rows[table.rows.count - 1][2] = part(from: first, to: record, of: trace.packets[row])
      table.rows[table.rows.count - 1][3] = "\(record.number)"
      // What else came of its arrival is what the way there was for.
      for point in milestones(dueTo: record) where !told.contains(point.number) {
        last = nil
        table.rows.append([clock(point.time), name(point.node), "  " + trace.run.sentence(of: point), "\(point.number)"])
      }
    }
    return table
  }
}
