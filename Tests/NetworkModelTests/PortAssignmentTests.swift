// External ports: preserved, in sequence or at random, within their range, and what happens when there are no more.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct PortAssignmentTests {
  func behaviour(
    _ ports: PortAssignment, _ range: PortRange = PortRange(1024, 65_535), mapping: MappingBehaviour = .endpointIndependent
  ) -> TranslationBehaviour {
    TranslationBehaviour(
      mapping: mapping, filtering: .endpointIndependent, ports: ports, portRange: range, udpLifetime: .seconds(30))
  }

  @Test func `preserving keeps the port, takes the next free one on a collision, and keeps protocols apart`() {
    let home = Home(behaviour(.preserving))
    #expect(home.out(home.alice, home.a, home.s)?.port == 5000)
    #expect(home.out(home.bob, home.b, home.s)?.port == 5001)
    #expect(home.out(home.bob, home.b, home.s, proto: .tcp)?.port == 5000)
    #expect(home.out(home.bob, at("192.168.1.11", 5001), home.s)?.port == 5002)
  }

  @Test func `preserving takes the range's first port for one outside it, and goes round at its end`() {
    let home = Home(behaviour(.preserving, PortRange(6000, 6002)))
    #expect(home.out(home.alice, home.a, home.s)?.port == 6000)
    #expect(home.out(home.alice, at("192.168.1.10", 6002), home.s)?.port == 6002)
    #expect(home.out(home.bob, at("192.168.1.11", 6002), home.s)?.port == 6001)
  }

  @Test func `sequential counts up, skips what is taken and goes round`() {
    let home = Home(behaviour(.sequential, PortRange(6000, 6003), mapping: .addressAndPortDependent))
    let ports = remotes.map { home.out(home.alice, home.a, $0.endpoint)?.port }
    #expect(ports == [6000, 6001, 6002, 6003])
    home.world.network.advance(to: SimTime(nanoseconds: 25_000_000_000))
    #expect(home.out(home.alice, home.a, remotes[0].endpoint)?.port == 6000)  // refreshed: stays
    home.world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
    #expect(home.out(home.bob, home.b, home.s)?.port == 6001)  // 6000 is still taken
  }

  @Test(arguments: PortAssignment.allCases)
  func `each port of the range serves one mapping, then ports are exhausted until one expires`(ports: PortAssignment) {
    let home = Home(behaviour(ports, PortRange(7000, 7009)))
    let got = (0..<10).map { ordinal in
      if ordinal == 1 { home.world.network.advance(to: SimTime(nanoseconds: 10_000_000_000)) }
      return home.out(home.alice, at("192.168.1.10", 100 + UInt16(ordinal)), home.s)?.port ?? 0
    }
    #expect(Set(got) == Set(7000...7009))
    #expect(home.out(home.bob, home.b, home.s) == nil)
    #expect(home.world.network.drops == [Drop(reason: .natPortsExhausted, node: "router")])
    #expect(home.translator.mappingCount == 10)
    home.world.network.advance(to: SimTime(nanoseconds: 30_500_000_000))
    #expect(home.out(home.bob, home.b, home.s)?.port == got[0])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `a random port follows from the inside endpoint and its mapping's ordinal, not from the neighbours`() {
    func ports(noise: Int, seed: UInt64 = 1) -> [UInt16?] {
      let home = Home(behaviour(.random, mapping: .addressAndPortDependent), seed: seed)
      return remotes.map { remote in
        for other in 0..<noise { _ = home.out(home.bob, at("192.168.1.11", 100 + UInt16(other)), remote.endpoint) }
        return home.out(home.alice, home.a, remote.endpoint)?.port
      }
    }
    let alone = ports(noise: 0)
    #expect(Set(alone).count == 4)
    #expect(alone == ports(noise: 5))
    #expect(alone != ports(noise: 0, seed: 2))
  }

  @Test func `a mapping that comes back after its expiry draws a new port`() {
    let home = Home(behaviour(.random))
    let first = home.out(home.alice, home.a, home.s)
    home.world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
    let second = home.out(home.alice, home.a, home.s)
    #expect(first != second)
    #expect(home.translator.mappingCount == 1)
  }
}
