// RDP-UDP connections: their handshakes, what went each way, and the TLS inside.
import SimulationKernel
import Wire
import WireCodec

/// The connections of one UDP conversation while its datagrams come in. Sides are 0 for the lower endpoint and 1 for the higher.
struct RDPUDPLedger {
  struct Connection {
    /// The side that sent the SYN; `nil` when that was before the capture.
    var opener: Int?
    var syn: RDPUDPHandshake?
    var synAck: RDPUDPHandshake?
    var syns: [SimTime] = []
    var synAcks: [SimTime] = []
    /// When the opener's first datagram behind the answer was seen.
    var confirmed: SimTime?
    /// By side: datagrams with data, their bytes of data, acknowledgements and dummies.
    var data = [Traffic(), Traffic()]
    var acknowledgements = [0, 0]
    var dummies = [0, 0]
    var streams = [ChannelStart(), ChannelStart()]
    var first: SimTime
    var last: SimTime
  }
  private(set) var connections: [Connection] = []
  /// Without a SYN: datagrams that could be of the data phase, and whether one could not.
  private var waiting: [(side: Int, packet: RDPUDP2Packet, time: SimTime)] = []
  private var isSomethingElse = false

  /// So many datagrams without a SYN before they are believed: each fits by chance about one time in thirty.
  private static let believed = 4

  /// - Returns: whether the datagram belongs to an RDP-UDP connection.
  mutating func take(_ payload: ArraySlice<UInt8>, from side: Int, missing: Int, at time: SimTime, isLikely: Bool) -> Bool {
    if let handshake = handshake(payload, missing: missing) {
      take(handshake, side, time)
      return true
    }
    guard payload.count > 7 else { return !connections.isEmpty }
    // Only its data is cut; the headers in front say the rest.
    let packet = try? RDPUDP2Packet(payload)
    if let row = connections.indices.last {
      connections[row].last = time
      if connections[row].confirmed == nil, connections[row].opener == side, !connections[row].synAcks.isEmpty {
        connections[row].confirmed = time
      }
      guard let packet else {
        // The data phase of versions 1 and 2 is counted only.
        connections[row].data[side].add(payload.count)
        return true
      }
      connections[row].take(packet, side, missing)
      return true
    }
    guard isLikely, !isSomethingElse else { return false }
    guard let packet else {
      isSomethingElse = true
      waiting = []
      return false
    }
    waiting.append((side, packet, time))
    guard waiting.count >= Self.believed else { return false }
    connections.append(Connection(first: waiting[0].time, last: time))
    for one in waiting { connections[0].take(one.packet, one.side, 0) }
    waiting = []
    return true
  }

  /// A SYN or SYN+ACK; a cut one is filled up with the zeros that it ends with.
  private func handshake(_ payload: ArraySlice<UInt8>, missing: Int) -> RDPUDPHandshake? {
    guard payload.count >= 24, payload[payload.startIndex + 7] & 1 == 1 else { return nil }
    let whole = Array(payload) + [UInt8](repeating: 0, count: missing)
    // MS-RDPEUDP §3.1.5.1.1: padded to the MTU.
    guard whole.count >= 1132 else { return nil }
    return try? RDPUDPHandshake(whole[...])
  }

  private mutating func take(_ handshake: RDPUDPHandshake, _ side: Int, _ time: SimTime) {
    if handshake.flags.contains(.ack) {
      let known = connections.lastIndex { $0.opener == 1 - side && $0.syn?.initialSequence == handshake.sourceAck }
      let row = known ?? connections.lastIndex { $0.opener == 1 - side && $0.syn == nil } ?? connections.count
      if row == connections.count { connections.append(Connection(opener: 1 - side, first: time, last: time)) }
      connections[row].synAck = connections[row].synAck ?? handshake
      connections[row].synAcks.append(time)
      connections[row].last = time
      return
    }
    if let row = connections.lastIndex(where: { $0.opener == side && $0.syn?.initialSequence == handshake.initialSequence }) {
      connections[row].syns.append(time)
      connections[row].last = time
      return
    }
    var connection = Connection(opener: side, first: time, last: time)
    connection.syn = handshake
    connection.syns = [time]
    connections.append(connection)
  }

  func concluded(
    _ record: FlowRecord, nearIsLow: Bool, _ origin: SimTime, _ pairs: [CheckPair], date: Int64
  ) -> [RDPUDPFlow] {
    let (near, far) = nearIsLow ? (0, 1) : (1, 0)
    return connections.map { connection in
      var flow = RDPUDPFlow(
        near: nearIsLow ? record.key.low : record.key.high, far: nearIsLow ? record.key.high : record.key.low,
        relay: record.key.relay?.server, first: connection.first.since(origin), last: connection.last.since(origin))
      flow.openedByNear = connection.opener.map { $0 == near }
      flow.syns = connection.syns.count
      flow.synAcks = connection.synAcks.count
      flow.clientVersion = connection.syn.map { $0.version ?? 1 }
      flow.serverVersion = connection.synAck.map { $0.version ?? 1 }
      flow.mtu = [connection.syn, connection.synAck].compactMap { $0.map { min($0.upstreamMTU, $0.downstreamMTU) } }.min()
      flow.cookieHash = connection.syn?.cookieHash
      flow.correlation = connection.syn?.correlation
      if let answered = connection.synAcks.first, let asked = connection.syns.last(where: { $0 <= answered }) {
        flow.roundTrip = answered - asked
        // The answering side sees the way there and back behind its answer.
        if flow.openedByNear == false { flow.roundTrip = connection.confirmed.map { $0 - answered } }
      }
      flow.firstSyn = connection.syns.first.map { $0.since(origin) }
      (flow.dataSent, flow.dataReceived) = (connection.data[near], connection.data[far])
      flow.acknowledgements = connection.acknowledgements[0] + connection.acknowledgements[1]
      flow.dummies = connection.dummies[0] + connection.dummies[1]
      let opener = connection.opener ?? near
      let look = StreamLook(
        opener: connection.streams[opener].bytes, other: connection.streams[1 - opener].bytes, date: date)
      flow.tls = look.tls
      flow.refusals = record.refusals
      let checks = pairs.first { $0.local == flow.near && $0.remote == flow.far && $0.relay == flow.relay }
      flow.kind = Self.kind(flow, hasChecks: checks != nil || record.protocols.contains("stun"))
      return flow
    }
  }

  private static func kind(_ flow: RDPUDPFlow, hasChecks: Bool) -> RDPUDPFlow.Kind {
    if flow.relay != nil { return .relayed }
    if hasChecks { return .public }
    let listener = flow.openedByNear.map { $0 ? flow.far : flow.near }
    let ports = listener.map { [$0.port] } ?? [flow.near.port, flow.far.port]
    // The documented default of UdpRedirectorPort.
    return ports.contains(3390) ? .managed : .unknown
  }
}

extension RDPUDPLedger.Connection {
  mutating func take(_ packet: RDPUDP2Packet, _ side: Int, _ missing: Int) {
    if packet.isDummy {
      dummies[side] += 1
    } else if packet.dataSequence != nil {
      data[side].add(packet.data.count + missing)
      if missing == 0, let number = packet.channelSequence { streams[side].put(packet.data, at: number) }
    } else {
      acknowledgements[side] += 1
    }
  }
}

/// The beginning of a stream whose pieces are numbered one by one (ChannelSeqNum, MS-RDPEUDP2 §2.2.1.2.5).
struct ChannelStart {
  private(set) var bytes: [UInt8] = []
  private var next: UInt16?
  private var waiting: [(number: UInt16, bytes: [UInt8])] = []

  /// The first piece is the one that begins with a TLS handshake record: numbers need not begin anywhere.
  mutating func put(_ piece: [UInt8], at number: UInt16) {
    if bytes.count >= StreamStart.limit { return }
    if next == nil, piece.starts(with: [22, 3]) { next = number }
    guard let next, Int16(bitPattern: number &- next) >= 0 || bytes.isEmpty else {
      if self.next == nil, waiting.count < 64 { waiting.append((number, piece)) }
      return
    }
    if waiting.count < 64, !waiting.contains(where: { $0.number == number }) { waiting.append((number, piece)) }
    while let wanted = self.next, let row = waiting.firstIndex(where: { $0.number == wanted }) {
      bytes += waiting.remove(at: row).bytes
      self.next = wanted &+ 1
    }
  }
}
