// Follows every packet of a run: joins what records and taps tell of it to one journey. It changes no outcome.
import NetworkModel
import Simulation
import SimulationKernel
import Trace
import Wire

/// A packet keeps the number of its last record as it goes; that number, and where a link has copied it its luck, say whose step it is.
final class PacketFollower: PacketTap, TraceSink {
  private(set) var packets: [PacketJourney] = []
  /// Motion records, in order of their numbers.
  private(set) var motions: [Record] = []
  /// The packets that have a record: more than one where a link copied it, or where it was taken out of a carrier.
  private(set) var rows: [UInt64: [Int]] = [:]
  /// The packet that was seen last: a record about a number that several share is about this one.
  private var handled = -1

  // MARK: The sink

  func receive(_ record: Record) {
    motions.append(record)
    if record.kind == .sent { return begin(record) }
    guard let sharing = rows[record.cause], let first = sharing.first else { return }
    let row = sharing.contains(handled) ? handled : first
    rows[record.number] = [row]
    switch record.kind {
    case .translated:
      let last = packets[row].steps.last
      add(.translated(source: last?.from ?? .none, destination: last?.to ?? .none, by: .existing), record, to: row)
    case .forwarded: add(.forwarded, record, to: row)
    case .delivered: add(.delivered, record, to: row)
    default: break
    }
  }

  private func begin(_ record: Record) {
    var conversation = Conversation(key: 0, topic: record.topic, opener: NodeID(Int(record.extra)))
    (conversation.session, conversation.attempt, conversation.pair) = (record.session, record.attempt, record.pair)
    let sent = PacketStep(
      kind: .sent, time: record.time, node: record.node, record: record.number, from: record.from, to: record.to)
    rows[record.number] = [packets.count]
    packets.append(
      PacketJourney(
        conversation: conversation, proto: TransportProtocol(rawValue: record.proto) ?? .udp, length: Int(record.value),
        steps: [sent], cause: record.cause))
  }

  private func add(_ kind: PacketStep.Kind, _ record: Record, to row: Int) {
    packets[row].steps.append(
      PacketStep(kind: kind, time: record.time, node: record.node, record: record.number, from: record.from, to: record.to))
  }

  // MARK: The tap

  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    let node = network.interfaces[Int(interface.index)].node
    add(leaving ? .left(interface) : .received(interface), packet, at: node, in: network)
  }

  func judged(_ packet: Packet, _ judgement: Judgement, at node: NodeID, in network: Network) {
    add(.judged(judgement), packet, at: node, in: network)
  }

  func crosses(_ packet: Packet, _ crossing: LinkCrossing, in network: Network) {
    let row = row(of: packet, in: network)
    add(.crosses(crossing), packet, at: packets[row].steps.last?.node ?? .none, in: network)
  }

  func translated(_ packet: Packet, by use: MappingUse, at node: NodeID, in network: Network) {
    let row = row(of: packet, in: network)
    let last = packets[row].steps.count - 1
    guard case .translated(let source, let destination, _) = packets[row].steps[last].kind else { return }
    packets[row].steps[last].kind = .translated(source: source, destination: destination, by: use)
  }

  func dropped(_ packet: Packet, _ reason: DropReason, at node: NodeID, rule: Int32, record: UInt64, in network: Network) {
    let row = row(of: packet, in: network)
    rows[record] = [row]
    // What its taker refused had been handed to it, not delivered.
    if case .delivered? = packets[row].steps.last?.kind { packets[row].steps.removeLast() }
    add(.dropped(reason, rule: rule), packet, at: node, in: network, record: record)
  }

  private func add(
    _ kind: PacketStep.Kind, _ packet: Packet, at node: NodeID, in network: Network, record: UInt64 = 0
  ) {
    packets[row(of: packet, in: network)].steps.append(
      PacketStep(
        kind: kind, time: network.now, node: node, record: record, from: packet.source, to: packet.destination))
  }

  // MARK: Whose step it is

  private func row(of packet: Packet, in network: Network) -> Int {
    handled = find(packet, in: network)
    return handled
  }

  private func find(_ packet: Packet, in network: Network) -> Int {
    let sharing = rows[packet.cause] ?? []
    for row in sharing {
      if packets[row].luck == packet.luck { return row }
      if packets[row].luck == nil {
        packets[row].luck = packet.luck
        meet(row, packet, in: network)
        return row
      }
    }
    // Taken out of its carrier: the carrier's end is its cause now.
    for carrier in sharing {
      guard let inner = packets[carrier].inner, packets[inner].luck == packet.luck else { continue }
      rows[packet.cause]?.append(inner)
      return inner
    }
    let row = packets.count
    if let original = sharing.first {
      packets.append(packets[original])
      if case .carried? = packets[row].steps.last?.kind { packets[row].steps.removeLast() }
      if case .crosses? = packets[row].steps.last?.kind { packets[row].steps.removeLast() }
      (packets[row].isCopy, packets[row].inner, packets[row].luck) = (true, nil, packet.luck)
    } else {
      // Set in from outside the world.
      let conversation = network.recorder.conversations[Int(packet.conversation.index)]
      packets.append(
        PacketJourney(
          conversation: conversation, proto: packet.proto, length: Int(packet.length), steps: [], cause: packet.cause,
          luck: packet.luck))
    }
    rows[packet.cause, default: []].append(row)
    meet(row, packet, in: network)
    return row
  }

  /// Looks into a packet when it is seen first.
  private func meet(_ row: Int, _ packet: Packet, in network: Network) {
    let message = network.message(packet.payload)
    packets[row].contents = PacketContents.words(packet, message)
    guard case .tunnel(.inner(let slot, _, _))? = message, slot != .max else { return }
    let carried = network.packet(in: slot)
    let inner = find(carried, in: network)
    packets[row].inner = inner
    packets[inner].steps.append(
      PacketStep(
        kind: .carried(by: row), time: network.now, node: packets[row].steps.last?.node ?? .none, record: 0,
        from: carried.source, to: carried.destination))
  }
}
