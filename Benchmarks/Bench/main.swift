// Micro benchmarks of the engine beside their C++ yardsticks: prints "name value" lines and writes them as JSON.
//
//   Bench REPORT.json [QUEUE_CPP_BINARY [ROUNDS]]
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
guard (2...4).contains(arguments.count), let rounds = arguments.count == 4 ? Int(arguments[3]) : 7, rounds > 0 else {
  FileHandle.standardError.write(Data("usage: Bench REPORT.json [QUEUE_CPP_BINARY [ROUNDS]]\n".utf8))
  exit(64)
}
if arguments.count > 2 {
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
  let results = try medians(of: measures, rounds: rounds)
  for (name, value) in results { print(name, String(format: "%.3f", value)) }
  let lines = results.map { "  \"\($0.name)\": " + String(format: "%.3f", $0.value) }
  try ("{\n" + lines.joined(separator: ",\n") + "\n}\n").write(toFile: arguments[1], atomically: true, encoding: .utf8)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
