// STUN messages (RFC 8489) with the attributes ICE adds (RFC 8445 §7.1), as fields with their exact encoded length.

/// The class bits of a STUN message (RFC 8489 §5).
public enum STUNClass: UInt8, Sendable { case request, indication, success, error }

/// The 96-bit transaction id (RFC 8489 §5).
public struct TransactionID: Hashable, Sendable, BitwiseCopyable {
  public var high: UInt32
  public var low: UInt64
  @inlinable public init(high: UInt32, low: UInt64) {
    self.high = high
    self.low = low
  }
}

/// The role attribute with its tie-breaker (RFC 8445 §7.1.3).
public enum ICERoleAttribute: Hashable, Sendable {
  case controlling(tieBreaker: UInt64)
  case controlled(tieBreaker: UInt64)
}

/// A Binding message. Absent attributes are `nil` (or `.none`, `false`).
public struct STUNMessage: Hashable, Sendable {
  public var kind: STUNClass
  public var transaction: TransactionID
  /// USERNAME: `peer-ufrag:own-ufrag` (RFC 8445 §7.2.2), each side's fragment by name.
  public var username: ICEUsername?
  /// The password MESSAGE-INTEGRITY was made with; `.none` when the attribute is absent.
  public var integrity: Secret = .none
  public var priority: UInt32?
  public var useCandidate = false
  public var role: ICERoleAttribute?
  /// XOR-MAPPED-ADDRESS of a success response.
  public var mapped: Endpoint?
  /// ERROR-CODE of an error response, such as 401 or 487.
  public var errorCode: UInt16?
  /// Whether FINGERPRINT is present (always with ICE, RFC 8445 §7.1).
  public var fingerprint = false

  public init(kind: STUNClass, transaction: TransactionID) {
    self.kind = kind
    self.transaction = transaction
  }

  /// Bytes on the wire: RFC 8489 §5 header (20) and each attribute with its 4-byte header and padding (§14).
  public var encodedLength: Int {
    var n = 20
    if username != nil { n += 4 + (ICEUsername.encodedLength + 3) / 4 * 4 }
    if let mapped { n += mapped.address.isV4 ? 12 : 24 }
    if let errorCode { n += 4 + 4 + (Self.reason(of: errorCode).utf8.count + 3) / 4 * 4 }
    if priority != nil { n += 8 }
    if useCandidate { n += 4 }
    if role != nil { n += 12 }
    if integrity != .none { n += 24 }
    if fingerprint { n += 8 }
    return n
  }

  /// The phrase that goes with an error code (RFC 8489 §14.8, RFC 8445 §7.1, RFC 8656 §19).
  public static func reason(of code: UInt16) -> String {
    switch code {
    case 300: "Try Alternate"
    case 400: "Bad Request"
    case 401: "Unauthenticated"
    case 403: "Forbidden"
    case 420: "Unknown Attribute"
    case 437: "Allocation Mismatch"
    case 438: "Stale Nonce"
    case 440: "Address Family not Supported"
    case 441: "Wrong Credentials"
    case 442: "Unsupported Transport Protocol"
    case 443: "Peer Address Family Mismatch"
    case 486: "Allocation Quota Reached"
    case 487: "Role Conflict"
    case 500: "Server Error"
    case 508: "Insufficient Capacity"
    default: ""
    }
  }
}

/// The two user fragments of a connectivity check.
public struct ICEUsername: Hashable, Sendable, BitwiseCopyable {
  /// The fragment of the one who receives the check.
  public var receiver: Secret
  public var sender: Secret
  @inlinable public init(receiver: Secret, sender: Secret) {
    self.receiver = receiver
    self.sender = sender
  }
  /// Two fragments of 4 characters (the minimum of RFC 8445 §5.3) and a colon.
  public static let encodedLength = 9
}

/// Candidate types (RFC 8445 §4) with their recommended type preference (§5.1.2.2).
public enum CandidateType: UInt8, Sendable, CaseIterable, Comparable, BitwiseCopyable {
  case host = 126
  case peerReflexive = 110
  case serverReflexive = 100
  case relayed = 0
  public var name: String {
    switch self {
    case .host: "host"
    case .peerReflexive: "peer-reflexive"
    case .serverReflexive: "server-reflexive"
    case .relayed: "relayed"
    }
  }
  public static func < (a: CandidateType, b: CandidateType) -> Bool { a.rawValue < b.rawValue }
}

/// A candidate as the lists that are exchanged carry it.
public struct CandidateDescription: Hashable, Sendable, BitwiseCopyable {
  public var type: CandidateType
  public var endpoint: Endpoint
  /// The base from which it was obtained; equal to `endpoint` for host candidates.
  public var base: Endpoint
  public var priority: UInt32
  /// Groups candidates of same type, base and server (RFC 8445 §5.1.1.3).
  public var foundation: UInt64
  @inlinable public init(type: CandidateType, endpoint: Endpoint, base: Endpoint, priority: UInt32, foundation: UInt64) {
    self.type = type
    self.endpoint = endpoint
    self.base = base
    self.priority = priority
    self.foundation = foundation
  }
  /// Bytes of one line in the signalled list, as an SDP-like text of fixed width (*assumed*; the product's JSON is not public).
  public static let encodedLength = 96
}

/// One side's credentials and candidates, as sent over the base connection.
public struct CandidateList: Hashable, Sendable {
  public var fragment: Secret
  public var password: Secret
  public var candidates: [CandidateDescription]
  /// What the host's settings leave of ICE; the client's list says nothing of it.
  public var terms = ShortpathTerms()
  public init(fragment: Secret, password: Secret, candidates: [CandidateDescription]) {
    self.fragment = fragment
    self.password = password
    self.candidates = candidates
  }
  /// 64 bytes of envelope (*assumed*), a line per candidate, and the terms.
  public var encodedLength: Int { 64 + candidates.count * CandidateDescription.encodedLength + terms.encodedLength }
}

/// What the session host's settings leave of Shortpath for public networks, told with the host's candidates, so that both sides obey
/// (*assumed*: how the product tells its client is not public).
public struct ShortpathTerms: Hashable, Sendable {
  /// Addresses of own interfaces may be used as candidates.
  public var allowsHost = true
  /// Addresses seen by a STUN server or by the peer may be used; without them no STUN server is asked.
  public var allowsReflexive = true
  /// The ports the client draws its own from; `nil` for its system's dynamic range.
  public var clientPorts: ClosedRange<UInt16>?
  public init() {}
  /// A member of the payload for each that is restricted: `,"directUDP":2`, `,"publicUDP":2`, `,"clientPort":[38300, 1000]` (*assumed*).
  public var encodedLength: Int {
    (allowsHost ? 0 : 14) + (allowsReflexive ? 0 : 14) + (clientPorts == nil ? 0 : 27)
  }
}
