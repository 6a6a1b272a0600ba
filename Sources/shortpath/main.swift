import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire
import ScenarioFormat

func link(_ ms: Int64, _ mbps: Int64? = 100) -> PathSpec {
  PathSpec(LinkSettings(delay: .milliseconds(ms), rate: mbps.map { .megabits($0) }))
}
func documented(_ n: Int) -> Scenario {
  var s = Scenario(id: "doc-\(n)", title: "t")
  var home = NetworkSpec(id: "home"); home.translation = .homeRouter; home.uplink = UplinkSpec(to: "metro", settings: link(3))
  let metro = NetworkSpec(id: "metro")
  var azure = NetworkSpec(id: "azure"); azure.subnet = IPPrefix("10.1.0.0/24"); azure.translation = .azurePublicIP; azure.firewall = .networkSecurityGroup
  s.networks = [home, metro, azure]
  s.links = [LinkSpec(id: "transit", from: "metro", to: "azure", settings: link(14, 1000))]
  s.hosts = [HostSpec(id: "alice", role: .client, network: "home"), HostSpec(id: "sh-1", role: .sessionHost, network: "azure")]
  if n > 1 {
    s.links.append(LinkSpec(id: "backbone", from: "vpn-gateway", to: "azure", settings: link(4, 1000)))
    s.hosts.append(HostSpec(id: "vpn-gateway", role: .tunnelGateway, network: "metro"))
    s.tunnels = [TunnelSpec(id: "vpn", from: "alice", to: "vpn-gateway", routes: [IPPrefix("10.1.0.0/24")!])]
  }
  if n == 3 || n == 5 { for i in s.hosts.indices where s.hosts[i].id == "sh-1" { s.hosts[i].shortpath.managedListener = true } }
  if n == 4 || n == 5 {
    var r = RuleSpec(id: "no-inner-udp", action: .drop); r.proto = .udp
    for i in s.hosts.indices where s.hosts[i].id == "vpn-gateway" { s.hosts[i].firewall = FirewallSpec(rules: [r]) }
  }
  if n == 5 {
    var nsg = RuleSpec(id: "deny-udp-out", action: .drop); nsg.proto = .udp; nsg.direction = .outbound
    for i in s.networks.indices where s.networks[i].id == "azure" { s.networks[i].firewall!.rules.insert(nsg, at: 0) }
    var a = RuleSpec(id: "allow-tunnel", action: .accept); a.proto = .udp; a.ports = PortRange(4500, 4500)
    var b = RuleSpec(id: "home-no-udp", action: .drop); b.proto = .udp; b.direction = .outbound
    for i in s.networks.indices where s.networks[i].id == "home" { s.networks[i].firewall = FirewallSpec(rules: [a, b]) }
  }
  var west = RegionSpec(id: "west", at: "metro"); west.link = link(4, nil)
  var north = RegionSpec(id: "north", at: "azure"); north.link = link(2, nil)
  s.service.regions = [west, north]; s.service.broker = "north"
  s.sessions = [SessionSpec(client: "alice", host: "sh-1", at: .zero)]
  return s
}
for n in CommandLine.arguments.dropFirst().filter({ $0 != "bench" }) {
  let run = try Simulator.run(Int(n).map(documented) ?? ScenarioReader.read(file: n))
  for e in run.expectations { print("EXPECT", e.verdict, e.text, e.found) }
  print("== \(n)", run.end, run.endTime, run.events, run.hops, hex(run.fingerprints.protocolStory), hex(run.fingerprints.trajectory))
  for s in run.sessions {
    print(s.transport?.name ?? "-", s.route, s.reason.code, s.connected as Any, s.switched as Any, s.roundTripBefore as Any, s.roundTrip as Any)
    print(s.sentence)
    for m in s.milestones { print("  ", m.time, m.node, m.milestone.step ?? 0, m.milestone.title, m.attempt.name) }
    for a in s.attempts { print("  attempt", a.transport.name, a.outcome.name, a.reason.code, a.started as Any, a.ended as Any, a.setting); for b in a.blockers { print("     ", b.pair, b.topic, b.node, b.rule ?? "-", b.reason.code, b.packets, b.firstTime) } }
    for c in s.candidates { print("  cand", c.owner, c.type.name, c.base, c.endpoint) }
    for p in s.pairs { print("  pair", p.owner, p.row, p.route, p.local, p.remote, p.state, p.roundTrip as Any, p.wasNominated) }
    for c in s.channels { print("  chan", c.node, c.channel, c.transport.name, c.sent, c.received) }
  }
  for d in run.drops { print("  drop", d) }
}
if CommandLine.arguments.contains("bench") {
  let clock = ContinuousClock()
  let scenario = documented(1)
  var events: UInt64 = 0, hops: UInt64 = 0
  for round in 0..<5 {
    events = 0; hops = 0
    let t = try clock.measure {
      for seed in 0..<500 { let r = try Simulator.run(scenario, seed: UInt64(seed + round)); events += r.events; hops += r.hops }
    }
    let s = Double(t.components.attoseconds) / 1e18 + Double(t.components.seconds)
    print("sessions/s", 500 / s, "events/s", Double(events) / s / 1e6, "M hops/s", Double(hops) / s / 1e6, "M; events per session", events / 500)
  }
}
