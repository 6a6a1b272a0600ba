// Timer slots: what each entry popped from the queue means, by hand and against a plain model.
import SimulationKernel
import Testing

@Suite struct TimerTests {
  private func at(_ n: Int64) -> SimTime { SimTime(nanoseconds: n) }

  @Test("a deadline is due at its time, once, with its owner and the cause that set it")
  func due() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 7)
    #expect(timers.arm(slot, deadline: at(10), cause: 99) == at(10))
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 7, cause: 99))
    #expect(timers.deadline(of: slot) == .never)
  }

  @Test("a deadline that moves later pushes nothing: the early entry goes back at the new deadline")
  func movesLater() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    #expect(timers.arm(slot, deadline: at(10), cause: 1) == at(10))
    #expect(timers.arm(slot, deadline: at(30), cause: 2) == nil)
    #expect(timers.fire(slot, at: at(10)) == .early(rearmAt: at(30)))
    #expect(timers.fire(slot, at: at(30)) == .due(owner: 1, cause: 2))
  }

  @Test("a deadline that moves earlier pushes a second entry; the first, popping later, is stale or serves a later deadline")
  func movesEarlier() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    #expect(timers.arm(slot, deadline: at(100), cause: 1) == at(100))
    #expect(timers.arm(slot, deadline: at(10), cause: 2) == at(10))
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 1, cause: 2))
    #expect(timers.arm(slot, deadline: at(120), cause: 3) == nil)  // the entry at 100 suffices
    #expect(timers.arm(slot, deadline: .never, cause: 4) == nil)
    #expect(timers.fire(slot, at: at(100)) == .stale)
    #expect(timers.arm(slot, deadline: at(120), cause: 5) == at(120))
  }

  @Test("an entry before a moved deadline goes back only when no other entry of the slot stands in between")
  func coveredEntryServes() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    _ = timers.arm(slot, deadline: at(50), cause: 1)
    _ = timers.arm(slot, deadline: at(10), cause: 2)
    #expect(timers.arm(slot, deadline: at(60), cause: 3) == nil)
    #expect(timers.fire(slot, at: at(10)) == .stale)  // the entry at 50 will see to it
    #expect(timers.fire(slot, at: at(50)) == .early(rearmAt: at(60)))
    #expect(timers.fire(slot, at: at(60)) == .due(owner: 1, cause: 3))
  }

  @Test("arming at the very time of a firing is legal and due at that time again")
  func armInsideFire() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    _ = timers.arm(slot, deadline: at(10), cause: 1)
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 1, cause: 1))
    #expect(timers.arm(slot, deadline: at(10), cause: 2) == at(10))
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 1, cause: 2))
  }

  @Test("arming anew for the time of an older entry uses that entry, so no slot has two at one time")
  func noTwoEntriesAtOneTime() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    _ = timers.arm(slot, deadline: at(20), cause: 1)
    _ = timers.arm(slot, deadline: at(10), cause: 2)
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 1, cause: 2))
    #expect(timers.arm(slot, deadline: at(20), cause: 3) == nil)
    #expect(timers.fire(slot, at: at(20)) == .due(owner: 1, cause: 3))
  }

  @Test("an unchanged deadline keeps the cause that set it")
  func unchangedDeadlineKeepsCause() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    _ = timers.arm(slot, deadline: at(10), cause: 1)
    #expect(timers.arm(slot, deadline: at(10), cause: 2) == nil)
    #expect(timers.fire(slot, at: at(10)) == .due(owner: 1, cause: 1))
  }

  @Test("a freed slot is not reused before its last entry has popped")
  func freedSlotWaits() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    _ = timers.arm(slot, deadline: at(20), cause: 1)
    _ = timers.arm(slot, deadline: at(10), cause: 1)
    timers.free(slot)
    #expect(timers.liveCount == 0)
    let other = timers.allocate(owner: 2)
    #expect(other != slot)
    #expect(timers.fire(slot, at: at(10)) == .stale)
    #expect(timers.allocate(owner: 3) != slot)
    #expect(timers.fire(slot, at: at(20)) == .stale)
    #expect(timers.allocate(owner: 4) == slot)
  }

  @Test("a freed slot without entries is reused at once")
  func idleSlotIsReused() {
    var timers = TimerSlots()
    let slot = timers.allocate(owner: 1)
    timers.free(slot)
    #expect(timers.allocate(owner: 2) == slot)
  }

  @Test("a freed slot, an entry never pushed and an owner of none are refused")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      var timers = TimerSlots()
      let slot = timers.allocate(owner: 1)
      timers.free(slot)
      _ = timers.arm(slot, deadline: .zero, cause: 0)
    }
    await #expect(processExitsWith: .failure) {
      var timers = TimerSlots()
      _ = timers.fire(timers.allocate(owner: 1), at: .zero)
    }
    await #expect(processExitsWith: .failure) {
      var timers = TimerSlots()
      _ = timers.allocate(owner: .max)
    }
  }

  /// One slot as seen by a plain model.
  private struct Expected {
    var slot: UInt32
    var deadline: SimTime
    var cause: UInt64
  }

  @Test("under any program of arming, freeing and reuse a deadline is due at its time, and entries stay few", arguments: 0..<20)
  func agreesWithModel(program: Int) {
    var words = Words(UInt64(1_000 + program))
    var queue = RadixQueue()
    var timers = TimerSlots()
    var owners: [UInt32: Expected] = [:]
    var now = SimTime.zero
    var nextOwner: UInt32 = 0
    let scales: [UInt64] = [4, 50, 1_000, 100_000]
    for step in 0..<20_000 as Range<UInt64> {
      let owner = nextOwner < 20 ? nextOwner : nextOwner - 1 - UInt32(words.below(20))
      if owners[owner] == nil {
        owners[owner] = Expected(slot: timers.allocate(owner: owner), deadline: .never, cause: 0)
        nextOwner = max(nextOwner, owner + 1)
      }
      if var expected = owners[owner] {
        let choice = words.below(16)
        if choice == 0 {
          timers.free(expected.slot)
          owners[owner] = nil
          nextOwner += 1
        } else {
          let delay = SimDuration(nanoseconds: Int64(words.below(scales[Int(words.below(4))])))
          let deadline = choice == 1 ? SimTime.never : now + delay
          if deadline != expected.deadline { (expected.deadline, expected.cause) = (deadline, step) }
          if let entry = timers.arm(expected.slot, deadline: deadline, cause: step) { queue.push(at: entry, slot: expected.slot) }
          owners[owner] = expected
        }
      }
      let until = now + SimDuration(nanoseconds: Int64(words.below(20)))
      while let event = queue.pop(notAfter: until) {
        switch timers.fire(event.slot, at: event.time) {
        case .stale: break
        case .early(let rearmAt): queue.push(at: rearmAt, slot: event.slot)
        case .due(let owner, let cause):
          #expect(owners[owner]?.deadline == event.time && owners[owner]?.cause == cause)
          owners[owner]?.deadline = .never
        }
      }
      #expect(owners.values.allSatisfy { $0.deadline > until }, "a deadline was missed")
      now = until
    }
    #expect(timers.liveCount == owners.count)
    #expect(queue.count < 3_000)  // about 600 freed slots wait for their entries, at most 100,000 ns = 10,000 steps
  }
}
