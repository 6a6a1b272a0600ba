// Pages of the reasons for which attempts and sessions fail.
import Trace

private let shortpathPage = "Microsoft, RDP Shortpath for Azure Virtual Desktop"
private let connectivityPage = "Microsoft, Understanding Azure Virtual Desktop network connectivity"
private let endpointsPage = "Microsoft, Required FQDNs and endpoints for Azure Virtual Desktop"

extension CodePage {
  static let failures: [CodePage] = [
    CodePage(
      .noAnswer, "No answer",
      cause:
        "Every request went unanswered until its retransmissions were used up: Windows sends an RDP-UDP SYN again three "
        + "times, 800 ms apart.",
      confirm:
        "Capture on the host (pktmon, UDP 3390): no SYN arrives, or its answer does not come back. IP flow verify in "
        + "Network Watcher tests the security group for the same five-tuple.",
      fix:
        "Open UDP 3390 from the client's network to the host on the node that `shortpath explain` names; check the host "
        + "firewall's profile.",
      source: "[MS-RDPEUDP] section 3.1.5.2 and its product notes."),
    CodePage(
      .udpRefused, "The port was closed",
      cause:
        "The SYN was answered by ICMP: nobody listens on that port of the host, or a firewall rejects it instead of dropping it.",
      confirm:
        "Get-NetUDPEndpoint -LocalPort 3390 on the host finds nothing, or a capture shows 'port unreachable' or "
        + "'administratively prohibited' coming back.",
      fix: "Restart the host after setting the listener's policy; let UDP 3390 pass on the node that `shortpath explain` names.",
      source: "RFC 792; RFC 1122 section 4.1.3.3; RFC 1812 section 5.2.7.1."),
    CodePage(
      .allPairsFailed, "Every candidate pair failed",
      cause:
        "Both sides sent connectivity checks on all pairs and none was answered: filters, or NATs whose mappings differ by "
        + "destination.",
      confirm:
        "Test-Shortpath.ps1 or avdnettest.exe on both ends: 'symmetric' on one of them explains it. A cone verdict does not "
        + "rule out filtering.",
      fix:
        "Use a NAT with endpoint-independent mapping on one side (a public IP, a cone-type NAT, UPnP at home), let the "
        + "shown rule pass UDP, or allow the relay.",
      source: "RFC 8445 section 7.2.5.2; RFC 4787; " + shortpathPage + ", NAT."),
    CodePage(
      .noCandidatePairs, "There was no pair to check",
      cause: "The two sides had no candidates of the same address family, or none at all.",
      confirm: "ipconfig on both ends: one side has only IPv6, the other only IPv4, or there is no interface with a route.",
      fix: "Give both sides a common address family with a route, and let STUN (UDP 3478) through.",
      source: "RFC 8445 section 6.1.2.2."),
    CodePage(
      .udpConnectionFailed, "RDP-UDP did not connect",
      cause:
        "The pair was valid, but the RDP-UDP connection over it did not come up. Its SYN is padded to 1232 bytes, so a path "
        + "that carries small packets only fails here.",
      confirm:
        "ping -f -l 1232 towards the peer fails; a capture shows small STUN packets passing and 1260-byte UDP packets not.",
      fix: "Raise the MTU of the tunnel or stop dropping fragments; 1260-byte IPv4 packets must pass.",
      source: "[MS-RDPEUDP], the SYN datagram and section 3.1.5.2."),
    CodePage(
      .tlsFailed, "TLS failed",
      cause: "A message came in the handshake that has no place there, or something else than TLS.",
      confirm: "Host log RemoteDesktopServices-RdpCoreCDV/Operational, and Schannel events in the System log.",
      fix: "Check the host's RDP certificate and that nothing inspects or alters the UDP traffic.",
      source: "[MS-RDPEMT] section 1.3."),
    CodePage(
      .tunnelRefused, "The host refused the tunnel",
      cause: "The host had no open request with this id and cookie, or had already accepted another tunnel.",
      confirm: "Host log RemoteDesktopServices-RdpCoreCDV/Operational around event 135.",
      fix: "Usually nothing: another tunnel won. If no tunnel wins, look for a middlebox that answers in the host's place.",
      source: "[MS-RDPEMT] section 3.2.5.1."),
    CodePage(
      .signallingLost, "The candidate lists did not get across",
      cause: "The base connection that carries the candidate lists was lost or stayed silent.",
      confirm:
        "WVDErrors | where CorrelationId == \"…\" | project Source, CodeSymbolic, Message; the session itself will have dropped as well.",
      fix: "Solve the loss of the base connection first.", source: shortpathPage + ", connection sequence."),
    CodePage(
      .noListenerAddress, "No address of the listener could be reached",
      cause: "The host's list was empty, or the client has no route to any of its addresses.",
      confirm:
        "On the client: Find-NetRoute -RemoteIPAddress with the host's private address; without VPN or ExpressRoute there "
        + "is none.",
      fix: "Route the host's subnet into the VPN or the private line; managed Shortpath needs direct line of sight.",
      source: shortpathPage + ", managed networks."),
  ]

  static let sessionFailures: [CodePage] = [
    CodePage(
      .directoryUnreachable, "The directory could not be reached",
      cause: "The client could not open TLS to the sign-in service on TCP 443.",
      confirm: "Test-NetConnection login.microsoftonline.com -Port 443 on the client.",
      fix: "Allow TCP 443 to login.microsoftonline.com, without TLS inspection.", source: endpointsPage + "."),
    CodePage(
      .feedUnreachable, "The feed could not be reached",
      cause: "The client could not open TLS to the feed: to subscribe, or later with its token.",
      confirm: "Test-NetConnection rdweb.wvd.microsoft.com -Port 443 on the client; WVDFeeds stays empty for the user.",
      fix: "Allow TCP 443 to *.wvd.microsoft.com.", source: endpointsPage + "."),
    CodePage(
      .gatewayUnreachable, "No gateway could be reached",
      cause: "None of the gateways answered on TCP 443.",
      confirm:
        "Test-NetConnection on port 443 to the gateway named in the stored .rdp file; the client shows errors such as "
        + "GatewayServerNotFound.",
      fix: "Allow TCP 443 to *.wvd.microsoft.com and 40.64.144.0/20, bypassing proxies and TLS inspection.",
      source: endpointsPage + "."),
    CodePage(
      .signInRefused, "The directory refused the sign-in",
      cause: "The directory did not issue a token for this user.",
      confirm: "Entra ID sign-in logs for the user, with the conditional access policy that decided.",
      fix: "Correct the account or the policy.", source: connectivityPage + ", step 2."),
    CodePage(
      .tokenRefused, "The token was refused",
      cause: "The feed or the gateway found that the token was not signed by its directory.",
      confirm: "WVDErrors and the Entra ID sign-in logs: which tenant and authority issued the token.",
      fix: "Sign in again, with an account of the tenant that the workspace belongs to.",
      source: connectivityPage + ", steps 4 and 8."),
    CodePage(
      .tokenExpired, "The token had expired",
      cause: "The feed or the gateway received a token whose lifetime was over.",
      confirm: "Entra ID sign-in logs and the tenant's token lifetime and sign-in frequency policies; compare the clocks.",
      fix: "Sign in again; lengthen the lifetime in the policy; correct the machine's clock.",
      source: connectivityPage + ", steps 4 and 8."),
    CodePage(
      .feedEmpty, "The feed is empty",
      cause: "The user signed in, but no desktop or application is assigned to the account.",
      confirm: "The assignments of the application group in the portal; the client shows an empty workspace.",
      fix: "Assign the user, or a group of the user's, to an application group that is registered to the workspace.",
      source: connectivityPage + ", step 5."),
    CodePage(
      .capabilitiesRefused, "The capabilities do not fit",
      cause: "The host requires what the client cannot do, and left when the client's capabilities came.",
      confirm:
        "Host log TerminalServices-RemoteConnectionManager: the disconnect follows the capabilities exchange. Compare the "
        + "host's graphics policies with the client's version.",
      fix: "Update the client, or relax the host's policy.",
      source: "[MS-RDPBCGR] section 1.3.1.1, capabilities exchange; [MS-RDPEGFX]."),
    CodePage(
      .pathLost, "The UDP path went silent",
      cause:
        "The UDP transport that carried the session heard nothing for its dead time: a path that died tells nobody, only "
        + "time does. Keepalives go every 4 s; silence of 16 s is death by the specification, 17 s in the product's texts.",
      confirm: "WVDErrors shows ShortpathTransportNetworkDrop; the host's log has a disconnect without a user's act.",
      fix: "Look for the link, NAT or firewall that changed at that time; the client reconnects by itself.",
      source: "[MS-RDPEUDP2] section 3.1.1.3; Microsoft, Troubleshoot RDP Shortpath."),
    CodePage(
      .addressLost, "The host's own address was gone",
      cause:
        "The client's machine left its network, or its VPN went down, and Windows ended the TCP connections that stood on the address. "
        + "The other side is not told; the client notices at once and reconnects from the address it has then.",
      confirm:
        "Event log Microsoft-Windows-NetworkProfile/Operational: 10001 (disconnected) and 10000 (connected) at that time; "
        + "RasClient 20226 for a VPN.",
      fix:
        "None needed while reconnection works. A VPN that survives roaming (IKEv2 with MOBIKE, WireGuard) hides the change "
        + "from what is inside it.",
      source: "assumed from Windows' media sense (Microsoft, How to disable the media sense feature); RFC 4555."),
    CodePage(
      .machineDown, "The machine went down",
      cause:
        "The machine was off, or was started anew and knows nothing of what it had: sockets, sessions and registrations are gone.",
      confirm:
        "System event log: 41, 1074, 6006 and 6008 at that time; the Azure activity log for Deallocate, Restart and Redeploy.",
      fix: "Find out who or what stopped it: autoscale and drain mode, maintenance, updates, a crash; then connect again.",
      source: "the scenario's `events`; Microsoft, Start and stop of session hosts (autoscale); Windows system event log."),
    CodePage(
      .reconnectFailed, "Automatic reconnect gave up",
      cause: "The session was lost, and no attempt to connect again succeeded within the reconnect window of about 30 s.",
      confirm: "The client shows its reconnect prompt; WVDConnections has the attempts under new correlation ids.",
      fix: "Restore the network, then connect again: the host has kept the session.",
      source: "Microsoft, Azure Virtual Desktop: automatic reconnection."),
    CodePage(
      .resourceUnknown, "The resource is unknown",
      cause: "The broker does not know the desktop that the stored .rdp file names.",
      confirm:
        "WVDErrors for the CorrelationId; Get-AzWvdApplicationGroup and Get-AzRoleAssignment tell who is assigned to what.",
      fix: "Refresh the workspace in the client; assign the user to the application group.",
      source: connectivityPage + ", step 8."),
    CodePage(
      .noHealthyHost, "No healthy session host",
      cause: "No session host of the pool is registered with the broker.",
      confirm: "WVDErrors shows ConnectionFailedNoHealthyRdshAvailable; the portal lists the hosts' status.",
      fix: "Start a host; let its agent reach the broker on TCP 443.",
      source: connectivityPage + ", session host communication channel."),
    CodePage(
      .brokerUnavailable, "The broker is unavailable",
      cause: "The gateway could not reach the broker.",
      confirm: "Azure Service Health; WVDErrors with ServiceError true.",
      fix: "Wait for the service, or connect through another region.", source: connectivityPage + ", step 8."),
    CodePage(
      .hostUnreachable, "The session host did not join",
      cause: "The broker called the host over its persistent channel, but the host did not connect to the gateway in time.",
      confirm:
        "WVDErrors shows ReverseConnectResponseTimeout or ReverseConnectDnsLookupFailed; WVDAgentHealthStatus shows the "
        + "host's last heartbeat.",
      fix: "Let the host reach *.wvd.microsoft.com on TCP 443; look at its DNS and routes.",
      source: connectivityPage + ", steps 9 and 10."),
    CodePage(
      .connectionLost, "The connection was lost",
      cause: "A TCP connection of the session ended by reset, or its retransmissions went unanswered.",
      confirm: "WVDErrors shows ConnectionFailedClientDisconnect or ConnectionFailedServerDisconnect.",
      fix: "See the drops in `shortpath explain`: they name the node that stopped passing packets.",
      source: "RFC 9293 section 3.8.3; Microsoft, troubleshooting guides."),
    CodePage(
      .licensingFailed, "Licensing failed",
      cause: "The host's licensing exchange was not completed.",
      confirm:
        "Event logs TerminalServices-Licensing and TerminalServices-RemoteConnectionManager on the host; WVDErrors for the "
        + "CorrelationId.",
      fix: "Check the licence of the user and the host.", source: "[MS-RDPBCGR] section 1.3.1.1, licensing."),
    CodePage(
      .protocolViolation, "A message came that must not come",
      cause: "A participant received a message that its protocol forbids in this state.",
      confirm: "WVDErrors.CodeSymbolic and Message for the CorrelationId; a capture on both ends (pktmon start --capture).",
      fix: "If only the simulator shows it, please report the scenario and its seed.", source: "[MS-RDPBCGR] section 3."),
    CodePage(
      .undecided, "Undecided when the run ended",
      cause: "The run reached its limit of time or events while an attempt was still going on.",
      confirm: "`shortpath explain` shows what had not ended.",
      fix: "Raise timing.duration or timing.maximum-events in the scenario.", source: "shortpath's own bookkeeping."),
  ]
}
