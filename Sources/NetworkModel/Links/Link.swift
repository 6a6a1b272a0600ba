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
  /// Of packets; with `burst`, of time.
  public var loss: Probability
  /// How long losses last on average: everything is lost in a burst and nothing between. Zero loses packet by packet.
  public var burst: SimDuration
  /// A packet's copy follows it, with a place in the queue and luck of its own.
  public var duplicate: Probability
  /// Each packet waits a further 0 … `jitter`, uniformly drawn.
  public var jitter: SimDuration
  /// Whether jitter may let a packet overtake an earlier one.
  public var reorders: Bool
  /// The largest IP packet in bytes.
  public var mtu: Int32

  /// 256 KiB of queue (*assumed*: about 200 full packets, a common router default) and Ethernet's MTU (RFC 894).
  public init(
    delay: SimDuration = .zero, rate: BitRate? = nil, queue: ByteCount = ByteCount(262_144), loss: Probability = .never,
    burst: SimDuration = .zero, duplicate: Probability = .never, jitter: SimDuration = .zero, reorders: Bool = false,
    mtu: Int = 1500
  ) {
    self.delay = delay
    self.rate = rate
    self.queue = queue
    self.loss = loss
    self.burst = burst
    self.duplicate = duplicate
    self.jitter = jitter
    self.reorders = reorders
    self.mtu = Int32(mtu)
  }
}

extension LinkSettings {
  /// How finely a burst's end is drawn (*assumed*).
  static let slotsPerBurst: UInt64 = 8
  /// The most `loss` that bursts of a chosen length can make up: with more there is no slot left between them.
  public static let mostBursting = Probability(partsPerBillion: 875_000_000)
  var isSteady: Bool { loss == .never && jitter <= .zero }
}

/// One direction of a link in a running world.
public struct LinkDirection: Sendable, BitwiseCopyable {
  public enum Admission: Equatable, Sendable, BitwiseCopyable {
    case arrives(SimTime)
    case dropped(DropReason)
  }

  public var settings: LinkSettings {
    didSet {
      if settings.rate != oldValue.rate { beginPeriod(at: busyUntil) }
      isSteady = settings.isSteady
      watch()
    }
  }
  /// Chance has no say in it: what departs arrives, after the delay.
  private var isSteady: Bool
  public let key: ComponentKey
  /// Why nothing gets through; `.none` while it works.
  public var obstacle = DropReason.none
  public var up: Bool {
    get { obstacle == .none }
    set { obstacle = newValue ? .none : .linkDown }
  }
  /// When the last admitted packet will have been serialised.
  public private(set) var busyUntil = SimTime(nanoseconds: .min)
  /// When the present busy period began, and the bytes admitted in it: time and queue follow from them without adding roundings.
  private var periodStart = SimTime(nanoseconds: .min)
  private var periodBytes: Int64 = 0
  private var lastArrival = SimTime(nanoseconds: .min)
  /// Packets it was given so far, from the world's start on; a mishap names its packet by this ordinal.
  public internal(set) var given: UInt64 = 0
  /// The ordinal of the next packet that meets a mishap.
  var nextMishap = UInt64.max { didSet { watch() } }
  /// From this ordinal on a packet that arrives must be looked at: it may meet a mishap or be duplicated.
  private(set) var watchedFrom = UInt64.max

  public init(settings: LinkSettings, key: ComponentKey) {
    self.settings = settings
    self.key = key
    isSteady = settings.isSteady
    watch()
  }

  private mutating func watch() { watchedFrom = settings.duplicate == .never ? nextMishap : 0 }

  private mutating func beginPeriod(at time: SimTime) {
    periodStart = time
    periodBytes = 0
  }

  /// Takes a packet of `length` bytes at `now`; says when it arrives, or why it does not.
  @inline(__always)
  public mutating func admit(length: Int, luck: UInt64, now: SimTime, chance: Chance) -> Admission {
    guard obstacle == .none else { return .dropped(obstacle) }
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
    return isSteady ? .arrives(departure + settings.delay) : disturbed(departure, luck, chance)
  }

  /// What chance makes of a packet that departs.
  @inline(never)
  private mutating func disturbed(_ departure: SimTime, _ luck: UInt64, _ chance: Chance) -> Admission {
    if settings.loss != .never, settings.burst > .zero ? isBursting(at: departure, chance) : isLost(luck, chance) {
      return .dropped(.linkLoss)
    }
    var arrival = departure + settings.delay
    if settings.jitter > .zero {
      let extra = chance.draw(below: UInt64(settings.jitter.nanoseconds) + 1, key, .jitter, luck)
      arrival = arrival + SimDuration(nanoseconds: Int64(extra))
      if !settings.reorders, arrival < lastArrival { arrival = lastArrival }
      lastArrival = arrival
    }
    return .arrives(arrival)
  }

  private func isLost(_ luck: UInt64, _ chance: Chance) -> Bool { settings.loss.happens(chance.draw(key, .loss, luck)) }

  /// Gilbert's chain of good and bad times (E. N. Gilbert, "Capacity of a Burst-Noise Channel", 1960) in slots of an eighth of the mean
  /// burst, without a generator: a slot renews the state with one probability, and renewed it is bad with `loss`. The state of any slot
  /// is that of the last one that renewed. So a burst goes on from slot to slot with 7/8, and `loss` of the time is bad.
  func isBursting(at time: SimTime, _ chance: Chance) -> Bool {
    let good = UInt64(Probability.certain.partsPerBillion - settings.loss.partsPerBillion)
    guard good > 0 else { return true }
    let scale = UInt64(Probability.certain.partsPerBillion)
    let renewal = Probability(partsPerBillion: UInt32(min(scale, scale / LinkSettings.slotsPerBurst * scale / good)))
    let length = max(settings.burst.nanoseconds / Int64(LinkSettings.slotsPerBurst), 1)
    var slot = time.nanoseconds / length - (time.nanoseconds % length < 0 ? 1 : 0)
    while !renewal.happens(chance.draw(key, .burstRenewal, UInt64(bitPattern: slot))) { slot -= 1 }
    return settings.loss.happens(chance.draw(key, .burstState, UInt64(bitPattern: slot)))
  }
}
