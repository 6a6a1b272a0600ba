// A network address translator at work: mappings, permissions and ports. Looking is separate from committing, so that a packet which
// a filter drops leaves the tables unchanged.
public import SimulationKernel
public import Wire
import Trace

struct OutwardKey: FlatKey, BitwiseCopyable {
  var proto: TransportProtocol
  var inside: Endpoint
  /// The remote as far as the mapping depends on it.
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { inside.hash &* 31 &+ remote.hash ^ UInt64(proto.rawValue) }
}

struct InwardKey: FlatKey, BitwiseCopyable {
  var proto: TransportProtocol
  var outside: Endpoint
  @inline(__always) var flatHash: UInt64 { outside.hash ^ UInt64(proto.rawValue) << 17 }
}

struct PermissionKey: FlatKey, BitwiseCopyable {
  var mapping: UInt32
  var generation: UInt32
  /// The remote as far as the filter depends on it.
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { remote.hash ^ UInt64(mapping) << 32 ^ UInt64(generation) }
}

struct EndpointKey: FlatKey, BitwiseCopyable {
  var endpoint: Endpoint
  @inline(__always) var flatHash: UInt64 { endpoint.hash }
}

struct Mapping: BitwiseCopyable {
  var key: OutwardKey
  var outside: Endpoint
  var expires: SimTime
  var generation: UInt32
}

/// What the translator would do with a packet.
enum TranslationPlan: BitwiseCopyable {
  /// Not this translator's business.
  case pass
  case drop(DropReason)
  /// Rewrite to `to`; `mapping` is the row it rests on, or −1 for a one-to-one pair.
  case existing(to: Endpoint, mapping: Int32)
  /// Rewrite to `to` by a mapping that is still to be made.
  case fresh(to: Endpoint, ordinal: UInt32)
}

public final class AddressTranslator {
  public let behaviour: TranslationBehaviour
  public let key: ComponentKey
  let node: NodeID
  /// External addresses; the first serves every port-translating mapping.
  public let outside: [IPAddress]
  private let pairs: [(inside: IPAddress, outside: IPAddress)]
  @exclusivity(unchecked) private var outward = FlatTable<OutwardKey, UInt32>()
  @exclusivity(unchecked) private var inward = FlatTable<InwardKey, UInt32>()
  @exclusivity(unchecked) private var permissions = FlatTable<PermissionKey, SimTime>()
  @exclusivity(unchecked) private var ordinals = FlatTable<EndpointKey, UInt32>()
  @exclusivity(unchecked) private var mappings: [Mapping] = []
  @exclusivity(unchecked) private var freeRows: [UInt32] = []
  @exclusivity(unchecked) private var nextPort: UInt16

  /// - Parameter pairs: inside and outside addresses of a one-to-one translator.
  public init(
    behaviour: TranslationBehaviour, key: ComponentKey, node: NodeID, outside: [IPAddress],
    pairs: [(inside: IPAddress, outside: IPAddress)] = []
  ) {
    precondition(behaviour.oneToOne || !outside.isEmpty, "a translator without an external address")
    self.behaviour = behaviour
    self.key = key
    self.node = node
    self.outside = outside
    self.pairs = pairs
    self.nextPort = behaviour.portRange.low
  }

  /// Live and expired-but-unnoticed mappings.
  public var mappingCount: Int { inward.count }

  @inline(__always) func owns(_ address: IPAddress) -> Bool {
    for row in outside.indices where outside[row] == address { return true }
    return false
  }

  private func remoteKey(mapping remote: Endpoint) -> Endpoint {
    switch behaviour.mapping {
    case .endpointIndependent: .none
    case .addressDependent: Endpoint(remote.address, 0)
    case .addressAndPortDependent: remote
    }
  }

  private func remoteKey(filter remote: Endpoint) -> Endpoint {
    switch behaviour.filtering {
    case .endpointIndependent: .none
    case .addressDependent: Endpoint(remote.address, 0)
    case .addressAndPortDependent: remote
    }
  }

  private func lifetime(_ proto: TransportProtocol) -> SimDuration {
    proto == .tcp ? behaviour.tcpLifetime : behaviour.udpLifetime
  }

  // MARK: Outward

  func planOutward(_ packet: Packet, now: SimTime, chance: Chance) -> TranslationPlan {
    planOutward(proto: packet.proto, inside: packet.source, remote: packet.destination, now: now, chance: chance)
  }

  private func planOutward(proto: TransportProtocol, inside: Endpoint, remote: Endpoint, now: SimTime, chance: Chance)
    -> TranslationPlan
  {
    guard inside.address.isV4 else { return .pass }
    if behaviour.oneToOne {
      for row in pairs.indices where pairs[row].inside == inside.address {
        return .existing(to: Endpoint(pairs[row].outside, inside.port), mapping: -1)
      }
      return .drop(.natNoMapping)
    }
    let key = OutwardKey(proto: proto, inside: inside, remote: remoteKey(mapping: remote))
    if let row = outward[key], mappings[Int(row)].expires > now {
      return .existing(to: mappings[Int(row)].outside, mapping: Int32(row))
    }
    let ordinal = (ordinals[EndpointKey(endpoint: inside)] ?? 0) + 1
    guard let port = freePort(for: key, ordinal: ordinal, now: now, chance: chance) else { return .drop(.natPortsExhausted) }
    return .fresh(to: Endpoint(outside[0], port), ordinal: ordinal)
  }

  private func freePort(for key: OutwardKey, ordinal: UInt32, now: SimTime, chance: Chance) -> UInt16? {
    let range = behaviour.portRange
    let span = UInt64(range.high - range.low) + 1
    let start: UInt64
    switch behaviour.ports {
    case .preserving: start = range.contains(key.inside.port) ? UInt64(key.inside.port - range.low) : 0
    case .sequential: start = UInt64(nextPort - range.low)
    case .random: start = chance.draw(below: span, self.key, .natPort, mix(key.inside.hash, UInt64(ordinal)))
    }
    for step in 0..<span {
      let port = range.low + UInt16((start + step) % span)
      if let row = inward[InwardKey(proto: key.proto, outside: Endpoint(outside[0], port))], mappings[Int(row)].expires > now {
        continue
      }
      return port
    }
    return nil
  }

  /// Makes or refreshes the mapping a plan rests on and permits the remote.
  func commitOutward(_ plan: TranslationPlan, _ packet: Packet, now: SimTime, recorder: Recorder) {
    switch plan {
    case .pass, .drop: return
    case .existing(_, let row):
      if row < 0 { return }
      mappings[Int(row)].expires = now + lifetime(packet.proto)
      permit(UInt32(row), packet.destination, until: mappings[Int(row)].expires)
    case .fresh(let to, let ordinal):
      let key = OutwardKey(proto: packet.proto, inside: packet.source, remote: remoteKey(mapping: packet.destination))
      if let stale = outward[key] { lose(stale, recorder: recorder) }
      if let stale = inward[InwardKey(proto: packet.proto, outside: to)] { lose(stale, recorder: recorder) }
      let row = freeRows.popLast() ?? UInt32(mappings.count)
      let expires = now + lifetime(packet.proto)
      if Int(row) == mappings.count {
        mappings.append(Mapping(key: key, outside: to, expires: expires, generation: 0))
      } else {
        mappings[Int(row)] = Mapping(key: key, outside: to, expires: expires, generation: mappings[Int(row)].generation &+ 1)
      }
      outward.insert(row, for: key)
      inward.insert(row, for: InwardKey(proto: packet.proto, outside: to))
      ordinals.insert(ordinal, for: EndpointKey(endpoint: packet.source))
      if behaviour.ports == .sequential { nextPort = to.port == behaviour.portRange.high ? behaviour.portRange.low : to.port + 1 }
      permit(row, packet.destination, until: expires)
      tell(.mappingMade, mappings[Int(row)], conversation: packet.conversation, recorder: recorder)
    }
  }

  private func permit(_ row: UInt32, _ remote: Endpoint, until expires: SimTime) {
    guard behaviour.filtering != .endpointIndependent else { return }
    let key = PermissionKey(mapping: row, generation: mappings[Int(row)].generation, remote: remoteKey(filter: remote))
    permissions.insert(expires, for: key)
  }

  private func lose(_ row: UInt32, recorder: Recorder) {
    let mapping = mappings[Int(row)]
    if outward[mapping.key] == row { _ = outward.remove(mapping.key) }
    let key = InwardKey(proto: mapping.key.proto, outside: mapping.outside)
    if inward[key] == row { _ = inward.remove(key) }
    freeRows.append(row)
    tell(.mappingLost, mapping, conversation: .none, recorder: recorder)
  }

  private func tell(_ kind: RecordKind, _ mapping: Mapping, conversation: ConversationID, recorder: Recorder) {
    var record = Record(kind: kind, node: node)
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
    guard let row = inward[InwardKey(proto: packet.proto, outside: packet.destination)], mappings[Int(row)].expires > now else {
      return .drop(.natNoMapping)
    }
    if behaviour.filtering != .endpointIndependent {
      let remote = remoteKey(filter: packet.source)
      let key = PermissionKey(mapping: row, generation: mappings[Int(row)].generation, remote: remote)
      guard let expires = permissions[key], expires > now else { return .drop(.natFiltered) }
    }
    return .existing(to: mappings[Int(row)].key.inside, mapping: Int32(row))
  }

  /// Refreshes the mapping of an accepted inbound packet, where the behaviour says so (RFC 4787 REQ-6).
  func commitInward(_ plan: TranslationPlan, _ packet: Packet, now: SimTime) {
    guard behaviour.inboundRefresh, case .existing(_, let row) = plan, row >= 0 else { return }
    let expires = now + lifetime(packet.proto)
    mappings[Int(row)].expires = expires
    permit(UInt32(row), packet.source, until: expires)
  }

  // MARK: ICMP (RFC 5508: translated, never making, refreshing or ending a mapping)

  /// The inside endpoint that an inbound error's quoted source stands for.
  func insideOfQuoted(_ error: ICMPError, now: SimTime) -> Endpoint? {
    if behaviour.oneToOne {
      for pair in pairs where pair.outside == error.source.address { return Endpoint(pair.inside, error.source.port) }
      return nil
    }
    guard let row = inward[InwardKey(proto: error.proto, outside: error.source)], mappings[Int(row)].expires > now else {
      return nil
    }
    return mappings[Int(row)].key.inside
  }

  /// The external endpoint that an outbound error's quoted destination stands for.
  func outsideOfQuoted(_ error: ICMPError, now: SimTime) -> Endpoint? {
    if behaviour.oneToOne {
      for pair in pairs where pair.inside == error.destination.address { return Endpoint(pair.outside, error.destination.port) }
      return nil
    }
    let key = OutwardKey(proto: error.proto, inside: error.destination, remote: remoteKey(mapping: error.source))
    guard let row = outward[key], mappings[Int(row)].expires > now else { return nil }
    return mappings[Int(row)].outside
  }
}
