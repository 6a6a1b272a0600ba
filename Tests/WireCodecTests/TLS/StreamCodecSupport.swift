// Seeded values, and mistakes made in bytes on purpose, for the codecs of streams.
import SimulationKernel
import Wire
import WireCodec

/// A seeded source of values.
struct SeededValues {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func word() -> UInt64 {
    state &+= 1
    return mix(0x5EED_0F_7E57, state)
  }
  mutating func below(_ bound: Int) -> Int { Int(word().multipliedFullWidth(by: UInt64(bound)).high) }
  mutating func flip() -> Bool { word() & 1 == 1 }
  mutating func pick<T>(_ all: [T]) -> T { all[below(all.count)] }
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: word() >> 9) } }
  mutating func secret() -> Secret { Secret(id: word()) }

  /// Names of every kind: short and long host names, and texts that are none.
  mutating func text() -> String {
    switch below(10) {
    case 0: return "a name with spaces, \"quotes\" and \\"
    case 1: return "x" + hex(word())
    case 2: return (0..<5).map { _ in label(50) }.joined(separator: ".")
    case 3: return "é" + label(4)
    case 4...6: return label(below(14))
    default: return label(below(20)) + "." + label(below(20)) + ".example"
    }
  }

  private mutating func label(_ count: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-")
    return "h" + String((0..<count).map { _ in letters[below(letters.count)] }) + "t"
  }

  /// A component that has a text in `identities`, or has none.
  mutating func component(_ identities: inout Identities) -> ComponentKey {
    below(5) == 0 ? ComponentKey(value: word()) : identities.key(of: text())
  }
}

extension Array where Element == UInt8 {
  /// Cuts into pieces of 1 to `longest` bytes.
  func pieces(longest: Int, _ values: inout SeededValues) -> [ArraySlice<UInt8>] {
    var out: [ArraySlice<UInt8>] = []
    var start = 0
    while start < count {
      let end = Swift.min(count, start + 1 + values.below(longest))
      out.append(self[start..<end])
      start = end
    }
    return out
  }

  /// Bytes from hexadecimal digits.
  init(hex text: String) {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
