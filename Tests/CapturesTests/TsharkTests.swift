// Wireshark's dissectors read what we write: nothing malformed, every protocol recognised, TCP as the simulation had it.
import Captures
import Simulation
import Testing
import Trace
import Wire

@Suite(.serialized) struct TsharkTests {
  @Test("tshark finds no malformed packet and no bad checksum at any interface", arguments: Captured.documented)
  func everywhere(name: String) throws {
    // The last scenario's checks go on for two minutes: its gateways and routers see no more than the others'.
    let file = try Captured(name, at: name.hasSuffix("5-no-udp") ? ["alice", "home", "vpn-gateway", "sh-1"] : []).file
    for reading in file.readings { #expect(try Tshark.broken(file, reading) == [], "\(reading.shows)") }
  }

  @Test("at one interface every protocol is recognised, and what RDP-UDP carries is TLS")
  func recognised() throws {
    for name in Captured.documented.prefix(4) {
      let file = try Captured(name, at: ["sh-1.eth"]).file
      var found: [String: Int] = [:]
      for reading in file.readings {
        #expect(try Tshark.broken(file, reading) == [], "\(name) \(reading.shows)")
        found.merge(try Tshark.protocols(file, reading)) { max($0, $1) }
      }
      for wanted in ["tcp", "tls", "udp", "stun", "rdpudp"] { #expect(found[wanted] ?? 0 > 0, "\(name): \(wanted) in \(found)") }
    }
  }

  @Test("a VPN's packets open with the keys the capture gives", arguments: ["alice.eth", "vpn-gateway.eth"])
  func tunnel(place: String) throws {
    let file = try Captured("documented/3-managed-first-found", at: [place]).file
    let reading = try #require(file.readings.first)
    #expect(try Tshark.broken(file, reading) == [])
    let found = try Tshark.protocols(file, reading)
    let sealed = try #require(found["esp"])
    let opened = try Tshark.run(file, reading, ["-Y", "esp && rdpudp"])
    #expect(sealed > 20 && opened.count == sealed, "\(opened.count) of \(sealed)")
  }

  @Test("the inner view reads as RDP from the first TPKT to the last channel's data", arguments: Captured.documented)
  func inner(name: String) throws {
    let captured = try Captured(name)
    let reading = try #require(captured.inner.readings.first)
    #expect(try Tshark.broken(captured.inner, reading) == [])
    let found = try Tshark.protocols(captured.inner, reading)
    let wanted = ["tpkt", "cotp", "t125", "rdp", "rdp_drdynvc", "http", "json"]
    let tunnelled = captured.run.sessions[0].transport == .reverseConnect ? [] : ["rdpmt"]
    for wanted in wanted + tunnelled { #expect(found[wanted] ?? 0 > 0, "\(wanted) in \(found)") }
    let frames = try Tshark.run(captured.inner, reading, ["-T", "fields", "-e", "frame.number"])
    #expect(frames.count == captured.inner.packets)
  }

  @Test("TCP's analysis flags nothing where nothing was lost", arguments: Captured.documented)
  func analysis(name: String) throws {
    for place in ["alice.eth", "sh-1.eth", "gateway-west.eth"] {
      let file = try Captured(name, at: [place]).file
      let reading = try #require(file.readings.first)
      // A window update is what it is called, and no fault.
      #expect(try Tshark.run(file, reading, ["-Y", "tcp.analysis.flags && !tcp.analysis.window_update"]) == [], "\(place)")
    }
  }

  @Test("it reads what is not RDP too: probes, proxies, roaming, losses, IPv6", arguments: Captured.varied)
  func varied(name: String) throws {
    let captured = try Captured(name)
    for reading in captured.file.readings { #expect(try Tshark.broken(captured.file, reading) == [], "\(reading.shows)") }
    guard captured.inner.packets > 0, let reading = captured.inner.readings.first else { return }
    #expect(try Tshark.broken(captured.inner, reading) == [])
  }
}
