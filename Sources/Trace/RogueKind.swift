// What somebody may try who does not belong to a session.

/// A rogue's way of trying to get in.
public enum RogueKind: String, Sendable, CaseIterable {
  /// An RDP-UDP SYN with the hash of a cookie that nobody gave out.
  case unknownCookie = "unknown-cookie"
  /// An overheard hash, the whole handshake and TLS behind it, and then a tunnel request with a made-up cookie.
  case wrongCookie = "wrong-cookie"
  /// An overheard SYN as it was, from the rogue's own address.
  case replayedSYN = "replayed-syn"
  /// A connectivity check to an overheard destination under a made-up user name.
  case wrongICEUser = "wrong-ice-user"
  /// The same under the overheard name, with an integrity made without the password.
  case wrongICEPassword = "wrong-ice-password"
  /// SYNs from ever other ports; with an overheard hash when it hears a network, else with made-up ones.
  case synFlood = "syn-flood"
  /// An answer to an overheard STUN request, from an address that was not asked.
  case stunAnswer = "stun-answer"

  /// Whether it sends RDP-UDP: to the listener, or to where the SYN it has overheard went.
  public var sendsSYNs: Bool {
    switch self {
    case .unknownCookie, .wrongCookie, .replayedSYN, .synFlood: true
    case .wrongICEUser, .wrongICEPassword, .stunAnswer: false
    }
  }

  /// Whether it can do nothing before it has overheard something.
  public var mustHear: Bool { self != .unknownCookie && self != .synFlood }
  /// Whether what it overhears is of any use to it.
  public var mayHear: Bool { self != .unknownCookie }
}
