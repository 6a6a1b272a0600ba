// tshark as an independent reader of our captures.
import Captures
import Foundation
import Testing

enum Tshark {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Where it is installed; `make test` sees to it.
  private static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { $0 + "/tshark" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What it prints about a capture.
  /// - Parameters:
  ///   - reading: how the capture says that it is read, as shell words.
  ///   - arguments: what is asked.
  static func run(_ file: CaptureFile, _ reading: CaptureReading, _ arguments: [String]) throws -> [String] {
    guard let path else { throw Failure(description: "tshark is not installed: make test installs it") }
    let capture = FileManager.default.temporaryDirectory.appending(path: "shortpath-\(UUID().uuidString).pcapng")
    try Data(file.bytes).write(to: capture)
    defer { try? FileManager.default.removeItem(at: capture) }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = ["-r", capture.path()] + reading.options.flatMap(words) + arguments
    let (output, trouble) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, trouble)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = String(decoding: trouble.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      throw Failure(description: "tshark \(process.arguments ?? []): \(words)")
    }
    return text.split(separator: "\n").map(String.init)
  }

  /// An option's words: the first up to a space, and the rest without a shell's quotes.
  private static func words(_ option: String) -> [String] {
    let parts = option.split(separator: " ", maxSplits: 1).map(String.init)
    return parts.map { $0.hasPrefix("'") ? String($0.dropFirst().dropLast()) : $0 }
  }

  static let checksums = ["ip", "tcp", "udp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }

  /// Protocols in the order of tshark's hierarchy, with how many frames have each.
  static func protocols(_ file: CaptureFile, _ reading: CaptureReading) throws -> [String: Int] {
    var found: [String: Int] = [:]
    for line in try run(file, reading, ["-q", "-z", "io,phs"]) {
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 3, words[1].hasPrefix("frames:"), let frames = Int(words[1].dropFirst(7)) else { continue }
      found[words[0], default: 0] += frames
    }
    return found
  }

  /// Frames with something that tshark calls broken: malformed, a wrong checksum, an expert's error.
  static func broken(_ file: CaptureFile, _ reading: CaptureReading) throws -> [String] {
    let filter =
      "_ws.malformed || _ws.expert.severity >= 8388608 || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
      + " || icmp.checksum.status == 0"
    return try run(file, reading, checksums + ["-Y", filter])
  }
}
