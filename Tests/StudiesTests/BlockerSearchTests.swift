// Blockers found by lifting: minimal sets, each member needed, any-one-of and all-of told apart, and what is behind the first named too.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite("Minimal sets of blockers")
struct BlockerSearchTests {
  static func file(_ name: String) throws -> Scenario {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  /// A client with a VPN, and a listener behind firewalls as `office`, `gateway` and `azure` say.
  static func vpn(office: String = "none", gateway: String = "none", azure: String = "none", host: String = "on") throws
    -> Scenario
  {
    try ScenarioReader.read(
      text: """
        shortpath: 1
        networks:
          office: { nat: port-restricted-cone, uplink: { to: metro, delay: 3 ms }, firewall: \(office) }
          metro:  { }
          azure:  { subnet: 10.1.0.0/24, nat: azure-public-ip, firewall: \(azure) }
        links:
          transit:  { between: [metro, azure], delay: 14 ms }
          backbone: { between: [vpn-gateway, azure], delay: 4 ms }
        tunnels:
          vpn: { from: alice, to: vpn-gateway, over: udp, routes: [10.1.0.0/24] }
        hosts:
          alice:       { role: client, network: office }
          vpn-gateway: { role: tunnel-gateway, network: metro, firewall: \(gateway) }
          sh-1:        { role: session-host, network: azure, shortpath: { managed-listener: \(host), public: off } }
        sessions:
          - { client: alice, host: sh-1, at: 0 s }

        """, name: "series.yaml")
  }

  static func rule(_ name: String, _ direction: String = "any") -> String {
    "{ preset: none, policy: accept, rules: [ { name: \(name), action: drop, direction: \(direction), protocol: udp, ports: 3390 } ] }"
  }

  static func answer(_ scenario: Scenario, _ transport: Transport = .managed, bound: SearchBound = .usual) throws -> BlockerAnswer
  {
    try Lifting.answer(Simulator.run(scenario), session: 1, transport: transport, bound: bound)
  }

  static func texts(_ answer: BlockerAnswer) -> [[String]] { answer.sets.map { $0.map(\.text) } }

  /// Whether an attempt succeeds with these changes, the other kind of Shortpath switched off: asked without the search.
  static func succeeds(_ scenario: Scenario, _ session: Int, _ transport: Transport, with changes: [Change]) throws -> Bool {
    var scenario = scenario
    scenario.expectations = []
    let host = scenario.sessions[session - 1].host
    let rivals: [Transport: [(String, String)]] = [
      .managed: [("directUDP", "2"), ("publicUDP", "2")], .public: [("fUseUdpPortRedirector", "0")],
    ]
    for (name, value) in rivals[transport] ?? [] {
      scenario = try scenario.applying(.set(path: "hosts.\(host).policy.\(name)", value: .word(value)))
    }
    let told = try Lifting.rerun(scenario, with: changes).sessions[session - 1]
    return transport == .reverseConnect ? told.transport != nil : told.transport == transport
  }

  static let files = [
    "documented/1-internet-only", "documented/3-managed-first-found", "documented/4-vpn-udp-blocked", "documented/5-no-udp",
    "nat/palo-alto-dipp", "nat/early-inbound", "nat/mapping-expires-before-checks", "nat/ha-firewall-pair",
    "nat/snat-ports-exhausted",
    "nat/same-carrier-no-hairpin", "firewall/default-deny-client-direct", "firewall/proxy-forces-tcp", "firewall/rule-added",
    "firewall/windows-public-profile", "firewall/tcp-idle-below-heartbeat", "failures/no-candidates", "failures/path-too-narrow",
    "failures/gateway-unreachable", "measured/forced-tunnel", "settings/client-web", "settings/policy-no-ice",
    "settings/pool-use-udp",
    "settings/private-link-blocked", "recovery/roam-off-line", "recovery/vpn-down-public", "probes/ping-and-shortpath",
  ]

  @Test(
    "Every set is sufficient and every member needed, in runs made apart from the search; what it prints can be typed",
    arguments: files)
  func minimal(name: String) throws {
    let scenario = try Self.file(name)
    let run = try Simulator.run(scenario)
    for session in run.sessions {
      for answer in try Lifting.answers(run, session: session.ordinal) {
        #expect((answer.verdict == .liftable) == !answer.sets.isEmpty || answer.verdict == .atLeast)
        for set in answer.sets where answer.verdict == .liftable {
          #expect(try Self.succeeds(scenario, session.ordinal, answer.transport, with: set), "\(set.map(\.text))")
          for change in set {
            let rest = set.filter { $0 != change }
            #expect(try !Self.succeeds(scenario, session.ordinal, answer.transport, with: rest), "\(change.text) is not needed")
            var (applied, typed) = (try scenario.applying(change), try scenario.applying(ChangeReader.parse(change.text)))
            (applied.origins, typed.origins) = ([:], [:])
            #expect(applied == typed, "\(change.text)")
          }
        }
      }
    }
  }

  @Test("Two blockers in series: one run shows the first, the answer names both, and lifting just one leaves it blocked")
  func series() throws {
    let scenario = try Self.vpn(gateway: Self.rule("no-listener"), azure: Self.rule("closed", "inbound"))
    let (first, second) = ("hosts.vpn-gateway.firewall.rules.no-listener", "networks.azure.firewall.rules.closed")
    let run = try Simulator.run(scenario)
    let attempt = try #require(run.sessions[0].attempts.first { $0.transport == .managed })
    #expect(attempt.blockers.map(\.rulePath) == [first])
    let answer = try Self.answer(scenario)
    #expect(Self.texts(answer) == [["lift \(first)", "lift \(second)"]] && answer.isComplete)
    let obstacle = try #require(answer.obstacles.first { $0.lifts.contains(.act(element: second, verb: .lift)) })
    #expect(obstacle.behind == [.act(element: first, verb: .lift)])
    for one in [first, second] {
      let half = try Lifting.rerun(scenario, with: [.act(element: one, verb: .lift)])
      #expect(half.sessions[0].transport == .reverseConnect, "\(one) alone does not open the way")
    }
    let both = try Lifting.rerun(scenario, with: [first, second].map { .act(element: $0, verb: .lift) })
    #expect(both.sessions[0].transport == .managed)
  }

  @Test("A setting in front of two rules: all three are named")
  func depth() throws {
    let scenario = try Self.vpn(gateway: Self.rule("no-listener"), azure: Self.rule("closed", "inbound"), host: "off")
    let answer = try Self.answer(scenario)
    #expect(
      Self.texts(answer) == [
        [
          "hosts.sh-1.policy.fUseUdpPortRedirector=1", "lift hosts.vpn-gateway.firewall.rules.no-listener",
          "lift networks.azure.firewall.rules.closed",
        ]
      ])
    #expect(answer.obstacles.map(\.behind.count).prefix(3) == [0, 1, 2])
  }

  @Test("The reason follows the rule: moved to another node, renamed, or behind an earlier blocker")
  func follows() throws {
    let moved = try Self.answer(try Self.vpn(azure: Self.rule("closed", "inbound")))
    #expect(Self.texts(moved) == [["lift networks.azure.firewall.rules.closed"]])
    let renamed = try Self.answer(try Self.vpn(gateway: Self.rule("another-name")))
    #expect(Self.texts(renamed) == [["lift hosts.vpn-gateway.firewall.rules.another-name"]])
    let tunnel =
      "{ preset: none, policy: accept, rules: [ { name: no-tunnel, action: drop, direction: outbound, protocol: udp, ports: 4500 } ] }"
    let earlier = try Self.answer(try Self.vpn(office: tunnel, gateway: Self.rule("no-listener")))
    let sets = Self.texts(earlier)
    #expect(
      sets.contains(["lift networks.office.firewall.rules.no-tunnel", "lift hosts.vpn-gateway.firewall.rules.no-listener"]))
    let named = earlier.obstacles.compactMap { obstacle -> String? in
      guard case .drop(let blocker) = obstacle.kind else { return nil }
      return blocker.rule
    }
    #expect(named.prefix(2) == ["no-tunnel", "no-listener"])
  }

  @Test("Any one of several and all of one are told apart")
  func alternatives() throws {
    let any = try Self.answer(try Self.file("firewall/windows-public-profile"))
    #expect(
      Set(Self.texts(any).flatMap { $0 }) == [
        "hosts.sh-1.firewall.profile=domain", "hosts.sh-1.firewall.profile=private",
        "hosts.sh-1.firewall.rules.allow-inbound-udp-3390=accept inbound udp 3390",
      ])
    #expect(any.sets.allSatisfy { $0.count == 1 } && any.isComplete && any.common.isEmpty)
    let mixed = try Self.answer(try Self.file("documented/5-no-udp"), .public)
    #expect(
      Self.texts(mixed) == [
        ["lift hosts.vpn-gateway.firewall.rules.no-inner-udp"],
        ["lift networks.azure.firewall.rules.deny-udp-out", "lift networks.home.firewall.rules.no-udp-out"],
      ])
  }

  @Test("What defaults deny is opened by a rule for just that, not by taking the defaults away")
  func defaults() throws {
    let stun = try Self.answer(try Self.file("firewall/default-deny-client-stun"), .public)
    #expect(stun.sets.first?.map(\.text) == ["networks.office.firewall.rules.allow-outbound-udp-3478=accept outbound udp 3478"])
    let listener = try Self.answer(try Self.file("firewall/default-deny-listener-missing"))
    #expect(Self.texts(listener) == [["networks.azure.firewall.rules.allow-inbound-udp-3390=accept inbound udp 3390"]])
  }

  @Test("A NAT that changes ports is mended on either side, and a mapping that died early by its lifetime")
  func translation() throws {
    let symmetric = try Self.answer(try Self.file("nat/azure-nat-gateway"), .public)
    #expect(
      Self.texts(symmetric) == [
        ["networks.azure.nat.mapping=endpoint-independent"], ["networks.home.nat.filtering=endpoint-independent"],
      ])
    let expired = try Self.answer(try Self.file("nat/mapping-expires-before-checks"), .public)
    #expect(Self.texts(expired).contains(["networks.dc.nat.udp-lifetime=300 s"]))
    #expect(Self.texts(expired).contains(["lift events.1"]))
  }

  @Test("A race that was lost is no blocker")
  func race() throws {
    let answer = try Self.answer(try Self.file("documented/3-managed-first-found"), .public)
    #expect(answer.verdict == .works && answer.sets.isEmpty && answer.runs == 1)
  }

  @Test("Without a private way the listener needs a line; where nothing can be lifted, what is known is told as the least")
  func least() throws {
    let line = try Self.answer(try Self.file("documented/1-internet-only"))
    #expect(Self.texts(line) == [["hosts.sh-1.policy.fUseUdpPortRedirector=1", "links.private-line=alice to azure"]])
    let least = try Self.answer(try Self.file("nat/overlapping-subnets"))
    #expect(least.verdict == .atLeast && Self.texts(least) == [["hosts.sh-1.policy.fUseUdpPortRedirector=1"]])
    guard case .drop(let blocker)? = least.remaining.first?.kind else { throw ScenarioExpectation() }
    #expect(blocker.reason == .noSocket && blocker.node == "printer")
  }

  private struct ScenarioExpectation: Error {}

  @Test("A search ends at its bound and says that there may be more; the same question has the same answer")
  func bound() throws {
    let scenario = try Self.file("documented/5-no-udp")
    let whole = try Self.answer(scenario, .public)
    #expect(try Self.answer(scenario, .public) == whole)
    let short = try Self.answer(scenario, .public, bound: SearchBound(runs: 7, events: .max, sets: 8))
    #expect(short.runs <= 8 && !short.isComplete)
    let one = try Self.answer(scenario, .public, bound: SearchBound(runs: 150, events: .max, sets: 1))
    #expect(one.sets.count == 1 && !one.isComplete)
    #expect(whole.runs <= SearchBound.usual.runs)
  }

  @Test("A session that failed is asked for as a whole: any one of two events took it down")
  func failed() throws {
    let run = try Simulator.run(try Self.file("failures/gateway-unreachable"))
    let answers = try Lifting.answers(run, session: 1)
    #expect(answers.map(\.transport) == [.reverseConnect])
    #expect(answers.map(Self.texts) == [[["lift events.1"], ["lift events.2"]]])
  }

  @Test(
    "A refusal that no packet tells has its lift too",
    arguments: [
      ("capabilities-refused", "hosts.alice.client.graphics-pipeline=on"), ("sign-in-refused", "hosts.alice.client.account=on"),
      ("configuration-signature", "service.valid-signature=on"), ("feed-empty", "hosts.alice.client.assigned=on"),
      ("gateway-certificate-expired", "service.certificates.gateway-service=usual"),
      ("host-sign-in-refused", "hosts.sh-1.rdp.sign-in=on"),
      ("host-certificate-enterprise-expired", "hosts.sh-1.certificate=usual"),
      ("licensing-failed", "hosts.sh-1.rdp.licensed=on"),
      ("tls-version-mismatch-client", "hosts.alice.tls=1.2"), ("token-expired", "service.token-lifetime=3600 s"),
    ])
  func refusals(name: String, change: String) throws {
    let run = try Simulator.run(try Self.file("failures/\(name)"))
    let answer = try #require(try Lifting.answers(run, session: 1).first)
    #expect(answer.verdict == .liftable && Self.texts(answer).contains([change]), "\(Self.texts(answer))")
  }
}
