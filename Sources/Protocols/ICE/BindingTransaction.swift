// One STUN Binding request over UDP: sent, retransmitted by RFC 8489 §6.2.1, and answered, refused or given up.
public import SimulationKernel
public import Wire

/// A STUN request/response transaction over UDP; it decides when to send, and its owner knows what and from where.
public struct BindingTransaction: Equatable, Sendable {
  /// The constants of the retransmission schedule.
  public struct Settings: Hashable, Sendable, BitwiseCopyable {
    /// RTO before the first retransmission: 500 ms (RFC 8489 §6.2.1); it doubles after each one.
    public var rto: SimDuration
    /// Rc, the number of requests: 7 (RFC 8489 §6.2.1).
    public var requests: Int
    /// Rm, the wait after the last request in initial RTOs: 16 (RFC 8489 §6.2.1).
    public var finalWait: Int64

    /// - Precondition: at least one request, at most 32 (the doubling would leave the range of time).
    public init(rto: SimDuration = .milliseconds(500), requests: Int = 7, finalWait: Int64 = 16) {
      precondition((1...32).contains(requests), "a schedule of \(requests) requests")
      self.rto = rto
      self.requests = requests
      self.finalWait = finalWait
    }

    /// The time from the first request to giving up: 39.5 s by default.
    public var lifetime: SimDuration { rto * ((Int64(1) << Int64(requests - 1)) - 1 + finalWait) }
  }

  /// Why a transaction ended without a reflexive address.
  public enum Failure: Hashable, Sendable {
    /// Nothing came until Rm × RTO after the last request.
    case timedOut
    /// A hard ICMP error (RFC 8489 §6.2.1, RFC 1122 §4.2.3.9).
    case unreachable(ICMPError.Kind)
    /// The socket could not send: strong host, no route.
    case noRoute
    /// An error response with this code; 0 for a response that carries neither mapped address nor code.
    case refused(UInt16)
    /// Cancelled, and no answer came until the limit; told to nobody.
    case cancelled
  }

  /// Where the transaction stands.
  public enum State: Equatable, Sendable {
    /// Nothing sent. Next: `waiting` on `start`.
    case idle
    /// `sent` requests are out. Next: `succeeded`, `cancelled`, or `failed`.
    case waiting(sent: Int, until: SimTime)
    /// No more retransmission, but an answer counts until `until` (RFC 8445 §7.3.1.4). Next: `succeeded`, `failed`.
    case cancelled(until: SimTime)
    case succeeded(reflexive: Endpoint)
    case failed(Failure)
  }

  /// What the transaction is told.
  public enum Input: Equatable, Sendable {
    case start
    /// A response for which `answers` holds.
    case response(STUNMessage)
    case icmp(ICMPError.Kind)
    case sendFailed
    case timer
    case cancel
  }

  /// What the transaction asks of its owner.
  public enum Effect: Equatable, Sendable {
    /// Send the request for the `number`th time, from 1.
    case send(number: Int)
    case succeeded(reflexive: Endpoint)
    case failed(Failure)
  }

  public let id: TransactionID
  /// The address the request goes to.
  public let asked: Endpoint
  public let settings: Settings
  public private(set) var state: State = .idle
  /// When the first request was sent; `nil` before.
  public private(set) var firstSent: SimTime?
  /// Requests sent so far.
  public private(set) var sent = 0

  public init(id: TransactionID, asked: Endpoint, settings: Settings = Settings()) {
    self.id = id
    self.asked = asked
    self.settings = settings
  }

  /// Whether the request went out more than once, so that an answer tells no round trip (Karn's rule, RFC 8489 §6.2.1).
  public var wasRetransmitted: Bool { sent > 1 }

  /// The round trip that an answer at `now` measures; `nil` when it could be the answer to more than one request.
  public func roundTrip(at now: SimTime) -> SimDuration? {
    guard let firstSent, !wasRetransmitted else { return nil }
    return now - firstSent
  }

  /// Whether `message` from `source` answers this transaction: its id, a response, and from the address that was asked.
  public func answers(_ message: STUNMessage, from source: Endpoint) -> Bool {
    message.transaction == id && (message.kind == .success || message.kind == .error) && source == asked
  }

  /// Whether an ICMP error ends a transaction. RFC 1122 §4.2.3.9: codes 0, 1 and 5 of Destination Unreachable are soft, 2 to 4
  /// hard. Of these code 4 has become path MTU discovery (RFC 1191), and code 13 (RFC 1812 §5.2.7.1) is a filter's word, which a
  /// packet of our own going out may change at any moment, so both count as soft.
  public static func isHard(_ kind: ICMPError.Kind) -> Bool {
    switch kind {
    case .portUnreachable: true
    case .networkUnreachable, .hostUnreachable, .fragmentationNeeded, .administrativelyProhibited, .timeExceeded: false
    }
  }

  /// When `timer` is due; `nil` when nothing is awaited.
  public var nextDeadline: SimTime? {
    switch state {
    case .waiting(_, let until), .cancelled(let until): until
    case .idle, .succeeded, .failed: nil
    }
  }

  public mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect]) {
    switch state {
    case .idle:
      switch input {
      case .start:
        firstSent = now
        send(1, at: now, into: &effects)
      case .cancel: state = .failed(.cancelled)
      // Nothing has been asked, so nothing can be answered or refused.
      case .response, .icmp, .sendFailed, .timer: break
      }
    case .waiting(let count, let until):
      switch input {
      case .start: preconditionFailure("transaction started twice in \(state)")
      case .response(let message): answer(message, into: &effects)
      case .icmp(let kind): if Self.isHard(kind) { fail(.unreachable(kind), into: &effects) }
      case .sendFailed: fail(.noRoute, into: &effects)
      case .timer:
        guard now >= until else { return }
        if count < settings.requests { send(count + 1, at: until, into: &effects) } else { fail(.timedOut, into: &effects) }
      case .cancel: state = .cancelled(until: (firstSent ?? now) + settings.lifetime)
      }
    case .cancelled(let until):
      switch input {
      case .start: preconditionFailure("transaction started twice in \(state)")
      case .response(let message): answer(message, into: &effects)
      case .timer: if now >= until { state = .failed(.cancelled) }
      // RFC 8445 §7.3.1.4: "will not treat the lack of response to be a failure".
      case .icmp, .sendFailed, .cancel: break
      }
    case .succeeded, .failed:
      switch input {
      case .start: preconditionFailure("transaction started twice in \(state)")
      // Late duplicates and stale wake-ups.
      case .response, .icmp, .sendFailed, .timer, .cancel: break
      }
    }
  }

  private mutating func send(_ number: Int, at now: SimTime, into effects: inout [Effect]) {
    let isLast = number == settings.requests
    let wait = isLast ? settings.rto * settings.finalWait : settings.rto * (Int64(1) << Int64(number - 1))
    sent = number
    state = .waiting(sent: number, until: now + wait)
    effects.append(.send(number: number))
  }

  private mutating func answer(_ message: STUNMessage, into effects: inout [Effect]) {
    switch message.kind {
    case .success:
      guard let mapped = message.mapped else { return fail(.refused(0), into: &effects) }
      state = .succeeded(reflexive: mapped)
      effects.append(.succeeded(reflexive: mapped))
    case .error: fail(.refused(message.errorCode ?? 0), into: &effects)
    // Not responses: `answers` is false for them.
    case .request, .indication: break
    }
  }

  private mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    effects.append(.failed(failure))
  }
}

extension TransactionID {
  /// The `ordinal`th id of the machine whose seed this is.
  init(seed: UInt64, ordinal: UInt64) {
    self.init(high: UInt32(truncatingIfNeeded: mix(seed, ordinal, 1)), low: mix(seed, ordinal, 2))
  }
}
