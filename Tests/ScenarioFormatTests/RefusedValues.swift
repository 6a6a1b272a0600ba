// Refusals of units, words and ids: every message with its place.

let refusedValues: [Refusal] = [
  Refusal(
    "a missing unit",
    lines: """
      networks: { metro: {}, b: {} }
      links: { l: { between: [metro, b], delay: 3 } }
      """,
    """
    3:43: a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '3'
    """),
  Refusal(
    "a unit of another kind",
    lines: """
      timing: { linger: 3 Mbps }
      """,
    """
    2:19: 'Mbps' is not a unit of a duration; allowed: ns, us, µs, ms, s, min, h; found '3 Mbps'
    """),
  Refusal(
    "a unit in the wrong case",
    lines: """
      timing: { linger: 3 MS }
      """,
    """
    2:19: 'MS' is not a unit of a duration (did you mean 'ms'?); allowed: ns, us, µs, ms, s, min, h; found '3 MS'
    """),
  Refusal(
    "a negative delay",
    lines: """
      networks: { a: {}, b: { uplink: { to: a, delay: -3 ms } } }
      """,
    """
    2:49: a duration cannot be negative; found '-3 ms'
    """),
  Refusal(
    "a probability above 100 %",
    lines: """
      networks: { a: {}, b: { uplink: { to: a, loss: 100.5 % } } }
      """,
    """
    2:48: a probability is at most 100 %; found '100.5 %'
    """),
  Refusal(
    "a probability without its sign",
    lines: """
      networks: { a: {}, b: { uplink: { to: a, loss: 0.5 } } }
      """,
    """
    2:48: a probability needs a unit; allowed: %; found '0.5'
    """),
  Refusal(
    "a duration finer than time",
    lines: """
      timing: { linger: 0.5 ns }
      """,
    """
    2:19: finer than 1 ns, the smallest step of a duration; found '0.5 ns'
    """),
  Refusal(
    "a duration beyond all bounds",
    lines: """
      timing: { linger: 99999999999999999999 h }
      """,
    """
    2:19: a duration is at most 1000 h; found '99999999999999999999 h'
    """),
  Refusal(
    "a rate of nothing",
    lines: """
      networks: { a: {}, b: { uplink: { to: a, rate: 0 Mbps } } }
      """,
    """
    2:48: expected a rate above 0; found '0 Mbps'
    """),
  Refusal(
    "a size without a unit",
    lines: """
      networks: { a: { lan: { mtu: 1500 } } }
      """,
    """
    2:30: a size needs a unit; allowed: B, kB, KiB, MB, MiB; found '1500'
    """),
  Refusal(
    "an mtu too small",
    lines: """
      networks: { a: { lan: { mtu: 100 B } } }
      """,
    """
    2:30: expected a size from 576 B to 65535 B; found '100 B'
    """),
  Refusal(
    "a flag that is none",
    lines: """
      networks: { a: { lan: { reorders: maybe } } }
      """,
    """
    2:35: expected on or off; found 'maybe'
    """),
  Refusal(
    "a port of 0",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      tunnels: { t: { from: alice, to: sh-1, port: 0, routes: [] } }
      """,
    """
    6:34: a tunnel's far end must be a tunnel-gateway; 'sh-1' has the role session-host
    6:46: expected a port from 1 to 65535; found '0'
    """),
  Refusal(
    "a ping with a port, a probe without one, and a ping of nobody",
    lines: """
      networks: { metro: {} }
      hosts: { a: { role: client, network: metro }, b: { role: idle, network: metro } }
      probes: [ { from: a, to: "b:7", kind: ping }, { from: a, to: b }, { from: a, to: metr, kind: ping } ]
      """,
    """
    4:26: a ping knows no ports; write the id alone
    4:62: a udp probe needs a port; write HOST:PORT
    4:82: there is no host or network 'metr' (did you mean 'metro'?); known: a, b, stun, metro
    """),
  Refusal(
    "a port above 65535",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      probes: [ { from: alice, to: "sh-1:65536" } ]
      """,
    """
    6:30: expected stun, or HOST:PORT with a port from 1 to 65535; found 'sh-1:65536'
    """),
  Refusal(
    "a range of ports that runs down",
    lines: """
      networks: { a: { firewall: { rules: [ { name: x, action: drop, ports: 9-8 } ] } } }
      """,
    """
    2:71: expected a port or a range such as 1000-2000, within 1–65535; found '9-8'
    """),
  Refusal(
    "another carrier of a tunnel",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      tunnels: { t: { from: alice, to: sh-1, over: tcp, routes: [] } }
      """,
    """
    6:34: a tunnel's far end must be a tunnel-gateway; 'sh-1' has the role session-host
    6:46: expected udp; found 'tcp'
    """),
  Refusal(
    "a prefix with host bits",
    lines: """
      networks: { a: { subnet: 10.0.0.1/8 } }
      """,
    """
    2:26: expected a prefix such as 10.1.0.0/24, without host bits; found '10.0.0.1/8'
    """),
  Refusal(
    "an id with capitals",
    lines: """
      networks: { Home: {} }
      """,
    """
    2:13: an id is made of a–z, 0–9 and '-'; found 'Home'
    """),
  Refusal(
    "a reserved id",
    lines: """
      networks: { internet: {} }
      """,
    """
    2:13: 'internet' is a reserved word and cannot be an id
    """),
  Refusal(
    "one id for a network and a host",
    lines: """
      networks: { a: {} }
      hosts: { a: { role: idle, network: a } }
      """,
    """
    3:10: the id 'a' is a network's already
    """),
  Refusal(
    "an unknown role",
    lines: """
      networks: { a: {} }
      hosts: { b: { role: sessionhost, network: a } }
      """,
    """
    3:21: expected one of client, session-host, tunnel-gateway, server, proxy, idle; found 'sessionhost' (did you mean \
    'session-host'?)
    """),
  Refusal(
    "an unknown nat preset",
    lines: """
      networks: { a: { nat: home-ruter } }
      """,
    """
    2:23: expected one of full-cone, restricted-cone, port-restricted-cone, symmetric, home-router, linux-masquerade, \
    linux-masquerade-open-input, linux-masquerade-random, carrier-grade-nat, corporate-firewall, \
    corporate-firewall-persistent, ha-firewall-pair, azure-nat-gateway, azure-firewall, azure-firewall-cone, \
    azure-load-balancer-outbound, azure-load-balancer-outbound-per-address, azure-default-outbound, azure-public-ip, \
    none; found 'home-ruter' (did you mean 'home-router'?)
    """),
  Refusal(
    "a nat without its axes",
    lines: """
      networks: { a: { nat: { ports: random } } }
      """,
    """
    2:18: a nat needs the key 'mapping'
    2:18: a nat needs the key 'filtering'
    """),
  Refusal(
    "axes of a nat that contradict each other",
    lines: """
      networks:
        a: { nat: { preset: full-cone, overloading: on, port-range: 2000-2999, port-block: 1001, pooling: arbitrary,
                    icmp-lifetime: 0 s, addresses: [192.0.2.1, 192.0.2.1, "2001:db8::1"] } }
        b: { nat: { preset: azure-public-ip, addresses: 2, forwards: [ { protocol: udp, port: 1, to: x } ] } }
      hosts: { x: { role: idle, network: b } }
      """,
    """
    3:47: flows that share a port are told apart by their remote, so the mapping must depend on it; found \
    endpoint-independent
    3:86: a block of 1001 ports does not fit into 2000-2999
    3:86: a host's blocks lie on one address, so the pooling must be paired
    4:30: a lifetime must be longer than 0 s
    4:58: 192.0.2.1 is listed twice
    4:69: 2001:db8::1 is not an IPv4 address; only IPv4 is translated
    5:51: a one-to-one translation has an address for each host; none can be chosen
    5:54: a one-to-one translation lets every port in; it needs no forwards
    """),
  Refusal(
    "words of a nat that are none",
    lines: """
      networks:
        a:
          nat: { preset: symmetric, permission-scope: port, answers: any, collision: first, pooling: none, hairpinning: loop,
                 unsolicited: ignore, port-block: 0, ports-per-host: none, addresses: 65, udp-unanswered-lifetime: never,
                 forwards: [ { protocol: icmp, port: 0 } ], timer: 1 s }
      """,
    """
    4:49: expected one of external-port, inside-endpoint; found 'port'
    4:64: expected one of mapping, session; found 'any'
    4:80: expected one of next, random; found 'first'
    4:96: expected one of paired, arbitrary; found 'none'
    4:115: expected one of off, external-source, internal-source; found 'loop'
    5:25: expected one of drop, reject, accept; found 'ignore'
    5:45: expected a whole number from 1 to 65535; found '0'
    5:64: expected a whole number from 1 to 65535; found 'none'
    5:81: expected a whole number from 1 to 64; found '65'
    5:110: expected a duration, a number with a unit (ns, us, µs, ms, s, min, h); found 'never'
    6:24: a forward needs the key 'to'
    6:36: expected one of udp, tcp; found 'icmp'
    6:48: expected a port from 1 to 65535; found '0'
    6:55: unknown key 'timer' in a nat; allowed: preset, mapping, filtering, permission-scope, answers, ports, \
    collision, overloading, parity, port-classes, port-range, port-block, ports-per-host, port-hold, addresses, pooling, \
    udp-lifetime, udp-unanswered-lifetime, udp-stream-age, tcp-lifetime, tcp-opening-lifetime, tcp-closing-lifetime, \
    icmp-lifetime, inbound-refresh, hairpinning, unsolicited, syn-silence, exhausted, one-to-one, forwards
    """),
  Refusal(
    "a silence about what is never told",
    lines: """
      networks: { a: { nat: { preset: home-router, syn-silence: 6 s } } }
      """,
    """
    2:59: nothing is ever said of an unsolicited SYN unless 'unsolicited' is reject
    """),
  Refusal(
    "forwards to strangers, and twice",
    lines: """
      networks:
        a: { nat: { preset: full-cone, forwards: [ { protocol: udp, port: 7, to: x }, { protocol: tcp, port: 7, to: y }, { protocol: udp, port: 7, to: x } ] } }
        b: {}
      hosts: { x: { role: idle, network: a }, y: { role: idle, network: b } }
      """,
    """
    3:111: there is no host of 'a' 'y'; known: x
    3:139: udp port 7 is forwarded already
    """),
]
