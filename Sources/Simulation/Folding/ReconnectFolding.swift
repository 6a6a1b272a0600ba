// Folds the losses of a session: when, why, and how it came back.
import SimulationKernel
import Trace
import Wire

extension SessionFolding {
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
        transport: back.flatMap { _ in span.last { $0.kind == .decision }?.attempt })
    }
  }
}
