// The selection rule's laws: every scenario keeps them, and a story that breaks one is told so with the record that shows it.
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

@Suite struct SelectionRuleTests {
  /// A story to be spoiled.
  private struct Story {
    let run: RunResult
    var records: [Record]

    init(_ name: String) throws {
      run = try Files.scenario(name).run()
      records = run.story
    }

    func row(_ kind: RecordKind, _ isWanted: (Record) -> Bool = { _ in true }) throws -> Int {
      try #require(records.firstIndex { $0.kind == kind && isWanted($0) })
    }

    var broken: [BrokenLaw] { SelectionRule.brokenLaws(in: records, nodes: run.nodes) }

    /// Exactly this law is broken, and the sentence names the record.
    func breaks(_ law: SelectionLaw, at record: UInt64, saying words: String) -> Bool {
      let broken = broken
      return !broken.isEmpty && broken.allSatisfy { $0.law == law }
        && broken.contains { $0.record == record && $0.sentence.contains(words) && $0.sentence.contains("record \(record)") }
    }
  }

  @Test("every scenario keeps every law, and each law has something to judge")
  func allKeep() throws {
    var seen: [RecordKind: Int] = [:]
    for name in Files.all {
      let run = try Files.scenario(name).run()
      #expect(run.brokenLaws == [], "\(name)")
      for record in run.story { seen[record.kind, default: 0] += 1 }
    }
    for kind in [RecordKind.offer, .tunnelRequest, .certificate, .choice, .channelsMoved] {
      #expect(seen[kind, default: 0] > 90, "\(kind)")
    }
  }

  @Test("a run that breaks a law does not succeed, though its expectations hold")
  func fails() throws {
    var run = try Files.scenario("documented/1-internet-only").run()
    #expect(run.succeeded)
    run.brokenLaws = [BrokenLaw(law: .firstFound, sentence: "", record: 1)]
    #expect(!run.succeeded)
  }

  // MARK: The race

  @Test("the first good tunnel request was refused")
  func firstRefused() throws {
    var story = try Story("documented/3-managed-first-found")
    let row = try story.row(.tunnelRequest)
    story.records[row].code = UInt16(TunnelVerdict.refused.rawValue)
    let refused = story.records[row]
    #expect(story.broken.contains { $0.law == .firstFound && $0.record == refused.number })
    // A later one is accepted instead.
    var later = refused
    later.number += 1
    later.attempt = .public
    later.code = UInt16(TunnelVerdict.accepted.rawValue)
    story.records.insert(later, at: row + 1)
    let told = try #require(story.broken.first { $0.record == refused.number })
    #expect(told.law == .firstFound)
    #expect(told.sentence.contains("refused the first tunnel request that was good, a managed one, and took the public one"))
    #expect(told.sentence.contains("record \(later.number)"))
  }

  @Test("a second tunnel was accepted")
  func secondAccepted() throws {
    var story = try Story("documented/3-managed-first-found")
    let row = try story.row(.tunnelRequest)
    var second = story.records[row]
    second.number = story.records[row].number + 1
    story.records.insert(second, at: row + 1)
    #expect(story.breaks(.firstFound, at: second.number, saying: "a second tunnel, after that of record \(second.number - 1)"))
  }

  @Test("the client took another transport than the one that was accepted")
  func otherTaken() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.decision)
    story.records[row].attempt = .managed
    #expect(story.breaks(.firstFound, at: story.records[row].number, saying: "took managed"))
  }

  @Test("a tunnel was accepted with a cookie that matches no session")
  func wrongCookie() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.tunnelRequest)
    story.records[row].extra ^= 1
    #expect(story.breaks(.matchingSession, at: story.records[row].number, saying: "matches no request"))
    story.records[row].extra ^= 1
    story.records[row].value += 1
    #expect(story.breaks(.matchingSession, at: story.records[row].number, saying: "matches no request"))
    story.records[row].value -= 1
    story.records.removeAll { $0.kind == .offer }
    let number = try #require(story.records.first { $0.kind == .tunnelRequest }?.number)
    #expect(story.breaks(.matchingSession, at: number, saying: "matches no request"))
  }

  @Test("a tunnel was accepted before the user was authenticated")
  func notAuthenticated() throws {
    var story = try Story("documented/1-internet-only")
    story.records.removeAll { $0.milestone == .rdpAuthenticated }
    let number = try #require(story.records.first { $0.kind == .tunnelRequest }?.number)
    #expect(story.breaks(.matchingSession, at: number, saying: "before its user was authenticated"))
  }

  @Test("what authenticated an earlier connection does not count for the next")
  func authenticatedAnew() throws {
    var story = try Story("failures/vpn-dies")
    #expect(story.broken == [])
    let last = try #require(story.records.last { $0.milestone == .rdpAuthenticated }?.number)
    #expect(story.records.count { $0.milestone == .rdpAuthenticated } > 1)
    story.records.removeAll { $0.number == last }
    #expect(story.broken.map(\.law) == [.matchingSession])
  }

  // MARK: ICE

  /// The client's valid pairs when its choice closes, the chosen one first.
  private func choice(_ story: Story) throws -> (choice: Int, chosen: Int, other: Int) {
    let choice = try story.row(.choice)
    let close = story.records[choice]
    let chosen = try story.row(.pair) { $0.node == close.node && $0.pairEvent == .valid && $0.pair == close.pair }
    let other = try story.row(.pair) { $0.node == close.node && $0.pairEvent == .valid && $0.pair != close.pair }
    #expect(other < choice)
    return (choice, chosen, other)
  }

  @Test("a pair with a lower round trip was valid")
  func slower() throws {
    var story = try Story("documented/2-vpn-lowest-latency")
    let (choice, chosen, other) = try choice(story)
    story.records[other].value = story.records[chosen].value - 1
    #expect(story.breaks(.lowestRoundTrip, at: story.records[choice].number, saying: "and pair \(story.records[other].pair) had"))
    // Equal ones are no breach: their priority decides.
    story.records[other].value = story.records[chosen].value
    #expect(story.broken == [])
  }

  @Test("an unmeasured pair was chosen beside a measured one")
  func unmeasured() throws {
    var story = try Story("documented/2-vpn-lowest-latency")
    let close = story.records[try choice(story).choice]
    for row in story.records.indices
    where story.records[row].kind == .pair && story.records[row].node == close.node && story.records[row].pair == close.pair {
      story.records[row].value = -1
    }
    #expect(story.breaks(.lowestRoundTrip, at: close.number, saying: "unmeasured"))
  }

  @Test("a pair that was not valid was chosen")
  func invalid() throws {
    var story = try Story("documented/2-vpn-lowest-latency")
    let (choice, chosen, _) = try choice(story)
    story.records[chosen].code = UInt16(PairEvent.failed.rawValue)
    #expect(story.breaks(.lowestRoundTrip, at: story.records[choice].number, saying: "which was not valid"))
  }

  @Test("a relayed pair was chosen beside a direct one; alone it may be")
  func relayed() throws {
    var story = try Story("documented/2-vpn-lowest-latency")
    let (choice, chosen, other) = try choice(story)
    let remote = story.records[chosen].to
    for row in story.records.indices where story.records[row].kind == .candidate && story.records[row].to == remote {
      story.records[row].code = UInt16(CandidateType.relayed.rawValue)
    }
    #expect(story.records[other].to != remote)
    #expect(story.breaks(.lowestRoundTrip, at: story.records[choice].number, saying: "chose the relayed pair"))
    let close = story.records[choice]
    story.records.removeAll { $0.kind == .pair && $0.node == close.node && $0.pair != close.pair }
    #expect(story.broken == [])
  }

  // MARK: Trust and channels

  @Test("another certificate was seen on the tunnel")
  func otherCertificate() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.certificate) { $0.attempt == .public }
    story.records[row].value += 1
    #expect(story.breaks(.sameCertificate, at: story.records[row].number, saying: "on public than on reverse-connect"))
  }

  @Test("an end sent over reverse connect again after it had moved")
  func twoCarriers() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.channelsMoved) { $0.code == 0 }
    var back = story.records[row]
    back.number = (story.records.last?.number ?? 0) + 1
    back.attempt = .reverseConnect
    story.records.append(back)
    #expect(story.breaks(.oneCarrier, at: back.number, saying: "over reverse connect again"))
  }

  @Test("an end moved to a tunnel that was not accepted")
  func otherCarrier() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.channelsMoved) { $0.code == 0 }
    story.records[row].attempt = .managed
    #expect(story.broken.contains { $0.law == .oneCarrier && $0.record == story.records[row].number })
  }

  @Test("channels that resume on a warm reverse connect break nothing, unless no tunnel was lost")
  func resumed() throws {
    var story = try Story("recovery/warm-reverse-connect")
    #expect(story.broken == [])
    let back = try story.row(.channelsMoved) { $0.attempt == .reverseConnect }
    story.records.removeAll { $0.milestone == .interrupted }
    #expect(story.broken.contains { $0.law == .oneCarrier && $0.record == story.records[back - 1].number })
  }

  @Test("what was sent before the switch-over is missing, or came twice, or out of order")
  func lost() throws {
    var story = try Story("documented/1-internet-only")
    let row = try story.row(.channelsMoved) { $0.code == 1 }
    for wrong in [-1, 1] as [Int64] {
      story.records[row].value += wrong
      #expect(story.breaks(.nothingLost, at: story.records[row].number, saying: "bytes over reverse connect when it moved"))
      story.records[row].value -= wrong
    }
    let total = try story.row(.channelTotal) { $0.extra == 1 }
    story.records[total].detail = 1
    #expect(story.breaks(.nothingLost, at: story.records[total].number, saying: "out of their order"))
  }
}
