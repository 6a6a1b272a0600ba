// What version 3 of a result file adds: the numbers that a capture of the same run shows too.

extension Schema {
  static let version3 = """
    -- TCP connections that were established, or of which a segment was sent more than once.
    CREATE TABLE connection (
      run_id INTEGER NOT NULL REFERENCES run (id),
      ordinal INTEGER NOT NULL,
      opener TEXT,                                                -- NULL: known by the other end's repetitions alone
      from_endpoint TEXT NOT NULL,                                -- as the opener sees them
      to_endpoint TEXT NOT NULL,
      topic TEXT NOT NULL,
      session INTEGER,
      established_ns INTEGER,                                     -- NULL: no answer to its SYN came
      handshake_ns INTEGER CHECK ((handshake_ns IS NULL) = (established_ns IS NULL)),   -- from the last SYN to its answer
      retransmitted INTEGER NOT NULL,                             -- segments sent again, SYN and FIN among them: by the opener
      peer_retransmitted INTEGER NOT NULL,                        -- and by the other end
      PRIMARY KEY (run_id, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    -- Packets that each direction of each link was given, before its queue and its losses.
    CREATE TABLE traffic (
      run_id INTEGER NOT NULL REFERENCES run (id),
      direction TEXT NOT NULL,
      packets INTEGER NOT NULL,
      PRIMARY KEY (run_id, direction)
    ) STRICT, WITHOUT ROWID;

    CREATE VIEW v_connection AS
      SELECT run.id AS run, scenario.name AS scenario, c.ordinal, c.opener, c.from_endpoint, c.to_endpoint, c.topic, c.session,
        c.established_ns / 1e6 AS established_ms, c.handshake_ns / 1e6 AS handshake_ms, c.retransmitted, c.peer_retransmitted
      FROM connection c JOIN run ON run.id = c.run_id JOIN scenario ON scenario.id = run.scenario_id;

    CREATE VIEW v_traffic AS
      SELECT run.id AS run, scenario.name AS scenario, t.direction, t.packets
      FROM traffic t JOIN run ON run.id = t.run_id JOIN scenario ON scenario.id = run.scenario_id;

    """
}
