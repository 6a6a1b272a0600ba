// The VPN as a virtual interface: inner packets really travel inside outer ones, over the underlay and nowhere else.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// A client behind a home router, a VPN gateway in the core with a private network behind it, and a server there.
struct VPN {
  let world: SocketWorld
  let client: NodeID
  let server: NodeID
  let gateway: NodeID
  /// The home router's line out, and its link rows there and back.
  let uplink: InterfaceID
  let inner: InterfaceID
  let vpnClient: VPNClient
  let echo = Ear()
  let ear = Ear()
  let socket: UDPSocket
  let target = at("10.1.0.9", 3390)
  static let settings = VPNSettings(key: Secret(id: 8), name: ComponentKey("vpn"), inner: ip("10.9.0.2"))

  init(
    uplink settings: LinkSettings = LinkSettings(delay: .milliseconds(4)), routes: [String] = ["10.1.0.0/24"],
    key: UInt64 = 8, processing: SimDuration = .zero, edit: (inout Draft, _ home: NodeID) -> Void = { _, _ in }
  ) {
    var draft = Draft()
    client = draft.host("client")
    server = draft.host("server")
    let home = draft.router("home")
    let core = draft.router("core")
    gateway = draft.router("gateway")
    draft.attach(client, "192.168.1.10", to: home, gateway: "192.168.1.1", LinkSettings(delay: .milliseconds(1)))
    uplink = draft.attach(home, "203.0.113.5", to: core, settings).0
    draft.translate(home, .homeRouter, outside: ["203.0.113.5"])
    draft.attach(gateway, "198.51.100.4", to: core)
    draft.attach(server, "10.1.0.9", to: gateway, gateway: "10.1.0.1", LinkSettings(delay: .milliseconds(2)))
    inner = draft.virtual(client, "10.9.0.2")
    let far = draft.virtual(gateway, "10.9.0.1")
    for route in routes { draft.route(client, route, by: inner) }
    draft.route(gateway, "10.9.0.2/32", by: far, metric: 1)
    edit(&draft, home)
    world = SocketWorld(draft)
    var mine = VPN.settings
    mine.key = Secret(id: key)
    mine.processing = processing
    var theirs = VPN.settings
    theirs.processing = processing
    let end = VPNGateway(node: gateway, stack: world.stack)
    end.add(theirs, interface: far)
    vpnClient = VPNClient(
      settings: mine, node: client, interface: inner, gateway: at("198.51.100.4", VPNGateway.port), stack: world.stack)
    vpnClient.start()
    echo.answers = true
    guard let served = world.stack.openUDP(at: server, port: 3390, handler: echo),
      let own = world.stack.openUDP(at: client, port: 5000, handler: ear)
    else { preconditionFailure("no sockets") }
    _ = served
    socket = own
    world.run(1)
  }

  /// Sends a message inside and returns the round trip; `nil` when nothing came back.
  func roundTrip(length: Int = 72) -> SimDuration? {
    let start = world.network.now
    let before = ear.times.count
    socket.send(.opaque(OpaqueBytes(length: length)), to: target, in: world.conversation(client))
    world.run(2)
    return ear.times.count > before ? ear.times[before] - start : nil
  }

  var links: [Int] {
    let shape = world.network.interfaces[Int(uplink.index)]
    return [Int(shape.link), Int(world.network.interfaces[Int(shape.peer.index)].link)]
  }
}

@Suite struct TunnelTests {
  @Test func `on the home uplink only outer packets are seen, each with its overhead`() throws {
    let vpn = VPN()
    vpn.world.run(1)  // past the first keep-alive
    let watch = Watch(vpn.uplink)
    vpn.world.network.taps.append(watch)
    #expect(vpn.roundTrip() != nil)
    #expect(vpn.echo.heard.map(\.source) == [at("10.9.0.2", 5000)])
    #expect(watch.seen.count == 2)
    for (packet, leaving, message) in watch.seen {
      #expect((leaving ? packet.destination : packet.source) == at("198.51.100.4", 4500))
      #expect((leaving ? packet.source : packet.destination).address == ip("203.0.113.5"))
      #expect(packet.length == 100 + 36 + 28)  // the inner packet, ESP in UDP, outer UDP and IP
      guard case .tunnel(.inner(_, let length, _))? = message else {
        Issue.record("not a tunnel's packet: \(packet)")
        continue
      }
      #expect(length == 100)
    }
    #expect(vpn.world.network.drops == [])
    #expect(vpn.world.network.brokenLaws() == [])
  }

  @Test func `a slower uplink makes the inner round trip longer by just twice as much`() throws {
    let vpn = VPN()
    let first = try #require(vpn.roundTrip())
    #expect(first == .milliseconds(2 * (1 + 4 + 1 + 2)))
    for row in vpn.links { vpn.world.network.links[row].settings.delay = SimDuration(nanoseconds: 4_000_000 + 7_654_321) }
    #expect(try #require(vpn.roundTrip()) == first + SimDuration(nanoseconds: 2 * 7_654_321))
  }

  @Test func `processing takes its time once at each end of each packet's way out of the tunnel`() throws {
    let vpn = VPN(processing: .microseconds(300))
    #expect(try #require(vpn.roundTrip()) == .milliseconds(16) + .microseconds(600))
  }

  @Test func `blocking the outer port kills the tunnel, and the inner packets end with their carriers`() {
    let vpn = VPN { draft, home in
      draft.filter(
        home, .forward, [("no-4500", Rule(action: .drop, proto: .udp, destinationPorts: PortRange(4500, 4500)))])
    }
    #expect(!vpn.world.network.interfaces[Int(vpn.inner.index)].up)
    // No tunnel, no route inside: the packet goes out in the open and finds nothing there.
    #expect(vpn.roundTrip() == nil)
    let lifted = VPN { draft, home in
      draft.filter(
        home, .forward, [("no-4500", Rule(action: .drop, proto: .udp, destinationPorts: PortRange(4500, 4500)))])
      draft.plan.rules[0].enabled = false
    }
    #expect(lifted.roundTrip() != nil)
    lifted.world.network.rules[0].enabled = true
    #expect(lifted.roundTrip() == nil)
    #expect(
      lifted.world.network.drops.prefix(2)
        == [Drop(reason: .carrierLost, node: "home"), Drop(reason: .rule, node: "home", rule: "no-4500")]
        || lifted.world.network.drops.prefix(2)
          == [Drop(reason: .rule, node: "home", rule: "no-4500"), Drop(reason: .carrierLost, node: "home")]
    )
    #expect(lifted.world.network.brokenLaws() == [])
  }

  @Test func `whatever befalls the carriers, every inner packet ends once`() {
    let vpn = VPN(
      uplink: LinkSettings(
        delay: .milliseconds(4), rate: .megabits(1), queue: ByteCount(3000), loss: Probability(partsPerBillion: 200_000_000)))
    vpn.world.run(20)
    guard vpn.world.network.interfaces[Int(vpn.inner.index)].up else {
      Issue.record("the tunnel did not come up")
      return
    }
    for burst in 0..<20 {
      for _ in 0..<5 {
        vpn.socket.send(.opaque(OpaqueBytes(length: 700)), to: vpn.target, in: vpn.world.conversation(vpn.client))
      }
      vpn.world.network.run(until: vpn.world.network.now + .milliseconds(3 + Int64(burst)))
      #expect(vpn.world.network.brokenLaws() == [])
    }
    vpn.world.run(3)
    let drops = vpn.world.network.drops
    let carriers = drops.filter { $0.reason == .linkLoss || $0.reason == .queueFull }.count
    let inner = drops.filter { $0.reason == .carrierLost }.count
    #expect(Set(drops.map(\.reason)) == [.linkLoss, .queueFull, .carrierLost])
    // A lost hello or keep-alive carries nothing.
    #expect(inner > 10 && inner <= carriers)
    // Of 100 asked, each was lost on its way there, lost on its way back, or came back.
    #expect(vpn.ear.heard.count + inner == 100)
    #expect(vpn.world.network.messages.liveCount == 0)
    #expect(vpn.world.network.inFlight == 0)
  }

  @Test func `a carrier that arrives twice brings its inner packet twice, and nothing is left over`() {
    let vpn = VPN(uplink: LinkSettings(delay: .milliseconds(4), duplicate: .certain))
    vpn.world.run(2)
    let created = vpn.world.network.counts.created
    vpn.socket.send(.opaque(OpaqueBytes(length: 700)), to: vpn.target, in: vpn.world.conversation(vpn.client))
    vpn.world.network.run(until: vpn.world.network.now + .milliseconds(1))
    // The inner packet and its carrier, and a copy of each.
    #expect(vpn.world.network.counts.created == created + 4)
    vpn.world.run(3)
    // Twice there; each answer, twice back.
    #expect(vpn.ear.heard.count == 4)
    #expect(vpn.world.network.brokenLaws() == [])
    #expect(vpn.world.network.messages.liveCount == 0)
    #expect(vpn.world.network.inFlight == 0)
  }

  @Test func `a wrong key is refused at the gateway and the tunnel stays down`() {
    let vpn = VPN(key: 666)
    vpn.world.run(3)
    #expect(!vpn.world.network.interfaces[Int(vpn.inner.index)].up)
    #expect(Set(vpn.world.network.drops.map(\.reason)) == [.tunnelBadKey])
    #expect(Set(vpn.world.network.drops.map(\.node)) == ["gateway"])
    #expect(vpn.world.network.brokenLaws() == [])
  }

  @Test(arguments: [(1372, true), (1373, false)])
  func `an inner packet over the tunnel's MTU does not enter it`(length: Int, passes: Bool) {
    let vpn = VPN()
    #expect((vpn.roundTrip(length: length) != nil) == passes)
    #expect(vpn.world.network.drops == (passes ? [] : [Drop(reason: .mtuExceeded, node: "client")]))
  }

  @Test func `TCP through the tunnel keeps to its MTU in both directions`() {
    let vpn = VPN()
    let (client, server) = (Talker(says: 40), Talker(says: 60))
    let door = Door { _ in server }
    vpn.world.stack.listen(at: vpn.server, port: 443, door)
    let socket = TCPSocket(
      connecting: vpn.client, to: at("10.1.0.9", 443), in: vpn.world.conversation(vpn.client), stack: vpn.world.stack,
      upper: client)
    #expect(socket.local.address == ip("10.9.0.2"))
    vpn.world.run(60)
    #expect(server.heard == Talker.lengths(40))
    #expect(client.heard == Talker.lengths(60))
    // The server learns of the tunnel's MTU from the gateway; the client knows its interface.
    #expect(Set(vpn.world.network.drops.map(\.node)) == ["gateway"])
    #expect(Set(vpn.world.network.drops.map(\.reason)) == [.mtuExceeded])
    #expect(vpn.world.network.brokenLaws() == [])
  }

  @Test func `a full tunnel carries everything but its own carriers`() {
    let vpn = VPN(routes: ["0.0.0.0/0"])
    #expect(vpn.world.network.interfaces[Int(vpn.inner.index)].up)
    #expect(vpn.roundTrip() != nil)
    // Its keep-alives go by the underlay too, so the translator's mapping outlives its 120 s.
    vpn.world.run(600)
    #expect(vpn.roundTrip() != nil)
    #expect(vpn.world.network.drops == [])
  }
}
