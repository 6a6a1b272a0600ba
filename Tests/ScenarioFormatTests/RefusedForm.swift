// Refusals of the file as a whole and its YAML: every message with its place.

let refusedForm: [Refusal] = [
  Refusal(
    "an empty file",
    "",
    """
    1:1: the file is empty; a scenario begins with 'shortpath: 1'
    """),
  Refusal(
    "a file of comments",
    """
    # nothing
    """,
    """
    1:1: the file is empty; a scenario begins with 'shortpath: 1'
    """),
  Refusal(
    "a file that is no map",
    """
    - 1
    """,
    """
    1:1: expected a map (a scenario); found a list of 1
    """),
  Refusal(
    "a section without contents",
    """
    shortpath: 1
    sessions:
    hosts: none
    """,
    """
    2:1: expected a list; found nothing
    3:8: expected a map of ids; found 'none'
    """),
  Refusal(
    "no version",
    """
    title: x
    """,
    """
    1:1: a scenario needs the key 'shortpath'
    """),
  Refusal(
    "another version",
    """
    shortpath: 2
    """,
    """
    1:12: expected version 1 of the format; found '2'
    """),
  Refusal(
    "a misspelt key at the top",
    """
    shortpath: 1
    network: {}
    """,
    """
    2:1: unknown key 'network' in a scenario (did you mean 'networks'?); allowed: shortpath, title, seed, \
    networks, links, tunnels, hosts, service, host-pool, sessions, probes, rogues, traffic, events, mishaps, expect, timing
    """),
  Refusal(
    "a misspelt key below",
    """
    shortpath: 1
    networks:
      home: { uplink: { to: home2, dealy: 3 ms } }
      home2: {}
    """,
    """
    3:32: unknown key 'dealy' in an uplink (did you mean 'delay'?); allowed: to, delay, rate, queue, loss, \
    burst, duplicate, jitter, reorders, mtu, up, down
    """),
  Refusal(
    "a key that is like no other",
    """
    shortpath: 1
    host-pool: { zzz: 1 }
    """,
    """
    2:14: unknown key 'zzz' in the host pool; allowed: ManagedPrivateUdp, DirectUdp, PublicUdp, RelayUdp, PublicNetworkAccess, AllowRDPShortPathWithPrivateLink, rdp-properties
    """),
  Refusal(
    "a key twice in block style",
    """
    shortpath: 1
    networks:
      home: {}
      metro: {}
      home: {}
    """,
    """
    5:3: the key 'home' stands twice in one map, first at 3:3
    """),
  Refusal(
    "a key twice on one line, and what else is wrong",
    """
    shortpath: 1
    networks: { a: { label: x, label: y, label: z }, b: { uplink: { to: c } } }
    """,
    """
    2:28: the key 'label' stands twice in one map, first at 2:18
    2:38: the key 'label' stands twice in one map, first at 2:18
    2:69: there is no network 'c'; known: a, b
    """),
  Refusal(
    "a quoted key twice",
    """
    shortpath: 1
    "title": a
    title: b
    """,
    """
    3:1: the key 'title' stands twice in one map, first at 2:1
    """),
  Refusal(
    "an anchor and its alias",
    """
    shortpath: 1
    networks: { a: &x {}, b: *x }
    """,
    """
    2:16: anchors, aliases and merge keys are not allowed; write the value out
    """),
  Refusal(
    "an anchor alone",
    """
    shortpath: 1
    title: &x words
    """,
    """
    2:8: anchors, aliases and merge keys are not allowed; write the value out
    """),
  Refusal(
    "a merge key",
    """
    shortpath: 1
    host-pool:
      <<: {}
    """,
    """
    3:3: anchors, aliases and merge keys are not allowed; write the value out
    """),
  Refusal(
    "an undefined alias",
    """
    shortpath: 1
    title: *x
    """,
    """
    2:8: not YAML: found undefined alias
    """),
  Refusal(
    "a tag",
    """
    shortpath: 1
    title: !!binary words
    """,
    """
    2:8: tags such as 'tag:yaml.org,2002:binary' are not allowed
    """),
  Refusal(
    "a second document",
    """
    shortpath: 1
    ---
    shortpath: 1
    """,
    """
    2:1: a second document begins; a file holds one scenario
    """),
  Refusal(
    "broken YAML",
    """
    shortpath: 1
    networks: { a: {
    """,
    """
    3:1: not YAML: did not find expected node content, while parsing a flow node
    """),
  Refusal(
    "a tab as indentation",
    """
    shortpath: 1
    networks:
    \ta: {}
    """,
    """
    3:1: not YAML: found character that cannot start any token, while scanning for the next token
    """),
  Refusal(
    "a control character",
    """
    shortpath: 1
    title: a\u{7}b
    """,
    """
    2:9: not a text: the control character U+0007
    """),
]
