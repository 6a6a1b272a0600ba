// Why a packet ended without being delivered. Each reason is stored by its code and has a page in `shortpath codes`.

/// The reason of a drop. Raw values are stored: never renumber, only append. 14 and 52 were never told, and are free.
public enum DropReason: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case none = 0
  // Links.
  case linkLoss = 1
  case queueFull = 2
  case linkDown = 3
  case nodeDown = 4
  // The IP layer.
  case noRoute = 10
  case ttlExpired = 11
  case mtuExceeded = 12
  case notForMe = 13
  // Rules.
  case rule = 20
  /// No packet's end, but what stands in a connection's way: a rule had its TLS opened on the way.
  case inspected = 21
  /// A stateful firewall knows no connection that a TCP segment belongs to, and it opens none.
  case notInConnection = 22
  // Address translation.
  case natNoMapping = 30
  case natFiltered = 31
  case natPortsExhausted = 32
  case natHairpinOff = 33
  /// An unsolicited SYN was held in silence, and its connection was opened from inside meanwhile (RFC 5382 REQ-4).
  case natSynOvertaken = 34
  // Virtual interfaces.
  case tunnelDown = 40
  case tunnelBadKey = 41
  case carrierLost = 42
  // Hosts.
  case noSocket = 50
  case notListening = 51
  case unexpected = 53
  // Shortpath's own checks.
  case cookieHashUnknown = 60
  case cookieMismatch = 61
  case notAuthenticated = 62
  case badCredentials = 63
  case wrongSource = 64
  case attemptClosed = 65
  case icmpUnmatched = 66
  case replayed = 70
  case tooManyHandshakes = 71
  /// A host's interface is not in its network: the host has gone to another.
  case detached = 85

  /// The stable code, as results and reports print it.
  public var code: String {
    switch self {
    case .none: "none"
    case .linkLoss: "link-loss"
    case .queueFull: "queue-full"
    case .linkDown: "link-down"
    case .nodeDown: "node-down"
    case .noRoute: "no-route"
    case .ttlExpired: "ttl-expired"
    case .mtuExceeded: "mtu-exceeded"
    case .notForMe: "not-for-me"
    case .rule: "rule"
    case .inspected: "inspected"
    case .notInConnection: "not-in-connection"
    case .natNoMapping: "nat-no-mapping"
    case .natFiltered: "nat-filtered"
    case .natPortsExhausted: "nat-ports-exhausted"
    case .natHairpinOff: "nat-hairpin-off"
    case .natSynOvertaken: "nat-syn-overtaken"
    case .tunnelDown: "tunnel-down"
    case .tunnelBadKey: "tunnel-bad-key"
    case .carrierLost: "carrier-lost"
    case .noSocket: "no-socket"
    case .notListening: "not-listening"
    case .unexpected: "unexpected"
    case .cookieHashUnknown: "cookie-hash-unknown"
    case .cookieMismatch: "cookie-mismatch"
    case .notAuthenticated: "not-authenticated"
    case .badCredentials: "bad-credentials"
    case .wrongSource: "wrong-source"
    case .attemptClosed: "attempt-closed"
    case .icmpUnmatched: "icmp-unmatched"
    case .replayed: "replayed"
    case .tooManyHandshakes: "too-many-handshakes"
    case .detached: "detached"
    }
  }
}
