// Results made by hand: the fourth documented scenario's shape, and the ways a run can go wrong.
import ScenarioModel
@testable import Simulation
import SimulationKernel
import Trace
import Wire

func endpoint(_ text: String, _ port: UInt16) -> Endpoint { Endpoint(IPAddress(text)!, port) }

func milliseconds(_ n: Int64) -> SimTime { SimTime(nanoseconds: n * 1_000_000) }

/// The VPN's inner UDP is blocked by a named rule; the session goes over the internet.
func sampleRun(id: String = "4-vpn-udp-blocked", expectations: [ExpectationResult] = []) -> RunResult {
  let blocker = Blocker(
    pair: 2, topic: .candidatePair, node: "vpn-gateway", rule: "block-inner-udp",
    rulePath: "hosts.vpn-gateway.firewall.rules.block-inner-udp",
    reason: .rule, firstRecord: 7, firstTime: milliseconds(1_950), packets: 3)
  var drop = Record(kind: .drop, node: NodeID(0), code: UInt16(DropReason.rule.rawValue))
  drop.number = 7
  drop.time = milliseconds(1_950)
  drop.rule = 0
  drop.proto = TransportProtocol.udp.rawValue
  drop.from = endpoint("172.27.0.2", 50_001)
  drop.to = endpoint("10.1.0.4", 50_002)
  func attempt(_ transport: Transport, _ outcome: AttemptOutcome, _ reason: Reason, _ blockers: [Blocker] = []) -> AttemptResult {
    AttemptResult(
      transport: transport, outcome: outcome, reason: reason, setting: outcome == .notTried ? "fUseUdpPortRedirector" : "",
      started: outcome == .notTried ? nil : milliseconds(1_000), ended: outcome == .notTried ? nil : milliseconds(2_500),
      blockers: blockers, reached: outcome == .notTried ? nil : .established)
  }
  func point(_ milestone: Milestone, _ ms: Int64, _ record: UInt64, _ transport: Transport = .reverseConnect) -> MilestoneResult {
    MilestoneResult(milestone: milestone, time: milliseconds(ms), node: "alice", attempt: transport, record: record)
  }
  func pair(_ row: Int, _ local: String, _ remote: String, _ route: String, _ state: PairEvent, _ rtt: Int64?) -> PairResult {
    PairResult(
      owner: "alice", row: row, local: endpoint(local, 50_001), remote: endpoint(remote, 50_002), route: route, state: state,
      wasNominated: state == .nominated, roundTrip: rtt.map { SimDuration(nanoseconds: $0) })
  }
  let session = SessionResult(
    ordinal: 1, client: "alice", host: "sh-1", transport: .public, route: "internet", reason: .otherPathBlocked,
    sentence:
      "Shortpath for public networks over the internet: the other path was dropped by rule 'block-inner-udp' on vpn-gateway.",
    clicked: milliseconds(500), connected: SimDuration(nanoseconds: 812_345_678), switched: .milliseconds(2_040),
    roundTripBefore: .milliseconds(48), roundTrip: SimDuration(nanoseconds: 34_000_001),
    attempts: [
      attempt(.reverseConnect, .abandoned, .replaced), attempt(.managed, .notTried, .listenerOff),
      attempt(.public, .won, .onlyDirectPath, [blocker]), attempt(.relayed, .notTried, .noRelay),
    ],
    milestones: [
      point(.subscribed, 100, 1), point(.click, 500, 2), point(.gatewayConnected, 600, 3), point(.desktop, 1_312, 5),
      point(.established, 2_400, 9, .public),
    ],
    candidates: [
      CandidateResult(
        owner: "alice", type: .host, base: endpoint("192.168.1.2", 50_001), endpoint: endpoint("192.168.1.2", 50_001),
        priority: 2_130_706_431, time: milliseconds(1_200))
    ],
    pairs: [
      pair(1, "192.168.1.2", "20.0.0.4", "internet", .nominated, 34_000_000),
      pair(2, "172.27.0.2", "10.1.0.4", "vpn", .failed, nil),
    ],
    channels: [ChannelResult(node: "sh-1", channel: .graphics, transport: .public, sent: 1_000, received: 0, disorder: 0)])
  var scenario = Scenario(id: id, title: "A \"quoted\" title")
  scenario.seed = 3
  return RunResult(
    scenario: scenario, seed: 3, modelVersion: 1, fingerprints: Fingerprints(outcome: 1, protocolStory: 2, trajectory: 0xABC),
    end: .settled, endTime: milliseconds(5_000), events: 10, hops: 20, sessions: [session], probes: [],
    expectations: expectations,
    drops: [], story: [drop],
    nodes: [ComponentName(key: ComponentKey("vpn-gateway"), id: "vpn-gateway", path: "hosts.vpn-gateway")],
    rules: [
      ComponentName(key: ComponentKey("b"), id: "block-inner-udp", path: "hosts.vpn-gateway.firewall.rules.block-inner-udp")
    ],
    names: [""])
}
