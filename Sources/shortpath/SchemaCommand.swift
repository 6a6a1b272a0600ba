// `shortpath schema`: the JSON Schema of scenario files, for editors.
import ArgumentParser
import ScenarioFormat

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of scenario files, with which editors complete and check them.",
    discussion: """
      Example:
        shortpath schema > shortpath.schema.json

      In an editor with a YAML language server, put this in the first line of a scenario:
        # yaml-language-server: $schema=shortpath.schema.json

      The schema knows every key, word and unit; `shortpath check` also finds what does not fit together.
      """)

  func run() throws { try Console.print(ScenarioSchema.text()) }
}
