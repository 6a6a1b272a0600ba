// Two agents wired together: hole punching, peer-reflexive candidates, selection, failure, bounds.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct ICEDuelTests {
  static let home = iceAddress(203, 0, 113, 5)
  static let cloud = iceAddress(198, 51, 100, 7)
  let clientBase = Endpoint(iceAddress(192, 168, 0, 10), 50_000)
  let clientVPN = Endpoint(iceAddress(10, 8, 0, 2), 50_001)
  let hostBase = Endpoint(iceAddress(10, 1, 0, 4), 51_000)

  func client(_ translator: ICETranslator? = ICETranslator(external: home), settings: ICEAgent.Settings = .init()) -> ICESide {
    ICESide(1, .controlling, tieBreaker: 5, settings: settings, [(clientBase, translator)])
  }
  func host(_ translator: ICETranslator? = ICETranslator(external: cloud), settings: ICEAgent.Settings = .init()) -> ICESide {
    ICESide(2, .controlled, tieBreaker: 3, settings: settings, [(hostBase, translator)])
  }
  /// A client on two interfaces against an open host: base 0 the internet, base 1 the VPN.
  func twoPaths(internet: Int64, vpn: Int64, settings: ICEAgent.Settings = .init()) -> ICEDuel {
    let client = ICESide(
      1, .controlling, tieBreaker: 5, settings: settings, [(clientBase, ICETranslator(external: Self.home)), (clientVPN, nil)])
    var duel = ICEDuel(client, host(nil, settings: settings))
    duel.delay = { from, fromBase, toBase in .milliseconds((from == 0 ? fromBase : toBase) == 0 ? internet : vpn) }
    return duel
  }

  @Test("both behind stable translators: the first check lost to a filter costs no RTO, thanks to triggered checks")
  func holePunching() throws {
    var duel = ICEDuel(client(), host())
    duel.exchange(at: [0, 20])
    duel.run()
    #expect(duel.filtered == 1)
    let chosen = try #require(duel.sides[0].selected)
    #expect(chosen.remote == Endpoint(Self.cloud, 40_000))
    #expect(chosen.roundTrip == .milliseconds(20))
    // The host-to-private pair never answers, so the window closes 1 s after the first valid pair; nomination is one round trip.
    let valid = try #require(
      duel.sides[0].effects.first { if case .pair(_, .valid, _, _, _) = $0.effect { true } else { false } })
    #expect(valid.time < iceTime(200))
    #expect(chosen.time == valid.time + .seconds(1) + .milliseconds(20))
    #expect(try #require(duel.sides[1].selected).remote == Endpoint(Self.home, 40_000))
    #expect(duel.sides[1].agent.role == .controlled)
  }

  @Test("an agent that did not trigger would wait a whole RTO: the lost pair's next check leaves before 500 ms")
  func triggeredBeforeRTO() throws {
    var duel = ICEDuel(client(), host())
    duel.exchange(at: [0, 20])
    duel.run()
    let valid = duel.sides[0].agent.pairs.first { $0.state == .succeeded }
    let row = try #require(valid?.row)
    let sent = duel.sides[0].requests.filter { $0.pair == row && !$0.message.useCandidate }
    #expect(sent.count == 2)
    #expect(sent.allSatisfy { $0.retransmission == 0 && $0.time < iceTime(200) })
    #expect(sent[0].message.transaction != sent[1].message.transaction)
  }

  @Test("RFC 8445 §7.3.1.3: a symmetric client reaches an open host through a peer-reflexive candidate")
  func peerReflexive() throws {
    var duel = ICEDuel(client(ICETranslator(external: Self.home, mapsPerRemote: true)), host(nil))
    duel.exchange()
    duel.run()
    let chosen = try #require(duel.sides[1].selected)
    #expect(chosen.remote.address == Self.home)
    #expect(chosen.remote.port != 40_000)
    #expect(duel.sides[1].agent.remoteCandidates.last?.type == .peerReflexive)
    #expect(duel.sides[1].agent.remoteCandidates.last?.priority == 1_862_270_975)
    // RFC 8445 §7.2.5.3.1: the client learns from the mapped address what it looks like.
    #expect(duel.sides[0].agent.localCandidates.last?.type == .peerReflexive)
    #expect(duel.sides[0].agent.pairs[0].validLocal?.endpoint == chosen.remote)
  }

  @Test("without peer-reflexive learning the same two never meet")
  func naive() throws {
    var settings = ICEAgent.Settings()
    settings.peerReflexiveLearning = false
    var duel = ICEDuel(
      client(ICETranslator(external: Self.home, mapsPerRemote: true), settings: settings), host(nil, settings: settings))
    duel.exchange()
    duel.run()
    #expect(try #require(duel.sides[0].failure).1 == .allPairsFailed)
    #expect(duel.sides[1].rejections.contains(.unknownSource))
  }

  @Test("symmetric against port-restricted finds nothing")
  func symmetricAgainstRestricted() throws {
    var duel = ICEDuel(client(ICETranslator(external: Self.home, mapsPerRemote: true)), host())
    duel.exchange()
    duel.run()
    #expect(try #require(duel.sides[0].failure).1 == .allPairsFailed)
    #expect(try #require(duel.sides[1].failure).1 == .allPairsFailed)
  }

  @Test("the lowest measured round trip wins, not the priority; turned round, the other wins")
  func lowestRoundTrip() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.exchange()
    duel.run()
    var chosen = try #require(duel.sides[0].selected)
    #expect(chosen.base == 1)
    #expect(chosen.roundTrip == .milliseconds(24))
    #expect(duel.sides[0].agent.pairs[0].base == 0, "the internet pair has the higher priority")
    duel = twoPaths(internet: 12, vpn: 30)
    duel.exchange()
    duel.run()
    chosen = try #require(duel.sides[0].selected)
    #expect(chosen.base == 0)
    #expect(chosen.roundTrip == .milliseconds(24))
    #expect(duel.sides[1].selected?.remote.address == Self.home)
  }

  @Test("all pairs ended closes the choice before the window; the window closes it over pairs that have not ended")
  func window() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.exchange()
    duel.run()
    // Checks at 0 (internet) and 50 ms (VPN): the last ends at 74 ms; the nomination goes when Ta allows, at 100 ms.
    #expect(try #require(duel.sides[0].selected).time == iceTime(124))
    duel = twoPaths(internet: 900, vpn: 12)
    duel.exchange()
    duel.run()
    let chosen = try #require(duel.sides[0].selected)
    // The VPN pair is valid at 74 ms or, triggered by the peer, before; the internet pair (1.8 s) is left behind.
    #expect(chosen.base == 1)
    #expect(chosen.time <= iceTime(1_074 + 24 + 50))
    #expect(duel.sides[0].events(.unfinished) == [1])
    #expect(duel.sides[0].agent.pairs[0].state == .unfinished)
  }

  @Test("a pair valid by a retransmitted transaction is measured by one more check")
  func measurement() throws {
    var duel = ICEDuel(client(nil), host(nil))
    // The host's own checks and the client's first request are lost; the answer to the retransmission measures nothing.
    duel.drops = { flight, time in flight.message.kind == .request && (flight.from == 1 || time < iceTime(100)) }
    duel.exchange()
    duel.run()
    let requests = duel.sides[0].requests.prefix(3)
    #expect(requests.map(\.time) == [.zero, iceTime(500), iceTime(520)])
    #expect(requests.map(\.retransmission) == [0, 1, 0])
    #expect(duel.sides[0].agent.pairs[0].roundTrip == .milliseconds(20))
    #expect(duel.sides[0].events(.valid) == [1, 1])
  }

  @Test("a pair whose round trip cannot be measured ranks last")
  func unmeasured() throws {
    var duel = twoPaths(internet: 5, vpn: 200)
    // The internet pair answers only retransmissions: both its first check and its measurement are lost.
    duel.drops = { flight, time in
      guard flight.message.kind == .request, flight.source.address != self.clientVPN.address else { return false }
      return flight.from == 1 ? flight.destination.address == Self.home : time < iceTime(450) || time > iceTime(505)
    }
    duel.exchange()
    duel.run(until: iceTime(3_000))
    #expect(duel.sides[0].agent.pairs.map(\.roundTrip) == [nil, .milliseconds(400)])
    #expect(try #require(duel.sides[0].selected).base == 1)
  }

  @Test("a lost nomination is retransmitted; one that fails moves to the next best pair")
  func nominationFails() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.drops = { flight, _ in flight.message.useCandidate && flight.source.address == self.clientVPN.address }
    duel.exchange()
    duel.run()
    let chosen = try #require(duel.sides[0].selected)
    #expect(chosen.base == 0)
    #expect(chosen.time == iceTime(100 + 39_500 + 60))
    #expect(duel.sides[1].selected?.remote.address == Self.home)
    #expect(duel.sides[0].events(.failed) == [2])
  }

  @Test("nobody gets through: all pairs failed exactly 39.5 s after the last pair's first check")
  func allFailed() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.drops = { _, _ in true }
    duel.exchange()
    duel.run()
    let failed = try #require(duel.sides[0].failure)
    #expect(failed.1 == .allPairsFailed)
    let firsts = duel.sides[0].requests.filter { $0.retransmission == 0 }
    #expect(firsts.map(\.time) == [.zero, iceTime(50)])
    #expect(failed.time == iceTime(50 + 39_500))
    #expect(duel.sides[0].requests.count == 14)
    // The controlled side has three pairs, the last first checked at 100 ms, and waits for a late request of the peer.
    #expect(try #require(duel.sides[1].failure).time == iceTime(100 + 39_500 + 8_000))
  }

  @Test("a socket without a route fails its pairs at once")
  func noRoute() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.hasRoute = { _, base, to in base == 0 }
    duel.drops = { flight, _ in flight.from == 1 && flight.destination == self.clientVPN }
    duel.exchange()
    duel.run()
    #expect(duel.sides[0].events(.failed) == [2])
    #expect(try #require(duel.sides[0].selected).base == 0)
  }

  @Test("RFC 8445 §7.3: a check that overtakes the peer's list is answered at once and triggers a check when the list has come")
  func earlyChecks() throws {
    var duel = ICEDuel(client(nil), host(nil))
    duel.exchange(at: [0, 300])
    duel.run()
    let answer = duel.sides[1].effects[0]
    #expect(answer.time == iceTime(10))
    if case .send(_, let to, let message, let pair, _) = answer.effect {
      #expect(to == clientBase)
      #expect(message.kind == .success)
      #expect(pair == 0)
    } else {
      Issue.record("the first effect is no answer")
    }
    // The client nominates before the host has the list: the host's own first check completes it.
    #expect(duel.sides[1].requests.first?.time == iceTime(300))
    #expect(try #require(duel.sides[1].selected).time == iceTime(320))
    #expect(try #require(duel.sides[0].selected).time == iceTime(70))
  }

  @Test("RFC 8445 §7.3.1.1: a role conflict is repaired, whichever role both have and whoever has the larger tie-breaker")
  func roleConflict() throws {
    for role in [ICERole.controlling, .controlled] {
      for (a, b) in [(9, 3), (3, 9), (5, 5)] as [(UInt64, UInt64)] {
        var duel = ICEDuel(
          ICESide(1, role, tieBreaker: a, [(clientBase, nil)]), ICESide(2, role, tieBreaker: b, [(hostBase, nil)]))
        duel.exchange(at: [0, 3])
        duel.run()
        let roles = duel.sides.map(\.agent.role)
        #expect(Set(roles).count == 2, "\(role) \(a) \(b)")
        if a != b { #expect(roles[a > b ? 0 : 1] == .controlling) }
        #expect(duel.sides[0].selected != nil)
        #expect(duel.sides[1].selected != nil)
      }
    }
  }

  @Test("cancelled, open pairs are told so, nothing more is sent, and requests are turned away")
  func cancelled() throws {
    var duel = twoPaths(internet: 300, vpn: 300)
    duel.exchange()
    duel.run(until: iceTime(320))
    duel.give(0, .cancel)
    let sent = duel.sides[0].requests.count
    duel.run()
    #expect(duel.sides[0].events(.cancelled) == [1, 2])
    #expect(duel.sides[0].requests.count == sent)
    #expect(duel.sides[0].rejections.contains(.closed))
    #expect(duel.sides[0].agent.nextDeadline == nil)
    #expect(duel.sides[0].selected == nil)
    #expect(duel.sides[1].failure != nil)
  }

  @Test("answers that never arrive while requests do cannot keep two agents busy for ever")
  func bounded() throws {
    var duel = ICEDuel(client(nil), host(nil))
    duel.drops = { flight, _ in flight.message.kind != .request }
    duel.exchange()
    duel.run()
    #expect(duel.sides[0].failure != nil)
    #expect(duel.sides[1].failure != nil)
    #expect(duel.sides.allSatisfy { $0.agent.pairs[0].state == .failed })
  }

  @Test("pair identities are made of foundations: the same with other ports, and distinct within a list")
  func identities() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.exchange()
    duel.run()
    let keys = duel.sides[1].agent.pairs.map(\.conversationKey)
    #expect(Set(keys).count == keys.count)
    var again = twoPaths(internet: 60, vpn: 70)
    again.exchange()
    again.run()
    #expect(again.sides[0].agent.pairs.map(\.conversationKey) == duel.sides[0].agent.pairs.map(\.conversationKey))
  }

  @Test("a nomination whose answers are all lost: the controlling side takes the next best pair, and the controlled side follows")
  func followsNomination() throws {
    var duel = twoPaths(internet: 30, vpn: 12)
    duel.drops = { flight, time in
      flight.message.kind == .success && flight.destination == self.clientVPN && time > iceTime(100)
    }
    duel.exchange()
    duel.run()
    #expect(duel.sides[1].events(.nominated).count == 2)
    #expect(duel.sides[1].agent.pairs.count(where: \.isNominated) == 1)
    #expect(duel.sides[0].selected?.base == 0)
    #expect(duel.sides[1].selected?.remote.address == Self.home)
  }

  @Test("under any luck with one packet in three lost both sides end, and on the same pair when the controlling one has selected")
  func lossy() throws {
    for seed in 0..<300 as Range<UInt64> {
      var duel = twoPaths(internet: 30, vpn: 12)
      duel.drops = { flight, _ in mix(seed, UInt64(flight.order)) % 3 == 0 }
      duel.exchange(at: [0, Int64(seed % 40)])
      duel.run()
      for side in duel.sides { #expect((side.selected != nil) != (side.failure != nil), "seed \(seed): \(side.agent.state)") }
      guard let mine = duel.sides[0].selected, let theirs = duel.sides[1].selected else { continue }
      #expect((mine.base == 0 ? Self.home : clientVPN.address) == theirs.remote.address, "seed \(seed)")
    }
  }
}
