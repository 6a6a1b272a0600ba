// Explicit proxies, read and written.
import ScenarioModel

extension MapReader {
  /// Whom a client or session host goes through, and what a proxy serves.
  func proxies(into spec: inout HostSpec) {
    read("proxy", into: &spec.proxy) { $0.optional("none") { ProxyUseSpec.read($0) } }
    self["forward-proxy"]?.map("a proxy's forward-proxy") { map in
      map.read("port", into: &spec.forwardProxy.port) { $0.port() }
      map.read("allows", into: &spec.forwardProxy.allows) { $0.optional("any") { $0.items { $0.name("a service node") } } }
      map.read("authentication", into: &spec.forwardProxy.requiresAuthentication) { $0.word(Vocabulary.proxyAuthentication) }
      map.read("idle", into: &spec.forwardProxy.idle) { $0.optional("unlimited") { $0.duration() } }
    }
  }
}

extension Vocabulary {
  static let proxyAuthentication: Words<Bool> = [("none", false), ("required", true)]
}

extension ProxyUseSpec {
  /// A proxy's id, or a map.
  fileprivate static func read(_ cursor: Cursor) -> ProxyUseSpec? {
    guard case .map = cursor.node.content else { return cursor.name("a proxy").map { ProxyUseSpec(through: $0) } }
    return cursor.map("the proxy that is gone through") { map in
      var spec = ProxyUseSpec(through: map.require("through") { $0.name("a proxy") } ?? "")
      map.read("except", into: &spec.except) { $0.items { $0.name("a service node") } }
      return spec
    }
  }
}

extension Written {
  /// Whom a client or session host goes through.
  static func proxy(_ spec: ProxyUseSpec?) -> (key: String, value: Written) {
    guard let spec else { return ("proxy", .scalar("none")) }
    return ("proxy", .inline([("through", .text(spec.through)), ("except", .words(spec.except))]))
  }

  static func forwardProxy(_ spec: ForwardProxySpec) -> (key: String, value: Written) {
    (
      "forward-proxy",
      .inline([
        ("port", .scalar("\(spec.port)")), ("allows", spec.allows.map { .words($0) } ?? .scalar("any")),
        ("authentication", .scalar(Vocabulary.word(spec.requiresAuthentication, Vocabulary.proxyAuthentication))),
        ("idle", .scalar(spec.idle?.written ?? "unlimited")),
      ])
    )
  }
}
