// A captured frame's datagram: found behind its link header, filled up where it was cut, with the direction that the link tells.
import Wire
import WireCodec

/// What of a frame is read before its packet.
struct LinkFrame {
  /// Linux cooked capture, version 2: what capturing on `any` gives.
  static let cookedVersion2: UInt16 = 276

  enum Content {
    /// The packet, with zeros in place of `missing` bytes that were not kept.
    case datagram([UInt8], missing: Int)
    case notIP, unreadable
    /// Cut before its ports.
    case tooShort
  }
  var content: Content
  var direction: CapturedPacket.Direction
  /// The interface's index within a machine, where a capture of `any` tells it.
  var index: UInt32?

  init(_ packet: CapturedPacket, _ linkType: UInt16) {
    direction = packet.direction
    index = nil
    let bytes = packet.bytes
    // Packet types of both cooked versions: 0 is for this machine, 4 from it (LINKTYPE_LINUX_SLL).
    var type: UInt8?
    if linkType == 113, bytes.count >= 16 { type = bytes[1] }
    if linkType == Self.cookedVersion2, bytes.count >= 20 {
      type = bytes[10]
      index = bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
    }
    if direction == .unknown, let type { direction = type == 4 ? .outbound : type == 0 ? .inbound : .unknown }
    content = Self.content(packet, linkType)
  }

  private static func content(_ packet: CapturedPacket, _ linkType: UInt16) -> Content {
    guard LinkType.isReadable(linkType) else { return .unreadable }
    guard let kept = LinkType.datagram(in: packet.bytes[...], linkType), let first = kept.first else { return .notIP }
    // No packet is longer than its 16 bits of length and an IPv6 header.
    let missing = min(max(0, packet.originalLength - packet.bytes.count), 65_575)
    let isV4 = first >> 4 == 4
    let headers = (isV4 ? Int(first & 15) * 4 : HeaderLength.ipv6) + HeaderLength.udp
    if missing > 0, kept.count < headers { return .tooShort }
    var datagram = Array(kept)
    datagram.append(contentsOf: repeatElement(0, count: missing))
    // Where the card cuts segments, Windows captures them before their length is known.
    if isV4, datagram.count >= 20, datagram.count <= 65_535, datagram[2] | datagram[3] == 0 {
      (datagram[2], datagram[3]) = (UInt8(datagram.count >> 8), UInt8(datagram.count & 0xFF))
    }
    return .datagram(datagram, missing: missing)
  }
}
