// Two axes over the grid of RFC 4787's nine kinds: what a permission hangs on, and which port an answer leaves by; cell by cell.
import NetworkModel
import Simulation
import Studies
import Testing
import Trace
import Wire

@Suite struct NATAxisGridTests {
  /// The nine kinds with an axis changed on both sides.
  private func nine(_ change: (inout TranslationBehaviour) -> Void) -> [NATKind] {
    NATKind.rfc4787.map { kind in
      var kind = kind
      change(&kind.translation!)
      return kind
    }
  }

  private func direct(_ change: (inout TranslationBehaviour) -> Void = { _ in }) async throws -> Set<String> {
    let cells = try await NATMatrix.run(nine(change), workers: 2)
    #expect(cells.allSatisfy { $0.transport == .public || $0.transport == .reverseConnect })
    return Set(cells.filter { $0.transport == .public }.map { "\($0.client) x \($0.host)" })
  }

  /// The two sides of a cell in both orders.
  private func both(_ a: String, _ others: String...) -> Set<String> {
    Set(others.flatMap { ["\(a) x \($0)", "\($0) x \(a)"] })
  }

  /// With the permission on the external port an address-dependent filter on an unstable mapping admits the peer only at the port that
  /// was made for the peer, which nobody has signalled; the signalled one, made for the STUN server, admits that server alone. On the
  /// inside endpoint it admits the peer at the signalled port too, as soon as any packet has gone to the peer's address.
  /// A reference that takes an answer from any port counts 45 and 49: `APDM/ADF` against itself too. Here it stays out, and with it
  /// the three cells around `APDM/EIF`, since an answer must come from the port that was asked (RFC 8445 §7.2.5.2.1).
  @Test("a permission on the inside endpoint moves just the three cells in which two unstable sides filter by address, 42 to 45")
  func permissionScope() async throws {
    let usual = try await direct()
    let wider = try await direct { $0.permissionScope = .insideEndpoint }
    #expect(usual.count == 42 && wider.count == 45 && usual.isSubset(of: wider))
    #expect(wider.subtracting(usual) == both("ADM/ADF", "ADM/ADF", "APDM/ADF"))
  }

  /// What still stands in the way of two mappings that depend on ports, once no filter does.
  @Test("the fourth cell of a permission on the endpoint passes every filter and fails by the answers' source")
  func fourthCell() throws {
    let kind = NATKind.rfc4787[7]
    #expect(kind.name == "APDM/ADF")
    for scope in PermissionScope.allCases {
      let fourth = nine { $0.permissionScope = scope }[7]
      let run = try Simulator.run(NATMatrix.scenario(client: fourth, host: fourth))
      #expect(run.sessions[0].transport == .reverseConnect)
      #expect(run.drops.contains { $0.reason == .wrongSource } == (scope == .insideEndpoint))
    }
  }

  /// With answers by the mapping table, who is let in by an open filter on an unstable mapping is answered from another port than the
  /// one asked. By session he is answered from that very port: his check succeeds whatever his own filter, for he has written to it.
  /// A flow keeps the port of its first packet, whichever way that went: where the open side itself has written first to the very
  /// endpoint that now asks, which is so where a client starts and a stable host asks, it goes on by its own port. A reference in
  /// which the last packet in decides counts 57: these two cells too.
  @Test(
    "answers by session connect the cells in which one side lets anybody in, 42 to 55, but for two in which it has spoken first")
  func answers() async throws {
    let usual = try await direct()
    let sessions = try await direct { $0.answers = .session }
    #expect(sessions.count == 55 && usual.isSubset(of: sessions))
    let open = ["ADM/EIF", "APDM/EIF"]
    // A strict side that the answer's other port was a stranger to: it is the asked port now.
    let strict = ["EIM/APDF", "ADM/APDF", "APDM/APDF"]
    let byFilter = strict.reduce(into: Set<String>()) { $0.formUnion(both($1, open[0], open[1])) }
    // Two that depend on ports: no filter stood in the way, only the answers' source.
    let bySource = both("APDM/EIF", "APDM/EIF", "APDM/ADF")
    #expect(byFilter.count == 12 && bySource.count == 3)
    let spokeFirst = Set(open.map { "\($0) x EIM/APDF" })
    let expected = byFilter.union(bySource).subtracting(spokeFirst)
    let moved = sessions.subtracting(usual)
    #expect(moved == expected, "\(moved.symmetricDifference(expected).sorted())")
  }

  @Test("answers by session on the open side alone are enough")
  func oneSide() async throws {
    let (strict, open) = (NATKind.rfc4787[8], NATKind.rfc4787[6])
    var remembering = open
    remembering.translation!.answers = .session
    var other = strict
    other.translation!.answers = .session
    for (client, host, connects) in [
      (strict, open, false), (strict, remembering, true), (remembering, strict, true), (other, open, false), (open, other, false),
    ] {
      let run = try Simulator.run(NATMatrix.scenario(client: client, host: host))
      #expect((run.sessions[0].transport == .public) == connects, "\(client.name) x \(host.name)")
    }
  }

  /// The error for a check that came too early is a hard one, and fails its pair (RFC 8445 §7.2.5.2.2). The peer's own check brings a
  /// pair back; where none comes, nobody repeats the check that the filter would let in by then.
  @Test("gateways that reject instead of dropping cost just the four cells that wait for a repeated check")
  func rejecting() async throws {
    let usual = try await direct()
    let rejected = try await direct { $0.unsolicited = .reject }
    #expect(rejected.isSubset(of: usual))
    #expect(usual.subtracting(rejected) == Set(["ADM/ADF", "ADM/APDF", "APDM/ADF", "APDM/APDF"].map { "\($0) x EIM/ADF" }))
  }
}
