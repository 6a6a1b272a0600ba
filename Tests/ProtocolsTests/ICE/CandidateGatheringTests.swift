// Transcripts of gathering, and the arithmetic of candidate and pair priorities.
import Protocols
import SimulationKernel
import Testing
import Wire

@Suite struct CandidateGatheringTests {
  typealias Machine = CandidateGathering
  let server = Endpoint(IPAddress(v4: 0x14CA_0001), 3478)
  let bases = [
    Machine.Base(row: 4, local: Endpoint(IPAddress(v4: 0xC0A8_000A), 50_000), foundationKey: 11),
    Machine.Base(row: 7, local: Endpoint(IPAddress(v4: 0x0A08_0002), 50_001), foundationKey: 12),
  ]
  let reflexive = Endpoint(IPAddress(v4: 0xCB00_7105), 40_000)

  func feed(_ machine: inout Machine, _ input: Machine.Input, _ milliseconds: Int64) -> [Machine.Effect] {
    var effects: [Machine.Effect] = []
    machine.handle(input, at: SimTime(nanoseconds: milliseconds * 1_000_000), into: &effects)
    return effects
  }
  /// The requests among `effects` as (base, server, number).
  func sends(_ effects: [Machine.Effect]) -> [[Int]] {
    effects.compactMap { if case .send(let base, _, _, let number) = $0 { [base, number] } else { nil } }
  }
  func found(_ effects: [Machine.Effect]) -> [CandidateDescription] {
    effects.compactMap { if case .candidate(let candidate) = $0 { candidate } else { nil } }
  }
  func answer(_ request: [Machine.Effect], mapped: Endpoint) -> STUNMessage {
    for case .send(_, _, let message, _) in request {
      var response = STUNMessage(kind: .success, transaction: message.transaction)
      response.mapped = mapped
      return response
    }
    return STUNMessage(kind: .indication, transaction: TransactionID(high: 0, low: 0))
  }

  @Test("RFC 8445 §5.1.2.1: priorities of one address, component 1; §6.1.2.3: pair priority")
  func priorities() {
    #expect(CandidatePriority.candidate(.host) == 2_130_706_431)
    #expect(CandidatePriority.candidate(.serverReflexive) == 1_694_498_815)
    #expect(CandidatePriority.candidate(.peerReflexive) == 1_862_270_975)
    #expect(CandidatePriority.candidate(.relayed) == 16_777_215)
    #expect(CandidatePriority.peerReflexive(of: 2_130_706_431) == 1_862_270_975)
    let (g, d): (UInt32, UInt32) = (2_130_706_431, 1_694_498_815)
    #expect(CandidatePriority.pair(controlling: g, controlled: d) == 1_694_498_815 << 32 + 2 * 2_130_706_431 + 1)
    #expect(CandidatePriority.pair(controlling: d, controlled: g) == 1_694_498_815 << 32 + 2 * 2_130_706_431)
    #expect(CandidatePriority.pair(controlling: .max, controlled: .max) == 0x7FFF_FFFF << 32 + 2 * 0x7FFF_FFFF)
  }

  @Test("host candidates come at once, transactions are paced by Ta = 50 ms, a reflexive one comes with its answer")
  func transcript() {
    var machine = Machine(settings: .init(servers: [server]), transactionSeed: 1)
    #expect(machine.state == .idle)
    let first = feed(&machine, .start(bases: bases), 0)
    #expect(machine.state == .gathering(until: .zero + .milliseconds(39_500)))
    #expect(found(first).map(\.type) == [.host, .host])
    #expect(found(first).map(\.priority) == [2_130_706_431, 2_130_706_431 - 256])
    #expect(sends(first) == [[4, 1]])
    #expect(machine.nextDeadline == .zero + .milliseconds(50))
    let second = feed(&machine, .timer, 50)
    #expect(sends(second) == [[7, 1]])
    #expect(found(feed(&machine, .received(answer(first, mapped: reflexive), from: reflexive, base: 4), 60)).isEmpty)
    let learned = found(feed(&machine, .received(answer(first, mapped: reflexive), from: server, base: 4), 60))
    #expect(learned.map(\.endpoint) == [reflexive])
    #expect(learned.map(\.base) == [bases[0].local])
    #expect(learned.map(\.priority) == [1_694_498_815])
    #expect(sends(feed(&machine, .timer, 550)) == [[7, 2]])
    let last = feed(&machine, .received(answer(second, mapped: bases[1].local), from: server, base: 7), 560)
    // RFC 8445 §5.1.3: the address of the second base is not translated, so its reflexive candidate is redundant.
    #expect(last == [.finished(machine.candidates)])
    #expect(machine.candidates.count == 3)
    #expect(machine.nextDeadline == nil)
  }

  @Test("a base without a route to the server fails at once, and the others do not wait for it")
  func noRoute() {
    var machine = Machine(settings: .init(servers: [server]), transactionSeed: 1)
    let first = feed(&machine, .start(bases: bases), 0)
    #expect(feed(&machine, .sendFailed(base: 4, server: server), 0) == [])
    _ = feed(&machine, .timer, 50)
    #expect(feed(&machine, .sendFailed(base: 7, server: server), 50) == [.finished(found(first))])
  }

  @Test("nobody answers: every scheduled request goes out, and gathering ends at the schedule's own 39.5 s with the hosts")
  func limit() {
    var machine = Machine(settings: .init(servers: [server]), transactionSeed: 1)
    var effects = feed(&machine, .start(bases: bases), 0)
    var last: SimTime = .zero
    for _ in 0..<40 {
      guard let due = machine.nextDeadline else { break }
      last = due
      machine.handle(.timer, at: due, into: &effects)
    }
    #expect(last == .zero + .milliseconds(39_500))
    #expect(sends(effects).count == 14)
    #expect(effects.last == .finished(found(effects)))
    #expect(found(effects).count == 2)
  }

  @Test("RFC 8445 §14.3: RTO = MAX (500ms, Ta * (Num-Of-Cands))")
  func retransmissionTimeout() {
    let many = (0..<12).map { Machine.Base(row: $0, local: Endpoint(IPAddress(v4: UInt32($0)), 5), foundationKey: UInt64($0)) }
    var machine = Machine(settings: .init(servers: [server]), transactionSeed: 1)
    _ = feed(&machine, .start(bases: many), 0)
    for at in stride(from: Int64(50), through: 550, by: 50) { #expect(sends(feed(&machine, .timer, at)) == [[Int(at / 50), 1]]) }
    #expect(sends(feed(&machine, .timer, 600)) == [[0, 2]])
  }

  @Test("switched-off candidate types are neither gathered nor asked for; without servers gathering ends at once")
  func types() {
    var settings = Machine.Settings(servers: [server])
    settings.allowsReflexive = false
    var machine = Machine(settings: settings, transactionSeed: 1)
    let effects = feed(&machine, .start(bases: bases), 0)
    #expect(sends(effects).isEmpty)
    #expect(effects.last == .finished(found(effects)))
    settings.allowsReflexive = true
    settings.allowsHost = false
    machine = Machine(settings: settings, transactionSeed: 1)
    let request = feed(&machine, .start(bases: [bases[0]]), 0)
    #expect(found(request).isEmpty)
    #expect(feed(&machine, .received(answer(request, mapped: reflexive), from: server, base: 4), 9).count == 2)
  }

  @Test("RFC 8445 §5.1.1.3: same type, base address and server give the same foundation; anything else another")
  func foundations() {
    var machine = Machine(settings: .init(servers: [server]), transactionSeed: 1)
    let request = feed(&machine, .start(bases: bases), 0)
    _ = feed(&machine, .received(answer(request, mapped: reflexive), from: server, base: 4), 9)
    #expect(Set(machine.candidates.map(\.foundation)).count == 3)
    var again = Machine(settings: .init(servers: [server]), transactionSeed: 2)
    let other = feed(&again, .start(bases: [bases[0]]), 0)
    _ = feed(&again, .received(answer(other, mapped: server), from: server, base: 4), 9)
    #expect(again.candidates[1].foundation == machine.candidates[2].foundation)
  }
}
