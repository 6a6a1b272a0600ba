// `shortpath resolve`: prints a scenario with every default filled in, and where each value came from.
import ArgumentParser
import ScenarioFormat
import ScenarioModel

struct ResolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve",
    abstract: "Print a scenario with every default and its origin.",
    discussion: """
      Examples:
        shortpath resolve FILE                                  every value, and behind it where it came from
        shortpath resolve FILE --set networks.home.nat=symmetric
        shortpath resolve FILE --plain > full.yaml              without comments

      The result is a scenario again and runs to the same bytes. `line 12` is a line of the file; a preset, --set and defaults are named,
      defaults with their reason or source; what has no public source is said to be assumed.
      """)

  @Argument(help: "A scenario file.", completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a value first. May be repeated.", valueName: "path=value"))
  var changes: [String] = []

  @Flag(help: "Prints no origins.")
  var plain = false

  func run() throws {
    let scenario = try ScenarioFiles.one(file, changes: changes, command: "resolve").scenario
    try Console.print(plain ? ScenarioWriter.resolved(scenario) : ScenarioWriter.annotated(scenario))
  }
}
