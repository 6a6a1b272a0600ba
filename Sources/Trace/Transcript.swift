// The story as each machine tells it: what the protocol fingerprint stands for, in words, without times, ports or retransmissions.
public import Wire

extension Record {
  /// Whether it is a line of the protocol's transcript.
  public var isProtocol: Bool {
    switch kind {
    case .milestone, .transition, .attempt, .candidate, .pair, .decision, .probe, .failure: true
    default: false
    }
  }
}

/// Equal exactly when the protocol fingerprints are.
public struct Transcript: Sendable, Equatable {
  /// Whose lines they are: what a node tells of one session on one transport.
  public struct Machine: Hashable, Sendable, Comparable {
    public var node: String
    /// 0 for what is beside all sessions; a probe's or rogue's ordinal for what they tell.
    public var session: Int
    public var transport: Transport

    public init(node: String, session: Int, transport: Transport) {
      self.node = node
      self.session = session
      self.transport = transport
    }

    public static func < (a: Machine, b: Machine) -> Bool {
      (a.node, a.session, a.transport) < (b.node, b.session, b.transport)
    }
  }

  /// What it told, in order.
  public struct Part: Sendable, Equatable {
    public var machine: Machine
    public var lines: [String]
    /// The rows in the story that the lines come from; empty for a transcript that was read from a file.
    public var rows: [Int] = []

    public init(machine: Machine, lines: [String], rows: [Int] = []) {
      self.machine = machine
      self.lines = lines
      self.rows = rows
    }
  }

  /// Sorted by machine.
  public var parts: [Part]

  public init(parts: [Part]) { self.parts = parts }

  /// The transcript of a story.
  public init(_ story: [Record], nodes: [ComponentName], names: [String]) {
    var rows: [Machine: Int] = [:]
    var parts: [Part] = []
    for (row, record) in story.enumerated() where record.isProtocol {
      let machine = Machine(
        node: nodes[Int(record.node.index)].id, session: Int(record.session), transport: record.attempt)
      let line = Self.line(of: record, names)
      if let known = rows[machine] {
        parts[known].lines.append(line)
        parts[known].rows.append(row)
      } else {
        rows[machine] = parts.count
        parts.append(Part(machine: machine, lines: [line], rows: [row]))
      }
    }
    self.parts = parts.sorted { $0.machine < $1.machine }
  }

  /// A milestone by its bare name, anything else behind the word of its kind.
  public static func line(of record: Record, _ names: [String]) -> String {
    func name(_ row: UInt16) -> String { names[Int(row)] }
    switch record.kind {
    case .milestone: return record.milestone?.code ?? ""
    case .transition: return "\(name(record.detail)) \(name(record.code))"
    case .attempt:
      let reason = record.reason ?? .none
      return "attempt \(record.outcome?.name ?? "")" + (reason == .none ? "" : " \(reason.code)")
    case .candidate: return "candidate \(record.candidateType?.name ?? "")"
    case .pair: return "pair \(record.pairEvent?.name ?? "")"
    case .decision: return "decided \(record.reason?.code ?? "") over \(name(record.detail))"
    case .failure: return "failure \(record.failure?.code ?? "")"
    case .probe:
      let answer = ["no-answer", "answered", "refused"][Int(min(record.code, 2))]
      return (record.topic == .rogue ? "rogue " : "probe ") + answer + (record.detail == 1 ? " accepted" : "")
    default: return ""
    }
  }
}
