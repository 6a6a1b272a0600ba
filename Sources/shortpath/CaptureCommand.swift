// `shortpath capture`: runs one scenario and writes chosen packets of it as a file that Wireshark opens.
import ArgumentParser
import Captures
import Reports
import ScenarioModel
import Simulation

struct CaptureCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
  enum Filter: String, ExpressibleByArgument, CaseIterable { case drops }

  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Write the packets of a run as a pcapng file that Wireshark opens.",
    discussion: """
      Examples:
        shortpath capture FILE --at alice
        shortpath capture FILE --at home --session 1 --filter drops --output drops.pcapng
        shortpath capture FILE --at alice.eth --inner alice-inner.pcapng

      The same scenario and seed give the same file. Each interface of the world is one of the file, so a packet shows before and behind a
      translator; comments say what befell it. The options with which Wireshark reads all of it are printed and stand in the file's
      comment.
      """)

  @Argument(help: "A scenario file.", completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    help: ArgumentHelp(
      "A node (alice) or one of its interfaces (alice.eth); may be repeated (default: everywhere).", valueName: "node[.interface]"
    ))
  var at: [String] = []

  @Option(help: ArgumentHelp("Only what belongs to this session, from 1 (default: all).", valueName: "n"))
  var session: Int?

  @Option(help: "drops: only packets that were dropped, where they were seen last.")
  var filter: Filter?

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write (default: the scenario's name).", valueName: "file.pcapng"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Writes what travels inside TLS too, as it passes the chosen interfaces (default: those of clients and session hosts).",
      valueName: "file.pcapng"))
  var inner: String?

  @Option(help: "How to print what was written.")
  var format: Format = .text

  @OptionGroup var options: RunOptions

  func run() throws {
    let loaded = try ScenarioFiles.one(file, changes: options.changes, command: "capture")
    try OutputFile.check([output ?? loaded.scenario.id + ".pcapng", inner], beside: [loaded.file])
    let blueprint = Blueprint(loaded.scenario)
    var selection = try select(in: blueprint)
    try ScenarioFiles.check(session, of: loaded)
    selection.session = session
    selection.onlyDrops = filter == .drops
    var innerSelection = at.isEmpty ? CaptureSelection.ends(of: blueprint) : selection
    innerSelection.session = session
    let tap = PacketCapture(
      blueprint, seed: options.seed, keeping: selection, inner: inner == nil ? nil : innerSelection)
    let run = try RunCommand.simulate(loaded, blueprint, seed: options.seed, tap: tap)
    var files = [(output ?? loaded.scenario.id + ".pcapng", tap.file(of: run))]
    if let inner { files.append((inner, tap.innerFile(of: run))) }
    for (path, file) in files { try OutputFile.write(file.bytes, to: path) }
    // What goes to stdout is a capture alone.
    if files.contains(where: { $0.0 == "-" }) { return }
    try Console.print(
      format == .json ? CaptureReport.json(files) : CaptureReport.text(files, width: Console.width ?? 120))
  }

  private func select(in blueprint: Blueprint) throws -> CaptureSelection {
    if at.isEmpty { return CaptureSelection(all: blueprint) }
    do { return try CaptureSelection(at: at, of: blueprint) } catch { throw Console.stop(.usage, "--at: \(error)") }
  }
}
