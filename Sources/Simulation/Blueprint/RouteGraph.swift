// Which way prefixes are reached: shortest delay over the lines that carry them, ties broken by component keys.
import NetworkModel
import SimulationKernel
import Wire

/// A graph of nodes whose edges are interfaces.
struct RouteGraph {
  struct Edge {
    var to: Int
    var interface: InterfaceID
    var delay: Int64
  }
  var edges: [[Edge]]
  /// Nodes that pass nothing on: ways may end at them, but not lead through them.
  var ends: Set<Int> = []

  init(nodes: Int) { edges = Array(repeating: [], count: nodes) }

  mutating func join(_ a: NodeID, by ia: InterfaceID, _ b: NodeID, by ib: InterfaceID, there: SimDuration, back: SimDuration) {
    // A hop costs at least a nanosecond, so that fewer hops win among free ones.
    edges[Int(a.index)].append(Edge(to: Int(b.index), interface: ia, delay: max(there.nanoseconds, 1)))
    edges[Int(b.index)].append(Edge(to: Int(a.index), interface: ib, delay: max(back.nanoseconds, 1)))
  }

  func degree(_ node: NodeID) -> Int { edges[Int(node.index)].count }

  /// The first interface on the shortest way from every node to `target`; `nil` where there is none.
  func firstHops(to target: NodeID, keys: [ComponentKey]) -> [InterfaceID?] {
    var distance = [Int64](repeating: .max, count: edges.count)
    var hop = [InterfaceID?](repeating: nil, count: edges.count)
    var done = [Bool](repeating: false, count: edges.count)
    var frontier = [Int(target.index)]
    distance[Int(target.index)] = 0
    while !frontier.isEmpty {
      let pick = frontier.indices.min { a, b in
        let (x, y) = (frontier[a], frontier[b])
        return distance[x] != distance[y] ? distance[x] < distance[y] : keys[x] < keys[y]
      }!
      let node = frontier.remove(at: pick)
      if done[node] { continue }
      done[node] = true
      if ends.contains(node), node != Int(target.index) { continue }
      for edge in edges[node] where !done[edge.to] {
        // The way back: the neighbour's own interfaces toward this node, of parallel lines the quickest.
        guard let back = edges[edge.to].filter({ $0.to == node }).min(by: { $0.delay < $1.delay }) else { continue }
        let length = distance[node] + back.delay
        if length < distance[edge.to] {
          distance[edge.to] = length
          hop[edge.to] = back.interface
          frontier.append(edge.to)
        }
      }
    }
    return hop
  }
}
