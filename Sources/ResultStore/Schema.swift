// The tables of a result file, version by version. Times are integer nanoseconds; codes are stored by their stable names.

/// What a result file is made of.
enum Schema {
  /// "SPTH" in ASCII: tells a result file from every other SQLite file (SQLite, "PRAGMA application_id").
  static let applicationID = 0x5350_5448

  /// The version this program writes: the number of migrations.
  static var version: Int { migrations.count }

  /// From version n to n + 1; only ever append.
  static let migrations: [String] = [tables1 + sessionTables1 + storyTables1 + Views.version1, version2, version3]

  private static let tables1 = """
    CREATE TABLE engine (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      model_version INTEGER NOT NULL,
      UNIQUE (name, model_version)
    ) STRICT;

    CREATE TABLE scenario (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      title TEXT NOT NULL,
      digest TEXT NOT NULL CHECK (length(digest) = 16),           -- of `source`
      resolved_digest TEXT NOT NULL CHECK (length(resolved_digest) = 16),
      source TEXT NOT NULL,                                       -- the file as it was read
      resolved TEXT NOT NULL,                                     -- with every default, and changes made on the command line
      UNIQUE (name, digest, resolved_digest)
    ) STRICT;

    CREATE TABLE run (
      id INTEGER PRIMARY KEY,
      scenario_id INTEGER NOT NULL REFERENCES scenario (id),
      engine_id INTEGER NOT NULL REFERENCES engine (id),
      seed INTEGER NOT NULL,                                      -- the unsigned seed's 64 bits; v_run prints it
      model_version INTEGER NOT NULL,
      outcome_fingerprint TEXT NOT NULL CHECK (length(outcome_fingerprint) = 16),
      protocol_fingerprint TEXT NOT NULL CHECK (length(protocol_fingerprint) = 16),
      trajectory_fingerprint TEXT NOT NULL CHECK (length(trajectory_fingerprint) = 16),
      ended TEXT NOT NULL,                                        -- settled, duration, event-limit, idle
      end_ns INTEGER NOT NULL,
      events INTEGER NOT NULL,
      hops INTEGER NOT NULL,
      succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1))
    ) STRICT;
    CREATE INDEX run_by_scenario ON run (scenario_id, seed);

    -- What differs between machines; no report compares it.
    CREATE TABLE machine (
      run_id INTEGER PRIMARY KEY REFERENCES run (id),
      host TEXT NOT NULL,
      started TEXT NOT NULL,
      wall_ns INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE node (
      run_id INTEGER NOT NULL REFERENCES run (id),
      row INTEGER NOT NULL,
      name TEXT NOT NULL,
      path TEXT NOT NULL,
      PRIMARY KEY (run_id, row)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rule (
      run_id INTEGER NOT NULL REFERENCES run (id),
      row INTEGER NOT NULL,
      name TEXT NOT NULL,
      path TEXT NOT NULL,
      PRIMARY KEY (run_id, row)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE expectation (
      run_id INTEGER NOT NULL REFERENCES run (id),
      ordinal INTEGER NOT NULL,
      text TEXT NOT NULL,
      verdict TEXT NOT NULL CHECK (verdict IN ('held', 'failed', 'undecided')),
      found TEXT NOT NULL,
      PRIMARY KEY (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE drop_count (
      id INTEGER PRIMARY KEY,
      run_id INTEGER NOT NULL REFERENCES run (id),
      node TEXT NOT NULL,
      rule TEXT,
      reason TEXT NOT NULL,
      packets INTEGER NOT NULL CHECK (packets > 0)
    ) STRICT;
    CREATE INDEX drop_count_by_run ON drop_count (run_id);

    CREATE TABLE probe (
      run_id INTEGER NOT NULL REFERENCES run (id),
      ordinal INTEGER NOT NULL,
      from_host TEXT NOT NULL,
      to_host TEXT NOT NULL,
      kind TEXT NOT NULL,
      outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'refused', 'no-answer')),
      sent INTEGER NOT NULL,
      answered INTEGER NOT NULL,
      rtt_ns INTEGER,
      mapped TEXT,
      PRIMARY KEY (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    """

  private static let sessionTables1 = """
    CREATE TABLE session (
      run_id INTEGER NOT NULL REFERENCES run (id),
      ordinal INTEGER NOT NULL,
      client TEXT NOT NULL,
      host TEXT NOT NULL,
      transport TEXT CHECK (transport IN ('reverse-connect', 'managed', 'public', 'relayed')),   -- NULL: failed or undecided
      route TEXT NOT NULL,
      reason TEXT NOT NULL,
      sentence TEXT NOT NULL,
      clicked_ns INTEGER,
      connected_ns INTEGER,
      switched_ns INTEGER,
      rtt_before_ns INTEGER,
      rtt_ns INTEGER,
      PRIMARY KEY (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE attempt (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      transport TEXT NOT NULL CHECK (transport IN ('reverse-connect', 'managed', 'public', 'relayed')),
      outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'won', 'failed', 'abandoned', 'not-tried')),
      reason TEXT NOT NULL,
      setting TEXT,                                               -- the setting that forbade it
      started_ns INTEGER,
      ended_ns INTEGER,
      reached TEXT,                                               -- its last milestone
      PRIMARY KEY (run_id, session, transport),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    -- What stood in the way of an attempt or of a probe: one row per cause and pair.
    CREATE TABLE blocker (
      id INTEGER PRIMARY KEY,
      run_id INTEGER NOT NULL REFERENCES run (id),
      session INTEGER,
      transport TEXT,
      probe INTEGER,
      pair INTEGER,                                               -- NULL: gathering, or the listener
      topic TEXT NOT NULL,
      node TEXT NOT NULL,
      rule TEXT,
      rule_path TEXT,
      reason TEXT NOT NULL,
      first_record INTEGER NOT NULL,
      first_ns INTEGER NOT NULL,
      packets INTEGER NOT NULL CHECK (packets > 0),
      CHECK ((session IS NULL) = (transport IS NULL) AND (session IS NULL) <> (probe IS NULL)),
      FOREIGN KEY (run_id, session, transport) REFERENCES attempt (run_id, session, transport),
      FOREIGN KEY (run_id, probe) REFERENCES probe (run_id, ordinal)
    ) STRICT;
    CREATE INDEX blocker_by_attempt ON blocker (run_id, session, transport);
    CREATE INDEX blocker_by_probe ON blocker (run_id, probe);

    CREATE TABLE candidate (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      owner TEXT NOT NULL,
      type TEXT NOT NULL,
      base TEXT NOT NULL,
      endpoint TEXT NOT NULL,
      priority INTEGER NOT NULL,
      time_ns INTEGER NOT NULL,
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE candidate_pair (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      owner TEXT NOT NULL,                                        -- whose view it is
      row INTEGER NOT NULL,                                       -- as the trace numbers it
      local TEXT NOT NULL,
      remote TEXT NOT NULL,
      route TEXT NOT NULL,
      state TEXT NOT NULL,
      nominated INTEGER NOT NULL CHECK (nominated IN (0, 1)),
      rtt_ns INTEGER,
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE milestone (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      step INTEGER CHECK (step BETWEEN 1 AND 12),                 -- of the documented sequence; NULL beside it
      milestone TEXT NOT NULL,
      title TEXT NOT NULL,
      time_ns INTEGER NOT NULL,
      node TEXT NOT NULL,
      transport TEXT NOT NULL,
      record INTEGER NOT NULL,
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE channel_total (
      run_id INTEGER NOT NULL,
      session INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      node TEXT NOT NULL,
      channel TEXT NOT NULL,
      transport TEXT NOT NULL,
      sent INTEGER NOT NULL,
      received INTEGER NOT NULL,
      PRIMARY KEY (run_id, session, ordinal),
      FOREIGN KEY (run_id, session) REFERENCES session (run_id, ordinal)
    ) STRICT, WITHOUT ROWID;

    """

  private static let storyTables1 = """
    -- The whole story of the run. `code` and `word` name what happened, `detail` the machine, outcome or route it concerns.
    CREATE TABLE record (
      run_id INTEGER NOT NULL REFERENCES run (id),
      number INTEGER NOT NULL,
      cause INTEGER,                                              -- may be a motion record, which is not stored; NULL: the scenario
      time_ns INTEGER NOT NULL,
      kind TEXT NOT NULL,
      code INTEGER NOT NULL,
      word TEXT NOT NULL,
      detail TEXT,
      node INTEGER,
      rule INTEGER,
      session INTEGER,
      transport TEXT,
      pair INTEGER,
      topic TEXT NOT NULL,
      protocol TEXT,
      from_endpoint TEXT,
      to_endpoint TEXT,
      value INTEGER NOT NULL,
      extra INTEGER NOT NULL,
      PRIMARY KEY (run_id, number),
      FOREIGN KEY (run_id, node) REFERENCES node (run_id, row),
      FOREIGN KEY (run_id, rule) REFERENCES rule (run_id, row)
    ) STRICT, WITHOUT ROWID;

    """
}
