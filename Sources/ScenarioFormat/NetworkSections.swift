// networks, links and tunnels: what carries packets.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

extension MapReader {
  /// A link's fields for both directions, then what differs in one, under the keys `there` and `back`.
  func link(into path: inout PathSpec, there: String, back: String) {
    fields(into: &path, [\.there, \.back])
    for (key, side) in [(there, \PathSpec.there), (back, \PathSpec.back)] {
      var copy = path
      self[key]?.map("one direction of a link") { map -> Void? in map.fields(into: &copy, [side]) }
      path = copy
    }
  }

  private func fields(into path: inout PathSpec, _ sides: [WritableKeyPath<PathSpec, LinkSettings>]) {
    func set<T>(_ key: String, _ field: WritableKeyPath<LinkSettings, T>, _ parse: (Cursor) -> T?) {
      guard let value = self[key].flatMap(parse) else { return }
      for side in sides { path[keyPath: side.appending(path: field)] = value }
    }
    set("delay", \.delay) { $0.duration() }
    set("rate", \.rate) { $0.optional("unlimited") { $0.rate() } }
    set("queue", \.queue) { $0.size() }
    set("loss", \.loss) { $0.probability() }
    set("burst", \.burst) { $0.optional("none") { $0.duration() }.map { $0 ?? .zero } }
    set("duplicate", \.duplicate) { $0.probability() }
    set("jitter", \.jitter) { $0.duration() }
    set("reorders", \.reorders) { $0.flag() }
    // RFC 791 §3.2: every node takes 576 bytes; the total length field ends at 65,535.
    set("mtu", \.mtu) { $0.bytes(576...65_535).map(Int32.init) }
  }

  func label(into label: inout String) { read("label", into: &label) { $0.text() } }
}

extension NetworkSpec {
  /// Reads one entry of `networks`.
  static func read(_ id: String, _ cursor: Cursor) -> NetworkSpec {
    var spec = NetworkSpec(id: id)
    cursor.map("a network") { map -> Void? in
      map.label(into: &spec.label)
      map.read("subnet", into: &spec.subnet) { $0.optional("auto") { $0.prefix() } }
      map.read("subnet6", into: &spec.subnet6) { $0.optional("none") { $0.prefix() } }
      map["nat"]?.translation(into: &spec)
      map.read("uplink", into: &spec.uplink) { $0.optional("none") { UplinkSpec.read($0) } }
      let standard = spec.defaultFirewall
      map.read("firewall", into: &spec.firewall) { $0.firewall(instead: standard) }
      map["lan"]?.map("a network's lan") { $0.link(into: &spec.lan, there: "up", back: "down") }
    }
    return spec
  }
}

extension UplinkSpec {
  static func read(_ cursor: Cursor) -> UplinkSpec? {
    cursor.map("an uplink") { map in
      var spec = UplinkSpec(to: map.require("to") { $0.name("a network") } ?? "", settings: PathSpec(LinkSettings()))
      map.link(into: &spec.settings, there: "up", back: "down")
      return spec
    }
  }
}

extension LinkSpec {
  /// Reads one entry of `links`.
  static func read(_ id: String, _ cursor: Cursor) -> LinkSpec {
    var spec = LinkSpec(id: id, from: "", to: "", settings: PathSpec(LinkSettings()))
    cursor.map("a link") { map -> Void? in
      map.label(into: &spec.label)
      if let ends = map.require("between", { $0.ends() }) { (spec.from, spec.to) = (ends[0], ends[1]) }
      map.read("private", into: &spec.isPrivate) { $0.flag() }
      map.link(into: &spec.settings, there: "there", back: "back")
    }
    return spec
  }
}

extension Cursor {
  /// The two ends of a link.
  fileprivate func ends() -> [String]? {
    guard let ends = items({ $0.name("a network or a host") }), ends.count == 2 else {
      return expected("a list of the link's two ends")
    }
    return ends
  }
}

extension TunnelSpec {
  /// Reads one entry of `tunnels`.
  static func read(_ id: String, _ cursor: Cursor) -> TunnelSpec {
    var spec = TunnelSpec(id: id, from: "", to: "", routes: [])
    cursor.map("a tunnel") { map -> Void? in
      map.label(into: &spec.label)
      spec.from = map.require("from") { $0.name("a host") } ?? ""
      spec.to = map.require("to") { $0.name("a host") } ?? ""
      _ = map["over"]?.word([("udp", ())])
      map.read("port", into: &spec.port) { $0.port() }
      spec.routes = map.require("routes") { $0.items { $0.prefix() } } ?? []
      map.read("delay", into: &spec.processing) { $0.duration() }
      map.read("address", into: &spec.address) { $0.optional("auto") { $0.address() } }
      map.read("pool", into: &spec.pool) { $0.prefix() }
      map.read("mtu", into: &spec.mtu) { $0.bytes(576...65_535) }
    }
    return spec
  }
}
