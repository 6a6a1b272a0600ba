// Pages of the reasons for which a side refuses the other's certificate, its TLS version, or a signed configuration.
import Trace

private let connectivityPage = "Microsoft, Understanding Azure Virtual Desktop network connectivity, connection security"
private let endpointsPage = "Microsoft, Required FQDNs and endpoints for Azure Virtual Desktop"
private let look =
  "openssl s_client -connect NAME:443 -servername NAME on the side that refused; Schannel events 36884 (name), 36881 (expired) or 36882 "
  + "(issuer) in its System log; for the host's side WVDErrors shows ReverseConnectSChannelFailure."

extension CodePage {
  static let securityFailures: [CodePage] = [
    CodePage(
      .certificateWrongName, "The certificate names somebody else",
      cause: "The certificate is signed by a trusted authority and in date, but it is for another name than the one asked for.",
      confirm: look,
      fix:
        "Correct DNS and proxies: the answer comes from another server, often a portal or an inspecting device that shows its "
        + "own name. On a session host, issue the certificate for the host's own name.",
      source: "RFC 9525 section 6."),
    CodePage(
      .certificateExpired, "The certificate has expired",
      cause: "The certificate's time is over for the side that judged: it is stale, or that side's clock is wrong.",
      confirm: look,
      fix:
        "Renew it: on a session host the enterprise certificate, on an inspecting device its authority. Correct the clock.",
      source: "RFC 5280 section 6.1.3."),
    CodePage(
      .certificateUntrusted, "The certificate's issuer is not trusted",
      cause:
        "The certificate is signed by an authority that this side does not trust. Something on the way opens TLS, or a session "
        + "host has an enterprise certificate that the client cannot check.",
      confirm: look,
      fix:
        "Exempt *.wvd.microsoft.com and the sign-in service from TLS inspection. Where the issuer is meant, install its root "
        + "certificate on the side that refused.",
      source: "RFC 5280 section 6; " + connectivityPage + "; " + endpointsPage + "."),
    CodePage(
      .tlsVersionMismatch, "The two sides have no TLS version in common",
      cause: "One side speaks only older versions of TLS than the other accepts; one of them said so with an alert.",
      confirm:
        "Schannel event 36887 with alert 70 on the side that was refused; a capture shows the alert protocol_version after the "
        + "client's first flight.",
      fix: "Enable TLS 1.2 in Schannel and .NET on that machine; the service's channels need it.",
      source: "RFC 8446 sections 4.2.1 and 6.2; " + connectivityPage + "."),
    CodePage(
      .configurationUntrusted, "The connection configuration's signature is not trusted",
      cause: "The feed handed out a configuration that is not signed with the key this client trusts; nothing was stored.",
      confirm: "The client warns of an unknown publisher; the signature's thumbprint in the .rdp file differs.",
      fix: "Refresh the workspace from the documented address; let nothing alter the feed's answers.",
      source: "Microsoft, Understanding Azure Virtual Desktop network connectivity, steps 5 and 6."),
  ]
}
