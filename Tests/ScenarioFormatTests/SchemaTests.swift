// The schema that editors use says what the reader says: no key more or less, no good file refused, and bad ones refused where a schema can.
import Foundation
import ScenarioFormat
import ScenarioModel
import Testing

/// Every scenario of the repository.
let scenarioFiles: [String] = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let folder = root.appending(path: "Scenarios").path()
  let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
  return found.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
}()

@Suite("The schema and the reader agree")
struct SchemaTests {
  private static let refusals =
    refusedForm + refusedValues + refusedReferences + refusedHappenings + refusedFirewalls + refusedSettings + refusedLosses
    + refusedSecurity + refusedProxies

  private let schema: JSONSchema
  init() throws { schema = try JSONSchema(ScenarioSchema.text()) }

  private func problems(_ text: String, isOld: Bool = false) throws -> [String] {
    schema.problems(try #require(JSONSchema.value(text, isOld: isOld)))
  }

  private func expectValid(_ text: String, isOld: Bool = false) throws {
    let found = try problems(text, isOld: isOld)
    #expect(found == [])
  }

  @Test("It is the same every time, and has a definition for every kind of map")
  func stable() {
    #expect(ScenarioSchema.text() == ScenarioSchema.text())
    for name in ["network", "nat", "firewall", "rule", "host", "session", "event", "expectation", "hosts-client", "timing"] {
      #expect(schema.names.contains(name), "\(name)")
    }
  }

  @Test(
    "Every scenario of the repository is valid, as written and resolved, by new and old rules of YAML", arguments: scenarioFiles)
  func files(_ file: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try expectValid(text)
    try expectValid(text, isOld: true)
    let scenario = try ScenarioReader.read(text: text, name: file)
    try expectValid(ScenarioWriter.annotated(scenario))
  }

  @Test("So are the one with every key, the design's, and the templates")
  func examples() throws {
    for text in [fullExample, designExample] + Template.all.map(\.text) {
      try expectValid(text)
      try expectValid(ScenarioWriter.resolved(try scenario(text)))
    }
  }

  @Test("What the reader refuses for a key, a word, a unit or a kind of value, the schema refuses too")
  func refused() throws {
    let signs = [
      "unknown key", "expected one of", "needs a unit", "is not a unit of", "needs the key", "expected on or off",
      "expected a list",
      "expected a map", "expected a port", "expected a duration", "cannot be negative", "a probability is at most",
      "an id is made of",
      "expected version", "expected an IP address", "expected a prefix such as", "expected a whole number",
    ]
    // What needs arithmetic, or what stands elsewhere in the file; and a merge key, which is YAML's.
    let exempt = [
      "without", "merge", "a link with one end", "a prefix with host bits", "a range of ports that runs down",
      "an event of the wrong kind of value", "events on axes of a nat",
    ]
    var count = 0
    for refusal in Self.refusals {
      guard signs.contains(where: { refusal.expected.contains($0) }), let value = JSONSchema.value(refusal.text) else { continue }
      if exempt.contains(where: { refusal.name.contains($0) }) { continue }
      count += 1
      #expect(schema.problems(value) != [], "\(refusal.name)")
    }
    #expect(count > 25)
  }

  @Test("Where the reader tells which keys a map may have, the schema has exactly those")
  func keys() throws {
    let pattern = try Regex("unknown key '[^']*' in (.+?)(?: \\(did you mean .*?\\))?; allowed: (.+)$").anchorsMatchLineEndings()
    var seen: Set<String> = []
    for refusal in Self.refusals {
      for match in refusal.expected.matches(of: pattern) {
        let (what, allowed) = (String(match[1].substring!), String(match[2].substring!))
        let section = what == "a scenario" ? schema.root : try definition(what)
        let keys = section["properties"] as? [String: Any] ?? [:]
        #expect(
          keys.keys.sorted() == allowed.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init).sorted(), "\(what)")
        seen.insert(what)
      }
    }
    #expect(seen.count >= 3)
  }

  private func definition(_ what: String) throws -> [String: Any] {
    try #require(schema.names.map { schema.definition($0) }.first { $0["title"] as? String == what })
  }

  @Test("The example with every key and the scenarios use every key of the schema, and every key says what it is for")
  func everyKey() throws {
    var used: Set<String> = []
    let texts = try scenarioFiles.map { try String(contentsOfFile: $0, encoding: .utf8) }
    for text in texts + [fullExample, ScenarioWriter.resolved(try scenario(fullExample))] {
      walk(try #require(JSONSchema.value(text)), schema.root, &used)
    }
    for section in schema.names.map({ schema.definition($0) }) + [schema.root] {
      let what = try #require(section["title"] as? String)
      for (key, value) in section["properties"] as? [String: [String: Any]] ?? [:] {
        #expect(value["description"] is String, "\(what): \(key)")
        #expect(used.contains("\(what): \(key)") || Self.unused.contains("\(what): \(key)"), "\(what): \(key)")
      }
    }
  }

  /// Keys of maps that several sections share, which nobody needs in each.
  private static let unused: Set<String> = [
    "settings: reverse-connect", "settings: managed", "attempts: relayed", "attempts: reverse-connect", "a network's lan: up",
    "a network's lan: down", "a region: up", "a region: down",
  ]

  private func walk(_ value: Any, _ section: [String: Any], _ used: inout Set<String>) {
    if let name = section["$ref"] as? String {
      return walk(value, schema.definition(String(name.dropFirst("#/definitions/".count))), &used)
    }
    for way in section["anyOf"] as? [[String: Any]] ?? [] { walk(value, way, &used) }
    if let items = value as? [Any], let each = section["items"] as? [String: Any] {
      for item in items { walk(item, each, &used) }
    }
    guard let map = value as? [String: Any] else { return }
    let fixed = section["properties"] as? [String: [String: Any]] ?? [:]
    let patterns = section["patternProperties"] as? [String: [String: Any]] ?? [:]
    for (key, value) in map {
      if let below = fixed[key] {
        used.insert("\(section["title"] as? String ?? ""): \(key)")
        walk(value, below, &used)
      } else if let below = patterns.first?.value {
        walk(value, below, &used)
      }
    }
  }
}

@Suite("resolve says of every value where it came from")
struct OriginTests {
  private func origins(_ text: String) throws -> [Substring] {
    try ScenarioWriter.annotated(ScenarioReader.read(text: text, name: "t.yaml")).split(separator: "\n")
  }

  @Test("Every value has an origin, and the text reads back as the same scenario", arguments: scenarioFiles + [""])
  func everyValue(_ file: String) throws {
    let text = file.isEmpty ? fullExample : try String(contentsOfFile: file, encoding: .utf8)
    var read = try ScenarioReader.read(text: text, name: "t.yaml")
    let annotated = ScenarioWriter.annotated(read)
    let known = try Regex(" # (line [0-9]|default: .|preset .|preset, line [0-9]|default of this nat|--set)")
    for line in annotated.split(separator: "\n").dropFirst() where !line.hasSuffix(":") {
      #expect(line.contains(known), "\(line)")
    }
    read.origins = [:]
    var again = try ScenarioReader.read(text: annotated, name: "t.yaml")
    again.origins = [:]
    #expect(again == read)
  }

  @Test("Lines, presets, defaults and changes are told apart")
  func kinds() throws {
    let text = """
      shortpath: 1
      networks:
        home: { nat: { preset: home-router, udp-lifetime: 30 s }, uplink: { to: metro, up: { delay: 2 ms } } }
        metro: {}
        azure: { nat: azure-public-ip, uplink: { to: metro } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: azure, shortpath: { managed-listener: on } }
      sessions: [ { client: alice, host: sh-1, workload: heavy } ]
      """
    let lines = try origins(text)
    func says(_ value: String, _ origin: String) -> Bool {
      lines.contains { $0.drop { $0 == " " || $0 == "-" }.hasPrefix(value) && $0.hasSuffix("# " + origin) }
    }
    #expect(says("udp-lifetime: 30 s", "line 3") && says("filtering: address-and-port-dependent", "preset home-router"))
    #expect(says("seed: 1", "default: 1, as good as any") && says("gathering-limit: 39500 ms", "default: RFC 8489 §6.2.1"))
    #expect(says("preset: network-security-group", "default of this nat") && says("fUseUdpPortRedirector: 1", "line 8"))
    #expect(says("delay: 2 ms", "line 3") && says("graphics: ", "preset, line 9") && says("client: alice", "line 9"))
    #expect(lines.contains { $0.contains("name: DenyAllInBound") && $0.hasSuffix("# preset network-security-group") })
    let read = try ScenarioReader.read(text: text, name: "t.yaml")
    let changed = try read.applying(ChangeReader.parse("networks.home.nat=symmetric"))
      .applying(ChangeReader.parse("hosts.sh-1.shortpath.managed-listener=off"))
      .applying(ChangeReader.parse("lift networks.azure.firewall.rules.DenyAllInBound"))
    let after = ScenarioWriter.annotated(changed).split(separator: "\n")
    func saysAfter(_ value: String, _ origin: String) -> Bool {
      after.contains { $0.contains(value) && $0.hasSuffix("# " + origin) }
    }
    #expect(saysAfter("preset: symmetric", "--set") && saysAfter("udp-lifetime: 300 s", "preset symmetric"))
    #expect(
      saysAfter("fUseUdpPortRedirector: 0", "--set") && saysAfter("name: DenyAllInBound", "preset network-security-group, --set"))
  }
}
