// A run with the journey of every packet: who answered whom, and what each record follows from.
public import Simulation
import SimulationKernel
public import Trace
import Wire

/// Some packets that belong together.
public struct PacketExchange: Sendable, Equatable {
  /// What the chosen packet answers, by its row.
  public var request: Int?
  public var packet: Int
  public var answer: Int?
  public var rows: [Int] { [request, packet, answer].compactMap { $0 } }
}

public struct PacketTrace: Sendable {
  public let run: RunResult
  public let blueprint: Blueprint
  /// Every packet that was made, in order.
  public let packets: [PacketJourney]
  private let motions: [Record]
  private let rows: [UInt64: [Int]]

  /// Runs a blueprint and follows its packets.
  public init(_ blueprint: Blueprint, seed: UInt64? = nil) throws(SimulationError) {
    let follower = PacketFollower()
    let run = try Simulator.result(of: World(blueprint, seed: seed, sink: follower, tap: follower))
    self.blueprint = blueprint
    self.run = run
    (motions, rows) = (follower.motions, follower.rows)
    var packets = follower.packets
    for row in packets.indices {
      guard let parent = Self.packet(before: packets[row].cause, follower.rows, run) else { continue }
      packets[row].parent = parent
      packets[parent].children.append(row)
    }
    self.packets = packets
  }

  /// The packet that a cause, or what that follows from, is a step of.
  private static func packet(before cause: UInt64, _ rows: [UInt64: [Int]], _ run: RunResult) -> Int? {
    var cause = cause
    while cause != 0 {
      if let row = rows[cause]?.first { return row }
      cause = run.record(cause)?.cause ?? 0
    }
    return nil
  }

  /// The number of the last record.
  public var lastRecord: UInt64 { max(run.story.last?.number ?? 0, motions.last?.number ?? 0) }

  /// Any record, of the story or of a packet's way.
  public func record(_ number: UInt64) -> Record? {
    if let told = run.record(number) { return told }
    var (low, high) = (0, motions.count)
    while low < high {
      let middle = (low + high) / 2
      if motions[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < motions.count && motions[low].number == number ? motions[low] : nil
  }

  /// The packet that a record is a step of, by its row.
  public func packet(of record: UInt64) -> Int? { rows[record]?.first }

  /// The packet that a record of the story is about: one that was sent because of it, or else the one it follows from.
  public func packet(about record: UInt64) -> Int? {
    packet(of: record) ?? packets.firstIndex { $0.cause == record } ?? Self.packet(before: record, rows, run)
  }

  /// The chain of causes of a record, from the click (or the scenario's own first cause) down to the record itself.
  public func causes(of number: UInt64) -> [Record] {
    var chain: [Record] = []
    var next = number
    while next != 0, let record = record(next) {
      chain.append(record)
      if record.milestone == .click { break }
      next = record.cause
    }
    return chain.reversed()
  }

  /// A packet with what it answers and what answers it.
  public func exchange(of row: Int) -> PacketExchange {
    let packet = packets[row]
    return PacketExchange(
      request: packet.parent.flatMap { packet.answers(packets[$0]) ? $0 : nil }, packet: row,
      answer: packet.children.first { packets[$0].answers(packet) })
  }

  /// The exchanges of chosen packets: each packet once, in the order of the first.
  public func exchanges(_ choice: PacketChoice) -> [PacketExchange] {
    var used: Set<Int> = []
    var found: [PacketExchange] = []
    for row in packets.indices where !used.contains(row) && choice.matches(packets[row]) {
      var exchange = exchange(of: row)
      if let request = exchange.request, used.contains(request) { exchange.request = nil }
      used.formUnion(exchange.rows)
      found.append(exchange)
    }
    return found
  }
}
