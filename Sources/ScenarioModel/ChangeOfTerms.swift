// Changes of the terms on which sessions are let in: accounts, licences, certificates, TLS versions, and what proxies allow.
import SimulationKernel
import Wire

extension Scenario {
  /// Sets a term of a host or the service by the path a scenario writes it at; false when the path names none.
  mutating func setTerm(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) -> Bool {
    if parts[0] == "service" { return try setServiceTerm(parts, value, path) }
    guard parts[0] == "hosts", parts.count > 2, let row = hosts.firstIndex(where: { $0.id == parts[1] }) else { return false }
    switch (parts[2], parts.count == 4 ? parts[3] : "") {
    case ("client", "account"): hosts[row].client.account = try Self.flag(value, path)
    case ("client", "assigned"): hosts[row].client.assigned = try Self.flag(value, path)
    case ("client", "graphics-pipeline"): hosts[row].client.graphicsPipeline = try Self.flag(value, path)
    case ("client", "reconnect"): hosts[row].client.reconnect = try Self.flag(value, path)
    case ("rdp", "sign-in"): hosts[row].rdp.signIn = try Self.flag(value, path)
    case ("rdp", "licensed"): hosts[row].rdp.licensed = try Self.flag(value, path)
    case ("rdp", "requires-graphics-pipeline"): hosts[row].rdp.requiresGraphicsPipeline = try Self.flag(value, path)
    case ("tls", ""): hosts[row].tls = try Self.version(value, path)
    case ("certificate", ""):
      // The issuer stays: its name may stand in others' lists.
      let isUsual = value.text == "usual"
      if !isUsual {
        guard value.text == "self-signed" else { throw ChangeError("'\(path)' takes usual or self-signed; found \(value.text)") }
        hosts[row].certificate.kind = .selfSigned
      }
      (hosts[row].certificate.certificate.expired, hosts[row].certificate.certificate.name) = (false, nil)
    case ("forward-proxy", "allows"):
      try Self.only("any", value, path)
      hosts[row].forwardProxy.allows = nil
    case ("forward-proxy", "authentication"):
      try Self.only("none", value, path)
      hosts[row].forwardProxy.requiresAuthentication = false
    case ("forward-proxy", "idle"):
      if case .duration(let time) = value {
        hosts[row].forwardProxy.idle = time
      } else {
        try Self.only("unlimited", value, path)
        hosts[row].forwardProxy.idle = nil
      }
    default: return false
    }
    return true
  }

  private mutating func setServiceTerm(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) -> Bool {
    switch (parts.count > 1 ? parts[1] : "", parts.count > 2 ? parts[2] : "") {
    case ("token-lifetime", ""):
      guard case .duration(let time) = value else { throw ChangeError("'\(path)' takes a duration; found \(value.text)") }
      service.tokenLifetime = time
    case ("valid-signature", ""): service.validSignature = try Self.flag(value, path)
    case ("certificates", let node) where !node.isEmpty:
      try Self.only("usual", value, path)
      service.certificates.removeAll { $0.id == node }
    case ("tls", "lowest"): service.tls.lowest = try Self.version(value, path)
    case ("tls", "highest"): service.tls.highest = try Self.version(value, path)
    default: return false
    }
    return true
  }

  private static func flag(_ value: ChangeValue, _ path: String) throws(ChangeError) -> Bool {
    guard case .flag(let on) = value else { throw ChangeError("'\(path)' takes on or off; found \(value.text)") }
    return on
  }

  private static func only(_ word: String, _ value: ChangeValue, _ path: String) throws(ChangeError) {
    guard value.text == word else { throw ChangeError("'\(path)' takes \(word); found \(value.text)") }
  }

  private static func version(_ value: ChangeValue, _ path: String) throws(ChangeError) -> TLSVersion {
    switch value.text {
    case "1.0": .tls10
    case "1.1": .tls11
    case "1.2": .tls12
    case "1.3": .tls13
    default: throw ChangeError("'\(path)' takes 1.0, 1.1, 1.2 or 1.3; found \(value.text)")
    }
  }
}
