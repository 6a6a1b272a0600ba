// Scenario files run with a tap, and what the file they leave holds.
import Captures
import Foundation
import NetworkModel
import ScenarioFormat
import ScenarioModel
import Simulation
import Testing
import Wire
import WireCodec

/// A run, its capture, and the file of it read back.
struct Captured {
  let blueprint: Blueprint
  let run: RunResult
  let file: CaptureFile
  let inner: CaptureFile

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func scenario(_ name: String) throws -> Scenario {
    try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path())
  }

  /// - Parameters:
  ///   - places: nodes and interfaces; empty for all.
  ///   - narrow: what else the selection says.
  init(_ name: String, at places: [String] = [], _ narrow: (inout CaptureSelection) -> Void = { _ in }) throws {
    try self.init(Self.scenario(name), at: places, narrow)
  }

  init(_ scenario: Scenario, at places: [String] = [], _ narrow: (inout CaptureSelection) -> Void = { _ in }) throws {
    blueprint = Blueprint(scenario)
    var selection = places.isEmpty ? CaptureSelection(all: blueprint) : try CaptureSelection(at: places, of: blueprint)
    narrow(&selection)
    let tap = PacketCapture(blueprint, keeping: selection, inner: places.isEmpty ? .ends(of: blueprint) : selection)
    run = try Simulator.result(of: World(blueprint, sink: tap, tap: tap))
    (file, inner) = (tap.file(of: run), tap.innerFile(of: run))
  }

  static let documented = [
    "1-internet-only", "2-vpn-lowest-latency", "3-managed-first-found", "4-vpn-udp-blocked", "5-no-udp",
  ].map { "documented/" + $0 }

  /// One of each kind of traffic that the documented scenarios lack: proxies, roaming, losses, rogues, probes, IPv6, inspection.
  static let varied = [
    "firewall/proxy-transparent", "firewall/proxy-with-udp-beside-it", "recovery/roam-in-the-switch", "failures/bursts",
    "failures/duplicates", "failures/path-too-narrow", "failures/gateway-inspection-trusted", "security/wrong-cookie",
    "security/stun-answer", "probes/what-drops", "probes/ping-and-shortpath", "nat/ipv6-past-the-carrier",
    "nat/same-carrier-hairpin",
    "measured/forced-tunnel", "recovery/roam-inside-vpn",
  ]
}

extension CaptureFile {
  /// Its blocks, as any reader of pcapng finds them.
  func blocks() throws -> [CaptureBlock] { try CaptureReader.read(bytes) }

  func section() throws -> CaptureSection {
    guard case .section(let section) = try #require(blocks().first) else { throw CodecError.invalid(field: "section", value: 0) }
    return section
  }

  /// Its packets with the names of their interfaces.
  func seen() throws -> [(interface: String, packet: CapturedPacket)] {
    var names: [String] = []
    var packets: [(interface: String, packet: CapturedPacket)] = []
    for block in try blocks() {
      switch block {
      case .interface(let interface): names.append(interface.name ?? "")
      case .packet(let packet): packets.append((names[packet.interface], packet))
      case .section, .other: break
      }
    }
    return packets
  }
}
