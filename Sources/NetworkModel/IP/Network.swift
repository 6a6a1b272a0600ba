// The network of one world: nodes, interfaces, links, rule lists, translators and what is in flight, in virtual time.
public import SimulationKernel
public import Trace
public import Wire

/// What stands above the IP layer: hosts' sockets and the applications behind virtual interfaces and timers.
public protocol NetworkDelegate: AnyObject {
  /// A packet for this node passed its rules. `.refused` makes it a drop with that reason.
  func receive(_ packet: Packet, at node: NodeID, on interface: InterfaceID) -> Delivery
  /// Whether a packet on its way through `node` belongs to a connection that was diverted there.
  func holds(_ packet: Packet, at node: NodeID) -> Bool
  /// A packet is taken off its way at `node`: of a diverted connection, or by `rule` (−1 for none) to open one by its action.
  func divert(_ packet: Packet, at node: NodeID, rule: Int32, _ action: RuleAction) -> Delivery
  /// A packet leaves by a virtual interface; the application now owns the slot. `.refused` makes it a drop.
  func transmit(slot: UInt32, on interface: InterfaceID) -> Delivery
  /// A timer slot's deadline is due.
  func timerDue(owner: UInt32)
}

extension NetworkDelegate {
  public func holds(_ packet: Packet, at node: NodeID) -> Bool { false }
  public func divert(_ packet: Packet, at node: NodeID, rule: Int32, _ action: RuleAction) -> Delivery { .refused(.notListening) }
}

/// How a packet's last step ended.
public enum Delivery: Equatable, Sendable, BitwiseCopyable {
  case taken
  case refused(DropReason)
}

/// Counts that must add up at the end of every run.
public struct PacketCounts: Equatable, Sendable {
  /// Copies that links made among them.
  public var created: UInt64 = 0
  public var delivered: UInt64 = 0
  public var dropped: UInt64 = 0
  /// Handed to the embedder by an outlet.
  public var handedOut: UInt64 = 0
  /// Link hops taken: the measure of work.
  public var hops: UInt64 = 0
}

public final class Network {
  struct InFlight: BitwiseCopyable {
    var packet: Packet
    /// Where it arrives next; the complement of the interface by which it leaves when its node still works on it.
    var interface: InterfaceID
    /// A translator keeps it in silence before it ends.
    var isInSilence = false
  }
  /// The bit that tells a timer's queue entry from a packet's.
  static let timerBit: UInt32 = 1 << 23

  public let chance: Chance
  public let recorder: Recorder
  /// What stands above; it owns the network, so it outlives it.
  @exclusivity(unchecked) public unowned(unsafe) var delegate: (any NetworkDelegate)?
  @exclusivity(unchecked) public private(set) var now: SimTime
  /// No event after this is handled; whoever drives the world may lower it while it runs.
  @exclusivity(unchecked) public var horizon = SimTime.never
  @exclusivity(unchecked) var queue = RadixQueue()
  @exclusivity(unchecked) var pool = ChunkedPool<InFlight>()
  @exclusivity(unchecked) var timers = TimerSlots()
  @exclusivity(unchecked) public var messages = HandleStore<Message>()
  @exclusivity(unchecked) public var streams = StreamStore()

  public let nodes: Table<Node>
  public let interfaces: Table<Interface>
  public let links: Table<LinkDirection>
  let routes: Table<RouteRow>
  @exclusivity(unchecked) var neighbours = FlatTable<NodeAddress, InterfaceID>()
  @exclusivity(unchecked) var locals = FlatTable<NodeAddress, InterfaceID>()
  public let rules: Table<Rule>
  let ruleLists: Table<RuleList>
  @exclusivity(unchecked) var flows = FlatTable<FlowKey, Flow>()
  /// How many flows stand in the table before those that have expired are taken out.
  @exclusivity(unchecked) var flowsBeforeSweep = 1024
  public let translators: [AddressTranslator]
  /// The same, uncounted: counting references to a translator at every packet was 6 % of a session.
  let uncounted: Table<Unmanaged<AddressTranslator>>
  @exclusivity(unchecked) public private(set) var counts = PacketCounts()
  @exclusivity(unchecked) public private(set) var events: UInt64 = 0
  /// Who sees packets, in the order they are told; they live as long as the network unless somebody removes them.
  public var taps: [any PacketTap] = [] {
    didSet {
      hasTap = !taps.isEmpty
      streams.onAppend =
        hasTap ? { [unowned self] in for tap in taps { tap.written($0, to: $1, at: $2) } } : nil
    }
  }
  @exclusivity(unchecked) var hasTap = false
  /// The addresses with which the packet being handled reached a translating node; `nil` elsewhere.
  @exclusivity(unchecked) var arrived: (source: Endpoint, destination: Endpoint)?
  /// What befalls chosen packets.
  let mishaps: [Mishap]
  /// Packets that exist now and carry a message.
  @exclusivity(unchecked) private var carrying = 0
  /// Takes what leaves by an outlet interface.
  public var outlet: ((Packet, InterfaceID, SimTime) -> Void)?

  public init(
    plan: NetworkPlan, chance: Chance, recorder: Recorder, start: SimTime
  ) {
    self.chance = chance
    self.recorder = recorder
    self.now = start
    interfaces = Table(plan.interfaces)
    links = Table(plan.links)
    rules = Table(plan.rules)
    ruleLists = Table(plan.ruleLists)
    mishaps = plan.mishaps
    var nodes = plan.nodes
    var routes: [RouteRow] = []
    self.translators = plan.translators.map {
      AddressTranslator(
        behaviour: $0.behaviour, key: $0.key, node: $0.node, outside: $0.outside, pairs: $0.pairs, forwards: $0.forwards)
    }
    uncounted = Table(translators.map { Unmanaged.passUnretained($0) })
    recorder.now = start
    for (row, node) in plan.nodes.enumerated() {
      nodes[row].routeStart = Int32(routes.count)
      for route in plan.routes[row].sorted(by: Self.routeOrder) {
        if route.prefix.length == 128, route.metric == 0, node.forwards {
          neighbours.insert(route.interface, for: NodeAddress(node: Int32(row), address: route.prefix.address))
        } else {
          routes.append(RouteRow(route))
        }
      }
      nodes[row].routeEnd = Int32(routes.count)
    }
    self.nodes = Table(nodes)
    self.routes = Table(routes)
    for (row, interface) in plan.interfaces.enumerated() {
      for address in [interface.v4, interface.v6] where address != .unspecified {
        locals.insert(InterfaceID(row), for: NodeAddress(node: interface.node.index, address: address))
      }
    }
    prepareMishaps()
  }

  /// Longest prefix first, then lowest metric, then the interface's row.
  private static func routeOrder(_ a: Route, _ b: Route) -> Bool {
    if a.prefix.length != b.prefix.length { return a.prefix.length > b.prefix.length }
    if a.metric != b.metric { return a.metric < b.metric }
    return a.interface < b.interface
  }

  /// The interface to which a socket with `address` is bound at a host (RFC 1122 §3.3.4.2); `.none` at a router, which goes by its
  /// routes alone.
  public func boundInterface(of address: IPAddress, at node: NodeID) -> InterfaceID {
    nodes[Int(node.index)].forwards ? .none : locals[NodeAddress(node: node.index, address: address)] ?? .none
  }

  /// Plugs a host's interface into its network, or out of it: then its link carries nothing, in either direction.
  public func plug(_ interface: InterfaceID, in joins: Bool) {
    let own = interfaces[Int(interface.index)]
    interfaces[Int(interface.index)].up = joins
    for row in [own.link, interfaces[Int(own.peer.index)].link] { links[Int(row)].obstacle = joins ? .none : .detached }
  }

  // MARK: Time

  /// When the next event is due.
  public func nextEventTime() -> SimTime? { queue.peekTime() }

  /// Handles every event up to and including `limit`, at most `events` of them; never reads ahead. Returns how many were handled.
  @discardableResult
  public func run(until limit: SimTime, events most: UInt64 = .max) -> UInt64 {
    var handled: UInt64 = 0
    while handled < most, let event = queue.pop(notAfter: limit < horizon ? limit : horizon) {
      assert(event.time >= now, "time runs backwards")
      now = event.time
      recorder.now = now
      handled &+= 1
      if event.slot & Self.timerBit == 0 { arrive(event.slot) } else { wake(event.slot & ~Self.timerBit) }
    }
    events &+= handled
    return handled
  }

  /// Moves the clock to `time` when nothing is due before it.
  /// - Precondition: no event is due before `time`, and `time` is not in the past.
  public func advance(to time: SimTime) {
    precondition(time >= now && (queue.peekTime() ?? .never) >= time, "events are due before \(time)")
    now = time
    recorder.now = time
  }

  // MARK: Timers

  public func makeTimer(owner: UInt32) -> UInt32 { timers.allocate(owner: owner) }
  public func freeTimer(_ slot: UInt32) { timers.free(slot) }

  /// Sets a slot's deadline; `.never` disarms. What happens then has the present cause as its own.
  @inline(__always)
  public func arm(_ slot: UInt32, _ deadline: SimTime) {
    let due = deadline < now ? now : deadline
    if let push = timers.arm(slot, deadline: due, cause: recorder.currentCause) {
      queue.push(at: push, slot: slot | Self.timerBit)
    }
  }

  private func wake(_ slot: UInt32) {
    switch timers.fire(slot, at: now) {
    case .stale: return
    case .early(let again): queue.push(at: again, slot: slot | Self.timerBit)
    case .due(let owner, let cause):
      recorder.currentCause = cause
      above.timerDue(owner: owner)
      recorder.currentCause = 0
    }
  }

  var above: any NetworkDelegate {
    guard let delegate else { preconditionFailure("a network without anything above it") }
    return delegate
  }

  // MARK: Packets in flight

  func place(_ packet: Packet) -> UInt32 {
    let slot = pool.allocate()
    precondition(slot < Self.timerBit, "more packets in flight than the event queue can name")
    pool[slot].initialize(to: InFlight(packet: packet, interface: .none))
    counts.created &+= 1
    if packet.payload != .none { carrying &+= 1 }
    return slot
  }

  /// The packet in a slot.
  public func packet(in slot: UInt32) -> Packet { pool[slot].pointee.packet }

  /// Stores a message for a packet to carry.
  public func store(_ message: Message) -> PayloadHandle {
    let handle = messages.insert(message)
    return PayloadHandle(index: handle.index, generation: handle.generation)
  }

  public func message(_ handle: PayloadHandle) -> Message? {
    handle == .none ? nil : messages[handle.index, handle.generation]
  }

  /// Puts a packet into the queue to arrive at `interface` at `time`.
  @inline(__always)
  func schedule(_ slot: UInt32, at interface: InterfaceID, _ time: SimTime) {
    pool[slot].pointee.interface = interface
    queue.push(at: time, slot: slot)
  }

  /// Ends a packet that was not delivered.
  public func drop(_ slot: UInt32, _ reason: DropReason, at node: NodeID, rule: Int32 = -1) {
    let packet = pool[slot].pointee.packet
    let record = recorder.drop(packet, reason, at: node, rule: rule)
    if hasTap { for tap in taps { tap.dropped(packet, reason, at: node, rule: rule, record: record, in: self) } }
    counts.dropped &+= 1
    release(packet.payload, at: node)
    pool.free(slot)
  }

  func finish(_ slot: UInt32, delivered: Bool, at node: NodeID) {
    let payload = pool[slot].pointee.packet.payload
    if delivered { counts.delivered &+= 1 } else { counts.handedOut &+= 1 }
    release(payload, at: node)
    pool.free(slot)
  }

  /// Releases a payload; an inner packet that nobody took ends with its carrier.
  private func release(_ payload: PayloadHandle, at node: NodeID) {
    if payload == .none { return }
    carrying &-= 1
    let message = messages.remove(payload.index, payload.generation)
    if case .tunnel(.inner(let slot, _, _)) = message, slot != .max { drop(slot, .carrierLost, at: node) }
  }

  /// Takes the inner packet out of a tunnel message; its slot now belongs to the caller.
  public func takeInner(_ payload: PayloadHandle) -> UInt32? {
    guard case .tunnel(.inner(let slot, let length, let key)) = messages[payload.index, payload.generation], slot != .max else {
      return nil
    }
    messages[payload.index, payload.generation] = .tunnel(.inner(slot: .max, length: length, key: key))
    return slot
  }

  /// Packets that exist now: in the queue, or inside tunnel messages.
  public var inFlight: Int { pool.liveCount }

  /// Checks conservation: created = delivered + dropped + handed out + in flight, and the store holds what is in flight.
  /// - Returns: a sentence for each law that is broken.
  public func brokenLaws() -> [String] {
    var broken: [String] = []
    let ended = counts.delivered + counts.dropped + counts.handedOut
    if counts.created != ended + UInt64(inFlight) {
      broken.append("\(counts.created) packets were created, but \(ended) ended and \(inFlight) are in flight")
    }
    if messages.liveCount != carrying {
      broken.append("\(messages.liveCount) messages are stored, but \(carrying) packets in flight carry one")
    }
    if streams.countUnreadPieces() != streams.unreadPieces {
      broken.append("the stream logs hold \(streams.countUnreadPieces()) unread pieces, but \(streams.unreadPieces) are counted")
    }
    return broken
  }

  func countHop() { counts.hops &+= 1 }

  /// Timer slots in use: one for each socket, connection or application with a deadline.
  package var timersInUse: Int { timers.liveCount }

  /// Flows that firewalls remember, those that have expired and not been swept among them.
  package var flowCount: Int { flows.count }
}

struct NodeAddress: FlatKey, BitwiseCopyable {
  var node: Int32
  var address: IPAddress
  /// The table spreads it; an address and a node need only stay apart. Looked up twice a hop.
  @inline(__always) var flatHash: UInt64 {
    address.low ^ address.high &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(UInt32(bitPattern: node)) << 40
  }
}
