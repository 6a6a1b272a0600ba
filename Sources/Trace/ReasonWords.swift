// Why a session failed, as a clause that stands in a sentence for people.

extension Reason {
  /// The clause, such as "the token had expired"; for a reason that no session fails for, its code with spaces.
  public var clause: String {
    switch self {
    case .directoryUnreachable: "the directory could not be reached"
    case .feedUnreachable: "the feed could not be reached"
    case .gatewayUnreachable: "the gateway could not be reached"
    case .signInRefused: "the sign-in was refused"
    case .tokenRefused: "the token was refused"
    case .tokenExpired: "the token had expired"
    case .resourceUnknown: "the desktop is not known"
    case .feedEmpty: "no desktop is assigned to the user"
    case .configurationUntrusted: "the connection configuration is signed with a key nobody trusts"
    case .noHealthyHost: "no session host is registered"
    case .certificateWrongName: "the certificate shown is for another name"
    case .certificateExpired: "the certificate shown has expired"
    case .certificateUntrusted: "the certificate shown is signed by nobody trusted"
    case .tlsVersionMismatch: "the two ends have no TLS version in common"
    case .tlsFailed: "TLS failed"
    case .brokerUnavailable: "the broker could not be reached"
    case .hostUnreachable: "the session host did not join the gateway"
    case .connectionLost: "the connection broke off"
    case .addressLost: "the address it stood on was gone"
    case .pathLost: "the UDP path went silent"
    case .proxyUnreachable: "the proxy could not be reached"
    case .proxyRefused: "the proxy opens no tunnel there"
    case .proxyAuthenticationRequired: "the proxy wants credentials, which the agent does not give"
    case .proxyIdle: "the proxy closed a quiet tunnel"
    case .reconnectFailed: "it did not come back within the reconnect window"
    case .licensingFailed: "no licence was to be had"
    case .capabilitiesRefused: "the client cannot draw as the host requires"
    case .protocolViolation: "a message came out of turn"
    case .machineDown: "its machine went down"
    case .signallingLost: "the signalling was cut"
    default: String(code.map { $0 == "-" ? " " : $0 })
    }
  }
}
