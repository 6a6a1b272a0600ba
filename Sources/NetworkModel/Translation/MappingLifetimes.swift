// How long mappings live: by protocol, by whether anybody has answered, and for TCP by how far its connections have come (RFC 7857 §2).
import SimulationKernel
import Wire

extension AddressTranslator {
  /// How long a mapping lives from a packet that refreshes it.
  func lifetime(of row: UInt32, now: SimTime) -> SimDuration {
    if behaviour.udpUnansweredLifetime == nil, mappings[Int(row)].key.proto == .udp { return behaviour.udpLifetime }
    let mapping = mappings[Int(row)]
    switch mapping.key.proto {
    case .udp:
      let unanswered = behaviour.udpUnansweredLifetime ?? behaviour.udpLifetime
      let isStream = mapping.answered && now - mapping.made >= behaviour.udpStreamAge
      return isStream || mapping.expires == .never ? behaviour.udpLifetime : unanswered
    case .tcp:
      if mapping.openConnections > 0 || mapping.expires == .never { return behaviour.tcpLifetime }
      return mapping.closing ? behaviour.tcpClosingLifetime : behaviour.tcpOpeningLifetime
    case .icmp: return behaviour.icmpLifetime
    }
  }

  /// Starts a mapping's life with the packet that made it.
  func begin(_ row: UInt32, _ packet: Packet, now: SimTime) {
    if packet.proto == .tcp, packet.tcp.flags.isDisjoint(with: [.syn, .rst]) {
      // The middle of a connection that was there before the translator knew of it.
      let key = ConnectionKey(mapping: row, generation: mappings[Int(row)].generation, remote: packet.destination)
      connections.insert([.synIn, .synOut, .counted], for: key)
      mappings[Int(row)].openConnections = 1
    }
    refresh(row, packet, remote: packet.destination, isOutward: true, now: now)
  }

  /// Notes what a translated packet says of its flow and moves the mapping's end.
  func refresh(_ row: UInt32, _ packet: Packet, remote: Endpoint, isOutward: Bool, now: SimTime) {
    if mappings[Int(row)].expires == .never { return }
    if !isOutward { mappings[Int(row)].answered = true }
    if packet.proto == .tcp, !packet.tcp.flags.isDisjoint(with: [.syn, .fin, .rst]) {
      note(packet.tcp.flags, row, remote, isOutward: isOutward)
      let mapping = mappings[Int(row)]
      if mapping.openConnections == 0, mapping.closing, mapping.expires > now {
        // Its last connection is over: that shortens its life and never lengthens it, not even by a reset that answers (RFC 7857 §9).
        mappings[Int(row)].expires = min(mapping.expires, now + behaviour.tcpClosingLifetime)
        return
      }
    }
    guard isOutward || behaviour.inboundRefresh else { return }
    mappings[Int(row)].expires = now + lifetime(of: row, now: now)
  }

  private func note(_ flags: TCPFlags, _ row: UInt32, _ remote: Endpoint, isOutward: Bool) {
    let key = ConnectionKey(mapping: row, generation: mappings[Int(row)].generation, remote: remote)
    var progress = connections[key] ?? []
    if flags.contains(.syn) {
      if progress.isOver, !flags.contains(.ack) { progress.subtract([.synIn, .synOut, .finIn, .finOut, .reset]) }
      progress.insert(isOutward ? .synOut : .synIn)
      if isOutward { mappings[Int(row)].closing = false }
    }
    if flags.contains(.fin) { progress.insert(isOutward ? .finOut : .finIn) }
    if flags.contains(.rst) { progress.insert(.reset) }
    if progress.isOver { mappings[Int(row)].closing = true }
    if progress.isOpen != progress.contains(.counted) {
      if progress.isOpen {
        progress.insert(.counted)
        mappings[Int(row)].openConnections &+= 1
      } else {
        progress.remove(.counted)
        mappings[Int(row)].openConnections &-= 1
      }
    }
    connections.insert(progress, for: key)
  }
}
