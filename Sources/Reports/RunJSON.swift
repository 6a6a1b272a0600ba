// `run --format json`: the object of the command line's contract (DESIGN §7); keys are only ever added behind the others.
import ScenarioModel
public import Simulation
import SimulationKernel
import Trace
import Wire

/// Runs as JSON.
public enum RunJSON {
  /// One object with all runs; equal results give equal bytes.
  public static func text(_ runs: [RunResult]) -> String {
    JSONValue.object([("runs", .array(runs.map(value)))]).document
  }

  private static func value(_ run: RunResult) -> JSONValue {
    .object([
      ("scenario", .text(run.scenario.id)),
      ("seed", .number(run.seed)),
      (
        "fingerprints",
        .object([
          ("outcome", .text(hex(run.fingerprints.outcome))), ("protocol", .text(hex(run.fingerprints.protocolStory))),
          ("trajectory", .text(hex(run.fingerprints.trajectory))),
        ])
      ),
      ("expectations", .array(run.expectations.map(value))),
      ("sessions", .array(run.sessions.map(value))),
      ("title", .text(run.scenario.title)),
      ("model_version", .number(run.modelVersion)),
      ("end", .text(run.end.rawValue)),
      ("end_ms", .milliseconds(run.endTime.nanoseconds)),
      ("probes", .array(run.probes.map(value))),
      ("rogues", .array(run.rogues.map(value))),
      ("connections", .array(run.connections.map(value))),
      ("traffic", .array(run.traffic.map { .object([("direction", .text($0.direction)), ("packets", .number($0.packets))]) })),
      ("broken_laws", .array(run.brokenLaws.map(value))),
    ])
  }

  static func value(_ broken: BrokenLaw) -> JSONValue {
    .object([("law", .text(broken.law.rawValue)), ("sentence", .text(broken.sentence)), ("record", .number(broken.record))])
  }

  private static func value(_ expectation: ExpectationResult) -> JSONValue {
    .object([
      ("text", .text(expectation.text)), ("verdict", .text(expectation.verdict.rawValue)),
      ("found", expectation.found.isEmpty ? .null : .text(expectation.found)),
    ])
  }

  private static func value(_ session: SessionResult) -> JSONValue {
    .object([
      ("client", .text(session.client)),
      ("host", .text(session.host)),
      ("transport", .maybe(session.transport?.name)),
      ("route", session.route.isEmpty ? .null : .text(session.route)),
      ("udp_use", session.transport.map { .number($0.udpUse) } ?? .null),
      ("reason", .text(session.reason.code)),
      ("connected_ms", .maybe(session.connected)),
      ("switched_ms", .maybe(session.switched)),
      ("rtt_before_ms", .maybe(session.roundTripBefore)),
      ("rtt_ms", .maybe(session.roundTrip)),
      ("attempts", .array(session.attempts.map(value))),
      ("sentence", .text(session.sentence)),
      ("failures", .array(session.failures.map(value))),
      ("reconnects", .array(session.reconnects.map(value))),
    ])
  }

  static func value(_ loss: ReconnectResult) -> JSONValue {
    .object([
      ("lost_at_ms", .milliseconds(loss.lost.nanoseconds)), ("reason", .text(loss.reason.code)), ("tries", .number(loss.tries)),
      ("restored_at_ms", .maybe(loss.restored.map { $0 - .zero })), ("transport", .maybe(loss.transport?.name)),
      ("node", .maybe(loss.blocker?.node)), ("rule", .maybe(loss.blocker?.rule)), ("drop", .maybe(loss.blocker?.reason.code)),
    ])
  }

  static func value(_ failure: ConnectionFailure) -> JSONValue {
    .object([
      ("node", .text(failure.node)), ("reason", .text(failure.reason.code)),
      ("step", failure.missing?.partOfStep.map { .number($0) } ?? .null), ("missing", .maybe(failure.missing?.code)),
      ("at_ms", .milliseconds(failure.time.nanoseconds)), ("record", .number(failure.record)),
    ])
  }

  static func value(_ attempt: AttemptResult) -> JSONValue {
    .object([
      ("transport", .text(attempt.transport.name)),
      ("outcome", .text(attempt.outcome.name)),
      ("reason", .text(attempt.reason.code)),
      ("node", .maybe(attempt.mainBlocker?.node)),
      ("rule", .maybe(attempt.mainBlocker?.rule)),
      ("setting", attempt.setting.isEmpty ? .null : .text(attempt.setting)),
      ("started_at_ms", .maybe(attempt.started.map { $0 - .zero })),
      ("ended_at_ms", .maybe(attempt.ended.map { $0 - .zero })),
      ("blockers", .array(attempt.blockers.map(value))),
      ("narrowed_by", attempt.narrowedBy.isEmpty ? .null : .text(attempt.narrowedBy)),
    ])
  }

  static func value(_ blocker: Blocker) -> JSONValue {
    .object([
      ("pair", blocker.pair == 0 ? .null : .number(blocker.pair)),
      ("node", .text(blocker.node)),
      ("rule", .maybe(blocker.rule)),
      ("rule_path", .maybe(blocker.rulePath)),
      ("reason", .text(blocker.reason.code)),
      ("first_record", .number(blocker.firstRecord)),
      ("first_at_ms", .milliseconds(blocker.firstTime.nanoseconds)),
      ("packets", .number(blocker.packets)),
    ])
  }

  private static func value(_ probe: ProbeResult) -> JSONValue {
    .object([
      ("from", .text(probe.from)), ("to", .text(probe.to)), ("kind", .text(probe.kind.rawValue)),
      ("outcome", .text(probe.outcome)), ("sent", .number(probe.sent)), ("answered", .number(probe.answered)),
      ("rtt_ms", .maybe(probe.roundTrip)), ("mapped", .maybe(probe.mapped?.description)),
      ("blockers", .array(probe.blockers.map(value))),
    ])
  }

  private static func value(_ connection: ConnectionResult) -> JSONValue {
    .object([
      ("opener", .maybe(connection.opener)), ("from", .text(connection.from.description)),
      ("to", .text(connection.to.description)), ("topic", .text(connection.topic.code)),
      ("session", connection.session == 0 ? .null : .number(connection.session)),
      ("established_at_ms", .maybe(connection.established.map { $0 - .zero })), ("handshake_ms", .maybe(connection.handshake)),
      ("retransmitted", .number(connection.retransmitted)), ("peer_retransmitted", .number(connection.peerRetransmitted)),
    ])
  }

  static func value(_ rogue: RogueResult) -> JSONValue {
    .object([
      ("rogue", .number(rogue.ordinal)), ("from", .text(rogue.from)), ("to", .text(rogue.to)),
      ("kind", .text(rogue.kind.rawValue)), ("sent", .number(rogue.sent)), ("answered", .number(rogue.answered)),
      ("accepted", .flag(rogue.accepted)), ("drops", .array(rogue.drops.map(value))),
    ])
  }
}
