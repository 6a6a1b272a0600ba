// Files as they come: several places, several links, cut, damaged, spoiled, or no capture at all.
import Dissection
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct FileTests {
  private static let own = "192.168.1.2:50000"

  /// A little of everything.
  private static func full() -> CaptureSketch {
    var sketch = CaptureSketch()
    sketch.section.comments = ["a remark\nice-pwd HOST secret"]
    sketch.binding(0, own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:50000")
    sketch.stun(100, own, "198.51.100.8:4000", .request, id: 2, STUNAttribute.check() + [.use], .sha1(key: Array("secret".utf8)))
    sketch.stun(134, "198.51.100.8:4000", own, .success, id: 2, [.mapped("203.0.113.9:50000")])
    sketch.udp(140, own, "198.51.100.8:4000", RDPSketch.syn())
    sketch.udp(174, "198.51.100.8:4000", own, RDPSketch.synAck())
    sketch.udp(180, own, "198.51.100.8:4000", RDPSketch.data(1, channel: 1, [22, 3, 3, 0, 1, 0]))
    sketch.stun(200, own, "20.202.7.7:3478", .request, id: 3, method: STUNFrame.allocate)
    sketch.tcp(210, "192.168.1.2:49000", "20.202.9.9:443", .syn, seq: 100)
    sketch.refuse(220, .portUnreachable, by: "20.202.9.9")
    return sketch
  }

  @Test("a packet seen at two interfaces is no retransmission, and each place stands for itself")
  func places() throws {
    var sketch = CaptureSketch()
    sketch.interfaces = [
      CaptureInterface(name: "alice.home"), CaptureInterface(name: "home.lan"), CaptureInterface(name: "idle"),
    ]
    for (row, direction) in [(0, CapturedPacket.Direction.outbound), (1, .inbound)] {
      (sketch.interface, sketch.direction) = (row, direction)
      sketch.stun(Double(row), Self.own, "20.202.1.1:3478", .request, id: 1)
      sketch.tcp(Double(5 + row), "192.168.1.2:49000", "20.202.9.9:443", .syn, seq: 100)
    }
    let found = try sketch.dissected()
    #expect(found.places.map(\.name) == ["alice.home", "home.lan", "idle"] && found.places.map(\.packets) == [2, 2, 0])
    for place in found.places.prefix(2) {
      #expect(place.mappings.first?.silences.map(\.transmissions) == [1])
      #expect(place.flows.allSatisfy { $0.tcp.map { $0.repeatedSyns + $0.retransmissionsSent == 0 } ?? true })
    }
    #expect(found.places[0].isAtHost && !found.places[1].isAtHost)
  }

  @Test("a file cut anywhere is told of as far as it goes, and says that it is cut")
  func truncated() throws {
    let bytes = Self.full().bytes
    let whole = try Dissector.read(bytes)
    #expect(whole.end == .whole && whole.packets == 10)
    var latest = 0
    for count in stride(from: 140, to: bytes.count, by: 13) {
      let cut = try Dissector.read(Array(bytes[..<count]))
      #expect(cut.packets < whole.packets && cut.packets >= latest)
      latest = cut.packets
      guard case .truncated = cut.end else { continue }
    }
    #expect(latest == 9)
    guard case .truncated = try Dissector.read(bytes.dropLast(3)).end else {
      Issue.record("a file without its end is whole")
      return
    }
  }

  @Test("what is no capture is refused with what was found")
  func notACapture() {
    func found(_ bytes: [UInt8]) -> String {
      do {
        _ = try Dissector.read(bytes)
        return ""
      } catch { return error.description }
    }
    #expect(found([]) == "the file is empty")
    #expect(found([0x1F, 0x8B, 8, 0, 0]) == "the file begins with the bytes 1f 8b 08 00, which is gzip data: unpack it first")
    #expect(found(Array("shortpath: 1\ntitle: x".utf8)).contains("which is text: \"shortpath: 1\""))
    #expect(found([0x0A, 0x0D, 0x0D, 0x0A, 1, 2, 3, 4, 5, 6, 7, 8]).contains("begins like pcapng"))
  }

  @Test("the same packets say the same behind Ethernet, VLAN tags, Linux cooked headers and loopback's")
  func links() throws {
    let expected = try Self.full().place()
    let mac = [UInt8](repeating: 2, count: 12)
    let cooked: [UInt8] = [0, 4, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0]
    let cooked2: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 2, 2, 2, 2, 2, 0, 0]
    for (type, header) in [
      (1, mac + [8, 0]), (1, mac + [0x81, 0, 0, 5, 8, 0]), (113, cooked), (276, cooked2), (0, [2, 0, 0, 0]), (228, []),
    ] as [(UInt16, [UInt8])] {
      var sketch = Self.full()
      sketch.interfaces = [CaptureInterface(linkType: type, name: "eth0")]
      for row in sketch.packets.indices {
        let bytes = header + sketch.packets[row].bytes
        (sketch.packets[row].bytes, sketch.packets[row].originalLength) = (bytes, bytes.count)
      }
      let place = try sketch.place()
      #expect(place.pairs == expected.pairs && place.mappings == expected.mappings && place.connections == expected.connections)
      #expect(place.name == (type == 276 ? "eth0 index 3" : "eth0"))
    }
  }

  @Test("frames without IP, unknown links, fragments and malformed packets are counted, each as what it is")
  func trouble() throws {
    var sketch = Self.full()
    sketch.interfaces.append(CaptureInterface(linkType: 1, name: "arp"))
    sketch.interfaces.append(CaptureInterface(linkType: 147, name: "odd"))
    sketch.packets.append(CapturedPacket(interface: 1, time: 0, bytes: [UInt8](repeating: 2, count: 12) + [8, 6, 0, 0]))
    sketch.packets.append(CapturedPacket(interface: 2, time: 0, bytes: [1, 2, 3]))
    var fragment = sketch.packets[0].bytes
    fragment[6] = 0x20
    sketch.packets.append(CapturedPacket(interface: 0, time: 300_000_000, bytes: fragment))
    sketch.packets.append(CapturedPacket(interface: 0, time: 301_000_000, bytes: [0x45, 0, 0, 8]))
    let places = try sketch.dissected().places
    #expect(places[1].trouble.notIP == 1 && places[2].trouble.unreadableLink == 1)
    #expect(places[0].trouble.fragments == 1 && places[0].trouble.malformed == 1)
    #expect(places[0].trouble.firstMalformed?.hasPrefix("packet 14: ") == true)
  }

  @Test("a copy within a millisecond is captured twice; the same bytes later were sent again")
  func doubled() throws {
    var sketch = CaptureSketch()
    sketch.stun(0, Self.own, "20.202.1.1:3478", .request, id: 1)
    var copy = sketch.packets[0]
    copy.time = 200_000
    sketch.packets.append(copy)
    copy.time = 500_000_000
    sketch.packets.append(copy)
    let place = try sketch.place()
    #expect(place.trouble.doubled == 1 && place.mappings.first?.silences.map(\.transmissions) == [2])
  }

  @Test("wrong checksums in what leaves are the network card's, in what arrives they are damage")
  func checksums() throws {
    var sketch = CaptureSketch()
    sketch.direction = .outbound
    sketch.stun(0, Self.own, "20.202.1.1:3478", .request, id: 1)
    sketch.direction = .inbound
    sketch.stun(20, "20.202.1.1:3478", Self.own, .success, id: 1, [.mapped(Self.own)])
    var place = try sketch.place()
    #expect(place.trouble.offloaded == 0 && place.trouble.wrongChecksums == 0)
    sketch.packets[0].bytes[26] ^= 0x55
    place = try sketch.place()
    #expect(place.trouble.offloaded == 1 && place.trouble.wrongChecksums == 0)
    sketch.packets[1].bytes[26] ^= 0x55
    var again = sketch
    #expect(try sketch.place().trouble.wrongChecksums == 1)
    #expect(try sketch.place().mappings.first?.kind == Mapping.Kind.none)
    // The pseudo-header's sum alone, as a loopback shows it: 192.168.1.2 and 20.202.1.1, UDP, 40 and 48 bytes.
    let addresses: UInt32 = 0xC0A8 + 0x0102 + 0x14CA + 0x0101 + 17
    for (row, length) in [(0, UInt32(36)), (1, 48)] {
      let sum = addresses + length
      let folded = UInt16(sum & 0xFFFF) + UInt16(sum >> 16)
      (again.packets[row].bytes[26], again.packets[row].bytes[27]) = (UInt8(folded >> 8), UInt8(folded & 0xFF))
    }
    #expect(try again.place().trouble.offloaded == 2 && again.place().trouble.wrongChecksums == 0)
  }

  @Test("a snap length cuts contents, and what was kept is read: no attribute is made up")
  func snapLength() throws {
    var sketch = Self.full()
    sketch.interfaces[0].snapLength = 64
    for row in sketch.packets.indices { sketch.packets[row].bytes = Array(sketch.packets[row].bytes.prefix(64)) }
    let place = try sketch.place()
    let cut = Self.full().packets.count { $0.bytes.count > 64 }
    #expect(place.trouble.cut == cut && cut > 4 && place.trouble.malformed == 0 && place.trouble.wrongFingerprints == 0)
    // 28 bytes of headers, 20 of STUN and one XOR-MAPPED-ADDRESS make 60, with a USERNAME 64; what follows is lost.
    #expect(place.mappings.first?.answers.first?.reflexive == at("203.0.113.9:50000"))
    #expect(place.pairs.first?.sent.requests == 1 && place.pairs.first?.sent.useCandidate == 0)
    let whole = try Self.full().place()
    #expect(place.flows.map(\.sent) == whole.flows.map(\.sent) && place.connections.map(\.syns) == [1])
  }

  @Test("times count from the first packet, which has a date, or from the 0 s of a simulated world that a remark names")
  func clocks() throws {
    var sketch = Self.full()
    for row in sketch.packets.indices { sketch.packets[row].time += 1_767_225_600_250_000_000 }
    #expect(try sketch.dissected().startText == "2026-01-01 00:00:00.250 UTC")
    #expect(try sketch.place().pairs.first?.nominated == SimTime(nanoseconds: 134_000_000))
    sketch.section.comments.append("time 0 of the scenario is 2026-01-01 00:00:00 UTC")
    #expect(try sketch.place().pairs.first?.nominated == SimTime(nanoseconds: 384_000_000))
  }

  @Test("spoiled captures are told of or refused, never more")
  func mutations() {
    var chance = Spoiler(3)
    let corpus = Self.full().bytes
    var (told, refused) = (0, 0)
    for _ in 0..<800 {
      do {
        _ = try Dissector.read(chance.spoil(corpus), passwords: ["secret"])
        told += 1
      } catch { refused += 1 }
    }
    #expect(told > 500 && refused > 5)
    // Packets spoiled one by one in a whole file come further in.
    let sketch = Self.full()
    for _ in 0..<800 {
      var spoiled = sketch
      for row in spoiled.packets.indices where chance.below(2) == 0 {
        spoiled.packets[row].bytes = chance.spoil(spoiled.packets[row].bytes)
        spoiled.packets[row].time = [spoiled.packets[row].time, 0, .max, 1][chance.below(4)]
        spoiled.packets[row].originalLength = spoiled.packets[row].bytes.count + [0, 0, 1, 100_000][chance.below(4)]
      }
      #expect((try? spoiled.dissected())?.packets == 10)
    }
  }
}
