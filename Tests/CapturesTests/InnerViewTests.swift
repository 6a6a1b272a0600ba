// The decrypted view: the PDUs of a session in the order they came, each under the name of a dissector that reads it.
import Captures
import Simulation
import Testing
import Wire
import WireCodec

@Suite struct InnerViewTests {
  private struct PDU {
    var interface: String
    var direction: CapturedPacket.Direction
    var exported: ExportedPDU
  }

  private func pdus(_ captured: Captured) throws -> [PDU] {
    try captured.inner.seen().map {
      PDU(interface: $0.interface, direction: $0.packet.direction, exported: try ExportedPDU($0.packet.bytes[...]))
    }
  }

  @Test("the client sends its phases' PDUs in the order of MS-RDPBCGR §1.3.1.1")
  func phases() throws {
    let own = try pdus(try Captured("documented/3-managed-first-found")).filter {
      $0.interface == "alice.eth" && $0.direction == .outbound && $0.exported.dissector == "tpkt"
    }
    var identities = Identities(seed: 1)
    var names: [String] = []
    for pdu in own.prefix(14) {
      let message = try RDPCodec.decode(pdu.exported.bytes[...], with: &identities)
      names.append(String("\(message)".prefix { $0 != "(" }))
    }
    #expect(
      names == [
        "x224ConnectionRequest", "mcsConnectInitial", "erectDomain", "attachUserRequest", "channelJoinRequest",
        "channelJoinRequest", "channelJoinRequest", "channelJoinRequest", "clientInfo", "rttMeasureResponse", "confirmActive",
        "synchronize", "controlCooperate", "controlRequest",
      ])
  }

  @Test(
    "the tunnel's request and answer come in MS-RDPEMT's PDUs over UDP", arguments: ["1-internet-only", "3-managed-first-found"])
  func tunnel(name: String) throws {
    let tunnel = try pdus(try Captured("documented/" + name)).filter { $0.exported.dissector == "rdpmt" }
    #expect(tunnel.count > 10)
    #expect(tunnel.allSatisfy { $0.exported.proto == .udp })
    var identities = Identities(seed: 1)
    let first = try RDPCodec.decode(try #require(tunnel.first).exported.bytes[...], with: &identities)
    guard case .tunnelCreateRequest(let id, _) = first else {
      Issue.record("the tunnel begins with \(first)")
      return
    }
    #expect(id == 1)
  }

  @Test("what one end sends inside, the other end gets: the same PDUs in the same order", arguments: Captured.documented)
  func bothEnds(name: String) throws {
    let all = try pdus(try Captured(name)).filter { ["tpkt", "rdpmt"].contains($0.exported.dissector) }
    for (from, to) in [("alice.", "sh-1."), ("sh-1.", "alice.")] {
      for dissector in ["tpkt", "rdpmt"] {
        let sent = all.filter { $0.interface.hasPrefix(from) && $0.direction == .outbound && $0.exported.dissector == dissector }
        let got = all.filter { $0.interface.hasPrefix(to) && $0.direction == .inbound && $0.exported.dissector == dissector }
        // The last ones are still on their way when the run ends.
        #expect(sent.count - got.count <= 8, "\(dissector) from \(from)")
        #expect(sent.map(\.exported.bytes).starts(with: got.map(\.exported.bytes)), "\(dissector) from \(from)")
      }
    }
  }

  @Test("service messages show as HTTP, and those of an agent's channel as JSON")
  func service() throws {
    let all = try pdus(try Captured("documented/1-internet-only"))
    let http = all.filter { $0.exported.dissector == "http" }.map { String(decoding: $0.exported.bytes.prefix(4), as: UTF8.self) }
    #expect(Set(http) == ["GET ", "POST", "HTTP"])
    let json = all.filter { $0.exported.dissector == "json" }
    #expect(!json.isEmpty && json.allSatisfy { $0.exported.bytes.first == 0x7B })
  }

  @Test("an exported PDU comes back as it was, over either family")
  func roundTrip() throws {
    for address in [IPAddress(v4: 0x0A01_0087), IPAddress(high: 0x2001_0DB8 << 32, low: 7)] {
      let pdu = ExportedPDU(
        dissector: "rdpmt", source: Endpoint(address, 3390), destination: Endpoint(address, 50_000), proto: .udp,
        bytes: [1, 2, 3])
      #expect(try ExportedPDU(pdu.encoded()[...]) == pdu)
    }
    #expect(throws: CodecError.self) { try ExportedPDU([0, 12, 0, 40, 1]) }
  }
}
