// One sentence for each host of this side: which transport the trace shows, and what it shows of the better ones.
import SimulationKernel
public import Wire

/// What a place shows of one host's transports.
public struct HostVerdict: Equatable, Sendable {
  /// The best transport that carried something, as far as this place shows.
  public enum Transport: String, Equatable, Sendable {
    case managed, `public`, relayed
    /// RDP-UDP of which it cannot be told how it came about.
    case unknownUDP = "unknown-udp"
    /// Only TCP was seen to carry anything.
    case tcpOnly = "only-tcp"
    case none
  }
  public var host: IPAddress
  public var transport: Transport
  public var sentence: String
  /// Why not better: what was tried and came to nothing, and what was not tried here.
  public var obstacles: [String]

  /// What no capture at one place can show.
  public static let limits =
    "A capture at one place shows neither where a packet was lost nor what was refused elsewhere; what another interface (a VPN's) carried is not in it, and candidates, policies and the choice of a pair travel inside TLS."

  static func all(_ place: Place) -> [HostVerdict] { place.near.compactMap { HostVerdict($0, at: place) } }

  /// `nil` for a host of which nothing of interest was seen.
  private init?(_ host: IPAddress, at place: Place) {
    let connections = place.connections.filter { $0.near.address == host }
    let pairs = place.pairs.filter { $0.local.address == host }
    let mappings = place.mappings.filter { $0.own.address == host && $0.isNear }
    let allocations = place.allocations.filter { $0.client.address == host }
    // Who accepts connections serves, and has no transport of its own.
    let tcp = place.flows.filter { flow in
      flow.near.address == host && flow.tls != nil && flow.tcp.map { $0.isEstablished && $0.openedByNear != false } == true
    }
    let hasUDP = !connections.isEmpty || !pairs.isEmpty || !mappings.isEmpty || !allocations.isEmpty
    guard hasUDP || tcp.contains(where: { Self.isService($0) }) else { return nil }
    self.host = host
    obstacles = []
    // The connection that carried most is the one that was chosen; others may have been opened beside it.
    let used = connections.filter(\.isUsed).max {
      $0.dataSent.bytes + $0.dataReceived.bytes < $1.dataSent.bytes + $1.dataReceived.bytes
    }
    if let used {
      transport = [.managed: .managed, .public: .public, .relayed: .relayed][used.kind] ?? .unknownUDP
      sentence = Self.sentence(of: used)
    } else if let flow = tcp.max(by: { $0.sent.bytes + $0.received.bytes < $1.sent.bytes + $1.received.bytes }) {
      transport = .tcpOnly
      let name = flow.tls?.serverName ?? flow.web?.target ?? "\(flow.far)"
      sentence = "Only TCP: TLS to \(name) carried \(flow.sent.bytes + flow.received.bytes) bytes; no RDP-UDP carried data here."
    } else {
      transport = .none
      sentence = "No transport: neither RDP-UDP nor TLS over TCP carried data here."
    }
    obstacles = obstacles(connections, pairs, mappings, allocations)
  }

  /// The service's own names, and the port it is reached by where the name was not seen.
  private static func isService(_ flow: Flow) -> Bool {
    flow.far.port == 443 || flow.far.port == 3389 || flow.tls?.serverName?.hasSuffix("wvd.microsoft.com") == true
  }

  private static func sentence(of flow: RDPUDPFlow) -> String {
    let what =
      switch flow.kind {
      case .managed: "Shortpath for managed networks"
      case .public: "Shortpath for public networks"
      case .relayed: "Shortpath through a relay (TURN)"
      case .unknown: "Shortpath over UDP (neither port 3390 nor checks before it were seen)"
      }
    return "\(what): RDP-UDP between \(flow.near) and \(flow.far); \(flow.sentence)."
  }

  private func obstacles(
    _ connections: [RDPUDPFlow], _ pairs: [CheckPair], _ mappings: [Mapping], _ allocations: [Allocation]
  ) -> [String] {
    var found: [String] = []
    let rank = [Transport.managed, .public, .relayed].firstIndex(of: transport) ?? 3
    if rank > 0 {
      let managed = connections.filter { $0.kind == .managed }
      if managed.isEmpty {
        found.append("managed: no RDP-UDP to port 3390 was seen here")
      } else {
        found += managed.map { "managed: \($0.isEstablished ? "\($0.far): " : "")\($0.sentence)" }
      }
    }
    if rank > 1 { found += publicObstacles(connections, pairs, mappings) }
    if rank > 2 {
      found += allocations.isEmpty ? ["relayed: no TURN was seen here"] : allocations.map { "relayed: \($0.sentence)" }
    }
    return found
  }

  private func publicObstacles(_ connections: [RDPUDPFlow], _ pairs: [CheckPair], _ mappings: [Mapping]) -> [String] {
    let direct = pairs.filter { $0.relay == nil }
    let failed = connections.filter { $0.kind == .public && !$0.isUsed }.map { "public: RDP-UDP: \($0.sentence)" }
    let valid = direct.filter(\.isValid)
    if !valid.isEmpty {
      return failed.isEmpty
        ? ["public: \(listed(valid.map { "\($0.local) to \($0.remote)" })) answered checks, but no RDP-UDP carried data there"]
        : failed
    }
    var found: [String] = []
    let silent = mappings.filter { $0.kind == .unknown }
    for mapping in silent { found.append("public: from \(mapping.own): \(mapping.sentence)") }
    for mapping in mappings where [.destinationDependent, .addressDependent, .addressAndPortDependent].contains(mapping.kind) {
      found.append("public: from \(mapping.own): \(mapping.sentence)")
    }
    found += direct.map { "public: \($0.local) to \($0.remote): \($0.sentence)" }
    if direct.isEmpty, silent.count == mappings.count || mappings.isEmpty {
      found.append(mappings.isEmpty ? "public: neither STUN nor checks were seen here" : "public: no checks were seen here")
    } else if direct.isEmpty {
      found.append("public: a server-reflexive address was found, but no checks were seen here")
    }
    return found + failed
  }
}
