// Hosts and what the service side is made of.
import NetworkModel
import SimulationKernel
public import Wire

public enum HostRole: String, Sendable, CaseIterable {
  case client
  case sessionHost = "session-host"
  case tunnelGateway = "tunnel-gateway"
  /// Answers probes: a UDP echo on port 7 and STUN on port 3478.
  case server
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
  public var shortpath = ShortpathSpec()
  public var client = ClientSpec()
  public init(id: String, role: HostRole, network: String) {
    self.id = id
    self.label = id
    self.role = role
    self.network = network
  }
  public var path: String { "hosts.\(id)" }
}

/// A session host's Shortpath settings (host policy).
public struct ShortpathSpec: Sendable, Equatable {
  /// `fUseUdpPortRedirector`: the managed listener; off until set (avd-connectivity.md §1.1).
  public var managedListener = false
  /// `UdpRedirectorPort`, default 3390.
  public var listenerPort: UInt16 = 3390
  /// Shortpath for public networks; on by default since September 2022 (avd-connectivity.md §1.1).
  public var publicNetworks = true
  public init() {}
}

/// A client's settings.
public struct ClientSpec: Sendable, Equatable {
  /// `fClientDisableUDP` = 0.
  public var udp = true
  public init() {}
}

/// A host-pool property: `Default` means enabled today (avd-connectivity.md §1.1).
public enum PoolSwitch: String, Sendable, CaseIterable {
  case `default`, enabled, disabled
  public var allows: Bool { self != .disabled }
}

/// The host pool's RDP Shortpath properties; with host policy and client, the most restrictive wins.
public struct HostPoolSpec: Sendable, Equatable {
  /// `ManagedPrivateUdp`
  public var managedPrivateUDP = PoolSwitch.default
  /// `PublicUdp`
  public var publicUDP = PoolSwitch.default
  public init() {}
  public var path: String { "host-pool" }
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

/// The service side. What is not said stands in the first region.
public struct ServiceSpec: Sendable, Equatable {
  /// Empty: one region, `service`, hangs on the scenario's only network without translation and uplink.
  public var regions: [RegionSpec] = []
  /// The regions of the single services; `nil`: the first by id.
  public var directory: String?
  public var feed: String?
  public var broker: String?
  public var stun: String?
  public init() {}
  public var path: String { "service" }
}
