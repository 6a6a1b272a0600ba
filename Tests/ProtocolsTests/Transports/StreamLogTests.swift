// The stream logs against a plain array: what is written is read once, in order, and never before it has come whole.
import SimulationKernel
import Testing
import Wire

@Suite struct StreamLogTests {
  @Test("random writing and reading agree with an array, through growth, sliding and reuse of a closed log's room")
  func agreesWithAnArray() {
    let chance = Chance(seed: 3)
    let key = ComponentKey("log")
    var streams = StreamStore()
    var draws: UInt64 = 0
    func draw(below bound: UInt64) -> UInt64 {
      draws += 1
      return chance.draw(below: bound, key, .traffic, draws)
    }
    for _ in 0..<20 {
      let log = streams.open()
      var expected: [(message: Message, end: UInt64)] = []
      var (head, end) = (0, UInt64(0))
      for _ in 0..<400 {
        if draw(below: 10) < 5 {
          let message = Message.opaque(OpaqueBytes(length: Int(draw(below: 300)) + 1))
          end += UInt64(message.encodedLength)
          expected.append((message, end))
          let newEnd = streams.append(message, to: log)
          #expect(newEnd == end)
        } else {
          let offset = expected.isEmpty ? 0 : expected[Int(draw(below: UInt64(expected.count)))].end - draw(below: 2)
          let due = head < expected.count && expected[head].end <= offset
          let (has, next) = (streams.hasNext(of: log, upTo: offset), streams.next(of: log, upTo: offset))
          #expect(has == due)
          #expect(next == (due ? expected[head].message : nil))
          if due { head += 1 }
        }
        let (unread, counted, read) = (streams.unreadPieces, streams.countUnreadPieces(), streams.readOffset(of: log))
        #expect(unread == expected.count - head && counted == unread)
        #expect(read == (head == 0 ? 0 : expected[head - 1].end))
      }
      streams.closeReader(log)
      let (unread, half) = (streams.unreadPieces, streams.isOpen(log))
      #expect(unread == 0 && half)
      streams.closeWriter(log)
      let (whole, nothing) = (streams.isOpen(log), streams.next(of: log, upTo: .max))
      #expect(!whole && nothing == nil)
    }
  }

  @Test("a closed log's handle does not reach the log that took its place")
  func staleHandle() {
    var streams = StreamStore()
    let first = streams.open()
    streams.closeReader(first)
    streams.closeWriter(first)
    let second = streams.open()
    #expect(second.index == first.index)
    streams.append(.opaque(OpaqueBytes(length: 5)), to: second)
    let (staleEnd, stale, fresh) = (
      streams.end(of: first), streams.next(of: first, upTo: .max), streams.next(of: second, upTo: 5)
    )
    #expect(staleEnd == 0 && stale == nil && fresh != nil)
  }
}
