// What is refused: the exact places and words, for files and for texts.
import Foundation
import ScenarioFormat
import ScenarioModel
import Testing

/// A text that is refused, and what is said of it without the file's name.
struct Refusal: CustomTestStringConvertible, Sendable {
  let name: String
  let text: String
  let expected: String

  init(_ name: String, _ text: String, _ expected: String) {
    self.name = name
    self.text = text
    self.expected = expected
  }

  /// A text whose first line is the version.
  init(_ name: String, lines: String, _ expected: String) { self.init(name, "shortpath: 1\n" + lines, expected) }

  var testDescription: String { name }
}

@Suite("A file with mistakes is refused with every mistake, its place, and what is allowed")
struct RefusalTests {
  @Test("the file as a whole", arguments: refusedForm)
  func form(_ refusal: Refusal) { check(refusal) }

  @Test("units, words and ids", arguments: refusedValues)
  func values(_ refusal: Refusal) { check(refusal) }

  @Test("names, roles and addresses", arguments: refusedReferences)
  func references(_ refusal: Refusal) { check(refusal) }

  @Test("rules, events, expectations, several mistakes at once", arguments: refusedHappenings)
  func happenings(_ refusal: Refusal) { check(refusal) }

  @Test("firewalls: priorities, states, profiles, times", arguments: refusedFirewalls)
  func firewalls(_ refusal: Refusal) { check(refusal) }

  @Test("settings by their real names", arguments: refusedSettings)
  func settings(_ refusal: Refusal) { check(refusal) }

  @Test("mishaps, bursts and workloads", arguments: refusedLosses)
  func losses(_ refusal: Refusal) { check(refusal) }

  @Test("certificates, TLS versions, inspection", arguments: refusedSecurity + refusedProxies)
  func security(_ refusal: Refusal) { check(refusal) }

  private func check(_ refused: Refusal) {
    let expected = refused.expected.split(separator: "\n").map { "t.yaml:\($0)" }.joined(separator: "\n")
    #expect(refusal(refused.text) == expected)
  }

  @Test("Equal private subnets and equal addresses behind different routers are legal")
  func equalPrivateSubnets() {
    let text = """
      networks: { a: { subnet: 192.168.1.0/24, nat: home-router }, b: { subnet: 192.168.1.0/24, nat: home-router } }
      hosts: { x: { role: idle, network: a, address: 192.168.1.9 }, y: { role: idle, network: b, address: 192.168.1.9 } }
      """
    #expect(refusal(around(text)) == "")
  }

  @Test("An alias bomb is refused before it is expanded")
  func aliasBomb() {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in 1...40 {
      lines.append("a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]")
    }
    lines.append("? *a40\n: x")
    #expect(
      refusal(around(lines.joined(separator: "\n")))
        == "t.yaml:2:5: anchors, aliases and merge keys are not allowed; write the value out")
  }

  @Test("A tree as deep as the parser goes is refused, not followed")
  func depth() {
    let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(refusal(around("title: \(deep)")) == "t.yaml:2:40: nested deeper than 32 levels")
  }

  @Test("When more keys stand twice than are looked for, the first ones are told where they stand first")
  func manyDuplicates() {
    let networks = (0..<100).map { "  n\($0 / 2): {}" }.joined(separator: "\n")
    let lines = refusal(around("networks:\n\(networks)")).split(separator: "\n")
    #expect(lines.count == 33 && lines.allSatisfy { $0.hasSuffix(":3: a key stands twice in one map, first here") })
  }

  @Test("No more than a hundred mistakes of form and a hundred of reference are told")
  func manyMistakes() {
    let networks = (0..<5_000).map { "  n\($0): { uplink: { to: x\($0) }, z: 1 }" }.joined(separator: "\n")
    #expect(refusal(around("networks:\n\(networks)")).split(separator: "\n").count == 200)
  }
}

@Suite("Files that are no scenarios")
struct FileTests {
  /// Runs `body` with a path in a folder of its own.
  private func withFile(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("one.two.yaml").path)
  }

  private func write(_ contents: Data, to path: String) throws { try contents.write(to: URL(fileURLWithPath: path)) }

  private func failure(_ path: String) throws -> ScenarioFileError {
    try #require(throws: ScenarioFileError.self) { try ScenarioReader.read(file: path) }
  }

  @Test("A file that is not there is missing")
  func missing() throws {
    try withFile { path in
      let error = try failure(path)
      #expect(error.kind == .missing)
      #expect(error.description == "\(path): there is no such file")
    }
  }

  @Test("A directory is invalid")
  func directory() throws {
    let path = FileManager.default.temporaryDirectory.path
    let error = try failure(path)
    #expect(error.kind == .invalid)
    #expect(error.description == "\(path): is a directory, not a scenario file")
  }

  @Test("A file of 100 MB, and one without end, are refused without reading them")
  func huge() throws {
    try withFile { path in
      try write(Data(), to: path)
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.truncate(atOffset: 100_000_000)
      try handle.close()
      let error = try failure(path)
      #expect(error.kind == .invalid)
      #expect(error.description == "\(path): is larger than 1 MiB, the most a scenario file may have")
    }
    #expect(try failure("/dev/zero").kind == .invalid)
  }

  @Test("Bytes that are no text are refused at the first of them")
  func binary() throws {
    try withFile { path in
      try write(Data("shortpath: 1\ntitle: µ".utf8) + Data([0xFF, 0x41]), to: path)
      #expect(try failure(path).description == "\(path):2:9: not a text: the byte 0xFF is not UTF-8")
      try write(Data([0x7F, 0x45, 0x4C, 0x46, 0x02, 0, 0, 0]), to: path)
      #expect(try failure(path).description == "\(path):1:1: not a text: the control character U+007F")
    }
  }

  @Test("The id of a scenario is its file's name without folders and the last ending; the title is that id unless given")
  func identifier() throws {
    try withFile { path in
      try write(Data("shortpath: 1\n".utf8), to: path)
      let scenario = try ScenarioReader.read(file: path)
      #expect(scenario.id == "one.two" && scenario.title == "one.two")
    }
  }
}
