// A network's nat changed by `--set`: another preset, none, or one axis of it.
import NetworkModel
import ScenarioFormat
import ScenarioModel
import SimulationKernel
import Testing

@Suite("A nat changes by its axes")
struct TranslationChangeTests {
  private func base(_ nat: String = "home-router") throws -> Scenario {
    try scenario(
      """
      shortpath: 1
      networks: { metro: {}, home: { nat: \(nat), uplink: { to: metro } } }
      hosts: { alice: { role: idle, network: home } }

      """)
  }

  private func changed(_ changes: String..., nat: String = "home-router") throws -> NetworkSpec {
    var scenario = try base(nat)
    for change in changes { scenario = try scenario.applying(ChangeReader.parse(change)) }
    return try #require(scenario.network("home"))
  }

  /// Two values of an axis, as written.
  private func samples(_ axis: TranslationAxis) -> [String] {
    switch axis.kind {
    case .word(let words): words
    case .flag: ["on", "off"]
    case .duration(let absent): ["30 s", "1500 ms"] + (absent.map { [$0] } ?? [])
    case .count(_, let absent): ["7", "64"] + (absent.map { [$0] } ?? [])
    case .ports: ["2000-2999", "5000"]
    }
  }

  @Test("Every axis takes its values by --set as in a file, changes alone, and is written out again")
  func everyAxis() throws {
    for axis in TranslationAxis.all {
      // A preset in which each of the axis's values is allowed.
      let preset = ["one-to-one": "preset: full-cone", "syn-silence": "preset: symmetric, unsolicited: reject"]
      let usual = preset[axis.name] ?? "preset: symmetric"
      let before = try #require(try base("{ \(usual) }").network("home")?.translation)
      var seen: Set<TranslationBehaviour> = []
      for value in samples(axis) {
        let after = try changed("networks.home.nat.\(axis.name)=\(value)", nat: "{ \(usual) }")
        let written = try #require(try base("{ \(usual), \(axis.name): \(value) }").network("home"))
        #expect(after == written, "\(axis.name)=\(value)")
        let translation = try #require(after.translation)
        #expect(axis.value(translation).text == value)
        for other in TranslationAxis.all where other.name != axis.name {
          #expect(other.value(translation) == other.value(before), "\(axis.name)=\(value) moved \(other.name)")
        }
        seen.insert(translation)
        let whole = try base("{ \(usual) }").applying(ChangeReader.parse("networks.home.nat.\(axis.name)=\(value)"))
        #expect(try ScenarioReader.read(text: ScenarioWriter.resolved(whole), name: "again.yaml").networks == whole.networks)
      }
      #expect(seen.count == samples(axis).count)
    }
  }

  @Test("Another preset, none, and a preset with its firewall are as if the file had said so")
  func presets() throws {
    for name in TranslationBehaviour.presets.map(\.name) + ["none"] {
      #expect(try changed("networks.home.nat=\(name)") == #require(try base(name).network("home")), "\(name)")
      #expect(try changed("networks.home.nat=\(name)", nat: "azure-public-ip") == #require(try base(name).network("home")))
    }
    let listed = "{ preset: home-router, addresses: [203.0.113.5], forwards: [ { protocol: udp, port: 7, to: alice } ] }"
    #expect(try changed("networks.home.nat=none", nat: listed) == changed("networks.home.nat=none"))
    #expect(try changed("networks.home.nat=home-router", nat: listed).forwards.count == 1)
  }

  @Test("Changes are made in their order: a preset forgets the axes set before it")
  func order() throws {
    let axis = "networks.home.nat.filtering=address-dependent"
    #expect(try changed(axis, "networks.home.nat=symmetric").translation == .symmetric)
    #expect(try changed("networks.home.nat=symmetric", axis).translation?.filtering == .addressDependent)
    #expect(try changed("networks.home.nat=full-cone", axis, nat: "none").translation?.filtering == .addressDependent)
  }

  @Test(
    "What does not fit is refused with what does",
    arguments: [
      ("networks.hom.nat=none", "there is no network 'hom' (did you mean 'home'?)"),
      (
        "networks.home.nat.filtering=address",
        "'networks.home.nat.filtering' takes one of endpoint-independent, address-dependent, address-and-port-dependent; found address"
      ),
      (
        "networks.home.nat.ports=sequental",
        "'networks.home.nat.ports' takes one of preserving, sequential, random; found sequental (did you mean 'sequential'?)"
      ),
      ("networks.home.nat.parity=even", "'networks.home.nat.parity' takes on or off; found even"),
      (
        "networks.home.nat.udp-lifetime=30",
        "'networks.home.nat.udp-lifetime': a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '30'"
      ),
      ("networks.home.nat.port-block=0", "'networks.home.nat.port-block' takes a whole number from 1 to 65535 or none; found 0"),
      ("networks.home.nat.addresses=65", "'networks.home.nat.addresses' takes a whole number from 1 to 64; found 65"),
      (
        "networks.home.nat.port-range=9-1",
        "'networks.home.nat.port-range' takes a port or a range such as 1000-2000, within 1–65535; found 9-1"
      ),
      (
        "networks.metro.nat.parity=on",
        "'networks.metro.nat.parity': 'metro' has no nat; set one first, as in networks.metro.nat=home-router"
      ),
      ("networks.home.nat.forwards.1=x", "'networks.home.nat.forwards.1' cannot be set"),
    ])
  func refused(_ text: String, _ message: String) throws {
    let base = try base()
    #expect(throws: ChangeError(message)) { try base.applying(ChangeReader.parse(text)) }
  }

  @Test("A wrong name is told with the nearest and with all")
  func names() throws {
    let base = try base()
    for (text, words) in [
      ("networks.home.nat=home-ruter", "did you mean 'home-router'?"), ("networks.home.nat=nobody", "azure-public-ip, none"),
      (
        "networks.home.nat.udp-livetime=3 s",
        "a nat has no axis 'udp-livetime' (did you mean 'udp-lifetime'?); allowed: mapping, filter"
      ),
    ] {
      let error = #expect(throws: ChangeError.self) { try base.applying(ChangeReader.parse(text)) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    let listed = try self.base("{ preset: home-router, addresses: [203.0.113.5] }")
    let error = #expect(throws: ChangeError.self) { try listed.applying(ChangeReader.parse("networks.home.nat.addresses=2")) }
    #expect(error?.description.contains("the file lists the outside addresses of 'home'") == true)
  }
}
