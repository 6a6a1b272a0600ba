// Who shows which certificate in a world, whom each trusts, and what looks inside TLS on the way.
import HostStack
import NetworkModel
import Protocols
import ScenarioModel
import SimulationKernel
import Trace
import VirtualDesktop
import Wire

extension World {
  /// A certificate as described, shown by the owner of `key` under its usual name.
  private func certificate(_ spec: CertificateSpec, named name: ComponentKey, key: Secret) -> Certificate {
    Certificate(
      subject: spec.name.map { ComponentKey($0) } ?? name, issuer: ComponentKey(spec.issuer), expired: spec.expired,
      fingerprint: key)
  }

  func identity(of node: ServiceNode) -> ServiceIdentity {
    let name = recorder.key(of: node.node)
    let spec = scenario.service.certificates.first { $0.id == node.id } ?? ServiceCertificateSpec(id: node.id)
    let tls = scenario.service.tls
    return ServiceIdentity(
      certificate: certificate(spec.certificate, named: name, key: ServiceTrust.publicKey(of: name)),
      tls: TLSPolicy(versions: tls.lowest...tls.highest))
  }

  func policy(of host: HostSpec) -> TLSPolicy {
    TLSPolicy(trusting: host.trusts.map { ComponentKey($0) }, versions: host.tlsVersions)
  }

  func certificate(of host: HostSpec) -> HostCertificate {
    let spec = host.certificate
    return HostCertificate(
      issuer: spec.kind == .enterpriseCA ? ComponentKey(spec.certificate.issuer) : nil,
      subject: spec.certificate.name.map { ComponentKey($0) }, expired: spec.certificate.expired)
  }

  /// The proxy a host is configured with, by its address.
  func proxy(of host: HostSpec) -> ProxyUse? {
    host.proxy.map { use in
      let port = scenario.host(use.through)!.forwardProxy.port
      return ProxyUse(
        proxy: Endpoint(address(of: blueprint.nodeOf[use.through]!), port), except: use.except.map { ComponentKey($0) })
    }
  }

  /// An explicit proxy; the names of the service are what it resolves.
  func makeProxy(_ host: HostSpec, at node: NodeID) {
    let services = [blueprint.directory, blueprint.feed, blueprint.broker] + blueprint.gateways
    let spec = host.forwardProxy
    let settings = ProxyTunnel.Settings(
      addresses: Dictionary(uniqueKeysWithValues: services.filter { !$0.id.isEmpty }.map { (ComponentKey($0.id), $0.address) }),
      allowed: spec.allows?.map { ComponentKey($0) }, requiresAuthentication: spec.requiresAuthentication, idle: spec.idle)
    _ = ConnectProxy(at: node, port: spec.port, settings: settings, stack: stack)
  }

  /// A transparent proxy wherever a rule may divert to one.
  func makeProxies() {
    let firewalls =
      scenario.networks.map { (id: $0.id, firewall: $0.firewall) } + scenario.hosts.map { (id: $0.id, firewall: $0.firewall) }
    for (id, firewall) in firewalls {
      guard let firewall, firewall.rules.contains(where: { $0.action.diverts }), let node = blueprint.nodeOf[id] else {
        continue
      }
      let name = ComponentKey(id)
      let settings = TransparentProxy.Settings(
        certificate: certificate(
          firewall.inspection, named: name, key: Secret(id: Chance(seed: seed).draw(name, .credential, 4))),
        forAnyName: firewall.inspection.name == nil, trusted: [ServiceTrust.authority])
      install(on: node) { [unowned self] in _ = TransparentProxy(at: node, settings: settings, stack: stack) }
    }
  }
}
