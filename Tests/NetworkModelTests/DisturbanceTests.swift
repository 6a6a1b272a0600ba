// Bursts by Gilbert's closed forms, copies that are packets of their own, and mishaps of chosen packets.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct DisturbanceTests {
  let chance = Chance(seed: 1)

  /// Whether a packet given to the link in each of `count` steps of `step` is lost.
  private func fates(_ settings: LinkSettings, step: SimDuration, count: Int, key: String = "link") -> [Bool] {
    var link = LinkDirection(settings: settings, key: ComponentKey(key))
    return (0..<count).map { row in
      let now = SimTime.zero + SimDuration(nanoseconds: step.nanoseconds * Int64(row))
      return link.admit(length: 100, luck: mix(8, UInt64(row)), now: now, chance: chance) == .dropped(.linkLoss)
    }
  }

  private func bursty(_ percent: UInt32, _ burst: SimDuration) -> LinkSettings {
    LinkSettings(loss: Probability(partsPerBillion: percent * 10_000_000), burst: burst)
  }

  @Test("bursts take their share of the time and last as long as they say", arguments: [2, 10, 40] as [UInt32])
  func shareAndLength(percent: UInt32) {
    // A slot is an eighth of the mean burst: 1 ms.
    let lost = fates(bursty(percent, .milliseconds(8)), step: .milliseconds(1), count: 400_000)
    let share = Double(lost.count { $0 }) / Double(lost.count)
    let wanted = Double(percent) / 100
    // States a lag apart are correlated by r = 1 - renewal: the variance is that of independent slots times (1 + r) / (1 - r).
    let correlation = 1 - 0.125 / (1 - wanted)
    let deviation = (wanted * (1 - wanted) / 400_000 * (1 + correlation) / (1 - correlation)).squareRoot()
    #expect(abs(share - wanted) < 4 * deviation, "\(share)")
    let bursts = zip([false] + lost, lost).count { !$0 && $1 }
    let length = Double(lost.count { $0 }) / Double(bursts)
    // Geometric with mean 8: its standard deviation is the root of 8 × 7.
    #expect(abs(length - 8) < 4 * (56.0 / Double(bursts)).squareRoot(), "\(length)")
  }

  @Test(
    "Gilbert: having lost one packet, the next after n slots is lost with share + (1 - share)(1 - renewal)ⁿ",
    arguments: [1, 4, 16])
  func memory(lag: Int) {
    let lost = fates(bursty(20, .milliseconds(8)), step: .milliseconds(1), count: 400_000)
    let pairs = zip(lost, lost.dropFirst(lag)).filter { $0.0 }
    let again = Double(pairs.count { $0.1 }) / Double(pairs.count)
    var wanted = 0.8
    for _ in 0..<lag { wanted *= 1 - 0.125 / 0.8 }
    #expect(abs(again - 0.2 - wanted) < 0.02, "\(again)")
  }

  @Test("a burst is a fact of its time: neither other packets nor their luck change it, and each link has its own")
  func stateless() {
    let settings = bursty(30, .milliseconds(5))
    let whole = fates(settings, step: .milliseconds(1), count: 1_000)
    // Asked at every tenth time only, in one link that saw nothing else.
    let sparse = fates(settings, step: .milliseconds(10), count: 100)
    #expect(sparse == stride(from: 0, to: 1_000, by: 10).map { whole[$0] })
    #expect(fates(settings, step: .milliseconds(1), count: 1_000, key: "other") != whole)
    // Packets at one time share their fate, before 0 s too.
    var link = LinkDirection(settings: settings, key: ComponentKey("link"))
    for now in stride(from: -500, to: 0, by: 7) {
      let time = SimTime(nanoseconds: Int64(now) * 1_000_000)
      let fates = (0..<5).map { link.admit(length: 1, luck: $0, now: time, chance: chance) }
      #expect(fates.allSatisfy { $0 == fates[0] })
    }
  }

  @Test("certain loss in bursts is loss of everything, none is none")
  func extremes() {
    #expect(fates(bursty(100, .milliseconds(5)), step: .milliseconds(1), count: 200).allSatisfy { $0 })
    #expect(!fates(bursty(0, .milliseconds(5)), step: .milliseconds(1), count: 200).contains(true))
  }

  // MARK: Copies and mishaps in a network

  private let one = at("10.0.0.1", 1)
  private let two = at("10.0.0.2", 2)

  private func world(_ settings: LinkSettings, _ mishaps: [Mishap] = []) -> (PacketWorld, NodeID) {
    var draft = Draft()
    let (a, b) = (draft.host("a"), draft.host("b"))
    let (left, right) = draft.link(a, "10.0.0.1", .lan, b, "10.0.0.2", .lan, settings)
    draft.route(a, "10.0.0.2/32", by: left)
    draft.route(b, "10.0.0.1/32", by: right)
    draft.plan.mishaps = mishaps
    return (PacketWorld(draft), a)
  }

  @Test("a duplicate is a packet of its own: serialised behind the first, with a payload of its own, and counted")
  func duplicate() {
    // 125 bytes at 1 Mbit/s take 1 ms.
    let settings = LinkSettings(
      delay: .milliseconds(3), rate: BitRate(bitsPerSecond: 1_000_000), duplicate: .certain)
    let (world, a) = world(settings)
    world.send(a, one, two, length: 125)
    #expect(world.network.brokenLaws() == [])
    world.network.run(1)
    #expect(world.arrivals.map(\.time) == [.zero + .milliseconds(4), .zero + .milliseconds(5)])
    #expect(world.arrivals[0].message == world.arrivals[1].message && world.arrivals[0].message != nil)
    #expect(world.arrivals[0].packet.payload != world.arrivals[1].packet.payload)
    #expect(world.arrivals[0].packet.luck != world.arrivals[1].packet.luck)
    #expect(world.network.counts.created == 2 && world.network.counts.delivered == 2)
    #expect(world.network.brokenLaws() == [])
  }

  @Test("duplication happens as often as it says, and a full queue drops the copy alone")
  func duplicates() {
    let (often, a) = world(LinkSettings(duplicate: Probability(partsPerBillion: 100_000_000)))
    for _ in 0..<20_000 { often.send(a, one, two) }
    often.network.run(1)
    #expect(abs(often.arrivals.count - 22_000) < 170)  // 4 standard deviations of 20,000 × 0.1 × 0.9
    let (full, b) = world(LinkSettings(rate: BitRate(bitsPerSecond: 1_000_000), queue: ByteCount(150), duplicate: .certain))
    full.send(b, one, two)
    full.network.run(1)
    #expect(full.arrivals.count == 1 && full.network.drops == [Drop(reason: .queueFull, node: "a")])
    #expect(often.network.brokenLaws() + full.network.brokenLaws() == [])
  }

  @Test("mishaps befall the packets they name: one lost by a named element, one doubled, one overtaken")
  func mishaps() {
    let settings = LinkSettings(delay: .milliseconds(2))
    let (world, a) = world(
      settings,
      [
        Mishap(link: 0, packet: 5, fate: .delayed(.milliseconds(10)), name: -1),
        Mishap(link: 0, packet: 2, fate: .lost, name: -1), Mishap(link: 0, packet: 3, fate: .doubled, name: -1),
      ])
    for length in 101...106 { world.send(a, one, two, length: length) }
    world.network.run(1)
    #expect(world.arrivals.map(\.packet.length) == [101, 103, 103, 104, 106, 105])
    #expect(world.arrivals.last?.time == .zero + .milliseconds(12))
    #expect(world.network.drops == [Drop(reason: .linkLoss, node: "a")])
    #expect(world.network.links[0].given == 6 && world.network.links[1].given == 0)
    #expect(world.network.brokenLaws() == [])
  }

  @Test("a mishap of a packet that its link drops by itself befalls no other")
  func missed() {
    var settings = LinkSettings(delay: .milliseconds(1), rate: BitRate(bitsPerSecond: 1_000_000))
    settings.queue = ByteCount(250)
    let (world, a) = world(settings, [Mishap(link: 0, packet: 3, fate: .lost, name: -1)])
    for _ in 0..<3 { world.send(a, one, two, length: 125) }
    world.network.run(1)
    world.send(a, one, two, length: 125)
    world.network.run(1)
    #expect(world.arrivals.count == 3)
    #expect(world.network.drops == [Drop(reason: .queueFull, node: "a")])
  }

  @Test("duplication that begins while the world runs holds for what comes after it")
  func begins() {
    let (world, a) = world(LinkSettings(delay: .milliseconds(1)))
    world.send(a, one, two)
    world.network.links[0].settings.duplicate = .certain
    world.send(a, one, two)
    world.network.links[0].settings.duplicate = .never
    world.send(a, one, two)
    world.network.run(1)
    #expect(world.arrivals.count == 4)
  }
}
