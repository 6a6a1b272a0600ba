// Scripted senders for tests and diagnosis: UDP datagrams to an echo, a STUN binding, a TCP connect, or ICMP echoes.
public import NetworkModel
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// What a probe does.
public struct ProbePlan: Sendable, Equatable {
  public enum Kind: Sendable { case udp, tcp, stun, ping }
  public var ordinal: Int
  public var kind: Kind
  public var remote: Endpoint
  public var count: Int
  public var interval: SimDuration
  public var size: Int
  /// The local port, or a ping's identifier; 0 draws one.
  public var sourcePort: UInt16
  public var interface: InterfaceID
  /// How long the last datagram's echo is waited for (*assumed*).
  public var patience: SimDuration = .seconds(3)
  public init(
    ordinal: Int, kind: Kind, remote: Endpoint, count: Int, interval: SimDuration, size: Int, sourcePort: UInt16,
    interface: InterfaceID
  ) {
    self.ordinal = ordinal
    self.kind = kind
    self.remote = remote
    self.count = count
    self.interval = interval
    self.size = size
    self.sourcePort = sourcePort
    self.interface = interface
  }
}

public final class Prober: DatagramHandler, CarrierHandler, PingHandler {
  private let plan: ProbePlan
  private let stack: HostStack
  private let node: NodeID
  private let ended: () -> Void
  private var socket: UDPSocket?
  private var tcp: TCPSocket?
  private var ping: PingSocket?
  private var binding: BindingTransaction?
  private var alarm: Alarm?
  private var conversation = ConversationID.none
  private var sent = 0
  private var answered = 0
  private var refused = false
  /// When each datagram was sent: an answer may come after later ones have gone.
  private var sendTimes: [SimTime] = []
  private var roundTrip: SimDuration?
  private var mapped = Endpoint.none
  private var isOver = false

  /// - Parameter ended: told once, when the outcome is known.
  public init(_ plan: ProbePlan, at node: NodeID, stack: HostStack, ended: @escaping () -> Void) {
    self.plan = plan
    self.stack = stack
    self.node = node
    self.ended = ended
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.timerDue() }
  }

  public func start() {
    let subject = mix(UInt64(plan.ordinal), plan.remote.hash)
    conversation = stack.open(.probe, by: node, session: plan.ordinal, subject: UInt64(plan.ordinal))
    if plan.kind == .tcp {
      sent = 1
      tcp = TCPSocket(connecting: node, to: plan.remote, in: conversation, stack: stack, upper: self)
      return
    }
    if plan.kind == .ping {
      ping = PingSocket(
        at: node, identifier: plan.sourcePort, interface: plan.interface, subject: subject, stack: stack, handler: self)
      return sendEcho()
    }
    socket = stack.openUDP(
      at: node, port: plan.sourcePort, interface: plan.interface, v6: !plan.remote.address.isV4, subject: subject, handler: self)
    guard socket != nil else { return end() }
    if plan.kind == .stun {
      let draw = stack.chance.draw(stack.recorder.key(of: node), .transactionID, UInt64(plan.ordinal))
      binding = BindingTransaction(
        id: TransactionID(high: UInt32(truncatingIfNeeded: draw >> 32), low: draw), asked: plan.remote,
        settings: BindingTransaction.Settings())
      feed(.start)
    } else {
      sendEcho()
    }
  }

  private func sendEcho() {
    sent += 1
    sendTimes.append(stack.now)
    let result =
      ping?.ask(UInt16(truncatingIfNeeded: sent), length: plan.size, of: plan.remote.address, in: conversation)
      ?? socket?.send(.opaque(numbered(sent)), to: plan.remote, in: conversation)
    if result != .sent { return end() }
    alarm?.set(stack.now + (sent < plan.count ? plan.interval : plan.patience))
  }

  /// A datagram's content: its number, so that its echo tells which one it answers.
  private func numbered(_ number: Int) -> OpaqueBytes {
    let digits = (0..<plan.size).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 }
    return OpaqueBytes(length: plan.size, bytes: digits)
  }

  private func sendTime(answeredBy message: Message) -> SimTime? {
    guard case .opaque(let echo) = message, let bytes = echo.bytes else { return nil }
    let number = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return sendTimes.indices.contains(number - 1) ? sendTimes[number - 1] : nil
  }

  private func timerDue() {
    if plan.kind == .stun { feed(.timer) } else if sent < plan.count { sendEcho() } else { end() }
  }

  private func feed(_ input: BindingTransaction.Input) {
    var effects: [BindingTransaction.Effect] = []
    binding?.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send:
        guard let binding else { continue }
        sent += 1
        let request = STUNMessage(kind: .request, transaction: binding.id)
        if socket?.send(.stun(request), to: plan.remote, in: conversation) != .sent { return feed(.sendFailed) }
      case .succeeded(let reflexive):
        answered = 1
        mapped = reflexive
        roundTrip = binding?.roundTrip(at: stack.now)
        end()
      case .failed(let failure):
        if case .unreachable = failure { refused = true }
        end()
      }
    }
    alarm?.set(binding?.nextDeadline)
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    guard !isOver else { return .refused(.attemptClosed) }
    guard packet.source == plan.remote else { return .refused(.wrongSource) }
    if case .stun(let answer) = message, let binding {
      guard binding.answers(answer, from: packet.source) else { return .refused(.unexpected) }
      feed(.response(answer))
      return .taken
    }
    echoed(sendTime(answeredBy: message))
    return .taken
  }

  /// An echo came back of what was sent at `time`.
  private func echoed(_ time: SimTime?) {
    answered += 1
    if roundTrip == nil { roundTrip = time.map { stack.now - $0 } }
    if answered == plan.count { end() }
  }

  func answered(_ echo: ICMPEcho, _ packet: Packet) {
    guard !isOver else { return }
    let row = Int(echo.sequence) - 1
    echoed(sendTimes.indices.contains(row) ? sendTimes[row] : nil)
  }

  /// Whatever the error is, a ping is told so and goes on (RFC 1122 §3.2.2.1).
  func unreachable(_ kind: ICMPError.Kind) { refused = true }

  public func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket) {
    guard BindingTransaction.isHard(kind), !isOver else { return }
    refused = true
    if plan.kind == .stun { feed(.icmp(kind)) } else { end() }
  }

  public func carrierConnected(_ carrier: any Carrier) {
    answered = 1
    roundTrip = tcp?.connectTime
    carrier.close()
    end()
  }
  public func carrierReadable(_ carrier: any Carrier) {}
  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    if failure == .refused { refused = true }
    end()
  }

  /// Its machine has stopped, or is off when its time comes: it ends with what it has.
  public func cut() { end() }

  private func end() {
    guard !isOver else { return }
    isOver = true
    alarm?.set(nil)
    socket?.close()
    ping?.vanish()
    stack.recorder.probe(
      plan.ordinal, outcome: answered > 0 ? 1 : refused ? 2 : 0, sent: sent, answered: answered, roundTrip: roundTrip,
      mapped: mapped,
      at: node)
    ended()
  }
}

/// Accepts TCP connections and does nothing with them: a probe's counterpart.
public final class AcceptingServer: StreamListener, CarrierHandler {
  public init(at node: NodeID, port: UInt16, stack: HostStack) { stack.listen(at: node, port: port, self) }
  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { self }
  public func carrierConnected(_ carrier: any Carrier) {}
  public func carrierReadable(_ carrier: any Carrier) {}
  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {}
}
