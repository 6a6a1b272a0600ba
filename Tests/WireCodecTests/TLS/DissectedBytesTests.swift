// Bytes that tshark 4.0 has dissected without a malformed packet or an expert warning, pinned: a change wants another look.
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct DissectedBytesTests {
  private static let connection = Secret(id: 1)
  private static let names = Identities(
    seed: 42, texts: [ComponentKey("gw"): "rdgateway-r1.wvd.example", ComponentKey("ca"): "public-certification-authority"])

  private func digest(_ bytes: [UInt8]) -> String {
    hex(bytes.reduce(into: RollingDigest()) { $0.add(UInt64($1)) }.value)
  }

  @Test("hellos, byte for byte")
  func hellos() {
    var identities = Self.names
    let old = TLSCodec.encode(
      .clientHello(serverName: ComponentKey("gw"), highest: .tls12, lowest: .tls12), on: Self.connection, identities: &identities)
    #expect(
      old
        == [UInt8](
          hex: """
            16030100b9010000b5030395288af5976f5006dcda216b3c48c9344b330998895210c788504536683ec610000008c030c02fc028c0270100
            00840000001d001b0000187264676174657761792d72312e7776642e6578616d706c6500170000ff01000100000a00080006001d00170018
            000b0002010000230000000d000e000c080404010403080505010503002b0003020303001500270000000000000000000000000000000000
            00000000000000000000000000000000000000000000
            """))
    let new = TLSCodec.encode(
      .clientHello(serverName: ComponentKey("gw"), highest: .tls13, lowest: .tls12), on: Self.connection, identities: &identities)
    #expect(
      new
        == [UInt8](
          hex: """
            16030100f8010000f4030395288af5976f5006dcda216b3c48c9344b330998895210c788504536683ec610201354b12b2ae311480d7cf8a8
            3b0bc4b694e31c2ffdcac3cd10040f0e1f4c6270000813021301c030c02f010000a30000001d001b0000187264676174657761792d72312e
            7776642e6578616d706c6500170000ff01000100000a00080006001d00170018000b0002010000230000000d000e000c0804040104030805
            05010503002b00050403040303002d00020101003300260024001d002011c6b2dff32c117a4ce797af8dbaf0472c7ce311dea32866e4a834
            847a1136c6001500140000000000000000000000000000000000000000
            """))
  }

  @Test("server flights and certificates, by digest")
  func flights() {
    var identities = Self.names
    var digests: [String] = []
    for version in TLSVersion.allCases {
      for issuer in ["gw", "ca"] {
        let certificate = Certificate(
          subject: ComponentKey("gw"), issuer: ComponentKey(issuer), expired: issuer == "gw", fingerprint: Secret(id: 77))
        let flight = TLSHandshakeMessage.serverFlight(version: version, certificate: certificate)
        digests.append(digest(TLSCodec.encode(flight, on: Self.connection, identities: &identities)))
      }
    }
    #expect(
      digests == [
        "35e17cd146aea11d", "ec895afc9b03f3ca", "997a8ed24cbf11c1", "b150e11855ef35a8", "67de64e6e62cda18", "244fd25730293bbf",
        "254f007b8cd40677", "254f007b8cd40677",
      ])
  }

  @Test("the probe, the agent's channel and its heartbeat, byte for byte")
  func service() {
    var identities = Self.names
    func bytes(_ message: ServiceMessage) -> [UInt8] {
      ServiceCodec.encode(message, on: Self.connection, identities: &identities)
    }
    #expect(
      String(decoding: bytes(.gatewayLoad(connections: 17)), as: UTF8.self) == "HTTP/1.1 200 OK\r\n"
        + "Connection: close\r\n"
        + "Content-Type: application/json\r\n"
        + "Content-Length: 18\r\n"
        + "Set-Cookie: ARRAffinity=gPFy1DZfGYciQM7XgbhcGRoQjsLxZjw6YKL9eNCjXYdTEKkMyiCEZrcHzwk4X5AsFk3slQ8SP89U\r\n"
        + "\r\n"
        + "{\"connections\":17}")
    #expect(
      String(decoding: bytes(.registered), as: UTF8.self) == "HTTP/1.1 101 Switching Protocols\r\n"
        + "Upgrade: websocket\r\n"
        + "Connection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: bTs+/ZMvLC79aqWxJcRB/j7pKmA=\r\n"
        + "Set-Cookie: ARRAffinity=gPFy1\r\n"
        + "\r\n")
    #expect(
      bytes(.heartbeat)
        == [UInt8](
          hex: """
            81f262e68abc19c4fec51283a886408eefdd1092e8d90392a8904080e3d00e83f89e58c4edec249fbbf83880cde5018fdbf155beedde0a85
            cdee0db7e0cf2e9ed0d615d0d3f72edfeff2218cd2e506b2cff709abf3d521a3d0ce01aef0cb09d2d2892395ccd75195e6ed5ab5da845bb3
            ebce5491dc88409b
            """))
  }
}
