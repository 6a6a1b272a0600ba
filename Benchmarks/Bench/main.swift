// Micro benchmarks of the engine beside their C++ yardsticks: prints "name value" lines and writes them as JSON.
//
//   Bench REPORT.json [QUEUE_CPP_BINARY [ROUNDS]]        from the repository's root: it runs Scenarios/documented
//   Bench --only NAME ROUNDS                             one measure, nothing written: for a profile or a pair of builds
//   Bench --fingerprints SCENARIO...                     what must not change from build to build, for a diff
//
// Wall clock is read in Benchmarks only. To add a number, append a `Measure`.
import Foundation

let events = 2_000_000

var measures = [
  Measure(name: "queue_hold_10k_meps", workload: "hold 10000") { Hold.round(pending: 10_000, events: events) },
  Measure(name: "queue_hold_100k_meps", workload: "hold 100000") { Hold.round(pending: 100_000, events: events) },
  Measure(name: "timers_10k_meps", workload: "timers 10000") { RestartedTimers.round(streams: 10_000, events: events) },
]

let arguments = CommandLine.arguments
let only = arguments.count == 4 && arguments[1] == "--only" ? arguments[2] : nil
if arguments.count > 2, arguments[1] == "--fingerprints" {
  for path in arguments.dropFirst(2) { for line in try SessionBench(path).fingerprints(seeds: 3) { print(line) } }
  exit(0)
}
guard (2...4).contains(arguments.count), let rounds = arguments.count == 4 ? Int(arguments[3]) : 7, rounds > 0 else {
  FileHandle.standardError.write(Data("usage: Bench REPORT.json [QUEUE_CPP_BINARY [ROUNDS]]\n".utf8))
  exit(64)
}
if only == nil, arguments.count > 2 {
  for (name, load, pending) in [
    ("cpp_binary_heap_10k_meps", "hold", 10_000), ("cpp_binary_heap_100k_meps", "hold", 100_000),
    ("cpp_indexed_heap_timers_10k_meps", "timers", 10_000),
  ] {
    measures.append(
      Measure(name: name, workload: "\(load) \(pending)") {
        try foreignRound(arguments[2], [load, String(pending), String(events)])
      })
  }
}

do {
  let session = try SessionBench("Scenarios/documented/1-internet-only.yaml")
  measures += [
    Measure(name: "hops_mps", workload: "hops") { HopChain.round(events: 2_000_000) },
    Measure(name: "sessions_per_s", workload: "sessions") { session.round(sessions: 500) },
    Measure(name: "stored_sessions_per_s", workload: "sessions") { try session.storedRound(sessions: 500) },
    Measure(name: "worlds_per_s", workload: "worlds") { session.worlds(1_000) },
    Measure(name: "session_events", workload: "session events") { try session.events() },
    Measure(name: "sweep_two_cores_ratio", workload: "two cores") { session.twoCores(sessions: 500) },
  ]
  if let only { measures.removeAll { $0.name != only } }
  let results = try medians(of: measures, rounds: rounds)
  for (name, value) in results { print(name, String(format: "%.3f", value)) }
  if only != nil { exit(0) }
  let lines = results.map { "  \"\($0.name)\": " + String(format: "%.3f", $0.value) }
  try ("{\n" + lines.joined(separator: ",\n") + "\n}\n").write(toFile: arguments[1], atomically: true, encoding: .utf8)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
