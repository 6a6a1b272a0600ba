// What stood in an attempt's way, each with the changes that would lift it.
public import ScenarioModel
public import Simulation
public import Trace

/// One thing that stood in an attempt's way.
public struct Obstacle: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Packets were dropped, or could not leave.
    case drop(Blocker)
    /// A setting, by its real name, forbade the attempt or took a part of it away.
    case setting(String, Reason)
    /// The scenario changed while the run lasted: the event's number, from 1.
    case event(Int)
    /// A role could not take its part.
    case failure(ConnectionFailure)
  }
  public var kind: Kind
  /// Changes under each of which it would not have happened, the likeliest first; empty when no change of the vocabulary lifts it.
  public var lifts: [Change]
  /// What had been lifted when it was first met; empty for what stands in front.
  public var behind: [Change] = []

  /// Whether it is the same thing at the same place, whatever lifts it; packets, pairs and times may differ.
  public func isAtPlace(of other: Obstacle) -> Bool {
    switch (kind, other.kind) {
    case (.drop(let a), .drop(let b)): a.node == b.node && a.rulePath == b.rulePath && a.reason == b.reason
    case (.setting(let a, _), .setting(let b, _)): a == b
    case (.event(let a), .event(let b)): a == b
    case (.failure(let a), .failure(let b)): a.node == b.node && a.reason == b.reason
    default: false
    }
  }

  /// Whether it says nothing that another does not say.
  func isSaid(by other: Obstacle) -> Bool { isAtPlace(of: other) && lifts.allSatisfy(other.lifts.contains) }
}

extension Change {
  /// How far from what an administrator would do first: settings, then rules and events, then what is opened in a firewall, a line's or a
  /// translator's nature last. Of equal answers the nearest is found first.
  var distance: Int {
    switch self {
    case .act: 1
    case .set(let path, _):
      if path.hasPrefix("host-pool.") || path.contains(".policy.") || path.contains(".client.") || path.contains(".rdp.") {
        0
      } else if path.hasSuffix(".profile") {
        1
      } else if path.contains(".firewall.rules.") {
        2
      } else if path.contains(".nat.filtering") {
        6
      } else if path.contains(".nat.mapping") {
        5
      } else if path.contains(".nat.") {
        4
      } else {
        3
      }
    }
  }
}
