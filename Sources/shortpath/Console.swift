// What commands write and how they end: results to stdout, one clear sentence per trouble to stderr, the documented exit codes.
import ArgumentParser
import Foundation
import Reports

/// Why a command ends without success (sysexits.h; DESIGN §7).
enum Ending: Int32 {
  /// An expectation did not hold, or something is undecided.
  case failed = 1
  case usage = 64
  case badScenario = 65
  case missingInput = 66
  case bug = 70
  case inputOutput = 74

  var exitCode: ExitCode { ExitCode(rawValue) }
}

enum Console {
  /// Writes a result to stdout. When nobody reads it any more (`| head`), the rest is left unwritten, quietly.
  static func print(_ text: String) throws { try print(Array(text.utf8)) }

  /// The same of bytes.
  static func print(_ bytes: [UInt8]) throws {
    // A closed pipe must be an error of the write, not a signal that kills between two transactions.
    signal(SIGPIPE, SIG_IGN)
    guard let trouble = write(bytes, to: STDOUT_FILENO), trouble != EPIPE else { return }
    throw stop(.inputOutput, "cannot write the result: \(String(cString: strerror(trouble)))")
  }

  /// Writes a report for people: folded to the terminal's width, and painted where it wants colours. Elsewhere it stays as it is.
  static func show(_ text: String) throws {
    let text = width.map { TerminalFold.text(text, width: $0) } ?? text
    let isPainted = Paint.isWanted(onTerminal: isatty(STDOUT_FILENO) == 1, environment: ProcessInfo.processInfo.environment)
    try print(isPainted ? Paint.text(text) : text)
  }

  /// Tells people something; programs read stdout.
  static func tell(_ text: String) { _ = write(Array((text + "\n").utf8), to: STDERR_FILENO) }

  /// Tells what is wrong and gives the error that ends the command.
  static func stop(_ ending: Ending, _ message: String) -> ExitCode {
    tell("shortpath: " + message)
    return ending.exitCode
  }

  /// One line that the next replaces; only on a terminal.
  static func progress(_ text: String) {
    if isatty(STDERR_FILENO) == 1 { _ = write(Array(("\r\u{1B}[K" + text).utf8), to: STDERR_FILENO) }
  }

  /// The terminal's width; `nil` when stdout is none.
  static var width: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The error number of a failed write; `nil` when all was written.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while let start = rest.baseAddress, rest.count > 0 {
        let count = Foundation.write(descriptor, start, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return nil
    }
  }
}
