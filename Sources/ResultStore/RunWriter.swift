// One run as rows: parents before children, everything in the order of the result, so that equal runs make equal rows.
import GRDB
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

/// Writes the rows of one run inside a transaction that somebody else holds.
struct RunWriter {
  let database: Database
  let run: RunResult

  /// Writes everything and returns the run's id.
  func write(source: String, resolved: String, machine: MachineFacts?) throws -> Int64 {
    let scenario = try scenarioID(source: source, resolved: resolved)
    let engine = try engineID()
    try InsertStatement(database, into: "run", columns: 13).row(
      .null, .int(scenario), .int(engine), .int(Int64(bitPattern: run.seed)), .count(run.modelVersion),
      .text(hex(run.fingerprints.outcome)), .text(hex(run.fingerprints.protocolStory)), .text(hex(run.fingerprints.trajectory)),
      .text(run.end.rawValue), .int(run.endTime.nanoseconds), .count(run.events), .count(run.hops), .flag(run.succeeded))
    let id = database.lastInsertedRowID
    if let machine {
      try InsertStatement(database, into: "machine", columns: 4).row(
        .int(id), .text(machine.host), .text(machine.started), .int(machine.wallNanoseconds))
    }
    try writeNames(id)
    try writeProbes(id)
    for session in run.sessions {
      try writeSession(session, id)
      try writeTrouble(session, id)
    }
    try writeRogues(id)
    try writeTotals(id)
    try writeMovement(id)
    try writeStory(id)
    return id
  }

  private func scenarioID(source: String, resolved: String) throws -> Int64 {
    let digests = (hex(stableHash(source)), hex(stableHash(resolved)))
    let name = run.scenario.id
    let known = try Int64.fetchOne(
      database, sql: "SELECT id FROM scenario WHERE name = ? AND digest = ? AND resolved_digest = ?",
      arguments: [name, digests.0, digests.1])
    if let known { return known }
    try InsertStatement(database, into: "scenario", columns: 7).row(
      .null, .text(name), .text(run.scenario.title), .text(digests.0), .text(digests.1), .text(source), .text(resolved))
    return database.lastInsertedRowID
  }

  private func engineID() throws -> Int64 {
    let known = try Int64.fetchOne(
      database, sql: "SELECT id FROM engine WHERE name = 'shortpath' AND model_version = ?", arguments: [run.modelVersion])
    if let known { return known }
    try InsertStatement(database, into: "engine", columns: 3).row(.null, .text("shortpath"), .count(run.modelVersion))
    return database.lastInsertedRowID
  }

  private func writeNames(_ id: Int64) throws {
    for (table, names) in [("node", run.nodes), ("rule", run.rules)] {
      let insert = try InsertStatement(database, into: table, columns: 4)
      for (row, name) in names.enumerated() { try insert.row(.int(id), .count(row), .text(name.id), .text(name.path)) }
    }
  }

  private func writeProbes(_ id: Int64) throws {
    let insert = try InsertStatement(database, into: "probe", columns: 10)
    for probe in run.probes {
      try insert.row(
        .int(id), .count(probe.ordinal), .text(probe.from), .text(probe.to), .text(probe.kind.rawValue), .text(probe.outcome),
        .count(probe.sent), .count(probe.answered), .maybe(probe.roundTrip?.nanoseconds), .maybe(probe.mapped?.description))
      try writeBlockers(probe.blockers, id, session: nil, transport: nil, probe: probe.ordinal)
    }
  }

  private func writeBlockers(_ blockers: [Blocker], _ id: Int64, session: Int?, transport: Transport?, probe: Int?) throws {
    if blockers.isEmpty { return }
    let insert = try InsertStatement(database, into: "blocker", columns: 14)
    for blocker in blockers {
      try insert.row(
        .null, .int(id), .maybe(session.map(Int64.init)), .maybe(transport?.name), .maybe(probe.map(Int64.init)),
        blocker.pair == 0 ? .null : .count(blocker.pair), .text(blocker.topic.code),
        .text(blocker.node),
        .maybe(blocker.rule), .maybe(blocker.rulePath), .text(blocker.reason.code), .count(blocker.firstRecord),
        .int(blocker.firstTime.nanoseconds), .count(blocker.packets))
    }
  }

  private func writeSession(_ session: SessionResult, _ id: Int64) throws {
    let key = (Cell.int(id), Cell.count(session.ordinal))
    try InsertStatement(database, into: "session", columns: 13).row(
      key.0, key.1, .text(session.client), .text(session.host), .maybe(session.transport?.name), .text(session.route),
      .text(session.reason.code), .text(session.sentence), .maybe(session.clicked?.nanoseconds),
      .maybe(session.connected?.nanoseconds), .maybe(session.switched?.nanoseconds),
      .maybe(session.roundTripBefore?.nanoseconds), .maybe(session.roundTrip?.nanoseconds))
    let attempts = try InsertStatement(database, into: "attempt", columns: 9)
    for attempt in session.attempts {
      try attempts.row(
        key.0, key.1, .text(attempt.transport.name), .text(attempt.outcome.name), .text(attempt.reason.code),
        attempt.setting.isEmpty ? .null : .text(attempt.setting), .maybe(attempt.started?.nanoseconds),
        .maybe(attempt.ended?.nanoseconds), .maybe(attempt.reached.map(\.code)))
      try writeBlockers(attempt.blockers, id, session: session.ordinal, transport: attempt.transport, probe: nil)
    }
    let candidates = try InsertStatement(database, into: "candidate", columns: 9)
    for (row, candidate) in session.candidates.enumerated() {
      try candidates.row(
        key.0, key.1, .count(row + 1), .text(candidate.owner), .text(candidate.type.name), .text(candidate.base.description),
        .text(candidate.endpoint.description), .count(candidate.priority), .int(candidate.time.nanoseconds))
    }
    let pairs = try InsertStatement(database, into: "candidate_pair", columns: 11)
    for (row, pair) in session.pairs.enumerated() {
      try pairs.row(
        key.0, key.1, .count(row + 1), .text(pair.owner), .count(pair.row), .text(pair.local.description),
        .text(pair.remote.description), .text(pair.route), .text(pair.state.name), .flag(pair.wasNominated),
        .maybe(pair.roundTrip?.nanoseconds))
    }
    let milestones = try InsertStatement(database, into: "milestone", columns: 10)
    for (row, point) in session.milestones.enumerated() {
      try milestones.row(
        key.0, key.1, .count(row + 1), .maybe(point.milestone.step.map(Int64.init)), .text(point.milestone.code),
        .text(point.milestone.title), .int(point.time.nanoseconds), .text(point.node), .text(point.attempt.name),
        .count(point.record))
    }
    let channels = try InsertStatement(database, into: "channel_total", columns: 9)
    for (row, total) in session.channels.enumerated() {
      try channels.row(
        key.0, key.1, .count(row + 1), .text(total.node), .text(total.channel.name), .text(total.transport.name),
        .count(total.sent), .count(total.received), .count(total.disorder))
    }
  }

  /// Who failed in a session, and what it lost and how it came back.
  private func writeTrouble(_ session: SessionResult, _ id: Int64) throws {
    if session.failures.isEmpty, session.reconnects.isEmpty { return }
    let failures = try InsertStatement(database, into: "failure", columns: 9)
    for (row, failure) in session.failures.enumerated() {
      try failures.row(
        .int(id), .count(session.ordinal), .count(row + 1), .text(failure.node), .text(failure.reason.code),
        .maybe(failure.missing?.partOfStep.map(Int64.init)), .maybe(failure.missing.map(\.code)),
        .int(failure.time.nanoseconds), .count(failure.record))
    }
    let losses = try InsertStatement(database, into: "reconnect", columns: 8)
    for (row, loss) in session.reconnects.enumerated() {
      try losses.row(
        .int(id), .count(session.ordinal), .count(row + 1), .text(loss.reason.code), .int(loss.lost.nanoseconds),
        .count(loss.tries), .maybe(loss.restored?.nanoseconds), .maybe(loss.transport?.name))
    }
  }

  private func writeRogues(_ id: Int64) throws {
    if run.rogues.isEmpty { return }
    let rogues = try InsertStatement(database, into: "rogue", columns: 8)
    let drops = try InsertStatement(database, into: "rogue_drop", columns: 7)
    for rogue in run.rogues {
      try rogues.row(
        .int(id), .count(rogue.ordinal), .text(rogue.from), .text(rogue.to), .text(rogue.kind.rawValue), .count(rogue.sent),
        .count(rogue.answered), .flag(rogue.accepted))
      for (row, drop) in rogue.drops.enumerated() {
        try drops.row(
          .int(id), .count(rogue.ordinal), .count(row + 1), .text(drop.node), .maybe(drop.rule), .text(drop.reason.code),
          .count(drop.packets))
      }
    }
  }

  private func writeTotals(_ id: Int64) throws {
    let expectations = try InsertStatement(database, into: "expectation", columns: 5)
    for (row, expectation) in run.expectations.enumerated() {
      try expectations.row(
        .int(id), .count(row + 1), .text(expectation.text), .text(expectation.verdict.rawValue), .text(expectation.found))
    }
    let drops = try InsertStatement(database, into: "drop_count", columns: 6)
    for drop in run.drops {
      try drops.row(.null, .int(id), .text(drop.node), .maybe(drop.rule), .text(drop.reason.code), .count(drop.packets))
    }
  }

  /// What a capture shows too: connections with what was sent again, and what links were given.
  private func writeMovement(_ id: Int64) throws {
    let connections = try InsertStatement(database, into: "connection", columns: 11)
    for (row, connection) in run.connections.enumerated() {
      try connections.row(
        .int(id), .count(row + 1), .maybe(connection.opener), .text(connection.from.description),
        .text(connection.to.description),
        .text(connection.topic.code), connection.session == 0 ? .null : .count(connection.session),
        .maybe(connection.established?.nanoseconds), .maybe(connection.handshake?.nanoseconds), .count(connection.retransmitted),
        .count(connection.peerRetransmitted))
    }
    let traffic = try InsertStatement(database, into: "traffic", columns: 3)
    for direction in run.traffic { try traffic.row(.int(id), .text(direction.direction), .count(direction.packets)) }
  }

  private func writeStory(_ id: Int64) throws {
    let insert = try InsertStatement(database, into: "record", columns: 19)
    for record in run.story {
      let words = run.words(of: record)
      let isOfSession = record.session != 0 && record.topic != .probe && record.topic != .rogue
      try insert.row(
        .int(id), .count(record.number), record.cause == 0 ? .null : .count(record.cause), .int(record.time.nanoseconds),
        .text(record.kind.code), .count(record.code), .text(words.word),
        .maybe(words.detail), record.node.index < 0 ? .null : .count(record.node.index),
        record.rule < 0 ? .null : .count(record.rule), isOfSession ? .count(record.session) : .null,
        isOfSession ? .text(record.attempt.name) : .null, record.pair == 0 ? .null : .count(record.pair),
        .text(record.topic.code), .maybe(TransportProtocol(rawValue: record.proto)?.name),
        record.from == .none ? .null : .text(record.from.description), record.to == .none ? .null : .text(record.to.description),
        .int(record.value), .int(record.extra))
    }
  }
}
