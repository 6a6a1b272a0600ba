// `shortpath codes`: the pages of reasons and drop reasons.
import ArgumentParser
import Reports
import ScenarioModel

struct CodesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "codes",
    abstract: "List the codes of reasons and drops, or print one's page.",
    discussion: """
      Examples:
        shortpath codes
        shortpath codes listener-off             why it happens, how to confirm it in a real estate, how to fix it
      """)

  @Argument(help: "A code as results print it (default: list all).", completion: .list(Codes.pages.map(\.code)))
  var code: String?

  func run() throws {
    guard let code else { return try Console.show(Codes.list()) }
    guard let page = Codes.page(of: code) ?? Codes.page(of: code.lowercased()) else {
      let hint = NearestName.hint(code, among: Codes.pages.map(\.code))
      throw Console.stop(.usage, "there is no code '\(code)'\(hint); `shortpath codes` lists all")
    }
    try Console.show(page.text(width: min(Console.width ?? 100, 100)))
  }
}
