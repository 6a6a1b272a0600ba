// JSON, base64, HTTP messages, CONNECT and WebSocket frames: the specifications' examples, cut streams, mistakes.
import SimulationKernel
import Testing
import Wire

@testable import WireCodec

/// The mistake that `work` makes.
private func mistake<T>(_ work: () throws(CodecError) -> T) -> CodecError? {
  do {
    _ = try work()
    return nil
  } catch { return error }
}

@Suite struct HTTPTests {
  @Test("base64: RFC 4648 §10, and mistakes")
  func base64() throws {
    let vectors = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy",
    ]
    for (plain, coded) in vectors.sorted(by: { $0.key < $1.key }) {
      #expect(Base64.encode(plain.utf8) == coded)
      #expect(try Base64.decode(coded, "text") == Array(plain.utf8))
      #expect(try Base64.decode(Base64.encodeURL(plain.utf8), "text") == Array(plain.utf8))
    }
    #expect(Base64.encodeURL([0xFB, 0xEF, 0xFF]) == "--__")
    #expect(
      mistake { () throws(CodecError) in try Base64.decode("Zg=", "text") } == .invalid(field: "text (base64) length", value: 2))
    #expect(
      mistake { () throws(CodecError) in try Base64.decode("Zh==", "text") } == .invalid(field: "text (base64) end", value: 33))
    #expect(mistake { () throws(CodecError) in try Base64.decode("Z!==", "text") } == .invalid(field: "text (base64)", value: 33))
  }

  @Test("JSON is written without space and read with any, escapes and all")
  func json() throws {
    let value = JSON.object([
      "a": .string("\"\\\n\u{1}é😀"), "b": .array([.number("-1.5e3"), .bool(true), .bool(false), .null]), "c": .object([:]),
    ])
    #expect(value.text == #"{"a":"\"\\\u000a\u0001é😀","b":[-1.5e3,true,false,null],"c":{}}"#)
    #expect(try JSON(reading: value.text.utf8) == value)
    let spaced = " { \"a\" : \"\\\"\\\\\\n\\u0001\\u00E9\\uD83D\\uDE00\" , \"b\" : [ -1.5e3 , true,false , null ] ,\"c\":{ } } "
    #expect(try JSON(reading: spaced.utf8) == value)
    for wrong in ["", "{", "[1,]", "{\"a\"}", "01", "1.", "-", "tru", "\"\u{1}\"", "\"\\x\"", "\"\\uD800\"", "1 1", "[", "{,}"] {
      #expect(mistake { () throws(CodecError) in try JSON(reading: wrong.utf8) } != nil, "\(wrong)")
    }
    #expect(mistake { () throws(CodecError) in try JSON(reading: String(repeating: "[", count: 100_000).utf8) } != nil)
  }

  @Test("messages are read out of any pieces, one after the other")
  func pieces() throws {
    let messages = [
      HTTPMessage(.request(method: "GET", target: "/a?b=c"), fields: [.init("Host", "h"), .init("X", "")]),
      HTTPMessage(.request(method: "POST", target: "/"), fields: [.init("content-length", "5")], body: Array("\r\n\r\nx".utf8)),
      HTTPMessage(.response(status: 101, reason: "Switching Protocols"), fields: [.init("Upgrade", "websocket")]),
      HTTPMessage(.response(status: 200, reason: ""), fields: [.init("Content-Length", "0")]),
    ]
    var values = SeededValues(3)
    let bytes = messages.flatMap(\.bytes)
    for longest in [1, 2, 7, 40, 500] {
      var reader = HTTPReader()
      var found: [HTTPMessage] = []
      for piece in bytes.pieces(longest: longest, &values) {
        reader.append(piece)
        while let message = try reader.next() { found.append(message) }
      }
      #expect(found == messages && reader.waiting == 0)
    }
  }

  @Test("a response of untold length ends with its stream; after CONNECT it has no body")
  func lengths() throws {
    let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
    var reader = HTTPReader()
    reader.append(head + [1, 2, 3])
    #expect(try reader.next() == nil)
    #expect(try reader.next(isEnd: true)?.body == [1, 2, 3])
    var tunnel = HTTPReader(answersConnect: true)
    tunnel.append(head + [22, 3, 1])
    #expect(try tunnel.next()?.body == [])
    #expect(tunnel.takeRest() == [22, 3, 1])
  }

  @Test("what is no HTTP is refused by name")
  func mistakes() {
    func of(_ text: String) -> CodecError? {
      var reader = HTTPReader()
      reader.append(text.utf8)
      return mistake { () throws(CodecError) in try reader.next() }
    }
    #expect(of("\u{16}\u{3}\u{1}") == .invalid(field: "HTTP start line", value: 0x16))
    #expect(of("GET /\r\n\r\n") == .invalid(field: "HTTP start line", value: 2))
    #expect(of("GET / HTTP/2.0\r\n\r\n") == .invalid(field: "HTTP request line", value: 14))
    #expect(of("HTTP/1.1 20 OK\r\n\r\n") == .invalid(field: "HTTP status line", value: 2))
    #expect(of("GET / HTTP/1.1\r\nA : b\r\n\r\n") == .invalid(field: "HTTP field", value: 65))
    #expect(of("GET / HTTP/1.1\r\n folded\r\n\r\n") == .invalid(field: "HTTP field", value: 32))
    #expect(of("GET / HTTP/1.1\nA: b\r\n\r\n") == .invalid(field: "HTTP head", value: 10))
    #expect(of("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n") == .invalid(field: "Content-Length", value: 2))
    #expect(of("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == .invalid(field: "Content-Length", value: 1))
    #expect(of("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == .unsupported(what: "transfer encoding", value: 0))
    #expect(of("G" + String(repeating: "x", count: 70_000)) == .unsupported(what: "length of an HTTP head", value: 70_001))
  }

  @Test("CONNECT and its answers are as long as the model counts, and come back with names of any length")
  func connect() throws {
    let names = [
      "feed", "pp.feed", "rdgateway-r1.wvd.microsoft.com", "rdgateway-1.wvd.microsoft.com", "a b",
      String(repeating: "n", count: 60),
    ]
    var identities = Identities(seed: 1, texts: Dictionary(uniqueKeysWithValues: names.map { (ComponentKey($0), $0) }))
    let all: [ProxyMessage] =
      (names + ["unnamed"]).map { .connect(HTTPAuthority(ComponentKey($0), $0 == "feed" ? 443 : 3_128)) }
      + ProxyStatus.allCases.map { .answer($0) }
    let written = all.map { ProxyCodec.encode($0, with: &identities) }
    for (message, bytes) in zip(all, written) {
      #expect(bytes.count == message.encodedLength)
      #expect(try ProxyCodec.decode(bytes[...], with: &identities) == message)
    }
    #expect(
      String(decoding: written[2], as: UTF8.self).hasPrefix("CONNECT rdgateway-r1.wvd.microsoft.com:3128 HTTP/1.1\r\nHost: "))
    func decode(_ text: String) throws(CodecError) -> ProxyMessage {
      try ProxyCodec.decode(Array(text.utf8)[...], with: &identities)
    }
    #expect(throws: CodecError.invalid(field: "CONNECT port", value: 5)) { try decode("CONNECT h:99999 HTTP/1.1\r\n\r\n") }
    #expect(throws: CodecError.invalid(field: "Proxy-Authenticate", value: 0)) {
      try decode("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    }
    #expect(throws: CodecError.unsupported(what: "proxy's status", value: 418)) {
      try decode("HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n")
    }
    let outcome = Mutations.survive(written) { bytes throws(CodecError) in
      var fresh = Identities(seed: 7)
      _ = try ProxyCodec.decode(bytes, with: &fresh)
    }
    #expect(outcome.accepted > 0 && outcome.refused > Mutations.budget / 10)
  }
}

@Suite struct WebSocketTests {
  @Test("the examples of RFC 6455 §1.3 and §5.7")
  func vectors() throws {
    #expect(WebSocketCodec.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    let hello = Array("Hello".utf8)
    let examples: [(WebSocketFrame, String)] = [
      (WebSocketFrame(.text, payload: hello), "810548656c6c6f"),
      (WebSocketFrame(.text, mask: 0x37FA_213D, payload: hello), "818537fa213d7f9f4d5158"),
      (WebSocketFrame(.text, isFinal: false, payload: Array("Hel".utf8)), "010348656c"),
      (WebSocketFrame(.continuation, payload: Array("lo".utf8)), "80026c6f"),
      (WebSocketFrame(.ping, payload: hello), "890548656c6c6f"),
      (WebSocketFrame(.pong, mask: 0x37FA_213D, payload: hello), "8a8537fa213d7f9f4d5158"),
    ]
    for (frame, hex) in examples {
      #expect(frame.bytes == [UInt8](hex: hex))
      #expect(try WebSocketFrame.read([UInt8](hex: hex)[...])?.frame == frame)
    }
    #expect(WebSocketFrame(.binary, payload: [UInt8](repeating: 1, count: 256)).bytes.prefix(4) == [0x82, 0x7E, 1, 0])
    #expect(
      WebSocketFrame(.binary, payload: [UInt8](repeating: 1, count: 65_536)).bytes.prefix(10) == [
        0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0,
      ])
  }

  @Test("a slice of another stream is framed at the model's size, masked by the client, and comes out of any pieces")
  func slices() throws {
    var values = SeededValues(4)
    let identities = Identities(seed: 5)
    for count in [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 70_000] {
      for masked in [false, true] {
        let inner = values.bytes(count)
        let slice = StreamSlice(stream: StreamID(index: 1, generation: 0), start: 700, end: 700 + UInt64(count))
        let bytes = WebSocketCodec.encode(inner, of: slice, masked: masked, on: Secret(id: 3), identities: identities)
        #expect(bytes.count == Message.webSocket(slice, masked: masked).encodedLength)
        #expect(!masked || count < 8 || !bytes.suffix(count).elementsEqual(inner))
        var reader = WebSocketReader()
        var found: [WebSocketFrame] = []
        for piece in (bytes + bytes).pieces(longest: max(1, count / 3), &values) {
          reader.append(piece)
          while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found.map(\.payload) == [inner, inner] && reader.waiting == 0)
        #expect(found.allSatisfy { $0.opcode == .binary && ($0.mask != nil) == masked })
      }
    }
  }

  @Test("frames of every kind, and what RFC 6455 §5.2 and §5.5 forbid")
  func frames() throws {
    var values = SeededValues(8)
    var corpus: [[UInt8]] = []
    for _ in 0..<400 {
      let opcode = values.pick(WebSocketFrame.Opcode.allCases)
      let frame = WebSocketFrame(
        opcode, isFinal: opcode.isControl || values.flip(), mask: values.flip() ? UInt32(truncatingIfNeeded: values.word()) : nil,
        payload: values.bytes(values.below(opcode.isControl ? 126 : 300)))
      #expect(frame.bytes.count == frame.encodedLength)
      let found = try #require(try WebSocketFrame.read(frame.bytes[...]))
      #expect(found.frame == frame && found.count == frame.encodedLength)
      corpus.append(frame.bytes)
    }
    func of(_ bytes: [UInt8]) -> CodecError? { mistake { () throws(CodecError) in try WebSocketFrame.read(bytes[...]) } }
    #expect(of([0x83, 0]) == .invalid(field: "WebSocket opcode", value: 0x83))
    #expect(of([0xC2, 0]) == .invalid(field: "WebSocket opcode", value: 0xC2))
    #expect(of([0x09, 0]) == .invalid(field: "WebSocket control frame", value: 0x09))
    #expect(of([0x89, 126, 0, 126]) == .invalid(field: "WebSocket control frame's length", value: 126))
    #expect(of([0x82, 126, 0, 125]) == .invalid(field: "WebSocket length", value: 125))
    #expect(of([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]) == .invalid(field: "WebSocket length", value: 1 << 63))
    #expect(of([0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in _ = try WebSocketFrame.read(bytes) }
    #expect(outcome.accepted > 0 && outcome.refused > Mutations.budget / 100)
  }
}
