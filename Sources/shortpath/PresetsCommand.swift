// `shortpath presets`: lists the names that scenario files may use for translation and firewalls.
import ArgumentParser
import Reports

struct PresetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "presets", abstract: "List the NAT and firewall presets with what each stands for.",
    discussion: """
      Example:
        shortpath presets

      A preset's name stands where a scenario says `nat:` or `firewall:`; `shortpath resolve FILE` shows every value of it.
      """)

  func run() throws { try Console.show(PresetTable.text()) }
}
