// Reads service messages out of HTTP messages and channel frames.
import SimulationKernel
import Wire

extension ServiceFields {
  // MARK: The agent's channel

  mutating func channelMessage(_ frame: WebSocketFrame) throws(CodecError) -> ServiceMessage {
    guard frame.isFinal else { throw .unsupported(what: "fragmented WebSocket message", value: UInt64(frame.payload.count)) }
    let json = try JSON(reading: frame.payload)
    switch try json.string("type") {
    case "heartbeat": return .heartbeat
    case "initialize":
      return .initialize(
        connection: try Self.word(json.string("connectionId"), "connection id"),
        correlation: try Self.correlation(json.string("activityId")), gateway: try gateway(json))
    case let type: throw .unsupported(what: "channel message", value: UInt64(type.utf8.count))
    }
  }

  private mutating func gateway(_ json: JSON) throws(CodecError) -> GatewayReference {
    GatewayReference(
      name: try component(json.string("gateway"), "gateway name"),
      endpoint: try Self.endpoint(json.string("endpoint"), "gateway endpoint"))
  }

  // MARK: HTTP

  mutating func message(_ message: HTTPMessage) throws(CodecError) -> ServiceMessage {
    switch message.start {
    case .request(let method, let target): try request(method, target, message)
    case .response(101, _): try switched(message)
    case .response(200, _): try answer(message)
    case .response(let status, _): try refusal(status, message)
    }
  }

  private mutating func request(
    _ method: String, _ target: String, _ message: HTTPMessage
  ) throws(CodecError) -> ServiceMessage {
    guard message["Host"] != nil else { throw .invalid(field: "Host", value: 0) }
    switch (method, target) {
    case ("GET", ServiceCodec.Path.discovery): return .subscribe
    case ("POST", ServiceCodec.Path.token):
      let form = String(decoding: message.body, as: UTF8.self).split(separator: "&")
      guard let user = form.first(where: { $0.hasPrefix("username=") }) else { throw .invalid(field: "username", value: 0) }
      return .signIn(user: try component(user.dropFirst(9), "username"))
    case ("GET", ServiceCodec.Path.feed): return .feedRequest(try authorization(message))
    case ("GET", ServiceCodec.Path.health): return .gatewayProbe
    case ("GET", ServiceCodec.Path.connections):
      try demandUpgrade(message)
      return .connect(
        ConnectionRequest(
          resource: try component(Self.field(ServiceCodec.Name.resource, message), "resource"), token: try authorization(message),
          correlation: try Self.correlation(Self.field(ServiceCodec.Name.activity, message))))
    case ("POST", ServiceCodec.Path.orchestrations): return try orchestration(JSON(reading: message.body))
    case ("GET", ServiceCodec.Path.join):
      try demandUpgrade(message)
      return .hostJoin(connection: try Self.word(Self.field(ServiceCodec.Name.connection, message), "connection id"))
    case ("GET", ServiceCodec.Path.channel):
      try demandUpgrade(message)
      return .register(
        host: try component(Self.field(ServiceCodec.Name.resource, message), "host"),
        certificate: try certificate(Self.field(ServiceCodec.Name.certificate, message)))
    default: throw .unsupported(what: "HTTP request", value: UInt64(target.utf8.count))
    }
  }

  private static func field(_ name: String, _ message: HTTPMessage) throws(CodecError) -> String {
    guard let value = message[name] else { throw .invalid(field: name, value: 0) }
    return value
  }

  private mutating func authorization(_ message: HTTPMessage) throws(CodecError) -> AccessToken {
    let value = try Self.field("Authorization", message)
    guard value.hasPrefix(ServiceCodec.bearer) else { throw .invalid(field: "Authorization", value: UInt64(value.utf8.count)) }
    return try token(value.dropFirst(ServiceCodec.bearer.utf8.count))
  }

  /// RFC 6455 §4.2.1.
  private func demandUpgrade(_ message: HTTPMessage) throws(CodecError) {
    guard message.lists("websocket", in: "Upgrade"), message.lists("upgrade", in: "Connection") else {
      throw .invalid(field: "Upgrade", value: 0)
    }
    guard message["Sec-WebSocket-Version"] == "13" else { throw .unsupported(what: "WebSocket version", value: 0) }
    let key = try Base64.decode(Self.field("Sec-WebSocket-Key", message), "Sec-WebSocket-Key")
    guard key.count == 16 else { throw .invalid(field: "Sec-WebSocket-Key", value: UInt64(key.count)) }
  }

  private mutating func orchestration(_ json: JSON) throws(CodecError) -> ServiceMessage {
    let token = AccessToken(
      user: try component(json.string("user"), "user"),
      signature: identities.secret(of: try Base64.decode(json.string("digest"), "token digest")),
      expires: try Self.time(json.number("expires")))
    let request = ConnectionRequest(
      resource: try component(json.string("application"), "resource"), token: token,
      correlation: try Self.correlation(json.string("activityId")))
    return .orchestrate(request, gateway: try gateway(json))
  }

  private mutating func switched(_ message: HTTPMessage) throws(CodecError) -> ServiceMessage {
    guard message.lists("websocket", in: "Upgrade"), message.lists("upgrade", in: "Connection") else {
      throw .invalid(field: "Upgrade", value: 0)
    }
    // A SHA-1 (RFC 6455 §4.2.2); whether it fits the key, who has seen both can tell (`WebSocketCodec.accept`).
    let accept = try Base64.decode(Self.field("Sec-WebSocket-Accept", message), "Sec-WebSocket-Accept")
    guard accept.count == 20 else { throw .invalid(field: "Sec-WebSocket-Accept", value: UInt64(accept.count)) }
    guard let fingerprint = message[ServiceCodec.Name.certificate] else { return .registered }
    return .switchingProtocols(hostCertificate: try certificate(fingerprint))
  }

  private mutating func answer(_ message: HTTPMessage) throws(CodecError) -> ServiceMessage {
    let type = message["Content-Type"] ?? ""
    if type.hasPrefix("multipart/mixed;") { return .feed(try files(message.body, type)) }
    let json = try JSON(reading: message.body)
    if json["access_token"] != nil { return .token(try token(json.string("access_token"))) }
    if json["authority"] != nil {
      return .subscribed(
        directory: try Self.endpoint(json.string("endpoint"), "directory"),
        directoryName: try component(json.string("authority"), "directory name"))
    }
    if json["connections"] != nil { return .gatewayLoad(connections: try Self.count(json.number("connections"), "connections")) }
    return .orchestrated(
      connection: try Self.word(json.string("connectionId"), "connection id"),
      correlation: try Self.correlation(json.string("activityId")),
      hostCertificate: try certificate(json.string("redirectedServerCert")))
  }

  /// The bodies of a multipart body's parts, which end with the closing delimiter.
  private mutating func files(_ body: [UInt8], _ type: String) throws(CodecError) -> [ConnectionConfiguration] {
    guard let mark = type.firstIndex(of: "="), type[..<mark].hasSuffix("boundary") else {
      throw .invalid(field: "multipart boundary", value: UInt64(type.utf8.count))
    }
    let delimiter = Array(("--" + type[type.index(after: mark)...]).utf8)
    var list: [ConnectionConfiguration] = []
    var rest = body[...]
    while true {
      guard rest.starts(with: delimiter) else { throw .invalid(field: "multipart delimiter", value: UInt64(rest.first ?? 0)) }
      rest = rest.dropFirst(delimiter.count)
      if rest.elementsEqual("--\r\n".utf8) { return list }
      let ending = Array("\r\n".utf8) + delimiter
      guard rest.starts(with: Array("\r\n".utf8)), let head = rest.firstRange(of: Array("\r\n\r\n".utf8)),
        let end = rest[head.upperBound...].firstRange(of: ending)
      else { throw .truncated(what: "multipart body", needed: delimiter.count, available: rest.count) }
      list.append(try ConnectionFile.read(rest[head.upperBound..<end.lowerBound], &self))
      rest = rest[(end.lowerBound + 2)...]
    }
  }

  private func refusal(_ status: Int, _ message: HTTPMessage) throws(CodecError) -> ServiceMessage {
    let json = try JSON(reading: message.body)
    let code = try json.string("code")
    guard let refusal = ServiceRefusal.allCases.first(where: { $0.form.status == status && $0.form.code == code }) else {
      throw .unsupported(what: "HTTP status", value: UInt64(status))
    }
    return .refused(refusal, correlation: try Self.correlation(json.string("activityId")))
  }
}

extension ArraySlice where Element == UInt8 {
  /// Where `pattern` stands first.
  fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
    guard let first = pattern.first else { return nil }
    var start = startIndex
    while endIndex - start >= pattern.count, let found = self[start...].firstIndex(of: first) {
      if self[found...].starts(with: pattern) { return found..<found + pattern.count }
      start = found + 1
    }
    return nil
  }
}
