// Which messages of the main connection pass through the RDP sequence to its user, and from which phase on.
import Wire

/// When a message belongs to the sequence's user rather than to the sequence.
enum RDPPassage: Equatable, Sendable {
  /// It is one of the sequence's own.
  case never
  /// Shortpath's signalling: from multitransport bootstrapping on, in any phase.
  case sinceMultitransport
  /// Dynamic virtual channels: when the connection is active.
  case whenActive

  init(_ message: RDPMessage) {
    self =
      switch message {
      case .shortpathCandidates, .multitransportResponse, .rttMeasureRequest, .rttMeasureResponse: .sinceMultitransport
      case .channelData, .softSyncRequest, .softSyncResponse, .channelsResume, .heartbeat: .whenActive
      case .x224ConnectionRequest, .x224ConnectionConfirm, .mcsConnectInitial, .mcsConnectResponse, .erectDomain,
        .attachUserRequest, .attachUserConfirm, .channelJoinRequest, .channelJoinConfirm, .clientInfo, .licenseValidClient,
        .licenseRefused, .initiateMultitransport, .demandActive, .confirmActive, .synchronize, .controlCooperate,
        .controlRequest, .controlGranted, .fontList, .fontMap, .tunnelCreateRequest, .tunnelCreateResponse, .disconnect:
        .never
      }
  }
}

extension MultitransportFlags {
  /// What a session needs to move to Shortpath: reliable UDP, and Soft-Sync to get there.
  static let shortpath: MultitransportFlags = [.udpFECR, .softSyncTCPToUDP]
}
