// One packet's way: every step from where it was made to where it ended, as the network told it.
public import NetworkModel
public import SimulationKernel
public import Trace
public import Wire

/// One thing that happened to a packet, or that a node did to it.
public struct PacketStep: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case sent
    case received(InterfaceID)
    case judged(Judgement)
    /// From these addresses to the step's.
    case translated(source: Endpoint, destination: Endpoint, by: MappingUse)
    case forwarded
    case left(InterfaceID)
    case crosses(LinkCrossing)
    /// Into a tunnel: this packet, by its row, carries it.
    case carried(by: Int)
    /// To what stands above its node.
    case delivered
    /// By this rule; −1 for none.
    case dropped(DropReason, rule: Int32)
  }
  public var kind: Kind
  public var time: SimTime
  public var node: NodeID
  /// The number of the record that tells it; 0 for none.
  public var record: UInt64
  /// The packet's addresses after the step.
  public var from: Endpoint
  public var to: Endpoint
}

/// A packet from its sender to its end.
public struct PacketJourney: Sendable {
  public var conversation: Conversation
  public var proto: TransportProtocol
  /// Bytes, IP header included.
  public var length: Int
  /// What it carries, in a few words.
  public var contents = ""
  public var steps: [PacketStep]
  /// The record that it was sent because of; 0 for the scenario itself.
  public var cause: UInt64
  /// The row of the packet that it carries through a tunnel.
  public var inner: Int?
  /// Whether a link made it of another; its first steps are the other's.
  public var isCopy = false
  /// The row of the packet whose arrival or end it was sent because of.
  public internal(set) var parent: Int?
  /// The rows of the packets that were sent because of it, in order.
  public internal(set) var children: [Int] = []
  /// Tells it from its copies; unknown until somebody saw it.
  var luck: UInt64?

  /// The record it was sent with.
  public var record: UInt64 { steps.first?.record ?? 0 }
  public var source: Endpoint { steps.first?.from ?? .none }
  public var destination: Endpoint { steps.first?.to ?? .none }
  /// The session it belongs to, from 1; `nil` for none. Probes and rogues count by themselves.
  public var session: Int? {
    let isOfSession = conversation.session > 0 && conversation.topic != .probe && conversation.topic != .rogue
    return isOfSession ? Int(conversation.session) : nil
  }
  /// `delivered`, `dropped`, or `in-flight` when the run ended before.
  public var fate: String {
    switch steps.last?.kind {
    case .delivered: "delivered"
    case .dropped: "dropped"
    default: "in-flight"
    }
  }

  /// Whether it answers another packet: the same two ends the other way round, or an error about it.
  func answers(_ other: PacketJourney) -> Bool {
    if inner != nil { return false }
    if proto == .icmp, contents.hasPrefix("ICMP") { return true }
    guard let end = other.steps.last else { return false }
    return proto == other.proto && source == end.to && destination == end.from
  }
}
