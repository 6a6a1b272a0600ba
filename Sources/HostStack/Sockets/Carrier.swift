// A carrier brings an ordered stream of messages to its peer. TCP and RDP-UDP are carriers; TLS and WebSocket are carriers on carriers.
import NetworkModel
public import Protocols
public import Wire

/// Why a carrier ended other than orderly.
public enum CarrierFailure: Equatable, Sendable {
  /// Nobody answered.
  case timedOut
  /// The peer (or something on the way) refused or reset it.
  case refused
  case noRoute
  /// The own address it stood on is gone.
  case addressLost
  /// TLS did not come up.
  case security(TLSHandshake.Failure)
  /// A proxy opened no tunnel.
  case proxy(ProxyRequest.Failure)
}

/// An ordered stream of messages to a peer and back.
public protocol Carrier: AnyObject {
  /// The node at whose end of the stream it stands.
  var node: NodeID { get }
  /// The log this side writes.
  var outgoing: StreamID { get }
  /// The log this side reads; known once the peer has been heard.
  var incoming: StreamID { get }
  /// The offset up to which `incoming` has come without a gap.
  var readable: UInt64 { get }
  /// Bytes written and not yet known to have arrived.
  var backlog: UInt64 { get }
  var stack: HostStack { get }
  var upper: (any CarrierHandler)? { get set }
  /// The outgoing log has grown.
  func flush()
  /// The upper layer has read: the lowest one may open its window.
  func consumed()
  /// Writes a message and lets it go.
  func write(_ message: Message)
  /// The next message that has come whole.
  func read() -> Message?
  /// Whether a message has come whole and was not read. A channel reads no further below while its own reader has left one, so
  /// that a slow reader at the top closes the window at the bottom.
  var hasWaiting: Bool { get }
  /// Ends the stream once everything written has arrived.
  func close()
  /// Ends it at once.
  func abort()
}

/// The layer above a carrier.
public protocol CarrierHandler: AnyObject {
  func carrierConnected(_ carrier: any Carrier)
  func carrierReadable(_ carrier: any Carrier)
  /// Some of the backlog has arrived.
  func carrierDrained(_ carrier: any Carrier)
  /// The peer will send no more.
  func carrierPeerClosed(_ carrier: any Carrier)
  /// It is over; nothing else will be told of it.
  func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?)
}

extension CarrierHandler {
  public func carrierDrained(_ carrier: any Carrier) {}
  public func carrierPeerClosed(_ carrier: any Carrier) { carrier.close() }
}

// Requirements with a default: each class then has its own specialised copy, which asks itself no question through a witness table
// (measured: a third of all retains and releases of a session).
extension Carrier {
  public func write(_ message: Message) {
    stack.network.streams.append(message, to: outgoing)
    flush()
  }

  public var hasWaiting: Bool { stack.network.streams.hasNext(of: incoming, upTo: readable) }

  /// The next message, which stays unread.
  public func peek() -> Message? { stack.network.streams.first(of: incoming, upTo: readable) }

  public func read() -> Message? { stack.network.streams.next(of: incoming, upTo: readable) }
}
