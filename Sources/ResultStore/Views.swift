// The views of a result file: its public interface, in milliseconds and words.

enum Views {
  static let version1 = """
    CREATE VIEW v_run AS
      SELECT run.id AS run, scenario.name AS scenario, scenario.title, printf('%u', run.seed) AS seed, run.model_version,
        run.succeeded, run.ended, run.end_ns / 1e6 AS end_ms, run.events, run.hops,
        run.outcome_fingerprint, run.protocol_fingerprint, run.trajectory_fingerprint
      FROM run JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_session AS
      SELECT run.id AS run, scenario.name AS scenario, printf('%u', run.seed) AS seed, s.ordinal AS session, s.client, s.host,
        s.transport, s.route, s.reason, s.connected_ns / 1e6 AS connected_ms, s.switched_ns / 1e6 AS switched_ms,
        s.rtt_before_ns / 1e6 AS rtt_before_ms, s.rtt_ns / 1e6 AS rtt_ms, s.sentence
      FROM session s JOIN run ON run.id = s.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_attempt AS
      SELECT run.id AS run, scenario.name AS scenario, s.ordinal AS session, s.client, s.host, a.transport, a.outcome, a.reason,
        a.setting, a.reached, a.started_ns / 1e6 AS started_ms, a.ended_ns / 1e6 AS ended_ms,
        (SELECT count(*) FROM blocker b WHERE b.run_id = a.run_id AND b.session = a.session AND b.transport = a.transport) AS blockers
      FROM attempt a JOIN session s ON s.run_id = a.run_id AND s.ordinal = a.session
        JOIN run ON run.id = a.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_blocker AS
      SELECT run.id AS run, scenario.name AS scenario, b.session, b.transport, b.probe, b.pair, b.topic, b.node, b.rule, b.rule_path,
        b.reason, b.packets, b.first_record, b.first_ns / 1e6 AS first_ms, r.from_endpoint, r.to_endpoint
      FROM blocker b JOIN run ON run.id = b.run_id JOIN scenario ON scenario.id = run.scenario_id
        LEFT JOIN record r ON r.run_id = b.run_id AND r.number = b.first_record;

    CREATE VIEW v_milestone AS
      SELECT run.id AS run, scenario.name AS scenario, m.session, m.step, m.milestone, m.title,
        (m.time_ns - s.clicked_ns) / 1e6 AS ms_after_click, m.time_ns / 1e6 AS time_ms, m.node, m.transport, m.record
      FROM milestone m JOIN session s ON s.run_id = m.run_id AND s.ordinal = m.session
        JOIN run ON run.id = m.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_drop AS
      SELECT run.id AS run, scenario.name AS scenario, d.node, d.rule, d.reason, d.packets
      FROM drop_count d JOIN run ON run.id = d.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_expectation AS
      SELECT run.id AS run, scenario.name AS scenario, e.ordinal, e.text, e.verdict, e.found
      FROM expectation e JOIN run ON run.id = e.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_record AS
      SELECT r.run_id AS run, r.number, r.cause, r.time_ns / 1e6 AS time_ms, r.kind, r.word, r.detail, node.name AS node,
        rule.name AS rule, r.session, r.transport, r.pair, r.topic, r.protocol, r.from_endpoint, r.to_endpoint, r.value
      FROM record r LEFT JOIN node ON node.run_id = r.run_id AND node.row = r.node
        LEFT JOIN rule ON rule.run_id = r.run_id AND rule.row = r.rule;

    """
}
