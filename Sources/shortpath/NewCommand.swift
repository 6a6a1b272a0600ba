// `shortpath new`: writes a short, commented scenario to begin with.
import ArgumentParser
import Foundation
import ScenarioFormat
import ScenarioModel

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a scenario to begin with, or list what there is.",
    discussion: """
      Examples:
        shortpath new                                      lists the templates
        shortpath new home-worker                          writes home-worker.yaml
        shortpath new branch-with-vpn --output lab/a.yaml
        shortpath new home-worker --output -               prints it

      A template is a whole scenario of about 35 lines that runs as it stands, says what each part is for, and what to try next. A file
      that is there already is never written over.
      """)

  @Argument(help: "A template (default: list all).", completion: .list(Template.all.map(\.name)))
  var template: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write, or - for stdout (default: TEMPLATE.yaml).", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var output: String?

  func validate() throws {
    if template == nil, output != nil { throw ValidationError("Name the template to write: \(Self.names).") }
  }

  private static var names: String { Template.all.map(\.name).joined(separator: ", ") }

  func run() throws {
    guard let template else {
      let width = Template.all.map(\.name.count).max() ?? 0
      let rows = Template.all.map { $0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.summary }
      return try Console.print(rows.joined(separator: "\n") + "\n\nWrite one with: shortpath new NAME\n")
    }
    guard let chosen = Template.named(template) else {
      let hint = NearestName.hint(template, among: Template.all.map(\.name))
      throw Console.stop(.usage, "there is no template '\(template)'\(hint); there are \(Self.names)")
    }
    let path = output ?? "\(chosen.name).yaml"
    if path == "-" { return try Console.print(chosen.text) }
    do { try Data(chosen.text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting) } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw Console.stop(
        .inputOutput,
        isThere ? "\(path) is there already and is left as it is; --output names another file" : "\(path) cannot be written here")
    }
    try Console.print(
      """
      wrote \(path): \(chosen.summary)

        shortpath run \(path)
        shortpath explain \(path)

      """)
  }
}
