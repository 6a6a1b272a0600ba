// Address translation by RFC 4787's axes: who gets in, from where packets leave, how long it lasts, and what loops back.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// Two inside hosts behind a translator, and two outside ones.
struct Home {
  static let outside = "203.0.113.5"
  let world: PacketWorld
  let alice: NodeID
  let bob: NodeID
  let server: NodeID
  let other: NodeID
  let router: NodeID
  let a = at("192.168.1.10", 5000)
  let b = at("192.168.1.11", 5000)
  let s = at("198.51.100.1", 1000)

  init(
    _ behaviour: TranslationBehaviour, outside: [String] = [Home.outside], pairs: [(String, String)] = [], seed: UInt64 = 1,
    edit: (inout Draft, _ router: NodeID) -> Void = { _, _ in }
  ) {
    var draft = Draft()
    (alice, bob, server, other) = (draft.host("alice"), draft.host("bob"), draft.host("server"), draft.host("other"))
    router = draft.router("router")
    let core = draft.router("core")
    draft.attach(alice, "192.168.1.10", to: router, gateway: "192.168.1.1")
    draft.attach(bob, "192.168.1.11", to: router, gateway: "192.168.1.1")
    draft.attach(server, "198.51.100.1", to: core)
    draft.attach(other, "198.51.100.2", to: core)
    let line = draft.attach(router, "203.0.113.1", to: core)
    for address in outside { draft.announce(address, at: core, by: line.1) }
    draft.translate(router, behaviour, outside: outside, pairs: pairs)
    edit(&draft, router)
    world = PacketWorld(draft, seed: seed)
  }

  var translator: AddressTranslator { world.network.translators[0] }

  /// Sends outward and returns the endpoint the remote saw; `nil` when nothing arrived.
  func out(_ node: NodeID, _ from: Endpoint, _ remote: Endpoint, proto: TransportProtocol = .udp) -> Endpoint? {
    world.sent(node, from, remote, proto: proto).first { $0.packet.proto == proto }?.packet.source
  }

  func reaches(_ node: NodeID, _ from: Endpoint, _ target: Endpoint, proto: TransportProtocol = .udp) -> Bool {
    world.sent(node, from, target, proto: proto).contains { $0.packet.proto == proto }
  }
}

/// The four ways another remote can differ from the first.
let remotes: [(name: String, endpoint: Endpoint)] = [
  ("same", at("198.51.100.1", 1000)), ("other port", at("198.51.100.1", 1001)), ("other address", at("198.51.100.2", 1000)),
  ("other both", at("198.51.100.2", 1001)),
]

@Suite struct TranslationTests {
  static let kinds = MappingBehaviour.allCases.flatMap { mapping in
    FilteringBehaviour.allCases.map { TranslationBehaviour(mapping: mapping, filtering: $0) }
  }

  @Test(arguments: kinds, PortAssignment.allCases)
  func `a mapping is shared by just the remotes its behaviour says (RFC 4787 §4.1)`(
    kind: TranslationBehaviour, ports: PortAssignment
  ) throws {
    var kind = kind
    kind.ports = ports
    let shared: Set<String> =
      switch kind.mapping {
      case .endpointIndependent: ["same", "other port", "other address", "other both"]
      case .addressDependent: ["same", "other port"]
      case .addressAndPortDependent: ["same"]
      }
    for (name, remote) in remotes {
      let home = Home(kind)
      let first = try #require(home.out(home.alice, home.a, home.s))
      let second = try #require(home.out(home.alice, home.a, remote))
      #expect(first.address == ip(Home.outside))
      #expect((first == second) == shared.contains(name), "\(name)")
      #expect(home.translator.mappingCount == (shared.contains(name) ? 1 : 2))
      #expect(home.world.network.brokenLaws() == [])
    }
  }

  @Test(arguments: kinds)
  func `a mapping lets in just the remotes its filter says (RFC 4787 §5)`(kind: TranslationBehaviour) throws {
    let admitted: Set<String> =
      switch kind.filtering {
      case .endpointIndependent: ["same", "other port", "other address", "other both"]
      case .addressDependent: ["same", "other port"]
      case .addressAndPortDependent: ["same"]
      }
    for (name, remote) in remotes {
      let home = Home(kind)
      let mapped = try #require(home.out(home.alice, home.a, home.s))
      let node = remote.address == home.s.address ? home.server : home.other
      #expect(home.reaches(node, remote, mapped) == admitted.contains(name), "\(name)")
      #expect(home.world.network.drops == (admitted.contains(name) ? [] : [Drop(reason: .natFiltered, node: "router")]))
      // The same numbers in another protocol are another mapping.
      #expect(!home.reaches(node, remote, mapped, proto: .tcp))
      #expect(home.world.network.drops.last == Drop(reason: .natNoMapping, node: "router"))
      #expect(home.world.network.brokenLaws() == [])
    }
  }

  @Test func `nobody gets in where nothing was mapped`() {
    let home = Home(.fullCone)
    #expect(!home.reaches(home.server, home.s, at(Home.outside, 5000)))
    #expect(home.world.network.drops == [Drop(reason: .natNoMapping, node: "router")])
  }

  @Test func `IPv6 and what stays inside is not translated`() {
    let home = Home(.symmetric)
    #expect(home.world.sent(home.alice, home.a, home.b).map(\.packet.source) == [home.a])
    #expect(home.translator.mappingCount == 0)
  }

  // MARK: Lifetimes

  /// Whether the server still gets in when it tries `ns` after the mapping's last refreshment.
  private func lives(_ behaviour: TranslationBehaviour, after ns: Int64, proto: TransportProtocol = .udp) throws -> Bool {
    let home = Home(behaviour)
    let mapped = try #require(home.out(home.alice, home.a, home.s, proto: proto))
    // The mapping was made when the packet reached the router, at 1 ms; the server's packet takes 2 ms to it.
    let network = home.world.network
    network.advance(to: SimTime(nanoseconds: ns - 1_000_000))
    return home.reaches(home.server, home.s, mapped, proto: proto)
  }

  @Test(arguments: FilteringBehaviour.allCases)
  func `a mapping expires exactly at its lifetime, each protocol at its own`(filtering: FilteringBehaviour) throws {
    let behaviour = TranslationBehaviour(
      mapping: .endpointIndependent, filtering: filtering, udpLifetime: .seconds(30), tcpLifetime: .seconds(60))
    #expect(try lives(behaviour, after: 29_999_999_999))
    #expect(try !lives(behaviour, after: 30_000_000_000))
    #expect(try lives(behaviour, after: 59_999_999_999, proto: .tcp))
    #expect(try !lives(behaviour, after: 60_000_000_000, proto: .tcp))
  }

  enum Refreshment: CaseIterable { case none, outward, inward, filtered }

  @Test(arguments: Refreshment.allCases, [false, true])
  func `outward packets refresh, accepted inward ones where the behaviour says so, filtered ones never (RFC 4787 REQ-6)`(
    kind: Refreshment, inboundRefresh: Bool
  ) throws {
    let home = Home(
      TranslationBehaviour(
        mapping: .endpointIndependent, filtering: .addressAndPortDependent, udpLifetime: .seconds(30),
        inboundRefresh: inboundRefresh))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    home.world.network.run(until: SimTime(nanoseconds: 20_000_000_000))
    home.world.network.advance(to: SimTime(nanoseconds: 20_000_000_000))
    switch kind {
    case .none: break
    case .outward: #expect(home.reaches(home.alice, home.a, home.s))
    case .inward: #expect(home.reaches(home.server, home.s, mapped))
    case .filtered: #expect(!home.reaches(home.other, remotes[2].endpoint, mapped))
    }
    home.world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
    let expected = kind == .outward || kind == .inward && inboundRefresh
    #expect(home.reaches(home.server, home.s, mapped) == expected)
    #expect(home.world.network.drops.last?.reason == (expected ? (kind == .filtered ? .natFiltered : nil) : .natNoMapping))
  }

  @Test func `a permission lasts as long as its own remote was written to, not as long as the mapping`() throws {
    let home = Home(
      TranslationBehaviour(mapping: .endpointIndependent, filtering: .addressDependent, udpLifetime: .seconds(30)))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    home.world.network.advance(to: SimTime(nanoseconds: 20_000_000_000))
    _ = home.out(home.alice, home.a, remotes[2].endpoint)
    home.world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
    #expect(!home.reaches(home.server, home.s, mapped))
    #expect(home.reaches(home.other, remotes[2].endpoint, mapped))
    #expect(home.world.network.drops == [Drop(reason: .natFiltered, node: "router")])
  }

  @Test func `an expired mapping's remote is a stranger to the next mapping in its row`() throws {
    let home = Home(
      TranslationBehaviour(
        mapping: .endpointIndependent, filtering: .addressAndPortDependent, ports: .preserving, udpLifetime: .seconds(30)))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    home.world.network.advance(to: SimTime(nanoseconds: 40_000_000_000))
    #expect(home.out(home.alice, home.a, remotes[2].endpoint) == mapped)
    #expect(!home.reaches(home.server, home.s, mapped))
    #expect(home.world.network.drops == [Drop(reason: .natFiltered, node: "router")])
  }

  // MARK: Loops and series

  @Test func `hairpinning off drops what an inside host sends to an external endpoint`() throws {
    let home = Home(.fullCone)
    let mapped = try #require(home.out(home.bob, home.b, home.s))
    #expect(!home.reaches(home.alice, home.a, mapped))
    #expect(home.world.network.drops == [Drop(reason: .natHairpinOff, node: "router")])
    #expect(home.translator.mappingCount == 1)
  }

  @Test(arguments: FilteringBehaviour.allCases)
  func `hairpinning on shows the external source, and the filter holds inside too (RFC 4787 REQ-9a)`(
    filtering: FilteringBehaviour
  ) throws {
    let home = Home(TranslationBehaviour(mapping: .endpointIndependent, filtering: filtering, hairpinning: .externalSource))
    let bobs = try #require(home.out(home.bob, home.b, home.s))
    let alices = try #require(home.out(home.alice, home.a, home.s))
    let got = home.world.sent(home.alice, home.a, bobs)
    #expect(got.map(\.packet.source) == (filtering == .endpointIndependent ? [alices] : []))
    // Bob answers, which opens his filter; Alice's own packet has opened hers.
    let back = home.world.sent(home.bob, home.b, alices)
    #expect(back.map(\.packet.source) == [bobs])
    #expect(back.map(\.packet.destination) == [home.a])
    #expect(home.world.sent(home.alice, home.a, bobs).map(\.packet.destination) == [home.b])
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `one-to-one exchanges addresses, keeps ports, remembers nothing and lets anybody in`() {
    let home = Home(
      .azurePublicIP, outside: ["203.0.113.5", "203.0.113.6"],
      pairs: [("192.168.1.10", "203.0.113.5")])
    #expect(home.reaches(home.other, at("198.51.100.2", 9), at("203.0.113.5", 3390)))
    #expect(home.world.arrivals.last?.packet.destination == at("192.168.1.10", 3390))
    #expect(home.out(home.alice, home.a, home.s) == at("203.0.113.5", 5000))
    #expect(home.out(home.bob, home.b, home.s) == nil)
    #expect(home.world.network.drops == [Drop(reason: .natNoMapping, node: "router")])
    #expect(home.translator.mappingCount == 0)
  }

  @Test(arguments: MappingBehaviour.allCases, MappingBehaviour.allCases)
  func `two translators in series map independently of the remote only if both do`(
    inner: MappingBehaviour, outer: MappingBehaviour
  ) {
    var draft = Draft()
    let (host, server, other) = (draft.host("host"), draft.host("server"), draft.host("other"))
    let (home, carrier, core) = (draft.router("home"), draft.router("carrier"), draft.router("core"))
    draft.attach(host, "192.168.1.10", to: home)
    draft.attach(home, "100.64.0.7", to: carrier)
    draft.attach(carrier, "203.0.113.5", to: core)
    draft.attach(server, "198.51.100.1", to: core)
    draft.attach(other, "198.51.100.2", to: core)
    draft.translate(home, TranslationBehaviour(mapping: inner, filtering: .addressDependent), outside: ["100.64.0.7"])
    draft.translate(carrier, TranslationBehaviour(mapping: outer, filtering: .endpointIndependent), outside: ["203.0.113.5"])
    let world = PacketWorld(draft)
    let a = at("192.168.1.10", 5000)
    let seen = remotes.map { world.sent(host, a, $0.endpoint).first?.packet.source }
    #expect(seen.allSatisfy { $0?.address == ip("203.0.113.5") })
    #expect((Set(seen).count == 1) == (inner == .endpointIndependent && outer == .endpointIndependent))
    // The answer finds its way through both, and a stranger gets no further than the stricter filter.
    if let mapped = seen[0] {
      #expect(world.sent(server, remotes[0].endpoint, mapped).map(\.packet.destination) == [a])
      #expect(world.network.drops.isEmpty)
    }
    #expect(world.network.brokenLaws() == [])
  }
}
