// Hosts and what the service side is made of.
import NetworkModel
public import SimulationKernel
public import Wire

public enum HostRole: String, Sendable, CaseIterable {
  case client
  case sessionHost = "session-host"
  case tunnelGateway = "tunnel-gateway"
  /// Answers probes: a UDP echo on port 7 and STUN on port 3478.
  case server
  /// Opens tunnels over TCP for those that go through it (HTTP CONNECT).
  case proxy
  /// Does nothing by itself.
  case idle
}

public struct HostSpec: Sendable, Equatable {
  public var id: String
  public var label: String
  public var role: HostRole
  public var network: String
  public var address: IPAddress?
  public var address6: IPAddress?
  public var firewall: FirewallSpec?
  public var policy = HostPolicySpec()
  public var client = ClientSpec()
  public var rdp = RDPSpec()
  /// The highest TLS version it speaks.
  public var tls = TLSVersion.tls13
  /// Authorities it trusts beside the public one.
  public var trusts: [String] = []
  public var certificate = HostCertificateSpec()
  /// The proxy its connections to the service go through.
  public var proxy: ProxyUseSpec?
  /// What it serves when it is a proxy.
  public var forwardProxy = ForwardProxySpec()
  public init(id: String, role: HostRole, network: String) {
    self.id = id
    self.label = id
    self.role = role
    self.network = network
  }
  public var path: String { "hosts.\(id)" }
}

/// A client's settings.
public struct ClientSpec: Sendable, Equatable {
  public var kind = ClientKind.windows
  /// `fClientDisableUDP`, "Turn Off UDP On Client", is 0.
  public var udp = true
  /// Whether the directory knows the user's account and lets it sign in.
  public var account = true
  /// Whether a desktop is assigned to the user; without one the feed is empty.
  public var assigned = true
  /// Whether it can draw by the graphics pipeline (MS-RDPEGFX).
  public var graphicsPipeline = true
  /// Whether it reconnects by itself when a session has lost its transport.
  public var reconnect = true
  public init() {}
}

/// Whom a session host lets in once the base transport is up, and on what terms.
public struct RDPSpec: Sendable, Equatable {
  /// Whether the host trusts the directory's tokens; off stands for a lost trust relationship.
  public var signIn = true
  /// Whether a licence is at hand.
  public var licensed = true
  /// Whether clients must draw by the graphics pipeline (MS-RDPEGFX).
  public var requiresGraphicsPipeline = false
  public init() {}
}

/// A region of the service: a network of its own with gateways, joined to a network of the scenario.
public struct RegionSpec: Sendable, Equatable {
  public var id: String
  public var label: String
  /// The network it hangs on.
  public var at: String
  /// 5 ms (*assumed*: a provider's way to the nearest edge site).
  public var link = PathSpec(LinkSettings(delay: .milliseconds(5)))
  public init(id: String, at: String) {
    self.id = id
    self.label = id
    self.at = at
  }
  public var path: String { "service.regions.\(id)" }
}

/// What becomes of reverse connect when the channels have left it.
public enum ReverseConnectEra: String, Sendable, CaseIterable {
  /// It is taken down (the founding documents, and Microsoft's texts up to 2025).
  case classic
  /// It stays up beside the tunnel, and the channels resume on it when the tunnel dies (Microsoft, RDP Multipath, "redundant TCP", 2026).
  case warm
}

/// The service side. What is not said stands in the first region.
public struct ServiceSpec: Sendable, Equatable {
  /// Empty: one region, `service`, hangs on the scenario's only network without translation and uplink.
  public var regions: [RegionSpec] = []
  /// The regions of the single services; `nil`: the first by id.
  public var directory: String?
  public var feed: String?
  public var broker: String?
  public var stun: String?
  /// How long a sign-in token is valid: 1 h (*assumed*; a Microsoft Entra access token's default is 60 to 90 minutes).
  public var tokenLifetime = SimDuration.seconds(3_600)
  /// What becomes of reverse connect after the switch-over.
  public var reverseConnect = ReverseConnectEra.classic
  /// Whether the feed signs connection configurations with the key that clients trust.
  public var validSignature = true
  /// What single service nodes show, when it is not the usual.
  public var certificates: [ServiceCertificateSpec] = []
  /// TLS 1.2 only (Microsoft, "Understanding network connectivity", connection security).
  public var tls = TLSSpec(lowest: .tls12, highest: .tls12)
  public init() {}
  public var path: String { "service" }
}
