// What clients, hosts and the service trust of each other, and where the service listens.
public import SimulationKernel
public import Wire

/// The service's keys by name. They are the same in every scenario: what differs is who holds them.
public enum ServiceTrust {
  /// The public certification authority that signs service certificates.
  public static let authorityName = "public-certification-authority"
  public static let authority = ComponentKey(authorityName)
  public static let directoryKey = Secret(id: stableHash("directory signing key"))
  public static let feedKey = Secret(id: stableHash("feed signing key"))
  /// A key that no client trusts and no host accepts.
  public static let strangeKey = Secret(id: stableHash("a key nobody trusts"))

  /// A service node's public key.
  public static func publicKey(of name: ComponentKey) -> Secret { Secret(id: mix(name.value, 0xCE47)) }
}

/// What a service node shows, and how it speaks TLS.
public struct ServiceIdentity: Sendable, Equatable {
  public var certificate: Certificate
  public var tls: TLSPolicy
  /// TLS 1.2 only, unless said otherwise (Microsoft, "Understanding network connectivity", connection security).
  public init(certificate: Certificate, tls: TLSPolicy = TLSPolicy(versions: .tls12 ... .tls12)) {
    self.certificate = certificate
    self.tls = tls
  }
}

/// Ports the service listens on.
public enum ServicePort {
  /// All service traffic (Microsoft, "Required FQDNs and endpoints"); gateways answer round-trip probes there too, before any TLS
  /// (*assumed*: how the product measures is not public, but the tables of what to open have no other port of a gateway).
  public static let https: UInt16 = 443
}
