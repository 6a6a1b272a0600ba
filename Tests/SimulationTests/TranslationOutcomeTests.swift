// Axes of translators through the whole sequence: what a scenario's `nat` says flips the transport a session ends on.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing
import Trace
import Wire

@testable import Simulation

@Suite struct TranslationOutcomeTests {
  /// A client and a session host behind a translator each, with the client's provider between them.
  private func scenario(client: String, host: String, cloud: String = "") throws -> Scenario {
    try ScenarioReader.read(
      text: """
        shortpath: 1
        networks:
          home:  { nat: \(client), uplink: { to: metro, delay: 3 ms } }
          metro: { }
          cloud: { nat: \(host), uplink: { to: metro, delay: 9 ms } \(cloud) }
        hosts:
          alice: { role: client, network: home }
          sh-1:  { role: session-host, network: cloud }
        sessions: [ { client: alice, host: sh-1, at: 0 s } ]
        """, name: "translators.yaml")
  }

  private func transport(_ scenario: Scenario, seed: UInt64 = 1) throws -> Transport? {
    try scenario.run(seed: seed).sessions[0].transport
  }

  private func kind(_ mapping: MappingBehaviour, _ filtering: FilteringBehaviour, _ more: String = "") -> String {
    func word(_ value: some RawRepresentable<UInt8>) -> String {
      ["endpoint-independent", "address-dependent", "address-and-port-dependent"][Int(value.rawValue)]
    }
    return "{ mapping: \(word(mapping)), filtering: \(word(filtering))\(more.isEmpty ? "" : ", " + more) }"
  }

  @Test func `two address-dependent filters on unstable mappings meet only where the permission is the endpoint's`() throws {
    for (scope, expected) in [("external-port", Transport.reverseConnect), ("inside-endpoint", .public)] {
      let nat = kind(.addressDependent, .addressDependent, "permission-scope: \(scope)")
      #expect(try transport(scenario(client: nat, host: nat)) == expected)
    }
  }

  @Test func `an unstable host that lets anybody in is reached by a strict client where its answers leave by the asked port`()
    throws
  {
    for (answers, expected) in [("mapping", Transport.reverseConnect), ("session", .public)] {
      let host = kind(.addressAndPortDependent, .endpointIndependent, "answers: \(answers)")
      #expect(try transport(scenario(client: "port-restricted-cone", host: host)) == expected)
    }
  }

  @Test func `exits that share out flows cost some sessions their direct path, paired ones none`() throws {
    func direct(_ pooling: String) throws -> Int {
      try (1...8).count { seed in
        let client = "{ preset: ha-firewall-pair, pooling: \(pooling) }"
        return try transport(scenario(client: client, host: "home-router"), seed: UInt64(seed)) == .public
      }
    }
    #expect(try direct("paired") == 8)
    #expect((1...7).contains(try direct("arbitrary")))
  }

  @Test func `two masquerading gateways meet, and where they take what comes early for their own they do not`() throws {
    #expect(try transport(scenario(client: "linux-masquerade", host: "linux-masquerade")) == .public)
    #expect(
      try transport(scenario(client: "linux-masquerade-open-input", host: "linux-masquerade-open-input")) == .reverseConnect)
    #expect(try transport(scenario(client: "linux-masquerade-random", host: "linux-masquerade")) == .reverseConnect)
  }

  @Test func `a forward of the very port lets a symmetric client in`() throws {
    let strict = try scenario(client: "symmetric", host: "port-restricted-cone")
    let before = try strict.run().sessions[0]
    #expect(before.transport == .reverseConnect)
    let port = try #require(before.candidates.first { $0.owner == "sh-1" && $0.type == .host }).endpoint.port
    for (outbound, expected) in [("on", Transport.public), ("off", .reverseConnect)] {
      // Without its outbound half nobody is told of the forwarded port: STUN shows the mapping's.
      let forward = "forwards: [ { protocol: udp, port: 3000, to: sh-1, inside-port: \(port), outbound: \(outbound) } ]"
      let host = "{ preset: port-restricted-cone, \(forward) }"
      #expect(try transport(scenario(client: "symmetric", host: host)) == expected)
    }
  }

  @Test func `listed addresses are a translator's own, in and outside its provider's subnet`() throws {
    let listed = try scenario(
      client: "{ preset: home-router, addresses: [203.0.113.7, 203.0.113.8], pooling: arbitrary }", host: "full-cone")
    let session = try listed.run().sessions[0]
    #expect(session.transport == .public)
    let seen = try #require(session.candidates.first { $0.owner == "alice" && $0.type == .serverReflexive })
    #expect(["203.0.113.7", "203.0.113.8"].contains(seen.endpoint.address.description))
    let plan = Blueprint(try scenario(client: "{ preset: carrier-grade-nat, addresses: 5 }", host: "none")).plan
    #expect(plan.translators.map { Set($0.outside).count } == [5])
  }

  @Test func `every preset carries a session, by name and by change, and one axis of it changes it`() throws {
    for preset in TranslationBehaviour.presets where !preset.value.oneToOne {
      let named = try scenario(client: preset.name, host: "full-cone")
      let changed = try scenario(client: "full-cone", host: "full-cone").with("networks.home.nat=\(preset.name)")
      #expect(named.networks == changed.networks)
      #expect(try transport(named) == .public, "\(preset.name)")
      let spelled = try scenario(client: "{ preset: \(preset.name) }", host: "full-cone")
      #expect(spelled.network("home")?.translation == preset.value)
    }
  }

  @Test func `a mapping that dies before the peer's first check is missed, and one that is kept is not`() throws {
    // STUN's mapping must outlive the signalling of candidates, 30 s unanswered or not (a scenario's own timer here).
    for (lifetime, expected) in [("1 ms", Transport.reverseConnect), ("30 s", .public)] {
      let host = "{ preset: port-restricted-cone, udp-lifetime: \(lifetime) }"
      #expect(try transport(scenario(client: "port-restricted-cone", host: host)) == expected)
    }
  }

  @Test func `one axis set by name flips the transport as the file's own would`() throws {
    let base = try scenario(client: "symmetric", host: "port-restricted-cone")
    #expect(try transport(base) == .reverseConnect)
    #expect(try transport(base.with("networks.cloud.nat.filtering=address-dependent")) == .public)
    #expect(try transport(base.with("networks.home.nat.mapping=endpoint-independent")) == .public)
    #expect(try transport(base.with("networks.home.nat=none")) == .public)
  }

  /// The translator has one port: the second probe gets it if the first one's mapping is gone by then, 27 s after its last datagram.
  @Test func `an axis that no table rests on changes while the world runs, from then on`() throws {
    func outcomes(_ event: String) throws -> [String] {
      let text = """
        shortpath: 1
        networks: { metro: {}, home: { nat: { preset: home-router, port-range: 4000 }, uplink: { to: metro } } }
        hosts: { bob: { role: idle, network: home }, out: { role: server, network: metro } }
        probes:
          - { from: bob, to: "out:9", kind: udp, at: 0 s, source-port: 4000, count: 4, interval: 1 s }
          - { from: bob, to: "out:9", kind: udp, at: 30 s, source-port: 4001 }
        events: [ { at: 1500 ms, set: { \(event) } } ]
        timing: { duration: 60 s }
        """
      return try ScenarioReader.read(text: text, name: "live.yaml").run().probes.map(\.outcome)
    }
    #expect(try outcomes("networks.home.nat.udp-lifetime: 60 s") == ["answered", "no-answer"])
    #expect(try outcomes("networks.home.nat.udp-lifetime: 5 s") == ["answered", "answered"])
    #expect(try outcomes("networks.home.nat.udp-unanswered-lifetime: 5 s") == ["answered", "no-answer"])
  }
}
