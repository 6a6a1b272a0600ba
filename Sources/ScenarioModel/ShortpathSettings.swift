// The settings of Shortpath where administrators find them: host pool, session host, client (avd-connectivity.md §1.1 to §1.3).

/// `directUDP`, `publicUDP` and `relayUDP` of the policy template of October 2025.
public enum PolicySwitch: Sendable, CaseIterable {
  /// 1
  case enabled
  /// 2
  case disabled
}

/// `SelectTransport`, "Select RDP transport protocols".
public enum TransportSelection: Sendable, CaseIterable {
  /// 1: no Shortpath of any kind.
  case onlyTCP
  /// 2
  case either
}

/// A session host's policies, under `HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services`; `nil` is not configured.
public struct HostPolicySpec: Sendable, Equatable {
  /// `fUseUdpPortRedirector`: the managed listener; off until set.
  public var managedListener = false
  /// `UdpRedirectorPort`, default 3390.
  public var listenerPort: UInt16 = 3390
  /// `ICEEnableClientPortRange`
  public var limitsClientPorts = false
  /// `ICEClientPortBase`, default 38300.
  public var clientPortBase: UInt16 = 38_300
  /// `ICEClientPortRange`, default 1000.
  public var clientPortCount: UInt16 = 1_000
  public var directUDP: PolicySwitch?
  public var publicUDP: PolicySwitch?
  public var relayUDP: PolicySwitch?
  public var selectTransport: TransportSelection?
  public init() {}

  /// The shorthand `public`: off stands for `directUDP` and `publicUDP` both disabled, which is all of ICE.
  public var publicNetworks: Bool {
    get { directUDP != .disabled || publicUDP != .disabled }
    set {
      directUDP = newValue ? nil : .disabled
      publicUDP = newValue ? nil : .disabled
    }
  }

  /// The last port a client may be given: 49151, just below the dynamic range.
  public static let lastClientPort = 49_151

  /// What is wrong with the values taken together.
  public var contradiction: (setting: String, message: String)? {
    let last = Int(clientPortBase) + Int(clientPortCount) - 1
    guard last > Self.lastClientPort else { return nil }
    return (
      "ICEClientPortRange",
      "\(clientPortCount) ports from ICEClientPortBase \(clientPortBase) end at \(last); the last one allowed is \(Self.lastClientPort)"
    )
  }
}

/// What a user connects with.
public enum ClientKind: String, Sendable, CaseIterable {
  case windows, macos, ios, android
  /// In the browser: TCP only.
  case web
}

/// A host-pool property: `Default` means enabled today.
public enum PoolSwitch: String, Sendable, CaseIterable {
  case `default` = "Default"
  case enabled = "Enabled"
  case disabled = "Disabled"
  public var allows: Bool { self != .disabled }
}

/// `PublicNetworkAccess` of a host pool.
public enum PublicNetworkAccess: String, Sendable, CaseIterable {
  case enabled = "Enabled"
  case disabled = "Disabled"
  case onlySessionHosts = "EnabledForSessionHostsOnly"
  case onlyClients = "EnabledForClientsOnly"
  /// Whether one end at least comes over Private Link (*assumed*: that is what each but `Enabled` demands).
  public var demandsPrivateLink: Bool { self != .enabled }
}

/// The host pool's properties that concern Shortpath.
public struct HostPoolSpec: Sendable, Equatable {
  public var managedPrivateUDP = PoolSwitch.default
  public var directUDP = PoolSwitch.default
  public var publicUDP = PoolSwitch.default
  public var relayUDP = PoolSwitch.default
  public var publicNetworkAccess = PublicNetworkAccess.enabled
  /// `AllowRDPShortPathWithPrivateLink`: an opt-in (*assumed*: Disabled until set).
  public var allowsShortpathWithPrivateLink = false
  /// The custom RDP property `use udp:i:0|1`, which travels in the connection configuration; `nil` when the pool sets none.
  public var usesUDP: Bool?
  public init() {}
  public var path: String { "host-pool" }
}

/// A setting by its real name, with its values as people write them: one row serves reading, writing and changing.
public struct NamedSetting<Owner>: Sendable {
  public let name: String
  /// The words it takes; empty when it takes a number.
  public let words: [String]
  /// The numbers it takes; `nil` when it takes words.
  public let range: ClosedRange<UInt16>?
  /// What it takes, for messages.
  public let allowed: String
  /// The value as written.
  public let text: @Sendable (Owner) -> String
  /// Sets the value from what was written; false when it is not allowed.
  public let set: @Sendable (inout Owner, String) -> Bool

  static func choice<Value: Equatable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ words: [(word: String, value: Value)]
  ) -> NamedSetting {
    let names = words.map(\.word)
    return NamedSetting(
      name: name, words: names, range: nil, allowed: "one of " + names.joined(separator: ", "),
      text: { owner in words.first { $0.value == owner[keyPath: path] }?.word ?? "" },
      set: { owner, text in
        guard let match = words.first(where: { $0.word == text }) else { return false }
        owner[keyPath: path] = match.value
        return true
      })
  }

  static func number(
    _ name: String, _ path: any WritableKeyPath<Owner, UInt16> & Sendable, _ range: ClosedRange<UInt16>
  ) -> NamedSetting {
    NamedSetting(
      name: name, words: [], range: range, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      text: { "\($0[keyPath: path])" },
      set: { owner, text in
        guard let value = UInt16(text), "\(value)" == text, range.contains(value) else { return false }
        owner[keyPath: path] = value
        return true
      })
  }
}

/// The word for a value that nobody configured.
private let notConfigured = "not-configured"

extension HostPolicySpec {
  /// `UdpRedirectorPort`, which the shorthand `port` stands for.
  public static let port = NamedSetting<HostPolicySpec>.number("UdpRedirectorPort", \.listenerPort, 1_024...65_535)
  /// Under `hosts.X.policy`.
  public static let settings: [NamedSetting<HostPolicySpec>] = [
    .choice("fUseUdpPortRedirector", \.managedListener, [("0", false), ("1", true)]),
    port,
    .choice("ICEEnableClientPortRange", \.limitsClientPorts, [("0", false), ("1", true)]),
    .number("ICEClientPortBase", \.clientPortBase, 1_024...49_151),
    .number("ICEClientPortRange", \.clientPortCount, 100...48_128),
    .choice("directUDP", \.directUDP, switchWords),
    .choice("publicUDP", \.publicUDP, switchWords),
    .choice("relayUDP", \.relayUDP, switchWords),
    .choice("SelectTransport", \.selectTransport, [("1", .onlyTCP), ("2", .either), (notConfigured, nil)]),
  ]
  private static let switchWords: [(word: String, value: PolicySwitch?)] = [
    ("1", .enabled), ("2", .disabled), (notConfigured, nil),
  ]
}

extension ClientSpec {
  /// Under `hosts.X.client`.
  public static let settings: [NamedSetting<ClientSpec>] = [
    .choice("kind", \.kind, ClientKind.allCases.map { ($0.rawValue, $0) }),
    .choice("fClientDisableUDP", \.udp, [("0", true), ("1", false)]),
  ]
}

extension HostPoolSpec {
  /// Under `host-pool`.
  public static let settings: [NamedSetting<HostPoolSpec>] = [
    .choice("ManagedPrivateUdp", \.managedPrivateUDP, switchWords),
    .choice("DirectUdp", \.directUDP, switchWords),
    .choice("PublicUdp", \.publicUDP, switchWords),
    .choice("RelayUdp", \.relayUDP, switchWords),
    .choice("PublicNetworkAccess", \.publicNetworkAccess, PublicNetworkAccess.allCases.map { ($0.rawValue, $0) }),
    .choice("AllowRDPShortPathWithPrivateLink", \.allowsShortpathWithPrivateLink, [("Disabled", false), ("Enabled", true)]),
  ]
  /// Under `host-pool.rdp-properties`.
  public static let properties: [NamedSetting<HostPoolSpec>] = [
    .choice("use udp", \.usesUDP, [("0", false), ("1", true), (notConfigured, nil)])
  ]
  private static let switchWords = PoolSwitch.allCases.map { (word: $0.rawValue, value: $0) }
}
