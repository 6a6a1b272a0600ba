// An explicit proxy between two talkers: what passes, what the client measures, what it is refused, and when silence ends it.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

private let server = ComponentKey("server")

/// alice – core – proxy, and core – server; each line takes its own time.
private final class ProxyWorld {
  let world: SocketWorld
  let alice: NodeID
  let proxy: NodeID
  var client = Talker()
  var far = Talker()
  private(set) var opening: ProxyOpening?
  private(set) var seen: [Endpoint] = []
  private var doors: [any StreamListener] = []

  init(
    _ settings: (inout ProxyTunnel.Settings) -> Void = { _ in }, listens: Bool = true, serves: Bool = true, blocks: Bool = false
  ) {
    var draft = Draft()
    (alice, proxy) = (draft.host("alice"), draft.host("proxy"))
    let (core, destination) = (draft.router("core"), draft.host("server"))
    func line(_ milliseconds: Int64) -> LinkSettings { LinkSettings(delay: .milliseconds(milliseconds)) }
    draft.attach(alice, "198.51.100.1", to: core, line(3))
    draft.attach(proxy, "198.51.100.2", to: core, line(5))
    draft.attach(destination, "198.51.100.3", to: core, line(20))
    if blocks {
      _ = draft.filter(
        core, .forward,
        [("no-way", Rule(action: .drop, destinations: IPPrefix(ip("198.51.100.3"), length: 128)))], policy: .accept)
    }
    world = SocketWorld(draft)
    var tunnels = ProxyTunnel.Settings(addresses: [server: ip("198.51.100.3")])
    settings(&tunnels)
    if serves { doors.append(ConnectProxy(at: proxy, port: 8080, settings: tunnels, stack: world.stack)) }
    let door = Door { [unowned self] socket in
      seen.append(socket.remote)
      return far
    }
    doors.append(door)
    if listens { world.stack.listen(at: destination, port: 443, door) }
  }

  func open(_ seconds: Int64) {
    let socket = TCPSocket(
      connecting: alice, to: at("198.51.100.2", 8080), in: world.conversation(alice), stack: world.stack, upper: client)
    opening = ProxyOpening(on: socket, to: HTTPAuthority(server, 443), above: client)
    world.run(seconds)
  }

  var isWhole: Bool { world.network.brokenLaws() == [] && world.network.streams.unreadPieces == 0 }
}

@Suite struct ConnectProxyTests {
  @Test func `what both sides say passes whole, from the proxy's address, and an orderly end is passed on`() {
    let world = ProxyWorld()
    (world.client, world.far) = (Talker(says: 60), Talker(says: 80))
    world.open(60)
    #expect(world.far.heard == Talker.lengths(60) && world.client.heard == Talker.lengths(80))
    #expect(world.seen.map(\.address) == [ip("198.51.100.2")])
    world.client.carrier?.close()
    world.world.run(60)
    #expect(world.client.ended == .some(nil) && world.far.ended == .some(nil))
    #expect(world.isWhole)
  }

  @Test func `the client measures the way to the proxy and the proxy's connect, so the sum of both round trips`() {
    let world = ProxyWorld()
    world.open(5)
    // alice to proxy and back 2 (3 + 5) ms, proxy to server and back 2 (5 + 20) ms.
    #expect(world.opening?.roundTrip == .milliseconds(66))
  }

  @Test func `nothing is heard by the destination of a tunnel that is refused, and the client is told why`() {
    let wanting = ProxyWorld { $0.requiresAuthentication = true }
    let barred = ProxyWorld { $0.allowed = [ComponentKey("feed")] }
    let nameless = ProxyWorld { $0.addresses = [:] }
    let closed = ProxyWorld(listens: false)
    for (world, failure) in [
      (wanting, ProxyRequest.Failure.authenticationRequired), (barred, .forbidden), (nameless, .destinationUnreachable),
      (closed, .destinationUnreachable),
    ] {
      world.client = Talker(says: 3)
      world.open(60)
      #expect(world.client.ended == .some(.proxy(failure)) && !world.client.isUp)
      #expect(world.far.heard.isEmpty && world.isWhole)
    }
    let told = wanting.world.network.recorder.story.compactMap(\.failure)
    #expect(told == [.proxyAuthenticationRequired])
  }

  @Test func `a destination that is silent costs the proxy's own five SYNs, and then the client hears of it`() throws {
    let world = ProxyWorld(blocks: true)
    world.open(60)
    #expect(world.client.ended == .some(.proxy(.destinationUnreachable)))
    // The request is there after 3 · 8 ms, the proxy's SYNs go at 0, 1, 3, 7 and 15 s and are given up at 31 s, and the answer takes 8 ms.
    #expect(try #require(world.client.endedAt) == SimTime.zero + .milliseconds(31_000 + 24 + 8))
    #expect(world.world.network.drops.count == 5)
  }

  @Test func `a proxy that does not listen is unreachable`() {
    let world = ProxyWorld(serves: false)
    world.open(60)
    #expect(world.client.ended == .some(.proxy(.proxyUnreachable)))
  }

  @Test func `a tunnel is closed when it was quiet for the limit after its last byte, at both ends`() throws {
    let world = ProxyWorld { $0.idle = .seconds(10) }
    world.client = Talker(says: 1)
    world.open(3)
    #expect(world.client.ended == nil)
    let carrier = try #require(world.client.carrier)
    world.world.run(to: .zero + .seconds(9))
    carrier.write(.opaque(OpaqueBytes(length: 10)))
    world.world.run(to: .zero + .milliseconds(19_007))
    #expect(world.client.ended == nil && world.far.ended == nil)
    world.world.run(60)
    // The last byte passed the proxy 8 ms after 9 s; the end takes 8 ms to the client and back to be sure of.
    #expect(world.client.ended == .some(nil) && world.far.ended == .some(nil))
    #expect(try #require(world.far.endedAt) >= .zero + .milliseconds(19_008 + 25))
    #expect(world.world.network.recorder.story.compactMap(\.failure) == [.proxyIdle])
    #expect(world.isWhole)
  }
}
