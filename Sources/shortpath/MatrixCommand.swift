// `shortpath matrix`: which transport a session takes between every kind of NAT on its client's side and every kind on its host's.
import ArgumentParser
import Foundation
import Reports
import ScenarioModel
import Simulation
import Studies
import Trace

struct MatrixCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv }
  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

  static let configuration = CommandConfiguration(
    commandName: "matrix",
    abstract: "Client NAT x host NAT: which transport the session takes, why, and when.",
    discussion: """
      Examples:
        shortpath matrix
        shortpath matrix --kinds rfc4787 --format csv
        shortpath matrix --kinds home-router,symmetric,EIM/APDF
        shortpath matrix --peer-reflexive off          what hole punching without learned addresses reaches

      Every cell is a whole simulated session. classic are RFC 3489's kinds, with `public` for no filter at all and `udp-blocked` for
      a firewall that drops all UDP; rfc4787 are the nine pairs of mapping and filtering; presets are those of `shortpath presets`.
      """)

  @Option(
    help: ArgumentHelp("classic, rfc4787, presets, or names of kinds, separated by commas.", valueName: "names"),
    completion: .list(["classic", "rfc4787", "presets"]))
  var kinds = "classic"

  @Option(help: "How to print the cells.")
  var format: Format = .text

  @Option(name: .customLong("peer-reflexive"), help: "Whether ICE learns addresses that nobody signalled.")
  var peerReflexive: Switch = .on

  @Option(help: ArgumentHelp("The seed of all chance.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Cells run at the same time (default: one per processor).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1.") }
  }

  func run() async throws {
    var base = NATMatrix.base
    base.timing.peerReflexive = peerReflexive == .on
    let workers = jobs ?? ProcessInfo.processInfo.activeProcessorCount
    let cells: [NATMatrix.Cell]
    do { cells = try await NATMatrix.run(try named(), base: base, seed: seed, workers: workers) } catch let error
      as SimulationError
    {
      throw Console.stop(.bug, "\(error). This is a bug of shortpath; please report it with the command.")
    }
    switch format {
    case .text: try Console.show(MatrixReport.text(cells))
    case .json: try Console.print(MatrixReport.json(cells))
    case .csv: try Console.print(MatrixReport.csv(cells))
    }
    if cells.contains(where: { $0.reason == .undecided }) { throw Ending.failed.exitCode }
  }

  private func named() throws -> [NATKind] {
    do { return try NATKind.named(kinds) } catch { throw Console.stop(.usage, "--kinds: \(error)") }
  }
}
