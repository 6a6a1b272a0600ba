// Refusals of certificates, TLS versions and inspecting rules: every message with its place.

let refusedSecurity: [Refusal] = [
  Refusal(
    "a certificate of no service",
    lines: """
      networks: { metro: {} }
      service:
        regions: { west: { at: metro } }
        certificates: { gateway-wst: { expired: on } }
      """,
    """
    5:19: there is no service with a certificate 'gateway-wst' (did you mean 'gateway-west'?); known: directory, feed, broker, \
    gateway-west
    """),
  Refusal(
    "versions in the wrong order, and one that is none",
    lines: """
      networks: { metro: {} }
      hosts: { a: { role: client, network: metro, tls: 1.4 } }
      service: { tls: { lowest: 1.3 } }
      """,
    """
    3:50: expected one of 1.0, 1.1, 1.2, 1.3; found '1.4' (did you mean '1.0'?)
    4:12: the lowest version is above the highest
    """),
  Refusal(
    "an authority that signs nothing",
    lines: """
      networks: { home: { firewall: { inspection: { issuer: corporate-ca } } } }
      hosts: { a: { role: client, network: home, trusts: [corprate-ca] } }
      """,
    """
    3:53: there is no authority 'corprate-ca' (did you mean 'corporate-ca'?); known: corporate-ca, public-certification-authority
    """),
  Refusal(
    "certificates and versions of those who have none",
    lines: """
      networks: { home: {} }
      hosts:
        a: { role: client, network: home, certificate: { expired: on } }
        b: { role: server, network: home, tls: 1.2 }
        c: { role: idle, network: home, trusts: [public-certification-authority] }
      """,
    """
    4:37: only a session-host has these settings; 'a' has the role client
    5:42: only a client or session-host has these settings; 'b' has the role server
    6:35: only a client or session-host has these settings; 'c' has the role idle
    """),
  Refusal(
    "an issuer of a self-signed certificate, and a kind that is none",
    lines: """
      networks: { home: {} }
      hosts:
        a: { role: session-host, network: home, certificate: { issuer: contoso-ca } }
        b: { role: session-host, network: home, certificate: { kind: enterprise } }
      """,
    """
    4:66: a self-signed certificate has no other issuer; say kind: enterprise-ca
    5:64: expected one of self-signed, enterprise-ca; found 'enterprise' (did you mean 'enterprise-ca'?)
    """),
  Refusal(
    "what cannot be inspected",
    lines: """
      networks:
        home:
          firewall:
            policy: inspect
            rules:
              - { name: one, action: inspect, direction: outbound, protocol: udp }
              - { name: two, action: inspect, protocol: tcp }
              - { name: three, action: inspect, direction: outbound, protocol: tcp, to: gateway-servic }
      hosts:
        a: { role: client, network: home, firewall: { rules: [ { name: four, action: inspect, protocol: tcp } ] } }
      """,
    """
    5:15: a policy accepts, drops or rejects; a rule can inspect or proxy
    7:11: only TCP connections can be inspected; write protocol: tcp
    8:11: only connections from a network's inside are inspected; write direction: outbound
    9:83: 'gateway-servic' is no prefix and no host (did you mean 'gateway-service'?); allowed: any, internet, virtual-network, \
    a prefix, a host, a service node
    11:58: a host's firewall cannot inspect; a network's or a tunnel gateway's can
    """),
]
