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
  /// With a TCP reset in the destination's name; what is not TCP is answered as by `reject`.
  case reset
  /// To the same application, which only ends the connection and opens another: it passes on what it does not look at.
  case relay

  /// Whether it takes connections off their way.
  @inlinable public var diverts: Bool { self == .divert || self == .relay }
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
  /// The standings with a flow that it is about.
  public var states: FlowStates
  /// The rule's row in the world's rule table: its name and scenario path.
  public var row: Int32
  public var enabled = true

  public static let everywhere = IPPrefix(.unspecified, length: 0)

  public init(
    action: RuleAction, direction: RuleDirection = .any, proto: TransportProtocol? = nil, sources: IPPrefix = Rule.everywhere,
    destinations: IPPrefix = Rule.everywhere, sourcePorts: PortRange = .any, destinationPorts: PortRange = .any,
    states: FlowStates = .any, row: Int32 = -1
  ) {
    self.action = action
    self.direction = direction
    self.proto = proto
    self.sources = sources
    self.destinations = destinations
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
    self.states = states
    self.row = row
  }

  @inlinable public func matches(_ packet: Packet, _ way: RuleDirection, _ state: FlowStates) -> Bool {
    enabled && states.contains(state) && (direction == .any || direction == way) && (proto == nil || proto == packet.proto)
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
  /// Whether and how it remembers flows.
  public var tracking: FlowTracking
  /// How long its node keeps each packet it judges, whatever it says of it. Counts at the forward hook.
  public var delay: SimDuration

  public init(
    start: Int, end: Int, policy: RuleAction, policyRow: Int32 = -1, tracking: FlowTracking, delay: SimDuration = .zero
  ) {
    self.start = Int32(start)
    self.end = Int32(end)
    self.policy = policy
    self.policyRow = policyRow
    self.tracking = tracking
    self.delay = delay
  }
}
