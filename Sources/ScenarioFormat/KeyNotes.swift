// What every key of a scenario file says, and where its default comes from: for editors, and for `resolve`.

/// What is known of a key.
struct KeyNote {
  let says: String
  /// Where the value comes from when nobody writes one; `nil` when there is none to speak of.
  let origin: String?

  /// The note on a key of a section, by what messages call the section.
  static func of(_ key: String, in section: String) -> KeyNote? { all["\(section).\(key)"] }

  /// By section and key. A later row takes the place of an earlier one.
  static let all: [String: KeyNote] = {
    var notes: [String: KeyNote] = [:]
    var sections: [String] = []
    for line in (text + textOfHappenings).split(separator: "\n") {
      if line.hasPrefix("# ") {
        sections = split(line.dropFirst(2), at: ";")
        continue
      }
      let parts = split(line, at: "|")
      let note = KeyNote(says: parts[1], origin: parts.count > 2 ? parts[2] : nil)
      for section in sections { notes["\(section).\(parts[0])"] = note }
    }
    return notes
  }()

  private static func split(_ line: Substring, at sign: Character) -> [String] {
    line.split(separator: sign).map { part in
      var part = part.drop { $0 == " " }
      while part.last == " " { part = part.dropLast() }
      return String(part)
    }
  }

  /// Sections follow a `#`; then each key, what it says, and where its default comes from.
  private static let text = """
    # a scenario
    shortpath | The version of the format.
    title | What the scenario is about. | the file's name
    seed | The seed of all chance. | 1, as good as any
    networks | Routers with a subnet, by id. | none
    links | Lines between networks, or from a host to a network, by id. | none
    tunnels | VPN tunnels, by id. | none
    hosts | Clients, session hosts, gateways, servers, by id. | none
    service | The regions of the service, and how it behaves.
    host-pool | The host pool's properties that concern Shortpath.
    sessions | Who connects to which host, and when. | none
    probes | Scripted senders. | none
    rogues | Senders who try to get in. | none
    traffic | Background load. | none
    events | What changes at a time. | none
    mishaps | What befalls single packets. | none
    expect | What must come out; a run that differs exits with 1. | nothing is expected
    timing | How long things may take.
    # a network; a link; a tunnel; a host; a region
    label | What people read in place of the id. | the id
    # a network
    subnet | The prefix of its hosts. | chosen: private behind a nat, else public (assumed)
    subnet6 | An IPv6 prefix of its hosts. | none: IPv4 only
    nat | How addresses are translated: a preset, or a map of axes. | none: the network is public
    uplink | The line to the provider's network. | none
    firewall | Judges what comes in and goes out: a preset, or a map. | none
    lan | The cable between each host and the router.
    # a network's lan; an uplink; one direction of a link; a link; a region
    delay | Propagation time of one direction. | no delay
    rate | Bits per second. | serialises in no time
    queue | Bytes that may wait. | assumed: about 200 full packets, a common router default
    loss | The share of packets lost; with burst, of time. | nothing is lost
    burst | How long losses last on average. | packets are lost one by one
    duplicate | The share of packets that are doubled. | nothing is doubled
    jitter | Each packet waits a further time up to this, drawn. | no jitter
    reorders | Whether jitter lets packets overtake. | order is kept
    mtu | The largest IP packet. | RFC 894, Ethernet
    there | What differs from the first end to the second. | both directions are alike
    back | What differs from the second end to the first. | both directions are alike
    up | What differs toward the other network. | both directions are alike
    down | What differs from the other network. | both directions are alike
    # a network's lan
    delay | Propagation time between a host and the router. | assumed: a switched LAN
    # a region
    delay | Propagation time to the network it hangs on. | assumed: a provider's way to the nearest edge site
    at | The network it hangs on.
    # an uplink
    to | The provider's network.
    # a link
    between | Its two ends: networks, or a host and a network (a private line).
    private | Whether private prefixes are routed over it. | off, unless one end is a host
    # a tunnel
    from | The client.
    to | The tunnel gateway.
    over | What carries it. | UDP is what is modelled
    port | The gateway's UDP port. | RFC 3948 §2
    routes | Prefixes sent through it; 0.0.0.0/0 for everything.
    delay | Processing per packet, at the end that takes it out. | none: the path's delay is the underlay's
    address | The client's address inside. | chosen from the pool
    pool | Addresses given to clients. | assumed: out of the way of common LANs
    mtu | The largest packet inside. | assumed: 1500 less the headers of IPsec and PPPoE
    # a nat
    preset | What to start from.
    mapping | When an inside endpoint keeps its outside one (RFC 4787 §4.1).
    filtering | Whose packets are let in (RFC 4787 §5).
    permission-scope | What a permission holds for. | all of its outside port
    answers | What answers follow. | the mapping
    ports | How outside ports are chosen. | at random
    collision | What is taken when the port is not free. | the next one
    overloading | Whether mappings may share a port. | RFC 4787 REQ-3 forbids it
    parity | Whether even ports stay even. | RFC 4787 REQ-4 leaves it open: off
    port-classes | Whether ports below 1024 stay there. | RFC 4787 REQ-3a leaves it open: off
    port-range | The outside ports there are. | RFC 4787 REQ-3, RFC 6335 §6
    port-block | Ports of a host come from blocks of this size. | RFC 6888 §4 leaves it open: none
    ports-per-host | How many ports a host may have at a time. | RFC 6888 REQ-4 leaves it to administrators: unlimited
    port-hold | How long a port is kept from others. | RFC 6888 REQ-8 is for carriers: none
    addresses | How many outside addresses there are, or their list. | one
    pooling | Whether a host keeps one outside address. | RFC 4787 REQ-2
    udp-lifetime | How long a UDP mapping lives. | RFC 4787 REQ-5
    udp-unanswered-lifetime | The same before anything has come in. | the same as udp-lifetime
    udp-stream-age | How old an answered mapping must be for that. | none
    tcp-lifetime | How long a TCP mapping lives. | RFC 5382 REQ-5
    tcp-opening-lifetime | The same until both sides have sent a SYN. | RFC 7857 §2.1
    tcp-closing-lifetime | The same after both sides' FIN, or a RST. | RFC 7857 §2.1
    icmp-lifetime | How long an ICMP query's mapping lives. | RFC 5508 REQ-2
    inbound-refresh | Whether what comes in refreshes a mapping. | off; RFC 4787 REQ-6 allows it
    hairpinning | Whether inside hosts meet by their outside addresses. | off; RFC 4787 REQ-9 wants it
    unsolicited | What becomes of packets nobody asked for. | dropped silently
    syn-silence | How long nothing is said of an unsolicited SYN. | none; RFC 5382 REQ-4 wants 6 s where it is rejected
    exhausted | What is done when no port is left. | dropped silently
    one-to-one | Whether addresses are exchanged one for one. | off
    forwards | Static mappings. | none
    # a forward
    protocol | udp or tcp.
    port | The outside port.
    to | A host of the network.
    inside-port | That host's port. | the outside port
    outbound | Whether what it sends leaves by that port. | on
    # a firewall
    preset | What to start from. | none
    profile | The kind of network a Windows host is in. | no profiles
    order | The order in which rules are judged. | as written
    policy | For what no rule decides. | accept
    stateful | Whether packets of accepted flows pass unjudged. | on
    udp-idle | How long an answered UDP flow is remembered. | Microsoft, Network security groups: 4 min
    udp-unanswered-idle | The same before an answer. | the same as udp-idle
    tcp-idle | How long a TCP connection is remembered. | RFC 5382 REQ-5
    tcp-opening-idle | From the SYN to the end of the handshake. | RFC 5382 REQ-5
    tcp-closing-idle | From the second FIN on. | RFC 5382 REQ-5
    tcp-reset-idle | From a reset on. | Linux, nf_conntrack_tcp_timeout_close
    icmp-idle | How long an ICMP query is remembered. | RFC 5508 REQ-2
    inbound-refresh | Whether what comes in prolongs a UDP flow. | on
    mid-stream | Whether a segment other than a SYN begins a flow. | off, as in appliances (Palo Alto, Reject Non-SYN TCP)
    delay | What it takes over each packet it judges. | none
    rules | Named rules. | none
    inspection | The certificate of what inspects.
    without | Rules of the preset that are left out. | none
    # a rule
    name | Unique in its firewall; results name it.
    action | What it does.
    direction | Which way packets go, as the firewall's owner sees it. | any
    protocol | Of the packets it is for. | any
    from | A prefix, internet, virtual-network, or the id of a host or service. | any
    to | A prefix, internet, virtual-network, or the id of a host or service. | any
    source-ports | A port or a range. | any
    ports | A port or a range. | any
    state | How a packet stands with the flows that are tracked. | any
    priority | Its place where rules are judged by priority, 100 to 4096. | the next free one, where there are priorities
    profiles | The profiles it is in force on. | any
    enabled | Whether it is in force when the run begins. | on
    # a firewall's inspection; a session host's certificate; a certificate
    name | Whom it names. | whoever shows it
    expired | Whether it has expired. | off
    issuer | The authority that signed it. | the public authority that everybody trusts
    # a session host's certificate
    kind | self-signed is pinned by clients; enterprise-ca is not. | Windows' own is self-signed
    issuer | The authority that signed it. | enterprise-ca
    # a firewall's inspection
    issuer | The authority that signed it. | inspection-ca, which nobody trusts until told to
    # a host
    role | What it does.
    network | The network it is in.
    address | Its IPv4 address. | the next free one of its subnet
    address6 | Its IPv6 address. | the next free one of its IPv6 subnet
    firewall | Judges what comes in and goes out: a preset, or a map. | none
    policy | A session host's policies, by their real names.
    shortpath | Shorthand for a session host's policies.
    client | A client's settings.
    rdp | Whom a session host lets in.
    tls | The highest TLS version it speaks. | the newest
    trusts | Authorities it trusts beside the public one. | none
    certificate | A session host's certificate for RDP.
    proxy | The proxy its connections to the service go through. | none
    forward-proxy | What a proxy serves.
    # a session host's policy
    fUseUdpPortRedirector | 1: the listener of Shortpath for managed networks. | Microsoft, Configure RDP Shortpath: off until set
    UdpRedirectorPort | The listener's port. | Microsoft, Configure RDP Shortpath
    ICEEnableClientPortRange | 1: ICE uses a range of ports. | Microsoft, Configure RDP Shortpath: off until set
    ICEClientPortBase | The first port of that range. | Microsoft, Configure RDP Shortpath
    ICEClientPortRange | How many ports it has. | Microsoft, Configure RDP Shortpath
    directUDP | 1 on, 2 off: pairs without STUN. | not configured, which allows
    publicUDP | 1 on, 2 off: pairs seen from outside. | not configured, which allows
    relayUDP | 1 on, 2 off: relays. | not configured, which allows
    SelectTransport | 1: TCP only; 2: UDP and TCP. | not configured, which allows
    # a host's shortpath
    managed-listener | Stands for fUseUdpPortRedirector. | off
    port | Stands for UdpRedirectorPort. | 3390
    public | off stands for directUDP and publicUDP both disabled. | on
    # a host's client
    kind | What the user connects with. | windows
    fClientDisableUDP | 1: Turn Off UDP On Client. | off until set
    udp | off stands for fClientDisableUDP. | on
    account | Whether the directory lets the account sign in. | on
    assigned | Whether a desktop is assigned to the user. | on
    graphics-pipeline | Whether it can draw by MS-RDPEGFX. | on
    reconnect | Whether it reconnects by itself. | on
    # a host's rdp
    sign-in | Whether the host trusts the directory's tokens. | on
    licensed | Whether a licence is at hand. | on
    requires-graphics-pipeline | Whether clients must draw by MS-RDPEGFX. | off
    # the proxy that is gone through
    through | A host with the role proxy.
    except | Services that are reached directly. | none
    # a proxy's forward-proxy
    port | Where it listens. | assumed: the usual alternate port of HTTP
    allows | Services it opens tunnels to. | any
    authentication | Whether it asks for credentials. | none; AVD's agent gives none (Microsoft, Proxy server guidelines)
    idle | After how long without a byte it closes a tunnel. | never

    """

  private static let textOfHappenings = """
    # the service
    regions | Regions by id, each with a gateway. | one region, 'service', on the only public network without uplink
    directory | The region of the directory. | the first region
    feed | The region of the feed. | the first region
    broker | The region of the broker. | the first region
    stun | The region of the STUN server. | the first region
    token-lifetime | How long a sign-in token is valid. | assumed; a Microsoft Entra token's default is 60 to 90 min
    reverse-connect | classic: taken down after the switch-over; warm: kept. | Microsoft's texts up to 2025
    valid-signature | Whether the feed signs configurations with the right key. | on
    certificates | Certificates of services, by id, where they are not the usual. | none
    tls | The TLS versions the service speaks.
    # the service's tls
    lowest | The lowest TLS version. | Microsoft, Understanding network connectivity
    highest | The highest TLS version. | Microsoft, Understanding network connectivity
    # the host pool
    ManagedPrivateUdp | Shortpath for managed networks. | Default, which is enabled today
    DirectUdp | Pairs without STUN. | Default, which is enabled today
    PublicUdp | Pairs seen from outside. | Default, which is enabled today
    RelayUdp | Relays. | Default, which is enabled today
    PublicNetworkAccess | Who may come over the public network. | Enabled
    AllowRDPShortPathWithPrivateLink | Shortpath beside Private Link, an opt-in. | assumed: Disabled until set
    rdp-properties | Custom RDP properties.
    # the pool's RDP properties
    use udp | use udp:i:0 or 1. | not configured, which allows
    # timing
    duration | The run ends at this time at the latest. | unlimited
    linger | How long a run goes on after everything has settled. | assumed
    selection-window | How long after ICE's first valid pair the choice stays open. | assumed
    gathering-limit | STUN gathering ends after this. | RFC 8489 §6.2.1
    peer-reflexive | Whether ICE learns addresses that nobody signalled. | RFC 8445 §7.3.1.3
    udp-keep-alive | RDP-UDP sends after this long without sending. | MS-RDPEUDP2 §3.1.1.3, notes 1 and 2
    udp-silence | RDP-UDP is dead after this long without hearing. | MS-RDPEUDP2 §3.1.1.3; Microsoft's texts say 17 s
    maximum-events | A run that needs more is undecided. | assumed
    # a session
    client | The client's id.
    host | The session host's id.
    at | When the user subscribes, or clicks. | 0 s
    workload | What its channels carry: a preset, or a map.
    # a workload
    preset | What to start from. | modest
    graphics | Bytes of a graphics update. | assumed: enough that a switch-over happens under traffic
    input | Bytes of an input event. | Microsoft, RDP bandwidth requirements: below 100 B
    redirection | Bytes of a redirected device's first exchange. | assumed
    every | Between two updates, and two input events. | assumed, as graphics
    lasts | How long after the desktop they go on. | as long as the session
    # a probe
    from | A host's id.
    to | HOST:PORT, stun, or for a ping a host or network.
    kind | What is sent. | udp; stun to stun
    at | When it begins. | 0 s
    count | How many are sent. | 1
    interval | Between two of them. | 1 s
    size | Payload bytes. | 64 B
    source-port | The local port, or a ping's identifier. | drawn
    via | The tunnel it is bound to. | routed freely
    # a rogue
    from | The host that sends.
    to | The host it is after.
    kind | What it tries.
    at | When it acts on what it has heard. | 0 s
    count | How many packets, or with wrong-cookie connections. | 1
    interval | Between two of them. | 1 s
    hears | The network whose router it overhears. | none
    # a traffic
    from | The host that sends.
    to | The host that is sent to.
    rate | Bits per second.
    size | Payload bytes of a datagram. | assumed
    at | When it begins. | 0 s
    until | When it ends.
    # an event
    at | When it happens; from -5 s on, while hosts register.
    set | New values by their paths.
    lift | The path of a rule that is taken away.
    restore | The path of a rule that is put back.
    down | The path of a line, tunnel or machine that stops.
    up | The path of a line, tunnel or machine that works again.
    restart | The path of a machine, nat or firewall that forgets.
    rebind | The path of a nat that gets other outside addresses.
    failover | The path of a nat whose exit fails.
    # a mishap
    link | A direction of a link, such as links.transit.back.
    packet | The packet's ordinal, from 1.
    fate | What becomes of it. | lost
    by | How much later a delayed packet comes.
    # an expectation
    session | The session's number, from 1.
    probe | The probe's number, from 1.
    rogue | The rogue's number, from 1.
    transport | What the session ends on; none when it fails.
    route | A tunnel or a line, lan or internet.
    reason | A reason's code; shortpath codes lists them.
    within | At most this long after the click.
    reconnects | How often it lost its transport and came back.
    attempts | How each attempt ended.
    settings | The setting that forbade an attempt.
    blocked-by | What stood in the way: rules' names, or maps.
    cause | Where a failed session's trouble began: a code, or a map.
    outcome | What became of a probe.
    # an expectation; what blocked
    dropped | A drop's code; shortpath codes lists them.
    at | The node that dropped it.
    by | The rule that dropped it.
    # attempts
    reverse-connect | How reverse connect ended.
    managed | How Shortpath for managed networks ended.
    public | How Shortpath for public networks ended.
    relayed | How the relayed transport ended.
    # settings
    reverse-connect | The setting that forbade reverse connect.
    managed | The setting that forbade Shortpath for managed networks.
    public | The setting that forbade Shortpath for public networks.
    relayed | The setting that forbade the relayed transport.
    # a cause
    node | The host or service.
    reason | A reason's code.
    step | The documented step, 1 to 12.
    missing | The milestone that was not reached.

    """
}
