// Reading and writing bytes, and the bytes that symbolic names stand for.
import SimulationKernel
import Testing
import Wire
import WireCodec

@Suite struct BytesTests {
  @Test("numbers are written and read in either order, of any width")
  func orders() throws {
    var writer = ByteWriter()
    writer.big(UInt16(0x0102))
    writer.little(UInt32(0x0304_0506))
    writer.big(0x07_0809, bytes: 3)
    writer.little(0x0A_0B0C, bytes: 3)
    #expect(writer.bytes == [1, 2, 6, 5, 4, 3, 7, 8, 9, 12, 11, 10])
    var reader = ByteReader(writer.bytes)
    #expect(try reader.big(UInt16.self, "a") == 0x0102)
    #expect(try reader.little(UInt32.self, "b") == 0x0304_0506)
    #expect(try reader.big(bytes: 3, "c") == 0x07_0809)
    #expect(try reader.little(bytes: 3, "d") == 0x0A_0B0C)
    #expect(reader.isAtEnd && reader.offset == 12)
  }

  @Test("lengths written afterwards stand where they belong")
  func replacing() {
    var writer = ByteWriter()
    writer.fill(count: 6)
    writer.replaceBig(UInt16(0xAABB), at: 0)
    writer.replaceLittle(UInt32(0x1122_3344), at: 2)
    #expect(writer.bytes == [0xAA, 0xBB, 0x44, 0x33, 0x22, 0x11])
    writer.pad(to: 4)
    #expect(writer.count == 8)
  }

  @Test("a read past the end moves nothing and says what it was for")
  func truncated() {
    var reader = ByteReader([1, 2, 3])
    #expect(throws: CodecError.truncated(what: "length", needed: 4, available: 3)) { try reader.big(UInt32.self, "length") }
    #expect(throws: CodecError.truncated(what: "part", needed: 0, available: 3)) { try reader.take(-1, "part") }
    #expect(reader.remaining == 3)
    #expect(throws: CodecError.trailing(what: "it", count: 3)) { try reader.end(of: "it") }
    #expect(throws: CodecError.invalid(field: "version", value: 1)) { try reader.expect(big: UInt8(2), "version") }
  }

  @Test("a secret's bytes follow from seed, id and purpose, and are recognised; strangers' get one name each")
  func secrets() {
    var mine = Identities(seed: 1)
    var other = Identities(seed: 2)
    let cookie = Secret(id: 77)
    let bytes = mine.bytes(of: cookie, count: 40, as: "cookie")
    #expect(bytes.count == 40 && bytes == mine.bytes(of: cookie, count: 40, as: "cookie"))
    #expect(bytes != other.bytes(of: cookie, count: 40, as: "cookie"))
    #expect(bytes != mine.bytes(of: cookie, count: 40, as: "password"))
    #expect(mine.secret(of: bytes) == cookie)
    #expect(mine.secret(of: mine.hash(of: cookie, count: 16, as: "cookie")) == cookie.hashed)
    let stranger = mine.secret(of: [1, 2, 3])
    #expect(stranger != cookie && stranger == mine.secret(of: [1, 2, 3]) && stranger == other.secret(of: [1, 2, 3]))
    let fragment = mine.characters(of: cookie, count: 4, as: "ufrag")
    #expect(fragment.count == 4 && mine.secret(of: fragment) == cookie)
  }

  @Test("components have their texts, and those without get one that leads back")
  func components() {
    var names = Identities(seed: 1, texts: [ComponentKey("gateway-west"): "gateway-west.wvd.example"])
    #expect(names.text(of: ComponentKey("gateway-west")) == "gateway-west.wvd.example")
    #expect(names.key(of: "gateway-west.wvd.example") == ComponentKey("gateway-west"))
    let text = names.text(of: ComponentKey("nobody"))
    #expect(names.key(of: text) == ComponentKey("nobody"))
    #expect(names.key(of: "elsewhere.example") == ComponentKey("elsewhere.example"))
  }
}
