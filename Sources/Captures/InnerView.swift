// The decrypted view: the PDUs that travel inside TLS, found where the packets that complete them are seen.
import NetworkModel
import Protocols
import SimulationKernel
import Trace
import Wire
import WireCodec

/// PDUs as they come through chosen interfaces, in order.
struct InnerView {
  struct PDU {
    var interface: InterfaceID
    var leaving: Bool
    var time: SimTime
    /// Of the packet that completed it.
    var record: UInt64
    var exported: ExportedPDU
  }

  /// The packet that is looked into.
  struct Frame {
    var packet: Packet
    var interface: InterfaceID
    var leaving: Bool
    var time: SimTime
  }

  private struct Passage: Hashable {
    var interface: InterfaceID
    var stream: StreamID
  }
  private struct Progress {
    var contiguous: UInt64 = 0
    var ahead = ReceivedRanges()
  }

  let selection: CaptureSelection
  private let isSelected: [Bool]
  private var progress: [Passage: Progress] = [:]
  /// Streams whose writers opened their TLS.
  private var clients: Set<StreamID> = []
  private(set) var pdus: [PDU] = []

  init(_ selection: CaptureSelection, interfaces: Int) {
    self.selection = selection
    var chosen = [Bool](repeating: false, count: interfaces)
    for interface in selection.interfaces { chosen[Int(interface.index)] = true }
    isSelected = chosen
  }

  func looks(at interface: InterfaceID) -> Bool { isSelected[Int(interface.index)] }

  /// A part of a stream passes an interface: what it completes is read.
  mutating func pass(_ slice: StreamSlice, in frame: Frame, _ packets: inout PacketBytes) {
    let passage = Passage(interface: frame.interface, stream: slice.stream)
    var own = progress[passage] ?? Progress()
    let before = own.contiguous
    own.ahead.take(slice.start, slice.end, contiguous: &own.contiguous)
    progress[passage] = own
    guard own.contiguous > before else { return }
    let row = packets.contents.row(of: slice.stream)
    for piece in packets.contents.pieces(of: row, endingIn: before..<own.contiguous) {
      read(piece, of: slice.stream, row, in: frame, &packets)
    }
  }

  private mutating func read(
    _ piece: StreamContents.Piece, of stream: StreamID, _ row: Int, in frame: Frame, _ packets: inout PacketBytes
  ) {
    let connection = packets.contents.logs[row].connection
    switch piece.message {
    case .tls(.handshake(.clientHello)): clients.insert(stream)
    case .tls(.applicationData(let slice, _, _)):
      packets.contents.name(slice.stream, Secret(id: mix(connection.id, 5)))
      packets.contents.write(clients.contains(stream) ? .client : .server, in: slice.stream)
      pass(slice, in: frame, &packets)
    case .webSocket(let slice, _):
      packets.contents.name(slice.stream, Secret(id: mix(connection.id, 6)))
      pass(slice, in: frame, &packets)
    case .rdp(_, let form):
      for pdu in split(bytes(of: piece, of: stream, &packets), form) { keep(pdu, form == .base ? "tpkt" : "rdpmt", frame) }
    case .service, .proxy:
      let whole = bytes(of: piece, of: stream, &packets)
      // On a channel that was upgraded, messages are text frames around JSON.
      if whole.first.map({ $0 & 0x80 != 0 }) ?? false, let content = content(of: whole) {
        keep(content, "json", frame)
      } else {
        keep(whole, "http", frame)
      }
    case .tls, .opaque, .icmp, .echo, .stun, .rdpUDP, .tunnel: break
    }
  }

  private func bytes(of piece: StreamContents.Piece, of stream: StreamID, _ packets: inout PacketBytes) -> [UInt8] {
    packets.contents.bytes(
      of: StreamSlice(stream: stream, start: piece.start, end: piece.end), identities: &packets.identities)
  }

  private func content(of frame: [UInt8]) -> [UInt8]? {
    var reader = WebSocketReader()
    reader.append(frame)
    return (try? reader.next())?.payload
  }

  /// The PDUs of a message, which may be several: TPKT says its length in bytes 2 and 3 (RFC 1006 §6), a tunnel PDU its header's in
  /// byte 3 and its payload's in bytes 1 and 2 (MS-RDPEMT §2.2.1.1).
  private func split(_ bytes: [UInt8], _ form: RDPFrame) -> [[UInt8]] {
    var pdus: [[UInt8]] = []
    var rest = bytes[...]
    while rest.count > 4 {
      let at = rest.startIndex
      let length =
        form == .base
        ? Int(rest[at + 2]) << 8 | Int(rest[at + 3]) : Int(rest[at + 1]) + Int(rest[at + 2]) << 8 + Int(rest[at + 3])
      guard length > 0, length <= rest.count else { break }
      pdus.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    if !rest.isEmpty { pdus.append(Array(rest)) }
    return pdus
  }

  private mutating func keep(_ bytes: [UInt8], _ dissector: String, _ frame: Frame) {
    let packet = frame.packet
    pdus.append(
      PDU(
        interface: frame.interface, leaving: frame.leaving, time: frame.time, record: packet.cause,
        exported: ExportedPDU(
          dissector: dissector, source: packet.source, destination: packet.destination, proto: packet.proto, bytes: bytes)))
  }
}

extension PacketCapture {
  func look(
    into packet: Packet, _ conversation: Conversation, leaving: Bool, _ interface: InterfaceID, at time: SimTime,
    in network: Network
  ) {
    guard let view = inner, view.looks(at: interface) else { return }
    if let session = view.selection.session, session != Int(conversation.session) { return }
    let frame = InnerView.Frame(packet: packet, interface: interface, leaving: leaving, time: time)
    switch packet.proto {
    case .tcp:
      guard packet.tcp.length > 0, let start = packets.offset(of: packet) else { return }
      let end = start + UInt64(packet.tcp.length)
      inner?.pass(StreamSlice(stream: packet.stream, start: start, end: end), in: frame, &packets)
    case .udp:
      if case .rdpUDP(let datagram)? = network.message(packet.payload), case .data(let slice) = datagram.kind {
        inner?.pass(slice, in: frame, &packets)
      }
    case .icmp: break
    }
  }
}
