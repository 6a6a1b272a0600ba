// Who talks about what: the label every packet carries for the trace's sake. No element's behaviour reads it.
public import SimulationKernel

/// The ways a session's traffic can go (DESIGN, "Words").
public enum Transport: UInt8, Sendable, CaseIterable, BitwiseCopyable, Comparable {
  case reverseConnect = 0
  case managed = 1
  case `public` = 2
  case relayed = 4

  /// The word used in scenarios, results and reports.
  public var name: String {
    switch self {
    case .reverseConnect: "reverse-connect"
    case .managed: "managed"
    case .public: "public"
    case .relayed: "relayed"
    }
  }
  /// What an administrator sees as `UdpUse` (0 for reverse connect).
  public var udpUse: Int { Int(rawValue) }
  public init?(name: String) {
    guard let match = Transport.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
  public static func < (a: Transport, b: Transport) -> Bool { a.rawValue < b.rawValue }
}

/// What a conversation is about.
public enum ConversationTopic: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case background, probe, crossTraffic, tunnelControl, brokerChannel, directory, feed, gatewayProbe, gatewayClient, gatewayBroker,
    gatewayHost, stun, candidatePair, listener, rogue
  public var name: String { String(describing: self) }
}

/// One conversation: whose it is and who opened it. `key` is stable across scenarios; the row's index is not.
public struct Conversation: Hashable, Sendable, BitwiseCopyable {
  public var key: UInt64
  public var topic: ConversationTopic
  /// The session's ordinal in the scenario, from 1; 0 for none.
  public var session: UInt16
  /// The transport being attempted.
  public var attempt: Transport
  /// The candidate pair's row in its session, from 1; 0 for none.
  public var pair: UInt16
  public var opener: NodeID
  /// Packets sent so far by the opener and by the others: the ordinals luck is made from.
  public var sentByOpener: UInt32 = 0
  public var sentByOthers: UInt32 = 0

  public init(
    key: UInt64, topic: ConversationTopic, session: UInt16 = 0, attempt: Transport = .reverseConnect, pair: UInt16 = 0,
    opener: NodeID
  ) {
    self.key = key
    self.topic = topic
    self.session = session
    self.attempt = attempt
    self.pair = pair
    self.opener = opener
  }

  /// The luck of the next packet that `sender` sends in this conversation.
  @inlinable public mutating func nextLuck(sender: NodeID) -> UInt64 {
    if sender == opener {
      sentByOpener &+= 1
      return mix(key, 1, UInt64(sentByOpener))
    }
    sentByOthers &+= 1
    return mix(key, 2, UInt64(sentByOthers))
  }
}
