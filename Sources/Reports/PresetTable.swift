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
    for preset in FirewallSpec.presets { lines += [""] + firewall(preset.name, preset.value) + ["  source: \(preset.source)"] }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func firewall(_ name: String, _ firewall: FirewallSpec) -> [String] {
    let profile = firewall.profile.map { ", on the profile \($0.rawValue) unless told otherwise" } ?? ""
    let tracking = firewall.tracking
    let mode =
      switch tracking.mode {
      case .off: "stateless"
      case .on: "stateful"
      case .rules: "rules look at the state"
      }
    var lines = [
      "firewall \(name): \(mode), rules in the order \(firewall.order.rawValue), otherwise \(firewall.policy)\(profile)"
    ]
    if tracking.mode != .off {
      let times = FirewallSpec.idleTimes.map { "\($0.name) \(firewall[keyPath: $0.field].written)" }
      lines.append("  udp-unanswered-idle \((tracking.udpUnanswered ?? tracking.udp).written), " + times.joined(separator: ", "))
      lines.append("  inbound-refresh \(tracking.inboundRefresh ? "on" : "off"), mid-stream \(tracking.midStream ? "on" : "off")")
    }
    var rules = TextTable([
      ("rule", .left), ("priority", .right), ("action", .left), ("direction", .left), ("protocol", .left), ("ports", .left),
      ("from", .left), ("to", .left), ("state", .left), ("profiles", .left),
    ])
    rules.rows = firewall.rules.map { rule in
      [
        rule.id, rule.priority.map { "\($0)" } ?? "-", "\(rule.action)", "\(rule.direction)", rule.proto?.name ?? "any",
        rule.ports == .any
          ? "any" : rule.ports.low == rule.ports.high ? "\(rule.ports.low)" : "\(rule.ports.low)-\(rule.ports.high)",
        word(rule.from), word(rule.to), word(rule.states),
        rule.profiles.isEmpty ? "any" : rule.profiles.map(\.rawValue).joined(separator: ", "),
      ]
    }
    return lines + rules.lines.map { "  " + $0 }
  }

  private static func word(_ states: FlowStates) -> String {
    if states == .any { return "any" }
    let names: [(FlowStates, String)] = [
      (.new, "new"), (.established, "established"), (.related, "related"), (.invalid, "invalid"),
    ]
    return names.filter { states.contains($0.0) }.map(\.1).joined(separator: ", ")
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
        hairpin(value.hairpinning),
        "\(value.unsolicited)" + (value.synSilence > .zero ? ", SYNs after \(value.synSilence.written)" : ""),
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
    if value.exhausted == .reject { words.append("told when full") }
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
