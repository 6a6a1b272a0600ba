// Every delay, rate and lifetime of a network stretched alike: every packet's fate is the same, and every time is stretched.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct NetworkScalingTests {
  private struct Fate: Equatable {
    var time: SimTime
    var what: String
  }

  private func stretched(_ behaviour: TranslationBehaviour, _ k: Int64) -> TranslationBehaviour {
    behaviour.with {
      ($0.udpLifetime, $0.tcpLifetime, $0.icmpLifetime) = ($0.udpLifetime * k, $0.tcpLifetime * k, $0.icmpLifetime * k)
      $0.udpUnansweredLifetime = $0.udpUnansweredLifetime.map { $0 * k }
      ($0.udpStreamAge, $0.portHold, $0.synSilence) = ($0.udpStreamAge * k, $0.portHold * k, $0.synSilence * k)
      ($0.tcpOpeningLifetime, $0.tcpClosingLifetime) = ($0.tcpOpeningLifetime * k, $0.tcpClosingLifetime * k)
    }
  }

  @Test func `every duration of a translator is stretched here`() {
    let lasting = TranslationBehaviour.linuxMasquerade.with { ($0.portHold, $0.synSilence) = (.seconds(1), .seconds(6)) }
    func durations(_ value: TranslationBehaviour) -> [SimDuration] {
      Mirror(reflecting: value).children.compactMap { $0.value as? SimDuration }
    }
    #expect(durations(lasting).count == 9)
    #expect(durations(lasting).map { $0 * 3 } == durations(stretched(lasting, 3)))
  }

  /// 400 packets of all protocols, in all directions, at times up to some minutes, over lines that queue and lose.
  private func fates(_ behaviour: TranslationBehaviour, _ k: Int64, seed: UInt64) -> [Fate] {
    // 1 µs a byte, so that no serialisation is rounded; 4 kB of queue, so that some packets find it full.
    let line = LinkSettings(
      delay: .milliseconds(3) * k, rate: BitRate(bitsPerSecond: 8_000_000 / k), queue: ByteCount(4_000),
      loss: Probability(partsPerBillion: 30_000_000))
    var draft = Draft()
    let (alice, bob, server, other) = (draft.host("alice"), draft.host("bob"), draft.host("server"), draft.host("other"))
    let (router, core) = (draft.router("router"), draft.router("core"))
    draft.attach(alice, "192.168.1.10", to: router, gateway: "192.168.1.1", line)
    draft.attach(bob, "192.168.1.11", to: router, gateway: "192.168.1.1", line)
    draft.attach(server, "198.51.100.1", to: core, line)
    draft.attach(other, "198.51.100.2", to: core, line)
    draft.attach(router, "203.0.113.5", to: core, line)
    draft.translate(router, stretched(behaviour, k), outside: ["203.0.113.5"])
    let world = PacketWorld(draft)
    let network = world.network
    var time = SimTime.zero
    for step in 0..<400 as Range<UInt64> {
      let draw = mix(seed, step)
      let pause = draw % 11 == 0 ? Int64(draw >> 8) % 200_000_000_000 : Int64(draw >> 8) % 3_000_000
      time = time + SimDuration(nanoseconds: pause) * k
      network.run(until: time)
      network.advance(to: time)
      let proto: TransportProtocol = [.udp, .tcp, .icmp][Int(draw >> 3) % 3]
      let inside = at(draw >> 5 & 1 == 0 ? "192.168.1.10" : "192.168.1.11", 5000 + UInt16(draw >> 7 & 3))
      let outside = at(draw >> 9 & 1 == 0 ? "198.51.100.1" : "198.51.100.2", 1000 + UInt16(draw >> 10 & 1))
      // Inward to whatever the remote was last spoken to from.
      let seen = world.arrivals.last { $0.packet.destination == outside }?.packet.source ?? at("203.0.113.5", 5000)
      let isInward = draw >> 12 & 1 == 0
      var packet = world.packet(
        isInward ? outside : inside, isInward ? seen : outside, length: 60 + Int(draw >> 16 % 1_000) % 1_000, proto: proto)
      if proto == .tcp { packet.tcp = TCPHeader(flags: [.syn, .ack, [.syn, .ack], [.fin, .ack], .rst][Int(draw >> 13) % 5]) }
      let node =
        isInward ? (outside.address == ip("198.51.100.1") ? server : other) : inside.address == ip("192.168.1.10") ? alice : bob
      network.send(packet, from: node)
    }
    network.run(until: time + .seconds(60) * k)
    #expect(network.brokenLaws() == [])
    let arrived = world.arrivals.map {
      Fate(time: $0.time, what: "\($0.node.index) \($0.packet.source) \($0.packet.destination)")
    }
    let lost = network.recorder.story.filter { $0.dropReason != nil }.map {
      Fate(time: $0.time, what: "\($0.node.index) \($0.code) \($0.from) \($0.to)")
    }
    return arrived + lost
  }

  @Test(arguments: [
    "port-restricted-cone", "symmetric", "linux-masquerade-open-input", "carrier-grade-nat", "corporate-firewall",
  ])
  func `stretched by two and by five, a network does the same, later`(preset: String) throws {
    var behaviour = try #require(TranslationBehaviour.presets.first { $0.name == preset }).value
    behaviour.addresses = 1
    for seed in 1...3 as ClosedRange<UInt64> {
      for unsolicited in [Unsolicited.drop, .reject] where behaviour.unsolicited != .accept || unsolicited == .drop {
        if behaviour.unsolicited != .accept { (behaviour.unsolicited, behaviour.synSilence) = (unsolicited, .seconds(6)) }
        let usual = fates(behaviour, 1, seed: seed)
        #expect(usual.count > 350 && Set(usual.map(\.what)).count > 20)
        for k in [2, 5] as [Int64] {
          let later = fates(behaviour, k, seed: seed)
          #expect(later.map(\.what) == usual.map(\.what))
          #expect(later.map { $0.time - .zero } == usual.map { ($0.time - .zero) * k })
        }
      }
    }
  }
}
