// What a translator forgets, and what it does not: restarts, other outside addresses, exits that fail, firewalls that forget flows.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct StateLossTests {
  private static let exits = ["203.0.113.5", "203.0.113.6", "203.0.113.7"]

  private func ends(_ home: Home) -> [MappingEnd] { home.world.network.recorder.story.compactMap(\.mappingEnd) }

  private func port(_ behaviour: TranslationBehaviour, restarted: Bool) throws -> (before: Endpoint, after: Endpoint) {
    let home = Home(behaviour)
    let before = try #require(home.out(home.alice, home.a, home.s))
    if restarted { home.world.network.restartTranslator(at: home.router) }
    return (before, try #require(home.out(home.alice, home.a, home.s)))
  }

  @Test func `after a restart a preserving translator gives the same port, one by chance another, and nothing comes in before`()
    throws
  {
    let kept = try port(.homeRouter, restarted: true)
    #expect(kept.before == kept.after)
    let random = TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .random)
    let still = try port(random, restarted: false), drawn = try port(random, restarted: true)
    #expect(still.before == still.after && drawn.before == still.before && drawn.after != drawn.before)
    let home = Home(.homeRouter)
    let outside = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.server, home.s, outside))
    home.world.network.restartTranslator(at: home.router)
    #expect(!home.reaches(home.server, home.s, outside))
    #expect(home.world.network.drops.last?.reason == .natNoMapping)
    #expect(ends(home) == [.restart] && home.translator.mappingCount == 0)
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `a port that was held back is free after a restart, and blocks of ports are nobody's`() throws {
    var behaviour = TranslationBehaviour.homeRouter
    behaviour.portRange = PortRange(5000, 5000)
    behaviour.portHold = .seconds(120)
    func second(restarted: Bool) throws -> Endpoint? {
      let home = Home(behaviour)
      _ = try #require(home.out(home.alice, home.a, home.s))
      home.world.network.run(until: .zero + .seconds(130))
      home.world.network.advance(to: .zero + .seconds(130))
      if restarted { home.world.network.restartTranslator(at: home.router) }
      return home.out(home.bob, home.b, home.s)
    }
    #expect(try second(restarted: false) == nil)
    #expect(try second(restarted: true) == at(Home.outside, 5000))
    var blocks = TranslationBehaviour.carrierGradeNAT
    (blocks.addresses, blocks.portBlock, blocks.portsPerHost, blocks.portRange) = (1, 1, 1, PortRange(6000, 6000))
    let home = Home(blocks)
    #expect(home.out(home.alice, home.a, home.s) != nil && home.out(home.bob, home.b, home.s) == nil)
    home.world.network.restartTranslator(at: home.router)
    #expect(home.out(home.bob, home.b, home.s) == at(Home.outside, 6000))
  }

  @Test func `static mappings outlive a restart, and move with the address`() {
    let home = Home(.homeRouter) { draft, _ in
      draft.plan.translators[0].forwards = [StaticMapping(proto: .udp, port: 3390, inside: at("192.168.1.10", 5000))]
    }
    #expect(home.reaches(home.server, home.s, at(Home.outside, 3390)))
    home.world.network.restartTranslator(at: home.router)
    #expect(home.reaches(home.server, home.s, at(Home.outside, 3390)))
    home.world.network.rebindTranslator(at: home.router, to: [ip("203.0.113.99")])
    #expect(!home.reaches(home.server, home.s, at(Home.outside, 3390)))
    #expect(home.reaches(home.server, home.s, at("203.0.113.99", 3390)))
    #expect(home.out(home.alice, home.a, home.s) == at("203.0.113.99", 3390))
  }

  @Test func `another address is routed in the old one's place, which is nobody's`() throws {
    let home = Home(.homeRouter)
    let old = try #require(home.out(home.alice, home.a, home.s))
    home.world.network.rebindTranslator(at: home.router, to: [ip("203.0.113.77")])
    #expect(!home.reaches(home.server, home.s, old))
    #expect(home.world.network.drops.last == Drop(reason: .noRoute, node: "core"))
    let new = try #require(home.out(home.alice, home.a, home.s))
    #expect(new.address == ip("203.0.113.77") && home.reaches(home.server, home.s, new))
    #expect(ends(home) == [.rebind])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `one-to-one pairs each get another address, and keep their inside ones`() throws {
    let pairs = [("192.168.1.10", "203.0.113.5"), ("192.168.1.11", "203.0.113.6")]
    let home = Home(.azurePublicIP, outside: ["203.0.113.5", "203.0.113.6"], pairs: pairs)
    home.world.network.rebindTranslator(at: home.router, to: [ip("203.0.113.50"), ip("203.0.113.60")])
    #expect(home.out(home.bob, home.b, home.s) == at("203.0.113.60", 5000))
    #expect(home.reaches(home.server, home.s, at("203.0.113.50", 7)))
    #expect(!home.reaches(home.server, home.s, at("203.0.113.5", 7)))
  }

  @Test func `of several exits the first in service fails with its mappings; the others keep theirs, down to a floating one`()
    throws
  {
    var behaviour = TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .preserving)
    (behaviour.addresses, behaviour.pooling) = (3, .arbitrary)
    let home = Home(behaviour, outside: Self.exits)
    let flows = (0..<24).map { at("192.168.1.10", UInt16(5000 + $0)) }
    let before = flows.map { home.out(home.alice, $0, home.s) }
    let failed = ip(Self.exits[0])
    let lost = before.filter { $0?.address == failed }.count
    #expect(lost > 2 && lost < 20)
    home.world.network.failOverTranslator(at: home.router)
    #expect(ends(home) == Array(repeating: .failover, count: lost))
    for (flow, was) in zip(flows, before) {
      let now = try #require(home.out(home.alice, flow, home.s))
      #expect(was?.address == failed ? now.address != failed : now == was)
    }
    #expect(!home.reaches(home.server, home.s, at(Self.exits[0], 5000)))
    #expect(home.world.network.drops.last == Drop(reason: .noRoute, node: "core"))
    home.world.network.failOverTranslator(at: home.router)
    #expect(flows.allSatisfy { home.out(home.alice, $0, home.s)?.address == ip(Self.exits[2]) })
    home.world.network.failOverTranslator(at: home.router)
    #expect(home.translator.mappingCount == 0 && home.translator.exits == [ip(Self.exits[2])])
    #expect(home.out(home.alice, home.a, home.s) == at(Self.exits[2], 5000))
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `paired hosts on exits that are left keep their address for new mappings too`() throws {
    var behaviour = TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent, ports: .preserving)
    behaviour.addresses = 3
    for seed in 1...6 as ClosedRange<UInt64> {
      let home = Home(behaviour, outside: Self.exits, seed: seed)
      let was = try #require(home.out(home.alice, home.a, home.s)).address
      home.world.network.failOverTranslator(at: home.router)
      let now = try [5001, 5002].map { try #require(home.out(home.alice, at("192.168.1.10", $0), home.s)).address }
      #expect(Set(now).count == 1)
      #expect(was == ip(Self.exits[0]) ? now[0] != was : now[0] == was)
    }
  }

  @Test func `a firewall that forgets its flows lets in what the inside asks for anew, and nothing before`() {
    let home = Home(.fullCone) { draft, router in
      var inbound = Rule(action: .drop)
      inbound.direction = .inbound
      draft.filter(router, .forward, [("no-inbound", inbound)], tracking: .on)
    }
    let outside = home.out(home.alice, home.a, home.s)!
    #expect(home.reaches(home.server, home.s, outside))
    home.world.network.forgetFlows(at: home.router)
    #expect(!home.reaches(home.server, home.s, outside))
    _ = home.out(home.alice, home.a, home.s)
    #expect(home.reaches(home.server, home.s, outside))
  }
}
