// Connectivity checks: what was sent, what came back, and the sentence that follows.
import Dissection
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct CheckTests {
  private static let own = "192.168.1.2:50000"
  private static let peer = "203.0.113.9:50000"

  private func only(_ sketch: CaptureSketch, passwords: [String] = []) throws -> CheckPair {
    let pairs = try sketch.place(passwords: passwords).pairs
    #expect(pairs.count == 1)
    return try #require(pairs.first)
  }

  /// A server's answer first, so that the own side is the one with two peers.
  private func started() -> CaptureSketch {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 900, mapped: "198.51.100.4:50000")
    return sketch
  }

  @Test("an answered check has its round trip, and USE-CANDIDATE that is answered nominates")
  func answered() throws {
    var sketch = started()
    sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    sketch.stun(134.4, Self.peer, Self.own, .success, id: 1, [.mapped("198.51.100.4:50000")])
    sketch.stun(200, Self.own, Self.peer, .request, id: 2, STUNAttribute.check() + [.use])
    sketch.stun(230, Self.peer, Self.own, .success, id: 2, [.mapped("198.51.100.4:50000")])
    let pair = try only(sketch)
    #expect(pair.sent.requests == 2 && pair.sent.retransmissions == 0 && pair.sent.answers == 2 && pair.sent.role == .controlling)
    #expect(pair.firstRoundTrip == .microseconds(34_400) && pair.shortestRoundTrip == .milliseconds(30))
    #expect(pair.nominated == SimTime(nanoseconds: 230_000_000))
    #expect(pair.sentence == "answered after 34.400 ms, nominated at 230.000 ms")
  }

  @Test("requests that nobody answers, and nothing from there: nothing came back through the filter on either side")
  func silent() throws {
    var sketch = started()
    for time in [0, 500, 1500, 3500, 7500, 15_500, 31_500] as [Double] {
      sketch.stun(100 + time, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    }
    let pair = try only(sketch)
    #expect(pair.sent.requests == 1 && pair.sent.retransmissions == 6)
    #expect(
      pair.sentence
        == "7 requests to 203.0.113.9:50000 were never answered and none came from there: nothing came back through the filter on either side"
    )
  }

  @Test("packets that get in while none gets out are told apart from silence, and an ICMP error from both")
  func oneWay() throws {
    var sketch = started()
    sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    sketch.stun(300, Self.peer, Self.own, .request, id: 2, [.user("ALICE:HOST"), .controlled])
    sketch.stun(301, Self.own, Self.peer, .success, id: 2, [.mapped(Self.peer)])
    #expect(try only(sketch).sentence.contains("though 1 request came from there and 1 was answered: packets get in"))
    sketch = started()
    sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    sketch.refuse(110, .administrativelyProhibited, by: "203.0.113.1")
    #expect(
      try only(sketch).sentence
        == "1 request to 203.0.113.9:50000 was never answered: administratively prohibited, said by 203.0.113.1")
  }

  @Test("a role conflict is an error with its name, and the role changes after it")
  func roleConflict() throws {
    var sketch = started()
    sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    sketch.stun(120, Self.peer, Self.own, .error, id: 1, [.failure(487)])
    var pair = try only(sketch)
    #expect(pair.sent.errors.map(\.name) == ["487"] && pair.sentence == "refused: 487 Role Conflict (1)")
    sketch.stun(150, Self.own, Self.peer, .request, id: 2, [.user("HOST:ALICE"), .controlled])
    sketch.stun(170, Self.peer, Self.own, .success, id: 2, [.mapped("198.51.100.4:50000")])
    pair = try only(sketch)
    #expect(pair.sent.changedRole && pair.sent.role == .controlled && pair.isValid)
    #expect(pair.sentence.contains("487 Role Conflict (1)"))
  }

  @Test("candidates: own by kind, remote ones unknown unless a port shows that a translator chose it")
  func candidates() throws {
    var sketch = started()
    sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check())
    sketch.stun(
      150, "203.0.113.9:61000", Self.own, .request, id: 2,
      [.user("ALICE:HOST"), .controlled, .init(STUNAttribute.priority, .number(5))])
    sketch.stun(160, Self.own, "203.0.113.9:61000", .request, id: 3, STUNAttribute.check())
    sketch.stun(180, "203.0.113.9:61000", Self.own, .success, id: 3, [.mapped("198.51.100.4:61777")])
    let found = try sketch.place().candidates
    #expect(found.filter(\.isOwn).map(\.type) == [.host, .serverReflexive, .peerReflexive])
    #expect(found.filter(\.isOwn).map(\.endpoint) == [at(Self.own), at("198.51.100.4:50000"), at("198.51.100.4:61777")])
    #expect(found.first?.priority == 1_862_270_975)
    let remote = found.filter { !$0.isOwn }
    #expect(remote.map(\.type) == [nil, .peerReflexive] && remote.last?.priority == 5)
    // A peer that sees another port than the server did shows the same.
    #expect(try sketch.place().mappings.first?.kind == .destinationDependent)
  }

  @Test("a password of the section's comment or of the command judges integrity; another one is told")
  func integrity() throws {
    func drawn(_ key: String) -> CaptureSketch {
      var sketch = started()
      sketch.stun(100, Self.own, Self.peer, .request, id: 1, STUNAttribute.check(), .sha1(key: Array(key.utf8)))
      sketch.stun(120, Self.peer, Self.own, .success, id: 1, [.mapped(Self.peer)], .sha1(key: Array(key.utf8)))
      return sketch
    }
    var sketch = drawn("secret")
    #expect(try only(sketch).sent.rightIntegrity == 0 && only(sketch).sent.wrongIntegrity == 0)
    #expect(try only(sketch, passwords: ["other", "secret"]).sent.rightIntegrity == 1)
    sketch.section.comments = ["scenario x\nice-pwd HOST secret\nesp-key 1 2 3 4"]
    let place = try sketch.place()
    #expect(place.pairs.first?.sent.rightIntegrity == 1 && place.trouble.rightIntegrity == 2)
    sketch = drawn("another")
    sketch.section.comments = ["ice-pwd HOST secret"]
    #expect(try only(sketch).sent.wrongIntegrity == 1)
  }

  @Test("a payload that was rewritten on the way shows in its FINGERPRINT")
  func rewritten() throws {
    var sketch = started()
    var payload = CaptureSketch.stun(.success, id: 5, [.mapped(Self.peer)])
    payload[27] ^= 1
    sketch.udp(50, "20.202.1.1:3478", Self.own, payload)
    #expect(try sketch.place().trouble.wrongFingerprints == 1)
  }
}
