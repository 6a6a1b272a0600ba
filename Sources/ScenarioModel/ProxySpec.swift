// Explicit proxies: what one serves, and who goes through it.
public import SimulationKernel

/// The proxy a client or session host is configured with.
public struct ProxyUseSpec: Sendable, Equatable {
  /// A host with the role `proxy`.
  public var through: String
  /// Service nodes that are reached directly, by id.
  public var except: [String] = []
  public init(through: String) { self.through = through }
}

/// What a host with the role `proxy` serves.
public struct ForwardProxySpec: Sendable, Equatable {
  /// Where it listens: 8080, the usual alternate port of HTTP (*assumed*).
  public var port: UInt16 = 8080
  /// Service nodes it opens tunnels to, by id; `nil`: all.
  public var allows: [String]?
  /// Whether it asks for credentials. Azure Virtual Desktop's agent gives none (Microsoft, "Proxy server guidelines").
  public var requiresAuthentication = false
  /// After this without a byte either way it closes a tunnel; `nil`: never.
  public var idle: SimDuration?
  public init() {}
}

extension ScenarioCheck {
  /// Who may use a proxy, and who may be one.
  mutating func proxies(of host: HostSpec) {
    let path = "\(host.path).proxy"
    if let use = host.proxy {
      if host.role != .client, host.role != .sessionHost {
        report(path, "only a client or session-host goes through a proxy; '\(host.id)' has the role \(host.role.rawValue)")
      }
      hostReference(use.through, path)
      role(use.through, .proxy, path, "what others go through")
      for (row, name) in use.except.enumerated() { serviceReference(name, "\(path).except.\(row + 1)") }
    }
    if host.role != .proxy, host.forwardProxy != ForwardProxySpec() {
      report(
        "\(host.path).forward-proxy", "only a proxy has these settings; '\(host.id)' has the role \(host.role.rawValue)")
    }
    for (row, name) in (host.forwardProxy.allows ?? []).enumerated() {
      serviceReference(name, "\(host.path).forward-proxy.allows.\(row + 1)")
    }
    if let idle = host.forwardProxy.idle, idle <= .zero {
      report("\(host.path).forward-proxy.idle", "a tunnel may be quiet for longer than no time at all")
    }
  }

  private mutating func serviceReference(_ name: String, _ path: String) {
    refer(name, path, "service reached over TCP", in: "service.regions", scenario.certifiedServices)
  }
}
