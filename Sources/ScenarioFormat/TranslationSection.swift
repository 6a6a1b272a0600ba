// A network's `nat`: a preset's name, or every axis of RFC 4787 and its updates; read and written by one table.
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
      let needed = map.cursor.has("preset") ? [] : ["mapping", "filtering"]
      for axis in TranslationAxis.all {
        guard let cursor = needed.contains(axis.name) ? map.require(axis.name, { $0 }) : map[axis.name] else { continue }
        if axis.name == "addresses", case .list = cursor.node.content {
          spec.outsideAddresses = cursor.outsideAddresses()
          behaviour.addresses = UInt8(clamping: max(spec.outsideAddresses.count, 1))
        } else if let value = cursor.value(of: axis) {
          _ = axis.set(&behaviour, value)
        }
      }
      map.read("forwards", into: &spec.forwards) { $0.items { ForwardSpec.read($0) } }
      (spec.translation, spec.translationName) = (behaviour, preset?.name)
    }
  }
}

extension Cursor {
  /// What is written for an axis, which takes it.
  fileprivate func value(of axis: TranslationAxis) -> ChangeValue? {
    switch axis.kind {
    case .word(let words):
      // Hairpinning may be switched like a flag.
      if axis.takes(.flag(true)), let isOn = flagBesides(), axis.takes(.flag(isOn)) { return .flag(isOn) }
      return word(words.map { ($0, $0) }).map { .word($0) }
    case .flag: return flag().map { .flag($0) }
    case .duration(let absent):
      if let absent, isWord(absent) { return .word(absent) }
      return duration().map { .duration($0) }
    case .count(let range, let absent):
      if let absent, isWord(absent) { return .word(absent) }
      return integer(range).map { .number(Int($0)) }
    case .ports: return ports().map { .word($0.written) }
    }
  }

  fileprivate func outsideAddresses() -> [IPAddress] {
    let listed = items { $0.address() } ?? []
    if listed.isEmpty || listed.count > 64 { report("expected 1 to 64 outside addresses; found \(listed.count)") }
    return listed
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
    let listed = spec.outsideAddresses.map(\.description)
    for axis in TranslationAxis.all {
      let isListed = axis.name == "addresses" && !listed.isEmpty
      entries.append((axis.name, isListed ? .words(listed) : .scalar(axis.value(nat).text)))
    }
    entries.append(("forwards", .list(spec.forwards.map(\.written))))
    return .map(entries)
  }
}
