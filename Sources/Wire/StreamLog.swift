// Contents of streams. Machines move offsets; the typed messages stand here, one log per direction and layer, and a receiver may read
// a message once its contiguous offset has passed the message's end.

/// All stream logs of a world, addressed by generation-checked handles.
public struct StreamStore {
  struct Piece {
    var end: UInt64
    var message: Message
  }

  struct Log {
    var generation: UInt32 = 0
    var live = false
    var pieces: [Piece] = []
    /// Pieces before this index have been read and freed.
    var head = 0
    /// Bytes written, read by the receiver, acknowledged to the writer.
    var written: UInt64 = 0
    var read: UInt64 = 0
    var writerDone = false
    var readerDone = false

    /// Takes the next piece if it ends by `offset`. One mutation of the log, so that its array is looked up once.
    mutating func take(upTo offset: UInt64) -> Piece? {
      guard head < pieces.count, pieces[head].end <= offset else { return nil }
      let piece = pieces[head]
      head += 1
      read = piece.end
      if head == pieces.count {
        pieces.removeAll(keepingCapacity: true)
        head = 0
      } else if head >= 32, head * 2 >= pieces.count {
        pieces.removeFirst(head)
        head = 0
      }
      return piece
    }
  }

  var logs: [Log] = []
  var free: [UInt32] = []
  /// Pieces written and not yet read, over all logs.
  public private(set) var unreadPieces = 0

  public init() {}

  /// Opens a new, empty log.
  public mutating func open() -> StreamID {
    if let index = free.popLast() {
      logs[Int(index)].live = true
      return StreamID(index: index, generation: logs[Int(index)].generation)
    }
    logs.append(Log(live: true))
    return StreamID(index: UInt32(logs.count - 1), generation: 0)
  }

  public func isOpen(_ id: StreamID) -> Bool {
    id.index < logs.count && logs[Int(id.index)].live && logs[Int(id.index)].generation == id.generation
  }

  /// Appends a message; returns the log's new end.
  /// - Precondition: the log is open.
  @discardableResult
  public mutating func append(_ message: Message, to id: StreamID) -> UInt64 {
    precondition(isOpen(id), "a message for a closed stream \(id)")
    let i = Int(id.index)
    let end = logs[i].written + UInt64(message.encodedLength)
    logs[i].written = end
    if logs[i].readerDone { return end }
    logs[i].pieces.append(Piece(end: end, message: message))
    unreadPieces += 1
    return end
  }

  /// The offset after the last byte written; 0 for a closed log.
  public func end(of id: StreamID) -> UInt64 { isOpen(id) ? logs[Int(id.index)].written : 0 }
  /// The offset after the last message read.
  public func readOffset(of id: StreamID) -> UInt64 { isOpen(id) ? logs[Int(id.index)].read : 0 }

  /// Whether a whole message lies before `offset`, unread.
  public func hasNext(of id: StreamID, upTo offset: UInt64) -> Bool {
    guard isOpen(id) else { return false }
    let log = logs[Int(id.index)]
    return log.head < log.pieces.count && log.pieces[log.head].end <= offset
  }

  /// The next message that lies wholly before `offset`, with its end; reading it frees it.
  public mutating func next(of id: StreamID, upTo offset: UInt64) -> (message: Message, end: UInt64)? {
    guard isOpen(id) else { return nil }
    guard let piece = logs[Int(id.index)].take(upTo: offset) else { return nil }
    unreadPieces -= 1
    return (piece.message, piece.end)
  }

  /// The writer will append no more. The log closes when the reader is done too.
  public mutating func closeWriter(_ id: StreamID) {
    guard isOpen(id) else { return }
    logs[Int(id.index)].writerDone = true
    reclaim(id)
  }

  /// The reader will read no more; what is unread is discarded.
  public mutating func closeReader(_ id: StreamID) {
    guard isOpen(id) else { return }
    let i = Int(id.index)
    logs[i].readerDone = true
    unreadPieces -= logs[i].pieces.count - logs[i].head
    logs[i].pieces.removeAll(keepingCapacity: true)
    logs[i].head = 0
    reclaim(id)
  }

  private mutating func reclaim(_ id: StreamID) {
    let i = Int(id.index)
    guard logs[i].writerDone, logs[i].readerDone else { return }
    logs[i] = Log(generation: logs[i].generation &+ 1, pieces: logs[i].pieces)
    free.append(id.index)
  }

  /// Pieces counted afresh, for the check that nothing is lost: equals `unreadPieces`.
  public func countUnreadPieces() -> Int {
    logs.reduce(0) { $0 + ($1.live ? $1.pieces.count - $1.head : 0) }
  }
}
