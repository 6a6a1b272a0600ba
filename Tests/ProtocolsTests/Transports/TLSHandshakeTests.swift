// TLS: flights, versions and every objection to a certificate, as transcripts.
import Protocols
import SimulationKernel
import Testing
import Wire

private let name = ComponentKey("gateway")
private let authority = ComponentKey("authority")
private let key = Secret(id: 5)
private let good = Certificate(subject: name, issuer: authority, fingerprint: Secret(id: 9))

private func client(
  _ trust: TLSHandshake.Trust = .issuers([authority]), lowest: TLSVersion = .tls12, highest: TLSVersion = .tls13
) -> TLSHandshake {
  TLSHandshake(.client(serverName: name, trust: trust, lowest: lowest, highest: highest, key: key))
}
private func server(
  _ certificate: Certificate = good, lowest: TLSVersion = .tls12, highest: TLSVersion = .tls13
) -> TLSHandshake {
  TLSHandshake(.server(certificate: certificate, lowest: lowest, highest: highest))
}

extension TLSHandshake {
  fileprivate mutating func on(_ input: Input) -> [Effect] {
    var effects: [Effect] = []
    handle(input, at: .zero, into: &effects)
    return effects
  }
}

/// Lets both talk until nobody has anything to say; the half round trips after which each was established.
private func talk(_ a: inout TLSHandshake, _ b: inout TLSHandshake) -> (client: Int?, server: Int?) {
  var toServer = a.on(.start)
  var toClient = b.on(.start)
  var established: (client: Int?, server: Int?) = (nil, nil)
  for half in 1...10 {
    var answers: [[TLSHandshake.Effect]] = [[], []]
    for case .send(let record) in toServer { answers[0] += b.on(.received(record)) }
    for case .send(let record) in toClient { answers[1] += a.on(.received(record)) }
    (toClient, toServer) = (answers[0], answers[1])
    if established.server == nil, case .established = b.state { established.server = half }
    if established.client == nil, case .established = a.state { established.client = half }
  }
  return established
}

@Suite struct TLSHandshakeTests {
  @Test("RFC 5246 §7.3: 1.2 takes two round trips; the server is ready half of one before")
  func tls12() {
    var (a, b) = (client(highest: .tls12), server())
    #expect(talk(&a, &b) == (4, 3))
    #expect(a.state == .established(key: key, version: .tls12) && a.state == b.state)
    #expect(a.peerCertificate == good && b.requestedName == name)
  }

  @Test("RFC 8446 §2: 1.3 takes one round trip, the server half of one more; tickets change nothing")
  func tls13() {
    var (a, b) = (client(), server())
    #expect(talk(&a, &b) == (2, 3))
    #expect(a.state == .established(key: key, version: .tls13) && a.state == b.state)
  }

  @Test("RFC 5246 §7.3, flight by flight")
  func transcript() {
    var a = client(highest: .tls12)
    let hello = TLSHandshakeMessage.clientHello(serverName: name, highest: .tls12, lowest: .tls12)
    let flight = TLSHandshakeMessage.serverFlight(version: .tls12, certificate: good)
    let finished = TLSHandshakeMessage.clientFinished(version: .tls12, key: key)
    #expect(a.state == .idle)
    #expect(a.on(.start) == [.send(.handshake(hello))])
    #expect(a.state == .awaitingServerFlight)
    #expect(a.on(.received(.handshake(flight))) == [.send(.handshake(finished))])
    #expect(a.state == .awaitingServerFinished)
    #expect(
      a.on(.received(.handshake(.serverFinished(version: .tls12)))) == [.established(key: key, version: .tls12)])
    var b = server()
    _ = b.on(.start)
    #expect(b.state == .awaitingClientHello)
    #expect(b.on(.received(.handshake(hello))) == [.send(.handshake(flight))])
    #expect(b.state == .awaitingClientFinished(version: .tls12))
    #expect(
      b.on(.received(.handshake(finished))) == [
        .send(.handshake(.serverFinished(version: .tls12))), .established(key: key, version: .tls12),
      ])
  }

  @Test(
    "RFC 8446 §6.2: each objection to a certificate has its failure and its alert",
    arguments: [
      (
        Certificate(subject: ComponentKey("other"), issuer: authority, fingerprint: Secret(id: 9)),
        TLSHandshake.Failure.certificateWrongName, TLSAlert.badCertificate
      ),
      (
        Certificate(subject: name, issuer: authority, expired: true, fingerprint: Secret(id: 9)),
        .certificateExpired, .certificateExpired
      ),
      (Certificate(subject: name, issuer: name, fingerprint: Secret(id: 9)), .certificateUntrusted, .unknownCA),
    ])
  func certificates(certificate: Certificate, failure: TLSHandshake.Failure, alert: TLSAlert) {
    for version in [TLSVersion.tls12, .tls13] {
      var (a, b) = (client(highest: version), server(certificate))
      #expect(talk(&a, &b) == (nil, nil))
      #expect(a.state == .failed(failure) && b.state == .failed(.alert(alert)))
      #expect(a.peerCertificate == nil)
      a = client(highest: version)
      _ = a.on(.start)
      // In 1.3 a client has its keys by then.
      #expect(
        a.on(.received(.handshake(.serverFlight(version: version, certificate: certificate)))) == [
          .send(.alert(alert, sealed: version == .tls13 ? .tls13 : nil)), .failed(failure),
        ])
    }
  }

  @Test("a pinned key alone is the identity; with issuers, both conditions must hold")
  func pinning() {
    let selfSigned = Certificate(subject: ComponentKey("sh-1"), issuer: ComponentKey("sh-1"), fingerprint: Secret(id: 3))
    var (a, b) = (client(.pinned(Secret(id: 3))), server(selfSigned))
    #expect(talk(&a, &b) == (2, 3))
    (a, b) = (client(.pinned(Secret(id: 4))), server(selfSigned))
    _ = talk(&a, &b)
    #expect(a.state == .failed(.certificateUntrusted))
    (a, b) = (client(.init(issuers: [authority], pinned: Secret(id: 3))), server(selfSigned))
    _ = talk(&a, &b)
    #expect(a.state == .failed(.certificateUntrusted))
    (a, b) = (client(.init(issuers: [authority], pinned: Secret(id: 9))), server())
    #expect(talk(&a, &b) == (2, 3))
  }

  @Test("a client that trusts anyone takes a certificate that nobody else would")
  func anyone() {
    let worthless = Certificate(subject: ComponentKey("x"), issuer: ComponentKey("x"), expired: true, fingerprint: Secret(id: 3))
    var (a, b) = (client(.anyone), server(worthless))
    #expect(talk(&a, &b) == (2, 3))
    #expect(a.state == b.state)
  }

  @Test("RFC 8446 §4.2.1: the highest version of both; none is a protocol_version alert")
  func versions() {
    var (a, b) = (client(lowest: .tls10, highest: .tls13), server(lowest: .tls10, highest: .tls11))
    _ = talk(&a, &b)
    #expect(a.state == .established(key: key, version: .tls11))
    (a, b) = (client(lowest: .tls12), server(lowest: .tls10, highest: .tls11))
    _ = talk(&a, &b)
    #expect(a.state == .failed(.alert(.protocolVersion)) && b.state == .failed(.versionMismatch))
    // A server that answers with what was not offered.
    a = client(lowest: .tls12)
    _ = a.on(.start)
    #expect(
      a.on(.received(.handshake(.serverFlight(version: .tls10, certificate: good)))) == [
        .send(.alert(.protocolVersion)), .failed(.versionMismatch),
      ])
  }

  @Test("what looks inside makes its certificate for whatever name is asked, under its own authority")
  func forAnyName() {
    let own = Certificate(subject: ComponentKey("firewall"), issuer: ComponentKey("firewall-ca"), fingerprint: Secret(id: 2))
    for (asked, trust, accepted) in [
      (name, [own.issuer], true), (name, [authority], false), (ComponentKey("x"), [own.issuer], true),
    ] {
      var a = TLSHandshake(.client(serverName: asked, trust: .issuers(trust), key: key))
      var b = TLSHandshake(.server(certificate: own, forAnyName: true))
      _ = talk(&a, &b)
      #expect(a.peerCertificate?.subject == (accepted ? asked : nil) && b.requestedName == asked)
      #expect(a.state == (accepted ? .established(key: key, version: .tls13) : .failed(.certificateUntrusted)))
    }
  }

  @Test("each failure of a handshake is a channel's loss of its own, on the side that found it and on the one that was told")
  func losses() {
    let pairs: [(TLSHandshake.Failure, TLSHandshake.Failure, ChannelLoss, ChannelLoss)] = [
      (.certificateWrongName, .alert(.badCertificate), .certificateWrongName, .closed),
      (.certificateExpired, .alert(.certificateExpired), .certificateExpired, .closed),
      (.certificateUntrusted, .alert(.unknownCA), .certificateUntrusted, .closed),
      (.versionMismatch, .alert(.protocolVersion), .tlsVersionMismatch, .tlsVersionMismatch),
      (.unexpectedMessage, .alert(.closeNotify), .tlsFailed, .closed),
    ]
    for (found, told, here, there) in pairs { #expect(ChannelLoss(found) == here && ChannelLoss(told) == there) }
  }

  @Test("a message out of place fails; after the end nothing is answered")
  func unexpected() {
    var a = client()
    _ = a.on(.start)
    #expect(a.on(.received(.handshake(.serverFinished(version: .tls13)))) == [.failed(.unexpectedMessage)])
    #expect(a.on(.received(.alert(.closeNotify))) == [])
    var b = server()
    #expect(b.on(.received(.handshake(.clientFinished(version: .tls12, key: key)))) == [.failed(.unexpectedMessage)])
    b = server()
    #expect(b.on(.received(.alert(.closeNotify))) == [.failed(.alert(.closeNotify))])
  }
}
