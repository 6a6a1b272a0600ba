// STUN messages exchanged with another implementation: what it wrote is read here, and what is written here it reads. `make interop` runs
// this between its own two halves and names the folder of both files in an environment variable.
import Foundation
import SimulationKernel
import Testing
import Wire

@testable import WireCodec

@Suite struct InteropTests {
  static let folder = ProcessInfo.processInfo.environment["SHORTPATH_INTEROP"]

  private static let protections = [STUNAttribute.messageIntegrity, STUNAttribute.fingerprint]

  /// Kind, transaction and attributes of a message, as both sides print them.
  private static func said(_ frame: STUNFrame) -> String {
    let id = hex(UInt64(frame.transaction.high)).suffix(8) + hex(frame.transaction.low)
    return (["\(frame.kind) \(id)"] + frame.attributes.map(\.description)).joined(separator: "|")
  }

  @Test(
    "another implementation's messages are read as it meant them, and written again to the same bytes",
    .enabled(if: folder != nil))
  func theirs() throws {
    let text = try String(contentsOfFile: try #require(Self.folder) + "/theirs.tsv", encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count >= 1_000)
    for line in lines {
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let (name, key, finding, bytes) = (columns[0], Array(columns[1].utf8), columns[2], [UInt8](hex: columns[3]))
      let read = try DecodedSTUN(bytes[...])
      #expect(Self.said(read.frame) == columns[4], "\(name)")
      #expect(read.frame.method == STUNFrame.binding && "\(read.integrity(key: key))" == finding, "\(name)")
      #expect(read.fingerprint != .wrong, "\(name)")
      // Any other key than the right one is refused.
      #expect(read.integrity(key: key + [0x41]) != .right, "\(name)")
      var frame = read.frame
      frame.attributes.removeAll { Self.protections.contains($0.type) }
      if finding != "wrong" {
        let again = frame.encoded(finding == "right" ? .sha1(key: key) : .none, fingerprint: read.fingerprint == .right)
        #expect(again == bytes, "\(name)")
      }
      if finding == "right" { spoil(bytes, key: key, name) }
    }
  }

  /// A flipped bit anywhere before the fingerprint is noticed.
  private func spoil(_ bytes: [UInt8], key: [UInt8], _ name: String) {
    for at in stride(from: 0, to: bytes.count - 8, by: 7) {
      var spoiled = bytes
      spoiled[at] ^= 0x10
      guard let read = try? DecodedSTUN(spoiled[...]) else { continue }
      #expect(read.fingerprint == .wrong || read.integrity(key: key) != .right, "\(name): byte \(at)")
    }
  }

  @Test("messages of every kind are written for the other to read", .enabled(if: folder != nil))
  func ours() throws {
    var chance = SeededGenerator(8489)
    var names = Identities(seed: 8489)
    var lines = ""
    for row in 0..<2_000 {
      let message = STUNTests.message(&chance)
      let bytes = STUNCodec.encode(message, &names)
      let isProtected = message.integrity != .none
      let password = isProtected ? String(decoding: names.icePassword(of: message.integrity), as: UTF8.self) : "-"
      let code = bytes.map { hex(UInt64($0)).suffix(2) }.joined()
      let said = Self.said(try DecodedSTUN(bytes[...]).frame)
      lines += "ours-\(row)\t\(password)\t\(isProtected ? "right" : "absent")\t\(code)\t\(said)\n"
    }
    try lines.write(toFile: try #require(Self.folder) + "/ours.tsv", atomically: true, encoding: .utf8)
  }
}
