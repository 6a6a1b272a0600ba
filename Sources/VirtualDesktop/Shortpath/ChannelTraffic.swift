// What the dynamic virtual channels carry once there is a desktop: graphics down, input up, redirection both ways, each counted per
// direction and transport.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

final class ChannelTraffic {
  private let stack: HostStack
  private let node: NodeID
  private let channel: VirtualChannel
  private let workload: DesktopWorkload
  private let send: (RDPMessage) -> Transport?
  private var alarm: Alarm?
  private var ends = SimTime.never
  private var sent: [Transport: [VirtualChannel: UInt64]] = [:]
  private var received: [Transport: [VirtualChannel: UInt64]] = [:]

  /// - Parameter send: sends a channel message and says over which transport, or `nil` when there is none left.
  init(
    at node: NodeID, sends channel: VirtualChannel, _ workload: DesktopWorkload, stack: HostStack,
    send: @escaping (RDPMessage) -> Transport?
  ) {
    self.stack = stack
    self.node = node
    self.channel = channel
    self.workload = workload
    self.send = send
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.tick() }
  }

  func start() {
    ends = workload.lasts.map { stack.now + $0 } ?? .never
    emit(.redirection, workload.redirection)
    tick()
  }

  private func tick() {
    if stack.now < ends, emit(channel, channel == .graphics ? workload.graphics : workload.input) {
      alarm?.set(stack.now + workload.every)
    }
  }

  @discardableResult
  private func emit(_ channel: VirtualChannel, _ size: ByteCount) -> Bool {
    let length = UInt32(clamping: size.bytes)
    guard let transport = send(.channelData(channel, length: length)) else { return false }
    sent[transport, default: [:]][channel, default: 0] += UInt64(length)
    return true
  }

  func took(_ channel: VirtualChannel, _ length: UInt32, over transport: Transport) {
    received[transport, default: [:]][channel, default: 0] += UInt64(length)
  }

  /// Tells the counters at the end of the run.
  func tellTotals(session: Int) {
    for transport in Transport.allCases {
      for channel in VirtualChannel.allCases {
        if let bytes = sent[transport]?[channel] {
          stack.recorder.channelTotal(channel, bytes: bytes, received: false, on: transport, at: node, session: session)
        }
        if let bytes = received[transport]?[channel] {
          stack.recorder.channelTotal(channel, bytes: bytes, received: true, on: transport, at: node, session: session)
        }
      }
    }
  }
}
