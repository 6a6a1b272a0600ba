// The TLS handshake as flights (RFC 5246 §7.3, RFC 8446 §2): version, certificate, and the traffic key both sides share.
public import SimulationKernel
public import Wire

/// One side of a handshake over a reliable stream, which sees to loss and time: there is no deadline here.
public struct TLSHandshake: Equatable, Sendable {
  /// Where the handshake stands.
  public enum State: Equatable, Sendable {
    /// Next: `awaitingServerFlight` (client) or `awaitingClientHello` (server) on `start`; a server also takes a hello at once.
    case idle
    /// Client, ClientHello sent. Next: `awaitingServerFinished` (1.2), `established` (1.3) or `failed`.
    case awaitingServerFlight
    /// Client of 1.2, Finished sent. Next: `established` or `failed`.
    case awaitingServerFinished
    /// Server. Next: `awaitingClientFinished` or `failed`.
    case awaitingClientHello
    /// Server, flight sent. Next: `established` or `failed`.
    case awaitingClientFinished(version: TLSVersion)
    /// Both have the key.
    case established(key: Secret, version: TLSVersion)
    /// The end.
    case failed(Failure)
  }

  /// What can happen to a handshake.
  public enum Input: Equatable, Sendable {
    /// The stream below is up.
    case start
    /// A whole record of the peer came.
    case received(TLSRecord)
  }

  /// What a handshake wants done or known.
  public enum Effect: Equatable, Sendable {
    /// Send this record.
    case send(TLSRecord)
    /// Data may be sent from now on, and is after what was sent before.
    case established(key: Secret, version: TLSVersion)
    /// The end.
    case failed(Failure)
  }

  /// Why a handshake failed.
  public enum Failure: Equatable, Sendable {
    /// The certificate is for another name (RFC 9525 §6).
    case certificateWrongName
    /// The certificate has expired (RFC 5280 §6.1.3).
    case certificateExpired
    /// Nobody we trust signed it, or its key is not the pinned one.
    case certificateUntrusted
    /// No version is offered by both.
    case versionMismatch
    /// The peer refused.
    case alert(TLSAlert)
    /// A record that has no place here.
    case unexpectedMessage
  }

  /// What a client trusts; every condition given must hold.
  public struct Trust: Equatable, Sendable {
    /// Accepted signers; when there are any, name and expiry are judged too.
    public var issuers: [ComponentKey]
    /// The one accepted public key. With a pin alone, the key is the identity and nothing else is judged (*assumed*).
    public var pinned: Secret?
    /// Certificates signed by one of `issuers`.
    public static func issuers(_ issuers: [ComponentKey]) -> Trust { Trust(issuers: issuers) }
    /// The certificate with this key.
    public static func pinned(_ key: Secret) -> Trust { Trust(pinned: key) }
    /// Whoever answers: for a client that has nothing to lose.
    public static var anyone: Trust {
      var trust = Trust()
      trust.acceptsAnyone = true
      return trust
    }
    private var acceptsAnyone = false
    /// Either or both conditions.
    public init(issuers: [ComponentKey] = [], pinned: Secret? = nil) {
      self.issuers = issuers
      self.pinned = pinned
    }

    /// What is wrong with `certificate` for `serverName`; `nil` when it is good. Chain first, then time, then name.
    public func objection(to certificate: Certificate, serverName: ComponentKey) -> Failure? {
      if acceptsAnyone { return nil }
      if let pinned, certificate.fingerprint != pinned { return .certificateUntrusted }
      if issuers.isEmpty { return pinned == nil ? .certificateUntrusted : nil }
      if !issuers.contains(certificate.issuer) { return .certificateUntrusted }
      if certificate.expired { return .certificateExpired }
      return certificate.subject == serverName ? nil : .certificateWrongName
    }
  }

  /// Who this side is, with what it was configured to accept.
  public enum Settings: Equatable, Sendable {
    /// `key` names the traffic keys this handshake will make.
    case client(serverName: ComponentKey, trust: Trust, lowest: TLSVersion = .tls12, highest: TLSVersion = .tls13, key: Secret)
    /// `sendsTickets`: a server of 1.3 sends two tickets after the client's Finished (nat-and-ice.md §7, OpenSSL's default).
    /// `forAnyName`: the certificate is made anew for whatever name the client asks for, as what looks inside TLS does.
    case server(
      certificate: Certificate, lowest: TLSVersion = .tls12, highest: TLSVersion = .tls13, sendsTickets: Bool = true,
      forAnyName: Bool = false)
  }

  /// Where the handshake stands.
  public private(set) var state: State = .idle
  /// Its role and configuration.
  public let settings: Settings
  /// The server's certificate, once a client has accepted it.
  public private(set) var peerCertificate: Certificate?
  /// The name the client asked for, once a server has its hello.
  public private(set) var requestedName: ComponentKey?

  /// A handshake not yet begun.
  public init(_ settings: Settings) { self.settings = settings }

  /// Always `nil`: a handshake waits for its stream only.
  public var nextDeadline: SimTime? { nil }

  /// Takes one input and appends what follows from it.
  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch settings {
    case .client(let serverName, let trust, let lowest, let highest, let key):
      switch input {
      case .start:
        guard case .idle = state else { return }
        state = .awaitingServerFlight
        effects.append(.send(.handshake(.clientHello(serverName: serverName, highest: highest, lowest: lowest))))
      case .received(.alert(let alert, _)): receiveAlert(alert, into: &effects)
      case .received(.applicationData): receiveData(into: &effects)
      case .received(.handshake(let message)):
        clientReceive(
          message, serverName: serverName, trust: trust, versions: lowest...max(lowest, highest), key: key, into: &effects)
      }
    case .server(let certificate, let lowest, let highest, let sendsTickets, let forAnyName):
      switch input {
      case .start: if case .idle = state { state = .awaitingClientHello }
      case .received(.alert(let alert, _)): receiveAlert(alert, into: &effects)
      case .received(.applicationData): receiveData(into: &effects)
      case .received(.handshake(let message)):
        serverReceive(
          message, certificate: certificate, forAnyName: forAnyName, versions: lowest...max(lowest, highest),
          sendsTickets: sendsTickets, into: &effects)
      }
    }
  }

  private mutating func clientReceive(
    _ message: TLSHandshakeMessage, serverName: ComponentKey, trust: Trust, versions: ClosedRange<TLSVersion>, key: Secret,
    into effects: inout [Effect]
  ) {
    switch state {
    case .awaitingServerFlight:
      guard case .serverFlight(let version, let certificate) = message else { return fail(.unexpectedMessage, into: &effects) }
      guard versions.contains(version) else {
        return fail(.versionMismatch, alert: .protocolVersion, into: &effects)
      }
      if let objection = trust.objection(to: certificate, serverName: serverName) {
        // RFC 8446 §6: its keys are there by then.
        return fail(objection, alert: Self.alert(for: objection), sealed: version >= .tls13 ? version : nil, into: &effects)
      }
      peerCertificate = certificate
      effects.append(.send(.handshake(.clientFinished(version: version, key: key))))
      if version >= .tls13 {
        establish(key: key, version: version, into: &effects)
      } else {
        state = .awaitingServerFinished
      }
    case .awaitingServerFinished:
      guard case .serverFinished(let version) = message else { return fail(.unexpectedMessage, into: &effects) }
      establish(key: key, version: version, into: &effects)
    // RFC 8446 §4.6.1: tickets may come at any time.
    case .established: break
    case .idle, .awaitingClientHello, .awaitingClientFinished: fail(.unexpectedMessage, into: &effects)
    case .failed: break
    }
  }

  private mutating func serverReceive(
    _ message: TLSHandshakeMessage, certificate: Certificate, forAnyName: Bool, versions: ClosedRange<TLSVersion>,
    sendsTickets: Bool, into effects: inout [Effect]
  ) {
    switch state {
    case .idle, .awaitingClientHello:
      guard case .clientHello(let name, let clientHighest, let clientLowest) = message else {
        return fail(.unexpectedMessage, into: &effects)
      }
      // RFC 8446 §4.2.1: the highest version both offer.
      let version = min(versions.upperBound, clientHighest)
      guard version >= max(versions.lowerBound, clientLowest) else {
        return fail(.versionMismatch, alert: .protocolVersion, into: &effects)
      }
      requestedName = name
      state = .awaitingClientFinished(version: version)
      var shown = certificate
      if forAnyName { shown.subject = name }
      effects.append(.send(.handshake(.serverFlight(version: version, certificate: shown))))
    case .awaitingClientFinished(let version):
      guard case .clientFinished(version, let key) = message else { return fail(.unexpectedMessage, into: &effects) }
      if version < .tls13 || sendsTickets { effects.append(.send(.handshake(.serverFinished(version: version)))) }
      establish(key: key, version: version, into: &effects)
    // A renegotiation is ignored (*assumed*).
    case .established: break
    case .awaitingServerFlight, .awaitingServerFinished: fail(.unexpectedMessage, into: &effects)
    case .failed: break
    }
  }

  private mutating func receiveAlert(_ alert: TLSAlert, into effects: inout [Effect]) {
    switch state {
    case .idle, .awaitingServerFlight, .awaitingServerFinished, .awaitingClientHello, .awaitingClientFinished:
      fail(.alert(alert), into: &effects)
    // RFC 8446 §6: an error alert is fatal at any time; a client of 1.3 is refused only after it was established.
    case .established: if alert != .closeNotify { fail(.alert(alert), into: &effects) }
    case .failed: break
    }
  }

  private mutating func receiveData(into effects: inout [Effect]) {
    switch state {
    case .idle, .awaitingServerFlight, .awaitingServerFinished, .awaitingClientHello, .awaitingClientFinished:
      fail(.unexpectedMessage, into: &effects)
    // The channel's, not ours.
    case .established, .failed: break
    }
  }

  private mutating func establish(key: Secret, version: TLSVersion, into effects: inout [Effect]) {
    state = .established(key: key, version: version)
    effects.append(.established(key: key, version: version))
  }

  private mutating func fail(
    _ failure: Failure, alert: TLSAlert? = nil, sealed: TLSVersion? = nil, into effects: inout [Effect]
  ) {
    state = .failed(failure)
    if let alert { effects.append(.send(.alert(alert, sealed: sealed))) }
    effects.append(.failed(failure))
  }

  /// RFC 8446 §6.2.
  private static func alert(for failure: Failure) -> TLSAlert? {
    switch failure {
    case .certificateWrongName: .badCertificate
    case .certificateExpired: .certificateExpired
    case .certificateUntrusted: .unknownCA
    case .versionMismatch: .protocolVersion
    case .alert, .unexpectedMessage: nil
    }
  }
}
