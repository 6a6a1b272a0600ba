// Packets followed hop by hop: every element's part in order, there and back, through tunnels, and the causes of records.
import Foundation
import NetworkModel
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct PacketTraceTests {
  private static func blueprint(_ name: String) throws -> Blueprint {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return Blueprint(try ScenarioReader.read(file: root.appending(path: "Scenarios/\(name).yaml").path()))
  }

  private func choice(_ narrow: (inout PacketChoice) -> Void) -> PacketChoice {
    var choice = PacketChoice()
    narrow(&choice)
    return choice
  }

  private func isCarried(_ step: PacketStep) -> Bool { if case .carried = step.kind { true } else { false } }
  private func isTranslated(_ step: PacketStep) -> Bool { if case .translated = step.kind { true } else { false } }
  private func isCrossing(_ step: PacketStep) -> Bool { if case .crosses = step.kind { true } else { false } }
  private func isReceived(_ step: PacketStep) -> Bool { if case .received = step.kind { true } else { false } }

  /// A packet's steps in a word and a node each.
  private func way(_ packet: PacketJourney, in trace: PacketTrace) -> [String] {
    packet.steps.map { step in
      let word =
        switch step.kind {
        case .sent: "sent"
        case .received: "received"
        case .judged(let judgement): "\(judgement.hook) \(judgement.basis) \(judgement.action)"
        case .translated(_, _, let use): "translated \(use)"
        case .forwarded: "forwarded"
        case .left: "left"
        case .crosses: "link"
        case .carried: "carried"
        case .delivered: "delivered"
        case .dropped(let reason, _): "dropped \(reason.code)"
        }
      return "\(trace.run.nodes[Int(step.node.index)].id) \(word)"
    }
  }

  @Test("a host's STUN request passes firewall and translator, and its answer comes back by both, each step in order")
  func throughFirewallAndTranslator() throws {
    let trace = try PacketTrace(Self.blueprint("documented/1-internet-only"))
    let host = PacketPlace("sh-1", in: trace.blueprint)
    let exchange = try #require(trace.exchanges(choice { ($0.topic, $0.from) = (.stun, host) }).first)
    #expect(exchange.request == nil)
    let request = trace.packets[exchange.packet]
    let answer = trace.packets[try #require(exchange.answer)]
    #expect(
      way(request, in: trace) == [
        "sh-1 sent", "sh-1 left", "sh-1 link", "azure received", "azure forward rule accept", "azure translated fixed",
        "azure forwarded", "azure left", "azure link", "region-north received", "region-north forwarded", "region-north left",
        "region-north link", "stun received", "stun delivered",
      ])
    #expect(
      way(answer, in: trace) == [
        "stun sent", "stun left", "stun link", "region-north received", "region-north forwarded", "region-north left",
        "region-north link", "azure received", "azure translated fixed", "azure forward flow accept", "azure forwarded",
        "azure left", "azure link", "sh-1 received", "sh-1 delivered",
      ])
    let rules = request.steps.compactMap { if case .judged(let judgement) = $0.kind { judgement.rule } else { nil } }
    #expect(rules.map { trace.run.rules[Int($0)].id } == ["AllowInternetOutBound"])
    // The addresses: inside before the translator, outside behind it, and the other way round on the way back.
    let outside = try #require(
      trace.blueprint.plan.translators.first { $0.node == trace.blueprint.nodeOf["azure"] }?.pairs.first?.outside)
    let seen = Endpoint(outside, request.source.port)
    let row = try #require(request.steps.firstIndex { isTranslated($0) })
    #expect(request.steps[..<row].allSatisfy { $0.from == request.source })
    #expect(request.steps[row...].allSatisfy { $0.from == seen && $0.to == request.destination })
    #expect(answer.destination == seen && answer.steps.last?.to == request.source)
    #expect(answer.contents == "STUN success, seen from \(seen)")
    for packet in [request, answer] {
      #expect(zip(packet.steps, packet.steps.dropFirst()).allSatisfy { $0.time <= $1.time })
      let records = packet.steps.map(\.record).filter { $0 > 0 }
      #expect(records == records.sorted())
    }
    // From either side of the exchange the other is found.
    #expect(trace.exchange(of: try #require(exchange.answer)).request == exchange.packet)
  }

  @Test("a home router makes a mapping for the first packet, and the answer comes by it")
  func mappings() throws {
    let trace = try PacketTrace(Self.blueprint("documented/1-internet-only"))
    let alice = PacketPlace("alice", in: trace.blueprint)
    let exchange = try #require(trace.exchanges(choice { ($0.topic, $0.from) = (.stun, alice) }).first)
    let uses = exchange.rows.flatMap { trace.packets[$0].steps }.compactMap {
      if case .translated(_, _, let use) = $0.kind { use } else { nil }
    }
    #expect(uses == [.fresh, .existing])
  }

  @Test("what a link took, queue and serialisation and propagation, is what lies between leaving and being received")
  func links() throws {
    let trace = try PacketTrace(Self.blueprint("measured/vpn-congested"))
    var (crossings, queued) = (0, 0)
    for packet in trace.packets {
      for (step, next) in zip(packet.steps, packet.steps.dropFirst()) {
        guard case .crosses(let crossing) = step.kind, case .received = next.kind else { continue }
        let settings = trace.blueprint.plan.links[Int(crossing.link)].settings
        crossings += 1
        queued += crossing.waits > .zero ? 1 : 0
        #expect(next.time - step.time == crossing.total && crossing.waits >= .zero)
        #expect(crossing.travels == settings.delay)
        // Time and queue follow from all bytes of a busy period, so each packet's share is exact to a nanosecond.
        let alone = settings.rate?.serialisation(of: packet.length) ?? .zero
        #expect(abs(crossing.serialises.nanoseconds - alone.nanoseconds) <= 1)
      }
    }
    #expect(crossings > 1000 && queued > 100)
  }

  @Test("a dropped packet's way ends at the node and rule that explain blames")
  func dropped() throws {
    let trace = try PacketTrace(Self.blueprint("documented/5-no-udp"))
    let blockers = trace.run.sessions[0].attempts.flatMap(\.blockers).filter { $0.rule != nil }
    #expect(Set(blockers.compactMap(\.rule)) == ["no-inner-udp", "deny-udp-out", "no-udp-out"])
    for blocker in blockers {
      let row = try #require(trace.packet(of: blocker.firstRecord))
      let end = try #require(trace.packets[row].steps.last)
      guard case .dropped(.rule, let rule) = end.kind else {
        Issue.record("\(blocker.firstRecord) ends as \(end.kind)")
        continue
      }
      #expect(trace.run.rules[Int(rule)].path == blocker.rulePath)
      #expect(trace.run.nodes[Int(end.node.index)].id == blocker.node)
      #expect(end.record == blocker.firstRecord)
      // The verdict is the network's own.
      let judged = trace.packets[row].steps.dropLast().last
      #expect(judged.map { if case .judged(let judgement) = $0.kind { judgement.rule == rule } else { false } } == true)
    }
  }

  @Test("the switch-over follows from the click, cause by cause and in the order of time")
  func causes() throws {
    for name in ["documented/1-internet-only", "documented/3-managed-first-found"] {
      let trace = try PacketTrace(Self.blueprint(name))
      let switched = try #require(trace.run.sessions[0].milestones.first { $0.milestone == .switched })
      let chain = trace.causes(of: switched.record)
      #expect(chain.first?.milestone == .click)
      #expect(chain.last?.milestone == .switched)
      #expect(chain.count > 20)
      #expect(zip(chain, chain.dropFirst()).allSatisfy { $0.number == $1.cause && $0.time <= $1.time })
    }
  }

  @Test("a packet through a VPN tunnel is carried by another, which goes by the underlay and ends before it goes on")
  func tunnel() throws {
    let trace = try PacketTrace(Self.blueprint("documented/2-vpn-lowest-latency"))
    let exchange = try #require(
      trace.exchanges(
        choice {
          $0.topic = .candidatePair
          $0.pair = 2
        }
      ).first { trace.packets[$0.packet].steps.contains { isCarried($0) } })
    let inner = trace.packets[exchange.packet]
    let at = try #require(inner.steps.firstIndex { isCarried($0) })
    guard case .carried(let row) = inner.steps[at].kind else { return }
    let outer = trace.packets[row]
    #expect(outer.inner == exchange.packet)
    #expect(outer.contents == "a packet inside a tunnel" && outer.fate == "delivered" && inner.fate == "delivered")
    #expect(outer.length > inner.length)
    #expect(outer.steps.contains { isTranslated($0) })
    // Inside nothing is translated, and it goes on where and when the outer packet has ended.
    #expect(!inner.steps.contains { isTranslated($0) })
    #expect(inner.steps[at + 1].time >= outer.steps.last!.time && inner.steps[at + 1].node == outer.steps.last!.node)
    #expect(trace.packets[try #require(exchange.answer)].destination == inner.source)
  }

  @Test(
    "every packet is followed to its end, and following changes nothing",
    arguments: [
      "documented/2-vpn-lowest-latency", "failures/duplicates", "failures/bursts", "firewall/proxy-transparent",
      "recovery/roam-inside-vpn", "nat/same-carrier-hairpin", "security/wrong-cookie", "probes/what-drops",
    ])
  func complete(name: String) throws {
    let blueprint = try Self.blueprint(name)
    let trace = try PacketTrace(blueprint)
    let plain = try Simulator.run(blueprint)
    #expect(trace.run.fingerprints == plain.fingerprints)
    #expect(trace.run.story == plain.story)
    // As many ends as records of drops tell, each packet's own.
    let drops = trace.packets.filter { $0.fate == "dropped" }
    #expect(drops.count == plain.story.count { $0.kind == .drop })
    for packet in trace.packets {
      guard packet.fate != "in-flight" else { continue }
      #expect(packet.steps.first?.kind == .sent && !packet.contents.isEmpty)
      #expect(zip(packet.steps, packet.steps.dropFirst()).allSatisfy { $0.time <= $1.time })
      // It is received where the last link led, and only there.
      let links = packet.steps.count { isCrossing($0) }
      let received = packet.steps.count { isReceived($0) }
      let tunnels = packet.steps.count { isCarried($0) }
      #expect(received <= links + tunnels && received >= links + tunnels - 1)
    }
    if name == "failures/duplicates" { #expect(trace.packets.contains { $0.isCopy }) }
  }

  @Test("packets are chosen by the addresses they have anywhere on their way")
  func places() throws {
    let trace = try PacketTrace(Self.blueprint("documented/1-internet-only"))
    let outside = try #require(
      trace.blueprint.plan.translators.first { $0.node == trace.blueprint.nodeOf["home"] }?.outside.first)
    let behind = trace.exchanges(
      choice {
        $0.from = PacketPlace("\(outside)", in: trace.blueprint)
        $0.proto = .udp
      })
    #expect(!behind.isEmpty)
    #expect(
      behind.allSatisfy { exchange in trace.packets[exchange.packet].steps.contains { $0.from.address == outside } })
    #expect(trace.packets[behind[0].packet].source.address != outside)
    #expect(PacketPlace("alcie", in: trace.blueprint) == nil)
    #expect(PacketPlace("10.1.0.0/24", in: trace.blueprint) != nil)
    #expect(PacketPlace("alice:443", in: trace.blueprint) != nil)
  }
}
