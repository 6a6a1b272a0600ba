// Stateless chance: a draw is a pure function of seed, component, purpose and subject, so nobody's use advances anybody else's.

/// What a draw is for; draws of different purpose are independent.
public enum ChancePurpose: UInt64, Sendable, CaseIterable {
  case loss = 1
  case jitter = 2
  case natPort = 3
  case ephemeralPort = 4
  case transactionID = 5
  case tieBreaker = 6
  case initialSequence = 7
  case cookie = 8
  case address = 9
  case traffic = 10
  case credential = 11
  case backoff = 12
  case duplicate = 20
  case burstRenewal = 21
  case burstState = 22
  case natAddress = 30
}

/// The seed of a run, from which every draw of that run follows.
public struct Chance: Hashable, Sendable, BitwiseCopyable {
  public let seed: UInt64
  @inlinable public init(seed: UInt64) { self.seed = seed }

  /// A uniform 64-bit word.
  @inlinable public func draw(_ component: ComponentKey, _ purpose: ChancePurpose, _ subject: UInt64) -> UInt64 {
    mix(mix(seed, component.value), mix(purpose.rawValue, subject))
  }

  /// A uniform number in 0 ..< `bound`.
  /// - Precondition: `bound` > 0.
  @inlinable public func draw(
    below bound: UInt64, _ component: ComponentKey, _ purpose: ChancePurpose, _ subject: UInt64
  ) -> UInt64 {
    precondition(bound > 0, "a draw below nothing")
    return draw(component, purpose, subject).multipliedFullWidth(by: bound).high
  }
}
