// Sessions side by side, and grids of variations: what is matched with what, what differs, and what is refused.
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
@testable import Studies
import Testing
import Trace
import Wire

@Suite("Comparisons") struct ComparisonTests {
  private func outcome(
    _ scenario: String, _ seed: UInt64 = 1, _ session: Int = 1, _ transport: String = "public", switched: Int64 = 2_000
  ) -> Outcome {
    var outcome = Outcome(
      scenario: scenario, seed: seed, session: session, client: "alice", host: "sh-1", transport: transport, reason: "x")
    outcome.switched = .milliseconds(switched)
    return outcome
  }

  @Test("sides of one scenario each are matched by session, whatever the scenarios are called")
  func bySession() {
    let comparison = Comparison([
      ComparedSide(name: "a", outcomes: [outcome("a"), outcome("a", 1, 2)]),
      ComparedSide(name: "b", outcomes: [outcome("b"), outcome("b", 1, 2, "managed", switched: 900)]),
    ])
    #expect(comparison.rows.map(\.session) == [1, 2] && comparison.rows.allSatisfy { $0.scenario == nil && $0.seed == nil })
    #expect(comparison.rows[0].differs == false)
    #expect(comparison.rows[1].differences == [[], [.transport, .switched]])
  }

  @Test("sides of several scenarios and seeds are matched by these; what one side lacks is told")
  func byScenario() {
    let comparison = Comparison([
      ComparedSide(name: "old", outcomes: [outcome("a"), outcome("b"), outcome("b", 2)]),
      ComparedSide(name: "new", outcomes: [outcome("b", 2), outcome("b", switched: 2_001)]),
    ])
    #expect(comparison.rows.map(\.scenario) == ["a", "b", "b"] && comparison.rows.map(\.seed) == [1, 1, 2])
    #expect(comparison.rows[0].outcomes[1] == nil && comparison.rows[0].differs)
    #expect(comparison.rows[1].fields == [.switched] && !comparison.rows[2].differs)
    #expect(comparison.seedsApart.isEmpty)
  }

  @Test("seeds side by side do not share their luck, and the comparison says so")
  func seeds() async throws {
    let scenario = try BlockerSearchTests.file("nat/ha-firewall-pair")
    let runs = (1...6 as ClosedRange<UInt64>).map { ComparedRun(side: "seed \($0)", scenario: scenario, seed: $0) }
    let comparison = Comparison(try await Comparison.run(runs, workers: 2))
    #expect(comparison.rows.count == 1 && comparison.seedsApart == [1, 2, 3, 4, 5, 6])
    let told = try runs.map { try Simulator.run($0.scenario, seed: $0.seed).sessions[0] }
    #expect(comparison.rows[0].outcomes.map { $0?.transport } == told.map { $0.transport?.name })
    #expect(Set(told.map(\.transport)).count == 2 && comparison.rows[0].fields.contains(.transport))
  }
}

@Suite("Variations") struct VariationTests {
  private func axis(_ name: String, _ values: [String], _ scenario: Scenario) throws(VariationError) -> VariedAxis {
    try VariedAxis(name, values: values, of: scenario) { text throws(ChangeError) in try ChangeReader.parse(text) }
  }

  @Test("every combination is a run of its own, the last axis fastest, alike on any number of workers")
  func grid() async throws {
    let scenario = try BlockerSearchTests.file("documented/2-vpn-lowest-latency")
    let axes = [try axis("nat", ["home-router", "symmetric"], scenario), try axis("vpn", ["on", "off"], scenario)]
    let alone = try await Variations.run(scenario, across: axes)
    let together = try await Variations.run(scenario, across: axes, workers: 3)
    #expect(alone == together)
    #expect(
      alone.cells.map(\.values) == [["home-router", "on"], ["home-router", "off"], ["symmetric", "on"], ["symmetric", "off"]])
    #expect(alone.cells.map { $0.outcomes[0].route } == ["vpn", "internet", "vpn", "internet"])
    #expect(alone.cells.map { $0.outcomes[0].transport } == ["public", "public", "public", "reverse-connect"])
    let changed = try Lifting.rerun(scenario, with: [.set(path: "networks.home.nat", value: .word("symmetric"))])
    #expect(alone.cells[2].outcomes == Outcome.all(of: changed))
  }

  @Test("short names are what they say, and paths are what --set takes")
  func names() async throws {
    let scenario = try BlockerSearchTests.file("documented/3-managed-first-found")
    for (name, values, transports) in [
      ("listener", ["on", "off"], ["managed", "public"]), ("udp", ["on", "off"], ["managed", "reverse-connect"]),
      ("hosts.sh-1.policy.SelectTransport", ["1", "2"], ["reverse-connect", "managed"]),
    ] {
      let cells = try await Variations.run(scenario, across: [axis(name, values, scenario)]).cells
      #expect(cells.map { $0.outcomes[0].transport } == transports, "\(name)")
    }
  }

  @Test("an axis or value that does not fit names both and what is allowed")
  func refusals() async throws {
    let scenario = try BlockerSearchTests.file("documented/1-internet-only")
    func refusal(_ name: String, _ values: String...) -> String {
      do throws(VariationError) {
        _ = try axis(name, values, scenario)
        return ""
      } catch { return error.description }
    }
    #expect(refusal("nat", "symetric").hasPrefix("axis 'nat', value 'symetric': "))
    #expect(refusal("nat", "symetric").contains("did you mean 'symmetric'") && refusal("nat", "symetric").contains("home-router"))
    #expect(refusal("vpn", "on") == "axis 'vpn', value 'on': the scenario has no tunnels to be on or off")
    #expect(refusal("udp", "yes") == "axis 'udp', value 'yes': 'udp' takes on or off; found 'yes'")
    #expect(refusal("nta", "symmetric").contains("did you mean 'nat'"))
    #expect(refusal("links.tranzit.delay", "3 ms").contains("there is no link 'tranzit'"))
    #expect(refusal("links.transit.delay", "3").contains("links.transit.delay"))
    #expect(refusal("nat", "symmetric", "symmetric").contains("twice") && refusal("nat").contains("needs values"))
    let nat = try axis("nat", ["symmetric"], scenario)
    await #expect(throws: VariationError.self) { try await Variations.run(scenario, across: [nat, nat]) }
  }
}
