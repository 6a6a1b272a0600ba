// The presets: what each is known for, and the table of the module's page, held against RFC 4787 axis by axis.
import Foundation
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Wire

@Suite struct TranslationPresetTests {
  static let names = TranslationBehaviour.presets.map(\.name)

  func preset(_ name: String) throws -> TranslationBehaviour {
    try #require(TranslationBehaviour.presets.first { $0.name == name }).value
  }

  @Test func `every preset has a name of its own and a source, and every conflict names its variant`() {
    #expect(Set(Self.names).count == Self.names.count)
    for preset in TranslationBehaviour.presets {
      #expect(!preset.source.isEmpty)
      #expect(!preset.note.contains("sources conflict") || Self.names.contains { preset.note.hasSuffix($0) }, "\(preset.name)")
    }
  }

  /// Whom a fresh mapping lets in, and whether other remotes see the same endpoint: by packets, not by reading the axes.
  @Test(arguments: [
    ("full-cone", true, true, true), ("restricted-cone", true, true, false), ("port-restricted-cone", true, false, false),
    ("symmetric", false, false, false), ("home-router", true, false, false), ("linux-masquerade", true, false, false),
    ("linux-masquerade-open-input", true, false, false), ("linux-masquerade-random", false, false, false),
    ("carrier-grade-nat", true, true, true), ("corporate-firewall", false, false, false),
    ("corporate-firewall-persistent", true, false, false), ("azure-nat-gateway", false, false, false),
    ("azure-firewall", false, false, false), ("azure-firewall-cone", true, false, false),
    ("azure-load-balancer-outbound", true, false, false), ("azure-load-balancer-outbound-per-address", false, false, false),
    ("azure-default-outbound", true, false, false),
  ])
  func `a preset maps and filters as it is known to`(name: String, stable: Bool, otherPort: Bool, anybody: Bool) throws {
    let home = Home(try preset(name))
    let mapped = try #require(home.out(home.alice, home.a, home.s))
    func lets(_ node: NodeID, _ remote: Endpoint) -> Bool {
      home.world.sent(node, remote, mapped).contains { $0.node == home.alice }
    }
    #expect(lets(home.server, home.s))
    #expect(lets(home.server, remotes[1].endpoint) == otherPort)
    #expect(lets(home.other, remotes[2].endpoint) == anybody)
    #expect((home.out(home.alice, home.a, at("198.51.100.2", 1001)) == mapped) == stable)
    #expect(home.world.network.brokenLaws() == [])
  }

  @Test func `a carrier's subscriber has 1,008 ports, and another's blocks are not his`() throws {
    let home = Home(try preset("carrier-grade-nat"), outside: ["203.0.113.5", "203.0.113.6"])
    let got = (0..<1010).compactMap { home.out(home.alice, at("192.168.1.10", 2000 + UInt16($0)), home.s) }
    #expect(got.count == 1008)
    #expect(Set(got.map(\.address)).count == 1)
    #expect(Set(got.map { ($0.port - 1024) / 504 }).count == 2)
    #expect(home.out(home.bob, home.b, home.s) != nil)
  }

  // MARK: The table

  /// How a preset stands to the requirements: yes, no, or `–` where it has no such thing to do.
  static func row(_ preset: TranslationPreset) -> String {
    let value = preset.value
    func word(_ holds: Bool) -> String { value.oneToOne ? "–" : holds ? "yes" : "no" }
    let isStable = value.mapping == .endpointIndependent
    let cells = [
      value.oneToOne ? "yes" : word(isStable),
      value.addresses == 1 ? "–" : word(value.pooling == .paired),
      word(!value.overloading),
      word(value.parity),
      word(value.udpLifetime >= .seconds(120) && (value.udpUnansweredLifetime ?? value.udpLifetime) >= .seconds(120)),
      value.oneToOne
        ? "yes" : value.filtering == .endpointIndependent ? "EIF" : value.filtering == .addressDependent ? "ADF" : "no",
      word(value.hairpinning == .externalSource),
      value.oneToOne ? "yes" : word(isStable || !value.overloading || value.ports != .preserving),
    ]
    return "| `\(preset.name)` | " + cells.joined(separator: " | ") + " |"
  }

  /// The same for TCP, ICMP and carriers.
  static func second(_ preset: TranslationPreset) -> String {
    let value = preset.value
    func word(_ holds: Bool) -> String { value.oneToOne ? "–" : holds ? "yes" : "no" }
    let syn =
      switch value.unsolicited {
      case .drop: "silent (4a)"
      case .reject: value.synSilence >= .seconds(6) ? "yes" : "no"
      case .accept: "no"
      }
    let cells = [
      value.oneToOne ? "–" : syn, word(value.tcpLifetime >= .seconds(7440)), word(value.tcpOpeningLifetime >= .seconds(240)),
      word(value.tcpClosingLifetime >= .seconds(240)), word(value.icmpLifetime >= .seconds(60)), word(value.exhausted == .reject),
      word(value.portsPerHost > 0), word(value.portHold >= .seconds(120)),
    ]
    return "| `\(preset.name)` | " + cells.joined(separator: " | ") + " |"
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func page() throws -> String {
    let path = "Sources/NetworkModel/NetworkModel.docc/NetworkModel.md"
    return try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func `the module's page shows each preset against the requirements as it is`() throws {
    let text = try page()
    for preset in TranslationBehaviour.presets {
      for row in [Self.row(preset), Self.second(preset)] { #expect(text.contains(row + "\n"), "\(row)") }
    }
  }

  @Test func `every test that the module's page names for a pitfall is there`() throws {
    let tests = Self.root.appendingPathComponent("Tests")
    let files = FileManager.default.enumerator(atPath: tests.path)?.compactMap { $0 as? String } ?? []
    let sources = try files.filter { $0.hasSuffix(".swift") }.map {
      try String(contentsOf: tests.appendingPathComponent($0), encoding: .utf8)
    }
    let rows = try page().split(separator: "\n").filter { $0.hasPrefix("| ") && Int($0.dropFirst(2).prefix { $0 != " " }) != nil }
    #expect(rows.count == 20)
    for row in rows {
      let names = row.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
      #expect(!names.isEmpty)
      for name in names {
        #expect(sources.contains { $0.contains("func `\(name)`") || $0.contains("\"\(name)\"") }, "\(name)")
      }
    }
  }
}
