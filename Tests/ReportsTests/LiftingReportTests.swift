// What would make an attempt work, as people read it, as programs read it, and as a diagram.
import Foundation
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
@testable import Studies
import Testing
import Trace
import Wire

@Suite struct LiftingReportTests {
  static let rule = Change.act(element: "hosts.vpn-gateway.firewall.rules.block-inner-udp", verb: .lift)
  static let open = Change.set(
    path: "networks.azure.firewall.rules.allow-inbound-udp-3390", value: .word("accept inbound udp 3390"))
  static let listener = Change.set(path: "hosts.sh-1.policy.fUseUdpPortRedirector", value: .word("1"))

  private func blocker(_ reason: DropReason, at node: String, rule: String? = nil) -> Obstacle {
    Obstacle(
      kind: .drop(
        Blocker(
          pair: 0, topic: .listener, node: node, rule: rule, rulePath: rule.map { "networks.\(node).firewall.rules.\($0)" },
          note: "",
          reason: reason, firstRecord: 999, firstTime: milliseconds(3_000), packets: 2)),
      lifts: rule == nil ? [] : [Self.open])
  }

  private func answer(
    _ sets: [[Change]], _ verdict: BlockerAnswer.Verdict = .liftable, isComplete: Bool = true, obstacles: [Obstacle] = [],
    remaining: [Obstacle] = []
  ) -> BlockerAnswer {
    BlockerAnswer(
      session: 1, transport: .managed, verdict: verdict, sets: sets, isComplete: isComplete, obstacles: obstacles,
      remaining: remaining, runs: 5)
  }

  private func sentences(_ answer: BlockerAnswer) -> [String] { answer.sentences(LiftWords(run: sampleRun())) }

  @Test("One, all of, any one of, a core with alternatives, and several sets are told apart in words")
  func sentences() {
    #expect(sentences(answer([[Self.rule]])) == ["This makes it work: lift rule 'block-inner-udp' on vpn-gateway."])
    #expect(
      sentences(answer([[Self.listener, Self.rule]])) == [
        "All of these are needed: set fUseUdpPortRedirector to 1 on sh-1 and lift rule 'block-inner-udp' on vpn-gateway."
      ])
    #expect(
      sentences(answer([[Self.rule], [Self.open]])) == [
        "Any one of these makes it work: lift rule 'block-inner-udp' on vpn-gateway or allow inbound udp 3390 on azure."
      ])
    #expect(
      sentences(answer([[Self.listener, Self.rule], [Self.listener, Self.open]])) == [
        "All of these are needed: set fUseUdpPortRedirector to 1 on sh-1; and with them any one of these: lift rule 'block-inner-udp' on "
          + "vpn-gateway or allow inbound udp 3390 on azure."
      ])
    let several = sentences(answer([[Self.rule], [Self.listener, Self.open]], isComplete: false))
    #expect(several.count == 4 && several[2].hasPrefix("(2) set fUse") && several[3].hasPrefix("There may be other ways"))
    #expect(sentences(answer([], .works))[0].hasPrefix("Nothing stands in its way"))
    let least = answer([[Self.listener]], .atLeast, remaining: [blocker(.noSocket, at: "printer")])
    #expect(
      sentences(least) == [
        "At least these stand in the way: set fUseUdpPortRedirector to 1 on sh-1; and behind that, which no change here lifts: no-socket "
          + "at printer."
      ])
  }

  @Test("Kinds of answers are words that programs can rely on")
  func kinds() {
    let kinds = [
      answer([[Self.rule]]), answer([[Self.rule, Self.open]]), answer([[Self.rule], [Self.open]]),
      answer([[Self.rule], [Self.open, Self.listener]]), answer([], .works), answer([], .atLeast),
    ].map(\.kind)
    #expect(kinds == ["one-of-one", "all-of", "any-one-of", "sets", "works", "at-least"])
  }

  @Test(
    "The explanation has the sets, the evidence with what hides behind what, the way to confirm, and folds what had no effect")
  func explained() {
    var hidden = blocker(.rule, at: "azure", rule: "closed")
    hidden.behind = [Self.listener]
    var run = sampleRun()
    var idle = run.sessions[0].attempts[2].blockers[0]
    (idle.rule, idle.rulePath, idle.node, idle.reason, idle.packets) = (nil, nil, "metro", .noRoute, 4)
    run.sessions[0].attempts[1].blockers = [idle]
    let setting = Obstacle(kind: .setting("fUseUdpPortRedirector", .listenerOff), lifts: [Self.listener])
    let whole = answer([[Self.listener, Self.open]], obstacles: [setting, hidden, blocker(.noRoute, at: "metro")])
    let text = Explanation.text(run, session: 1, answers: [whole], width: 600)
    #expect(text.contains("Why managed was not tried, and what would make it work"))
    #expect(text.contains("Setting 'fUseUdpPortRedirector' of sh-1 forbids it (listener-off)."))
    #expect(
      text.contains(
        "Rule 'closed' on azure drops its packets [networks.azure.firewall.rules.closed]; it shows only behind the others"))
    #expect(text.contains("Also seen, and no part of the answer: no-route at metro (4 packets)."))
    #expect(
      text.contains("listener-off: fUseUdpPortRedirector is not 1 on the host") && text.contains("Test-AzNetworkWatcherIPFlow"))
    #expect(
      text.contains(
        "  shortpath explain FILE --set hosts.sh-1.policy.fUseUdpPortRedirector=1 --set "
          + "'networks.azure.firewall.rules.allow-inbound-udp-3390=accept inbound udp 3390'"))
    let object = ExplanationJSON.text(run, sessions: [1], answers: [whole])
    #expect(object.contains("\"kind\": \"all-of\"") && object.contains("\"effective\": true"))
    #expect(object.contains("\"behind\": [\"hosts.sh-1.policy.fUseUdpPortRedirector=1\"]"))
    #expect((try? JSONSerialization.jsonObject(with: Data(object.utf8))) != nil)
    #expect(ExplanationJSON.text(run, sessions: [1]).contains("\"lifting\": null"))
  }

  @Test(
    "Administrators see the transport under the names of their tools",
    arguments: [
      (Transport.reverseConnect, "UdpUse 0", "TCP (WebSocket)", "neither 131"),
      (.managed, "UdpUse 1", "UDP (Private Network)", "131"),
      (.public, "UdpUse 2", "Information: UDP", "135"),
    ])
  func signs(transport: Transport, use: String, dialog: String, event: String) {
    var session = sampleRun().sessions[0]
    session.transport = transport
    let lines = FieldSigns.lines(of: session)
    #expect(lines.count == 3 && lines[0].contains(use) && lines[1].hasSuffix(dialog) && lines[2].contains(event))
  }

  @Test("A failure and a loss are named as Log Analytics does")
  func errors() {
    var session = sampleRun().sessions[0]
    session.transport = nil
    session.failures = [ConnectionFailure(node: "sh-1", reason: .hostUnreachable, time: .zero, record: 1, missing: nil)]
    session.reconnects = [ReconnectResult(lost: .zero, reason: .pathLost, tries: 1)]
    #expect(
      FieldSigns.lines(of: session).last
        == "Log Analytics: WVDErrors.CodeSymbolic ReverseConnectResponseTimeout, ShortpathTransportNetworkDrop")
  }

  @Test("A diagram: every participant once, drops as crossed arrows with count and rule, and the sentence at the end")
  func diagram() {
    var run = sampleRun()
    run.sessions[0].attempts[2].blockers[0].opener = "alice"
    let lines = MermaidDiagram.text(run, session: 1).split(separator: "\n").map { String($0.drop { $0 == " " }) }
    #expect(lines[0] == "sequenceDiagram")
    let participants = lines.filter { $0.hasPrefix("participant") }
    #expect(participants.first == "participant p0 as alice" && participants.last?.hasSuffix(" as sh-1") == true)
    #expect(Set(participants.map { $0.split(separator: " ")[3] }).count == participants.count)
    let gateway = participants.first { $0.hasSuffix("vpn-gateway") }!.split(separator: " ")[1]
    #expect(lines.contains("p0-x\(gateway): 1450.000 public: rule 'block-inner-udp' dropped 3 packets"))
    #expect(lines.last?.contains("the other path was dropped by rule") == true)
    #expect(
      lines.dropFirst().allSatisfy { line in
        ["participant ", "Note over ", "%% "].contains { line.hasPrefix($0) } || line.contains("->>") || line.contains("-x")
      })
  }

  @Test("What Mermaid would read as its own is escaped")
  func escaped() {
    #expect(MermaidDiagram.escaped("a;b#c<d>\"e\"\nf%%") == "a#59;b#35;c#60;d#62;#34;e#34; f#37;#37;")
    var run = sampleRun()
    run.sessions[0].sentence = "rule 'a;b' on <x>\nend"
    let text = MermaidDiagram.text(run, session: 1)
    #expect(text.contains("rule 'a#59;b' on #60;x#62; end"))
    #expect(Explanation.text(run, session: 1, format: .markdown).contains("```mermaid\nsequenceDiagram\n"))
  }
}
