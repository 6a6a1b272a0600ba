// Packet-hops through the real network: ten links between two hosts, a translating router with a stateful firewall at each end.
import NetworkModel
import SimulationKernel
import Trace
import Wire

/// UDP packets kept in flight between two hosts: whoever receives one answers it, so that each link carries 82 % of its rate.
final class HopChain: NetworkDelegate {
  private static let flows = 200
  private static let packetsPerFlow = 10
  /// Header and payload bytes of every packet: with 2,000 packets a round trip of 20 ms loads 1 Gb/s to 82 %.
  private static let payload = 1_000
  private static let settings = LinkSettings(delay: .milliseconds(1), rate: .megabits(1_000), queue: ByteCount(4_000_000))
  private let client: NodeID
  private let network: Network

  init() {
    let (plan, client, names) = HopChain.plan()
    self.client = client
    network = Network(
      plan: plan, chance: Chance(seed: 1), recorder: Recorder(nodes: names, rules: []), start: .zero)
    network.delegate = self
    for flow in 0..<HopChain.flows {
      for _ in 0..<HopChain.packetsPerFlow {
        let source = Endpoint(HopChain.clientAddress, UInt16(50_000 + flow))
        send(from: source, to: Endpoint(HopChain.serverOutside, 4_000), at: client)
      }
    }
  }

  private static let clientAddress = IPAddress(v4: 0xC0A8_0102)
  private static let serverOutside = IPAddress(v4: 0xC613_0002)
  private static let serverAddress = IPAddress(v4: 0x0A01_0002)

  /// Host, home router, seven core routers, the server's router, server.
  private static func plan() -> (NetworkPlan, client: NodeID, [ComponentName]) {
    var plan = NetworkPlan()
    let count = 11
    let nodes = (0..<count).map { plan.addNode(forwards: $0 > 0 && $0 < count - 1) }
    let homeOutside = IPAddress(v4: 0xC612_0102)
    func address(_ node: Int, toServer: Bool) -> IPAddress {
      switch (node, toServer) {
      case (0, _): clientAddress
      case (1, true): homeOutside
      case (count - 2, false): IPAddress(v4: 0xC613_0001)
      case (count - 1, _): serverAddress
      default: IPAddress(v4: 0xC0A8_0000 | UInt32(node) << 8 | (toServer ? 1 : 3))
      }
    }
    for left in 0..<count - 1 {
      let near = Interface(node: nodes[left], side: .outside, v4: address(left, toServer: true))
      let isLAN = left == count - 2
      let a = plan.add(isLAN ? Interface(node: nodes[left], side: .lan, v4: address(left, toServer: true)) : near)
      let b = plan.add(
        Interface(node: nodes[left + 1], side: left == 0 ? .lan : .outside, v4: address(left + 1, toServer: false)))
      plan.join(a, b, there: settings, back: settings, key: ComponentKey("link-\(left)"))
      plan.routes[left].append(Route(prefix: isLAN ? IPPrefix(v4: 0x0A01_0000, 24) : .allV4, interface: a, metric: 100))
      let back = left == 0 ? IPPrefix(v4: 0xC0A8_0100, 24) : IPPrefix(v4: 0xC612_0000, 16)
      plan.routes[left + 1].append(Route(prefix: left == count - 2 ? .allV4 : back, interface: b))
    }
    for (row, node) in [nodes[1], nodes[count - 2]].enumerated() {
      plan.rules.append(Rule(action: .accept, direction: .outbound))
      plan.rules.append(Rule(action: .accept, proto: .udp, destinationPorts: PortRange(4_000, 4_000)))
      plan.hang(RuleList(start: row * 2, end: row * 2 + 2, policy: .drop, tracking: .on), on: .forward, of: node)
      plan.nodes[Int(node.index)].translator = Int32(row)
    }
    plan.translators = [
      TranslatorPlan(behaviour: .homeRouter, key: ComponentKey("home"), node: nodes[1], outside: [homeOutside]),
      TranslatorPlan(
        behaviour: .azurePublicIP, key: ComponentKey("azure"), node: nodes[count - 2], outside: [serverOutside],
        pairs: [(inside: serverAddress, outside: serverOutside)]),
    ]
    let names = (0..<count).map { ComponentName(key: ComponentKey("node-\($0)"), id: "node-\($0)", path: "") }
    return (plan, nodes[0], names)
  }

  private var sent: UInt64 = 0

  private func send(from source: Endpoint, to destination: Endpoint, at node: NodeID) {
    sent += 1
    let payload = network.store(.opaque(OpaqueBytes(length: HopChain.payload)))
    network.send(
      Packet(
        source: source, destination: destination, proto: .udp, length: HeaderLength.ipv4 + HeaderLength.udp + HopChain.payload,
        payload: payload, conversation: .none, luck: sent &* 0x9E37_79B9_7F4A_7C15),
      from: node)
  }

  func receive(_ packet: Packet, at node: NodeID, on interface: InterfaceID) -> Delivery {
    send(from: packet.destination, to: packet.source, at: node)
    return .taken
  }
  func transmit(slot: UInt32, on interface: InterfaceID) -> Delivery { .refused(.tunnelDown) }
  func timerDue(owner: UInt32) {}

  /// One round of `events` events after a warm-up of one round trip: million hops a second.
  static func round(events: UInt64) -> Round {
    let chain = HopChain()
    chain.network.run(until: .never, events: 40_000)
    let before = chain.network.counts.hops
    let seconds = elapsed { chain.network.run(until: .never, events: events) }
    let network = chain.network
    precondition(network.brokenLaws().isEmpty && network.counts.dropped == 0, "the chain lost packets: \(network.counts)")
    return Round(value: Double(network.counts.hops - before) / seconds / 1e6, checksum: network.recorder.trajectoryFingerprint)
  }
}
