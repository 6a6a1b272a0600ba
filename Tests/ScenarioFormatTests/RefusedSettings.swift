// Refusals of settings by their real names: every message with its place.

let refusedSettings: [Refusal] = [
  Refusal(
    "a shorthand beside its real name",
    lines: """
      networks: { a: {} }
      hosts:
        sh-1: { role: session-host, network: a, shortpath: { managed-listener: on, port: 3391, public: off },
                policy: { fUseUdpPortRedirector: 1, UdpRedirectorPort: 3391, publicUDP: 2 } }
        alice: { role: client, network: a, client: { udp: off, fClientDisableUDP: 1 } }
      """,
    """
    4:74: 'shortpath.managed-listener' and 'policy.fUseUdpPortRedirector' are the same setting; write one of them
    4:84: 'shortpath.port' and 'policy.UdpRedirectorPort' are the same setting; write one of them
    4:98: 'shortpath.public' and 'policy.publicUDP' are the same setting; write one of them
    6:53: 'client.udp' and 'client.fClientDisableUDP' are the same setting; write one of them
    """),
  Refusal(
    "policies out of their ranges",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: session-host, network: a,
             policy: { fUseUdpPortRedirector: on, UdpRedirectorPort: 443, ICEClientPortBase: 50000, ICEClientPortRange: 99,
                       directUDP: 0, SelectTransport: 3, publicUdp: 2 } }
      """,
    """
    5:41: expected one of 0, 1; found 'on'
    5:64: expected a whole number from 1024 to 65535; found '443'
    5:88: expected a whole number from 1024 to 49151; found '50000'
    5:115: expected a whole number from 100 to 48128; found '99'
    6:29: expected one of 1, 2, not-configured; found '0'
    6:49: expected one of 1, 2, not-configured; found '3'
    6:52: unknown key 'publicUdp' in a session host's policy (did you mean 'publicUDP'?); allowed: fUseUdpPortRedirector, UdpRedirectorPort, ICEEnableClientPortRange, ICEClientPortBase, ICEClientPortRange, directUDP, publicUDP, relayUDP, SelectTransport
    """),
  Refusal(
    "a port range that ends too high",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: session-host, network: a, policy: { ICEClientPortBase: 49000, ICEClientPortRange: 153 } }
        y: { role: session-host, network: a, policy: { ICEClientPortBase: 48153 } }
      """,
    """
    4:96: 153 ports from ICEClientPortBase 49000 end at 49152; the last one allowed is 49151
    5:40: 1000 ports from ICEClientPortBase 48153 end at 49152; the last one allowed is 49151
    """),
  Refusal(
    "settings of a host pool",
    lines: """
      host-pool: { ManagedPrivateUdp: disabled, PublicNetworkAccess: On, rdp-properties: { use upd: 0, "use udp": no } }
      """,
    """
    2:33: expected one of Default, Enabled, Disabled; found 'disabled' (did you mean 'Disabled'?)
    2:64: expected one of Enabled, Disabled, EnabledForSessionHostsOnly, EnabledForClientsOnly; found 'On'
    2:86: unknown key 'use upd' in the pool's RDP properties (did you mean 'use udp'?); allowed: use udp
    2:109: expected one of 0, 1, not-configured; found 'no'
    """),
  Refusal(
    "a client of an unknown kind, and a policy of a client",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: client, network: a, client: { kind: chromeos }, policy: { directUDP: 2 } }
      """,
    """
    4:50: expected one of windows, macos, ios, android, web; found 'chromeos'
    4:62: only a session-host has these settings; 'x' has the role client
    """),
  Refusal(
    "an expectation of a setting that forbids nothing",
    lines: """
      networks: { a: {} }
      hosts:
        x: { role: client, network: a }
        y: { role: session-host, network: a }
      sessions: [ { client: x, host: y } ]
      expect:
        - { session: 1, settings: { public: "directUDP, PublicUDP", managed: UdpRedirectorPort } }
      """,
    """
    8:39: there is no setting 'PublicUDP' (did you mean 'publicUDP'?); known: kind web, fClientDisableUDP, use udp, SelectTransport, fUseUdpPortRedirector, directUDP, publicUDP, relayUDP, ManagedPrivateUdp, DirectUdp, PublicUdp, RelayUdp and 1 more
    8:72: there is no setting 'UdpRedirectorPort'; known: kind web, fClientDisableUDP, use udp, SelectTransport, fUseUdpPortRedirector, directUDP, publicUDP, relayUDP, ManagedPrivateUdp, DirectUdp, PublicUdp, RelayUdp and 1 more
    """),
]
