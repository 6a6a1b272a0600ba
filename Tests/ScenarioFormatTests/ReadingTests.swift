// What a good file means: the design's example, defaults, presets, origins, and changes as people type them.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Wire

@Suite("A good file is read as it is meant")
struct ReadingTests {
  @Test("DESIGN §6: the example loads unchanged")
  func design() throws {
    let scenario = try ScenarioReader.read(text: designExample, name: "design.yaml")
    #expect(scenario.id == "design" && scenario.title == "Both kinds of Shortpath are enabled; the listener is found first")
    #expect(scenario.seed == 1)
    #expect(scenario.networks.map(\.id) == ["azure", "home", "metro"])
    let home = try #require(scenario.network("home"))
    #expect(home.translation == .homeRouter && home.translationName == "home-router")
    let uplink = LinkSettings(delay: .milliseconds(3), rate: .megabits(100))
    #expect(home.uplink == UplinkSpec(to: "metro", settings: PathSpec(uplink)))
    #expect(scenario.network("azure")?.subnet == IPPrefix("10.1.0.0/24"))
    #expect(scenario.links.map(\.from) == ["vpn-gateway", "metro"])
    #expect(scenario.tunnel("vpn")?.routes == [IPPrefix(v4: 0x0A01_0000, 24)])
    #expect(scenario.host("sh-1")?.policy.managedListener == true)
    #expect(scenario.sessions == [SessionSpec(client: "alice", host: "sh-1", at: .zero)])
    var expectation = Expectation(.session(1))
    expectation.transport = .managed
    expectation.route = "vpn"
    expectation.within = .seconds(4)
    #expect(scenario.expectations == [expectation])
    #expect(scenario.defaultServiceNetwork == "metro")
  }

  @Test("A public address has the network security group unless the file says otherwise")
  func securityGroup() throws {
    func firewall(_ text: String) throws -> FirewallSpec? {
      try scenario(around("networks: { azure: { nat: azure-public-ip\(text) } }")).network("azure")?.firewall
    }
    let group = FirewallSpec.networkSecurityGroup
    #expect(try firewall("") == group)
    #expect(try firewall(", firewall: none") == FirewallSpec())
    #expect(try firewall(", firewall: { preset: none, policy: drop }") == FirewallSpec(policy: .drop))
    let own = try #require(try firewall(", firewall: { rules: [ { name: no-udp, action: drop, protocol: udp } ] }"))
    #expect(own.rules.map(\.id) == ["no-udp"] + group.rules.map(\.id))
    #expect(own.policy == .drop && own.preset == "network-security-group")
    let less = try #require(try firewall(", firewall: { without: [DenyAllInBound], policy: accept }"))
    #expect(less.rules.map(\.id) == group.rules.map(\.id).filter { $0 != "DenyAllInBound" })
    #expect(less.policy == .accept)
    #expect(try scenario(around("networks: { home: { nat: home-router } }")).network("home")?.firewall == nil)
  }

  @Test(
    "Quantities are exact",
    arguments: [
      ("0.5 ms", 500_000), ("14.25 ms", 14_250_000), ("3ms", 3_000_000), ("1.000000001 s", 1_000_000_001), ("7 µs", 7_000),
      ("7 \u{3BC}s", 7_000), ("2 us", 2_000), ("0.12345678 h", 444_444_408_000), ("1.5 min", 90_000_000_000), ("0 s", 0),
      ("-0 s", 0),
      ("0.10 ns", -1), ("1000 h", 3_600_000_000_000_000), ("1000.1 h", -1), (".5 s", -1), ("5. s", -1), ("1e3 s", -1),
      ("+1 s", -1),
    ] as [(String, Int64)])
  func durations(_ text: String, _ nanoseconds: Int64) throws {
    let file = around("timing: { linger: \(text) }")
    if nanoseconds < 0 {
      #expect(refusal(file) != "")
    } else {
      #expect(try scenario(file).timing.linger == SimDuration(nanoseconds: nanoseconds))
    }
  }

  @Test(
    "Words for on and off are taken by their text, quoted or not",
    arguments: [
      ("on", true), ("off", false), ("yes", true), ("no", false), ("true", true), ("False", false), ("\"on\"", true),
    ])
  func flags(_ text: String, _ flag: Bool) throws {
    let lan = try scenario(around("networks: { a: { lan: { reorders: \(text) } } }")).network("a")?.lan
    #expect(lan?.there.reorders == flag && lan?.back.reorders == flag)
  }

  @Test("Every value knows the line and column it came from")
  func origins() throws {
    let scenario = try ScenarioReader.read(text: designExample, name: "design.yaml")
    #expect(scenario.origins["hosts.alice"] == .file(line: 13, column: 3))
    #expect(scenario.origins["hosts.alice.network"] == .file(line: 13, column: 41))
    #expect(scenario.origins["networks.home.uplink.delay"] == .file(line: 4, column: 61))
    #expect(scenario.origins["sessions.1.client"] == .file(line: 17, column: 15))
    #expect(scenario.origins["networks.azure.firewall"] == .preset("network-security-group"))
    #expect(scenario.origins["seed"] == nil)
    let full = try ScenarioReader.read(text: fullExample, name: "full.yaml")
    #expect(full.origins["networks.home.firewall.rules.no-stun"] != nil)
    #expect(full.origins["events.2"] != nil && full.origins["events.2"] != full.origins["events.1"])
  }

  @Test("Several settings of one event are several changes in the order of their paths")
  func events() throws {
    let events = try scenario(fullExample).events
    #expect(
      events.prefix(3).map(\.change.text) == [
        "links.transit.delay=20 ms", "links.transit.loss=0.5 %", "networks.home.uplink.rate=1 Mbps",
      ])
    #expect(events.map(\.at) == [3, 3, 3, 4, 5, 6, 7, 8, 9].map { SimTime(nanoseconds: $0 * 1_000_000_000) })
  }
}

@Suite("Changes as people type them")
struct ChangeTests {
  @Test(
    "A value's kind follows from its path, else from how it is written",
    arguments: [
      ("links.transit.delay=20 ms", .set(path: "links.transit.delay", value: .duration(.milliseconds(20)))),
      (
        "links.transit.loss = 0.1 %",
        .set(path: "links.transit.loss", value: .probability(Probability(partsPerBillion: 1_000_000)))
      ),
      ("networks.home.uplink.rate=5 Mbps", .set(path: "networks.home.uplink.rate", value: .rate(.megabits(5)))),
      ("networks.home.nat=symmetric", .set(path: "networks.home.nat", value: .word("symmetric"))),
      ("hosts.sh-1.shortpath.managed-listener=on", .set(path: "hosts.sh-1.shortpath.managed-listener", value: .flag(true))),
      ("a.b=7", .set(path: "a.b", value: .number(7))), ("a.b=7 ms", .set(path: "a.b", value: .duration(.milliseconds(7)))),
      ("a.b=word", .set(path: "a.b", value: .word("word"))),
      ("lift networks.a.firewall.rules.x", .act(element: "networks.a.firewall.rules.x", verb: .lift)),
    ] as [(String, Change)])
  func reads(_ text: String, _ change: Change) throws {
    #expect(try ChangeReader.parse(text) == change)
    #expect(try ChangeReader.parse(change.text) == change)
  }

  @Test(
    "What is no change is refused with what is allowed",
    arguments: [
      (
        "links.transit.delay=20", "'links.transit.delay': a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '20'"
      ),
      ("delay=20 ms", "expected a path such as links.transit.delay; found 'delay' in 'delay=20 ms'"),
      (
        "lfit a.b",
        "'lfit' is no verb (did you mean 'lift'?); allowed: lift, restore, down, up, restart, rebind, failover, or PATH=VALUE"
      ),
      (
        "nothing", "expected PATH=VALUE, or one of lift, restore, down, up, restart, rebind, failover and a path; found 'nothing'"
      ),
      ("a.rate=0 Mbps", "'a.rate': expected a rate above 0; found '0 Mbps'"),
    ])
  func refuses(_ text: String, _ message: String) {
    #expect(throws: ChangeError(message)) { try ChangeReader.parse(text) }
  }

  @Test("What happens at a time is no change before a run", arguments: ["restart networks.home.nat", "down links.transit"])
  func notBeforeARun(_ text: String) throws {
    let words = text.split(separator: " ")
    #expect(
      throws: ChangeError(
        "'\(words[0])' happens at a time: write it under events, as { at: 10 s, \(words[0]): \(words[1]) }; before a run rules can be "
          + "lifted or restored")
    ) { try scenario(fullExample).applying(ChangeReader.parse(text)) }
  }

  @Test("Lifting a preset's rule and writing the scenario out keeps it lifted, and it can be restored")
  func liftedRule() throws {
    let change = try ChangeReader.parse("lift networks.azure.firewall.rules.DenyAllInBound")
    let whole = try scenario(designExample)
    var lifted = try whole.applying(change)
    #expect(lifted.network("azure")?.firewall?.rules.filter { !$0.isEnabled }.map(\.id) == ["DenyAllInBound"])
    var again = try scenario(ScenarioWriter.resolved(lifted))
    again.id = lifted.id
    #expect(again == lifted)
    lifted = try lifted.applying(ChangeReader.parse("restore networks.azure.firewall.rules.DenyAllInBound"))
    #expect(lifted == whole)
  }
}
