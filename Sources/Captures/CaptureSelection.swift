// What of a run a capture keeps: at which interfaces, of which session, all packets or those that were dropped.
import NetworkModel
import ScenarioModel
import SimulationKernel
public import Simulation
public import Wire

/// A place that is none: no node and no interface of the scenario has this name.
public struct UnknownPlace: Error, Equatable, CustomStringConvertible {
  public var place: String
  /// What there is.
  public var known: [String]
  public var description: String { "there is no node or interface '\(place)'; interfaces: \(known.joined(separator: ", "))" }
}

public struct CaptureSelection: Sendable, Equatable {
  /// The interfaces to capture at, ascending.
  public private(set) var interfaces: [InterfaceID]
  /// The session whose packets are kept, from 1; `nil` for all packets.
  public var session: Int?
  /// Keep only what was dropped, where it was seen last.
  public var onlyDrops = false

  /// Every interface of the world.
  public init(all blueprint: Blueprint) { interfaces = blueprint.plan.interfaces.indices.map { InterfaceID($0) } }

  /// The interfaces of nodes (`alice`) and single ones (`alice.eth`), by their names.
  public init(at places: [String], of blueprint: Blueprint) throws(UnknownPlace) {
    let names = blueprint.interfaceNames
    var chosen: Set<Int> = []
    for place in places {
      let node = blueprint.nodeOf[place]
      let found = names.indices.filter { names[$0] == place || blueprint.plan.interfaces[$0].node == node }
      if found.isEmpty { throw UnknownPlace(place: place, known: names) }
      chosen.formUnion(found)
    }
    interfaces = chosen.sorted().map { InterfaceID($0) }
  }

  /// The interfaces of clients and session hosts: where the inner view of a session begins and ends.
  public static func ends(of blueprint: Blueprint) -> CaptureSelection {
    var selection = CaptureSelection(all: blueprint)
    let ends = Set(
      blueprint.scenario.hosts.filter { $0.role == .client || $0.role == .sessionHost }.compactMap { blueprint.nodeOf[$0.id] })
    selection.interfaces.removeAll { !ends.contains(blueprint.plan.interfaces[Int($0.index)].node) }
    return selection
  }
}
