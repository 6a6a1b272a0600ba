// The pseudo-random stream of the micro benchmarks: integers only, the same as in ../queue.cpp, so that checksums must agree.

/// Exponential gaps of mean 1 s from SplitMix64 (Steele, Lea, Flood 2014) and a table of logarithms.
struct Workload: ~Copyable {
  private var state: UInt64 = 1
  private let table: UnsafeMutablePointer<UInt64>

  init() {
    table = .allocate(capacity: 1025)
    for row in 0..<1024 { table[row] = Workload.logarithm(UInt64(1024 - row)) }
    table[1024] = table[1023] + 1_000_000_000  // the last row ends one mean further: the tail's own mean
  }
  deinit { table.deallocate() }

  /// The next gap in nanoseconds.
  @inline(__always) mutating func gap() -> Int64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    let row = Int(z >> 54)
    let fraction = z & 0xFFFF_FFFF
    return Int64(bitPattern: table[row] &+ ((table[row &+ 1] &- table[row]) &* fraction) >> 32)
  }

  /// -ln(n / 1024) in nanoseconds: the binary digits of log2 n by repeated squaring.
  private static func logarithm(_ n: UInt64) -> UInt64 {
    let whole = UInt64(63 - n.leadingZeroBitCount)
    var mantissa = n << (63 - whole)
    var digits: UInt64 = 0
    for _ in 0..<30 {
      let square = mantissa.multipliedFullWidth(by: mantissa)
      let carry = square.high >> 63
      digits = digits << 1 | carry
      mantissa = carry == 1 ? square.high : square.high << 1 | square.low >> 63
    }
    return (((10 << 30) - (whole << 30 + digits)) * 693_147_181) >> 30
  }
}
