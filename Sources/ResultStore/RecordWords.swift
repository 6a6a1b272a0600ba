// The words of a record: its code and detail as the stable names that the trace's types give them.
import Simulation
import Trace
import Wire

extension RunResult {
  /// What a record's `code` and `detail` mean.
  func words(of record: Record) -> (word: String, detail: String?) {
    func name(_ row: UInt16) -> String { Int(row) < names.count ? names[Int(row)] : "" }
    switch record.kind {
    case .milestone: return (record.milestone.map(Self.code) ?? "", nil)
    case .transition: return (name(record.code), name(record.detail))
    case .attempt: return (record.reason?.code ?? "", record.outcome?.name)
    case .decision: return (record.reason?.code ?? "", name(record.detail))
    case .candidate: return (record.candidateType?.name ?? "", nil)
    case .pair: return (record.pairEvent?.name ?? "", nil)
    case .drop: return (record.dropReason?.code ?? "", nil)
    case .channelTotal:
      return (
        VirtualChannel(rawValue: UInt8(truncatingIfNeeded: record.code))?.name ?? "", record.extra == 1 ? "received" : "sent"
      )
    case .probe: return (["no-answer", "answered", "refused"][Int(min(record.code, 2))], nil)
    case .mappingMade, .mappingLost, .roundTrip, .request, .runEnded, .sent, .forwarded, .translated, .delivered, .timer:
      return ("", nil)
    }
  }

  /// A milestone's stable name: its case in lower case with hyphens.
  static func code(of milestone: Milestone) -> String { milestoneNames[Int(milestone.rawValue)] ?? "" }

  private static let milestoneNames = table(Milestone.allCases.map { ($0.rawValue, hyphenated(String(describing: $0))) })

  /// The names of record kinds, topics and protocols by their raw values, made once: a story has many records.
  static let kindNames = table(RecordKind.allCases.map { ($0.rawValue, hyphenated(String(describing: $0))) })
  static let topicNames = table(ConversationTopic.allCases.map { ($0.rawValue, hyphenated($0.name)) })
  static let protocolNames = table(TransportProtocol.allCases.map { ($0.rawValue, String(describing: $0)) })

  private static func table(_ names: [(UInt8, String)]) -> [String?] {
    var table = [String?](repeating: nil, count: 256)
    for (value, name) in names { table[Int(value)] = name }
    return table
  }

  static func hyphenated(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
      if letter.isUppercase { text += "-" }
      text += letter.lowercased()
    }
  }
}
