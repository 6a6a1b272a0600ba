// What the dynamic virtual channels carry once there is a desktop: graphics down, input up, redirection both ways, each counted per
// direction and transport.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

/// A modest, steady desktop (*assumed*): enough that a switch-over happens under traffic, little enough that runs stay fast.
public enum DesktopWorkload {
  /// A graphics update's bytes.
  public static let graphics: UInt32 = 4_000
  /// An input event's bytes: below 100 a operation (Microsoft, "RDP bandwidth requirements").
  public static let input: UInt32 = 60
  /// A redirected device's first exchange.
  public static let redirection: UInt32 = 8_192
  static let interval = SimDuration.milliseconds(250)
}

final class ChannelTraffic {
  private let stack: HostStack
  private let node: NodeID
  private let channel: VirtualChannel
  private let length: UInt32
  private let send: (RDPMessage) -> Transport?
  private var alarm: Alarm?
  private var isStopped = false
  private var sent: [Transport: [VirtualChannel: UInt64]] = [:]
  private var received: [Transport: [VirtualChannel: UInt64]] = [:]

  /// - Parameter send: sends a channel message and says over which transport, or `nil` when there is none left.
  init(
    at node: NodeID, sends channel: VirtualChannel, length: UInt32, stack: HostStack, send: @escaping (RDPMessage) -> Transport?
  ) {
    self.stack = stack
    self.node = node
    self.channel = channel
    self.length = length
    self.send = send
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.tick() }
  }

  func start() {
    emit(.redirection, DesktopWorkload.redirection)
    tick()
  }

  /// Nothing more is sent; what comes is still counted.
  func stop() {
    isStopped = true
    alarm?.set(nil)
  }

  private func tick() {
    if emit(channel, length) { alarm?.set(stack.now + DesktopWorkload.interval) }
  }

  @discardableResult
  private func emit(_ channel: VirtualChannel, _ length: UInt32) -> Bool {
    guard !isStopped, let transport = send(.channelData(channel, length: length)) else { return false }
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
