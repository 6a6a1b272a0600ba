// Puts a scenario's rogues into its world: where each stands, what it overhears, and the address it aims at.
import NetworkModel
import ScenarioModel
import SimulationKernel
public import VirtualDesktop
import Wire

extension World: RogueObserver {
  func makeRogues() {
    for (row, spec) in scenario.rogues.enumerated() {
      let node = blueprint.nodeOf[spec.from]!
      let router = spec.hears.map { blueprint.nodeOf[$0]! }
      let interfaces = blueprint.plan.interfaces
      let plan = RoguePlan(
        ordinal: row + 1, kind: spec.kind, target: target(of: spec), count: spec.count, interval: spec.interval,
        hears: interfaces.indices.filter { interfaces[$0].node == router }.map { InterfaceID($0) })
      install(on: node) { [unowned self] in
        guard rogues.count > row else { return rogues.append(Rogue(plan, at: node, stack: stack, observer: self)) }
        // One that had not begun yet listens again.
        if network.now < spec.at { rogues[row] = Rogue(plan, at: node, stack: stack, observer: self) }
      }
      lastTimed = max(lastTimed, spec.at)
      at(spec.at, node: node) { [unowned self] in rogues[row].start() }
    }
  }

  /// The run waits for a rogue at work, even when everything else had settled before it began.
  public func rogueBegan() { unsettle() }

  public func rogueEnded() { settled() }

  /// The listener of a rogue's target, at the address that the rogue's configuration has: the private one where the rogue stands in
  /// the same network or a tunnel or line of its host or network leads there, else the one the target's translator shows.
  private func target(of spec: RogueSpec) -> Endpoint {
    let host = scenario.host(spec.to)!
    let port = host.role == .sessionHost ? host.policy.listenerPort : 0
    let own = address(of: blueprint.nodeOf[spec.to]!)
    let network = scenario.host(spec.from)!.network
    let ways = [spec.from, network].flatMap { blueprint.plan.routes[Int(blueprint.nodeOf[$0]!.index)] }
    if network == host.network || ways.contains(where: { $0.prefix.writtenLength > 0 && $0.prefix.contains(own) }) {
      return Endpoint(own, port)
    }
    let row = blueprint.plan.nodes[Int(blueprint.nodeOf[host.network]!.index)].translator
    guard row >= 0 else { return Endpoint(own, port) }
    let translator = blueprint.plan.translators[Int(row)]
    let outside = translator.pairs.first { $0.inside == own }?.outside ?? translator.outside.first
    return Endpoint(outside ?? own, port)
  }
}
