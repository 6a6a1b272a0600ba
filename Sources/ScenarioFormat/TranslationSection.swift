// A network's `nat`: a preset's name, or every axis of RFC 4787 and its updates; read and written side by side.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

extension Cursor {
  /// A preset's name, `none`, or a map with an optional preset and what differs from it.
  func translation(into spec: inout NetworkSpec) {
    let presets = TranslationBehaviour.presets.map { (name: $0.name, value: $0 as TranslationPreset?) }
    guard case .map = node.content else {
      guard let preset = word(presets + [("none", nil)]) else { return }
      (spec.translation, spec.translationName) = (preset?.value, preset?.name)
      return
    }
    map("a nat") { map -> Void? in
      let preset = map["preset"].flatMap { $0.word(presets) } ?? nil
      var behaviour = preset?.value ?? TranslationBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent)
      // Without a preset the two axes that decide most must be said.
      if map.cursor.has("preset") {
        map.read("mapping", into: &behaviour.mapping) { $0.word(Vocabulary.mappings) }
        map.read("filtering", into: &behaviour.filtering) { $0.word(Vocabulary.filterings) }
      } else {
        behaviour.mapping = map.require("mapping") { $0.word(Vocabulary.mappings) } ?? behaviour.mapping
        behaviour.filtering = map.require("filtering") { $0.word(Vocabulary.filterings) } ?? behaviour.filtering
      }
      map.read("permission-scope", into: &behaviour.permissionScope) { $0.word(Vocabulary.permissionScopes) }
      map.read("answers", into: &behaviour.answers) { $0.word(Vocabulary.answerPaths) }
      map.ports(of: &behaviour)
      map.addresses(of: &behaviour, into: &spec.outsideAddresses)
      map.lifetimes(of: &behaviour)
      map.read("hairpinning", into: &behaviour.hairpinning) { $0.hairpinning() }
      map.read("unsolicited", into: &behaviour.unsolicited) { $0.word(Vocabulary.unsolicited) }
      map.read("one-to-one", into: &behaviour.oneToOne) { $0.flag() }
      map.read("forwards", into: &spec.forwards) { $0.items { ForwardSpec.read($0) } }
      (spec.translation, spec.translationName) = (behaviour, preset?.name)
    }
  }
}

extension Cursor {
  /// One of the words, or `on` for what RFC 4787 REQ-9a asks for.
  fileprivate func hairpinning() -> Hairpinning? {
    if let text = scalar, let isOn = ScenarioFormat.flag(text) { return isOn ? .externalSource : .off }
    return word(Vocabulary.hairpinnings)
  }
}

extension MapReader {
  fileprivate func ports(of behaviour: inout TranslationBehaviour) {
    read("ports", into: &behaviour.ports) { $0.word(Vocabulary.portAssignments) }
    read("collision", into: &behaviour.collision) { $0.word(Vocabulary.portCollisions) }
    read("overloading", into: &behaviour.overloading) { $0.flag() }
    read("parity", into: &behaviour.parity) { $0.flag() }
    read("port-classes", into: &behaviour.portClasses) { $0.flag() }
    read("port-range", into: &behaviour.portRange) { $0.ports() }
    read("port-block", into: &behaviour.portBlock) { $0.optional("none") { $0.integer(1...UInt16.max) }.map { $0 ?? 0 } }
    read("ports-per-host", into: &behaviour.portsPerHost) {
      $0.optional("unlimited") { $0.integer(1...UInt16.max) }.map { $0 ?? 0 }
    }
    read("port-hold", into: &behaviour.portHold) { $0.duration() }
  }

  fileprivate func addresses(of behaviour: inout TranslationBehaviour, into listed: inout [IPAddress]) {
    if let cursor = self["addresses"] {
      if case .list = cursor.node.content {
        listed = cursor.items { $0.address() } ?? []
        if listed.isEmpty || listed.count > 64 { cursor.report("expected 1 to 64 outside addresses; found \(listed.count)") }
        behaviour.addresses = UInt8(clamping: max(listed.count, 1))
      } else if let count = cursor.integer(1...UInt8(64)) {
        behaviour.addresses = count
      }
    }
    read("pooling", into: &behaviour.pooling) { $0.word(Vocabulary.poolings) }
  }

  fileprivate func lifetimes(of behaviour: inout TranslationBehaviour) {
    read("udp-lifetime", into: &behaviour.udpLifetime) { $0.duration() }
    read("udp-unanswered-lifetime", into: &behaviour.udpUnansweredLifetime) { $0.optional("same") { $0.duration() } }
    read("udp-stream-age", into: &behaviour.udpStreamAge) { $0.duration() }
    read("tcp-lifetime", into: &behaviour.tcpLifetime) { $0.duration() }
    read("tcp-opening-lifetime", into: &behaviour.tcpOpeningLifetime) { $0.duration() }
    read("tcp-closing-lifetime", into: &behaviour.tcpClosingLifetime) { $0.duration() }
    read("icmp-lifetime", into: &behaviour.icmpLifetime) { $0.duration() }
    read("inbound-refresh", into: &behaviour.inboundRefresh) { $0.flag() }
  }
}

extension ForwardSpec {
  fileprivate static func read(_ cursor: Cursor) -> ForwardSpec? {
    cursor.map("a forward") { map -> ForwardSpec? in
      let proto = map.require("protocol") { $0.word([("udp", TransportProtocol.udp), ("tcp", .tcp)]) }
      let port = map.require("port") { $0.port() }
      let to = map.require("to") { $0.name("a host of the network") }
      var spec = ForwardSpec(proto: proto ?? .udp, port: port ?? 1, to: to ?? "", insidePort: port ?? 1)
      map.read("inside-port", into: &spec.insidePort) { $0.port() }
      map.read("outbound", into: &spec.outbound) { $0.flag() }
      return proto == nil || port == nil || to == nil ? nil : spec
    }
  }

  fileprivate var written: Written {
    .inline([
      ("protocol", .scalar(proto.name)), ("port", .scalar("\(port)")), ("to", .text(to)),
      ("inside-port", .scalar("\(insidePort)")),
      ("outbound", .flag(outbound)),
    ])
  }
}

extension Written {
  /// A network's `nat` with every axis.
  static func translation(_ spec: NetworkSpec) -> Written {
    guard let nat = spec.translation else { return .scalar("none") }
    var entries: [(key: String, value: Written)] = []
    if let name = spec.translationName { entries.append(("preset", .scalar(name))) }
    func word<T: Equatable>(_ key: String, _ value: T, _ words: Words<T>) {
      entries.append((key, .scalar(Vocabulary.word(value, words))))
    }
    func lasts(_ key: String, _ value: SimDuration?) { entries.append((key, .scalar(value?.written ?? "same"))) }
    func flag(_ key: String, _ value: Bool) { entries.append((key, .flag(value))) }
    func number(_ key: String, _ value: UInt16, _ absent: String) {
      entries.append((key, .scalar(value == 0 ? absent : "\(value)")))
    }
    word("mapping", nat.mapping, Vocabulary.mappings)
    word("filtering", nat.filtering, Vocabulary.filterings)
    word("permission-scope", nat.permissionScope, Vocabulary.permissionScopes)
    word("answers", nat.answers, Vocabulary.answerPaths)
    word("ports", nat.ports, Vocabulary.portAssignments)
    word("collision", nat.collision, Vocabulary.portCollisions)
    flag("overloading", nat.overloading)
    flag("parity", nat.parity)
    flag("port-classes", nat.portClasses)
    entries.append(("port-range", ScenarioWriter.ports(nat.portRange)))
    number("port-block", nat.portBlock, "none")
    number("ports-per-host", nat.portsPerHost, "unlimited")
    lasts("port-hold", nat.portHold)
    let listed = spec.outsideAddresses.map(\.description)
    entries.append(("addresses", listed.isEmpty ? .scalar("\(nat.addresses)") : .words(listed)))
    word("pooling", nat.pooling, Vocabulary.poolings)
    lasts("udp-lifetime", nat.udpLifetime)
    lasts("udp-unanswered-lifetime", nat.udpUnansweredLifetime)
    lasts("udp-stream-age", nat.udpStreamAge)
    lasts("tcp-lifetime", nat.tcpLifetime)
    lasts("tcp-opening-lifetime", nat.tcpOpeningLifetime)
    lasts("tcp-closing-lifetime", nat.tcpClosingLifetime)
    lasts("icmp-lifetime", nat.icmpLifetime)
    flag("inbound-refresh", nat.inboundRefresh)
    word("hairpinning", nat.hairpinning, Vocabulary.hairpinnings)
    word("unsolicited", nat.unsolicited, Vocabulary.unsolicited)
    flag("one-to-one", nat.oneToOne)
    entries.append(("forwards", .list(spec.forwards.map(\.written))))
    return .map(entries)
  }
}
