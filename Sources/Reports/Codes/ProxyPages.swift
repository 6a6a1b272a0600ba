// Pages of what an explicit proxy on the way to the service can do to a session.
import Trace

private let guidelines = "Microsoft, Proxy server guidelines for Azure Virtual Desktop"

extension CodePage {
  static let proxyFailures: [CodePage] = [
    CodePage(
      .proxyUnreachable, "The proxy did not answer",
      cause: "The machine is configured to reach the service through a proxy, and no TCP connection to the proxy came up.",
      confirm:
        "Test-NetConnection PROXY -Port 8080 on that machine; netsh winhttp show proxy tells what the agent uses. The agent finds "
        + "proxies by WPAD too.",
      fix: "Let the machine reach the proxy, or take the service's destinations out of the proxy settings.",
      source: guidelines + "; RFC 9110 section 9.3.6."),
    CodePage(
      .proxyRefused, "The proxy opens no tunnel there",
      cause: "The proxy answered CONNECT with 403 (or something that is no answer): its rules do not allow the destination.",
      confirm: "The proxy's access log shows CONNECT with status 403 and the destination's name.",
      fix: "Allow the required names on TCP 443 at the proxy without inspection, or exempt them from it.",
      source: "RFC 9110 sections 9.3.6 and 15.5.4; Microsoft, Required FQDNs and endpoints for Azure Virtual Desktop."),
    CodePage(
      .proxyAuthenticationRequired, "The proxy wants credentials",
      cause:
        "The proxy answered CONNECT with 407. Azure Virtual Desktop's components do not authenticate at proxies: it is not "
        + "supported.",
      confirm: "The proxy's access log shows status 407 for CONNECT to the service's names, and no second request.",
      fix: "Exempt the service's destinations from authentication at the proxy, or from the proxy.",
      source: guidelines + ", authentication; RFC 9110 section 15.5.8."),
    CodePage(
      .proxyIdle, "The proxy closed a quiet tunnel",
      cause: "No byte passed a tunnel for as long as the proxy allows, and the proxy closed it at both ends.",
      confirm: "The proxy's log shows the tunnel's end with its idle time as duration; the ends see an orderly close.",
      fix: "Raise the proxy's idle limit for the service's destinations, or exempt them: long WebSockets pass there.",
      source: guidelines + ", session duration."),
  ]
}
