// Who reaches whom, by packets: the published table of the classic kinds, the rules behind RFC 4787's nine, and what moves a cell.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Testing
import Trace
import Wire

@Suite struct NATMatrixTests {
  /// A line for each client: `Y` direct, `.` on reverse connect.
  private func grid(_ cells: [NATMatrix.Cell], width: Int) -> [String] {
    stride(from: 0, to: cells.count, by: width).map { start in
      String(cells[start..<(start + width)].map { $0.transport == .public ? "Y" : $0.transport == .reverseConnect ? "." : "?" })
    }
  }

  private func matrix(_ kinds: [NATKind], _ change: (inout Scenario) -> Void = { _ in }) async throws -> [NATMatrix.Cell] {
    var base = NATMatrix.base
    change(&base)
    return try await NATMatrix.run(kinds, base: base, workers: 2)
  }

  private let nine = NATKind.rfc4787

  @Test("the classic 7 x 7 table comes out cell by cell; what only port prediction would connect stays on reverse connect")
  func classic() async throws {
    let cells = try await matrix(NATKind.classic)
    #expect(NATKind.classic.map(\.name).joined(separator: " ").hasPrefix("public full-cone restricted-cone port-restricted-cone"))
    #expect(
      grid(cells, width: 7) == ["YYYYYY.", "YYYYYY.", "YYYYYY.", "YYYY...", "YYY....", "YYY....", "......."])
  }

  @Test("with peer-reflexive learning off the classic table is the naive one")
  func naive() async throws {
    let cells = try await matrix(NATKind.classic) { $0.timing.peerReflexive = false }
    #expect(
      grid(cells, width: 7) == ["YYYY...", "YYYY...", "YYYY...", "YYYY...", ".......", ".......", "......."])
  }

  @Test("with peer-reflexive learning off exactly the stable mappings among themselves connect, 9 of 81")
  func naiveNine() async throws {
    let cells = try await matrix(nine) { $0.timing.peerReflexive = false }
    let direct = cells.filter { $0.transport == .public }
    #expect(direct.count == 9 && direct.allSatisfy { $0.client.hasPrefix("EIM") && $0.host.hasPrefix("EIM") })
  }

  /// Two stable mappings always; one, unless the stable side filters by port; none, only if a side lets strangers in at its STUN-time
  /// port and the other's filter does not look at ports. Two that depend on ports never: a check to port y leaves from a port x that
  /// is made for it, and its answer, which must come from y (RFC 8445 §7.2.5.2.1), leaves from the port that is made for x. For both
  /// to be each other's, each would have to be known before the other was made.
  private func connects(_ a: TranslationBehaviour, _ b: TranslationBehaviour) -> Bool {
    let stable = [a, b].filter { $0.mapping == .endpointIndependent }
    if stable.count == 2 { return true }
    if let one = stable.first { return one.filtering != .addressAndPortDependent }
    return [a, b].contains { $0.filtering == .endpointIndependent } && [a, b].contains { $0.mapping == .addressDependent }
      && [a, b].allSatisfy { $0.filtering != .addressAndPortDependent }
  }

  @Test("the nine kinds of RFC 4787 connect as the rules say, 42 of 81, the same with the sides exchanged")
  func nineKinds() async throws {
    let cells = try await matrix(nine)
    #expect(cells.count == 81 && cells.count { $0.transport == .public } == 42)
    for (row, cell) in cells.enumerated() {
      let (client, host) = (nine[row / 9].translation!, nine[row % 9].translation!)
      #expect((cell.transport == .public) == connects(client, host), "\(cell.client) x \(cell.host): \(cell.sentence)")
      #expect(cell.transport == cells[row % 9 * 9 + row / 9].transport)
    }
  }

  @Test("two mappings that depend on ports fail though no filter drops a packet: every answer comes from a port nobody asked")
  func endlessPorts() async throws {
    let kind = try NATKind.named("APDM/EIF")[0]
    let run = try Simulator.run(NATMatrix.scenario(client: kind, host: kind))
    #expect(run.sessions[0].transport == .reverseConnect)
    #expect(run.drops.filter { $0.reason == .natFiltered || $0.reason == .natNoMapping }.isEmpty)
    #expect(run.sessions[0].attempts.first { $0.transport == .public }?.mainBlocker?.reason == .wrongSource)
    // 32: the bound on remote candidates ends the chain of new ports.
    #expect(run.sessions[0].pairs.count { $0.owner == "client" } == 32)
  }

  @Test("one worker and three give the same cells in the same order, and so does a second run")
  func workers() async throws {
    let alone = try await NATMatrix.run(NATKind.classic, workers: 1)
    #expect(alone == (try await NATMatrix.run(NATKind.classic, workers: 3)))
    #expect(alone == (try await NATMatrix.run(NATKind.classic, workers: 64)))
    #expect(alone.map(\.client) == NATKind.classic.flatMap { [String](repeating: $0.name, count: 7) })
  }

  @Test("renaming a preset changes nothing; changing one axis of it does")
  func renaming() async throws {
    let kinds = [NATKind("port-restricted-cone", .portRestrictedCone), NATKind("symmetric", .symmetric)]
    let usual = try await matrix(kinds)
    let renamed = try await matrix([NATKind("wren", .portRestrictedCone), NATKind("owl", .symmetric)])
    #expect(renamed.map(\.transport) == usual.map(\.transport) && renamed.map(\.switched) == usual.map(\.switched))
    var wider = kinds
    wider[0].translation?.filtering = .addressDependent
    #expect(grid(usual, width: 2) == ["Y.", ".."])
    #expect(grid(try await matrix(wider), width: 2) == ["YY", "Y."])
  }

  @Test("every preset has its row and column, and a preset comes with its own firewall")
  func presets() async throws {
    #expect(NATKind.presets.map(\.name) == TranslationBehaviour.presets.map(\.name))
    let cell = try await matrix(NATKind.named("azure-public-ip,symmetric"))[1]
    #expect(cell.transport == .reverseConnect && cell.blocker?.rule == "DenyAllInBound", "\(cell.sentence)")
  }

  @Test("every cell is a scenario that a file could hold")
  func valid() {
    for kind in NATKind.classic + NATKind.presets {
      #expect(NATMatrix.scenario(client: kind, host: kind).problems().isEmpty, "\(kind.name)")
    }
  }

  @Test("lists name kinds and groups, each kind once; a wrong name is told with the nearest and with all")
  func names() throws {
    #expect(try NATKind.named("symmetric, EIM/APDF,home-router").map(\.name) == ["symmetric", "EIM/APDF", "home-router"])
    #expect(try NATKind.named("public,classic").map(\.name).prefix(2) == ["public", "full-cone"])
    #expect(try NATKind.named("classic,presets").count { $0.name == "symmetric" } == 1)
    #expect(nine.map(\.name).prefix(4) == ["EIM/EIF", "EIM/ADF", "EIM/APDF", "ADM/EIF"])
    for (wrong, words) in [
      ("symetric", "did you mean 'symmetric'?"), ("clasic", "did you mean 'classic'?"), ("", "no NAT kind ''"),
      ("symmetric,x", "no NAT kind 'x'; groups: classic, rfc4787, presets; kinds: public, full-cone"),
    ] {
      let error = #expect(throws: NATKindError.self) { try NATKind.named(wrong) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
  }
}
