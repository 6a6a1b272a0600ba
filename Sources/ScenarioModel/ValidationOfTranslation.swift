// The part of a scenario's check that is about translators: axes that contradict each other, ranges, addresses, forwards.
import NetworkModel
import SimulationKernel
import Wire

extension ScenarioCheck {
  mutating func translation(of network: NetworkSpec) {
    guard let behaviour = network.translation else { return }
    let path = "\(network.path).nat"
    let range = behaviour.portRange
    if range.low == 0 || range.low > range.high { report("\(path).port-range", "a range of ports runs upward within 1–65535") }
    let lifetimes = [
      ("udp-lifetime", behaviour.udpLifetime), ("udp-unanswered-lifetime", behaviour.udpUnansweredLifetime ?? .seconds(1)),
      ("tcp-lifetime", behaviour.tcpLifetime), ("tcp-opening-lifetime", behaviour.tcpOpeningLifetime),
      ("tcp-closing-lifetime", behaviour.tcpClosingLifetime), ("icmp-lifetime", behaviour.icmpLifetime),
    ]
    for (key, lifetime) in lifetimes where lifetime <= .zero { report("\(path).\(key)", "a lifetime must be longer than 0 s") }
    if behaviour.synSilence > .zero, behaviour.unsolicited != .reject {
      report("\(path).syn-silence", "nothing is ever said of an unsolicited SYN unless 'unsolicited' is reject")
    }
    if behaviour.oneToOne { return oneToOne(network, behaviour, path) }
    if behaviour.overloading, behaviour.mapping == .endpointIndependent {
      report(
        "\(path).overloading",
        "flows that share a port are told apart by their remote, so the mapping must depend on it; found endpoint-independent")
    }
    if behaviour.portBlock > 0, range.low <= range.high, Int(behaviour.portBlock) > Int(range.high) - Int(range.low) + 1 {
      report("\(path).port-block", "a block of \(behaviour.portBlock) ports does not fit into \(range.low)-\(range.high)")
    }
    if behaviour.portBlock > 0, behaviour.pooling == .arbitrary {
      report("\(path).port-block", "a host's blocks lie on one address, so the pooling must be paired")
    }
    outside(network, path)
    forwards(network, path)
  }

  private mutating func oneToOne(_ network: NetworkSpec, _ behaviour: TranslationBehaviour, _ path: String) {
    if behaviour.mapping != .endpointIndependent || behaviour.filtering != .endpointIndependent {
      report(path, "a one-to-one translation neither maps nor filters; leave its mapping and filtering as they are")
    }
    if behaviour.addresses > 1 || !network.outsideAddresses.isEmpty {
      report("\(path).addresses", "a one-to-one translation has an address for each host; none can be chosen")
    }
    if !network.forwards.isEmpty {
      report("\(path).forwards", "a one-to-one translation lets every port in; it needs no forwards")
    }
  }

  /// Listed external addresses: each once, and nobody else's.
  private mutating func outside(_ network: NetworkSpec, _ path: String) {
    for (row, address) in network.outsideAddresses.enumerated() {
      let place = "\(path).addresses.\(row + 1)"
      if !address.isV4 {
        report(place, "\(address) is not an IPv4 address; only IPv4 is translated")
        continue
      }
      if network.outsideAddresses[..<row].contains(address) { report(place, "\(address) is listed twice") }
      for other in scenario.networks {
        if other.id < network.id, other.outsideAddresses.contains(address) {
          report(place, "\(address) is an outside address of '\(other.id)' already")
        }
        guard let subnet = other.subnet, subnet.contains(address) else { continue }
        let router = IPAddress(high: subnet.address.high, low: subnet.address.low | 1)
        if other.id == network.uplink?.to {
          if address == subnet.address || address == router {
            report(place, "\(address) is the address of '\(other.id)' or of its router")
          } else if let owner = scenario.hosts.first(where: { $0.network == other.id && $0.address == address }) {
            report(place, "\(address) is the address of '\(owner.id)' already")
          }
        } else if other.translation == nil {
          report(place, "\(address) belongs to '\(other.id)', which is not the network's provider")
        }
      }
    }
  }

  private mutating func forwards(_ network: NetworkSpec, _ path: String) {
    let here = scenario.hosts.filter { $0.network == network.id }.map(\.id)
    for (row, forward) in network.forwards.enumerated() {
      let place = "\(path).forwards.\(row + 1)"
      refer(forward.to, "\(place).to", "host of '\(network.id)'", in: "hosts", here)
      if network.forwards[..<row].contains(where: { $0.proto == forward.proto && $0.port == forward.port }) {
        report("\(place).port", "\(forward.proto.name) port \(forward.port) is forwarded already")
      }
    }
  }
}
