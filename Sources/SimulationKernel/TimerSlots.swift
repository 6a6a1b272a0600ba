// Timer slots: each has one deadline, which may move at any time; nothing is ever cancelled in the event queue.
//
// A slot knows the times of all its entries in the queue. They form a stack: an entry is pushed only when the new deadline is
// earlier than every entry it already has, so the last pushed pops first, and no two of a slot's entries have the same time. A
// deadline that moves later pushes nothing: the entry finds the slot not yet due and goes back at the deadline. A freed slot is
// reused only after its last entry has popped, so no entry of a former life can fire a new one.

/// A timer slot of 32 bytes.
@frozen @usableFromInline struct TimerSlot: BitwiseCopyable {
  @usableFromInline var deadline: SimTime
  /// The time of the slot's earliest entry in the queue.
  @usableFromInline var pending: SimTime
  @usableFromInline var cause: UInt64
  /// `nobody` when the slot is free or waits for its entries to pop.
  @usableFromInline var owner: UInt32
  /// The row of the next later entry of this slot; in a free slot, the next free slot.
  @usableFromInline var below: UInt32
  @inlinable init(owner: UInt32) {
    deadline = TimerSlot.never
    pending = TimerSlot.never
    cause = 0
    self.owner = owner
    below = TimerSlot.nothing
  }
  /// `SimTime.never` as a constant the optimiser sees in other modules.
  @inlinable static var never: SimTime { SimTime(nanoseconds: .max) }
  @inlinable static var nothing: UInt32 { .max }
  @inlinable static var nobody: UInt32 { .max }
}

/// An entry that waits in the queue behind an earlier one of its slot.
@frozen @usableFromInline struct CoveredEntry: BitwiseCopyable {
  @usableFromInline var time: SimTime
  @usableFromInline var below: UInt32
  @inlinable init(time: SimTime, below: UInt32) {
    self.time = time
    self.below = below
  }
}

/// The timer slots of a world, each owned by one component and holding at most one deadline.
public struct TimerSlots: ~Copyable {
  /// What an entry popped from the queue means to its slot.
  @frozen public enum Fired: Equatable, Sendable, BitwiseCopyable {
    /// Nothing is due, and nothing is to be done.
    case stale
    /// The deadline has moved later: the slot must be pushed again at this time.
    case early(rearmAt: SimTime)
    /// The deadline is reached and thereby disarmed; `cause` is the record that set it.
    case due(owner: UInt32, cause: UInt64)
  }

  @usableFromInline var slots: UnsafeMutablePointer<TimerSlot>
  @usableFromInline var slotCount: UInt32 = 0
  @usableFromInline var capacity: UInt32 = 16
  @usableFromInline var freeSlot = TimerSlot.nothing
  /// The entries behind the earliest of their slots: few, for they arise only when a deadline moves earlier.
  @usableFromInline var covered: [CoveredEntry] = []
  @usableFromInline var freeCovered = TimerSlot.nothing
  @usableFromInline var live = 0

  /// No slots.
  public init() { slots = .allocate(capacity: 16) }
  deinit { slots.deallocate() }

  /// The number of slots allocated and not freed.
  @inlinable public var liveCount: Int { live }

  /// A slot of `owner`, disarmed.
  /// - Precondition: `owner` is not `UInt32.max`, and fewer than 2^24 slots are in use.
  @inlinable public mutating func allocate(owner: UInt32) -> UInt32 {
    precondition(owner != TimerSlot.nobody, "a timer slot without an owner")
    live &+= 1
    if freeSlot != TimerSlot.nothing {
      let slot = freeSlot
      freeSlot = slots[Int(slot)].below
      slots[Int(slot)] = TimerSlot(owner: owner)
      return slot
    }
    if slotCount == capacity { grow() }
    slots[Int(slotCount)] = TimerSlot(owner: owner)
    slotCount &+= 1
    return slotCount &- 1
  }

  @usableFromInline @inline(never) mutating func grow() {
    precondition(capacity < 1 << 24, "more timer slots than a queue entry can name")
    let wider = UnsafeMutablePointer<TimerSlot>.allocate(capacity: Int(capacity) * 2)
    wider.update(from: slots, count: Int(slotCount))
    slots.deallocate()
    slots = wider
    capacity *= 2
  }

  /// Gives the slot up; it is reused once its entries have popped.
  @inlinable public mutating func free(_ slot: UInt32) {
    let timer = checked(slot)
    timer.pointee.owner = TimerSlot.nobody
    timer.pointee.deadline = TimerSlot.never
    live &-= 1
    if timer.pointee.pending == TimerSlot.never { reuse(slot) }
  }

  @inlinable mutating func reuse(_ slot: UInt32) {
    slots[Int(slot)].below = freeSlot
    freeSlot = slot
  }

  @inlinable @inline(__always) func checked(_ slot: UInt32) -> UnsafeMutablePointer<TimerSlot> {
    precondition(slot < slotCount && slots[Int(slot)].owner != TimerSlot.nobody, "a timer slot that is not in use")
    return slots + Int(slot)
  }

  /// The slot's deadline, `.never` when disarmed.
  @inlinable public func deadline(of slot: UInt32) -> SimTime { checked(slot).pointee.deadline }

  /// Sets the slot's deadline, not before the present; `.never` disarms. An unchanged deadline keeps the cause that set it.
  /// - Returns: the time at which `slot` must now be pushed in the queue, or nil when an entry it already has suffices.
  @inlinable public mutating func arm(_ slot: UInt32, deadline: SimTime, cause: UInt64) -> SimTime? {
    let timer = checked(slot)
    if timer.pointee.deadline == deadline { return nil }
    timer.pointee.deadline = deadline
    timer.pointee.cause = cause
    if deadline >= timer.pointee.pending { return nil }  // `.never` is not before anything
    if timer.pointee.pending != TimerSlot.never { cover(timer) }
    timer.pointee.pending = deadline
    return deadline
  }

  /// An entry of `slot` popped at `now`. The caller pushes again what is `.early`; what is `.due` may be armed anew at once.
  @inlinable public mutating func fire(_ slot: UInt32, at now: SimTime) -> Fired {
    precondition(slot < slotCount && slots[Int(slot)].pending == now, "a timer entry that was never pushed")
    let timer = slots + Int(slot)
    if timer.pointee.below == TimerSlot.nothing { timer.pointee.pending = TimerSlot.never } else { uncover(timer) }
    let deadline = timer.pointee.deadline
    if deadline <= now {
      timer.pointee.deadline = TimerSlot.never
      return .due(owner: timer.pointee.owner, cause: timer.pointee.cause)
    }
    if deadline < timer.pointee.pending {
      if timer.pointee.pending != TimerSlot.never { cover(timer) }
      timer.pointee.pending = deadline
      return .early(rearmAt: deadline)
    }
    if timer.pointee.owner == TimerSlot.nobody && timer.pointee.pending == TimerSlot.never { reuse(slot) }
    return .stale
  }

  /// Puts the earliest entry behind the one about to be pushed.
  @usableFromInline @inline(never) mutating func cover(_ timer: UnsafeMutablePointer<TimerSlot>) {
    let entry = CoveredEntry(time: timer.pointee.pending, below: timer.pointee.below)
    if freeCovered == TimerSlot.nothing {
      timer.pointee.below = UInt32(covered.count)
      covered.append(entry)
    } else {
      timer.pointee.below = freeCovered
      freeCovered = covered[Int(freeCovered)].below
      covered[Int(timer.pointee.below)] = entry
    }
  }

  /// Makes the next later entry of the slot its earliest.
  @usableFromInline @inline(never) mutating func uncover(_ timer: UnsafeMutablePointer<TimerSlot>) {
    let row = timer.pointee.below
    let entry = covered[Int(row)]
    timer.pointee.pending = entry.time
    timer.pointee.below = entry.below
    covered[Int(row)].below = freeCovered
    freeCovered = row
  }
}
