// Writes each service message as HTTP or as a channel message.
import SimulationKernel
import Wire

/// One message being written.
struct ServiceWriter {
  var fields: ServiceFields
  let connection: Secret
  let offset: UInt64

  private typealias Field = HTTPMessage.Field

  // MARK: The agent's channel

  /// The JSON of a message that travels on the upgraded channel; `nil` for those that are HTTP.
  mutating func channelMessage(_ message: ServiceMessage) -> [JSON.Member]? {
    switch message {
    case .heartbeat: return [JSON.Member(name: "type", value: .string("heartbeat"))]
    case .initialize(let connection, let correlation, let gateway):
      return [
        JSON.Member(name: "type", value: .string("initialize")),
        JSON.Member(name: "connectionId", value: .string(hex(connection))),
        JSON.Member(name: "activityId", value: .string(fields.activity(correlation))),
        JSON.Member(name: "gateway", value: .string(fields.name(gateway.name))),
        JSON.Member(name: "endpoint", value: .string("\(gateway.endpoint)")),
      ]
    default: return nil
    }
  }

  /// A text frame of `total` bytes. The agent is the client, so what it sends is masked.
  func frame(_ message: ServiceMessage, _ members: [JSON.Member], total: Int) -> [UInt8] {
    let seed = fields.identities.seed
    let mask = message == .heartbeat ? WebSocketCodec.mask(of: connection, at: offset, seed: seed) : nil
    func frame(_ filler: String) -> WebSocketFrame {
      let text = JSON.object(members + [JSON.Member(name: "filler", value: .string(filler))]).text
      return WebSocketFrame(.text, mask: mask, payload: Array(text.utf8))
    }
    let header = WebSocketFrame.headerLength(payload: total, masked: mask != nil)
    let room = total - header - frame("").payload.count
    return frame(Filler.text(seed: seed, key: connection.id ^ offset, count: room)).bytes
  }

  // MARK: HTTP

  mutating func http(_ message: ServiceMessage) -> HTTPMessage {
    switch message {
    case .subscribe: get(ServiceCodec.Path.discovery, at: ServiceCodec.Host.feed)
    case .subscribed(let directory, let name):
      json(["authority": .string(fields.name(name)), "endpoint": .string("\(directory)")])
    case .signIn(let user): signIn(user)
    case .token(let token):
      json(["token_type": .string("Bearer"), "scope": .string("wvd"), "access_token": .string(fields.token(token))])
    case .feedRequest(let token):
      get(ServiceCodec.Path.feed, at: ServiceCodec.Host.feed, [authorization(token)])
    case .feed(let list): feed(list)
    case .gatewayProbe: get(ServiceCodec.Path.health, at: ServiceCodec.Host.gateway, [Field("Connection", "close")])
    case .gatewayLoad(let connections): json(["connections": .number("\(connections)")], [Field("Connection", "close")])
    case .connect(let request):
      upgrade(
        ServiceCodec.Path.connections, at: ServiceCodec.Host.gateway,
        [
          authorization(request.token), Field(ServiceCodec.Name.activity, fields.activity(request.correlation)),
          Field(ServiceCodec.Name.resource, fields.name(request.resource)),
        ])
    case .orchestrate(let request, let gateway): orchestrate(request, gateway)
    case .orchestrated(let connection, let correlation, let certificate):
      json([
        "connectionId": .string(hex(connection)), "activityId": .string(fields.activity(correlation)),
        "redirectedServerCert": .string(fields.fingerprint(certificate)),
      ])
    case .hostJoin(let connection):
      upgrade(ServiceCodec.Path.join, at: ServiceCodec.Host.gateway, [Field(ServiceCodec.Name.connection, hex(connection))])
    case .switchingProtocols(let certificate): switching([Field(ServiceCodec.Name.certificate, fields.fingerprint(certificate))])
    case .register(let host, let certificate):
      upgrade(
        ServiceCodec.Path.channel, at: ServiceCodec.Host.broker,
        [
          Field(ServiceCodec.Name.resource, fields.name(host)),
          Field(ServiceCodec.Name.certificate, fields.fingerprint(certificate)),
        ])
    case .registered: switching([])
    case .refused(let refusal, let correlation): refused(refusal, correlation)
    // The channel's, not HTTP's.
    case .initialize, .heartbeat: HTTPMessage(.request(method: "GET", target: "/"))
    }
  }

  private func get(_ path: String, at host: String, _ more: [HTTPMessage.Field] = []) -> HTTPMessage {
    HTTPMessage(.request(method: "GET", target: path), fields: [Field("Host", host)] + more)
  }

  private mutating func authorization(_ token: AccessToken) -> HTTPMessage.Field {
    Field("Authorization", ServiceCodec.bearer + fields.token(token))
  }

  /// RFC 6455 §4.1.
  private mutating func upgrade(_ path: String, at host: String, _ more: [HTTPMessage.Field]) -> HTTPMessage {
    let key = WebSocketCodec.key(of: connection, identities: &fields.identities)
    return get(
      path, at: host,
      [
        Field("Upgrade", "websocket"), Field("Connection", "Upgrade"), Field("Sec-WebSocket-Key", key),
        Field("Sec-WebSocket-Version", "13"),
      ] + more)
  }

  /// RFC 6455 §4.2.2.
  private mutating func switching(_ more: [HTTPMessage.Field]) -> HTTPMessage {
    let accept = WebSocketCodec.accept(WebSocketCodec.key(of: connection, identities: &fields.identities))
    return HTTPMessage(
      .response(status: 101, reason: "Switching Protocols"),
      fields: [
        Field("Upgrade", "websocket"), Field("Connection", "Upgrade"), Field("Sec-WebSocket-Accept", accept),
      ] + more)
  }

  private func with(
    _ body: [UInt8], _ type: String, _ start: HTTPMessage.Start, _ more: [HTTPMessage.Field] = []
  ) -> HTTPMessage {
    HTTPMessage(start, fields: more + [Field("Content-Type", type), Field("Content-Length", "\(body.count)")], body: body)
  }

  private func json(_ members: KeyValuePairs<String, JSON>, _ more: [HTTPMessage.Field] = []) -> HTTPMessage {
    with(Array(JSON.object(members).text.utf8), "application/json", .response(status: 200, reason: "OK"), more)
  }

  /// The resource owner's grant (RFC 6749 §4.3.2); the password is filler.
  private mutating func signIn(_ user: ComponentKey) -> HTTPMessage {
    let password = Filler.text(seed: fields.identities.seed, key: user.value, count: 24)
    let body = "grant_type=password&client_id=\(Self.application)&scope=wvd&username=\(fields.name(user))&password=\(password)"
    return with(
      Array(body.utf8), "application/x-www-form-urlencoded",
      .request(method: "POST", target: ServiceCodec.Path.token), [Field("Host", ServiceCodec.Host.directory)])
  }

  /// The application id of the "Azure Virtual Desktop Client" (Microsoft, "Enforce multifactor authentication").
  private static let application = "a85cf173-4192-42f8-81fa-777a763e6e2c"

  /// The gateway has checked the token's signature and passes on what it says (*assumed*).
  private mutating func orchestrate(_ request: ConnectionRequest, _ gateway: GatewayReference) -> HTTPMessage {
    let signature = fields.identities.bytes(of: request.token.signature, count: 32, as: "token digest")
    let body = JSON.object([
      "application": .string(fields.name(request.resource)), "activityId": .string(fields.activity(request.correlation)),
      "user": .string(fields.name(request.token.user)), "expires": .number(ServiceFields.date(request.token.expires)),
      "digest": .string(Base64.encodeURL(signature)), "gateway": .string(fields.name(gateway.name)),
      "endpoint": .string("\(gateway.endpoint)"),
    ])
    return with(
      Array(body.text.utf8), "application/json", .request(method: "POST", target: ServiceCodec.Path.orchestrations),
      [Field("Host", ServiceCodec.Host.broker)])
  }

  /// The .rdp files, one after the other (RFC 2046 §5.1.3).
  private mutating func feed(_ list: [ConnectionConfiguration]) -> HTTPMessage {
    var body = ByteWriter()
    for configuration in list {
      let head = "--\(ServiceCodec.boundary)\r\nContent-Type: application/x-rdp\r\n\r\n"
      body.append(head)
      body.append(ConnectionFile.write(configuration, total: configuration.encodedLength - head.utf8.count - 2, &fields))
      body.append("\r\n")
    }
    body.append("--\(ServiceCodec.boundary)--\r\n")
    return with(
      body.bytes, "multipart/mixed; boundary=\(ServiceCodec.boundary)", .response(status: 200, reason: "OK"))
  }

  private mutating func refused(_ refusal: ServiceRefusal, _ correlation: Correlation) -> HTTPMessage {
    let form = refusal.form
    // RFC 9110 §15.5.2: 401 says what would help.
    let challenge = form.status == 401 ? [Field("WWW-Authenticate", "Bearer")] : []
    let body = JSON.object(["code": .string(form.code), "activityId": .string(fields.activity(correlation))])
    return with(
      Array(body.text.utf8), "application/json", .response(status: form.status, reason: form.phrase), challenge)
  }
}

extension ServiceRefusal {
  /// Status, its phrase and the error code (*assumed* but for the prefix that FreeRDP saw).
  var form: (status: Int, phrase: String, code: String) {
    switch self {
    case .badToken: (401, "Unauthorized", "E_TOKEN_INVALID")
    case .expiredToken: (401, "Unauthorized", "E_TOKEN_EXPIRED")
    case .unknownResource: (404, "Not Found", "E_RESOURCE_UNKNOWN")
    case .noHealthyHost: (503, "Service Unavailable", "E_PROXY_ORCHESTRATION_NO_SESSIONHOST")
    case .brokerUnavailable: (503, "Service Unavailable", "E_PROXY_BROKER_UNAVAILABLE")
    case .hostUnreachable: (504, "Gateway Timeout", "E_PROXY_REVERSECONNECT_TIMEOUT")
    }
  }
}
