// Changes of settings by their real names or their shorthands: host pool, host policy, client.

extension Scenario {
  /// Sets `host-pool.NAME`, `host-pool.rdp-properties.NAME`, `hosts.X.policy.NAME`, `hosts.X.client.NAME` or a shorthand of these.
  mutating func setSetting(_ parts: [String], _ value: ChangeValue, _ path: String) throws(ChangeError) {
    if parts[0] == "host-pool" {
      let known = parts.count == 2 ? HostPoolSpec.settings : parts[1] == "rdp-properties" ? HostPoolSpec.properties : []
      return try Self.set(&hostPool, known, parts[parts.count - 1], value, path)
    }
    guard let row = hosts.firstIndex(where: { $0.id == parts[1] }) else {
      throw ChangeError("there is no host '\(parts[1])'\(NearestName.hint(parts[1], among: hosts.map(\.id)))")
    }
    let wanted: HostRole = parts[2] == "client" ? .client : .sessionHost
    guard hosts[row].role == wanted else {
      throw ChangeError("'\(path)': only a \(wanted.rawValue) has such settings; '\(parts[1])' is a \(hosts[row].role.rawValue)")
    }
    switch (parts[2], parts[3], value) {
    case ("shortpath", "managed-listener", .flag(let on)): hosts[row].policy.managedListener = on
    case ("shortpath", "public", .flag(let on)): hosts[row].policy.publicNetworks = on
    case ("shortpath", "managed-listener", _), ("shortpath", "public", _): throw ChangeError("'\(path)' takes on or off")
    case ("shortpath", "port", _): try Self.set(&hosts[row].policy, [HostPolicySpec.port], HostPolicySpec.port.name, value, path)
    case ("shortpath", _, _): throw ChangeError("there is no setting '\(path)'; allowed: managed-listener, port, public")
    case ("client", "udp", .flag(let on)): hosts[row].client.udp = on
    case ("client", _, _): try Self.set(&hosts[row].client, ClientSpec.settings, parts[3], value, path)
    default: try Self.set(&hosts[row].policy, HostPolicySpec.settings, parts[3], value, path)
    }
    if let wrong = hosts[row].policy.contradiction { throw ChangeError("'\(path)': \(wrong.message)") }
  }

  private static func set<Owner>(
    _ owner: inout Owner, _ settings: [NamedSetting<Owner>], _ name: String, _ value: ChangeValue, _ path: String
  ) throws(ChangeError) {
    let names = settings.map(\.name)
    guard let setting = settings.first(where: { $0.name == name }) else {
      throw ChangeError(
        "there is no setting '\(path)'\(NearestName.hint(name, among: names)); allowed: \(names.joined(separator: ", "))")
    }
    guard setting.set(&owner, value.text) else {
      throw ChangeError(
        "'\(path)' takes \(setting.allowed); found \(value.text)\(NearestName.hint(value.text, among: setting.words))")
    }
  }
}
