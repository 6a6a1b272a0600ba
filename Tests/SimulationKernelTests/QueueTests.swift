// The event queue against its oracle: long pseudo-random programs of pushes, peeks and pops.
import SimulationKernel
import Testing

/// A reproducible stream of words for test programs.
struct Words {
  private let key: UInt64
  private var ordinal: UInt64 = 0
  init(_ key: UInt64) { self.key = key }
  mutating func next() -> UInt64 {
    ordinal += 1
    return mix(key, ordinal)
  }
  mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
}

@Suite struct QueueTests {
  /// Spans of pushes: ties only, many ties, sub-millisecond, seconds, hours.
  @Test("any monotone program of pushes, peeks and pops gives what a plain (time, sequence) heap gives", arguments: 0..<40)
  func agreesWithOracle(program: Int) {
    var words = Words(UInt64(program))
    let span: UInt64 = [1, 8, 1_000_000, 5_000_000_000, 1 << 43][program % 5]
    var queue = RadixQueue()
    var oracle = BinaryQueue()
    var now = SimTime(nanoseconds: program % 2 == 0 ? 0 : -7_000_000_000)
    var next: UInt32 = 0
    var phase: UInt64 = 0
    for step in 0..<20_000 {
      if step % 500 == 0 { phase = words.below(3) }  // mostly pushes, balanced, mostly pops
      if words.below(8) == 0 {
        #expect(queue.peekTime() == oracle.peekTime())
      }
      if words.below(4) > phase {
        let time = now + SimDuration(nanoseconds: Int64(words.below(words.below(2) == 0 ? span : min(span, 3))))
        queue.push(at: time, slot: next)
        oracle.push(at: time, slot: next)
        next = (next + 1) & 0xFF_FFFF
      } else {
        let limit = words.below(4) == 0 ? now + SimDuration(nanoseconds: Int64(words.below(span))) : .never
        let popped = queue.pop(notAfter: limit)
        let expected = oracle.pop(notAfter: limit)
        guard popped?.time == expected?.time, popped?.slot == expected?.slot else {
          Issue.record("step \(step): popped \(String(describing: popped)), expected \(String(describing: expected))")
          return
        }
        if let popped { now = popped.time }
      }
      #expect(queue.count == oracle.count)
    }
    while let expected = oracle.pop() {
      let popped = queue.pop()
      #expect(popped?.time == expected.time && popped?.slot == expected.slot)
    }
    #expect(queue.isEmpty && queue.pop() == nil && queue.peekTime() == nil)
  }

  @Test("events of one time come out in the order they were pushed, across a redistribution")
  func equalTimesKeepPushOrder() {
    var queue = RadixQueue()
    for slot in 0..<100 as Range<UInt32> { queue.push(at: SimTime(nanoseconds: slot % 2 == 0 ? 1_000 : 999), slot: slot) }
    var order: [UInt32] = []
    while let event = queue.pop() {
      order.append(event.slot)
      if order.count == 60 { queue.push(at: event.time, slot: 777) }
    }
    #expect(order == Array(stride(from: 1, to: 100, by: 2)) + Array(stride(from: 0, to: 100, by: 2)) + [777])
  }

  @Test("a peek moves nothing: an event pushed afterwards at an earlier time still comes first")
  func pushAfterPeek() {
    var queue = RadixQueue()
    queue.push(at: SimTime(nanoseconds: 10), slot: 1)
    #expect(queue.pop()?.slot == 1)
    queue.push(at: SimTime(nanoseconds: 1_000_000), slot: 2)
    queue.push(at: SimTime(nanoseconds: 1_000_001), slot: 3)
    #expect(queue.peekTime() == SimTime(nanoseconds: 1_000_000))
    #expect(queue.pop(notAfter: SimTime(nanoseconds: 999_999)) == nil)
    queue.push(at: SimTime(nanoseconds: 11), slot: 4)
    #expect(queue.peekTime() == SimTime(nanoseconds: 11))
    queue.push(at: SimTime(nanoseconds: 10), slot: 5)  // the time last popped itself
    #expect(queue.peekTime() == SimTime(nanoseconds: 10))
    var order: [UInt32] = []
    while let event = queue.pop() { order.append(event.slot) }
    #expect(order == [5, 4, 2, 3])
  }

  @Test("times before the scenario's 0 s and the extremes of Int64 are ordered")
  func extremes() {
    var queue = RadixQueue()
    let times: [Int64] = [.max, 0, -1, 1, .min, .min + 1, .max - 1, -5_000_000_000]
    for (slot, time) in times.enumerated() { queue.push(at: SimTime(nanoseconds: time), slot: UInt32(slot)) }
    var popped: [Int64] = []
    while let event = queue.pop() { popped.append(event.time.nanoseconds) }
    #expect(popped == times.sorted())
  }

  @Test("memory follows the number of pending events: at most 48 bytes each once there are thousands")
  func memory() {
    var words = Words(3)
    var queue = RadixQueue()
    for slot in 0..<20_000 as Range<UInt32> {
      queue.push(at: SimTime(nanoseconds: Int64(words.below(2_000_000_000))), slot: slot)
    }
    for _ in 0..<300_000 {
      guard let event = queue.pop() else { break }
      queue.push(at: event.time + SimDuration(nanoseconds: Int64(words.below(2_000_000_000))), slot: event.slot)
    }
    #expect(queue.allocatedBytes <= 20_000 * 48)
  }

  @Test("an event before the present is a bug of ours and stops the run")
  func pastIsRefused() async {
    await #expect(processExitsWith: .failure) {
      var queue = RadixQueue()
      queue.push(at: SimTime(nanoseconds: 5), slot: 0)
      _ = queue.pop()
      queue.push(at: SimTime(nanoseconds: 4), slot: 0)
    }
  }

  @Test("a slot of more than 24 bits is refused")
  func wideSlotIsRefused() async {
    await #expect(processExitsWith: .failure) {
      var queue = RadixQueue()
      queue.push(at: .zero, slot: 1 << 24)
    }
  }
}
