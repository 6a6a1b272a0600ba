// `shortpath explain`: runs one scenario and tells why its sessions took their paths.
import ArgumentParser
import Reports
import ScenarioModel
import Simulation
import Studies

struct ExplainCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, markdown, mermaid }

  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain a session: why it took its path, what stopped the others, and what would make them work.",
    discussion: """
      Examples:
        shortpath explain FILE
        shortpath explain FILE --session 2 --format markdown
        shortpath explain FILE --session 1 --format mermaid
        shortpath explain FILE --set hosts.sh-1.shortpath.public=off

      What would make an attempt work is found by running the scenario again, under the same luck, with rules lifted, settings allowed and
      events undone: minimal sets, each member of which is needed. An attempt counts as working when the session is on it in the end while
      the other kind of Shortpath is switched off. Nothing is stored: the same scenario and seed give the same run again.
      """)

  @Argument(help: "A scenario file.", completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: ArgumentHelp("The session's number in the scenario, from 1 (default: all).", valueName: "n"))
  var session: Int?

  @Option(help: "How to print the explanation.")
  var format: Format = .text

  @OptionGroup var options: RunOptions

  @OptionGroup var captures: CaptureOptions

  func run() throws {
    let loaded = try ScenarioFiles.one(file, changes: options.changes, command: "explain")
    let known = loaded.scenario.sessions.indices.map { $0 + 1 }
    if known.isEmpty { throw Console.stop(.badScenario, "\(file): the scenario has no sessions to explain") }
    try ScenarioFiles.check(session, of: loaded)
    try captures.check(beside: [loaded.file])
    let blueprint = Blueprint(loaded.scenario)
    let tap = captures.tap(on: blueprint, seed: options.seed)
    let run = try RunCommand.simulate(loaded, blueprint, seed: options.seed, tap: tap)
    try captures.write(tap, of: run, isOneOf: false)
    let wanted = session.map { [$0] } ?? known
    switch format {
    case .json:
      try Console.print(ExplanationJSON.text(run, sessions: wanted, answers: try wanted.flatMap { try answers(run, $0) }))
    case .text: try Console.show(try words(run, wanted, .text))
    case .markdown: try Console.print(try words(run, wanted, .markdown))
    case .mermaid:
      guard wanted.count == 1 else {
        throw Console.stop(.usage, "\(file): a diagram shows one session; say which with --session 1 to \(known.count)")
      }
      try Console.print(MermaidDiagram.text(run, session: wanted[0]))
    }
  }

  private func answers(_ run: RunResult, _ session: Int) throws -> [BlockerAnswer] {
    do { return try Lifting.answers(run, session: session) } catch { throw Console.stop(.bug, "\(file): \(error)") }
  }

  private func words(_ run: RunResult, _ sessions: [Int], _ format: ReportFormat) throws -> String {
    // 120: as wide as a page is where stdout is no terminal (*assumed*).
    try sessions.map {
      Explanation.text(
        run, session: $0, answers: try answers(run, $0), file: file + options.words, format: format, width: Console.width ?? 120)
    }.joined(separator: "\n")
  }
}
