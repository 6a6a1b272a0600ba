// TURN: what a relay was asked for and gave, and what travelled inside its messages.
public import SimulationKernel
public import Wire
import WireCodec

/// A client's business with a TURN server.
public struct Allocation: Equatable, Sendable {
  public var client: Endpoint
  public var server: Endpoint
  public var relayed: Endpoint?
  public var mapped: Endpoint?
  public var lifetimeSeconds: UInt64?
  public var first: SimTime?
  /// From the first Allocate to its success.
  public var setup: SimDuration?
  public var requests = 0
  public var isReleased = false
  public var permissions: [IPAddress] = []
  public var channels: [Channel] = []
  /// Error answers by method and code; the 401 that asks for credentials is none.
  public var errors: [Tally] = []
  /// What travelled for the client, and to it.
  public var sent = Traffic()
  public var received = Traffic()

  public struct Channel: Equatable, Sendable {
    public var number: UInt16
    public var peer: Endpoint
  }

  public var sentence: String {
    let trouble = errors.isEmpty ? "" : "; errors: " + listed(errors.map { "\($0.name) (\($0.count))" })
    if let relayed {
      let time = setup.map { " after \($0)" } ?? ""
      let life = lifetimeSeconds.map { " for \($0) s" } ?? ""
      let end = isReleased ? ", released" : ""
      return "allocated \(relayed)\(life)\(time)\(end)\(trouble)"
    }
    if !errors.isEmpty { return "refused\(trouble)" }
    if requests == 0 { return "was made before this capture" }
    return "\(counted(requests, "Allocate request")) to \(server) \(requests == 1 ? "was" : "were") never answered"
  }
}

/// A datagram inside a TURN message.
struct RelayedDatagram {
  var client: Endpoint
  var server: Endpoint
  var peer: Endpoint
  var toPeer: Bool
  var payload: ArraySlice<UInt8>
}

/// Follows channels and what relays carry.
struct RelayLedger {
  private struct ChannelKey: Hashable {
    var relay: Relayed
    var number: UInt16
  }
  private var channels: [ChannelKey: Endpoint] = [:]
  private var asked: [TransactionID: (key: ChannelKey, peer: Endpoint)] = [:]
  private var rows: [Relayed: Int] = [:]
  private var traffic: [(relay: Relayed, sent: Traffic, received: Traffic)] = []

  /// Follows a TURN message.
  /// - Returns: what it carries.
  mutating func take(_ frame: STUNFrame, from: Endpoint, to: Endpoint, _ sighting: Sighting) -> RelayedDatagram? {
    switch (frame.method, frame.kind) {
    case (STUNFrame.channelBind, .request):
      guard let number = frame.number(STUNAttribute.channelNumber), let peer = frame.address(STUNAttribute.xorPeerAddress) else {
        return nil
      }
      let relay = Relayed(client: from, server: to)
      asked[frame.transaction] = (ChannelKey(relay: relay, number: UInt16(truncatingIfNeeded: number)), peer)
    case (STUNFrame.channelBind, .success):
      if let bound = asked.removeValue(forKey: frame.transaction) { channels[bound.key] = bound.peer }
    case (STUNFrame.send, .indication), (STUNFrame.data, .indication):
      guard let peer = frame.address(STUNAttribute.xorPeerAddress), case .bytes(let data) = frame.first(STUNAttribute.data) else {
        return nil
      }
      let toPeer = frame.method == STUNFrame.send
      let relay = toPeer ? Relayed(client: from, server: to) : Relayed(client: to, server: from)
      return count(RelayedDatagram(client: relay.client, server: relay.server, peer: peer, toPeer: toPeer, payload: data[...]))
    default: break
    }
    return nil
  }

  /// ChannelData (RFC 8656 §12.4) of a channel that is known.
  mutating func channelData(_ payload: ArraySlice<UInt8>, from: Endpoint, to: Endpoint) -> RelayedDatagram? {
    guard payload.count >= 4, let first = payload.first, first & 0xF0 == 0x40 else { return nil }
    let header = Array(payload.prefix(4))
    let (number, length) = (UInt16(header[0]) << 8 | UInt16(header[1]), Int(header[2]) << 8 | Int(header[3]))
    guard length <= payload.count - 4 else { return nil }
    let data = payload.dropFirst(4).prefix(length)
    for (client, server, toPeer) in [(from, to, true), (to, from, false)] {
      guard let peer = channels[ChannelKey(relay: Relayed(client: client, server: server), number: number)] else { continue }
      return count(RelayedDatagram(client: client, server: server, peer: peer, toPeer: toPeer, payload: data))
    }
    return nil
  }

  private mutating func count(_ datagram: RelayedDatagram) -> RelayedDatagram {
    let relay = Relayed(client: datagram.client, server: datagram.server)
    let row = rows[relay] ?? traffic.count
    if row == traffic.count {
      rows[relay] = row
      traffic.append((relay, Traffic(), Traffic()))
    }
    if datagram.toPeer {
      traffic[row].sent.add(datagram.payload.count)
    } else {
      traffic[row].received.add(datagram.payload.count)
    }
    return datagram
  }

  func concluded(_ transactions: [STUNTransaction]) -> [Allocation] {
    var found: [Allocation] = []
    func row(_ client: Endpoint, _ server: Endpoint) -> Int {
      if let row = found.firstIndex(where: { $0.client == client && $0.server == server }) { return row }
      found.append(Allocation(client: client, server: server))
      return found.count - 1
    }
    for transaction in transactions where transaction.method != STUNFrame.binding && transaction.relay == nil {
      let row = row(transaction.client, transaction.server)
      found[row].take(transaction)
    }
    for carried in traffic {
      let row = row(carried.relay.client, carried.relay.server)
      (found[row].sent, found[row].received) = (carried.sent, carried.received)
    }
    return found
  }
}

extension Allocation {
  private static let methods = [
    STUNFrame.allocate: "Allocate", STUNFrame.refresh: "Refresh", STUNFrame.createPermission: "CreatePermission",
    STUNFrame.channelBind: "ChannelBind",
  ]

  mutating func take(_ transaction: STUNTransaction) {
    let isAllocate = transaction.method == STUNFrame.allocate
    if isAllocate {
      requests += transaction.sent.count
      first = first ?? transaction.sent.first
    }
    guard let answer = transaction.answer else { return }
    if let code = answer.error {
      // RFC 8489 §9.2.4: the first request goes without credentials, and nonces age.
      if code == 438 || code == 401 && !transaction.isAuthenticated { return }
      let reason = STUNMessage.reason(of: code)
      errors.count(
        "\(Self.methods[transaction.method] ?? "method \(transaction.method)") \(code)\(reason.isEmpty ? "" : " " + reason)")
      return
    }
    switch transaction.method {
    case STUNFrame.allocate:
      (relayed, mapped, lifetimeSeconds) = (answer.relayed, answer.mapped, answer.lifetime)
      setup = first.map { answer.time - $0 }
      isReleased = false
    case STUNFrame.refresh:
      isReleased = answer.lifetime == 0
      if let lifetime = answer.lifetime, lifetime > 0 { lifetimeSeconds = lifetime }
    case STUNFrame.createPermission:
      for peer in transaction.peers where !permissions.contains(peer.address) { permissions.append(peer.address) }
    case STUNFrame.channelBind:
      guard let number = transaction.channel, let peer = transaction.peers.first else { return }
      let channel = Channel(number: number, peer: peer)
      if !channels.contains(channel) { channels.append(channel) }
    default: break
    }
  }
}
