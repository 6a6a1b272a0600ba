// The three fingerprints of a run: what came out, what was said, and where everything went when.
import SimulationKernel

/// Digests that are equal exactly (with overwhelming probability) when two runs agree at that level.
public struct Fingerprints: Hashable, Sendable {
  /// Per session: transport, route, reason; and the expectations' verdicts.
  public var outcome: UInt64
  /// The story transcript per machine, without times, ports or retransmission counts.
  public var protocolStory: UInt64
  /// Per component: every send, arrival, drop and due deadline.
  public var trajectory: UInt64
  public init(outcome: UInt64, protocolStory: UInt64, trajectory: UInt64) {
    self.outcome = outcome
    self.protocolStory = protocolStory
    self.trajectory = trajectory
  }
}

/// Digests per key, combined in key order so that neither hash order nor idle components show.
struct KeyedDigests: ~Copyable {
  private var rows = FlatTable<UInt64, UInt32>()
  private var digests: [(key: UInt64, digest: RollingDigest)] = []

  mutating func add(_ word: UInt64, under key: UInt64) {
    if let row = rows[key] { return digests[Int(row)].digest.add(word) }
    rows.insert(UInt32(digests.count), for: key)
    digests.append((key, RollingDigest()))
    digests[digests.count - 1].digest.add(word)
  }

  func combined() -> UInt64 {
    var whole = RollingDigest()
    for (key, digest) in digests.sorted(by: { $0.key < $1.key }) {
      whole.add(key)
      whole.add(digest.value)
    }
    return whole.value
  }
}
