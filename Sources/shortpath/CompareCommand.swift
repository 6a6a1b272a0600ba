// `shortpath compare`: scenarios, seeds, settings or stored results side by side, and grids of variations of one file.
import ArgumentParser
import Foundation
import Reports
import ResultStore
import ScenarioFormat
import ScenarioModel
import Simulation
import Studies

struct CompareCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv }

  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Sessions side by side: transport, reason and times, with what differs marked.",
    discussion: """
      Examples:
        shortpath compare A.yaml B.yaml                            two scenarios under one seed
        shortpath compare FILE --with networks.home.nat=symmetric  as it is, and with changes (a comma between several)
        shortpath compare FILE --seeds 1-5                         one side for each seed
        shortpath compare A.yaml B.yaml --seeds 1,2,3              each seed on both sides
        shortpath compare before.sqlite after.sqlite               what `run --db` stored; of equal runs the last
        shortpath compare FILE --across nat=home-router,symmetric --across vpn=on,off
        shortpath compare FILE --across 'links.transit.delay=5 ms,40 ms'

      --across runs every combination. Axes are paths as --set takes them, or short names: nat (the clients' networks), host-nat (the
      session hosts' networks), vpn, listener, public, udp (on or off). An asterisk marks what is not as on the first side.
      """)

  @Argument(help: ArgumentHelp("Scenario files, folders of them, or result files.", valueName: "file"))
  var paths: [String]

  @OptionGroup var options: RunOptions

  @Option(
    name: .customLong("with"), parsing: .singleValue,
    help: ArgumentHelp("A side with changes, separated by commas. May be repeated.", valueName: "path=value,…"))
  var groups: [String] = []

  @Option(help: ArgumentHelp("Seeds, as in 1,2,3 or 1-5.", valueName: "list"))
  var seeds: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("An axis of variations with its values. May be repeated.", valueName: "axis=value,…"))
  var across: [String] = []

  @Option(help: "How to print the comparison.")
  var format: Format = .text

  @Option(help: ArgumentHelp("Runs at the same time (default: one per processor).", valueName: "n"))
  var jobs: Int?

  private var workers: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    if paths.isEmpty { throw ValidationError("Name at least one file.") }
    if Set(paths).count < paths.count { throw ValidationError("A file is named twice.") }
    if Set(groups).count < groups.count { throw ValidationError("The same changes stand twice in --with.") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1.") }
    if seeds != nil, options.seed != nil { throw ValidationError("--seed and --seeds exclude each other.") }
    if !across.isEmpty {
      if paths.count > 1 || !groups.isEmpty || seeds != nil {
        throw ValidationError("--across varies one file under one seed; leave --with, --seeds and other files out.")
      }
    } else if paths.count == 1, groups.isEmpty, seeds == nil {
      throw ValidationError("There is nothing to compare it with: name a second file, or use --with, --seeds or --across.")
    }
  }

  func run() async throws {
    if across.isEmpty { try await compare() } else { try await vary() }
  }

  // MARK: Side by side

  /// A file that was named.
  private enum Source {
    case live(name: String, [LoadedScenario])
    case stored(name: String, [Outcome])
  }

  private func compare() async throws {
    let seeds = try self.seeds.map(Self.list)
    let sources = try paths.map { try source($0) }
    let groups = try self.groups.map { group in
      (text: group, changes: try group.split(separator: ",").map { try ScenarioFiles.parse(String($0), "--with") })
    }
    let runs = try self.runs(sources, groups, seeds)
    Console.progress(runs.isEmpty ? "" : "\(runs.count) runs")
    var live: [ComparedSide]
    do { live = try await Comparison.run(runs, workers: workers) } catch {
      throw Console.stop(.bug, "\(error). This is a bug of shortpath; please report it with the files.")
    }
    Console.progress("")
    var sides: [ComparedSide] = []
    for source in sources {
      switch source {
      case .live(let name, _):
        let own = live.prefix { $0.name == name || $0.name.hasPrefix(name + ", ") || paths.count == 1 }
        sides += own
        live.removeFirst(own.count)
      case .stored(let name, let outcomes): sides.append(try restrict(name, outcomes, to: runs))
      }
    }
    let comparison = Comparison(sides)
    switch format {
    case .text: try Console.show(ComparisonReport.text(comparison))
    case .json: try Console.print(ComparisonReport.json(comparison))
    case .csv: try Console.print(ComparisonReport.csv(comparison))
    }
    try Self.judge(sides.flatMap(\.outcomes))
  }

  private func source(_ path: String) throws -> Source {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    let isAlone = paths.count { ($0.split(separator: "/").last.map(String.init) ?? $0) == last } == 1
    if RunStore.isDatabase(path: path) {
      let outcomes: [Outcome]
      do { outcomes = try RunStore.outcomes(path: path) } catch { throw Console.stop(.inputOutput, error.description) }
      if outcomes.isEmpty { throw Console.stop(.missingInput, "\(path): no sessions are stored in it") }
      return .stored(name: isAlone ? last : path, outcomes)
    }
    let name = isAlone ? (last.hasSuffix(".yaml") ? String(last.dropLast(5)) : last) : path
    return .live(name: name, try ScenarioFiles.load([path], changes: options.changes))
  }

  private func runs(
    _ sources: [Source], _ groups: [(text: String, changes: [Change])], _ seeds: [UInt64]?
  ) throws -> [ComparedRun] {
    var runs: [ComparedRun] = []
    var shared: UInt64?
    let groups = [(text: "as it is", changes: [Change]())] + groups
    let seedsAreSides = paths.count == 1 && groups.count == 1
    for source in sources {
      guard case .live(let name, let scenarios) = source else { continue }
      for group in groups {
        for loaded in scenarios {
          let scenario = try ScenarioFiles.changed(loaded, by: group.changes, "--with")
          // The same luck on both sides: where a side is one scenario, the first one's seed is everybody's.
          if scenarios.count == 1 { shared = shared ?? scenario.seed }
          let own = options.seed ?? (scenarios.count == 1 ? shared : nil) ?? scenario.seed
          for seed in seeds ?? [own] {
            let side =
              seedsAreSides
              ? "seed \(seed)" : paths.count == 1 ? group.text : groups.count == 1 ? name : "\(name), \(group.text)"
            runs.append(ComparedRun(side: side, scenario: scenario, seed: seed))
          }
        }
      }
    }
    return runs
  }

  /// Beside scenarios that are run, only what was stored of these counts.
  private func restrict(_ name: String, _ outcomes: [Outcome], to runs: [ComparedRun]) throws -> ComparedSide {
    guard !runs.isEmpty else { return ComparedSide(name: name, outcomes: outcomes) }
    let fitting = outcomes.filter { outcome in
      runs.contains { $0.scenario.id == outcome.scenario && $0.seed == outcome.seed }
    }
    if fitting.isEmpty {
      let wanted = "\(runs[0].scenario.id) with seed \(runs[0].seed)"
      throw Console.stop(
        .missingInput, "\(name): no run of \(wanted)\(runs.count > 1 ? ", nor of the others," : "") is stored in it")
    }
    return ComparedSide(name: name, outcomes: fitting)
  }

  // MARK: Variations

  private func vary() async throws {
    let loaded = try ScenarioFiles.one(paths[0], changes: options.changes, command: "compare --across")
    let variations: Variations
    do {
      let axes = try across.flatMap { try Self.axes($0) }.map { axis in
        try VariedAxis(axis.name, values: axis.values, of: loaded.scenario) { text throws(ChangeError) in
          try ChangeReader.parse(text)
        }
      }
      variations = try await Variations.run(loaded.scenario, across: axes, seed: options.seed, workers: workers)
    } catch let error as VariationError {
      throw Console.stop(.usage, "--across: \(error)")
    } catch let error as SimulationError {
      throw Console.stop(.bug, "\(error). This is a bug of shortpath; please report it with the file.")
    }
    switch format {
    case .text: try Console.show(ComparisonReport.text(variations))
    case .json: try Console.print(ComparisonReport.json(variations))
    case .csv: try Console.print(ComparisonReport.csv(variations))
    }
    try Self.judge(variations.cells.flatMap(\.outcomes))
  }

  private static func judge(_ outcomes: [Outcome]) throws {
    if outcomes.contains(where: { $0.transport == "undecided" }) { throw Ending.failed.exitCode }
  }

  /// `nat=a,b,vpn=on,off`: a part with an equals sign begins an axis.
  private static func axes(_ text: String) throws -> [(name: String, values: [String])] {
    var axes: [(name: String, values: [String])] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let part = part.drop { $0 == " " }
      if let equals = part.firstIndex(of: "=") {
        axes.append((String(part[..<equals]), [String(part[part.index(after: equals)...])]))
      } else if axes.isEmpty {
        throw Console.stop(.usage, "--across: expected an axis and its values, as in nat=home-router,symmetric; found '\(text)'")
      } else {
        axes[axes.count - 1].values.append(String(part))
      }
    }
    return axes
  }

  /// `1,2,3` or `1-5`, each seed once.
  private static func list(_ text: String) throws -> [UInt64] {
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0.filter { $0 != " " }) }
      // 10,000: more seeds than this are asked for by mistake (*assumed*).
      guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1], low <= high, high - low < 10_000
      else {
        throw Console.stop(.usage, "--seeds: expected numbers, as in 1,2,3 or 1-5; found '\(part)'")
      }
      seeds += (low...high).filter { !seeds.contains($0) }
    }
    return seeds
  }
}
