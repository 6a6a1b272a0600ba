// Wireshark's dissectors read what we write: nothing malformed, every protocol recognised, TCP as the simulation had it.
import Captures
import NetworkModel
import Simulation
import SimulationKernel
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

  // MARK: Numbers

  /// An endpoint as tshark prints its two fields.
  private func text(_ endpoint: Endpoint) -> String { "\(endpoint.address)\t\(endpoint.port)" }

  @Test("tshark counts the packets that a link was given, each way", arguments: Captured.documented)
  func packets(name: String) throws {
    let captured = try Captured(name, at: ["alice.eth"])
    let reading = try #require(captured.file.readings.first)
    let ways = try Tshark.run(captured.file, reading, ["-T", "fields", "-e", "frame.packet_flags_direction"])
    let given = captured.run.traffic.first { $0.direction == "hosts.alice.lan.up" }?.packets
    let back = captured.run.traffic.first { $0.direction == "hosts.alice.lan.down" }?.packets
    #expect(ways.count { $0 == "0x00000002" } == given)
    // What is on the cable when the run ends has not come.
    let came = try #require(back) - ways.count { $0 == "0x00000001" }
    #expect((0...3).contains(came))
  }

  @Test(
    "tshark measures the handshakes that the run has: the same connections, to the nanosecond", arguments: Captured.documented)
  func handshakes(name: String) throws {
    let captured = try Captured(name, at: ["alice.eth"])
    let reading = try #require(captured.file.readings.first)
    let fields = ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.analysis.initial_rtt"].flatMap { ["-e", $0] }
    let lines = try Tshark.run(
      captured.file, reading,
      ["-Y", "tcp.seq == 1 && tcp.ack == 1 && tcp.len == 0 && ip.src == 192.168.0.0/16", "-T", "fields"] + fields)
    var found: [String: String] = [:]
    for line in lines {
      let cells = line.split(separator: "\t").map(String.init)
      found[cells.prefix(4).joined(separator: "\t")] = found[cells.prefix(4).joined(separator: "\t")] ?? cells.last
    }
    let own = captured.run.connections.filter { $0.opener == "alice" && $0.handshake != nil }
    #expect(own.count >= 5)
    for connection in own {
      let nanoseconds = try #require(connection.handshake).nanoseconds
      let (seconds, rest) = (nanoseconds / 1_000_000_000, String(nanoseconds % 1_000_000_000))
      let wanted = "\(seconds)." + String(repeating: "0", count: 9 - rest.count) + rest
      #expect(found[text(connection.from) + "\t" + text(connection.to)] == wanted)
    }
    #expect(found.count == own.count)
  }

  @Test(
    "tshark calls retransmissions what the run counts as such, at either end",
    arguments: [
      "failures/bursts", "failures/lost-tcp-syn", "failures/broker-silent", "failures/duplicates", "documented/1-internet-only",
    ])
  func retransmissions(name: String) throws {
    var all = 0
    for place in ["alice", "gateway-west", "gateway-service", "sh-1", "feed"] {
      guard let captured = try? Captured(name, at: [place + ".eth"]) else { continue }
      let reading = try #require(captured.file.readings.first)
      let flagged = try Tshark.run(
        captured.file, reading,
        [
          "-Y", "tcp.analysis.retransmission && frame.packet_flags_direction == 2", "-T", "fields", "-e", "ip.src", "-e",
          "tcp.srcport",
          "-e", "ip.dst", "-e", "tcp.dstport",
        ])
      let node = try #require(captured.blueprint.nodeOf[place])
      let own = Set(captured.blueprint.plan.interfaces.filter { $0.node == node }.map(\.v4))
      let counted = captured.run.connections.reduce(0) {
        $0 + ($1.opener == place ? $1.retransmitted : 0) + (own.contains($1.to.address) ? $1.peerRetransmitted : 0)
      }
      #expect(flagged.count == counted, "\(place): \(flagged)")
      all += counted
    }
    #expect((all > 0) == name.hasPrefix("failures"))
  }
}
