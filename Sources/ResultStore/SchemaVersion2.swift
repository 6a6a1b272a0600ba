// What version 2 of a result file adds: who failed in a session, what it lost and how it came back, rogues, and channel messages out
// of their order.

extension Schema {
  static let version2 = """
    -- Every role that could not take its part of a session that failed; the first is the cause.
    CREATE TABLE failure (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      node TEXT NOT NULL,
      reason TEXT NOT NULL,
      step INTEGER CHECK (step BETWEEN 1 AND 12),                 -- of the documented sequence
      missing TEXT,                                               -- the milestone that was not reached
      time_ns INTEGER NOT NULL,
      record INTEGER NOT NULL,
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    -- Every transport in use that was lost.
    CREATE TABLE reconnect (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      reason TEXT NOT NULL,
      lost_ns INTEGER NOT NULL,
      tries INTEGER NOT NULL,
      restored_ns INTEGER,                                        -- NULL: it did not come back
      transport TEXT CHECK (transport IN ('reverse-connect', 'managed', 'public', 'relayed')),
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rogue (
      run_id INTEGER NOT NULL REFERENCES run (id),
      ordinal INTEGER NOT NULL,
      from_host TEXT NOT NULL,
      to_host TEXT NOT NULL,
      kind TEXT NOT NULL,
      sent INTEGER NOT NULL,
      answered INTEGER NOT NULL,
      accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
      PRIMARY KEY (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rogue_drop (
      run_id INTEGER NOT NULL,
      rogue INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      node TEXT NOT NULL,
      rule TEXT,
      reason TEXT NOT NULL,
      packets INTEGER NOT NULL CHECK (packets > 0),
      PRIMARY KEY (run_id, rogue, ordinal),
      FOREIGN KEY (run_id, rogue) REFERENCES rogue (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE channel_total ADD COLUMN disorder INTEGER NOT NULL DEFAULT 0;

    CREATE VIEW v_failure AS
      SELECT run.id AS run, scenario.name AS scenario, f.session, f.ordinal, f.node, f.reason, f.step, f.missing,
        f.time_ns / 1e6 AS time_ms, f.record
      FROM failure f JOIN run ON run.id = f.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_reconnect AS
      SELECT run.id AS run, scenario.name AS scenario, c.session, c.ordinal, c.reason, c.lost_ns / 1e6 AS lost_ms, c.tries,
        c.restored_ns / 1e6 AS restored_ms, c.transport
      FROM reconnect c JOIN run ON run.id = c.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_rogue AS
      SELECT run.id AS run, scenario.name AS scenario, r.ordinal AS rogue, r.from_host, r.to_host, r.kind, r.sent, r.accepted,
        d.reason AS dropped, d.node, d.rule, d.packets
      FROM rogue r JOIN run ON run.id = r.run_id JOIN scenario ON scenario.id = run.scenario_id
        LEFT JOIN rogue_drop d ON d.run_id = r.run_id AND d.rogue = r.ordinal;

    """
}
