// The lift of a refusal that no packet's end tells: of an account, a licence, a certificate, a TLS version or a proxy.
import ScenarioModel
import Simulation
import SimulationKernel
import Trace
import Wire

extension Lifts {
  func lifts(of failure: ConnectionFailure) -> [Change] {
    let (client, host) = ("hosts.\(session.client)", "hosts.\(session.host)")
    func on(_ path: String) -> Change { .set(path: path, value: .flag(true)) }
    return switch failure.reason {
    case .signInRefused: failure.node == session.host ? [on("\(host).rdp.sign-in")] : [on("\(client).client.account")]
    // 1 h: the default of `token-lifetime`.
    case .tokenExpired: [.set(path: "service.token-lifetime", value: .duration(.seconds(3_600)))]
    case .configurationUntrusted: [on("service.valid-signature")]
    case .feedEmpty: [on("\(client).client.assigned")]
    case .licensingFailed: [on("\(host).rdp.licensed")]
    case .capabilitiesRefused:
      [on("\(client).client.graphics-pipeline"), .set(path: "\(host).rdp.requires-graphics-pipeline", value: .flag(false))]
    case .tlsVersionMismatch: versions
    case .certificateExpired, .certificateUntrusted, .certificateWrongName: certificates(failure.reason)
    case .proxyAuthenticationRequired, .proxyRefused, .proxyIdle: proxies(failure.reason)
    default: []
    }
  }

  /// Whoever speaks nothing as new as the service's TLS 1.2 learns it, or the service speaks that.
  private var versions: [Change] {
    let old = scenario.hosts.filter { [session.client, session.host].contains($0.id) && $0.tls < .tls12 }
    let hosts = old.map { Change.set(path: "\($0.path).tls", value: .word("1.2")) }
    let lowest = scenario.service.tls.lowest > .tls12 ? [Change.set(path: "service.tls.lowest", value: .word("1.2"))] : []
    let highest = scenario.service.tls.highest < .tls12 ? [Change.set(path: "service.tls.highest", value: .word("1.2"))] : []
    return hosts + lowest + highest
  }

  private func certificates(_ reason: Reason) -> [Change] {
    let shown = scenario.service.certificates.map { Change.set(path: "service.certificates.\($0.id)", value: .word("usual")) }
    guard let host = scenario.host(session.host), host.certificate != HostCertificateSpec() else { return shown }
    let words = reason == .certificateUntrusted ? ["self-signed"] : ["usual", "self-signed"]
    return shown + words.map { .set(path: "\(host.path).certificate", value: .word($0)) }
  }

  private func proxies(_ reason: Reason) -> [Change] {
    let used = [session.client, session.host].compactMap { scenario.host($0)?.proxy?.through }
    return used.compactMap(scenario.host).compactMap { proxy in
      let path = "\(proxy.path).forward-proxy"
      return switch reason {
      case .proxyAuthenticationRequired where proxy.forwardProxy.requiresAuthentication:
        .set(path: "\(path).authentication", value: .word("none"))
      case .proxyRefused where proxy.forwardProxy.allows != nil: .set(path: "\(path).allows", value: .word("any"))
      case .proxyIdle where proxy.forwardProxy.idle != nil: .set(path: "\(path).idle", value: .word("unlimited"))
      default: nil
      }
    }
  }
}
