// Time, rates and probabilities: arithmetic at the edges, and the words they print.
import SimulationKernel
import Testing

@Suite struct QuantityTests {
  @Test("time saturates at never, and never is later than every instant")
  func saturation() {
    #expect(SimTime.never + .seconds(1) == .never)
    #expect(SimTime(nanoseconds: .max - 5) + SimDuration(nanoseconds: 6) == .never)
    #expect(SimTime(nanoseconds: .max - 5) + SimDuration(nanoseconds: 4) < .never)
    #expect(SimTime.zero + .seconds(-3) < .zero)
    #expect(SimTime(nanoseconds: 5) - SimTime(nanoseconds: 12) == SimDuration(nanoseconds: -7))
  }

  @Test("an instant prints as milliseconds with three decimals, rounded half away from zero")
  func descriptions() {
    #expect(SimTime.never.description == "never")
    #expect(SimTime.zero.description == "0.000 ms")
    #expect(SimDuration.milliseconds(1_500).description == "1500.000 ms")
    #expect(SimDuration(nanoseconds: 1_002_499).description == "1.002 ms")
    #expect(SimDuration(nanoseconds: 1_002_500).description == "1.003 ms")
    #expect(SimDuration(nanoseconds: 999_999_500).description == "1000.000 ms")
    #expect(SimDuration.microseconds(-20).description == "-0.020 ms")
    #expect(SimDuration(nanoseconds: -7).magnitude == SimDuration(nanoseconds: 7))
  }

  @Test("serialisation rounds up to a whole nanosecond")
  func serialisation() {
    #expect(BitRate.megabits(1_000).serialisation(of: 1_500).nanoseconds == 12_000)
    #expect(BitRate(bitsPerSecond: 3).serialisation(of: 1).nanoseconds == 2_666_666_667)
    #expect(BitRate(bitsPerSecond: 8_000_000_001).serialisation(of: 1).nanoseconds == 1)
    #expect(BitRate(bitsPerSecond: 1).serialisation(of: 0).nanoseconds == 0)
    // Past 64 bits: 2 GB at 3 bit/s is 16e18 / 3 ns, rounded up.
    #expect(BitRate(bitsPerSecond: 3).serialisation(of: 2_000_000_000).nanoseconds == 5_333_333_333_333_333_334)
  }

  @Test("a rate of zero is refused")
  func zeroRate() async {
    await #expect(processExitsWith: .failure) { _ = BitRate(bitsPerSecond: 0) }
  }

  @Test("0 never happens, 1 always, and one in a billion only to the lowest draws")
  func probabilityEdges() {
    #expect(!Probability.never.happens(0) && !Probability.never.happens(.max))
    let certain = Probability(partsPerBillion: 1_000_000_000)
    #expect(certain.happens(0) && certain.happens(.max))
    let rare = Probability(partsPerBillion: 1)
    let share = UInt64.max / 1_000_000_000  // a billionth of all draws, rounded down
    #expect(rare.happens(0) && rare.happens(share) && !rare.happens(share + 1))
    let half = Probability(partsPerBillion: 500_000_000)
    #expect(half.happens(1 << 63 - 1) && !half.happens(1 << 63))
  }

  @Test("a probability above one is refused")
  func tooProbable() async {
    await #expect(processExitsWith: .failure) { _ = Probability(partsPerBillion: 1_000_000_001) }
  }
}
