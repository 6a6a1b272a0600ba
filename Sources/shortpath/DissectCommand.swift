// `shortpath dissect`: reads captures, ours and those of the field, and explains what they show.
import ArgumentParser
import Dissection
import Foundation
import Reports

struct DissectCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, markdown }

  static let configuration = CommandConfiguration(
    commandName: "dissect",
    abstract: "Explain a capture: transports, mappings, candidates, checks, relays, round trips.",
    discussion: """
      Examples:
        shortpath dissect trace.pcapng
        shortpath dissect trace.pcapng --at eth0 --format json
        shortpath dissect trace.pcapng --ice-password PASSWORD       says which checks were made with it

      Reads pcapng and pcap with Ethernet (also VLAN), Linux cooked, raw IP and loopback frames. Nothing is sent anywhere.
      """)

  @Argument(help: ArgumentHelp("Capture files.", valueName: "file"), completion: .file(extensions: ["pcapng", "pcap"]))
  var files: [String]

  @Option(help: "How to print what was found.")
  var format: Format = .text

  @Option(
    name: .customLong("at"), parsing: .singleValue,
    help: ArgumentHelp(
      "An interface to tell of, by its name (default: those where something of interest was seen; of many, those at hosts). May be repeated.",
      valueName: "name"))
  var places: [String] = []

  @Option(
    name: .customLong("ice-password"), parsing: .singleValue,
    help: ArgumentHelp("A password to try MESSAGE-INTEGRITY with. May be repeated.", valueName: "text"))
  var passwords: [String] = []

  func validate() throws {
    if files.isEmpty { throw ValidationError("Name at least one capture file.") }
  }

  func run() throws {
    let read = try files.map { file in (file: file, dissection: try dissect(file)) }
    for name in places where !read.contains(where: { $0.dissection.places.contains { $0.name == name } }) {
      let known = read.flatMap(\.dissection.places).map(\.name)
      throw Console.stop(
        .usage,
        "--at: no interface is called '\(name)'; there \(known.count == 1 ? "is" : "are") \(known.joined(separator: ", "))")
    }
    switch format {
    case .json:
      // A program can choose for itself: it gets every place unless some are named.
      try Console.print(
        DissectionJSON.text(
          read.map { file, dissection in
            (file, dissection, places.isEmpty ? dissection.places : DissectionReport.chosen(dissection, at: places))
          }))
    case .text, .markdown:
      let form: ReportFormat = format == .text ? .text : .markdown
      let texts = read.map { file, dissection in
        DissectionReport.text(dissection, file: file, at: places, format: form, width: Console.width ?? 120)
      }
      try Console.print(texts.joined(separator: "\n"))
    }
  }

  private func dissect(_ file: String) throws -> Dissection {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
      throw Console.stop(.missingInput, "\(file): no such file")
    }
    if isFolder.boolValue { throw Console.stop(.badScenario, "\(file): is a folder, not a capture") }
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: file)) } catch {
      throw Console.stop(.inputOutput, "\(file): cannot be read: \(error.localizedDescription)")
    }
    do throws(NotACapture) { return try Dissector.read(Array(data), passwords: passwords) } catch {
      throw Console.stop(.badScenario, "\(file): not a capture: \(error); pcapng and pcap are read")
    }
  }
}
