// The smoothed round-trip time and the timeout that follows from it (RFC 6298), in whole nanoseconds.
public import SimulationKernel

/// RFC 6298 §2: smoothed round-trip time and its variation.
public struct RTTEstimator: Equatable, Sendable, BitwiseCopyable {
  /// SRTT; zero before the first sample.
  public private(set) var smoothed: SimDuration = .zero
  /// RTTVAR; zero before the first sample.
  public private(set) var variation: SimDuration = .zero
  /// Whether a sample has been taken.
  public private(set) var hasSample = false

  /// An estimator without samples.
  public init() {}

  /// Takes a measurement; the caller follows Karn's rule (RFC 6298 §3) and measures nothing that was sent twice.
  public mutating func add(_ sample: SimDuration) {
    guard hasSample else {
      // (2.2) the first measurement.
      smoothed = sample
      variation = sample / 2
      hasSample = true
      return
    }
    // (2.3) alpha = 1/8, beta = 1/4; the variation first.
    variation = (variation * 3 + (smoothed - sample).magnitude) / 4
    smoothed = (smoothed * 7 + sample) / 8
  }

  /// (2.3) SRTT + max(G, 4 * RTTVAR), kept between `minimum` and `maximum` (2.4, 2.5).
  public func timeout(granularity: SimDuration, minimum: SimDuration, maximum: SimDuration) -> SimDuration {
    min(max(smoothed + max(granularity, variation * 4), minimum), maximum)
  }
}
