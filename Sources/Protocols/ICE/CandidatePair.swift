// A candidate pair of the checklist (RFC 8445 §6.1.2) and the arithmetic of priorities.
public import SimulationKernel
public import Wire

/// The priorities of candidates and of pairs.
public enum CandidatePriority {
  /// The greatest priority a candidate may have: 2³¹ − 1 (RFC 8445 §5.1.2).
  static let greatest: UInt32 = 0x7FFF_FFFF

  /// RFC 8445 §5.1.2.1: 2²⁴ × type preference + 2⁸ × local preference + (256 − component), for component 1.
  public static func candidate(_ type: CandidateType, localPreference: UInt16 = 65_535) -> UInt32 {
    UInt32(type.rawValue) << 24 | UInt32(localPreference) << 8 | 255
  }

  /// RFC 8445 §7.1.1: the local candidate's "but with the candidate type preference of peer-reflexive candidates".
  public static func peerReflexive(of priority: UInt32) -> UInt32 {
    UInt32(CandidateType.peerReflexive.rawValue) << 24 | priority & 0x00FF_FFFF
  }

  /// RFC 8445 §6.1.2.3: 2³² × min(G, D) + 2 × max(G, D) + (G > D ? 1 : 0); a forged priority above 2³¹ − 1 counts as that.
  public static func pair(controlling: UInt32, controlled: UInt32) -> UInt64 {
    let g = UInt64(min(controlling, greatest))
    let d = UInt64(min(controlled, greatest))
    return min(g, d) << 32 + 2 * max(g, d) + (g > d ? 1 : 0)
  }
}

/// A local base with a remote candidate, and how far its checks have come.
public struct CandidatePair: Equatable, Sendable {
  /// RFC 8445 §6.1.2.6, and the two ends that are not the pair's own.
  public enum State: Equatable, Sendable {
    /// Not to be checked yet. Next: `waiting`.
    case frozen
    /// To be checked. Next: `inProgress`, `unfinished`, `cancelled`.
    case waiting
    /// A check is out. Next: `succeeded`, `failed`, `waiting` (triggered again), `unfinished`, `cancelled`.
    case inProgress
    /// The pair is valid. Next: `failed` when its nomination fails.
    case succeeded
    /// Next: `waiting` when the peer's request comes over this pair.
    case failed
    /// The choice closed before the pair had ended. Next: `waiting` if the role is lost.
    case unfinished
    /// The agent was cancelled before the pair had ended.
    case cancelled

    /// Whether the pair waits for nothing any more.
    public var hasEnded: Bool {
      switch self {
      case .frozen, .waiting, .inProgress: false
      case .succeeded, .failed, .unfinished, .cancelled: true
      }
    }
  }

  /// Its row in the session's list of pairs, from 1: checklist order first, then as learned.
  public let row: Int
  /// The row of the base its checks are sent from.
  public let base: Int
  /// A candidate that can be sent from: reflexive ones have been replaced by their base (RFC 8445 §6.1.2.4).
  public let local: CandidateDescription
  public let remote: CandidateDescription
  /// Groups pairs for unfreezing: the foundations of both candidates (RFC 8445 §6.1.2.6).
  public let foundation: UInt64
  /// Who the pair is, whatever its row: made of the candidates' foundations, so that its luck outlives changes elsewhere.
  public let conversationKey: UInt64
  public internal(set) var priority: UInt64
  public internal(set) var state: State = .frozen
  /// The local candidate of the valid pair, as the peer saw it (RFC 8445 §7.2.5.3.2); `nil` before success.
  public internal(set) var validLocal: CandidateDescription?
  /// The lowest round trip measured on transactions that were never retransmitted.
  public internal(set) var roundTrip: SimDuration?
  public internal(set) var isNominated = false
  /// The controlling peer has sent USE-CANDIDATE over this pair (RFC 8445 §7.3.1.5).
  var nominationRequested = false
  /// A further check, only to measure the round trip, has been spent.
  var measurementSpent = false
  var checksStarted = 0

  init(
    row: Int, base: Int, local: CandidateDescription, remote: CandidateDescription, priority: UInt64, foundation: UInt64,
    conversationKey: UInt64
  ) {
    self.row = row
    self.base = base
    self.local = local
    self.remote = remote
    self.priority = priority
    self.foundation = foundation
    self.conversationKey = conversationKey
  }

  /// RFC 8445 §6.1.2.2: same address family, and IPv6 link-local addresses only among themselves.
  static func canPair(_ a: IPAddress, _ b: IPAddress) -> Bool {
    a.isV4 == b.isV4 && isLinkLocal(a) == isLinkLocal(b)
  }

  /// fe80::/10 (RFC 4291 §2.5.6).
  private static func isLinkLocal(_ address: IPAddress) -> Bool { !address.isV4 && address.high >> 54 == 0x3FA }
}
