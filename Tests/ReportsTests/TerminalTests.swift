// Colours and widths: what terminals get, and that nothing else changes.
import Reports
import Testing

@Suite("Terminals get colours and lines that fit; everything else gets the plain text")
struct TerminalTests {
  private let report = """
    5-no-udp, session 1
    ===================

    Stays on reverse connect: public failed (blocked by 'no-udp-out' on home).

    client  transport         reason
    ------  ----------------  ------------------------------------------------------------
    alice   reverse-connect   the first of several sentences that do not fit beside the rest
    bob     public            short

      shortpath explain Scenarios/documented/5-no-udp.yaml --set 'lift hosts.vpn-gateway.firewall.rules.no-inner-udp'

    2 runs; all 5 expectations held.

    """

  private func bare(_ text: String) throws -> String { text.replacing(try Regex("\u{1B}\\[[0-9]+m"), with: "") }

  @Test("Colours are for terminals without NO_COLOR that are not dumb")
  func wanted() {
    func wanted(_ onTerminal: Bool, _ more: [String: String]) -> Bool {
      Paint.isWanted(onTerminal: onTerminal, environment: ["TERM": "xterm"].merging(more) { $1 })
    }
    #expect(wanted(true, [:]) && wanted(true, ["NO_COLOR": ""]))
    #expect(!wanted(false, [:]) && !wanted(true, ["NO_COLOR": "1"]) && !wanted(true, ["TERM": "dumb"]))
    #expect(!Paint.isWanted(onTerminal: true, environment: [:]))
  }

  @Test("Headings, verdicts and drops are painted, and without the colours the text is the same")
  func painted() throws {
    let painted = Paint.text(report)
    #expect(try bare(painted) == report)
    #expect(painted.contains("\u{1B}[1m5-no-udp, session 1\u{1B}[0m\n\u{1B}[2m====="))
    #expect(painted.contains("\u{1B}[33mreverse-connect\u{1B}[0m  ") && painted.contains("\u{1B}[31mblocked by\u{1B}[0m"))
    #expect(painted.contains("all 5 \u{1B}[32mexpectations held\u{1B}[0m."))
    #expect(Paint.text("not-reverse-connected dropped-by") == "not-reverse-connected dropped-by")
  }

  @Test("No line but a command is wider than the terminal, and no word is lost", arguments: [20, 33, 40, 60, 79, 80, 120])
  func folded(_ width: Int) {
    let folded = TerminalFold.text(report, width: width)
    for line in folded.split(separator: "\n") {
      #expect(line.count <= width || line.hasPrefix("  shortpath "), "\(line)")
    }
    func letters(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    #expect(letters(folded) == letters(report))
    if width == 120 { #expect(folded == report) }
  }

  @Test("A table is folded between its columns, header and rows alike")
  func table() {
    let text = "client  transport  reason\n------  ---------  ------------\nalice   public     quick enough\n"
    #expect(
      TerminalFold.text(text, width: 22)
        == "client  transport\n    reason\n------  ---------\n    ------------\nalice   public\n    quick enough\n")
  }
}
