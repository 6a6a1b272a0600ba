// `shortpath run`: runs scenarios, stores everything, prints one table or one JSON object.
import ArgumentParser
import Captures
import Foundation
import Reports
import ResultStore
import ScenarioFormat
import ScenarioModel
import Simulation
import SimulationKernel

struct RunCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run scenarios and say which path each session takes.",
    discussion: """
      Examples:
        shortpath run Scenarios/documented
        shortpath run FILE --seed 7 --format json --no-db
        shortpath run FILE --set host-pool.ManagedPrivateUdp=Disabled --db other.sqlite

      Without --db, runs are added to results/shortpath.sqlite; a run killed at any moment leaves whole runs only.
      """)

  @Argument(
    help: ArgumentHelp("Scenario files, or folders whose .yaml files are run.", valueName: "file-or-folder"),
    completion: .file(extensions: ["yaml"]))
  var paths: [String]

  @OptionGroup var options: RunOptions

  @OptionGroup var captures: CaptureOptions

  @Option(help: "How to print the results.")
  var format: Format = .text

  @Option(
    help: ArgumentHelp("The SQLite file to add the runs to (default: results/shortpath.sqlite).", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var db: String?

  @Flag(name: .customLong("no-db"), help: "Store nothing.")
  var storesNothing = false

  func validate() throws {
    if paths.isEmpty { throw ValidationError("Name at least one scenario file or folder.") }
    if db != nil, storesNothing { throw ValidationError("--db and --no-db exclude each other.") }
  }

  func run() throws {
    let scenarios = try ScenarioFiles.load(paths, changes: options.changes)
    try captures.check(beside: scenarios.map(\.file))
    let store = try openStore()
    var runs: [RunResult] = []
    for (row, loaded) in scenarios.enumerated() {
      Console.progress("\(row + 1)/\(scenarios.count) \(loaded.scenario.id)")
      let started = Date()
      let clock = ContinuousClock()
      let begin = clock.now
      let blueprint = Blueprint(loaded.scenario)
      let tap = captures.tap(on: blueprint, seed: options.seed)
      let run = try Self.simulate(loaded, blueprint, seed: options.seed, tap: tap)
      let wall = clock.now - begin
      try captures.write(tap, of: run, isOneOf: scenarios.count > 1)
      runs.append(run)
      if let store { try Self.add(run, of: loaded, to: store, started: started, wall: wall) }
    }
    Console.progress("")
    if format == .json { try Console.print(RunJSON.text(runs)) }
    if format == .text { try Console.show(RunTable.text(runs, width: Console.width)) }
    if !runs.allSatisfy(\.succeeded) { throw Ending.failed.exitCode }
  }

  /// Runs one scenario; a broken law of the simulation is our bug.
  static func simulate(
    _ loaded: LoadedScenario, _ blueprint: Blueprint, seed: UInt64?, tap: PacketCapture? = nil
  ) throws -> RunResult {
    do { return try Simulator.result(of: World(blueprint, seed: seed, sink: tap, tap: tap)) } catch {
      throw Console.stop(
        .bug,
        "\(loaded.file) with seed \(seed ?? loaded.scenario.seed): \(error). This is a bug of shortpath; please report it with the file."
      )
    }
  }

  private func openStore() throws -> RunStore? {
    if storesNothing { return nil }
    var path = db
    if path == nil {
      do { try FileManager.default.createDirectory(atPath: "results", withIntermediateDirectories: true) } catch {
        Console.tell("shortpath: the folder results cannot be made here, so nothing is stored; --db names another file")
        return nil
      }
      path = "results/shortpath.sqlite"
    }
    do { return try RunStore(path: path ?? "") } catch { throw Console.stop(.inputOutput, error.description) }
  }

  private static func add(
    _ run: RunResult, of loaded: LoadedScenario, to store: RunStore, started: Date, wall: Duration
  ) throws {
    let (seconds, attoseconds) = wall.components
    let facts = MachineFacts(
      host: ProcessInfo.processInfo.hostName, started: started.formatted(.iso8601),
      wallNanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    do throws(StoreError) {
      try store.write(run, source: loaded.source, resolved: ScenarioWriter.resolved(loaded.scenario), machine: facts)
    } catch { throw Console.stop(.inputOutput, error.description) }
  }
}
