// What a dissector must be told to read a capture: Wireshark knows RDP-UDP by one port only, and looks for STUN last.
import NetworkModel
import SimulationKernel
import Wire
import WireCodec

/// What a packet has inside that is not where Wireshark 4.0 looks for it by itself.
enum DissectorClue: Hashable {
  /// A STUN message in a flow between two ports.
  case stun(from: UInt16, to: UInt16)
  /// A protocol in a flow between two ports, by the name of its dissector.
  case udp(String, from: UInt16, to: UInt16)
  case tcp(String, from: UInt16, to: UInt16)
  /// A tunnel's sealed packets, and the family of the outer addresses.
  case tunnel(Secret, isV4: Bool)

  /// The clues that a packet gives, those of what is inside a tunnel among them.
  static func clues(in packet: Packet, of network: Network, _ packets: PacketBytes) -> [DissectorClue] {
    let (from, to) = (packet.source.port, packet.destination.port)
    switch packet.proto {
    case .udp:
      switch network.message(packet.payload) {
      case .rdpUDP?: return [.udp("rdpudp", from: from, to: to)]
      case .stun?: return [.stun(from: from, to: to)]
      case .tunnel(.inner(let slot, _, let key))? where slot != .max:
        return [.udp("udpencap", from: from, to: to), .tunnel(key, isV4: packet.source.address.isV4)]
          + clues(in: network.packet(in: slot), of: network, packets)
      case .tunnel?: return [.udp("udpencap", from: from, to: to)]
      default: return []
      }
    case .tcp:
      guard packet.tcp.length > 0, packets.offset(of: packet) == 0 else { return [] }
      switch packets.contents.first(of: packet.stream) {
      case .tls?: return [.tcp("tls", from: from, to: to)]
      case .proxy?: return [.tcp("http", from: from, to: to)]
      default: return []
      }
    case .icmp: return []
    }
  }
}

/// How to start Wireshark so that it reads a capture.
public struct CaptureReading: Sendable, Equatable {
  /// What is recognised that way.
  public var shows: String
  /// As they stand on a command line of `wireshark` or `tshark`.
  public var options: [String]
}

/// The options of `wireshark` and `tshark` that follow from clues.
struct DissectorHints {
  /// Where dissectors look by themselves (Wireshark 4.0).
  private static let known: [String: Set<UInt16>] = [
    "rdpudp": [3389], "udpencap": [4500], "tls": [443],
    "http": [80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710],
  ]

  private var seen: Set<DissectorClue> = []
  /// Ports that were given to dissectors. A flow is known by either of its ports.
  private var ports: [(proto: String, port: UInt16, dissector: String)] = []
  /// Ports of flows that STUN was seen in.
  private var stun: Set<UInt16> = []
  /// Tunnels in the order they were met.
  private var tunnels: [(key: Secret, isV4: Bool)] = []
  /// Where each TCP flow was seen first, and whether one was seen in two places.
  private var places: [TCPFlow: InterfaceID] = [:]
  private var isRepeated = false

  private struct TCPFlow: Hashable {
    var source: Endpoint
    var destination: Endpoint
  }

  mutating func take(_ sighting: Sighting) {
    take(sighting.clues)
    if sighting.proto == .tcp {
      let flow = TCPFlow(source: sighting.seenSource, destination: sighting.seenDestination)
      let place = places[flow] ?? sighting.interface
      places[flow] = place
      isRepeated = isRepeated || place != sighting.interface
    }
  }

  private mutating func take(_ clues: [DissectorClue]) {
    for clue in clues where seen.insert(clue).inserted {
      switch clue {
      case .stun(let from, let to): stun.formUnion([from, to])
      case .udp(let dissector, let from, let to): add("udp", to, or: from, dissector)
      case .tcp(let dissector, let from, let to): add("tcp", to, or: from, dissector)
      case .tunnel(let key, let isV4): tunnels.append((key, isV4))
      }
    }
  }

  private mutating func add(_ proto: String, _ port: UInt16, or other: UInt16, _ dissector: String) {
    let known = Self.known[dissector] ?? []
    let isKnown = [port, other].contains { port in
      known.contains(port) || ports.contains { $0.proto == proto && $0.port == port && $0.dissector == dissector }
    }
    if !isKnown { ports.append((proto, port, dissector)) }
  }

  /// One way to read all of it or, where RDP-UDP and STUN share ports, one for each: a port that is given to a dissector is no other's.
  func readings(_ identities: Identities) -> [CaptureReading] {
    let rest = decodings { $0 != "rdpudp" } + repetition + keys(identities)
    let stunOptions = stun.isEmpty ? [] : ["--enable-heuristic stun_udp"]
    let rdpudp = decodings { $0 == "rdpudp" }
    let shares = ports.contains { $0.dissector == "rdpudp" && stun.contains($0.port) }
    if !shares { return [CaptureReading(shows: "everything", options: stunOptions + rdpudp + rest)] }
    return [
      CaptureReading(shows: "RDP-UDP", options: rdpudp + rest), CaptureReading(shows: "STUN", options: stunOptions + rest),
    ]
  }

  private func decodings(_ wanted: (String) -> Bool) -> [String] {
    ports.filter { wanted($0.dissector) }.sorted { ($0.dissector, $0.port) < ($1.dissector, $1.port) }.map {
      "-d \($0.proto).port==\($0.port),\($0.dissector)"
    }
  }

  /// What passes several interfaces of one file is no retransmission, which Wireshark 4.0 cannot know.
  private var repetition: [String] {
    guard isRepeated else { return [] }
    return ["-o tcp.analyze_sequence_numbers:FALSE", "-o tcp.desegment_tcp_streams:FALSE"]
      + (tunnels.isEmpty ? [] : ["-o esp.do_esp_sequence_analysis:FALSE"])
  }

  /// Wireshark opens tunnels whose keys it is told.
  private func keys(_ identities: Identities) -> [String] {
    var options = tunnels.isEmpty ? [] : ["-o esp.enable_encryption_decode:TRUE"]
    var identities = identities
    for (key, isV4) in tunnels {
      for isReturn in [false, true] {
        let association = TunnelCodec.association(of: key, isReturn: isReturn, &identities)
        let digits = association.keyAndSalt.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let fields = [
          isV4 ? "IPv4" : "IPv6", "*", "*", "0x" + String(association.spi, radix: 16),
          "AES-GCM with 16 octet ICV [RFC4106]", "0x" + digits, "NULL", "",
        ]
        options.append("-o 'uat:esp_sa:" + fields.map { "\"\($0)\"" }.joined(separator: ",") + "'")
      }
    }
    return options
  }
}
