// Small applications for tests: talkers that write numbered messages over any carrier and remember what they read.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Trace
import Wire

/// A world of sockets.
final class SocketWorld {
  let network: Network
  let stack: HostStack

  init(_ draft: Draft, seed: UInt64 = 1, settings: TCPSettings = TCPSettings()) {
    network = draft.network(seed: seed)
    stack = HostStack(network: network)
    stack.tcpSettings = settings
  }

  func conversation(_ node: NodeID, _ subject: UInt64 = 1) -> ConversationID { stack.open(.probe, by: node, subject: subject) }

  func run(_ seconds: Int64) { run(to: network.now + .seconds(seconds)) }

  /// Runs to `time` and stands there.
  func run(to time: SimTime) {
    network.run(until: time)
    network.advance(to: time)
  }
}

/// The length of the `ordinal`th message: from a byte to several segments.
func length(_ ordinal: Int) -> Int { 1 + (ordinal * 977) % 4000 }

/// One end of a conversation over a carrier.
final class Talker: CarrierHandler {
  /// What is written once the carrier is up.
  var script: [Message] = []
  private(set) var heard: [Int] = []
  private(set) var ended: CarrierFailure??
  private(set) var endedAt: SimTime?
  private(set) var isUp = false
  /// Whether it reads what comes.
  var reads = true
  private(set) var carrier: (any Carrier)?

  init(says count: Int = 0) { script = (0..<count).map { .opaque(OpaqueBytes(length: length($0))) } }

  func carrierConnected(_ carrier: any Carrier) {
    isUp = true
    take(carrier)
  }

  /// Starts talking over a carrier that is up.
  func take(_ carrier: any Carrier) {
    self.carrier = carrier
    for message in script { carrier.write(message) }
    script = []
  }

  func carrierReadable(_ carrier: any Carrier) {
    self.carrier = carrier
    guard reads else { return }
    while let message = carrier.read() {
      if case .opaque(let bytes) = message { heard.append(bytes.length) } else { heard.append(-1) }
    }
    carrier.consumed()
  }

  /// Reads `count` messages, slowly.
  func sip(_ count: Int) {
    guard let carrier else { return }
    for _ in 0..<count {
      guard case .opaque(let bytes)? = carrier.read() else { break }
      heard.append(bytes.length)
    }
    carrier.consumed()
  }

  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    ended = .some(failure)
    endedAt = carrier.stack.now
  }

  static func lengths(_ count: Int) -> [Int] { (0..<count).map(length) }
}

/// Gives every accepted connection to what `make` returns.
final class Door: StreamListener {
  let make: (TCPSocket) -> (any CarrierHandler)?
  init(_ make: @escaping (TCPSocket) -> (any CarrierHandler)?) { self.make = make }
  func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { make(socket) }
}

/// Counts datagrams and keeps the ICMP errors that came for them.
final class Ear: DatagramHandler {
  private(set) var heard: [Packet] = []
  private(set) var errors: [(Endpoint, ICMPError.Kind)] = []
  private(set) var times: [SimTime] = []
  var answers = false

  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    heard.append(packet)
    times.append(socket.stack.now)
    if answers { socket.send(message, to: packet.source, in: packet.conversation) }
    return .taken
  }
  func unreachable(_ remote: Endpoint, _ kind: ICMPError.Kind, on socket: UDPSocket) { errors.append((remote, kind)) }
}

let hello = Message.opaque(OpaqueBytes(length: 72))
