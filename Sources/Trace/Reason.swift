// Why an attempt or a session ended as it did: stable codes, one page each in `shortpath codes`.

/// How an attempt at a transport ended (DESIGN, "Words").
public enum AttemptOutcome: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case pending = 0
  case won = 1
  case failed = 2
  case abandoned = 3
  case notTried = 4
  public var name: String {
    switch self {
    case .pending: "pending"
    case .won: "won"
    case .failed: "failed"
    case .abandoned: "abandoned"
    case .notTried: "not-tried"
    }
  }
}

/// The reason of an attempt's or session's end. Raw values are stored: never renumber, only append.
public enum Reason: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case none = 0
  // Won.
  case onlyDirectPath = 1
  case lowestRoundTrip = 2
  case establishedFirst = 3
  case onlyTransport = 4
  case noUDPPath = 5
  case shortpathOff = 6
  case otherPathBlocked = 7
  case resumed = 8
  // Not tried.
  case listenerOff = 20
  case hostPoolSetting = 21
  case hostPolicy = 22
  case clientSetting = 23
  case noRelay = 24
  case baseTransportMissing = 25
  case privateLink = 26
  case clientKind = 27
  // Failed.
  case noAnswer = 40
  case allPairsFailed = 41
  case noCandidatePairs = 42
  case udpConnectionFailed = 43
  case tlsFailed = 44
  case tunnelRefused = 45
  case signallingLost = 46
  case noListenerAddress = 47
  case udpRefused = 48
  // Abandoned.
  case lostRace = 60
  case replaced = 61
  case sessionEnded = 62
  // Failures of the session itself.
  case directoryUnreachable = 80
  case feedUnreachable = 81
  case gatewayUnreachable = 82
  case signInRefused = 83
  case tokenRefused = 84
  case resourceUnknown = 85
  case noHealthyHost = 86
  // 87 was `certificate-rejected`, which 100 to 104 tell apart.
  case brokerUnavailable = 88
  case hostUnreachable = 89
  case connectionLost = 90
  case licensingFailed = 91
  case protocolViolation = 92
  case undecided = 99
  case certificateWrongName = 100
  case certificateExpired = 101
  case certificateUntrusted = 102
  case tlsVersionMismatch = 103
  case configurationUntrusted = 104
  case tokenExpired = 105
  case feedEmpty = 106
  case capabilitiesRefused = 107
  /// A UDP transport that carried the session went silent.
  case pathLost = 108
  /// Automatic reconnect gave up.
  case reconnectFailed = 109
  /// The machine was off, or was started anew.
  case machineDown = 120
  /// The address a connection stood on is gone: its own host has left the network, or a tunnel is down.
  case addressLost = 130
  // An explicit proxy on the way to the service.
  case proxyUnreachable = 150
  case proxyRefused = 151
  case proxyAuthenticationRequired = 152
  /// A proxy closed a tunnel that was quiet.
  case proxyIdle = 153

  /// Whether a handshake of TLS ended so.
  public var isSecurity: Bool {
    switch self {
    case .tlsFailed, .certificateWrongName, .certificateExpired, .certificateUntrusted, .tlsVersionMismatch: true
    default: false
    }
  }

  /// The stable code, as results and reports print it.
  public var code: String {
    switch self {
    case .none: "none"
    case .onlyDirectPath: "only-direct-path"
    case .lowestRoundTrip: "lowest-round-trip"
    case .establishedFirst: "established-first"
    case .onlyTransport: "only-transport"
    case .noUDPPath: "no-udp-path"
    case .shortpathOff: "shortpath-off"
    case .otherPathBlocked: "other-path-blocked"
    case .resumed: "resumed"
    case .listenerOff: "listener-off"
    case .hostPoolSetting: "host-pool-setting"
    case .hostPolicy: "host-policy"
    case .clientSetting: "client-setting"
    case .noRelay: "no-relay"
    case .baseTransportMissing: "base-transport-missing"
    case .privateLink: "private-link"
    case .clientKind: "client-kind"
    case .noAnswer: "no-answer"
    case .allPairsFailed: "all-pairs-failed"
    case .noCandidatePairs: "no-candidate-pairs"
    case .udpConnectionFailed: "udp-connection-failed"
    case .tlsFailed: "tls-failed"
    case .tunnelRefused: "tunnel-refused"
    case .signallingLost: "signalling-lost"
    case .noListenerAddress: "no-listener-address"
    case .udpRefused: "udp-refused"
    case .lostRace: "lost-race"
    case .replaced: "replaced"
    case .sessionEnded: "session-ended"
    case .directoryUnreachable: "directory-unreachable"
    case .feedUnreachable: "feed-unreachable"
    case .gatewayUnreachable: "gateway-unreachable"
    case .signInRefused: "sign-in-refused"
    case .tokenRefused: "token-refused"
    case .resourceUnknown: "resource-unknown"
    case .noHealthyHost: "no-healthy-host"
    case .brokerUnavailable: "broker-unavailable"
    case .hostUnreachable: "host-unreachable"
    case .connectionLost: "connection-lost"
    case .licensingFailed: "licensing-failed"
    case .protocolViolation: "protocol-violation"
    case .undecided: "undecided"
    case .certificateWrongName: "certificate-wrong-name"
    case .certificateExpired: "certificate-expired"
    case .certificateUntrusted: "certificate-untrusted"
    case .tlsVersionMismatch: "tls-version-mismatch"
    case .configurationUntrusted: "configuration-untrusted"
    case .tokenExpired: "token-expired"
    case .feedEmpty: "feed-empty"
    case .capabilitiesRefused: "capabilities-refused"
    case .pathLost: "path-lost"
    case .reconnectFailed: "reconnect-failed"
    case .machineDown: "machine-down"
    case .addressLost: "address-lost"
    case .proxyUnreachable: "proxy-unreachable"
    case .proxyRefused: "proxy-refused"
    case .proxyAuthenticationRequired: "proxy-authentication-required"
    case .proxyIdle: "proxy-idle"
    }
  }
}
