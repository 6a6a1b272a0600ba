// What is said to an explicit HTTP proxy and by it: CONNECT and its answers (RFC 9110 §9.3.6 and §15, RFC 9112 §2 to §4).
public import SimulationKernel

/// Where a tunnel is to lead, in HTTP's authority form (RFC 9112 §3.2.3): a name, which the proxy resolves, and a port.
public struct HTTPAuthority: Hashable, Sendable, BitwiseCopyable {
  public var name: ComponentKey
  public var port: UInt16
  public init(_ name: ComponentKey, _ port: UInt16) {
    self.name = name
    self.port = port
  }
  /// Letters of every service's name, as `rdgateway-r1.wvd.microsoft.com` has (*assumed*: names are keys here).
  public static let nameLength = 30
  /// Name, colon, port.
  public var encodedLength: Int { Self.nameLength + 1 + "\(port)".utf8.count }
}

/// A proxy's answer to CONNECT: the status codes that a client can tell apart.
public enum ProxyStatus: UInt16, Hashable, Sendable, CaseIterable {
  /// The tunnel is open: what follows is the destination's.
  case established = 200
  case forbidden = 403
  case authenticationRequired = 407
  /// The name is unknown, or the destination refused.
  case badGateway = 502
  /// The destination did not answer.
  case gatewayTimeout = 504

  /// The reason phrase after the code (RFC 9110 §15; free for 200, where proxies say this).
  public var phrase: String {
    switch self {
    case .established: "Connection established"
    case .forbidden: "Forbidden"
    case .authenticationRequired: "Proxy Authentication Required"
    case .badGateway: "Bad Gateway"
    case .gatewayTimeout: "Gateway Timeout"
    }
  }
}

/// A request to a proxy, or its answer.
public enum ProxyMessage: Hashable, Sendable {
  case connect(HTTPAuthority)
  case answer(ProxyStatus)

  /// The whole message as it is on the wire; `host` stands for the name of a request's authority.
  public func text(host: String) -> String {
    switch self {
    case .connect(let authority): "CONNECT \(host):\(authority.port) HTTP/1.1\r\nHost: \(host):\(authority.port)\r\n\r\n"
    case .answer(let status): "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n\(status.fields)\r\n"
    }
  }

  /// Bytes of the message; neither has a body.
  public var encodedLength: Int {
    switch self {
    // Two lines and an empty one around the authority, which stands there twice.
    case .connect(let authority): 2 * authority.encodedLength + 29
    case .answer: text(host: "").utf8.count
    }
  }
}

extension ProxyStatus {
  /// A 2xx answer to CONNECT has no content and no length (RFC 9110 §9.3.6); 407 names a scheme (§15.5.8).
  fileprivate var fields: String {
    switch self {
    case .established: ""
    case .authenticationRequired: "Proxy-Authenticate: Negotiate\r\nContent-Length: 0\r\nConnection: close\r\n"
    case .forbidden, .badGateway, .gatewayTimeout: "Content-Length: 0\r\nConnection: close\r\n"
    }
  }
}
