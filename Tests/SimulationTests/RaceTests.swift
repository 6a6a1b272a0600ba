// First found is a race: each race is also run with either competitor alone, and its crossover follows from arithmetic.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct RaceTests {
  private func established(_ run: RunResult) throws -> SimTime { try #require(run.time(of: .established)) }

  @Test(
    "winner and margin of a race agree with the solo times",
    arguments: ["documented/3-managed-first-found", "measured/slow-vpn-public-wins"])
  func solo(name: String) throws {
    let scenario = try Files.scenario(name)
    let both = try scenario.run()
    let managed = try established(scenario.with("hosts.sh-1.shortpath.public=off").run())
    let open = try established(scenario.with("hosts.sh-1.shortpath.managed-listener=off").run())
    #expect(both.sessions[0].transport == (managed < open ? .managed : .public))
    #expect(try established(both) == min(managed, open))
  }

  @Test("the crossover is where five one-way trips of the listener equal what ICE needs")
  func crossover() throws {
    let scenario = try Files.scenario("documented/3-managed-first-found")
    let managed = try established(scenario.with("hosts.sh-1.shortpath.public=off").run())
    let delay = try #require(scenario.links.first { $0.id == "backbone" }).settings.there.delay
    // SYN, SYN+ACK, ClientHello with the ACK, server's flight, Finished with the tunnel request: five trips over the private line.
    let trips: Int64 = 5
    for extra in [1, 7] as [Int64] {
      let slower = try scenario.with(
        "hosts.sh-1.shortpath.public=off", "links.backbone.delay=\((delay + .milliseconds(extra)).written)"
      ).run()
      #expect(try established(slower) - managed == .milliseconds(extra) * trips)
    }
    // ICE's own time does not depend on the line once the internet is the faster way.
    let slow = try scenario.with("links.backbone.delay=200 ms", "hosts.sh-1.shortpath.managed-listener=off")
    let open = try established(slow.run())
    let crossover = delay + (open - managed) / trips
    for (shift, winner) in [(SimDuration.microseconds(-10), Transport.managed), (.microseconds(10), .public)] {
      let run = try scenario.with("links.backbone.delay=\((crossover + shift).written)").run()
      #expect(run.sessions[0].transport == winner, "\(crossover + shift)")
    }
  }

  @Test("raising the uplink's delay raises the VPN's round trip by as much, each way")
  func tunnelRidesTheUnderlay() throws {
    let scenario = try Files.scenario("documented/2-vpn-lowest-latency")
    let before = try scenario.run().sessions[0].roundTrip!
    let after = try scenario.with("networks.home.uplink.delay=8 ms").run().sessions[0].roundTrip!
    #expect(after - before == .milliseconds(10))
    let processed = try scenario.with("tunnels.vpn.delay=2 ms").run().sessions[0].roundTrip!
    #expect(processed - before == .milliseconds(4))
  }
}
