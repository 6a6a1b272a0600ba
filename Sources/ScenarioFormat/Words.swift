// The words of scenario files for values of the model, in one table a type, read in both directions.
import NetworkModel
import ScenarioModel
import Trace
import Wire

/// A word of the file and the value it stands for.
typealias Words<T> = [(name: String, value: T)]

enum Vocabulary {
  static let actions: Words<RuleAction> = [
    ("accept", .accept), ("drop", .drop), ("reject", .reject), ("inspect", .divert), ("reset", .reset),
    ("proxy", .relay),
  ]
  static let directions: Words<RuleDirection> = [("any", .any), ("inbound", .inbound), ("outbound", .outbound)]
  static let protocols: Words<TransportProtocol?> = [("any", nil), ("udp", .udp), ("tcp", .tcp), ("icmp", .icmp)]
  static let trackingModes: Words<FlowTracking.Mode> = [("on", .on), ("off", .off), ("rules", .rules)]
  static let states: Words<FlowStates> = [
    ("new", .new), ("established", .established), ("related", .related), ("invalid", .invalid),
  ]
  static let orders: Words<RuleOrder> = RuleOrder.allCases.map { ($0.rawValue, $0) }
  static let profilesOfRules: Words<FirewallProfile> = FirewallProfile.allCases.map { ($0.rawValue, $0) }
  static let profiles: Words<FirewallProfile?> = profilesOfRules.map { ($0.name, $0.value) } + [("none", nil)]
  static let roles: Words<HostRole> = HostRole.allCases.map { ($0.rawValue, $0) }
  static let eras: Words<ReverseConnectEra> = ReverseConnectEra.allCases.map { ($0.rawValue, $0) }
  static let probeKinds: Words<ProbeKind> = ProbeKind.allCases.map { ($0.rawValue, $0) }
  static let rogueKinds: Words<RogueKind> = RogueKind.allCases.map { ($0.rawValue, $0) }
  static let transports: Words<Transport> = Transport.allCases.map { ($0.name, $0) }
  /// What a session may be expected to end on; `none` for one that fails.
  static let expectedTransports: Words<Transport?> = Transport.allCases.map { ($0.name, $0) } + [("none", nil)]
  static let attemptOutcomes: Words<String> = ["won", "failed", "abandoned", "not-tried"].map { ($0, $0) }
  static let probeOutcomes: Words<String> = ["answered", "no-answer", "refused"].map { ($0, $0) }

  /// The word of a value.
  static func word<T: Equatable>(_ value: T, _ words: Words<T>) -> String {
    guard let match = words.first(where: { $0.value == value }) else { preconditionFailure("no word for \(value)") }
    return match.name
  }
}
