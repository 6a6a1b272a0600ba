// Certificates and TLS versions as scenarios describe them.
import NetworkModel
import VirtualDesktop
public import Wire

/// What a certificate says.
public struct CertificateSpec: Sendable, Equatable {
  /// Whom it names; `nil`: whoever shows it (what inspects: whoever was asked for).
  public var name: String?
  public var expired = false
  /// The authority that signed it.
  public var issuer: String
  public init(issuer: String) { self.issuer = issuer }

  /// The public authority that everybody trusts.
  public static let publicAuthority = ServiceTrust.authorityName
  /// The authority of what inspects, unless it has a name of its own.
  public static let inspectionAuthority = "inspection-ca"
  /// The authority of an enterprise's certificates, unless it has a name of its own.
  public static let enterpriseAuthority = "enterprise-ca"
}

/// The certificate of one service node.
public struct ServiceCertificateSpec: Sendable, Equatable {
  /// `directory`, `feed`, `broker`, or `gateway-` and a region.
  public var id: String
  public var certificate = CertificateSpec(issuer: CertificateSpec.publicAuthority)
  public init(id: String) { self.id = id }
}

/// A session host's certificate for RDP.
public struct HostCertificateSpec: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Windows' default: its key is in the connection information, and clients pin it.
    case selfSigned = "self-signed"
    /// Signed by an enterprise's authority: nothing is pinned, clients that trust the authority accept it.
    case enterpriseCA = "enterprise-ca"
  }
  public var kind = Kind.selfSigned
  /// Its issuer counts with `enterpriseCA` only.
  public var certificate = CertificateSpec(issuer: CertificateSpec.enterpriseAuthority)
  public init() {}
}

/// The TLS versions a side speaks.
public struct TLSSpec: Sendable, Equatable {
  public var lowest: TLSVersion
  public var highest: TLSVersion
  public init(lowest: TLSVersion, highest: TLSVersion) {
    self.lowest = lowest
    self.highest = highest
  }
}

extension HostSpec {
  /// The versions a client or session host offers and accepts: 1.2 and above, as Windows does today; a machine that knows no 1.2 still
  /// speaks 1.0 (*assumed*: Schannel's defaults of its time).
  public var tlsVersions: ClosedRange<TLSVersion> { (tls < .tls12 ? .tls10 : .tls12)...tls }
}

extension Scenario {
  /// Service nodes that show a certificate.
  public var certifiedServices: [String] {
    let regions = service.regions.isEmpty ? ["service"] : service.regions.map(\.id)
    return ["directory", "feed", "broker"] + regions.map { "gateway-\($0)" }
  }

  /// Every authority that signs something, or would.
  public var authorities: [String] {
    let firewalls = networks.compactMap(\.firewall) + hosts.compactMap(\.firewall)
    let enterprise = hosts.filter { $0.certificate.kind == .enterpriseCA }.map(\.certificate.certificate.issuer)
    let names =
      service.certificates.map(\.certificate.issuer) + firewalls.map(\.inspection.issuer) + enterprise
      + [CertificateSpec.publicAuthority]
    return Set(names).sorted()
  }
}

extension ScenarioCheck {
  /// TLS of a host: who may have which of its settings, and whether anybody is there to be trusted.
  mutating func security(of host: HostSpec) {
    let speaks = host.role == .client || host.role == .sessionHost
    if !speaks, host.tls != .tls13 || !host.trusts.isEmpty {
      let key = host.tls != .tls13 ? "tls" : "trusts"
      report(
        "\(host.path).\(key)", "only a client or session-host has these settings; '\(host.id)' has the role \(host.role.rawValue)"
      )
    }
    if host.role != .sessionHost, host.certificate != HostCertificateSpec() {
      report(
        "\(host.path).certificate", "only a session-host has these settings; '\(host.id)' has the role \(host.role.rawValue)")
    }
    for (row, name) in host.trusts.enumerated() {
      refer(name, "\(host.path).trusts.\(row + 1)", "authority", in: "service", scenario.authorities)
    }
  }

  mutating func serviceSecurity() {
    let service = scenario.service
    for certificate in service.certificates {
      refer(
        certificate.id, "\(service.path).certificates.\(certificate.id)", "service with a certificate", in: "service.regions",
        scenario.certifiedServices)
    }
    if service.tls.lowest > service.tls.highest { report("\(service.path).tls", "the lowest version is above the highest") }
  }

  /// What ends others' connections stands on a router and takes TCP connections from its inside; everything else is not modelled.
  mutating func inspection(_ rule: RuleSpec, _ path: String, at place: FirewallPlace) {
    guard rule.action.diverts else { return }
    let (does, done) = rule.action == .relay ? ("proxy", "proxied") : ("inspect", "inspected")
    if place == .host { report(path, "a host's firewall cannot \(does); a network's or a tunnel gateway's can") }
    if rule.proto != .tcp { report(path, "only TCP connections can be \(done); write protocol: tcp") }
    if place == .network, rule.direction != .outbound {
      report(path, "only connections from a network's inside are \(done); write direction: outbound")
    }
  }
}

/// Where a firewall stands.
enum FirewallPlace { case network, tunnelGateway, host }
