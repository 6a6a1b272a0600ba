// Firewalls as files write them: what a preset gives, which order rules come into, and what may be changed by path.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Wire

@Suite struct FirewallReadingTests {
  private func firewall(_ text: String) throws -> FirewallSpec {
    let read = try scenario("shortpath: 1\nnetworks: { a: { nat: azure-public-ip, firewall: \(text) } }")
    return try #require(read.network("a")?.firewall)
  }

  private func places(_ text: String) throws -> [String] {
    try firewall("{ preset: network-security-group, without: [\(defaults)], rules: [\(text)] }").rules.map {
      "\($0.id) \($0.priority ?? 0)"
    }
  }
  private let defaults = FirewallSpec.networkSecurityGroup.rules.map(\.id).joined(separator: ", ")

  @Test("Rules of a group stand in the order of their priorities; one without gets the next free one in the order of the file")
  func priorities() throws {
    func rule(_ id: String, _ priority: Int? = nil, _ direction: String = "inbound") -> String {
      "{ name: \(id), action: drop, direction: \(direction)\(priority.map { ", priority: \($0)" } ?? "") }"
    }
    #expect(try places([rule("a"), rule("b"), rule("c")].joined(separator: ", ")) == ["a 100", "b 101", "c 102"])
    #expect(try places([rule("late", 300), rule("early", 200)].joined(separator: ", ")) == ["early 200", "late 300"])
    // Behind the one before it, and not where another stands.
    #expect(
      try places([rule("a", 300), rule("b"), rule("c", 302), rule("d")].joined(separator: ", ")) == [
        "a 300", "b 301", "c 302", "d 303",
      ])
    #expect(try places([rule("a"), rule("x", 101), rule("b")].joined(separator: ", ")) == ["a 100", "x 101", "b 102"])
    // Each direction counts by itself; a rule of both counts in both.
    #expect(
      try places([rule("in", 150), rule("out", nil, "outbound"), rule("both", nil, "any")].joined(separator: ", ")) == [
        "out 100", "in 150", "both 151",
      ])
    let whole = try firewall("{ rules: [ { name: z, action: accept, direction: inbound, priority: 4096 } ] }")
    #expect(whole.rules.map(\.priority) == [4096, 65_000, 65_000, 65_001, 65_001, 65_500, 65_500])
    #expect(whole.rules.filter { $0.direction == .inbound }.map(\.id).first == "z")
  }

  @Test(
    "Any firewall may judge by priority, or blocks first; a Windows firewall does, on the Public profile unless told otherwise")
  func orders() throws {
    let text = "rules: [ { name: yes, action: accept }, { name: no, action: drop }, { name: never, action: reject } ]"
    #expect(try firewall("{ preset: none, \(text) }").rules.map(\.id) == ["yes", "no", "never"])
    #expect(try firewall("{ preset: none, order: blocks-first, \(text) }").rules.map(\.id) == ["no", "never", "yes"])
    let windows = try firewall("{ preset: windows-firewall, \(text) }")
    #expect(windows.rules.map(\.id).prefix(3) == ["no", "never", "yes"])
    #expect(windows.profile == .public && windows.order == .blocksFirst && windows.policy == .drop)
    let listener = try #require(windows.rules.first { $0.id == "RemoteDesktop-UserMode-In-RDPShortpath-UDP" })
    #expect(listener.profiles == [.domain, .private] && listener.ports == PortRange(3390, 3390) && listener.proto == .udp)
    #expect(!listener.applies(to: .public) && listener.applies(to: .domain) && !listener.applies(to: nil))
  }

  @Test("A firewall's times are what its preset has and the file changes, also by path before a run")
  func times() throws {
    let linux = try firewall("{ preset: linux-firewall, udp-idle: 90 s, tcp-reset-idle: 1 s }")
    #expect(linux.tracking.udp == .seconds(90) && linux.tracking.udpUnanswered == .seconds(30))
    #expect(linux.tracking.tcpReset == .seconds(1) && linux.tracking.tcp == .seconds(432_000) && linux.tracking.midStream)
    #expect(linux.tracking.mode == .rules)
    #expect(try firewall("{ stateful: off }").tracking == .off)
    let whole = try scenario("shortpath: 1\nnetworks: { a: { firewall: { policy: drop } }, b: {} }")
    for (name, field) in FirewallSpec.idleTimes + [("delay", \.delay)] {
      let changed = try whole.applying(ChangeReader.parse("networks.a.firewall.\(name)=7 s"))
      #expect(changed.network("a")?.firewall?[keyPath: field] == .seconds(7))
    }
    #expect(throws: ChangeError.self) { try whole.applying(ChangeReader.parse("networks.b.firewall.delay=7 s")) }
    #expect(throws: ChangeError.self) { try whole.applying(ChangeReader.parse("networks.a.firewall.udp-idle=7")) }
  }
}
