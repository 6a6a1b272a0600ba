// What a tap is told of packets while they are on their way. Nothing is said, and nothing computed, where no tap is.
public import SimulationKernel
public import Trace
public import Wire

/// Sees packets as they leave and reach interfaces, with access to contents. A tap changes no outcome.
public protocol PacketTap: AnyObject {
  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network)
  /// A packet ended undelivered at `node`, by `rule` (−1 for none); `record` is the number of its record.
  func dropped(_ packet: Packet, _ reason: DropReason, at node: NodeID, rule: Int32, record: UInt64, in network: Network)
  /// A message was written to a stream's log, where it begins at `offset`.
  func written(_ message: Message, to stream: StreamID, at offset: UInt64)
  /// A rule list of `node` has judged a packet, as it is then.
  func judged(_ packet: Packet, _ judgement: Judgement, at node: NodeID, in network: Network)
  /// The translator of `node` has just rewritten a packet, whose last record tells to what.
  func translated(_ packet: Packet, by use: MappingUse, at node: NodeID, in network: Network)
  /// A link has taken a packet in.
  func crosses(_ packet: Packet, _ crossing: LinkCrossing, in network: Network)
}

extension PacketTap {
  public func dropped(_ packet: Packet, _ reason: DropReason, at node: NodeID, rule: Int32, record: UInt64, in network: Network) {
  }
  public func written(_ message: Message, to stream: StreamID, at offset: UInt64) {}
  public func judged(_ packet: Packet, _ judgement: Judgement, at node: NodeID, in network: Network) {}
  public func translated(_ packet: Packet, by use: MappingUse, at node: NodeID, in network: Network) {}
  public func crosses(_ packet: Packet, _ crossing: LinkCrossing, in network: Network) {}
}

/// What of a rule list decided over a packet.
public enum RuleBasis: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case rule
  /// No rule did.
  case policy
  /// It belongs to a flow that is remembered.
  case flow
  /// It is a TCP segment of no connection that is remembered, and opens none.
  case noConnection
}

/// What a rule list said of a packet.
public struct Judgement: Sendable, Equatable, BitwiseCopyable {
  public var hook: RuleHook
  public var action: RuleAction
  public var basis: RuleBasis
  /// The row of the rule or policy; −1 where neither decided.
  public var rule: Int32
}

/// What a translation rests on.
public enum MappingUse: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// A mapping that is made for this packet once every filter has passed it.
  case fresh
  /// One that was there.
  case existing
  /// Configuration: a static mapping, or a one-to-one pair.
  case fixed
}

/// How a packet gets over a link.
public struct LinkCrossing: Sendable, Equatable, BitwiseCopyable {
  /// The link direction's row.
  public var link: Int32
  /// Until what was before it had been serialised.
  public var waits: SimDuration
  public var serialises: SimDuration
  /// Propagation, with jitter and mishaps.
  public var travels: SimDuration
  /// The sum of the three.
  public var total: SimDuration { waits + serialises + travels }
}

extension Network {
  /// Shows a packet to the taps.
  @inline(never) func show(_ packet: Packet, leaving: Bool, on interface: InterfaceID) {
    for tap in taps { tap.observe(packet, leaving: leaving, interface: interface, at: now, in: self) }
  }

  @inline(never) func show(_ verdict: RuleVerdict, about packet: Packet, on hook: RuleHook, at node: NodeID) {
    let judgement = Judgement(hook: hook, action: verdict.action, basis: verdict.basis, rule: verdict.row)
    for tap in taps { tap.judged(packet, judgement, at: node, in: self) }
  }

  @inline(never) func show(_ plan: TranslationPlan, of packet: Packet, at node: NodeID) {
    let use = translators[Int(nodes[Int(node.index)].translator)].use(of: plan)
    for tap in taps { tap.translated(packet, by: use, at: node, in: self) }
  }

  /// - Parameter free: when the link had serialised all that came before.
  @inline(never) func show(_ packet: Packet, on link: Int32, freeAt free: SimTime, arriving time: SimTime) {
    let begin = max(free, now)
    let departure = links[Int(link)].settings.rate == nil ? now : links[Int(link)].busyUntil
    let crossing = LinkCrossing(
      link: link, waits: departure > begin ? begin - now : .zero, serialises: departure > begin ? departure - begin : .zero,
      travels: time - departure)
    for tap in taps { tap.crosses(packet, crossing, in: self) }
  }
}
