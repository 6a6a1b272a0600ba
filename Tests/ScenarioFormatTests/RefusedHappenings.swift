// Refusals of rules, events, expectations, and several at once: every message with its place.

import Trace

let refusedHappenings: [Refusal] = [
  Refusal(
    "a rule about an unknown host",
    lines: """
      networks: { a: { firewall: { rules: [ { name: x, action: drop, from: alice } ] } } }
      """,
    """
    2:70: 'alice' is no prefix and no host; allowed: any, internet, virtual-network, a prefix, a host, a service node
    """),
  Refusal(
    "a rule of ICMP with ports",
    lines: """
      networks: { a: { firewall: { rules: [ { name: x, action: drop, protocol: icmp, ports: 80 } ] } } }
      """,
    """
    2:87: icmp has no ports
    """),
  Refusal(
    "an unknown firewall preset",
    lines: """
      networks: { a: { firewall: nsg } }
      """,
    """
    2:28: expected one of network-security-group, windows-firewall, linux-firewall, outbound-only, none; found 'nsg'
    """),
  Refusal(
    "an event without a change",
    lines: """
      events:
        - { at: 1 s }
      """,
    """
    3:5: an event needs exactly one of set, lift, restore, down, up, restart, rebind, failover; found 0
    """),
  Refusal(
    "an event about an unknown link",
    lines: """
      networks: { a: {}, b: {} }
      links: { transit: { between: [a, b] } }
      events:
        - { at: 1 s, set: { links.transti.delay: 1 ms } }
      """,
    """
    5:23: there is no link 'transti' (did you mean 'transit'?)
    """),
  Refusal(
    "an event of the wrong kind of value",
    lines: """
      networks: { a: {}, b: {} }
      links: { l: { between: [a, b] } }
      events:
        - { at: 1 s, set: { links.l.delay: 5 } }
      """,
    """
    5:38: 'links.l.delay': a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '5'
    """),
  Refusal(
    "an event on what cannot change",
    lines: """
      networks: { a: {} }
      events:
        - { at: 1 s, set: { networks.a.nat: symmetric } }
      """,
    """
    4:23: 'networks.a.nat' cannot be set while the world runs; allowed: links, uplinks, tunnels, hosts.NAME.network and axes of \
    a nat
    """),
  Refusal(
    "events on axes of a nat: what its tables rest on, no such axis, no such value, no nat",
    lines: """
      networks: { a: { nat: home-router }, b: {} }
      events:
        - { at: 1 s, set: { networks.a.nat.filtering: endpoint-independent } }
        - { at: 1 s, set: { networks.a.nat.filter: endpoint-independent } }
        - { at: 1 s, set: { networks.a.nat.udp-lifetime: 30 } }
        - { at: 1 s, set: { networks.a.nat.hairpinning: loop } }
        - { at: 1 s, set: { networks.b.nat.udp-lifetime: 30 s } }
      """,
    """
    4:23: 'networks.a.nat.filtering' cannot be set while the world runs, for the nat's tables rest on it; allowed: ports, \
    collision, parity, port-classes, udp-lifetime, udp-unanswered-lifetime, udp-stream-age, tcp-lifetime, tcp-opening-lifetime, \
    tcp-closing-lifetime, icmp-lifetime, inbound-refresh, hairpinning, unsolicited, syn-silence, exhausted
    5:23: a nat has no axis 'filter' (did you mean 'filtering'?); allowed: mapping, filtering, permission-scope, \
    answers, ports, collision, overloading, parity, port-classes, port-range, port-block, ports-per-host, port-hold, addresses, \
    pooling, udp-lifetime, udp-unanswered-lifetime, udp-stream-age, tcp-lifetime, tcp-opening-lifetime, tcp-closing-lifetime, \
    icmp-lifetime, inbound-refresh, hairpinning, unsolicited, syn-silence, exhausted, one-to-one
    6:52: 'networks.a.nat.udp-lifetime': a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '30'
    7:23: 'networks.a.nat.hairpinning' takes one of off, external-source, internal-source; found loop
    8:23: 'networks.b.nat.udp-lifetime': 'b' has no nat; set one first, as in networks.b.nat=home-router
    """),
  Refusal(
    "an event about an unknown rule",
    lines: """
      networks: { a: {} }
      events:
        - { at: 1 s, lift: networks.a.firewall.rules.no-udp }
      """,
    """
    4:22: there is no rule 'networks.a.firewall.rules.no-udp'; 'lift' fits nothing here
    """),
  Refusal(
    "an event that does not fit its element",
    lines: """
      networks: { a: { nat: home-router, uplink: { to: b } }, b: {}, c: { nat: azure-public-ip, uplink: { to: b } } }
      links: { l: { between: [a, b] } }
      events:
        - { at: 1 s, restart: links.l }
        - { at: 1 s, down: networks.a.nat }
        - { at: 1 s, rebind: networks.b.nat }
        - { at: 1 s, failover: networks.c.nat }
        - { at: 1 s, restart: networks.b.firewall }
        - { at: 1 s, restart: hosts.nobody }
        - { at: 1 s, lift: links.l }
      """,
    """
    5:25: 'restart' does not fit 'links.l', which is a line; allowed: down, up
    6:22: 'down' does not fit 'networks.a.nat', which is an address translator; allowed: restart, rebind, failover
    7:24: there is no link, uplink, tunnel, host, service, nat or firewall 'networks.b.nat' (did you mean 'networks.a.nat'?); 'rebind' fits networks.a.nat, networks.c.nat
    8:26: 'networks.c.nat' translates one to one and remembers nothing that 'failover' could lose; allowed: rebind
    9:25: there is no link, uplink, tunnel, host, service, nat or firewall 'networks.b.firewall' (did you mean 'networks.c.firewall'?); 'restart' fits networks.a.nat, networks.c.nat, networks.c.firewall, service.broker, service.feed, service.directory, service.stun, \
    service.regions.service.gateway
    10:25: there is no link, uplink, tunnel, host, service, nat or firewall 'hosts.nobody'; 'restart' fits networks.a.nat, networks.c.nat, networks.c.firewall, service.broker, service.feed, service.directory, service.stun, \
    service.regions.service.gateway
    11:22: 'lift' does not fit 'links.l', which is a line; allowed: down, up
    """),
  Refusal(
    "an expectation of what does not exist",
    lines: """
      expect:
        - { session: 1, transport: public }
        - { probe: 2, outcome: answered }
      """,
    """
    3:16: there is no session 1; there is none
    4:14: there is no probe 2; there is none
    """),
  Refusal(
    "an expectation about nothing",
    lines: """
      expect:
        - { transport: public }
      """,
    """
    3:5: an expectation is about one session, one probe or one rogue
    """),
  Refusal(
    "a probe's expectation with a transport",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      probes: [ { from: alice, to: "sh-1:7" } ]
      expect:
        - { probe: 1, transport: public }
      """,
    """
    8:28: 'transport' is for sessions; a probe has an outcome
    """),
  Refusal(
    "rogues that cannot be",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      rogues:
        - { from: alice, to: sh-1, kind: replayed-syn }
        - { from: alice, to: alice, kind: unknown-cookie, hears: home }
        - { from: sh-1, to: alice, kind: stun-answer, hears: hom, count: 0 }
        - { from: eve, to: sh-1, kind: flood }
      """,
    """
    7:5: a rogue of the kind replayed-syn knows only what it overhears; say the network in 'hears'
    8:24: the target of a rogue of the kind unknown-cookie must be a session-host; 'alice' has the role client
    8:24: a rogue is after another host than its own
    8:60: a rogue of the kind unknown-cookie makes up what it sends and hears nothing
    9:56: there is no network 'hom' (did you mean 'home'?); known: home, metro
    9:68: expected a whole number from 1 to 10000; found '0'
    10:13: there is no host 'eve'; known: alice, sh-1
    10:34: expected one of unknown-cookie, wrong-cookie, replayed-syn, wrong-ice-user, wrong-ice-password, syn-flood, stun-answer; \
    found 'flood'
    """),
  Refusal(
    "a rogue's expectation with a session's condition, or none, or about what is not there",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alice, host: sh-1 } ]
      rogues: [ { from: alice, to: sh-1, kind: unknown-cookie } ]
      expect:
        - { rogue: 1, transport: public, dropped: cookie-hash-unknown }
        - { rogue: 1 }
        - { rogue: 2, dropped: replayed, at: mtro, by: deny }
        - { session: 1, dropped: replayed }
      """,
    """
    9:28: 'transport' is not for rogues; a rogue's packets are dropped
    10:5: this expects nothing; say for which reason a packet of the rogue is dropped
    11:14: there is no rogue 2; there is 1
    11:40: there is no network, host or service 'mtro' (did you mean 'metro'?); known: home, metro, alice, sh-1, \
    directory, feed, broker, stun, gateway-service
    11:50: there is no rule 'deny'; there is none
    12:28: 'dropped' is for rogues; a session has transport, route and reason
    """),
  Refusal(
    "unknown words in an expectation",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alice, host: sh-1 } ]
      expect:
        - { session: 1, transport: tcp, route: vpn, reason: only-direct-paht, blocked-by: [no-udp], attempts: { \
      managed: lost, udp: won } }
      """,
    """
    8:30: expected one of reverse-connect, managed, public, relayed, none; found 'tcp'
    8:42: there is no route 'vpn'; known: internet, lan
    8:55: there is no reason 'only-direct-paht' (did you mean 'only-direct-path'?); known: \
    \(Reason.allCases.prefix(12).map(\.code).joined(separator: ", ")) and \(Reason.allCases.count - 12) more
    8:86: there is no rule 'no-udp'; there is none
    8:116: expected one of won, failed, abandoned, not-tried; found 'lost'
    8:122: unknown key 'udp' in attempts; allowed: reverse-connect, managed, public, relayed
    """),
  Refusal(
    "a loss that names what does not exist, or nothing",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alice, host: sh-1 } ]
      expect:
        - { session: 1, blocked-by: [{ dropped: nat-filterd, at: hom, by: policy }, {}] }
      """,
    """
    8:43: there is no drop reason 'nat-filterd' (did you mean 'nat-filtered'?); known: \
    \(DropReason.allCases.dropFirst().prefix(12).map(\.code).joined(separator: ", ")) and \(DropReason.allCases.count - 13) more
    8:60: there is no network, host or service 'hom' (did you mean 'home'?); known: home, metro, alice, sh-1, \
    directory, feed, broker, stun, gateway-service
    8:69: there is no rule 'policy'; there is none
    8:79: this expects nothing; say dropped, at or by
    """),
  Refusal(
    "a cause that names what does not exist, or nothing",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alice, host: sh-1 } ]
      expect:
        - { session: 1, transport: none, cause: { node: gateway-wset, step: 13, missing: desktob } }
        - { session: 1, cause: {} }
      """,
    """
    8:51: there is no host or service 'gateway-wset'; known: alice, sh-1, directory, feed, broker, stun, gateway-service
    8:71: expected a whole number from 1 to 12; found '13'
    8:84: there is no milestone 'desktob' (did you mean 'desktop'?); known: subscribed, token-issued, token-passed, \
    token-validated, configuration-received, configuration-stored, gateway-connected, broker-asked, host-initialized, \
    host-connected, relay-started, rdp-started and \(Milestone.allCases.count - 12) more
    """),
  Refusal(
    "a cause of what is expected not to fail",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alice, host: sh-1 } ]
      expect:
        - { session: 1, transport: public, cause: token-expired }
      """,
    """
    8:45: only a session that fails has a cause; this one is expected on public
    """),
  Refusal(
    "a service without a place",
    lines: """
      networks: { a: {}, b: {} }
      hosts: { c: { role: client, network: a }, d: { role: session-host, network: b } }
      sessions: [ { client: c, host: d } ]
      """,
    """
    1:1: the service needs a place: write service.regions, or have exactly one network without nat and uplink
    """),
  Refusal(
    "a service in an unknown region",
    lines: """
      networks: { a: {} }
      service: { regions: { west: { at: a } }, broker: wset }
      """,
    """
    3:50: there is no region 'wset' (did you mean 'west'?); known: west
    """),
  Refusal(
    "everything that is wrong, in the order of the file",
    lines: """
      sessions:
        - { client: bob, host: sh-1, at: 3 }
      hosts:
        sh-1: { role: session-hots, network: home }
        bo: { role: client, network: hom, colour: red }
      networks:
        home: { uplink: { to: nowhere, delay: -1 s } }
      """,
    """
    3:15: there is no host 'bob' (did you mean 'bo'?); known: bo, sh-1
    3:36: a duration needs a unit; allowed: ns, us, µs, ms, s, min, h; found '3'
    5:17: expected one of client, session-host, tunnel-gateway, server, proxy, idle; found 'session-hots' (did you mean \
    'session-host'?)
    6:32: there is no network 'hom' (did you mean 'home'?); known: home
    6:37: unknown key 'colour' in a host; allowed: label, role, network, address, address6, firewall, policy, shortpath, \
    client, rdp, tls, trusts, certificate, proxy, forward-proxy
    8:25: there is no network 'nowhere'; known: home
    8:41: a duration cannot be negative; found '-1 s'
    """),
]
