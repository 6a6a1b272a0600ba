// A world stepped from outside: nothing is read ahead, what is injected orders right, outlets hand out, and the books balance.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Wire

@Suite struct SteppingTests {
  let left = at("10.0.1.2", 1000)
  let right = at("10.0.2.2", 2000)

  @Test func `a packet injected before a peeked event comes before it`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    let door = InterfaceID(2)  // the right host's own
    #expect(world.network.interfaces[2].node == place.right)
    world.network.inject(world.packet(left, right, luck: 1), at: door, time: SimTime(nanoseconds: 1_000_000_000))
    #expect(world.network.nextEventTime() == SimTime(nanoseconds: 1_000_000_000))
    world.network.run(until: SimTime(nanoseconds: 999_999_999))
    #expect(world.arrivals.isEmpty)
    world.network.inject(world.packet(left, right, luck: 2), at: door, time: SimTime(nanoseconds: 500_000_000))
    world.network.inject(world.packet(left, right, luck: 3), at: door, time: SimTime(nanoseconds: 1_000_000_000))
    #expect(world.network.nextEventTime() == SimTime(nanoseconds: 500_000_000))
    world.network.run(until: SimTime(nanoseconds: 999_999_999))
    #expect(world.arrivals.map(\.packet.luck) == [2])
    world.network.inject(world.packet(left, right, luck: 4), at: door, time: SimTime(nanoseconds: 500_000_000))
    world.network.run(until: SimTime(nanoseconds: 1_000_000_000))
    #expect(world.arrivals.map(\.packet.luck) == [2, 4, 1, 3])
    #expect(world.network.brokenLaws() == [])
  }

  @Test func `run stops at its limit of events and at its limit of time`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    for _ in 0..<5 { world.send(place.left, left, right) }
    #expect(world.network.run(until: .never, events: 3) == 3)
    #expect(world.network.run(until: SimTime(nanoseconds: 1_000_000)) == 2)
    #expect(world.network.now == SimTime(nanoseconds: 1_000_000))
    #expect(world.network.run(until: SimTime(nanoseconds: 1_999_999)) == 0)
    #expect(world.network.run(until: SimTime(nanoseconds: 2_000_000)) == 5)
    #expect(world.network.events == 10)
  }

  @Test func `stopped anywhere in the middle of traffic, the store holds exactly what is in flight`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    for round in 0..<40 {
      world.send(place.left, left, right)
      world.send(place.left, left, at("10.0.77.1", 7))
      world.network.run(until: SimTime(nanoseconds: Int64(round) * 130_000))
      #expect(world.network.brokenLaws() == [])
      #expect(world.network.messages.liveCount == world.network.inFlight)
      #expect(world.network.inFlight > 0)
    }
    world.network.run(1)
    #expect(world.network.inFlight == 0)
    #expect(world.network.messages.liveCount == 0)
  }

  @Test func `a message that no packet carries breaks a law`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    world.send(place.left, left, right)
    // A packet without a payload makes no room for a message without a packet.
    world.network.send(
      Packet(source: left, destination: right, proto: .tcp, length: 40, conversation: .none, luck: 5), from: place.left)
    #expect(world.network.brokenLaws() == [])
    _ = world.network.store(.opaque(OpaqueBytes(length: 1)))
    #expect(world.network.brokenLaws().count == 1)
  }

  @Test func `an outlet interface hands packets to the embedder with their contents and time`() {
    let place = Crossroads()
    let world = PacketWorld(place.draft)
    world.network.interfaces[Int(place.toRight.index)].isOutlet = true
    var out: [(UInt64, SimTime, Message?)] = []
    world.network.outlet = { packet, interface, time in
      #expect(interface == place.toRight)
      out.append((packet.luck, time, world.network.message(packet.payload)))
    }
    world.send(place.left, left, right, length: 128, luck: 42)
    world.network.run(1)
    #expect(out.map(\.0) == [42])
    #expect(out.map(\.1) == [SimTime(nanoseconds: 1_000_000)])
    #expect(out[0].2 == .opaque(OpaqueBytes(length: 100)))
    #expect(world.network.counts.handedOut == 1)
    #expect(world.network.brokenLaws() == [])
  }
}
