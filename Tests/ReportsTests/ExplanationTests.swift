// Explanations say what is in the result: the first stopped packet, the rule, the pairs and the winner.
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct ExplanationTests {
  @Test("The first paragraph is the plain sentence")
  func sentenceFirst() {
    let lines = Explanation.text(sampleRun(), session: 1, width: 200).split(separator: "\n")
    #expect(lines[0] == "4-vpn-udp-blocked, session 1: alice to sh-1")
    #expect(lines[2].hasPrefix("Shortpath for public networks over the internet: the other path was dropped by rule"))
  }

  @Test("A blocker names rule, node, first packet with record, time after the click and both endpoints, and the rule's path")
  func blocker() {
    let text = Explanation.text(sampleRun(), session: 1, width: 400)
    #expect(
      text.contains(
        "Rule 'block-inner-udp' on vpn-gateway dropped 3 packets of pair 2; first at 1450.000 ms, record 7: "
          + "udp 172.27.0.2:50001 -> 10.1.0.4:50002 [hosts.vpn-gateway.firewall.rules.block-inner-udp]"))
  }

  @Test("What there is to say of a rule stands behind its name: its priority, its firewall's profile")
  func note() {
    var run = sampleRun()
    let attempt = run.sessions[0].attempts.firstIndex { !$0.blockers.isEmpty }!
    run.sessions[0].attempts[attempt].blockers[0].note = "priority 200"
    #expect(
      Explanation.text(run, session: 1, width: 400).contains("Rule 'block-inner-udp' (priority 200) on vpn-gateway dropped"))
  }

  @Test("What changed while the run lasted stands with its times after the click, and nothing that came after its end")
  func changes() {
    var run = sampleRun()
    #expect(!Explanation.text(run, session: 1).contains("What changed"))
    run.scenario.events = [
      EventSpec(at: milliseconds(9_000), change: .act(element: "hosts.sh-1", verb: .down)),
      EventSpec(at: milliseconds(3_000), change: .act(element: "networks.home.nat", verb: .restart)),
      EventSpec(at: milliseconds(1_500), change: .set(path: "hosts.alice.network", value: .word("hotel"))),
    ]
    let lines = Explanation.text(run, session: 1).split(separator: "\n").map(String.init)
    let start = lines.firstIndex(of: "What changed while it ran")!
    #expect(lines[start + 4].hasSuffix("1000.000  hosts.alice.network=hotel"))
    #expect(lines[start + 5].hasSuffix("2500.000  restart networks.home.nat"))
    #expect(!lines.contains { $0.contains("down hosts.sh-1") })
    #expect(ExplanationJSON.text(run, sessions: [1]).contains("\"change\": \"restart networks.home.nat\""))
  }

  @Test("A rule that inspects opened TLS and dropped nothing, and says so whether it hindered anybody or not")
  func inspection() {
    var run = sampleRun()
    var record = Record(kind: .inspected, node: NodeID(0))
    record.rule = 0
    record.session = 1
    run.story = [record, record]
    let looked = "Rule '\(run.rules[0].id)' on \(run.nodes[0].id) looked into 2 connections"
    #expect(Explanation.text(run, session: 1, width: 400).contains(looked))
    for row in run.sessions[0].attempts.indices where !run.sessions[0].attempts[row].blockers.isEmpty {
      run.sessions[0].attempts[row].blockers[0].reason = .inspected
    }
    let text = Explanation.text(run, session: 1, width: 400)
    #expect(text.contains("Rule 'block-inner-udp' on vpn-gateway opened the TLS of 3 connections; first at"))
    #expect(text.contains("shortpath codes inspected"))
  }

  @Test("Steps bear their documented numbers and times from the click")
  func steps() {
    let text = Explanation.text(sampleRun(), session: 1)
    #expect(text.contains("7   100.000  alice  client connected to the closest gateway over TLS 1.2"))
    #expect(text.contains("1  -400.000  alice"))
    #expect(text.contains("public: host accepted the tunnel: Shortpath established"))
  }

  @Test("Every attempt, every pair with its fate, and the winner's comparison are told")
  func whole() {
    let text = Explanation.text(sampleRun(), session: 1, width: 400)
    #expect(text.contains("managed          not-tried  listener-off (fUseUdpPortRedirector)"))
    #expect(text.contains("nominated  34.000  chosen") && text.contains("failed"))
    #expect(text.contains("1 valid pair with a measured round trip: internet 34.000 ms (pair 1, chosen)."))
    #expect(text.contains("public was established 1900.000 ms after the click."))
    #expect(text.contains("shortpath codes other-path-blocked") && text.contains("selection-window"))
  }

  @Test("Markdown has the same facts in headings and tables, with bars escaped")
  func markdown() {
    var run = sampleRun()
    run.sessions[0].milestones[0].node = "a|b"
    let text = Explanation.text(run, session: 1, format: .markdown)
    #expect(text.hasPrefix("# 4-vpn-udp-blocked, session 1: alice to sh-1\n"))
    #expect(text.contains("## Attempts") && text.contains("| a\\|b |") && text.contains("| ---: |"))
  }

  @Test("A session that failed at once is explained too")
  func failedSession() {
    var run = sampleRun()
    run.sessions[0].transport = nil
    run.sessions[0].route = ""
    run.sessions[0].reason = .hostUnreachable
    run.sessions[0].clicked = nil
    run.sessions[0].pairs = []
    run.sessions[0].milestones = []
    run.sessions[0].attempts = []
    let text = Explanation.text(run, session: 1)
    #expect(text.contains("Why there is no transport") && text.contains("No transport; reason host-unreachable"))
  }

  @Test("What no rule decided is the default policy's, in every place that tells it")
  func defaultPolicy() {
    var run = sampleRun()
    for row in run.sessions[0].attempts.indices {
      for blocker in run.sessions[0].attempts[row].blockers.indices {
        run.sessions[0].attempts[row].blockers[blocker].rule = "policy"
      }
      run.sessions[0].attempts[row].outcome = .failed
    }
    run.sessions[0].transport = .reverseConnect
    let text = Explanation.text(run, session: 1, width: 400)
    #expect(text.contains("The default policy on vpn-gateway dropped") && text.contains("stopped by the default policy on"))
    #expect(!text.contains("ule 'policy'"))
  }
}
