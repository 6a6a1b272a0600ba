// TLS records and handshake flights, with realistic sizes and what a peer's certificate says.
public import SimulationKernel

public enum TLSVersion: UInt16, Sendable, Comparable, CaseIterable {
  case tls10 = 0x0301
  case tls11 = 0x0302
  case tls12 = 0x0303
  case tls13 = 0x0304
  public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }

  /// Bytes of the fragment that seals `content` bytes.
  public func sealedLength(_ content: Int) -> Int {
    // Content, SHA-1's MAC and at least one byte of padding in AES's whole blocks.
    let blocks = (content + 20 + 1 + 15) & ~15
    switch self {
    // RFC 2246 §6.2.3.2: the IV is the last record's end.
    case .tls10: return blocks
    // RFC 4346 §6.2.3.2: an IV of its own.
    case .tls11: return 16 + blocks
    // RFC 5288 §3: the explicit nonce and GCM's tag.
    case .tls12: return 8 + content + 16
    // RFC 8446 §5.2: the inner type and GCM's tag.
    case .tls13: return content + 1 + 16
    }
  }
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
    // ChangeCipherSpec and Finished (SHA-384's verify data in 1.3), before 1.3 after the client's share on x25519 or a ticket.
    case .clientFinished(.tls13, _): Self.change + TLSRecord.headerLength + TLSVersion.tls13.sealedLength(4 + 48)
    case .clientFinished(let version, _): 42 + Self.change + TLSRecord.headerLength + version.sealedLength(4 + 12)
    case .serverFinished(.tls13): 510
    case .serverFinished(let version): 191 + Self.change + TLSRecord.headerLength + version.sealedLength(4 + 12)
    }
  }
  /// A ChangeCipherSpec's record.
  private static let change = 6
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
  /// Plain during a handshake; `sealed` by a version once there are keys, which a client of 1.3 has when it judges a certificate.
  case alert(TLSAlert, sealed: TLSVersion? = nil)
  /// Bytes of the layer above, sealed with `key`.
  case applicationData(StreamSlice, key: Secret, version: TLSVersion)

  /// Type, version and length (RFC 8446 §5.1).
  public static let headerLength = 5
  /// RFC 8446 §5.1: a record holds at most 2^14 bytes.
  public static let maximumContent: UInt64 = 16_384

  public var encodedLength: Int {
    switch self {
    case .handshake(let message): message.encodedLength
    // Level and description.
    case .alert(_, let sealed): Self.headerLength + (sealed?.sealedLength(2) ?? 2)
    case .applicationData(let slice, _, let version): Self.headerLength + version.sealedLength(slice.count)
    }
  }
}
