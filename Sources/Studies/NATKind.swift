// What may stand between one end of a session and the internet, under the names that `shortpath matrix` takes.
public import NetworkModel
public import ScenarioModel
import Wire

/// A translator, a firewall, both, or neither.
public struct NATKind: Sendable, Equatable {
  public var name: String
  public var translation: TranslationBehaviour?
  /// `nil`: the one that comes with the translation preset of this name, as in a scenario; an empty one says that there is none.
  public var firewall: FirewallSpec?

  public init(_ name: String, _ translation: TranslationBehaviour? = nil, firewall: FirewallSpec? = nil) {
    self.name = name
    self.translation = translation
    self.firewall = firewall
  }

  /// RFC 3489 §5's kinds with both ways a symmetric one chooses ports, no filter at all, and a firewall that drops all UDP.
  public static var classic: [NATKind] {
    var noUDP = RuleSpec(id: "no-udp", action: .drop)
    noUDP.proto = .udp
    var sequential = TranslationBehaviour.symmetric
    sequential.ports = .sequential
    return [
      NATKind("public"), NATKind("full-cone", .fullCone), NATKind("restricted-cone", .restrictedCone),
      NATKind("port-restricted-cone", .portRestrictedCone), NATKind("symmetric", .symmetric),
      NATKind("symmetric-sequential", sequential), NATKind("udp-blocked", firewall: FirewallSpec(rules: [noUDP])),
    ]
  }

  /// RFC 4787's nine pairs of mapping and filtering, each with random ports.
  public static var rfc4787: [NATKind] {
    MappingBehaviour.allCases.flatMap { mapping in
      FilteringBehaviour.allCases.map { filtering in
        NATKind("\(mapping.letters)/\(filtering.letters)", TranslationBehaviour(mapping: mapping, filtering: filtering))
      }
    }
  }

  /// Every translation preset that scenarios know.
  public static var presets: [NATKind] { TranslationBehaviour.presets.map { NATKind($0.name, $0.value) } }

  /// The groups by their names.
  public static var groups: [(name: String, kinds: [NATKind])] {
    [("classic", classic), ("rfc4787", rfc4787), ("presets", presets)]
  }

  /// The kinds that a comma-separated list of kinds and groups names, in its order, each once.
  public static func named(_ list: String) throws(NATKindError) -> [NATKind] {
    var kinds: [NATKind] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part.drop { $0 == " " })
      let found = groups.first { $0.name == name }?.kinds ?? all.first { $0.name == name }.map { [$0] }
      guard let found else { throw NATKindError(unknown: name) }
      for kind in found where !kinds.contains(where: { $0.name == kind.name }) { kinds.append(kind) }
    }
    return kinds
  }

  /// Every kind of every group; where two groups share a name, they mean the same by it.
  static var all: [NATKind] { groups.flatMap(\.kinds) }
}

/// A name that is no kind and no group.
public struct NATKindError: Error, Equatable, CustomStringConvertible {
  public var unknown: String

  public var description: String {
    var names: [String] = []
    for kind in NATKind.all where !names.contains(kind.name) { names.append(kind.name) }
    let groups = NATKind.groups.map(\.name)
    return "there is no NAT kind '\(unknown)'\(NearestName.hint(unknown, among: groups + names)); "
      + "groups: \(groups.joined(separator: ", ")); kinds: \(names.joined(separator: ", "))"
  }
}
