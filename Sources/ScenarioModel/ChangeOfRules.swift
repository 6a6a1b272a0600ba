// Changes that add what was missing: a rule that allows, a line, a tunnel's routes, room for larger packets; and events that do not happen.
import NetworkModel
import SimulationKernel
import Wire

extension Scenario {
  /// The row of the event that `events.N` names, from 1 as messages count.
  static func event(_ element: String) -> Int? {
    let parts = element.split(separator: ".")
    return parts.count == 2 && parts[0] == "events" ? Int(parts[1]).map { $0 - 1 } : nil
  }

  mutating func liftEvent(_ row: Int, _ element: String) throws(ChangeError) {
    guard events.indices.contains(row) else {
      throw ChangeError("there is no '\(element)'; \(events.isEmpty ? "there are none" : "there are 1 to \(events.count)")")
    }
    events[row].isEnabled = false
  }

  /// Adds a rule to a firewall as `…firewall.rules.NAME`, behind those of the user and before a preset's: it overrules defaults alone.
  mutating func addRule(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) {
    guard var rule = RuleSpec(id: parts[4], written: value.text) else {
      throw ChangeError(
        "'\(path)' takes accept, then inbound or outbound, udp, tcp or icmp, and ports, as in 'accept inbound udp 3390'; found "
          + "'\(value.text)'")
    }
    func add(to firewall: inout FirewallSpec?) throws(ChangeError) {
      guard firewall?.rules.contains(where: { $0.id == rule.id }) == false else {
        throw ChangeError(firewall == nil ? "there is no firewall for '\(path)'" : "there is a rule '\(path)' already")
      }
      let preset = FirewallSpec.presets.first { $0.name == firewall?.preset }?.value.rules.map(\.id) ?? []
      let own = firewall?.rules.lastIndex { !preset.contains($0.id) } ?? -1
      if firewall?.order != .priority { rule.priority = nil }
      firewall?.rules.insert(rule, at: own + 1)
      firewall?.normalise()
    }
    if parts[0] == "networks", let row = networks.firstIndex(where: { $0.id == parts[1] }) {
      return try add(to: &networks[row].firewall)
    }
    if parts[0] == "hosts", let row = hosts.firstIndex(where: { $0.id == parts[1] }) { return try add(to: &hosts[row].firewall) }
    throw ChangeError("there is no firewall for '\(path)'")
  }

  /// Adds a private line as `links.NAME`, between two networks or a host and a network: 10 ms long (*assumed*: a country's width).
  mutating func addLine(_ id: String, _ value: ChangeValue, _ path: String) throws(ChangeError) {
    let ends = value.text.split(separator: " ").map(String.init)
    guard ends.count == 3, ends[1] == "to" else {
      throw ChangeError("'\(path)' takes a private line's two ends, as in 'alice to azure'; found '\(value.text)'")
    }
    guard !links.contains(where: { $0.id == id }) else { throw ChangeError("there is a link '\(id)' already") }
    links.append(
      LinkSpec(id: id, from: ends[0], to: ends[2], isPrivate: true, settings: PathSpec(LinkSettings(delay: .milliseconds(10)))))
    links.sort { $0.id < $1.id }
  }

  mutating func setRoutes(of tunnel: String, _ value: ChangeValue, _ path: String) throws(ChangeError) {
    let prefixes = value.text.split(separator: " ").map { IPPrefix(String($0)) }
    guard let row = tunnels.firstIndex(where: { $0.id == tunnel }), !prefixes.isEmpty, !prefixes.contains(nil) else {
      throw ChangeError("'\(path)' takes prefixes of a tunnel that is there, as in '10.1.0.0/24 10.2.0.0/24'")
    }
    tunnels[row].routes = prefixes.compactMap { $0 }
  }

  /// Sets `links.X.mtu`, `networks.X.uplink.mtu` or `tunnels.X.mtu`.
  mutating func setMTU(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) {
    // 576: what every IPv4 host takes (RFC 1122 §3.3.2).
    guard case .number(let size) = value, (576...65_535).contains(size) else {
      throw ChangeError("'\(path)' takes a size from 576 B to 65535 B; found \(value.text)")
    }
    if parts[0] == "tunnels", let row = tunnels.firstIndex(where: { $0.id == parts[1] }) {
      tunnels[row].mtu = size
    } else if parts[0] == "links", let row = links.firstIndex(where: { $0.id == parts[1] }) {
      (links[row].settings.there.mtu, links[row].settings.back.mtu) = (Int32(size), Int32(size))
    } else if parts[0] == "networks", let row = networks.firstIndex(where: { $0.id == parts[1] }), networks[row].uplink != nil {
      (networks[row].uplink!.settings.there.mtu, networks[row].uplink!.settings.back.mtu) = (Int32(size), Int32(size))
    } else {
      throw ChangeError("there is no '\(parts.dropLast().joined(separator: "."))'")
    }
  }
}

extension RuleSpec {
  /// A rule that accepts, as a change writes it: `accept inbound udp 3390`. Every part but the first may be missing.
  init?(id: String, written text: String) {
    var words = text.split(separator: " ").map(String.init)[...]
    guard words.popFirst() == "accept" else { return nil }
    self.init(id: id, action: .accept)
    if let word = words.first, let way = ["inbound": RuleDirection.inbound, "outbound": .outbound][word] {
      direction = way
      words.removeFirst()
    }
    if let word = words.first, let proto = ["udp": TransportProtocol.udp, "tcp": .tcp, "icmp": .icmp][word] {
      self.proto = proto
      words.removeFirst()
    }
    if let word = words.first, let ports = PortRange(written: word) {
      self.ports = ports
      words.removeFirst()
    }
    guard words.isEmpty else { return nil }
  }
}
