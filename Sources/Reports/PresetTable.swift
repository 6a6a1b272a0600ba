// `presets`: the names scenario files may use, with what each stands for.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

/// The translation and firewall presets.
public enum PresetTable {
  /// All presets as tables.
  public static func text() -> String {
    var table = TextTable([
      ("nat", .left), ("mapping", .left), ("filtering", .left), ("ports", .left), ("range", .left), ("udp lifetime", .right),
      ("tcp lifetime", .right), ("inbound refresh", .left), ("hairpin", .left),
    ])
    for (name, value) in TranslationBehaviour.presets {
      table.rows.append([
        name, value.oneToOne ? "1:1" : value.mapping.letters, value.oneToOne ? "1:1" : value.filtering.letters,
        value.oneToOne ? "kept" : "\(value.ports)", value.oneToOne ? "all" : "\(value.portRange.low)-\(value.portRange.high)",
        value.oneToOne ? "none" : value.udpLifetime.written, value.oneToOne ? "none" : value.tcpLifetime.written,
        value.inboundRefresh ? "yes" : "no", value.hairpinning ? "yes" : "no",
      ])
    }
    var lines = table.lines
    lines += [
      "",
      "Mapping and filtering as RFC 4787 names them: E = endpoint independent, A = address dependent, AP = address and port dependent.",
    ]
    for (name, firewall) in FirewallSpec.presets {
      lines += ["", "firewall \(name): \(firewall.stateful ? "stateful" : "stateless"), otherwise \(firewall.policy)"]
      var rules = TextTable([("rule", .left), ("action", .left), ("direction", .left), ("from", .left), ("to", .left)])
      rules.rows = firewall.rules.map { ["\($0.id)", "\($0.action)", "\($0.direction)", word($0.from), word($0.to)] }
      lines += rules.lines.map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func word(_ address: AddressSpec) -> String {
    switch address {
    case .any: "any"
    case .prefix(let prefix): prefix.description
    case .internet: "internet"
    case .virtualNetwork: "virtual-network"
    case .host(let id): id
    }
  }
}
