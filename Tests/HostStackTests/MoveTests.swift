// A host leaves one network and joins another: sockets, connections and tunnels that stood on the old address.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// The VPN's world with a hotel beside the home, in which the client has an address it does not use yet.
struct Nomad {
  let vpn: VPN
  let eth = InterfaceID(0)
  let hotel: InterfaceID
  /// The hotel's line out.
  let uplink: InterfaceID

  init() {
    var rows: (own: InterfaceID, uplink: InterfaceID)?
    vpn = VPN { draft, _ in
      let (client, core, router) = (NodeID(0), NodeID(3), draft.router("hotel"))
      let uplink = draft.attach(router, "203.0.113.77", to: core).0
      draft.translate(router, .symmetric, outside: ["203.0.113.77"])
      let own = draft.attach(client, "10.50.0.10", to: router, gateway: "10.50.0.1").0
      draft.plan.interfaces[Int(own.index)].up = false
      rows = (own, uplink)
    }
    (hotel, uplink) = (rows!.own, rows!.uplink)
  }

  var network: Network { vpn.world.network }
  func go() { vpn.world.stack.move(from: eth, to: hotel) }
  func comeBack() { vpn.world.stack.move(from: hotel, to: eth) }
}

@Suite struct MoveTests {
  @Test func `a tunnel sends from the new network at once, and what is inside keeps its addresses`() throws {
    let nomad = Nomad()
    #expect(nomad.vpn.roundTrip() != nil)
    nomad.go()
    let watch = Watch(nomad.uplink)
    nomad.network.taps.append(watch)
    #expect(nomad.vpn.roundTrip() != nil)
    #expect(nomad.vpn.echo.heard.map(\.source) == [at("10.9.0.2", 5000), at("10.9.0.2", 5000)])
    // A keep-alive tells the gateway, then the inner packet there and back.
    #expect(watch.seen.count == 3)
    #expect(nomad.network.drops == [])
    nomad.comeBack()
    #expect(nomad.vpn.roundTrip() != nil)
    #expect(nomad.network.brokenLaws() == [])
  }

  @Test func `a TCP connection ends when its address goes, a UDP socket falls silent, and nobody tells their peers`() throws {
    let nomad = Nomad()
    let stack = nomad.vpn.world.stack
    let (outside, inside, peer, innerPeer) = (Talker(says: 3), Talker(says: 3), Talker(says: 3), Talker(says: 3))
    let (door, innerDoor) = (Door { _ in peer }, Door { _ in innerPeer })
    stack.listen(at: nomad.vpn.gateway, port: 443, door)
    stack.listen(at: nomad.vpn.server, port: 443, innerDoor)
    let client = nomad.vpn.client
    let one = TCPSocket(
      connecting: client, to: at("198.51.100.4", 443), in: nomad.vpn.world.conversation(client, 2), stack: stack, upper: outside)
    let two = TCPSocket(
      connecting: client, to: at("10.1.0.9", 443), in: nomad.vpn.world.conversation(client, 3), stack: stack, upper: inside)
    #expect(one.local.address == ip("192.168.1.10") && two.local.address == ip("10.9.0.2"))
    let socket = try #require(stack.openUDP(at: client, port: 6000, interface: nomad.eth, handler: nomad.vpn.ear))
    nomad.vpn.world.run(2)
    #expect(outside.isUp && inside.isUp && peer.heard == Talker.lengths(3))
    nomad.go()
    #expect(outside.ended == .some(.addressLost))
    #expect(nomad.network.recorder.story.last { $0.kind == .unsent }?.unsentReason == .detached)
    #expect(socket.send(hello, to: at("198.51.100.4", 9), in: nomad.vpn.world.conversation(client)) == .interfaceDown)
    inside.carrier?.write(.opaque(OpaqueBytes(length: 9)))
    nomad.vpn.world.run(5)
    #expect(innerPeer.heard == Talker.lengths(3) + [9])
    #expect(peer.ended == nil && inside.ended == nil)
    // What still comes for the address ends at the router that the host has left.
    peer.carrier?.write(.opaque(OpaqueBytes(length: 9)))
    nomad.vpn.world.run(2)
    #expect(Set(nomad.network.drops.filter { $0.reason != .mtuExceeded }) == [Drop(reason: .detached, node: "home")])
    nomad.comeBack()
    #expect(socket.send(hello, to: at("198.51.100.4", 9), in: nomad.vpn.world.conversation(client)) == .sent)
    nomad.vpn.world.run(60)
    #expect(nomad.network.brokenLaws() == [])
  }

  @Test func `in no network a tunnel's inner packets end as its own, and the first network brings it back`() {
    let nomad = Nomad()
    nomad.vpn.world.stack.move(from: nomad.eth, to: nil)
    #expect(nomad.vpn.roundTrip() == nil)
    #expect(nomad.network.drops == [Drop(reason: .tunnelDown, node: "client")])
    #expect(nomad.network.brokenLaws() == [])
    nomad.vpn.world.stack.move(from: nil, to: nomad.hotel)
    #expect(nomad.vpn.roundTrip() != nil)
  }

  @Test func `a gateway keeps its route into a tunnel that is down; a client's packets go another way, and it is said`() throws {
    let nomad = Nomad()
    let stack = nomad.vpn.world.stack
    #expect(nomad.vpn.roundTrip() != nil)
    let far = InterfaceID(Int(nomad.vpn.inner.index) + 1)
    #expect(nomad.network.sleepingRoute(ip("10.1.0.9"), from: nomad.vpn.client) == nil)
    for end in [nomad.vpn.inner, far] { stack.switchTunnel(off: true, at: end) }
    let server = try #require(stack.openUDP(at: nomad.vpn.server, port: 6000, handler: nomad.vpn.ear))
    server.send(hello, to: at("10.9.0.2", 5000), in: nomad.vpn.world.conversation(nomad.vpn.server))
    nomad.vpn.world.run(2)
    #expect(nomad.network.drops == [Drop(reason: .tunnelDown, node: "gateway")])
    #expect(nomad.network.sleepingRoute(ip("10.1.0.9"), from: nomad.vpn.client) == nomad.vpn.inner)
    #expect(nomad.network.sleepingRoute(ip("198.51.100.4"), from: nomad.vpn.client) == nil)
    stack.tellSleepingTunnel(
      from: at("192.168.1.10", 1), to: nomad.vpn.target, .udp, in: nomad.vpn.world.conversation(nomad.vpn.client),
      at: nomad.vpn.client)
    #expect(nomad.network.recorder.story.last?.unsentReason == .tunnelDown)
    for end in [nomad.vpn.inner, far] { stack.switchTunnel(off: false, at: end) }
    nomad.vpn.world.run(1)
    #expect(nomad.vpn.roundTrip() != nil)
  }

  @Test func `a tunnel that is switched off says nothing until it is switched on`() {
    let nomad = Nomad()
    let watch = Watch(nomad.vpn.uplink)
    nomad.vpn.world.run(2)
    nomad.vpn.world.stack.switchTunnel(off: true, at: nomad.vpn.inner)
    nomad.network.taps.append(watch)
    nomad.vpn.world.run(60)
    #expect(watch.seen.isEmpty)
    nomad.vpn.world.stack.switchTunnel(off: false, at: nomad.vpn.inner)
    nomad.vpn.world.run(1)
    #expect(watch.seen.count == 2)
    #expect(nomad.vpn.roundTrip() != nil)
  }
}
