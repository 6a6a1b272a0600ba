// HTTP CONNECT (RFC 9110 §9.3.6) as bytes and back: what is said to an explicit proxy, and by it.
import SimulationKernel
public import Wire

public enum ProxyCodec {
  /// A message's bytes, of exactly `encodedLength`.
  public static func encode(_ message: ProxyMessage, with identities: inout Identities) -> [UInt8] {
    var host = ""
    if case .connect(let authority) = message { host = self.host(of: authority.name, &identities) }
    return Array(message.text(host: host).utf8)
  }

  /// A message that is all of `bytes`.
  public static func decode(_ bytes: ArraySlice<UInt8>, with identities: inout Identities) throws(CodecError) -> ProxyMessage {
    guard let found = try HTTPMessage.read(bytes, answersConnect: true) else {
      throw .truncated(what: "proxy message", needed: bytes.count + 1, available: bytes.count)
    }
    guard found.count == bytes.count else { throw .trailing(what: "proxy message", count: bytes.count - found.count) }
    switch found.message.start {
    case .request("CONNECT", let target): return .connect(try authority(in: target, &identities))
    case .request(let method, _): throw .unsupported(what: "method to a proxy", value: UInt64(method.utf8.count))
    // RFC 9110 §9.3.6: any 2xx opens the tunnel.
    case .response(200..<300, _): return .answer(.established)
    case .response(let status, _):
      guard let code = UInt16(exactly: status), let known = ProxyStatus(rawValue: code) else {
        throw .unsupported(what: "proxy's status", value: UInt64(status))
      }
      // RFC 9110 §15.5.8: a 407 must name a scheme.
      if known == .authenticationRequired, found.message["Proxy-Authenticate"]?.isEmpty ?? true {
        throw .invalid(field: "Proxy-Authenticate", value: 0)
      }
      return .answer(known)
    }
  }

  /// A component's name of exactly the length that the model counts: a label of `p` fills it up in front.
  private static func host(of key: ComponentKey, _ identities: inout Identities) -> String {
    let most = HTTPAuthority.nameLength
    var name = identities.name(of: key, limit: most)
    if name.utf8.count == most - 1 || unfilled(name) != name { name = "x" + hex(key.value) }
    return name.utf8.count == most ? name : String(repeating: "p", count: most - 1 - name.utf8.count) + "." + name
  }

  private static func unfilled(_ host: String) -> String {
    let rest = host.drop { $0 == "p" }
    return rest.first == "." && rest.startIndex != host.startIndex ? String(rest.dropFirst()) : host
  }

  private static func authority(in target: String, _ identities: inout Identities) throws(CodecError) -> HTTPAuthority {
    // An IPv6 address stands in brackets, so the last colon is the port's.
    guard let colon = target.lastIndex(of: ":"), colon > target.startIndex else {
      throw .invalid(field: "CONNECT authority", value: UInt64(target.utf8.count))
    }
    let digits = target[target.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0 else {
      throw .invalid(field: "CONNECT port", value: UInt64(digits.utf8.count))
    }
    return HTTPAuthority(identities.component(named: unfilled(String(target[..<colon]))), port)
  }
}
