// Machines that stop: nothing of them is left, nothing more comes from them, and whoever spoke to them finds out by packets.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct StopTests {
  /// A client in the middle of a long conversation over TLS with a server.
  private func talking(_ place: Pair, _ client: Talker, _ server: Talker) -> SocketWorld {
    let world = SocketWorld(place.draft)
    let door = Door { socket in
      let channel = SecureChannel(over: socket, handshake: Trusted.server, upper: server, started: false)
      return channel
    }
    world.stack.listen(at: place.two, port: 443, door)
    let waiting = Talker()
    world.stack.keep(waiting)
    let socket = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one), stack: world.stack, upper: waiting)
    _ = SecureChannel(over: socket, handshake: Trusted.client(), upper: client, started: false)
    return world
  }

  @Test func `a machine that stops leaves no timer, no socket and no open stream, and its peer is reset once it sends`()
    throws
  {
    let place = Pair(LinkSettings(delay: .milliseconds(5), rate: .megabits(1)))
    let (client, server) = (Talker(says: 400), Talker(says: 400))
    let world = talking(place, client, server)
    world.run(to: .zero + .milliseconds(400))
    #expect(client.isUp && !client.heard.isEmpty && client.ended == nil)
    let before = world.network.timersInUse
    world.stack.stop(place.two)
    // The server's one connection, and nothing of the client's.
    #expect(world.network.timersInUse == before - 1)
    #expect(world.network.brokenLaws() == [])
    let heard = server.heard.count
    world.run(30)
    #expect(server.heard.count == heard && server.ended == nil, "nobody there is told of anything")
    #expect(client.ended == .some(.refused), "the machine is up and resets what it does not know")
    #expect(try #require(client.endedAt) < .zero + .seconds(1))
    #expect(world.network.timersInUse == 0)
    #expect(world.network.streams.openLogs == 0)
    #expect(world.network.inFlight == 0)
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `its ports are closed, its listeners gone, and a new server in its place knows nobody`() throws {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let (echo, asker) = (Ear(), Ear())
    echo.answers = true
    _ = try #require(world.stack.openUDP(at: place.two, port: 9, handler: echo))
    let own = try #require(world.stack.openUDP(at: place.one, port: 5000, handler: asker))
    world.stack.listen(at: place.two, port: 443, Door { _ in Talker() })
    world.stack.stop(place.two)
    own.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one))
    let knocker = Talker()
    _ = TCPSocket(
      connecting: place.one, to: place.server, in: world.conversation(place.one, 2), stack: world.stack, upper: knocker)
    world.run(1)
    #expect(echo.heard.isEmpty && asker.errors.map(\.1) == [.portUnreachable])
    #expect(knocker.ended == .some(.refused))
    _ = try #require(world.stack.openUDP(at: place.two, port: 9, handler: echo), "the port is free again")
    own.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one, 3))
    world.run(1)
    #expect(asker.heard.count == 1)
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `an alarm ends with its machine, and another machine's does not`() {
    let place = Pair()
    let world = SocketWorld(place.draft)
    var rung: [Int] = []
    let alarms = [place.one, place.two].map { node in Alarm(world.stack, at: node) { rung.append(Int(node.index)) } }
    for alarm in alarms { alarm.set(.zero + .seconds(1)) }
    world.stack.stop(place.two)
    // Whoever still has the object cannot wake it.
    alarms[1].set(.zero + .seconds(2))
    world.run(3)
    #expect(rung == [Int(place.one.index)])
    #expect(world.network.timersInUse == 1)
  }

  @Test func `what is drawn after a start differs from what was drawn before it, and nobody else's draws move`() throws {
    func ports(_ stopped: Bool) throws -> (own: UInt16, others: UInt16) {
      let place = Pair()
      let world = SocketWorld(place.draft)
      if stopped { world.stack.stop(place.one) }
      let own = try #require(world.stack.openUDP(at: place.one, handler: Ear()))
      let others = try #require(world.stack.openUDP(at: place.two, handler: Ear()))
      return (own.local.port, others.local.port)
    }
    let (before, after) = (try ports(false), try ports(true))
    #expect(before.own != after.own && before.others == after.others)
  }

  @Test func `a tunnel gateway that was started anew tells its client, which says hello again at once`() throws {
    let vpn = VPN()
    let usual = try #require(vpn.roundTrip())
    let gateway = vpn.gateway
    let far = try #require(
      (0..<vpn.world.network.interfaces.count).first {
        vpn.world.network.interfaces[$0].node == gateway && vpn.world.network.interfaces[$0].link < 0
      })
    vpn.world.stack.stop(gateway)
    let end = VPNGateway(node: gateway, stack: vpn.world.stack)
    end.add(VPN.settings, interface: InterfaceID(far))
    // The first packet is lost on the gateway that does not know it; the answer brings the tunnel up again.
    #expect(vpn.roundTrip() == nil)
    #expect(vpn.world.network.drops.map(\.reason).contains(.tunnelDown))
    #expect(try #require(vpn.roundTrip()) == usual)
    #expect(vpn.world.network.brokenLaws() == [])
  }
}
