// Pages of the reasons for which packets are dropped.
import Trace

extension CodePage {
  static let networkDrops: [CodePage] = [
    CodePage(
      .linkLoss, "Lost on a link",
      cause: "The link's loss took the packet, as the scenario's probability says.",
      confirm:
        "pathping or a long ping shows the loss; WVDConnectionNetworkData.EstRoundTripTimeInMs rises; an Azure Connection Monitor on "
        + "the same way reports checks failed.",
      fix: "Improve the line, or lower the link's loss in the scenario.", source: "the link's `loss` setting."),
    CodePage(
      .queueFull, "The link's queue was full",
      cause: "More packets came than the link carries, and its queue had no room.",
      confirm:
        "Get-NetAdapterStatistics and the router's interface counters show output discards; EstRoundTripTimeInMs in "
        + "WVDConnectionNetworkData rises before the loss begins.",
      fix: "More bandwidth, less traffic, or priority for RDP (DSCP 46 on UDP 3390).",
      source: "Microsoft, QoS for RDP Shortpath; the link's `queue` setting."),
    CodePage(
      .linkDown, "The link was down",
      cause: "The packet was sent while the link did not work.",
      confirm:
        "The router's interface log at that time; Get-NetAdapter on the host; for ExpressRoute the circuit's metrics ArpAvailability "
        + "and BgpAvailability, for a VPN Get-AzVirtualNetworkGatewayConnection.",
      fix: "Restore the link; see the scenario's events.",
      source: "the scenario's `events`."),
    CodePage(
      .detached, "The host was not in this network any more",
      cause:
        "The packet was for an address, or from one, that a host had in a network which it has left: sockets bound to it can "
        + "send no more, and nobody tells those who still send to it.",
      confirm:
        "Get-NetConnectionProfile on the host; event log Microsoft-Windows-NetworkProfile/Operational (10000, 10001); the old "
        + "router's ARP table has no answer for the address.",
      fix: "Nothing in the network: the session reconnects from where the host is now.",
      source: "the scenario's `events`; RFC 1122 section 3.3.4.2."),
    CodePage(
      .nodeDown, "The machine was down",
      cause: "The packet came to a host, gateway or service that did not work at that time; nobody answers for it.",
      confirm:
        "Get-AzVM -Status for its power state, the System event log (6005, 6006, 41) for its boots, WVDAgentHealthStatus for a session "
        + "host; for the service, Azure Service Health.",
      fix: "Start the machine again; see the scenario's events.",
      source: "the scenario's `events`."),
    CodePage(
      .noRoute, "No route to the destination",
      cause: "No interface of this node leads to the address; private prefixes are never routed over the internet.",
      confirm:
        "Find-NetRoute -RemoteIPAddress on the host; in Azure Get-AzNetworkWatcherNextHop says None, and Get-AzEffectiveRouteTable has "
        + "no prefix that contains the address.",
      fix:
        "Add the prefix to the tunnel's routes or the route table. Often harmless: a candidate of the other side's private "
        + "network cannot be reached.",
      source: "RFC 1812 section 5.2.4; RFC 1918."),
    CodePage(
      .ttlExpired, "The time to live ran out",
      cause: "The packet went through too many routers: usually a routing loop.",
      confirm: "tracert shows the same routers again and again; Get-AzNetworkWatcherNextHop names the next one in Azure.",
      fix: "Correct the routes of the routers that repeat.",
      source: "RFC 791; RFC 1812 section 5.3.1."),
    CodePage(
      .mtuExceeded, "Too big for the link",
      cause: "The packet is larger than the next link's MTU and may not be fragmented.",
      confirm: "ping -f -l SIZE finds the largest that passes.",
      fix: "Raise the MTU of the tunnel or line; RDP-UDP needs 1260-byte IPv4 packets.",
      source: "RFC 1191; [MS-RDPEUDP], the SYN datagram."),
    CodePage(
      .notForMe, "Not for this host",
      cause: "The packet reached a host that does not have its destination address and forwards nothing.",
      confirm: "The route that led it here: Network Watcher's next hop, or Get-NetRoute.",
      fix: "Correct the route or the address.",
      source: "RFC 1122 section 3.3.4.2."),
    CodePage(
      .rule, "Dropped by a filter rule",
      cause:
        "A named rule of a firewall, a security group or a gateway decided against the packet, or nothing allowed it and "
        + "the default did.",
      confirm:
        "The rule is named beside the node. In Azure: Network Watcher's IP flow verify (Test-AzNetworkWatcherIPFlow) names the "
        + "security rule for the same five-tuple, Get-AzEffectiveNetworkSecurityGroup lists them, flow logs show the deny. On an "
        + "appliance: the rule's hit counter. On Windows: Get-NetFirewallRule, and pfirewall.log for what it dropped.",
      fix: "Allow the shown protocol, addresses and ports before that rule, or remove it.",
      source: "Microsoft, Network security groups; Network Watcher, IP flow verify."),
    CodePage(
      .notInConnection, "A TCP segment of no connection the firewall knows",
      cause:
        "A stateful firewall lets a connection begin with a SYN only. It saw none, or forgot the connection: idle for longer than "
        + "it remembers one, restarted, or the way out went past it (asymmetric routing).",
      confirm:
        "Compare the time since the last segment with the firewall's TCP idle time. Cisco ASA logs it as 106015, Palo Alto counts "
        + "flow_tcp_non_syn_drop; conntrack -L on Linux.",
      fix:
        "Raise the idle time above the connection's keep-alive, or shorten that; lead both directions through the same firewall.",
      source: "RFC 5382 REQ-5; RFC 6092 section 3.3; Palo Alto, Reject Non-SYN TCP."),
    CodePage(
      .inspected, "TLS was opened on the way",
      cause:
        "A firewall rule has the connection's TLS opened, looked into and closed again under a certificate of the firewall's own "
        + "authority, and the side that asked does not trust that authority, or the certificate.",
      confirm:
        "openssl s_client -connect NAME:443 -servername NAME on that side: the issuer is the firewall's, not a public authority.",
      fix: "Exempt *.wvd.microsoft.com and the sign-in service from inspection, or distribute the authority's root certificate.",
      source: "Microsoft, Required FQDNs and endpoints for Azure Virtual Desktop, whose advice is no TLS inspection."),
    CodePage(
      .natNoMapping, "The NAT has no mapping",
      cause:
        "A packet came to an external port that no inside host has opened, whose mapping has expired, or that is open toward somebody "
        + "else only (a symmetric NAT opens another port for each destination).",
      confirm:
        "Test-Shortpath.ps1 or avdnettest.exe on the inside host tells a symmetric NAT. Otherwise compare the times of the last "
        + "outbound packet and this one with the NAT's UDP lifetime; conntrack -L on a Linux router.",
      fix:
        "Use a NAT with endpoint-independent mapping. The inside host must send first and keep sending; raise the NAT's UDP lifetime "
        + "(RFC 4787 asks for 2 minutes at least).",
      source: "RFC 4787 sections 4.1 and 4.3."),
    CodePage(
      .natFiltered, "Filtered by the NAT",
      cause:
        "There is a mapping, but the NAT lets only those in to whom the inside host has sent before. Normal for the first "
        + "check of a pair; fatal when it never stops.",
      confirm:
        "A STUN test (Test-Shortpath.ps1, avdnettest.exe) cannot show it: it tests the mapping only. A capture (pktmon start --capture) "
        + "on the inside host shows its own checks leave and none arrive. Look at the pair in `shortpath explain`: did the inside "
        + "host send to that very endpoint?",
      fix:
        "Both sides must send at the same time. If one side's port changes by destination (symmetric), use another NAT "
        + "there, or full-cone filtering here.",
      source: "RFC 4787 section 5."),
    CodePage(
      .natPortsExhausted, "The NAT has no port left",
      cause:
        "All external ports that the NAT had for this inside host were in use: its range, its block of ports, its share "
        + "(`ports-per-host`), or those held back after their mappings' end (`port-hold`).",
      confirm:
        "In Azure: the metric SNAT Connection Count of NAT Gateway or load balancer, split by state (Failed), or SNAT port utilization "
        + "of Azure Firewall.",
      fix: "More public addresses, a wider port range, a larger share for each host, or shorter lifetimes.",
      source: "RFC 4787 section 4.2; RFC 6888 REQ-4 and REQ-8; Microsoft, NAT Gateway SNAT."),
    CodePage(
      .natHairpinOff, "The NAT does not hairpin",
      cause:
        "Two hosts behind one NAT spoke to each other by their external addresses, and the NAT does not send such packets "
        + "back inside.",
      confirm: "From inside, reach the NAT's own public address: nothing answers.",
      fix:
        "Usually none needed: the private candidates reach each other directly. Otherwise switch hairpinning (NAT loopback) "
        + "on.",
      source: "RFC 4787 section 6."),
    CodePage(
      .natSynOvertaken, "A SYN from outside was held, and one from inside went out",
      cause:
        "Both ends opened a TCP connection at once. The SYN from outside came first; the NAT said nothing of it for a while "
        + "(`syn-silence`), and meanwhile the inside host's own SYN for the same connection went out. The connection is "
        + "opened by what follows; this SYN is not needed.",
      confirm: "A capture outside the NAT: two SYNs that cross, and no ICMP port unreachable.",
      fix: "Nothing to fix: that is how TCP hole punching is meant to work.",
      source: "RFC 5382 REQ-4."),
    CodePage(
      .tunnelDown, "The tunnel was down",
      cause: "The packet was routed into a tunnel that was not up.",
      confirm:
        "Get-VpnConnection on the client and event 20226 or 20227 of RasClient in its Application log; for an Azure gateway "
        + "AzureDiagnostics with the category TunnelDiagnosticLog.",
      fix: "Bring the tunnel up; look for what drops its outer packets.",
      source: "the scenario's `tunnels`."),
    CodePage(
      .tunnelBadKey, "The tunnel's key did not fit",
      cause: "A packet came to the tunnel's port without the key of a known tunnel.",
      confirm:
        "The VPN gateway's log; for an Azure gateway AzureDiagnostics with the category IKEDiagnosticLog names the failed "
        + "authentication.",
      fix: "Check that both ends belong to the same tunnel.",
      source: "the scenario's `tunnels`."),
    CodePage(
      .carrierLost, "Lost with the packet that carried it",
      cause: "The packet travelled inside a tunnel's outer packet, and that one was dropped; its own drop tells why.",
      confirm:
        "Look for the drop of the outer packet at the same time and node in `shortpath explain`; a capture outside the tunnel shows "
        + "UDP 4500 (ESP) leave and not arrive.",
      fix: "Fix what dropped the outer packet.",
      source: "RFC 3948; the scenario's `tunnels`."),
  ]

  static let hostDrops: [CodePage] = [
    CodePage(
      .noSocket, "Nobody listens on this UDP port",
      cause: "The host has no socket on the packet's destination; it answers with an ICMP port unreachable.",
      confirm: "Get-NetUDPEndpoint -LocalPort on the host finds nothing; a capture shows 'port unreachable' going back.",
      fix: "Start the service, or correct the port. Late checks to a closed candidate are harmless.",
      source: "RFC 1122 section 4.1.3.1."),
    CodePage(
      .notListening, "Nobody listens on this TCP port",
      cause: "The host has no listener on the port; it answers with a reset.",
      confirm: "Get-NetTCPConnection -State Listen on the host.",
      fix: "Correct the port. Session hosts accept no TCP connection at all: reverse connect goes outward.",
      source: "RFC 9293 section 3.10.7.1."),
    CodePage(
      .unexpected, "Not a message for this socket",
      cause: "The receiver does not speak this protocol, or does not expect this message now, and ignores it.",
      confirm: "A capture on the receiver (pktmon start --capture) shows what came and from whom.",
      fix: "Nothing, unless something sends to the wrong port.",
      source: "the receiver's protocol."),
    CodePage(
      .cookieHashUnknown, "The SYN belongs to no session",
      cause: "The hash of the security cookie in the RDP-UDP SYN matches no open multitransport request, so the host ignores it.",
      confirm: "Host log RemoteDesktopServices-RdpCoreCDV/Operational has no event 131 for it.",
      fix:
        "Nothing, if it is a scanner or a late packet. Otherwise the client talks to the wrong host: look for overlapping "
        + "addresses.",
      source: "[MS-RDPEUDP], SYNEX cookieHash of protocol version 3."),
    CodePage(
      .cookieMismatch, "Tunnel request with a wrong id or cookie",
      cause: "The tunnel request's id and cookie match no open request; Windows drops the connection silently.",
      confirm: "Host log RemoteDesktopServices-RdpCoreCDV/Operational has no event 135 for it.",
      fix: "Nothing, if it is a stranger. Otherwise look for a second host with the same address.",
      source: "[MS-RDPEMT] section 3.2.5.1."),
    CodePage(
      .notAuthenticated, "Tunnel request before the user was authenticated",
      cause: "The main connection had not authenticated the user yet, so the host takes no tunnel for it.",
      confirm: "Compare the times of authentication and tunnel in `shortpath explain`.",
      fix: "Nothing: the client repeats the request.",
      source: "[MS-RDPBCGR] section 1.3.1.1, the order of its phases."),
    CodePage(
      .badCredentials, "Check with wrong credentials",
      cause: "The connectivity check's user name or password is not that of this session's candidate list.",
      confirm: "A capture shows STUN requests whose USERNAME is of another session.",
      fix: "Nothing, if it is a stranger or a check of an earlier attempt.",
      source: "RFC 8489 section 9.1.3; RFC 8445 section 7.3."),
    CodePage(
      .wrongSource, "Answer from the wrong address",
      cause:
        "An answer came from an address that was not asked, or an RDP-UDP SYN came to a candidate's port from an address that is in "
        + "no pair. The answer to a check that comes from elsewhere makes the pair fail.",
      confirm: "A capture shows request and answer with different addresses: a NAT or a load balancer rewrites one direction.",
      fix: "Let both directions take the same way.", source: "RFC 8445 section 7.2.5.2.1."),
    CodePage(
      .attemptClosed, "The attempt was over",
      cause: "The packet arrived after the attempt it belongs to had ended.",
      confirm: "Compare the times of the packet and of the attempt's end in `shortpath explain`.", fix: "Nothing is wrong.",
      source: "shortpath's own bookkeeping."),
    CodePage(
      .icmpUnmatched, "ICMP error about an unknown packet",
      cause: "An ICMP error came for a packet that this node did not send or no longer remembers.",
      confirm: "A capture on the node (pktmon start --capture): the error quotes a packet that is not of this machine.",
      fix: "Nothing is wrong.", source: "RFC 5927 section 4; RFC 1122 section 3.2.2."),
    CodePage(
      .replayed, "A copy of another client's SYN",
      cause:
        "The RDP-UDP SYN has the initial sequence of a handshake that the host already has with another address: somebody on the "
        + "way sent an overheard SYN again.",
      confirm: "A capture on the host shows two SYNs with one initial sequence from two addresses.",
      fix: "Find the host at the second address; the session itself is not hurt.",
      source: "[MS-RDPEUDP] section 3.1.5.1.1, snInitialSequenceNumber; that the host compares them is assumed."),
    CodePage(
      .tooManyHandshakes, "Too many unfinished handshakes",
      cause:
        "The session, or the host in all, has as many RDP-UDP connections without an accepted tunnel as it allows, so it begins "
        + "no other.",
      confirm: "A capture on the host shows many SYNs with one cookie hash and no tunnel behind them.",
      fix: "Stop the flood at a firewall: only the networks of the clients need UDP 3390.",
      source: "assumed: the product's bound is not public; RFC 4987 section 3 for the attack."),
  ]
}
