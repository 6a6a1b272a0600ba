// `shortpath resolve`: prints a scenario with every default filled in, and where each value came from.
import ArgumentParser
import ScenarioFormat
import ScenarioModel

struct ResolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve",
    abstract: "Print a scenario with every default and its origin.",
    discussion: """
      Example:
        shortpath resolve FILE > full.yaml       the result is a scenario again
      """)

  @Argument(help: "A scenario file.")
  var file: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a value first. May be repeated.", valueName: "path=value"))
  var changes: [String] = []

  func run() throws {
    let scenarios = try ScenarioFiles.load([file], changes: changes)
    guard let loaded = scenarios.first, scenarios.count == 1 else {
      throw Console.stop(.usage, "\(file): resolve takes one file; this folder has \(scenarios.count)")
    }
    try Console.print(ScenarioWriter.resolved(loaded.scenario))
  }
}
