// Nobody gets in: every kind of rogue is refused with a counted drop, and the session it was after goes as if it had not been there.
import HostStack
import NetworkModel
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct RogueTests {
  /// What a session's user and administrator can see of it, without numbers of records.
  private struct Seen: Equatable {
    var words: [String]
    var times: [SimTime?]
    init(_ session: SessionResult) {
      words = [session.transport?.name ?? "none", session.route, session.reason.code, session.sentence]
      words += session.attempts.map { "\($0.transport) \($0.outcome) \($0.reason) \($0.blockers.map(\.packets))" }
      words += session.milestones.map { "\($0.milestone) \($0.node)" } + session.pairs.map { "\($0.remote) \($0.state)" }
      words += session.candidates.map { "\($0.owner) \($0.endpoint)" }
      times = session.milestones.map(\.time) + session.attempts.map(\.ended)
    }
  }

  /// The one rogue a case is about, tried against the session of a file.
  struct Case: Sendable, CustomTestStringConvertible {
    var file: String
    var kind: RogueKind
    var reason: DropReason
    var node: String
    var rule: String? = nil
    var testDescription: String { "\(kind.rawValue) in \(file)" }
  }

  static let cases = [
    Case(file: "from-the-internet", kind: .unknownCookie, reason: .rule, node: "azure", rule: "DenyAllInBound"),
    Case(file: "unknown-cookie", kind: .unknownCookie, reason: .cookieHashUnknown, node: "sh-1"),
    Case(file: "wrong-cookie", kind: .wrongCookie, reason: .cookieMismatch, node: "sh-1"),
    Case(file: "replayed-syn", kind: .replayedSYN, reason: .replayed, node: "sh-1"),
    Case(file: "wrong-ice-credentials", kind: .wrongICEUser, reason: .badCredentials, node: "sh-1"),
    Case(file: "wrong-ice-credentials", kind: .wrongICEPassword, reason: .badCredentials, node: "sh-1"),
    Case(file: "syn-flood", kind: .synFlood, reason: .cookieHashUnknown, node: "sh-1"),
    Case(file: "syn-flood-overheard", kind: .synFlood, reason: .tooManyHandshakes, node: "sh-1"),
    Case(file: "stun-answer", kind: .stunAnswer, reason: .wrongSource, node: "alice"),
  ]

  @Test("a rogue of every kind is dropped where it is refused, and the session ends as it would without it", arguments: cases)
  func refused(_ test: Case) throws {
    var scenario = try Files.scenario("security/" + test.file)
    let rogue = try #require(scenario.rogues.first { $0.kind == test.kind })
    scenario.expectations = []
    for seed in 1...3 as ClosedRange<UInt64> {
      scenario.rogues = []
      let alone = try scenario.run(seed: seed)
      scenario.rogues = [rogue]
      let run = try scenario.run(seed: seed)
      #expect(run.end == .settled)
      let result = run.rogues[0]
      #expect(!result.accepted)
      #expect(result.sent >= rogue.count)
      let drop = result.drops.first { $0.reason == test.reason && $0.node == test.node }
      #expect(drop?.rule == test.rule)
      #expect(try #require(drop).packets >= 1)
      let total = run.drops.first { $0.reason == test.reason && $0.node == test.node && $0.rule == test.rule }
      #expect(try #require(total).packets >= drop!.packets, "it counts in the run's totals")
      #expect(Seen(run.sessions[0]) == Seen(alone.sessions[0]), "seed \(seed)")
    }
  }

  @Test("all kinds are tried in Scenarios/security, and every rogue's file says what became of it")
  func complete() throws {
    var tried: Set<RogueKind> = []
    for name in Files.all where name.hasPrefix("security/") {
      let scenario = try Files.scenario(name)
      tried.formUnion(scenario.rogues.map(\.kind))
      for row in scenario.rogues.indices {
        #expect(scenario.expectations.contains { $0.subject == .rogue(row + 1) }, "\(name), rogue \(row + 1)")
      }
      #expect(scenario.expectations.contains { $0.subject == .session(1) }, "\(name)")
    }
    #expect(tried == Set(RogueKind.allCases))
  }

  @Test("packets that are neither answered nor heard by anybody all end in a drop: nothing of a rogue is lost from the count")
  func counted() throws {
    for name in ["from-the-internet", "unknown-cookie", "replayed-syn", "wrong-ice-credentials", "syn-flood", "stun-answer"] {
      for rogue in try Files.scenario("security/" + name).run().rogues {
        #expect(rogue.drops.reduce(0) { $0 + $1.packets } == rogue.sent, "\(name)")
        #expect(rogue.answered == 0, "\(name)")
      }
    }
  }

  // MARK: The public way

  private func withoutListener(_ kind: RogueKind) throws -> RunResult {
    var scenario = try Files.scenario("security/wrong-cookie").with("hosts.sh-1.shortpath.managed-listener=off")
    scenario.rogues[0].kind = kind
    scenario.expectations = []
    let run = try scenario.run()
    scenario.rogues = []
    #expect(Seen(run.sessions[0]) == Seen(try scenario.run().sessions[0]))
    #expect(run.sessions[0].transport == .public)
    #expect(!run.rogues[0].accepted && run.rogues[0].sent > 0)
    return run
  }

  @Test("on the pair that ICE chose a SYN counts only from an address that ICE knows")
  func publicSYN() throws {
    #expect(try withoutListener(.wrongCookie).rogues[0].drops.map(\.reason) == [.wrongSource, .attemptClosed])
    #expect(try withoutListener(.replayedSYN).rogues[0].drops.map(\.reason) == [.replayed])
    #expect(try withoutListener(.synFlood).rogues[0].drops.map(\.reason) == [.wrongSource])
  }

  @Test("from the internet checks end at the security group like everything else")
  func checksFromTheInternet() throws {
    var scenario = try Files.scenario("security/wrong-ice-credentials")
    scenario.tunnels.removeAll { $0.id == "vpn-2" }
    let run = try scenario.run()
    for rogue in run.rogues.prefix(2) {
      #expect(rogue.sent > 0)
      #expect(rogue.drops.map(\.rule) == ["DenyAllInBound"])
    }
  }

  @Test("a rogue's records belong to no session: nothing of the session's own story has its conversation")
  func labels() throws {
    for name in Files.all where name.hasPrefix("security/") {
      let run = try Files.scenario(name).run()
      for session in run.sessions {
        #expect(!session.attempts.flatMap(\.blockers).contains { $0.topic == .rogue })
      }
      let told = run.story.filter { $0.kind == .probe && $0.topic == .rogue }
      #expect(told.map(\.session).sorted() == run.rogues.map { UInt16($0.ordinal) }, "each tells its end once")
      for record in run.story where record.topic == .rogue { #expect(record.kind == .drop || record.kind == .probe) }
    }
  }

  @Test("a copy that overtakes its original costs the client the listener, not the session")
  func overtaken() throws {
    // Heard at the office's end of a long line, sent again from next to the host.
    let text = """
      shortpath: 1
      networks:
        office: { subnet: 10.2.0.0/24, nat: port-restricted-cone, uplink: { to: metro } }
        metro: {}
        azure: { subnet: 10.1.0.0/24, nat: azure-public-ip, uplink: { to: metro } }
      links: { line: { between: [office, azure], private: on, delay: 20 ms } }
      hosts:
        alice: { role: client, network: office }
        sh-1: { role: session-host, network: azure, shortpath: { managed-listener: on } }
        eve: { role: idle, network: azure }
      sessions: [ { client: alice, host: sh-1 } ]
      rogues: [ { from: eve, to: sh-1, kind: replayed-syn, hears: office } ]
      """
    let run = try ScenarioReader.read(text: text, name: "overtaken.yaml").run()
    #expect(run.rogues[0].sent == 1 && !run.rogues[0].accepted && run.rogues[0].drops.isEmpty, "the copy was first")
    let refused = run.attempt(.managed).blockers.filter { $0.reason == .replayed }
    #expect(refused.map(\.node) == ["sh-1"])
    #expect(run.attempt(.managed).outcome != .won)
    #expect(run.sessions[0].transport == .public)
  }

  // MARK: What a rogue knows

  @Test("a rogue that hears only outer packets of the VPN learns nothing and sends nothing")
  func hearsNothing() throws {
    for kind in [RogueKind.wrongCookie, .replayedSYN, .synFlood] {
      var scenario = try Files.scenario("security/wrong-cookie")
      scenario.rogues[0].kind = kind
      // Alice's SYN goes up through this router too, but inside the tunnel.
      scenario.rogues[0].hears = "home"
      scenario.expectations = []
      let run = try scenario.run()
      #expect(run.end == .settled)
      #expect(run.rogues[0].sent == 0 && run.rogues[0].drops.isEmpty)
    }
  }

  @Test("a rogue acts only after it has heard: never at the moment itself")
  func actsLater() throws {
    let run = try Files.scenario("security/replayed-syn").run()
    let overheard = try #require(run.time(of: .listenerProbed))
    let drop = try #require(run.rogues[0].drops.first)
    #expect(drop.firstTime > overheard)
    #expect(try #require(run.rogues[1].drops.first).firstTime >= .zero + .seconds(2))
  }

  @Test("a rogue that begins after everything has settled is waited for")
  func late() throws {
    var scenario = try Files.scenario("security/unknown-cookie")
    scenario.rogues[0].at = .zero + .seconds(200)
    scenario.rogues[0].count = 3
    scenario.rogues[0].interval = .seconds(5)
    let run = try scenario.run()
    #expect(run.rogues[0].sent == 3)
    #expect(run.endTime > .zero + .seconds(210))
  }

  @Test("an expectation about a rogue fails when the drop was for another reason, at another node or by another rule")
  func judged() throws {
    var scenario = try Files.scenario("security/from-the-internet")
    func verdict(_ change: (inout ScenarioModel.Expectation) -> Void) throws -> Verdict {
      var expectation = try #require(scenario.expectations.first { $0.subject == .rogue(1) })
      change(&expectation)
      scenario.expectations = [expectation]
      return try scenario.run().expectations[0].verdict
    }
    #expect(try verdict { _ in } == .held)
    #expect(try verdict { $0.drop.rule = nil } == .held)
    #expect(try verdict { $0.drop.node = "sh-1" } == .failed)
    #expect(try verdict { ($0.drop.node, $0.drop.rule) = (nil, "policy") } == .failed)
    #expect(try verdict { ($0.drop.rule, $0.drop.reason) = (nil, "cookie-hash-unknown") } == .failed)
  }
}
