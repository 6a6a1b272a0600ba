// What streams carry while a capture is on: every message with its place, so that any cut of a stream can be had as bytes.
import SimulationKernel
import Wire
import WireCodec

struct StreamContents {
  /// A message from `start` up to `end` of its log.
  struct Piece {
    let start: UInt64
    let end: UInt64
    let message: Message
    /// Made when a packet first needs them.
    var bytes: [UInt8]?
  }

  struct Log {
    var pieces: [Piece] = []
    /// Names the connection whose stream it is, for both directions; nonces and key shares follow from it.
    var connection = Secret.none
    /// Who writes it, as RDP counts sides: the TLS client of the innermost layer is RDP's client.
    var writer = RDPCodec.Sender.client

    /// The row of the first piece that ends behind `offset`.
    func row(behind offset: UInt64) -> Int {
      var (low, high) = (0, pieces.count)
      while low < high {
        let middle = (low + high) / 2
        if pieces[middle].end > offset { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }

  private var rows: [StreamID: Int] = [:]
  private(set) var logs: [Log] = []

  /// The place of a log, which is made when it is new.
  mutating func row(of stream: StreamID) -> Int {
    if let row = rows[stream] { return row }
    rows[stream] = logs.count
    logs.append(Log())
    return logs.count - 1
  }

  mutating func append(_ message: Message, to stream: StreamID, at start: UInt64) {
    let piece = Piece(start: start, end: start + UInt64(message.encodedLength), message: message)
    logs[row(of: stream)].pieces.append(piece)
  }

  /// Says what connection a stream belongs to; what was said first stays.
  mutating func name(_ stream: StreamID, _ connection: Secret) {
    let row = row(of: stream)
    if logs[row].connection == .none { logs[row].connection = connection }
  }

  mutating func write(_ writer: RDPCodec.Sender, in stream: StreamID) { logs[row(of: stream)].writer = writer }

  /// The pieces that end behind `start` and up to `end`.
  func pieces(of row: Int, endingIn range: Range<UInt64>) -> ArraySlice<Piece> {
    let log = logs[row]
    return log.pieces[
      log.row(behind: range.lowerBound)..<max(log.row(behind: range.lowerBound), log.row(behind: range.upperBound))]
  }

  /// What a stream begins with.
  func first(of stream: StreamID) -> Message? { rows[stream].flatMap { logs[$0].pieces.first?.message } }

  /// The bytes of a part of a stream. What nobody wrote is zeros.
  mutating func bytes(of slice: StreamSlice, identities: inout Identities) -> [UInt8] {
    let place = row(of: slice.stream)
    var out: [UInt8] = []
    out.reserveCapacity(slice.count)
    var row = logs[place].row(behind: slice.start)
    while row < logs[place].pieces.count, logs[place].pieces[row].start < slice.end {
      let piece = logs[place].pieces[row]
      let bytes = piece.bytes ?? made(row, of: place, &identities)
      let from = max(slice.start, piece.start) - piece.start
      let to = min(slice.end, piece.end) - piece.start
      out += bytes[Int(from)..<Int(to)]
      row += 1
    }
    if out.count < slice.count { out += repeatElement(0, count: slice.count - out.count) }
    return out
  }

  /// Makes a piece's bytes and keeps them, for it may be sent again.
  private mutating func made(_ row: Int, of place: Int, _ identities: inout Identities) -> [UInt8] {
    let piece = logs[place].pieces[row]
    let length = Int(piece.end - piece.start)
    var bytes = self.bytes(
      of: piece.message, at: piece.start, on: logs[place].connection, by: logs[place].writer, identities: &identities)
    assert(bytes.count == length, "\(bytes.count) bytes of a message of \(length): \(piece.message)")
    if bytes.count != length { bytes = Array((bytes + Array(repeating: 0, count: length)).prefix(length)) }
    logs[place].pieces[row].bytes = bytes
    return bytes
  }

  /// A message as bytes.
  mutating func bytes(
    of message: Message, at offset: UInt64, on connection: Secret, by writer: RDPCodec.Sender, identities: inout Identities
  ) -> [UInt8] {
    switch message {
    // Letters, as `ping` sends them: what looks random, some dissector takes for its own.
    case .opaque(let opaque): return opaque.bytes ?? (0..<opaque.length).map { UInt8(97 + $0 % 23) }
    case .icmp(let error): return ICMPCodec.encode(error)
    case .echo(let echo): return ICMPCodec.encode(echo, identifier: 0, v4: true)
    case .stun(let message): return STUNCodec.encode(message, &identities)
    case .rdpUDP(let datagram): return RDPUDPCodec.encode(datagram, &identities)
    case .tunnel(let message): return TunnelCodec.encode(message, &identities)
    case .tls(let record): return TLSCodec.encode(record, on: connection, identities: &identities)
    case .service(let message): return ServiceCodec.encode(message, on: connection, at: offset, identities: &identities)
    case .proxy(let message): return ProxyCodec.encode(message, with: &identities)
    case .webSocket(let slice, let masked):
      let inner = bytes(of: slice, identities: &identities)
      return WebSocketCodec.encode(inner, of: slice, masked: masked, on: connection, identities: identities)
    case .rdp(let message, let frame): return RDPCodec.encode(message, from: writer, in: frame, with: &identities)
    }
  }
}
