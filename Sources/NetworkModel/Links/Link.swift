// One direction of a link: serialisation at its rate, a finite queue, loss, propagation and jitter. Pure arithmetic; one event a hop.
public import SimulationKernel
public import Trace

/// What one direction of a link is like.
public struct LinkSettings: Hashable, Sendable, BitwiseCopyable {
  /// Propagation time of one direction.
  public var delay: SimDuration
  /// Bits per second; `nil` serialises in no time.
  public var rate: BitRate?
  /// Bytes that may wait, the packet in service included.
  public var queue: ByteCount
  public var loss: Probability
  /// Each packet waits a further 0 … `jitter`, uniformly drawn.
  public var jitter: SimDuration
  /// Whether jitter may let a packet overtake an earlier one.
  public var reorders: Bool
  /// The largest IP packet in bytes.
  public var mtu: Int32

  /// 256 KiB of queue (*assumed*: about 200 full packets, a common router default) and Ethernet's MTU (RFC 894).
  public init(
    delay: SimDuration = .zero, rate: BitRate? = nil, queue: ByteCount = ByteCount(262_144), loss: Probability = .never,
    jitter: SimDuration = .zero, reorders: Bool = false, mtu: Int = 1500
  ) {
    self.delay = delay
    self.rate = rate
    self.queue = queue
    self.loss = loss
    self.jitter = jitter
    self.reorders = reorders
    self.mtu = Int32(mtu)
  }
}

/// One direction of a link in a running world.
public struct LinkDirection: Sendable, BitwiseCopyable {
  public enum Admission: Equatable, Sendable, BitwiseCopyable {
    case arrives(SimTime)
    case dropped(DropReason)
  }

  public var settings: LinkSettings {
    didSet { if settings.rate != oldValue.rate { beginPeriod(at: busyUntil) } }
  }
  public let key: ComponentKey
  public var up = true
  /// When the last admitted packet will have been serialised.
  public private(set) var busyUntil = SimTime(nanoseconds: .min)
  /// When the present busy period began, and the bytes admitted in it: time and queue follow from them without adding roundings.
  private var periodStart = SimTime(nanoseconds: .min)
  private var periodBytes: Int64 = 0
  private var lastArrival = SimTime(nanoseconds: .min)

  public init(settings: LinkSettings, key: ComponentKey) {
    self.settings = settings
    self.key = key
  }

  private mutating func beginPeriod(at time: SimTime) {
    periodStart = time
    periodBytes = 0
  }

  /// Takes a packet of `length` bytes at `now`; says when it arrives, or why it does not.
  @inline(__always)
  public mutating func admit(length: Int, luck: UInt64, now: SimTime, chance: Chance) -> Admission {
    guard up else { return .dropped(.linkDown) }
    var departure = now
    if let rate = settings.rate {
      if busyUntil <= now { beginPeriod(at: now) }
      let total = periodBytes + Int64(length)
      // The bytes beyond the queue's must have left by now; what meets an idle link always fits.
      let excess = total - settings.queue.bytes
      if excess > 0, periodBytes > 0, periodStart + rate.serialisation(of: Int(excess)) > now { return .dropped(.queueFull) }
      periodBytes = total
      departure = periodStart + rate.serialisation(of: Int(total))
      busyUntil = departure
    }
    if settings.loss != .never, settings.loss.happens(chance.draw(key, .loss, luck)) { return .dropped(.linkLoss) }
    var arrival = departure + settings.delay
    if settings.jitter > .zero {
      let extra = chance.draw(below: UInt64(settings.jitter.nanoseconds) + 1, key, .jitter, luck)
      arrival = arrival + SimDuration(nanoseconds: Int64(extra))
      if !settings.reorders, arrival < lastArrival { arrival = lastArrival }
      lastArrival = arrival
    }
    return .arrives(arrival)
  }
}
