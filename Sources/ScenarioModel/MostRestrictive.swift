// How settings combine: the most restrictive of host, host pool and Private Link wins, and the first of them in that order is named.
import Trace
public import VirtualDesktop

extension ShortpathPolicy {
  /// What a session host's policy leaves in its host pool. `SelectTransport` is named before the policy of the single kind, that before
  /// the pool's property, and Private Link last.
  public init(of policy: HostPolicySpec, in pool: HostPoolSpec) {
    func judge(_ name: String, _ policyAllows: Bool, _ reason: Reason, _ property: String, _ poolSwitch: PoolSwitch) -> Forbidden?
    {
      if policy.selectTransport == .onlyTCP { return Forbidden("SelectTransport", .hostPolicy) }
      if !policyAllows { return Forbidden(name, reason) }
      if !poolSwitch.allows { return Forbidden(property, .hostPoolSetting) }
      if pool.publicNetworkAccess.demandsPrivateLink, !pool.allowsShortpathWithPrivateLink {
        return Forbidden("AllowRDPShortPathWithPrivateLink", .privateLink)
      }
      return nil
    }
    let first = policy.clientPortBase
    self.init(
      managed: judge(
        "fUseUdpPortRedirector", policy.managedListener, .listenerOff, "ManagedPrivateUdp", pool.managedPrivateUDP),
      direct: judge("directUDP", policy.directUDP != .disabled, .hostPolicy, "DirectUdp", pool.directUDP),
      reflexive: judge("publicUDP", policy.publicUDP != .disabled, .hostPolicy, "PublicUdp", pool.publicUDP),
      relayed: judge("relayUDP", policy.relayUDP != .disabled, .hostPolicy, "RelayUdp", pool.relayUDP),
      listenerPort: policy.listenerPort,
      clientPorts: policy.limitsClientPorts ? first...first + (policy.clientPortCount - 1) : nil)
  }

  /// The names an attempt that is not tried can bear, alone or two of them.
  public static let forbiddingSettings = [
    "kind web", "fClientDisableUDP", "use udp", "SelectTransport", "fUseUdpPortRedirector", "directUDP", "publicUDP", "relayUDP",
    "ManagedPrivateUdp", "DirectUdp", "PublicUdp", "RelayUdp", "AllowRDPShortPathWithPrivateLink",
  ]
}

extension ClientSpec {
  /// Why this client uses no UDP, before it has read anything: what its kind cannot do is named before what it may not.
  public var udpForbidden: Forbidden? {
    if kind == .web { return Forbidden("kind web", .clientKind) }
    return udp ? nil : Forbidden("fClientDisableUDP", .clientSetting)
  }
}
