// Changes that add what was missing, and events that do not happen: as typed, as refused, and as they end up in a file.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Wire

@Suite("Changes that add")
struct AddedRuleTests {
  private func base(_ firewall: String = "network-security-group", host: String = "windows-firewall") throws -> Scenario {
    try scenario(
      """
      shortpath: 1
      networks: { metro: {}, azure: { nat: azure-public-ip, uplink: { to: metro }, firewall: { preset: \(firewall), rules: [
        { name: own, action: drop, protocol: udp, ports: 99 } ] } } }
      hosts:
        sh-1: { role: idle, network: azure, firewall: { preset: \(host) } }
        gate: { role: tunnel-gateway, network: metro }
        alice: { role: client, network: metro }
      tunnels: { vpn: { from: alice, to: gate, over: udp, routes: [10.9.0.0/24] } }
      links: { line: { between: [metro, azure], delay: 1 ms } }
      events:
        - { at: 1 s, down: links.line }
        - { at: 2 s, up: links.line }

      """)
  }

  private func changed(_ changes: String..., in scenario: Scenario) throws -> Scenario {
    try changes.reduce(scenario) { try $0.applying(ChangeReader.parse($1)) }
  }

  @Test("A rule stands behind the user's own and before a preset's, with the next free priority, and survives a file")
  func rule() throws {
    let path = "networks.azure.firewall.rules.let-in=accept inbound udp 3390"
    let firewall = try #require(try changed(path, in: base()).network("azure")?.firewall)
    #expect(firewall.rules.prefix(3).map(\.id) == ["own", "let-in", "AllowVnetInBound"])
    let rule = firewall.rules[1]
    #expect(rule.action == .accept && rule.direction == .inbound && rule.proto == .udp && rule.ports == PortRange(3390, 3390))
    #expect(rule.priority == 101)
    let linux = try #require(try changed(path, in: base("linux-firewall")).network("azure")?.firewall)
    #expect(linux.rules.prefix(2).map(\.id) == ["own", "let-in"] && linux.rules[1].priority == nil)
    let again = try ScenarioReader.read(text: ScenarioWriter.resolved(changed(path, in: base())), name: "again.yaml")
    #expect(again.network("azure")?.firewall == firewall)
    let windows = try changed("hosts.sh-1.firewall.rules.let-in=accept", in: base())
    #expect(windows.host("sh-1")?.firewall?.rules.contains { $0.id == "let-in" && $0.proto == nil } == true)
  }

  @Test("A line, a tunnel's routes, room for larger packets, a profile and an event that does not happen")
  func others() throws {
    let line = try changed("links.direct=alice to azure", in: base())
    #expect(line.links.map(\.id) == ["direct", "line"] && line.links[0].isPrivate && line.problems().isEmpty)
    let routes = try changed("tunnels.vpn.routes=10.9.0.0/24 10.1.0.0/16", in: base())
    #expect(routes.tunnel("vpn")?.routes.map(\.description) == ["10.9.0.0/24", "10.1.0.0/16"])
    let wide = try changed("tunnels.vpn.mtu=1300", "links.line.mtu=1300", "networks.azure.uplink.mtu=1300", in: base())
    #expect(wide.tunnel("vpn")?.mtu == 1300 && wide.links[0].settings.back.mtu == 1300)
    #expect(wide.network("azure")?.uplink?.settings.there.mtu == 1300)
    #expect(try changed("hosts.sh-1.firewall.profile=private", in: base()).host("sh-1")?.firewall?.profile == .private)
    let quiet = try changed("lift events.1", in: base())
    #expect(quiet.events.map(\.isEnabled) == [false, true])
    #expect(
      !ScenarioWriter.resolved(quiet).contains("down: links.line") && ScenarioWriter.resolved(quiet).contains("up: links.line"))
  }

  @Test("The terms of a session: each is set by the path it is written at, and ends up in a file")
  func terms() throws {
    let scenario = try base()
    for change in [
      "hosts.alice.client.account=off", "hosts.alice.client.assigned=off", "hosts.alice.client.graphics-pipeline=off",
      "hosts.alice.client.reconnect=off", "hosts.alice.tls=1.2", "service.token-lifetime=5 s", "service.valid-signature=off",
      "service.tls.lowest=1.1", "service.tls.highest=1.3",
    ] {
      let after = try changed(change, in: scenario)
      #expect(after != scenario, "\(change)")
      let again = try ScenarioReader.read(text: ScenarioWriter.resolved(after), name: "again.yaml")
      #expect(again.hosts == after.hosts && again.service == after.service, "\(change)")
    }
    #expect(throws: ChangeError.self) { try changed("hosts.alice.tls=2", in: scenario) }
    #expect(throws: ChangeError.self) { try changed("hosts.alice.client.account=5", in: scenario) }
  }

  @Test(
    "What does not fit is refused, with what is allowed",
    arguments: [
      ("networks.azure.firewall.rules.own=accept", "there is a rule"),
      ("networks.metro.firewall.rules.x=accept", "there is no firewall"),
      ("networks.azure.firewall.rules.x=drop udp", "accept inbound udp 3390"),
      ("hosts.bob.firewall.rules.x=accept", "there is no firewall"),
      ("links.line=alice to azure", "there is a link"), ("links.new=alice", "two ends"), ("tunnels.vpn.routes=10.1", "prefixes"),
      ("tunnels.vpn.mtu=12", "576 B"), ("links.none.mtu=1300", "there is no 'links.none'"),
      ("hosts.sh-1.firewall.profile=home", "domain, private, public"), ("lift events.3", "there are 1 to 2"),
    ])
  func refused(change: String, words: String) throws {
    let scenario = try base()
    do {
      _ = try changed(change, in: scenario)
      Issue.record("\(change) was taken")
    } catch let error as ChangeError { #expect(error.description.contains(words), "\(error)") }
  }
}
