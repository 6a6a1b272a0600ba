// Quantities other than time: rates, sizes and probabilities, each with its unit in its type.

/// A transmission rate in bits per second; never zero.
public struct BitRate: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var bitsPerSecond: Int64

  /// - Precondition: `bitsPerSecond` > 0.
  @inlinable public init(bitsPerSecond: Int64) {
    precondition(bitsPerSecond > 0, "a rate of \(bitsPerSecond) bit/s carries nothing")
    self.bitsPerSecond = bitsPerSecond
  }
  @inlinable public static func megabits(_ n: Int64) -> BitRate { BitRate(bitsPerSecond: n * 1_000_000) }
  @inlinable public static func < (a: BitRate, b: BitRate) -> Bool { a.bitsPerSecond < b.bitsPerSecond }

  /// The time `bytes` take at this rate, rounded up to a whole nanosecond.
  @inlinable public func serialisation(of bytes: Int) -> SimDuration {
    let bits = Int64(bytes) &* 8
    if bits <= Int64.max / 1_000_000_000 {
      return SimDuration(nanoseconds: (bits &* 1_000_000_000 &+ bitsPerSecond &- 1) / bitsPerSecond)
    }
    let wide = UInt64(bits).multipliedFullWidth(by: 1_000_000_000)
    let (quotient, rest) = UInt64(bitsPerSecond).dividingFullWidth(wide)
    return SimDuration(nanoseconds: Int64(quotient) + (rest > 0 ? 1 : 0))
  }
}

/// A number of bytes.
public struct ByteCount: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var bytes: Int64
  @inlinable public init(_ bytes: Int64) { self.bytes = bytes }
  @inlinable public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}

/// A probability in parts per billion, 0 … 1,000,000,000: an integer, so that a draw compares alike on every machine.
public struct Probability: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var partsPerBillion: UInt32

  /// - Precondition: at most 1,000,000,000.
  @inlinable public init(partsPerBillion: UInt32) {
    precondition(partsPerBillion <= 1_000_000_000, "a probability above 100 %")
    self.partsPerBillion = partsPerBillion
  }
  @inlinable public static var never: Probability { Probability(partsPerBillion: 0) }
  @inlinable public static var certain: Probability { Probability(partsPerBillion: 1_000_000_000) }
  @inlinable public static func < (a: Probability, b: Probability) -> Bool { a.partsPerBillion < b.partsPerBillion }

  /// Whether the uniform 64-bit `draw` falls inside this probability.
  @inlinable public func happens(_ draw: UInt64) -> Bool {
    partsPerBillion != 0 && draw.multipliedFullWidth(by: 1_000_000_000).high < UInt64(partsPerBillion)
  }
}
