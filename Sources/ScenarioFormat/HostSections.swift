// hosts, service, host-pool and timing: who takes part, and for how long.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

extension HostSpec {
  /// Reads one entry of `hosts`.
  static func read(_ id: String, _ cursor: Cursor) -> HostSpec {
    var spec = HostSpec(id: id, role: .idle, network: "")
    let whole: Void? = cursor.map("a host") { map in
      map.label(into: &spec.label)
      spec.role = map.require("role") { $0.word(Vocabulary.roles) } ?? .idle
      spec.network = map.require("network") { $0.name("a network") } ?? ""
      map.read("address", into: &spec.address) { $0.optional("auto") { $0.address() } }
      map.read("address6", into: &spec.address6) { $0.optional("auto") { $0.address() } }
      map.read("firewall", into: &spec.firewall) { $0.firewall(instead: nil) }
      map["policy"]?.map("a session host's policy") { $0.read(HostPolicySpec.settings, of: &spec.policy) }
      map["shortpath"]?.map("a host's shortpath") { short in
        short.shorthand("managed-listener", of: ["policy.fUseUdpPortRedirector"], in: map) {
          $0.flag().map { spec.policy.managedListener = $0 }
        }
        short.shorthand("port", of: ["policy.UdpRedirectorPort"], in: map) { $0.read(HostPolicySpec.port, of: &spec.policy) }
        short.shorthand("public", of: ["policy.directUDP", "policy.publicUDP"], in: map) {
          $0.flag().map { spec.policy.publicNetworks = $0 }
        }
      }
      map["client"]?.map("a host's client") { client in
        client.read(ClientSpec.settings, of: &spec.client)
        client.shorthand("udp", of: ["client.fClientDisableUDP"], in: map) { $0.flag().map { spec.client.udp = $0 } }
        client.read("account", into: &spec.client.account) { $0.flag() }
        client.read("assigned", into: &spec.client.assigned) { $0.flag() }
        client.read("graphics-pipeline", into: &spec.client.graphicsPipeline) { $0.flag() }
        client.read("reconnect", into: &spec.client.reconnect) { $0.flag() }
      }
      map["rdp"]?.map("a host's rdp") { map in
        map.read("sign-in", into: &spec.rdp.signIn) { $0.flag() }
        map.read("licensed", into: &spec.rdp.licensed) { $0.flag() }
        map.read("requires-graphics-pipeline", into: &spec.rdp.requiresGraphicsPipeline) { $0.flag() }
      }
      map.security(into: &spec)
      map.proxies(into: &spec)
    }
    if whole == nil { cursor.reading.leaveOut("\(cursor.path).role") }
    return spec
  }
}

extension ServiceSpec {
  static func read(_ cursor: Cursor) -> ServiceSpec? {
    cursor.map("the service") { map in
      var spec = ServiceSpec()
      map.read("regions", into: &spec.regions) { $0.entries { RegionSpec.read($0, $1) } }
      map.read("directory", into: &spec.directory) { $0.optional("auto") { $0.name("a region") } }
      map.read("feed", into: &spec.feed) { $0.optional("auto") { $0.name("a region") } }
      map.read("broker", into: &spec.broker) { $0.optional("auto") { $0.name("a region") } }
      map.read("stun", into: &spec.stun) { $0.optional("auto") { $0.name("a region") } }
      map.read("token-lifetime", into: &spec.tokenLifetime) { $0.duration() }
      map.read("reverse-connect", into: &spec.reverseConnect) { $0.word(Vocabulary.eras) }
      map.read("valid-signature", into: &spec.validSignature) { $0.flag() }
      map.security(into: &spec)
      return spec
    }
  }
}

extension RegionSpec {
  static func read(_ id: String, _ cursor: Cursor) -> RegionSpec {
    var spec = RegionSpec(id: id, at: "")
    cursor.map("a region") { map -> Void? in
      map.label(into: &spec.label)
      spec.at = map.require("at") { $0.name("a network") } ?? ""
      map.link(into: &spec.link, there: "up", back: "down")
    }
    return spec
  }
}

extension HostPoolSpec {
  static func read(_ cursor: Cursor) -> HostPoolSpec? {
    cursor.map("the host pool") { map in
      var spec = HostPoolSpec()
      map.read(HostPoolSpec.settings, of: &spec)
      map["rdp-properties"]?.map("the pool's RDP properties") { $0.read(HostPoolSpec.properties, of: &spec) }
      return spec
    }
  }
}

extension TimingSpec {
  static func read(_ cursor: Cursor) -> TimingSpec? {
    cursor.map("timing") { map in
      var spec = TimingSpec()
      map.read("duration", into: &spec.duration) { $0.optional("unlimited") { $0.duration() } }
      map.read("linger", into: &spec.linger) { $0.duration() }
      map.read("selection-window", into: &spec.selectionWindow) { $0.duration() }
      map.read("gathering-limit", into: &spec.gatheringLimit) { $0.duration() }
      map.read("peer-reflexive", into: &spec.peerReflexive) { $0.flag() }
      map.read("udp-keep-alive", into: &spec.udpKeepAlive) { $0.duration() }
      map.read("udp-silence", into: &spec.udpSilence) { $0.duration() }
      map.read("maximum-events", into: &spec.maximumEvents) { $0.integer(1...UInt64.max) }
      return spec
    }
  }
}
