// What `test` says: a difference in words, and the same for a CI server.
import Foundation
@testable import Reports
import ScenarioModel
@testable import Simulation
import SimulationKernel
@testable import Studies
import Testing
import Trace

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct RegressionReportTests {
  private func baseline(_ found: String, outcome: UInt64 = 1, trajectory: UInt64 = 3, desktop: Int64 = 100) -> Baseline {
    Baseline(
      note: "", modelVersion: 1, seed: 1, fingerprints: Fingerprints(outcome: outcome, protocolStory: 2, trajectory: trajectory),
      findings: [.init("session 1, a to b", found)], transcript: Transcript(parts: []),
      moments: [.init("session 1", "desktop at a", .milliseconds(desktop)), .init("run", "ended by settled", .milliseconds(200))])
  }

  private func changed(_ name: String, _ before: Baseline, _ now: Baseline) -> RegressionCase {
    RegressionCase(name: name, title: "", status: .changed(BaselineDifference(from: before, to: now)), now: now)
  }

  @Test("the outcome comes first, in words; where only times moved, it is said which and by how much")
  func words() {
    let old = baseline("public over vpn, lowest-round-trip")
    let outcome = changed("S/a.yaml", old, baseline("reverse-connect over internet, no-udp-path", outcome: 9))
    #expect(
      RegressionWords.lines(of: outcome) == [
        "session 1, a to b: public over vpn, lowest-round-trip -> reverse-connect over internet, no-udp-path",
        "Nothing of the story changed, and no packet moved.",
      ])
    let times = changed("S/a.yaml", old, baseline("public over vpn, lowest-round-trip", trajectory: 9, desktop: 103))
    #expect(
      RegressionWords.lines(of: times) == [
        "Nothing of the story changed: times or packets moved.",
        "Times of session 1: 1 of 1 time moved; first 'desktop at a' 100.000 -> 103.000 ms (+3.000 ms)",
      ])
    let packets = changed("S/a.yaml", old, baseline("public over vpn, lowest-round-trip", trajectory: 9))
    #expect(RegressionWords.lines(of: packets).last == "No milestone moved, only packets between them.")
  }

  @Test("--only decides which level fails; what it lets pass is still told")
  func levels() {
    let old = baseline("x")
    let report = { (levels: Set<BaselineLevel>) in
      RegressionReport([self.changed("S/a.yaml", old, self.baseline("x", trajectory: 9))], orphans: [], levels: levels)
    }
    #expect(!report([.trajectory]).succeeded)
    #expect(report([.outcome]).succeeded)
    #expect(report([.outcome]).text(details: 5).contains("moved     S/a.yaml: trajectory"))
    #expect(report([.outcome]).summary == "1 scenario: 0 as before, 1 changed (outcome 0, protocol 0, trajectory 1).")
  }

  @Test("broken laws come first and fail whatever the baseline says; orphans and missing baselines fail too")
  func order() {
    let old = baseline("x")
    var broken = RegressionCase(name: "S/z.yaml", title: "", status: .same, now: old)
    broken.brokenLaws = [BrokenLaw(law: .sameCertificate, sentence: "session 1: two certificates (record 7)", record: 7)]
    let cases = [
      changed("S/a.yaml", old, baseline("x", trajectory: 9)), changed("S/b.yaml", old, baseline("y", outcome: 9)),
      RegressionCase(name: "S/c.yaml", title: "", status: .missing, now: old), broken,
    ]
    let report = RegressionReport(cases, orphans: ["S/baselines/d.baseline"], levels: [.outcome])
    let heads = report.text(details: 1).split(separator: "\n").filter { $0.first?.isUppercase ?? false }
    #expect(
      heads == [
        "BROKEN  S/z.yaml", "MISSING  S/c.yaml", "CHANGED  S/b.yaml: outcome",
        "ORPHANED  S/baselines/d.baseline belongs to no scenario; remove it, or rename it with its scenario",
      ])
    #expect(report.text(details: 1).contains("BROKEN same-certificate: session 1: two certificates (record 7)"))
    #expect(!RegressionReport([], orphans: ["x"], levels: []).succeeded)
  }

  @Test("JUnit's XML is well-formed, with a failure for each scenario that fails and each orphan")
  func junit() throws {
    var bad = changed("S/a&b.yaml", baseline("<x>"), baseline("\"y\"", outcome: 9))
    bad.expectations = [ExpectationResult(text: "a < b", verdict: .failed, found: "b > a\nor so")]
    let good = RegressionCase(name: "S/deep/c.yaml", title: "", status: .same, now: baseline("x"))
    let xml = RegressionReport([bad, good], orphans: ["S/o.baseline"], levels: [.outcome]).junit
    let parser = XMLParser(data: Data(xml.utf8))
    let seen = Elements()
    parser.delegate = seen
    #expect(parser.parse())
    #expect(seen.counts == ["testsuites": 1, "testsuite": 1, "testcase": 3, "failure": 2])
    #expect(seen.suite["failures"] == "2" && seen.suite["tests"] == "3")
    #expect(seen.text.contains("session 1, a to b: <x> -> \"y\"") && seen.text.contains("b > a\nor so"))
  }

  private final class Elements: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var suite: [String: String] = [:]
    var text = ""
    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      counts[name, default: 0] += 1
      if name == "testsuite" { suite = attributes }
    }
    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
  }

  @Test("JSON and Markdown tell the same")
  func others() throws {
    let report = RegressionReport(
      [changed("S/a.yaml", baseline("x"), baseline("y | z", outcome: 9))], orphans: [], levels: Set(BaselineLevel.allCases))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
    let scenario = try #require((object["scenarios"] as? [[String: Any]])?.first)
    #expect(object["succeeded"] as? Bool == false)
    #expect(scenario["levels"] as? [String] == ["outcome"])
    #expect((scenario["changes"] as? [[String: String]]) == [["subject": "session 1, a to b", "before": "x", "now": "y | z"]])
    #expect(report.markdown.contains("| `S/a.yaml` | changed | session 1, a to b: x -> y \\| z |"))
  }

  @Test("two texts differ in these lines, with what stands around them")
  func lines() {
    let before = "a\nb\nc\nd\ne\nf\ng\n"
    #expect(LineDifference.lines(from: before, to: before) == [])
    #expect(
      LineDifference.lines(from: before, to: "a\nb\nc\nd\nE\nf\ng\n", context: 1) == ["  ...", "  d", "- e", "+ E", "  f"])
    #expect(LineDifference.lines(from: "a\n", to: "a\nb\n", context: 0) == ["  ...", "+ b"])
  }
}
