// A WebSocket (RFC 6455) over a secure channel, after its upgrade: the stream above travels in binary frames.
import NetworkModel
public import Wire

/// One end of a WebSocket.
public final class WebSocketChannel: Carrier, CarrierHandler, NodeBound {
  public let stack: HostStack
  public var node: NodeID { lower.node }
  public let outgoing: StreamID
  public private(set) var incoming = StreamID.none
  public private(set) var readable: UInt64 = 0
  public unowned(unsafe) var upper: (any CarrierHandler)?
  public let lower: any Carrier
  private var framed: UInt64 = 0
  private let masked: Bool
  private var isClosed = false
  private var isPulling = false
  private var pullsAgain = false
  private var peerClosed = false

  /// Takes over a connected carrier.
  /// - Parameter masked: clients mask their frames (RFC 6455 §5.3).
  public init(over lower: any Carrier, masked: Bool) {
    self.lower = lower
    self.stack = lower.stack
    self.masked = masked
    self.outgoing = lower.stack.network.streams.open()
    stack.keep(self)
    lower.upper = self
  }

  public var backlog: UInt64 { lower.backlog }

  public func flush() {
    let end = stack.network.streams.end(of: outgoing)
    guard end > framed, !isClosed else { return }
    let slice = StreamSlice(stream: outgoing, start: framed, end: end)
    framed = end
    lower.write(.webSocket(slice, masked: masked))
  }

  public func consumed() { if !isClosed, !hasWaiting, lower.hasWaiting { pull() } }

  public func close() { lower.close() }
  public func abort() { lower.abort() }

  public func carrierConnected(_ carrier: any Carrier) {}

  public func carrierReadable(_ carrier: any Carrier) { pull() }

  /// Reads what has come, as long as the upper layer keeps up, and tells it.
  private func pull() {
    pullsAgain = true
    guard !isPulling else { return }
    isPulling = true
    defer { isPulling = false }
    while pullsAgain, !isClosed {
      pullsAgain = false
      if !hasWaiting {
        while !isClosed, let message = lower.read() {
          guard case .webSocket(let slice, _) = message else { return lower.abort() }
          incoming = slice.stream
          readable = slice.end
        }
        lower.consumed()
      }
      upper?.carrierReadable(self)
    }
    if peerClosed, !isClosed { carrierPeerClosed(lower) }
  }

  public func carrierDrained(_ carrier: any Carrier) { upper?.carrierDrained(self) }

  public func carrierPeerClosed(_ carrier: any Carrier) {
    // What came before the end is read before it.
    peerClosed = lower.hasWaiting
    if peerClosed { return }
    if let upper { upper.carrierPeerClosed(self) } else { lower.close() }
  }

  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
    guard !isClosed else { return }
    let above = upper
    vanish()
    above?.carrierClosed(self, failure)
  }

  func vanish() {
    guard !isClosed else { return }
    isClosed = true
    stack.network.streams.closeWriter(outgoing)
    stack.network.streams.closeReader(incoming)
    upper = nil
  }
}
