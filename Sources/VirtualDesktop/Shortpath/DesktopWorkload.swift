// How much a desktop has to say: what the channels of a session carry, and how often.
public import SimulationKernel

/// A steady desktop: graphics down and input up at one beat, after a redirected device's first exchange both ways. It does not slow
/// down when its transport does: what cannot be sent yet waits at the sender.
public struct DesktopWorkload: Sendable, Hashable, BitwiseCopyable {
  /// A graphics update's bytes (*assumed*, as the beat: enough that a switch-over happens under traffic, little enough that runs stay fast).
  public var graphics = ByteCount(4_000)
  /// An input event's bytes: below 100 an operation (Microsoft, "RDP bandwidth requirements").
  public var input = ByteCount(60)
  /// A redirected device's first exchange (*assumed*).
  public var redirection = ByteCount(8_192)
  /// Between two updates, and between two input events.
  public var every = SimDuration.milliseconds(250)
  /// How long after the desktop the updates and events go on; `nil`: as long as the session.
  public var lasts: SimDuration?

  /// The modest default.
  public init() {}

  /// Microsoft's workload classes by their recommended rates, 1.5, 3, 5 and 15 Mbps ("Network guidelines"), in updates of 32 ms
  /// (*assumed*: about 30 frames a second).
  public static let presets: [(name: String, value: DesktopWorkload)] = [
    ("modest", DesktopWorkload()), ("light", frames(6_000)), ("medium", frames(12_000)), ("heavy", frames(20_000)),
    ("power", frames(60_000)),
  ]

  private static func frames(_ bytes: Int64) -> DesktopWorkload {
    var workload = DesktopWorkload()
    workload.graphics = ByteCount(bytes)
    workload.every = .milliseconds(32)
    return workload
  }
}
