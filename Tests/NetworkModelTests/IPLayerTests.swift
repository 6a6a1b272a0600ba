// The IP layer: routes, hop limits, sizes, strong hosts, both families, and what ICMP tells the sender.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// Two hosts on either side of a router, and a second line from the router to a third host.
struct Crossroads {
  var draft = Draft()
  let left: NodeID
  let right: NodeID
  let other: NodeID
  let router: NodeID
  let toRight: InterfaceID
  let toOther: InterfaceID

  init() {
    (left, right, other, router) = (draft.host("left"), draft.host("right"), draft.host("other"), draft.router("router"))
    draft.attach(left, "10.0.1.2 2001:db8:1::2", to: router)
    toRight = draft.attach(right, "10.0.2.2 2001:db8:2::2", to: router).1
    toOther = draft.attach(other, "10.0.3.2", to: router).1
  }
}

@Suite struct IPLayerTests {
  let left = at("10.0.1.2", 1000)
  let right = at("10.0.2.2", 2000)

  @Test(arguments: ["10.0.2.2 10.0.1.2", "2001:db8:2::2 2001:db8:1::2"])
  func `a packet crosses a router in either family`(addresses: String) {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    let ends = addresses.split(separator: " ").map { at(String($0), 7) }
    let got = world.sent(place.left, ends[1], ends[0])
    #expect(got.map(\.node) == [place.right])
    #expect(got[0].packet.ttl == 63)
    #expect(got[0].time == SimTime(nanoseconds: 2_000_000))
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `an unspecified source becomes the outgoing interface's address of the same family`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    let four = world.sent(place.left, Endpoint(.unspecified, 5), right)
    #expect(four[0].packet.source == at("10.0.1.2", 5))
    let six = world.sent(place.left, Endpoint(.unspecified, 5), at("2001:db8:2::2", 6))
    #expect(six[0].packet.source == at("2001:db8:1::2", 5))
  }

  @Test(
    arguments: [
      // What further routes to 10.0.2.2 the router has (prefix, metric, toward), and who gets the packet.
      ([("10.0.2.0/24", 0, "other")], "right"), ([("10.0.2.2/32", 1, "other")], "right"),
      ([("10.9.0.0/16", 5, "right"), ("10.9.0.0/24", 90, "other")], "other"),
      ([("10.9.0.0/24", 5, "right"), ("10.9.0.0/24", 4, "other")], "other"),
      ([("10.9.0.0/24", 4, "right"), ("10.9.0.0/24", 5, "other")], "right"),
      ([("10.9.0.0/24", 4, "other"), ("10.9.0.0/24", 4, "right")], "right"),
    ] as [([(String, UInt32, String)], String)])
  func `the longest prefix wins, then the lowest metric, then the first interface`(
    routes: [(String, UInt32, String)], expected: String
  ) {
    var place = Crossroads()
    for (prefix, metric, way) in routes {
      place.draft.route(place.router, prefix, by: way == "right" ? place.toRight : place.toOther, metric: metric)
    }
    let network = PacketWorld(place.draft).network
    let target = routes[0].0.hasPrefix("10.9") ? ip("10.9.0.9") : right.address
    let way = network.route(target, from: place.router, bound: .none)
    #expect(way == (expected == "right" ? place.toRight : place.toOther))
  }

  @Test func `a router's bound socket reaches its neighbour by the bound interface and by no other`() {
    let place = Crossroads()
    let network = PacketWorld(place.draft).network
    #expect(network.route(right.address, from: place.router, bound: place.toRight) == place.toRight)
    #expect(network.route(right.address, from: place.router, bound: place.toOther) == nil)
  }

  @Test func `the hop limit runs out at the router that would send the last hop, which tells the sender`() throws {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    #expect(world.sent(place.left, left, right, ttl: 2).map(\.node) == [place.right])
    let told = world.sent(place.left, left, right, ttl: 1)
    #expect(world.network.drops == [Drop(reason: .ttlExpired, node: "router")])
    let error = try #require(told.first?.error)
    #expect(error == ICMPError(kind: .timeExceeded, source: left, destination: right, proto: .udp))
    #expect(told.map(\.node) == [place.left])
    #expect(told[0].packet.length == 20 + 8 + 20 + 8)
  }

  @Test func `without a route at the sender nothing is made, at a router the sender is told`() throws {
    var draft = Draft()
    let (host, router) = (draft.host("host"), draft.router("router"))
    let up = draft.link(host, "10.0.0.2", .outside, router, "10.0.0.1", .lan)
    draft.route(host, "10.0.0.0/8", by: up.0)
    draft.route(router, "10.0.0.2/32", by: up.1)
    let world = PacketWorld(draft)
    let own = at("10.0.0.2", 5)
    #expect(world.send(host, own, at("192.0.2.1", 6)) == .noRoute)
    #expect(world.network.counts.created == 0)
    #expect(world.network.messages.liveCount == 0)
    let told = world.sent(host, own, at("10.1.1.1", 6))
    #expect(world.network.drops == [Drop(reason: .noRoute, node: "router")])
    #expect(told.first?.error?.kind == .networkUnreachable)
    #expect(told.first?.error?.destination == at("10.1.1.1", 6))
  }

  @Test(arguments: [(1400, true), (1401, false)])
  func `a packet over the next link's MTU is dropped, and the sender learns the MTU`(length: Int, passes: Bool) throws {
    var draft = Draft()
    let (a, b, router) = (draft.host("a"), draft.host("b"), draft.router("router"))
    draft.attach(a, "10.0.1.2", to: router)
    draft.attach(b, "10.0.2.2", to: router, LinkSettings(mtu: 1400))
    let world = PacketWorld(draft)
    let got = world.sent(a, left, right, length: length)
    #expect(got.map(\.node) == [passes ? b : a])
    #expect(got[0].error?.kind == (passes ? nil : .fragmentationNeeded))
    #expect(got[0].error?.mtu == (passes ? nil : 1400))
    #expect(world.network.drops == (passes ? [] : [Drop(reason: .mtuExceeded, node: "router")]))
  }

  @Test func `nobody is told of the fate of an ICMP error`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    #expect(world.sent(place.left, left, right, proto: .icmp, ttl: 1).isEmpty)
    #expect(world.network.counts.created == 1)
  }

  @Test func `a host does not forward, and takes only what comes by the interface that has the address`() {
    var place = Crossroads()
    // The right host has a second interface, with a second address, on the same router.
    let second = place.draft.attach(place.right, "10.0.4.2", to: place.router)
    place.draft.route(place.router, "10.0.5.0/24", by: second.1)
    var plan = Draft()
    swap(&plan, &place.draft)
    // The router is told to send 10.0.4.2 by the first line: the strong host refuses.
    plan.plan.routes[Int(place.router.index)].removeAll { $0.interface == second.1 && $0.prefix.length == 128 }
    plan.route(place.router, "10.0.4.2/32", by: place.toRight)
    plan.route(place.router, "10.0.5.0/24", by: second.1)
    let world = PacketWorld(plan)
    #expect(world.sent(place.left, left, at("10.0.4.2", 7)).isEmpty)
    #expect(world.sent(place.left, left, at("10.0.5.7", 7)).isEmpty)
    #expect(world.network.drops == [Drop(reason: .notForMe, node: "right"), Drop(reason: .notForMe, node: "right")])
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a socket bound to an interface uses only that interface's routes and fails at once without one`() {
    var draft = Draft()
    let (host, near, far) = (draft.host("host"), draft.host("near"), draft.host("far"))
    let one = draft.link(host, "10.0.1.1", .outside, near, "10.0.1.2", .outside)
    let two = draft.link(host, "10.0.2.1", .outside, far, "10.0.2.2", .outside)
    draft.route(host, "0.0.0.0/0", by: one.0)
    draft.route(host, "10.0.2.0/24", by: two.0)
    let world = PacketWorld(draft)
    #expect(world.send(host, at("10.0.2.1", 1), at("192.0.2.1", 1), bound: two.0) == .noRoute)
    #expect(world.send(host, at("10.0.1.1", 1), at("10.0.2.2", 1), bound: one.0) == .sent)
    #expect(world.send(host, at("10.0.2.1", 1), at("10.0.2.2", 1), bound: two.0) == .sent)
    world.network.run(1)
    #expect(world.arrivals.map(\.node) == [far])
    #expect(world.network.drops == [Drop(reason: .notForMe, node: "near")])
    world.network.interfaces[Int(two.0.index)].up = false
    #expect(world.send(host, at("10.0.2.1", 1), at("10.0.2.2", 1), bound: two.0) == .interfaceDown)
    #expect(world.network.recorder.story.last?.unsentReason == .detached)
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `a host answers for a closed port from the address that was asked, by the interface that has it`() throws {
    var place = Crossroads()
    // The right host's second line is the longer prefix on the way back; the answer must not take it.
    let second = place.draft.attach(place.right, "10.0.4.2", to: place.router, LinkSettings(delay: .milliseconds(9)))
    place.draft.route(place.right, "10.0.1.0/24", by: second.0)
    let world = PacketWorld(place.draft)
    world.closedPorts = [2000]
    let told = world.sent(place.left, left, right)
    // By the first line (1 ms), not by the second.
    #expect(told.first?.time == SimTime(nanoseconds: 4_000_000))
    #expect(world.network.drops == [Drop(reason: .noSocket, node: "right")])
    #expect(told.first?.error == ICMPError(kind: .portUnreachable, source: left, destination: right, proto: .udp))
    #expect(told.first?.packet.source.address == right.address)
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `what arrives at an interface or a node that is down is lost there`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    world.send(place.left, left, right)
    world.network.nodes[Int(place.right.index)].up = false
    world.network.run(1)
    #expect(world.network.drops == [Drop(reason: .nodeDown, node: "right")])
    world.network.nodes[Int(place.right.index)].up = true
    world.send(place.left, left, right)
    for row in 0..<world.network.interfaces.count where world.network.interfaces[row].node == place.right {
      world.network.interfaces[row].up = false
    }
    world.network.run(2)
    #expect(world.network.drops.map(\.reason) == [.nodeDown, .detached])
    #expect(world.network.brokenLaws() == [])
  }
}
