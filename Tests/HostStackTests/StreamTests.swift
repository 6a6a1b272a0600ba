// Streams over bad links: the same messages in the same order, whatever the segments, the losses and the layers above.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// Two hosts on either side of a router, the links as given.
struct Pair {
  var draft = Draft()
  let one: NodeID
  let two: NodeID
  let router: NodeID
  let server = at("10.0.2.2", 443)

  init(_ settings: LinkSettings = LinkSettings(delay: .milliseconds(5), rate: .megabits(100))) {
    one = draft.host("one")
    two = draft.host("two")
    router = draft.router("router")
    draft.attach(one, "10.0.1.2", to: router, settings)
    draft.attach(two, "10.0.2.2", to: router, settings)
  }
}

/// TLS for tests: one server everybody trusts.
enum Trusted {
  static let name = ComponentKey("server")
  static let certificate = Certificate(subject: name, issuer: ComponentKey("ca"), fingerprint: Secret(id: 5))
  static func client(key: UInt64 = 77, name: ComponentKey = name) -> TLSHandshake {
    TLSHandshake(.client(serverName: name, trust: .issuers([ComponentKey("ca")]), key: Secret(id: key)))
  }
  static var server: TLSHandshake { TLSHandshake(.server(certificate: certificate)) }
}

@Suite struct StreamTests {
  static let paths: [LinkSettings] = [
    LinkSettings(delay: .milliseconds(5), rate: .megabits(100)),
    LinkSettings(delay: .milliseconds(5), rate: .megabits(20), loss: Probability(partsPerBillion: 30_000_000)),
    LinkSettings(delay: .milliseconds(5), rate: .megabits(20), jitter: .milliseconds(8), reorders: true),
    LinkSettings(
      delay: .milliseconds(5), rate: .megabits(20), queue: ByteCount(20_000), loss: Probability(partsPerBillion: 10_000_000),
      jitter: .milliseconds(4), reorders: true),
  ]

  @Test(arguments: 0..<4, [100, 536, 999, 1460] as [UInt16])
  func `TCP delivers the same messages in order over lossy and reordering links, in segments of any size`(path: Int, mss: UInt16)
  {
    let place = Pair(Self.paths[path])
    var settings = TCPSettings()
    settings.mss = mss
    settings.dataRetransmissions = 12
    let world = SocketWorld(place.draft, seed: UInt64(mss), settings: settings)
    let (client, server) = (Talker(says: 150), Talker(says: 90))
    let door = Door { socket in server }
    world.stack.listen(at: place.two, port: 443, door)
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    world.run(300)
    #expect(server.heard == Talker.lengths(150))
    #expect(client.heard == Talker.lengths(90))
    #expect(socket.backlog == 0)
    #expect(world.network.drops.isEmpty == (path == 0 || path == 2))
    #expect(world.network.brokenLaws() == [])
    #expect(world.network.streams.unreadPieces == 0)
    socket.close()
    world.run(300)
    #expect(client.ended == .some(nil))
    #expect(server.ended == .some(nil))
    #expect(world.network.inFlight == 0)
  }

  @Test func `TCP delivers each message once though every third packet comes twice, the copy late`() {
    let place = Pair(Self.paths[3])
    var settings = TCPSettings()
    settings.dataRetransmissions = 12
    let world = SocketWorld(place.draft, settings: settings)
    let (client, server) = (Talker(says: 150), Talker(says: 90))
    let door = Door { _ in server }
    world.stack.listen(at: place.two, port: 443, door)
    let doubler = Doubler()
    world.network.taps.append(doubler)
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    world.run(300)
    #expect(server.heard == Talker.lengths(150))
    #expect(client.heard == Talker.lengths(90))
    socket.close()
    world.run(300)
    #expect(client.ended == .some(nil))
    #expect(server.ended == .some(nil))
    #expect(doubler.copies > 100)
    #expect(world.network.brokenLaws() == [])
    #expect(world.network.inFlight == 0)
  }

  @Test(arguments: 0..<4) func `TLS over TCP delivers the same messages in order`(path: Int) {
    let place = Pair(Self.paths[path])
    var settings = TCPSettings()
    settings.dataRetransmissions = 12
    let world = SocketWorld(place.draft, settings: settings)
    let (client, server) = (Talker(says: 150), Talker(says: 90))
    let door = Door { socket in SecureChannel(over: socket, handshake: Trusted.server, upper: server, started: false) }
    world.stack.listen(at: place.two, port: 443, door)
    let holder = Talker()
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: holder)
    let channel = SecureChannel(over: socket, handshake: Trusted.client(), upper: client, started: false)
    world.run(300)
    #expect(channel.isEstablished)
    #expect(server.heard == Talker.lengths(150))
    #expect(client.heard == Talker.lengths(90))
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a certificate for another name ends both sides`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let (client, server) = (Talker(says: 1), Talker())
    let door = Door { socket in SecureChannel(over: socket, handshake: Trusted.server, upper: server, started: false) }
    world.stack.listen(at: place.two, port: 443, door)
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    let wrong = Trusted.client(name: ComponentKey("somebody-else"))
    let channel = SecureChannel(over: socket, handshake: wrong, upper: client, started: false)
    world.run(60)
    #expect(client.ended == .some(.security(.certificateWrongName)))
    #expect(!channel.isEstablished)
    #expect(server.ended != nil)
    #expect(server.heard.isEmpty)
    #expect(world.network.brokenLaws() == [])
  }

  // MARK: How connections end

  @Test func `a closed port refuses with a reset`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let client = Talker()
    _ = TCPSocket(connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    world.run(60)
    #expect(client.ended == .some(.refused))
    #expect(world.network.drops.map(\.reason) == [.notListening])
    // SYN and RST, two links each: 20 + 20 + 12 bytes and 20 + 20 at 100 Mbit/s, twice stored and forwarded.
    #expect(client.endedAt == SimTime(nanoseconds: 4 * 5_000_000 + 2 * 4_160 + 2 * 3_200))
    #expect(world.network.inFlight == 0)
  }

  @Test func `a black hole is given up when the SYN schedule ends: 1, 2, 4, 8 and 16 s`() {
    var place = Pair()
    place.draft.filter(place.router, .forward, policy: .drop)
    let world = SocketWorld(place.draft)
    let client = Talker()
    _ = TCPSocket(connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    world.run(60)
    #expect(client.ended == .some(.timedOut))
    #expect(client.endedAt == SimTime(nanoseconds: 31_000_000_000))
    #expect(world.network.drops.count == 5)
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a port used again within TIME-WAIT costs a SYN's timeout, and the new connection hears everything`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    var servers: [Talker] = []
    let door = Door { _ in
      servers.append(Talker(says: 1))
      return servers[servers.count - 1]
    }
    world.stack.listen(at: place.two, port: 443, door)
    func open(_ subject: UInt64) -> Talker {
      let client = Talker(says: 3)
      let conversation = world.conversation(place.one, subject)
      _ = TCPSocket(
        connecting: place.one, to: place.server, in: conversation, as: at("10.0.1.2", 50_000), stack: world.stack, upper: client)
      return client
    }
    let first = open(1)
    world.run(1)
    servers[0].carrier?.close()
    world.run(to: world.network.now + .milliseconds(300))
    #expect(first.ended == .some(nil) && servers[0].ended == nil)
    let again = open(2)
    world.run(5)
    #expect(servers.count == 2 && servers[1].heard == Talker.lengths(3) && again.heard == Talker.lengths(1))
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `without a route a connection fails after its maker has it in hand`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let client = Talker()
    let socket = TCPSocket(
      connecting: place.one, to: at("2001:db8::1", 443), in: world.conversation(place.one), stack: world.stack, upper: client)
    #expect(client.ended == nil)
    world.run(1)
    #expect(client.ended == .some(.noRoute))
    #expect(socket.connectTime == nil)
    #expect(world.network.counts.created == 0)
  }

  @Test func `a router's smaller MTU is found and kept to (RFC 1191)`() {
    var place = Pair()
    place.draft.plan.interfaces[3].mtu = 1300
    #expect(place.draft.plan.interfaces[3].node == place.router)
    let world = SocketWorld(place.draft)
    let (client, server) = (Talker(says: 50), Talker())
    let door = Door { socket in server }
    world.stack.listen(at: place.two, port: 443, door)
    _ = TCPSocket(connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    world.run(60)
    #expect(server.heard == Talker.lengths(50))
    #expect(Set(world.network.drops.map(\.reason)) == [.mtuExceeded])
    #expect(world.network.drops.count <= 10)  // the first window of ten segments at most
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a connection keeps to the interface whose address it has, whatever better route appears`() {
    var place = Pair()
    // A second line of host one, better for 10.0.2.0/24, but down at first.
    let second = place.draft.attach(place.one, "10.0.9.2", to: place.router, LinkSettings(delay: .milliseconds(1)))
    place.draft.route(place.one, "10.0.2.0/24", by: second.0)
    let world = SocketWorld(place.draft)
    world.network.interfaces[Int(second.0.index)].up = false
    let (client, server) = (Talker(says: 3), Talker())
    let door = Door { socket in server }
    world.stack.listen(at: place.two, port: 443, door)
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: client)
    #expect(socket.local.address == ip("10.0.1.2"))
    world.run(5)
    world.network.interfaces[Int(second.0.index)].up = true
    let watch = Watch(second.0)
    world.network.taps.append(watch)
    for _ in 0..<3 { socket.write(hello) }
    world.run(5)
    #expect(server.heard.count == 6)
    #expect(watch.seen.isEmpty)
  }

  @Test func `several taps see the same packets, and taking one away leaves the others`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let watches = [Watch(InterfaceID(0)), Watch(InterfaceID(0))]
    for watch in watches { world.network.taps.append(watch) }
    let ear = Ear()
    let socket = world.stack.openUDP(at: place.one, handler: ear)!
    socket.send(.opaque(OpaqueBytes(length: 10)), to: at("10.0.2.2", 7), in: .none)
    world.run(1)
    #expect(watches[0].seen.map(\.packet.luck) == watches[1].seen.map(\.packet.luck))
    let seen = watches[0].seen.count
    #expect(seen > 0)
    world.network.taps.removeFirst()
    socket.send(.opaque(OpaqueBytes(length: 10)), to: at("10.0.2.2", 7), in: .none)
    world.run(1)
    #expect(watches[0].seen.count == seen && watches[1].seen.count > seen)
  }
}

/// What passes one interface.
final class Watch: PacketTap {
  let interface: InterfaceID
  private(set) var seen: [(packet: Packet, leaving: Bool, message: Message?)] = []
  init(_ interface: InterfaceID) { self.interface = interface }
  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    if interface == self.interface { seen.append((packet, leaving, network.message(packet.payload))) }
  }
}

/// Lets every third packet that a host sends arrive at the next node twice, the copy 7 ms after it was sent.
final class Doubler: PacketTap {
  private var count = 0
  private(set) var copies = 0
  func observe(_ packet: Packet, leaving: Bool, interface: InterfaceID, at time: SimTime, in network: Network) {
    let shape = network.interfaces[Int(interface.index)]
    guard leaving, packet.proto == .tcp, !network.nodes[Int(shape.node.index)].forwards else { return }
    count += 1
    guard count % 3 == 0 else { return }
    copies += 1
    network.inject(packet, at: shape.peer, time: time + .milliseconds(7))
  }
}
