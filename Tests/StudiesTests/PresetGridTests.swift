// Every preset against every other: what its axes say about who reaches whom, and the presets that are an exception to it by name.
import NetworkModel
import ScenarioModel
import Simulation
import Studies
import Testing
import Trace
import Wire

@Suite struct PresetGridTests {
  private let presets = NATKind.presets

  /// As a peer meets a preset in a quiet world: whether the port STUN saw is the one its checks leave from, and whom that port lets in.
  private func isStable(_ value: TranslationBehaviour) -> Bool {
    value.mapping == .endpointIndependent || value.overloading && value.ports == .preserving
  }

  /// One to one lets everybody in, but an Azure public address comes with a network security group that lets in answers only.
  private func isStrict(_ value: TranslationBehaviour) -> Bool {
    value.oneToOne || value.filtering == .addressAndPortDependent
  }

  private func connects(_ a: TranslationBehaviour, _ b: TranslationBehaviour) -> Bool {
    switch (isStable(a), isStable(b)) {
    case (true, true): true
    case (true, false): !isStrict(a)
    case (false, true): !isStrict(b)
    case (false, false): false
    }
  }

  @Test("all 361 cells follow from mapping and filter; only a host's gateway with an open input is stricter than its axes")
  func cells() async throws {
    let cells = try await NATMatrix.run(presets, workers: 2)
    #expect(cells.count == presets.count * presets.count)
    var exceptions: Set<String> = []
    for (row, cell) in cells.enumerated() {
      let (client, host) = (presets[row / presets.count].translation!, presets[row % presets.count].translation!)
      #expect(cell.transport == .public || cell.transport == .reverseConnect)
      let direct = cell.transport == .public
      if direct != connects(client, host) { exceptions.insert(cell.host) }
      // Who begins changes nothing, but for the gateway that minds.
      let mirrored = cells[row % presets.count * presets.count + row / presets.count]
      if ![cell.client, cell.host].contains("linux-masquerade-open-input") { #expect(direct == (mirrored.transport == .public)) }
      // What is not direct is told: a filter, a rule, or the gateway that took the packet for its own.
      #expect(direct == (cell.blocker == nil), "\(cell.client) x \(cell.host)")
    }
    #expect(exceptions == ["linux-masquerade-open-input"])
  }

  @Test("an exit by chance makes a pair of firewalls the only preset whose cells differ from seed to seed")
  func chance() async throws {
    let firm = presets.filter { $0.name != "ha-firewall-pair" }
    let usual = try await NATMatrix.run(firm, workers: 2).map(\.transport)
    for seed in [2, 3] as [UInt64] { #expect(try await NATMatrix.run(firm, seed: seed, workers: 2).map(\.transport) == usual) }
    let pair = try NATKind.named("ha-firewall-pair,home-router")
    var seen: Set<Transport?> = []
    for seed in 1...12 as ClosedRange<UInt64> { seen.insert(try await NATMatrix.run(pair, seed: seed)[1].transport) }
    #expect(seen == [.public, .reverseConnect])
  }

  /// What changes with an axis is told in `TranslationKnobTests`.
  @Test("a preset by another name, with the firewall that came with it, is the same preset")
  func renaming() throws {
    let home = try NATKind.named("home-router")[0]
    for preset in presets {
      var network = NetworkSpec(id: "x")
      (network.translation, network.translationName) = (preset.translation, preset.name)
      let renamed = NATKind("wren", preset.translation, firewall: network.defaultFirewall ?? FirewallSpec())
      for (pair, other) in [((preset, home), (renamed, home)), ((home, preset), (home, renamed))] {
        let one = try Simulator.run(NATMatrix.scenario(client: pair.0, host: pair.1))
        let two = try Simulator.run(NATMatrix.scenario(client: other.0, host: other.1))
        #expect(one.fingerprints == two.fingerprints, "\(preset.name)")
      }
    }
  }
}
