// The words of a record: its code and detail as the stable names that the trace's types give them.
import Simulation
import Trace
import Wire

extension RunResult {
  /// What a record's `code` and `detail` mean.
  func words(of record: Record) -> (word: String, detail: String?) {
    func name(_ row: UInt16) -> String { Int(row) < names.count ? names[Int(row)] : "" }
    switch record.kind {
    case .milestone: return (record.milestone?.code ?? "", nil)
    case .transition: return (name(record.code), name(record.detail))
    case .attempt: return (record.reason?.code ?? "", record.outcome?.name)
    case .decision: return (record.reason?.code ?? "", name(record.detail))
    case .failure: return (record.failure?.code ?? "", nil)
    case .candidate: return (record.candidateType?.name ?? "", nil)
    case .pair: return (record.pairEvent?.name ?? "", nil)
    case .drop: return (record.dropReason?.code ?? "", nil)
    case .unsent: return (record.unsentReason?.code ?? "", nil)
    case .channelTotal:
      return (
        VirtualChannel(rawValue: UInt8(truncatingIfNeeded: record.code))?.name ?? "", record.extra == 1 ? "received" : "sent"
      )
    case .probe: return (["no-answer", "answered", "refused"][Int(min(record.code, 2))], nil)
    case .mappingLost: return (record.mappingEnd?.code ?? "", nil)
    case .retransmitted: return (record.code == 0 ? "opener" : "acceptor", nil)
    case .tunnelRequest: return (record.tunnelVerdict?.code ?? "", nil)
    case .channelsMoved: return (record.code == 1 ? "reads" : "sends", nil)
    case .offer, .certificate, .choice, .mappingMade, .roundTrip, .request, .runEnded, .inspected, .connected, .sent, .forwarded,
      .translated, .delivered,
      .timer:
      return ("", nil)
    }
  }
}
