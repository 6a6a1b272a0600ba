// Hosts that go to another network, before, during and after the connection, and what their sessions make of it.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct RoamingTests {
  /// A documented scenario with a hotel beside the home, and these events.
  private func scenario(
    _ events: (Int64, String)..., of name: String = "documented/1-internet-only", hotel nat: String = "symmetric"
  ) throws -> Scenario {
    var scenario = try Files.scenario(name)
    scenario.expectations = []
    var hotel = NetworkSpec(id: "hotel")
    hotel.translation = TranslationBehaviour.presets.first { $0.name == nat }!.value
    hotel.translationName = nat
    hotel.uplink = UplinkSpec(to: "metro", settings: PathSpec(LinkSettings(delay: .milliseconds(9))))
    scenario.networks.append(hotel)
    scenario.events = try events.map { time, change in
      EventSpec(at: .zero + .milliseconds(time), change: try ChangeReader.parse(change))
    }
    scenario.normalise()
    #expect(scenario.problems().isEmpty, "\(scenario.problems())")
    return scenario
  }
  private let toHotel = "hosts.alice.network=hotel"
  private let toHome = "hosts.alice.network=home"

  @Test("a network that an event will take a host to changes no draw and no address before it does")
  func preparation() throws {
    let without = try scenario().run()
    let with = try scenario((100_000, toHotel)).run()
    #expect(
      with.sessions[0].milestones.prefix(without.sessions[0].milestones.count).map(\.time)
        == without.sessions[0].milestones.map(\.time))
    #expect(with.sessions[0].candidates == without.sessions[0].candidates || with.sessions[0].reconnects.count == 1)
    let first = without.story.prefix { $0.time < .zero + .seconds(2) }
    let second = with.story.prefix { $0.time < .zero + .seconds(2) }
    #expect(
      first.map(\.from) == second.map(\.from) && first.map(\.to) == second.map(\.to) && first.map(\.time) == second.map(\.time))
    #expect(first.count > 50)
  }

  @Test("a UDP transport notices by its own silence, a TCP one at once; nobody tells the far end")
  func noticing() throws {
    let udp = try scenario((10_000, toHotel)).run()
    let silent = try #require(udp.sessions[0].reconnects.first)
    #expect(silent.reason == .pathLost)
    #expect(silent.lost >= .zero + .seconds(22) && silent.lost <= .zero + .milliseconds(26_100))
    #expect(silent.blocker?.reason == .detached)
    let tcp = try scenario((10_000, toHotel), of: "documented/5-no-udp").run()
    let told = try #require(tcp.sessions[0].reconnects.first)
    #expect(told.reason == .addressLost)
    #expect(told.lost == .zero + .seconds(10))
    #expect(told.blocker?.reason == .detached && told.blocker?.node == "alice")
    // The host's own connection stands until its client comes again.
    let replaced = try #require(tcp.time(of: .replaced))
    #expect(replaced > tcp.time(of: .reconnecting)!)
    #expect(!tcp.story.contains { $0.failure != nil && $0.node == replacedNode(tcp) && $0.time < replaced })
  }

  private func replacedNode(_ run: RunResult) -> NodeID { NodeID(run.nodes.firstIndex { $0.id == "sh-1" }!) }

  @Test(
    "the next connection gathers from the interfaces there are then, behind the NAT there is then",
    arguments: [("full-cone", Transport.public), ("symmetric", .reverseConnect)])
  func otherNAT(nat: String, transport: Transport) throws {
    let run = try scenario((10_000, toHotel), hotel: nat).run()
    #expect(run.sessions[0].transport == transport)
    let own = run.sessions[0].candidates.filter { $0.owner == "alice" && $0.type == .host }
    let before = try scenario().run().sessions[0].candidates.filter { $0.owner == "alice" && $0.type == .host }
    #expect(own.count == 1 && before.count == 1)
    #expect(own[0].endpoint.address != before[0].endpoint.address)
  }

  @Test("who comes home within the dead time goes on with the address, the mapping and the session there were")
  func back() throws {
    let run = try scenario((10_000, toHotel), (20_000, toHome)).run()
    #expect(run.sessions[0].transport == .public && run.sessions[0].reconnects.isEmpty)
    let late = try scenario((10_000, toHotel), (40_000, toHome)).run()
    #expect(late.sessions[0].reconnects.count == 2)
    #expect(late.sessions[0].transport == .public)
  }

  @Test("a VPN follows its host: what is inside loses packets, and nothing else")
  func tunnelFollows() throws {
    let run = try scenario((10_000, toHotel), (14_000, toHome), of: "documented/3-managed-first-found").run()
    #expect(run.sessions[0].transport == .managed && run.sessions[0].route == "vpn")
    #expect(run.sessions[0].reconnects.isEmpty)
    #expect(run.sessions[0].channels.allSatisfy { $0.disorder == 0 })
    let nowhere = try scenario((10_000, "hosts.alice.network=none"), (60_000, toHotel), of: "documented/3-managed-first-found")
      .run()
    #expect(nowhere.sessions[0].transport == nil && nowhere.sessions[0].reason == .reconnectFailed)
  }

  @Test("a host put into another network before a run is there from the beginning")
  func before() throws {
    let run = try scenario().with(toHotel).run()
    #expect(run.sessions[0].transport == .reverseConnect)
    var fixed = try scenario(of: "documented/1-internet-only")
    fixed.hosts[fixed.hosts.firstIndex { $0.id == "alice" }!].network = "hotel"
    #expect(try fixed.run().fingerprints == run.fingerprints)
    // An address given for the old network does not go along.
    var given = try scenario()
    given.networks[given.networks.firstIndex { $0.id == "home" }!].subnet = IPPrefix("192.168.7.0/24")
    given.hosts[given.hosts.firstIndex { $0.id == "alice" }!].address = IPAddress("192.168.7.9")
    #expect(try given.with(toHotel).problems().isEmpty)
  }

  @Test("a network that translates one-to-one has an outside address for a host that comes later")
  func publicAddress() throws {
    let run = try scenario((10_000, toHotel), hotel: "azure-public-ip").run()
    #expect(run.sessions[0].transport == .public && run.sessions[0].reconnects.count == 1)
  }

  @Test("whenever a client roams or its VPN goes and comes, no law is broken, nothing hangs, and every end is decided")
  func sweep() throws {
    let times: [Int64] = [
      -1_000, -400, -100, -20, 40, 90, 150, 240, 330, 420, 560, 700, 900, 1_040, 1_100, 1_120, 1_135, 1_150, 1_165, 1_171, 1_180,
      1_190, 1_205, 1_222, 1_260, 1_400, 2_000, 2_450, 3_000, 10_000,
    ]
    let happenings: [[(Int64, String)]] = [
      [(0, toHotel)], [(0, toHotel), (1_500, toHome)], [(0, "hosts.alice.network=none"), (6_000, toHotel)],
      [(0, "down tunnels.vpn")], [(0, "down tunnels.vpn"), (900, "up tunnels.vpn")],
    ]
    for (row, happening) in happenings.enumerated() {
      for era in ReverseConnectEra.allCases where era == .classic || row != 1 {
        var base = try scenario(of: "documented/3-managed-first-found")
        base.service.reverseConnect = era
        for time in times {
          base.events = try happening.map { later, change in
            EventSpec(at: .zero + .milliseconds(time + later), change: try ChangeReader.parse(change))
          }
          let run = try base.run()
          #expect(run.end == .settled, "\(happening) at \(time) ms, \(era)")
          #expect(run.sessions[0].reason != .undecided, "\(happening) at \(time) ms, \(era): \(run.sessions[0].sentence)")
          #expect(run.sessions[0].reconnects.count <= 2)
        }
      }
    }
  }

  @Test("what cannot roam, or has nowhere to go, is refused")
  func refused() throws {
    func problem(_ change: String) throws -> String {
      var scenario = try Files.scenario("documented/1-internet-only")
      scenario.events = [EventSpec(at: .zero, change: try ChangeReader.parse(change))]
      return scenario.problems().map(\.message).joined(separator: "\n")
    }
    #expect(try problem("hosts.alice.network=hotle").contains("there is no network 'hotle'"))
    #expect(try problem("hosts.alcie.network=home").contains("there is no host 'alcie' (did you mean 'alice'?)"))
    #expect(try problem("hosts.alcie.network=none").contains("there is no host 'alcie'"))
    #expect(try problem("hosts.sh-1.network=home").contains("a client or an idle host can roam"))
    #expect(throws: ChangeError.self) { try Files.scenario("documented/1-internet-only").with("hosts.alice.network=none") }
    var small = try scenario((10_000, toHotel))
    small.networks[small.networks.firstIndex { $0.id == "hotel" }!].subnet = IPPrefix("10.9.0.0/28")
    for row in 0..<12 { small.hosts.append(HostSpec(id: "guest-\(row)", role: .idle, network: "hotel")) }
    #expect(small.problems().map(\.message).contains { $0.contains("'hotel' needs 13 addresses") })
  }

  @Test("an event may come before 0 s, down to the world's beginning, and is written back as it was read")
  func negativeTimes() throws {
    var scenario = try scenario((-4_500, toHotel))
    let text = ScenarioWriter.resolved(scenario)
    #expect(text.contains("at: -4500 ms"))
    let again = try ScenarioReader.read(text: text, name: scenario.id)
    scenario.origins = again.origins
    #expect(again.events == scenario.events)
    #expect(throws: ScenarioFileError.self) {
      try ScenarioReader.read(text: text.replacing("-4500 ms", with: "-5001 ms"), name: "early")
    }
  }

  @Test("what was lost and came back is no cause of what is lost at last")
  func lostTwice() throws {
    let session = try scenario((10_000, toHotel), (60_000, "down hosts.alice")).run().sessions[0]
    #expect(session.reconnects.map(\.reason) == [.pathLost] && session.reason == .machineDown)
    #expect(session.cause?.node == "alice" && session.cause?.reason == .machineDown)
    #expect(!session.sentence.contains("the cause at"))
  }
}
