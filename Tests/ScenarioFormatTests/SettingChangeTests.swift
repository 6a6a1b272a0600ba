// Settings changed by `--set`, under their real names and their shorthands.
import ScenarioFormat
import ScenarioModel
import Testing

@Suite("Settings change by their names")
struct SettingChangeTests {
  private func changed(_ change: String) throws -> Scenario {
    var changed = try scenario(fullExample).applying(ChangeReader.parse(change))
    changed.origins = [:]
    return changed
  }

  @Test("Every setting takes its other values, and the scenario written out keeps them")
  func everySetting() throws {
    let before = try scenario(fullExample)
    let pool = HostPoolSpec.settings.map { ("host-pool.\($0.name)", $0.words, $0.text(before.hostPool)) }
    let properties = HostPoolSpec.properties.map { ("host-pool.rdp-properties.\($0.name)", $0.words, $0.text(before.hostPool)) }
    let policies = HostPolicySpec.settings.map {
      ("hosts.sh-2.policy.\($0.name)", $0.words, $0.text(before.host("sh-2")!.policy))
    }
    let client = ClientSpec.settings.map { ("hosts.bob.client.\($0.name)", $0.words, $0.text(before.host("bob")!.client)) }
    for (path, words, old) in pool + properties + policies + client {
      for value in words.isEmpty ? ["5000"] : words {
        let after = try changed("\(path)=\(value)")
        #expect((after == before) == (value == old), "\(path)=\(value)")
        var again = try scenario(ScenarioWriter.resolved(after))
        again.id = after.id
        #expect(again == after, "\(path)=\(value)")
      }
    }
  }

  @Test("A shorthand and the real names it stands for change the same")
  func shorthands() throws {
    #expect(try changed("hosts.sh-2.shortpath.managed-listener=off") == changed("hosts.sh-2.policy.fUseUdpPortRedirector=0"))
    #expect(try changed("hosts.sh-2.shortpath.port=5000") == changed("hosts.sh-2.policy.UdpRedirectorPort=5000"))
    #expect(try changed("hosts.bob.client.udp=on") == changed("hosts.bob.client.fClientDisableUDP=0"))
    let off = try changed("hosts.sh-2.shortpath.public=off").host("sh-2")!.policy
    #expect(off.directUDP == .disabled && off.publicUDP == .disabled)
  }

  @Test(
    "What does not fit is refused with what does",
    arguments: [
      (
        "host-pool.PublicUdp=disabled",
        "'host-pool.PublicUdp' takes one of Default, Enabled, Disabled; found disabled (did you mean 'Disabled'?)"
      ),
      (
        "host-pool.PublicUpd=Disabled",
        "there is no setting 'host-pool.PublicUpd' (did you mean 'PublicUdp'?); allowed: ManagedPrivateUdp, DirectUdp, "
          + "PublicUdp, RelayUdp, PublicNetworkAccess, AllowRDPShortPathWithPrivateLink"
      ),
      (
        "hosts.sh-2.policy.directUDP=0",
        "'hosts.sh-2.policy.directUDP' takes one of 1, 2, not-configured; found 0"
      ),
      (
        "hosts.sh-2.policy.ICEClientPortRange=20000",
        "'hosts.sh-2.policy.ICEClientPortRange': 20000 ports from ICEClientPortBase 40000 end at 59999; "
          + "the last one allowed is 49151"
      ),
      (
        "hosts.bob.policy.directUDP=2",
        "'hosts.bob.policy.directUDP': only a session-host has such settings; 'bob' is a client"
      ),
      (
        "hosts.sh-9.policy.directUDP=2",
        "there is no host 'sh-9' (did you mean 'sh-1'?)"
      ),
      (
        "hosts.sh-2.shortpath.public=2",
        "'hosts.sh-2.shortpath.public': expected on or off; found '2'"
      ),
      (
        "hosts.sh-2.shortpath.udp=on",
        "there is no setting 'hosts.sh-2.shortpath.udp'; allowed: managed-listener, port, public"
      ),
    ])
  func refused(_ text: String, _ message: String) throws {
    let example = try scenario(fullExample)
    #expect(throws: ChangeError(message)) { try example.applying(ChangeReader.parse(text)) }
  }
}
