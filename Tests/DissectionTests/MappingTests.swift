// What STUN answers say of translation.
import Dissection
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct MappingTests {
  private static let own = "192.168.1.2:50000"

  private func only(_ sketch: CaptureSketch) throws -> Mapping {
    let mappings = try sketch.place().mappings
    #expect(mappings.count == 1)
    return try #require(mappings.first)
  }

  @Test("two servers that see the same endpoint: endpoint-independent as far as these servers show, port preserved")
  func doubleMapping() throws {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:50000", roundTrip: 34.4)
    sketch.binding(10, Self.own, "20.202.2.2:3478", id: 2, mapped: "203.0.113.9:50000")
    let mapping = try only(sketch)
    #expect(mapping.kind == .endpointIndependent && mapping.isPortPreserved && mapping.isNear)
    #expect(mapping.answers.map(\.roundTrip) == [SimDuration.microseconds(34_400), .milliseconds(20)])
    #expect(mapping.sentence.contains("by 2 servers: endpoint-independent as far as these show; the port was preserved"))
    #expect(try sketch.place().near == [at(Self.own).address])
  }

  @Test(
    "two servers that see different endpoints: the mapping depends on the destination, and one port each does not say how far")
  func symmetric() throws {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:61000")
    sketch.binding(10, Self.own, "20.202.2.2:3478", id: 2, mapped: "203.0.113.9:61001")
    let mapping = try only(sketch)
    #expect(mapping.kind == .destinationDependent && !mapping.isPortPreserved)
    #expect(mapping.sentence.contains("ADM") && mapping.sentence.contains("APDM") && mapping.sentence.contains("cannot be told"))
  }

  @Test("a server asked at two ports tells address from address and port", arguments: [true, false])
  func twoPorts(samePort: Bool) throws {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:61000")
    sketch.binding(10, Self.own, "20.202.1.1:3479", id: 2, mapped: "203.0.113.9:\(samePort ? 61_000 : 61_001)")
    sketch.binding(20, Self.own, "20.202.2.2:3478", id: 3, mapped: "203.0.113.9:61002")
    #expect(try only(sketch).kind == (samePort ? .addressDependent : .addressAndPortDependent))
  }

  @Test("another endpoint from the same server is a mapping that was lost, not one that depends on the destination")
  func changed() throws {
    var sketch = CaptureSketch()
    sketch.binding(0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:61000")
    sketch.binding(90_000, Self.own, "20.202.1.1:3478", id: 2, mapped: "203.0.113.9:61001")
    #expect(try only(sketch).kind == .changed)
  }

  @Test("an endpoint that is seen as it is has no translation; one server alone says nothing of destinations")
  func plain() throws {
    var sketch = CaptureSketch()
    sketch.binding(0, "198.51.100.7:4000", "20.202.1.1:3478", id: 1, mapped: "198.51.100.7:4000")
    #expect(try only(sketch).kind == .none)
    sketch = CaptureSketch()
    sketch.binding(
      0, Self.own, "20.202.1.1:3478", id: 1, mapped: "203.0.113.9:50000",
      [STUNAttribute(STUNAttribute.otherAddress, .address(at("20.202.1.2:3479")))])
    let mapping = try only(sketch)
    #expect(mapping.kind == .oneServer && mapping.answers[0].otherAddress == at("20.202.1.2:3479"))
  }

  @Test("a server that never answers is named with what it was sent; retransmissions are one transaction")
  func unanswered() throws {
    var sketch = CaptureSketch()
    for time in [0, 500, 1500, 3500, 7500, 15_500, 31_500] as [Double] {
      sketch.stun(time, Self.own, "20.202.1.1:3478", .request, id: 1)
    }
    let mapping = try only(sketch)
    #expect(mapping.kind == .unknown && mapping.silences.map(\.transmissions) == [7])
    let verdict = try #require(try sketch.place().verdicts.first)
    sketch.refuse(32_000, .portUnreachable, by: "20.202.1.1")
    #expect(try only(sketch).sentence.contains("20.202.1.1:3478: port unreachable, said by 20.202.1.1"))
    #expect(
      verdict.transport == .none && verdict.obstacles.contains { $0.contains("(20.202.1.1:3478): UDP does not get through") })
  }
}
