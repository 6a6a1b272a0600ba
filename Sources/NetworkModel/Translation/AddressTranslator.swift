// A network address translator at work: mappings and permissions. Looking is separate from committing, so that a packet which
// a filter drops leaves the tables unchanged.
public import SimulationKernel
import Trace
public import Wire

public final class AddressTranslator {
  @exclusivity(unchecked) public private(set) var behaviour: TranslationBehaviour
  public let key: ComponentKey
  let node: NodeID
  /// External addresses, those out of service first.
  @exclusivity(unchecked) public internal(set) var outside: [IPAddress]
  /// The first address in service: it serves static mappings, and every other one where there is no second.
  @exclusivity(unchecked) var firstExit = 0
  @exclusivity(unchecked) var pairs: [(inside: IPAddress, outside: IPAddress)]
  /// How often it has lost everything: each of its lives draws anew.
  @exclusivity(unchecked) var lives: UInt64 = 0
  @exclusivity(unchecked) var outward = FlatTable<OutwardKey, UInt32>()
  @exclusivity(unchecked) var inward = FlatTable<InwardKey, UInt32>()
  @exclusivity(unchecked) var permissions = FlatTable<PermissionKey, SimTime>()
  /// Numbers of inside endpoints, where permissions hang on them.
  @exclusivity(unchecked) var endpoints = FlatTable<EndpointKey, UInt32>()
  @exclusivity(unchecked) var ordinals = FlatTable<EndpointKey, UInt32>()
  /// Static mappings by their external endpoint, and by the inside one where they serve what goes out too.
  @exclusivity(unchecked) var forwards = FlatTable<InwardKey, UInt32>()
  @exclusivity(unchecked) private var outwardForwards = FlatTable<EndpointKey, UInt32>()
  /// Flows that go by the port of their first packet: those let in, and where it matters those begun inside.
  @exclusivity(unchecked) var sessions = FlatTable<OutwardKey, Session>()
  /// What the gateway took for its own: an external endpoint and the whole remote, with the end of its time.
  @exclusivity(unchecked) var own = FlatTable<InwardKey, SimTime>()
  /// Connections of which a SYN is held in silence, with the end of it.
  @exclusivity(unchecked) var silences = FlatTable<InwardKey, SimTime>()
  @exclusivity(unchecked) var connections = FlatTable<ConnectionKey, ConnectionProgress>()
  @exclusivity(unchecked) var mappings: [Mapping] = []
  @exclusivity(unchecked) var freeRows: [UInt32] = []
  @exclusivity(unchecked) var nextPort: UInt16
  /// Whether a let-in datagram changes anything.
  @exclusivity(unchecked) private var heedsInbound: Bool
  /// Whether what goes out is remembered flow by flow too: the table knows of an address-dependent mapping's addresses only.
  private let remembersOutward: Bool
  /// Mappings per inside address and protocol, those that ended unnoticed among them.
  @exclusivity(unchecked) var held = FlatTable<HostKey, UInt32>()
  /// Whose each block of ports is, address after address, and the blocks of each inside host.
  @exclusivity(unchecked) var blockOwners: [IPAddress] = []
  @exclusivity(unchecked) var blocks = FlatTable<HostKey, UInt32>()

  /// - Parameters:
  ///   - pairs: inside and outside addresses of a one-to-one translator.
  ///   - forwards: static mappings.
  public init(
    behaviour: TranslationBehaviour, key: ComponentKey, node: NodeID, outside: [IPAddress],
    pairs: [(inside: IPAddress, outside: IPAddress)] = [], forwards: [StaticMapping] = []
  ) {
    precondition(behaviour.oneToOne || !outside.isEmpty, "a translator without an external address")
    self.behaviour = behaviour
    self.key = key
    self.node = node
    self.outside = outside
    self.pairs = pairs
    self.nextPort = behaviour.portRange.low
    heedsInbound = Self.heedsInbound(behaviour, forwards)
    remembersOutward = behaviour.answers == .session && behaviour.mapping == .addressDependent
    blockOwners = Array(repeating: .unspecified, count: blocksPerAddress * outside.count)
    for forward in forwards {
      let place = InwardKey(proto: forward.proto, outside: Endpoint(outside[0], forward.port))
      let row = UInt32(mappings.count)
      mappings.append(
        Mapping(
          key: OutwardKey(proto: forward.proto, inside: forward.inside, remote: .none), outside: place.outside, made: .zero,
          expires: .never, generation: 0))
      self.forwards.insert(row, for: place)
      if forward.outbound { outwardForwards.insert(row, for: EndpointKey(proto: forward.proto, endpoint: forward.inside)) }
    }
  }

  private static func heedsInbound(_ behaviour: TranslationBehaviour, _ forwards: [StaticMapping]) -> Bool {
    behaviour.inboundRefresh || behaviour.answers == .session || behaviour.udpUnansweredLifetime != nil || !forwards.isEmpty
  }

  /// Goes on with another behaviour, which differs only in what no table rests on: lifetimes, how ports are chosen, what becomes of
  /// packets that are not let in or loop back. What was promised to a mapping before, its present end, stands until it is refreshed.
  public func adopt(_ behaviour: TranslationBehaviour) {
    self.behaviour = behaviour
    heedsInbound = heedsInbound || Self.heedsInbound(behaviour, [])
  }

  /// How many let-in flows are remembered at most, and how many of the gateway's own (*assumed*: a usual `nf_conntrack_max` of Linux).
  private static let mostFlows = 65_536

  /// Live and expired-but-unnoticed mappings, static ones aside.
  public var mappingCount: Int { inward.count }

  @inline(__always) func owns(_ address: IPAddress) -> Bool {
    for row in firstExit..<outside.count where outside[row] == address { return true }
    return false
  }

  // MARK: From a flow to a table's key

  /// The remote as far as the mapping depends on it.
  private func mapped(_ remote: Endpoint) -> Endpoint {
    switch behaviour.mapping {
    case .endpointIndependent: .none
    case .addressDependent: Endpoint(remote.address, 0)
    case .addressAndPortDependent: remote
    }
  }

  func outwardKey(_ proto: TransportProtocol, _ inside: Endpoint, to remote: Endpoint) -> OutwardKey {
    OutwardKey(proto: proto, inside: inside, remote: mapped(remote))
  }

  func inwardKey(_ proto: TransportProtocol, _ outside: Endpoint, from remote: Endpoint) -> InwardKey {
    InwardKey(proto: proto, outside: outside, remote: behaviour.overloading ? mapped(remote) : .none)
  }

  private func permissionKey(_ row: UInt32, _ remote: Endpoint) -> PermissionKey {
    let seen: Endpoint =
      switch behaviour.filtering {
      case .endpointIndependent: .none
      case .addressDependent: Endpoint(remote.address, 0)
      case .addressAndPortDependent: remote
      }
    return PermissionKey(holder: mappings[Int(row)].holder, remote: seen)
  }

  private func holder(of row: UInt32) -> PermissionHolder {
    let mapping = mappings[Int(row)]
    guard behaviour.permissionScope == .insideEndpoint else {
      return PermissionHolder(row: row, generation: mapping.generation)
    }
    let endpoint = EndpointKey(proto: mapping.key.proto, endpoint: mapping.key.inside)
    if let number = endpoints[endpoint] { return PermissionHolder(row: number, generation: .max) }
    let number = UInt32(endpoints.count)
    endpoints.insert(number, for: endpoint)
    return PermissionHolder(row: number, generation: .max)
  }

  /// The live mapping by which an inside endpoint speaks to a remote: that of a remembered flow, a static one, or the table's.
  private func liveRow(_ proto: TransportProtocol, _ inside: Endpoint, to remote: Endpoint, now: SimTime) -> UInt32? {
    if !sessions.isEmpty, let row = sessionRow(OutwardKey(proto: proto, inside: inside, remote: remote), now: now) { return row }
    if !outwardForwards.isEmpty, let row = outwardForwards[EndpointKey(proto: proto, endpoint: inside)] { return row }
    if let row = outward[outwardKey(proto, inside, to: remote)], mappings[Int(row)].expires > now { return row }
    return nil
  }

  /// The live mapping of a remembered flow.
  private func sessionRow(_ flow: OutwardKey, now: SimTime) -> UInt32? {
    guard let session = sessions[flow], session.expires > now else { return nil }
    let mapping = mappings[Int(session.mapping)]
    return mapping.generation == session.generation && mapping.expires > now ? session.mapping : nil
  }

  /// The live mapping that a flow already goes by. Where mappings depend on the address alone, the table does not tell whether this
  /// very endpoint was ever written to.
  private func flowRow(_ flow: OutwardKey, now: SimTime) -> UInt32? {
    if let row = sessionRow(flow, now: now) { return row }
    return remembersOutward ? nil : liveRow(flow.proto, flow.inside, to: flow.remote, now: now)
  }

  /// The live mapping that an external endpoint stands for toward a remote.
  private func liveRow(_ proto: TransportProtocol, at outside: Endpoint, from remote: Endpoint, now: SimTime) -> UInt32? {
    if !forwards.isEmpty, let row = forwards[InwardKey(proto: proto, outside: outside)] { return row }
    if let row = inward[inwardKey(proto, outside, from: remote)], mappings[Int(row)].expires > now { return row }
    return nil
  }

  private func isStatic(_ row: UInt32) -> Bool { mappings[Int(row)].expires == .never }

  /// What a rewriting rests on.
  func use(of plan: TranslationPlan) -> MappingUse {
    switch plan {
    case .fresh: .fresh
    case .existing(_, let row) where row >= 0: isStatic(UInt32(row)) ? .fixed : .existing
    default: behaviour.oneToOne ? .fixed : .existing
    }
  }

  // MARK: Outward

  func planOutward(_ packet: Packet, now: SimTime, chance: Chance) -> TranslationPlan {
    let (inside, remote) = (packet.source, packet.destination)
    guard inside.address.isV4 else { return .pass }
    if behaviour.oneToOne {
      for row in pairs.indices where pairs[row].inside == inside.address {
        return .existing(to: Endpoint(pairs[row].outside, inside.port), mapping: -1)
      }
      return .drop(.natNoMapping)
    }
    if let row = liveRow(packet.proto, inside, to: remote, now: now) {
      return .existing(to: mappings[Int(row)].outside, mapping: Int32(row))
    }
    let ordinal = (ordinals[EndpointKey(proto: packet.proto, endpoint: inside)] ?? 0) + 1
    let request = PortRequest(proto: packet.proto, inside: inside, remote: remote, ordinal: ordinal)
    guard let free = freeEndpoint(request, now: now, chance: chance) else {
      return behaviour.exhausted == .drop ? .drop(.natPortsExhausted) : .refuse(.natPortsExhausted)
    }
    return .fresh(to: free, ordinal: ordinal)
  }

  /// Makes or refreshes the mapping a plan rests on and permits the remote.
  func commitOutward(_ plan: TranslationPlan, _ packet: Packet, now: SimTime, recorder: Recorder) {
    switch plan {
    case .pass, .drop, .refuse, .silence, .own: return
    case .existing(_, let existing):
      guard existing >= 0 else { return }
      let row = UInt32(existing)
      refresh(row, packet, remote: packet.destination, isOutward: true, now: now)
      let flow = OutwardKey(proto: packet.proto, inside: packet.source, remote: packet.destination)
      if remembersOutward {
        remember(flow, row, now: now)
      } else if !sessions.isEmpty {
        _ = sessions.withValue(for: flow) { $0.expires = now + lifetime(of: row, now: now) }
      }
      if !isStatic(row) { permit(row, packet.destination, until: mappings[Int(row)].expires) }
    case .fresh(let to, let ordinal):
      let row = make(outwardKey(packet.proto, packet.source, to: packet.destination), to, packet, now: now, recorder: recorder)
      ordinals.insert(ordinal, for: EndpointKey(proto: packet.proto, endpoint: packet.source))
      permit(row, packet.destination, until: mappings[Int(row)].expires)
      if remembersOutward {
        remember(OutwardKey(proto: packet.proto, inside: packet.source, remote: packet.destination), row, now: now)
      }
      tell(.mappingMade, mappings[Int(row)], conversation: packet.conversation, recorder: recorder)
    }
  }

  private func make(_ key: OutwardKey, _ to: Endpoint, _ packet: Packet, now: SimTime, recorder: Recorder) -> UInt32 {
    let place = inwardKey(key.proto, to, from: packet.destination)
    if let stale = outward[key] {
      if behaviour.portHold > .zero, inward[place] != stale {
        end(stale, recorder: recorder)
      } else {
        lose(stale, recorder: recorder)
      }
    }
    if let stale = inward[place] { lose(stale, recorder: recorder) }
    let row = freeRows.popLast() ?? UInt32(mappings.count)
    var mapping = Mapping(key: key, outside: to, made: now, expires: now, generation: 0)
    if Int(row) == mappings.count {
      mappings.append(mapping)
    } else {
      mapping.generation = mappings[Int(row)].generation &+ 1
      mappings[Int(row)] = mapping
    }
    mappings[Int(row)].holder = holder(of: row)
    begin(row, packet, now: now)
    outward.insert(row, for: key)
    inward.insert(row, for: place)
    took(to, key)
    return row
  }

  private func permit(_ row: UInt32, _ remote: Endpoint, until expires: SimTime) {
    guard behaviour.filtering != .endpointIndependent else { return }
    permissions.insert(expires, for: permissionKey(row, remote))
  }

  /// Tells that a mapping is over; its row goes on holding the port.
  private func end(_ row: UInt32, _ why: MappingEnd = .expired, recorder: Recorder) {
    guard !mappings[Int(row)].ended else { return }
    mappings[Int(row)].ended = true
    released(mappings[Int(row)].key)
    tell(.mappingLost, mappings[Int(row)], why, conversation: .none, recorder: recorder)
  }

  /// Ends a mapping and takes it out of the tables.
  func lose(_ row: UInt32, _ why: MappingEnd = .expired, recorder: Recorder) {
    let mapping = mappings[Int(row)]
    if outward[mapping.key] == row { _ = outward.remove(mapping.key) }
    // What the mapping depends on is already the remote that the inward key may need.
    let place = inwardKey(mapping.key.proto, mapping.outside, from: mapping.key.remote)
    if inward[place] == row { _ = inward.remove(place) }
    freeRows.append(row)
    end(row, why, recorder: recorder)
  }

  func tell(
    _ kind: RecordKind, _ mapping: Mapping, _ why: MappingEnd = .expired, conversation: ConversationID, recorder: Recorder
  ) {
    var record = Record(kind: kind, node: node, code: kind == .mappingLost ? UInt16(why.rawValue) : 0)
    let about = recorder.conversations[Int(conversation.index)]
    record.session = about.session
    record.attempt = about.attempt
    record.topic = about.topic
    record.proto = mapping.key.proto.rawValue
    record.from = mapping.key.inside
    record.to = mapping.outside
    record.value = mapping.expires.nanoseconds
    recorder.tell(record)
  }

  // MARK: Inward

  /// Whether and to whom a packet for an external address goes. The filter is asked before anything is refreshed.
  func planInward(_ packet: Packet, now: SimTime) -> TranslationPlan {
    if behaviour.oneToOne {
      for row in pairs.indices where pairs[row].outside == packet.destination.address {
        return .existing(to: Endpoint(pairs[row].inside, packet.destination.port), mapping: -1)
      }
      return .pass
    }
    guard owns(packet.destination.address) else { return .pass }
    guard let row = liveRow(packet.proto, at: packet.destination, from: packet.source, now: now) else {
      return unsolicited(.natNoMapping, packet)
    }
    if behaviour.filtering != .endpointIndependent, !isStatic(row) {
      guard let expires = permissions[permissionKey(row, packet.source)], expires > now else {
        return unsolicited(.natFiltered, packet)
      }
    }
    return .existing(to: mappings[Int(row)].key.inside, mapping: Int32(row))
  }

  private func unsolicited(_ reason: DropReason, _ packet: Packet) -> TranslationPlan {
    switch behaviour.unsolicited {
    case .drop: return .drop(reason)
    case .reject:
      let isOpening = packet.proto == .tcp && packet.tcp.flags.opens
      return isOpening && behaviour.synSilence > .zero ? .silence(reason) : .refuse(reason)
    case .accept: return .own
    }
  }

  /// Until when nothing is said of an unsolicited SYN; `nil` when one of its connection is kept in silence already, or too many are.
  func silence(about packet: Packet, now: SimTime) -> SimTime? {
    let key = InwardKey(proto: packet.proto, outside: packet.destination, remote: packet.source)
    if let until = silences[key], until > now { return nil }
    if silences.count >= Self.mostFlows { silences.removeAll { $1 <= now } }
    guard silences.count < Self.mostFlows else { return nil }
    let until = now + behaviour.synSilence
    silences.insert(until, for: key)
    return until
  }

  /// What is planned for a held SYN whose silence is over; `nil` where the translator has forgotten it.
  func planReleased(_ packet: Packet, now: SimTime) -> TranslationPlan? {
    let key = InwardKey(proto: packet.proto, outside: packet.destination, remote: packet.source)
    return silences.remove(key) == nil ? nil : planInward(packet, now: now)
  }

  /// Notes what an accepted inbound packet says, and refreshes its mapping where the behaviour says so (RFC 4787 REQ-6).
  func commitInward(_ plan: TranslationPlan, _ packet: Packet, now: SimTime) {
    guard case .existing(_, let existing) = plan, existing >= 0, heedsInbound || packet.proto == .tcp else { return }
    let row = UInt32(existing)
    refresh(row, packet, remote: packet.source, isOutward: false, now: now)
    if behaviour.inboundRefresh, !isStatic(row) { permit(row, packet.source, until: mappings[Int(row)].expires) }
    guard behaviour.answers == .session || isStatic(row) else { return }
    // A flow keeps the port of its first packet, whichever way that went.
    let flow = OutwardKey(proto: packet.proto, inside: mappings[Int(row)].key.inside, remote: packet.source)
    if !isStatic(row), let other = flowRow(flow, now: now), other != row { return }
    remember(flow, row, now: now)
  }

  private func remember(_ flow: OutwardKey, _ row: UInt32, now: SimTime) {
    if sessions.count >= Self.mostFlows { sessions.removeAll { $1.expires <= now } }
    guard sessions.count < Self.mostFlows else { return }
    let expires = now + lifetime(of: row, now: now)
    sessions.insert(Session(mapping: row, generation: mappings[Int(row)].generation, expires: expires), for: flow)
  }

  /// The gateway has taken an unsolicited packet for its own and holds its remote for as long as an unanswered flow.
  func keep(_ packet: Packet, now: SimTime) {
    let key = InwardKey(proto: packet.proto, outside: packet.destination, remote: packet.source)
    if own.count >= Self.mostFlows { own.removeAll { $1 <= now } }
    guard own.count < Self.mostFlows else { return }
    own.insert(now + (behaviour.udpUnansweredLifetime ?? behaviour.udpLifetime), for: key)
  }

  // MARK: ICMP errors (RFC 5508: translated, never making, refreshing or ending a mapping)

  /// The inside endpoint that an inbound error's quoted source stands for.
  func insideOfQuoted(_ error: ICMPError, now: SimTime) -> Endpoint? {
    if behaviour.oneToOne {
      for pair in pairs where pair.outside == error.source.address { return Endpoint(pair.inside, error.source.port) }
      return nil
    }
    return liveRow(error.proto, at: error.source, from: error.destination, now: now).map { mappings[Int($0)].key.inside }
  }

  /// The external endpoint that an outbound error's quoted destination stands for.
  func outsideOfQuoted(_ error: ICMPError, now: SimTime) -> Endpoint? {
    if behaviour.oneToOne {
      for pair in pairs where pair.inside == error.destination.address { return Endpoint(pair.outside, error.destination.port) }
      return nil
    }
    return liveRow(error.proto, error.destination, to: error.source, now: now).map { mappings[Int($0)].outside }
  }
}
