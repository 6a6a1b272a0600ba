// The states of agents and of their candidate pairs, one after the other.
import Protocols
import SimulationKernel
import Testing
import Wire

extension ICEAgentTests {
  private func states(_ agent: ICEAgent) -> [CandidatePair.State] { agent.pairs.map(\.state) }

  /// Two pairs of one foundation and one of another; the first check is out.
  private func threePairs() -> (ICEAgent, check: STUNMessage) {
    var machine = agent()
    #expect(machine.state == ICEAgent.State.idle)
    let other = host(stranger, preference: 100, foundation: 9)
    let twin = host(Endpoint(peer.address, 51_001), preference: 200)
    let effects = feed(&machine, .start(local: [host(base)], bases: [base], remote: list([host(peer), twin, other])))
    return (machine, request(effects))
  }

  @Test("RFC 8445 §6.1.2.6: of a foundation one pair waits and the others are frozen, until it succeeds")
  func unfreezing() {
    var (machine, check) = threePairs()
    #expect(machine.state == ICEAgent.State.checking)
    #expect(states(machine) == [.inProgress, .frozen, .waiting])
    _ = feed(&machine, .received(success(check, mapped: base), from: peer, base: 0), 30)
    #expect(states(machine) == [.succeeded, .waiting, .waiting])
  }

  @Test("RFC 8445 §7.2.5.2.2: a hard ICMP error fails the pair, and only it")
  func failing() {
    var (machine, _) = threePairs()
    _ = feed(&machine, .unreachable(base: 0, remote: peer, hard: true), 10)
    #expect(states(machine).first == CandidatePair.State.failed)
    #expect(machine.state == ICEAgent.State.checking)
  }

  @Test("pairs that had not ended are unfinished when the choice closes, and cancelled when the agent is")
  func leaving() {
    var (machine, check) = threePairs()
    var cancelled = machine
    _ = feed(&cancelled, .cancel, 20)
    #expect(states(cancelled) == [.cancelled, .cancelled, .cancelled])
    _ = feed(&machine, .received(success(check, mapped: base), from: peer, base: 0), 30)
    while let deadline = machine.nextDeadline, deadline <= .zero + .seconds(2), machine.state == .checking {
      var effects: [ICEAgent.Effect] = []
      machine.handle(.timer, at: deadline, into: &effects)
    }
    #expect(machine.state == .nominating(pair: 1))
    #expect(states(machine) == [.succeeded, .unfinished, .unfinished])
  }
}
