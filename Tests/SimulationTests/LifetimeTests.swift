// A world leaves nothing behind when it ends: a sweep of a million worlds needs the memory of a few.
import HostStack
import NetworkModel
import Simulation
import Testing
import Trace

@Suite struct LifetimeTests {
  @Test("a world that ended is freed with its network, its stack and its roles", arguments: Files.all)
  func worldIsFreed(name: String) throws {
    weak var network: Network?
    weak var stack: HostStack?
    weak var recorder: Recorder?
    do {
      let world = World(Blueprint(try Files.scenario(name)))
      (network, stack, recorder) = (world.network, world.stack, world.recorder)
      _ = try Simulator.result(of: world)
      #expect(network != nil && stack != nil && recorder != nil)
    }
    #expect(network == nil)
    #expect(stack == nil)
    #expect(recorder == nil)
  }
}
