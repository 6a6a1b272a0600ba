// IP addresses, prefixes and endpoints, in one bitwise-copyable form for both families.

/// An IPv4 or IPv6 address; IPv4 is held as its IPv4-mapped form (RFC 4291 §2.5.5.2), so one comparison serves both.
public struct IPAddress: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var high: UInt64
  public var low: UInt64

  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
  @inlinable public init(v4 word: UInt32) { self.init(high: 0, low: 0x0000_FFFF_0000_0000 | UInt64(word)) }
  @inlinable public static var unspecified: IPAddress { IPAddress(high: 0, low: 0) }

  @inlinable public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }
  /// The 32 bits of an IPv4 address.
  @inlinable public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

  @inlinable public static func < (a: IPAddress, b: IPAddress) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }
}

/// A prefix: the first `length` bits of `address`, counted in the 128-bit form (an IPv4 /24 has 120).
public struct IPPrefix: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var address: IPAddress
  public var length: UInt8

  /// - Parameter length: 0 … 128, in bits of the 128-bit form. Host bits of `address` are cleared.
  @inlinable public init(_ address: IPAddress, length: Int) {
    precondition((0...128).contains(length), "a prefix of \(length) bits")
    self.length = UInt8(length)
    let (h, l) = IPPrefix.mask(length)
    self.address = IPAddress(high: address.high & h, low: address.low & l)
  }
  /// An IPv4 prefix of 0 … 32 bits.
  @inlinable public init(v4 word: UInt32, _ bits: Int) { self.init(IPAddress(v4: word), length: 96 + bits) }

  @inlinable public static var allV4: IPPrefix { IPPrefix(v4: 0, 0) }
  @inlinable public static var allV6: IPPrefix { IPPrefix(IPAddress(high: 0x2000 << 48, low: 0), length: 3) }

  @inlinable static func mask(_ length: Int) -> (UInt64, UInt64) {
    if length >= 64 { return (.max, length == 64 ? 0 : UInt64.max << UInt64(128 - length)) }
    return (length == 0 ? 0 : UInt64.max << UInt64(64 - length), 0)
  }
  @inlinable public func contains(_ other: IPAddress) -> Bool {
    let (h, l) = IPPrefix.mask(Int(length))
    return other.high & h == address.high && other.low & l == address.low
  }
  @inlinable public func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.address) }
  /// The length as people write it: of 32 for IPv4.
  public var writtenLength: Int { address.isV4 && length >= 96 ? Int(length) - 96 : Int(length) }
  @inlinable public static func < (a: IPPrefix, b: IPPrefix) -> Bool {
    a.address != b.address ? a.address < b.address : a.length < b.length
  }
}

/// An address with a UDP or TCP port.
public struct Endpoint: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var address: IPAddress
  public var port: UInt16
  @inlinable public init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }
  @inlinable public static var none: Endpoint { Endpoint(.unspecified, 0) }
  @inlinable public static func < (a: Endpoint, b: Endpoint) -> Bool {
    a.address != b.address ? a.address < b.address : a.port < b.port
  }
  @inlinable public var hash: UInt64 { hashWords(address.high, address.low, UInt64(port)) }
}

@inlinable func hashWords(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
  var z = (a &* 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xC2B2_AE3D_27D4_EB4F) ^ (c &* 0x1656_67B1_9E37_79F9)
  z = (z ^ (z >> 32)) &* 0xD6E8_FEB8_6659_FD93
  return z ^ (z >> 32)
}
