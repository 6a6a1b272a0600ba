// Folds drops into blockers: one for each pair, node, rule and reason.
import ScenarioModel
import SimulationKernel
public import Trace
import Wire

extension Blocker {
  /// The drops among `records`, in order of the first.
  /// - Parameter all: those too that hindered nobody.
  static func fold(_ records: some Sequence<Record>, nodes: [ComponentName], rules: [ComponentName], all: Bool) -> [Blocker] {
    func name(_ node: NodeID) -> String { node.index >= 0 ? nodes[Int(node.index)].id : "" }
    var found: [Blocker] = []
    for record in records {
      let hindered = record.unsentReason ?? (record.kind == .inspected ? .inspected : nil)
      guard let reason = record.dropReason ?? hindered, all || reason.standsInTheWay else { continue }
      let node = name(record.node)
      let rule = record.rule >= 0 ? rules[Int(record.rule)] : nil
      let pair = Int(record.pair)
      let opener = name(NodeID(Int(record.extra)))
      if let row = found.firstIndex(where: {
        $0.pair == pair && $0.opener == opener && $0.node == node && $0.rulePath == rule?.path && $0.reason == reason
          && $0.topic == record.topic
      }) {
        found[row].packets += 1
      } else {
        found.append(
          Blocker(
            pair: pair, topic: record.topic, node: node, rule: rule?.id, rulePath: rule?.path, note: rule?.note ?? "",
            reason: reason, firstRecord: record.number, firstTime: record.time, packets: 1, opener: opener))
      }
    }
    return found
  }
}

extension RunResult {
  /// What dropped the packets of some of the story's records, such as those of a tunnel's own traffic, which belongs to no session.
  public func blockers(among isMeant: (Record) -> Bool) -> [Blocker] {
    Blocker.fold(story.lazy.filter(isMeant), nodes: nodes, rules: rules, all: false)
  }

  /// The story's record of a number; records are in the order of their numbers.
  public func record(_ number: UInt64) -> Record? {
    var low = 0
    var high = story.count
    while low < high {
      let middle = (low + high) / 2
      if story[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < story.count && story[low].number == number ? story[low] : nil
  }
}
