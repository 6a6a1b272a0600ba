// The relay: two legs with nothing in common but it, nested TLS through it, and a slow end that is felt at the far one.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// A client and a host that talk through a gateway which cannot read them: TLS, WebSocket, TLS again, then the talkers.
final class RelayedPair: RelayOwner {
  let world: SocketWorld
  let client: Talker
  let host: Talker
  private(set) var relay: Relay?
  private(set) var endings: [(clientFirst: Bool, failure: CarrierFailure?)] = []
  private(set) var inner: [SecureChannel] = []
  private(set) var legs: [SecureChannel] = []
  private let door = Holder()

  final class Holder { var doors: [any StreamListener] = [] }

  init(_ legs: LinkSettings, clientSays: Int, hostSays: Int, seed: UInt64 = 1, settings: TCPSettings = TCPSettings()) {
    var draft = Draft()
    let (one, two, gateway) = (draft.host("client"), draft.host("host"), draft.host("gateway"))
    let router = draft.router("router")
    draft.attach(one, "10.0.1.2", to: router, legs)
    draft.attach(two, "10.0.2.2", to: router, legs)
    draft.attach(gateway, "10.0.3.2", to: router)
    world = SocketWorld(draft, seed: seed, settings: settings)
    client = Talker(says: clientSays)
    host = Talker(says: hostSays)
    let stack = world.stack
    let listener = Door { [unowned self] socket in
      let channel = SecureChannel(over: socket, handshake: Trusted.server, upper: nil, started: false)
      let leg = Leg { self.join(channel, isClient: socket.remote.address == ip("10.0.1.2")) }
      stack.keep(leg)
      channel.upper = leg
      return channel
    }
    door.doors.append(listener)
    stack.listen(at: gateway, port: 443, listener)
    // Each end upgrades its leg to a WebSocket as soon as it is up; the inner TLS runs through both.
    for (node, talker, handshake) in [(one, client, Trusted.client(key: 99)), (two, host, Trusted.server)] {
      let end = Leg {}
      stack.keep(end)
      let socket = TCPSocket(
        connecting: node, to: at("10.0.3.2", 443), in: world.conversation(node), stack: stack, upper: end)
      let outer = SecureChannel(over: socket, handshake: Trusted.client(key: 40), upper: end, started: false)
      self.legs.append(outer)
      end.up = { [unowned self] in
        let socket = WebSocketChannel(over: outer, masked: true)
        inner.append(SecureChannel(over: socket, handshake: handshake, upper: talker, started: true))
      }
    }
  }

  private var waiting: (client: SecureChannel?, host: SecureChannel?) = (nil, nil)

  private func join(_ channel: SecureChannel, isClient: Bool) {
    if isClient { waiting.client = channel } else { waiting.host = channel }
    guard let client = waiting.client, let host = waiting.host else { return }
    relay = Relay(client: client, host: host)
    relay?.owner = self
  }

  func relayEnded(_ relay: Relay, clientLegFirst: Bool, _ failure: CarrierFailure?) { endings.append((clientLegFirst, failure)) }

  /// What holds a leg until it is up.
  final class Leg: CarrierHandler {
    var up: () -> Void
    init(_ up: @escaping () -> Void) { self.up = up }
    func carrierConnected(_ carrier: any Carrier) { up() }
    func carrierReadable(_ carrier: any Carrier) {}
    func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {}
  }
}

@Suite struct RelayTests {
  @Test(arguments: 0..<4, [300, 1460] as [UInt16])
  func `a relay delivers the same inner messages in both directions, though it cannot read them`(path: Int, mss: UInt16) {
    var settings = TCPSettings()
    settings.mss = mss
    settings.dataRetransmissions = 12
    let pair = RelayedPair(StreamTests.paths[path], clientSays: 120, hostSays: 200, seed: UInt64(mss), settings: settings)
    pair.world.run(300)
    #expect(pair.inner.count == 2)
    #expect(pair.inner.allSatisfy { $0.isEstablished })
    #expect(pair.host.heard == Talker.lengths(120))
    #expect(pair.client.heard == Talker.lengths(200))
    #expect(pair.world.network.brokenLaws() == [])
    #expect(pair.world.network.streams.unreadPieces == 0)
    // What it relayed is ciphertext: more than the messages, in frames of both legs' streams only.
    let said = (Talker.lengths(120) + Talker.lengths(200)).reduce(0, +)
    #expect(pair.relay.map { $0.relayed > UInt64(said) } == true)
  }

  @Test func `a slow reader behind the relay closes the far sender's window, and nothing is lost when it reads on`() {
    let pair = RelayedPair(LinkSettings(delay: .milliseconds(5), rate: .megabits(1000)), clientSays: 0, hostSays: 0)
    pair.world.run(5)
    pair.host.reads = false
    let sender = pair.inner[0]
    pair.client.take(sender)
    let count = 2000
    for _ in 0..<count { sender.write(.opaque(OpaqueBytes(length: 4000))) }
    pair.world.run(30)
    let sent = UInt64(count * 4000)
    // At most: a TCP buffer at each of the two receivers, what the relay lets wait, and as much again read ahead at each.
    let held = UInt64(TCPSettings().receiveBuffer) * 4 + Relay.buffer
    #expect(sender.backlog > sent - held)
    #expect(pair.relay.map { $0.relayed < held } == true)
    #expect(pair.relay.map { $0.host.backlog < Relay.buffer + 40_000 } == true)
    #expect(pair.host.heard.isEmpty)
    pair.host.reads = true
    pair.host.sip(1)
    pair.world.run(30)
    #expect(pair.host.heard == Array(repeating: 4000, count: count))
    #expect(sender.backlog == 0)
    #expect(pair.world.network.brokenLaws() == [])
  }

  @Test func `what was said before the end is passed on before the end`() {
    // The host's leg is slow: when the client closes, much of what it said still waits in the relay.
    let pair = RelayedPair(LinkSettings(delay: .milliseconds(5), rate: .megabits(1000)), clientSays: 0, hostSays: 0)
    pair.world.run(5)
    let way = pair.world.network.interfaces.firstIndex { $0.v4 == ip("10.0.2.2") } ?? 0
    let down = Int(pair.world.network.interfaces[Int(pair.world.network.interfaces[way].peer.index)].link)
    pair.world.network.links[down].settings.rate = .megabits(5)
    let sender = pair.inner[0]
    for _ in 0..<500 { sender.write(.opaque(OpaqueBytes(length: 4000))) }
    sender.close()
    pair.world.run(60)
    #expect(pair.host.heard.count == 500)
    #expect(pair.endings.count == 1)
    #expect(pair.client.ended == .some(nil))
    #expect(pair.host.ended == .some(nil))
    #expect(pair.world.network.brokenLaws() == [])
    #expect(pair.world.network.inFlight == 0)
  }

  @Test(arguments: [false, true]) func `a side that closes while the other still speaks ends both, without a word out of order`(
    client: Bool
  ) {
    let pair = RelayedPair(LinkSettings(delay: .milliseconds(5), rate: .megabits(50)), clientSays: 0, hostSays: 0)
    pair.world.run(5)
    let (closing, speaking) = client ? (pair.inner[0], pair.inner[1]) : (pair.inner[1], pair.inner[0])
    for _ in 0..<1000 { speaking.write(.opaque(OpaqueBytes(length: 4000))) }
    pair.world.network.run(until: pair.world.network.now + .milliseconds(60))
    closing.close()
    pair.world.run(120)
    let heard = (client ? pair.client : pair.host).heard
    #expect(!heard.isEmpty && heard.count < 1000)
    #expect(pair.client.ended == .some(nil))
    #expect(pair.host.ended == .some(nil))
    #expect(pair.endings.count == 1)
    #expect(pair.world.network.inFlight == 0)
    #expect(pair.world.network.brokenLaws() == [])
  }

  @Test(arguments: [false, true]) func `a leg that is torn down ends the relay and the other leg`(client: Bool) {
    let pair = RelayedPair(LinkSettings(delay: .milliseconds(5)), clientSays: 3, hostSays: 3)
    pair.world.run(5)
    pair.legs[client ? 0 : 1].abort()
    pair.world.run(60)
    #expect(pair.endings.map(\.clientFirst) == [client])
    #expect((client ? pair.host : pair.client).ended == .some(nil))
    #expect(pair.world.network.inFlight == 0)
  }
}
