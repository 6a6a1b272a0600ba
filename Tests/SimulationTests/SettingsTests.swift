// Which setting decides what: the most restrictive wins, and the attempt it forbids is not tried and names it.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

/// Counts a session's datagrams by what they are for.
private final class Datagrams: TraceSink {
  private(set) var toSTUN = 0
  private(set) var toListener = 0
  private(set) var all = 0
  func receive(_ record: Record) {
    guard record.kind == .sent, record.proto == TransportProtocol.udp.rawValue, record.session != 0 else { return }
    all += 1
    if record.topic == .stun { toSTUN += 1 }
    if record.attempt == .managed { toListener += 1 }
  }
}

/// A combination of settings, and what the documents say must come of it.
struct SettingsRow: Sendable, CustomTestStringConvertible {
  enum Client: CaseIterable { case usual, disabled, property, web }
  enum Link: CaseIterable { case none, blocking, allowing }
  var client = Client.usual
  var selectTransport: TransportSelection?
  var listener = true
  var managedPool = PoolSwitch.default
  var direct: PolicySwitch?
  var directPool = PoolSwitch.default
  var open: PolicySwitch?
  var publicPool = PoolSwitch.default
  var relay: PolicySwitch?
  var relayPool = PoolSwitch.default
  var link = Link.none

  var testDescription: String {
    "client \(client), SelectTransport \(String(describing: selectTransport)), listener \(listener)/\(managedPool), "
      + "direct \(String(describing: direct))/\(directPool), public \(String(describing: open))/\(publicPool), "
      + "relay \(String(describing: relay))/\(relayPool), Private Link \(link)"
  }

  /// The switches of single kinds, each way round; and what stands above them, over a few of those.
  static let all: [SettingsRow] = {
    var rows: [SettingsRow] = []
    for bits in 0..<64 {
      var row = SettingsRow()
      row.listener = bits & 1 == 0
      row.managedPool = bits & 2 == 0 ? .default : .disabled
      row.direct = bits & 4 == 0 ? (bits & 1 == 0 ? nil : .enabled) : .disabled
      row.directPool = bits & 8 == 0 ? .enabled : .disabled
      row.open = bits & 16 == 0 ? (bits & 2 == 0 ? nil : .enabled) : .disabled
      row.publicPool = bits & 32 == 0 ? .default : .disabled
      row.relay = bits & 12 == 0 ? .disabled : nil
      row.relayPool = bits & 48 == 0 ? .disabled : .enabled
      rows.append(row)
    }
    for bits in [0, 1, 2, 4, 8, 16, 32, 36, 63] {
      for client in Client.allCases {
        for select in [nil, TransportSelection.either, .onlyTCP] {
          for link in Link.allCases {
            var row = rows[bits]
            (row.client, row.selectTransport, row.link) = (client, select, link)
            rows.append(row)
          }
        }
      }
    }
    return rows
  }()

  func applied(to scenario: Scenario) -> Scenario {
    var scenario = scenario
    let host = scenario.hosts.firstIndex { $0.id == "sh-1" }!
    let alice = scenario.hosts.firstIndex { $0.id == "alice" }!
    scenario.hosts[host].policy.managedListener = listener
    scenario.hosts[host].policy.directUDP = direct
    scenario.hosts[host].policy.publicUDP = open
    scenario.hosts[host].policy.relayUDP = relay
    scenario.hosts[host].policy.selectTransport = selectTransport
    scenario.hosts[alice].client.udp = client != .disabled
    scenario.hosts[alice].client.kind = client == .web ? .web : .windows
    scenario.hostPool.usesUDP = client == .property ? false : nil
    scenario.hostPool.managedPrivateUDP = managedPool
    scenario.hostPool.directUDP = directPool
    scenario.hostPool.publicUDP = publicPool
    scenario.hostPool.relayUDP = relayPool
    scenario.hostPool.publicNetworkAccess = link == .none ? .enabled : .onlyClients
    scenario.hostPool.allowsShortpathWithPrivateLink = link == .allowing
    scenario.expectations = []
    return scenario
  }

  /// The name that must be told of a kind, by its own switches; "" when nothing forbids it.
  func setting(_ policy: (off: Bool, name: String), _ pool: (off: Bool, name: String)) -> String {
    switch client {
    case .disabled: return "fClientDisableUDP"
    case .property: return "use udp"
    case .web: return "kind web"
    case .usual: break
    }
    if selectTransport == .onlyTCP { return "SelectTransport" }
    if policy.off { return policy.name }
    if pool.off { return pool.name }
    return link == .blocking ? "AllowRDPShortPathWithPrivateLink" : ""
  }
  var managedSetting: String {
    setting((!listener, "fUseUdpPortRedirector"), (managedPool == .disabled, "ManagedPrivateUdp"))
  }
  var directSetting: String { setting((direct == .disabled, "directUDP"), (directPool == .disabled, "DirectUdp")) }
  var reflexiveSetting: String { setting((open == .disabled, "publicUDP"), (publicPool == .disabled, "PublicUdp")) }
  var relaySetting: String { setting((relay == .disabled, "relayUDP"), (relayPool == .disabled, "RelayUdp")) }
  var publicSetting: String {
    if directSetting.isEmpty || reflexiveSetting.isEmpty { return "" }
    return directSetting == reflexiveSetting ? directSetting : "\(directSetting), \(reflexiveSetting)"
  }

  /// The reason that goes with a name.
  static func reason(_ setting: String) -> Reason {
    let parts = setting.split(separator: ",").map { String($0.drop { $0 == " " }) }
    for (reason, names) in [
      (Reason.clientKind, ["kind web"]), (.clientSetting, ["fClientDisableUDP", "use udp"]),
      (.listenerOff, ["fUseUdpPortRedirector"]), (.hostPolicy, ["SelectTransport", "directUDP", "publicUDP", "relayUDP"]),
      (.hostPoolSetting, ["ManagedPrivateUdp", "DirectUdp", "PublicUdp", "RelayUdp"]),
    ] where parts.contains(where: names.contains) { return reason }
    return .privateLink
  }
}

@Suite struct SettingsTests {
  @Test("the most restrictive wins, is named, and lets no packet of what it forbids out", arguments: SettingsRow.all)
  func mostRestrictive(row: SettingsRow) throws {
    let scenario = row.applied(to: try Files.scenario("documented/3-managed-first-found"))
    let datagrams = Datagrams()
    let run = try Simulator.result(of: World(Blueprint(scenario), sink: datagrams))
    let (managed, open) = (row.managedSetting.isEmpty, row.publicSetting.isEmpty)
    #expect(run.sessions[0].transport == (managed ? .managed : open ? .public : .reverseConnect))
    for (transport, setting) in [
      (Transport.managed, row.managedSetting), (.public, row.publicSetting), (.relayed, row.relaySetting),
    ] {
      let attempt = run.attempt(transport)
      #expect(attempt.setting == setting, "\(transport.name)")
      if !setting.isEmpty { #expect(attempt.reason == SettingsRow.reason(setting), "\(transport.name)") }
      #expect((attempt.outcome == .notTried) == (!setting.isEmpty || transport == .relayed), "\(transport.name)")
    }
    #expect(run.attempt(.relayed).reason == (row.relaySetting.isEmpty ? .noRelay : SettingsRow.reason(row.relaySetting)))
    if !managed, !open { #expect(run.sessions[0].reason == .shortpathOff) }
    // What is forbidden sends nothing, and what is allowed does.
    #expect((datagrams.toListener > 0) == managed)
    #expect((datagrams.toSTUN > 0) == (open && row.reflexiveSetting.isEmpty))
    if !managed, !open { #expect(datagrams.all == 0) }
    let candidates = Set(run.sessions[0].candidates.map(\.type))
    #expect(candidates.contains(.host) == (open && row.directSetting.isEmpty))
    if !row.reflexiveSetting.isEmpty { #expect(!candidates.contains(.serverReflexive)) }
    if managed { return }
    // Which way is left: the VPN needs own addresses, the internet needs addresses seen from outside.
    if open { #expect(run.sessions[0].route == (row.directSetting.isEmpty ? "vpn" : "internet")) }
  }

  @Test("sessions to two hosts of one pool behave alike, and a policy of one host is its own")
  func onePool() throws {
    var scenario = try Files.scenario("settings/policy-direct-udp")
    #expect(try scenario.run().sessions.map(\.route) == ["internet", "vpn"])
    scenario = try scenario.with("hosts.sh-1.policy.directUDP=1", "host-pool.DirectUdp=Disabled")
    #expect(try scenario.run().sessions.map(\.route) == ["internet", "internet"])
    scenario = try scenario.with("host-pool.PublicUdp=Disabled")
    let run = try scenario.run()
    #expect([1, 2].map { run.attempt(.public, session: $0).setting } == ["DirectUdp, PublicUdp", "DirectUdp, PublicUdp"])
  }

  @Test("a setting that left out one kind of candidate is named beside what came of the rest")
  func narrowed() throws {
    let failed = try Files.scenario("settings/policy-public-udp").run()
    #expect(failed.attempt(.public).narrowedBy == "publicUDP")
    #expect(failed.sessions[0].sentence.contains("publicUDP left out other candidates"))
    let won = try Files.scenario("settings/pool-direct-udp").run()
    #expect(won.sessions[0].sentence.hasSuffix("answered (DirectUdp left out others)."))
    // A session that never came so far has not tried anything, narrowed or not.
    let cut = try Files.scenario("settings/policy-public-udp").with("links.transit.loss=100 %").run()
    #expect(cut.attempt(.public).reason == .baseTransportMissing)
  }

  @Test("an expectation of another setting than the one that decided fails, and says which one it was")
  func expectation() throws {
    let scenario = try Files.scenario("settings/pool-managed-private-udp")
    #expect(try scenario.run().expectations.map(\.verdict) == [.held])
    let off = try scenario.with("hosts.sh-1.policy.fUseUdpPortRedirector=0").run()
    #expect(off.expectations.map(\.verdict) == [.failed])
    #expect(off.expectations[0].found == "managed forbidden by fUseUdpPortRedirector")
    let on = try scenario.with("host-pool.ManagedPrivateUdp=Default").run()
    #expect(on.expectations[0].found.contains("managed forbidden by nothing"))
  }

  @Test("the property travels with the configuration: its bytes are in the feed")
  func propertyTravels() throws {
    var configuration = ConnectionConfiguration(resource: ComponentKey("x"), gateways: [], signature: .none)
    let without = configuration.encodedLength
    configuration.usesUDP = false
    #expect(configuration.encodedLength == without + "use udp:i:0\r\n".utf8.count)
    // `use udp:i:1` forbids nothing.
    let scenario = try Files.scenario("settings/pool-use-udp").with("host-pool.rdp-properties.use udp=1")
    #expect(try scenario.run().sessions[0].transport == .managed)
  }

  @Test("every kind of client but the web one has UDP", arguments: ClientKind.allCases)
  func clientKinds(kind: ClientKind) throws {
    let run = try Files.scenario("settings/client-web").with("hosts.alice.client.kind=\(kind.rawValue)").run()
    #expect(run.sessions[0].transport == (kind == .web ? .reverseConnect : .managed))
  }

  @Test("each value of PublicNetworkAccess but Enabled blocks Shortpath", arguments: PublicNetworkAccess.allCases)
  func publicNetworkAccess(value: PublicNetworkAccess) throws {
    let blocked = try Files.scenario("settings/private-link-blocked").with("host-pool.PublicNetworkAccess=\(value.rawValue)")
    #expect(try blocked.run().sessions[0].transport == (value == .enabled ? .managed : .reverseConnect))
    let allowed = try blocked.with("host-pool.AllowRDPShortPathWithPrivateLink=Enabled")
    #expect(try allowed.run().sessions[0].transport == .managed)
  }

  @Test("with the reflexive addresses forbidden one that a peer has seen is none either")
  func learnedAddresses() throws {
    // The host has a public address of its own: the client's checks arrive there, from an address its NAT made.
    var scenario = try Files.scenario("documented/1-internet-only")
    let azure = scenario.networks.firstIndex { $0.id == "azure" }!
    scenario.networks[azure].subnet = IPPrefix("198.51.100.0/24")
    scenario.networks[azure].translation = nil
    scenario.networks[azure].translationName = nil
    scenario.networks[azure].uplink = nil
    scenario.networks[azure].firewall = nil
    scenario.service.broker = "north"
    scenario.expectations = []
    #expect(try scenario.run().sessions[0].transport == .public)
    #expect(try scenario.with("host-pool.DirectUdp=Disabled").run().sessions[0].transport == .public)
    let off = try scenario.with("host-pool.PublicUdp=Disabled").run()
    #expect(off.sessions[0].transport == .reverseConnect)
    #expect(off.attempt(.public).blockers.contains { $0.reason == .wrongSource && $0.node == "sh-1" })
  }

  @Test("the listener answers on the configured port")
  func listenerPort() throws {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    let host = scenario.hosts.firstIndex { $0.id == "sh-1" }!
    scenario.hosts[host].policy.listenerPort = 4000
    var rule = RuleSpec(id: "no-3390", action: .drop)
    rule.proto = .udp
    rule.ports = .init(3390, 3390)
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!].firewall = FirewallSpec(rules: [rule])
    #expect(try scenario.run().sessions[0].transport == .managed)
    scenario.hosts[host].policy.listenerPort = 3390
    #expect(try scenario.run().sessions[0].transport == .public)
  }

  @Test("the selection window and the gathering limit are the scenario's to set")
  func timing() throws {
    var scenario = try Files.scenario("documented/1-internet-only")
    scenario.timing.selectionWindow = .milliseconds(250)
    let quick = try scenario.run()
    scenario.timing.selectionWindow = .seconds(1)
    let usual = try scenario.run()
    #expect(usual.sessions[0].switched! - quick.sessions[0].switched! == .milliseconds(750))
    var blocked = try Files.scenario("measured/internet-udp-blocked")
    blocked.timing.gatheringLimit = .seconds(5)
    #expect(try blocked.run().sessions[0].switched! < .seconds(10))
  }
}
