// Counts packets by conversation, and keeps of each what tells its protocol.
import SimulationKernel
import Wire
import WireCodec

/// A TURN client and its server, between which something travelled inside TURN messages.
struct Relayed: Hashable {
  var client: Endpoint
  var server: Endpoint
}

/// The two endpoints of a conversation, in the order of their numbers.
struct FlowKey: Hashable {
  var proto: TransportProtocol
  var low: Endpoint
  var high: Endpoint
  var relay: Relayed?
  init(_ proto: TransportProtocol, _ a: Endpoint, _ b: Endpoint, relay: Relayed? = nil) {
    self.proto = proto
    (low, high) = (min(a, b), max(a, b))
    self.relay = relay
  }
}

/// A conversation while its packets come in. Of everything kept per side, the lower endpoint's is the first.
struct FlowRecord {
  struct Side {
    var traffic = Traffic()
    var wrongChecksums = 0
    var unfinishedChecksums = 0
    /// Packets of it that were recorded as leaving, and as arriving.
    var outbound = 0
    var inbound = 0
    /// Packets of it with a time to live that hosts give.
    var fresh = 0
    var tcp = TCPSide()
  }
  var key: FlowKey
  var sides = [Side(), Side()]
  var lowSpokeFirst: Bool
  var first: SimTime
  var last: SimTime
  var protocols: [String] = []
  var refusals: [Refusal] = []
  var rdpudp = RDPUDPLedger()
  /// The first side that acknowledged a SYN's answer, and when.
  var handshakeEnd: SimTime?

  func side(_ endpoint: Endpoint) -> Int { endpoint == key.low ? 0 : 1 }
}

struct FlowLedger {
  private(set) var records: [FlowRecord] = []
  private var rows: [FlowKey: Int] = [:]

  private mutating func note(_ key: FlowKey, from: Endpoint, _ sighting: Sighting) -> Int {
    let row: Int
    if let known = rows[key] {
      row = known
    } else {
      row = records.count
      rows[key] = row
      records.append(FlowRecord(key: key, lowSpokeFirst: from == key.low, first: sighting.time, last: sighting.time))
    }
    let side = records[row].side(from)
    records[row].sides[side].traffic.add(sighting.length)
    switch sighting.checksum {
    case .right: break
    case .wrong: records[row].sides[side].wrongChecksums += 1
    case .unfinished: records[row].sides[side].unfinishedChecksums += 1
    }
    if Self.initialLives.contains(sighting.ttl) { records[row].sides[side].fresh += 1 }
    if sighting.direction == .outbound { records[row].sides[side].outbound += 1 }
    if sighting.direction == .inbound { records[row].sides[side].inbound += 1 }
    records[row].first = min(records[row].first, sighting.time)
    records[row].last = max(records[row].last, sighting.time)
    return row
  }

  /// Linux and ours, Windows, and some routers.
  private static let initialLives: Set<UInt8> = [64, 128, 255]

  mutating func mark(_ row: Int, _ name: String) {
    if !records[row].protocols.contains(name) { records[row].protocols.append(name) }
  }

  mutating func datagram(_ count: Int, from: Endpoint, to: Endpoint, relay: Relayed?, _ sighting: Sighting) -> Int {
    note(FlowKey(.udp, from, to, relay: relay), from: from, sighting)
  }

  /// A datagram that is neither STUN nor a channel's.
  mutating func other(_ row: Int, _ payload: ArraySlice<UInt8>, from: Endpoint, _ sighting: Sighting) {
    let record = records[row]
    let ports = [record.key.low.port, record.key.high.port]
    let hint = ports.contains { Self.rdpPorts.contains($0) } || record.protocols.contains("stun") || record.key.relay != nil
    if records[row].rdpudp.take(payload, from: record.side(from), missing: sighting.missing, at: sighting.time, isLikely: hint) {
      return mark(row, "rdpudp")
    }
    if let name = Self.name(payload, ports) { mark(row, name) }
  }

  /// The listener's documented port, and RDP's own.
  private static let rdpPorts: Set<UInt16> = [3389, 3390, 3391]

  /// A datagram's protocol by its port and form.
  private static func name(_ payload: ArraySlice<UInt8>, _ ports: [UInt16]) -> String? {
    let start = Array(payload.prefix(5))
    if ports.contains(53) { return "dns" }
    if ports.contains(5353) { return "mdns" }
    if ports.contains(500) { return "ike" }
    if ports.contains(4500), let packet = try? TunnelCodec.read(payload) {
      switch packet {
      case .esp: return "esp"
      case .ike: return "ike"
      case .keepAlive: return "nat-keepalive"
      }
    }
    // RFC 9147 §4: content types 20 … 25, version 254.253 or 254.255.
    if start.count == 5, (20...25).contains(start[0]), start[1] == 0xFE, [0xFD, 0xFF].contains(start[2]) { return "dtls" }
    // RFC 9000 §17.2: the long header with version 1.
    if start.count == 5, start[0] & 0xC0 == 0xC0, start[1...] == [0, 0, 0, 1], ports.contains(443) { return "quic" }
    return nil
  }

  mutating func segment(_ segment: TCPSegment, sent: Int, from: Endpoint, to: Endpoint, _ sighting: Sighting) {
    let row = note(FlowKey(.tcp, from, to), from: from, sighting)
    let side = records[row].side(from)
    if segment.flags.contains(.syn) {
      let old = records[row].sides[side].tcp.initial
      if old != nil, old != segment.sequence { records[row].handshakeEnd = nil }
    } else if segment.flags.contains(.ack), records[row].handshakeEnd == nil, records[row].sides[1 - side].tcp.answered != nil {
      records[row].handshakeEnd = sighting.time
    }
    records[row].sides[side].tcp.take(segment, sent: sent, at: sighting.time)
  }

  /// An ICMP error about a packet that was sent.
  mutating func refused(_ refusal: Refusal, _ error: ICMPError) {
    let key = FlowKey(error.proto, error.source, error.destination)
    guard let row = rows[key], !records[row].refusals.contains(refusal) else { return }
    records[row].refusals.append(refusal)
  }

  // MARK: Conclusions

  func concluded(_ orientation: Orientation, _ origin: SimTime) -> [Flow] {
    records.map { record in
      let nearIsLow = orientation.nearIsLow(record)
      let (near, far) = (nearIsLow ? 0 : 1, nearIsLow ? 1 : 0)
      var flow = Flow(
        proto: record.key.proto, near: nearIsLow ? record.key.low : record.key.high,
        far: nearIsLow ? record.key.high : record.key.low, relay: record.key.relay?.server, protocols: record.protocols,
        sent: record.sides[near].traffic, received: record.sides[far].traffic, first: record.first.since(origin),
        last: record.last.since(origin), refusals: record.refusals)
      guard record.key.proto == .tcp else { return flow }
      let facts = Self.facts(record, near)
      flow.tcp = facts
      let opener = (facts.openedByNear ?? true) ? near : far
      let look = StreamLook(
        opener: record.sides[opener].tcp.stream.bytes, other: record.sides[1 - opener].tcp.stream.bytes,
        date: Self.date(record.first))
      (flow.protocols, flow.tls, flow.web) = (look.protocols, look.tls, look.web)
      return flow
    }
  }

  /// In seconds since 1970.
  static func date(_ time: SimTime) -> Int64 { time.nanoseconds / 1_000_000_000 }

  private static func facts(_ record: FlowRecord, _ near: Int) -> TCPFacts {
    var facts = TCPFacts()
    let far = 1 - near
    let sides = record.sides.map(\.tcp)
    if sides[near].answered != nil || (sides[far].answered == nil && !sides[far].syns.isEmpty) {
      facts.openedByNear = false
    } else if !sides[near].syns.isEmpty || sides[far].answered != nil {
      facts.openedByNear = true
    }
    if let isNear = facts.openedByNear {
      let (opener, other) = (isNear ? near : far, isNear ? far : near)
      facts.repeatedSyns = max(0, sides[opener].syns.count - 1)
      facts.isEstablished = record.handshakeEnd != nil
      if let asked = sides[opener].syns.first, let end = record.handshakeEnd ?? sides[other].answered {
        facts.handshake = end - asked
      }
    } else {
      facts.isEstablished = sides.allSatisfy { !$0.stream.bytes.isEmpty }
    }
    (facts.resetsSent, facts.resetsReceived) = (sides[near].resets, sides[far].resets)
    (facts.retransmissionsSent, facts.retransmissionsReceived) = (sides[near].retransmissions, sides[far].retransmissions)
    facts.outOfOrder = sides[near].outOfOrder + sides[far].outOfOrder
    return facts
  }

  func connections(
    _ orientation: Orientation, _ origin: SimTime, pairs: [CheckPair]
  ) -> [RDPUDPFlow] {
    records.flatMap { record in
      let nearIsLow = orientation.nearIsLow(record)
      return record.rdpudp.concluded(record, nearIsLow: nearIsLow, origin, pairs, date: Self.date(record.first))
    }
  }
}
