// How a party speaks TLS: whom it believes and which versions it knows; and what a client knows of the host it is to find.
import Protocols
public import SimulationKernel
public import Wire

/// Whom a party believes, and which versions it speaks, on either side of TLS.
public struct TLSPolicy: Sendable, Equatable {
  /// Certification authorities it trusts.
  public var trusted: [ComponentKey]
  /// From the lowest to the highest version it speaks.
  public var versions: ClosedRange<TLSVersion>

  /// - Parameter trusted: beside the public authority.
  public init(trusting trusted: [ComponentKey] = [], versions: ClosedRange<TLSVersion> = .tls12 ... .tls13) {
    self.trusted = [ServiceTrust.authority] + trusted
    self.versions = versions
  }

  /// As a client of `name`; a pinned key is the identity, and without one a trusted authority must vouch for the name.
  func client(of name: ComponentKey, pinned: Secret = .none, key: Secret) -> TLSHandshake.Settings {
    .client(
      serverName: name, trust: pinned == .none ? .issuers(trusted) : .pinned(pinned), lowest: versions.lowerBound,
      highest: versions.upperBound, key: key)
  }

  /// As a server that shows `certificate`.
  func server(showing certificate: Certificate) -> TLSHandshake.Settings {
    .server(certificate: certificate, lowest: versions.lowerBound, highest: versions.upperBound)
  }
}

/// How a client tells the session host from anybody else: the same on the base transport and on every UDP tunnel.
struct HostIdentity: Equatable {
  /// The name an enterprise certificate must bear: that of the resource (*assumed*: one host serves it).
  var name: ComponentKey
  /// The self-signed certificate's key from the connection information; `.none` when it pins nothing.
  var pinned: Secret
  var policy: TLSPolicy

  func handshake(key: Secret) -> TLSHandshake.Settings { policy.client(of: name, pinned: pinned, key: key) }
}

/// A session host's certificate, as it is configured.
public struct HostCertificate: Sendable, Equatable {
  /// Who signed it; `nil`: itself, and its key is pinned by the connection information (founding document, "Connection security").
  public var issuer: ComponentKey?
  /// Whom it names; `nil`: the host.
  public var subject: ComponentKey?
  public var expired: Bool
  /// Self-signed by default.
  public init(issuer: ComponentKey? = nil, subject: ComponentKey? = nil, expired: Bool = false) {
    self.issuer = issuer
    self.subject = subject
    self.expired = expired
  }
}
