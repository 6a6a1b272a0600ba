// A result made by hand with something in every table.
import Foundation
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Trace
import Wire

func sampleRun(seed: UInt64 = 1, records: Int = 20) -> RunResult {
  let here = Endpoint(IPAddress(v4: 0x0A01_0004), 3390)
  let at = SimTime(nanoseconds: 1_234_567_891)
  let blocker = Blocker(
    pair: 0, topic: .listener, node: "gw", rule: "no-udp", rulePath: "hosts.gw.firewall.rules.no-udp", reason: .rule,
    firstRecord: 3,
    firstTime: at, packets: 4)
  let attempts = Transport.allCases.map { transport in
    AttemptResult(
      transport: transport, outcome: transport == .managed ? .failed : transport == .reverseConnect ? .won : .notTried,
      reason: transport == .managed ? .noAnswer : .noUDPPath, setting: "", started: at, ended: nil,
      blockers: transport == .managed ? [blocker] : [], reached: .rdpMultitransport)
  }
  let session = SessionResult(
    ordinal: 1, client: "alice", host: "sh-1", transport: .reverseConnect, route: "internet", reason: .noUDPPath,
    sentence: "Stays.",
    clicked: .zero, connected: .milliseconds(812), switched: nil, roundTripBefore: .milliseconds(48),
    roundTrip: .milliseconds(48),
    attempts: attempts,
    milestones: [
      MilestoneResult(milestone: .gatewayConnected, time: at, node: "alice", attempt: .reverseConnect, record: 1),
      MilestoneResult(milestone: .rdpMultitransport, time: at, node: "sh-1", attempt: .reverseConnect, record: 2),
    ],
    candidates: [CandidateResult(owner: "alice", type: .serverReflexive, base: here, endpoint: here, priority: 7, time: at)],
    pairs: [
      PairResult(
        owner: "alice", row: 1, local: here, remote: here, route: "vpn", state: .valid, wasNominated: false,
        roundTrip: .milliseconds(9))
    ],
    channels: [ChannelResult(node: "sh-1", channel: .graphics, transport: .reverseConnect, sent: 5, received: 0, disorder: 3)],
    failures: [ConnectionFailure(node: "sh-1", reason: .pathLost, time: at, record: 4, missing: .hostConnected)],
    reconnects: [ReconnectResult(lost: at, reason: .pathLost, tries: 2, restored: nil, transport: nil, blocker: nil)])
  let rogue = RogueResult(
    ordinal: 1, from: "eve", to: "sh-1", kind: .wrongCookie, sent: 5, answered: 2, accepted: false, drops: [blocker])
  let probe = ProbeResult(
    ordinal: 1, from: "alice", to: "stun", kind: .stun, outcome: "no-answer", sent: 3, answered: 0, roundTrip: nil, mapped: nil,
    blockers: [blocker])
  var story: [Record] = []
  for number in 1...max(records, 5) {
    var record = Record(kind: [.milestone, .transition, .drop, .attempt, .decision][(number - 1) % 5], node: NodeID(0))
    record.code =
      [UInt16(Milestone.desktop.rawValue), 1, UInt16(DropReason.rule.rawValue), UInt16(Reason.noAnswer.rawValue), 5][
        (number - 1) % 5]
    record.detail = record.kind == .transition || record.kind == .decision ? 2 : 2
    record.number = UInt64(number)
    record.cause = UInt64(number - 1)
    record.time = at
    record.session = 1
    record.rule = record.kind == .drop ? 0 : -1
    record.proto = 17
    record.from = here
    record.to = here
    story.append(record)
  }
  var run = RunResult(
    scenario: Scenario(id: "sample", title: "A sample"), seed: seed, modelVersion: 1,
    fingerprints: Fingerprints(outcome: 1, protocolStory: 2, trajectory: .max), end: .settled, endTime: at, events: 10, hops: 20,
    sessions: [session], probes: [probe],
    expectations: [ExpectationResult(text: "session 1: managed", verdict: .failed, found: "reverse-connect")],
    drops: [DropTotal(node: "gw", rule: "no-udp", reason: .rule, packets: 4)], story: story,
    nodes: [ComponentName(key: ComponentKey("gw"), id: "gw", path: "hosts.gw")],
    rules: [ComponentName(key: ComponentKey("no-udp"), id: "no-udp", path: "hosts.gw.firewall.rules.no-udp")],
    names: ["", "securing", "tls"])
  run.rogues = [rogue]
  run.connections = [
    ConnectionResult(
      opener: "alice", from: here, to: here, topic: .feed, session: 1, established: at, handshake: .milliseconds(9),
      retransmitted: 2, peerRetransmitted: 1)
  ]
  run.traffic = [TrafficResult(direction: "links.transit.there", packets: 31)]
  return run
}

/// A folder of its own for one test, removed at its end.
final class TestFolder {
  let path: String
  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("shortpath-" + UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String = "runs.sqlite") -> String { path + "/" + name }
}
