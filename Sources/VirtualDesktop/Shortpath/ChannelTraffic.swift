// What the dynamic virtual channels carry once there is a desktop: graphics down, input up, redirection both ways, each counted per
// direction and transport, and each message numbered, so that one that is lost, doubled or overtaken is seen.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

final class ChannelTraffic {
  private let stack: HostStack
  private let node: NodeID
  private let connection: Correlation
  /// The transport that channels are sent over.
  private var carrier = Transport.reverseConnect
  private let channel: VirtualChannel
  private let workload: DesktopWorkload
  private let send: (RDPMessage) -> Transport?
  private let fellSilent: () -> Void
  private var alarm: Alarm?
  private var ends = SimTime.never
  private var isStopped = false
  private var sent: [Transport: [VirtualChannel: UInt64]] = [:]
  private var received: [Transport: [VirtualChannel: UInt64]] = [:]
  /// The lengths of what each channel has sent, by number: what a resumption sends again.
  private var log: [VirtualChannel: [UInt32]] = [:]
  /// The next number of each channel from the peer.
  private(set) var expected = ChannelPositions()
  /// Messages of the peer that came out of their order: with what was lost before them, doubled, or overtaken.
  private var disorder: [Transport: [VirtualChannel: UInt64]] = [:]

  /// - Parameters:
  ///   - send: sends a channel message and says over which transport, or `nil` when there is none now.
  ///   - fellSilent: told when the desktop has nothing more to say, though the session goes on.
  init(
    at node: NodeID, of connection: Correlation, sends channel: VirtualChannel, _ workload: DesktopWorkload, stack: HostStack,
    send: @escaping (RDPMessage) -> Transport?, fellSilent: @escaping () -> Void
  ) {
    self.stack = stack
    self.node = node
    self.connection = connection
    self.channel = channel
    self.workload = workload
    self.send = send
    self.fellSilent = fellSilent
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.tick() }
  }

  func start() {
    ends = workload.lasts.map { stack.now + $0 } ?? .never
    emit(.redirection, workload.redirection)
    tick()
  }

  /// Nothing more is sent; what comes is still counted.
  func stop() {
    isStopped = true
    alarm?.set(nil)
  }

  /// Sends again what the peer has not got, and goes on.
  func resume(from positions: ChannelPositions) {
    guard !isStopped else { return }
    for channel in VirtualChannel.allCases {
      let lengths = log[channel] ?? []
      for number in Int(positions[channel])..<max(lengths.count, Int(positions[channel])) { put(channel, number) }
    }
    tick()
  }

  private func tick() {
    if isStopped { return }
    if stack.now >= ends { return fellSilent() }
    if emit(channel, channel == .graphics ? workload.graphics : workload.input) {
      alarm?.set(stack.now + workload.every)
    }
  }

  @discardableResult
  private func emit(_ channel: VirtualChannel, _ size: ByteCount) -> Bool {
    guard !isStopped else { return false }
    log[channel, default: []].append(UInt32(clamping: size.bytes))
    if put(channel, log[channel, default: []].count - 1) { return true }
    log[channel]?.removeLast()
    return false
  }

  @discardableResult
  private func put(_ channel: VirtualChannel, _ number: Int) -> Bool {
    let length = log[channel, default: []][number]
    guard let transport = send(.channelData(channel, length: length, number: UInt32(truncatingIfNeeded: number))) else {
      return false
    }
    sends(on: transport)
    sent[transport, default: [:]][channel, default: 0] += UInt64(length)
    return true
  }

  /// What is sent goes over this transport, from here on when it did not before.
  func sends(on transport: Transport) {
    guard transport != carrier else { return }
    let bytes = sent[carrier]?.values.reduce(0, +) ?? 0
    carrier = transport
    stack.recorder.channelsMoved(reading: false, to: transport, after: bytes, at: node, of: connection)
  }

  /// What comes is read from this transport from here on: what was to come over reverse connect has come.
  func reads(on transport: Transport) {
    let bytes = received[.reverseConnect]?.values.reduce(0, +) ?? 0
    stack.recorder.channelsMoved(reading: true, to: transport, after: bytes, at: node, of: connection)
  }

  func took(_ channel: VirtualChannel, _ length: UInt32, _ number: UInt32, over transport: Transport) {
    received[transport, default: [:]][channel, default: 0] += UInt64(length)
    if number != expected[channel] { disorder[transport, default: [:]][channel, default: 0] += 1 }
    expected[channel] = number &+ 1
  }

  /// Tells the counters at the end of the run.
  func tellTotals() {
    for transport in Transport.allCases {
      for channel in VirtualChannel.allCases {
        if let bytes = sent[transport]?[channel] {
          stack.recorder.channelTotal(
            channel, bytes: bytes, received: false, on: transport, at: node, session: Int(connection.session))
        }
        if let bytes = received[transport]?[channel] {
          let disorder = disorder[transport]?[channel] ?? 0
          stack.recorder.channelTotal(
            channel, bytes: bytes, received: true, disorder: disorder, on: transport, at: node,
            session: Int(connection.session))
        }
      }
    }
  }
}
