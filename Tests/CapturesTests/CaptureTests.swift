// Captures of whole scenarios: nothing changes by them, every packet is there as its bytes, and says what befell it.
import Captures
import NetworkModel
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire
import WireCodec

@Suite struct CaptureTests {
  @Test(
    "capturing changes nothing that a run gives",
    arguments: Captured.documented + ["failures/bursts", "security/wrong-cookie", "recovery/roam-in-the-switch"])
  func harmless(name: String) throws {
    let scenario = try Captured.scenario(name)
    let plain = try Simulator.run(scenario)
    let captured = try Captured(scenario).run
    #expect(captured.fingerprints == plain.fingerprints)
    #expect(captured.sessions == plain.sessions)
    #expect(captured.story == plain.story)
    #expect(captured.events == plain.events)
  }

  @Test("the same seed gives the same file, another seed another")
  func repeatable() throws {
    var scenario = try Captured.scenario("documented/2-vpn-lowest-latency")
    let (once, again) = (try Captured(scenario), try Captured(scenario))
    #expect(once.file.bytes == again.file.bytes)
    #expect(once.inner.bytes == again.inner.bytes)
    scenario.seed = 2
    #expect(try Captured(scenario).file.bytes != once.file.bytes)
  }

  @Test(
    "every packet decodes as what it is, with right checksums, and is as long as the engine counts",
    arguments: Captured.documented)
  func wellFormed(name: String) throws {
    let captured = try Captured(name, at: ["alice", "home", "sh-1", "gateway-west"])
    let seen = try captured.file.seen()
    #expect(seen.count == captured.file.packets)
    #expect(seen.count > 500)
    for (interface, packet) in seen {
      let decoded = try PacketCodec.decode(packet.bytes[...])
      guard case .udp(let payload) = decoded.content, decoded.source.port == 3478 || decoded.destination.port == 3478 else {
        continue
      }
      #expect(throws: Never.self, "\(interface)") { try DecodedSTUN(payload[...]) }
    }
  }

  @Test("a packet behind a translator is the one in front of it, and says how it was rewritten")
  func translation() throws {
    let captured = try Captured("documented/1-internet-only", at: ["home"])
    let seen = try captured.file.seen()
    let inside = try #require(
      seen.first {
        $0.interface == "home.lan-alice" && $0.packet.comments.contains { $0.hasPrefix("translated at home: source") }
      })
    let before = try PacketCodec.decode(inside.packet.bytes[...])
    let outside = try #require(
      try seen.first {
        try $0.interface == "home.home-uplink"
          && PacketCodec.decode($0.packet.bytes[...]).header.identification == before.header.identification
      })
    let after = try PacketCodec.decode(outside.packet.bytes[...])
    let note = "translated at home: source \(before.source) -> \(after.source)"
    #expect(inside.packet.comments.contains(note))
    #expect(outside.packet.comments.contains(note))
    #expect(before.source.address != after.source.address && before.destination == after.destination)
    #expect(before.header.ttl == after.header.ttl + 1)
  }

  @Test("drops are there with rule, path, code and record, as many as the run counts", arguments: Captured.documented)
  func drops(name: String) throws {
    let captured = try Captured(name) { $0.onlyDrops = true }
    let dropped = captured.run.story.filter { $0.dropReason != nil }
    let seen = try captured.file.seen()
    let notes = seen.flatMap { $0.packet.comments.filter { $0.hasPrefix("dropped at ") } }
    #expect(notes.count == dropped.count)
    for record in dropped {
      let node = captured.run.nodes[Int(record.node.index)].id
      let rule = record.rule >= 0 ? captured.run.rules[Int(record.rule)] : nil
      let by = rule.map { " by '\($0.id)' [\($0.path)]" } ?? ""
      #expect(notes.contains("dropped at \(node)\(by): \(record.dropReason!.code), record \(record.number)"))
    }
  }

  @Test("a packet that its own host's firewall drops has been at no interface, and is there all the same")
  func unsent() throws {
    let scenario = try Captured.scenario("firewall/windows-public-profile").withHostDenial()
    let captured = try Captured(scenario) { $0.onlyDrops = true }
    let names = try Set(captured.file.seen().map(\.interface))
    #expect(names.contains { $0.hasSuffix(".unsent") })
  }

  @Test("only the packets of the session that was asked for are kept")
  func session() throws {
    let captured = try Captured("documented/1-internet-only") { $0.session = 1 }
    let seen = try captured.file.seen()
    #expect(!seen.isEmpty)
    #expect(seen.allSatisfy { $0.packet.comments.first?.contains(" of session 1") ?? false })
  }

  @Test("the section says where the file comes from, and how it is read")
  func section() throws {
    let captured = try Captured("documented/1-internet-only", at: ["alice.eth"])
    let section = try captured.file.section()
    let prints = captured.run.fingerprints
    #expect(section.comments.contains("seed 1"))
    #expect(section.comments.contains { $0.hasPrefix("scenario 1-internet-only: ") })
    #expect(section.comments.contains { $0.hasSuffix("trajectory \(hex(prints.trajectory))") })
    #expect(section.comments.contains { $0.hasPrefix("to see RDP-UDP: wireshark -d udp.port==") })
    #expect(section.comments.contains("to see STUN: wireshark --enable-heuristic stun_udp"))
    let passwords = section.comments.filter { $0.hasPrefix("ice-pwd ") }
    #expect(passwords.count == 2)
    #expect(section.application == "shortpath, model \(captured.run.modelVersion)")
  }

  @Test("a check's integrity is the one its signalled password gives")
  func integrity() throws {
    let captured = try Captured("documented/1-internet-only", at: ["alice.eth"])
    let passwords = try captured.file.section().comments.filter { $0.hasPrefix("ice-pwd ") }.map { $0.split(separator: " ")[2] }
    var right = 0
    for (_, packet) in try captured.file.seen() {
      guard case .udp(let payload) = try PacketCodec.decode(packet.bytes[...]).content, let stun = try? DecodedSTUN(payload[...]),
        stun.integrity(key: []) != .absent
      else { continue }
      #expect(passwords.count { stun.integrity(key: Array($0.utf8)) == .right } == 1)
      right += 1
    }
    #expect(right >= 4)
  }

  @Test("a place that is none is told with those that are")
  func unknownPlace() throws {
    let blueprint = Blueprint(try Captured.scenario("documented/1-internet-only"))
    #expect(throws: UnknownPlace.self) { try CaptureSelection(at: ["alic"], of: blueprint) }
    let node = try CaptureSelection(at: ["alice"], of: blueprint)
    #expect(try node == CaptureSelection(at: ["alice.eth"], of: blueprint))
  }

  @Test("every packet of every kind of scenario decodes", arguments: Captured.varied)
  func varied(name: String) throws {
    let captured = try Captured(name)
    for (interface, packet) in try captured.file.seen() {
      #expect(throws: Never.self, "\(interface)") { try PacketCodec.decode(packet.bytes[...]) }
    }
  }
}

extension Scenario {
  /// The client's own firewall drops its UDP before any interface sees it.
  fileprivate func withHostDenial() throws -> Scenario {
    var copy = self
    let client = try #require(copy.hosts.firstIndex { $0.role == .client })
    var rule = RuleSpec(id: "no-udp-out", action: .drop)
    rule.proto = .udp
    copy.hosts[client].firewall = FirewallSpec(rules: [rule])
    return copy
  }
}
