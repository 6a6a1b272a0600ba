// A capture: a tap on a run's interfaces that keeps packets as bytes, with what befell them. It changes no outcome.
import ScenarioModel
public import NetworkModel
public import Simulation
public import SimulationKernel
public import Trace
public import Wire
import WireCodec

public final class PacketCapture: PacketTap, TraceSink {
  let blueprint: Blueprint
  let seed: UInt64
  /// What the capture of packets keeps; `nil` when only the inner view is wanted.
  let selection: CaptureSelection?
  var packets: PacketBytes
  private(set) var sightings: [Sighting] = []
  var inner: InnerView?
  /// ICE passwords by their fragments, in the order they were signalled.
  private(set) var passwords: [(fragment: [UInt8], password: [UInt8])] = []
  private let isSelected: [Bool]

  /// RDP-UDP datagrams that have come to a node, by their last record.
  private var datagrams: [UInt64: RDPUDPDatagram] = [:]
  /// The sighting that a record's packet was last seen in.
  private var lastSeen: [UInt64: Int] = [:]
  /// What a translator did to a packet that has not left its node yet, by the packet's record.
  private var rewrites: [UInt64: [String]] = [:]
  /// The kind, place and cause of each record that a packet was seen with.
  private var origins: [UInt64: (kind: RecordKind, node: NodeID, cause: UInt64)] = [:]

  /// - Parameters:
  ///   - selection: which packets are kept; `nil` for none.
  ///   - inner: where the inner view is read; `nil` for nowhere.
  public init(_ blueprint: Blueprint, seed: UInt64? = nil, keeping selection: CaptureSelection?, inner: CaptureSelection? = nil) {
    self.blueprint = blueprint
    self.seed = seed ?? blueprint.scenario.seed
    self.selection = selection
    self.inner = inner.map { InnerView($0, interfaces: blueprint.plan.interfaces.count) }
    var chosen = [Bool](repeating: false, count: blueprint.plan.interfaces.count)
    for interface in selection?.interfaces ?? [] { chosen[Int(interface.index)] = true }
    isSelected = chosen
    var texts: [ComponentKey: String] = [:]
    for node in blueprint.nodes { texts[node.key] = node.id }
    let scenario = blueprint.scenario
    let accounts = scenario.hosts.filter { $0.role == .client }.map { "user/" + $0.id }
    for name in scenario.authorities + accounts + scenario.hosts.map(\.id) { texts[ComponentKey(name)] = name }
    packets = PacketBytes(identities: Identities(seed: self.seed, texts: texts))
  }

  // MARK: The tap

  public func written(_ message: Message, to stream: StreamID, at offset: UInt64) {
    packets.contents.append(message, to: stream, at: offset)
    if case .rdp(.shortpathCandidates(let list), _) = message { learn(list) }
  }

  private func learn(_ list: CandidateList) {
    let fragment = packets.identities.iceFragment(of: list.fragment)
    if passwords.contains(where: { $0.fragment == fragment }) { return }
    passwords.append((fragment, packets.identities.icePassword(of: list.password)))
  }

  public func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    let own = blueprint.plan.interfaces[Int(interface.index)]
    packets.learn(packet, leavingBy: leaving ? Int(own.mtu) : nil, in: network)
    let conversation = network.recorder.conversations[Int(packet.conversation.index)]
    if inner != nil { look(into: packet, conversation, leaving: leaving, interface, at: time, in: network) }
    let isWanted = isSelected[Int(interface.index)] && belongs(conversation)
    if !leaving, packet.proto == .udp, case .rdpUDP(let datagram)? = network.message(packet.payload) {
      datagrams[packet.cause] = datagram
    }
    var sighting = Sighting(
      interface: interface, node: own.node, leaving: leaving, time: time, record: packet.cause, conversation: conversation,
      proto: packet.proto, seenSource: packet.source, seenDestination: packet.destination, source: packet.source,
      destination: packet.destination,
      bytes: isWanted ? packets.bytes(of: packet, in: network) : [],
      clues: isWanted ? DissectorClue.clues(in: packet, of: network, packets) : [])
    if leaving, let notes = rewrites.removeValue(forKey: packet.cause) { sighting.notes = notes }
    lastSeen[packet.cause] = sightings.count
    sightings.append(sighting)
  }

  private func belongs(_ conversation: Conversation) -> Bool {
    selection?.session.map { $0 == Int(conversation.session) && conversation.topic != .probe && conversation.topic != .rogue }
      ?? true
  }

  public func dropped(_ packet: Packet, _ reason: DropReason, at node: NodeID, rule: Int32, record: UInt64, in network: Network) {
    guard selection != nil else { return }
    let name = rule >= 0 ? blueprint.rules[Int(rule)] : nil
    let by = name.map { " by '\($0.id)' [\($0.path)]" } ?? ""
    let note = "dropped at \(blueprint.nodes[Int(node.index)].id)\(by): \(reason.code), record \(record)"
    if let row = lastSeen[packet.cause] {
      sightings[row].notes.append(note)
      sightings[row].wasDropped = true
      return
    }
    // It ended where it was made, before any interface saw it.
    let conversation = network.recorder.conversations[Int(packet.conversation.index)]
    packets.learn(packet, leavingBy: nil, in: network)
    let isWanted = selection.map { $0.interfaces.contains { blueprint.plan.interfaces[Int($0.index)].node == node } } ?? false
    sightings.append(
      Sighting(
        interface: .none, node: node, leaving: true, time: network.now, record: packet.cause, conversation: conversation,
        proto: packet.proto, seenSource: packet.source, seenDestination: packet.destination, source: packet.source,
        destination: packet.destination,
        bytes: isWanted && belongs(conversation) ? packets.bytes(of: packet, in: network) : [],
        clues: DissectorClue.clues(in: packet, of: network, packets),
        notes: (rewrites.removeValue(forKey: packet.cause) ?? []) + [note], wasDropped: true))
  }

  // MARK: The sink

  public func receive(_ record: Record) {
    origins[record.number] = (record.kind, record.node, record.cause)
    guard let row = lastSeen[record.cause] else {
      if record.kind == .translated {
        rewrites[record.number] = (rewrites[record.cause] ?? []) + ["translated at \(name(record))"]
      }
      return
    }
    lastSeen[record.number] = row
    switch record.kind {
    case .translated:
      let note = rewriting(record, of: sightings[row])
      (sightings[row].source, sightings[row].destination) = (record.from, record.to)
      sightings[row].notes.append(note)
      rewrites[record.number] = (rewrites[record.cause] ?? []) + [note]
    case .forwarded:
      rewrites[record.number] = rewrites.removeValue(forKey: record.cause)
      datagrams[record.cause] = nil
    case .delivered:
      if let datagram = datagrams.removeValue(forKey: record.cause) { packets.arrived(datagram, at: record.time) }
    default: break
    }
  }

  private func name(_ record: Record) -> String { blueprint.nodes[Int(record.node.index)].id }

  private func rewriting(_ record: Record, of sighting: Sighting) -> String {
    var steps: [String] = []
    if record.from != sighting.source { steps.append("source \(sighting.source) -> \(record.from)") }
    if record.to != sighting.destination { steps.append("destination \(sighting.destination) -> \(record.to)") }
    return "translated at \(name(record)): " + (steps.isEmpty ? "unchanged" : steps.joined(separator: ", "))
  }

  /// What a packet's last step was and what caused it, in one line.
  func origin(of record: UInt64) -> String {
    guard let origin = origins[record] else { return "record \(record)" }
    let at = "record \(record): \(origin.kind) at \(blueprint.nodes[Int(origin.node.index)].id)"
    return origin.cause == 0 ? at : at + ", caused by record \(origin.cause)"
  }
}
