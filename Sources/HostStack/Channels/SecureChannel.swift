// TLS over a carrier: handshake flights first, then the stream above in sealed records. It nests: a channel is a carrier again.
import NetworkModel
public import Protocols
public import Wire

/// One end of a TLS connection.
public final class SecureChannel: Carrier, CarrierHandler, NodeBound {
  public let stack: HostStack
  public var node: NodeID { lower.node }
  public let outgoing: StreamID
  public private(set) var incoming = StreamID.none
  public private(set) var readable: UInt64 = 0
  public unowned(unsafe) var upper: (any CarrierHandler)?
  public let lower: any Carrier
  public private(set) var handshake: TLSHandshake
  private var sealed: UInt64 = 0
  private var key: Secret?
  private var version = TLSVersion.tls12
  private var isClosed = false
  private var isPulling = false
  private var pullsAgain = false
  private var peerClosed = false
  private var effects: [TLSHandshake.Effect] = []

  /// - Parameter started: whether the carrier below is connected already, so that the handshake starts at once.
  public init(over lower: any Carrier, handshake: TLSHandshake, upper: (any CarrierHandler)?, started: Bool) {
    self.lower = lower
    self.stack = lower.stack
    self.handshake = handshake
    self.upper = upper
    self.outgoing = lower.stack.network.streams.open()
    stack.keep(self)
    lower.upper = self
    if started {
      feed(.start)
      if lower.readable > 0 { carrierReadable(lower) }
    }
  }

  public var isEstablished: Bool { key != nil }
  public var backlog: UInt64 { lower.backlog }

  public func flush() {
    guard let key, !isClosed else { return }
    let end = stack.network.streams.end(of: outgoing)
    guard end > sealed else { return }
    while sealed < end {
      let next = min(end, sealed + TLSRecord.maximumContent)
      let slice = StreamSlice(stream: outgoing, start: sealed, end: next)
      stack.network.streams.append(.tls(.applicationData(slice, key: key, version: version)), to: lower.outgoing)
      sealed = next
    }
    lower.flush()
  }

  public func consumed() { if !isClosed, !hasWaiting, lower.hasWaiting { pull() } }

  public func close() { lower.close() }
  public func abort() { lower.abort() }

  private func feed(_ input: TLSHandshake.Input) {
    effects.removeAll(keepingCapacity: true)
    handshake.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let record): lower.write(.tls(record))
      case .established(let key, let version):
        self.key = key
        self.version = version
        flush()
        upper?.carrierConnected(self)
      case .failed(let failure): end(.security(failure), abortLower: true)
      }
    }
  }

  public func carrierConnected(_ carrier: any Carrier) { feed(.start) }

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
        open()
        guard !isClosed else { return }
        lower.consumed()
      }
      if readable > 0 { upper?.carrierReadable(self) }
    }
    if peerClosed, !isClosed { carrierPeerClosed(lower) }
  }

  /// Takes the records that have come off the layer below.
  private func open() {
    while !isClosed, let message = lower.read() {
      guard case .tls(let record) = message else {
        end(.security(.unexpectedMessage), abortLower: true)
        return
      }
      switch record {
      case .handshake, .alert: feed(.received(record))
      case .applicationData(let slice, let used, _):
        guard used == key else {
          end(.security(.unexpectedMessage), abortLower: true)
          return
        }
        incoming = slice.stream
        readable = slice.end
      }
    }
  }

  public func carrierDrained(_ carrier: any Carrier) { upper?.carrierDrained(self) }

  public func carrierPeerClosed(_ carrier: any Carrier) {
    // What came before the end is read before it.
    peerClosed = isEstablished && lower.hasWaiting
    if peerClosed { return }
    if let upper, isEstablished { upper.carrierPeerClosed(self) } else { lower.close() }
  }

  public func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) { end(failure, abortLower: false) }

  func vanish() {
    guard !isClosed else { return }
    isClosed = true
    stack.network.streams.closeWriter(outgoing)
    stack.network.streams.closeReader(incoming)
    upper = nil
  }

  private func end(_ failure: CarrierFailure?, abortLower: Bool) {
    guard !isClosed else { return }
    let above = upper
    vanish()
    above?.carrierClosed(self, failure)
    if abortLower { lower.close() }
  }
}
