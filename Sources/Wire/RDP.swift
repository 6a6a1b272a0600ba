// RDP's PDUs by phase (MS-RDPBCGR §1.3.1.1), multitransport (MS-RDPBCGR §2.2.15, MS-RDPEMT) and dynamic virtual channels (MS-RDPEDYC).

/// The dynamic virtual channels a session carries.
public enum VirtualChannel: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case graphics, input, redirection
  public var name: String { String(describing: self) }
}

/// A message number for each channel.
public struct ChannelPositions: Hashable, Sendable, BitwiseCopyable {
  private var graphics: UInt32 = 0
  private var input: UInt32 = 0
  private var redirection: UInt32 = 0
  /// At the first message of every channel.
  public init() {}
  public subscript(channel: VirtualChannel) -> UInt32 {
    get {
      switch channel {
      case .graphics: graphics
      case .input: input
      case .redirection: redirection
      }
    }
    set {
      switch channel {
      case .graphics: graphics = newValue
      case .input: input = newValue
      case .redirection: redirection = newValue
      }
    }
  }
}

/// Multitransport flags (MS-RDPBCGR §2.2.1.3.8, §2.2.1.4.6).
public struct MultitransportFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// Reliable UDP.
  public static let udpFECR = MultitransportFlags(rawValue: 0x01)
  public static let softSyncTCPToUDP = MultitransportFlags(rawValue: 0x200)
}

/// What PDUs travel in: the base connection, with TPKT, X.224 and MCS around each, or a tunnel, with MS-RDPEMT's header.
public enum RDPFrame: Hashable, Sendable, CaseIterable { case base, tunnel }

/// One PDU of the main connection or of a tunnel.
public enum RDPMessage: Hashable, Sendable {
  // Connection initiation.
  case x224ConnectionRequest
  case x224ConnectionConfirm
  // Basic settings exchange.
  case mcsConnectInitial(MultitransportFlags)
  case mcsConnectResponse(MultitransportFlags)
  // Channel connection.
  case erectDomain
  case attachUserRequest
  case attachUserConfirm
  case channelJoinRequest(UInt16)
  case channelJoinConfirm(UInt16)
  // Secure settings exchange: the user's sign-in token.
  case clientInfo(token: Secret)
  // Connect-time and continuous auto-detection (MS-RDPBCGR §2.2.14.1.1, §2.2.14.2.1).
  case rttMeasureRequest(sequence: UInt16)
  case rttMeasureResponse(sequence: UInt16)
  // Licensing.
  case licenseValidClient
  case licenseRefused
  // Multitransport bootstrapping. The listener's addresses ride in the request's payload (*assumed*: FreeRDP saw JSON there).
  /// `candidates`: those for public networks follow; it is said in the two reserved bytes (*assumed*; MS-RDPBCGR §2.2.15.1).
  case initiateMultitransport(requestID: UInt32, cookie: Secret, listener: [Endpoint], candidates: Bool)
  case multitransportResponse(requestID: UInt32, accepted: Bool)
  // Shortpath for public networks: one side's candidates, over the base connection.
  case shortpathCandidates(CandidateList)
  // Capabilities exchange.
  case demandActive
  /// `graphicsPipeline`: the client can draw by MS-RDPEGFX, which a server may require.
  case confirmActive(graphicsPipeline: Bool)
  // Finalization.
  case synchronize
  case controlCooperate
  case controlRequest
  case controlGranted
  case fontList
  case fontMap
  // Dynamic virtual channels.
  /// `number` counts the channel's messages from 0; it has no bytes, and serves only to see that nothing is lost, doubled or overtaken.
  case channelData(VirtualChannel, length: UInt32, number: UInt32)
  /// MS-RDPEDYC §2.2.5.1: all data on TCP is flushed; these channels continue on the tunnel.
  /// `keepsBase`: reverse connect stays up beside the tunnel (*assumed* to ride in the request; it has spare flags).
  case softSyncRequest(keepsBase: Bool)
  /// MS-RDPEDYC §2.2.5.2.
  case softSyncResponse
  /// After the loss of a tunnel beside a warm reverse connect: the numbers the sender of this expects next (*assumed*).
  case channelsResume(ChannelPositions)
  /// Server Heartbeat PDU (MS-RDPBCGR §2.2.16.1); clients answer in kind (Microsoft, "RDP bandwidth requirements": 20 B every 5 s).
  case heartbeat
  // Tunnel PDUs (MS-RDPEMT §2.2.2).
  case tunnelCreateRequest(requestID: UInt32, cookie: Secret)
  case tunnelCreateResponse(success: Bool)
  /// MS-RDPBCGR §2.2.8.1 disconnect provider ultimatum.
  case disconnect

  /// TPKT and X.224 data header (MS-RDPBCGR §2.2.9.1.1.1) with the MCS send-data header.
  static let mcsData = 4 + 3 + 8
  /// MS-RDPEMT §2.2.1.1.
  static let tunnelHeader = 4
  /// The longest message that a single DYNVC_DATA carries (MS-RDPEDYC §2.2.3.2), and the longest PDU of a longer one (§3.1.5.1).
  static let largestWhole = 1590
  static let largestPiece = 1600

  /// Bytes on the wire: those that `WireCodec` writes. Capability sets and settings blocks are those of a current client and server.
  public func encodedLength(in frame: RDPFrame) -> Int {
    switch self {
    case .x224ConnectionRequest: 4 + 7 + 24 + 8
    case .x224ConnectionConfirm: 4 + 7 + 8
    case .mcsConnectInitial: 426
    case .mcsConnectResponse: 124
    case .erectDomain: 12
    case .attachUserRequest: 8
    case .attachUserConfirm: 11
    case .channelJoinRequest: 12
    case .channelJoinConfirm: 15
    case .clientInfo: 379
    case .rttMeasureRequest, .rttMeasureResponse: (frame == .base ? Self.mcsData + 4 : Self.tunnelHeader) + 6
    case .licenseValidClient, .licenseRefused: Self.mcsData + 4 + 16
    case .initiateMultitransport(_, _, let listener, _):
      Self.mcsData + 4 + 24 + (listener.isEmpty ? 0 : 2 + 26 + 48 * listener.count)
    case .multitransportResponse: Self.mcsData + 4 + 8
    case .shortpathCandidates(let list): Self.mcsData + 4 + list.encodedLength
    case .demandActive: 405
    case .confirmActive: 526
    case .synchronize: 37
    case .controlCooperate, .controlRequest, .controlGranted: 41
    case .fontList, .fontMap: 41
    case .channelData(_, let length, _): Self.channelLength(Int(length), in: frame)
    case .softSyncRequest: Self.mcsData + 8 + 10 + 6 + 4 * VirtualChannel.allCases.count
    case .softSyncResponse: Self.mcsData + 8 + 6 + 4
    case .channelsResume: Self.mcsData + 8 + 2 + 4 * VirtualChannel.allCases.count
    case .heartbeat: Self.mcsData + 4 + 4
    case .tunnelCreateRequest: Self.tunnelHeader + 24
    case .tunnelCreateResponse: Self.tunnelHeader + 4
    case .disconnect: 9
    }
  }

  /// A channel message's pieces, each in a frame of its own: DYNVC_DATA_FIRST says the length in 2 or 4 bytes, DYNVC_DATA follow.
  private static func channelLength(_ length: Int, in frame: RDPFrame) -> Int {
    let around = frame == .base ? mcsData + 8 : tunnelHeader
    guard length > largestWhole else { return around + 2 + length }
    let first = length > 0xFFFF ? 6 : 4
    let following = largestPiece - 2
    let more = (length - (largestPiece - first) + following - 1) / following
    // A first piece that is not full has none after it.
    return length + around + first + max(0, more) * (around + 2)
  }
}
