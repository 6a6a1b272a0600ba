// Stateless chance and stable identity: the values themselves are pinned, because every stored run follows from them.
import SimulationKernel
import Testing

@Suite struct ChanceTests {
  private let chance = Chance(seed: 1)
  private let component = ComponentKey("home")

  @Test("the mixing is pinned: another value here changes every run and raises ModelVersion")
  func pinnedDraws() {
    #expect(mix(0, 0) == 0xE220_A839_7B1D_CDAF)
    #expect(mix(1, 2) == 0xDD15_73F6_4CBD_37A8)
    #expect(mix(1, 2, 3, 4) == 0xA5CD_6BF6_D0EF_9EF4)
    #expect(chance.draw(component, .loss, 0) == 0x84C6_56F2_BA80_9784)
    #expect(chance.draw(component, .jitter, 0) == 0x07D9_9CDB_932B_16C9)
    #expect(chance.draw(below: 64_512, component, .natPort, 17) == 19_022)
    #expect(component.part(3).value == 0x602F_7990_A255_C4E8)
  }

  @Test("stable hashes are pinned: they are the identity of components in stored runs")
  func pinnedHashes() {
    #expect(stableHash("") == 0xC074_3BFF_0ABE_7802)
    #expect(stableHash("alice") == 0x4357_A1F3_19EB_17C7)
    #expect(stableHash("sh-1") == 0x32B2_5373_F158_E051)
    #expect(stableHash("réseau") == 0x4D20_C106_ED6C_4BAE)
    #expect(hex(0xAB) == "00000000000000ab")
  }

  @Test("a rolling digest is pinned and depends on order")
  func pinnedDigest() {
    var digest = RollingDigest()
    #expect(digest.isEmpty)
    for word in 1...3 as ClosedRange<UInt64> { digest.add(word) }
    #expect(digest.value == 0x4435_858C_8BD4_726C)
    var other = RollingDigest()
    for word in [1, 3, 2] as [UInt64] { other.add(word) }
    #expect(other != digest)
  }

  @Test("draws below a bound are spread evenly: chi-square of 64 classes", arguments: ChancePurpose.allCases)
  func uniform(purpose: ChancePurpose) {
    var classes = [Int](repeating: 0, count: 64)
    for subject in 0..<64_000 as Range<UInt64> {
      classes[Int(chance.draw(below: 64, component, purpose, subject))] += 1
    }
    // Σ (observed - 1000)² is 1000 times chi-square with 63 degrees of freedom: mean 63, deviation 11.2; five deviations allowed.
    let squares = classes.reduce(0) { $0 + ($1 - 1_000) * ($1 - 1_000) }
    #expect((7_000...119_000).contains(squares))
  }

  @Test("draws of different purpose, component or seed are independent: any bit agrees half the time")
  func independent() {
    var streams: [(UInt64) -> UInt64] = ChancePurpose.allCases.map { purpose in
      { [chance, component] in chance.draw(component, purpose, $0) }
    }
    streams.append { [chance] in chance.draw(ComponentKey("homf"), .loss, $0) }
    streams.append { [component] in Chance(seed: 2).draw(component, .loss, $0) }
    streams.append { [chance, component] in chance.draw(component, .loss, $0 + 1) }
    let rows = streams.map { stream in (0..<4_096 as Range<UInt64>).map(stream) }
    for a in rows.indices {
      for b in rows.indices where b > a {
        let agreeing = zip(rows[a], rows[b]).reduce(0) { $0 + (~($1.0 ^ $1.1)).nonzeroBitCount }
        // 262,144 fair bits: mean 131,072, deviation 256; six deviations allowed.
        #expect(abs(agreeing - 131_072) < 1_536, "streams \(a) and \(b)")
      }
    }
  }

  @Test("every bit of the subject moves half of the bits of the draw")
  func avalanche() {
    for bit in 0..<64 as Range<UInt64> {
      var changed = 0
      for subject in 0..<256 as Range<UInt64> {
        let draw = chance.draw(component, .loss, subject)
        changed += (draw ^ chance.draw(component, .loss, subject ^ (1 << bit))).nonzeroBitCount
      }
      #expect(abs(changed - 8_192) < 512, "bit \(bit)")  // 16,384 bits: deviation 64; eight deviations allowed
    }
  }

  @Test("a draw below nothing is refused")
  func belowNothing() async {
    await #expect(processExitsWith: .failure) { _ = Chance(seed: 1).draw(below: 0, ComponentKey("x"), .loss, 0) }
  }
}
