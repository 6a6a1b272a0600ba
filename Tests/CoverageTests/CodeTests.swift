// Every code is produced by a scenario of the repository or by a named test, and the pages of codes name scenarios that show them.
import Foundation
import Reports
import ScenarioModel
import Testing
import Trace

@Suite struct CodeTests {
  /// A code that no scenario file shows, why none does, and the test that shows it instead (by its whole name).
  struct Exception: Sendable {
    var code: String
    var why: String
    var test: String
  }

  /// Sorted by code. A code that a scenario file shows must not stand here.
  static let exceptions: [Exception] = [
    Exception(
      code: "icmp-unmatched", why: "an error that comes for a socket just closed",
      test:
        "an error for a socket that has closed is an unmatched one"),
    Exception(
      code: "nat-syn-overtaken", why: "no part of the sequence opens a TCP connection from both ends",
      test:
        "REQ-4: an unsolicited SYN is held in silence and dropped, once the connection is opened from inside"),
    Exception(
      code: "no-listener-address", why: "every client of a scenario has a default route",
      test:
        "a client without a route to any of the listener's addresses probes nothing"),
    Exception(
      code: "not-authenticated", why: "a client is told of the offer only once it is authenticated",
      test:
        "The first matching tunnel of an authenticated user is established, later ones lose the race"),
    Exception(
      code: "not-for-me", why: "routes are built so that nothing strays",
      test:
        "a host does not forward, and takes only what comes by the interface that has the address"),
    Exception(
      code: "protocol-violation", why: "no participant of a scenario speaks out of turn",
      test:
        "A PDU of another phase is a violation in every phase; a lost base transport and a server that leaves end each"),
    Exception(
      code: "resource-unknown", why: "feed and broker know the same resources",
      test:
        "An unknown resource, an unknown host and a stray message are refused or told"),
    Exception(
      code: "tls-failed", why: "no participant sends a TLS message out of place",
      test:
        "TLS that fails, a licence refused, a second offer and channel data before the desktop fail the sequence"),
    Exception(
      code: "token-refused", why: "there is one directory, which everybody trusts",
      test:
        "Every refusal a service can give has its reason"),
    Exception(
      code: "ttl-expired", why: "routes are built without loops",
      test:
        "the hop limit runs out at the router that would send the last hop, which tells the sender"),
    Exception(
      code: "tunnel-bad-key", why: "both ends of a tunnel are configured from one scenario",
      test:
        "a wrong key is refused at the gateway and the tunnel stays down"),
    Exception(
      code: "tunnel-refused", why: "a client that lost a race has given up the loser before a refusal",
      test:
        "The client fails on a refusal, an end in place of an answer, and a message out of turn"),
    Exception(
      code: "udp-refused", why: "hosts listen before they offer, and rules reject softly",
      test:
        "a closed port is not silence: an ICMP error ends the attempt at once and has its own code"),
    Exception(
      code: "undecided", why: "a scenario whose run is cut short meets no expectation",
      test:
        "a run ends: by its duration, or undecided at its limit on events"),
  ]

  static let known = Set((Reason.allCases.map(\.code) + DropReason.allCases.map(\.code)).filter { $0 != "none" })
  static let shown = Set(Repository.codes.values.flatMap { $0 })

  @Test("every reason and every drop reason is produced by a scenario file, or by the test that stands for it")
  func produced() {
    let excepted = Set(Self.exceptions.map(\.code))
    let missing = Self.known.subtracting(Self.shown).subtracting(excepted).sorted()
    #expect(missing.isEmpty, "neither a scenario nor an exception shows: \(missing.joined(separator: ", "))")
  }

  @Test("the list of exceptions is sorted, short of words for nothing, and free of what scenarios show by now")
  func exceptions() {
    let codes = Self.exceptions.map(\.code)
    #expect(codes == Set(codes).sorted())
    let unknown = codes.filter { !Self.known.contains($0) }
    #expect(unknown.isEmpty, "no such code: \(unknown.joined(separator: ", "))")
    let stale = codes.filter { Self.shown.contains($0) }
    #expect(stale.isEmpty, "a scenario shows it, take it off the list: \(stale.joined(separator: ", "))")
    let tests = Repository.sources(of: "Tests").joined(separator: "\n")
    let gone = Self.exceptions.filter { !tests.contains("@Test(\"\($0.test)\"") && !tests.contains("func `\($0.test)`") }
    #expect(gone.isEmpty, "no such test: \(gone.map { "\($0.code): \($0.test)" }.joined(separator: "; "))")
    #expect(Self.exceptions.allSatisfy { $0.why.count > 10 })
  }

  @Test("a page's scenario exists and produces its code")
  func pagesHold() {
    let wrong = Codes.pages.compactMap { page -> String? in
      guard let scenario = page.scenario else { return nil }
      guard let codes = Repository.codes[String(scenario.dropFirst("Scenarios/".count))] else {
        return "\(page.code): there is no \(scenario)"
      }
      return codes.contains(page.code) ? nil : "\(page.code): \(scenario) gives \(codes.sorted().joined(separator: ", "))"
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }

  @Test("every page of a failure names a scenario, unless the code is an exception; what a scenario shows has one")
  func failuresHaveScenarios() {
    let excepted = Set(Self.exceptions.map(\.code))
    let groups = Codes.groups.filter { $0.name.contains("failed") || $0.name.contains("refused") }
    #expect(groups.count >= 2)
    let pages = groups.flatMap(\.pages).filter { $0.scenario == nil && !excepted.contains($0.code) }
    let files = pages.map { page in
      let showing = Repository.codes.keys.sorted().filter { Repository.codes[$0]?.contains(page.code) == true }
      return "\(page.code) (shown by \(showing.isEmpty ? "none" : showing.prefix(3).joined(separator: ", ")))"
    }
    #expect(files.isEmpty, "no scenario on the page of: \(files.joined(separator: "; "))")
  }

  @Test("every scenario under failures has a title, two lines of comment, and pins what it shows")
  func failuresArePinned() throws {
    for file in Repository.codes.keys.sorted() where file.hasPrefix("failures/") {
      let url = Repository.root.appending(path: "Scenarios").appending(path: file)
      let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      #expect(lines.count <= 40 && lines[1].hasPrefix("title:"), "\(file)")
      #expect(lines[2].hasPrefix("# ") && lines[3].hasPrefix("# "), "\(file) teaches nothing")
      #expect(lines.contains("expect:"), "\(file) expects nothing")
    }
  }
}
