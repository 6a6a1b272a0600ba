// How commands capture: a tap on the run that is explained or stored anyway, written to files afterwards.
import ArgumentParser
import Captures
import Foundation
import Reports
import ScenarioModel
import Simulation

/// The options of commands that may capture what they run.
struct CaptureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Writes every packet at every interface to a pcapng file; with several scenarios, a folder that gets one file each.",
      valueName: "file.pcapng"))
  var capture: String?

  @Option(
    help: ArgumentHelp(
      "Writes what travels inside TLS (RDP, tunnel and HTTP messages) at clients and session hosts, likewise.",
      valueName: "file.pcapng"))
  var captureInner: String?

  var isAsked: Bool { capture != nil || captureInner != nil }

  /// A tap for one run; `nil` when nobody asks.
  func tap(on blueprint: Blueprint, seed: UInt64?) -> PacketCapture? {
    guard isAsked else { return nil }
    return PacketCapture(
      blueprint, seed: seed, keeping: capture.map { _ in CaptureSelection(all: blueprint) },
      inner: captureInner.map { _ in .ends(of: blueprint) })
  }

  /// Demands that nothing that is read is written over.
  func check(beside inputs: [String]) throws { try OutputFile.check([capture, captureInner], beside: inputs) }

  /// Writes what a tap has seen.
  /// - Parameter isOneOf: whether other runs write theirs too.
  func write(_ tap: PacketCapture?, of run: RunResult, isOneOf several: Bool) throws {
    guard let tap else { return }
    for (named, file) in [(capture, tap.file), (captureInner, tap.innerFile)] {
      guard let named else { continue }
      let (path, file) = (try CaptureOutput.path(named, of: run, isOneOf: several), file(run))
      try OutputFile.write(file.bytes, to: path)
      Console.tell("\(path): \(file.packets) packets")
      for command in CaptureReport.commands(path, file) { Console.tell("  " + command) }
    }
  }
}

enum CaptureOutput {
  /// The file of a run: the one that was named, or one in the folder that was.
  static func path(_ named: String, of run: RunResult, isOneOf several: Bool) throws -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: named, isDirectory: &isFolder)
    guard several || exists && isFolder.boolValue || named.hasSuffix("/") else { return named }
    if exists, !isFolder.boolValue {
      throw Console.stop(.usage, "\(named) is a file; several scenarios are captured into a folder, one file each")
    }
    do { try FileManager.default.createDirectory(atPath: named, withIntermediateDirectories: true) } catch {
      throw Console.stop(.inputOutput, "\(named): the folder cannot be made: \(error.localizedDescription)")
    }
    return (named.hasSuffix("/") ? named : named + "/") + run.scenario.id + ".pcapng"
  }
}
