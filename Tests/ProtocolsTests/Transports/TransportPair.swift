// Two transport machines wired by a path with a delay and a fate for each datagram: the smallest world they can live in.
import Protocols
import SimulationKernel
import Testing
import Wire

/// What the pair has to know of a machine.
protocol PairedMachine: Equatable {
  associatedtype Effect: Equatable
  associatedtype Datagram
  var nextDeadline: SimTime? { get }
  mutating func take(_ event: WiredEvent<Datagram>, at now: SimTime, into effects: inout [Effect])
  static func news(_ effect: Effect) -> WiredNews<Datagram>
}

enum WiredEvent<Datagram> { case open, datagram(Datagram), write(UInt64), consumed(UInt64), close, timer }
enum WiredNews<Datagram> { case send(Datagram), readable(UInt64), other }

extension TCPConnection: PairedMachine {
  mutating func take(_ event: WiredEvent<TCPHeader>, at now: SimTime, into effects: inout [Effect]) {
    switch event {
    case .open: handle(.connect, at: now, into: &effects)
    case .datagram(let header): handle(.segment(header), at: now, into: &effects)
    case .write(let end): handle(.write(end: end), at: now, into: &effects)
    case .consumed(let offset): handle(.consumed(upTo: offset), at: now, into: &effects)
    case .close: handle(.close, at: now, into: &effects)
    case .timer: handle(.timer, at: now, into: &effects)
    }
  }
  static func news(_ effect: Effect) -> WiredNews<TCPHeader> {
    switch effect {
    case .send(let header), .resend(let header): .send(header)
    case .readable(let offset): .readable(offset)
    case .connected, .acknowledged, .peerClosed, .closed: .other
    }
  }
}

extension RDPUDPConnection: PairedMachine {
  mutating func take(_ event: WiredEvent<RDPUDPDatagram>, at now: SimTime, into effects: inout [Effect]) {
    switch event {
    case .open: handle(.connect, at: now, into: &effects)
    case .datagram(let datagram): handle(.datagram(datagram), at: now, into: &effects)
    case .write(let end): handle(.write(end: end), at: now, into: &effects)
    case .consumed(let offset): handle(.consumed(upTo: offset), at: now, into: &effects)
    case .close: handle(.close, at: now, into: &effects)
    case .timer: handle(.timer, at: now, into: &effects)
    }
  }
  static func news(_ effect: Effect) -> WiredNews<RDPUDPDatagram> {
    switch effect {
    case .send(let datagram): .send(datagram)
    case .readable(let offset): .readable(offset)
    case .connected, .acknowledged, .closed: .other
    }
  }
}

enum Side: Int, Equatable { case a, b }

/// When the copies of a datagram arrive, after the path's delay; none is a drop.
typealias Fate = [SimDuration]

struct TransportPair<Machine: PairedMachine> {
  struct Story: Equatable {
    var side: Side
    var time: SimTime
    var effect: Machine.Effect
  }
  private struct Flight {
    var time: SimTime
    var number: Int
    var to: Side
    var datagram: Machine.Datagram
  }

  var machines: [Machine]
  var now = SimTime.zero
  var delay: SimDuration
  /// Told the side, how many datagrams it sent before, and the datagram.
  var fate: (Side, Int, Machine.Datagram) -> Fate = { _, _, _ in [.zero] }
  /// Whether what is readable is read at once.
  var reads = true
  private(set) var story: [Story] = []
  private(set) var sent = [0, 0]
  /// The contiguous offset each side was told.
  private(set) var readable: [UInt64] = [0, 0]
  private var flights: [Flight] = []
  private var number = 0

  init(_ a: Machine, _ b: Machine, delay: SimDuration) {
    machines = [a, b]
    self.delay = delay
  }

  mutating func act(_ side: Side, _ event: WiredEvent<Machine.Datagram>) {
    var effects: [Machine.Effect] = []
    machines[side.rawValue].take(event, at: now, into: &effects)
    for effect in effects {
      story.append(Story(side: side, time: now, effect: effect))
      switch Machine.news(effect) {
      case .send(let datagram):
        for extra in fate(side, sent[side.rawValue], datagram) {
          number += 1
          flights.append(
            Flight(time: now + delay + extra, number: number, to: side == .a ? .b : .a, datagram: datagram))
        }
        sent[side.rawValue] += 1
      case .readable(let offset):
        #expect(offset > readable[side.rawValue], "told twice, or backwards")
        readable[side.rawValue] = offset
        if reads { act(side, .consumed(offset)) }
      case .other: break
      }
    }
  }

  /// Lets time pass until nothing is due at or before `end`.
  mutating func run(until end: SimTime = .never) {
    while true {
      let due = machines.map { $0.nextDeadline ?? .never }
      let next = flights.indices.min { (flights[$0].time, flights[$0].number) < (flights[$1].time, flights[$1].number) }
      let time = min(next.map { flights[$0].time } ?? .never, min(due[0], due[1]))
      guard time <= end, time != .never else { break }
      now = max(now, time)
      if let next, flights[next].time == time {
        let flight = flights.remove(at: next)
        act(flight.to, .datagram(flight.datagram))
      } else {
        act(due[0] <= due[1] ? .a : .b, .timer)
      }
    }
    if end != .never { now = end }
  }

  /// When `side` first had this effect.
  func time(_ side: Side, _ effect: Machine.Effect) -> SimTime? {
    story.first { $0.side == side && $0.effect == effect }?.time
  }
}

/// A repeatable program of losses, doubles and delays, in parts of 1000; nothing reaches beyond the first `count` datagrams.
func trouble<Datagram>(seed: UInt64, loss: UInt64, double: UInt64, late: UInt64, count: Int = 4000)
  -> (Side, Int, Datagram) -> Fate
{
  { side, ordinal, _ in
    if ordinal >= count { return [.zero] }
    let draw = mix(seed, UInt64(side.rawValue), UInt64(ordinal))
    if draw % 1000 < loss { return [] }
    var fate: Fate = [(draw >> 20) % 1000 < late ? .milliseconds(Int64((draw >> 40) % 30)) : .zero]
    if (draw >> 30) % 1000 < double { fate.append(.milliseconds(Int64((draw >> 50) % 50))) }
    return fate
  }
}

func ms(_ n: Int64) -> SimTime { SimTime.zero + .milliseconds(n) }
