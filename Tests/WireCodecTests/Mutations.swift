// Spoiled bytes: every decoder must answer them with a message or a `CodecError`, never with a trap.
//
// Here each codec gets 100,000 inputs from a fixed seed. `make fuzz` goes on with others; it sets two environment variables, which only
// this file reads.
import Foundation
import SimulationKernel
import Testing
import Wire
import WireCodec

/// Seeded chance for tests: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = mix(seed, 0x5EED) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mix(state, 0)
  }

  /// A number in a range.
  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  /// A member of a collection that has one.
  mutating func pick<T>(_ choices: [T]) -> T { choices[pick(0...choices.count - 1)] }
  mutating func flip() -> Bool { next() & 1 == 0 }
  mutating func word<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) -> T { T(truncatingIfNeeded: next()) }
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in word() } }
  /// One time in two nothing.
  mutating func perhaps<T>(_ make: (inout SeededGenerator) -> T) -> T? { flip() ? make(&self) : nil }
}

enum Mutations {
  private static func setting(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }
  /// How many spoiled inputs each codec gets.
  static let budget = Int(setting("SHORTPATH_FUZZ") ?? 100_000)
  /// Where their chance starts.
  static let seed = setting("SHORTPATH_FUZZ_SEED") ?? 1

  /// Bytes spoiled once to four times: bits flipped, numbers set to extremes, ends cut or extended, pieces doubled, removed or taken
  /// from `other`.
  static func spoil(_ bytes: [UInt8], with other: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<chance.pick(1...4) {
      if bytes.isEmpty { return chance.bytes(chance.pick(0...64)) }
      let at = chance.pick(0...bytes.count - 1)
      switch chance.pick(0...8) {
      case 0, 1: bytes[at] ^= 1 << UInt8(chance.pick(0...7))
      case 2: bytes[at] = chance.pick([0, 1, 0x7F, 0x80, 0xFE, 0xFF])
      case 3: bytes[at] = chance.word()
      case 4: bytes.removeLast(bytes.count - at)
      case 5: bytes += chance.bytes(chance.pick(1...16))
      case 6: bytes.removeSubrange(at..<chance.pick(at...min(bytes.count, at + 16)))
      case 7: bytes.insert(contentsOf: bytes[at..<chance.pick(at...min(bytes.count, at + 16))], at: at)
      default:
        if other.isEmpty { continue }
        let cut = chance.pick(0...other.count - 1)
        bytes.replaceSubrange(at..., with: other[cut...])
      }
    }
    return bytes
  }

  /// Spoils the messages of a codec and decodes them; a decoder that traps ends the test run.
  /// - Returns: how many were still accepted, so that a test can see that some of both kinds were tried.
  @discardableResult
  static func survive(
    _ corpus: [[UInt8]], count: Int = budget, _ decode: (ArraySlice<UInt8>) throws(CodecError) -> Void
  ) -> (accepted: Int, refused: Int) {
    var chance = SeededGenerator(seed)
    var accepted = 0
    for _ in 0..<count {
      // A slice that does not start at 0 finds the decoder that counts from there.
      let front = chance.pick(0...3)
      let bytes = [UInt8](repeating: 0xEE, count: front) + spoil(chance.pick(corpus), with: chance.pick(corpus), &chance)
      do {
        try decode(bytes[front...])
        accepted += 1
      } catch {}
    }
    return (accepted, count - accepted)
  }
}

@Suite struct MutationsTests {
  @Test("the same seed spoils the same bytes the same way")
  func repeatable() {
    let corpus: [[UInt8]] = [Array(0...40), Array(100...110)]
    var first: [[UInt8]] = []
    var second: [[UInt8]] = []
    Mutations.survive(corpus, count: 500) { first.append(Array($0)) }
    Mutations.survive(corpus, count: 500) { second.append(Array($0)) }
    #expect(first == second && Set(first).count > 400)
  }

  @Test("a hash's name leads back to the secret it was made of")
  func unhashed() {
    for id in [0, 1, 77, UInt64.max, 0x0123_4567_89AB_CDEF] { #expect(Secret(id: id).hashed.unhashed == Secret(id: id)) }
  }

  @Test("a sealed record opens with its own key stream and no other")
  func sealing() {
    let names = Identities(seed: 1)
    let stream = names.seal(Secret(id: 5), record: 1, count: 21)
    #expect(stream.count == 21 && stream == names.seal(Secret(id: 5), record: 1, count: 21))
    #expect(stream != names.seal(Secret(id: 5), record: 2, count: 21))
    #expect(stream != names.seal(Secret(id: 6), record: 1, count: 21))
    #expect(Array(stream.prefix(9)) == names.seal(Secret(id: 5), record: 1, count: 9))
  }
}
