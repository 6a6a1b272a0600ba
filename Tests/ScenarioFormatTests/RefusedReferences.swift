// Refusals of names, roles and addresses: every message with its place.

let refusedReferences: [Refusal] = [
  Refusal(
    "an unknown network",
    lines: """
      networks: { home: {} }
      hosts: { b: { role: idle, network: hme } }
      """,
    """
    3:36: there is no network 'hme' (did you mean 'home'?); known: home
    """),
  Refusal(
    "an unknown provider",
    lines: """
      networks: { home: { uplink: { to: metro } } }
      """,
    """
    2:35: there is no network 'metro'; known: home
    """),
  Refusal(
    "an uplink that circles",
    lines: """
      networks: { a: { uplink: { to: b } }, b: { uplink: { to: a } } }
      """,
    """
    2:32: the uplink leads back to 'a'
    2:58: the uplink leads back to 'b'
    """),
  Refusal(
    "an unknown end of a link",
    lines: """
      networks: { metro: {} }
      links: { l: { between: [metro, azur] } }
      """,
    """
    3:15: there is no network or host 'azur'; known: metro
    """),
  Refusal(
    "a link with one end",
    lines: """
      networks: { metro: {} }
      links: { l: { between: [metro] } }
      """,
    """
    3:15: expected a list of the link's two ends; found a list of 1
    """),
  Refusal(
    "unknown hosts in a session",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: alcie, host: sh-2 } ]
      """,
    """
    6:23: there is no host 'alcie' (did you mean 'alice'?); known: alice, sh-1
    6:36: there is no host 'sh-2' (did you mean 'sh-1'?); known: alice, sh-1
    """),
  Refusal(
    "a session the wrong way round",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions: [ { client: sh-1, host: alice } ]
      """,
    """
    6:23: a session's client must be a client; 'sh-1' has the role session-host
    6:35: a session's host must be a session-host; 'alice' has the role client
    """),
  Refusal(
    "a session without a host",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      sessions:
        - { client: alice }
      """,
    """
    7:5: a session needs the key 'host'
    """),
  Refusal(
    "a tunnel to no gateway",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      tunnels: { vpn: { from: alice, to: sh-1, routes: [10.0.0.0/8] } }
      """,
    """
    6:36: a tunnel's far end must be a tunnel-gateway; 'sh-1' has the role session-host
    """),
  Refusal(
    "a probe by an unknown tunnel",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      probes: [ { from: alice, to: "sh-1:7", via: vpn } ]
      """,
    """
    6:45: there is no tunnel 'vpn'; there is none
    """),
  Refusal(
    "traffic that ends before it begins",
    lines: """
      networks: { metro: {}, home: { nat: home-router, uplink: { to: metro } } }
      hosts:
        alice: { role: client, network: home }
        sh-1: { role: session-host, network: metro }
      traffic: [ { from: alice, to: sh-1, rate: 1 Mbps, at: 2 s, until: 1 s } ]
      """,
    """
    6:67: traffic ends after it begins, at 2 s
    """),
  Refusal(
    "two hosts with one address",
    lines: """
      networks: { a: { subnet: 10.0.0.0/24 } }
      hosts:
        x: { role: idle, network: a, address: 10.0.0.5 }
        y: { role: idle, network: a, address: 10.0.0.5 }
      """,
    """
    5:41: 10.0.0.5 is the address of 'x' already
    """),
  Refusal(
    "the router's address",
    lines: """
      networks: { a: { subnet: 10.0.0.0/24 } }
      hosts:
        x: { role: idle, network: a, address: 10.0.0.1 }
      """,
    """
    4:41: 10.0.0.1 is the address of the network's router already
    """),
  Refusal(
    "an address outside its subnet",
    lines: """
      networks: { a: { subnet: 10.0.0.0/24 } }
      hosts:
        x: { role: idle, network: a, address: 10.0.1.5 }
      """,
    """
    4:41: 10.0.1.5 is not a host's address in 'a', whose subnet is 10.0.0.0/24
    """),
  Refusal(
    "an address in an unwritten subnet",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: idle, network: a, address: 10.0.1.5 }
      """,
    """
    4:41: 10.0.1.5 needs a network with a written subnet; 'a' has none
    """),
  Refusal(
    "an IPv6 address under address",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: idle, network: a, address: "fd00::1" }
      """,
    """
    4:41: fd00::1 is of the wrong family; IPv4 goes to address, IPv6 to address6
    """),
  Refusal(
    "settings of another role",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: idle, network: a, shortpath: { managed-listener: on } }
      """,
    """
    4:32: only a session-host has these settings; 'x' has the role idle
    """),
  Refusal(
    "two rules of one name",
    lines: """
      networks:
        a:
          firewall:
            rules:
              - { name: no-udp, action: drop }
              - { name: no-udp, action: accept }
      """,
    """
    7:11: two rules of one firewall are called 'no-udp'
    """),
  Refusal(
    "a rule without a name",
    lines: """
      networks: { a: { firewall: { rules: [ { action: drop } ] } } }
      """,
    """
    2:39: a rule needs the key 'name'
    """),
]
