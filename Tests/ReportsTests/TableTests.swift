// The one table of runs: aligned, wrapped where it must be, and clear about what did not hold.
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct TableTests {
  @Test("Without a width each session is one line under a header of equal columns")
  func oneLine() {
    let lines = RunTable.text([sampleRun()]).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines[0].hasPrefix(
        "scenario           client  host  transport  route     desktop ms  switched ms  rtt before  rtt ms  reason"))
    #expect(
      lines[2].hasPrefix(
        "4-vpn-udp-blocked  alice   sh-1  public     internet     812.346     2040.000      48.000  34.000  Shortpath"))
    #expect(lines[2].hasSuffix("rule 'block-inner-udp' on vpn-gateway."))
  }

  @Test("In a terminal too narrow for it the reason stands below its row, and no line is wider", arguments: [100, 120, 160])
  func narrow(width: Int) {
    let lines = RunTable.text([sampleRun()], width: width).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= width })
    #expect(lines[3].hasPrefix("    Shortpath for public networks"))
  }

  @Test("Expectations that did not hold are listed with what was found")
  func broken() {
    let text = RunTable.text([
      sampleRun(expectations: [
        ExpectationResult(text: "session 1: transport public", verdict: .held, found: ""),
        ExpectationResult(text: "session 1: within 2 s", verdict: .failed, found: "2040.000 ms"),
        ExpectationResult(text: "session 2: route vpn", verdict: .undecided, found: ""),
      ])
    ])
    #expect(text.contains("1 run, 1 session; 2 of 3 expectations did not hold:"))
    #expect(text.contains("FAILED  4-vpn-udp-blocked: expected session 1: within 2 s\n          found 2040.000 ms"))
    #expect(text.contains("UNDECIDED  4-vpn-udp-blocked: expected session 2: route vpn"))
    #expect(RunTable.text([sampleRun()]).contains("nothing was expected."))
  }

  @Test("Probes have a table of their own, and only when there are some")
  func probes() {
    var run = sampleRun()
    #expect(!RunTable.text([run]).contains("probe"))
    run.probes = [
      ProbeResult(
        ordinal: 1, from: "alice", to: "stun", kind: .stun, outcome: "answered", sent: 1, answered: 1,
        roundTrip: .milliseconds(20),
        mapped: endpoint("20.1.2.3", 50_000), blockers: [])
    ]
    #expect(RunTable.text([run]).contains("20.1.2.3:50000"))
  }

  @Test("Rogues have a table of their own, in the run and in an explanation, and their object in both JSONs")
  func rogues() {
    var run = sampleRun()
    #expect(!RunTable.text([run]).contains("rogue"))
    #expect(!Explanation.text(run, session: 1).contains("Who tried to get in"))
    let drop = Blocker(
      pair: 0, topic: .rogue, node: "sh-1", rule: nil, rulePath: nil, reason: .cookieMismatch, firstRecord: 7,
      firstTime: .zero, packets: 1)
    run.rogues = [
      RogueResult(
        ordinal: 1, from: "mallory", to: "sh-1", kind: .wrongCookie, sent: 10, answered: 4, accepted: false, drops: [drop])
    ]
    #expect(RunTable.text([run]).contains("1 cookie-mismatch at sh-1"))
    #expect(Explanation.text(run, session: 1).contains("Who tried to get in"))
    for json in [RunJSON.text([run]), ExplanationJSON.text(run, sessions: [1])] {
      let rogues = json.split(separator: "\"rogues\":", maxSplits: 1).last ?? ""
      for member in ["\"from\": \"mallory\"", "\"kind\": \"wrong-cookie\"", "\"sent\": 10", "\"reason\": \"cookie-mismatch\""] {
        #expect(rogues.contains(member))
      }
    }
    run.rogues[0].accepted = true
    #expect(RunTable.text([run]).contains("YES") && RunJSON.text([run]).contains("\"accepted\": true"))
  }

  @Test("A session that failed, or a run that reached its limit, says so")
  func undecided() {
    var run = sampleRun()
    run.sessions[0].transport = nil
    run.sessions[0].reason = .gatewayUnreachable
    run.sessions[0].sentence = ""
    run.sessions[0].connected = nil
    run.end = .eventLimit
    let text = RunTable.text([run])
    #expect(text.contains("none") && text.contains("No gateway could be reached"))
    #expect(text.contains("Undecided: 4-vpn-udp-blocked reached its limit of 50000000 events at 5000.000 ms."))
  }

  @Test("Wrapping keeps every word and breaks only at spaces", arguments: 1...30)
  func wrapping(width: Int) {
    let text = "a bb ccc dddd eeeee ffffff"
    #expect(wrapped(text, width: width).joined(separator: " ") == text)
    #expect(wrapped(text, width: width).allSatisfy { $0.count <= max(width, 6) })
  }
}
