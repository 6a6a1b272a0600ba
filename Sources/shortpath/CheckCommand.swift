// `shortpath check`: reads scenario files and tells every mistake, without running anything.
import ArgumentParser
import ScenarioModel

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look for mistakes in scenario files without running them.",
    discussion: """
      Examples:
        shortpath check home-worker.yaml
        shortpath check Scenarios                 every .yaml file of the folder

      Mistakes are told as file:line:column with what was found and what is allowed.
      """)

  @Argument(
    help: ArgumentHelp("Scenario files, or folders whose .yaml files are checked.", valueName: "file-or-folder"),
    completion: .file(extensions: ["yaml"]))
  var paths: [String]

  func run() throws {
    let lines = try ScenarioFiles.load(paths).map { loaded in
      let scenario = loaded.scenario
      let counts = [
        (scenario.hosts.count, "host"), (scenario.sessions.count, "session"), (scenario.probes.count, "probe"),
        (scenario.rogues.count, "rogue"), (scenario.expectations.count, "expectation"),
      ]
      let words = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
      return "\(loaded.file): well-formed (\(words.isEmpty ? "nothing happens in it" : words.joined(separator: ", ")))\n"
    }
    try Console.print(lines.joined())
  }
}
