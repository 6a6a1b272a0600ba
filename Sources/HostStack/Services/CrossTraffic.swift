// Background traffic: datagrams at a constant rate that nobody answers, so that links have something to queue.
import Trace
public import NetworkModel
public import SimulationKernel
public import Wire

public final class CrossTraffic: DatagramHandler {
  private let stack: HostStack
  private let remote: Endpoint
  private let size: Int
  private let interval: SimDuration
  private let until: SimTime
  private var socket: UDPSocket?
  private var alarm: Alarm?
  private let conversation: ConversationID

  /// RFC 863: what comes to this port is thrown away.
  public static let discardPort: UInt16 = 9

  /// - Parameters:
  ///   - rate: of IP packets, headers included.
  ///   - subject: tells several sources of one host apart.
  public init(
    at node: NodeID, to address: IPAddress, rate: BitRate, size: Int, from start: SimTime, until: SimTime, subject: UInt64,
    stack: HostStack
  ) {
    self.stack = stack
    self.remote = Endpoint(address, CrossTraffic.discardPort)
    self.size = size
    self.until = until
    let length = size + HeaderLength.udp + HeaderLength.ip(address)
    self.interval = rate.serialisation(of: length)
    self.conversation = stack.open(.crossTraffic, by: node, subject: subject)
    stack.keep(self)
    socket = stack.openUDP(at: node, subject: mix(subject, 9), handler: self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.tick() }
    alarm?.set(start)
  }

  private func tick() {
    guard stack.now < until else { return }
    socket?.send(.opaque(OpaqueBytes(length: size)), to: remote, in: conversation)
    alarm?.set(stack.now + interval)
  }

  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery { .refused(.unexpected) }
}

/// Throws away what comes (RFC 863).
public final class DiscardServer: DatagramHandler {
  private var socket: UDPSocket?
  public init(at node: NodeID, stack: HostStack) {
    stack.keep(self)
    socket = stack.openUDP(at: node, port: CrossTraffic.discardPort, handler: self)
  }
  public func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery { .taken }
}
