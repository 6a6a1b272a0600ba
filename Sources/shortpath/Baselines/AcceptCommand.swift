// `shortpath accept` and `shortpath reject`: what becomes of pending baselines, without being asked one by one.
import ArgumentParser
import Foundation
import Studies

struct AcceptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept",
    abstract: "Make pending runs the baselines from now on, with a note why.",
    discussion: """
      Examples:
        shortpath accept --note "the listener is probed first"
        shortpath accept Scenarios/nat --only 'carrier-*' --note "ports by the block"

      'shortpath test' leaves what is pending beside the baselines. The note stands in the baseline until the next one.
      """)

  @OptionGroup var which: BaselinePaths

  @Option(help: ArgumentHelp("Why it is right so.", valueName: "text"))
  var note: String

  func validate() throws {
    if note.allSatisfy(\.isWhitespace) { throw ValidationError("--note takes a sentence that says why.") }
  }

  func run() throws {
    let pending = try which.pending()
    for file in pending { try Self.accept(file, note: note) }
    try Console.print("\(pending.count) accepted\n")
  }

  /// Makes a pending run the baseline; one that is no baseline is refused.
  static func accept(_ file: BaselineFile, note: String) throws {
    var baseline = try Self.pending(of: file)
    baseline.note = note.split(whereSeparator: \.isNewline).joined(separator: " ")
    try file.accept(baseline.text)
  }

  static func pending(of file: BaselineFile) throws -> Baseline {
    let text = try file.pendingText() ?? ""
    do throws(BaselineTextError) { return try Baseline(text: text) } catch {
      throw Console.stop(.badScenario, "\(file.pending): \(error); run 'shortpath test' again")
    }
  }
}

struct RejectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject",
    abstract: "Remove pending runs; the baselines stay.",
    discussion: """
      Examples:
        shortpath reject
        shortpath reject --only '*-vpn-*'
      """)

  @OptionGroup var which: BaselinePaths

  func run() throws {
    let pending = try which.pending()
    for file in pending { try file.dropPending() }
    try Console.print("\(pending.count) rejected\n")
  }
}
