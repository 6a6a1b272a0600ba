// Virtual time: instants and durations in whole nanoseconds, so that no clock and no rounding mode enters a world.

/// An instant in nanoseconds from the scenario's time 0 s; the prologue, in which hosts register, lies before it.
public struct SimTime: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable public static var zero: SimTime { SimTime(nanoseconds: 0) }
  /// Later than every event: the deadline of something that waits for nothing.
  @inlinable public static var never: SimTime { SimTime(nanoseconds: .max) }

  @inlinable public static func < (a: SimTime, b: SimTime) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Saturates at `never`.
  @inlinable public static func + (a: SimTime, b: SimDuration) -> SimTime {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return overflow ? .never : SimTime(nanoseconds: sum)
  }

  @inlinable public static func - (a: SimTime, b: SimTime) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds &- b.nanoseconds)
  }
}

/// A span of virtual time in nanoseconds; negative spans arise only from subtraction.
public struct SimDuration: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable public static func microseconds(_ n: Int64) -> SimDuration { SimDuration(nanoseconds: n * 1_000) }
  @inlinable public static func milliseconds(_ n: Int64) -> SimDuration { SimDuration(nanoseconds: n * 1_000_000) }
  @inlinable public static func seconds(_ n: Int64) -> SimDuration { SimDuration(nanoseconds: n * 1_000_000_000) }
  @inlinable public static var zero: SimDuration { SimDuration(nanoseconds: 0) }

  @inlinable public static func < (a: SimDuration, b: SimDuration) -> Bool { a.nanoseconds < b.nanoseconds }
  @inlinable public static func + (a: SimDuration, b: SimDuration) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds + b.nanoseconds)
  }
  @inlinable public static func - (a: SimDuration, b: SimDuration) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds - b.nanoseconds)
  }
  @inlinable public static func * (a: SimDuration, n: Int64) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds * n)
  }
  @inlinable public static func / (a: SimDuration, n: Int64) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds / n)
  }
  @inlinable public var magnitude: SimDuration { SimDuration(nanoseconds: nanoseconds < 0 ? -nanoseconds : nanoseconds) }
}

extension SimTime: CustomStringConvertible {
  /// Milliseconds with three decimals, as every report prints an instant.
  public var description: String { self == .never ? "never" : SimDuration(nanoseconds: nanoseconds).description }
}

extension SimDuration {
  /// Milliseconds with six decimals and no unit: every nanosecond.
  public var exact: String {
    let fraction = String(nanoseconds.magnitude % 1_000_000)
    return (nanoseconds < 0 ? "-" : "") + "\(nanoseconds.magnitude / 1_000_000)."
      + String(repeating: "0", count: 6 - fraction.count) + fraction
  }

  /// What `exact` has written; `nil` for anything else.
  public init?(exact text: some StringProtocol) {
    let isNegative = text.first == "-"
    let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].utf8.count == 6, let whole = Int64(parts[0]), let fraction = Int64(parts[1]),
      !parts.contains(where: { $0.isEmpty || $0.first == "-" || $0.first == "+" })
    else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow, scaled <= .max - fraction else { return nil }
    self.init(nanoseconds: isNegative ? -(scaled + fraction) : scaled + fraction)
  }
}

extension SimDuration: CustomStringConvertible {
  public var description: String {
    let sign = nanoseconds < 0 ? "-" : ""
    let micros = (nanoseconds.magnitude + 500) / 1_000
    let fraction = String(micros % 1_000)
    return "\(sign)\(micros / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction + " ms"
  }
}
