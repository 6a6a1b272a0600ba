// The congestion window of a loss-based sender: slow start, congestion avoidance and NewReno recovery (RFC 5681, RFC 6582).

/// Congestion state in bytes; `segment` is always the sender's maximum segment size.
public struct NewReno: Equatable, Sendable, BitwiseCopyable {
  /// cwnd.
  public private(set) var window: UInt64
  /// ssthresh; RFC 5681 §3.1: arbitrarily high at first.
  public private(set) var threshold: UInt64 = .max
  /// RFC 6582 §3.2 `recover`: the send offset when the last loss was noticed.
  public private(set) var recover: UInt64 = 0
  /// Whether fast recovery is going on.
  public private(set) var isRecovering = false
  private var hadPartial = false
  /// Bytes acknowledged since the window last grew in congestion avoidance.
  private var counted: UInt64 = 0

  /// A window of `window` bytes in slow start.
  public init(window: UInt64) { self.window = window }

  /// RFC 5681 §3.1: `acked` new bytes were acknowledged while `flight` were out.
  public mutating func grow(acked: UInt64, flight: UInt64, segment: UInt64) {
    // RFC 7661 §4.1: a window not even half used proves nothing and does not grow.
    guard flight * 2 >= window else { return }
    if window < threshold {
      window += min(acked, segment)
    } else {
      counted += acked
      if counted >= window {
        counted -= window
        window += segment
      }
    }
  }

  /// RFC 6582 §3.2 step 2: whether duplicates for `una` may start a recovery, and are not echoes of the last one.
  public func mayRecover(at una: UInt64) -> Bool { !isRecovering && (recover == 0 || una > recover) }

  /// RFC 5681 §3.2 steps 2 and 3: a loss was noticed with `flight` bytes out, up to offset `sent`.
  public mutating func enterRecovery(flight: UInt64, sent: UInt64, segment: UInt64) {
    threshold = max(flight / 2, 2 * segment)
    window = threshold + 3 * segment
    recover = sent
    isRecovering = true
    hadPartial = false
    counted = 0
  }

  /// RFC 5681 §3.2 step 4: `bytes` have left the network during recovery.
  public mutating func inflate(by bytes: UInt64) { window += bytes }

  /// RFC 6582 §3.2 step 3, partial acknowledgement; true for the first, which alone restarts the timer.
  public mutating func partial(acked: UInt64, segment: UInt64) -> Bool {
    window = max(window - min(window, acked) + (acked >= segment ? segment : 0), segment)
    defer { hadPartial = true }
    return !hadPartial
  }

  /// RFC 6582 §3.2 step 3, full acknowledgement (option 1): ends the recovery without a burst.
  public mutating func leaveRecovery(flight: UInt64, segment: UInt64) {
    window = min(threshold, max(flight, segment) + segment)
    isRecovering = false
  }

  /// RFC 5681 §3.1 (4) and RFC 6582 §3.2 step 4: the timer expired; `again` when it had already for the same data.
  public mutating func timeout(flight: UInt64, sent: UInt64, segment: UInt64, again: Bool) {
    if !again { threshold = max(flight / 2, 2 * segment) }
    window = segment
    recover = sent
    isRecovering = false
    counted = 0
  }

  /// RFC 5681 §4.1: back to at most `initial` after an idle time of more than the timeout.
  public mutating func restart(initial: UInt64) { window = min(window, initial) }
}
