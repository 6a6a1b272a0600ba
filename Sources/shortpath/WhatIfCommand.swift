// `shortpath whatif`: what changes would move, for every session, and which changes would reach a goal.
import ArgumentParser
import Foundation
import Reports
import ScenarioFormat
import ScenarioModel
import Simulation
import Studies

struct WhatIfCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  static let configuration = CommandConfiguration(
    commandName: "whatif",
    abstract: "What would be different with changes, or which changes reach a goal; the luck stays the same.",
    discussion: """
      Examples:
        shortpath whatif FILE --set networks.home.nat=symmetric
        shortpath whatif FILE --set 'lift networks.azure.firewall.rules.deny-udp-out' --session 1
        shortpath whatif FILE --fix 'session 1 transport public'
        shortpath whatif FILE --fix 'session 1 route vpn within 2 s' --limit 300

      Only what differs is printed; --session says whom the changes are meant for, and what happens to others is a side effect. A goal
      has transport, route, reason and within, as expectations have. Single changes are tried first, then pairs of those that an
      administrator can make, then what lifting blockers finds. Exit code 1: no change was found that reaches the goal.
      """)

  @Argument(help: "A scenario file.", completion: .file(extensions: ["yaml"]))
  var file: String

  @OptionGroup var options: RunOptions

  @Option(help: ArgumentHelp("A session the changes are meant for. May be repeated.", valueName: "n"))
  var session: [Int] = []

  @Option(help: ArgumentHelp("A goal to search changes for, as in 'session 1 transport public'.", valueName: "goal"))
  var fix: String?

  @Option(help: ArgumentHelp("How many runs the search may take.", valueName: "n"))
  var limit = 1_000

  @Option(help: ArgumentHelp("Runs at the same time (default: one per processor).", valueName: "n"))
  var jobs: Int?

  @Option(help: "How to print the answer.")
  var format: Format = .text

  func validate() throws {
    if options.changes.isEmpty, fix == nil {
      throw ValidationError("Say what to change with --set path=value, or what to reach with --fix 'session 1 transport public'.")
    }
    if fix != nil, !session.isEmpty { throw ValidationError("--fix names its session itself; leave --session out.") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1.") }
    if limit < 1 { throw ValidationError("--limit takes a number from 1.") }
  }

  func run() async throws {
    let loaded = try ScenarioFiles.one(file, changes: [], command: "whatif")
    for number in session { try ScenarioFiles.check(number, of: loaded) }
    let changes = try options.changes.map(ScenarioFiles.parse)
    let changed = try ScenarioFiles.changed(loaded, by: changes, "--set")
    if let fix { return try await search(fix, in: changed) }
    let answer: WhatIf
    do { answer = try WhatIf.run(loaded.scenario, with: changes, seed: options.seed, intended: session) } catch {
      throw Console.stop(.bug, "\(file): \(error). This is a bug of shortpath; please report it with the file.")
    }
    // 120: as wide as a page is where stdout is no terminal (*assumed*).
    try Console.print(format == .json ? WhatIfReport.json(answer) : WhatIfReport.text(answer, width: Console.width ?? 120))
    if answer.places.contains(where: { $0.after.transport == "undecided" }) { throw Ending.failed.exitCode }
  }

  private func search(_ text: String, in scenario: Scenario) async throws {
    let goal: Expectation
    do { goal = try GoalReader.parse(text, of: scenario) } catch { throw Console.stop(.usage, "--fix: \(error)") }
    let answer: FixAnswer
    do {
      answer = try await FixSearch.run(
        scenario, goal: goal, seed: options.seed, limit: limit, workers: jobs ?? ProcessInfo.processInfo.activeProcessorCount
      ) { done, most in Console.progress("\(done) of at most \(most) runs") }
    } catch {
      throw Console.stop(.bug, "\(file): \(error). This is a bug of shortpath; please report it with the file.")
    }
    Console.progress("")
    try Console.print(
      format == .json ? FixReport.json(answer) : FixReport.text(answer, file: file + options.words, width: Console.width ?? 120))
    if !answer.isReached, answer.fixes.isEmpty { throw Ending.failed.exitCode }
  }
}
