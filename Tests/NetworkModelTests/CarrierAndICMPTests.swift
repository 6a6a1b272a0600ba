// The requirements of RFC 5508 (ICMP) and RFC 6888 (carriers) that concern what is modelled, by the number.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct RFC5508Tests {
  let mapped = at(Home.outside, 5000)

  @Test func `REQ-1: a query begun inside passes, its identifier translated alike for every host, and so does its answer`() {
    let home = Home(RFC4787Tests.cone(.endpointIndependent, .random))
    let query = at("192.168.1.10", 77)
    let seen = remotes.map { home.out(home.alice, query, Endpoint($0.endpoint.address, 0), proto: .icmp) }
    #expect(Set(seen).count == 1)
    #expect(
      home.world.sent(home.server, Endpoint(home.s.address, 0), seen[0]!, proto: .icmp).map(\.packet.destination) == [query])
  }

  @Test func `REQ-2: a query's mapping lives at least 60 s in every preset but two that say so`() {
    let short = TranslationBehaviour.presets.filter { $0.value.icmpLifetime < .seconds(60) }.map(\.name)
    #expect(short.allSatisfy { $0.hasPrefix("linux") || $0.hasPrefix("corporate") })
    for (second, alive) in [(Int64(59), true), (61, false)] {
      let home = Home(RFC4787Tests.cone())
      let target = Endpoint(home.s.address, 0)
      let mapped = home.out(home.alice, at("192.168.1.10", 77), target, proto: .icmp)!
      home.wait(until: second)
      #expect(home.reaches(home.server, target, mapped, proto: .icmp) == alive)
    }
  }

  @Test func `REQ-4: an error from outside about no mapping is gone; about one it reads like the packet that was sent`() {
    let home = Home(RFC4787Tests.cone())
    #expect(error(home, about: mapped).isEmpty)
    #expect(home.world.network.drops == [Drop(reason: .natNoMapping, node: "router")])
    _ = home.out(home.alice, home.a, home.s)
    #expect(error(home, about: mapped).map(\.error?.source) == [home.a])
  }

  @Test func `REQ-5: an error from inside shows the external endpoint, outside and inside the quotation`() {
    let home = Home(RFC4787Tests.cone())
    _ = home.out(home.alice, home.a, home.s)
    home.world.closedPorts = [5000]
    let told = home.world.sent(home.server, home.s, mapped)
    #expect(told.map(\.packet.source.address) == [mapped.address] && told.map(\.error?.destination) == [mapped])
  }

  @Test func `REQ-6: an error neither refreshes nor ends a query's mapping`() {
    let home = Home(RFC4787Tests.cone())
    let (query, target) = (at("192.168.1.10", 77), Endpoint(home.s.address, 0))
    let outside = home.out(home.alice, query, target, proto: .icmp)!
    home.wait(until: 40)
    #expect(error(home, about: outside, to: target, proto: .icmp).count == 1)
    home.wait(until: 55)
    #expect(home.reaches(home.server, target, outside, proto: .icmp))
    home.wait(until: 65)
    #expect(!home.reaches(home.server, target, outside, proto: .icmp))
  }

  @Test func `REQ-7: errors about what loops back loop back too`() {
    let home = Home(RFC4787Tests.cone().with { $0.hairpinning = .externalSource })
    _ = home.out(home.bob, home.b, home.s)
    home.world.closedPorts = [5000]
    let told = home.world.sent(home.alice, at("192.168.1.10", 4000), mapped)
    #expect(told.map(\.node) == [home.alice])
    #expect(told.map(\.error?.source) == [at("192.168.1.10", 4000)])
  }

  @Test(arguments: Exhausted.allCases)
  func `REQ-8: whoever gets no port is told that it is administratively prohibited, where the translator tells`(
    exhausted: Exhausted
  ) {
    for proto in [TransportProtocol.udp, .tcp] {
      let home = Home(
        RFC4787Tests.cone().with {
          $0.portsPerHost = 1
          $0.exhausted = exhausted
        })
      #expect(home.out(home.alice, home.a, home.s, proto: proto) != nil)
      let second = at("192.168.1.10", 5001)
      let told = home.world.sent(home.alice, second, home.s, proto: proto)
      #expect(
        told.map(\.error)
          == (exhausted == .drop
            ? [] : [ICMPError(kind: .administrativelyProhibited, source: second, destination: home.s, proto: proto)]))
      #expect(home.world.network.drops == [Drop(reason: .natPortsExhausted, node: "router")])
      // Whoever has a port keeps it (RFC 6888 REQ-11D).
      #expect(home.out(home.alice, home.a, home.s, proto: proto) == mapped)
      #expect(home.world.network.brokenLaws() == [])
    }
  }

  /// Sends the router's outside an error about what it has sent.
  private func error(_ home: Home, about source: Endpoint, to remote: Endpoint? = nil, proto: TransportProtocol = .udp)
    -> [Arrival]
  {
    let network = home.world.network
    let before = home.world.arrivals.count
    let quoted = ICMPError(kind: .hostUnreachable, source: source, destination: remote ?? home.s, proto: proto)
    let packet = home.world.packet(
      Endpoint(home.s.address, 0), Endpoint(source.address, 0), length: 56, proto: .icmp)
    network.messages[packet.payload.index, packet.payload.generation] = .icmp(quoted)
    network.send(packet, from: home.server)
    network.run(1)
    return Array(home.world.arrivals[before...])
  }
}

@Suite struct RFC6888Tests {
  private let carrier = TranslationBehaviour.carrierGradeNAT
  private let outside = ["203.0.113.5", "203.0.113.6"]

  @Test func `REQ-1: it behaves as RFC 4787, 5382 and 5508 ask`() {
    #expect(carrier.mapping == .endpointIndependent && carrier.udpLifetime >= .seconds(120) && !carrier.overloading)
    #expect(carrier.tcpLifetime >= .seconds(7_440) && carrier.tcpOpeningLifetime >= .seconds(240))
    #expect(carrier.icmpLifetime >= .seconds(60) && carrier.hairpinning == .externalSource)
  }

  @Test func `REQ-2: a subscriber has one external address`() {
    let home = Home(carrier, outside: outside)
    let seen = (0..<64).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s)?.address }
    #expect(seen.count == 64 && Set(seen).count == 1)
  }

  @Test func `REQ-3: the pool may be of any size, of addresses that are not neighbours`() {
    let pool = ["203.0.113.5", "203.0.113.77", "198.19.4.4", "198.19.200.9", "203.0.113.6"]
    let home = Home(
      carrier.with {
        $0.pooling = .arbitrary; $0.portBlock = 0
      }, outside: pool)
    let seen = Set((0..<96).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s)?.address })
    #expect(seen == Set(pool.map(ip)))
  }

  @Test func `REQ-4: a subscriber's ports are limited, protocol by protocol, and another's are not touched by it`() {
    let home = Home(carrier.with { $0.portsPerHost = 5 }, outside: outside)
    for proto in [TransportProtocol.udp, .tcp] {
      #expect((0..<8).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s, proto: proto) }.count == 5)
    }
    #expect(home.out(home.bob, home.b, home.s) != nil)
  }

  @Test func `REQ-7: its filter is endpoint independent`() throws {
    let home = Home(carrier, outside: outside)
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    #expect(home.reaches(home.other, remotes[3].endpoint, mapped))
  }

  @Test func `REQ-8: a released port is nobody else's for 120 s`() {
    let home = Home(
      carrier.with {
        ($0.portBlock, $0.portsPerHost, $0.portRange, $0.addresses) = (0, 0, PortRange(2000, 2000), 1)
      })
    #expect(home.out(home.alice, home.a, home.s)?.port == 2000)
    home.wait(until: 300 + 119)
    #expect(home.out(home.bob, home.b, home.s) == nil)
    home.wait(until: 300 + 122)
    #expect(home.out(home.bob, home.b, home.s)?.port == 2000)
  }

  @Test func `REQ-11: at its limit a packet is dropped, its sender told, and no mapping makes room`() {
    let home = Home(carrier.with { $0.portsPerHost = 2 }, outside: outside)
    let kept = (0..<2).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s) }
    #expect(home.world.sent(home.alice, at("192.168.1.10", 6002), home.s).map(\.error?.kind) == [.administrativelyProhibited])
    #expect((0..<2).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s) } == kept)
    #expect(home.world.network.drops == [Drop(reason: .natPortsExhausted, node: "router")])
  }

  @Test func `REQ-14: a subscriber's ports lie in few blocks, so that a log needs few lines`() {
    let home = Home(carrier, outside: outside)
    let ports = (0..<504).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s)?.port }
    #expect(Set(ports.map { ($0 - 1024) / 504 }).count == 1)
  }

  @Test func `REQ-15: the next port does not follow from the last`() {
    let home = Home(carrier, outside: outside)
    let ports = (0..<32).compactMap { home.out(home.alice, at("192.168.1.10", 6000 + $0), home.s)?.port }
    let steps = Set(zip(ports, ports.dropFirst()).map { Int($1) - Int($0) })
    #expect(ports.count == 32 && steps.count > 24)
  }
}
