// Links by arithmetic: when a packet arrives, when the queue is full, and what chance has a say in.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct LinkTests {
  let chance = Chance(seed: 1)

  func direction(_ settings: LinkSettings, key: String = "link") -> LinkDirection {
    LinkDirection(settings: settings, key: ComponentKey(key))
  }

  func ns(_ n: Int64) -> SimTime { SimTime(nanoseconds: n) }

  @Test(arguments: [
    // Length, rate in bit/s, delay, arrival: ⌈length × 8 × 10⁹ ÷ rate⌉ + delay.
    (1500, 10_000_000 as Int64, 3_000_000 as Int64, 4_200_000 as Int64),
    (1500, 7_000_000, 0, 1_714_286), (1, 1_000_000_000, 5, 13), (20, 3, 0, 53_333_333_334), (1500, 10_000_000_000, 0, 1200),
  ])
  func `a packet on an idle link arrives after serialisation and propagation, to the nanosecond`(
    length: Int, rate: Int64, delay: Int64, arrival: Int64
  ) {
    var link = direction(LinkSettings(delay: SimDuration(nanoseconds: delay), rate: BitRate(bitsPerSecond: rate)))
    #expect(link.admit(length: length, luck: 1, now: ns(0), chance: chance) == .arrives(ns(arrival)))
  }

  @Test func `packets that wait add no roundings: the last of a million bits leaves when a million bits take`() {
    var link = direction(LinkSettings(rate: BitRate(bitsPerSecond: 7_000_000), queue: ByteCount(1_000_000)))
    var last = LinkDirection.Admission.dropped(.none)
    for luck in 0..<125 { last = link.admit(length: 1000, luck: UInt64(luck), now: ns(0), chance: chance) }
    #expect(last == .arrives(ns(142_857_143)))  // ⌈10⁶ × 10⁹ ÷ 7·10⁶⌉
  }

  @Test func `a link without a rate serialises in no time and never queues`() {
    var link = direction(LinkSettings(delay: .milliseconds(2), queue: ByteCount(1)))
    for luck in 0..<50 {
      #expect(link.admit(length: 1500, luck: UInt64(luck), now: ns(7), chance: chance) == .arrives(ns(2_000_007)))
    }
  }

  @Test(arguments: [1_000_000, 7_000_000, 33_333_333, 999_999_999] as [Int64])
  func `the queue is full exactly at its byte limit`(rate: Int64) {
    var fits = direction(LinkSettings(rate: BitRate(bitsPerSecond: rate), queue: ByteCount(7 * 1500)))
    for luck in 0..<7 {
      #expect(fits.admit(length: 1500, luck: UInt64(luck), now: ns(0), chance: chance) != .dropped(.queueFull))
    }
    #expect(fits.admit(length: 1, luck: 9, now: ns(0), chance: chance) == .dropped(.queueFull))
    var short = direction(LinkSettings(rate: BitRate(bitsPerSecond: rate), queue: ByteCount(7 * 1500 - 1)))
    for luck in 0..<6 {
      #expect(short.admit(length: 1500, luck: UInt64(luck), now: ns(0), chance: chance) != .dropped(.queueFull))
    }
    #expect(short.admit(length: 1500, luck: 9, now: ns(0), chance: chance) == .dropped(.queueFull))
    #expect(short.admit(length: 1499, luck: 9, now: ns(0), chance: chance) != .dropped(.queueFull))
  }

  @Test func `room in a full queue comes back bit by bit, and not a nanosecond early`() {
    // 1 Mbit/s: a byte takes 8 µs.
    var link = direction(LinkSettings(rate: BitRate(bitsPerSecond: 1_000_000), queue: ByteCount(2000)))
    for luck in 0..<2 { _ = link.admit(length: 1000, luck: UInt64(luck), now: ns(0), chance: chance) }
    #expect(link.admit(length: 100, luck: 5, now: ns(799_999), chance: chance) == .dropped(.queueFull))
    #expect(link.admit(length: 100, luck: 5, now: ns(800_000), chance: chance) == .arrives(ns(16_800_000)))
  }

  @Test func `a packet longer than the queue passes an idle link and no busy one`() {
    var link = direction(LinkSettings(rate: BitRate(bitsPerSecond: 1_000_000), queue: ByteCount(100)))
    #expect(link.admit(length: 1500, luck: 1, now: ns(0), chance: chance) == .arrives(ns(12_000_000)))
    #expect(link.admit(length: 1, luck: 1, now: ns(1), chance: chance) == .dropped(.queueFull))
    #expect(link.admit(length: 1500, luck: 1, now: ns(12_000_000), chance: chance) == .arrives(ns(24_000_000)))
  }

  @Test func `a new rate holds for what comes after it`() {
    var link = direction(LinkSettings(rate: BitRate(bitsPerSecond: 1_000_000)))
    #expect(link.admit(length: 125, luck: 1, now: ns(0), chance: chance) == .arrives(ns(1_000_000)))
    link.settings.rate = BitRate(bitsPerSecond: 10_000_000)
    #expect(link.admit(length: 125, luck: 2, now: ns(500_000), chance: chance) == .arrives(ns(1_100_000)))
  }

  @Test func `each direction has its own settings and its own queue`() {
    var draft = Draft()
    let (a, b) = (draft.host("a"), draft.host("b"))
    let there = LinkSettings(delay: .milliseconds(3), rate: BitRate(bitsPerSecond: 1_000_000))
    let back = LinkSettings(delay: .milliseconds(40), rate: BitRate(bitsPerSecond: 100_000))
    let (left, right) = draft.link(a, "10.0.0.1", .lan, b, "10.0.0.2", .lan, there, back: back)
    draft.route(a, "10.0.0.2/32", by: left)
    draft.route(b, "10.0.0.1/32", by: right)
    let world = PacketWorld(draft)
    world.send(a, at("10.0.0.1", 1), at("10.0.0.2", 2), length: 125)
    world.send(b, at("10.0.0.2", 1), at("10.0.0.1", 2), length: 125)
    world.network.run(1)
    #expect(world.arrivals.map(\.time) == [ns(4_000_000), ns(50_000_000)])
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `the same luck has the same fate whatever else passes`() {
    let settings = LinkSettings(rate: .megabits(10), queue: ByteCount(.max), loss: Probability(partsPerBillion: 300_000_000))
    func fates(noise: Int) -> [Bool] {
      var link = direction(settings)
      return (0..<200).map { luck in
        for other in 0..<noise {
          _ = link.admit(length: 500, luck: mix(9, UInt64(luck), UInt64(other)), now: ns(0), chance: chance)
        }
        return link.admit(length: 100, luck: UInt64(luck), now: ns(0), chance: chance) == .dropped(.linkLoss)
      }
    }
    #expect(fates(noise: 0) == fates(noise: 3))
    let other = fates(noise: 0).filter { $0 }.count
    #expect((35...85).contains(other))  // 200 × 0.3, ± 4 standard deviations
  }

  @Test(arguments: [(0, 0), (100_000_000, 10_000), (1_000_000_000, 100_000)] as [(UInt32, Int)])
  func `loss happens as often as it says`(partsPerBillion: UInt32, expected: Int) {
    var link = direction(LinkSettings(loss: Probability(partsPerBillion: partsPerBillion)))
    let lost = (0..<100_000).filter {
      link.admit(length: 9, luck: mix(3, UInt64($0)), now: ns(0), chance: chance) != .arrives(ns(0))
    }
    #expect(abs(lost.count - expected) <= 380)  // 4 standard deviations of 100,000 × 0.1 × 0.9
  }

  @Test(arguments: [false, true]) func `jitter reorders only where the link says so`(reorders: Bool) {
    let settings = LinkSettings(delay: .milliseconds(10), jitter: .milliseconds(5), reorders: reorders)
    var link = direction(settings)
    var arrivals: [SimTime] = []
    for luck in 0..<500 {
      let now = ns(Int64(luck) * 100_000)
      guard case .arrives(let time) = link.admit(length: 100, luck: mix(4, UInt64(luck)), now: now, chance: chance) else {
        continue
      }
      #expect(time >= now + .milliseconds(10))
      if reorders { #expect(time <= now + .milliseconds(15)) }
      arrivals.append(time)
    }
    #expect(arrivals.count == 500)
    #expect((arrivals == arrivals.sorted()) == !reorders)
  }

  @Test func `what a link that is down is given is lost, and what is under way is not`() {
    var link = direction(LinkSettings(delay: .seconds(1)))
    #expect(link.admit(length: 10, luck: 1, now: ns(0), chance: chance) == .arrives(ns(1_000_000_000)))
    link.up = false
    #expect(link.admit(length: 10, luck: 2, now: ns(1), chance: chance) == .dropped(.linkDown))
  }
}
