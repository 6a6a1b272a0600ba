// Takes in the packets of one place, one after the other, and hands each to the ledger of what it is.
import SimulationKernel
import Wire
import WireCodec

/// One packet as the ledgers see it.
struct Sighting {
  var time: SimTime
  /// Bytes of its IP packet.
  var length: Int
  /// Time to live, or hop limit.
  var ttl: UInt8
  var direction: CapturedPacket.Direction
  /// Bytes at its end that were not kept.
  var missing: Int
  var checksum = Checksum.right

  enum Checksum {
    case right, wrong
    /// Left to a network card.
    case unfinished
  }
}

/// A place while its packets come in.
struct PlaceObserver {
  private var place: Place
  private var flows = FlowLedger()
  private var stun = STUNLedger()
  private var relays = RelayLedger()
  /// The latest packets, of which a second copy is told by its bytes.
  private var recent: [(time: SimTime, bytes: [UInt8])] = []
  private var oldest = 0

  init(name: String, _ interface: CaptureInterface) {
    place = Place(
      name: name, description: interface.name == nil ? nil : interface.description, comments: interface.comments,
      linkType: interface.linkType)
  }

  mutating func take(_ captured: CapturedPacket, _ frame: LinkFrame, number: Int, _ passwords: Passwords) {
    let time = SimTime(nanoseconds: captured.time)
    place.packets += 1
    place.bytes &+= captured.originalLength
    place.first = min(place.first ?? time, time)
    place.last = max(place.last ?? time, time)
    if captured.originalLength > captured.bytes.count { place.trouble.cut += 1 }
    switch frame.content {
    case .notIP: place.trouble.notIP += 1
    case .unreadable: place.trouble.unreadableLink += 1
    case .tooShort: break
    case .datagram(let bytes, let missing):
      if isCopy(bytes, at: time) {
        place.trouble.doubled += 1
        return
      }
      do throws(CodecError) {
        let packet = try PacketCodec.decode(bytes[...], verifying: false)
        let sighting = Sighting(
          time: time, length: bytes.count, ttl: packet.header.ttl, direction: frame.direction, missing: missing,
          checksum: missing == 0 ? Self.checksum(bytes) : .right)
        take(packet, sighting, passwords)
      } catch { misread(error, number, isCut: missing > 0) }
    }
  }

  private mutating func isCopy(_ bytes: [UInt8], at time: SimTime) -> Bool {
    if recent.contains(where: { (time - $0.time).nanoseconds.magnitude < 1_000_000 && $0.bytes == bytes }) { return true }
    if recent.count < 16 { recent.append((time, bytes)) } else { recent[oldest] = (time, bytes) }
    oldest = (oldest + 1) % 16
    return false
  }

  private static func checksum(_ bytes: [UInt8]) -> Sighting.Checksum {
    do throws(CodecError) {
      _ = try PacketCodec.decode(bytes[...])
      return .right
    } catch {
      guard case .integrity = error else { return .right }
      return PacketCodec.hasUnfinishedChecksum(bytes[...]) ? .unfinished : .wrong
    }
  }

  private mutating func misread(_ error: CodecError, _ number: Int, isCut: Bool) {
    switch error {
    case .unsupported(let what, _) where what.hasPrefix("IPv4 fragment") || what == "IPv6 header": place.trouble.fragments += 1
    case .unsupported(let what, _): place.trouble.others.count(what)
    default:
      if isCut { return }
      place.trouble.malformed += 1
      place.trouble.firstMalformed = place.trouble.firstMalformed ?? "packet \(number): \(error)"
    }
  }

  private mutating func take(_ packet: DecodedPacket, _ sighting: Sighting, _ passwords: Passwords) {
    switch packet.content {
    case .udp(let payload):
      let kept = payload.dropLast(min(sighting.missing, payload.count))
      datagram(kept, from: packet.source, to: packet.destination, relay: nil, sighting, passwords)
    case .tcp(var segment):
      // Sequence numbers count what was sent, kept or not.
      let sent = segment.payload.count
      segment.payload.removeLast(min(sighting.missing, sent))
      flows.segment(segment, sent: sent, from: packet.source, to: packet.destination, sighting)
    case .icmp(.error(let error, _)):
      flows.refused(Refusal(kind: error.kind, by: packet.source.address), error)
      place.trouble.others.count("icmp error")
    case .icmp: place.trouble.others.count("icmp")
    case .other(let number, _):
      place.trouble.others.count([50: "esp", 51: "ah", 47: "gre", 2: "igmp"][number] ?? "protocol \(number)")
    }
  }

  /// A UDP datagram, or what a relay carries of one.
  private mutating func datagram(
    _ payload: ArraySlice<UInt8>, from: Endpoint, to: Endpoint, relay: Relayed?, _ sighting: Sighting, _ passwords: Passwords
  ) {
    let row = flows.datagram(payload.count, from: from, to: to, relay: relay, sighting)
    if STUNFrame.begins(payload) {
      guard let message = STUNLedger.decoded(payload, isCut: sighting.missing > 0) else {
        flows.mark(row, "stun (malformed)")
        return
      }
      flows.mark(row, message.frame.method == STUNFrame.binding ? "stun" : "turn")
      stun.take(message, from: from, to: to, relay: relay, sighting, passwords, &place.trouble)
      if let inner = relays.take(message.frame, from: from, to: to, sighting), relay == nil {
        relayed(inner, sighting, passwords)
      }
    } else if relay == nil, let inner = relays.channelData(payload, from: from, to: to) {
      flows.mark(row, "turn")
      relayed(inner, sighting, passwords)
    } else {
      flows.other(row, payload, from: from, sighting)
    }
  }

  private mutating func relayed(_ inner: RelayedDatagram, _ sighting: Sighting, _ passwords: Passwords) {
    var sighting = sighting
    (sighting.length, sighting.checksum) = (inner.payload.count, .right)
    let relay = Relayed(client: inner.client, server: inner.server)
    let (from, to) = inner.toPeer ? (inner.client, inner.peer) : (inner.peer, inner.client)
    datagram(inner.payload, from: from, to: to, relay: relay, sighting, passwords)
  }

  // MARK: Conclusions

  func concluded(origin: SimTime) -> Place {
    var place = place
    let orientation = Orientation(flows.records)
    place.first = place.first.map { $0.since(origin) }
    place.last = place.last.map { $0.since(origin) }
    place.hasDirections = orientation.hasDirections
    place.near = orientation.near
    var (leaving, fresh) = (0, 0)
    for record in flows.records where record.key.relay == nil {
      let nearIsLow = orientation.nearIsLow(record)
      let (near, far) = (record.sides[nearIsLow ? 0 : 1], record.sides[nearIsLow ? 1 : 0])
      fresh += 2 * near.fresh - near.traffic.packets
      leaving += near.outbound + far.inbound - near.inbound - far.outbound
      place.trouble.offloaded += near.wrongChecksums + near.unfinishedChecksums + far.unfinishedChecksums
      place.trouble.wrongChecksums += far.wrongChecksums
    }
    place.isAtHost = fresh > 0 && (leaving > 0 || !place.hasDirections)
    let transactions = stun.transactions(since: origin)
    place.flows = flows.concluded(orientation, origin)
    place.mappings = Mapping.all(transactions, orientation, flows.records)
    place.pairs = CheckPair.all(transactions, orientation, flows.records)
    place.allocations = relays.concluded(transactions)
    place.candidates = Candidate.all(transactions, place.mappings, orientation)
    place.connections = flows.connections(orientation, origin, pairs: place.pairs)
    place.verdicts = HostVerdict.all(place)
    return place
  }
}

extension SimTime {
  /// The same instant, counted from `origin`.
  func since(_ origin: SimTime) -> SimTime { SimTime(nanoseconds: nanoseconds &- origin.nanoseconds) }
}
