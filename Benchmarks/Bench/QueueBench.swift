// The event queue and the timer slots under the loads of ../queue.cpp.
import SimulationKernel

/// HOLD: pop one event, push one at now + Exp(1 s).
struct Hold: ~Copyable {
  private var workload = Workload()
  private var queue = RadixQueue()
  private var checksum: UInt64 = 0

  init(pending: Int) {
    for slot in 0..<pending { queue.push(at: SimTime(nanoseconds: workload.gap()), slot: UInt32(slot)) }
  }

  @inline(never) private mutating func turn(_ events: Int) {
    for _ in 0..<events {
      guard let event = queue.pop() else { return }
      checksum = checksum &* 31 &+ (UInt64(bitPattern: event.time.nanoseconds) ^ UInt64(event.slot))
      queue.push(at: event.time + SimDuration(nanoseconds: workload.gap()), slot: event.slot)
    }
  }

  /// One round of `events` events with `pending` pending, after a warm-up.
  static func round(pending: Int, events: Int) -> Round {
    var hold = Hold(pending: pending)
    hold.turn(pending)
    let seconds = elapsed { hold.turn(events) }
    return Round(value: Double(events) / seconds / 1e6, checksum: hold.checksum)
  }
}

/// Every stream's event restarts the stream's timeout of ln 10 s, which one gap in ten outlasts.
struct RestartedTimers: ~Copyable {
  private static let timeout = SimDuration(nanoseconds: 2_302_585_093)
  private var workload = Workload()
  private var queue = RadixQueue()
  private var timers = TimerSlots()
  private var checksum: UInt64 = 0
  private let streams: UInt32

  /// The events of the streams have the queue's slots below `streams`, their timers those above.
  init(streams: UInt32) {
    self.streams = streams
    for stream in 0..<streams {
      _ = timers.allocate(owner: stream)
      queue.push(at: SimTime(nanoseconds: workload.gap()), slot: stream)
    }
  }

  private mutating func note(_ time: SimTime, _ slot: UInt32) {
    checksum &+= (UInt64(bitPattern: time.nanoseconds) ^ UInt64(slot)) &* 0x9E37_79B9_7F4A_7C15
  }

  @inline(never) private mutating func turn(_ events: Int) {
    var done = 0
    while done < events, let event = queue.pop() {
      if event.slot < streams {
        note(event.time, event.slot)
        queue.push(at: event.time + SimDuration(nanoseconds: workload.gap()), slot: event.slot)
        if let entry = timers.arm(event.slot, deadline: event.time + Self.timeout, cause: UInt64(done)) {
          queue.push(at: entry, slot: event.slot + streams)
        }
        done += 1
      } else {
        switch timers.fire(event.slot - streams, at: event.time) {
        case .stale: break
        case .early(let rearmAt): queue.push(at: rearmAt, slot: event.slot)
        case .due(let owner, _): note(event.time, owner + streams)
        }
      }
    }
  }

  /// One round of `events` events, each restarting one of `streams` timeouts, after a warm-up.
  static func round(streams: UInt32, events: Int) -> Round {
    var bench = RestartedTimers(streams: streams)
    bench.turn(Int(streams))
    let seconds = elapsed { bench.turn(events) }
    return Round(value: Double(events) / seconds / 1e6, checksum: bench.checksum)
  }
}
