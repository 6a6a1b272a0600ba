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

  public var settings: LinkSettings
  public let key: ComponentKey
  public var up = true
  /// When the last admitted packet will have been serialised.
  public private(set) var busyUntil = SimTime(nanoseconds: .min)
  private var lastArrival = SimTime(nanoseconds: .min)

  public init(settings: LinkSettings, key: ComponentKey) {
    self.settings = settings
    self.key = key
  }

  /// Takes a packet of `length` bytes at `now`; says when it arrives, or why it does not.
  @inline(__always)
  public mutating func admit(length: Int, luck: UInt64, now: SimTime, chance: Chance) -> Admission {
    guard up else { return .dropped(.linkDown) }
    var departure = now
    if let rate = settings.rate {
      let serialisation = rate.serialisation(of: length)
      let start = busyUntil > now ? busyUntil : now
      if start > now, (start - now) + serialisation > rate.serialisation(of: Int(settings.queue.bytes)) { return .dropped(.queueFull) }
      departure = start + serialisation
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
