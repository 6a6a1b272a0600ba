// `trace` as people and programs read it.
import Foundation
import Reports
import ScenarioFormat
import Simulation
import Studies
import Testing
import Trace
import Wire

@Suite struct TraceReportTests {
  private static func trace(_ name: String) throws -> PacketTrace {
    let path = Repository.root.appending(path: "Scenarios/\(name).yaml").path()
    return try PacketTrace(Blueprint(try ScenarioReader.read(file: path)))
  }

  private func question(_ record: UInt64, of trace: PacketTrace) throws -> TraceQuestion {
    var question = TraceQuestion()
    (question.record, question.session) = (record, 1)
    question.exchanges = [trace.exchange(of: try #require(trace.packet(about: record)))]
    return question
  }

  @Test("a packet dropped behind a tunnel shows the carrier's way between its own steps, and the chain from the click on")
  func words() throws {
    let trace = try Self.trace("documented/5-no-udp")
    let blocker = try #require(trace.run.sessions[0].attempts.flatMap(\.blockers).first { $0.topic == .listener })
    let lines = TraceReport.text(trace, try question(blocker.firstRecord, of: trace), width: 120).split(separator: "\n")
    func row(_ text: String) -> Int? { lines.firstIndex { $0.contains(text) } }
    let order = [
      "alice        left by alice.vpn", "carried through the tunnel by udp", "home         | translated: source 192.168.",
      "vpn-gateway  | delivered", "vpn-gateway  received on vpn-gateway.vpn",
      "dropped, by rule 'no-inner-udp': rule [hosts.vpn-gateway.firewall.rules.no-inner-udp]", "user selected the resource",
    ].map(row)
    #expect(!order.contains(nil))
    // The sentence at the top names the rule too.
    #expect(lines[2...4].joined(separator: " ").contains("by rule 'no-inner-udp'"))
    let rows = try order[..<5].map { try #require($0) }
    #expect(rows == rows.sorted())
    #expect(lines.last?.hasSuffix(" \(blocker.firstRecord)") == true)
  }

  @Test("a record of the story shows the packet it follows from, or the one that was sent because of it")
  func stories() throws {
    let trace = try Self.trace("documented/1-internet-only")
    let request = try #require(trace.run.story.first { $0.kind == .request })
    #expect(trace.packets[try #require(trace.packet(about: request.number))].cause == request.number)
    let chosen = try #require(trace.run.sessions[0].milestones.first { $0.milestone == .gatewayConnected })
    #expect(trace.packets[try #require(trace.packet(about: chosen.record))].fate == "delivered")
  }

  @Test("JSON has every step with absolute and relative times, and every cause down to the record")
  func json() throws {
    let trace = try Self.trace("documented/5-no-udp")
    let blocker = try #require(trace.run.sessions[0].attempts.flatMap(\.blockers).first { $0.topic == .listener })
    let text = TraceJSON.text(trace, try question(blocker.firstRecord, of: trace))
    let whole = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let exchange = try #require((whole["exchanges"] as? [[String: Any]])?.first)
    let packet = try #require(exchange["packet"] as? [String: Any])
    let steps = try #require(packet["steps"] as? [[String: Any]])
    #expect(steps.map { $0["step"] as? String } == ["sent", "left", "carried", "received", "judged", "dropped"])
    #expect(steps.last?["rule"] as? String == "no-inner-udp" && steps.last?["reason"] as? String == "rule")
    #expect(steps[4]["by"] as? String == "rule" && steps[4]["action"] as? String == "drop")
    let carrier = try #require(steps[2]["packet"] as? [String: Any])
    #expect((carrier["steps"] as? [[String: Any]])?.last?["step"] as? String == "delivered")
    let clicked = try #require(whole["clicked_ms"] as? Double)
    for step in steps {
      let (time, after) = (try #require(step["time_ms"] as? Double), try #require(step["after_click_ms"] as? Double))
      #expect(abs(time - after - clicked) < 0.000_001)
    }
    let causes = try #require(whole["causes"] as? [[String: Any]])
    #expect(causes.first?["words"] as? String == "user selected the resource")
    #expect(causes.last?["record"] as? Int == Int(blocker.firstRecord))
    for (cause, effect) in zip(causes, causes.dropFirst()) { #expect(cause["record"] as? Int == effect["cause"] as? Int) }
  }

  @Test("what packets there are is told with the first record of each kind")
  func groups() throws {
    let trace = try Self.trace("documented/5-no-udp")
    let lines = TraceReport.groups(of: trace)
    #expect(lines.contains { $0.hasPrefix("session 1, public, topic candidate-pair, pair 2: ") && $0.contains("dropped") })
    #expect(trace.groups.reduce(0) { $0 + $1.packets } == trace.packets.count { $0.inner == nil })
    for group in trace.groups { #expect(trace.packet(of: trace.packets[group.first].record) == group.first) }
  }
}
