// Ordered, named filter rules. A list hangs on one hook of the IP layer, which fixes the addresses it sees.
public import SimulationKernel
public import Wire

/// Where in the IP layer a list is consulted (DESIGN §5).
public enum RuleHook: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case ingress, input, forward, egress
}

public enum RuleAction: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case accept
  /// Silently.
  case drop
  /// With an ICMP error "administratively prohibited" (RFC 1812 §5.2.7.1).
  case reject
  /// To the application at the node that looks inside: a transparent proxy. Decides at the forward hook; elsewhere it accepts.
  case divert
}

/// The way a packet goes, seen from the network whose router or host judges it.
public enum RuleDirection: UInt8, Sendable, CaseIterable, BitwiseCopyable { case any, inbound, outbound }

/// An inclusive range of ports; `any` also matches packets without ports.
public struct PortRange: Hashable, Sendable, BitwiseCopyable {
  public var low: UInt16
  public var high: UInt16
  public init(_ low: UInt16, _ high: UInt16) {
    self.low = low
    self.high = high
  }
  public static let any = PortRange(0, 65_535)
  @inlinable public func contains(_ port: UInt16) -> Bool { low <= port && port <= high }
}

/// One rule. Every condition must hold for it to decide.
public struct Rule: Hashable, Sendable, BitwiseCopyable {
  public var action: RuleAction
  public var direction: RuleDirection
  /// `nil` for any protocol.
  public var proto: TransportProtocol?
  public var sources: IPPrefix
  public var destinations: IPPrefix
  public var sourcePorts: PortRange
  public var destinationPorts: PortRange
  /// The rule's row in the world's rule table: its name and scenario path.
  public var row: Int32
  public var enabled = true

  public static let everywhere = IPPrefix(.unspecified, length: 0)

  public init(
    action: RuleAction, direction: RuleDirection = .any, proto: TransportProtocol? = nil, sources: IPPrefix = Rule.everywhere,
    destinations: IPPrefix = Rule.everywhere, sourcePorts: PortRange = .any, destinationPorts: PortRange = .any, row: Int32 = -1
  ) {
    self.action = action
    self.direction = direction
    self.proto = proto
    self.sources = sources
    self.destinations = destinations
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
    self.row = row
  }

  @inlinable public func matches(_ packet: Packet, _ way: RuleDirection) -> Bool {
    enabled && (direction == .any || direction == way) && (proto == nil || proto == packet.proto)
      && sources.contains(packet.source.address) && destinations.contains(packet.destination.address)
      && sourcePorts.contains(packet.source.port) && destinationPorts.contains(packet.destination.port)
  }
}

/// An ordered list of rules with its policy for packets that none decides.
public struct RuleList: Sendable, BitwiseCopyable {
  public var start: Int32
  public var end: Int32
  public var policy: RuleAction
  /// The policy's row in the world's rule table.
  public var policyRow: Int32
  /// Whether packets of a flow that was accepted before pass without being judged again.
  public var stateful: Bool
  /// How long a UDP flow is remembered without packets. Azure's network security groups forget after 4 minutes (Microsoft, NSG overview).
  public var idle: SimDuration
  /// The same for TCP: 2 h 4 min (RFC 5382 REQ-5).
  public var idleTCP: SimDuration

  public init(
    start: Int, end: Int, policy: RuleAction, policyRow: Int32 = -1, stateful: Bool, idle: SimDuration = .seconds(240),
    idleTCP: SimDuration = .seconds(7440)
  ) {
    self.start = Int32(start)
    self.end = Int32(end)
    self.policy = policy
    self.policyRow = policyRow
    self.stateful = stateful
    self.idle = idle
    self.idleTCP = idleTCP
  }
}

/// What a list says of a packet: the action and the rule (or policy) that decided.
public struct RuleVerdict: Sendable, BitwiseCopyable {
  public var action: RuleAction
  public var row: Int32
  /// Whether the flow is to be remembered once the packet has passed everything.
  public var track: Bool
}

/// A flow at one node, the same from both ends.
struct FlowKey: FlatKey, BitwiseCopyable {
  var node: Int32
  var proto: TransportProtocol
  var low: Endpoint
  var high: Endpoint

  @inline(__always) init(node: NodeID, packet: Packet) {
    self.node = node.index
    self.proto = packet.proto
    let swapped = packet.destination < packet.source
    self.low = swapped ? packet.destination : packet.source
    self.high = swapped ? packet.source : packet.destination
  }

  @inline(__always) var flatHash: UInt64 {
    low.hash &* 31 &+ high.hash ^ UInt64(UInt32(bitPattern: node)) << 8 ^ UInt64(proto.rawValue)
  }
}

extension Network {
  /// Asks a rule list about a packet. Changes nothing: the flow is remembered by `remember` when the packet has passed.
  @inline(__always)
  func judge(_ list: Int32, _ packet: Packet, at node: NodeID, way: RuleDirection) -> RuleVerdict {
    let rules = ruleLists[Int(list)]
    if rules.stateful {
      let asked = packet.proto == .icmp ? quotedFlow(of: packet, at: node) : FlowKey(node: node, packet: packet)
      if let asked, let expires = flows[asked], now < expires {
        return RuleVerdict(action: .accept, row: -1, track: packet.proto != .icmp)
      }
    }
    var row = Int(rules.start)
    while row < Int(rules.end) {
      if self.rules[row].matches(packet, way) {
        let rule = self.rules[row]
        return RuleVerdict(action: rule.action, row: rule.row, track: rules.stateful && packet.proto != .icmp)
      }
      row += 1
    }
    return RuleVerdict(action: rules.policy, row: rules.policyRow, track: rules.stateful && packet.proto != .icmp)
  }

  /// An ICMP error belongs to the flow of the packet it quotes.
  private func quotedFlow(of packet: Packet, at node: NodeID) -> FlowKey? {
    guard case .icmp(let error) = messages[packet.payload.index, packet.payload.generation] else { return nil }
    var quoted = packet
    quoted.proto = error.proto
    quoted.source = error.source
    quoted.destination = error.destination
    return FlowKey(node: node, packet: quoted)
  }

  func remember(_ packet: Packet, at node: NodeID, by list: Int32) {
    let settings = ruleLists[Int(list)]
    flows.insert(now + (packet.proto == .tcp ? settings.idleTCP : settings.idle), for: FlowKey(node: node, packet: packet))
  }
}
