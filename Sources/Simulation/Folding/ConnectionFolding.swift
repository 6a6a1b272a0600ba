// TCP connections as a capture at their ends shows them: how long the handshake took, and what was sent again.
import SimulationKernel
import Trace
import Wire

extension Folding {
  func connections() -> [ConnectionResult] {
    var found: [ConnectionResult] = []
    var rows: [Int64: Int] = [:]
    for record in recorder.story where record.kind == .connected || record.kind == .retransmitted {
      let isOpeners = record.kind == .connected || record.code == 0
      let row = rows[record.extra] ?? found.count
      if row == found.count {
        rows[record.extra] = row
        found.append(connection(record, from: isOpeners ? record.from : record.to, to: isOpeners ? record.to : record.from))
      }
      if isOpeners {
        (found[row].opener, found[row].from, found[row].to) = (recorder.name(of: record.node), record.from, record.to)
      }
      if record.kind == .connected {
        found[row].established = record.time
        found[row].handshake = SimDuration(nanoseconds: record.value)
      } else if isOpeners {
        found[row].retransmitted += 1
      } else {
        found[row].peerRetransmitted += 1
      }
    }
    return found
  }

  /// A connection of which nothing but its place is known.
  private func connection(_ record: Record, from: Endpoint, to: Endpoint) -> ConnectionResult {
    let isOfSession = record.topic != .probe && record.topic != .rogue
    return ConnectionResult(
      opener: nil, from: from, to: to, topic: record.topic, session: isOfSession ? Int(record.session) : 0, established: nil,
      handshake: nil, retransmitted: 0, peerRetransmitted: 0)
  }
}
