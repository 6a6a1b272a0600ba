// The NAT matrix in its three forms: the committed grid of RFC 4787's nine kinds, JSON by the command line's contract, and CSV.
import Foundation
import Reports
import Simulation
import Studies
import Testing
import Trace
import Wire

@Suite struct MatrixReportTests {
  private static let snapshots = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Snapshots")

  @Test(
    "the grids of RFC 4787's nine kinds and of all presets are the committed ones, transports, times and reasons",
    arguments: [("rfc4787", "nat-9x9.txt"), ("presets", "nat-presets.txt")])
  func snapshot(kinds: String, file: String) async throws {
    let text = MatrixReport.text(try await NATMatrix.run(NATKind.named(kinds), workers: 2))
    let committed = try String(contentsOf: Self.snapshots.appending(path: file), encoding: .utf8)
    #expect(text == committed, "if the change is meant: shortpath matrix --kinds \(kinds) >Tests/Snapshots/\(file)")
  }

  private let kinds = try! NATKind.named("public,symmetric,udp-blocked")

  @Test("JSON begins each cell with the five keys of the contract and says null where there is nothing")
  func json() async throws {
    let cells = try await NATMatrix.run(kinds)
    let text = MatrixReport.json(cells)
    #expect(
      text.hasPrefix("{\n  \"cells\": [\n    {\"client_nat\": \"public\", \"host_nat\": \"public\", \"transport\": \"public\", "))
    let parsed = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])
    let rows = try #require(parsed["cells"])
    #expect(rows.count == 9 && parsed.count == 1)
    #expect(rows.map { $0["client_nat"] as? String } == cells.map(\.client))
    #expect(rows.map { $0["host_nat"] as? String } == cells.map(\.host))
    #expect(rows.map { $0["transport"] as? String } == cells.map { $0.transport?.name })
    #expect(rows.map { $0["reason"] as? String } == cells.map(\.reason.code))
    #expect(rows.allSatisfy { ($0["connected_ms"] as? Double ?? 0) > 0 })
    #expect(rows[8]["switched_ms"] is NSNull && rows[8]["rule"] as? String == "no-udp" && rows[0]["rule"] is NSNull)
    #expect(text == MatrixReport.json(try await NATMatrix.run(kinds, workers: 4)))
  }

  @Test(
    "CSV has JSON's keys as its header, a line for each cell, quotes where a field needs them, and nothing where there is nothing"
  )
  func csv() async throws {
    var cells = try await NATMatrix.run(kinds)
    cells[0].sentence = "plain, and \"quoted\""
    let lines = MatrixReport.csv(cells).components(separatedBy: "\r\n")
    #expect(lines[0] == "client_nat,host_nat,transport,reason,connected_ms,switched_ms,rtt_ms,route,node,rule,drop,sentence")
    #expect(lines.count == 11 && lines[10].isEmpty)
    #expect(lines[1].hasSuffix(",internet,,,,\"plain, and \"\"quoted\"\"\""))
    #expect(
      lines[9].hasPrefix("udp-blocked,udp-blocked,reverse-connect,no-udp-path,799.700000,,50.600000,internet,host-side,no-udp,"))
  }

  @Test("text says what each letter means, counts direct cells, and names what stopped the others")
  func text() async throws {
    let text = MatrixReport.text(try await NATMatrix.run(kinds))
    #expect(text.contains("P public, . reverse-connect.") && text.hasSuffix("9 cells, 3 direct.\n"))
    #expect(text.contains("rule 'no-udp' on client-side") && text.contains("nat-filtered on host-side"))
  }
}
