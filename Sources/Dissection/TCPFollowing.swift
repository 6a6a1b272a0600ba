// One direction of a TCP connection: what was sent again, what came out of order, and the stream's first bytes.
import SimulationKernel
import Wire
import WireCodec

/// Follows the segments of one direction.
struct TCPSide {
  /// The number behind the highest that was seen.
  private var next: UInt32?
  private var gaps: [(from: UInt32, to: UInt32, time: SimTime)] = []
  private(set) var stream = StreamStart()
  private(set) var syns: [SimTime] = []
  /// The first SYN's sequence number: another one opens another connection.
  private(set) var initial: UInt32?
  private(set) var answered: SimTime?
  private(set) var resets = 0
  private(set) var retransmissions = 0
  private(set) var outOfOrder = 0

  /// Wireshark's limit: what fills a gap sooner was overtaken on the way, what fills it later was sent again.
  private static let reordering: Int64 = 3_000_000

  mutating func take(_ segment: TCPSegment, sent: Int, at time: SimTime) {
    if segment.flags.contains(.rst) { resets += 1 }
    if segment.flags.contains(.syn) {
      if initial != segment.sequence { self = TCPSide(after: self, opening: segment.sequence) }
      syns.append(time)
      if segment.flags.contains(.ack), answered == nil { answered = time }
    }
    if segment.flags.contains(.rst) { return }
    let start = segment.sequence &+ (segment.flags.contains(.syn) ? 1 : 0)
    if !segment.payload.isEmpty { stream.put(segment.payload, at: start) }
    note(
      from: segment.sequence,
      count: sent + (segment.flags.contains(.syn) ? 1 : 0) + (segment.flags.contains(.fin) ? 1 : 0),
      isBare: sent <= 1 && segment.flags.isDisjoint(with: [.syn, .fin]), at: time)
  }

  init() {}

  /// The next connection between the same ports; what was counted stays.
  private init(after old: TCPSide, opening sequence: UInt32) {
    initial = sequence
    stream = StreamStart(base: sequence &+ 1)
    (resets, retransmissions, outOfOrder) = (old.resets, old.retransmissions, old.outOfOrder)
  }

  private mutating func note(from: UInt32, count: Int, isBare: Bool, at time: SimTime) {
    guard count > 0 else { return }
    let end = from &+ UInt32(truncatingIfNeeded: count)
    guard let next else {
      self.next = end
      return
    }
    let ahead = Int32(bitPattern: from &- next)
    // A keep-alive repeats the last byte on purpose (RFC 9293 §3.8.4).
    if isBare, ahead == -1 { return }
    if ahead > 0, gaps.count < 64 { gaps.append((next, from, time)) }
    if ahead < 0 {
      let gap = gaps.firstIndex { Int32(bitPattern: from &- $0.from) >= 0 && Int32(bitPattern: from &- $0.to) < 0 }
      if let gap, (time - gaps[gap].time).nanoseconds < Self.reordering { outOfOrder += 1 } else { retransmissions += 1 }
      if let gap { fill(gap, from, end) }
    }
    if Int32(bitPattern: end &- next) > 0 { self.next = end }
  }

  /// Leaves of a gap what lies before and behind a segment.
  private mutating func fill(_ row: Int, _ from: UInt32, _ end: UInt32) {
    let gap = gaps.remove(at: row)
    if from != gap.from { gaps.append((gap.from, from, gap.time)) }
    if Int32(bitPattern: gap.to &- end) > 0 { gaps.append((end, gap.to, gap.time)) }
  }
}

/// The beginning of a stream, put together from pieces that may come in any order.
struct StreamStart {
  /// Enough for a hello and a server's certificates.
  static let limit = 16_384
  private(set) var bytes: [UInt8] = []
  private var base: UInt32?
  private var waiting: [(offset: Int, bytes: [UInt8])] = []

  init(base: UInt32? = nil) { self.base = base }

  /// Puts a piece where its number says. Without a known base the stream begins with the first piece.
  mutating func put(_ piece: [UInt8], at number: UInt32) {
    let base = base ?? number
    self.base = base
    let offset = Int(Int32(bitPattern: number &- base))
    guard offset >= 0, offset < Self.limit else { return }
    if offset > bytes.count {
      if waiting.count < 64 { waiting.append((offset, piece)) }
      return
    }
    add(piece, at: offset)
    while let row = waiting.firstIndex(where: { $0.offset <= bytes.count }) {
      let next = waiting.remove(at: row)
      add(next.bytes, at: next.offset)
    }
  }

  private mutating func add(_ piece: [UInt8], at offset: Int) {
    bytes.append(contentsOf: piece.dropFirst(bytes.count - offset).prefix(Self.limit - bytes.count))
  }
}
