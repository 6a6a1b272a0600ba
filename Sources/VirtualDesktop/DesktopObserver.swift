// Whom the roles tell that a session has settled: nothing about it is undecided any more.
public import SimulationKernel

/// Is told when a session has settled.
public protocol DesktopObserver: AnyObject {
  /// - Parameter session: its ordinal in the scenario, from 1.
  func sessionSettled(_ session: Int)
  /// It is undecided again: it lost its transport and tries to reconnect.
  func sessionUnsettled(_ session: Int)
}

/// Constants of Shortpath that a scenario may change.
public struct ShortpathTiming: Sendable, Equatable {
  /// How long after the first valid pair the choice stays open (*assumed*).
  public var selectionWindow: SimDuration
  public var gatheringLimit: SimDuration
  /// Whether ICE learns addresses that nobody signalled.
  public var peerReflexive: Bool
  public init(
    selectionWindow: SimDuration = .seconds(1), gatheringLimit: SimDuration = .milliseconds(39_500), peerReflexive: Bool = true
  ) {
    self.selectionWindow = selectionWindow
    self.gatheringLimit = gatheringLimit
    self.peerReflexive = peerReflexive
  }
}
