// Baselines: what they hold, that they read back, and what is a change and what is not.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct BaselineTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func scenario(_ name: String) throws -> Scenario {
    try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  private static func run(_ name: String, _ changes: String..., seed: UInt64? = nil) throws -> RunResult {
    let scenario = try changes.reduce(try scenario(name)) { try $0.applying(ChangeReader.parse($1)) }
    return try Simulator.run(scenario, seed: seed)
  }

  private static func difference(_ before: RunResult, _ now: RunResult) -> BaselineDifference {
    BaselineDifference(from: Baseline(of: before), to: Baseline(of: now))
  }

  @Test(
    "the text reads back to the same baseline, and it is a few kilobytes",
    arguments: [
      "documented/1-internet-only", "documented/3-managed-first-found", "recovery/warm-reverse-connect", "security/syn-flood",
      "probes/ping-and-shortpath", "failures/client-restarted", "nat/snat-ports-enough",
    ])
  func roundTrip(name: String) throws {
    let baseline = Baseline(of: try Self.run(name), note: "why: it is so, x2")
    let read = try Baseline(text: baseline.text)
    #expect(read.text == baseline.text)
    #expect(BaselineDifference(from: read, to: baseline).isEmpty)
    #expect(read.note == baseline.note)
    #expect(read.findings == baseline.findings)
    #expect(read.moments == baseline.moments)
    #expect(read.transcript.parts.map(\.lines) == baseline.transcript.parts.map(\.lines))
    #expect(baseline.text.utf8.count < 10_500)
    // Record numbers move with every new kind of record; none stands in it.
    #expect(!baseline.text.contains("record"))
  }

  @Test("transcripts are equal exactly when protocol fingerprints are")
  func transcriptIsFingerprint() throws {
    var runs: [RunResult] = []
    for seed in 1...12 as ClosedRange<UInt64> { runs.append(try Self.run("failures/bursts", seed: seed)) }
    for delay in 12...16 { runs.append(try Self.run("documented/2-vpn-lowest-latency", "links.transit.delay=\(delay) ms")) }
    runs.append(try Self.run("documented/2-vpn-lowest-latency", "hosts.sh-1.shortpath.public=off"))
    var equal = 0
    var different = 0
    for a in runs.indices {
      for b in runs.indices where a < b {
        let (one, other) = (Baseline(of: runs[a]).transcript, Baseline(of: runs[b]).transcript)
        let same = one.parts.map(\.machine) == other.parts.map(\.machine) && one.parts.map(\.lines) == other.parts.map(\.lines)
        #expect(same == (runs[a].fingerprints.protocolStory == runs[b].fingerprints.protocolStory))
        if same { equal += 1 } else { different += 1 }
      }
    }
    #expect(equal > 5 && different > 5)
  }

  @Test("words are no change: titles, labels, and how an expectation is put")
  func words() throws {
    let before = try Self.run("documented/4-vpn-udp-blocked")
    var scenario = before.scenario
    scenario.title = "Something else"
    for row in scenario.hosts.indices { scenario.hosts[row].label = "machine \(row)" }
    var now = try Simulator.run(scenario)
    for row in now.sessions.indices { now.sessions[row].sentence = "Because." }
    for row in now.expectations.indices { now.expectations[row].text = "as wished" }
    #expect(Self.difference(before, now).isEmpty)
    #expect(Baseline(of: before).text == Baseline(of: now).text)
  }

  @Test("a delay moves the trajectory alone, and the difference says which times by how much")
  func delay() throws {
    let before = try Self.run("documented/1-internet-only")
    let difference = Self.difference(before, try Self.run("documented/1-internet-only", "links.transit.delay=15 ms"))
    #expect(difference.levels == [.trajectory])
    #expect(difference.findings == [] && difference.transcript == [])
    let chosen = try #require(difference.moments.first { $0.what == "tunnel-secured at alice for public" })
    let checks = try #require(difference.moments.first { $0.what == "udp-connected at alice for public" })
    // One round trip of TLS 1.3 more, each 2 ms longer.
    #expect(chosen.shift == checks.shift.map { $0 + .milliseconds(2) })
  }

  @Test("a setting moves every level; the story diverges first at the host, and its causes lead back to the click")
  func setting() async throws {
    let before = try Self.run("documented/3-managed-first-found")
    let changed = try Self.scenario("documented/3-managed-first-found")
      .applying(ChangeReader.parse("hosts.sh-1.shortpath.managed-listener=off"))
    let cases = await Regression.check([
      Regression.Input(name: "x", scenario: changed, baseline: Baseline(of: before).text)
    ])
    guard case .changed(let difference) = cases[0].status else { throw SimulationError("no change") }
    #expect(difference.levels == BaselineLevel.allCases)
    #expect(difference.findings.first?.before == "managed over vpn, established-first")
    #expect(difference.findings.first?.now == "public over vpn, lowest-round-trip")
    #expect(cases[0].expectations.count == 1)
    let place = try #require(cases[0].place)
    #expect(place.divergence.machine == Transcript.Machine(node: "sh-1", session: 1, transport: .managed))
    #expect(place.divergence.expected == "listener-offered")
    #expect(place.divergence.found == "attempt not-tried listener-off")
    #expect(!place.divergence.isMissing)
    let record = try #require(place.divergence.record)
    // The re-run with motion has the numbers of any other run.
    #expect(place.causes.first?.record == record)
    #expect(place.causes.last?.record.milestone == .click)
    for (effect, cause) in zip(place.causes.dropLast(2), place.causes.dropFirst()) {
      #expect(effect.record.cause == cause.record.number)
    }
    #expect(place.causes.flatMap(\.milestones).contains(.rdpSecured))
    #expect(place.context.contains(record) && place.context.count == 9)
  }

  @Test("what is missing is looked for when the baseline had it, not when the run goes on")
  func missing() throws {
    let run = try Self.run("documented/1-internet-only")
    var before = Baseline(of: run)
    let host = try #require(
      before.transcript.parts.firstIndex { $0.machine == .init(node: "sh-1", session: 1, transport: .public) })
    let row = try #require(before.transcript.parts[host].lines.firstIndex(of: "established"))
    before.transcript.parts[host].lines.insert("switched", at: row)
    before.moments.insert(Baseline.Moment("session 1", "switched at sh-1 for public", .milliseconds(1_500)), at: 0)
    let divergence = try #require(Divergence.first(in: run, from: before))
    #expect(divergence.expected == "switched" && divergence.found == "established")
    #expect(divergence.isMissing && divergence.time == SimTime.zero + .milliseconds(1_500))
    before.transcript.parts[host].lines.append("pair failed")
    #expect(Divergence.first(in: run, from: before)?.expected == "switched")
    #expect(Divergence.first(in: run, from: Baseline(of: run)) == nil)
  }

  @Test("another seed and another model are said; lines that were edited by hand do not pass for their fingerprint")
  func remarks() throws {
    let run = try Self.run("documented/1-internet-only")
    var edited = Baseline(of: run)
    edited.findings[0].found = "managed over vpn, established-first"
    edited.modelVersion = 1
    let difference = BaselineDifference(from: edited, to: Baseline(of: run))
    #expect(difference.levels == [.outcome])
    #expect(difference.remarks.contains { $0.contains("do not fit its fingerprint") })
    #expect(difference.remarks.contains("the baseline is of model 1, this is model \(ModelVersion.current)"))
    // A model that moves nothing is no change.
    var older = Baseline(of: run)
    older.modelVersion = 1
    #expect(BaselineDifference(from: older, to: Baseline(of: run)).isEmpty)
    let other = Self.difference(run, try Self.run("documented/1-internet-only", seed: 2))
    #expect(other.remarks == ["the scenario's seed was 1 and is 2"])
  }

  @Test(
    "a file that is no baseline says in which line",
    arguments: [
      ("", 1, "is wanted"), ("shortpath baseline 2\n", 1, "of another shortpath"),
      ("shortpath baseline 1\nmodel: 3\n", 2, "'note:…'"),
      ("shortpath baseline 1\nnote: a\nmodel: 3\nseed: 1\n\noutcome 12\n", 6, "sixteen"),
      ("shortpath baseline 1\nnote: a\n<<<<<<< HEAD\n", 3, "merge"),
    ])
  func damaged(text: String, line: Int, words: String) throws {
    let error = try #require(throws: BaselineTextError.self) { try Baseline(text: text) }
    #expect(error.line == line)
    #expect(error.message.contains(words), "\(error)")
  }

  @Test("every line of a baseline matters: with any one taken out it is another, or none")
  func everyLine() throws {
    let baseline = Baseline(of: try Self.run("documented/5-no-udp"), note: "a")
    let lines = baseline.text.split(separator: "\n", omittingEmptySubsequences: false)
    for row in lines.indices where !lines[row].isEmpty {
      var fewer = lines
      fewer.remove(at: row)
      guard let read = try? Baseline(text: fewer.joined(separator: "\n")) else { continue }
      #expect(!BaselineDifference(from: read, to: baseline).isEmpty, "\(lines[row])")
    }
  }

  @Test("one worker and two say the same; a missing baseline is told, a broken one too")
  func workers() async throws {
    let names = ["documented/1-internet-only", "documented/2-vpn-lowest-latency", "documented/5-no-udp"]
    var inputs: [Regression.Input] = []
    for name in names {
      inputs.append(
        Regression.Input(name: name, scenario: try Self.scenario(name), baseline: Baseline(of: try Self.run(name)).text))
    }
    inputs[1].baseline = nil
    inputs[2].baseline = "no baseline"
    let one = await Regression.check(inputs, workers: 1)
    let two = await Regression.check(inputs, workers: 2)
    #expect(one.map(\.status) == two.map(\.status))
    #expect(one.map(\.now?.text) == two.map(\.now?.text))
    #expect(one[0].status == .same && !one[0].fails(at: Set(BaselineLevel.allCases)))
    #expect(one[1].status == .missing && one[1].fails(at: [.outcome]))
    guard case .damaged(let error) = one[2].status else { throw SimulationError("read") }
    #expect(error.line == 1)
  }
}
