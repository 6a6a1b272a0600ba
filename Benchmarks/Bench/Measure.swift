// What is measured, and how: rounds of all measures interleaved, so that a busy machine slows all of them alike, and medians.
import Foundation

/// What one round found: its value, and a digest of everything it did, when it has one.
struct Round {
  var value: Double
  var checksum: UInt64?
}

/// A number of the report and how one round of it is run. Measures with the same `workload` must agree in their checksums.
struct Measure {
  var name: String
  var workload: String
  var round: () throws -> Round
}

/// Why there is no report.
struct BenchFailure: Error, CustomStringConvertible {
  var description: String
}

/// The wall-clock seconds `body` takes.
func elapsed(_ body: () -> Void) -> Double {
  let time = ContinuousClock().measure(body).components
  return Double(time.seconds) + Double(time.attoseconds) / 1e18
}

/// The medians of `rounds` interleaved rounds of every measure, in the order of `measures`.
func medians(of measures: [Measure], rounds: Int) throws -> [(name: String, value: Double)] {
  var values: [[Double]] = Array(repeating: [], count: measures.count)
  var checksums: [String: UInt64] = [:]
  for _ in 0..<rounds {
    for (row, measure) in measures.enumerated() {
      let round = try measure.round()
      values[row].append(round.value)
      guard let checksum = round.checksum else { continue }
      if let known = checksums.updateValue(checksum, forKey: measure.workload), known != checksum {
        throw BenchFailure(description: "\(measure.name): the checksum of \(measure.workload) differs between implementations")
      }
    }
  }
  return zip(measures, values).map { ($0.name, $1.sorted()[$1.count / 2]) }
}

/// A round run by the C++ program at `path`, which prints its value and checksum.
func foreignRound(_ path: String, _ arguments: [String]) throws -> Round {
  let process = Process()
  let output = Pipe()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.standardOutput = output
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  let words = text.split(whereSeparator: \.isWhitespace)
  guard process.terminationStatus == 0, words.count == 2, let value = Double(words[0]), let checksum = UInt64(words[1], radix: 16)
  else { throw BenchFailure(description: "\(path) \(arguments.joined(separator: " ")) printed: \(text)") }
  return Round(value: value, checksum: checksum)
}
