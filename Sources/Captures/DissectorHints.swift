// What a dissector must be told to read a capture: Wireshark knows RDP-UDP by one port only, and looks for STUN last.
import NetworkModel
import SimulationKernel
import Wire
import WireCodec

/// What a packet has inside that is not where Wireshark 4.0 looks for it by itself.
enum DissectorClue: Hashable {
  case stun
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
      case .stun?: return [.stun]
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

/// The options of `wireshark` and `tshark` that follow from clues.
struct DissectorHints {
  /// Where dissectors look by themselves (Wireshark 4.0).
  private static let known: [String: Set<UInt16>] = [
    "rdpudp": [3389], "udpencap": [4500], "tls": [443],
    "http": [80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710],
  ]

  private var hasSTUN = false
  private var seen: Set<DissectorClue> = []
  /// Ports that were given to dissectors. A flow is known by either of its ports.
  private var ports: [(proto: String, port: UInt16, dissector: String)] = []
  /// Tunnels in the order they were met.
  private(set) var tunnels: [(key: Secret, isV4: Bool)] = []

  mutating func take(_ clues: [DissectorClue]) {
    for clue in clues where seen.insert(clue).inserted {
      switch clue {
      case .stun: hasSTUN = true
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

  /// The options, as they stand on a command line.
  func options(_ identities: Identities) -> [String] {
    var options: [String] = []
    // STUN and RDP-UDP share the ports of Shortpath for public networks: whoever finds a magic cookie comes first.
    if hasSTUN { options += ["-o udp.try_heuristic_first:TRUE", "--enable-heuristic stun_udp"] }
    options += ports.sorted { ($0.dissector, $0.port) < ($1.dissector, $1.port) }.map {
      "-d \($0.proto).port==\($0.port),\($0.dissector)"
    }
    if !tunnels.isEmpty { options.append("-o esp.enable_encryption_decode:TRUE") }
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
