// Pages of the reasons for which a transport was chosen, not tried, or given up for another.
import Trace

private let shortpathPage = "Microsoft, RDP Shortpath for Azure Virtual Desktop"
private let configurePage = "Microsoft, Configure RDP Shortpath for Azure Virtual Desktop"

extension CodePage {
  static let choices: [CodePage] = [
    CodePage(
      Reason.none, "Nothing to report",
      cause: "Nothing happened that needs a reason: the attempt is still pending, or the packet was delivered.",
      confirm: "Nothing to confirm.", fix: "Nothing to fix.", source: "shortpath's own bookkeeping."),
    CodePage(
      .onlyDirectPath, "The only direct path that answered",
      cause: "Exactly one way to the host was found to work over UDP, so there was nothing to compare.",
      confirm:
        "Log Analytics: WVDConnections has UdpUse 1 (listener) or 2 (ICE). On the session host, "
        + "RemoteDesktopServices-RdpCoreCDV/Operational shows events 131 and 135 with UDP; the client's connection "
        + "information says UDP.",
      fix: "Nothing is wrong. If another path was expected, look at the failed pairs in `shortpath explain`.",
      source: shortpathPage + "; RFC 8445 section 7.2.5."),
    CodePage(
      .resumed, "The channels resumed on reverse connect",
      cause:
        "The UDP path died, and the reverse connect that had been kept warm beside it took the channels over: each end told the "
        + "other what had come, and the rest was sent again.",
      confirm: "The connection bar shows the transport change without a reconnect; WVDErrors has no disconnect at that time.",
      fix: "Nothing for the session; look for what cut the UDP path at the time shown.",
      source: "Microsoft, RDP Multipath (redundant TCP); the exchange itself is assumed."),
    CodePage(
      .otherPathBlocked, "The other path was blocked by a rule",
      cause: "Two paths were possible. A filter rule dropped the packets of one, so the session took the other one.",
      confirm:
        "The rule is named in `shortpath explain`. In Azure, Network Watcher's IP flow verify names the security rule for "
        + "the same five-tuple; on a VPN gateway or an appliance look for the rule's hit counter.",
      fix: "If the blocked path is the one you want, let UDP of the shown addresses and ports through that rule.",
      source: shortpathPage + ", scenario with UDP blocked on the VPN."),
    CodePage(
      .lowestRoundTrip, "Lowest measured round trip of the valid pairs",
      cause: "Several candidate pairs passed their connectivity checks; the one with the lowest measured round trip was taken.",
      confirm:
        "`shortpath explain` lists every valid pair with its time. In Log Analytics compare "
        + "WVDConnectionNetworkData.EstRoundTripTimeInMs of sessions on either path; UdpUse is 2 also when ICE goes over a "
        + "VPN.",
      fix: "Nothing is wrong. To force a path, block UDP on the other one, or make it slower than this one.",
      source: shortpathPage + ": RDP uses the path with the lowest latency. The measuring rule itself is assumed."),
    CodePage(
      .establishedFirst, "Established first",
      cause:
        "The listener and ICE ran at the same time, and the host accepted this one's tunnel first. The later one was given "
        + "up.",
      confirm:
        "WVDConnections.UdpUse is 1 for the listener and 2 for ICE; the client's connection information says UDP (Private "
        + "Network) for the listener.",
      fix:
        "Nothing is wrong. To prefer the other one, disable this one in the host pool (ManagedPrivateUdp, or DirectUdp and PublicUdp).",
      source: shortpathPage + ": the first one found is used."),
    CodePage(
      .onlyTransport, "No other kind of Shortpath was allowed",
      cause: "Only one kind of Shortpath was enabled, and it worked.",
      confirm:
        "Get-AzWvdHostPool shows ManagedPrivateUdp, DirectUdp and PublicUdp; the registry under "
        + "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services shows the host's policy.",
      fix: "Nothing is wrong. Enable the other kind as well if you want a second chance when this one fails.",
      source: configurePage + "."),
    CodePage(
      .noUDPPath, "No UDP path: the session stays on reverse connect",
      cause: "Every attempt over UDP failed. The session was on TCP all the time, so the user did not wait for it.",
      confirm:
        "WVDConnections.UdpUse is neither 1, 2 nor 4. Run avdnettest.exe on both ends: it tests the mapping of the NAT, not "
        + "its filtering. `shortpath explain` names the node and rule that ended each attempt.",
      fix:
        "Remove the blockers named by `shortpath explain`, beginning with rules: UDP 3478 outbound to the STUN service, UDP "
        + "1024-65535 between client and host, or UDP 3390 inbound to the listener.",
      source: shortpathPage + ", network configuration."),
    CodePage(
      .shortpathOff, "RDP Shortpath is switched off",
      cause: "No kind of Shortpath was tried, because a setting of host pool, host or client forbids each of them.",
      confirm:
        "Get-AzWvdHostPool (ManagedPrivateUdp, DirectUdp, PublicUdp, PublicNetworkAccess); fUseUdpPortRedirector, directUDP, "
        + "publicUDP and SelectTransport under "
        + "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services on the host; fClientDisableUDP on the client.",
      fix: "Enable one kind everywhere: the most restrictive of host pool and host wins.",
      source: configurePage + "."),
  ]

  static let notTried: [CodePage] = [
    CodePage(
      .listenerOff, "The listener is off",
      cause:
        "The session host has no managed listener, so it sends no list of addresses and the client probes nothing. Off is "
        + "its default.",
      confirm:
        "fUseUdpPortRedirector is not 1 on the host, or nothing listens: Get-NetUDPEndpoint -LocalPort 3390 finds nothing.",
      fix:
        "Set the policy 'Enable RDP Shortpath for managed networks', restart the host, and allow UDP 3390 inbound (the "
        + "built-in rule does not cover the Public profile).",
      source: configurePage + "; policy template terminalserver-avd.admx."),
    CodePage(
      .hostPoolSetting, "The host pool forbids it",
      cause:
        "The host pool's property for this kind of Shortpath is Disabled. The most restrictive of host pool and host wins. "
        + "Without a relay, ICE needs DirectUdp or PublicUdp.",
      confirm:
        "Get-AzWvdHostPool shows ManagedPrivateUdp, DirectUdp, PublicUdp or RelayUdp as Disabled; in the portal: host pool, "
        + "Networking, RDP Shortpath.",
      fix: "Update-AzWvdHostPool with the property set to Default or Enabled.", source: configurePage + "."),
    CodePage(
      .hostPolicy, "A policy on the session host forbids it",
      cause: "Group Policy or Intune on the session host disables this kind of Shortpath, or allows TCP only.",
      confirm:
        "On the host: directUDP, publicUDP or relayUDP = 2, or SelectTransport = 1, under HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows "
        + "NT\\Terminal Services; gpresult /h names the policy.",
      fix: "Set 'Select RDP transport protocols' to both and the RDP Shortpath policy to enabled, then sign in again.",
      source: configurePage + "; policy template of October 2025."),
    CodePage(
      .clientSetting, "The client forbids UDP",
      cause: "The client has UDP turned off, or the connection configuration it read says so.",
      confirm:
        "On the client: fClientDisableUDP = 1 under HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal "
        + "Services\\Client, or 'use udp:i:0' in the .rdp file (host pool, RDP properties, Advanced).",
      fix: "Disable the policy 'Turn Off UDP On Client', or take the property out of the host pool and refresh the workspace.",
      source: configurePage + "; the property is known from a community build guide."),
    CodePage(
      .clientKind, "This kind of client has no UDP",
      cause: "The web client runs in the browser, over TCP only.",
      confirm: "WVDConnections.ClientType names the client.",
      fix: "Use Windows App or the Remote Desktop client on Windows, macOS, iOS or Android.", source: configurePage + "."),
    CodePage(
      .privateLink, "Private Link blocks Shortpath",
      cause:
        "The host pool's public network access demands Private Link, and Shortpath has not been allowed beside it. Every "
        + "value but Enabled is assumed to demand it.",
      confirm: "Get-AzWvdHostPool shows PublicNetworkAccess not Enabled and AllowRDPShortPathWithPrivateLink not Enabled.",
      fix: "Update-AzWvdHostPool with AllowRDPShortPathWithPrivateLink Enabled, if UDP past Private Link is acceptable.",
      source: "Microsoft, .NET reference: DesktopVirtualizationAllowRdpShortPathWithPrivateLink."),
    CodePage(
      .noRelay, "There is no relay",
      cause: "The scenario has no TURN relay, so this transport was not tried.",
      confirm:
        "WVDConnections.UdpUse 4 would show a relayed session. avdnettest.exe tells whether the relay can be reached from "
        + "here.",
      fix: "Not needed when a direct path works. In the field: allow UDP 3478 to 51.5.0.0/16 on both sides.",
      source: shortpathPage + "; RFC 8656. Relays are not modelled yet."),
    CodePage(
      .baseTransportMissing, "The base connection never came up",
      cause: "Shortpath is negotiated over reverse connect. The session failed before that stage, so nothing was tried.",
      confirm: "WVDErrors for the connection's CorrelationId names the stage that failed.",
      fix: "Solve the session's own failure first; see its reason.", source: shortpathPage + "; [MS-RDPBCGR] section 1.3.1.1."),
  ]

  static let abandonments: [CodePage] = [
    CodePage(
      .lostRace, "Lost the race",
      cause: "Another transport was established first; this one was given up cleanly.",
      confirm: "Only one transport is logged in the field. `shortpath explain` tells how far this one had come.",
      fix: "Nothing is wrong. Disable the other one in the host pool if you want this one.",
      source: shortpathPage + ": the first one found is used."),
    CodePage(
      .replaced, "Replaced by Shortpath",
      cause: "The channels moved to UDP by Soft-Sync; reverse connect was taken down.",
      confirm: "WVDConnections.UdpUse is 1, 2 or 4 and the host logs event 135.",
      fix: "Nothing is wrong.", source: "[MS-RDPEDYC] section 3.1.5.3; " + shortpathPage + "."),
    CodePage(
      .sessionEnded, "The session ended first",
      cause: "The session ended while this attempt was going on.",
      confirm: "WVDConnections.State is Completed; WVDErrors may name the reason.",
      fix: "See the session's own reason.", source: "shortpath's own bookkeeping."),
  ]
}
