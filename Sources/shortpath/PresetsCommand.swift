// `shortpath presets`: lists the names that scenario files may use for translation and firewalls.
import ArgumentParser
import Reports

struct PresetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "presets", abstract: "List the NAT and firewall presets with what each stands for.")

  func run() throws { try Console.print(PresetTable.text()) }
}
