// Which setting decides what: the most restrictive wins, and the attempt it forbids is not tried and names it.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct SettingsTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var listener: Bool
    var managedPool: PoolSwitch
    var open: Bool
    var publicPool: PoolSwitch
    var clientUDP: Bool
    var testDescription: String {
      "listener \(listener), ManagedPrivateUdp \(managedPool), publicUDP \(open), PublicUdp \(publicPool), client UDP \(clientUDP)"
    }
  }

  static let rows: [Row] = [false, true].flatMap { listener in
    [PoolSwitch.default, .enabled, .disabled].flatMap { managedPool in
      [false, true].flatMap { open in
        [PoolSwitch.default, .disabled].flatMap { publicPool in
          [false, true].map {
            Row(listener: listener, managedPool: managedPool, open: open, publicPool: publicPool, clientUDP: $0)
          }
        }
      }
    }
  }

  @Test("host policy, host pool and client combine as the most restrictive", arguments: rows)
  func mostRestrictive(row: Row) throws {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    let host = scenario.hosts.firstIndex { $0.id == "sh-1" }!
    scenario.hosts[host].shortpath.managedListener = row.listener
    scenario.hosts[host].shortpath.publicNetworks = row.open
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "alice" }!].client.udp = row.clientUDP
    scenario.hostPool.managedPrivateUDP = row.managedPool
    scenario.hostPool.publicUDP = row.publicPool
    scenario.expectations = []
    let run = try scenario.run()
    let managed = row.clientUDP && row.listener && row.managedPool != .disabled
    let open = row.clientUDP && row.open && row.publicPool != .disabled
    #expect(run.sessions[0].transport == (managed ? .managed : open ? .public : .reverseConnect))
    #expect((run.attempt(.managed).outcome == .notTried) == !managed)
    #expect((run.attempt(.public).outcome == .notTried) == !open)
    if !managed { #expect(!run.attempt(.managed).setting.isEmpty) }
    if !open { #expect(!run.attempt(.public).setting.isEmpty) }
    if !managed, !open { #expect(run.sessions[0].reason == .shortpathOff) }
    // What is forbidden sends nothing.
    let sockets = run.story.filter { $0.kind == .request || $0.kind == .candidate }
    #expect(open || sockets.isEmpty)
  }

  @Test("the listener answers on the configured port")
  func listenerPort() throws {
    var scenario = try Files.scenario("documented/3-managed-first-found")
    let host = scenario.hosts.firstIndex { $0.id == "sh-1" }!
    scenario.hosts[host].shortpath.listenerPort = 4000
    var rule = RuleSpec(id: "no-3390", action: .drop)
    rule.proto = .udp
    rule.ports = .init(3390, 3390)
    scenario.hosts[scenario.hosts.firstIndex { $0.id == "vpn-gateway" }!].firewall = FirewallSpec(rules: [rule])
    #expect(try scenario.run().sessions[0].transport == .managed)
    scenario.hosts[host].shortpath.listenerPort = 3390
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
