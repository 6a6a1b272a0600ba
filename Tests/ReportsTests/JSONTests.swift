// The JSON contract: key order, exact milliseconds, escapes.
import Foundation
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Testing
import Trace

@Suite struct JSONTests {
  @Test("DESIGN §7: the keys of a run stand in the documented order, others behind them")
  func keyOrder() {
    let text = RunJSON.text([sampleRun(expectations: [ExpectationResult(text: "session 1: public", verdict: .held, found: "")])])
    let documented = [
      "runs", "scenario", "seed", "fingerprints", "outcome", "protocol", "trajectory", "expectations", "text", "verdict",
      "sessions",
      "client", "host", "transport", "route", "udp_use", "reason", "connected_ms", "switched_ms", "rtt_before_ms", "rtt_ms",
      "attempts",
    ]
    var rest = text[...]
    for key in documented {
      guard let found = rest.range(of: "\"\(key)\": ") else {
        Issue.record("\(key) is missing or out of order")
        return
      }
      rest = rest[found.upperBound...]
    }
    #expect(
      text.contains(
        "{\"transport\": \"managed\", \"outcome\": \"not-tried\", \"reason\": \"listener-off\", \"node\": null, \"rule\": null,"))
  }

  @Test("Milliseconds have exactly six decimals, made from integers")
  func exactMilliseconds() {
    #expect(SimDuration(nanoseconds: 812_345_678).exact == "812.345678")
    #expect(SimDuration(nanoseconds: -1).exact == "-0.000001")
    #expect(SimDuration(nanoseconds: 0).exact == "0.000000")
    #expect(SimDuration(nanoseconds: .min).exact == "-9223372036854.775808")
    let text = RunJSON.text([sampleRun()])
    #expect(text.contains("\"connected_ms\": 812.345678") && text.contains("\"rtt_ms\": 34.000001"))
  }

  @Test("What is absent is null, and a session without transport has no udp_use")
  func absent() {
    var run = sampleRun()
    run.sessions[0].transport = nil
    run.sessions[0].switched = nil
    let text = RunJSON.text([run])
    #expect(text.contains("\"switched_ms\": null") && text.contains("\"udp_use\": null") && text.contains("\"transport\": null"))
  }

  @Test(
    "Any JSON parser reads it, and equal runs give equal bytes",
    arguments: ["plain", "ctrl\u{1}\u{1F}", "quote\"\\\n\t", "ünïcode 路径"])
  func parses(title: String) throws {
    var run = sampleRun()
    run.scenario.title = title
    let text = RunJSON.text([run])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let first = try #require((object["runs"] as? [[String: Any]])?.first)
    #expect(first["title"] as? String == title)
    #expect(text == RunJSON.text([run]))
    #expect(text.hasSuffix("}\n"))
    let explained = try JSONSerialization.jsonObject(with: Data(ExplanationJSON.text(run, sessions: [1]).utf8)) as? [String: Any]
    #expect((explained?["explanations"] as? [[String: Any]])?.count == 1)
  }

  @Test("A loss names what its transport was lost by, and an attempt the setting that narrowed it")
  func losses() {
    var run = sampleRun()
    let blocker = run.sessions[0].attempts.flatMap(\.blockers).first
    run.sessions[0].reconnects = [
      ReconnectResult(lost: .zero, reason: .pathLost, tries: 1, restored: nil, transport: nil, blocker: blocker)
    ]
    run.sessions[0].attempts[0].narrowedBy = "PublicUdp"
    let text = RunJSON.text([run])
    #expect(text.contains("\"drop\": \"\(blocker?.reason.code ?? "-")\""))
    #expect(text.contains("\"narrowed_by\": \"PublicUdp\""))
  }

  @Test("No runs are an empty list") func empty() { #expect(RunJSON.text([]) == "{\"runs\": []}\n") }
}
