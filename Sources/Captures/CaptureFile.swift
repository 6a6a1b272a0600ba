// What a capture has seen as a file: a section with where it comes from, an interface block each, packets with their comments.
import NetworkModel
import ScenarioModel
public import Simulation
import SimulationKernel
import Trace
import Wire
import WireCodec

/// A capture file and what to say of it.
public struct CaptureFile: Sendable {
  /// pcapng.
  public var bytes: [UInt8]
  /// Packets by interface, in the file's order; those with none are left out.
  public var interfaces: [(name: String, packets: Int)]
  /// What `wireshark` and `tshark` must be told: one way, or one for each of two protocols that share ports.
  public var readings: [CaptureReading]
  public var packets: Int { interfaces.reduce(0) { $0 + $1.packets } }
}

extension PacketCapture {
  /// The packets, once the run is over.
  public func file(of run: RunResult) -> CaptureFile {
    let kept = sightings.filter { !$0.bytes.isEmpty && (selection?.onlyDrops == true ? $0.wasDropped : true) }
    var places = Places(selection?.interfaces ?? [], of: blueprint)
    let blocks = kept.map { sighting in
      CaptureBlock.packet(
        CapturedPacket(
          interface: places.row(of: sighting), time: Self.stamp(sighting.time), bytes: sighting.bytes,
          comments: [origin(of: sighting.record) + Self.about(sighting.conversation)] + sighting.notes,
          direction: sighting.leaving ? .outbound : .inbound))
    }
    var hints = DissectorHints()
    for sighting in kept { hints.take(sighting) }
    return file(of: run, places, blocks, hints.readings(packets.identities), linkType: LinkType.raw)
  }

  /// The inner view, once the run is over.
  public func innerFile(of run: RunResult) -> CaptureFile {
    var places = Places(inner?.selection.interfaces ?? [], of: blueprint)
    let blocks = (inner?.pdus ?? []).map { pdu in
      CaptureBlock.packet(
        CapturedPacket(
          interface: places.row(of: pdu.interface), time: Self.stamp(pdu.time), bytes: pdu.exported.encoded(),
          comments: ["inside " + origin(of: pdu.record)], direction: pdu.leaving ? .outbound : .inbound))
    }
    let reading = CaptureReading(shows: "everything", options: [])
    return file(of: run, places, blocks, [reading], linkType: LinkType.wiresharkUpperPDU)
  }

  private func file(
    of run: RunResult, _ places: Places, _ blocks: [CaptureBlock], _ readings: [CaptureReading], linkType: UInt16
  ) -> CaptureFile {
    var comments = [
      "scenario \(run.scenario.id): \(run.scenario.title)", "seed \(run.seed)",
      "fingerprints outcome \(hex(run.fingerprints.outcome)) protocol \(hex(run.fingerprints.protocolStory)) trajectory "
        + hex(run.fingerprints.trajectory),
      "time 0 of the scenario is 2026-01-01 00:00:00 UTC",
    ]
    comments += readings.filter { !$0.options.isEmpty }.map {
      "to see \($0.shows): wireshark " + $0.options.joined(separator: " ")
    }
    if linkType == LinkType.raw {
      comments += passwords.map {
        "ice-pwd \(String(decoding: $0.fragment, as: UTF8.self)) \(String(decoding: $0.password, as: UTF8.self))"
      }
    }
    let section = CaptureSection(
      comments: comments, system: "virtual time", application: "shortpath, model \(run.modelVersion)")
    let interfaces = places.names.enumerated().map { row, name in
      CaptureBlock.interface(CaptureInterface(linkType: linkType, name: name, description: places.descriptions[row]))
    }
    var counts = [Int](repeating: 0, count: places.names.count)
    for case .packet(let packet) in blocks { counts[packet.interface] += 1 }
    return CaptureFile(
      bytes: CaptureWriter.encode([.section(section)] + interfaces + blocks),
      interfaces: zip(places.names, counts).filter { $0.1 > 0 }.map { (name: $0.0, packets: $0.1) }, readings: readings)
  }

  /// Nanoseconds since 1970.
  private static func stamp(_ time: SimTime) -> Int64 { WorldCalendar.start * 1_000_000_000 + time.nanoseconds }

  /// Whose packet it is.
  private static func about(_ conversation: Conversation) -> String {
    guard conversation.topic != .background else { return "" }
    var words = "; \(conversation.topic.name)"
    if conversation.session > 0, conversation.topic != .probe, conversation.topic != .rogue {
      words += " of session \(conversation.session)"
      if conversation.attempt != .reverseConnect { words += ", \(conversation.attempt.name)" }
      if conversation.pair > 0 { words += ", pair \(conversation.pair)" }
    }
    return words
  }
}

/// The interfaces of a file: those that were selected, and behind them a place for packets that no interface saw, for each node that
/// has some.
private struct Places {
  private(set) var names: [String] = []
  private(set) var descriptions: [String] = []
  private var rows: [InterfaceID: Int] = [:]
  private var ends: [NodeID: Int] = [:]
  private let blueprint: Blueprint

  init(_ interfaces: [InterfaceID], of blueprint: Blueprint) {
    self.blueprint = blueprint
    for interface in interfaces {
      rows[interface] = names.count
      names.append(blueprint.interfaceNames[Int(interface.index)])
      descriptions.append(Self.description(of: blueprint.plan.interfaces[Int(interface.index)], blueprint))
    }
  }

  private static func description(of interface: Interface, _ blueprint: Blueprint) -> String {
    let addresses = [interface.v4, interface.v6].filter { $0 != .unspecified }.map { "\($0)" }
    let peer = interface.peer.index >= 0 ? blueprint.plan.interfaces[Int(interface.peer.index)].node : .none
    let toward = peer.index >= 0 ? "to \(blueprint.nodes[Int(peer.index)].id)" : "virtual"
    return (addresses + [toward, "MTU \(interface.mtu)"]).joined(separator: ", ")
  }

  mutating func row(of interface: InterfaceID) -> Int { rows[interface] ?? 0 }

  mutating func row(of sighting: Sighting) -> Int {
    if let row = rows[sighting.interface] { return row }
    if let row = ends[sighting.node] { return row }
    ends[sighting.node] = names.count
    names.append(blueprint.nodes[Int(sighting.node.index)].id + ".unsent")
    descriptions.append("packets that ended where they were made, before any interface")
    return names.count - 1
  }
}
