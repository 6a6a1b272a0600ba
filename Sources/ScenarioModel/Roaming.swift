// Hosts that go from one network to another while the world runs.
import NetworkModel

extension Scenario {
  /// What stands for the network of a host that is in none.
  public static let nowhere = "none"

  /// The host whose network `path` names.
  public static func roamer(_ path: String) -> String? {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return parts.count == 3 && parts[0] == "hosts" && parts[2] == "network" ? parts[1] : nil
  }

  /// The networks that events take a host to, beside the one it begins in, sorted.
  public func visits(of host: String) -> [String] {
    let home = self.host(host)?.network
    let named = events.compactMap { event -> String? in
      guard case .set(let path, .word(let network)) = event.change, Self.roamer(path) == host else { return nil }
      return network == home || network == Self.nowhere ? nil : network
    }
    return Set(named).sorted()
  }

  /// Puts a host into another network before the world begins. An address it was given belongs to the old one.
  mutating func move(_ host: String, to value: ChangeValue, _ path: String) throws(ChangeError) {
    guard let row = hosts.firstIndex(where: { $0.id == host }) else {
      throw ChangeError("there is no host '\(host)'\(NearestName.hint(host, among: hosts.map(\.id)))")
    }
    let known = networks.map(\.id)
    guard known.contains(value.text) else {
      let hint = NearestName.hint(value.text, among: known)
      throw ChangeError("'\(path)': there is no network '\(value.text)'\(hint); known: \(known.joined(separator: ", "))")
    }
    guard hosts[row].network != value.text else { return }
    hosts[row].network = value.text
    hosts[row].address = nil
    hosts[row].address6 = nil
  }

  /// Checks that a host may roam as an event says.
  func checkRoaming(_ host: String, to value: ChangeValue, _ path: String) throws(ChangeError) {
    if value != .word(Self.nowhere) { _ = try applying(.set(path: path, value: value)) }
    guard let role = self.host(host)?.role else {
      throw ChangeError("there is no host '\(host)'\(NearestName.hint(host, among: hosts.map(\.id)))")
    }
    if role != .client, role != .idle {
      throw ChangeError("'\(path)': a client or an idle host can roam while the world runs; '\(host)' is a \(role.rawValue)")
    }
  }
}
