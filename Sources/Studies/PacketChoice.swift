// Which packets of a run are meant: by what they are about, and by their addresses anywhere on their way.
import NetworkModel
public import Simulation
import SimulationKernel
public import Wire

/// Where packets come from or go to.
public struct PacketPlace: Sendable, Equatable {
  /// The node that makes or takes them, whatever its addresses; `nil` where an address was named.
  var node: NodeID?
  var prefixes: [IPPrefix]
  var port: UInt16?

  /// A node's name (also with `:port`), an address, an endpoint or a prefix; `nil` when it is none of them.
  public init?(_ text: String, in blueprint: Blueprint) {
    if let prefix = IPPrefix(text) {
      (node, prefixes, port) = (nil, [prefix], nil)
      return
    }
    if let address = IPAddress(text) {
      (node, prefixes, port) = (nil, [IPPrefix(address, length: 128)], nil)
      return
    }
    var name = text
    if blueprint.nodeOf[name] == nil, let colon = text.lastIndex(of: ":") {
      guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
      port = number
      name = String(text[..<colon])
      if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
      if let address = IPAddress(name) {
        (node, prefixes) = (nil, [IPPrefix(address, length: 128)])
        return
      }
    }
    guard let node = blueprint.nodeOf[name] else { return nil }
    self.node = node
    let own = blueprint.plan.interfaces.filter { $0.node == node }.flatMap { [$0.v4, $0.v6] }.filter { $0 != .unspecified }
    let outside = blueprint.plan.translators.filter { $0.node == node }.flatMap(\.outside)
    prefixes = (own + outside).map { IPPrefix($0, length: 128) }
  }

  func contains(_ endpoint: Endpoint) -> Bool {
    (port == nil || port == endpoint.port) && prefixes.contains { $0.contains(endpoint.address) }
  }
}

/// What packets must have; what is `nil` does not matter.
public struct PacketChoice: Sendable {
  /// From 1.
  public var session: Int?
  public var transport: Transport?
  public var topic: ConversationTopic?
  /// The candidate pair's number in its session.
  public var pair: Int?
  public var proto: TransportProtocol?
  public var from: PacketPlace?
  public var to: PacketPlace?

  public init() {}

  /// Whether everything is meant.
  public var isEmpty: Bool {
    session == nil && transport == nil && topic == nil && pair == nil && proto == nil && from == nil && to == nil
  }

  public func matches(_ packet: PacketJourney) -> Bool {
    let about = packet.conversation
    guard session == nil || packet.session == session, transport == nil || about.attempt == transport && packet.session != nil,
      topic == nil || about.topic == topic, pair == nil || Int(about.pair) == pair, proto == nil || packet.proto == proto
    else { return false }
    // Who gave the question an ordinary name means the packet, not the tunnel's that carries it.
    if topic != nil || pair != nil, packet.inner != nil { return false }
    if from == nil, to == nil { return true }
    let isEnds = isFrom(packet) && isTo(packet)
    return isEnds
      || packet.steps.contains { (from?.contains($0.from) ?? true) && (to?.contains($0.to) ?? true) }
  }

  private func isFrom(_ packet: PacketJourney) -> Bool {
    guard let from else { return true }
    return from.node != nil && from.node == packet.steps.first?.node && (from.port == nil || from.port == packet.source.port)
  }

  private func isTo(_ packet: PacketJourney) -> Bool {
    guard let to else { return true }
    guard let node = to.node, let end = packet.steps.last, case .delivered = end.kind else { return false }
    return node == end.node && (to.port == nil || to.port == end.to.port)
  }
}

/// Packets about the same thing, to tell what there is.
public struct PacketGroup: Sendable {
  public var session: Int?
  public var transport: Transport
  public var topic: ConversationTopic
  public var pair: Int
  /// Packets, those that carry others left out.
  public var packets = 0
  public var dropped = 0
  /// The first packet's row.
  public var first: Int
}

extension PacketTrace {
  /// What packets there are, in the order of the first of each kind.
  public var groups: [PacketGroup] {
    var groups: [PacketGroup] = []
    for (row, packet) in packets.enumerated() where packet.inner == nil {
      let about = packet.conversation
      let known = groups.firstIndex {
        $0.session == packet.session && $0.transport == about.attempt && $0.topic == about.topic && $0.pair == Int(about.pair)
      }
      let at = known ?? groups.count
      if known == nil {
        groups.append(
          PacketGroup(
            session: packet.session, transport: about.attempt, topic: about.topic, pair: Int(about.pair), first: row))
      }
      groups[at].packets += 1
      if packet.fate == "dropped" { groups[at].dropped += 1 }
    }
    return groups
  }
}
