// sessions, probes, traffic, events and expect: what happens, and what must come of it.
import ScenarioModel
import SimulationKernel
import Trace
import VirtualDesktop
import Wire

extension SessionSpec {
  static func read(_ cursor: Cursor) -> SessionSpec {
    var spec = SessionSpec(client: "", host: "", at: .zero)
    cursor.map("a session") { map -> Void? in
      spec.client = map.require("client") { $0.name("a host") } ?? ""
      spec.host = map.require("host") { $0.name("a host") } ?? ""
      map.read("at", into: &spec.at) { $0.time() }
      map.read("workload", into: &spec.workload) { DesktopWorkload.read($0) }
    }
    return spec
  }
}

extension ProbeSpec {
  static func read(_ cursor: Cursor) -> ProbeSpec {
    var spec = ProbeSpec(from: "", to: "", port: 0, kind: .udp, at: .zero)
    cursor.map("a probe") { map -> Void? in
      spec.from = map.require("from") { $0.name("a host") } ?? ""
      if let target = map.require("to", { $0.probeTarget() }) {
        (spec.to, spec.port) = target
        if spec.to == "stun" { spec.kind = .stun }
      }
      map.read("kind", into: &spec.kind) { $0.word(Vocabulary.probeKinds) }
      if spec.kind == .ping, spec.to == "stun" { spec.port = 0 }
      map.read("at", into: &spec.at) { $0.time() }
      map.read("count", into: &spec.count) { $0.integer(1...1_000_000) }
      map.read("interval", into: &spec.interval) { $0.duration() }
      map.read("size", into: &spec.size) { $0.datagram() }
      map.read("source-port", into: &spec.sourcePort) { $0.optional("auto") { $0.port() }.map { $0 ?? 0 } }
      map.read("via", into: &spec.via) { $0.optional("none") { $0.name("a tunnel") } }
    }
    return spec
  }
}

extension Cursor {
  /// A datagram's payload: at most what fits one IPv4 packet beside its headers (RFC 791 §3.1, RFC 768).
  fileprivate func datagram() -> Int? { bytes(0...65_507) }

  /// `HOST:PORT`, `HOST` alone for a ping, or `stun` for the service's server on its port (RFC 8489 §8: 3478).
  fileprivate func probeTarget() -> (String, UInt16)? {
    guard let text = text() else { return nil }
    if text == "stun" { return ("stun", 3478) }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 1 { return (text, 0) }
    guard parts.count == 2, !parts[0].isEmpty, let port = UInt16(parts[1]), port > 0 else {
      return expected("stun, or HOST:PORT with a port from 1 to 65535")
    }
    return (String(parts[0]), port)
  }
}

extension RogueSpec {
  /// As many as a host has ports to send from (RFC 6335 §6), and some to spare.
  private static let most = 10_000

  static func read(_ cursor: Cursor) -> RogueSpec {
    var spec = RogueSpec(from: "", to: "", kind: .unknownCookie, at: .zero)
    cursor.map("a rogue") { map -> Void? in
      spec.from = map.require("from") { $0.name("a host") } ?? ""
      spec.to = map.require("to") { $0.name("a host") } ?? ""
      spec.kind = map.require("kind") { $0.word(Vocabulary.rogueKinds) } ?? .unknownCookie
      map.read("at", into: &spec.at) { $0.time() }
      map.read("count", into: &spec.count) { $0.integer(1...Self.most) }
      map.read("interval", into: &spec.interval) { $0.duration() }
      map.read("hears", into: &spec.hears) { $0.optional("none") { $0.name("a network") } }
    }
    return spec
  }
}

extension TrafficSpec {
  static func read(_ cursor: Cursor) -> TrafficSpec {
    var spec = TrafficSpec(from: "", to: "", rate: .megabits(1), start: .zero, end: .zero)
    cursor.map("a traffic") { map -> Void? in
      spec.from = map.require("from") { $0.name("a host") } ?? ""
      spec.to = map.require("to") { $0.name("a host") } ?? ""
      spec.rate = map.require("rate") { $0.rate() } ?? spec.rate
      map.read("size", into: &spec.size) { $0.bytes(1...65_507) }
      map.read("at", into: &spec.start) { $0.time() }
      spec.end = map.require("until") { $0.time() } ?? .zero
    }
    return spec
  }
}

extension EventSpec {
  /// Reads one item of `events`; `set` may change several things at once, which stand in the order of their paths.
  /// - Parameter first: the ordinal of the first change it gives, from 1.
  static func read(_ cursor: Cursor, first: Int) -> [EventSpec]? {
    cursor.map("an event") { map in
      let at = map.require("at") { $0.eventTime() } ?? .zero
      var changes: [(change: Change, origin: Origin?)] = []
      var given = 0
      if let set = map["set"] {
        given += 1
        changes += set.settings().sorted { $0.path < $1.path }.map { (.set(path: $0.path, value: $0.value), $0.origin) }
      }
      for verb in Change.Verb.allCases {
        guard let cursor = map[verb.rawValue] else { continue }
        given += 1
        if let path = cursor.text() { changes.append((.act(element: path, verb: verb), cursor.reading.origins[cursor.path])) }
      }
      if given != 1 {
        let words = (["set"] + Change.Verb.allCases.map(\.rawValue)).joined(separator: ", ")
        map.cursor.report("an event needs exactly one of \(words); found \(given)")
      }
      for (row, change) in changes.enumerated() { cursor.reading.origins["events.\(first + row)"] = change.origin }
      return changes.map { EventSpec(at: at, change: $0.change) }
    }
  }
}

extension Cursor {
  /// A map from scenario paths to their new values.
  fileprivate func settings() -> [(path: String, value: ChangeValue, origin: Origin)] {
    if surveys(.changes) { return [] }
    guard case .map(let entries) = node.content else { return expected("a map from paths to values") ?? [] }
    return entries.compactMap { entry in
      guard case .scalar(let text) = entry.value.content, !text.isEmpty else {
        reading.report(entry.at, nil, "expected a value for '\(entry.key)'; found \(entry.value.found)")
        return nil
      }
      do throws(ChangeError) {
        return (entry.key, try ChangeReader.value(text, for: entry.key), .file(line: entry.at.line, column: entry.at.column))
      } catch {
        reading.report(entry.value.position, nil, error.description)
        return nil
      }
    }
  }
}

extension Expectation {
  static func read(_ cursor: Cursor) -> Expectation? {
    cursor.map("an expectation") { map in
      // A number that could not be read is 0 and refers to nothing.
      let session = map["session"].map { $0.integer(1...65_535) ?? 0 }
      let probe = map["probe"].map { $0.integer(1...65_535) ?? 0 }
      let rogue = map["rogue"].map { $0.integer(1...65_535) ?? 0 }
      let clear = [session, probe, rogue].count { $0 != nil } == 1
      if !clear { map.cursor.report("an expectation is about one session, one probe or one rogue") }
      var spec = Expectation(session.map { .session($0) } ?? rogue.map { .rogue($0) } ?? .probe(probe ?? 0))
      if let transport = map["transport"]?.word(Vocabulary.expectedTransports) {
        spec.transport = transport
        spec.fails = transport == nil
      }
      map.read("route", into: &spec.route) { $0.name("a tunnel or a line, lan or internet") }
      map.read("reason", into: &spec.reason) { $0.text() }
      map.read("within", into: &spec.within) { $0.duration() }
      map.read("reconnects", into: &spec.reconnects) { $0.integer(0...1_000) }
      map["attempts"]?.map("attempts") { map -> Void? in
        for transport in Transport.allCases {
          guard let outcome = map[transport.name]?.word(Vocabulary.attemptOutcomes) else { continue }
          spec.attempts.append(AttemptExpectation(transport: transport, outcome: outcome))
        }
      }
      map["settings"]?.map("settings") { map -> Void? in
        for transport in Transport.allCases {
          guard let name = map[transport.name]?.text() else { continue }
          spec.settings.append(SettingExpectation(transport: transport, setting: name))
        }
      }
      map.read("blocked-by", into: &spec.blockedBy) { $0.items { Expectation.DropExpectation.read($0) } }
      map.read("cause", into: &spec.cause) { CauseExpectation.read($0) }
      map.read("outcome", into: &spec.outcome) { $0.word(Vocabulary.probeOutcomes) }
      spec.drop.read(map)
      if clear { spec.checkKeys(map) }
      return spec
    }
  }

  private static let ofSessions = [
    "transport", "route", "reason", "cause", "within", "reconnects", "attempts", "settings", "blocked-by",
  ]
  private static let ofRogues = ["dropped", "at", "by"]

  /// Refuses conditions that the subject cannot meet.
  private func checkKeys(_ map: MapReader) {
    switch subject {
    case .session:
      if outcome != nil { map["outcome"]?.report("'outcome' is for probes; a session has transport, route and reason") }
      for key in Self.ofRogues { map[key]?.report("'\(key)' is for rogues; a session has transport, route and reason") }
    case .probe:
      for key in Self.ofSessions { map[key]?.report("'\(key)' is for sessions; a probe has an outcome") }
      for key in Self.ofRogues { map[key]?.report("'\(key)' is for rogues; a probe has an outcome") }
    case .rogue:
      for key in Self.ofSessions + ["outcome"] { map[key]?.report("'\(key)' is not for rogues; a rogue's packets are dropped") }
      if drop.reason == nil, map["dropped"] == nil {
        map.cursor.report("this expects nothing; say for which reason a packet of the rogue is dropped")
      }
    }
  }
}

extension Expectation.DropExpectation {
  /// A rule's name, or a map.
  static func read(_ cursor: Cursor) -> Expectation.DropExpectation? {
    if case .scalar = cursor.node.content { return cursor.name("a rule").map { Expectation.DropExpectation(rule: $0) } }
    return cursor.map("what blocked") { map in
      var spec = Expectation.DropExpectation()
      spec.read(map)
      return spec
    }
  }

  fileprivate mutating func read(_ map: MapReader) {
    map.read("dropped", into: &reason) { $0.text() }
    map.read("at", into: &node) { $0.name("a network, a host or a service") }
    map.read("by", into: &rule) { $0.text() }
  }
}

extension Expectation.CauseExpectation {
  /// A map, or the reason's code alone.
  static func read(_ cursor: Cursor) -> Expectation.CauseExpectation? {
    var spec = Expectation.CauseExpectation()
    if case .scalar = cursor.node.content {
      spec.reason = cursor.text()
      return spec
    }
    return cursor.map("a cause") { map in
      map.read("node", into: &spec.node) { $0.name("a host or a service") }
      map.read("reason", into: &spec.reason) { $0.text() }
      map.read("step", into: &spec.step) { $0.integer(1...12) }
      map.read("missing", into: &spec.missing) { $0.text() }
      return spec
    }
  }
}
