// What clients, hosts and the service say to each other over HTTPS and the broker's channel (product-internal: fields from the
// founding document's twelve steps and FreeRDP's observations, sizes *assumed* unless said otherwise).
public import SimulationKernel

/// A user's access token: who issued it for whom, and until when.
public struct AccessToken: Hashable, Sendable, BitwiseCopyable {
  public var user: ComponentKey
  /// The directory's signing key.
  public var signature: Secret
  public var expires: SimTime
  public init(user: ComponentKey, signature: Secret, expires: SimTime) {
    self.user = user
    self.signature = signature
    self.expires = expires
  }
}

/// A gateway as the feed names it.
public struct GatewayReference: Hashable, Sendable, BitwiseCopyable {
  public var name: ComponentKey
  public var endpoint: Endpoint
  public init(name: ComponentKey, endpoint: Endpoint) {
    self.name = name
    self.endpoint = endpoint
  }
}

/// A digitally signed connection configuration: what the client stores as an .rdp file (steps 5 and 6).
public struct ConnectionConfiguration: Hashable, Sendable {
  /// The resource (a desktop on a session host or pool).
  public var resource: ComponentKey
  public var gateways: [GatewayReference]
  /// The feed's signing key.
  public var signature: Secret
  /// The custom RDP property `use udp:i:0|1`; `nil` when the file has none.
  public var usesUDP: Bool?
  public init(resource: ComponentKey, gateways: [GatewayReference], signature: Secret) {
    self.resource = resource
    self.gateways = gateways
    self.signature = signature
  }
  /// The line `use udp:i:0`, with its line end, is counted when it is there.
  public var encodedLength: Int { 900 + 120 * gateways.count + (usesUDP == nil ? 0 : 13) }
}

/// Which connection of which session a message is about: as the product's correlation ids, new for every connection.
public struct Correlation: Hashable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral {
  /// The session's ordinal in the scenario; 0 for none.
  public var session: UInt16
  /// How many connections the session had before.
  public var generation: UInt16
  public init(session: Int, generation: Int) {
    self.session = UInt16(session)
    self.generation = UInt16(generation)
  }
  /// The first connection of a session.
  public init(integerLiteral session: UInt16) {
    self.session = session
    generation = 0
  }
  /// One word of it, for draws.
  public var word: UInt64 { UInt64(generation) << 16 | UInt64(session) }
}

/// What a client passes to the gateway in step 7, and the gateway to the broker in step 8.
public struct ConnectionRequest: Hashable, Sendable, BitwiseCopyable {
  public var resource: ComponentKey
  public var token: AccessToken
  public var correlation: Correlation
  public init(resource: ComponentKey, token: AccessToken, correlation: Correlation) {
    self.resource = resource
    self.token = token
    self.correlation = correlation
  }
}

/// Why a service refused.
public enum ServiceRefusal: UInt8, Hashable, Sendable, CaseIterable {
  case badToken, expiredToken, unknownResource, noHealthyHost, brokerUnavailable, hostUnreachable
}

/// An HTTPS request or response, or a message on the broker's channel.
public enum ServiceMessage: Hashable, Sendable {
  // Steps 1 and 2.
  case subscribe
  case subscribed(directory: Endpoint, directoryName: ComponentKey)
  case signIn(user: ComponentKey)
  case token(AccessToken)
  // Steps 3 to 5.
  case feedRequest(AccessToken)
  case feed([ConnectionConfiguration])
  // Choosing a gateway.
  case gatewayProbe
  case gatewayLoad(connections: UInt32)
  // Steps 7 to 10.
  case connect(ConnectionRequest)
  case orchestrate(ConnectionRequest, gateway: GatewayReference)
  case orchestrated(connection: UInt64, correlation: Correlation, hostCertificate: Secret)
  case initialize(connection: UInt64, correlation: Correlation, gateway: GatewayReference)
  case hostJoin(connection: UInt64)
  /// HTTP 101: from here on the connection is a WebSocket. The client also learns the host's certificate to pin.
  case switchingProtocols(hostCertificate: Secret)
  // The agent's persistent channel.
  case register(host: ComponentKey, certificate: Secret)
  case registered
  /// Keeps the channel's flow alive in the firewalls on its way.
  case heartbeat
  case refused(ServiceRefusal, correlation: Correlation)

  /// Bytes of the HTTP/1.1 message, headers and body.
  public var encodedLength: Int {
    switch self {
    case .subscribe: 420
    case .subscribed: 640
    case .signIn: 980
    case .token: 2_600
    case .feedRequest: 2_350
    case .feed(let list): 380 + list.reduce(0) { $0 + $1.encodedLength }
    case .gatewayProbe: 180
    case .gatewayLoad: 210
    case .connect: 2_700
    case .orchestrate: 900
    case .orchestrated: 620
    case .initialize: 760
    case .hostJoin: 840
    case .switchingProtocols: 360
    case .register: 700
    case .registered: 160
    case .heartbeat: 120
    case .refused: 320
    }
  }
}
