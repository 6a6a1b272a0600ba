// A relay: raw data between two connections that have nothing but it in common. It forwards slices of a stream it cannot read.
public import SimulationKernel
import Wire

/// How a relay ended.
public protocol RelayOwner: AnyObject {
  func relayEnded(_ relay: Relay, clientLegFirst: Bool, _ failure: CarrierFailure?)
}

/// The relay between a client's leg and a host's.
public final class Relay: CarrierHandler {
  /// What it passes on.
  public enum Content: Sendable {
    /// A gateway's: binary frames of WebSockets, unmasked on the way (RFC 6455 §5.3).
    case frames
    /// A proxy's: whatever comes, as it is.
    case everything
  }

  public let client: any Carrier
  public let host: any Carrier
  public unowned(unsafe) var owner: (any RelayOwner)?
  /// Bytes that may wait for one leg before the relay stops reading the other, so that a slow end closes the far sender's window (*assumed*).
  public static let buffer: UInt64 = 262_144
  public private(set) var relayed: UInt64 = 0
  /// When something was passed on last; before, when the relay began.
  public private(set) var lastPassed: SimTime
  private var ended = false
  /// The leg whose peer sends no more: the relay ends when what it sent has been passed on.
  private var finished: (any Carrier)?
  private var isClosing = false
  private let content: Content

  /// Starts relaying between two legs that are up (and upgraded, when frames are passed).
  public init(client: any Carrier, host: any Carrier, passing content: Content = .frames) {
    self.client = client
    self.host = host
    self.content = content
    lastPassed = client.stack.now
    client.stack.keep(self)
    client.upper = self
    host.upper = self
    pump(from: client, to: host)
    pump(from: host, to: client)
  }

  private func pump(from source: any Carrier, to sink: any Carrier) {
    while isClosing ? source.hasWaiting : sink.backlog < Relay.buffer, let message = source.read() {
      guard let passed = pass(message) else { return source.abort() }
      // Nobody hears what comes after the end, but its sender must be able to say it and close.
      if isClosing { continue }
      relayed += UInt64(passed.count)
      lastPassed = client.stack.now
      sink.write(passed.message)
    }
    source.consumed()
    if !isClosing, source === finished, !source.hasWaiting {
      isClosing = true
      client.close()
      host.close()
      pump(from: sink, to: source)
    }
  }

  private func pass(_ message: Message) -> (message: Message, count: Int)? {
    switch content {
    case .frames:
      if case .webSocket(let slice, _) = message { (.webSocket(slice, masked: false), slice.count) } else { nil }
    case .everything: (message, message.encodedLength)
    }
  }

  public func carrierConnected(_ carrier: any Carrier) {}

  public func carrierReadable(_ carrier: any Carrier) {
    if carrier === client { pump(from: client, to: host) } else { pump(from: host, to: client) }
  }

  public func carrierDrained(_ carrier: any Carrier) {
    if carrier === client { pump(from: host, to: client) } else { pump(from: client, to: host) }
  }

  public func carrierPeerClosed(_ carrier: any Carrier) {
    if finished == nil { finished = carrier }
    if carrier === client { pump(from: client, to: host) } else { pump(from: host, to: client) }
  }

  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !ended else { return }
    ended = true
    isClosing = true
    let clientFirst = carrier === client
    let other = clientFirst ? host : client
    other.close()
    pump(from: other, to: carrier)
    owner?.relayEnded(self, clientLegFirst: clientFirst, failure)
  }
}
