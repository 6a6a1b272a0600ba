// HTTP CONNECT (RFC 9110 §9.3.6): the request to a proxy and the answers it may give.

/// What is said to a proxy, and by it.
public enum ProxyConnect: Hashable, Sendable {
  /// A tunnel to `host` and `port`, in authority form (RFC 9112 §3.2.3).
  case request(host: String, port: UInt16)
  /// 200: what follows on the connection is the destination's.
  case established
  /// 403.
  case forbidden
  /// 407, with a challenge (RFC 9110 §11.7.1).
  case authenticationRequired(scheme: String)
  /// 502: the name is unknown, or the destination refused.
  case badGateway
  /// 504: the destination did not answer.
  case gatewayTimeout

  public var message: HTTPMessage {
    let closing = [HTTPMessage.Field("Content-Length", "0"), HTTPMessage.Field("Connection", "close")]
    switch self {
    case .request(let host, let port):
      let authority = "\(host):\(port)"
      return HTTPMessage(.request(method: "CONNECT", target: authority), fields: [HTTPMessage.Field("Host", authority)])
    case .established: return HTTPMessage(.response(status: 200, reason: "Connection established"))
    case .forbidden: return HTTPMessage(.response(status: 403, reason: "Forbidden"), fields: closing)
    case .authenticationRequired(let scheme):
      return HTTPMessage(
        .response(status: 407, reason: "Proxy Authentication Required"),
        fields: [HTTPMessage.Field("Proxy-Authenticate", scheme)] + closing)
    case .badGateway: return HTTPMessage(.response(status: 502, reason: "Bad Gateway"), fields: closing)
    case .gatewayTimeout: return HTTPMessage(.response(status: 504, reason: "Gateway Timeout"), fields: closing)
    }
  }

  public var bytes: [UInt8] { message.bytes }

  public init(_ message: HTTPMessage) throws(CodecError) {
    switch message.start {
    case .request("CONNECT", let target):
      // An IPv6 address stands in brackets, so the last colon is the port's.
      guard let colon = target.lastIndex(of: ":"), colon > target.startIndex else {
        throw .invalid(field: "CONNECT authority", value: UInt64(target.utf8.count))
      }
      let digits = target[target.index(after: colon)...]
      guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0 else {
        throw .invalid(field: "CONNECT port", value: UInt64(digits.utf8.count))
      }
      self = .request(host: String(target[..<colon]), port: port)
    case .request(let method, _): throw .unsupported(what: "method to a proxy", value: UInt64(method.utf8.count))
    case .response(200..<300, _): self = .established
    case .response(403, _): self = .forbidden
    case .response(407, _):
      guard let scheme = message["Proxy-Authenticate"], !scheme.isEmpty else {
        throw .invalid(field: "Proxy-Authenticate", value: 0)
      }
      self = .authenticationRequired(scheme: scheme)
    case .response(502, _): self = .badGateway
    case .response(504, _): self = .gatewayTimeout
    case .response(let status, _): throw .unsupported(what: "proxy's status", value: UInt64(status))
    }
  }

  /// Reads one message that is all of `bytes`.
  public static func decode(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> ProxyConnect {
    guard let found = try HTTPMessage.read(bytes, answersConnect: true) else {
      throw .truncated(what: "proxy message", needed: bytes.count + 1, available: bytes.count)
    }
    guard found.count == bytes.count else { throw .trailing(what: "proxy message", count: bytes.count - found.count) }
    return try ProxyConnect(found.message)
  }
}
