// Hashes that are the same in every process: stable identity of components, and rolling fingerprints.

/// Mixes two words into one; the finaliser is that of SplitMix64 (Steele, Lea, Flood 2014).
@inlinable public func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
  var z = a &+ 0x9E37_79B9_7F4A_7C15 &* (b | 1) ^ (b << 31 | b >> 33)
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

@inlinable public func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 { mix(mix(a, b), c) }
@inlinable public func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> UInt64 { mix(mix(a, b, c), d) }

/// The 64-bit FNV-1a hash of a text's UTF-8 bytes, finalised.
public func stableHash(_ text: some StringProtocol) -> UInt64 {
  var h: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in text.utf8 { h = (h ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  return mix(h, 0x5348_4F52_5450_4154)
}

/// Who a component is, whatever its place in a file: the hash of its id (the YAML key), never of its label.
public struct ComponentKey: Hashable, Sendable, BitwiseCopyable, Comparable {
  public var value: UInt64
  @inlinable public init(value: UInt64) { self.value = value }
  public init(_ id: some StringProtocol) { self.value = stableHash(id) }
  @inlinable public static func < (a: ComponentKey, b: ComponentKey) -> Bool { a.value < b.value }
  /// The key of a part of this component.
  @inlinable public func part(_ subject: UInt64) -> ComponentKey { ComponentKey(value: mix(value, subject)) }
}

/// An order-dependent digest of a sequence of words; two differ with overwhelming probability when their sequences do.
public struct RollingDigest: Hashable, Sendable, BitwiseCopyable {
  public var value: UInt64
  @inlinable public init() { self.value = 0 }
  public var isEmpty: Bool { value == 0 }
  @inlinable public mutating func add(_ word: UInt64) {
    value = ((value ^ word) &* 0x9FB2_1C65_1E98_DF25) ^ (value >> 29) &+ 1
  }
}

/// A 64-bit digest as sixteen lower-case hexadecimal digits.
public func hex(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
