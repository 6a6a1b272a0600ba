// What a session passes on its way: the founding document's twelve steps, RDP's phases, and Shortpath's own points.

/// A point in a session's life. Raw values are stored: never renumber, only append.
public enum Milestone: UInt8, Sendable, CaseIterable, BitwiseCopyable, Comparable {
  // The twelve steps, numbered as in the founding document.
  case subscribed = 1
  case tokenIssued = 2
  case tokenPassed = 3
  case tokenValidated = 4
  case configurationReceived = 5
  case configurationStored = 6
  case gatewayConnected = 7
  case brokerAsked = 8
  case hostInitialized = 9
  case hostConnected = 10
  case relayStarted = 11
  case rdpStarted = 12
  // The session host's agent, before and beside all sessions.
  case hostRegistered = 13
  case hostChannelLost = 14
  // Beside the steps.
  case click = 20
  case gatewayChosen = 21
  // RDP's phases (MS-RDPBCGR §1.3.1.1), noted when they end.
  case rdpInitiated = 30
  case rdpSecured = 31
  case rdpBasicSettings = 32
  case rdpChannelsConnected = 33
  case rdpAuthenticated = 34
  case rdpLicensed = 35
  case rdpMultitransport = 36
  case rdpCapabilities = 37
  case desktop = 38
  // Shortpath.
  case listenerOffered = 50
  case listenerProbed = 51
  case hostGathering = 52
  case hostCandidatesSent = 53
  case clientGathering = 54
  case clientCandidatesSent = 55
  case checksStarted = 56
  case pairChosen = 57
  case udpConnected = 58
  case tunnelSecured = 59
  case established = 60
  case softSyncRequested = 61
  case switched = 62
  case reverseConnectClosed = 63
  case failed = 70
  /// The transport that carried the desktop is gone; what it carried is over.
  case interrupted = 71
  /// The client connects anew.
  case reconnecting = 72
  /// The host ended what was left of a connection whose client came again.
  case replaced = 74
  /// The channels go over reverse connect again, which was kept warm.
  case resumed = 73
  /// An explicit proxy opened a tunnel for the session.
  case proxyOpened = 90

  /// The step of the founding document's client connection sequence, 1 … 12.
  public var step: Int? { rawValue <= 12 ? Int(rawValue) : nil }
  /// The documented step it belongs to: choosing a gateway is part of step 7, RDP's phases of step 12.
  public var partOfStep: Int? {
    switch self {
    case .click, .gatewayChosen: 7
    case .rdpInitiated, .rdpSecured, .rdpBasicSettings, .rdpChannelsConnected, .rdpAuthenticated, .rdpLicensed,
      .rdpMultitransport,
      .rdpCapabilities, .desktop:
      12
    default: step
    }
  }

  public static func < (a: Milestone, b: Milestone) -> Bool { a.rawValue < b.rawValue }

  /// One line for people.
  public var title: String {
    switch self {
    case .subscribed: "client subscribed to the workspace"
    case .tokenIssued: "directory authenticated the user and returned a token"
    case .tokenPassed: "client passed the token to the feed"
    case .tokenValidated: "feed validated the token"
    case .configurationReceived: "feed returned signed connection configurations"
    case .configurationStored: "client stored the .rdp files"
    case .gatewayConnected: "client connected to the closest gateway over TLS 1.2"
    case .brokerAsked: "gateway validated the request and asked the broker"
    case .hostInitialized: "broker reached the session host over its persistent channel"
    case .hostConnected: "session host connected to the same gateway over TLS 1.2"
    case .relayStarted: "gateway started relaying: base transport is up"
    case .rdpStarted: "client started the RDP handshake"
    case .hostRegistered: "session host registered with the broker"
    case .hostChannelLost: "session host lost its channel to the broker"
    case .click: "user selected the resource"
    case .gatewayChosen: "client chose the gateway from its probes"
    case .rdpInitiated: "X.224 connection initiation done"
    case .rdpSecured: "nested TLS between client and session host done"
    case .rdpBasicSettings: "basic settings exchanged"
    case .rdpChannelsConnected: "channels connected"
    case .rdpAuthenticated: "secure settings exchanged: user authenticated"
    case .rdpLicensed: "licensing done"
    case .rdpMultitransport: "multitransport bootstrapped"
    case .rdpCapabilities: "capabilities exchanged"
    case .desktop: "connection finalized: desktop"
    case .listenerOffered: "host sent the listener's addresses"
    case .listenerProbed: "client probed the listener"
    case .hostGathering: "host started gathering candidates"
    case .hostCandidatesSent: "host sent its candidates"
    case .clientGathering: "client started gathering candidates"
    case .clientCandidatesSent: "client sent its candidates"
    case .checksStarted: "connectivity checks started"
    case .pairChosen: "candidate pair chosen"
    case .udpConnected: "RDP-UDP connected"
    case .tunnelSecured: "TLS over RDP-UDP done"
    case .established: "host accepted the tunnel: Shortpath established"
    case .softSyncRequested: "Soft-Sync requested"
    case .switched: "channels switched to Shortpath"
    case .reverseConnectClosed: "reverse connect taken down"
    case .failed: "session failed"
    case .interrupted: "session lost its transport"
    case .reconnecting: "client tries to reconnect"
    case .replaced: "host replaced the lost connection"
    case .resumed: "channels resumed on reverse connect"
    case .proxyOpened: "proxy opened a tunnel to the service"
    }
  }
}
