// `presets`: the names scenario files may use, with what each stands for.
import NetworkModel
import ScenarioModel
import SimulationKernel
import Wire

/// The translation and firewall presets.
public enum PresetTable {
  /// All presets as tables.
  public static func text() -> String {
    var lines = translations()
    for (name, firewall) in FirewallSpec.presets {
      lines += ["", "firewall \(name): \(firewall.stateful ? "stateful" : "stateless"), otherwise \(firewall.policy)"]
      var rules = TextTable([("rule", .left), ("action", .left), ("direction", .left), ("from", .left), ("to", .left)])
      rules.rows = firewall.rules.map { ["\($0.id)", "\($0.action)", "\($0.direction)", word($0.from), word($0.to)] }
      lines += rules.lines.map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func translations() -> [String] {
    var table = TextTable([
      ("nat", .left), ("mapping", .left), ("filtering", .left), ("ports", .left), ("range", .left), ("addresses", .left),
      ("hairpin", .left), ("unsolicited", .left),
    ])
    var timers = TextTable([
      ("nat", .left), ("udp unanswered", .right), ("udp", .right), ("tcp opening", .right), ("tcp", .right),
      ("tcp closing", .right),
      ("icmp", .right), ("port held", .right), ("inbound refresh", .left),
    ])
    for preset in TranslationBehaviour.presets {
      let value = preset.value
      if value.oneToOne {
        table.rows.append([preset.name, "1:1", "1:1", "kept", "all", "one a host", "no", "let in"])
        timers.rows.append([preset.name] + Array(repeating: "none", count: 7) + ["no"])
        continue
      }
      let scope = value.answers == .session ? " by session" : ""
      table.rows.append([
        preset.name, value.mapping.letters, value.filtering.letters + scope, ports(value),
        "\(value.portRange.low)-\(value.portRange.high)", value.addresses == 1 ? "1" : "\(value.addresses) \(value.pooling)",
        hairpin(value.hairpinning), "\(value.unsolicited)",
      ])
      timers.rows.append([
        preset.name, (value.udpUnansweredLifetime ?? value.udpLifetime).written, value.udpLifetime.written,
        value.tcpOpeningLifetime.written, value.tcpLifetime.written, value.tcpClosingLifetime.written, value.icmpLifetime.written,
        value.portHold.written, value.inboundRefresh ? "yes" : "no",
      ])
    }
    let legend = [
      "", "EIM, EIF: endpoint independent; ADM, ADF: address dependent; APDM, APDF: address and port dependent (RFC 4787).",
      "overloading: one external port serves flows to different remotes. by session: an answer leaves by the port it answers to.",
      "",
    ]
    let sources = TranslationBehaviour.presets.flatMap { preset in
      ["  \(preset.name): \(preset.source)"] + (preset.note.isEmpty ? [] : ["    \(preset.note)"])
    }
    return table.lines + legend + timers.lines + ["", "sources"] + sources
  }

  private static func ports(_ value: TranslationBehaviour) -> String {
    var words = ["\(value.ports)"]
    if value.ports == .preserving, value.collision == .random { words.append("else random") }
    if value.overloading { words.append("overloading") }
    if value.portBlock > 0 { words.append("blocks of \(value.portBlock)") }
    if value.portsPerHost > 0 { words.append("\(value.portsPerHost) a host") }
    if value.parity { words.append("parity") }
    return words.joined(separator: ", ")
  }

  private static func hairpin(_ hairpinning: Hairpinning) -> String {
    switch hairpinning {
    case .off: "no"
    case .externalSource: "external source"
    case .internalSource: "internal source"
    }
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
