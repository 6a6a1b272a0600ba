// `shortpath test`: runs scenarios, holds each against its committed baseline, and shows where the first difference begins.
import ArgumentParser
import Foundation
import Reports
import ScenarioModel
import Simulation
import Studies

struct TestCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
  enum Level: String, ExpressibleByArgument, CaseIterable { case outcome, `protocol`, trajectory }

  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Hold scenarios against their committed baselines.",
    discussion: """
      Examples:
        shortpath test                                     all of Scenarios
        shortpath test Scenarios/nat --only outcome        what decides is the outcome alone
        shortpath test --ci --junit out.xml --markdown out.md

      A baseline holds a run's outcome, the transcript of every machine and the times, each with a fingerprint. What differs is \
      told in words; where the story differs, the first record that does is shown with its causes. It becomes a pending file for \
      'shortpath review' or 'shortpath accept'. With --ci, or CI=true, nothing is written. The laws of the selection rule, and \
      the scenarios' expectations, must hold whatever the baseline says.

      Exit codes: 0 all as before; 1 something changed, a baseline is missing or belongs to no scenario, or something does not hold.
      """)

  @Argument(
    help: ArgumentHelp("Scenario files, or folders whose .yaml files are run.", valueName: "file-or-folder"),
    completion: .file(extensions: ["yaml"]))
  var paths: [String] = ["Scenarios"]

  @Option(name: .customLong("only"), help: "Which change fails; may be repeated (default: any).")
  var levels: [Level] = []

  @Flag(name: .customLong("ci"), help: "Write no pending files (as with CI=true).")
  var isCI = false

  @Option(help: ArgumentHelp("Also write JUnit XML here.", valueName: "file.xml"))
  var junit: String?

  @Option(help: ArgumentHelp("Also write a summary in Markdown here.", valueName: "file.md"))
  var markdown: String?

  @Option(help: "How to print the results.")
  var format: Format = .text

  @Option(help: ArgumentHelp("Records shown before and after the first divergent one.", valueName: "n"))
  var context = 4

  @Option(help: ArgumentHelp("Scenarios shown in full; of the others one line each.", valueName: "n"))
  var details = 5

  @Option(help: ArgumentHelp("Scenarios run at the same time (default: one per processor).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1.") }
    if context < 0 { throw ValidationError("--context takes a number from 0.") }
    if details < 0 { throw ValidationError("--details takes a number from 0.") }
  }

  func run() async throws {
    let scenarios = try ScenarioFiles.load(paths)
    let inputs = try scenarios.map {
      Regression.Input(name: $0.file, scenario: $0.scenario, baseline: try BaselineFile(scenario: $0.file).text())
    }
    Console.progress("\(inputs.count) scenarios")
    let cases = await Regression.check(
      inputs, context: context, workers: jobs ?? ProcessInfo.processInfo.activeProcessorCount)
    Console.progress("")
    let failing = levels.isEmpty ? Set(BaselineLevel.allCases) : Set(levels.compactMap { BaselineLevel(rawValue: $0.rawValue) })
    let report = RegressionReport(cases, orphans: try orphans(), levels: failing)
    let writes = !isCI && !["true", "1"].contains(ProcessInfo.processInfo.environment["CI"] ?? "")
    let pending = writes ? try keep(cases, failing) : 0
    if let junit { try write(report.junit, to: junit) }
    if let markdown { try write(report.markdown, to: markdown) }
    try Console.print(format == .json ? report.json : report.text(details: details))
    if pending > 0 {
      Console.tell(
        "\(pending) pending: 'shortpath review' shows them, 'shortpath accept --note TEXT' takes them, 'shortpath reject' does not"
      )
    }
    if cases.contains(where: { $0.bug != nil }) { throw Ending.bug.exitCode }
    if !report.succeeded { throw Ending.failed.exitCode }
  }

  /// Baselines of the named folders whose scenario is not there.
  private func orphans() throws -> [String] {
    try BaselineFile.find(BaselineFile.ending, in: paths).filter { !FileManager.default.fileExists(atPath: $0.scenario) }.map(
      \.path)
  }

  /// Keeps what differs as pending, and drops what was pending and does not differ any more. Returns how many there are.
  private func keep(_ cases: [RegressionCase], _ levels: Set<BaselineLevel>) throws -> Int {
    var pending = 0
    for result in cases {
      let file = BaselineFile(scenario: result.name)
      guard let now = result.now else { continue }
      if result.isPending(at: levels) {
        try file.write(pending: now.text)
        pending += 1
      } else {
        try file.dropPending()
      }
    }
    return pending
  }

  private func write(_ text: String, to path: String) throws {
    try OutputFile.write(Array(text.utf8), to: path)
  }
}
