// Contents of streams. Machines move offsets; the typed messages stand here, one log per direction and layer, and a receiver may read
// a message once its contiguous offset has passed the message's end.

/// All stream logs of a world, addressed by generation-checked handles. Logs and their pieces stand in plain memory, out of which a
/// message is moved when it is read: arrays would count a reference and copy it (measured: 5 % of a session).
public struct StreamStore: ~Copyable {
  struct Piece {
    var end: UInt64
    var message: Message
  }

  struct Log: BitwiseCopyable {
    var generation: UInt32 = 0
    var live = false
    var writerDone = false
    var readerDone = false
    /// The pieces written and not yet read are those from `head` up to `count`.
    var pieces: UnsafeMutablePointer<Piece>?
    var head = 0
    var count = 0
    var capacity = 0
    /// Bytes written, and read by the receiver.
    var written: UInt64 = 0
    var read: UInt64 = 0

    mutating func append(_ piece: Piece) {
      if count == capacity { makeRoom() }
      pieces.unsafelyUnwrapped.advanced(by: count).initialize(to: piece)
      count += 1
    }

    /// Slides the pieces down when half the room is read, else doubles it.
    private mutating func makeRoom() {
      let room = head * 2 >= capacity && capacity > 0 ? capacity : max(4, capacity * 2)
      let target = room == capacity ? pieces.unsafelyUnwrapped : .allocate(capacity: room)
      if let pieces {
        target.moveInitialize(from: pieces + head, count: count - head)
        if target != pieces { pieces.deallocate() }
      }
      (pieces, capacity, count, head) = (target, room, count - head, 0)
    }

    func hasNext(upTo offset: UInt64) -> Bool { head < count && pieces.unsafelyUnwrapped[head].end <= offset }

    mutating func take() -> Piece {
      let piece = pieces.unsafelyUnwrapped.advanced(by: head).move()
      head += 1
      read = piece.end
      if head == count { (head, count) = (0, 0) }
      return piece
    }

    mutating func discard() {
      pieces?.advanced(by: head).deinitialize(count: count - head)
      (head, count) = (0, 0)
    }
  }

  private var logs: UnsafeMutablePointer<Log>
  private var used = 0
  private var capacity = 16
  private var free: [UInt32] = []
  /// Pieces written and not yet read, over all logs.
  public private(set) var unreadPieces = 0
  /// Told of every message that is written, with its log and where it begins there: what captures cut streams from. It changes nothing.
  public var onAppend: ((Message, StreamID, UInt64) -> Void)?

  public init() { logs = .allocate(capacity: 16) }

  deinit {
    for i in 0..<used {
      logs[i].discard()
      logs[i].pieces?.deallocate()
    }
    logs.deallocate()
  }

  /// Opens a new, empty log.
  public mutating func open() -> StreamID {
    if let index = free.popLast() {
      logs[Int(index)].live = true
      return StreamID(index: index, generation: logs[Int(index)].generation)
    }
    if used == capacity {
      let wider = UnsafeMutablePointer<Log>.allocate(capacity: capacity * 2)
      wider.update(from: logs, count: used)
      logs.deallocate()
      (logs, capacity) = (wider, capacity * 2)
    }
    (logs + used).initialize(to: Log(live: true))
    used += 1
    return StreamID(index: UInt32(used - 1), generation: 0)
  }

  public func isOpen(_ id: StreamID) -> Bool {
    id.index < used && logs[Int(id.index)].live && logs[Int(id.index)].generation == id.generation
  }

  /// Appends a message; returns the log's new end.
  /// - Precondition: the log is open.
  @discardableResult
  public mutating func append(_ message: Message, to id: StreamID) -> UInt64 {
    precondition(isOpen(id), "a message for a closed stream \(id)")
    let log = logs + Int(id.index)
    let start = log.pointee.written
    let end = start + UInt64(message.encodedLength)
    log.pointee.written = end
    if let onAppend { onAppend(message, id, start) }
    if log.pointee.readerDone { return end }
    log.pointee.append(Piece(end: end, message: message))
    unreadPieces += 1
    return end
  }

  /// The offset after the last byte written; 0 for a closed log.
  public func end(of id: StreamID) -> UInt64 { isOpen(id) ? logs[Int(id.index)].written : 0 }
  /// The offset after the last message read.
  public func readOffset(of id: StreamID) -> UInt64 { isOpen(id) ? logs[Int(id.index)].read : 0 }

  /// Whether a whole message lies before `offset`, unread.
  public func hasNext(of id: StreamID, upTo offset: UInt64) -> Bool {
    isOpen(id) && logs[Int(id.index)].hasNext(upTo: offset)
  }

  /// The next message that lies wholly before `offset`, which stays unread.
  public func first(of id: StreamID, upTo offset: UInt64) -> Message? {
    guard hasNext(of: id, upTo: offset), let pieces = logs[Int(id.index)].pieces else { return nil }
    return pieces[logs[Int(id.index)].head].message
  }

  /// The next message that lies wholly before `offset`; reading it frees it.
  public mutating func next(of id: StreamID, upTo offset: UInt64) -> Message? {
    guard hasNext(of: id, upTo: offset) else { return nil }
    unreadPieces -= 1
    return logs[Int(id.index)].take().message
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
    let log = logs + Int(id.index)
    log.pointee.readerDone = true
    unreadPieces -= log.pointee.count - log.pointee.head
    log.pointee.discard()
    reclaim(id)
  }

  /// A closed log keeps its room for the next one in its place.
  private mutating func reclaim(_ id: StreamID) {
    let log = logs + Int(id.index)
    guard log.pointee.writerDone, log.pointee.readerDone else { return }
    log.pointee = Log(generation: log.pointee.generation &+ 1, pieces: log.pointee.pieces, capacity: log.pointee.capacity)
    free.append(id.index)
  }

  /// Logs that are open on either side.
  package var openLogs: Int { used - free.count }

  /// Pieces counted afresh, for the check that nothing is lost: equals `unreadPieces`.
  public func countUnreadPieces() -> Int {
    (0..<used).reduce(0) { $0 + (logs[$1].live ? logs[$1].count - logs[$1].head : 0) }
  }
}
