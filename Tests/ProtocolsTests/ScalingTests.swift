// Every delay and every timer of a machine doubled: every time doubles, and nothing else changes.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct ScalingTests {
  /// The durations among a value's fields, by name.
  private func durations(_ settings: Any) -> [String: SimDuration] {
    var found: [String: SimDuration] = [:]
    for field in Mirror(reflecting: settings).children {
      guard let name = field.label else { continue }
      if let duration = field.value as? SimDuration {
        found[name] = duration
      } else if field.value is BindingTransaction.Settings {
        for (inner, duration) in durations(field.value) { found["\(name).\(inner)"] = duration }
      }
    }
    return found
  }

  private func tcp(_ k: Int64) -> TCPConnection.Settings {
    var s = TCPConnection.Settings()
    (s.initialTimeout, s.timeoutAfterLostSyn, s.minimumTimeout) = (
      s.initialTimeout * k, s.timeoutAfterLostSyn * k, s.minimumTimeout * k
    )
    (s.maximumTimeout, s.clockGranularity) = (s.maximumTimeout * k, s.clockGranularity * k)
    (s.delayedAck, s.timeWait) = (s.delayedAck * k, s.timeWait * k)
    return s
  }

  private func rdpUDP(_ k: Int64) -> RDPUDPConnection.Settings {
    var s = RDPUDPConnection.Settings()
    (s.synTimeout, s.minimumTimeout, s.maximumTimeout) = (s.synTimeout * k, s.minimumTimeout * k, s.maximumTimeout * k)
    (s.minimumDelayedAck, s.maximumDelayedAck) = (s.minimumDelayedAck * k, s.maximumDelayedAck * k)
    (s.keepAlive, s.silence) = (s.keepAlive * k, s.silence * k)
    return s
  }

  private func ice(_ k: Int64) -> ICEAgent.Settings {
    var s = ICEAgent.Settings()
    (s.pace, s.selectionWindow, s.patience, s.nominationPatience) = (
      s.pace * k, s.selectionWindow * k, s.patience * k, s.nominationPatience * k
    )
    s.schedule.rto = s.schedule.rto * k
    return s
  }

  @Test("every timer of TCP, RDP-UDP and ICE is a setting that this suite doubles")
  func complete() {
    for (one, two) in [(tcp(1) as Any, tcp(2) as Any), (rdpUDP(1), rdpUDP(2)), (ice(1), ice(2))] {
      #expect(!durations(one).isEmpty)
      #expect(durations(one).mapValues { $0 * 2 } == durations(two))
    }
  }

  /// A transfer both ways over a path that loses, doubles and delays.
  private func transfer<M: PairedMachine>(_ k: Int64, _ seed: UInt64, _ make: (Bool) -> M) -> TransportPair<M> {
    var pair = TransportPair(make(true), make(false), delay: .milliseconds(16) * k)
    let program: (Side, Int, M.Datagram) -> Fate = trouble(seed: seed, loss: 60, double: 20, late: 100, count: 400)
    pair.fate = { side, ordinal, datagram in program(side, ordinal, datagram).map { $0 * k } }
    pair.act(.a, .open)
    pair.run(until: .zero + .seconds(20) * k)
    pair.act(.a, .write(120_000))
    pair.act(.b, .write(30_000))
    pair.run(until: .zero + .seconds(120) * k)
    return pair
  }

  /// The round-trip estimate is kept in whole nanoseconds (RFC 6298's eighths are rounded), so a timeout may differ by a few of them:
  /// the only thing that makes the scaling inexact.
  private func expectDoubled<M: PairedMachine>(_ make: (Int64, Bool) -> M) {
    for seed in 1...12 as ClosedRange<UInt64> {
      let (one, two) = (transfer(1, seed) { make(1, $0) }, transfer(2, seed) { make(2, $0) })
      #expect(one.story.count > 150 && one.readable == [30_000, 120_000])
      #expect(one.story.map(\.effect) == two.story.map(\.effect) && one.story.map(\.side) == two.story.map(\.side))
      let off = zip(one.story, two.story).map { (($1.time - .zero) - ($0.time - .zero) * 2).magnitude }.max() ?? .zero
      #expect(off < .microseconds(1), "\(off)")
    }
  }

  @Test("TCP takes twice as long where every delay and timer is doubled") func tcpScales() {
    expectDoubled { TCPConnection(initialSequence: $1 ? 1000 : 5000, settings: tcp($0)) }
  }

  @Test("RDP-UDP takes twice as long, its keep-alives with it")
  func rdpUDPScales() {
    expectDoubled { k, opens in
      RDPUDPConnection(
        stream: StreamID(index: opens ? 1 : 2, generation: 0), cookieHash: opens ? Secret(id: 9) : .none, settings: rdpUDP(k))
    }
  }

  @Test("ICE between two agents behind translators takes exactly twice as long: two paths, losses, one side that starts late")
  func iceScales() throws {
    for (start, lost) in [(Int64(0), 0), (20, 0), (700, 0), (20, 3), (20, 7)] {
      func duel(_ k: Int64) -> ICEDuel {
        let client = ICESide(
          1, .controlling, tieBreaker: 5, settings: ice(k),
          [
            (Endpoint(iceAddress(192, 168, 0, 10), 50_000), ICETranslator(external: iceAddress(203, 0, 113, 5))),
            (Endpoint(iceAddress(10, 8, 0, 2), 50_001), nil),
          ])
        let host = ICESide(
          2, .controlled, tieBreaker: 3, settings: ice(k),
          [(Endpoint(iceAddress(10, 1, 0, 4), 51_000), ICETranslator(external: iceAddress(198, 51, 100, 7)))])
        var duel = ICEDuel(client, host)
        duel.delay = { from, fromBase, toBase in .milliseconds((from == 0 ? fromBase : toBase) == 0 ? 15 : 40) * k }
        duel.drops = { flight, _ in lost > 0 && flight.order % lost == 0 }
        duel.exchange(at: [0, start * k])
        duel.run(until: iceTime(100_000 * k))
        return duel
      }
      let (one, two) = (duel(1), duel(2))
      for (a, b) in zip(one.sides, two.sides) {
        #expect(a.effects.count > 10 && a.effects.count == b.effects.count)
        #expect(a.effects.map { ($0.time - .zero) * 2 } == b.effects.map { $0.time - .zero }, "start \(start), lost \(lost)")
        #expect(a.agent.state == b.agent.state)
        #expect(a.selected?.roundTrip.map { $0 * 2 } == b.selected?.roundTrip && a.selected?.remote == b.selected?.remote)
      }
    }
  }
}
