// Transcripts of one agent, sentence by sentence of RFC 8445.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct ICEAgentTests {
  let base = Endpoint(iceAddress(192, 168, 0, 10), 50_000)
  let seen = Endpoint(iceAddress(203, 0, 113, 5), 40_000)
  let peer = Endpoint(iceAddress(10, 1, 0, 4), 51_000)
  let peerSeen = Endpoint(iceAddress(198, 51, 100, 7), 41_000)
  let stranger = Endpoint(iceAddress(192, 0, 2, 9), 9_999)
  let fragment = Secret(id: 11)
  let password = Secret(id: 12)
  let peerFragment = Secret(id: 21)
  let peerPassword = Secret(id: 22)

  func host(_ endpoint: Endpoint, preference: UInt16 = 65_535, foundation: UInt64 = 1) -> CandidateDescription {
    CandidateDescription(
      type: .host, endpoint: endpoint, base: endpoint, priority: CandidatePriority.candidate(.host, localPreference: preference),
      foundation: foundation)
  }
  func reflexive(_ endpoint: Endpoint, of base: Endpoint, foundation: UInt64 = 2) -> CandidateDescription {
    CandidateDescription(
      type: .serverReflexive, endpoint: endpoint, base: base, priority: CandidatePriority.candidate(.serverReflexive),
      foundation: foundation)
  }
  func agent(_ role: ICERole = .controlling, settings: ICEAgent.Settings = .init()) -> ICEAgent {
    ICEAgent(role: role, tieBreaker: 7, fragment: fragment, password: password, settings: settings, transactionSeed: 1)
  }
  func list(_ candidates: [CandidateDescription]) -> CandidateList {
    CandidateList(fragment: peerFragment, password: peerPassword, candidates: candidates)
  }
  func feed(_ agent: inout ICEAgent, _ input: ICEAgent.Input, _ milliseconds: Int64 = 0) -> [ICEAgent.Effect] {
    var effects: [ICEAgent.Effect] = []
    agent.handle(input, at: .zero + .milliseconds(milliseconds), into: &effects)
    return effects
  }
  /// Starts with one local host candidate and the peer's; the first check is out.
  func started(_ role: ICERole = .controlling, settings: ICEAgent.Settings = .init()) -> (ICEAgent, check: STUNMessage) {
    var machine = agent(role, settings: settings)
    let effects = feed(&machine, .start(local: [host(base)], bases: [base], remote: list([host(peer)])))
    return (machine, request(effects))
  }
  func request(_ effects: [ICEAgent.Effect]) -> STUNMessage {
    for case .send(_, _, let message, _, _) in effects where message.kind == .request { return message }
    return STUNMessage(kind: .indication, transaction: TransactionID(high: 0, low: 0))
  }
  func success(_ request: STUNMessage, mapped: Endpoint) -> STUNMessage {
    var message = STUNMessage(kind: .success, transaction: request.transaction)
    message.mapped = mapped
    message.integrity = peerPassword
    return message
  }
  /// A check of the peer.
  func check(_ ordinal: UInt64 = 1, _ role: ICERoleAttribute = .controlled(tieBreaker: 3), nominating: Bool = false)
    -> STUNMessage
  {
    var message = STUNMessage(kind: .request, transaction: TransactionID(high: 9, low: ordinal))
    message.username = ICEUsername(receiver: fragment, sender: peerFragment)
    message.integrity = password
    message.priority = 1_862_270_975
    message.role = role
    message.useCandidate = nominating
    return message
  }
  func answer(_ request: STUNMessage, to source: Endpoint, pair: Int) -> ICEAgent.Effect {
    var message = STUNMessage(kind: .success, transaction: request.transaction)
    message.mapped = source
    message.integrity = password
    message.fingerprint = true
    return .send(base: 0, to: source, message, pair: pair, retransmission: 0)
  }
  func told(_ event: PairEvent, _ remote: Endpoint, roundTrip: SimDuration? = nil) -> ICEAgent.Effect {
    .pair(row: 1, event, local: base, remote: remote, roundTrip: roundTrip)
  }

  @Test("RFC 8445 §7.1, §7.2.2: a check carries the peer-reflexive PRIORITY, the role, and the peer's fragment first")
  func request() {
    let (machine, check) = started()
    #expect(check.username == ICEUsername(receiver: peerFragment, sender: fragment))
    #expect(check.integrity == peerPassword)
    #expect(check.priority == 1_862_270_975)
    #expect(check.role == .controlling(tieBreaker: 7))
    #expect(check.fingerprint && !check.useCandidate)
    #expect(machine.pairs[0].state == .inProgress)
  }

  @Test("the whole way of the controlling side: check, answer, nomination by USE-CANDIDATE, selected pair")
  func controlling() {
    var machine = agent()
    let first = feed(&machine, .start(local: [host(base)], bases: [base], remote: list([host(peer)])))
    #expect(first == [told(.formed, peer), .send(base: 0, to: peer, request(first), pair: 1, retransmission: 0)])
    let valid = feed(&machine, .received(success(request(first), mapped: base), from: peer, base: 0), 30)
    #expect(valid == [told(.valid, peer, roundTrip: .milliseconds(30))])
    #expect(machine.state == .nominating(pair: 1))
    #expect(machine.nextDeadline == iceTime(50))
    let nomination = feed(&machine, .timer, 50)
    #expect(request(nomination).useCandidate)
    #expect(
      feed(&machine, .received(success(request(nomination), mapped: base), from: peer, base: 0), 80) == [
        told(.nominated, peer, roundTrip: .milliseconds(30)),
        .selected(base: 0, remote: peer, pair: 1, roundTrip: .milliseconds(30)),
      ])
    #expect(machine.nextDeadline == nil)
    // RFC 8445 §8.1.2: "an agent MUST continue to respond to any Binding request".
    #expect(feed(&machine, .received(check(), from: peer, base: 0), 90) == [answer(check(), to: peer, pair: 1)])
  }

  @Test("RFC 8445 §7.3.1.5: the controlled side selects when its check has succeeded and USE-CANDIDATE has come, in any order")
  func controlled() {
    var (machine, own) = started(.controlled)
    let nominating = check(1, .controlling(tieBreaker: 3), nominating: true)
    var early = machine
    #expect(feed(&machine, .received(success(own, mapped: base), from: peer, base: 0), 30).count == 1)
    let effects = feed(&machine, .received(nominating, from: peer, base: 0), 60)
    #expect(effects.first == answer(nominating, to: peer, pair: 1))
    #expect(effects.last == .selected(base: 0, remote: peer, pair: 1, roundTrip: .milliseconds(30)))
    // §7.3.1.5: a nomination that is not accepted is rejected "with an appropriate error code response (e.g., 400)".
    let other = feed(&machine, .received(nominating, from: stranger, base: 0), 70)
    guard case .send(0, stranger, let refusal, 0, 0)? = other.first else {
      Issue.record("no refusal")
      return
    }
    #expect(refusal.errorCode == 400)
    // The nomination first: the check in progress is cancelled and sent anew when Ta allows; the first one's answer still counts.
    #expect(feed(&early, .received(nominating, from: peer, base: 0), 20) == [answer(nominating, to: peer, pair: 1)])
    #expect(early.pairs[0].state == .waiting)
    #expect(early.nextDeadline == iceTime(50))
    let last = feed(&early, .received(success(own, mapped: base), from: peer, base: 0), 40).last
    #expect(last == .selected(base: 0, remote: peer, pair: 1, roundTrip: .milliseconds(40)))
  }

  @Test("RFC 8445 §7.3.1.4: In-Progress is cancelled and queued again; Succeeded: nothing; Failed: waiting again")
  func triggeredChecks() {
    var (machine, first) = started(.controlled)
    let peerCheck = check(1, .controlling(tieBreaker: 3))
    _ = feed(&machine, .received(peerCheck, from: peer, base: 0), 20)
    let second = feed(&machine, .timer, 50)
    #expect(request(second).transaction != first.transaction)
    #expect(feed(&machine, .timer, 500) == [], "the cancelled transaction is not retransmitted")
    #expect(feed(&machine, .timer, 550).count == 1, "the new one is")
    var succeeded = machine
    _ = feed(&succeeded, .received(success(request(second), mapped: base), from: peer, base: 0), 600)
    #expect(feed(&succeeded, .received(peerCheck, from: peer, base: 0), 610) == [answer(peerCheck, to: peer, pair: 1)])
    #expect(succeeded.pairs[0].state == .succeeded)
    #expect(feed(&machine, .unreachable(base: 0, remote: peer, hard: true), 600) == [told(.failed, peer)])
    #expect(machine.pairs[0].state == .failed)
    let revived = feed(&machine, .received(peerCheck, from: peer, base: 0), 610)
    #expect(revived.count == 2, "answered, and checked at once: Ta has long passed")
    #expect(machine.pairs[0].state == .inProgress)
  }

  @Test("RFC 8445 §7.2.5.2.1: an answer from another address than asked, or to another base, fails the pair")
  func asymmetric() {
    for (source, row) in [(stranger, 0), (peer, 1)] {
      var (machine, own) = started()
      let effects = feed(&machine, .received(success(own, mapped: base), from: source, base: row), 30)
      #expect(effects == [.reject(.asymmetricAnswer), told(.failed, peer), .failed(.allPairsFailed)])
    }
  }

  @Test("credentials: a hairpin's own check is refused by its fragment; so are a wrong password and no password")
  func credentials() {
    var (machine, own) = started()
    #expect(feed(&machine, .received(own, from: seen, base: 0), 5) == [.reject(.wrongFragment)])
    var forged = check()
    forged.integrity = Secret(id: 99)
    #expect(feed(&machine, .received(forged, from: peer, base: 0), 6) == [.reject(.wrongPassword)])
    forged.integrity = .none
    #expect(feed(&machine, .received(forged, from: peer, base: 0), 7) == [.reject(.noCredentials)])
    forged = check()
    forged.username?.sender = Secret(id: 98)
    #expect(feed(&machine, .received(forged, from: peer, base: 0), 8) == [.reject(.wrongFragment)])
    var response = success(own, mapped: base)
    response.integrity = Secret(id: 99)
    #expect(feed(&machine, .received(response, from: peer, base: 0), 9) == [.reject(.wrongPassword)])
    #expect(ICEAgent.Rejection.wrongFragment.dropReason == .badCredentials)
    #expect(machine.pairs[0].state == .inProgress)
  }

  @Test("RFC 8445 §7.2.5.1: a 487 answer switches the role, changes the tie-breaker and checks the pair again")
  func roleConflictAnswer() {
    var (machine, own) = started()
    var conflict = STUNMessage(kind: .error, transaction: own.transaction)
    conflict.errorCode = 487
    conflict.integrity = peerPassword
    #expect(feed(&machine, .received(conflict, from: peer, base: 0), 30) == [])
    #expect(machine.role == .controlled)
    #expect(machine.tieBreaker != 7)
    #expect(request(feed(&machine, .timer, 50)).role == .controlled(tieBreaker: machine.tieBreaker))
  }

  @Test("RFC 8445 §7.3.1.1: both controlling: the larger or equal tie-breaker answers 487 and keeps its role")
  func roleConflictRequest() {
    for (theirs, keeps) in [(6, true), (7, true), (8, false)] as [(UInt64, Bool)] {
      var (machine, _) = started()
      let effects = feed(&machine, .received(check(1, .controlling(tieBreaker: theirs)), from: peer, base: 0), 10)
      guard case .send(_, _, let message, 1, _)? = effects.first else {
        Issue.record("no answer")
        continue
      }
      #expect(message.errorCode == (keeps ? 487 : nil))
      #expect(machine.role == (keeps ? .controlling : .controlled))
      var (other, _) = started(.controlled)
      _ = feed(&other, .received(check(1, .controlled(tieBreaker: theirs)), from: peer, base: 0), 10)
      #expect(other.role == (keeps ? .controlling : .controlled))
    }
  }

  @Test("RFC 8445 §6.1.2.4: reflexive locals are replaced by their base, redundant pairs pruned, highest priority first")
  func checklist() {
    var machine = agent()
    let locals = [host(base), reflexive(seen, of: base)]
    let remotes = [reflexive(peerSeen, of: peer), host(peer)]
    _ = feed(&machine, .start(local: locals, bases: [base], remote: list(remotes)))
    #expect(machine.pairs.map(\.remote.endpoint) == [peer, peerSeen])
    #expect(machine.pairs.map(\.local.endpoint) == [base, base])
    #expect(machine.pairs[0].priority == CandidatePriority.pair(controlling: 2_130_706_431, controlled: 2_130_706_431))
    #expect(machine.pairs[1].priority == CandidatePriority.pair(controlling: 2_130_706_431, controlled: 1_694_498_815))
  }

  @Test("RFC 8445 §6.1.2.6: per foundation one pair starts Waiting; §7.2.5.3.3: a success unfreezes the others")
  func frozen() {
    var machine = agent()
    let remotes = [host(peer), host(peerSeen, preference: 9), host(stranger, preference: 8)]
    let first = feed(&machine, .start(local: [host(base)], bases: [base], remote: list(remotes)))
    #expect(machine.pairs.map(\.state) == [.inProgress, .frozen, .frozen])
    #expect(feed(&machine, .timer, 50) == [])
    _ = feed(&machine, .received(success(request(first), mapped: base), from: peer, base: 0), 60)
    #expect(machine.pairs.map(\.state) == [.succeeded, .inProgress, .waiting])
    // §6.1.4.2 step 2: a failure unfreezes when no pair of the foundation is Waiting or In-Progress.
    var failing = agent()
    let lost = feed(&failing, .start(local: [host(base)], bases: [base], remote: list(remotes)))
    _ = feed(&failing, .sendFailed(request(lost).transaction))
    #expect(failing.pairs.map(\.state) == [.failed, .frozen, .frozen])
    #expect(failing.nextDeadline == iceTime(50))
    _ = feed(&failing, .timer, 50)
    #expect(failing.pairs[1].state == .inProgress)
  }

  @Test("RFC 8445 §14.3: RTO = MAX (500ms, Ta * N * (Num-Waiting + Num-In-Progress)): four pairs give 800 ms")
  func retransmissionTimeout() {
    var machine = agent()
    let remotes = (0..<4).map {
      host(Endpoint(iceAddress(10, 0, 0, UInt32($0)), 5), preference: UInt16(50_000 - $0), foundation: UInt64($0))
    }
    _ = feed(&machine, .start(local: [host(base)], bases: [base], remote: list(remotes)))
    for at in [50, 100, 150] as [Int64] { #expect(feed(&machine, .timer, at).count == 1) }
    #expect(machine.nextDeadline == iceTime(800))
    guard case .send(_, _, _, 1, 1)? = feed(&machine, .timer, 800).first else {
      Issue.record("no first retransmission of pair 1")
      return
    }
  }

  @Test("RFC 8445 §6.1.2.2: pairs have one address family, and link-local addresses stay among themselves")
  func families() {
    let linkLocal = Endpoint(IPAddress(high: 0xFE80 << 48, low: 1), 5)
    let global = Endpoint(IPAddress(high: 0x2001_0DB8 << 32, low: 1), 5)
    let remotes = [host(peer), host(global, preference: 9), host(linkLocal, preference: 8)]
    var machine = agent()
    let bases = [base, Endpoint(linkLocal.address, 6)]
    _ = feed(&machine, .start(local: bases.map { host($0) }, bases: bases, remote: list(remotes)))
    #expect(machine.pairs.map(\.remote.endpoint) == [peer, linkLocal])
    #expect(machine.pairs.map(\.base) == [0, 1])
  }

  @Test("no pair can be formed: failed at once")
  func noPairs() {
    var machine = agent()
    #expect(feed(&machine, .start(local: [host(base)], bases: [base], remote: list([]))) == [.failed(.noPairs)])
  }

  @Test("RFC 8445 §19.5.1: neither long lists, nor floods of new sources, nor early requests pass the bounds")
  func bounds() {
    var settings = ICEAgent.Settings()
    settings.maximumRemoteCandidates = 8
    settings.maximumPairs = 6
    func flood(_ machine: inout ICEAgent) -> Int {
      (0..<1_000).reduce(0) { sum, n in
        sum
          + feed(&machine, .received(check(UInt64(n)), from: Endpoint(stranger.address, UInt16(1_000 + n)), base: 0), 1)
          .count { if case .send(_, _, let message, _, _) = $0 { message.kind == .success } else { false } }
      }
    }
    var (machine, _) = started(settings: settings)
    #expect(flood(&machine) == 1_000, "each is answered")
    #expect(machine.pairs.count == 6)
    #expect(machine.remoteCandidates.count <= 8)
    var waiting = agent(settings: settings)
    #expect(flood(&waiting) == 1_000)
    let many = (0..<50).map { host(Endpoint(peer.address, UInt16($0 + 1)), preference: UInt16(60_000 - $0)) }
    _ = feed(&waiting, .start(local: [host(base)], bases: [base], remote: list(many)), 2)
    #expect(waiting.pairs.count == 6)
    #expect(waiting.remoteCandidates.count == 8)
  }

  @Test("controlled with a valid pair that nobody nominates: not nominated, one full schedule later")
  func notNominated() {
    var (machine, own) = started(.controlled)
    _ = feed(&machine, .received(success(own, mapped: base), from: peer, base: 0), 30)
    #expect(machine.nextDeadline == iceTime(30 + 39_500))
    #expect(feed(&machine, .timer, 39_529) == [])
    #expect(feed(&machine, .timer, 39_530) == [.failed(.notNominated)])
    #expect(feed(&machine, .received(check(1, .controlling(tieBreaker: 3)), from: peer, base: 0), 39_600) == [.reject(.closed)])
  }

  @Test("RFC 8445 §7.2.5.2.2: a hard ICMP error fails the pair, a soft one does not, and the scenario may switch it off")
  func icmp() {
    var (machine, _) = started()
    #expect(feed(&machine, .unreachable(base: 0, remote: peer, hard: false), 5) == [])
    #expect(feed(&machine, .unreachable(base: 0, remote: stranger, hard: true), 5) == [])
    #expect(
      feed(&machine, .unreachable(base: 0, remote: peer, hard: true), 5) == [told(.failed, peer), .failed(.allPairsFailed)])
    var settings = ICEAgent.Settings()
    settings.hardErrorsFailPairs = false
    (machine, _) = started(settings: settings)
    #expect(feed(&machine, .unreachable(base: 0, remote: peer, hard: true), 5) == [])
  }

  @Test("cancelled before the peer's list came: the list changes nothing any more")
  func cancelledEarly() {
    var machine = agent()
    #expect(feed(&machine, .cancel) == [])
    #expect(feed(&machine, .start(local: [host(base)], bases: [base], remote: list([host(peer)])), 1) == [])
    #expect(machine.nextDeadline == nil)
  }
}
