// What a rule list says of a packet, what becomes of it then, and what the flow table learns of it.
import SimulationKernel
import Trace
import Wire

/// What a list says of a packet: the action and the rule (or policy) that decided.
struct RuleVerdict: BitwiseCopyable {
  var action: RuleAction
  /// −1: no rule decided, but the flow the packet belongs to, or that it belongs to none.
  var row: Int32
  /// Whether the flow is to be remembered once the packet has passed everything.
  var track: Bool
  /// What the end of a packet that does not pass is told as.
  var reason = DropReason.rule
  var basis = RuleBasis.rule
}

extension Network {
  /// Asks a rule list about a packet. Changes nothing: the flow is remembered by `remember` when the packet has passed.
  @inline(__always)
  func judge(_ list: Int32, on hook: RuleHook, _ packet: Packet, at node: NodeID, way: RuleDirection) -> RuleVerdict {
    let verdict = verdict(of: list, on: packet, at: node, way: way)
    if hasTap { show(verdict, about: packet, on: hook, at: node) }
    return verdict
  }

  @inline(__always)
  private func verdict(of list: Int32, on packet: Packet, at node: NodeID, way: RuleDirection) -> RuleVerdict {
    let rules = ruleLists[Int(list)]
    var standing = FlowStanding.opens
    var track = false
    if rules.tracking.mode != .off {
      standing = self.standing(of: packet, at: node, midStream: rules.tracking.midStream)
      track = standing.isTracked
      if rules.tracking.mode == .on {
        if standing.isKnown { return RuleVerdict(action: .accept, row: -1, track: track, basis: .flow) }
        if standing == .strays, packet.proto == .tcp {
          return RuleVerdict(action: .drop, row: -1, track: false, reason: .notInConnection, basis: .noConnection)
        }
      }
    }
    var row = Int(rules.start)
    while row < Int(rules.end) {
      if self.rules[row].matches(packet, way, standing.state) {
        let rule = self.rules[row]
        return RuleVerdict(action: rule.action, row: rule.row, track: track)
      }
      row += 1
    }
    return RuleVerdict(action: rules.policy, row: rules.policyRow, track: track, basis: .policy)
  }

  @inline(__always)
  private func standing(of packet: Packet, at node: NodeID, midStream: Bool) -> FlowStanding {
    if packet.proto == .icmp, let about = quotedFlow(of: packet, at: node) {
      return flows[about].map { now < $0.expires } ?? false ? .related : .strays
    }
    let key = FlowKey(node: node, packet: packet)
    if let flow = flows[key], now < flow.expires { return flow.standing(of: packet, key) }
    guard packet.proto == .tcp, !packet.tcp.flags.opens else { return .opens }
    return midStream && packet.tcp.flags.isDisjoint(with: [.syn, .fin, .rst]) ? .opens : .strays
  }

  /// An ICMP error belongs to the flow of the packet it quotes; `nil` when the packet is a query.
  @inline(never)
  private func quotedFlow(of packet: Packet, at node: NodeID) -> FlowKey? {
    guard case .icmp(let error)? = message(packet.payload) else { return nil }
    var quoted = packet
    quoted.proto = error.proto
    quoted.source = error.source
    quoted.destination = error.destination
    return FlowKey(node: node, packet: quoted)
  }

  /// Notes a packet that has passed in its flow, which it may open.
  func remember(_ packet: Packet, at node: NodeID, by list: Int32, way: RuleDirection) {
    let tracking = ruleLists[Int(list)].tracking
    let key = FlowKey(node: node, packet: packet)
    let now = now
    let isKnown = flows.withValue(for: key) { flow in
      if now >= flow.expires || flow.standing(of: packet, key) == .opens { return false }
      flow.note(packet, key)
      if way == .outbound || tracking.inboundRefresh || packet.proto == .tcp {
        flow.expires = now + tracking.idle(packet.proto, flow.stage)
      }
      return true
    }
    if isKnown == true { return }
    var flow = Flow(openedBy: packet, key)
    flow.expires = now + tracking.idle(packet.proto, flow.stage)
    flows.insert(flow, for: key)
    if flows.count >= flowsBeforeSweep { sweepFlows() }
  }

  /// Forgets what has expired, so that the table is as large as the flows that live.
  @inline(never)
  private func sweepFlows() {
    let now = now
    flows.removeAll { _, flow in flow.expires <= now }
    flowsBeforeSweep = max(1024, 2 * flows.count)
  }

  /// Drops (or rejects) what a rule does not accept; returns whether the packet goes on.
  @inline(__always)
  func pass(_ verdict: RuleVerdict, _ slot: UInt32, at node: NodeID) -> Bool {
    switch verdict.action {
    case .accept, .divert, .relay: return true
    case .drop: break
    case .reject: answerICMP(.administrativelyProhibited, to: slot, at: node, byRule: true)
    case .reset:
      if pool[slot].pointee.packet.proto == .tcp {
        answerReset(to: slot, at: node, byRule: true)
      } else {
        answerICMP(.administrativelyProhibited, to: slot, at: node, byRule: true)
      }
    }
    drop(slot, verdict.reason, at: node, rule: verdict.row)
    return false
  }
}
