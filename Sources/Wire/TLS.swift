// TLS records and handshake flights, with realistic sizes and what a peer's certificate says.
public import SimulationKernel

public enum TLSVersion: UInt16, Sendable, Comparable, CaseIterable {
  case tls10 = 0x0301
  case tls11 = 0x0302
  case tls12 = 0x0303
  case tls13 = 0x0304
  public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

/// What a certificate says; the check is a comparison of these fields with what the verifier trusts.
public struct Certificate: Hashable, Sendable {
  /// Hash of the DNS name it is for.
  public var subject: ComponentKey
  /// Who signed it: equal to `subject` when self-signed.
  public var issuer: ComponentKey
  public var expired: Bool
  /// Its public key's identity, for pinning.
  public var fingerprint: Secret
  public init(subject: ComponentKey, issuer: ComponentKey, expired: Bool = false, fingerprint: Secret) {
    self.subject = subject
    self.issuer = issuer
    self.expired = expired
    self.fingerprint = fingerprint
  }
}

/// A flight of the handshake. Lengths are of whole records, from `nat-and-ice.md` §7 (measured with OpenSSL 3.0).
public enum TLSHandshakeMessage: Hashable, Sendable {
  /// ClientHello with the server's name and the highest version offered.
  case clientHello(serverName: ComponentKey, highest: TLSVersion, lowest: TLSVersion)
  /// ServerHello … ServerHelloDone (1.2) or ServerHello … Finished (1.3).
  case serverFlight(version: TLSVersion, certificate: Certificate)
  /// ClientKeyExchange … Finished (1.2) or Finished (1.3); `key` names the traffic keys both now share.
  case clientFinished(version: TLSVersion, key: Secret)
  /// NewSessionTicket … Finished (1.2).
  case serverFinished(version: TLSVersion)

  public var encodedLength: Int {
    switch self {
    case .clientHello(_, let highest, _): highest >= .tls13 ? 253 : 190
    case .serverFlight(let version, _): version >= .tls13 ? 2340 : 2181
    case .clientFinished(let version, _): version >= .tls13 ? 80 : 93
    case .serverFinished(let version): version >= .tls13 ? 510 : 242
    }
  }
}

/// Alerts that end a handshake (RFC 8446 §6).
public enum TLSAlert: UInt8, Hashable, Sendable {
  case closeNotify = 0
  case badCertificate = 42
  case certificateExpired = 45
  case unknownCA = 48
  case protocolVersion = 70
}

/// One TLS record (or flight of handshake records).
public enum TLSRecord: Hashable, Sendable {
  case handshake(TLSHandshakeMessage)
  case alert(TLSAlert)
  /// Bytes of the layer above, sealed with `key`.
  case applicationData(StreamSlice, key: Secret, version: TLSVersion)

  /// Record header 5; AES-GCM adds an 8-byte explicit nonce and a 16-byte tag in 1.2 (RFC 5288), a type byte and tag in 1.3 (RFC 8446 §5.2).
  public static func overhead(_ version: TLSVersion) -> Int { version >= .tls13 ? 5 + 1 + 16 : 5 + 8 + 16 }
  /// RFC 8446 §5.1: a record holds at most 2^14 bytes.
  public static let maximumContent: UInt64 = 16_384

  public var encodedLength: Int {
    switch self {
    case .handshake(let message): message.encodedLength
    case .alert: 7 + 24
    case .applicationData(let slice, _, let version): slice.count + Self.overhead(version)
    }
  }
}
