// For each code a scenario that produces it, and the place that `explain` names: node, rule or setting.
import Foundation
import Reports
import ScenarioFormat
import ScenarioModel
import Simulation
import Studies
import Testing
import Trace

@Suite struct ExplainedCodeTests {
  /// What the explanation of the code's scenario must say: where it happened, and by what. Sorted by code.
  static let places: [(code: String, words: String)] = [
    ("address-lost", "the address it stood on was gone (detached at alice)"),
    (
      "all-pairs-failed",
      "public failed (blocked by 'deny-udp-out' on azure, 'no-udp-out' on home, 'no-inner-udp' on vpn-gateway)"
    ),
    ("bad-credentials", "3 bad-credentials at sh-1"),
    ("base-transport-missing", "base-transport-missing"),
    ("broker-unavailable", "broker dropped 6 packets: the machine was down (node-down)"),
    ("capabilities-refused", "sh-1: the client cannot draw as the host requires (capabilities-refused)"),
    ("carrier-lost", "vpn-gateway dropped 1 packet: lost with the packet that carried it (carrier-lost)"),
    ("certificate-expired", "alice: the certificate shown has expired (certificate-expired)"),
    ("certificate-untrusted", "Rule 'inspect-gateway' on home opened the TLS"),
    ("certificate-wrong-name", "alice: the certificate shown is for another name (certificate-wrong-name)"),
    ("client-kind", "Setting 'kind web' of alice forbids it (client-kind)"),
    ("client-setting", "Setting 'fClientDisableUDP' of alice forbids it (client-setting)"),
    ("configuration-untrusted", "alice: the connection configuration is signed with a key nobody trusts"),
    ("connection-lost", "keep 'down service.regions.west.gateway' at 1500 ms from happening"),
    ("cookie-hash-unknown", "5 cookie-hash-unknown at sh-1"),
    ("cookie-mismatch", "1 cookie-mismatch at sh-1"),
    ("detached", "detached at alice"),
    ("directory-unreachable", "directory dropped"),
    ("established-first", "Transport managed over vpn (UdpUse 1); reason established-first"),
    ("feed-empty", "alice: no desktop is assigned to the user (feed-empty)"),
    ("feed-unreachable", "Rule 'no-https' on home dropped"),
    ("gateway-unreachable", "gateway-west dropped"),
    ("host-policy", "Setting 'directUDP, publicUDP' of sh-1 forbids it (host-policy)"),
    ("host-pool-setting", "Setting 'ManagedPrivateUdp' of the host pool forbids it (host-pool-setting)"),
    ("host-unreachable", "Rule 'only-own-region' (priority 101) on azure dropped"),
    ("inspected", "Rule 'inspect-gateway' on home opened the TLS"),
    ("licensing-failed", "sh-1: no licence was to be had (licensing-failed)"),
    ("link-down", "metro dropped 6 packets: the link was down (link-down)"),
    ("link-loss", "home dropped 11 packets: lost on a link (link-loss)"),
    ("listener-off", "Setting 'fUseUdpPortRedirector' of sh-1 forbids it (listener-off)"),
    ("lost-race", "Why public was given up"),
    ("lowest-round-trip", "Transport public over vpn (UdpUse 2); reason lowest-round-trip"),
    ("machine-down", "keep 'restart hosts.alice' at 10 s from happening"),
    ("mtu-exceeded", "alice dropped 4 packets of pair 2: too big for the link (mtu-exceeded)"),
    ("nat-filtered", "home dropped 7 packets of pair 2: filtered by the NAT (nat-filtered)"),
    ("nat-hairpin-off", "carrier dropped 14 packets: the NAT does not hairpin (nat-hairpin-off)"),
    ("nat-no-mapping", "branch dropped 7 packets of pair 2: the NAT has no mapping (nat-no-mapping)"),
    ("nat-ports-exhausted", "azure dropped 5 packets: the NAT has no port left (nat-ports-exhausted)"),
    ("no-answer", "Rule 'no-inner-udp' on vpn-gateway dropped 4 packets"),
    ("no-candidate-pairs", "Rule 'no-stun' on home dropped"),
    ("no-healthy-host", "Rule 'no-agent' on sh-1 dropped"),
    ("no-relay", "relayed was not tried: there is no relay"),
    (
      "no-route",
      "metro: no route to the destination (no-route); it shows only behind the others (set fUseUdpPortRedirector to 1 on sh-1)"
    ),
    ("no-socket", "printer: nobody listens on this UDP port (no-socket)"),
    ("no-udp-path", "Stays on reverse connect: managed failed (blocked by 'no-inner-udp' on vpn-gateway)"),
    ("node-down", "broker dropped 6 packets: the machine was down (node-down)"),
    ("not-in-connection", "dc dropped 12 packets: a TCP segment of no connection the firewall knows (not-in-connection)"),
    ("not-listening", "not-listening at broker"),
    ("only-direct-path", "Transport public over internet (UdpUse 2); reason only-direct-path"),
    ("only-transport", "Transport managed over vpn (UdpUse 1); reason only-transport"),
    ("other-path-blocked", "the other path was dropped by rule 'no-inner-udp' on vpn-gateway"),
    ("path-lost", "tunnel-down at alice"),
    ("private-link", "Setting 'AllowRDPShortPathWithPrivateLink' of the host pool forbids it (private-link)"),
    ("proxy-authentication-required", "sh-1: the proxy wants credentials, which the agent does not give"),
    ("proxy-idle", "dc-proxy: the proxy closed a quiet tunnel (proxy-idle)"),
    ("proxy-refused", "corp-proxy: the proxy opens no tunnel there (proxy-refused)"),
    ("proxy-unreachable", "Rule 'wrong-port' on office dropped"),
    ("reconnect-failed", "keep 'down networks.home.uplink' at 10 s from happening"),
    ("replaced", "reverse-connect ended abandoned: replaced by Shortpath"),
    ("replayed", "1 replayed at sh-1"),
    ("resumed", "Transport reverse-connect over internet (UdpUse 0); reason resumed"),
    ("rule", "Rule 'deny-udp-out' (priority 100) on azure dropped 21 packets"),
    ("session-ended", "session-ended"),
    ("shortpath-off", "Setting 'SelectTransport' of sh-1 forbids it"),
    ("sign-in-refused", "directory: the sign-in was refused (sign-in-refused)"),
    ("signalling-lost", "Rule 'no-stun' on home dropped"),
    ("tls-version-mismatch", "alice: the two ends have no TLS version in common (tls-version-mismatch)"),
    ("token-expired", "feed: the token had expired (token-expired)"),
    ("too-many-handshakes", "1238 too-many-handshakes at sh-1"),
    ("tunnel-down", "alice dropped 1 packet: the tunnel was down (tunnel-down)"),
    ("udp-connection-failed", "let 'vpn' carry packets of 1400 bytes"),
    ("wrong-source", "1 wrong-source at alice"),
  ]

  static func explanation(_ file: String) throws -> String {
    let run = try Simulator.run(ScenarioReader.read(file: Repository.root.appending(path: file).path()))
    return try run.sessions.map {
      Explanation.text(run, session: $0.ordinal, answers: try Lifting.answers(run, session: $0.ordinal), width: 10_000)
    }.joined()
  }

  @Test("explain names the place of every code that a page shows by a scenario", arguments: places.map(\.code))
  func place(code: String) throws {
    let words = try #require(Self.places.first { $0.code == code }?.words)
    let page = try #require(Codes.page(of: code))
    let text = try Self.explanation(#require(page.scenario))
    #expect(text.contains(code), "\(page.scenario ?? ""): the code is not named")
    #expect(text.contains(words), "\(page.scenario ?? "")")
  }

  @Test("No code with a scenario is left out, and the list is sorted")
  func complete() {
    let shown = Codes.pages.filter { $0.scenario != nil }.map(\.code).sorted()
    #expect(Self.places.map(\.code) == shown)
  }

  @Test("Every page of a failure, a refusal or a drop says where to look: a command, a log, a metric or a tool by its name")
  func confirmable() {
    let tools = [
      "Get-", "Test-", "Find-", "WVD", "log", "Log", "event", "pktmon", "capture", "avdnettest", "tracert", "ping", "openssl",
      "shortpath explain", "portal", "metric", "Service Health", "ipconfig", "client shows", "client warns", "From inside",
      "registry",
      "HKLM", "Network Watcher", "SNAT",
    ]
    let groups = Codes.groups.filter { !$0.name.contains("won") && !$0.name.contains("abandoned") }
    let vague = groups.flatMap(\.pages).filter { page in !tools.contains { page.confirm.contains($0) } }
    #expect(vague.isEmpty, "\(vague.map { "\($0.code): \($0.confirm)" })")
  }
}
