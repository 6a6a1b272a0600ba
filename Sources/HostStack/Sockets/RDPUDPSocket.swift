// An RDP-UDP connection on a UDP socket that may serve others too (STUN checks, further clients): feeds its machine and sends what it wants sent.
import Trace
public import Protocols
import NetworkModel
import SimulationKernel
public import Wire

/// One end of an RDP-UDP connection.
public final class RDPUDPSocket: Carrier, Deadlined, NodeBound {
  public let stack: HostStack
  public var node: NodeID { socket.node }
  public let outgoing: StreamID
  public private(set) var incoming = StreamID.none
  public private(set) var readable: UInt64 = 0
  public unowned(unsafe) var upper: (any CarrierHandler)?
  public let socket: UDPSocket
  public let remote: Endpoint
  /// The own address a server answers from; `nil` leaves it to the socket.
  public let source: IPAddress?
  public let conversation: ConversationID
  public private(set) var machine: RDPUDPConnection
  private var timer: TimerHandle?
  private var armed = SimTime.never
  private var acknowledged: UInt64 = 0
  private var isClosed = false

  /// - Parameter cookieHash: a client's SYN carries it; `.none` for a server, which has judged the client's already.
  public init(
    on socket: UDPSocket, remote: Endpoint, cookieHash: Secret = .none, source: IPAddress? = nil,
    in conversation: ConversationID, upper: (any CarrierHandler)?
  ) {
    self.stack = socket.stack
    self.socket = socket
    self.remote = remote
    self.source = source
    self.conversation = conversation
    self.upper = upper
    self.outgoing = socket.stack.network.streams.open()
    self.machine = RDPUDPConnection(stream: outgoing, cookieHash: cookieHash, settings: socket.stack.rdpudpSettings)
    timer = stack.makeTimer(for: self)
    stack.keep(self)
  }

  public var backlog: UInt64 { stack.network.streams.end(of: outgoing) - acknowledged }
  public var isOpen: Bool { !isClosed }

  public func connect() { feed(.connect) }
  public func flush() { feed(.write(end: stack.network.streams.end(of: outgoing))) }
  public func consumed() { feed(.consumed(upTo: stack.network.streams.readOffset(of: incoming))) }
  public func close() { feed(.close) }
  public func abort() { feed(.close) }
  public func unreachable(hard: Bool) { feed(.unreachable(hard: hard)) }

  public func receive(_ datagram: RDPUDPDatagram) { feed(.datagram(datagram)) }

  public func deadlineReached() {
    guard !isClosed, let deadline = machine.nextDeadline, stack.now >= deadline else { return }
    stack.recorder.due(at: socket.node)
    feed(.timer)
  }

  /// Gives up the timer of a closed connection that nobody will use again.
  public func retire() {
    precondition(isClosed, "an open connection to \(remote) is retired")
    if let timer { stack.freeTimer(timer) }
    timer = nil
  }

  func vanish() {
    shut()
    upper = nil
    retire()
  }

  private func feed(_ input: RDPUDPConnection.Input) {
    guard !isClosed else { return }
    // Effects may lead back here (a reader that writes): each call works on its own buffer.
    var mine = stack.rdpudpEffects.take()
    machine.handle(input, at: stack.now, into: &mine)
    if let peer = machine.peerStream { incoming = peer }
    // What the machine sends goes before anything a handler adds: handlers feed the machine again.
    for row in 0..<mine.count { if case .send = mine[row] { perform(mine[row]) } }
    for row in 0..<mine.count { if case .send = mine[row] {} else { perform(mine[row]) } }
    stack.rdpudpEffects.giveBack(&mine)
    let deadline = isClosed ? .never : machine.nextDeadline ?? .never
    if deadline != armed {
      armed = deadline
      if let timer { stack.arm(timer, deadline) }
    }
  }

  private func perform(_ effect: RDPUDPConnection.Effect) {
    switch effect {
    case .send(let datagram):
      guard socket.isOpen else { return }
      socket.send(.rdpUDP(datagram), to: remote, in: conversation, from: source)
    case .connected: upper?.carrierConnected(self)
    case .readable(let offset):
      readable = offset
      upper?.carrierReadable(self)
    case .acknowledged(let offset):
      acknowledged = offset
      upper?.carrierDrained(self)
    case .closed(let failure):
      guard !isClosed else { return }
      shut()
      let above = upper
      upper = nil
      switch failure {
      case nil: above?.carrierClosed(self, nil)
      case .noAnswer, .silent, .tooManyRetransmissions: above?.carrierClosed(self, .timedOut)
      case .unreachable: above?.carrierClosed(self, .refused)
      }
    }
  }

  private func shut() {
    isClosed = true
    stack.network.streams.closeWriter(outgoing)
    stack.network.streams.closeReader(incoming)
  }
}
