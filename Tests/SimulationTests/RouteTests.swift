// Which way a prefix is reached: the quickest of parallel lines, and never through a host.
import NetworkModel
import SimulationKernel
import Testing
import Wire

@testable import Simulation

@Suite struct RouteTests {
  private let keys = ["a", "b", "c"].map { ComponentKey($0) }

  @Test(
    "of two lines between the same routers the quicker one is taken, whichever was joined first", arguments: [[9, 4], [4, 9]])
  func parallel(delays: [Int]) {
    var graph = RouteGraph(nodes: 2)
    for (row, delay) in delays.enumerated() {
      let delay = SimDuration.milliseconds(Int64(delay))
      graph.join(
        NodeID(0), by: InterfaceID(2 * row), NodeID(1), by: InterfaceID(2 * row + 1), there: delay, back: delay)
    }
    let quick = delays[0] < delays[1] ? 0 : 1
    #expect(graph.firstHops(to: NodeID(0), keys: keys)[1] == InterfaceID(2 * quick + 1))
    #expect(graph.firstHops(to: NodeID(1), keys: keys)[0] == InterfaceID(2 * quick))
  }

  @Test("a host with lines to two networks is no way from one to the other")
  func throughAHost() {
    var graph = RouteGraph(nodes: 3)
    graph.join(NodeID(0), by: InterfaceID(0), NodeID(1), by: InterfaceID(1), there: .zero, back: .zero)
    graph.join(NodeID(1), by: InterfaceID(2), NodeID(2), by: InterfaceID(3), there: .zero, back: .zero)
    #expect(graph.firstHops(to: NodeID(2), keys: keys)[0] == InterfaceID(0))
    graph.ends = [1]
    #expect(graph.firstHops(to: NodeID(2), keys: keys) == [nil, InterfaceID(2), nil])
    #expect(graph.firstHops(to: NodeID(1), keys: keys)[0] == InterfaceID(0))
  }
}
