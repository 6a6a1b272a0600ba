// The axes of a network's `nat` by the names scenarios use: one row serves reading, writing, `--set` and timed events.
public import NetworkModel
import SimulationKernel

/// One axis of a translator's behaviour.
public struct TranslationAxis: Sendable {
  /// What an axis takes.
  public enum Kind: Sendable, Equatable {
    case word([String])
    case flag
    /// A duration; or a word that stands for none of its own.
    case duration(absent: String?)
    /// A whole number within a range; or a word that stands for 0.
    case count(ClosedRange<UInt16>, absent: String?)
    /// A port, or a range of them.
    case ports
  }

  public let name: String
  public let kind: Kind
  /// Whether it may change while the world runs: no table of a translator rests on it.
  public let isLive: Bool
  /// The value as scenarios write it.
  public let value: @Sendable (TranslationBehaviour) -> ChangeValue
  /// Gives the axis a value; false when it takes no such value.
  public let set: @Sendable (inout TranslationBehaviour, ChangeValue) -> Bool

  /// What it takes, for messages.
  public var allowed: String {
    switch kind {
    case .word(let words): "one of " + words.joined(separator: ", ")
    case .flag: "on or off"
    case .duration(let absent): "a duration" + (absent.map { " or \($0)" } ?? "")
    case .count(let range, let absent):
      "a whole number from \(range.lowerBound) to \(range.upperBound)" + (absent.map { " or \($0)" } ?? "")
    case .ports: "a port or a range such as 1000-2000, within 1–65535"
    }
  }

  /// Whether it takes a value.
  public func takes(_ value: ChangeValue) -> Bool {
    var anything = TranslationBehaviour.symmetric
    return set(&anything, value)
  }

  /// The words it takes, for the nearest one to a wrong one.
  public var words: [String] {
    switch kind {
    case .word(let words): words
    case .flag: ["on", "off"]
    case .duration(let absent), .count(_, let absent): absent.map { [$0] } ?? []
    case .ports: []
    }
  }
}

extension TranslationAxis {
  private typealias Path<Value> = WritableKeyPath<TranslationBehaviour, Value> & Sendable

  private static func word<Value: Equatable & Sendable>(
    _ name: String, _ path: any Path<Value>, _ words: [(String, Value)], live: Bool = false
  ) -> TranslationAxis {
    TranslationAxis(
      name: name, kind: .word(words.map(\.0)), isLive: live,
      value: { owner in .word(words.first { $0.1 == owner[keyPath: path] }?.0 ?? "") },
      set: { owner, value in
        guard let match = words.first(where: { $0.0 == value.text }) else { return false }
        owner[keyPath: path] = match.1
        return true
      })
  }

  private static func flag(_ name: String, _ path: any Path<Bool>, live: Bool = false) -> TranslationAxis {
    TranslationAxis(
      name: name, kind: .flag, isLive: live, value: { .flag($0[keyPath: path]) },
      set: { owner, value in
        guard case .flag(let on) = value else { return false }
        owner[keyPath: path] = on
        return true
      })
  }

  private static func duration(_ name: String, _ path: any Path<SimDuration>, live: Bool = true) -> TranslationAxis {
    TranslationAxis(
      name: name, kind: .duration(absent: nil), isLive: live, value: { .duration($0[keyPath: path]) },
      set: { owner, value in
        guard case .duration(let time) = value else { return false }
        owner[keyPath: path] = time
        return true
      })
  }

  private static func optional(_ name: String, _ path: any Path<SimDuration?>, absent: String) -> TranslationAxis {
    TranslationAxis(
      name: name, kind: .duration(absent: absent), isLive: true,
      value: { $0[keyPath: path].map { .duration($0) } ?? .word(absent) },
      set: { owner, value in
        switch value {
        case .duration(let time): owner[keyPath: path] = time
        case .word(absent): owner[keyPath: path] = nil
        default: return false
        }
        return true
      })
  }

  private static func count(
    _ name: String, _ path: any Path<UInt16>, _ range: ClosedRange<UInt16> = 1...UInt16.max, absent: String? = nil
  ) -> TranslationAxis {
    TranslationAxis(
      name: name, kind: .count(range, absent: absent), isLive: false,
      value: { owner in
        if owner[keyPath: path] == 0, let absent { .word(absent) } else { .number(Int(owner[keyPath: path])) }
      },
      set: { owner, value in
        switch value {
        case .number(let number):
          guard let count = UInt16(exactly: number), range.contains(count) else { return false }
          owner[keyPath: path] = count
        case .word(absent): owner[keyPath: path] = 0
        default: return false
        }
        return true
      })
  }

  private static let portRange = TranslationAxis(
    name: "port-range", kind: .ports, isLive: false,
    value: { .word($0.portRange.written) },
    set: { owner, value in
      guard let range = PortRange(written: value.text) else { return false }
      owner.portRange = range
      return true
    })

  /// Every axis, in the order in which scenarios are written.
  public static let all: [TranslationAxis] = [
    word(
      "mapping", \.mapping,
      [
        ("endpoint-independent", .endpointIndependent), ("address-dependent", .addressDependent),
        ("address-and-port-dependent", .addressAndPortDependent),
      ]),
    word(
      "filtering", \.filtering,
      [
        ("endpoint-independent", .endpointIndependent), ("address-dependent", .addressDependent),
        ("address-and-port-dependent", .addressAndPortDependent),
      ]),
    word("permission-scope", \.permissionScope, [("external-port", .externalPort), ("inside-endpoint", .insideEndpoint)]),
    word("answers", \.answers, [("mapping", .mapping), ("session", .session)]),
    word("ports", \.ports, [("preserving", .preserving), ("sequential", .sequential), ("random", .random)], live: true),
    word("collision", \.collision, [("next", .next), ("random", .random)], live: true),
    flag("overloading", \.overloading), flag("parity", \.parity, live: true), flag("port-classes", \.portClasses, live: true),
    portRange,
    count("port-block", \.portBlock, absent: "none"), count("ports-per-host", \.portsPerHost, absent: "unlimited"),
    duration("port-hold", \.portHold, live: false),
    count("addresses", \.addressCount, 1...64),
    word("pooling", \.pooling, [("paired", .paired), ("arbitrary", .arbitrary)]),
    duration("udp-lifetime", \.udpLifetime), optional("udp-unanswered-lifetime", \.udpUnansweredLifetime, absent: "same"),
    duration("udp-stream-age", \.udpStreamAge),
    duration("tcp-lifetime", \.tcpLifetime), duration("tcp-opening-lifetime", \.tcpOpeningLifetime),
    duration("tcp-closing-lifetime", \.tcpClosingLifetime), duration("icmp-lifetime", \.icmpLifetime),
    flag("inbound-refresh", \.inboundRefresh, live: true),
    word(
      "hairpinning", \.hairpinning,
      [("off", .off), ("external-source", .externalSource), ("internal-source", .internalSource)], live: true
    ).takingOn(as: "external-source"),
    word("unsolicited", \.unsolicited, [("drop", .drop), ("reject", .reject), ("accept", .accept)], live: true),
    duration("syn-silence", \.synSilence),
    word("exhausted", \.exhausted, [("drop", .drop), ("reject", .reject)], live: true),
    flag("one-to-one", \.oneToOne),
  ]

  /// The axis with a name.
  public static func named(_ name: String) -> TranslationAxis? { all.first { $0.name == name } }

  /// The same axis, which also takes `on` for one of its words.
  private func takingOn(as word: String) -> TranslationAxis {
    let set = self.set
    return TranslationAxis(name: name, kind: kind, isLive: isLive, value: value) { owner, value in
      set(&owner, value == .flag(true) ? .word(word) : value)
    }
  }
}

extension TranslationBehaviour {
  /// How many external addresses, as wide as other counts are.
  fileprivate var addressCount: UInt16 {
    get { UInt16(addresses) }
    set { addresses = UInt8(clamping: newValue) }
  }
}

extension PortRange {
  /// As a scenario writes it: one port, or `1000-2000`; `nil` for what is no range within 1–65535.
  public init?(written text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
    guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1], low > 0, low <= high else {
      return nil
    }
    self.init(low, high)
  }

  /// As a scenario writes it.
  public var written: String { low == high ? "\(low)" : "\(low)-\(high)" }
}
