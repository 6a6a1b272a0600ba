// Sockets: which errors reach them, which interfaces they use, which ports they get, and that many cost no more than few.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

@Suite struct SocketTests {
  // MARK: Errors

  @Test(arguments: [false, true]) func `a closed port is told to the socket that asked, also through a translator`(nat: Bool)
    throws
  {
    var place = Pair()
    if nat {
      let home = place.draft.router("home")
      let inside = place.draft.host("inside")
      place.draft.attach(inside, "192.168.1.10", to: home)
      place.draft.attach(home, "10.0.7.2", to: place.router)
      place.draft.translate(home, .portRestrictedCone, outside: ["10.0.7.2"])
    }
    let world = SocketWorld(place.draft)
    let (right, wrong) = (Ear(), Ear())
    let node = nat ? NodeID(4) : place.one
    let socket = try #require(world.stack.openUDP(at: node, port: 5000, handler: right))
    _ = try #require(world.stack.openUDP(at: node, port: 5001, handler: wrong))
    socket.send(hello, to: at("10.0.2.2", 9), in: world.conversation(node))
    world.run(1)
    #expect(right.errors.map(\.0) == [at("10.0.2.2", 9)])
    #expect(right.errors.map(\.1) == [.portUnreachable])
    #expect(wrong.errors.isEmpty)
    #expect(world.network.drops == [Drop(reason: .noSocket, node: "two")])
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a rejecting rule is told as administratively prohibited, to datagrams and to connections`() throws {
    var place = Pair()
    place.draft.filter(place.router, .forward, [("reject", Rule(action: .reject))])
    let world = SocketWorld(place.draft)
    let ear = Ear()
    let socket = try #require(world.stack.openUDP(at: place.one, port: 5000, handler: ear))
    socket.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one))
    world.run(1)
    #expect(ear.errors.map(\.1) == [.administrativelyProhibited])
  }

  @Test func `an error for a socket that has closed is an unmatched one`() throws {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let socket = try #require(world.stack.openUDP(at: place.one, port: 5000, handler: Ear()))
    socket.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one))
    socket.close()
    world.run(1)
    #expect(world.network.drops.map(\.reason) == [.noSocket, .icmpUnmatched])
    #expect(world.network.brokenLaws() == [])
  }

  // MARK: Interfaces

  @Test func `a socket bound to an interface sends by it, is heard on it, and fails at once without a route`() throws {
    var place = Pair()
    let second = place.draft.link(place.one, "172.16.0.1", .privateLine, place.two, "172.16.0.2", .privateLine)
    place.draft.route(place.two, "172.16.0.1/32", by: second.1)
    let world = SocketWorld(place.draft)
    let (bound, open, server) = (Ear(), Ear(), Ear())
    server.answers = true
    let mine = try #require(world.stack.openUDP(at: place.one, port: 5000, interface: InterfaceID(0), handler: bound))
    let other = try #require(world.stack.openUDP(at: place.one, port: 5000, interface: second.0, handler: open))
    _ = try #require(world.stack.openUDP(at: place.two, port: 9, handler: server))
    #expect(mine.local == at("10.0.1.2", 5000))
    #expect(mine.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one)) == .sent)
    #expect(other.send(hello, to: at("10.0.2.2", 9), in: world.conversation(place.one)) == .noRoute)
    world.run(1)
    #expect(bound.heard.count == 1)
    #expect(open.heard.isEmpty)
    #expect(world.network.messages.liveCount == 0)
    #expect(world.stack.openUDP(at: place.one, interface: second.0, v6: true, handler: open) == nil)
  }

  // MARK: Ports

  @Test func `drawn ports fill 49152 to 65535 without 65330, each once, and then there are none`() throws {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let ear = Ear()
    var ports: Set<UInt16> = []
    let all = Set(UInt16(49_152)...65_535).subtracting([65_330])
    while let socket = world.stack.openUDP(at: place.one, subject: UInt64(ports.count / 7), handler: ear) {
      #expect(ports.insert(socket.local.port).inserted)
      if ports.count > all.count { break }
    }
    #expect(ports == all)
    #expect(world.stack.openUDP(at: place.one, port: 65_330, handler: ear) != nil)
    #expect(world.stack.openUDP(at: place.one, port: 50_000, handler: ear) == nil)
    // Another node's ports are its own.
    #expect(world.stack.openUDP(at: place.two, handler: ear) != nil)
  }

  @Test func `a drawn port hangs on its purpose and node alone, and a closed one is free again`() throws {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let ear = Ear()
    func port(_ subject: UInt64) -> UInt16? {
      let socket = world.stack.openUDP(at: place.one, subject: subject, handler: ear)
      defer { socket?.close() }
      return socket?.local.port
    }
    let first = port(7)
    _ = port(8)
    #expect(port(7) == first)
    #expect(port(8) != first)
    #expect(world.stack.openUDP(at: place.one, range: 40_000...40_000, handler: ear)?.local.port == 40_000)
    #expect(world.stack.openUDP(at: place.one, range: 40_000...40_000, handler: ear) == nil)
  }

  @Test func `a preferred range is used up first, used ports skipped; then ports come from the dynamic range`() throws {
    let place = Pair()
    let world = SocketWorld(place.draft)
    let ear = Ear()
    _ = try #require(world.stack.openUDP(at: place.one, port: 38_350, handler: ear))
    var ports: [UInt16] = []
    for subject in 0..<102 as Range<UInt64> {
      let socket = world.stack.openUDP(at: place.one, preferred: 38_300...38_399, subject: subject, handler: ear)
      ports.append(try #require(socket).local.port)
    }
    #expect(Set(ports.prefix(99)) == Set(UInt16(38_300)...38_399).subtracting([38_350]))
    #expect(ports.prefix(99) != ports.prefix(99).sorted()[...])
    #expect(ports.suffix(3).allSatisfy { $0 >= 49_152 })
  }

  // MARK: Many

  /// Events per connection when `count` TCP connections to one node open, carry one message and close.
  func eventsPerConnection(_ count: Int) throws -> Double {
    var draft = Draft()
    let (client, server) = (draft.host("client"), draft.host("server"))
    let ends = draft.link(client, "10.0.0.1", .outside, server, "10.0.0.2", .outside)
    draft.route(client, "10.0.0.2/32", by: ends.0)
    draft.route(server, "10.0.0.1/32", by: ends.1)
    let world = SocketWorld(draft)
    var talkers: [Talker] = []
    let door = Door { _ in
      talkers.append(Talker())
      return talkers.last
    }
    // Sixteen thousand ports serve one remote: two of them make room for all.
    for port in [443, 444] as [UInt16] { world.stack.listen(at: server, port: port, door) }
    var clients: [Talker] = []
    var sockets: [TCPSocket] = []
    for ordinal in 0..<count {
      let talker = Talker(says: 1)
      clients.append(talker)
      sockets.append(
        TCPSocket(
          connecting: client, to: at("10.0.0.2", ordinal % 2 == 0 ? 443 : 444), in: world.conversation(client, UInt64(ordinal)),
          stack: world.stack, upper: talker))
    }
    world.run(5)
    #expect(talkers.allSatisfy { $0.heard == [length(0)] } && talkers.count == count)
    for socket in sockets { socket.close() }
    world.run(60)
    #expect(clients.allSatisfy { $0.ended == .some(nil) })
    #expect(world.network.brokenLaws() == [])
    #expect(world.network.inFlight == 0)
    return Double(world.network.events) / Double(count)
  }

  @Test func `20,000 connections on one node take as many events each as 20 do`() throws {
    let (few, many) = (try eventsPerConnection(20), try eventsPerConnection(20_000))
    #expect(many == few)
  }
}
