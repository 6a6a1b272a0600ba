// Folds the losses of a session: when, why, and how it came back.
import SimulationKernel
import Trace
import Wire

extension SessionFolding {
  /// Longer than any end takes to notice that nothing comes through (*assumed*; TCP gives up after about 16 s, UDP after 16 or 17).
  private static let noticed = SimDuration.seconds(20)

  /// Whether the session is without a transport at the end.
  var isInterrupted: Bool {
    guard let lost = records.lastIndex(where: { $0.milestone == .interrupted }) else { return false }
    return !records[lost...].contains { $0.milestone == .desktop || $0.milestone == .resumed }
  }

  func reconnects() -> [ReconnectResult] {
    let losses = records.indices.filter { records[$0].milestone == .interrupted }
    return losses.enumerated().map { order, row in
      let span = records[row..<(order + 1 < losses.count ? losses[order + 1] : records.endIndex)]
      let why = records[..<row].last { $0.failure != nil && $0.node == records[row].node }
      let back = span.first { $0.milestone == .desktop || $0.milestone == .resumed }
      return ReconnectResult(
        lost: records[row].time, reason: why?.failure ?? .connectionLost,
        tries: span.filter { $0.milestone == .reconnecting }.count, restored: back?.time,
        transport: back.flatMap { _ in span.last { $0.kind == .decision }?.attempt },
        blocker: blocker(of: row, why: why?.failure ?? .connectionLost))
    }
  }

  /// What stood in the way of the transport that was lost at this record: the one decided on when a UDP path went silent, else the base
  /// transport.
  private func blocker(of loss: Int, why: Reason) -> Blocker? {
    let before = records[..<loss]
    let decided = before.last { $0.kind == .decision }?.attempt
    guard let carrier = why == .pathLost ? decided : .reverseConnect else { return nil }
    let lost = records[loss].time
    // What ended it was no packet's loss.
    if why == .addressLost {
      return folding.blockers(before.lazy.filter { $0.unsentReason != nil && $0.time == lost && $0.attempt == carrier }).first
    }
    let found = folding.blockers(before.lazy.filter { $0.attempt == carrier && $0.time + Self.noticed >= lost })
    return found.max { ($0.packets, -$0.firstTime.nanoseconds) < ($1.packets, -$1.firstTime.nanoseconds) }
  }
}
