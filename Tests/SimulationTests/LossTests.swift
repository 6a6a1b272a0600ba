// Losses with exact consequences: which packet was lost, what its protocol waits, which leg of the relay makes up for it.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import VirtualDesktop
import Wire

@Suite struct LossTests {
  /// The packet that `predicate` picks out of what `direction` is given, in a run without mishaps; and that run.
  private func packet(
    of scenario: Scenario, on direction: String, where predicate: (LinkEntry) -> Bool
  ) throws -> (entry: LinkEntry, run: RunResult) {
    let listing = LinkListing(only: direction)
    var whole = scenario
    whole.mishaps = []
    let run = try listing.run(whole)
    let found = listing.entries.first(where: predicate)
    return (try #require(found), run)
  }

  @Test(
    "RFC 6298 §2.1, RFC 5681 §3.1: a lost first SYN costs 1 s, and a window of one segment a round trip with a delayed answer")
  func tcpSYN() throws {
    let scenario = try Files.scenario("failures/lost-tcp-syn")
    let up = "networks.home.uplink.up"
    let (syn, whole) = try packet(of: scenario, on: up) { $0.topic == .gatewayClient && $0.isSYN }
    #expect(scenario.mishaps == [syn.lost], "the file must lose packet \(syn.ordinal)")
    let listing = LinkListing(only: up)
    let run = try listing.run(scenario)
    let tries = listing.entries.filter { $0.topic == .gatewayClient && $0.isSYN }.map(\.time)
    #expect(tries == [syn.time, syn.time + .seconds(1)])
    // The gateway is 14.3 ms away and there and back; TCP acknowledges a single segment after 40 ms.
    #expect(run.sessions[0].connected! - whole.sessions[0].connected! == .seconds(1) + .microseconds(14_300) + .milliseconds(40))
    let blocker = run.attempt(.reverseConnect).blockers.first { $0.rule == "injected" }
    #expect(blocker?.reason == .linkLoss && blocker?.node == "home" && blocker?.packets == 1)
    #expect(blocker?.rulePath == "networks.home.uplink.up.packets.30")
    // Lifting the mishap gives the run without it.
    let lifted = try scenario.with("lift networks.home.uplink.up.packets.30").run()
    #expect(lifted.fingerprints.trajectory == whole.fingerprints.trajectory)
  }

  @Test("MS-RDPEUDP: a lost SYN to the listener is sent again after 800 ms, and the transport comes as much later")
  func rdpUDPSYN() throws {
    let scenario = try Files.scenario("failures/lost-rdp-udp-syn")
    let (syn, whole) = try packet(of: scenario, on: "links.backbone.there") { $0.topic == .listener }
    #expect(scenario.mishaps == [syn.lost], "the file must lose packet \(syn.ordinal)")
    let listing = LinkListing(only: "links.backbone.there")
    let run = try listing.run(scenario)
    let listener = listing.entries.filter { $0.topic == .listener }
    #expect(listener[1].time == syn.time + .milliseconds(800))
    #expect(run.sessions[0].switched! - whole.sessions[0].switched! == .milliseconds(800))
    #expect(run.sessions[0].connected == whole.sessions[0].connected, "the desktop does not wait for it")
  }

  /// TCP segments that either end sent again, by topic.
  private func retransmissions(_ scenario: Scenario) throws -> [ConversationTopic: Int] {
    try scenario.run().connections.reduce(into: [:]) { counts, connection in
      let again = connection.retransmitted + connection.peerRetransmitted
      if again > 0 { counts[connection.topic, default: 0] += again }
    }
  }

  @Test("loss on the client's leg of the relay is made up for on that leg alone, and the other way round")
  func ownLeg() throws {
    var scenario = try Files.scenario("documented/1-internet-only").with("hosts.sh-1.shortpath.public=off")
    scenario.expectations = []
    scenario.sessions[0].workload.graphics = ByteCount(40_000)
    scenario.timing.linger = .seconds(20)
    let clients = try retransmissions(try scenario.with("networks.home.uplink.loss=2 %"))
    #expect(clients[.gatewayClient, default: 0] > 20)
    #expect(clients[.gatewayHost] == nil)
    let hosts = try retransmissions(try scenario.with("links.transit.loss=2 %"))
    #expect(hosts[.gatewayHost, default: 0] > 20)
    #expect(hosts[.gatewayClient] == nil)
    // Both legs lead over links without loss: nothing is sent twice.
    #expect(try retransmissions(scenario).isEmpty)
  }

  @Test("a slow client fills the gateway's buffer and closes the host's window; nothing is lost")
  func slowClient() throws {
    let scenario = try Files.scenario("failures/slow-client")
    let listing = LinkListing()
    let run = try listing.run(scenario)
    let names = Blueprint(scenario).nodeOf
    let gateway = try #require(names["gateway-west"])
    // What the gateway tells the host it can still take: all of its buffer first, then nothing, in the end all again.
    let windows = listing.entries.filter { $0.topic == .gatewayHost && $0.node == gateway && $0.packet.tcp.flags.contains(.ack) }
      .map { (time: $0.time, window: $0.packet.tcp.window) }
    let closed = try #require(windows.first { $0.window < 1_460 })
    let desktop = try #require(run.time(of: .desktop))
    #expect(closed.time > desktop && closed.time < desktop + .seconds(2))
    #expect(windows.last!.window > 200_000)
    // From then on the host sends no faster than the client's line empties, though 8 Mbps are written for two seconds.
    let host = try #require(names["sh-1"])
    func sent(_ from: SimDuration, _ to: SimDuration) -> Int {
      listing.entries.filter { entry in
        entry.topic == .gatewayHost && entry.node == host && entry.time > desktop + from && entry.time <= desktop + to
      }.reduce(0) { $0 + Int($1.packet.tcp.length) }
    }
    #expect(sent(.zero, .seconds(1)) > 900_000)
    #expect((750_000...1_250_000).contains(sent(.milliseconds(1_500), .milliseconds(5_500))))
    // 20 updates of 100 kB each, all of them.
    let sent = run.sessions[0].channels.first { $0.node == "sh-1" && $0.channel == .graphics }
    let received = run.sessions[0].channels.first { $0.node == "alice" && $0.channel == .graphics }
    #expect(sent?.sent == 2_000_000 && received?.received == 2_000_000)
    #expect(run.drops.isEmpty)
  }

  @Test("a workload is the scenario's to set, and ends when it says")
  func workload() throws {
    var scenario = try Files.scenario("documented/1-internet-only").with("hosts.sh-1.shortpath.public=off")
    scenario.expectations = []
    scenario.timing.linger = .seconds(10)
    func graphics(_ change: (inout DesktopWorkload) -> Void) throws -> Int {
      change(&scenario.sessions[0].workload)
      return try scenario.run().sessions[0].channels.first { $0.node == "sh-1" && $0.channel == .graphics }?.sent ?? 0
    }
    #expect(try graphics { $0.lasts = .seconds(1) } == 4 * 4_000)
    #expect(try graphics { $0.every = .milliseconds(100) } == 10 * 4_000)
    #expect(try graphics { $0.graphics = ByteCount(70_000) } == 10 * 70_000)
    // Microsoft's heavy class is 5 Mbps.
    let heavy = DesktopWorkload.presets.first { $0.name == "heavy" }!.value
    #expect(heavy.graphics.bytes * 8 * 1_000_000_000 / heavy.every.nanoseconds == 5_000_000)
  }

  @Test(
    "withheld checks of the host keep its filter shut: the rule is named, and every check of the client is counted at the filter")
  func withheld() throws {
    let run = try Files.scenario("failures/checks-withheld").run()
    let attempt = run.attempt(.public)
    #expect(attempt.outcome == .failed && attempt.reason == .allPairsFailed)
    #expect(attempt.mainBlocker?.rule == "no-checks-out" && attempt.mainBlocker?.node == "dc")
    let filtered = try #require(attempt.blockers.first { $0.reason == .natFiltered })
    #expect(filtered.node == "dc" && filtered.opener == "alice" && filtered.packets == 7)
    // Nothing reached the client's filter, which would have let it in: it is not what stood in the way.
    #expect(!attempt.blockers.contains { $0.node == "home" })
    let lifted = try Files.scenario("failures/checks-withheld").with("lift networks.dc.firewall.rules.no-checks-out").run()
    #expect(lifted.sessions[0].transport == .public)
  }

  @Test("filtered checks do not keep a mapping: after 20 s the host's next check has another port")
  func keptOut() throws {
    var scenario = try Files.scenario("failures/kept-out-keeps-nothing-alive")
    let run = try scenario.run()
    #expect(run.attempt(.public).outcome == .failed)
    #expect(run.attempt(.public).blockers.contains { $0.reason == .natNoMapping && $0.node == "dc" })
    // With a mapping that lives long enough by itself the same late check comes through.
    scenario.networks[scenario.networks.firstIndex { $0.id == "dc" }!].translation?.udpLifetime = .seconds(60)
    #expect(try scenario.run().sessions[0].transport == .public)
  }
}
