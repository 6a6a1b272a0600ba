// Files the tests read: the design's own example, and one that uses every key.
import ScenarioFormat
import ScenarioModel

/// DESIGN §6, unchanged.
let designExample = """
  shortpath: 1
  title: Both kinds of Shortpath are enabled; the listener is found first
  networks:
    home:     { nat: home-router, uplink: { to: metro, delay: 3 ms, rate: 100 Mbps } }
    metro:    { }                                     # the client's provider; the VPN gateway stands here
    azure:    { subnet: 10.1.0.0/24, nat: azure-public-ip }
  links:
    transit:  { between: [metro, azure], delay: 14 ms }          # the internet path
    backbone: { between: [vpn-gateway, azure], delay: 4 ms }     # private, shorter
  tunnels:
    vpn:      { from: alice, to: vpn-gateway, over: udp, routes: [10.1.0.0/24] }
  hosts:
    alice:       { role: client, network: home }
    vpn-gateway: { role: tunnel-gateway, network: metro }
    sh-1:        { role: session-host, network: azure, shortpath: { managed-listener: on } }
  sessions:
    - { client: alice, host: sh-1, at: 0 s }
  expect:
    - { session: 1, transport: managed, route: vpn, within: 4 s }
  """

/// Every section and every key.
let fullExample = """
  shortpath: 1
  title: "Everything: on, \\"off\\" & 'more'"
  seed: 18446744073709551615
  networks:
    home:
      label: At home
      subnet: 192.168.7.0/24
      subnet6: 2001:db8:7::/64
      nat: { preset: home-router, mapping: address-dependent, filtering: endpoint-independent, ports: random,
             port-range: "2000-3000", udp-lifetime: 1.5 min, tcp-lifetime: 1 h, inbound-refresh: no, hairpinning: yes,
             permission-scope: inside-endpoint, answers: session, collision: random, parity: on, port-classes: on,
             port-block: 64, ports-per-host: 128, port-hold: 65 s, addresses: [192.0.2.7, 192.0.2.8], pooling: paired,
             udp-unanswered-lifetime: 30 s, udp-stream-age: 2 s, tcp-opening-lifetime: 20 s, tcp-closing-lifetime: 10 s,
             icmp-lifetime: 6 s, unsolicited: reject,
             forwards: [ { protocol: udp, port: 2500, to: alice, inside-port: 3390, outbound: off }, { protocol: tcp, port: 2500, to: alice } ] }
      uplink: { to: metro, delay: 14.25 ms, up: { rate: 10 Mbps, loss: 0.001 % }, down: { rate: 100 Mbps, queue: 64 KiB, loss: 2 %, burst: 80 ms, duplicate: 0.5 % } }
      firewall:
        preset: outbound-only
        rules:
          - { name: no-stun, action: drop, direction: outbound, protocol: udp, from: virtual-network, to: internet, ports: 3478 }
          - { name: Tunnel-1, action: accept, to: gate, source-ports: 1000-2000, ports: "4500", protocol: udp }
          - { name: ping, action: reject, protocol: icmp, from: 10.0.0.0/8, to: 2001:db8::/32 }
          - { name: pass-on, action: proxy, direction: outbound, protocol: tcp, to: broker }
          - { name: look, action: inspect, direction: outbound, protocol: tcp, to: gateway-west, ports: 443 }
          - { name: known, action: accept, state: [established, related], enabled: off, profiles: [domain, private] }
          - { name: strays, action: reset, state: invalid }
        inspection: { issuer: corporate-ca, name: portal.example, expired: on }
        profile: domain
        order: written
        policy: reset
        stateful: rules
        udp-idle: 50 s
        udp-unanswered-idle: 20 s
        tcp-idle: 1 h
        tcp-opening-idle: 30 s
        tcp-closing-idle: 40 s
        tcp-reset-idle: 5 s
        icmp-idle: 6 s
        inbound-refresh: off
        mid-stream: on
        delay: 250 us
      lan: { delay: 50 us, jitter: 10 µs, reorders: on, mtu: 9000 B }
    metro: { label: 'Metro: the provider' }
    azure: { subnet: 10.1.0.0/24, nat: azure-public-ip, firewall: { rules: [ { name: in, action: accept, ports: 3390, priority: 300 }, { name: out, action: accept, direction: outbound } ], without: [DenyAllInBound] } }
    cloud: { nat: { mapping: address-dependent, filtering: address-and-port-dependent, overloading: on, addresses: 3, pooling: arbitrary }, uplink: { to: metro } }
    open:  { nat: azure-public-ip, firewall: none, uplink: { to: metro, rate: unlimited } }
  links:
    transit: { label: Transit, between: [metro, azure], delay: 14 ms, there: { delay: 15 ms }, back: { jitter: 1 ms } }
    line: { between: [azure, cloud], private: on, rate: 1.5 Gbps }
  tunnels:
    vpn: { label: VPN, from: alice, to: gate, over: udp, port: 4501, routes: [10.1.0.0/24, "fd00::/8"], delay: 100 us, address: 172.20.0.9, pool: 172.20.0.0/16, mtu: 1380 B }
  hosts:
    alice: { label: Alice, role: client, network: home, address: 192.168.7.9, address6: "2001:db8:7::9", client: { udp: off }, firewall: outbound-only, tls: "1.1", trusts: [corporate-ca, contoso-ca],
             proxy: { through: corp-proxy, except: [gateway-west, feed] } }
    corp-proxy: { role: proxy, network: home, forward-proxy: { port: 3128, allows: [feed, gateway-west], authentication: required, idle: 45 s } }
    gate: { role: tunnel-gateway, network: metro, firewall: linux-firewall }
    sh-1: { role: session-host, network: azure, address: 10.1.0.4, shortpath: { managed-listener: on, port: 3391, public: false },
            tls: 1.2, trusts: [public-certification-authority], certificate: { kind: enterprise-ca, issuer: contoso-ca, name: sh-2, expired: yes } }
    sh-2: { role: session-host, network: azure, policy: { fUseUdpPortRedirector: 1, UdpRedirectorPort: 3392,
            ICEEnableClientPortRange: 1, ICEClientPortBase: 40000, ICEClientPortRange: 100, directUDP: 1, publicUDP: 2,
            relayUDP: 2, SelectTransport: 2 } }
    bob: { role: client, network: home, client: { kind: web, fClientDisableUDP: 1 }, proxy: corp-proxy }
    echo: { role: server, network: cloud, firewall: { preset: windows-firewall, profile: private, udp-unanswered-idle: same } }
  service:
    regions:
      west: { label: West, at: metro, delay: 2 ms }
      north: { at: metro, rate: 1 Gbps, up: { loss: 100 % } }
    directory: west
    feed: north
    broker: west
    stun: auto
    certificates: { gateway-north: { name: other.example }, broker: { expired: on, issuer: contoso-ca } }
    tls: { lowest: 1.0, highest: 1.3 }
  host-pool: { ManagedPrivateUdp: Enabled, DirectUdp: Default, PublicUdp: Disabled, RelayUdp: Disabled,
               PublicNetworkAccess: EnabledForClientsOnly, AllowRDPShortPathWithPrivateLink: Enabled,
               rdp-properties: { use udp: 0 } }
  sessions:
    - { client: alice, host: sh-1, at: 1 s, workload: heavy }
    - { client: alice, host: sh-1, workload: { preset: light, graphics: 5 kB, input: 90 B, redirection: 0 B, every: 40 ms, lasts: 3 s } }
  probes:
    - { from: alice, to: "echo:7", kind: tcp, at: 0.5 ms, count: 3, interval: 20 ms, size: 1 kB, source-port: 5000, via: vpn }
    - { from: alice, to: stun }
    - { from: alice, to: metro, kind: ping, count: 4, size: 32 B, source-port: 9 }
  rogues:
    - { from: echo, to: sh-1, kind: unknown-cookie }
    - { from: echo, to: sh-1, kind: syn-flood, at: 1 s, count: 300, interval: 1 ms, hears: azure }
    - { from: echo, to: alice, kind: stun-answer, at: 2 s, hears: home }
  traffic:
    - { from: alice, to: echo, rate: 5 Mbps, size: 900 B, at: 1 s, until: 2 s }
  events:
    - { at: 3 s, set: { links.transit.loss: 0.5 %, links.transit.delay: 20 ms, networks.home.uplink.rate: 1 Mbps } }
    - { at: 4 s, lift: networks.home.firewall.rules.no-stun }
    - { at: 5 s, restore: networks.home.firewall.rules.no-stun }
    - { at: 6 s, down: links.transit }
    - { at: 7 s, set: { tunnels.vpn.delay: 1 ms } }
    - { at: 8 s, rebind: networks.open.nat }
    - { at: 9 s, restart: service.regions.west.gateway }
  mishaps:
    - { link: links.transit.back, packet: 3 }
    - { link: hosts.alice.lan.up, packet: 1, fate: delayed, by: 250 ms }
    - { link: service.regions.west.down, packet: 9, fate: doubled }
  expect:
    - { session: 1, transport: reverse-connect, route: internet, reason: client-setting, cause: none, within: 4 s,
        attempts: { public: not-tried, managed: failed },
        settings: { public: "directUDP, publicUDP", relayed: use udp }, blocked-by: [no-stun, { dropped: rule, at: azure, by: allow-out }, { dropped: nat-filtered, at: home }] }
    - { session: 2, transport: none, within: 30 s, cause: { node: broker, reason: no-healthy-host, step: 9, missing: host-initialized } }
    - { probe: 2, outcome: no-answer }
    - { rogue: 2, dropped: too-many-handshakes, at: sh-1 }
    - { rogue: 1, dropped: rule, at: azure, by: AllowVnetInBound }
  timing: { duration: 2 min, linger: 1 s, selection-window: 500 ms, gathering-limit: 39.5 s, peer-reflexive: off, maximum-events: 1000000 }
  """

/// The scenario of a text, without where its values came from.
func scenario(_ text: String) throws -> Scenario {
  var scenario = try ScenarioReader.read(text: text, name: "folder/test.yaml")
  scenario.origins = [:]
  return scenario
}

/// What is said of a text that is refused; "" when it is not.
func refusal(_ text: String) -> String {
  do throws(ScenarioFileError) {
    _ = try ScenarioReader.read(text: text, name: "t.yaml")
    return ""
  } catch { return error.description }
}

/// A whole scenario around some lines under test; they begin on line 2.
func around(_ lines: String) -> String {
  """
  shortpath: 1
  \(lines)
  """
}
