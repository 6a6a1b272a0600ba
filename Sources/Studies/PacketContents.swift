// What a packet carries, in a few words.
import Wire

enum PacketContents {
  static func words(_ packet: Packet, _ message: Message?) -> String {
    if packet.proto == .tcp { return tcp(packet.tcp) }
    switch message {
    case .stun(let message): return stun(message)
    case .rdpUDP(let datagram): return rdpUDP(datagram)
    case .tunnel(let message): return tunnel(message)
    case .echo(let echo): return echo.isReply ? "ping reply \(echo.sequence)" : "ping request \(echo.sequence)"
    case .icmp(let error): return "ICMP \(words(error.kind)) about \(error.proto.name) \(error.source) -> \(error.destination)"
    default: return "data"
    }
  }

  private static func tcp(_ header: TCPHeader) -> String {
    var flags: [String] = []
    if header.flags.contains(.rst) { flags.append("RST") }
    if header.flags.contains(.syn) { flags.append("SYN") }
    if header.flags.contains(.fin) { flags.append("FIN") }
    if header.flags.contains(.ack), header.length == 0 || !flags.isEmpty { flags.append("ACK") }
    let text = "TCP " + flags.joined(separator: "+")
    if header.length == 0 { return text }
    return (flags.isEmpty ? "TCP" : text) + " with \(header.length) bytes of data"
  }

  private static func stun(_ message: STUNMessage) -> String {
    switch message.kind {
    case .request: return message.useCandidate ? "STUN binding request that nominates" : "STUN binding request"
    case .indication: return "STUN indication"
    case .success: return "STUN success" + (message.mapped.map { ", seen from \($0)" } ?? "")
    case .error: return "STUN error" + (message.errorCode.map { " \($0)" } ?? "")
    }
  }

  private static func rdpUDP(_ datagram: RDPUDPDatagram) -> String {
    switch datagram.kind {
    case .syn: "RDP-UDP SYN"
    case .synAck: "RDP-UDP SYN+ACK"
    case .ack: "RDP-UDP ACK"
    case .data(let slice): "RDP-UDP \(slice.count) bytes of data"
    case .keepAlive: "RDP-UDP keep-alive"
    }
  }

  private static func tunnel(_ message: TunnelMessage) -> String {
    switch message {
    case .hello: "tunnel hello"
    case .welcome: "tunnel welcome"
    case .keepAlive: "tunnel keep-alive"
    case .unknown: "tunnel unknown"
    case .inner: "a packet inside a tunnel"
    }
  }

  private static func words(_ kind: ICMPError.Kind) -> String {
    switch kind {
    case .networkUnreachable: "network unreachable"
    case .hostUnreachable: "host unreachable"
    case .portUnreachable: "port unreachable"
    case .fragmentationNeeded: "fragmentation needed"
    case .administrativelyProhibited: "administratively prohibited"
    case .timeExceeded: "time exceeded"
    }
  }
}
