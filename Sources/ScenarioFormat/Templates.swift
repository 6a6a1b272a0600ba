// Scenarios to begin with: short, commented, and each runs and holds what it expects.

/// A scenario that `shortpath new` writes.
public struct Template: Sendable {
  public let name: String
  /// What it shows, in a line.
  public let summary: String
  public let text: String

  /// The template with a name.
  public static func named(_ name: String) -> Template? { all.first { $0.name == name } }

  public static let all = [
    Template(
      name: "home-worker",
      summary: "a laptop at home, one NAT on each side: the direct path works",
      text: """
        shortpath: 1
        title: "A home worker reaches a session host over the internet"
        # Every address outside is the router's, so a direct path needs both NATs to let the other side in (ICE, STUN).
        # Try: shortpath explain FILE --set networks.home.nat=symmetric

        networks:                     # each is a router with a subnet; `shortpath presets` lists the kinds of nat
          home:
            nat: home-router
            uplink: { to: metro, delay: 3 ms, up: { rate: 20 Mbps }, down: { rate: 100 Mbps } }
          metro: { }                  # the home's provider; no nat: public addresses
          azure:
            subnet: 10.1.0.0/24
            nat: azure-public-ip      # a public address on the session host; the default security group comes with it

        links:
          transit: { between: [metro, azure], delay: 14 ms }   # the internet between them, one way

        hosts:
          alice: { role: client, network: home }
          sh-1:  { role: session-host, network: azure }

        service:                      # gateways, broker, directory and STUN stand in regions near a network
          regions:
            west: { at: metro, delay: 4 ms }

        sessions:
          - { client: alice, host: sh-1, at: 0 s }

        expect:                       # a run that differs exits with 1
          - { session: 1, transport: public, route: internet, within: 4 s }

        """),
    Template(
      name: "branch-with-vpn",
      summary: "a branch with a VPN: managed and public Shortpath race, with a rule that can be put in the way",
      text: """
        shortpath: 1
        title: "A branch with a VPN: the managed path and the internet path race"
        # Shortpath for managed networks needs a path to the host's own address (VPN, ExpressRoute) and its listener on UDP 3390;
        # Shortpath for public networks tries both ways. The first tunnel that the host accepts carries the session.
        # Try: shortpath explain FILE --set hosts.sh-1.shortpath.managed-listener=off

        networks:
          branch:
            nat: corporate-firewall-persistent
            uplink: { to: metro, delay: 3 ms, rate: 200 Mbps }
          metro: { }
          azure: { subnet: 10.1.0.0/24, nat: azure-public-ip }

        links:
          transit:  { between: [metro, azure], delay: 14 ms }
          backbone: { between: [vpn-gateway, azure], delay: 6 ms }   # a host at one end: a private line

        tunnels:                      # inner packets really travel inside outer ones; 0.0.0.0/0 in routes forces everything through
          vpn: { from: alice, to: vpn-gateway, routes: [10.1.0.0/24] }

        hosts:
          alice: { role: client, network: branch }
          vpn-gateway:
            role: tunnel-gateway
            network: metro
            firewall:                 # a rule that waits; try: --set 'restore hosts.vpn-gateway.firewall.rules.no-inner-udp'
              rules: [ { name: no-inner-udp, action: drop, protocol: udp, enabled: off } ]
          sh-1: { role: session-host, network: azure, shortpath: { managed-listener: on } }

        service:
          regions:
            west: { at: metro, delay: 4 ms }

        sessions:
          - { client: alice, host: sh-1, at: 0 s }

        expect:
          - { session: 1, transport: managed, route: vpn, within: 3 s }

        """),
    Template(
      name: "locked-down-office",
      summary: "only web traffic gets out: the session stays on TCP, and explain says why",
      text: """
        shortpath: 1
        title: "An office that lets only web traffic out: the session stays on TCP"
        # Reverse connect needs nothing but TCP 443 outwards, so it works everywhere; every UDP path ends at the office's firewall.
        # `shortpath explain FILE` says which rule stopped it and what to lift. The rules that wait below are one way:
        #   --set 'restore networks.office.firewall.rules.allow-stun' --set 'restore networks.office.firewall.rules.allow-direct'

        networks:
          office:
            nat: corporate-firewall-persistent
            uplink: { to: metro, delay: 3 ms }
            firewall:
              policy: drop            # for what no rule decides
              rules:
                - { name: allow-web, action: accept, direction: outbound, protocol: tcp, ports: 443 }
                - { name: allow-stun, action: accept, direction: outbound, protocol: udp, to: stun, ports: 3478, enabled: off }
                - { name: allow-direct, action: accept, direction: outbound, protocol: udp, ports: 1024-65535, enabled: off }
                - { name: no-other-udp, action: drop, direction: outbound, protocol: udp }
          metro: { }
          azure: { subnet: 10.1.0.0/24, nat: azure-public-ip }

        links:
          transit: { between: [metro, azure], delay: 14 ms }

        hosts:
          alice: { role: client, network: office }
          sh-1:  { role: session-host, network: azure }

        service:
          regions:
            west: { at: metro, delay: 4 ms }

        sessions:
          - { client: alice, host: sh-1, at: 0 s }

        expect:
          - { session: 1, transport: reverse-connect, reason: no-udp-path, blocked-by: [no-other-udp] }

        """),
    Template(
      name: "azure-firewall-hub",
      summary: "session hosts behind Azure Firewall, whose NAT takes another port for every remote",
      text: """
        shortpath: 1
        title: "Session hosts behind Azure Firewall in a hub: its NAT decides"
        # The hosts' only way out is the hub's Azure Firewall, which takes another port for every remote. So STUN tells an address
        # that nobody else can use, and a home router that filters by address and port never sees what it expects.
        # Try: shortpath explain FILE --set networks.hub.nat=azure-firewall-cone
        #      shortpath run FILE --set networks.home.nat=full-cone

        networks:
          home:
            nat: home-router
            uplink: { to: metro, delay: 3 ms }
          metro: { }
          hub:                        # the hub and its spokes as one network: what leaves it is translated and judged here
            subnet: 10.1.0.0/24
            nat: azure-firewall
            firewall:
              policy: drop
              rules:                  # the network rules a session host needs
                - { name: allow-service, action: accept, direction: outbound, protocol: tcp, ports: 443 }
                - { name: allow-udp, action: accept, direction: outbound, protocol: udp, ports: 1024-65535 }

        links:
          transit: { between: [metro, hub], delay: 14 ms }

        hosts:
          alice: { role: client, network: home }
          sh-1:  { role: session-host, network: hub }

        service:
          regions:
            west: { at: metro, delay: 4 ms }

        sessions:
          - { client: alice, host: sh-1, at: 0 s }

        expect:
          - { session: 1, transport: reverse-connect, reason: no-udp-path, attempts: { public: failed } }

        """),
  ]
}
