// What changes move, for whom, and which smallest ones reach a goal; each fix proved by a run of its own.
import Foundation
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
@testable import Studies
import Testing
import Trace
import Wire

@Suite("What if") struct WhatIfTests {
  private func effects(_ name: String, _ changes: String..., intended: [Int] = []) throws -> WhatIf {
    try WhatIf.run(BlockerSearchTests.file(name), with: changes.map { try ChangeReader.parse($0) }, intended: intended)
  }

  @Test("only the session whose client changed differs, and what is expected of it no longer holds")
  func one() throws {
    let answer = try effects("measured/two-clients", "hosts.bob.client.udp=off", intended: [2])
    #expect(answer.sessions.map(\.isIntended) == [false, true])
    #expect(answer.sessions[0].differences.isEmpty && answer.places[0].before == answer.places[0].after)
    #expect(
      answer.sessions[1].difference("transport")
        == Difference(what: "transport", before: .word("public"), after: .word("reverse-connect")))
    #expect(answer.sessions[1].difference("switched")?.after == .nothing)
    #expect(answer.sessions[1].difference("desktop") == nil)
    let broken = answer.others.filter(\.isBroken)
    #expect(broken.map(\.ordinal) == [2] && answer.sideEffects.count == 1)
  }

  @Test("what changes for a session nobody meant is a side effect")
  func sideEffects() throws {
    let answer = try effects("measured/two-clients", "networks.home.nat=symmetric", intended: [1])
    #expect(answer.sideEffects.filter { $0.subject == .session }.map(\.ordinal) == [2])
    #expect(answer.places.map(\.after.transport) == ["reverse-connect", "reverse-connect"])
  }

  @Test("a change without consequences changes nothing")
  func nothing() throws {
    let answer = try effects("documented/1-internet-only", "hosts.sh-1.policy.UdpRedirectorPort=3391")
    #expect(!answer.isAffected && answer.sideEffects.isEmpty)
    // Where chance decides, both runs have the same luck, whichever seed it is.
    let pair = try BlockerSearchTests.file("nat/ha-firewall-pair")
    let change = try ChangeReader.parse("hosts.sh-1.policy.UdpRedirectorPort=3391")
    for seed in 1...6 as ClosedRange<UInt64> { #expect(try !WhatIf.run(pair, with: [change], seed: seed).isAffected, "\(seed)") }
  }

  @Test("of two rules in series lifting the first moves no session, but what stopped it differs")
  func series() throws {
    let answer = try effects("documented/5-no-udp", "lift networks.home.firewall.rules.no-udp-out")
    #expect(answer.places[0].before == answer.places[0].after)
    #expect(answer.sessions[0].differences.map(\.what) == ["blockers-public"])
  }

  @Test("probes and rogues are sessions' equals: a rogue that would get in is told")
  func others() throws {
    let before = try Simulator.run(BlockerSearchTests.file("security/unknown-cookie"))
    var after = before
    after.rogues[0].accepted = true
    let answer = WhatIf(before, after, changes: [])
    #expect(answer.isAffected && answer.sessions.allSatisfy(\.differences.isEmpty))
    #expect(answer.sideEffects.map(\.subject) == [.rogue] && answer.sideEffects[0].ordinal == 1)
    let probes = try effects("probes/who-answers", "links.transit.loss=100 %")
    #expect(probes.sideEffects.map(\.subject) == [.probe, .expectation])
    #expect(probes.others[0].ordinal == 4 && probes.others[0].difference("answered")?.after == .count(0))
  }

  @Test("who can change what: carriers, lines and the service are providers', outages nobody's")
  func owners() throws {
    let scenario = try BlockerSearchTests.file("nat/carrier-grade-nat-symmetric")
    func owner(_ text: String) throws -> ChangeOwner { scenario.owner(of: try ChangeReader.parse(text)) }
    #expect(try owner("networks.carrier.nat.mapping=endpoint-independent") == .provider)
    #expect(try owner("networks.home.nat=home-router") == .administrator)
    #expect(try owner("networks.home.uplink.loss=0 %") == .provider)
    #expect(try owner("links.transit.loss=0 %") == .provider)
    #expect(try owner("service.tls.lowest=1.2") == .provider)
    #expect(try owner("lift events.1") == .circumstance)
    #expect(try owner("host-pool.DirectUdp=Disabled") == .administrator)
    let double = try BlockerSearchTests.file("nat/double-nat")
    #expect(!double.isProviders(double.network("box")!) && double.isProviders(double.network("metro")!))
  }
}

@Suite("The smallest fix") struct FixSearchTests {
  private func search(_ name: String, _ goal: String, limit: Int = 400, workers: Int = 2) async throws -> FixAnswer {
    let scenario = try BlockerSearchTests.file(name)
    return try await FixSearch.run(scenario, goal: GoalReader.parse(goal, of: scenario), limit: limit, workers: workers)
  }

  private func texts(_ answer: FixAnswer) -> [[String]] { answer.fixes.map { $0.changes.map(\.text) } }

  @Test(
    "every fix reaches its goal in a run of its own, and of two changes neither does alone",
    arguments: [
      ("documented/4-vpn-udp-blocked", "session 1 route vpn"), ("documented/5-no-udp", "session 1 transport public"),
      ("settings/client-web", "transport public"), ("nat/carrier-grade-nat-symmetric", "transport public"),
      ("documented/3-managed-first-found", "transport public route vpn"),
    ])
  func proved(name: String, goal: String) async throws {
    let answer = try await search(name, goal)
    var scenario = try BlockerSearchTests.file(name)
    scenario.expectations = [answer.goal]
    func reaches(_ changes: [Change]) throws -> Bool {
      try Lifting.rerun(scenario, with: changes).expectations[0].verdict == .held
    }
    #expect(!answer.fixes.isEmpty && !answer.isReached)
    for fix in answer.fixes {
      #expect(try reaches(fix.changes), "\(fix.changes.map(\.text))")
      for left in fix.changes where fix.changes.count > 1 { #expect(try !reaches(fix.changes.filter { $0 != left })) }
    }
    #expect(answer.fixes.map(\.owner) == answer.fixes.map(\.owner).sorted())
  }

  @Test("a rule in the way is lifted; two in series are lifted together, since neither alone is enough")
  func rules() async throws {
    let one = try await search("documented/4-vpn-udp-blocked", "session 1 route vpn")
    #expect(texts(one).first == ["lift hosts.vpn-gateway.firewall.rules.no-inner-udp"])
    let two = try await search("documented/5-no-udp", "session 1 transport public route internet", limit: 160)
    #expect(
      texts(two).first?.sorted() == [
        "lift networks.azure.firewall.rules.deny-udp-out", "lift networks.home.firewall.rules.no-udp-out",
      ])
  }

  @Test("the carrier's translator is the provider's to change, and stands behind what an administrator can do")
  func providers() async throws {
    let answer = try await search("nat/carrier-grade-nat-symmetric", "session 1 transport public")
    #expect(answer.fixes.first?.owner == .administrator)
    let carrier = answer.fixes.filter { $0.changes.contains { $0.text.hasPrefix("networks.carrier.") } }
    #expect(!carrier.isEmpty && carrier.allSatisfy { $0.owner == .provider })
  }

  @Test("a goal that holds needs nothing, and one that nothing reaches has no fix")
  func ends() async throws {
    let reached = try await search("documented/1-internet-only", "transport public within 3 s")
    #expect(reached.isReached && reached.fixes.isEmpty && reached.runs == 1)
    let never = try await search("documented/1-internet-only", "transport public within 10 ms", limit: 60)
    #expect(never.fixes.isEmpty && !never.isComplete && never.runs <= 60)
  }

  @Test("one worker and three find the same fixes in the same order, and the limit is kept")
  func workers() async throws {
    let alone = try await search("documented/5-no-udp", "transport public", limit: 150, workers: 1)
    let together = try await search("documented/5-no-udp", "transport public", limit: 150, workers: 3)
    #expect(texts(alone) == texts(together) && !alone.fixes.isEmpty)
    #expect(alone.runs == together.runs && alone.runs <= 150)
  }

  @Test("goals name what is wrong with them")
  func goals() throws {
    let scenario = try BlockerSearchTests.file("measured/two-clients")
    func refusal(_ text: String) -> String {
      do throws(GoalError) {
        _ = try GoalReader.parse(text, of: scenario)
        return ""
      } catch { return error.description }
    }
    #expect(refusal("transport public") == "say which session the goal is about; the file has sessions 1 to 2")
    #expect(refusal("session 3 transport public") == "there is no session '3'; the file has sessions 1 to 2")
    #expect(refusal("session 1 transport pubic").contains("did you mean 'public'"))
    #expect(refusal("session 1 route vpm").contains("vpm"))
    #expect(refusal("session 1 tranport public").contains("'1 tranport public'"))
    #expect(refusal("session 1 within 2").contains("within"))
    #expect(refusal("session 1").contains("expects nothing"))
    #expect(refusal("session 1 transport").contains("without a value for 'transport'"))
    let goal = try GoalReader.parse("session 2: transport reverse-connect within 1.5 s", of: scenario)
    #expect(goal.subject == .session(2) && goal.transport == .reverseConnect && goal.within == .milliseconds(1_500))
  }
}
