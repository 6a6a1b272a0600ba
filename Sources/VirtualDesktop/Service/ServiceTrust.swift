// What clients, hosts and the service trust of each other, and where the service listens.
public import SimulationKernel
public import Wire

/// The service's keys by name. They are the same in every scenario: what differs is who holds them.
public enum ServiceTrust {
  /// The public certification authority that signs service certificates.
  public static let authority = ComponentKey("public-certification-authority")
  public static let directoryKey = Secret(id: stableHash("directory signing key"))
  public static let feedKey = Secret(id: stableHash("feed signing key"))
  /// A key that no client trusts and no host accepts.
  public static let strangeKey = Secret(id: stableHash("a key nobody trusts"))

  /// A service node's certificate.
  public static func certificate(of name: ComponentKey) -> Certificate {
    Certificate(subject: name, issuer: authority, fingerprint: Secret(id: mix(name.value, 0xCE47)))
  }
}

/// Ports the service listens on.
public enum ServicePort {
  /// All service traffic (Microsoft, "Required FQDNs and endpoints").
  public static let https: UInt16 = 443
  /// Where gateways answer round-trip probes (*assumed*: how the product measures is not public).
  public static let probe: UInt16 = 80
}
