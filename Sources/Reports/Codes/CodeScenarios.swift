// Which scenario file shows a code happen: where to look at it with one's own eyes.
import Trace

extension CodePage {
  /// The scenario file, from the repository's root, whose result has this code; `nil` where none can, or none does yet.
  public var scenario: String? {
    let name = Self.scenarios.first { $0.code == code }?.file
    return name.map { "Scenarios/\($0).yaml" }
  }

  /// By code, sorted.
  static let scenarios: [(code: String, file: String)] = [
    ("address-lost", "recovery/roam-while-connecting"),
    ("all-pairs-failed", "documented/5-no-udp"),
    ("broker-unavailable", "failures/broker-down"),
    ("capabilities-refused", "failures/capabilities-refused"),
    ("certificate-expired", "failures/gateway-certificate-expired"),
    ("certificate-untrusted", "failures/gateway-certificate-intercepted"),
    ("certificate-wrong-name", "failures/gateway-certificate-wrong-name"),
    ("configuration-untrusted", "failures/configuration-signature"),
    ("connection-lost", "failures/gateway-killed-before-switch"),
    ("detached", "recovery/roam-to-other-transport"),
    ("directory-unreachable", "failures/directory-unreachable"),
    ("feed-empty", "failures/feed-empty"),
    ("feed-unreachable", "failures/feed-unreachable"),
    ("gateway-unreachable", "failures/gateway-unreachable"),
    ("host-unreachable", "failures/host-cannot-reach-gateway"),
    ("licensing-failed", "failures/licensing-failed"),
    ("machine-down", "failures/client-restarted"),
    ("no-answer", "documented/5-no-udp"),
    ("no-candidate-pairs", "failures/no-candidates"),
    ("no-healthy-host", "failures/no-healthy-host"),
    ("not-in-connection", "firewall/tcp-idle-below-heartbeat"),
    ("path-lost", "failures/vpn-dies"),
    ("proxy-authentication-required", "firewall/proxy-wants-authentication"),
    ("proxy-idle", "firewall/proxy-closes-quiet-tunnels"),
    ("proxy-refused", "firewall/proxy-refuses-gateway"),
    ("proxy-unreachable", "firewall/proxy-unreachable"),
    ("reconnect-failed", "recovery/reconnect-gives-up"),
    ("sign-in-refused", "failures/sign-in-refused"),
    ("signalling-lost", "failures/signalling-lost"),
    ("tls-version-mismatch", "failures/tls-version-mismatch-client"),
    ("token-expired", "failures/token-expired"),
    ("tunnel-down", "recovery/vpn-down-before"),
    ("udp-connection-failed", "failures/path-too-narrow"),
  ]
}
