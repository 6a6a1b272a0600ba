// What would change, as one sentence and tables, as JSON, and side by side with marks.
import Foundation
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
@testable import Studies
import Testing
import Trace
import Wire

@Suite struct WhatIfReportTests {
  private func run(_ change: (inout [SessionResult]) -> Void = { _ in }, _ verdict: Verdict = .held) -> RunResult {
    var run = sampleRun(expectations: [ExpectationResult(text: "session 1: route internet", verdict: verdict, found: "route vpn")]
    )
    var second = run.sessions[0]
    second.ordinal = 2
    run.sessions.append(second)
    change(&run.sessions)
    return run
  }

  private func sentence(_ before: RunResult, _ after: RunResult) -> String {
    WhatIfReport.sentence(WhatIf(before, after, changes: []))
  }

  private func carried(_ session: inout SessionResult, by transport: Transport?, over route: String) {
    (session.transport, session.route) = (transport, route)
  }

  @Test("one sentence says what becomes of every session")
  func sentences() {
    let on = run()
    let off = run { carried(&$0[0], by: .reverseConnect, over: "internet") }
    #expect(
      sentence(off, on) == "Session 1 would go from reverse connect to public over the internet; session 2 is not affected.")
    #expect(sentence(on, off) == "Session 1 would go from public to reverse connect; session 2 is not affected.")
    let vpn = run { for row in 0...1 { carried(&$0[row], by: .public, over: "vpn") } }
    #expect(sentence(on, vpn) == "Sessions 1 and 2 would go from public over the internet to public over 'vpn'.")
    #expect(sentence(on, on) == "Nothing would change for any of the 2 sessions.")
    let failed = run { carried(&$0[1], by: nil, over: "") }
    let other = run {
      $0[1].reason = .gatewayUnreachable; carried(&$0[1], by: nil, over: "")
    }
    #expect(
      sentence(on, failed) == "Session 2 would fail, instead of being on public over the internet; session 1 is not affected.")
    #expect(sentence(failed, other).hasPrefix("Session 2 would fail as before, in another way"))
    #expect(sentence(failed, on).hasPrefix("Session 2 would no longer fail but be on public over the internet"))
    let late = run { $0[0].switched = .milliseconds(2_050) }
    #expect(sentence(on, late).hasPrefix("Session 1 would stay on public over the internet, and switch 10.000 ms later;"))
    #expect(sentence(on, run({ _ in }, .failed)) == "Sessions 1 and 2 are not affected; 1 expectation would no longer hold.")
  }

  @Test("only what differs is in the table, the meant apart from the side effects")
  func tables() {
    let after = run({ for row in 0...1 { carried(&$0[row], by: .managed, over: "vpn") } }, .failed)
    let change = Change.set(path: "networks.home.nat", value: .word("symmetric"))
    let text = WhatIfReport.text(WhatIf(run(), after, changes: [change], intended: [2]))
    let lines = text.split(separator: "\n").map(String.init)
    let (meant, side) = (lines.firstIndex(of: "Intended")!, lines.firstIndex(of: "Side effects")!)
    #expect(meant < side)
    #expect(lines[meant..<side].contains { $0.contains("session 2, ") && $0.contains("public") && $0.contains("managed") })
    #expect(
      lines[side...].contains { $0.contains("session 1, ") } && !lines[meant..<side].contains { $0.contains("session 1, ") })
    #expect(!text.contains("desktop ms"))
    #expect(lines.contains("  - session 1: route internet; found route vpn"))
    #expect(lines.last == "With networks.home.nat=symmetric; seed \(run().seed) both times.")
  }

  @Test("JSON gives milliseconds and null, and says whether a session was meant")
  func json() throws {
    let after = run { $0[0].switched = nil }
    let text = WhatIfReport.json(WhatIf(run(), after, changes: [], intended: [1]))
    let parsed = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let sessions = try #require(parsed["sessions"] as? [[String: Any]])
    let differences = try #require(sessions[0]["differences"] as? [[String: Any]])
    #expect(parsed["affected"] as? Bool == true && sessions.map { $0["affected"] as? Bool } == [true, false])
    #expect(sessions.map { $0["intended"] as? Bool } == [true, false])
    #expect(differences.count == 1 && differences[0]["what"] as? String == "switched")
    #expect(differences[0]["before"] as? Double == 2_040 && differences[0]["after"] is NSNull)
  }

  @Test("fixes name who must act and the command to try; a goal that holds or is out of reach is said so")
  func fixes() throws {
    let base = run { carried(&$0[0], by: .reverseConnect, over: "internet") }
    let lift = Change.act(element: "hosts.vpn-gateway.firewall.rules.block-inner-udp", verb: .lift)
    let effect = WhatIf(base, run(), changes: [lift], intended: [1])
    var answer = FixAnswer(
      run: base, goal: Expectation(.session(1)), text: "session 1: transport public", isReached: false,
      fixes: [Fix(changes: [lift], owner: .administrator, effect: effect, seconds: 2)], candidates: [lift], runs: 3,
      isComplete: true)
    let text = FixReport.text(answer, file: "a.yaml")
    #expect(text.hasPrefix("One change is enough for session 1: transport public: lift rule 'block-inner-udp' on vpn-gateway."))
    #expect(text.contains("  shortpath whatif a.yaml --set 'lift hosts.vpn-gateway.firewall.rules.block-inner-udp'\n"))
    #expect(text.contains("Session 1 would go from reverse connect to public over the internet; session 2 is not affected."))
    answer.fixes[0].owner = .provider
    #expect(FixReport.sentence(answer).contains("only the provider can help"))
    let parsed = try JSONSerialization.jsonObject(with: Data(FixReport.json(answer).utf8)) as? [String: Any]
    #expect((parsed?["fixes"] as? [[String: Any]])?.first?["who"] as? String == "provider")
    answer.fixes = []
    #expect(FixReport.sentence(answer).contains("is not reached by any of the 1 single change"))
    answer.isReached = true
    #expect(FixReport.sentence(answer) == "Nothing needs to be changed: session 1: transport public holds as it is.")
  }
}

@Suite struct ComparisonReportTests {
  private func outcome(_ transport: String, switched: Int64?) -> Outcome {
    var outcome = Outcome(scenario: "s", seed: 1, session: 1, client: "alice", host: "sh-1", transport: transport, reason: "r")
    outcome.switched = switched.map { .milliseconds($0) }
    outcome.sentence = "a, b"
    return outcome
  }

  private var comparison: Comparison {
    Comparison([
      ComparedSide(name: "as it is", outcomes: [outcome("public", switched: 2_000)]),
      ComparedSide(name: "x=1,y=2", outcomes: [outcome("reverse-connect", switched: nil)]),
    ])
  }

  @Test("what is not as on the first side has an asterisk, and the sentence says what differs")
  func text() {
    let lines = ComparisonReport.text(comparison).split(separator: "\n").map(String.init)
    #expect(lines[0] == "Differences in transport and switch-over.")
    #expect(lines[3].contains("public ") && !lines[3].contains("*"))
    #expect(lines[4].contains("reverse-connect*") && lines[4].contains(" -*") && lines[4].filter { $0 == "*" }.count == 2)
    let alike = Comparison([comparison, comparison].map { ComparedSide(name: "a", outcomes: [$0.rows[0].outcomes[0]!]) })
    #expect(ComparisonReport.sentence(alike) == "No difference: 1 session, 2 sides.")
  }

  @Test("CSV has a line for each side, and JSON the same keys")
  func programs() throws {
    let lines = ComparisonReport.csv(comparison).components(separatedBy: "\r\n")
    #expect(lines[0].hasPrefix("session,side,transport,route,reason,connected_ms,switched_ms,rtt_before_ms,rtt_ms,"))
    #expect(lines[1] == "1,as it is,public,,r,,2000.000000,,,s,1,alice,sh-1,\"a, b\",")
    #expect(lines[2] == "1,\"x=1,y=2\",reverse-connect,,r,,,,,s,1,alice,sh-1,\"a, b\",transport switched_ms")
    let parsed = try JSONSerialization.jsonObject(with: Data(ComparisonReport.json(comparison).utf8)) as? [String: Any]
    let sessions = try #require(parsed?["sessions"] as? [[String: Any]])
    let sides = try #require(sessions[0]["sides"] as? [[String: Any]])
    #expect(sides.map { $0["transport"] as? String } == ["public", "reverse-connect"])
    #expect(sides[1]["differs_in"] as? [String] == ["transport", "switched_ms"] && sides[1]["switched_ms"] is NSNull)
  }

  @Test("two axes are a matrix, one is a list")
  func variations() {
    func cell(_ values: [String], _ transport: String) -> Variations.Cell {
      Variations.Cell(values: values, outcomes: [outcome(transport, switched: nil)])
    }
    let grid = Variations(
      scenario: "s", seed: 1, axes: [("nat", ["a", "b"]), ("vpn", ["on", "off"])],
      cells: [
        cell(["a", "on"], "managed"), cell(["a", "off"], "public"), cell(["b", "on"], "managed"), cell(["b", "off"], "none"),
      ])
    #expect(
      ComparisonReport.text(grid) == """
        4 variations of s under seed 1: managed 2, public 1, none 1.

        nat down, vpn across:

               vpn=on   vpn=off
        -----  -------  -------
        nat=a  managed  public
        nat=b  managed  none

        """)
    let list = Variations(scenario: "s", seed: 1, axes: [("nat", ["a"])], cells: [cell(["a"], "managed")])
    #expect(ComparisonReport.text(list).contains("nat  transport  route  reason"))
    #expect(ComparisonReport.csv(grid).hasPrefix("nat,vpn,session,transport,"))
  }
}
