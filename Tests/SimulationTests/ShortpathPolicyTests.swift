// How settings combine, without a world: every combination of a host's policy and its host pool.
import ScenarioModel
import Testing
import Trace
import VirtualDesktop
import Wire

@Suite struct ShortpathPolicyTests {
  private static let switches: [PolicySwitch?] = [nil, .enabled, .disabled]

  /// One kind under every value of what decides it.
  @Test("each kind is judged by SelectTransport, its policy, its property and Private Link, in this order")
  func everyCombination() {
    var seen: Set<String> = []
    for select in [nil, TransportSelection.either, .onlyTCP] {
      for own in Self.switches {
        for property in PoolSwitch.allCases {
          for access in PublicNetworkAccess.allCases {
            for allows in [false, true] {
              var policy = HostPolicySpec()
              policy.selectTransport = select
              policy.managedListener = own == .enabled
              (policy.directUDP, policy.publicUDP, policy.relayUDP) = (own, own, own)
              var pool = HostPoolSpec()
              (pool.managedPrivateUDP, pool.directUDP, pool.publicUDP, pool.relayUDP) = (property, property, property, property)
              pool.publicNetworkAccess = access
              pool.allowsShortpathWithPrivateLink = allows
              let judged = ShortpathPolicy(of: policy, in: pool)
              for (found, names, off) in [
                (judged.managed, ["fUseUdpPortRedirector", "ManagedPrivateUdp"], own != .enabled),
                (judged.direct, ["directUDP", "DirectUdp"], own == .disabled),
                (judged.reflexive, ["publicUDP", "PublicUdp"], own == .disabled),
                (judged.relayed, ["relayUDP", "RelayUdp"], own == .disabled),
              ] {
                let wanted: String? =
                  select == .onlyTCP
                  ? "SelectTransport"
                  : off
                    ? names[0]
                    : property == .disabled
                      ? names[1] : access != .enabled && !allows ? "AllowRDPShortPathWithPrivateLink" : nil
                #expect(found?.setting == wanted)
                if let wanted { seen.insert(wanted) }
              }
            }
          }
        }
      }
    }
    let client = ["kind web", "fClientDisableUDP", "use udp"]
    #expect(seen.union(client) == Set(ShortpathPolicy.forbiddingSettings))
  }

  @Test("one kind's switches leave the others alone")
  func independent() {
    var policy = HostPolicySpec()
    policy.managedListener = true
    let free = ShortpathPolicy(of: policy, in: HostPoolSpec())
    #expect(free == ShortpathPolicy())
    policy.publicUDP = .disabled
    let narrowed = ShortpathPolicy(of: policy, in: HostPoolSpec())
    #expect(narrowed == ShortpathPolicy(reflexive: Forbidden("publicUDP", .hostPolicy)))
    #expect(narrowed.ice == nil && narrowed.narrowing == "publicUDP")
  }

  @Test("ICE is forbidden by two settings, which are both told, with the stronger one's reason")
  func bothNames() {
    var policy = HostPolicySpec()
    policy.publicUDP = .disabled
    var pool = HostPoolSpec()
    pool.directUDP = .disabled
    let judged = ShortpathPolicy(of: policy, in: pool)
    #expect(judged.ice == Forbidden("DirectUdp, publicUDP", .hostPolicy))
    #expect(!judged.offers)
    policy.managedListener = true
    #expect(ShortpathPolicy(of: policy, in: pool).offers)
    policy.selectTransport = .onlyTCP
    #expect(ShortpathPolicy(of: policy, in: pool).ice == Forbidden("SelectTransport", .hostPolicy))
  }

  @Test("the port range travels only when it is enabled, and every restriction is counted")
  func terms() {
    var policy = HostPolicySpec()
    policy.clientPortBase = 40_000
    #expect(ShortpathPolicy(of: policy, in: HostPoolSpec()).terms == ShortpathTerms())
    #expect(ShortpathTerms().encodedLength == 0)
    policy.limitsClientPorts = true
    policy.directUDP = .disabled
    let terms = ShortpathPolicy(of: policy, in: HostPoolSpec()).terms
    #expect(terms.clientPorts == 40_000...40_999)
    #expect(!terms.allowsHost && terms.allowsReflexive)
    #expect(terms.encodedLength == ",\"directUDP\":2,\"clientPorts\":[40000,1000]".utf8.count)
  }
}
