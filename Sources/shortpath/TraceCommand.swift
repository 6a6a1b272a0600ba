// `shortpath trace`: runs one scenario and tells what every element did to chosen packets, and what a record follows from.
import ArgumentParser
import Reports
import ScenarioModel
import Simulation
import Studies
import Trace
import Wire

struct TraceCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
  enum Attempt: String, ExpressibleByArgument, CaseIterable {
    case reverseConnect = "reverse-connect"
    case managed, `public`
  }
  enum Carrier: String, ExpressibleByArgument, CaseIterable { case udp, tcp, icmp }

  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Follow a packet hop by hop, there and back, and a record back to the click.",
    discussion: """
      Examples:
        shortpath trace FILE                                   what packets there are
        shortpath trace FILE --record 1193                     what a record of explain is about, and what it follows from
        shortpath trace FILE --session 1 --topic stun --first  a STUN request and its answer
        shortpath trace FILE --pair 2 --limit 10
        shortpath trace FILE --from alice --to 10.1.0.135:3390 --protocol udp

      Each step is told by the element that did it: received, permitted (by which rule, the default policy, or a remembered flow),
      translated (by a new, existing or fixed mapping), forwarded, how long the link took, dropped or delivered. Where a packet goes through a
      tunnel, the way of the packet that carries it stands between its own steps. Times count from the click, as explain's do.
      """)

  @Argument(help: "A scenario file.", completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: ArgumentHelp("A record's number, as explain or the database's v_record show it.", valueName: "n"))
  var record: UInt64?

  @Option(help: ArgumentHelp("Packets of this session, from 1.", valueName: "n"))
  var session: Int?

  @Option(help: "Packets of attempts at this transport.")
  var attempt: Attempt?

  @Option(help: ArgumentHelp("Packets about this: stun, candidatePair, listener, gatewayClient, …", valueName: "topic"))
  var topic: String?

  @Option(help: ArgumentHelp("Packets of this candidate pair.", valueName: "n"))
  var pair: Int?

  @Option(
    help: ArgumentHelp(
      "Packets that come from here anywhere on their way: a node (alice, alice:443), an address, an endpoint or a prefix.",
      valueName: "place"))
  var from: String?

  @Option(help: ArgumentHelp("Packets that go to here anywhere on their way, likewise.", valueName: "place"))
  var to: String?

  @Option(name: .customLong("protocol"), help: "Packets of this protocol.")
  var carrier: Carrier?

  @Flag(help: "Only the first exchange that matches, as --limit 1.")
  var first = false

  @Option(help: ArgumentHelp("How many exchanges to show at most.", valueName: "n"))
  var limit = 3

  @Option(help: "How to print the trace.")
  var format: Format = .text

  @OptionGroup var options: RunOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    let others = session != nil || attempt != nil || topic != nil || pair != nil || from != nil || to != nil || carrier != nil
    if record != nil, others { throw ValidationError("--record names one packet; the other choices do not go with it.") }
  }

  func run() throws {
    let loaded = try ScenarioFiles.one(file, changes: options.changes, command: "trace")
    try ScenarioFiles.check(session, of: loaded)
    let blueprint = Blueprint(loaded.scenario)
    let choice = try choice(in: blueprint)
    let trace: PacketTrace
    do { trace = try PacketTrace(blueprint, seed: options.seed) } catch { throw Console.stop(.bug, "\(file): \(error)") }
    if record == nil, choice.isEmpty {
      return try Console.print(
        format == .json ? TraceJSON.groups(of: trace) : TraceReport.groups(of: trace).joined(separator: "\n") + "\n")
    }
    let question = try record.map { try about($0, in: trace) } ?? chosen(choice, in: trace)
    switch format {
    case .json: try Console.print(TraceJSON.text(trace, question))
    case .text: try Console.show(TraceReport.text(trace, question, width: Console.width ?? 120))
    }
  }

  private func about(_ record: UInt64, in trace: PacketTrace) throws -> TraceQuestion {
    guard let found = trace.record(record) else {
      throw Console.stop(.usage, "\(file): there is no record \(record); its run has records 1 to \(trace.lastRecord)")
    }
    var question = TraceQuestion()
    question.record = record
    if let row = trace.packet(about: record) { question.exchanges = [trace.exchange(of: row)] }
    let packet = question.exchanges.first.map { trace.packets[$0.packet] }
    question.session = packet.flatMap(\.session) ?? Int(found.session)
    if !trace.run.sessions.contains(where: { $0.ordinal == question.session }) { question.session = onlySession(of: trace) }
    return question
  }

  private func chosen(_ choice: PacketChoice, in trace: PacketTrace) throws -> TraceQuestion {
    let exchanges = trace.exchanges(choice)
    if exchanges.isEmpty { throw Console.stop(.usage, "\(file): no packet matches; there are:\n" + there(trace)) }
    var question = TraceQuestion()
    question.exchanges = Array(exchanges.prefix(first ? 1 : limit))
    question.more = exchanges.count - question.exchanges.count
    question.session = session ?? trace.packets[exchanges[0].packet].session ?? onlySession(of: trace)
    return question
  }

  private func onlySession(of trace: PacketTrace) -> Int? {
    trace.run.sessions.count == 1 ? trace.run.sessions[0].ordinal : nil
  }

  private func there(_ trace: PacketTrace) -> String {
    // 40: a screen or so (*assumed*).
    let groups = TraceReport.groups(of: trace)
    let rest = groups.count > 40 ? ["… and \(groups.count - 40) more"] : []
    return (groups.prefix(40) + rest).map { "  " + $0 }.joined(separator: "\n")
  }

  private func choice(in blueprint: Blueprint) throws -> PacketChoice {
    var choice = PacketChoice()
    choice.session = session
    choice.transport = attempt.flatMap { Transport(name: $0.rawValue) }
    choice.pair = pair
    choice.proto = carrier.flatMap { carrier in TransportProtocol.allCases.first { $0.name == carrier.rawValue } }
    if let topic {
      let known = ConversationTopic.allCases
      choice.topic = known.first { $0.name == topic || $0.code == topic }
      if choice.topic == nil {
        throw Console.stop(.usage, "--topic: there is no topic '\(topic)'; topics: \(known.map(\.name).joined(separator: ", "))")
      }
    }
    choice.from = try place(from, "--from", in: blueprint)
    choice.to = try place(to, "--to", in: blueprint)
    return choice
  }

  private func place(_ text: String?, _ option: String, in blueprint: Blueprint) throws -> PacketPlace? {
    guard let text else { return nil }
    if let place = PacketPlace(text, in: blueprint) { return place }
    throw Console.stop(
      .usage,
      "\(option): '\(text)' is no node, address, endpoint or prefix; nodes: \(blueprint.nodeOf.keys.sorted().joined(separator: ", "))"
    )
  }
}
